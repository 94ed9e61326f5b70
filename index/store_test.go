package index

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/fulltext"
	"auditlog/store"
)

// scene is a real log with its index, both at work, and a copy of what was recorded.
type scene struct {
	t       *testing.T
	r       *rand.Rand
	s       *store.Store
	index   *running
	entries map[string][]*audit.Entry // by project
	now     time.Time
}

// words of which most entries hold some, and one of which few do.
var sceneWords = strings.Fields(`deployed revision image rollback Straße เมืองไทย 東京タワー café GKE.cluster-rcf2 Ωmega`)

func newScene(t *testing.T) *scene {
	scene := &scene{
		t: t, r: rand.New(rand.NewPCG(3, 4)),
		entries: make(map[string][]*audit.Entry), now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	s, cfg := openLog(t, store.Options{SealRows: 700, SealAfter: 20 * time.Millisecond}, &scene.index)
	scene.s, scene.index = s, start(t, cfg)
	return scene
}

// openLog opens a real log, which is searched with an index that the caller starts, as cfg says.
func openLog(t testing.TB, opts store.Options, index **running) (s *store.Store, cfg Config) {
	t.Helper()
	opts.Search = func(text string) (fulltext.Query, error) {
		q, err := Parse(text)
		if err != nil {
			return nil, err
		}
		return (*index).Search(q), nil
	}
	opts.Narrow = func(e fulltext.Exact) fulltext.Narrowing { return (*index).Narrow(e) }
	s, err := store.Open(t.TempDir(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	cfg = testConfig(t.TempDir()+"/index", s)
	cfg.Identity = s.Identity()
	return s, cfg
}

func (s *scene) entry(project string) *audit.Entry {
	r := s.r
	e := &audit.Entry{
		Project: project, Outcome: audit.Success, Action: "deployment.deploy",
		Actor:    audit.Actor{Email: fmt.Sprintf("user%d@example.com", r.IntN(30))},
		Resource: audit.Resource{Type: "Deployment", Name: fmt.Sprintf("shop-%d", r.IntN(900))},
		Detail: fmt.Sprintf("%s %d %s sha256:%08x", sceneWords[r.IntN(len(sceneWords))], r.IntN(50),
			sceneWords[r.IntN(len(sceneWords))], r.Uint32()),
	}
	h := fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64())
	e.Request.ID = h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
	if r.IntN(3) == 0 {
		e.Key = "evt-" + h[:10]
	}
	e.Request.IP = []string{fmt.Sprintf("203.0.%d.%d", r.IntN(200), r.IntN(256)), fmt.Sprintf("::ffff:203.0.%d.7", r.IntN(200)),
		fmt.Sprintf("2001:db8:%x::%x", r.IntN(500), r.IntN(5)), ""}[r.IntN(4)]
	if r.IntN(3000) == 0 {
		e.Metadata = map[string]string{"note": "extraordinary " + project}
	}
	s.now = s.now.Add(time.Duration(r.IntN(10)) * time.Second)
	e.CreatedAt = s.now
	if r.IntN(6) == 0 { // late
		e.CreatedAt = s.now.Add(-time.Duration(r.IntN(120_000)) * time.Second)
	}
	return e
}

func (s *scene) record(project string, n int) {
	s.t.Helper()
	batch := make([]*audit.Entry, n)
	for i := range batch {
		batch[i] = s.entry(project)
	}
	recorded, err := s.s.Record(s.t.Context(), batch)
	if err != nil {
		s.t.Fatal(err)
	}
	for i, e := range batch {
		e = e.Clone()
		e.ID = recorded[i].ID
		s.entries[project] = append(s.entries[project], e)
	}
}

// search compares what the log finds with what the copy holds.
func (s *scene) search(project, query string) {
	s.t.Helper()
	q, err := Parse(query)
	if err != nil {
		s.t.Fatal(err)
	}
	var want []*audit.Entry
	for _, e := range s.entries[project] {
		var terms uint64
		e.EachText(func(v string) { terms |= q.Terms(v) })
		e.EachWhole(func(v string) { terms |= q.Whole(v) })
		if q.Match(terms) {
			want = append(want, e)
		}
	}
	slices.SortFunc(want, func(a, b *audit.Entry) int { return b.Position().Compare(a.Position()) })
	p := audit.Paging{Limit: 400}
	for {
		page, err := audittest.List(s.t.Context(), s.s, audit.Query{Project: project, Text: query}, p)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, e := range page.Entries {
			if len(want) == 0 || want[0].ID != e.ID {
				s.t.Fatalf("search %q in %s finds entry %d at %v, want one of the %d left", query, project, e.ID, e.CreatedAt, len(want))
			}
			want = want[1:]
		}
		if p.Cursor = page.Next; p.Cursor == "" {
			break
		}
	}
	if len(want) > 0 {
		s.t.Fatalf("search %q in %s does not find %d entries, the first one %d", query, project, len(want), want[0].ID)
	}
}

// searches makes some searches of every kind there is.
func (s *scene) searches(project string) {
	s.t.Helper()
	all := s.entries[project]
	some := all[s.r.IntN(len(all))]
	digest := some.Detail[strings.LastIndexByte(some.Detail, ':')+1:]
	queries := []string{
		"extraordinary", some.Resource.Name, some.Resource.Name + " strasse", digest, "sha256:" + digest[:4] + "*",
		"เมือง -deployed", "東京", `"CAFÉ 7"`, some.Actor.Email + " ωmega", "gke.clus* rollback", "nowhere",
		some.Request.ID, some.Key + "x", `"` + some.Request.ID + `" deployed`, "deployed -" + some.Request.ID, some.Request.ID[:8],
	}
	for range 4 {
		s.search(project, queries[s.r.IntN(len(queries))])
	}
	s.filter(audit.Query{Project: project, Is: audit.Terms{"requestId": {some.Request.ID}}})
	s.filter(audit.Query{Project: project, Is: audit.Terms{"requestId": {some.Request.ID}}, Text: "deployed"})
	if some.Key != "" {
		s.filter(audit.Query{Project: project, Is: audit.Terms{"key": {some.Key}}, Text: "-nowhere"})
	}
	if some.Request.IP != "" {
		s.filter(audit.Query{Project: project, Is: audit.Terms{"ip": {some.Request.IP}}})
	}
	for _, ip := range []string{"203.0.113.7", "203.0.77.0/24", "203.0.77.16/29", "2001:db8:7::/48", "192.0.2.1", "203.0.0.0/7"} {
		s.filter(audit.Query{Project: project, Is: audit.Terms{"ip": {ip}, "actor": {some.Actor.Email}}})
	}
}

// filter compares what the log selects by an id or an address, which the index narrows, with
// what the copy holds.
func (s *scene) filter(q audit.Query) {
	s.t.Helper()
	want, p := 0, audit.Paging{Limit: 1000}
	for _, e := range s.entries[q.Project] {
		if audit.NewMatcher(&q).Match(e) &&
			(q.Text != "deployed" || strings.Contains(strings.ToLower(e.Detail), "deployed")) {
			want++
		}
	}
	page, err := audittest.List(s.t.Context(), s.s, q, p)
	if err != nil || len(page.Entries) != want || page.Next != "" {
		s.t.Fatalf("%+v selects %d entries, want %d, %v", q, len(page.Entries), want, err)
	}
}

// Searches are right while entries are recorded, sealed, merged late, indexed and
// purged, and when the index is taken away.
func TestSearchesStayRight(t *testing.T) {
	s := newScene(t)
	for range 16 {
		s.record("acme", 500)
		s.record("globex", 400)
		s.searches("acme")
		s.searches("globex")
	}
	if err := s.s.Seal(); err != nil {
		t.Fatal(err)
	}
	s.index.caughtUp()
	if n := s.index.Status().Blocks; n < 10 {
		t.Fatalf("%d blocks in the index: too few to prove anything", n)
	}
	s.searches("acme")
	if err := os.RemoveAll(s.index.cfg.Dir); err != nil {
		t.Fatal(err)
	}
	s.searches("acme")
	s.purge("globex")
	s.record("globex", 600)
	s.searches("globex")
	if err := s.s.Seal(); err != nil {
		t.Fatal(err)
	}
	s.index.caughtUp()
	s.searches("acme")
	s.searches("globex")
	if err := s.index.stop(); err != nil {
		t.Fatal(err)
	}
	mustCheck(t, s.index.cfg)
}

// purge purges a project while another one is searched.
func (s *scene) purge(project string) {
	s.t.Helper()
	e := s.entry(project)
	e.Action, e.Detail, e.CreatedAt = "project.delete", "Deleted the project", time.Time{}
	if _, err := s.s.Delete(s.t.Context(), project, e, audit.DeletionOrder{}); err != nil {
		s.t.Fatal(err)
	}
	for done := false; !done; {
		var err error
		if done, err = s.s.PurgeStep(s.t.Context(), project); err != nil {
			s.t.Fatal(err)
		}
		s.searches("acme")
	}
	s.entries[project] = nil
	page, err := audittest.List(s.t.Context(), s.s, audit.Query{Project: project}, audit.Paging{})
	if err != nil {
		s.t.Fatal(err)
	}
	s.entries[project] = append(s.entries[project], page.Entries...) // the project.delete entry
}
