package store

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"auditlog/audit"
)

// model is the log as anyone would write it who need not be fast: a slice.
type model struct {
	entries []audit.Entry
	deleted map[string]int64 // project -> id of its project.delete entry
	lastID  int64
}

func (m *model) list(q audit.Query, words []string) []audit.Entry {
	var out []audit.Entry
	for _, e := range m.entries {
		if e.Project == q.Project && q.Match(&e) && hasWords(&e, words) {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b audit.Entry) int { return b.Position().Compare(a.Position()) })
	return out
}

func (m *model) byKey(project, key string) (int64, bool) {
	for _, e := range m.entries {
		if key != "" && e.Project == project && e.Key == key {
			return e.ID, true
		}
	}
	return 0, false
}

// words is a Text of plain substrings that never narrows the blocks, or names
// only those that hold a match, as an index would.
type words struct {
	want []string
	ask  func(p ProjectID, before audit.Position) ([]BlockKey, uint64, bool)
}

func (w *words) Clues() *Clues { return nil }

func (w *words) Terms(value string) (terms uint64) {
	for i, s := range w.want {
		if strings.Contains(value, s) {
			terms |= 1 << i
		}
	}
	return terms
}

func (w *words) Whole(value string) (terms uint64) {
	for i, s := range w.want {
		if value == s {
			terms |= 1 << i
		}
	}
	return terms
}

func (w *words) Match(terms uint64) bool { return terms == 1<<len(w.want)-1 }

func (w *words) Blocks(_ context.Context, p ProjectID, before audit.Position, _ int64) ([]BlockKey, uint64, bool, error) {
	if w.ask == nil {
		return nil, 0, false, nil
	}
	keys, through, ok := w.ask(p, before)
	return keys, through, ok, nil
}

func hasWords(e *audit.Entry, want []string) bool {
	w := &words{want: want}
	return matchText(w, e)
}

var (
	modelProjects = []string{"acme", "globex", "initech"}
	modelActors   = []string{"ada@example.com", "bob@example.com", "ci@example.com"}
	modelActions  = []string{"deployment.deploy", "deployment.delete", "domain.create", "deploymentx.y"}
	modelTypes    = []string{"Deployment", "deployment", "Domain", "Straße"}
	modelStart    = time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
)

func drawEntry(t *rapid.T) *audit.Entry {
	e := &audit.Entry{
		Project:  rapid.SampledFrom(modelProjects).Draw(t, "project"),
		Actor:    audit.Actor{Email: rapid.SampledFrom(modelActors).Draw(t, "actor")},
		Action:   rapid.SampledFrom(modelActions).Draw(t, "action"),
		Resource: audit.Resource{Type: rapid.SampledFrom(modelTypes).Draw(t, "type"), ID: rapid.StringMatching(`[0-3]?`).Draw(t, "rid")},
		Outcome:  rapid.SampledFrom(audit.Outcomes()).Draw(t, "outcome"),
		Detail:   rapid.StringMatching(`(alpha|beta|gamma) [0-9]{1,3}`).Draw(t, "detail"),
	}
	if rapid.Bool().Draw(t, "sa") {
		e.Actor.Type = audit.ServiceAccount
	}
	if rapid.Bool().Draw(t, "channel") {
		e.Channel = audit.ChannelCLI
	}
	if rapid.IntRange(0, 3).Draw(t, "own time") > 0 {
		e.CreatedAt = modelStart.Add(time.Duration(rapid.IntRange(0, 50).Draw(t, "at")) * time.Second)
	}
	if rapid.IntRange(0, 3).Draw(t, "keyed") == 0 {
		e.Key = rapid.StringMatching(`k[0-9]{1,2}`).Draw(t, "key")
	}
	if rapid.IntRange(0, 5).Draw(t, "more") == 0 {
		e.Metadata = map[string]string{"commit": "6f1d0c2"}
		e.Changes = []audit.Change{{Field: "replicas", Old: "2", New: "4"}}
		e.Request = audit.Request{IP: rapid.SampledFrom([]string{"203.0.113.9", "::ffff:203.0.113.8", "2001:db8::1"}).Draw(t, "ip"),
			ID: rapid.StringMatching(`r-[0-9]`).Draw(t, "request"), UserAgent: "deploys/1.4"}
	}
	return e
}

