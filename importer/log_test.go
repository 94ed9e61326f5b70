package importer_test

import (
	"bytes"
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"auditlog/api"
	"auditlog/audit"
	"auditlog/auth"
	"auditlog/client"
	"auditlog/importer"
	"auditlog/importer/cloudtrail"
	"auditlog/retention"
	"auditlog/rpc"
	"auditlog/store"
)

// start starts a real log and returns a client of it.
func start(t *testing.T) *client.Client {
	t.Helper()
	st, err := store.Open(t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	keeper, err := auth.OpenDev(st, auth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server, err := api.New(api.Options{Store: st, Auth: keeper, Retention: retention.New(st, retention.Options{})})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(server)
	t.Cleanup(func() {
		srv.Close()
		if _, err := st.Check(context.Background(), func(problem string) { t.Error(problem) }); err != nil {
			t.Error(err)
		}
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return &client.Client{URL: srv.URL, HTTP: srv.Client()}
}

// into returns a sink that records, and stops at what cannot be.
func into(w *client.Writer) importer.Sink {
	return importer.Sink{
		Entry:   func(_ importer.Place, e audit.Entry) error { return w.Write(e) },
		Refused: func(_ importer.Place, err error) error { return err },
	}
}

// importAll imports CloudTrail files.
func importAll(t *testing.T, c *client.Client, files []string) (res rpc.RecordResult, skipped int64) {
	t.Helper()
	w := c.NewWriter(t.Context())
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		passed, err := cloudtrail.Read(f, cloudtrail.Options{Project: "aws"}, into(w))
		f.Close()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		skipped += passed.Reads
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.Result(), skipped
}

// TestImportTwice imports what a log may get twice, and finds it there once. What
// it exports is imported into another log, twice too.
func TestImportTwice(t *testing.T) {
	files := []string{filepath.Join("cloudtrail", "testdata", "events.json")}
	want, wantSkipped, forbidden := int64(29), int64(2), 3
	dir := os.Getenv("AUDITLOG_TESTDATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "data")
	}
	if found, _ := filepath.Glob(filepath.Join(dir, "cloudtrail", "*.json")); len(found) > 0 {
		files, want, wantSkipped, forbidden = found, 469, 1624, 1
	} else {
		t.Logf("no CloudTrail files in %s: set AUDITLOG_TESTDATA to test with real ones", dir)
	}

	c := start(t)
	if res, skipped := importAll(t, c, files); res.Recorded != want || res.Duplicates != 0 || skipped != wantSkipped {
		t.Errorf("imported %+v, %d skipped", res, skipped)
	}
	if res, skipped := importAll(t, c, files); res.Recorded != 0 || res.Duplicates != want || skipped != wantSkipped {
		t.Errorf("imported again %+v, %d skipped", res, skipped)
	}
	page, err := c.ListPage(t.Context(), rpc.ListRequest{Query: rpc.Query{Project: "aws", Terms: rpc.Terms{Outcome: rpc.Values{"forbidden"}}}})
	if err != nil || len(page.Items) != forbidden {
		t.Errorf("%d entries are forbidden, %v", len(page.Items), err)
	}

	var export bytes.Buffer
	if err := c.Export(t.Context(), rpc.ExportRequest{Query: rpc.Query{Project: "aws"}}, &export); err != nil {
		t.Fatal(err)
	}
	other := start(t)
	for range 2 {
		w := other.NewWriter(t.Context())
		if _, err := importer.NDJSON(bytes.NewReader(export.Bytes()), "", into(w)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	stats, err := other.Stats(t.Context(), rpc.StatsRequest{Query: rpc.Query{Project: "aws"}})
	if err != nil || stats.Total != want || stats.Outcomes.Forbidden != int64(forbidden) {
		t.Errorf("the other log has %+v, %v", stats, err)
	}
}

// TestExportWithoutKeys: entries without keys are known again as well.
func TestExportWithoutKeys(t *testing.T) {
	c := start(t)
	line := `{"project":"aws","actor":{"email":"ada"},"action":"a.b","resource":{"type":"T"},"outcome":"success"}` + "\n"
	if _, err := c.RecordNDJSON(t.Context(), bytes.NewReader(bytes.Repeat([]byte(line), 3))); err != nil {
		t.Fatal(err)
	}
	var export bytes.Buffer
	if err := c.Export(t.Context(), rpc.ExportRequest{Query: rpc.Query{Project: "aws"}}, &export); err != nil {
		t.Fatal(err)
	}
	other := start(t)
	var results []rpc.RecordResult
	for range 2 {
		w := other.NewWriter(t.Context())
		if _, err := importer.NDJSON(bytes.NewReader(export.Bytes()), "", into(w)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		results = append(results, w.Result())
	}
	if results[0].Recorded != 3 || results[1].Recorded != 0 || results[1].Duplicates != 3 {
		t.Errorf("imported %+v", results)
	}
}
