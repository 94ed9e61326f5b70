package intake

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/rpc"
)

func BenchmarkDecode(b *testing.B) {
	one := audittest.Plain(1)
	meta := one.Clone()
	meta.Metadata = map[string]string{"commit": "6f1d0c2", "branch": "main"}
	meta.Changes = []audit.Change{{Field: "replicas", Old: "2", New: "4"}}
	for name, e := range map[string]*audit.Entry{"plain": one, "rich": meta} {
		body := e.AppendInput(nil)
		b.Run("scan/"+name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			var s rpc.Scanner
			for b.Loop() {
				if _, ok := s.One(body); !ok {
					b.Fatal("not read")
				}
			}
		})
		b.Run("strict/"+name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := decodeEntry(body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	body := audittest.Batch(1000, time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC))
	b.Run("strict/batch1000", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := decodeBatch(body); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("scan/batch1000", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		var s rpc.Scanner
		for b.Loop() {
			if _, ok := s.Batch(body); !ok {
				b.Fatal("not read")
			}
		}
	})
}

func FuzzScanner(f *testing.F) {
	rich := audittest.Plain(1)
	rich.Metadata = map[string]string{"commit": "6f1d0c2", "é": "<&>\n\u2028"}
	rich.Changes = []audit.Change{{Field: "replicas", Old: "\"2\"", New: "4"}}
	f.Add(rich.AppendInput(nil))
	f.Add([]byte(`{"entries":[` + deployEntry + ` , ` + deployEntry + `]}`))
	for _, s := range []string{
		`{"project":"a","project":"b"}`, `{"metadata":{"a":"1","a":"2"}}`, `{"metadata":{"a":"1","\u0061":"2"}}`, `{"detail":"\ud800"}`,
		"{\"detail\":\"\xff\"}", `{"createdAt":"2026-05-04T08:15:30+24:00"}`, `{"createdAt":"2026-05-04T8:15:30Z"}`, `{"createdAt":"2026-05-04T08:15:30,5Z"}`,
		`{"entries":[]}`, `{"entries":[{}],"entries":[{}]}`, ` {} `, `{}x`, `{"detail":null}`, `{"changes":[],"metadata":{}}`, `{"\u0070roject":"a"}`,
		`{"actor":{"email":"a","type":"User","label":"x"},"request":{"ip":"::1","userAgent":"","id":"1"}}`,
	} {
		f.Add([]byte(s))
	}
	var s rpc.Scanner
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		if got, ok := s.One(b); ok {
			want, err := decodeEntry(b)
			normalize(got, want)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("%q is read as %+v, and strictly as %+v, %v", b, got, want, err)
			}
		}
		if got, ok := s.Batch(b); ok {
			want, single, err := decodeBatch(b)
			normalize(append(got, want...)...)
			if err != nil || single || len(got) != len(want) || len(got) > 0 && !reflect.DeepEqual(got, want) {
				t.Fatalf("%q is read as %+v, and strictly as %+v, %v", b, got, want, err)
			}
		}
		if !bytes.Equal(b, before) {
			t.Fatal("the body was changed")
		}
	})
}

// normalize makes alike what only the forms of nothing tell apart.
func normalize(entries ...*audit.Entry) {
	for _, e := range entries {
		if e != nil {
			e.Normalize()
		}
	}
}
