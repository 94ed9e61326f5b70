package index

import (
	"errors"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/blevesearch/bleve/v2/index/scorch"

	"auditlog/fulltext"
	"auditlog/index/listing"
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
	segment *segmentData
	// deleted holds the documents that are gone, or is nil.
	deleted *roaring.Bitmap
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
		err = s.setParts(reader.Segments())
	}
	if err != nil {
		reader.Close()
		return nil, err
	}
	return s, nil
}

// read calls fn with the present state of the index.
func (e *engine) read(fn func(*snapshot) error) error {
	return listing.Guard(func() error {
		s, err := e.snapshot()
		if err != nil {
			return err
		}
		defer s.close()
		return fn(s)
	})
}

func (s *snapshot) close() error { return s.reader.Close() }

func (s *snapshot) setParts(segments []*scorch.SegmentSnapshot) error {
	s.parts = make([]part, len(segments))
	for i, ss := range segments {
		data, err := dataOf(ss.Segment())
		if err != nil {
			return err
		}
		s.parts[i] = part{data, ss.Deleted()}
	}
	return nil
}

// eachDoc calls fn with the documents that are not gone.
func (s *snapshot) eachDoc(fn func(docID)) {
	for _, p := range s.parts {
		for n, id := range p.segment.IDs() {
			if p.deleted == nil || !p.deleted.Contains(uint32(n)) {
				fn(id)
			}
		}
	}
}

// purged reports whether a file still holds documents of a project that has none left.
func (s *snapshot) purged() bool {
	live := make(map[fulltext.ProjectID]bool)
	s.eachDoc(func(id docID) { live[id.Key.Project] = true })
	for _, p := range s.parts {
		for _, section := range p.segment.Sections() {
			if !live[section.Project] && section.Project != 0 {
				return true
			}
		}
	}
	return false
}

// worthMerging is how many documents there must be for merging them to save anything.
const worthMerging = 64

// scattered reports whether half as many documents as the largest segment has are in
// others: every segment lists its words again, so one takes two thirds of the bytes.
// A document is merged into one only a few times while the index grows.
func (s *snapshot) scattered() bool {
	all, largest := 0, 0
	for _, p := range s.parts {
		n := len(p.segment.IDs())
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
		if err := p.segment.unchanged(); err != nil {
			return err
		}
	}
	return nil
}
