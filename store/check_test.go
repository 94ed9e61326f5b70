package store

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/proof"
	"auditlog/store/block"
	"auditlog/store/blocks"
	"auditlog/store/check"
	"auditlog/store/format"
	"auditlog/store/keys"
	"auditlog/store/kv"
	"auditlog/store/trees"
)

// meddled is a database to which something is done before each time that it is read.
type meddled struct {
	kv.DB
	views  int
	meddle func(view int)
}

func (m *meddled) View(fn func(kv.Tx) error) error {
	m.views++
	m.meddle(m.views)
	return m.DB.View(fn)
}

// busyLog is a log with something in every bucket, which goes on while it is checked.
type busyLog struct {
	*testing.T
	*Store
	draw   *rand.Rand
	opts   Options
	at     int  // how many things were done
	failed bool // something may fail, since the log is damaged
}

func newBusyLog(t *testing.T, dir string) *busyLog { return newLog(t, dir, openBusy) }

func openBusy(t *testing.T, dir string, opts Options) *Store { return open(t, dir, opts) }

func newLog(t *testing.T, dir string, open func(*testing.T, string, Options) *Store) *busyLog {
	l := &busyLog{T: t, draw: rand.New(rand.NewPCG(3, 4)), opts: Options{
		SealAfter: time.Hour, SealRows: 1 << 20,
		sizes:    blocks.Sizes{BlockRows: 8, IndexableRows: 4, IndexableBytes: 1 << 20, Span: 4, Ahead: 1, Direct: 2, Layers: 3},
		keySizes: keys.Sizes{MoveAt: 30, RowKeys: 8, StepKeys: 20, Fan: 3},
	}}
	l.Store = open(t, dir, l.opts)
	return l
}

// fill makes a log with layers of late entries, a tree, and a tail.
func (l *busyLog) fill() {
	for _, project := range []string{"acme", "globex", "initech"} {
		l.record(scattered(project, 400, 0)...)
		l.must(l.Seal())
	}
	for range 4 {
		l.record(lateBatch(l.draw, 30, 390)...)
		l.must(l.Seal())
	}
	l.hash("acme")
	l.record(scattered("acme", 9, time.Hour)...)
}

func (l *busyLog) must(err error) {
	l.Helper()
	if err != nil && !l.failed {
		l.Fatal(err)
	}
}

func (l *busyLog) record(entries ...*audit.Entry) {
	l.Helper()
	_, err := l.Record(l.Context(), entries)
	l.must(err)
}

// goOn does the next of the things that happen to a log.
func (l *busyLog) goOn() {
	l.Helper()
	switch l.at++; l.at % 8 {
	case 0:
		l.record(scattered("acme", 12, time.Duration(l.at)*time.Hour)...)
	case 1, 2:
		l.record(lateBatch(l.draw, 25, 390)...)
	case 3, 6:
		l.must(l.Seal())
	case 4:
		l.purge("initech")
	case 5:
		l.record(entry(fmt.Sprintf("new-%d", l.at), 1))
		l.must(l.SaveCursor(l.Context(), "follower", l.LastID()))
	case 7:
		l.hash("acme")
	}
}

// purge does a step of the purge of a project, or begins another one.
func (l *busyLog) purge(name string) {
	p, err := l.Project(name)
	if err == nil && p.State == audit.Active {
		_, err = l.Delete(l.Context(), name, entry(name, 0), audit.DeletionOrder{})
		l.must(err)
	}
	done, err := l.PurgeStep(l.Context(), name)
	l.must(err)
	if done {
		l.record(scattered(name, 20, 0)...)
	}
}

// hash brings the tree of a project up to date, as a notary does.
func (l *busyLog) hash(name string) {
	l.Helper()
	h, err := l.History(name)
	l.must(err)
	entries, err := l.AfterSeq(l.Context(), name, h.Base-1, int(h.Size()))
	l.must(err)
	var stack proof.Stack
	var leaves []proof.Hash
	salter := proof.NewSalter(h.Secret)
	for _, e := range entries {
		leaf := proof.LeafHash(proof.Commit(salter.Salt(e.Seq), e.AppendJSON(nil)))
		stack.Add(leaf)
		leaves = append(leaves, leaf)
	}
	var tiles []proof.Hash
	for n := h.Hashed; (n+1)*proof.TileWidth <= int64(len(leaves)); n++ {
		tiles = append(tiles, proof.Perfect(leaves[n*proof.TileWidth:(n+1)*proof.TileWidth]))
	}
	l.must(l.KeepTrees(func(tx kv.Tx, _ func(format.ProjectID) bool) (trees.Change, error) {
		hashed, head := h.Hashed+int64(len(tiles)), format.TreeState{Size: stack.Size(), Root: stack.Root()}
		if err := trees.Append(tx, h.ID, h.Hashed, tiles); err != nil {
			return trees.Change{}, err
		}
		return trees.Change{Hashed: map[format.ProjectID]int64{h.ID: hashed}, Heads: map[format.ProjectID]format.TreeState{h.ID: head}},
			trees.PutHead(tx, h.ID, head)
	}))
}

