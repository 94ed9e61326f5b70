package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"auditlog/rpc"
)

// deploysList lists as a client of deploys.app does.
func (f *fixture) deploysList(t *testing.T, body string) []map[string]any {
	t.Helper()
	_, answer := f.post(rpc.List, body, "X-Deploys-Channel", "cli")
	var got struct {
		OK     bool
		Result struct{ Items []map[string]any }
	}
	if err := json.Unmarshal([]byte(answer), &got); err != nil || !got.OK {
		t.Fatalf("%s: %s", body, answer)
	}
	return got.Result.Items
}

// Clients of deploys.app page by the time of the last entry that they have. They must meet
// every entry once, however many have the same time.
func TestDeploysPaging(t *testing.T) {
	f := start(t, Options{})
	at := func(i int) string { return testNow.Add(-time.Duration(i) * time.Second).Format(time.RFC3339Nano) }
	var batch []string
	for _, group := range []struct{ second, n int }{{1, 3}, {2, 260}, {3, 1}, {4, 2500}, {5, 120}} {
		for range group.n {
			batch = append(batch, added(`"createdAt":"`+at(group.second)+`"`))
		}
	}
	f.ok(rpc.Record, batchOf(batch...), nil)
	for _, limit := range []int{0, 1, 7, 50, 100, 1000} {
		var ids []float64
		var sizes []int
		before := ""
		for {
			items := f.deploysList(t, fmt.Sprintf(`{"project":"acme","limit":%d%s}`, limit, before))
			if len(items) == 0 {
				break
			}
			for _, e := range items {
				ids = append(ids, e["id"].(float64))
			}
			sizes = append(sizes, len(items))
			before = fmt.Sprintf(`,"before":%q`, items[len(items)-1]["createdAt"])
		}
		found := len(ids)
		slices.Sort(ids)
		if found != len(batch) || len(slices.Compact(ids)) != found {
			t.Errorf("limit %d: pages of %v, %d entries of %d", limit, sizes, found, len(batch))
		}
		if limit == 1000 && sizes[0] != 263 {
			t.Errorf("a limit of 1000 gives %d, which begins as one of 100", sizes[0])
		}
	}
	// The cursor goes on behind what was added.
	_, answer := f.post(rpc.List, `{"project":"acme","limit":50}`, "X-Deploys-Channel", "cli")
	var first rpc.Answer[rpc.ListResult]
	decodeAnswer(t, answer, &first)
	next := f.deploysList(t, fmt.Sprintf(`{"project":"acme","limit":1,"cursor":%q}`, first.Result.NextCursor))
	if len(first.Result.Items) != 263 || len(next) != 1 || next[0]["createdAt"] != at(3)[:19]+".000000Z" {
		t.Errorf("%d entries, and behind them %v", len(first.Result.Items), next)
	}
}

func TestDeploysOutcomes(t *testing.T) {
	f := start(t, Options{})
	f.ok(rpc.Record, batchOf(deployEntry, strings.Replace(added(`"detail":"no permission"`), `"success"`, `"forbidden"`, 1), edited(`"success"`, `"error"`)), nil)
	want := [][2]any{{"failure", "error"}, {"failure", "forbidden: no permission"}, {"success", ""}}
	for i, e := range f.deploysList(t, `{"project":"acme"}`) {
		if e["outcome"] != want[i][0] || e["detail"] != want[i][1] {
			t.Errorf("entry %v is shown as %v, %v", e["id"], e["outcome"], e["detail"])
		}
	}
	if _, one := f.post(rpc.Get, `{"project":"acme","id":2}`, "X-Deploys-Channel", "console"); !strings.Contains(one, `"outcome":"failure","detail":"forbidden: no permission"`) {
		t.Errorf("got %s", one)
	}
	// Others, and the log itself, have what was recorded.
	if _, one := f.post(rpc.Get, `{"project":"acme","id":2}`); !strings.Contains(one, `"outcome":"forbidden","detail":"no permission"`) {
		t.Errorf("got %s", one)
	}
}
