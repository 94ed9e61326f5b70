package api

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/auth"
	"auditlog/auth/rights"
	"auditlog/reading"
	"auditlog/rpc"
)

// reads returns the entries about reads of a project that succeeded or broke off.
func (g *guarded) reads(project string) (reads []*audit.Entry) {
	g.t.Helper()
	for _, e := range g.entries(project) {
		if strings.HasPrefix(e.Action, "auditLog.") && e.Outcome != audit.Forbidden {
			reads = append(reads, e)
		}
	}
	return reads
}

// deploy records many entries to a project.
func (g *guarded) deploy(project string, n int) {
	g.t.Helper()
	lines := strings.Repeat(strings.Replace(deployEntry, "acme", project, 1)+"\n", n)
	g.mustCall(g.root, rpc.Record, lines, "Content-Type", rpc.TypeNDJSON)
}

// Whoever takes a project's entries away leaves two entries, a right to record or not,
// and does not find them in what he takes.
func TestExportsAreRecorded(t *testing.T) {
	g := startGuarded(t, "acme")
	g.deploy("acme", 2500)
	viewer, id := g.create(rights.Viewer, time.Time{}, "acme")
	got := g.mustCall(viewer, rpc.Export, `{"project":"acme","action":"deployment.*","from":"2020-01-01T00:00:00Z","format":"csv"}`)
	if n := strings.Count(got, "\r\n") - 1; n != 2501 || strings.Contains(got, "auditLog.export") {
		t.Fatalf("%d entries are exported", n)
	}
	if got := g.mustCall(viewer, rpc.Export, `{"project":"acme","actor":"nobody@example.com"}`); got != "" {
		t.Fatalf("exported %s", got)
	}
	reads := g.reads("acme")
	if len(reads) != 4 {
		t.Fatalf("%d entries tell of two exports", len(reads))
	}
	began, ended := reads[0], reads[1]
	for _, e := range reads {
		if e.Action != "auditLog.export" || e.Outcome != audit.Success || e.RecordedBy != audit.RecordedByLog || e.Actor.Email != "viewer@acme" ||
			e.Channel != audit.ChannelAPI || e.Request.IP == "" || e.Request.ID == "" || e.Metadata["token"] != id || e.Resource.ID != "acme" {
			t.Errorf("an export is told of as %s", e.AppendJSON(nil))
		}
	}
	if m := began.Metadata; m["step"] != "begin" || flat(m["filters"]) != `{"action":"deployment.*","from":"2020-01-01T00:00:00Z"}` ||
		m["entries"] != "" || began.Detail != "Began an export as csv" {
		t.Errorf("it began as %s", began.AppendJSON(nil))
	}
	if m := ended.Metadata; m["step"] != "end" || m["filters"] != began.Metadata["filters"] || m["entries"] != "2501" || m["whole"] != "true" ||
		m["began"] != fmt.Sprint(began.ID) || ended.Detail != "Ended an export as csv, of 2501 entries" || ended.Request.ID != began.Request.ID {
		t.Errorf("it ended as %s", ended.AppendJSON(nil))
	}
	if m := reads[3].Metadata; m["entries"] != "0" || m["whole"] != "true" || flat(m["filters"]) != `{"actor":"nobody@example.com"}` {
		t.Errorf("an export of nothing ended as %s", reads[3].AppendJSON(nil))
	}
}

// Of an export that its caller leaves, it is known how far it came at most.
func TestExportThatBreaksOff(t *testing.T) {
	g := startGuarded(t, "acme")
	for range 20 {
		g.deploy("acme", 10_000)
	}
	viewer, _ := g.create(rights.Viewer, time.Time{}, "acme")
	r := g.request(http.MethodPost, "/"+rpc.Export, `{"project":"acme"}`)
	r.Header.Set("Authorization", "Bearer "+viewer)
	r.Header.Set("Accept-Encoding", "identity")
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(res.Body).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	var last *audit.Entry
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if last, err = g.store.Get(t.Context(), "acme", g.store.LastID()); err == nil && last.Metadata["step"] == "end" {
			break
		}
	}
	if m := last.Metadata; last.Outcome != audit.Error || m["step"] != "end" || m["whole"] != "false" || m["entries"] == "200001" || m["began"] == "" {
		t.Errorf("it broke off as %s", last.AppendJSON(nil))
	}
}

