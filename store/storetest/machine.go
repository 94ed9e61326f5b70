package storetest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"pgregory.net/rapid"

	"auditlog/audit"
)

// machine runs a log and the model side by side.
type machine struct {
	engine Engine
	dir    string
	log    Log
	nodes  []Log // of log; that alone where it has no others
	m      model
	ticks  atomic.Int64 // milliseconds that have passed, which nodes read whenever they like
}

// now is what the clock says.
func (m *machine) now() time.Time {
	return start.Add(time.Hour + time.Duration(m.ticks.Load())*time.Millisecond)
}

// runMachine does random operations to a log, and lets it check itself at the end.
func runMachine(t *rapid.T, engine Engine) {
	m := &machine{engine: engine, dir: tempDir(t), m: newModel()}
	m.open(t)
	defer func() { m.log.Close() }()
	t.Repeat(map[string]func(*rapid.T){
		"record":  func(t *rapid.T) { m.record(t, rapid.IntRange(1, 30).Draw(t, "n")) },
		"bulk":    m.bulk,
		"retry":   m.retry,
		"settle":  m.settle,
		"list":    m.list,
		"export":  m.export,
		"get":     m.get,
		"stats":   m.stats,
		"since":   m.since,
		"pull":    m.pull,
		"delete":  m.delete,
		"restore": m.restore,
		"purge":   m.purge,
		"reopen":  m.reopen,
		"":        m.state,
	})
	for _, log := range m.nodes {
		check(t, log)
	}
}

func (m *machine) open(t *rapid.T) {
	log, err := m.engine(m.dir, Options{Now: m.now, Search: parseWords})
	if err != nil {
		t.Fatal(err)
	}
	m.log, m.nodes = log, []Log{log}
	if s, ok := log.(Several); ok {
		m.nodes = s.Nodes()
	}
}

// node returns the node that is asked next.
func (m *machine) node(t *rapid.T) Log {
	if len(m.nodes) == 1 {
		return m.log
	}
	return m.nodes[rapid.IntRange(0, len(m.nodes)-1).Draw(t, "node")]
}

func (m *machine) reopen(t *rapid.T) {
	if err := m.log.Close(); err != nil {
		t.Fatal(err)
	}
	m.open(t)
}

func (m *machine) settle(t *rapid.T) {
	s, ok := m.node(t).(Settler)
	if !ok {
		return
	}
	if err := s.Settle(); err != nil {
		t.Fatal(err)
	}
}

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
			if _, err := m.node(t).Record(t.Context(), entries); audit.KindOf(err) != audit.Conflict {
				t.Fatalf("recording to a deleted project: %v", err)
			}
			return
		}
	}
	inputs := make([]string, len(entries))
	for i, e := range entries {
		inputs[i] = input(e)
	}
	m.ticks.Add(1)
	got, err := m.node(t).Record(t.Context(), entries)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range entries {
		first, known := m.m.byKey(e.Project, e.Key)
		want := audit.Recorded{ID: first.id, Duplicate: known && first.input == inputs[i], Conflict: known && first.input != inputs[i]}
		if !known {
			m.m.add(t, e)
			want.ID = m.m.lastID
			m.m.know(e, inputs[i])
			if e.RecordedAt != m.now() {
				t.Fatalf("entry %d is of %v, want %v", i, e.RecordedAt, m.now())
			}
		}
		if got[i] != want {
			t.Fatalf("entry %d with key %q: %+v, want %+v", i, e.Key, got[i], want)
		}
	}
}

// retry sends entries with keys again, as they were, or with something else in them.
func (m *machine) retry(t *rapid.T) {
	sent := slices.Sorted(maps.Keys(m.m.sent))
	if len(sent) == 0 {
		return
	}
	var entries []*audit.Entry
	for range rapid.IntRange(1, 5).Draw(t, "n") {
		e := m.m.sent[rapid.SampledFrom(sent).Draw(t, "again")].Clone()
		if rapid.IntRange(0, 2).Draw(t, "other") == 0 {
			e.Detail += "!"
		}
		entries = append(entries, e)
	}
	m.recordAll(t, entries)
}

