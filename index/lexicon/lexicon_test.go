package lexicon_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"auditlog/audit"
	"auditlog/fulltext"
	"auditlog/index/lexicon"
)

// document is what the tests give a builder.
type document struct {
	id     lexicon.ID
	words  []string
	hashes []uint32
}

func id(p fulltext.ProjectID, at int64, seq uint64) lexicon.ID {
	return lexicon.ID{Key: fulltext.BlockKey{Project: p, Position: audit.Position{At: at, ID: at}}, Seq: seq}
}

func build(docs ...document) []byte {
	b := lexicon.NewBuilder()
	for _, d := range docs {
		doc := b.Doc(d.id)
		for _, w := range d.words {
			doc.Word([]byte(w))
		}
		for _, h := range d.hashes {
			doc.Hash(h)
		}
	}
	return b.Segment()
}

func open(t testing.TB, b []byte) *lexicon.Segment {
	t.Helper()
	s, err := lexicon.Open(b)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// mustHold checks that a segment has these documents, with these words, and hashes at least.
func mustHold(t fataler, s *lexicon.Segment, docs []document) {
	t.Helper()
	docs = slices.Clone(docs)
	slices.SortFunc(docs, func(a, b document) int { return a.id.Compare(b.id) })
	if len(s.IDs()) != len(docs) {
		t.Fatalf("%d documents, want %d", len(s.IDs()), len(docs))
	}
	for i, d := range docs {
		if n, ok := s.Number(d.id); !ok || n != i || s.IDs()[i] != d.id {
			t.Fatalf("document %v has number %d, %t; want %d", d.id, n, ok, i)
		}
	}
	for i := range s.Sections() {
		section := &s.Sections()[i]
		mustHoldSection(t, section, docs[section.First:section.First+section.Docs()])
	}
}

func mustHoldSection(t fataler, s *lexicon.Section, docs []document) {
	t.Helper()
	want := make(map[string]lexicon.Set)
	for i, d := range docs {
		for _, w := range d.words {
			if want[w] == nil {
				want[w] = lexicon.NewSet(len(docs))
			}
			want[w].Add(i)
		}
	}
	seen := 0
	for w := s.Words(nil); w.Next(); seen++ {
		got := lexicon.NewSet(s.Docs())
		w.AddTo(got)
		if !slices.Equal(got, want[string(w.Word())]) {
			t.Fatalf("%q is in %x, want %x", w.Word(), got, want[string(w.Word())])
		}
	}
	if seen != len(want) {
		t.Fatalf("%d words, want %d", seen, len(want))
	}
	for word, set := range want {
		got, _, err := s.Word([]byte(word))
		if err != nil || !slices.Equal(got, set) {
			t.Fatalf("look-up of %q: %x, %v; want %x", word, got, err, set)
		}
		if got, _, err := s.Word([]byte(word + "!")); want[word+"!"] == nil && (err != nil || !got.Empty()) {
			t.Fatalf("look-up of %q, which is not there: %x, %v", word+"!", got, err)
		}
	}
	for i, d := range docs {
		for k, h := range d.hashes {
			if k%23 != 0 && len(d.hashes) > 100 {
				continue
			}
			got, _, err := s.Hash(h)
			if err != nil || !got.Has(i) {
				t.Fatalf("hash %x: %x, %v; lacks %d", h, got, err, i)
			}
		}
	}
}

var words = rapid.OneOf(rapid.StringMatching(`[a-c]{1,3}`), rapid.StringMatching(`common[a-z]{0,30}x{0,30}`),
	rapid.SampledFrom([]string{"in", "many", "東", strings.Repeat("long", 20)}))

func drawDocs(t *rapid.T, label string, seq uint64, most int) []document {
	n := rapid.IntRange(0, most).Draw(t, label)
	docs := make([]document, n)
	for i := range docs {
		p := fulltext.ProjectID(rapid.IntRange(1, 3).Draw(t, "project"))
		docs[i] = document{id: id(p, int64(rapid.IntRange(-50, 50).Draw(t, "at")), seq+uint64(i))}
		docs[i].words = rapid.SliceOfN(words, 0, 12).Draw(t, "words")
		docs[i].hashes = rapid.SliceOfN(rapid.OneOf(rapid.Uint32(), rapid.Uint32Range(0, 3)), 0, 12).Draw(t, "hashes")
	}
	return docs
}

// What a builder is given, a segment has; and several segments merged have what all of them
// had but for the documents that are gone.
func TestSegmentsHoldWhatTheyWereGiven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var left []document
		var sources []lexicon.Source
		var gone [][]bool
		for i := range rapid.IntRange(1, 4).Draw(t, "segments") {
			docs := drawDocs(t, fmt.Sprintf("documents of %d", i), uint64(1000*i+1), 30)
			s, err := lexicon.Open(build(docs...))
			if err != nil {
				t.Fatalf("open: %v", err)
			}
			mustHold(t, s, docs)
			out := make([]bool, len(docs))
			slices.SortFunc(docs, func(a, b document) int { return a.id.Compare(b.id) })
			for n, d := range docs {
				if out[n] = rapid.IntRange(0, 3).Draw(t, "gone") == 0; !out[n] {
					left = append(left, d)
				}
			}
			gone = append(gone, out)
			sources = append(sources, lexicon.Source{Segment: s, Gone: func(n int) bool { return out[n] }})
		}
		var b bytes.Buffer
		numbers, size, err := lexicon.Merge(&b, sources, nil)
		if err != nil || size != uint64(b.Len()) {
			t.Fatalf("merge: %d bytes of %d, %v", size, b.Len(), err)
		}
		s, err := lexicon.Open(b.Bytes())
		if err != nil {
			t.Fatalf("open merged: %v", err)
		}
		mustHold(t, s, left)
		for i, source := range sources {
			for n, id := range source.IDs() {
				want := uint64(lexicon.Dropped)
				if !gone[i][n] {
					number, _ := s.Number(id)
					want = uint64(number)
				}
				if numbers[i][n] != want {
					t.Fatalf("document %d of %d gets number %d, want %d", n, i, numbers[i][n], want)
				}
			}
		}
	})
}

