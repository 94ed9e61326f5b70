package audit

import (
	"strconv"
	"strings"
)

// Lineage says which log entries are of: ids and seqs are given once within a lineage. A log
// that lost entries which it had acknowledged, or was restored from a backup, goes on in
// another epoch, because it gives ids again.
type Lineage struct {
	// Log is the log's identity: made at random when the log was.
	Log string
	// Epoch counts the losses.
	Epoch uint32
}

// String returns the identity, and the epoch behind a hyphen unless it is the first.
func (l Lineage) String() string {
	if l.Epoch == 0 {
		return l.Log
	}
	return l.Log + "-" + strconv.FormatUint(uint64(l.Epoch), 10)
}

// ParseLineage reads what String returned.
func ParseLineage(s string) (Lineage, error) {
	log, epoch, numbered := strings.Cut(s, "-")
	l := Lineage{Log: log}
	if numbered {
		n, err := strconv.ParseUint(epoch, 10, 32)
		if err != nil {
			return Lineage{}, Errorf(Invalid, "%.80q names no log", s)
		}
		l.Epoch = uint32(n)
	}
	if log == "" || l.String() != s {
		return Lineage{}, Errorf(Invalid, "%.80q names no log", s)
	}
	return l, nil
}

// Key returns what no entry of any log has but the one with this id: identity, epoch and id.
// Whoever is sent an entry twice knows it again by its key.
func (l Lineage) Key(id int64) string {
	b := make([]byte, 0, len(l.Log)+24)
	b = append(append(b, l.Log...), '-')
	b = append(strconv.AppendUint(b, uint64(l.Epoch), 10), '-')
	return string(strconv.AppendInt(b, id, 10))
}
