package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/fulltext"
	"auditlog/store/blocks"
	"auditlog/store/format"
	"auditlog/store/kv"
)

var (
	damages    = flag.Int("damages", 3, "how often TestDamage damages each image of a database, in each way")
	damageSeed = flag.Uint64("damageseed", 1, "how TestDamage chooses where")
)

// campaign is a log that is damaged again and again, each time from the same images.
type campaign struct {
	images map[string]map[string][]byte // files by name, by how the process ended
	opts   Options
	asks   []ask
	want   map[string]string
	listed map[string][]*audit.Entry
	keyed  []*audit.Entry // some entries that have a key
	last   int64          // the newest id
	at     *Store         // what is asked at present
	// Of the answers to what lists or counts: how many there were, and how many of these errors.
	lists, refusals int
	taken           int // entries that were recorded to damaged logs
}

// ask is something that a log is asked for, and an answer of it is told apart by. One for entries
// of a project has list instead.
type ask struct {
	name string
	run  func(context.Context, *Store) (string, error)
	list func(context.Context, *Store) ([]*audit.Entry, []audit.Gap, error)
}

// lists reports whether it is something that goes around damage.
func (a *ask) lists() bool { return a.list != nil || strings.HasPrefix(a.name, "stats") }

// toldIndex is an index that names every block that it was told of, whatever is asked.
type toldIndex struct {
	part string
	c    *campaign
}

func (x toldIndex) Terms(value string) uint64 {
	if strings.Contains(value, x.part) {
		return 1
	}
	return 0
}

func (x toldIndex) Whole(string) uint64 { return 0 }

func (x toldIndex) Match(terms uint64) bool { return terms == 1 }

func (x toldIndex) Clues() *fulltext.Clues { return nil }

func (x toldIndex) Blocks(_ context.Context, of []format.ProjectID, before audit.Position, _ int64) (keys [][]format.BlockKey, through uint64, ok bool, err error) {
	changes, through, err := x.c.at.BlockChanges(0, 1<<30)
	if err != nil {
		return nil, 0, false, nil // it was told all of it before that was damaged
	}
	keys = make([][]format.BlockKey, len(of))
	for _, c := range changes {
		if i := slices.Index(of, c.Key.Project); i >= 0 && !c.Deleted && c.Key.Position.Compare(before) <= 0 {
			keys[i] = append(keys[i], c.Key)
		}
	}
	for _, k := range keys {
		slices.SortFunc(k, func(a, b format.BlockKey) int { return b.Position.Compare(a.Position) })
	}
	return keys, through, true, nil
}

var campaignProjects = []string{"acme", "globex", "initech", "umbrella"}