func drawQuery(t *rapid.T) audit.Query {
	opt := func(label string, values ...string) string {
		return rapid.SampledFrom(append(values, "", "")).Draw(t, label)
	}
	q := audit.Query{
		Project:      rapid.SampledFrom(append(modelProjects, "unknown")).Draw(t, "project"),
		ResourceType: opt("type", "DEPLOYMENT", "domain", "STRASSE", "straße"),
		ResourceID:   opt("rid", "1", "9"),
		Action:       opt("action", "deployment.*", "domain.create", "nothing.*"),
		Actor:        opt("actor", modelActors[0], "nobody"),
		ActorType:    audit.ActorType(opt("actorType", "User", "ServiceAccount")),
		Channel:      audit.Channel(opt("channel", "CLI", "api")),
	}
	if rapid.IntRange(0, 4).Draw(t, "request") == 0 {
		q.IP = opt("ip", "203.0.113.9", "203.0.113.0/24", "::ffff:203.0.113.8/128", "2001:db8::/32")
		q.RequestID = opt("request", "r-1", "r-2", "-")
		q.UserAgent = opt("agent", "deploys/1.4", "deploys")
		q.Key = opt("key", "k1", "k22")
	}
	if rapid.Bool().Draw(t, "outcomes") {
		q.Outcomes = rapid.SliceOfN(rapid.SampledFrom(audit.Outcomes()), 1, 3).Draw(t, "outcome")
	}
	if rapid.Bool().Draw(t, "from") {
		q.From = modelStart.Add(time.Duration(rapid.IntRange(0, 25).Draw(t, "from s")) * time.Second)
	}
	if rapid.Bool().Draw(t, "to") {
		q.To = modelStart.Add(time.Duration(rapid.IntRange(25, 60).Draw(t, "to s")) * time.Second)
	}
	return q
}

// machine runs the store and the model side by side.
type machine struct {
	dir string
	s   *Store
	m   model
	now time.Time
	// indexed has searches ask an index that is complete.
	indexed bool
}

func (m *machine) open(t *rapid.T) {
	s, err := Open(m.dir, Options{Now: m.clock, Search: m.search, SealAfter: time.Hour, SealRows: 1 << 20, CacheBytes: 50 << 10,
		sizes: sizes{blockRows: 12, indexableRows: 6, indexableBytes: 4 << 10, span: 4, ahead: 2}})
	if err != nil {
		t.Fatal(err)
	}
	m.s = s
}

func (m *machine) clock() time.Time { return m.now }

func (m *machine) record(t *rapid.T, n int) {
	var entries []*audit.Entry
	for range n {
		entries = append(entries, drawEntry(t))
	}
	m.recordAll(t, entries)
}

func (m *machine) recordAll(t *rapid.T, entries []*audit.Entry) {
	for _, e := range entries {
		if _, ok := m.m.deleted[e.Project]; ok {
			if _, err := m.s.Record(t.Context(), entries); audit.KindOf(err) != audit.Conflict {
				t.Fatalf("recording to a deleted project: %v", err)
			}
			return
		}
	}
	m.now = m.now.Add(time.Millisecond)
	got, err := m.s.Record(t.Context(), entries)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range entries {
		id, dup := m.m.byKey(e.Project, e.Key)
		if !dup {
			m.m.lastID++
			id = m.m.lastID
			c := *e.Clone()
			if c.ID != id || c.RecordedAt != m.now {
				t.Fatalf("entry %d got id %d at %v, want %d at %v", i, c.ID, c.RecordedAt, id, m.now)
			}
			m.m.entries = append(m.m.entries, c)
		}
		if got[i] != (audit.Recorded{ID: id, Duplicate: dup}) {
			t.Fatalf("entry %d: %+v, want %d, duplicate %t", i, got[i], id, dup)
		}
	}
}

// query draws a query, and the words that its text asks for.
func (m *machine) query(t *rapid.T) (q audit.Query, want []string) {
	q = drawQuery(t)
	want = rapid.SampledFrom([][]string{nil, {"beta"}, {"gamma", "7"}, {"alpha", "deploy"}}).Draw(t, "words")
	q.Text = strings.Join(want, " ")
	m.indexed = rapid.Bool().Draw(t, "indexed")
	return q, want
}

// search is Options.Search.
func (m *machine) search(text string) (Text, error) {
	w := &words{want: strings.Fields(strings.ReplaceAll(text, `"`, ""))}
	if m.indexed {
		w.ask = m.exactIndex(w.want)
	}
	return w, nil
}

