package index

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"runtime/debug"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/blevesearch/bleve/v2/index/scorch"
	segment "github.com/blevesearch/scorch_segment_api/v2"
	zap "github.com/blevesearch/zapx/v17"
)

// segmentPlugin is bleve's own segment format, zap, with what bleve leaves out: a
// file's checksum is compared when it is opened, and a file that is changed or cut
// short while it is mapped into memory is an error, not the end of the process.
type segmentPlugin struct{ zap.ZapPlugin }

// The name under which bleve knows the plugin. It is part of the files of the
// index, with the version of zap: what another one wrote is rebuilt.
const segmentType = "auditlog"

const eventGuard = "auditlog"

// register makes the plugin known to bleve, which has a table of them.
var register = sync.OnceFunc(func() {
	scorch.RegisterSegmentPlugin(&segmentPlugin{}, false)
	// Bleve's own goroutines call this. They recover from panics, and from then
	// on from what reading a file that was cut short raises, too.
	scorch.RegistryEventCallbacks[eventGuard] = func(scorch.Event) bool {
		debug.SetPanicOnFault(true)
		return true
	}
})

func (p *segmentPlugin) Type() string { return segmentType }

func (p *segmentPlugin) Open(path string) (segment.Segment, error) { return p.OpenUsing(path, nil) }

// configProblems is the setting of the plugin where it leaves its errors.
const configProblems = "auditlog problems"

// problems collects the errors of opening segments. When bleve cannot open one, it
// says so in a line of its own, and goes back to an earlier state of the index,
// whose successors then get in each other's way.
type problems struct {
	mu  sync.Mutex
	err error
}

func (p *problems) add(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = errors.Join(p.err, err)
}

func (p *problems) get() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// OpenUsing opens a segment's file. Bleve does so with every file that it reads or
// has just written.
func (p *segmentPlugin) OpenUsing(path string, config map[string]any) (s segment.Segment, err error) {
	defer func() {
		if problems, ok := config[configProblems].(*problems); ok && err != nil {
			problems.add(err)
		}
	}()
	err = guard(func() error {
		before, err := os.Stat(path)
		if err != nil {
			return err
		}
		if err := verifyChecksum(path); err != nil {
			return err
		}
		opened, err := p.ZapPlugin.OpenUsing(path, config)
		if err != nil {
			return err
		}
		s = &segmentFile{Segment: opened.(*zap.Segment), verified: before}
		return nil
	})
	return s, err
}

func (p *segmentPlugin) Merge(segments []segment.Segment, drops []*roaring.Bitmap, path string,
	closeCh chan struct{}, s segment.StatsReporter) ([][]uint64, uint64, error) {
	return p.MergeUsing(segments, drops, path, closeCh, s, nil)
}

// MergeUsing merges segments into a new file.
func (p *segmentPlugin) MergeUsing(segments []segment.Segment, drops []*roaring.Bitmap, path string,
	closeCh chan struct{}, s segment.StatsReporter, config map[string]any) (docs [][]uint64, size uint64, err error) {
	plain := make([]segment.Segment, len(segments))
	for i, s := range segments {
		plain[i] = s
		if f, ok := s.(*segmentFile); ok {
			plain[i] = f.Segment
		}
	}
	err = guard(func() error {
		docs, size, err = p.ZapPlugin.MergeUsing(plain, drops, path, closeCh, s, config)
		return err
	})
	return docs, size, err
}

// segmentFile is an open segment whose file had the right checksum.
type segmentFile struct {
	*zap.Segment
	verified os.FileInfo
}

// DocNumbers is what bleve calls outside of any guard.
func (s *segmentFile) DocNumbers(ids []string) (docs *roaring.Bitmap, err error) {
	err = guard(func() error {
		docs, err = s.Segment.DocNumbers(ids)
		return err
	})
	return docs, err
}

// unchanged reports an error unless the file is still the one that was verified.
// What was read from it before is then right.
func (s *segmentFile) unchanged() error {
	now, err := os.Stat(s.Path())
	if err != nil {
		return err
	}
	if !os.SameFile(s.verified, now) || now.Size() != s.verified.Size() || !now.ModTime().Equal(s.verified.ModTime()) {
		return fmt.Errorf("%s: %w", s.Path(), errChanged)
	}
	return nil
}

var (
	errChanged  = errors.New("was changed by another program")
	errChecksum = errors.New("has a wrong checksum")
)

// verifyChecksum compares a segment file with the checksum at its end.
func verifyChecksum(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if st.Size() < zap.FooterSize {
		return fmt.Errorf("%s: is cut short", path)
	}
	sum := crc32.NewIEEE()
	if _, err := io.CopyN(sum, f, st.Size()-4); err != nil {
		return err
	}
	var want [4]byte
	if _, err := io.ReadFull(f, want[:]); err != nil {
		return err
	}
	if binary.BigEndian.Uint32(want[:]) != sum.Sum32() {
		return fmt.Errorf("%s: %w", path, errChecksum)
	}
	return nil
}

// guard runs fn, which reads mapped files. What they raise when they are damaged
// is an error.
func guard(fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("read index: %v", r)
		}
	}()
	return fn()
}
