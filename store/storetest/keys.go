package storetest

import (
	"maps"
	"slices"
	"testing"
	"time"

	"auditlog/audit"
)

// keyedEntry returns an entry with a key, as its caller sends it.
func keyedEntry() *audit.Entry {
	return &audit.Entry{
		Project: "acme", Actor: audit.Actor{Email: "ada@example.com", Type: audit.User, Label: "pr-42"},
		Action: "deployment.deploy", Resource: audit.Resource{Type: "Deployment", ID: "4711", Name: "web", LocationID: "gke"},
		Outcome: audit.Success, Detail: "Deployed", Channel: audit.ChannelCLI,
		Request: audit.Request{IP: "203.0.113.9", UserAgent: "deploys/1.4", ID: "r-1"},
		Changes: []audit.Change{{Field: "replicas", Old: "2", New: "4"}}, Metadata: map[string]string{"commit": "6f1d0c2", "a": "b"},
		Key: "deploy-4711", CreatedAt: start, RecordedBy: "0f3KxQ9Z",
	}
}

// testKeys says what a second entry with a key must equal to be the first one again: all that
// the caller sent, and nothing that the log adds. Where the first one lies makes no difference.
func testKeys(t *testing.T, engine Engine) {
	same := map[string]func(*audit.Entry){
		"as it was":                func(*audit.Entry) {},
		"recorded by another":      func(e *audit.Entry) { e.RecordedBy = "7Zk2LmP0" },
		"in another zone":          func(e *audit.Entry) { e.CreatedAt = e.CreatedAt.In(time.FixedZone("", 7*3600)) },
		"finer than a microsecond": func(e *audit.Entry) { e.CreatedAt = e.CreatedAt.Add(time.Nanosecond) },
	}
	other := map[string]func(*audit.Entry){
		"actor":                    func(e *audit.Entry) { e.Actor.Email = "bob@example.com" },
		"actor type":               func(e *audit.Entry) { e.Actor.Type = audit.ServiceAccount },
		"label":                    func(e *audit.Entry) { e.Actor.Label = "" },
		"action":                   func(e *audit.Entry) { e.Action = "deployment.delete" },
		"type":                     func(e *audit.Entry) { e.Resource.Type = "deployment" },
		"resource id":              func(e *audit.Entry) { e.Resource.ID = "" },
		"name":                     func(e *audit.Entry) { e.Resource.Name += "x" },
		"location":                 func(e *audit.Entry) { e.Resource.LocationID = "" },
		"outcome":                  func(e *audit.Entry) { e.Outcome = audit.Forbidden },
		"detail":                   func(e *audit.Entry) { e.Detail = "deployed" },
		"channel":                  func(e *audit.Entry) { e.Channel = "" },
		"ip":                       func(e *audit.Entry) { e.Request.IP = "203.0.113.8" },
		"user agent":               func(e *audit.Entry) { e.Request.UserAgent = "" },
		"request":                  func(e *audit.Entry) { e.Request.ID = "r-2" },
		"changes":                  func(e *audit.Entry) { e.Changes = append(e.Changes, audit.Change{Field: "x"}) },
		"change":                   func(e *audit.Entry) { e.Changes[0].New = "5" },
		"metadata":                 func(e *audit.Entry) { e.Metadata["a"] = "c" },
		"no metadata":              func(e *audit.Entry) { e.Metadata = nil },
		"time":                     func(e *audit.Entry) { e.CreatedAt = e.CreatedAt.Add(time.Microsecond) },
		"without time":             func(e *audit.Entry) { e.CreatedAt = time.Time{} },
		"names swapped for values": func(e *audit.Entry) { e.Resource.ID, e.Resource.Name = e.Resource.Name, e.Resource.ID },
	}
	dir := t.TempDir()
	log := engine.open(t, dir)
	first := keyedEntry()
	record := func(edit func(*audit.Entry)) audit.Recorded {
		e := keyedEntry()
		edit(e)
		return recordOne(t, log, e)
	}
	id := recordOne(t, log, first).ID
	examine := func(where string) {
		for _, name := range slices.Sorted(maps.Keys(same)) {
			if got := record(same[name]); got != (audit.Recorded{ID: id, Duplicate: true}) {
				t.Errorf("%s: the entry %s: %+v", where, name, got)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(other)) {
			if got := record(other[name]); got != (audit.Recorded{ID: id, Conflict: true}) {
				t.Errorf("%s: an entry with another %s: %+v", where, name, got)
			}
		}
	}
	examine("in the tail")
	if s, ok := log.(Settler); ok {
		if err := s.Settle(); err != nil {
			t.Fatal(err)
		}
		examine("settled")
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	log = engine.open(t, dir)
	examine("opened again")
	if got := record(func(e *audit.Entry) { e.Project = "globex" }); got.Duplicate || got.Conflict {
		t.Errorf("the key in another project: %+v", got)
	}
	testKeysOfBatch(t, log)
}

// testKeysOfBatch has the same key several times in one call, of a project that is there and
// of one that is not; and what was sent without a time, again later.
func testKeysOfBatch(t *testing.T, log Log) {
	for _, project := range []string{"acme", "new"} {
		var entries []*audit.Entry
		for i := range 4 {
			e := keyedEntry()
			e.Project, e.Key, e.CreatedAt = project, "batch", time.Time{}
			if i == 2 {
				e.Detail = "Another"
			}
			if i == 3 {
				e.Key = "next"
			}
			entries = append(entries, e)
		}
		got, err := log.Record(t.Context(), entries)
		if err != nil {
			t.Fatal(err)
		}
		id := got[0].ID
		want := []audit.Recorded{{ID: id}, {ID: id, Duplicate: true}, {ID: id, Conflict: true}, {ID: id + 1}}
		if !slices.Equal(got, want) {
			t.Errorf("%s: a batch of one key is %+v, want %+v", project, got, want)
		}
		again := keyedEntry()
		again.Project, again.Key, again.CreatedAt = project, "batch", time.Time{}
		if got := recordOne(t, log, again); got != (audit.Recorded{ID: id, Duplicate: true}) {
			t.Errorf("%s: an entry without a time, sent again: %+v", project, got)
		}
	}
}

func recordOne(t *testing.T, log Log, e *audit.Entry) audit.Recorded {
	t.Helper()
	got, err := log.Record(t.Context(), []*audit.Entry{e})
	if err != nil {
		t.Fatal(err)
	}
	return got[0]
}
