package client

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"auditlog/audit"
)

// BenchmarkRecord records single entries of many goroutines with the client that a
// Client has by itself.
func BenchmarkRecord(b *testing.B) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		time.Sleep(time.Millisecond) // as a disk takes
		_, _ = io.WriteString(w, `{"ok":true,"result":{"recorded":1,"duplicates":0,"skipped":0,"firstId":1,"lastId":1,"entries":[{"id":1}]}}`)
	}))
	b.Cleanup(srv.Close)
	c := &Client{URL: srv.URL, Token: "secret"}
	e := audit.Entry{
		Project: "acme", Actor: audit.Actor{Email: "ada@example.com"}, Action: "deployment.deploy",
		Resource: audit.Resource{Type: "Deployment", Name: "web"}, Outcome: audit.Success,
	}
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := c.Record(b.Context(), e); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
