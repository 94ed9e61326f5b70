package audit

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the golden files anew")

// everyByte holds every control character and what else JSON or HTML could escape.
const everyByte = "\x00\x01\x02\x03\x04\x05\x06\x07\b\t\n\v\f\r\x0e\x0f" +
	"\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f" +
	"\"\\/<>&'\x7f\u0080\u2028\u2029\ufeff\ufffd é ก 😀"

func full() *Entry {
	return &Entry{
		ID:      184467,
		Seq:     5021,
		Project: "acme",
		Actor:   Actor{Email: "ada@example.com", Type: User, Label: "claude-code:pr-42"},
		Action:  "deployment.deploy",
		Resource: Resource{
			Type: "Deployment", ID: "4711", Name: "web", LocationID: "gke.cluster-rcf2",
		},
		Outcome: Success,
		Detail:  "Deployed revision 7",
		Channel: ChannelCLI,
		Request: Request{IP: "203.0.113.9", UserAgent: "deploys/1.4", ID: "0b7c"},
		Changes: []Change{
			{Field: "replicas", Old: "2", New: "4"},
			{Field: "image", Old: "", New: "web:7"},
		},
		Metadata:   map[string]string{"commit": "6f1d0c2", "Branch": "main", "": "", "é": "last"},
		Key:        "evt-0c1f",
		CreatedAt:  time.Date(2026, 5, 4, 8, 15, 30, 123456000, time.UTC),
		RecordedAt: time.Date(2026, 5, 4, 8, 15, 30, 125002000, time.UTC),
		RecordedBy: "0f3KxQ9Z",
	}
}

// TestCanonicalJSON holds the canonical form byte for byte: what follows it
// hashes entries, so this golden file is never to change in format 1.
func TestCanonicalJSON(t *testing.T) {
	escapes := full()
	escapes.Detail = everyByte
	escapes.Metadata = map[string]string{everyByte: everyByte}
	escapes.Changes = []Change{{Field: everyByte, Old: everyByte, New: everyByte}}
	zone := full()
	zone.CreatedAt = time.Date(2026, 5, 4, 15, 15, 30, 0, time.FixedZone("", 7*3600))

	entries := []*Entry{
		full(),
		{},
		escapes,
		zone,
		{ID: 1, Request: Request{IP: "::1"}},
		{ID: 2, Request: Request{UserAgent: "curl/8"}},
		{ID: 3, Request: Request{ID: "r1"}},
		{ID: 4, Request: Request{UserAgent: "curl/8", ID: "r1"}},
		{ID: 5, Changes: []Change{}, Metadata: map[string]string{}},
		{ID: 1<<63 - 1, CreatedAt: maxTime, RecordedAt: minTime, Seq: 1<<63 - 1, RecordedBy: everyByte},
	}
	var got []byte
	for _, e := range entries {
		got = append(e.AppendJSON(got), '\n')
	}
	for _, e := range entries {
		got = append(e.AppendInput(got), '\n')
	}
	name := filepath.Join("testdata", "canonical.golden")
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("canonical JSON differs from %s:\n%s", name, got)
	}
}

func TestMarshalByValueAndByPointer(t *testing.T) {
	e := full()
	want := string(e.AppendJSON(nil))
	for _, v := range []any{e, *e} {
		if got, err := json.Marshal(v); err != nil || string(got) != want {
			t.Errorf("json.Marshal(%T) is %s, %v", v, got, err)
		}
	}
}

func FuzzJSON(f *testing.F) {
	f.Add("acme", everyByte, "k", everyByte, int64(1), int64(1777882530123456), true)
	f.Add("", "", "", "", int64(-1), int64(0), false)
	f.Add("<a>&", "\u2028", "\\", "\"", int64(1)<<62, minTime.UnixMicro(), true)
	f.Fuzz(func(t *testing.T, a, b, c, d string, id, at int64, more bool) {
		for _, s := range []string{a, b, c, d} {
			if !utf8.ValidString(s) {
				t.Skip("such an entry is refused")
			}
		}
		if at < minTime.UnixMicro() || at > maxTime.UnixMicro() {
			t.Skip("such an entry is refused")
		}
		when := time.UnixMicro(at).UTC()
		e := Entry{
			ID: id, Project: a,
			Actor:    Actor{Email: b, Type: ActorType(c), Label: d},
			Action:   c,
			Resource: Resource{Type: d, ID: c, Name: b, LocationID: a},
			Outcome:  Outcome(a), Detail: b, Channel: Channel(c),
			Request:   Request{IP: d, UserAgent: a, ID: b},
			Key:       c,
			CreatedAt: when,
		}
		if more {
			e.Changes = []Change{{a, b, c}, {d, "", a}}
			e.Metadata = map[string]string{a: b, c: d}
			e.RecordedAt, e.RecordedBy, e.Seq = when, d, at
		}
		for _, encoded := range [][]byte{e.AppendJSON(nil), must(json.Marshal(e))} {
			var back Entry
			if err := json.Unmarshal(encoded, &back); err != nil {
				t.Fatalf("%v: %s", err, encoded)
			}
			if !reflect.DeepEqual(e, back) {
				t.Fatalf("%+v became %+v by %s", e, back, encoded)
			}
		}
		var input Entry
		if err := json.Unmarshal(e.AppendInput(nil), &input); err != nil {
			t.Fatal(err)
		}
		e.ID, e.Seq, e.RecordedAt, e.RecordedBy = 0, 0, time.Time{}, ""
		if !reflect.DeepEqual(e, input) {
			t.Fatalf("the input form of %+v is read as %+v", e, input)
		}
	})
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

func TestTimesAreAppendedAsFormatted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-1<<37, 1<<39).Draw(t, "second"), rapid.Int64Range(0, 1e9-1).Draw(t, "nanosecond"))
		if got, want := string(AppendTime(nil, at)), `"`+FormatTime(at)+`"`; got != want {
			t.Fatalf("%v is appended as %s, want %s", at, got, want)
		}
	})
}

func BenchmarkAppendJSON(b *testing.B) {
	usual := full()
	usual.Changes, usual.Metadata, usual.Key = nil, nil, ""
	usual.Request.ID = "8f14e45fceea167a5a36dedd4bea2543"
	for name, e := range map[string]*Entry{"full": full(), "usual": usual} {
		b.Run(name, func(b *testing.B) {
			buf := e.AppendJSON(nil)
			b.SetBytes(int64(len(buf)))
			b.ReportAllocs()
			for b.Loop() {
				buf = e.AppendJSON(buf[:0])
			}
		})
	}
}

func TestPlain(t *testing.T) {
	for length := range 40 {
		for at := range length {
			for c := range 256 {
				b := bytes.Repeat([]byte("a\x7f\xff !#]["), 5)[:length]
				b[at] = byte(c)
				if got, want := plain(string(b)), c >= 0x20 && c != '"' && c != '\\'; got != want {
					t.Fatalf("plain(%q) is %v", b, got)
				}
			}
		}
	}
}
