package ship

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"slices"
	"time"

	"auditlog/audit"
	"auditlog/durable"
)

// stateVersion is that of the state file.
const stateVersion = 1

// Kept is what the state file holds.
type Kept struct {
	Version int `json:"version"`
	// Log and Epoch are the lineage of the log, and To where its entries go, without what may be
	// secret.
	Log   string `json:"log"`
	Epoch uint32 `json:"epoch"`
	To    string `json:"to"`
	// Project is the one that is shipped; empty for all.
	Project string `json:"project,omitempty"`
	// Cursor is where to go on, Through the number that it is behind, Newest the greatest that
	// the log had given then.
	Cursor  string `json:"cursor"`
	Through int64  `json:"through"`
	Newest  int64  `json:"newest"`
	// Delivered, Skipped, Purged, Missing and Refused count numbers up to there, from where it
	// began. Missing are damaged or lost.
	From      int64 `json:"from"`
	Delivered int64 `json:"delivered"`
	Skipped   int64 `json:"skipped"`
	Purged    int64 `json:"purged"`
	Missing   int64 `json:"missing"`
	Refused   int64 `json:"refused"`
	// DeliveredAt is when something was delivered last, LastID the id of the last entry of that.
	DeliveredAt time.Time `json:"deliveredAt,omitzero"`
	LastID      int64     `json:"lastId,omitempty"`
	// Covered is the id up to which the checkpoint covers all that was delivered last.
	Covered int64 `json:"covered,omitempty"`
	// Error is why the last try failed, at ErrorAt; empty since something succeeded.
	Error   string    `json:"error,omitempty"`
	ErrorAt time.Time `json:"errorAt,omitzero"`
	SavedAt time.Time `json:"savedAt"`
	Marks   []Mark    `json:"marks,omitempty"`
	// Sum is the CRC-32 of the file as it is without it.
	Sum string `json:"sum"`
}

// Mark is what an entry with a number said when it was delivered.
type Mark struct {
	Number int64  `json:"number"`
	Sum    string `json:"sum"`
}

// State is a state file, which one process at a time has.
type State struct {
	Kept
	path string
	lock *os.File
}

// Open opens the state file at a path, or begins one that is not there yet. It returns Conflict
// where another process has it, and Invalid for what is no state file, or a broken one.
func Open(path string) (*State, error) {
	lock, err := lockFile(path + ".lock")
	if err != nil {
		return nil, fmt.Errorf("state file %s: %w", path, err)
	}
	s := &State{path: path, lock: lock}
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s, nil
	case err == nil:
		s.Kept, err = parse(text)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("state file %s: %w", path, err), s.Close())
	}
	return s, nil
}

// parse reads a state file.
func parse(text []byte) (k Kept, err error) {
	broken := func(why string) error {
		return audit.Errorf(audit.Invalid, "%s: put back a copy of it, or delete it to begin anew", why)
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return k, broken("is empty")
	}
	if err := json.Unmarshal(text, &k); err != nil {
		return k, broken("cannot be read")
	}
	if k.Version > stateVersion {
		return k, audit.Errorf(audit.Conflict, "is of a newer auditlog: it has version %d, and this one knows %d", k.Version, stateVersion)
	}
	if k.Version < 1 || k.Cursor == "" || k.Sum != sumOfFile(withSum(text, k.Sum, "")) {
		return k, broken("is damaged, or was changed by hand")
	}
	return k, nil
}

// withSum returns a file, whose last member is its sum, with another sum.
func withSum(text []byte, old, sum string) []byte {
	const member = `"sum": "`
	at := bytes.LastIndex(text, []byte(member+old+`"`))
	if at < 0 {
		return text
	}
	at += len(member)
	return slices.Concat(text[:at], []byte(sum), text[at+len(old):])
}

// sumOfFile returns the checksum of a file that is empty where its sum is to be. It is one of the
// bytes, so that programs which know of more or less members than this one agree about it.
func sumOfFile(text []byte) string { return fmt.Sprintf("%08x", crc32.ChecksumIEEE(text)) }

// Begun reports whether anything was kept yet.
func (s *State) Begun() bool { return s.Cursor != "" }

// Save puts the state on disk: it is there as it was, or as it is, whenever the machine dies.
func (s *State) Save(now time.Time) error {
	s.Version, s.SavedAt = stateVersion, now.UTC().Truncate(time.Second)
	s.Sum = ""
	b, err := json.MarshalIndent(s.Kept, "", "  ")
	if err == nil {
		b = append(b, '\n')
		s.Sum = sumOfFile(b)
		err = durable.Replace(s.path, withSum(b, "", s.Sum))
	}
	if err != nil {
		return fmt.Errorf("save state file %s: %w", s.path, err)
	}
	return nil
}

// Close lets another process have the file. What was saved is safe before.
func (s *State) Close() error { return s.lock.Close() }

// mark keeps what an entry said, which was delivered last, and drops marks that are close
// together for their age.
func (s *State) mark(number int64, sum string) {
	m := append(s.Marks, Mark{number, sum})
	for i := len(m) - 3; i >= 0; i-- {
		if m[i+2].Number-m[i].Number <= number-m[i+2].Number {
			m = append(m[:i+1], m[i+2:]...)
		}
	}
	s.Marks = m
}
