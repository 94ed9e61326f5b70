package index

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/blevesearch/bleve/v2/index/scorch/mergeplan"
	bleve "github.com/blevesearch/bleve_index_api"

	"auditlog/index/lexicon"
	"auditlog/index/listing"
)

// indexFormat numbers what documents hold. An index of another format is rebuilt.
const indexFormat = 6

// The keys under which the index keeps its state, in the same commit as the
// documents that it speaks of.
var (
	stateFormat   = []byte("format")
	stateIdentity = []byte("identity")
	stateCursor   = []byte("cursor")
	stateUnread   = []byte("unread")
	stateMark     = []byte("mark")
)

// state says what an index is of: the log, and how far it has followed it.
type state struct {
	format   uint64
	identity string
	cursor   uint64
	unread   unread
	mark     string // of the log as it was when the documents were read, or later
}

// engine is an open index of bleve's: of scorch, which is what bleve keeps its
// documents in. The layers above it, mappings, analyzers, scoring, have no part
// in this and are not in the program.
//
// Nothing is known of damaged files but that anything may happen in bleve's
// goroutines: any of them may end, and whoever waits for one waits for ever. So
// whatever waits for bleve does it in a goroutine of its own, and leaves it behind
// when bleve has failed.
type engine struct {
	dir      string
	readOnly bool
	index    *scorch.Scorch
	queue    *bleve.AnalysisQueue
	// problems has the errors of reading segments that bleve passes over.
	problems problems
}

// config returns the settings of scorch.
func (e *engine) config() map[string]any {
	return map[string]any{
		"path":                e.dir,
		"read_only":           e.readOnly,
		"segmentConfig":       map[string]any{configProblems: &e.problems},
		"bolt_timeout":        listing.Timeout.String(), // else a second opener waits for ever
		"numSnapshotsToKeep":  1,
		"eventCallbackName":   eventGuard,
		"forceSegmentType":    segmentType,
		"forceSegmentVersion": segmentVersion,
		// A document is a thousand entries, where the defaults expect one, so tiers
		// begin with small segments. And there are few segments of each: a search
		// looks into every one.
		"scorchMergePlanOptions": map[string]any{
			"MaxSegmentsPerTier":   2,
			"SegmentsPerMergeTask": 8,
			"TierGrowth":           8,
			"FloorSegmentSize":     32,
		},
	}
}

// openEngine opens the index in folder dir, or makes a new one there.
func openEngine(dir string) (e *engine, err error) {
	register()
	if err := listing.Attempt(dir); err != nil {
		return nil, err
	}
	defer func() {
		if serr := listing.Survived(dir); err == nil && serr != nil {
			e.close()
			e, err = nil, serr
		}
	}()
	if err := errors.Join(listing.Verify(dir), listing.Unseal(dir)); err != nil {
		return nil, err
	}
	return newEngine(dir, false)
}

// errNoIndex says that a folder has no index in it, which is no fault.
var errNoIndex = errors.New("there is no index")

// openEngineReadOnly opens the index in folder dir and writes nothing, not even what an
// attempt to open it leaves otherwise. It returns errNoIndex where bleve would make one.
func openEngineReadOnly(dir string) (*engine, error) {
	register()
	if _, err := listing.Attempts(dir); err != nil {
		return nil, err
	}
	if st, err := os.Stat(filepath.Join(dir, listing.File)); errors.Is(err, os.ErrNotExist) || err == nil && st.Size() == 0 {
		if segments, _ := filepath.Glob(filepath.Join(dir, "*.zap")); len(segments) > 0 {
			return nil, fmt.Errorf("%s: lists no segments, but there are some", filepath.Join(dir, listing.File))
		}
		return nil, errNoIndex
	}
	if err := listing.Verify(dir); err != nil {
		return nil, err
	}
	return newEngine(dir, true)
}

func newEngine(dir string, readOnly bool) (*engine, error) {
	segments, err := filepath.Glob(filepath.Join(dir, "*.zap"))
	if err != nil {
		return nil, err
	}
	e := &engine{dir: dir, readOnly: readOnly, queue: bleve.NewAnalysisQueue(1)}
	if err := e.open(); err != nil {
		e.queue.Close()
		return nil, err
	}
	err = e.read(func(s *snapshot) error {
		// Bleve opens an index whose list it cannot read as an empty one.
		if s.state == (state{}) && len(segments) > 0 {
			return fmt.Errorf("%s: lists no segments, but there are some", filepath.Join(dir, listing.File))
		}
		return nil
	})
	if err = errors.Join(e.problems.get(), err); err != nil {
		e.close()
		return nil, err
	}
	return e, nil
}

