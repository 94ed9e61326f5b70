package backup

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"math"
)

// How large parts are: doc.go says how they end.
const (
	partTarget = 256 << 10
	partMost   = 1 << 20
)

// namer gives parts their names.
type namer struct{ hash hash.Hash }

// nameLabel parts these hashes from those that the same secret makes elsewhere.
const nameLabel = "auditlog backup part\n"

// newNamer returns the namer of parts that are not encrypted, or with a secret that of
// those that are.
func newNamer(secret []byte) namer {
	if secret == nil {
		return namer{sha256.New()}
	}
	return namer{hmac.New(sha256.New, secret)}
}

func (n namer) name(secret, content []byte) string {
	n.hash.Reset()
	if secret != nil {
		n.hash.Write([]byte(nameLabel))
	}
	n.hash.Write(content)
	return hex.EncodeToString(n.hash.Sum(nil))
}

// Part is consecutive rows of a bucket.
type Part struct {
	// Name is that of the part in the repository.
	Name string `json:"name"`
	// First is the key of its first row.
	First []byte `json:"first"`
	// Rows counts them, Bytes is how many they take as they are.
	Rows  int `json:"rows"`
	Bytes int `json:"bytes"`
}

// splitter parts the rows of a bucket.
type splitter struct {
	rows  []byte
	count int
	first []byte
}

// add appends a row, and reports whether it is the last of its part.
func (s *splitter) add(k, v []byte) (ends bool) {
	if s.count == 0 {
		s.first = append(s.first[:0], k...)
	}
	before := len(s.rows)
	s.rows = binary.AppendUvarint(s.rows, uint64(len(k)))
	s.rows = append(s.rows, k...)
	s.rows = binary.AppendUvarint(s.rows, uint64(len(v)))
	s.rows = append(s.rows, v...)
	s.count++
	return len(s.rows) >= partMost || endsPart(k, len(s.rows)-before)
}

// begin makes room for the next part.
func (s *splitter) begin() { s.rows, s.count = s.rows[:0], 0 }

// endsPart decides by a row alone whether a part ends behind it, so that a change of
// others moves no other end.
func endsPart(key []byte, size int) bool {
	if size >= partTarget {
		return true
	}
	h := uint64(14695981039346656037)
	for _, b := range key {
		h = (h ^ uint64(b)) * 1099511628211
	}
	// Of keys that differ in their last bytes alone FNV's upper bits are much alike.
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	return h < uint64(size)*(math.MaxUint64/partTarget)
}

// row is a key and its value within a part.
type row struct{ key, value []byte }

var errRows = errors.New("a part of a backup holds no rows as they are written")

// parseRows finds the rows of a part.
func parseRows(b []byte, count int) ([]row, error) {
	if count < 0 || count > len(b)/2 {
		return nil, errRows
	}
	rows := make([]row, 0, count)
	for len(b) > 0 {
		var r row
		var err error
		if r.key, b, err = cutBytes(b); err != nil {
			return nil, err
		}
		if r.value, b, err = cutBytes(b); err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	if len(rows) != count {
		return nil, fmt.Errorf("%w: %d of them, not %d", errRows, len(rows), count)
	}
	return rows, nil
}

func cutBytes(b []byte) (cut, rest []byte, err error) {
	n, w := binary.Uvarint(b)
	if w <= 0 || n > uint64(len(b)-w) {
		return nil, nil, errRows
	}
	end := w + int(n)
	return b[w:end:end], b[end:], nil
}
