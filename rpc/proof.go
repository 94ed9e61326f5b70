package rpc

import "auditlog/audit"

// ProvedEntry is what auditLog.get answers where a proof is asked for.
type ProvedEntry struct {
	Entry *audit.Entry `json:"entry"`
	EntryProof
}

// EntryProof proves that an entry is in the tree of its project.
type EntryProof struct {
	// Salt is 16 bytes in base64: SHA-256 over them and the entry's canonical JSON is the
	// leaf of the project's tree.
	Salt string `json:"salt"`
	// Proof shows that the leaf is in there: a file of the format c2sp.org/tlog-proof.
	Proof string `json:"proof"`
}

// ProveRequest asks for evidence: a bundle of the entries that are selected, which verifies
// offline. The answer is the bundle itself, NDJSON.
type ProveRequest struct {
	Query
	// Since is the size of an earlier checkpoint of the log, which the evidence is to be held
	// against. 0 is none.
	Since int64 `json:"since,omitempty"`
}

// CertificateRequest asks for the evidence of a project that was purged.
type CertificateRequest struct {
	Project string `json:"project"`
	// Incarnation counts the beginnings of the project, from 1. 0 is the last that was purged.
	Incarnation int `json:"incarnation,omitempty"`
}

// CertificateResult has it.
type CertificateResult struct {
	// Bundle is the evidence of the entry that ordered the purge, as auditLog.prove answers.
	Bundle string `json:"bundle"`
}

// CheckpointRequest asks for the newest checkpoint of the log, of all that is recorded.
type CheckpointRequest struct {
	// Old is the size of an earlier checkpoint, from which a proof is to lead to this one.
	Old *int64 `json:"old,omitempty"`
}

// CheckpointResult has it.
type CheckpointResult struct {
	// Checkpoint is a signed note.
	Checkpoint string `json:"checkpoint"`
	// Keys are those that have signed the log, the one of now last: name, number and key.
	Keys []string `json:"keys"`
	// Proof shows that the log is the one of the old size, continued: hashes in base64.
	Proof []string `json:"proof,omitempty"`
}

// CosignRequest brings what witnesses have signed of the newest checkpoint.
type CosignRequest struct {
	// Cosignatures are lines of a signed note, or the whole note.
	Cosignatures string `json:"cosignatures"`
}

// TypeCheckpoint and TypeTile are how the files of package proof are answered.
const (
	TypeCheckpoint = "text/plain; charset=utf-8"
	TypeTile       = "application/octet-stream"
)