// prepare prepares q and normalizes it for the model.
func (m *machine) prepare(t *rapid.T, q *audit.Query) audit.Selection {
	sel, err := m.s.Prepare(*q)
	if err != nil {
		t.Fatal(err)
	}
	q.Normalize()
	return sel
}

// exactIndex answers like an index that is complete and names no block too many.
func (m *machine) exactIndex(want []string) func(ProjectID, audit.Position) ([]BlockKey, uint64, bool) {
	return func(p ProjectID, before audit.Position) (keys []BlockKey, through uint64, ok bool) {
		changes, through, err := m.s.BlockChanges(0, 1<<30)
		if err != nil {
			panic(err)
		}
		for _, c := range changes {
			var terms uint64
			w := &words{want: want}
			there, err := m.s.BlockTexts(c.Key, func(v string) { terms |= w.Terms(v) }, func(v string) { terms |= w.Whole(v) })
			if err != nil || !there && !c.Deleted {
				panic(fmt.Sprint(c, there, err))
			}
			if there && c.Key.Project == p && c.Key.Compare(before) < 0 && w.Match(terms) {
				keys = append(keys, c.Key)
			}
		}
		slices.SortFunc(keys, func(a, b BlockKey) int { return b.Position.Compare(a.Position) })
		return keys, through, true
	}
}

// list pages through a random query while entries are recorded and sealed, and
// wants every entry that was there before the first page exactly once.
func (m *machine) list(t *rapid.T) {
	q, want := m.query(t)
	sel, l := m.prepare(t, &q), audit.Paging{Limit: rapid.IntRange(1, 40).Draw(t, "limit")}
	before := m.m.list(q, want)
	var got []*audit.Entry
	for pages := 0; ; pages++ {
		page, err := sel.List(t.Context(), l)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, page.Entries...)
		if len(page.Entries) > l.Limit || page.Next != "" && len(page.Entries) != l.Limit {
			t.Fatalf("a page of %d entries, limit %d, next %q", len(page.Entries), l.Limit, page.Next)
		}
		if page.Next == "" {
			break
		}
		l.Cursor = page.Next
		if pages < 3 {
			m.record(t, rapid.IntRange(0, 5).Draw(t, "meanwhile"))
		}
		if pages == 1 && rapid.Bool().Draw(t, "seal") {
			m.seal(t)
		}
	}
	compareEntries(t, before, m.m.list(q, want), got)
}

// compareEntries wants got to hold all of before, in order, and beside them only
// entries of after.
func compareEntries(t *rapid.T, before, after []audit.Entry, got []*audit.Entry) {
	i := 0
	for n, e := range got {
		if n > 0 && got[n-1].Position().Compare(e.Position()) <= 0 {
			t.Fatalf("entry %d listed behind %d", e.ID, got[n-1].ID)
		}
		if i < len(before) && before[i].ID == e.ID {
			sameEntry(t, &before[i], e)
			i++
			continue
		}
		if !slices.ContainsFunc(after, func(a audit.Entry) bool { return a.ID == e.ID }) {
			t.Fatalf("entry %d listed and not asked for: %+v", e.ID, e)
		}
	}
	if i < len(before) {
		t.Fatalf("entry %d missing of %d", before[i].ID, len(before))
	}
}

func sameEntry(t *rapid.T, want, got *audit.Entry) {
	if w, g := want.AppendJSON(nil), got.AppendJSON(nil); !bytes.Equal(w, g) {
		t.Fatalf("entry\n%s\nwant\n%s", g, w)
	}
}

func (m *machine) seal(t *rapid.T) {
	if err := m.s.Seal(); err != nil {
		t.Fatal(err)
	}
}

