package backup

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// Format is the version of repositories that this program reads and writes.
const Format = 1

// The names of files in a repository, or what they begin with.
const (
	MarkName    = "repository.json"
	partsDir    = "parts/"
	snapshotDir = "snapshots/"
	snapshotExt = ".json"
)

// ErrDamaged is in the chain of the error of reading what is not as it was written.
var ErrDamaged = errors.New("the backup is damaged")

// ErrGone is in the chain of the error of reading a backup that was removed meanwhile.
var ErrGone = errors.New("the backup was removed while it was read")

// ErrNone says that a repository, or a place that may become one, holds no such backup.
var ErrNone = errors.New("there is no such backup")

// Place is where a repository is kept. Names have slashes. Its methods may be called by
// several goroutines at once.
type Place interface {
	// List returns the files whose names begin with prefix, in any order.
	List(ctx context.Context, prefix string) ([]File, error)
	// Get returns what a file holds. Where there is none, fs.ErrNotExist is in the
	// error's chain.
	Get(ctx context.Context, name string) ([]byte, error)
	// Put writes a file: all of it, durably, or nothing.
	Put(ctx context.Context, name string, data []byte) error
	// Delete removes a file if it is there.
	Delete(ctx context.Context, name string) error
	// Lock keeps others from changing the repository until release is called, as far
	// as the place can, and says whether it can.
	Lock() (release func(), alone bool, err error)
	// String names the place, without what is secret in it.
	String() string
}

// File is a file in a Place.
type File struct {
	Name     string
	Size     int64
	Modified time.Time
}

// Snapshot is what a repository says of a backup in the open.
type Snapshot struct {
	// ID names it in its repository. It is not in the file.
	ID     string `json:"-"`
	Format int    `json:"format"`
	// Number is one more than that of any backup that the repository had: backups are in the order of
	// their numbers, since clocks may be set. Those that are taken at the same time may have the same.
	Number int64 `json:"number,omitempty"`
	// Moment is when the log was as it is in the backup.
	Moment time.Time `json:"moment"`
	// Log is the identity of the log, Program the version of what made the backup.
	Log     string `json:"log"`
	Program string `json:"program"`
	Contents
	// Bytes is how much the rows of all buckets take, before they are compressed.
	Bytes     int64    `json:"bytes"`
	Encrypted bool     `json:"encrypted"`
	Index     string   `json:"index"`
	Parts     []string `json:"parts"`
}

// String says in one line what it holds.
func (s *Snapshot) String() string {
	return fmt.Sprintf("%d entries up to %d, as of %s", s.Entries, s.LastID, s.Moment.UTC().Format(time.RFC3339))
}

// Contents are what a backup holds, as the log counts it.
type Contents struct {
	// Entries counts those that are there, LastID is the id of the newest one.
	Entries int64 `json:"entries"`
	LastID  int64 `json:"lastId"`
}

// encode returns the name of the snapshot's file, and what is in it.
func (s *Snapshot) encode() (name string, data []byte, err error) {
	if data, err = json.MarshalIndent(s, "", " "); err != nil {
		return "", nil, fmt.Errorf("encode snapshot: %w", err)
	}
	s.ID = s.Moment.UTC().Format("20060102T150405.000000Z") + "-" + digest(data)
	return s.file(), data, nil
}

// file is the name of the snapshot's file.
func (s *Snapshot) file() string { return snapshotDir + s.ID + snapshotExt }

// digest is the part of a snapshot's name that its bytes decide.
func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8])
}

// ReadFile reads a file of a repository, which is never larger than what a part may be.
func ReadFile(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, mostContent+1))
	if err == nil && len(data) > mostContent {
		err = fmt.Errorf("%w: it is larger than any file of a backup", ErrDamaged)
	}
	return data, err
}

func decodeSnapshot(name string, data []byte) (*Snapshot, error) {
	id := strings.TrimSuffix(path.Base(name), snapshotExt)
	if _, sum, _ := strings.Cut(id, "-"); sum != digest(data) {
		return nil, fmt.Errorf("%s: %w: it is not what its name says", name, ErrDamaged)
	}
	s := &Snapshot{ID: id}
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", name, ErrDamaged, err)
	}
	if s.Format != Format {
		return nil, fmt.Errorf("%s: has format %d, this program reads %d: use the version that made it", name, s.Format, Format)
	}
	return s, nil
}

