package intake

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/rpc"
)

// benchEntry makes an entry of about 330 bytes of JSON.
func benchEntry(i int) *audit.Entry {
	return &audit.Entry{
		Project: "acme", Actor: audit.Actor{Email: fmt.Sprintf("user-%d@example.com", i%50), Type: audit.User},
		Action: "deployment.deploy", Resource: audit.Resource{Type: "Deployment", ID: fmt.Sprint(4000 + i%500), Name: fmt.Sprintf("web-%d", i%500), LocationID: "gke.cluster-rcf2"},
		Outcome: audit.Success, Detail: fmt.Sprintf("Deployed revision %d of image registry.example.com/acme/web", i), Channel: audit.ChannelCLI,
		Request:   audit.Request{IP: "203.0.113.9", UserAgent: "deploys/1.4"},
		CreatedAt: time.Date(2026, 5, 4, 8, 15, 30, i*1000, time.UTC),
	}
}

// benchBatch makes the body of a request to record n entries of a time, or of none.
func benchBatch(n int, at time.Time) []byte {
	b := []byte(`{"entries":[`)
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		e := benchEntry(i)
		e.CreatedAt = at
		b = e.AppendInput(b)
	}
	return append(b, "]}"...)
}

func BenchmarkDecode(b *testing.B) {
	one := benchEntry(1)
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
	body := benchBatch(1000, time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC))
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
	rich := benchEntry(1)
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
