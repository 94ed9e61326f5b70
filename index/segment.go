package index

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/blevesearch/bleve/v2/index/scorch"
	bleve "github.com/blevesearch/bleve_index_api"
	segment "github.com/blevesearch/scorch_segment_api/v2"

	"auditlog/index/lexicon"
	"auditlog/index/listing"
)

// segmentPlugin is the segment format of the index, as bleve wants to be told of it: package
// lexicon's. A file's checksum is compared when it is opened, and a file that is changed or
// cut short while it is mapped into memory is an error, not the end of the process.
type segmentPlugin struct{}

// The name and version under which bleve knows the plugin. They are part of the files of the
// index: what another one wrote is rebuilt.
const (
	segmentType    = "auditlog"
	segmentVersion = 100
)

const eventGuard = "auditlog"

// register makes the plugin known to bleve, which has a table of them.
var register = sync.OnceFunc(func() {
	scorch.RegisterSegmentPlugin(segmentPlugin{}, false)
	// Bleve's own goroutines call this. They recover from panics, and from then
	// on from what reading a file that was cut short raises, too.
	scorch.RegistryEventCallbacks[eventGuard] = func(scorch.Event) bool {
		debug.SetPanicOnFault(true)
		return true
	}
})

func (segmentPlugin) Type() string    { return segmentType }
func (segmentPlugin) Version() uint32 { return segmentVersion }

func (p segmentPlugin) New(docs []bleve.Document) (segment.Segment, uint64, error) {
	return p.NewUsing(docs, nil)
}

// NewUsing makes a segment of the documents of one batch.
func (segmentPlugin) NewUsing(docs []bleve.Document, _ map[string]any) (segment.Segment, uint64, error) {
	d, ok := docs[0].(bleveDocument)
	if !ok {
		return nil, 0, fmt.Errorf("a document is a %T", docs[0])
	}
	b := d.batch.Segment()
	data, err := lexicon.Open(b)
	if err == nil && len(data.IDs()) != len(docs) {
		err = fmt.Errorf("%d documents in a segment of %d", len(data.IDs()), len(docs))
	}
	if err != nil {
		return nil, 0, err
	}
	return &segmentInMemory{segmentData{Segment: data}, b}, uint64(len(b)), nil
}

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

func (p segmentPlugin) Open(path string) (segment.Segment, error) { return p.OpenUsing(path, nil) }

// OpenUsing opens a segment's file. Bleve does so with every file that it reads or
// has just written.
func (segmentPlugin) OpenUsing(path string, config map[string]any) (s segment.Segment, err error) {
	err = listing.Guard(func() error {
		f, err := openSegmentFile(path)
		s = f
		return err
	})
	if problems, ok := config[configProblems].(*problems); ok && err != nil {
		problems.add(err)
	}
	return s, err
}

func (p segmentPlugin) Merge(segments []segment.Segment, drops []*roaring.Bitmap, path string,
	stop chan struct{}, s segment.StatsReporter) ([][]uint64, uint64, error) {
	return p.MergeUsing(segments, drops, path, stop, s, nil)
}

// MergeUsing merges segments into a new file.
func (segmentPlugin) MergeUsing(segments []segment.Segment, drops []*roaring.Bitmap, path string,
	stop chan struct{}, s segment.StatsReporter, _ map[string]any) (docs [][]uint64, size uint64, err error) {
	sources := make([]lexicon.Source, len(segments))
	for i, s := range segments {
		data, err := dataOf(s)
		if err != nil {
			return nil, 0, err
		}
		sources[i].Segment = data.Segment
		if gone := drops[i]; gone != nil {
			sources[i].Gone = func(n int) bool { return gone.Contains(uint32(n)) }
		}
	}
	err = writeFile(path, func(f *os.File) error {
		return listing.Guard(func() error {
			docs, size, err = lexicon.Merge(f, sources, stop)
			return err
		})
	})
	if s != nil {
		s.ReportBytesWritten(size)
	}
	if errors.Is(err, lexicon.ErrStopped) {
		err = segment.ErrClosed
	}
	return docs, size, err
}

// writeFile writes a file that is on disk when it returns, and leaves none when it fails.
func writeFile(path string, write func(f *os.File) error) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err = write(f); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}