// bulk records many at once, drawn from a few entries so that drawing stays cheap.
func (m *machine) bulk(t *rapid.T) {
	var kinds []*audit.Entry
	for range 5 {
		e := drawEntry(t)
		e.Key = ""
		kinds = append(kinds, e)
	}
	n := rapid.IntRange(50, 400).Draw(t, "n")
	spread := rapid.IntRange(1, 100).Draw(t, "spread")
	var entries []*audit.Entry
	for i := range n {
		e := kinds[i%len(kinds)].Clone()
		e.Project = kinds[0].Project
		if !e.CreatedAt.IsZero() {
			e.CreatedAt = e.CreatedAt.Add(time.Duration(i*spread) * time.Millisecond)
			if e.CreatedAt.After(m.now()) {
				e.CreatedAt = m.now()
			}
		}
		entries = append(entries, e)
	}
	m.recordAll(t, entries)
}

func (m *machine) prepare(t *rapid.T, q audit.Query) audit.Selection {
	sel, err := m.node(t).Prepare(q)
	if err != nil {
		t.Fatal(err)
	}
	return sel
}

// list pages through a random query while entries are recorded and settle, and wants
// every entry that was there before the first page exactly once.
func (m *machine) list(t *rapid.T) {
	q := drawQuery(t)
	sel, p := m.prepare(t, q), audit.Paging{Limit: rapid.IntRange(1, 40).Draw(t, "limit"), JSON: rapid.Bool().Draw(t, "as JSON")}
	before := m.m.list(q)
	var got []*audit.Entry
	for pages := 0; ; pages++ {
		page, err := sel.List(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		entries := page.Entries
		fromJSON(t, &page)
		got = append(got, entries...)
		if len(entries) > p.Limit || page.Next != "" && len(entries) != p.Limit {
			t.Fatalf("a page of %d entries, limit %d, next %q", len(entries), p.Limit, page.Next)
		}
		if page.Next == "" {
			break
		}
		p.Cursor, p.JSON = page.Next, rapid.Bool().Draw(t, "as JSON")
		if len(m.nodes) > 1 {
			sel = m.prepare(t, q)
		}
		if pages < 3 {
			m.record(t, rapid.IntRange(0, 5).Draw(t, "meanwhile"))
		}
		if pages == 1 && rapid.Bool().Draw(t, "settle") {
			m.settle(t)
		}
	}
	if q.Oldest {
		slices.Reverse(got)
		slices.Reverse(before)
	}
	compare(t, before, m.m.list(q), got)
}

// fromJSON makes the entries of a page that it has the canonical JSON of.
func fromJSON(t *rapid.T, page *audit.Page) {
	for i, line := range page.JSON {
		if line == nil {
			continue
		}
		e := &audit.Entry{}
		if err := json.Unmarshal(line, e); err != nil || page.Entries[i] != nil {
			t.Fatalf("%s beside %v: %v", line, page.Entries[i], err)
		}
		if again := e.AppendJSON(nil); !bytes.Equal(again, line) {
			t.Fatalf("the JSON of an entry is %s, and again %s", line, again)
		}
		page.Entries[i] = e
	}
}

// compare wants got to hold all of before, newest first, and beside them only entries of
// after.
func compare(t *rapid.T, before, after []audit.Entry, got []*audit.Entry) {
	i := 0
	for n, e := range got {
		if n > 0 && got[n-1].Position().Compare(e.Position()) <= 0 {
			t.Fatalf("entry %d listed behind %d", e.ID, got[n-1].ID)
		}
		if i < len(before) && before[i].ID == e.ID {
			same(t, &before[i], e)
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

func same(t *rapid.T, want, got *audit.Entry) {
	if w, g := want.AppendJSON(nil), got.AppendJSON(nil); !bytes.Equal(w, g) {
		t.Fatalf("entry\n%s\nwant\n%s", g, w)
	}
}

// export wants everything that a query selects, in order, and Match to say of every
// entry of the log what the model says.
func (m *machine) export(t *rapid.T) {
	q := drawQuery(t)
	sel := m.prepare(t, q)
	var got []*audit.Entry
	err := sel.Export(t.Context(), func(e *audit.Entry) error { got = append(got, e); return nil })
	if err != nil {
		t.Fatal(err)
	}
	want := m.m.list(q)
	if len(got) != len(want) {
		t.Fatalf("exported %d entries, want %d", len(got), len(want))
	}
	for i := range want {
		same(t, &want[i], got[i])
	}
	for i := range m.m.entries {
		if e := &m.m.entries[i]; sel.Match(e) != selects(q, e) {
			t.Fatalf("%+v matches %s: %t", q, e.AppendJSON(nil), sel.Match(e))
		}
	}
}

func (m *machine) get(t *rapid.T) {
	id := int64(rapid.IntRange(-1, int(m.m.lastID)+1).Draw(t, "id"))
	project := rapid.SampledFrom(projects).Draw(t, "project")
	e, err := m.node(t).Get(t.Context(), project, id)
	want := m.m.find(project, id)
	switch {
	case want == nil && audit.KindOf(err) != audit.NotFound:
		t.Fatalf("get of %d: %v, %v", id, e, err)
	case want == nil:
	case err != nil:
		t.Fatal(err)
	default:
		same(t, want, e)
	}
}

func (m *machine) since(t *rapid.T) {
	project := rapid.SampledFrom(projects).Draw(t, "project")
	after, limit := int64(rapid.IntRange(0, int(m.m.lastID)+1).Draw(t, "after")), rapid.IntRange(1, 100).Draw(t, "limit")
	got, err := m.node(t).Since(t.Context(), project, after, limit)
	if err != nil {
		t.Fatal(err)
	}
	var want []audit.Entry
	for _, e := range m.m.entries {
		if e.Project == project && e.ID > after && len(want) < limit {
			want = append(want, e)
		}
	}
	if len(got) != len(want) {
		t.Fatalf("since %d: %d entries, want %d", after, len(got), len(want))
	}
	for i := range want {
		same(t, &want[i], got[i])
	}
}

func (m *machine) stats(t *rapid.T) {
	q, top := drawQuery(t), rapid.IntRange(1, 5).Draw(t, "top")
	if rapid.IntRange(0, 3).Draw(t, "any field") > 0 { // a log may count by some of them ahead of time
		q.Text = ""
		for _, terms := range []audit.Terms{q.Is, q.Not} {
			maps.DeleteFunc(terms, func(field string, _ []string) bool { return !slices.Contains(oftenCounted, field) })
		}
	}
	got, err := m.prepare(t, q).Stats(t.Context(), audit.Counting{Bounds: m.drawBounds(t), Top: top})
	if err != nil {
		t.Fatal(err)
	}
	entries := m.m.list(q)
	values, outcomes := [3]map[string]int64{{}, {}, {}}, audit.Counts{}
	for _, e := range entries {
		outcomes.Add(e.Outcome, 1)
		values[0][e.Resource.Type]++
		values[1][e.Action]++
		values[2][e.Actor.Email]++
	}
	if got.Total != int64(len(entries)) || got.Outcomes != outcomes {
		t.Fatalf("stats %+v, want %d entries, %+v", got, len(entries), outcomes)
	}
	for i, counts := range []audit.Values{got.ResourceTypes, got.Actions, got.Actors} {
		checkValues(t, counts, byCount(values[i]), top, got.Total)
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

// oftenCounted are the fields that charts and lists of values are filtered by.
var oftenCounted = []string{"resourceType", "action", "actor", "actorType", "outcome", "channel", "recordedBy"}

// checkValues compares the counts of a field's values with all of them.
func checkValues(t *rapid.T, got audit.Values, want []audit.ValueCount, top int, total int64) {
	top = min(top, len(want))
	for _, v := range want[:top] {
		total -= v.Count
	}
	if !slices.Equal(got.Top, want[:top]) || got.Others != int64(len(want)-top) || got.OtherEntries != total || got.Estimated {
		t.Fatalf("values are counted as %+v, want the first %d of %v", got, top, want)
	}
}

// byCount lists values, the most frequent first.
func byCount(values map[string]int64) []audit.ValueCount {
	list := []audit.ValueCount{}
	for v, n := range values {
		list = append(list, audit.ValueCount{Value: v, Count: n})
	}
	slices.SortFunc(list, func(a, b audit.ValueCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
	})
	return list
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