// large returns documents of a project that have so many hashes each, none of them the same.
func large(p fulltext.ProjectID, n, hashes int, r *rand.Rand) []document {
	docs := make([]document, n)
	for i := range docs {
		docs[i] = document{id: id(p, int64(i), uint64(i)), words: []string{"common", fmt.Sprintf("own-%d", i), fmt.Sprintf("few-%d", i/3)}}
		for range hashes {
			docs[i].hashes = append(docs[i].hashes, r.Uint32())
		}
	}
	return docs
}

// Sections of many documents, whose words are in all forms and whose cells are in many chunks,
// are right; a document that lacks a hash seems to have it once in 256 times at most; and
// cells take no more than some ten bits.
func TestManyDocuments(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	docs := large(1, 300, 1000, r)
	for _, test := range []struct {
		name string
		make func() []byte
	}{
		{"built", func() []byte { return build(docs...) }},
		{"merged", func() []byte {
			var sources []lexicon.Source
			for i := range 10 {
				var some []document
				for k := i; k < len(docs); k += 10 {
					some = append(some, docs[k])
				}
				sources = append(sources, lexicon.Source{Segment: open(t, build(some...))})
			}
			var b bytes.Buffer
			if _, _, err := lexicon.Merge(&b, sources, nil); err != nil {
				t.Fatal(err)
			}
			return b.Bytes()
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := test.make()
			s := open(t, b)
			mustHold(t, s, docs)
			if each := float64(len(b)) / 300 / 1000; each > 11.0/8 {
				t.Errorf("%.2f bytes a cell, all told", each)
			}
			wrong, section := 0, s.Section(1)
			for range 1000 {
				got, seen, err := section.Hash(r.Uint32())
				if err != nil || seen > 2000 {
					t.Fatalf("%d cells looked at, %v", seen, err)
				}
				got.Each(func(int) { wrong++ })
			}
			if one := float64(wrong) / 1000 / 300; one > 1.0/200 {
				t.Errorf("a document seems to have a hash that it lacks with a probability of %.4f", one)
			}
		})
	}
}