// newCampaign makes a log whose buckets have pages of every kind, and some of earlier states
// among those that are free.
func newCampaign(t *testing.T) *campaign {
	t.Helper()
	c := &campaign{images: make(map[string]map[string][]byte), opts: Options{
		SealAfter: time.Hour, SealRows: 1 << 20, CacheBytes: 64 << 10,
		sizes: blocks.Sizes{BlockRows: 12, IndexableRows: 6, IndexableBytes: 8 << 10, Span: 8, Ahead: 2, Direct: 2, Layers: 8},
	}}
	c.opts.Search = func(text string) (fulltext.Query, error) { return toldIndex{text, c}, nil }
	dir := t.TempDir()
	s := open(t, dir, c.opts)
	c.at = s
	c.fill(t, s)
	c.images["killed"] = readFolder(t, dir)
	if p := s.mem.Projects["acme"]; len(p.Rec.Late) == 0 {
		t.Fatal("no late entries are in a layer of their own")
	}
	c.last = s.LastID()
	c.makeAsks(t, s)
	c.want, c.listed = make(map[string]string), make(map[string][]*audit.Entry)
	for _, a := range c.asks {
		var err error
		var gaps []audit.Gap
		if a.list != nil {
			c.listed[a.name], gaps, err = a.list(t.Context(), s)
		} else {
			c.want[a.name], err = a.run(t.Context(), s)
		}
		if err != nil || len(gaps) > 0 {
			t.Fatalf("%s: %v, %v", a.name, gaps, err)
		}
		seen := make(map[int64]bool)
		for _, e := range c.listed[a.name] {
			if seen[e.ID] {
				t.Fatalf("%s: entry %d comes twice", a.name, e.ID)
			}
			seen[e.ID] = true
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	c.images["closed"] = readFolder(t, dir)
	c.images["alone"] = map[string][]byte{FileName: c.images["closed"][FileName]}
	return c
}

// fill records, seals, comes late, deletes and purges.
func (c *campaign) fill(t *testing.T, s *Store) {
	t.Helper()
	g := audittest.New(3, time.Minute)
	n := 0
	record := func(count int) {
		entries := g.Entries(count)
		for _, e := range entries {
			n++
			e.Project = campaignProjects[n%len(campaignProjects)]
			if n%3 == 0 {
				e.Key = fmt.Sprintf("%x", sha256.Sum256([]byte{byte(n), byte(n >> 8)}))[:24]
			}
			switch {
			case n%17 == 0:
				e.CreatedAt = e.CreatedAt.Add(-time.Duration(n%400) * time.Hour)
			case n/4%3 == 0:
				e.CreatedAt = e.CreatedAt.Add(-time.Duration(n*7%1100) * time.Minute)
			}
			if e.Key != "" && n%6 == 0 {
				c.keyed = append(c.keyed, e)
			}
		}
		if _, err := s.Record(t.Context(), entries); err != nil {
			t.Fatal(err)
		}
	}
	seal := func() {
		if err := s.Seal(); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 10 {
		record(120)
		if i == 5 {
			c.purge(t, s, "umbrella")
		}
		seal()
	}
	for i := range 8 {
		token := map[string][]byte{fmt.Sprintf("token-%d", i): []byte(`{"owner":"ada"}`)}
		if err := s.ChangeTokens(t.Context(), token, nil, nil); err != nil {
			t.Fatal(err)
		}
		if err := s.SaveCursor(t.Context(), fmt.Sprintf("sink-%d", i), int64(i)); err != nil {
			t.Fatal(err)
		}
		record(8)
	}
	for i, e := range c.keyed {
		c.keyed[i] = e.Clone()
	}
}

func (c *campaign) purge(t *testing.T, s *Store, name string) {
	t.Helper()
	if _, err := s.Delete(t.Context(), name, entry(name, 0), audit.DeletionOrder{Grace: 0}); err != nil {
		t.Fatal(err)
	}
	for done := false; !done; {
		var err error
		if done, err = s.PurgeStep(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	c.keyed = slices.DeleteFunc(c.keyed, func(e *audit.Entry) bool { return e.Project == name })
}

func readFolder(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := make(map[string][]byte)
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name()] = b
	}
	return files
}

// makeAsks makes everything that a log is asked for.
func (c *campaign) makeAsks(t *testing.T, s *Store) {
	t.Helper()
	add := func(name string, run func(context.Context, *Store) (string, error)) {
		c.asks = append(c.asks, ask{name: name, run: run})
	}
	add("projects", func(_ context.Context, s *Store) (string, error) {
		if all := s.Projects(); len(all) > 0 && all[0].Damaged || s.Paused() != nil {
			return c.want["projects"], nil // it says that there may be more
		}
		return fmt.Sprintf("%+v", s.Projects()), nil
	})
	for _, name := range campaignProjects {
		queries := map[string]audit.Query{
			"all":  {Project: name},
			"some": {Project: name, Is: audit.Terms{"outcome": {string(audit.Forbidden), string(audit.Error)}}},
			"type": {Project: name, Is: audit.Terms{"resourceType": {"Deployment"}}},
			"text": {Project: name, Text: "a"},
		}
		for kind, q := range queries {
			c.asks = append(c.asks, ask{name: "list " + kind + " of " + name,
				list: func(ctx context.Context, s *Store) ([]*audit.Entry, []audit.Gap, error) { return listAll(ctx, s, q) }})
		}
		add("stats of "+name, func(ctx context.Context, s *Store) (string, error) { return c.stats(ctx, s, name) })
		c.asks = append(c.asks, ask{name: "export of " + name, list: func(ctx context.Context, s *Store) (all []*audit.Entry, gaps []audit.Gap, err error) {
			err = audittest.Export(ctx, s, audit.Query{Project: name}, func(e *audit.Entry) error { all = append(all, e); return nil })
			if part := new(audit.Incomplete); errors.As(err, &part) {
				return all, part.Gaps, nil
			}
			return all, nil, err
		}})
		c.asks = append(c.asks, ask{name: "parts of " + name,
			list: func(ctx context.Context, s *Store) ([]*audit.Entry, []audit.Gap, error) { return partsOf(ctx, s, name) }})
		add("pull of "+name, func(ctx context.Context, s *Store) (string, error) {
			d := newDigest()
			for seq := int64(0); ; {
				entries, err := s.AfterSeq(ctx, name, seq, 300)
				if err != nil || len(entries) == 0 {
					return d.String(), err
				}
				d.add(entries...)
				seq = entries[len(entries)-1].Seq
			}
		})
	}
	add("pull of all", func(ctx context.Context, s *Store) (string, error) {
		d := newDigest()
		for id := int64(0); ; {
			entries, through, err := s.After(ctx, id, 500)
			if err != nil || through == id {
				return d.String(), err
			}
			d.add(entries...)
			id = through
		}
	})
	entries, _, err := s.After(t.Context(), 0, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(entries); i += 41 {
		project, id := entries[i].Project, entries[i].ID
		add(fmt.Sprintf("get %d", id), func(ctx context.Context, s *Store) (string, error) {
			e, err := s.Get(ctx, project, id)
			if err != nil {
				return "", err
			}
			return string(e.AppendJSON(nil)), nil
		})
	}
	add("tokens", func(_ context.Context, s *Store) (string, error) {
		tokens, err := s.Tokens()
		return fmt.Sprint(tokens), err
	})
	add("cursors", func(_ context.Context, s *Store) (string, error) {
		cursors, err := s.Cursors()
		return fmt.Sprint(cursors), err
	})
	c.makeWrites(add)
}

// makeWrites adds what writes, which comes last by its name.
func (c *campaign) makeWrites(add func(string, func(context.Context, *Store) (string, error))) {
	add("retry", func(ctx context.Context, s *Store) (string, error) {
		var b strings.Builder
		for _, e := range c.keyed {
			got, err := s.Record(ctx, []*audit.Entry{e.Clone()})
			if err != nil {
				return "", err
			}
			fmt.Fprintf(&b, "%d ", got[0].ID)
			if !got[0].Duplicate && s.LastID() > c.last {
				return "recorded again", nil
			}
		}
		return b.String(), nil
	})
}

// listAll pages through a listing.
func listAll(ctx context.Context, s *Store, q audit.Query) (all []*audit.Entry, gaps []audit.Gap, err error) {
	p := audit.Paging{Limit: 150}
	for range 200 {
		page, err := audittest.List(ctx, s, q, p)
		if err != nil {
			return nil, nil, err
		}
		all, gaps = append(all, page.Entries...), append(gaps, page.Gaps...)
		if page.Next == "" {
			return all, gaps, nil
		}
		p.Cursor = page.Next
	}
	return nil, nil, errors.New("pages without an end")
}

// stats returns the counts of a project. Where something is missing from them, they are told
// to be right if no more is.
func (c *campaign) stats(ctx context.Context, s *Store, project string) (string, error) {
	st, err := audittest.Stats(ctx, s, audit.Query{Project: project}, audit.Counting{})
	if err != nil || len(st.Gaps) == 0 {
		return fmt.Sprintf("%+v", st), err
	}
	missing, about := missingFrom(st.Gaps)
	total := int64(len(c.listed["list all of "+project]))
	if n := st.Total + int64(len(missing)); n == total || about && st.Total <= total {
		return c.want["stats of "+project], nil
	}
	return fmt.Sprintf("%d counted and %d missing of %d", st.Total, len(missing), total), nil
}

// partsOf returns what pulling a project gives, and what is told of as damaged.
func partsOf(ctx context.Context, s *Store, project string) (all []*audit.Entry, gaps []audit.Gap, err error) {
	sel, err := s.Prepare(audit.Query{Project: project})
	if err != nil {
		return nil, nil, err
	}
	for at := int64(0); ; {
		part, err := sel.Pull(ctx, audit.Pulling{After: at, Limit: 300})
		if err != nil || part.Covered.Len() == 0 {
			return all, gaps, err
		}
		all = append(all, part.Entries...)
		for _, r := range append(part.Damaged, part.Lost...) {
			gaps = append(gaps, audit.Gap{Project: project, Entries: r.Len(), Seqs: []audit.SeqRange{{First: r.From, Last: r.To}}})
		}
		at = part.Covered.To
	}
}

// missingFrom returns the seqs that gaps name, and whether that is not exact.
func missingFrom(gaps []audit.Gap) (seqs map[int64]bool, about bool) {
	seqs = make(map[int64]bool)
	for _, g := range gaps {
		about = about || g.AtMost || g.AtLeast || g.Project == "" // whose they are is not known
		for _, r := range g.Seqs {
			for seq := r.First; seq <= r.Last; seq++ {
				seqs[seq] = true
			}
		}
	}
	return seqs, about
}

// compare holds a listing against what there was: it is that but for what is named as missing.
func compare(got, want []*audit.Entry, gaps []audit.Gap) (wrong string) {
	missing, about := missingFrom(gaps)
	for _, w := range want {
		switch {
		case len(got) > 0 && got[0].ID == w.ID:
			if !bytes.Equal(got[0].AppendJSON(nil), w.AppendJSON(nil)) {
				return fmt.Sprintf("entry %d is another", w.ID)
			}
			if missing[w.Seq] && !about {
				return fmt.Sprintf("entry %d is there and said to be missing", w.ID)
			}
			got = got[1:]
		case !missing[w.Seq] && !about:
			return fmt.Sprintf("entry %d, seq %d, is not there of %d, missing are %d in %d gaps", w.ID, w.Seq, len(want), len(missing), len(gaps))
		}
	}
	if len(got) > 0 {
		return fmt.Sprintf("entry %d is there, and never was", got[0].ID)
	}
	return ""
}

// digest tells one run of entries from another.
type digest struct {
	n   int
	sum [32]byte
}

func newDigest() *digest { return new(digest) }

func (d *digest) add(entries ...*audit.Entry) {
	for _, e := range entries {
		d.n++
		d.sum = sha256.Sum256(e.AppendJSON(d.sum[:]))
	}
}

func (d *digest) String() string { return fmt.Sprintf("%d entries, %x", d.n, d.sum[:8]) }

// verdict is what damage led to.
type verdict int

const (
	harmless verdict = iota // every answer is right, and nothing is to be found
	checked                 // every answer is right, and the check finds the damage
	gapped                  // what is missing from answers is named in them
	refused                 // some were refused, by an error that says where
	wrong
	verdicts
)

// try asks everything of a damaged copy.
func (c *campaign) try(t *testing.T, files map[string][]byte) (v verdict, why string) {
	dir, err := os.MkdirTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	isNoCopy(t, filepath.Join(dir, FileName))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	s, err := Open(dir, c.opts)
	if err != nil {
		if !saysWhere(err) {
			return wrong, fmt.Sprintf("opening: %v", err)
		}
		return refused, err.Error()
	}
	defer s.Close()
	if err := s.Paused(); err != nil && len(s.mem.Hurt.Errs) == 0 {
		return refused, err.Error() // it is an older state, and says so
	}
	c.at = s
	for _, a := range c.asks {
		bad, gaps, err := c.ask(ctx, s, a)
		if a.lists() {
			c.lists++
		}
		switch {
		case err != nil && !saysWhere(err):
			return wrong, fmt.Sprintf("%s: %v", a.name, err)
		case err != nil:
			v, why = refused, a.name+": "+err.Error()
			if a.lists() {
				c.refusals++
			}
		case bad != "":
			return wrong, a.name + ": " + bad
		case gaps > 0:
			v, why = max(v, gapped), a.name
		}
	}
	if bad := c.goesOn(ctx, s); bad != "" {
		return wrong, bad
	}
	problems := ""
	if _, err := s.Check(ctx, func(p string) { problems = p }); err != nil {
		return wrong, "check: " + err.Error()
	}
	if v == harmless && problems != "" {
		return checked, problems
	}
	return v, why
}

// ask asks for one thing, and says what is wrong with the answer, or how many gaps it has.
func (c *campaign) ask(ctx context.Context, s *Store, a ask) (bad string, gaps int, err error) {
	if a.list == nil {
		got, err := a.run(ctx, s)
		if err == nil && got != c.want[a.name] {
			bad = fmt.Sprintf("%s, not %s", cut(got), cut(c.want[a.name]))
		}
		return bad, 0, err
	}
	got, missing, err := a.list(ctx, s)
	if err != nil {
		return "", 0, err
	}
	return compare(got, c.listed[a.name], missing), len(missing), nil
}

func cut(s string) string { return s[:min(len(s), 200)] }

// saysWhere reports whether an error names the file and the bucket of damage.
func saysWhere(err error) bool {
	is := errors.Is(err, kv.ErrDamaged) || errors.Is(err, format.ErrCorrupt)
	return is && strings.Contains(err.Error(), FileName)
}

// A way is a kind of damage to a file.
type way struct {
	name string
	do   func(r *rand.Rand, b []byte) []byte
}

// TestDamage damages a log in many ways, and asks for everything: whatever is hurt, what
// is answered is right, and the rest is an error that says where.
func TestDamage(t *testing.T) {
	alone(t)
	c := newCampaign(t)
	for _, how := range []string{"killed", "closed", "alone"} {
		if v, why := c.try(t, c.images[how]); v != harmless {
			t.Fatalf("%s and not damaged: %d, %s", how, v, why)
		}
	}
	for _, w := range ways() {
		var counts [verdicts]int
		for _, how := range []string{"killed", "closed", "alone"} {
			r := rand.New(rand.NewPCG(*damageSeed, uint64(len(w.name)+len(how))))
			for i := range *damages {
				files := make(map[string][]byte)
				for name, b := range c.images[how] {
					files[name] = b
				}
				files[FileName] = w.do(r, bytes.Clone(files[FileName]))
				v, why := c.try(t, files)
				counts[v]++
				if v == wrong {
					t.Errorf("%s, %s, number %d: %s", w.name, how, i, why)
				}
			}
		}
		t.Logf("%s: %d times: wrong answers %d, errors %d, with gaps alone %d, found by the check alone %d, harmless %d", w.name, 3**damages,
			counts[wrong], counts[refused], counts[gapped], counts[checked], counts[harmless])
	}
	if t.Logf("%d listings, %d of them refused, %d entries recorded", c.lists, c.refusals, c.taken); c.refusals > c.lists/20 {
		t.Errorf("%d of %d listings of a log that is open were refused", c.refusals, c.lists)
	}
}
