package store

import (
	"bytes"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/repair"
)

// repaired repairs a damaged copy, with the sound log as a backup or without, and holds the
// result against what there was.
func (c *campaign) repaired(t *testing.T, files map[string][]byte, with bool) (lost int64) {
	t.Helper()
	dir, sound := t.TempDir(), t.TempDir()
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	isNoCopy(t, filepath.Join(dir, FileName))
	db, err := repair.Open(dir, FileName)
	if err != nil {
		if !saysWhere(err) {
			t.Errorf("open to repair: %v", err)
		}
		return 0
	}
	defer db.Close()
	var others []repair.Source
	if with {
		if err := os.WriteFile(filepath.Join(sound, FileName), c.images["closed"][FileName], 0o600); err != nil {
			t.Fatal(err)
		}
		backup, err := repair.Open(sound, FileName)
		if err != nil {
			t.Fatal(err)
		}
		defer backup.Close()
		others = append(others, repair.Source{Name: "backup", DB: backup.DB})
	}
	to := filepath.Join(t.TempDir(), "new")
	var told []string
	res, err := repair.Into(t.Context(), to, FileName, db, others,
		repair.Options{Random: rand.Reader, Report: func(problem string) { told = append(told, problem) }, Sizes: &c.opts.sizes})
	if err != nil {
		if with || !saysWhere(err) {
			t.Errorf("repair: %v", err)
		}
		return 0
	}
	if res.Check.Problems > 0 {
		t.Errorf("what was repaired has %d faults of %q", res.Check.Problems, told)
		return 0
	}
	c.holds(t, to, res, with)
	for i := range res.Gaps {
		lost += res.Gaps[i].Entries
	}
	if with && lost > 0 {
		t.Errorf("%d entries are lost although a backup has all: %s", lost, &res.Gaps[0])
	}
	return lost
}

// holds asks a repaired log for everything.
func (c *campaign) holds(t *testing.T, dir string, res *repair.Result, all bool) {
	t.Helper()
	s, err := Open(dir, c.opts)
	if err != nil {
		t.Errorf("open what was repaired: %v", err)
		return
	}
	defer s.Close()
	c.at = s
	nameless := false // a name is lost, as the report says: that of the log's own project, too
	for _, name := range append([]string{audit.SystemProject}, campaignProjects...) {
		nameless = nameless || s.mem.Projects[name] == nil
	}
	if nameless && all {
		t.Error("a name is lost although a backup has it")
	}
	for _, a := range c.asks {
		if project := a.name[strings.LastIndexByte(a.name, ' ')+1:]; nameless && (a.list == nil || s.mem.Projects[project] == nil) {
			continue
		}
		if len(res.Gaps) > 0 && (a.list == nil || !all && res.Gaps[len(res.Gaps)-1].Project == "") {
			continue // it tells of what is lost in its own way, or nobody knows whose it was
		}
		if bad, _, err := c.ask(t.Context(), s, a); bad != "" || err != nil {
			t.Errorf("repaired, with gaps %v: %s: %s %v", res.Gaps, a.name, bad, err)
		}
	}
}

// TestRepairCampaign damages a log in many ways, and repairs it: with a backup nothing is missing
// afterwards, and without one what is missing is named. Either is a sound log.
func TestRepairCampaign(t *testing.T) {
	alone(t)
	c := newCampaign(t)
	for _, w := range ways() {
		lost, times := int64(0), 0
		for _, how := range []string{"killed", "closed"} {
			r := mathrand.New(mathrand.NewPCG(*damageSeed, uint64(len(w.name)+len(how))))
			for range *damages {
				files := make(map[string][]byte)
				for name, b := range c.images[how] {
					files[name] = b
				}
				files[FileName] = w.do(r, bytes.Clone(files[FileName]))
				c.repaired(t, files, true)
				lost += c.repaired(t, files, false)
				times++
			}
			if t.Failed() {
				t.Fatalf("%s, %s", w.name, how)
			}
		}
		t.Logf("%s: %d times: all there with a backup, %d entries lost without", w.name, times, lost)
	}
}

// A bit that turned in the name of a project, the log's own too, or in its record, has nobody take it for
// another: with a backup it has its name again, and without one its entries are there under a new one.
func TestRepairOfAName(t *testing.T) {
	c := newCampaign(t)
	for _, name := range []string{audit.SystemProject, "acme"} {
		for _, at := range []int{2, len(name) + 2} {
			files := map[string][]byte{FileName: bytes.Clone(c.images["closed"][FileName])}
			b, turned := files[FileName], 0
			for row := []byte(name + `{"id":`); ; turned++ {
				i := bytes.Index(b, row)
				if i < 0 {
					break
				}
				b[i+at] ^= 1
			}
			if turned == 0 {
				t.Fatalf("nowhere is a row of project %s", name)
			}
			for _, with := range []bool{true, false} {
				if lost := c.repaired(t, files, with); lost > 0 {
					t.Errorf("%s: %d entries are lost with its name", name, lost)
				}
			}
		}
	}
}

