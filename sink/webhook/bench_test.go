package webhook_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"auditlog/sink"
	"auditlog/sink/kinds"
	"auditlog/sink/sinktest"
)

// BenchmarkHTTP delivers to a receiver on this machine that counts lines, in batches of 5,000.
func BenchmarkHTTP(b *testing.B) {
	entries := sinktest.Entries(5000)
	for _, bb := range []struct{ name, format, body, gzip string }{
		{"message", "json", "message", "no"}, {"lines", "json", "lines", "no"}, {"gzip", "json", "lines", "yes"}, {"ocsf", "ocsf", "lines", "no"},
	} {
		b.Run(bb.name, func(b *testing.B) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			lines := 0
			srv := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					b.Error(err)
				}
				lines += bytes.Count(body, []byte("\n"))
			})}
			go srv.Serve(l)
			defer srv.Close()
			d, err := kinds.Open(sink.Config{To: "http://" + l.Addr().String(), Format: bb.format, Settings: map[string]string{"body": bb.body, "gzip": bb.gzip}}, sinktest.Environment())
			if err != nil {
				b.Fatal(err)
			}
			defer d.Close()
			began := time.Now()
			n := 0
			for b.Loop() {
				if err := d.Deliver(b.Context(), sinktest.Batch(entries)); err != nil {
					b.Fatal(err)
				}
				n += len(entries)
			}
			if bb.body == "lines" && bb.gzip == "no" && lines != n {
				b.Errorf("%d lines arrived of %d", lines, n)
			}
			b.ReportMetric(float64(n)/time.Since(began).Seconds(), "entries/s")
		})
	}
}
