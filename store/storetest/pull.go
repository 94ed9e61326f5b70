package storetest

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"auditlog/audit"
)

// pull reads parts of a random query from a random number on, while entries are recorded and
// settle, and wants of each number what the model says of it.
func (m *machine) pull(t *rapid.T) {
	q := drawQuery(t)
	sel := m.prepare(t, q)
	newest := func() int64 {
		if q.Project == "" {
			return m.m.lastID
		}
		return m.m.lastSeq[q.Project]
	}
	before := newest()
	p := audit.Pulling{
		After: int64(rapid.IntRange(0, int(before)+1).Draw(t, "after")),
		Limit: rapid.IntRange(1, 40).Draw(t, "limit"),
		Bytes: rapid.SampledFrom([]int{0, 1, 2000}).Draw(t, "bytes"),
	}
	sum := audit.Part{Covered: audit.Range{From: p.After + 1, To: p.After}}
	for parts := 0; ; parts++ {
		part, err := sel.Pull(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		if len(part.Entries) > p.Limit || part.Covered.From != p.After+1 || part.Newest != newest() {
			t.Fatalf("a part of %d entries, limit %d, from %+v on, covers %+v, the newest is %d", len(part.Entries), p.Limit, p, part.Covered, part.Newest)
		}
		if part.Covered.Len() == 0 {
			break
		}
		addPart(&sum, part)
		p.After = part.Covered.To
		if parts < 2 {
			m.record(t, rapid.IntRange(0, 5).Draw(t, "meanwhile"))
		}
		if parts == 1 && rapid.Bool().Draw(t, "settle") {
			m.settle(t)
		}
	}
	if sum.Covered.To < before {
		t.Fatalf("covered up to %d of %d", sum.Covered.To, before)
	}
	if problem := m.m.accounts(q, &sum); problem != "" {
		t.Fatal(problem)
	}
}

// addPart adds a part to those before it.
func addPart(sum *audit.Part, part audit.Part) {
	sum.Entries = append(sum.Entries, part.Entries...)
	for _, r := range part.Skipped {
		sum.Skipped = audit.AppendRange(sum.Skipped, r)
	}
	for _, r := range part.Purged {
		sum.Purged = audit.AppendRange(sum.Purged, r)
	}
	sum.Covered.To = part.Covered.To
}

// accounts says what is wrong with what a part says of some number, if anything is.
func (m *model) accounts(q audit.Query, part *audit.Part) string {
	number := func(e *audit.Entry) int64 {
		if q.Project == "" {
			return e.ID
		}
		return e.Seq
	}
	there := make(map[int64]*audit.Entry)
	for i := range m.entries {
		if e := &m.entries[i]; q.Project == "" || e.Project == q.Project {
			there[number(e)] = e
		}
	}
	_, all := q.Within.Names()
	all = all || q.Project != ""
	given := part.Entries
	for n := part.Covered.From; n <= part.Covered.To; n++ {
		e := there[n]
		want := "skipped"
		switch {
		case e != nil && selects(q, e):
			want = "given"
		case e == nil && all:
			want = "purged"
		}
		told := toldOf(n, part)
		if len(given) > 0 && number(given[0]) == n {
			told += "given"
		}
		if told != want {
			return fmt.Sprintf("number %d of %+v is %q, want %q", n, q, told, want)
		}
		if want == "given" {
			if want, got := string(e.AppendJSON(nil)), string(given[0].AppendJSON(nil)); want != got {
				return fmt.Sprintf("number %d is %s, want %s", n, got, want)
			}
			given = given[1:]
		}
	}
	if len(given) > 0 {
		return fmt.Sprintf("entry %d is given and not covered, or twice", given[0].ID)
	}
	return ""
}

// toldOf names the lists of ranges that a number is in.
func toldOf(n int64, part *audit.Part) (told string) {
	in := func(r audit.Range) bool { return r.From <= n && n <= r.To }
	if slices.ContainsFunc(part.Skipped, in) {
		told += "skipped"
	}
	if slices.ContainsFunc(part.Purged, in) {
		told += "purged"
	}
	return told
}

// testPulling pulls while a project is purged, step by step.
func testPulling(t *testing.T, open Engine) {
	log := open.open(t, t.TempDir())
	const n = 40
	record(t, log, "doomed", n)
	deletion := plainEntry("doomed")
	if _, err := log.Delete(t.Context(), "doomed", deletion, audit.DeletionOrder{}); err != nil {
		t.Fatal(err)
	}
	sel, err := log.Prepare(audit.Query{Project: "doomed"})
	if err != nil {
		t.Fatal(err)
	}
	for done, steps := false, 0; !done; steps++ {
		if done, err = log.PurgeStep(t.Context(), "doomed"); err != nil {
			t.Fatal(err)
		}
		sum := pullAll(t, sel, 7)
		last := int64(n + 1)
		if done {
			last++ // the project.purge entry
		}
		if sum.Covered.To != last || len(sum.Skipped) != 0 || !slices.Equal(sum.Purged, []audit.Range{{From: 1, To: n}}) ||
			len(sum.Entries) != int(last-n) || sum.Entries[0].ID != deletion.ID {
			t.Errorf("after %d steps of the purge: %+v", steps+1, sum)
		}
		ids, _ := followIDs(t, log, 7)
		if !slices.Contains(ids, deletion.ID) {
			t.Errorf("after %d steps of the purge the project.delete entry is not among %v", steps+1, ids)
		}
	}
	for _, limit := range []int{-1, audit.MaxLimit + 1} {
		if _, err := sel.Pull(t.Context(), audit.Pulling{Limit: limit}); audit.KindOf(err) != audit.Invalid {
			t.Errorf("a limit of %d: %v", limit, err)
		}
	}
}

// pullAll pulls everything that there is.
func pullAll(t *testing.T, sel audit.Selection, limit int) (sum audit.Part) {
	t.Helper()
	sum.Covered.From = 1
	for {
		part, err := sel.Pull(t.Context(), audit.Pulling{After: sum.Covered.To, Limit: limit})
		if err != nil {
			t.Fatal(err)
		}
		if part.Covered.Len() == 0 {
			return sum
		}
		addPart(&sum, part)
	}
}