// follows compares two backups by which came to the repository first.
func (s *Snapshot) follows(o *Snapshot) int {
	return cmp.Or(cmp.Compare(s.Number, o.Number), cmp.Compare(s.ID, o.ID))
}

// Snapshots returns the backups of a repository, the oldest first. One that cannot be
// read is an error for those who ask for it, and is passed to damaged.
func Snapshots(ctx context.Context, p Place, damaged func(error)) ([]*Snapshot, error) {
	var list []*Snapshot
	err := readSnapshots(ctx, p, func(_ string, s *Snapshot, err error) {
		if err != nil {
			damaged(err)
			return
		}
		list = append(list, s)
	})
	slices.SortFunc(list, (*Snapshot).follows)
	return list, err
}

// readSnapshots calls fn with the file of each backup and what is in it, or why that cannot be read.
func readSnapshots(ctx context.Context, p Place, fn func(file string, s *Snapshot, err error)) error {
	if err := checkMark(ctx, p); err != nil {
		return err
	}
	files, err := p.List(ctx, snapshotDir)
	if err != nil {
		return err
	}
	for _, f := range files {
		data, err := p.Get(ctx, f.Name)
		if err != nil {
			return err
		}
		s, err := decodeSnapshot(f.Name, data)
		fn(f.Name, s, err)
	}
	return nil
}

// Find returns the backup of an id, of which the beginning is enough, or the newest one
// where it is empty. It returns ErrNone.
func Find(ctx context.Context, p Place, id string) (*Snapshot, error) {
	if id == "" {
		return newest(ctx, p)
	}
	if err := checkMark(ctx, p); err != nil {
		return nil, err
	}
	files, err := p.List(ctx, snapshotDir+id)
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: %w", p, ErrNone)
	}
	if len(files) > 1 {
		return nil, fmt.Errorf("%s: %d backups begin with %s: give more of its id", p, len(files), id)
	}
	data, err := p.Get(ctx, files[0].Name)
	if err != nil {
		return nil, err
	}
	return decodeSnapshot(files[0].Name, data)
}

// newest returns the newest backup of a repository, or the error of one that cannot be read and
// whose name has a later time.
func newest(ctx context.Context, p Place) (*Snapshot, error) {
	var last *Snapshot
	var unread string
	var damage error
	err := readSnapshots(ctx, p, func(file string, s *Snapshot, err error) {
		switch {
		case err != nil && file > unread:
			unread, damage = file, err
		case err == nil && (last == nil || s.follows(last) > 0):
			last = s
		}
	})
	switch {
	case err != nil:
		return nil, err
	case last == nil && damage == nil:
		return nil, fmt.Errorf("%s: %w", p, ErrNone)
	case last == nil || unread > last.file():
		return nil, damage
	}
	return last, nil
}

// mark is what repository.json holds.
type mark struct {
	Format int `json:"format"`
}

// checkMark returns an error unless a place is a repository that can be read.
func checkMark(ctx context.Context, p Place) error {
	data, err := p.Get(ctx, MarkName)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w: it has no %s", p, ErrNone, MarkName)
	}
	if err != nil {
		return err
	}
	var m mark
	if err := json.Unmarshal(data, &m); err != nil {
		return fmt.Errorf("%s of %s: %w: %w", MarkName, p, ErrDamaged, err)
	}
	if m.Format != Format {
		return fmt.Errorf("%s: is a repository of format %d, this program knows %d: use a newer version", p, m.Format, Format)
	}
	return nil
}

// markData is what is written to repository.json.
func markData() []byte { return fmt.Appendf(nil, "{\"format\": %d}\n", Format) }

// partName returns the file of a part.
func partName(name string) string { return partsDir + name[:2] + "/" + name }

// nameOfPart returns the part that a file holds, or "" where it is none.
func nameOfPart(file string) string {
	if name := path.Base(file); isPartName(name) && file == partName(name) {
		return name
	}
	return ""
}

func isPartName(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == sha256.Size && s == strings.ToLower(s)
}
