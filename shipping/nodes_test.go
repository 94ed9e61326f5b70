package shipping

import (
	"context"
	"slices"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/store"
	"auditlog/store/nodestest"
)

// Of several nodes one delivers to a sink. Where it ends, another goes on behind what was
// delivered; a sink can be made, changed and looked at on each.
func TestSinksOfNodes(t *testing.T) {
	var of receivers
	nodes := nodestest.Open(t, 2, store.Options{Search: search})
	engines := make([]*Engine, len(nodes))
	stops := make([]func(), len(nodes))
	for i, log := range nodes {
		e, err := Open(t.Context(), log, Options{Open: of.openDest, Duty: log})
		if err != nil {
			t.Fatal(err)
		}
		engines[i] = e
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = log.WhileOnDuty(ctx, e.Run)
		}()
		stops[i] = func() { cancel(); <-ended }
	}
	defer func() {
		for _, stop := range stops {
			stop()
		}
	}()
	record := func(log *store.Store, n int) (ids []int64) {
		var entries []*audit.Entry
		for range n {
			entries = append(entries, entry("acme", "deployment.deploy"))
		}
		results, err := log.Record(t.Context(), entries)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range results {
			ids = append(ids, r.ID)
		}
		return ids
	}
	if _, err := engines[0].Create(t.Context(), Sink{Name: "one", Project: "acme", To: "test:one"}, Start{}, entry(audit.SystemProject, "sink.create")); err != nil {
		t.Fatal(err)
	}
	var want []int64
	arrive := func(what string) {
		t.Helper()
		var got []int64
		for end := time.Now().Add(20 * time.Second); time.Now().Before(end) && len(got) < len(want); time.Sleep(20 * time.Millisecond) {
			got = append(got, of.of("test:one").ids()...)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%s: %v came, want %v", what, got, want)
		}
		want = nil
	}
	want = append(record(nodes[0], 3), record(nodes[1], 3)...)
	arrive("recorded on both")

	// The other node pauses it, which it takes over for.
	if st, err := engines[1].Pause(t.Context(), "one", entry(audit.SystemProject, "sink.pause")); err != nil || st.State != Paused {
		t.Fatalf("paused on the other node it is %s, %v", st.State, err)
	}
	if nodes[0].OnDuty() || !nodes[1].OnDuty() {
		t.Error("the node that changes the sink is not on duty")
	}
	time.Sleep(seenEvery)
	if st, err := engines[0].Get(t.Context(), "one"); err != nil || st.State != Paused || st.Delivered != 6 {
		t.Errorf("the first node tells of %s, %d delivered, %v", st.State, st.Delivered, err)
	}
	held := record(nodes[0], 2)
	if _, err := engines[1].Resume(t.Context(), "one", entry(audit.SystemProject, "sink.resume")); err != nil {
		t.Fatal(err)
	}
	want = held
	arrive("held back while it was paused")

	// The node that delivers ends, and the other takes over within seconds.
	time.Sleep(2 * saveEvery) // when its place is saved, nothing comes twice
	stops[1]()
	if err := nodes[1].Close(); err != nil {
		t.Fatal(err)
	}
	stops[1] = func() {}
	want = record(nodes[0], 4)
	arrive("taken over")
}

// A node that is not on duty any more, and does not know it, changes no place.
func TestNodeOffDutySavesNothing(t *testing.T) {
	nodes := nodestest.Open(t, 2, store.Options{})
	if err := nodes[0].TakeDuty(t.Context()); err != nil {
		t.Fatal(err)
	}
	put := map[string][]byte{placeRows + "one": []byte("{}")}
	if err := nodes[0].ChangeSinks(t.Context(), put, nil, nil); err != nil {
		t.Fatal(err)
	}
	if err := nodes[1].ChangeSinks(t.Context(), put, nil, nil); audit.KindOf(err) != audit.Unavailable {
		t.Errorf("another node saves a place: %v", err)
	}
}