// What cannot be recorded is not read.
func TestExportThatCannotBeRecorded(t *testing.T) {
	g := startGuarded(t, "acme")
	g.stop()
	f := start(t, Options{Store: g.store, Auth: g.keeper, Reading: reading.New(reading.Options{Storage: failing{}})})
	g.fixture = f
	status, body := g.call(g.root, rpc.Export, `{"project":"acme"}`)
	if status != http.StatusServiceUnavailable || strings.Contains(body, "deployment") || strings.Contains(body, "the disk") {
		t.Errorf("%d %s", status, body)
	}
}

// failing is a Storage that fails.
type failing struct{}

func (failing) RecordOwn(context.Context, *audit.Entry) error { return errors.New("the disk is gone") }

// A flood of exports fills no disk, and none of them is lost.
func TestFloodOfExports(t *testing.T) {
	g := startGuarded(t, "acme")
	viewer, _ := g.create(rights.Viewer, time.Time{}, "acme")
	for range 500 {
		g.mustCall(viewer, rpc.Export, `{"project":"acme","resourceType":"Deployment"}`)
	}
	reads := g.reads("acme")
	single, folded := 0, 0
	for _, e := range reads {
		switch {
		case e.Metadata["step"] == "begin":
			single++
		case e.Metadata["step"] == "" && e.Metadata["count"] != "":
			var n int
			fmt.Sscan(e.Metadata["count"], &n)
			folded += n
			if e.Metadata["entries"] != e.Metadata["count"] { // one each
				t.Errorf("told of as %s", e.AppendJSON(nil))
			}
		case e.Metadata["step"] == "":
			folded++
		}
	}
	if len(reads) > 130 || single+folded != 500 {
		t.Errorf("500 exports are told of in %d entries, as %d and %d", len(reads), single, folded)
	}
}

// Lists, counts and single entries are recorded where that is configured, and many as one.
func TestReadsInPages(t *testing.T) {
	for _, tt := range []struct {
		scope reading.Scope
		want  string
	}{
		{reading.Exports, ""},
		{reading.Searches, `auditLog.list {"actor":"ada@example.com"} 30; auditLog.list {"resourceType":"secret"} `},
		{reading.All, `auditLog.get  ; auditLog.list  ; auditLog.list {"actor":"ada@example.com"} 30; auditLog.list {"resourceType":"secret"} ; auditLog.stats  `},
	} {
		t.Run(string(tt.scope), func(t *testing.T) {
			g := startGuardedScope(t, auth.Options{}, tt.scope, "acme")
			viewer, _ := g.create(rights.Viewer, time.Time{}, "acme")
			for range 30 {
				g.mustCall(viewer, rpc.List, `{"project":"acme","actor":"ada@example.com"}`)
			}
			g.mustCall(viewer, rpc.List, `{"project":"acme","resourceType":"Secret"}`)
			g.mustCall(viewer, rpc.List, `{"project":"acme"}`)
			g.mustCall(viewer, rpc.Stats, `{"project":"acme"}`)
			g.mustCall(viewer, rpc.Get, `{"project":"acme","id":`+fmt.Sprint(firstID(g))+`}`)
			g.call(viewer, rpc.List, `{"project":"beta","actor":"ada@example.com"}`) // refused
			told := map[string]int{}
			for _, e := range g.reads("acme") {
				n := 1
				if c := e.Metadata["count"]; c != "" {
					fmt.Sscan(c, &n)
				}
				told[e.Action+" "+flat(e.Metadata["filters"])] += n
				if e.Actor.Email != "viewer@acme" || e.RecordedBy != audit.RecordedByLog {
					t.Errorf("told of as %s", e.AppendJSON(nil))
				}
			}
			var got []string
			for _, key := range slices.Sorted(maps.Keys(told)) {
				count := ""
				if told[key] > 1 {
					count = fmt.Sprint(told[key])
				}
				got = append(got, key+" "+count)
			}
			if s := strings.Join(got, "; "); s != tt.want {
				t.Errorf("told of %q, want %q", s, tt.want)
			}
		})
	}
}

// firstID returns the id of an entry of acme.
func firstID(g *guarded) int64 {
	for id := int64(1); ; id++ {
		if _, err := g.store.Get(g.t.Context(), "acme", id); err == nil {
			return id
		}
	}
}

// flat writes lists of one value as that value.
func flat(filters string) string { return strings.NewReplacer("[", "", "]", "").Replace(filters) }
