package api

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"auditlog/audit/audittest"
	"auditlog/rpc"
	"auditlog/store"
)

// benchStart starts a server whose store keeps the time.
func benchStart(b *testing.B) *fixture {
	b.Helper()
	st, err := store.Open(b.TempDir(), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { st.Close() })
	return start(b, Options{Store: st})
}

// send posts a body and throws the answer away.
func (f *fixture) send(b *testing.B, method, contentType string, body []byte) {
	res, err := http.Post(f.url+"/"+method, contentType, bytes.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK {
		b.Fatal(res.Status, err)
	}
}

func BenchmarkRecord(b *testing.B) {
	for _, n := range []int{1, 1000} {
		b.Run(fmt.Sprintf("batch=%d", n), func(b *testing.B) {
			f := benchStart(b)
			body := audittest.Batch(n, time.Time{})
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					f.send(b, rpc.Record, rpc.TypeJSON, body)
				}
			})
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}

func BenchmarkList(b *testing.B) {
	f := benchStart(b)
	f.send(b, rpc.Record, rpc.TypeJSON, audittest.Batch(5000, time.Time{}))
	for _, limit := range []int{50, 1000} {
		b.Run(fmt.Sprintf("limit=%d", limit), func(b *testing.B) {
			body := fmt.Appendf(nil, `{"project":"acme","limit":%d}`, limit)
			b.ReportAllocs()
			for b.Loop() {
				f.send(b, rpc.List, rpc.TypeJSON, body)
			}
		})
	}
}

// BenchmarkHandlers leaves the connection out.
func BenchmarkHandlers(b *testing.B) {
	f := benchStart(b)
	f.send(b, rpc.Record, rpc.TypeJSON, audittest.Batch(5000, time.Time{}))
	b.Run("get", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r := f.request(http.MethodPost, "/auditLog.get", `{"project":"acme","id":7}`)
			r.RemoteAddr = "127.0.0.1:1" // development mode answers this machine alone
			f.serve(b, r)
		}
	})
	g := startGuarded(b) // development mode answers no proxy
	g.fill(5000, 10, "Authorization", "Bearer "+g.root)
	for _, encoding := range []string{"identity", "gzip"} {
		b.Run("list/"+encoding, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := f.request(http.MethodPost, "/auditlog.list", `{"project":"acme"}`, "Accept-Encoding", encoding, "Via", "a proxy",
					"Authorization", "Bearer "+g.root)
				g.serve(b, r)
			}
		})
	}
}

// serve answers a request without a connection, which must succeed.
func (f *fixture) serve(b *testing.B, r *http.Request) {
	d := &discard{header: make(http.Header)}
	f.api.ServeHTTP(d, r)
	if d.status != http.StatusOK {
		b.Fatal("answered with ", d.status)
	}
}

// discard is a ResponseWriter that keeps nothing but the status.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(status int)      { d.status = status }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
