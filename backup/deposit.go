package backup

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"
)

// Parts that no backup names are relied on until they are staleAfter old, and removed when
// they are prunedAfter old, where others may be writing at the same time: a backup has the
// time in between.
const (
	staleAfter  = 12 * time.Hour
	prunedAfter = 24 * time.Hour
)

// Deposit is a backup on its way into a repository. A snapshot is written once everything
// that it needs is there, and all that was new has been read back.
type Deposit struct {
	place   Place
	has     map[string]bool
	number  int64
	written map[string][sha256.Size]byte // files and their hashes
	release func()
}

// NewDeposit begins to put a backup into a place, which is a repository afterwards. Close
// must be called.
func NewDeposit(ctx context.Context, p Place, now time.Time) (*Deposit, error) {
	release, alone, err := p.Lock()
	if err != nil {
		return nil, err
	}
	d := &Deposit{place: p, written: make(map[string][sha256.Size]byte), release: release}
	if err = d.survey(ctx, alone, now); err != nil {
		release()
		return nil, err
	}
	return d, nil
}

// survey learns which parts of the repository will not be removed soon, and which number is the
// next.
func (d *Deposit) survey(ctx context.Context, alone bool, now time.Time) error {
	p := d.place
	d.has, d.number = make(map[string]bool), 1
	err := checkMark(ctx, p)
	if errors.Is(err, ErrNone) {
		files, err := p.List(ctx, "")
		if err == nil && len(files) > 0 {
			err = fmt.Errorf("%s: holds other files, as %s, and is no repository of backups: choose an empty place", p, files[0].Name)
		}
		return err
	}
	list, err := Snapshots(ctx, p, func(error) {})
	if err != nil {
		return err
	}
	if len(list) > 0 {
		d.number = list[len(list)-1].Number + 1
	}
	live := liveParts(list)
	files, err := p.List(ctx, partsDir)
	for _, f := range files {
		name := nameOfPart(f.Name)
		if name != "" && f.Size > 0 && (alone || live[name] || now.Sub(f.Modified) < staleAfter) {
			d.has[name] = true
		}
	}
	return err
}

// liveParts returns the parts that backups name.
func liveParts(list []*Snapshot) map[string]bool {
	live := make(map[string]bool)
	for _, s := range list {
		for _, part := range s.Parts {
			live[part] = true
		}
	}
	return live
}

// Number is that of the backup which is put there.
func (d *Deposit) Number() int64 { return d.number }

// Has reports whether the repository has a part.
func (d *Deposit) Has(name string) bool { return d.has[name] }

// Parts returns the names of the parts that the repository has, sorted.
func (d *Deposit) Parts() []string {
	names := make([]string, 0, len(d.has))
	for name := range d.has {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Put writes a file.
func (d *Deposit) Put(ctx context.Context, name string, data []byte) error {
	switch {
	case name == MarkName:
		if err := checkMark(ctx, d.place); !errors.Is(err, ErrNone) {
			return err
		}
	case strings.HasPrefix(name, snapshotDir):
		s, err := decodeSnapshot(name, data)
		if err == nil {
			err = d.confirm(ctx, s)
		}
		if err != nil {
			return err
		}
	case nameOfPart(name) == "":
		return fmt.Errorf("%q is no file of a backup", name)
	}
	if err := d.place.Put(ctx, name, data); err != nil {
		return err
	}
	d.written[name] = sha256.Sum256(data)
	return nil
}

// confirm reads back what was written, and makes sure that everything else that a
// snapshot names is there.
func (d *Deposit) confirm(ctx context.Context, s *Snapshot) error {
	for name, sum := range d.written {
		data, err := d.place.Get(ctx, name)
		if err != nil {
			return fmt.Errorf("read back what was written: %w", err)
		}
		if sha256.Sum256(data) != sum {
			return fmt.Errorf("read back %s of %s: %w: it is not what was written", name, d.place, ErrDamaged)
		}
	}
	files, err := d.place.List(ctx, partsDir)
	if err != nil {
		return err
	}
	there := make(map[string]bool, len(files))
	for _, f := range files {
		there[f.Name] = f.Size > 0
	}
	for _, part := range s.Parts {
		if !isPartName(part) || !there[partName(part)] {
			return fmt.Errorf("%s: %w: part %.8s is not there any more: take the backup again", d.place, ErrDamaged, part)
		}
	}
	return nil
}

// Close lets others change the repository. What was not ended by a snapshot is as if
// it had not been.
func (d *Deposit) Close() { d.release() }

// Stream is a backup as an archive on its way to somebody, and a Writer.
type Stream struct {
	tar   *tar.Writer
	now   time.Time
	flush func() error
}

// NewStream returns a Stream onto w. flush sends what w holds back.
func NewStream(w io.Writer, now time.Time, flush func() error) *Stream {
	return &Stream{tar.NewWriter(w), now, flush}
}

// Put writes a file to the archive. The snapshot ends it.
func (s *Stream) Put(_ context.Context, name string, data []byte) error {
	err := s.tar.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(data)), ModTime: s.now.Truncate(time.Second)})
	if err == nil {
		_, err = s.tar.Write(data)
	}
	switch {
	case err != nil:
	case strings.HasPrefix(name, snapshotDir):
		err = s.tar.Close()
	default:
		err = s.tar.Flush()
	}
	if err != nil {
		return fmt.Errorf("send the backup: %w", err)
	}
	return s.flush()
}

// Receive puts a backup that comes as an archive into a repository. It returns the
// snapshot, without which an archive is cut off.
func Receive(ctx context.Context, r io.Reader, to Writer) (*Snapshot, error) {
	archive := tar.NewReader(r)
	var snapshot *Snapshot
	for {
		h, err := archive.Next()
		if err == io.EOF && snapshot != nil {
			return snapshot, nil
		}
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, fmt.Errorf("receive the backup: %w", err)
		}
		if h.Typeflag != tar.TypeReg || h.Size > mostContent || !fs.ValidPath(h.Name) {
			return nil, fmt.Errorf("receive the backup: %q is no file of a backup", h.Name)
		}
		data, err := ReadFile(archive) // which grows as bytes come, whatever the head says
		if err != nil {
			return nil, fmt.Errorf("receive the backup: %w", err)
		}
		if strings.HasPrefix(h.Name, snapshotDir) {
			if snapshot, err = decodeSnapshot(h.Name, data); err != nil {
				return nil, err
			}
		}
		if err := to.Put(ctx, h.Name, data); err != nil {
			return nil, err
		}
	}
}
