package notary

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"auditlog/audit"
	"auditlog/proof"
	"auditlog/proof/evidence"
	"auditlog/store"
	"auditlog/store/trees"
)

// bench is a log with a notary.
type bench struct {
	testing.TB
	*store.Store
	dir string
	key proof.Key
	n   *Notary
}

func open(t *testing.T) *bench {
	t.Helper()
	b := &bench{TB: t, dir: t.TempDir(), key: testKey(t)}
	b.open()
	t.Cleanup(func() {
		b.check()
		b.must(b.Close())
	})
	return b
}

// testKey returns a key that is always the same.
func testKey(t testing.TB) proof.Key {
	t.Helper()
	key, err := proof.GenerateKey(strings.NewReader(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (b *bench) open() {
	b.Helper()
	var err error
	b.Store, err = store.Open(b.dir, store.Options{
		SealAfter:   time.Hour,
		BeforePurge: func(ctx context.Context, project string) error { return b.n.Certify(ctx, project) },
	})
	b.must(err)
	b.n, err = New(b.Store, b.key, Options{})
	b.must(err)
}

// again closes the log and opens it as a restart does.
func (b *bench) again() {
	b.Helper()
	b.must(b.Close())
	b.open()
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// check is what auditlog check does.
func (b *bench) check() {
	b.Helper()
	_, err := b.Store.Check(context.Background(), func(p string) { b.Errorf("check: %s", p) })
	b.must(err)
}

func entry(project string, i int) *audit.Entry {
	return &audit.Entry{
		Project: project, Actor: audit.Actor{Email: fmt.Sprintf("u%d@example.com", i%7)}, Action: "deployment.deploy",
		Resource: audit.Resource{Type: "Deployment", ID: fmt.Sprint(i)}, Outcome: audit.Success, RecordedBy: "t",
	}
}

func (b *bench) record(project string, n int) {
	b.Helper()
	for i := 0; i < n; i += 1000 {
		var entries []*audit.Entry
		for j := i; j < min(n, i+1000); j++ {
			entries = append(entries, entry(project, j))
		}
		_, err := b.Record(b.Context(), entries)
		b.must(err)
	}
}

// purge deletes a project and purges it.
func (b *bench) purge(project string) {
	b.Helper()
	e := entry(project, 0)
	e.Action, e.Resource = "project.delete", audit.Resource{Type: "Project", ID: project}
	_, err := b.Delete(b.Context(), project, e, audit.DeletionOrder{})
	b.must(err)
	for done := false; !done; {
		done, err = b.PurgeStep(b.Context(), project)
		b.must(err)
	}
}

func (b *bench) head() {
	b.Helper()
	b.must(b.n.Head(b.Context()))
}

// master returns the newest checkpoint of the master log, and wants it to be signed.
func (b *bench) master() proof.Checkpoint {
	b.Helper()
	signed, err := b.n.Checkpoint()
	b.must(err)
	c, err := proof.OpenCheckpoint(signed, b.key.Public())
	b.must(err)
	return c
}

// project returns that of a project's incarnation.
func (b *bench) project(name string, incarnation int) proof.Checkpoint {
	b.Helper()
	signed, err := b.n.ProjectCheckpoint(name, incarnation)
	b.must(err)
	c, err := proof.OpenCheckpoint(signed, b.key.Public())
	b.must(err)
	if want := proof.ProjectOrigin(b.n.Origin(), name, incarnation); c.Origin != want {
		b.Fatalf("a checkpoint of %s, want %s", c.Origin, want)
	}
	return c
}

// evidence returns a bundle of what a query selects.
func (b *bench) evidence(q audit.Query) []byte {
	b.Helper()
	sel, err := b.Prepare(q)
	b.must(err)
	var out bytes.Buffer
	b.must(b.n.Evidence(b.Context(), &out, sel, Request{Query: json.RawMessage(`{"project":"x"}`)}))
	return out.Bytes()
}

func verify(bundle []byte, p evidence.Policy) (*evidence.Result, int, error) {
	n := 0
	res, err := evidence.Verify(bytes.NewReader(bundle), &p, func(*audit.Entry) error { n++; return nil })
	return res, n, err
}

// TestTrees records in parts, and wants every checkpoint to continue the one before and every
// entry to be proved, across restarts, seals and the ends of tiles.
func TestTrees(t *testing.T) {
	b := open(t)
	all := func(project string) []proof.Hash { // from the entries alone
		h, err := b.History(project)
		b.must(err)
		hashes, err := b.n.leaves(t.Context(), &h, 0, int(h.Size()))
		b.must(err)
		return hashes
	}
	var was, wasMaster proof.Checkpoint
	for i, n := range []int{1, 254, 1, 1, 300, 0, 2000} {
		b.record("acme", n)
		b.record("globex", n/100)
		if i%2 == 1 {
			b.must(b.Seal())
		}
		if i%3 == 2 {
			b.again()
		}
		b.head()
		leaves := proof.Leaves(all("acme"))
		root, err := proof.NewTree(int64(len(leaves)), leaves).Root()
		b.must(err)
		c, master := b.project("acme", 1), b.master()
		if c.Size != int64(len(leaves)) || c.Root != root {
			t.Fatalf("checkpoint of %d leaves is %+v, want %v", len(leaves), c, root)
		}
		h, err := b.History("acme")
		b.must(err)
		for _, seq := range []int64{1, c.Size/2 + 1, c.Size} {
			p, err := b.n.Proof(t.Context(), "acme", seq)
			b.must(err)
			if err := proof.CheckInclusion(p.Hashes, c, p.Index, leaves[seq-1]); err != nil {
				t.Error(err)
			}
		}
		if i > 0 {
			cons, err := b.n.tree(t.Context(), &h, c.Size).Consistency(was.Size)
			b.must(err)
			b.must(proof.CheckConsistency(cons, c, was))
			if (n > 0) != (master.Size == wasMaster.Size+1) {
				t.Errorf("%d entries later the master log has %d leaves behind %d", n, master.Size, wasMaster.Size)
			}
		}
		was, wasMaster = c, master
		b.check()
	}
}

// TestProofMakesHead: who asks for a proof of the newest entry gets one.
func TestProofMakesHead(t *testing.T) {
	b := open(t)
	if _, err := b.n.Checkpoint(); audit.KindOf(err) != audit.NotFound {
		t.Errorf("a checkpoint of nothing: %v", err)
	}
	b.record("acme", 3)
	p, err := b.n.Proof(t.Context(), "acme", 3)
	b.must(err)
	e, err := b.Get(t.Context(), "acme", 3)
	b.must(err)
	c, err := proof.OpenCheckpoint(p.Checkpoint, b.key.Public())
	b.must(err)
	b.must(proof.CheckInclusion(p.Hashes, c, p.Index, proof.LeafHash(proof.Commit(proof.Salt(p.Extra), e.AppendJSON(nil)))))
	for _, seq := range []int64{4, 1 << 40} {
		if _, err := b.n.Proof(t.Context(), "acme", seq); audit.KindOf(err) != audit.NotFound {
			t.Errorf("seq %d: %v", seq, err)
		}
	}
	if _, err := b.n.Proof(t.Context(), "nobody", 1); audit.KindOf(err) != audit.NotFound {
		t.Errorf("of no project: %v", err)
	}
}

// TestAnotherKey: a log goes on with the key that it has.
func TestAnotherKey(t *testing.T) {
	b := open(t)
	b.record("acme", 1)
	b.head()
	other, err := proof.GenerateKey(strings.NewReader(strings.Repeat("o", 32)))
	b.must(err)
	if _, err := New(b.Store, other, Options{}); audit.KindOf(err) != audit.Conflict || !strings.Contains(err.Error(), b.key.Public().Fingerprint()) {
		t.Errorf("another key: %v", err)
	}
}

// TestPurge: the tree goes with the project, a certificate stays, the project's next incarnation
// begins another tree with the project.purge entry, and the head no longer has the old one.
func TestPurge(t *testing.T) {
	b := open(t)
	b.record("acme", 300)
	b.record("globex", 5)
	b.head()
	old, err := b.History("acme")
	b.must(err)
	b.purge("acme")
	if _, err := b.n.ProjectCheckpoint("acme", 1); audit.KindOf(err) != audit.NotFound {
		t.Errorf("the checkpoint of what was purged: %v", err)
	}
	if _, _, err := verify(b.evidence(audit.Query{Project: "globex"}), evidence.Policy{}); err != nil {
		t.Errorf("another project: %v", err)
	}
	h, err := b.History("acme")
	b.must(err)
	if bytes.Equal(h.Secret, old.Secret) || h.Incarnation != 2 || h.Base != 302 || h.Size() != 1 || h.Hashed != 0 {
		t.Errorf("the next incarnation is %+v", h)
	}
	b.check()
	b.record("acme", 2)
	b.again()
	b.head()
	if c := b.project("acme", 2); c.Size != 3 {
		t.Errorf("its checkpoint is %+v", c)
	}
	purge, err := b.AfterSeq(t.Context(), "acme", 301, 1)
	b.must(err)
	for _, incarnation := range []int{0, 1} {
		bundle, err := b.n.Certificate("acme", incarnation)
		b.must(err)
		res, n, err := verify(bundle, evidence.Policy{Keys: []proof.PublicKey{b.key.Public()}})
		if err != nil || n != 1 || res.Checkpoint.Size != 301 || !strings.Contains(string(bundle), "project.delete") {
			t.Fatalf("certificate: %v, %d entries, %+v", err, n, res)
		}
		if m := purge[0].Metadata; m["treeSize"] != "301" || m["treeRoot"] != res.Checkpoint.Root.String() {
			t.Errorf("project.purge says %v, the certificate %+v", m, res.Checkpoint)
		}
	}
	if _, err := b.n.Certificate("acme", 2); audit.KindOf(err) != audit.NotFound {
		t.Errorf("a certificate of what is there: %v", err)
	}
	if _, err := b.n.Proof(t.Context(), "acme", 301); audit.KindOf(err) != audit.NotFound {
		t.Errorf("a proof of an entry of before the purge: %v", err)
	}
	b.purge("acme")
	if _, _, err := verify(must(b.n.Certificate("acme", 2)), evidence.Policy{}); err != nil {
		t.Errorf("the second certificate: %v", err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestEvidence makes bundles of all kinds, and wants each to hold, and none to with anything
// changed in it.
func TestEvidence(t *testing.T) {
	b := open(t)
	b.record("acme", 700)
	b.record("one", 1)
	b.must(b.Seal())
	b.record("acme", 3)
	for name, c := range map[string]struct {
		query    audit.Query
		entries  int
		complete bool
	}{
		"whole":  {audit.Query{Project: "acme"}, 703, true},
		"one":    {audit.Query{Project: "one"}, 1, true},
		"actor":  {audit.Query{Project: "acme", Is: audit.Terms{"actor": {"u1@example.com"}}}, 101, false},
		"single": {audit.Query{Project: "acme", Is: audit.Terms{"resourceId": {"257"}}}, 1, true},
		"first":  {audit.Query{Project: "acme", Is: audit.Terms{"resourceId": {"699"}}}, 1, true},
		"range":  {audit.Query{Project: "acme", Is: audit.Terms{"resourceId": numbers(200, 299)}}, 100, true},
		"end":    {audit.Query{Project: "acme", Is: audit.Terms{"resourceId": numbers(690, 699)}}, 10, true},
	} {
		bundle := b.evidence(c.query)
		res, n, err := verify(bundle, evidence.Policy{Keys: []proof.PublicKey{b.key.Public()}})
		if err != nil || n != c.entries || res.Header.Complete != c.complete || !res.KeyTrusted {
			t.Fatalf("%s: %d entries, %v, %+v", name, n, err, res)
		}
		if _, _, err := verify(bundle, evidence.Policy{Keys: []proof.PublicKey{{1}}}); !errors.Is(err, evidence.ErrBad) {
			t.Errorf("%s: another key's signature is taken: %v", name, err)
		}
		b.spoil(name, bundle)
	}
	sel := must(b.Prepare(audit.Query{Project: "acme", Is: audit.Terms{"actor": {"nobody@example.com"}}}))
	if err := b.n.Evidence(t.Context(), &bytes.Buffer{}, sel, Request{}); audit.KindOf(err) != audit.NotFound {
		t.Errorf("evidence of nothing: %v", err)
	}
}

// numbers returns those from first to last, as texts.
func numbers(first, last int) (texts []string) {
	for n := first; n <= last; n++ {
		texts = append(texts, strconv.Itoa(n))
	}
	return texts
}

// someOf returns the bundle of some seqs of a project by one proof.
func (b *bench) someOf(h *trees.History, seqs []int64) []byte {
	b.Helper()
	var w bytes.Buffer
	first, last := seqs[0], seqs[len(seqs)-1]
	head := &evidence.Header{Anchor: must(b.n.anchorOf(h)), Entries: int64(len(seqs)), FirstSeq: first, LastSeq: last}
	if head.Complete = last-first+1 == head.Entries; head.Complete {
		b.must(b.n.rangeOf(b.Context(), &w, h, head))
	} else {
		b.must(b.n.gaps(b.Context(), &w, h, seqs, head))
	}
	return w.Bytes()
}

// TestOneProof: any entries are proved by one proof, which says nothing of what is between them but
// that it is there.
func TestOneProof(t *testing.T) {
	b := open(t)
	b.record("acme", 600)
	b.head()
	h := must(b.History("acme"))
	older := must(proof.Sign(proof.Checkpoint{Origin: b.n.origin(&h), Size: 300, Root: must(b.n.tree(t.Context(), &h, 300).Root())}, b.key.Signer(b.n.origin(&h))))
	for round := range 60 {
		seqs := pick(rand.Int64N(600), rand.Int64N(600), []int{1, 2, 30, 400}[round%4])
		text := b.someOf(&h, seqs)
		first, last := seqs[0], seqs[len(seqs)-1]
		res, n, err := verify(text, evidence.Policy{Keys: []proof.PublicKey{b.key.Public()}})
		if err != nil || n != len(seqs) {
			t.Fatalf("%d: %d entries, %v", seqs, n, err)
		}
		if _, _, err := verify(text, evidence.Policy{Older: older}); (err == nil) != slices.Contains(seqs, 300) {
			t.Errorf("%d, against the first 300: %v", seqs, err)
		}
		for name, change := range map[string]func(h *evidence.Header){
			"another base":      func(h *evidence.Header) { h.Base++ },
			"a base before":     func(h *evidence.Header) { h.Base-- },
			"no proof":          func(h *evidence.Header) { h.Prefix = nil },
			"a proof of others": func(h *evidence.Header) { h.Prefix = &evidence.Hashes{{1}} },
			"complete":          func(h *evidence.Header) { h.Complete = true },
		} {
			header := res.Header
			change(&header)
			again := append(must(json.Marshal(&header)), text[bytes.IndexByte(text, '\n'):]...)
			if !bytes.Equal(again, text) {
				if _, _, err := verify(again, evidence.Policy{}); !errors.Is(err, evidence.ErrBad) {
					t.Errorf("%d to %d, %s: holds: %v", first, last, name, err)
				}
			}
		}
		for name, change := range map[string][2]string{
			"nothing before":  {`"before":["`, `"before":["` + strings.Repeat("A", 43) + `="],"x":["`},
			"another before":  {`"before":["`, `"before":["` + strings.Repeat("A", 43) + `=","`},
			"an empty before": {`,"entry":{`, `,"before":[],"entry":{`},
			"a proof":         {`,"entry":{`, `,"proof":[],"entry":{`},
		} {
			again := bytes.Replace(text, []byte(change[0]), []byte(change[1]), 1)
			if _, _, err := verify(again, evidence.Policy{}); !bytes.Equal(again, text) && !errors.Is(err, evidence.ErrBad) {
				t.Errorf("%d to %d, %s: holds: %v", first, last, name, err)
			}
		}
	}
}

// pick returns up to n seqs between two numbers, in order.
func pick(x, y int64, n int) []int64 {
	x, y = min(x, y), max(x, y)
	known := make(map[int64]bool)
	for range n {
		known[1+x+rand.Int64N(y-x+1)] = true
	}
	return slices.Sorted(maps.Keys(known))
}

// spoil changes a bundle in every line and in every way, and wants nothing to hold.
func (b *bench) spoil(name string, bundle []byte) {
	b.Helper()
	lines := bytes.SplitAfter(bundle, []byte("\n"))
	lines = lines[:len(lines)-1]
	join := func(l [][]byte) []byte { return bytes.Join(l, nil) }
	refuse := func(what string, changed []byte) {
		if _, _, err := verify(changed, evidence.Policy{}); !errors.Is(err, evidence.ErrBad) {
			b.Errorf("%s: %s: holds: %v", name, what, err)
		}
	}
	step := max(1, len(bundle)/307)
	query := bytes.Index(bundle, []byte(`"query":`)) // which proves nothing
	for i := 0; i < len(bundle); i += step {
		if query <= i && i < query+len(`"query":{"project":"x"},`) {
			continue
		}
		changed := bytes.Clone(bundle)
		changed[i] ^= 1
		refuse(fmt.Sprintf("byte %d (%q)", i, bundle[max(0, i-20):min(len(bundle), i+20)]), changed)
	}
	for i := range lines {
		refuse(fmt.Sprintf("without line %d", i), join(append(append([][]byte{}, lines[:i]...), lines[i+1:]...)))
		refuse(fmt.Sprintf("line %d twice", i), join(append(append([][]byte{}, lines[:i+1]...), lines[i:]...)))
		if i > 0 && i+1 < len(lines) {
			swapped := append([][]byte{}, lines...)
			swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
			refuse(fmt.Sprintf("lines %d and %d swapped", i, i+1), join(swapped))
		}
		if i > 40 {
			break
		}
	}
}

// TestEpoch: a log that has lost entries has a master log of its own, which names the last
// checkpoint of the old one.
func TestContinuation(t *testing.T) {
	b := open(t)
	b.record("acme", 5)
	b.head()
	old := b.master()
	n, err := New(renamed{b.Store}, b.key, Options{})
	b.must(err)
	b.must(n.Head(t.Context()))
	signed, err := n.Checkpoint()
	b.must(err)
	c, err := proof.OpenCheckpoint(signed, b.key.Public())
	b.must(err)
	if c.Origin != "auditlog/another" || c.Size != 2 {
		t.Errorf("the checkpoint behind %+v is %+v", old, c)
	}
	tile, err := n.MasterTile(proof.TilePath{Level: -1, Partial: 1})
	b.must(err)
	if want := proof.AppendEntry(nil, []byte(proof.Continuation(old))); !bytes.Equal(tile, want) {
		t.Errorf("its first leaf is %q, want %q", tile, want)
	}
	b.head() // back again, or check would not know it
}

// renamed is a log after a loss.
type renamed struct{ *store.Store }

func (renamed) Lineage() audit.Lineage { return audit.Lineage{Log: "another"} }

// TestTiles compares what is served with what a tree of the entries would have.
func TestTiles(t *testing.T) {
	b := open(t)
	b.record("a b/+", 600)
	for range 260 {
		b.record("_x", 0)
		b.record("acme", 1)
		b.head()
	}
	for _, c := range []struct {
		path string
		size int // of the answer
	}{{"0/000", 8192}, {"0/001", 8192}, {"0/002.p/88", 88 * 32}, {"0/002.p/5", 160}, {"1/000.p/2", 64}, {"entries/000", 256 * 34}, {"entries/002.p/88", 88 * 34},
		{"0/002", -1}, {"0/002.p/89", -1}, {"1/000", -1}, {"2/000.p/1", -1}, {"1/000.p/3", -1}, {"63/000.p/1", -1}, {"entries/003.p/1", -1}} {
		p, err := proof.ParseTilePath(c.path)
		b.must(err)
		tile, err := b.n.ProjectTile(t.Context(), "a b/+", 1, p)
		if c.size < 0 && audit.KindOf(err) != audit.NotFound || c.size >= 0 && (err != nil || len(tile) != c.size) {
			t.Errorf("%s: %d bytes, %v", c.path, len(tile), err)
		}
	}
	for path, size := range map[string]int{"0/000": 8192, "0/001.p/4": 128, "1/000.p/1": 32, "0/001": -1, "0/001.p/5": -1} {
		p, err := proof.ParseTilePath(path)
		b.must(err)
		tile, err := b.n.MasterTile(p)
		if size < 0 && audit.KindOf(err) != audit.NotFound || size >= 0 && (err != nil || len(tile) != size) {
			t.Errorf("master %s: %d bytes, %v", path, len(tile), err)
		}
	}
	v, err := note.NewVerifier(must(b.n.Keys())[0])
	b.must(err)
	if _, err := note.Open(must(b.n.Checkpoint()), note.VerifierList(v)); err != nil {
		t.Error(err)
	}
}

// broken is a log in which a project cannot be read.
type broken struct {
	*store.Store
	project string
}

func (b broken) AfterSeq(ctx context.Context, project string, seq int64, limit int) ([]*audit.Entry, error) {
	if project == b.project {
		return nil, errors.New("this one is damaged")
	}
	return b.Store.AfterSeq(ctx, project, seq, limit)
}

// TestDamage: a project that cannot be read holds up no other, and is told of.
func TestDamage(t *testing.T) {
	b := open(t)
	b.record("bad", 300)
	b.record("good", 300)
	n, err := New(broken{b.Store, "bad"}, b.key, Options{})
	b.must(err)
	if err := n.Head(t.Context()); err == nil || !strings.Contains(err.Error(), `project "bad"`) {
		t.Errorf("making a head: %v", err)
	}
	if c := b.project("good", 1); c.Size != 300 {
		t.Errorf("the checkpoint of the other is %+v", c)
	}
	if _, err := n.ProjectCheckpoint("bad", 1); audit.KindOf(err) != audit.NotFound {
		t.Errorf("its own: %v", err)
	}
	b.record("good", 1)
	if p, err := n.Proof(t.Context(), "good", 301); err != nil || p.Index != 300 {
		t.Errorf("a proof of the other: %v, %v", p, err)
	}
	if p, err := n.Proof(t.Context(), "bad", 1); err == nil {
		t.Errorf("a proof of its own: %v", p)
	}
	b.head() // it can be read again
	if c := b.project("bad", 1); c.Size != 300 {
		t.Errorf("its checkpoint is %+v", c)
	}
}
