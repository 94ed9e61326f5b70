package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
)

// Each filter by itself selects what it should, and leaves out what it should: of
// entries that differ in that one field, among entries that are still moved about, and
// after they have settled.
func testFilters(t *testing.T, open Engine) {
	log := open.open(t, t.TempDir())
	usual := audit.Entry{
		Project: "acme", Actor: audit.Actor{Email: "ada@example.com", Type: audit.User}, Action: "deployment.deploy",
		Resource: audit.Resource{Type: "Deployment", ID: "4711", Name: "web"}, Outcome: audit.Success, Channel: audit.ChannelAPI,
		Detail: "Deployed revision 7", RecordedBy: "0f3KxQ9Z", CreatedAt: start,
	}
	tests := []struct {
		name   string
		change func(*audit.Entry) // makes an entry that the queries select
		ask    []audit.Query
	}{
		{"resource type", func(e *audit.Entry) { e.Resource.Type = "Straße" },
			[]audit.Query{{Is: audit.Terms{"resourceType": {"Straße"}}}, {Is: audit.Terms{"resourceType": {"STRAßE"}}}, {Is: audit.Terms{"resourceType": {"straße"}}}}},
		{"resource id", func(e *audit.Entry) { e.Resource.ID = "4712" }, []audit.Query{{Is: audit.Terms{"resourceId": {"4712"}}}}},
		{"one of several resources", func(e *audit.Entry) { e.Metadata = map[string]string{audit.ListedResources: "4720 4713"} },
			[]audit.Query{{Is: audit.Terms{"resourceId": {"4713"}}}, {Is: audit.Terms{"resourceId": {"4720"}}}}},
		{"action", func(e *audit.Entry) { e.Action = "domain.create" }, []audit.Query{{Is: audit.Terms{"action": {"domain.create"}}}, {Is: audit.Terms{"action": {"domain.*"}}}}},
		{"a longer action", func(e *audit.Entry) { e.Action = "deployment.deploy.canary" },
			[]audit.Query{{Is: audit.Terms{"action": {"deployment.deploy.*"}}}, {Is: audit.Terms{"action": {"deployment.deploy.canary"}}}}},
		{"outcome", func(e *audit.Entry) { e.Outcome = audit.Forbidden },
			[]audit.Query{{Is: audit.Terms{"outcome": {string(audit.Forbidden)}}}, {Is: audit.Terms{"outcome": {"FORBIDDEN", string(audit.Error)}}}}},
		{"actor", func(e *audit.Entry) { e.Actor.Email = "Ada@example.com" }, []audit.Query{{Is: audit.Terms{"actor": {"Ada@example.com"}}}}},
		{"actor type", func(e *audit.Entry) { e.Actor.Type = audit.ServiceAccount }, []audit.Query{{Is: audit.Terms{"actorType": {string(audit.ServiceAccount)}}}}},
		{"channel", func(e *audit.Entry) { e.Channel = audit.ChannelMCP }, []audit.Query{{Is: audit.Terms{"channel": {string(audit.ChannelMCP)}}}, {Is: audit.Terms{"channel": {"MCP"}}}}},
		{"recorded by", func(e *audit.Entry) { e.RecordedBy = "7Zk2LmP0" }, []audit.Query{{Is: audit.Terms{"recordedBy": {"7Zk2LmP0"}}}}},
		{"address", func(e *audit.Entry) { e.Request.IP = "203.0.113.9" }, []audit.Query{
			{Is: audit.Terms{"ip": {"203.0.113.9"}}}, {Is: audit.Terms{"ip": {"203.0.113.0/24"}}}, {Is: audit.Terms{"ip": {"::ffff:203.0.113.9"}}}, {Is: audit.Terms{"ip": {"203.0.113.9/32"}}}, {Text: "113.9"}}},
		{"mapped address", func(e *audit.Entry) { e.Request.IP = "::ffff:198.51.100.7" }, []audit.Query{{Is: audit.Terms{"ip": {"198.51.100.7"}}}, {Is: audit.Terms{"ip": {"198.51.0.0/16"}}}}},
		{"address of IPv6", func(e *audit.Entry) { e.Request.IP = "2001:DB8:0::1" }, []audit.Query{{Is: audit.Terms{"ip": {"2001:db8::1"}}}, {Is: audit.Terms{"ip": {"2001:db8::/32"}}}}},
		{"host", func(e *audit.Entry) { e.Request.IP = "ec2.amazonaws.com" }, []audit.Query{{Is: audit.Terms{"ip": {"ec2.amazonaws.com"}}}}},
		{"user agent", func(e *audit.Entry) { e.Request.UserAgent = "curl/8.5 (x)" }, []audit.Query{{Is: audit.Terms{"userAgent": {"curl/8.5 (x)"}}}, {Text: "curl"}}},
		{"request id", func(e *audit.Entry) { e.Request.ID = "3f9c2a7d-10b4-4c11-9a55-0123456789ab" }, []audit.Query{
			{Is: audit.Terms{"requestId": {"3f9c2a7d-10b4-4c11-9a55-0123456789ab"}}}, {Text: "3f9c2a7d-10b4-4c11-9a55-0123456789ab"}}},
		{"strange request id", func(e *audit.Entry) { e.Request.ID = `é "ﬁ" —` }, []audit.Query{{Is: audit.Terms{"requestId": {`é "ﬁ" —`}}}}},
		{"key", func(e *audit.Entry) { e.Key = "evt-0c1f" }, []audit.Query{{Is: audit.Terms{"key": {"evt-0c1f"}}}, {Text: "evt-0c1f"}}},
		{"from", func(e *audit.Entry) { e.CreatedAt = start.Add(time.Microsecond) },
			[]audit.Query{{From: start.Add(time.Microsecond)}, {From: start.Add(time.Nanosecond)}}},
		{"to", func(e *audit.Entry) { e.CreatedAt = start.Add(-time.Microsecond) }, []audit.Query{{To: start}, {To: start.Add(-time.Nanosecond)}}},
		{"text", func(e *audit.Entry) { e.Detail = "Rolled back" }, []audit.Query{{Text: "Rolled"}, {Text: "back Rolled"}}},
		{"project", func(e *audit.Entry) { e.Project = "globex" }, []audit.Query{{Project: "globex"}}},
	}
	var all []*audit.Entry
	for i := range tests {
		for range 40 {
			e := usual.Clone()
			all = append(all, e)
		}
		e := usual.Clone()
		tests[i].change(e)
		all = append(all, e)
	}
	if _, err := log.Record(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	for _, when := range []string{"just recorded", "settled", "opened again"} {
		switch s, ok := log.(Settler); {
		case when == "settled" && ok:
			if err := s.Settle(); err != nil {
				t.Fatal(err)
			}
		case when == "opened again":
			dir := t.TempDir()
			log = open.open(t, dir)
			if _, err := log.Record(t.Context(), clones(all)); err != nil {
				t.Fatal(err)
			}
			if err := log.Close(); err != nil {
				t.Fatal(err)
			}
			log = open.open(t, dir)
		}
		for i, tt := range tests {
			want := all[41*i+40].ID
			for _, q := range tt.ask {
				if q.Project == "" {
					q.Project = "acme"
				}
				for _, asked := range waysOfAsking(q) {
					if got := idsOf(t, log, asked); !slices.Equal(got, []int64{want}) {
						t.Errorf("%s, %s: %+v selects %v, want %d", when, tt.name, asked, got, want)
					}
				}
			}
		}
	}
}

// waysOfAsking returns queries that select what q does: of its project in either order, and of
// it as one of several.
func waysOfAsking(q audit.Query) []audit.Query {
	ways := []audit.Query{q}
	q.Oldest = true
	ways = append(ways, q)
	q.Within, q.Project = audit.TheseProjects(q.Project, "nowhere"), ""
	return append(ways, q)
}

// clones returns entries as they were before a log had them.
func clones(entries []*audit.Entry) []*audit.Entry {
	fresh := make([]*audit.Entry, len(entries))
	for i, e := range entries {
		fresh[i] = e.Clone()
		fresh[i].ID, fresh[i].Seq, fresh[i].RecordedAt = 0, 0, time.Time{}
	}
	return fresh
}

// idsOf returns what a query selects, as all ways of reading agree on.
func idsOf(t *testing.T, log Log, q audit.Query) (ids []int64) {
	t.Helper()
	page, err := audittest.List(t.Context(), log, q, audit.Paging{})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range page.Entries {
		ids = append(ids, e.ID)
	}
	var exported []int64
	err = audittest.Export(t.Context(), log, q, func(e *audit.Entry) error { exported = append(exported, e.ID); return nil })
	if err != nil || fmt.Sprint(exported) != fmt.Sprint(ids) {
		t.Errorf("%+v: exports %v, lists %v: %v", q, exported, ids, err)
	}
	if stats, err := audittest.Stats(t.Context(), log, q, audit.Counting{}); err != nil || stats.Total != int64(len(ids)) {
		t.Errorf("%+v: counts %+v, lists %v: %v", q, stats, ids, err)
	}
	return ids
}
