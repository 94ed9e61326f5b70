package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"auditlog/bench/peer"
	"auditlog/bench/work"
	"auditlog/store/kv/pgkv/pgtest"
)

// TestRun does all the work with few entries, beside whichever logs are installed,
// and so compares what they answer.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	docs := filepath.Join(dir, "performance.md")
	if err := os.WriteFile(docs, []byte("before\n<!-- bench 5000 begin -->\nold\n<!-- bench 5000 end -->\nafter\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	base, err := os.MkdirTemp("", "auditlog-bench-") // t.TempDir is closed to PostgreSQL's user
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(base)
	var out bytes.Buffer
	cfg := config{
		n: 5000, runs: 1, seed: 1, logs: "auditlog,sqlite,postgres", requests: 200, within: time.Second,
		idleFor: 10 * time.Millisecond, undisturbed: 10 * time.Millisecond, end: time.Now(),
		base: base, json: filepath.Join(dir, "figures.json"), docs: docs, out: &out, err: t.Output(),
	}
	if err := run(t.Context(), cfg, "make bench"); err != nil {
		t.Fatal(err)
	}
	var r report
	b, err := os.ReadFile(cfg.json)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	wantFigures(t, &r)
	for _, name := range works() {
		if !bytes.Contains(out.Bytes(), []byte("### "+name+"\n")) {
			t.Errorf("no table %s in\n%s", name, &out)
		}
	}
	written, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(written, []byte("before\n<!-- bench 5000 begin -->\n5,000 entries")) || bytes.Contains(written, []byte("old\n")) ||
		!bytes.HasSuffix(written, []byte("<!-- bench 5000 end -->\nafter\n")) || !bytes.Contains(written, []byte("### Targets")) {
		t.Errorf("the documentation is\n%s", written)
	}
}

// wantFigures checks that every log has a figure of everything that all do.
func wantFigures(t *testing.T, r *report) {
	logs := []string{"auditlog", "SQLite", "PostgreSQL"}
	if _, err := peer.NewPostgres(""); errors.Is(err, pgtest.ErrNotInstalled) {
		t.Log(err)
		logs = logs[:2]
	}
	rows := []row{
		{workBulk, "batches of 1,000, 4 loaders", unitRate},
		{workSingle, "64 clients", unitRate},
		{workListings, "entries compared between the logs", unitNumber},

		{workCounts, "all of a project, p50", unitTime},
		{workCounts, "of an actor, p99", unitTime},
		{workSearch, "a common word, p50", unitTime},
		{workDisk, "as it is, indexes included", unitBytes},
		{workStart, "after a stop, until the first answer", unitTime},
		{workCold, "the first listing, median of ten", unitTime},
		{workPurge, "writers meanwhile, p99", unitTime},
	}
	for _, l := range work.Listings() {
		rows = append(rows, row{workListings, l.Name + ", p50", unitTime}, row{workListings, l.Name + ", p99", unitTime})
	}
	for _, at := range []row{
		{workListings, "newest" + viaClient + ", p50", unitTime}, {workSingle, "64 clients" + viaClient, unitRate},
		{workProofs, "bulk with", unitRate}, {workProofs, "bulk without", unitRate}, {workProofs, "verify of the newer half", unitSeconds},
	} {
		if l := r.line(at); l == nil || len(l.Figures) != 1 {
			t.Errorf("%v is not measured of this log alone", at)
		}
	}
	for _, at := range rows {
		l := r.line(at)
		if l == nil {
			t.Errorf("no figures of %v", at)
			continue
		}
		for _, log := range logs {
			if v, ok := l.figure(log); !ok || v <= 0 {
				t.Errorf("%s: %v is %v", log, at, v)
			}
		}
	}
	if judged := targets(r.Entries); len(judged) < 25 {
		t.Errorf("only %d targets", len(judged))
	}
	for _, goal := range targets(r.Entries) {
		if r.line(goal.row) == nil {
			t.Errorf("nothing measures the target %v", goal.row)
		}
	}
}

func TestConfigRefused(t *testing.T) {
	for _, cfg := range []config{{n: 10, runs: 1}, {n: 5000}, {n: 5000, runs: 1, only: "nonsense"}} {
		if cfg.check() == nil {
			t.Errorf("%+v is taken", cfg)
		}
	}
	if _, err := (&config{logs: "oracle"}).makers(); err == nil {
		t.Error("an unknown log is taken")
	}
}
