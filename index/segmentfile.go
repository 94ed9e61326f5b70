package index

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"sync/atomic"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/blevesearch/mmap-go"
	segment "github.com/blevesearch/scorch_segment_api/v2"

	"auditlog/index/lexicon"
	"auditlog/index/listing"
)

// segmentData is a segment as bleve wants to have one. Of what it can ask of a segment only
// the documents' ids have a meaning: searches read the words themselves.
type segmentData struct {
	*lexicon.Segment
	file *segmentFile // that it is read from, or nil
}

// dataOf returns the segment that bleve has as s.
func dataOf(s segment.Segment) (*segmentData, error) {
	switch s := s.(type) {
	case *segmentInMemory:
		return &s.segmentData, nil
	case *segmentFile:
		return &s.segmentData, nil
	}
	return nil, fmt.Errorf("a segment of the index is a %T", s)
}

// DocNumbers returns the numbers of documents.
func (s *segmentData) DocNumbers(ids []string) (*roaring.Bitmap, error) {
	docs := roaring.New()
	for _, id := range ids {
		parsed, err := lexicon.ParseID([]byte(id))
		if err != nil {
			return nil, err
		}
		if n, ok := s.Number(parsed); ok {
			docs.Add(uint32(n))
		}
	}
	return docs, nil
}

// DocID returns the id of a document.
func (s *segmentData) DocID(n uint64) ([]byte, error) { return s.IDs()[n].Append(nil), nil }

// Dictionary is not what words are looked up in.
func (s *segmentData) Dictionary(string) (segment.TermDictionary, error) {
	return nil, errors.New("the index has a dictionary of each project, and none of all")
}

func (s *segmentData) VisitStoredFields(uint64, segment.StoredFieldValueVisitor) error { return nil }

func (s *segmentData) Count() uint64         { return uint64(len(s.IDs())) }
func (s *segmentData) Fields() []string      { return nil }
func (s *segmentData) Size() int             { return 40 * len(s.IDs()) } // in memory, about
func (s *segmentData) BytesRead() uint64     { return 0 }
func (s *segmentData) ResetBytesRead(uint64) {}
func (s *segmentData) BytesWritten() uint64  { return 0 }

// unchanged reports an error unless the file, if there is one, is still that which was
// verified. What was read from it before is then right.
func (s *segmentData) unchanged() error {
	if s.file == nil {
		return nil
	}
	return s.file.unchangedFile()
}

// segmentInMemory is a segment that has no file yet.
type segmentInMemory struct {
	segmentData
	bytes []byte
}

// Persist writes the segment to a file.
func (s *segmentInMemory) Persist(path string) error {
	return writeFile(path, func(f *os.File) error {
		_, err := f.Write(s.bytes)
		return err
	})
}

func (s *segmentInMemory) Close() error         { return nil }
func (s *segmentInMemory) AddRef()              {}
func (s *segmentInMemory) DecRef() error        { return nil }
func (s *segmentInMemory) Size() int            { return len(s.bytes) + s.segmentData.Size() }
func (s *segmentInMemory) BytesWritten() uint64 { return uint64(len(s.bytes)) }

// segmentFile is a segment whose file, mapped into memory, had the right checksum.
type segmentFile struct {
	segmentData
	path     string
	verified os.FileInfo
	mapped   mmap.MMap
	refs     atomic.Int64
}

func openSegmentFile(path string) (*segmentFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() // the mapping stays
	st, err := verifyChecksum(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	mapped, err := mmap.Map(f, mmap.RDONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", path, err)
	}
	data, err := lexicon.Open(mapped)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), mapped.Unmap())
	}
	s := &segmentFile{path: path, verified: st, mapped: mapped}
	s.segmentData = segmentData{Segment: data, file: s}
	s.refs.Store(1)
	return s, nil
}

// Path returns where the file is.
func (s *segmentFile) Path() string { return s.path }

func (s *segmentFile) AddRef() { s.refs.Add(1) }

// DecRef gives the file back when nobody refers to it any more.
func (s *segmentFile) DecRef() error {
	if s.refs.Add(-1) == 0 {
		return s.mapped.Unmap()
	}
	return nil
}

func (s *segmentFile) Close() error { return s.DecRef() }

var errChanged = errors.New("was changed by another program")

func (s *segmentFile) unchangedFile() error {
	now, err := os.Stat(s.path)
	if err != nil {
		return err
	}
	if !os.SameFile(s.verified, now) || now.Size() != s.verified.Size() || !now.ModTime().Equal(s.verified.ModTime()) {
		return fmt.Errorf("%s: %w", s.path, errChanged)
	}
	return nil
}

// verifyChecksum compares a segment file with the checksum at its end.
func verifyChecksum(f *os.File) (os.FileInfo, error) {
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if st.Size() < int64(lexicon.TrailerSize) {
		return nil, errors.New("is cut short")
	}
	sum := crc32.NewIEEE()
	if _, err := io.CopyN(sum, f, st.Size()-4); err != nil {
		return nil, err
	}
	var want [4]byte
	if _, err := io.ReadFull(f, want[:]); err != nil {
		return nil, err
	}
	if binary.BigEndian.Uint32(want[:]) != sum.Sum32() {
		return nil, listing.ErrChecksum
	}
	return st, nil
}
