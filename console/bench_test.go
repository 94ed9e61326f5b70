package console

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/auth"
	"auditlog/console/clock"
	"auditlog/retention"
	"auditlog/store"
)

// BenchmarkPage measures the page of entries of a large project, as the server
// makes it: a million entries, or as many as AUDITLOG_BENCH_ENTRIES says.
func BenchmarkPage(b *testing.B) {
	n := 1_000_000
	if s := os.Getenv("AUDITLOG_BENCH_ENTRIES"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			b.Fatal(err)
		}
	}
	h := largeConsole(b, n)
	for name, path := range map[string]string{
		"all":       "/logs?project=acme",
		"30d":       "/logs?project=acme&range=30d",
		"forbidden": "/logs?project=acme&outcome=forbidden",
		"three":     "/logs?project=acme&range=90d&outcome=forbidden&resourceType=Deployment&actor=user7@example.com",
		"none":      "/logs?project=acme&actor=nobody@example.com",
		"entry":     "/logs?project=acme&entry=500000",
		"rows":      "/logs?project=acme&part=rows",
		"word":      "/logs?project=acme&q=revision",
		"rare":      "/logs?project=acme&q=500123",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				r := httptest.NewRequest(http.MethodGet, "http://localhost"+path, nil)
				r.RemoteAddr = "127.0.0.1:1234"
				r.Header.Set("Accept-Encoding", "gzip")
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				if w.Code != http.StatusOK {
					b.Fatalf("%d\n%s", w.Code, w.Body)
				}
				b.ReportMetric(float64(w.Body.Len()), "bytes/page")
			}
		})
	}
}

func largeConsole(b *testing.B, n int) http.Handler {
	s, err := store.Open(b.TempDir(), store.Options{Now: func() time.Time { return testNow }})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	for i := 0; i < n; i += 1000 {
		batch := make([]*audit.Entry, 0, 1000)
		for j := i; j < i+1000; j++ {
			batch = append(batch, largeEntry(j, n))
		}
		if _, err := s.Record(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	k, err := auth.OpenDev(s, auth.Options{})
	if err != nil {
		b.Fatal(err)
	}
	h, err := New(Options{Store: s, Auth: k, Retention: retention.New(s, retention.Options{}), Now: func() time.Time { return testNow }})
	if err != nil {
		b.Fatal(err)
	}
	return h
}

// largeEntry returns the i-th of n entries over 400 days.
func largeEntry(i, n int) *audit.Entry {
	outcome := audit.Success
	if i%20 == 0 {
		outcome = audit.Forbidden
	} else if i%50 == 1 {
		outcome = audit.Error
	}
	types := []string{"Deployment", "Deployment", "Deployment", "Route", "Domain", "Disk", "Role"}
	verbs := []string{"deploy", "deploy", "scale", "create", "delete"}
	kind := types[i*7919%len(types)]
	return &audit.Entry{
		Project: "acme", Actor: audit.Actor{Email: fmt.Sprintf("user%d@example.com", i*31%97)},
		Action:   fmt.Sprintf("%s.%s", kind, verbs[i*104729%len(verbs)]),
		Resource: audit.Resource{Type: kind, ID: strconv.Itoa(i * 17 % 5000), Name: fmt.Sprintf("service-%d", i*17%500), LocationID: "gke.cluster-rcf2"},
		Outcome:  outcome, Detail: fmt.Sprintf("Deployed revision %d", i), Channel: audit.ChannelCLI,
		CreatedAt: testNow.Add(-400 * clock.Day / time.Duration(n) * time.Duration(n-i)),
	}
}
