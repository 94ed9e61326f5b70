package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"auditlog/api/dialect"
	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/rpc"
	"auditlog/store"
)

// Whoever comes second with a key that somebody has used for something else is told, and what
// the first entry holds is told to nobody.
func TestConflict(t *testing.T) {
	f := start(t, Options{})
	first := added(`"key":"deploy-4711","detail":"hidden"`)
	second := added(`"key":"deploy-4711"`)
	f.ok(rpc.Record, first, nil)

	res, answer := f.post(rpc.Record, second)
	if res.StatusCode != http.StatusConflict || !strings.Contains(answer, "entry 1 has this key already") || !strings.Contains(answer, `"path":"key"`) {
		t.Errorf("a single entry: %s %s", res.Status, answer)
	}
	if strings.Contains(answer, "hidden") {
		t.Errorf("the answer tells of the first entry: %s", answer)
	}
	f.ok(rpc.Record, first, nil) // is still a duplicate

	var batch rpc.RecordResult
	f.ok(rpc.Record, batchOf(second, deployEntry), &batch)
	if batch.Conflicts != 1 || batch.Recorded != 1 || batch.Entries[0] != (rpc.Recorded{ID: 1, Conflict: true}) || batch.Entries[1].ID == 0 {
		t.Errorf("a batch: %+v", batch)
	}

	_, answer = f.post(rpc.Record, first+"\n"+deployEntry+"\n"+second+"\n", "Content-Type", rpc.TypeNDJSON)
	if !strings.Contains(answer, `"conflicts":1`) || !strings.Contains(answer, `"conflictLines":[{"line":3,"id":1}]`) || !strings.Contains(answer, `"duplicates":1`) {
		t.Errorf("a stream: %s", answer)
	}

	res, answer = f.post(rpc.Record, second, dialect.Header, "cli")
	if res.StatusCode != http.StatusOK || !strings.Contains(answer, `{"id":1,"duplicate":true}`) || strings.Contains(answer, "conflict") {
		t.Errorf("a client of deploys.app: %s %s", res.Status, answer)
	}
	if _, page := f.do(f.request(http.MethodGet, "/metrics", "")); !strings.Contains(page, `auditlog_entries_total{result="conflict"} 4`) {
		t.Error("the metrics do not count the conflicts")
	}
}

// Conflicts leave entries, few of them however many the conflicts.
func TestConflictsAreTold(t *testing.T) {
	st := openStore(t, store.Options{})
	keeper := devKeeper(t, st)
	f := start(t, Options{Store: st, Auth: keeper})
	f.ok(rpc.Record, added(`"key":"k"`), nil)
	for i := range 200 {
		f.ok(rpc.Record, batchOf(added(fmt.Sprintf(`"key":"k","detail":"%d"`, i)), added(`"key":"k","detail":"x"`)), nil)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := keeper.Run(ctx); err != nil {
		t.Fatal(err)
	}
	page, err := audittest.List(t.Context(), f.store, audit.Query{Project: "acme", Is: audit.Terms{"action": {rpc.Record}}}, audit.Paging{})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(page.Entries); n < 1 || n > 3 {
		t.Fatalf("%d entries tell of 400 conflicts", n)
	}
	told := 0
	for _, e := range page.Entries {
		if e.Outcome != audit.Error || e.Resource.ID != "1" || e.Metadata["conflictingKey"] != "k" || e.RecordedBy != audit.RecordedByLog {
			t.Errorf("the entry is %s", e.AppendJSON(nil))
		}
		n := 1
		if c := e.Metadata["count"]; c != "" {
			fmt.Sscan(c, &n)
		}
		told += n
	}
	if told != 400 {
		t.Errorf("the entries tell of %d conflicts of 400", told)
	}
}