// check checks the log while it goes on, with a step for each thing that there is to see, and something
// that happens every so many steps.
func (l *busyLog) check(every int) (check.Summary, []string) {
	l.Helper()
	var problems []string
	sum, err := check.Run(l.Context(), &meddled{l.db, 0, func(view int) {
		if view > 2 && view%every == 0 {
			l.goOn()
		}
	}}, check.Options{
		Sizes: &l.opts.sizes, Others: true, Step: time.Nanosecond,
		Report: func(problem string) { problems = append(problems, problem) },
	})
	if err != nil {
		l.Fatal(err)
	}
	return sum, problems
}

// A check finds nothing wrong with a log that is whole, whatever happens to it between the steps; and a
// step sees a state for a moment alone.
func TestCheckWhileTheLogGoesOn(t *testing.T) {
	l := newBusyLog(t, t.TempDir())
	l.fill()
	rounds := []int{5, 60}
	if testing.Short() {
		rounds = rounds[:1]
	}
	for round, every := range rounds {
		before := l.at
		entries := int64(len(everything(t, l.Store, "acme")))
		sum, problems := l.check(every)
		for _, p := range problems[:min(len(problems), 10)] {
			t.Errorf("round %d: %s", round, p)
		}
		if sum.Entries < entries || l.at < before+20 {
			t.Errorf("%d entries were checked of %d at least, while %d things happened", sum.Entries, entries, l.at-before)
		}
	}
	checkClean(t, l.Store)
}

// A check keeps no state of the database for longer than its steps take, so that what is freed is used again:
// where these have no time, it looks at a few blocks, or a row, of each state.
func TestCheckGoesByShortSteps(t *testing.T) {
	l := newBusyLog(t, t.TempDir())
	l.record(scattered("acme", 400, 0)...)
	l.must(l.Seal())
	db := &meddled{l.db, 0, func(int) {}}
	sum, err := check.Run(t.Context(), db, check.Options{
		Sizes: &l.opts.sizes, Others: true, Step: time.Nanosecond, Report: func(problem string) { t.Error(problem) },
	})
	if err != nil || sum.Entries != l.LastID() || db.views < sum.Blocks {
		t.Errorf("%d entries in %d blocks were checked by %d steps, %v", sum.Entries, sum.Blocks, db.views, err)
	}
}

// row returns the row of a bucket that is so many behind the first of a prefix.
func row(tx kv.Tx, bucket string, prefix []byte, n int) (k, v []byte) {
	for k, v = range kv.Prefix(tx.Bucket(bucket), prefix) {
		if n--; n < 0 {
			return slices.Clone(k), slices.Clone(v)
		}
	}
	return nil, nil
}

// rewrite puts another block in the place of one.
func rewrite(tx kv.Tx, id format.ProjectID, n int, change func(entries []*audit.Entry) []*audit.Entry) error {
	k, v := row(tx, format.Blocks, format.ProjectPrefix(id), n)
	b, err := block.Open(v)
	if err != nil {
		return err
	}
	entries, err := b.Entries("x")
	if err != nil {
		return err
	}
	if b, err = block.Make(b.Seq(), change(entries)); err != nil {
		return err
	}
	return tx.Bucket(format.Blocks).Put(k, b.Bytes())
}

// hurting is a way in which a log can be not as it has to be, and what a check says of that.
type hurting struct {
	hurt func(tx kv.Tx) error
	want string
}

// hurtBlocks returns ways that concern the blocks of a project to which nothing is added, and those of a
// project and of a layer of its late entries.
func hurtBlocks(globex, acme, late format.ProjectID) map[string]hurting {
	return map[string]hurting{
		"a block is gone": {func(tx kv.Tx) error {
			k, _ := row(tx, format.Blocks, format.ProjectPrefix(globex), 20)
			return tx.Bucket(format.Blocks).Delete(k)
		}, "in no block"},
		"a block of a layer is gone": {func(tx kv.Tx) error {
			k, _ := row(tx, format.Blocks, format.ProjectPrefix(late), 1)
			return tx.Bucket(format.Blocks).Delete(k)
		}, "in no block"},
		"an entry is gone": {func(tx kv.Tx) error {
			return rewrite(tx, globex, 30, func(entries []*audit.Entry) []*audit.Entry { return entries[:len(entries)-1] })
		}, "in no block"},
		"an entry is another": {func(tx kv.Tx) error {
			return rewrite(tx, acme, 5, func(entries []*audit.Entry) []*audit.Entry {
				entries[2].Detail = "changed"
				return entries
			})
		}, "one was changed"},
	}
}