// repairedInto repairs the log in a folder without a backup, into another folder.
func repairedInto(t *testing.T, dir, to string) *repair.Result {
	t.Helper()
	db, err := repair.Open(dir, FileName)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	res, err := repair.Into(t.Context(), to, FileName, db, nil, repair.Options{Random: rand.Reader, Report: func(string) {}})
	if err != nil || res.Check.Problems > 0 {
		t.Fatalf("repaired with %d faults, %v", res.Check.Problems, err)
	}
	return res
}

// Entries of the tail that nobody has are told of by their projects, once: with their ids where these can be
// no others, else with what their ids lie between.
func TestRepairNamesWhatTheTailHasLost(t *testing.T) {
	for name, tt := range map[string]struct {
		rows []int64
		want []string
	}{
		"one":              {[]int64{5}, []string{"1 entries of project acme are lost, ids 5 to 5, seqs 3 to 3"}},
		"two of a project": {[]int64{5, 7}, []string{"2 entries of project acme are lost, ids 5 to 7, seqs 3 to 4"}},
		"two beside each other": {[]int64{5, 6}, []string{
			"1 entries of project acme are lost, ids 4 to 6, seqs 3 to 3", "1 entries of project globex are lost, ids 5 to 7, seqs 3 to 3",
		}},
		"the last": {[]int64{10}, []string{"1 entries of unknown projects are lost, ids 10 to 10"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir, Options{SealAfter: time.Hour})
			for i := range 10 {
				mustRecordAll(t, s, []*audit.Entry{entry([]string{"acme", "globex"}[i%2], i)})
			}
			err := s.db.Update(func(tx kv.Tx) error {
				for _, id := range tt.rows {
					v := bytes.Clone(tx.Bucket(format.Tail).Get(format.Uint64(uint64(id))))
					v[len(v)/2] ^= 4
					if err := tx.Bucket(format.Tail).Put(format.Uint64(uint64(id)), v); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.db.Close(); err != nil {
				t.Fatal(err)
			}
			res := repairedInto(t, dir, filepath.Join(t.TempDir(), "new"))
			var got []string
			for i := range res.Gaps {
				got = append(got, res.Gaps[i].String())
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("lost are %q, want %q", got, tt.want)
			}
		})
	}
}

// What is lost stays told of, nobody gets an error for it, and the log goes on behind it.
func TestGoingOnAfterALoss(t *testing.T) {
	dir, to := t.TempDir(), filepath.Join(t.TempDir(), "new")
	s := open(t, dir, Options{SealAfter: time.Hour})
	record := func(s *Store, n int) {
		t.Helper()
		var entries []*audit.Entry
		for i := range n {
			e := entry("acme", i)
			e.Key = fmt.Sprintf("%d-%d", s.LastID(), i)
			entries = append(entries, e)
		}
		if _, err := s.Record(t.Context(), entries); err != nil {
			t.Fatal(err)
		}
		if err := s.Seal(); err != nil {
			t.Fatal(err)
		}
	}
	record(s, 3000)
	err := s.db.Update(func(tx kv.Tx) error {
		b := tx.Bucket(format.Blocks)
		c := b.Cursor()
		c.First()
		k, v := c.Next()
		v = bytes.Clone(v)
		v[len(v)/2] ^= 4
		return b.Put(bytes.Clone(k), v)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.db.Close(); err != nil {
		t.Fatal(err)
	}
	res := repairedInto(t, dir, to)
	if len(res.Gaps) != 1 || res.Gaps[0].Entries != 1024 || !res.Gaps[0].Lost {
		t.Fatalf("%+v", res)
	}
	again := open(t, to, Options{SealAfter: time.Hour})
	record(again, 100)
	page, err := audittest.List(t.Context(), again, audit.Query{Project: "acme"}, audit.Paging{Limit: 1000})
	if err != nil || page.Entries[0].Seq != 3100 || page.Entries[0].ID != 3100 {
		t.Fatalf("the newest is %+v, %v", page.Entries[0], err)
	}
	seqs := 0
	for after := int64(0); ; {
		entries, err := again.AfterSeq(t.Context(), "acme", after, 500)
		if err != nil {
			t.Fatal(err)
		}
		if len(entries) == 0 {
			break
		}
		seqs += len(entries)
		after = entries[len(entries)-1].Seq
	}
	all, gaps, err := listAll(t.Context(), again, audit.Query{Project: "acme"})
	if seqs != 2076 || len(all) != 2076 || len(gaps) == 0 || err != nil {
		t.Errorf("%d entries by seq, %d listed, %d gaps, %v", seqs, len(all), len(gaps), err)
	}
	g := res.Gaps[0]
	if _, err := again.Get(t.Context(), "acme", g.FirstID); audit.KindOf(err) != audit.NotFound {
		t.Errorf("a lost entry: %v", err)
	}
	if st, err := audittest.Stats(t.Context(), again, audit.Query{Project: "acme"}, audit.Counting{}); err != nil || st.Total != 2076 || len(st.Gaps) != 1 {
		t.Errorf("counted %+v, %v", st, err)
	}
	if again.Lineage() == s.Lineage() || again.Identity() != s.Identity() {
		t.Errorf("it is %s, and was %s", again.Lineage(), s.Lineage())
	}
	if len(again.Damaged()) != 1 {
		t.Errorf("damaged is %q", again.Damaged())
	}
}
