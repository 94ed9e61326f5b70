package pull

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"hash/crc32"

	"auditlog/audit"
	"auditlog/rpc"
)

// Cursor says up to where somebody has come who pulls the log, and what he pulls of it.
// Consumers keep cursors for years: what is written once is read for ever.
type Cursor struct {
	Log audit.Lineage
	// Query tells what is pulled from all else: the project, or that it is all, and the
	// filters. Reach tells the projects that may be read where it is all.
	Query, Reach [hashSize]byte
	// After is the number up to which all is known: a seq of the project, or an id.
	After int64
}

// hashSize is enough of a hash to tell one mistake from what was meant.
const hashSize = 8

// A cursor is base64url of: version, the number of bytes of the log's identity and these, the
// epoch as 4 bytes, both hashes, After as 8 bytes, and the CRC-32 (IEEE) of all this.
const (
	cursorVersion = 1
	maxIdentity   = 64
	cursorRest    = 4 + 2*hashSize + 8 + 4
)

// String returns c as its consumer keeps it.
func (c Cursor) String() string {
	id, err := hex.DecodeString(c.Log.Log)
	if err != nil {
		id = []byte(c.Log.Log) // of no database, as in a test
	}
	b := append([]byte{cursorVersion, byte(len(id))}, id...)
	b = binary.BigEndian.AppendUint32(b, c.Log.Epoch)
	b = append(append(b, c.Query[:]...), c.Reach[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(c.After))
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	return base64.RawURLEncoding.EncodeToString(b)
}

// ParseCursor reads what String has written; ok is false for what it cannot have.
func ParseCursor(s string) (c Cursor, ok bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) < 2 || b[0] != cursorVersion || b[1] > maxIdentity || len(b) != 2+int(b[1])+cursorRest {
		return c, false
	}
	body, sum := b[:len(b)-4], binary.BigEndian.Uint32(b[len(b)-4:])
	c.Log.Log = hex.EncodeToString(b[2 : 2+b[1]])
	b = b[2+b[1]:]
	c.Log.Epoch = binary.BigEndian.Uint32(b)
	c.Query, c.Reach = [hashSize]byte(b[4:]), [hashSize]byte(b[4+hashSize:])
	c.After = int64(binary.BigEndian.Uint64(b[4+2*hashSize:]))
	return c, crc32.ChecksumIEEE(body) == sum && c.After >= 0
}

// cursorOf returns the cursor of the beginning of what a query selects, which is normalized.
func cursorOf(log audit.Lineage, q audit.Query) Cursor {
	names, all := q.Within.Names()
	return Cursor{
		Log:   log,
		Query: hashOf(rpc.FiltersOf(q)),
		Reach: hashOf(struct {
			All   bool
			Names []string
		}{all, names}),
	}
}

func hashOf(v any) [hashSize]byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // of strings: it always can
	}
	sum := sha256.Sum256(b)
	return [hashSize]byte(sum[:])
}

// check returns why a consumer with this cursor cannot go on where one with the cursor begun
// would begin, or nil. newest is the greatest number that there is.
func (c Cursor) check(begun Cursor, newest int64) error {
	switch {
	case c.Log.Log != begun.Log.Log:
		return audit.FieldErrorf("cursor", "is of another log, the one with the identity %s: this one is %s", c.Log.Log, begun.Log.Log)
	case c.Query != begun.Query:
		return audit.FieldErrorf("cursor", "belongs to another project or other filters: pull with those that it came from, or begin anew without it")
	case c.Reach != begun.Reach:
		return audit.FieldErrorf("cursor", "is of a token that may read other projects than this one: begin anew without it; "+
			"with \"from\": %d nothing that it had covered comes again", c.After+1)
	case c.Log.Epoch != begun.Log.Epoch || c.After > newest:
		return &audit.Fault{Kind: audit.Conflict, Path: "cursor", Message: "is of a state of this log that is lost: the log was restored from a backup, " +
			"or lost its last entries, and numbers are given again: begin anew with \"from\", where nothing of the lost state can be behind"}
	}
	return nil
}