func (e *engine) open() error {
	return listing.Guard(func() error {
		index, err := scorch.NewScorch("", e.config(), e.queue)
		if err != nil {
			return err
		}
		e.index = index.(*scorch.Scorch)
		return e.index.Open()
	})
}

// closeTimeout is how long bleve may take to close before it is left behind.
const closeTimeout = 5 * time.Second

// errLeftBehind says that bleve hangs, and holds its files.
var errLeftBehind = errors.New("bleve hangs")

// close closes the index. An error means that the files are as a crash leaves
// them, and errLeftBehind that they cannot be opened again.
func (e *engine) close() error {
	defer e.queue.Close()
	limit := closeTimeout
	if e.failed() != nil {
		limit = time.Second
	}
	return e.wait(limit, e.index.Close)
}

// finish closes the index after work that ended with err. If that is nil, it is in
// good order, and remembers so.
func (e *engine) finish(err error) error {
	cerr := e.close()
	if err == nil && cerr == nil && !e.readOnly {
		return listing.Seal(e.dir)
	}
	return errors.Join(err, cerr)
}

// apply commits documents, the ids of documents to remove, and the state.
// It returns once they are on disk.
func (e *engine) apply(docs []*document, gone []docID, s state) error {
	b := bleve.NewBatch()
	for _, id := range gone {
		b.Delete(id.String())
	}
	for _, d := range docs {
		b.Update(bleveDocument{d})
	}
	b.SetInternal(stateFormat, strconv.AppendUint(nil, s.format, 10))
	b.SetInternal(stateIdentity, []byte(s.identity))
	b.SetInternal(stateUnread, []byte(s.unread))
	b.SetInternal(stateMark, []byte(s.mark))
	b.SetInternal(stateCursor, binary.BigEndian.AppendUint64(nil, s.cursor))
	return e.wait(0, func() error { return e.index.Batch(b) })
}

// wait runs fn, which waits for bleve, and returns its error. It leaves it behind
// after limit, or, when that is 0, once bleve has failed.
func (e *engine) wait(limit time.Duration, fn func() error) error {
	done := make(chan error, 1)
	go func() { done <- listing.Guard(fn) }()
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for begin := time.Now(); ; {
		select {
		case err := <-done:
			return err
		case <-ticker.C:
		}
		if limit > 0 && time.Since(begin) > limit {
			return errLeftBehind
		}
		if err := e.failed(); err != nil && limit == 0 {
			return err
		}
	}
}

// failed reports whether one of bleve's goroutines met an error: they go on
// without an end, or end, and say so nowhere else.
func (e *engine) failed() error {
	if err := e.problems.get(); err != nil {
		return err
	}
	if n, _ := e.index.StatsMap()["TotOnErrors"].(uint64); n > 0 {
		return errors.New("bleve failed to write its files")
	}
	return nil
}

// readState returns what the index says of itself. It is zero when it is new.
func readState(r bleve.IndexReader) (s state, err error) {
	var values [5][]byte
	for i, key := range [len(values)][]byte{stateFormat, stateIdentity, stateCursor, stateUnread, stateMark} {
		if values[i], err = r.GetInternal(key); err != nil || values[0] == nil {
			return s, err
		}
	}
	f, identity, cursor, damaged, mark := values[0], values[1], values[2], values[3], values[4]
	if s.format, err = strconv.ParseUint(string(f), 10, 64); err != nil || len(cursor) != 8 || len(damaged)%lexicon.IDSize != 0 {
		return state{}, fmt.Errorf("state of the index is damaged")
	}
	s.identity, s.cursor, s.unread, s.mark = string(identity), binary.BigEndian.Uint64(cursor), unread(damaged), string(mark)
	return s, nil
}

// size returns how many bytes the files of the index have.
func (e *engine) size() int64 {
	var n int64
	files, _ := os.ReadDir(e.dir) // a folder that is gone has none
	for _, f := range files {
		if st, err := f.Info(); err == nil {
			n += st.Size()
		}
	}
	return n
}

// merge merges all segments into one, so that the files no longer hold the words
// of documents that are gone.
func (e *engine) merge(ctx context.Context) error {
	var s state
	err := e.read(func(snap *snapshot) error {
		s = snap.state
		return nil
	})
	if err != nil {
		return err
	}
	// Bleve does not rewrite a segment that is the only one. The filler makes another.
	if err := e.apply([]*document{newDocument(lexicon.NewBuilder(), filler)}, nil, s); err != nil {
		return err
	}
	err = e.wait(0, func() error {
		return e.index.ForceMerge(ctx, &mergeplan.SingleSegmentMergePlanOptions)
	})
	if err != nil {
		return err
	}
	return e.apply(nil, []docID{filler}, s)
}

// filler is a document of no block, which a merge needs. One that was ended in the middle leaves
// it behind.
var filler docID