func (m *machine) get(t *rapid.T) {
	id := int64(rapid.IntRange(-1, int(m.m.lastID)+1).Draw(t, "id"))
	project := rapid.SampledFrom(modelProjects).Draw(t, "project")
	e, err := m.s.Get(t.Context(), project, id)
	i := slices.IndexFunc(m.m.entries, func(e audit.Entry) bool { return e.ID == id && e.Project == project })
	if i < 0 {
		if audit.KindOf(err) != audit.NotFound {
			t.Fatalf("get of %d: %v, %v", id, e, err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	sameEntry(t, &m.m.entries[i], e)
}

func (m *machine) stats(t *rapid.T) {
	q, want := m.query(t)
	got, err := m.prepare(t, &q).Stats(t.Context(), audit.Counting{Bounds: m.drawBounds(t)})
	if err != nil {
		t.Fatal(err)
	}
	entries := m.m.list(q, want)
	types, outcomes := make(map[string]int64), audit.Counts{}
	for _, e := range entries {
		types[e.Resource.Type]++
		outcomes.Add(e.Outcome, 1)
	}
	if got.Total != int64(len(entries)) || got.Outcomes != outcomes || !slices.Equal(got.ResourceTypes, byCount(types)) {
		t.Fatalf("stats %+v, want %d entries, %+v, %v", got, len(entries), outcomes, byCount(types))
	}
	for i, b := range got.Buckets {
		sum := audit.Counts{}
		for _, e := range entries {
			if !e.CreatedAt.Before(b.From) && e.CreatedAt.Before(b.To) {
				sum.Add(e.Outcome, 1)
			}
		}
		if sum != b.Counts {
			t.Fatalf("bucket %d holds %+v, want %+v", i, b, sum)
		}
	}
}

// drawBounds draws bounds of buckets around some of the entries, or none.
func (m *machine) drawBounds(t *rapid.T) []time.Time {
	var bounds []time.Time
	for range rapid.IntRange(0, 7).Draw(t, "bounds") {
		if n := len(m.m.entries); n > 0 {
			e := &m.m.entries[rapid.IntRange(0, n-1).Draw(t, "bound")]
			bounds = append(bounds, e.CreatedAt.Add(time.Duration(rapid.IntRange(-2, 2).Draw(t, "aside"))*time.Microsecond))
		}
	}
	slices.SortFunc(bounds, time.Time.Compare)
	if bounds = slices.CompactFunc(bounds, time.Time.Equal); len(bounds) < 2 {
		return nil
	}
	return bounds
}

func (m *machine) since(t *rapid.T) {
	project := rapid.SampledFrom(modelProjects).Draw(t, "project")
	after, limit := int64(rapid.IntRange(0, int(m.m.lastID)+1).Draw(t, "after")), rapid.IntRange(1, 100).Draw(t, "limit")
	got, err := m.s.Since(t.Context(), project, after, limit)
	if err != nil {
		t.Fatal(err)
	}
	var want []audit.Entry
	for _, e := range m.m.entries {
		if e.Project == project && e.ID > after {
			want = append(want, e)
		}
	}
	slices.SortFunc(want, func(a, b audit.Entry) int { return cmp.Compare(a.ID, b.ID) })
	want = want[:min(len(want), limit)]
	if len(got) != len(want) {
		t.Fatalf("since %d: %d entries, want %d", after, len(got), len(want))
	}
	for i := range want {
		sameEntry(t, &want[i], got[i])
	}
}

func (m *machine) delete(t *rapid.T) {
	name := rapid.SampledFrom(modelProjects).Draw(t, "project")
	_, gone := m.m.deleted[name]
	there := slices.ContainsFunc(m.m.entries, func(e audit.Entry) bool { return e.Project == name && e.Purge == nil })
	e := drawEntry(t)
	e.Key, e.Action, e.CreatedAt = "", "project.delete", time.Time{}
	_, err := m.s.Delete(t.Context(), name, e, time.Hour)
	switch {
	case gone && audit.KindOf(err) == audit.Conflict, !there && audit.KindOf(err) == audit.NotFound:
	case gone || !there || err != nil:
		t.Fatalf("delete of %s (there %t, deleted %t): %v", name, there, gone, err)
	default:
		m.m.lastID++
		m.m.entries = append(m.m.entries, *e.Clone())
		m.m.deleted[name] = m.m.lastID
	}
}

func (m *machine) restore(t *rapid.T) {
	name := rapid.SampledFrom(modelProjects).Draw(t, "project")
	e := drawEntry(t)
	e.Key, e.CreatedAt = "", time.Time{}
	_, err := m.s.Restore(t.Context(), name, e)
	if _, ok := m.m.deleted[name]; !ok {
		if err == nil {
			t.Fatalf("restored %s, which was not deleted", name)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	m.m.lastID++
	m.m.entries = append(m.m.entries, *e.Clone())
	delete(m.m.deleted, name)
}

func (m *machine) purge(t *rapid.T) {
	for name, id := range m.m.deleted {
		for done, steps := false, 0; !done; steps++ {
			var err error
			if done, err = m.s.PurgeStep(t.Context(), name); err != nil {
				t.Fatal(err)
			}
			if steps == 2 && rapid.Bool().Draw(t, "reopen") {
				m.reopen(t)
			}
		}
		m.purged(t, name, id)
	}
}

// purged brings the model to what a purge has to leave.
func (m *machine) purged(t *rapid.T, name string, id int64) {
	e, err := m.s.Get(t.Context(), name, id)
	if err != nil {
		t.Fatal(err)
	}
	var want audit.Purge
	m.m.entries = slices.DeleteFunc(m.m.entries, func(x audit.Entry) bool {
		if x.Project != name || x.ID == id {
			return false
		}
		if want.Entries == 0 || x.CreatedAt.Before(want.From) {
			want.From = x.CreatedAt
		}
		if want.Entries == 0 || x.CreatedAt.After(want.To) {
			want.To = x.CreatedAt
		}
		if want.Entries == 0 {
			want.FirstID = x.ID
		}
		want.LastID = x.ID
		want.Entries++
		return true
	})
	i := slices.IndexFunc(m.m.entries, func(x audit.Entry) bool { return x.ID == id })
	want.At, want.By = m.now, m.m.entries[i].Actor.Email
	if p := e.Purge; p == nil || p.Entries != want.Entries || p.By != want.By || !p.At.Equal(want.At) {
		t.Fatalf("purge of %s reports %+v, want %+v", name, p, want)
	}
	m.m.entries[i].Purge = e.Purge
	delete(m.m.deleted, name)
}

func (m *machine) reopen(t *rapid.T) {
	if err := m.s.Close(); err != nil {
		t.Fatal(err)
	}
	m.open(t)
}

func (m *machine) check(t *rapid.T) {
	sum, err := m.s.Check(t.Context(), func(problem string) { t.Errorf("check: %s", problem) })
	if err != nil {
		t.Fatal(err)
	}
	if sum.Entries != int64(len(m.m.entries)) {
		t.Fatalf("check counts %d entries, want %d", sum.Entries, len(m.m.entries))
	}
}

func (m *machine) projects(t *rapid.T) {
	for _, p := range m.s.Projects() {
		n := len(m.m.list(audit.Query{Project: p.Name}, nil))
		if p.Entries != int64(n) {
			b, _ := json.Marshal(p)
			t.Fatalf("project %s, want %d entries", b, n)
		}
	}
}

// TestModel runs random operations on a store and on a slice, and wants the same
// answers of both.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir := tempDir(t)
		m := &machine{dir: dir, now: modelStart.Add(time.Hour), m: model{deleted: make(map[string]int64)}}
		m.open(t)
		defer func() { m.s.Close() }()
		t.Repeat(map[string]func(*rapid.T){
			"record":  func(t *rapid.T) { m.record(t, rapid.IntRange(1, 30).Draw(t, "n")) },
			"bulk":    func(t *rapid.T) { m.bulk(t) },
			"seal":    m.seal,
			"list":    m.list,
			"get":     m.get,
			"stats":   m.stats,
			"since":   m.since,
			"delete":  m.delete,
			"restore": m.restore,
			"purge":   m.purge,
			"reopen":  m.reopen,
			"":        m.projects,
		})
		m.check(t)
	})
}

// bulk records enough at once to fill blocks, drawn from a few entries so that
// drawing stays cheap.
func (m *machine) bulk(t *rapid.T) {
	var kinds []*audit.Entry
	for range 5 {
		e := drawEntry(t)
		e.Key = ""
		kinds = append(kinds, e)
	}
	project := kinds[0].Project
	n := rapid.IntRange(50, 400).Draw(t, "n")
	spread := rapid.IntRange(1, 100).Draw(t, "spread")
	var entries []*audit.Entry
	for i := range n {
		e := kinds[i%len(kinds)].Clone()
		e.Project = project
		if !e.CreatedAt.IsZero() {
			e.CreatedAt = e.CreatedAt.Add(time.Duration(i*spread) * time.Millisecond)
			if e.CreatedAt.After(m.now) {
				e.CreatedAt = m.now
			}
		}
		entries = append(entries, e)
	}
	m.recordAll(t, entries)
}
