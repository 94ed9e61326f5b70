package lexicon_test

import (
	"bytes"
	"fmt"
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
	wrong, asked := 0, 0
	for i, d := range docs {
		for _, h := range d.hashes {
			got, _, err := s.Hash(h)
			if err != nil || !got.Has(i) {
				t.Fatalf("hash %x: %x, %v; lacks %d", h, got, err, i)
			}
			got.Each(func(int) { wrong++ })
			asked += len(docs)
		}
	}
	_ = asked
	_ = wrong
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
