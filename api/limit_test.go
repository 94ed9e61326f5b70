package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/rpc"
	"auditlog/store"
)

// What is over a limit is refused with the limit's name and when to come again, and told of by
// few entries however many the calls.
func TestLimits(t *testing.T) {
	st := openStore(t, store.Options{Limits: []audit.Limit{
		{Name: "tenant", Each: audit.EachProject, Only: []string{"acme"}, BytesPerDay: 1000},
		{Name: "slow", Each: audit.EachProject, EntriesPerSecond: 1},
	}})
	keeper := devKeeper(t, st)
	f := start(t, Options{Store: st, Auth: keeper})
	recorded := 0
	for ; recorded < 100; recorded++ {
		if res, _ := f.post(rpc.Record, deployEntry); res.StatusCode != http.StatusOK {
			break
		}
	}
	for range 50 {
		res, answer := f.post(rpc.Record, deployEntry)
		after, err := strconv.Atoi(res.Header.Get("Retry-After"))
		if res.StatusCode != http.StatusTooManyRequests || err != nil || after < 1 || after > 24*60*60+1 ||
			!strings.Contains(answer, `"code":"rate_limited"`) || !strings.Contains(answer, `"limit":"tenant"`) ||
			!strings.Contains(answer, `the limit \"tenant\" of this log lets project acme record 1000 bytes a day (UTC); nothing was stored`) {
			t.Fatalf("%s, again after %q: %s", res.Status, res.Header.Get("Retry-After"), answer)
		}
	}
	if recorded < 3 || recorded > 20 {
		t.Errorf("%d entries are within 1000 bytes", recorded)
	}

	// Of a stream what came before is in the log, and the answer says how much.
	other := strings.ReplaceAll(deployEntry, `"acme"`, `"other"`)
	stream := strings.Repeat(other+"\n", 2500)
	res, answer := f.post(rpc.Record, stream, "Content-Type", rpc.TypeNDJSON)
	if res.StatusCode != http.StatusTooManyRequests || !strings.Contains(answer, `"recorded":1000`) || !strings.Contains(answer, `"limit":"slow"`) {
		t.Errorf("a stream: %s %s", res.Status, answer)
	}
	if after, _ := strconv.Atoi(res.Header.Get("Retry-After")); after < 900 || after > 1001 {
		t.Errorf("a batch of 1000 is made up for after %d s", after)
	}
	if _, page := f.do(f.request(http.MethodGet, "/metrics", "")); !strings.Contains(page, `auditlog_limit_refusals_total{amount="bytes-per-day",limit="tenant"} 51`) ||
		!strings.Contains(page, `auditlog_tail_share{of="project"}`) {
		t.Errorf("the metrics do not count the refusals:\n%s", page)
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := keeper.Run(ctx); err != nil {
		t.Fatal(err)
	}
	page, err := audittest.List(t.Context(), f.store, audit.Query{Project: "acme", Is: audit.Terms{"action": {rpc.Record}}}, audit.Paging{})
	if err != nil || len(page.Entries) < 1 || len(page.Entries) > 3 {
		t.Fatalf("%d entries tell of 51 refusals, %v", len(page.Entries), err)
	}
	told := 0
	for _, e := range page.Entries {
		if e.Outcome != audit.Forbidden || e.Metadata["limit"] != "tenant" || e.Metadata["amount"] != "bytes-per-day" ||
			e.Metadata["limited"] != "acme" || e.RecordedBy != audit.RecordedByLog {
			t.Errorf("the entry is %s", e.AppendJSON(nil))
		}
		n := 1
		if c := e.Metadata["count"]; c != "" {
			n, _ = strconv.Atoi(c)
		}
		told += n
	}
	if told != 51 {
		t.Errorf("the entries tell of %d refusals of 51", told)
	}
}
