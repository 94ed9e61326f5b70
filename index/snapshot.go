package index

import (
	"errors"
	"slices"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/blevesearch/bleve/v2/index/scorch"
	segment "github.com/blevesearch/scorch_segment_api/v2"

	"auditlog/fulltext"
)

// snapshot is one state of the index. It stays as it is until it is closed, also
// when the engine is closed before.
type snapshot struct {
	state
	parts  []part
	reader *scorch.IndexSnapshot
}

// part is a segment of a snapshot.
type part struct {
	segment segment.Segment
	docs    *segmentDocs
	// deleted holds the documents that are gone, or is nil.
	deleted *roaring.Bitmap
}

// segmentDocs says which documents a segment has, gone ones included. It never changes.
type segmentDocs struct {
	ids       []docID // by number
	byProject map[fulltext.ProjectID]*roaring.Bitmap
}

// views keeps the segmentDocs of the segments of the newest snapshot.
type views struct {
	mu   sync.Mutex
	docs map[segment.Segment]*segmentDocs
}

// snapshot returns the present state of the index, for read.
func (e *engine) snapshot() (*snapshot, error) {
	r, err := e.index.Reader()
	if err != nil {
		return nil, err
	}
	reader, ok := r.(*scorch.IndexSnapshot)
	if !ok || reader == nil {
		return nil, errors.New("the index is closed")
	}
	s := &snapshot{reader: reader}
	if s.state, err = readState(reader); err == nil {
		s.parts, err = e.views.parts(reader.Segments())
	}
	if err != nil {
		reader.Close()
		return nil, err
	}
	return s, nil
}

// read calls fn with the present state of the index.
func (e *engine) read(fn func(*snapshot) error) error {
	return guard(func() error {
		s, err := e.snapshot()
		if err != nil {
			return err
		}
		defer s.close()
		return fn(s)
	})
}

func (s *snapshot) close() error { return s.reader.Close() }

// parts returns the parts of a snapshot, and forgets segments that are in none.
func (v *views) parts(segments []*scorch.SegmentSnapshot) ([]part, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	parts := make([]part, len(segments))
	fresh := 0
	for i, ss := range segments {
		seg := ss.Segment()
		docs := v.docs[seg]
		if docs == nil {
			var err error
			if docs, err = readDocs(seg); err != nil {
				return nil, err
			}
			fresh++
		}
		parts[i] = part{seg, docs, ss.Deleted()}
	}
	if fresh > 0 || len(v.docs) > len(parts) {
		v.docs = make(map[segment.Segment]*segmentDocs, len(parts))
		for _, p := range parts {
			v.docs[p.segment] = p.docs
		}
	}
	return parts, nil
}

// readDocs reads the ids of a segment's documents.
func readDocs(seg segment.Segment) (*segmentDocs, error) {
	n := int(seg.Count())
	d := &segmentDocs{ids: make([]docID, n), byProject: make(map[fulltext.ProjectID]*roaring.Bitmap)}
	for i := range n {
		b, err := seg.DocID(uint64(i))
		if err != nil {
			return nil, err
		}
		if d.ids[i], err = parseDocID(b); err != nil {
			return nil, err
		}
		project := d.ids[i].key.Project
		if d.byProject[project] == nil {
			d.byProject[project] = roaring.New()
		}
		d.byProject[project].Add(uint32(i))
	}
	return d, nil
}

// eachDoc calls fn with the documents that are not gone.
func (s *snapshot) eachDoc(fn func(docID)) {
	for _, p := range s.parts {
		for n, id := range p.docs.ids {
			if p.deleted == nil || !p.deleted.Contains(uint32(n)) {
				fn(id)
			}
		}
	}
}

// purged reports whether a file still holds documents of a project that has none left.
func (s *snapshot) purged() bool {
	live := make(map[fulltext.ProjectID]bool)
	s.eachDoc(func(id docID) { live[id.key.Project] = true })
	return slices.ContainsFunc(s.parts, func(p part) bool {
		for project := range p.docs.byProject {
			if !live[project] && project != 0 {
				return true
			}
		}
		return false
	})
}

// worthMerging is how many documents there must be for merging them to save anything.
const worthMerging = 64

// scattered reports whether half as many documents as the largest segment has are in
// others: every segment lists its words again, so one takes two thirds of the bytes.
// A document is merged into one only a few times while the index grows.
func (s *snapshot) scattered() bool {
	all, largest := 0, 0
	for _, p := range s.parts {
		n := len(p.docs.ids)
		if p.deleted != nil {
			n -= int(p.deleted.GetCardinality())
		}
		all, largest = all+n, max(largest, n)
	}
	return all >= worthMerging && 2*(all-largest) > largest
}

// unchanged reports an error unless the files of the snapshot are those that were
// verified. What was read from it before is then right.
func (s *snapshot) unchanged() error {
	for _, p := range s.parts {
		if f, ok := p.segment.(*segmentFile); ok {
			if err := f.unchanged(); err != nil {
				return err
			}
		}
	}
	return nil
}