// hurtTwice returns a way in which an entry is in two layers of a project. A merge of these would find it before
// a check does.
func hurtTwice(acme, late format.ProjectID) map[string]hurting {
	return map[string]hurting{
		"an entry is there twice": {func(tx kv.Tx) error {
			_, v := row(tx, format.Blocks, format.ProjectPrefix(late), 0)
			b, err := block.Open(v)
			if err != nil {
				return err
			}
			c := blocks.NewCursor(tx, acme)
			if ok, err := c.Reach(b.First()); !ok || err != nil {
				return fmt.Errorf("no block is there: %w", err)
			}
			if ok, err := c.Next(); !ok || err != nil {
				return fmt.Errorf("no block is behind: %w", err)
			}
			if b, err = block.Open(c.Value); err != nil {
				return err
			}
			twice, err := b.Entry(0, "acme")
			if err != nil {
				return err
			}
			return rewrite(tx, late, 0, func(entries []*audit.Entry) []*audit.Entry {
				return blocks.Merge(entries, []*audit.Entry{twice})
			})
		}, "in another block too"},
	}
}

// hurtPaths returns ways that concern what leads to the entries of these.
func hurtPaths(globex, acme format.ProjectID) map[string]hurting {
	return map[string]hurting{
		"the order names another seq": {func(tx kv.Tx) error {
			k, v := row(tx, format.Order, nil, 0)
			owners, err := format.DecodeOrder(k, v)
			if err != nil {
				return err
			}
			owners[7].Seq++
			return tx.Bucket(format.Order).Put(k, format.EncodeOrder(k, owners))
		}, "order does not know"},
		"a seq leads elsewhere": {func(tx kv.Tx) error {
			k, v := row(tx, format.Seqs, format.ProjectPrefix(globex), 0)
			places, err := format.DecodePlaces(k, v)
			if err != nil {
				return err
			}
			places[9].ID++
			return tx.Bucket(format.Seqs).Put(k, format.EncodePlaces(k, places))
		}, "seqs do not know"},
		"a row of keys is gone": {func(tx kv.Tx) error {
			k, _ := row(tx, format.Keys, format.ProjectPrefix(globex), 1)
			return tx.Bucket(format.Keys).Delete(k)
		}, "run"},
		"nobody is told of a block": {func(tx kv.Tx) error {
			_, v := row(tx, format.Blocks, format.ProjectPrefix(globex), 10)
			return tx.Bucket(format.Changes).Delete(format.Uint64(block.SeqOf(v)))
		}, "is told of"},
		"a tile is another": {func(tx kv.Tx) error {
			k, v := row(tx, format.Tiles, format.ProjectPrefix(acme), 0)
			tile, err := format.DecodeTile(k, v)
			if err != nil {
				return err
			}
			tile[0][3] ^= 1
			return tx.Bucket(format.Tiles).Put(k, format.EncodeTile(k, tile))
		}, "not what was hashed"},
	}
}

// What of a log is not as it has to be when a check begins is found, whatever happens between its steps.
func TestCheckFindsWhileTheLogGoesOn(t *testing.T) {
	dir := t.TempDir()
	l := newBusyLog(t, dir)
	l.fill()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	acme, globex := l.mem.Projects["acme"].ID, l.mem.Projects["globex"].ID
	late := format.LayerID(acme, l.mem.Projects["acme"].Rec.Late[0].Number)
	image := readFolder(t, dir)
	ways := hurtBlocks(globex, acme, late)
	maps.Copy(ways, hurtPaths(globex, acme))
	for _, during := range []struct {
		ways  map[string]hurting
		open  func(*testing.T, string, Options) *Store
		every int
	}{
		{ways, openBusy, 20},
		{hurtTwice(acme, late), openIdleAs, math.MaxInt},
	} {
		for name, way := range during.ways {
			t.Run(name, func(t *testing.T) {
				dir := t.TempDir()
				for name, b := range image {
					if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
						t.Fatal(err)
					}
				}
				l := newLog(t, dir, during.open)
				if err := l.db.Update(way.hurt); err != nil {
					t.Fatal(err)
				}
				l.failed = true
				if _, problems := l.check(during.every); !slices.ContainsFunc(problems, func(p string) bool { return strings.Contains(p, way.want) }) {
					t.Errorf("%q is not among what was found: %.300q", way.want, problems)
				}
			})
		}
	}
}
