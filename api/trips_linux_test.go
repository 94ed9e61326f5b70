package api

import (
	"testing"

	"auditlog/auth"
	"auditlog/rpc"
	"auditlog/store"
	"auditlog/store/kv/pgkv/pgtest"
)

// A call that reads or records asks a database that is far away once: whether its token still counts is
// asked along with that.
func TestOneRoundTripACall(t *testing.T) {
	server := pgtest.StartServer(t)
	proxy := server.Proxy(t)
	st, err := store.Connect(pgtest.At(t, server.Database(t), proxy.Address()), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	keeper, err := auth.Open(st, auth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	g := &guarded{fixture: start(t, Options{Store: st, Auth: keeper}), keeper: keeper}
	if err := keeper.Start(t.Context(), "", func(secret string) error { g.root = secret; return nil }); err != nil {
		t.Fatal(err)
	}
	g.mustCall(g.root, rpc.Record, deployEntry)
	if err := st.Seal(); err != nil {
		t.Fatal(err)
	}
	var trips pgtest.Trips
	proxy.CloseAt(trips.See)
	for method, body := range map[string]string{rpc.Record: deployEntry, rpc.List: `{"project":"acme"}`} {
		n, told := 2, ""
		for range 20 { // the node itself looks now and then, and seals
			trips.Taken()
			g.mustCall(g.root, method, body)
			if n, told = trips.Taken(); n == 1 {
				break
			}
		}
		if n != 1 {
			t.Errorf("%s took %d round trips, want 1:\n%s", method, n, told)
		}
	}
}
