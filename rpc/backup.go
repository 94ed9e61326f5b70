package rpc

import (
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"

	"auditlog/audit"
)

// TypeBackup is the content type of a backup: a tar archive.
const TypeBackup = "application/x-tar"

// BackupRequest asks for a copy of the whole log, which is answered with a tar archive.
type BackupRequest struct {
	// Recipients are the public keys of age of those who can read it. Without any it is
	// not encrypted.
	Recipients []string `json:"recipients,omitempty"`
	// Have names the parts that need not be sent, since the repository that the backup
	// is for has them: see PartNames.
	Have string `json:"have,omitempty"`
	// Number is that of the backup in its repository, one more than the greatest of those that are there.
	Number int64 `json:"number,omitempty"`
	// To says where the backup goes, for the entry about it, as a claim.
	To string `json:"to,omitempty"`
}

// partPrefix is how many bytes of a part's name tell it from all others: whoever receives a
// backup makes sure that nothing is missing.
const partPrefix = 16

// maxHave is how many parts a BackupRequest can name. Of those beyond, which are in backups of
// more than ten gigabytes, some are sent though they are there.
const maxHave = 80_000

// PartNames puts the names of parts, which are hexadecimal, into a BackupRequest: the first 16
// bytes of each, one behind the other, in base64.
func PartNames(names []string) string {
	b := make([]byte, 0, min(len(names), maxHave)*partPrefix)
	for _, name := range names {
		if prefix, err := hex.DecodeString(name[:min(len(name), 2*partPrefix)]); err == nil && len(prefix) == partPrefix && cap(b)-len(b) >= partPrefix {
			b = append(b, prefix...)
		}
	}
	return base64.StdEncoding.EncodeToString(b)
}

// Has returns what tells whether a part is among those that the request names. It returns
// Invalid.
func (r *BackupRequest) Has() (func(name string) bool, error) {
	b, err := base64.StdEncoding.DecodeString(r.Have)
	if err != nil || len(b)%partPrefix != 0 {
		return nil, audit.FieldErrorf("have", "must be the first %d bytes of the names of parts, one behind the other, in base64", partPrefix)
	}
	have := make(map[[partPrefix]byte]bool, len(b)/partPrefix)
	for prefix := range slices.Chunk(b, partPrefix) {
		have[[partPrefix]byte(prefix)] = true
	}
	return func(name string) bool {
		prefix, err := hex.DecodeString(strings.ToLower(name[:min(len(name), 2*partPrefix)]))
		return err == nil && len(prefix) == partPrefix && have[[partPrefix]byte(prefix)]
	}, nil
}
