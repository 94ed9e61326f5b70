package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"auditlog/auth"
	"auditlog/auth/rights"
	"auditlog/rpc"
	"auditlog/store"
	"auditlog/store/nodestest"
)

// What one node revokes or rotates counts on the others for calls that come from then on, also for those
// that are let in by what their node knows and asked about once it has read.
func TestTokenEndsOnAnotherNode(t *testing.T) {
	var nodes []*guarded
	root := ""
	for _, st := range nodestest.Open(t, 2, store.Options{}) {
		keeper, err := auth.Open(st, auth.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := keeper.Start(t.Context(), "", func(secret string) error { root = secret; return nil }); err != nil {
			t.Fatal(err)
		}
		nodes = append(nodes, &guarded{fixture: start(t, Options{Store: st, Auth: keeper}), keeper: keeper})
	}
	nodes[0].root, nodes[1].root = root, root
	var recorded rpc.Answer[rpc.RecordResult]
	if err := json.Unmarshal([]byte(nodes[0].mustCall(root, rpc.Record, deployEntry)), &recorded); err != nil {
		t.Fatal(err)
	}
	calls := map[string]string{
		rpc.List:   `{"project":"acme"}`,
		rpc.Get:    fmt.Sprintf(`{"project":"acme","id":%d}`, recorded.Result.FirstID),
		rpc.Stats:  `{"project":"acme"}`,
		rpc.Record: deployEntry,
		rpc.Export: `{"project":"acme"}`,
	}
	endings := []struct{ method, body string }{{rpc.TokenRevoke, `{"id":%q}`}, {rpc.TokenRotate, `{"id":%q,"graceSeconds":0}`}}
	for method, body := range calls {
		for i, ending := range endings {
			one, other := nodes[i], nodes[1-i]
			secret, id := one.create(rights.Admin, time.Time{}, "acme")
			other.mustCall(secret, method, body) // which it does not know before
			one.mustCall(root, ending.method, fmt.Sprintf(ending.body, id))
			if status, answer := other.call(secret, method, body); status != http.StatusUnauthorized {
				t.Errorf("%s behind %s on another node: %d %s", method, ending.method, status, answer)
			}
		}
	}
}