// What a segment has of a project does not depend on the others in it: nothing that a search of
// one project reads tells of another.
func TestSectionsAreOfTheirProjectAlone(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	ours, others := large(2, 40, 100, r), large(1, 40, 100, r)
	for i := range others {
		others[i].words = append(others[i].words, "own-other", "codename")
	}
	alone := build(ours...)
	section := open(t, alone).Section(2) // whose bytes begin the segment
	both := build(append(slices.Clone(ours), others...)...)
	if !bytes.Contains(both, alone[:section.Bytes()]) {
		t.Error("a section differs when another project is there")
	}
	if bytes.Contains(alone, []byte("codename")) || !bytes.Contains(both, []byte("codename")) {
		t.Error("the test does not see what it looks for")
	}
	var merged bytes.Buffer
	sources := []lexicon.Source{{Segment: open(t, alone)}, {Segment: open(t, build(others...))}}
	if _, _, err := lexicon.Merge(&merged, sources, nil); err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(merged.Bytes(), alone[:section.Bytes()]) {
		t.Error("a section differs after another project was merged in")
	}
}

// A merge that is stopped says so.
func TestMergeIsStopped(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	stop := make(chan struct{})
	close(stop)
	for name, sources := range map[string][]lexicon.Source{
		"copying": {{Segment: open(t, build(large(1, 3, 10, r)...))}},
		"merging": {{Segment: open(t, build(large(1, 5, 4000, r)...))}, {Segment: open(t, build(large(1, 5, 4000, r)...))}},
	} {
		if _, _, err := lexicon.Merge(&bytes.Buffer{}, sources, stop); !errors.Is(err, lexicon.ErrStopped) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// failingWriter takes so many bytes.
type failingWriter struct{ left int }

var errFull = errors.New("full")

func (w *failingWriter) Write(b []byte) (int, error) {
	if w.left -= len(b); w.left < 0 {
		return 0, errFull
	}
	return len(b), nil
}

// A merge that cannot be written says so, wherever that is.
func TestMergeIsNotWritten(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	sources := []lexicon.Source{{Segment: open(t, build(large(1, 20, 4000, r)...))}, {Segment: open(t, build(large(1, 20, 4000, r)...))}}
	_, size, err := lexicon.Merge(&bytes.Buffer{}, sources, nil)
	if err != nil {
		t.Fatal(err)
	}
	for left := 0; left < int(size); left += int(size)/10 + 1 {
		if _, _, err := lexicon.Merge(&failingWriter{left}, sources, nil); !errors.Is(err, errFull) {
			t.Errorf("after %d bytes: %v", left, err)
		}
	}
}

// FuzzOpen reads segments that may be anything. Whatever they are, reading ends, with an error
// or with some answer.
func FuzzOpen(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 2))
	f.Add(build(large(1, 3, 5, r)...))
	f.Add(build(append(large(2, 20, 30, r), large(3, 2, 400, r)...)...))
	f.Add(build())
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := lexicon.Open(b)
		if err != nil {
			return
		}
		words := 0
		for i := range s.Sections() {
			section := &s.Sections()[i]
			for w := section.Words(nil); w.Next(); words++ {
				w.Each(func(n int) {
					if n >= section.Docs() {
						t.Fatalf("document %d of %d", n, section.Docs())
					}
				})
			}
			section.Word([]byte("own-1"))
			section.Hash(12345)
			for cells := section.Cells(); ; {
				_, n, ok := cells.Next()
				if !ok {
					break
				}
				if int(n) >= section.Docs() {
					t.Fatalf("cell of document %d of %d", n, section.Docs())
				}
			}
		}
		if words > len(b) {
			t.Errorf("%d words in %d bytes", words, len(b))
		}
		lexicon.Merge(&bytes.Buffer{}, []lexicon.Source{{Segment: s}, {Segment: s, Gone: func(n int) bool { return n%2 == 0 }}}, nil)
	})
}

// FuzzParseID reads ids that may be anything.
func FuzzParseID(f *testing.F) {
	f.Add([]byte(id(7, -3, 1<<40).String()))
	f.Add([]byte("short"))
	f.Fuzz(func(t *testing.T, b []byte) {
		id, err := lexicon.ParseID(b)
		if err == nil && id.String() != string(b) {
			t.Errorf("%x: read as %v, which is written %x", b, id, id.String())
		}
		if (err == nil) != (len(b) == lexicon.IDSize) {
			t.Errorf("%d bytes: %v", len(b), err)
		}
	})
}
