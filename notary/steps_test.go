package notary

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/proof"
	"auditlog/proof/evidence"
	"auditlog/store"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/trees"
)

// stopping is a log whose writes end after some: the next one is lost, or is there although whoever
// made it was not told so, as where the process is killed before it hears.
type stopping struct {
	Log
	left      int
	persisted bool
}

var errKilled = errors.New("killed")

func (s *stopping) KeepTrees(fn func(tx kv.Tx, there func(format.ProjectID) bool) (trees.Change, error)) error {
	s.left--
	switch {
	case s.left >= 0:
		return s.Log.KeepTrees(fn)
	case s.left == -1 && s.persisted:
		return errors.Join(s.Log.KeepTrees(fn), errKilled)
	}
	return errKilled
}

// TestKilledAtEachWrite kills the log at each write that makes trees and heads, as a restart finds it: what
// was signed before is continued by all that is signed later.
func TestKilledAtEachWrite(t *testing.T) {
	for _, persisted := range []bool{false, true} {
		for writes := 0; ; writes++ {
			b := open(t)
			var seen []proof.Checkpoint
			s := &stopping{Log: b.Store, left: writes, persisted: persisted}
			ended := b.work(s, &seen)
			b.again()
			b.purge("gone")
			b.record("acme", 300)
			b.must(b.Seal())
			b.head()
			now := b.master()
			for _, old := range seen {
				hashes, err := b.n.Consistency(old.Size, now.Size)
				if err == nil {
					err = proof.CheckConsistency(hashes, now, old)
				}
				if err != nil {
					t.Errorf("killed at write %d: %+v: %v", writes, old, err)
				}
			}
			if ended {
				break
			}
			if writes > 100 {
				t.Fatal("it never ends")
			}
		}
	}
}

// work records, and makes trees and heads by log, until that ends. It adds what could be seen meanwhile,
// and reports whether all was done.
func (b *bench) work(log *stopping, seen *[]proof.Checkpoint) (ended bool) {
	b.Helper()
	var err error
	b.n, err = New(log, b.key, Options{})
	b.must(err)
	for round := range 4 {
		b.record("acme", 400)
		b.record("gone", 20)
		if round == 2 {
			b.must(b.Seal())
		}
		err := b.n.Head(b.Context())
		if signed, err := b.n.Checkpoint(); err == nil {
			c, err := proof.OpenCheckpoint(signed, b.key.Public())
			b.must(err)
			*seen = append(*seen, c)
		}
		if err != nil {
			if !errors.Is(err, errKilled) {
				b.Fatal(err)
			}
			return false
		}
	}
	return true
}

// TestLogWithoutTrees: a log of the format before gets its trees by and by, each step of which may
// be the last before a restart.
func TestLogWithoutTrees(t *testing.T) {
	fixtures, err := filepath.Glob("../store/testdata/format3/*.db.gz")
	if err != nil || len(fixtures) == 0 {
		t.Fatal("there are no fixtures", err)
	}
	for _, path := range fixtures {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".db.gz"), func(t *testing.T) {
			b := &bench{TB: t, dir: t.TempDir(), key: testKey(t)}
			audittest.Unpack(t, path, filepath.Join(b.dir, store.FileName))
			b.open()
			defer func() { b.must(b.Close()) }()
			b.check()
			b.growTrees()
			b.check()
			for _, h := range b.Histories() {
				if h.Size() == 0 {
					continue
				}
				res, n, err := verify(b.evidence(audit.Query{Project: h.Name}), evidence.Policy{Keys: []proof.PublicKey{b.key.Public()}})
				if err != nil || int64(n) != h.Size() || !res.Header.Complete {
					t.Errorf("%s: %d of %d entries: %v", h.Name, n, h.Size(), err)
				}
			}
		})
	}
}

// growTrees hashes step by step, with a restart after each, and makes a head.
func (b *bench) growTrees() {
	b.Helper()
	for more := true; more; {
		var err error
		more, err = b.n.hash(b.Context())
		b.must(err)
		b.again()
	}
	b.head()
}

// TestManyWithoutTrees: a project of many entries takes several steps.
func TestManyWithoutTrees(t *testing.T) {
	if testing.Short() {
		t.Skip("many entries")
	}
	b := open(t)
	b.record("acme", 50_000)
	b.must(b.Seal())
	b.growTrees()
	if c := b.project("acme", 1); c.Size != 50_000 {
		t.Errorf("the tree has %d leaves", c.Size)
	}
}

// TestCosignedLater: the certificate of a purge has what witnesses sign after it, also where another key
// signs the log by then.
func TestCosignedLater(t *testing.T) {
	b := open(t)
	witness := must(proof.GenerateKey(strings.NewReader(strings.Repeat("w", 32))))
	w := proof.Witness{Name: "witness.example.org", Key: witness.Public()}
	p := evidence.Policy{Keys: []proof.PublicKey{b.key.Public()}, Witnesses: []proof.Witness{w}, Quorum: 1}
	b.record("acme", 300)
	b.purge("acme")
	b.record("acme", 1)
	before := must(b.n.Certificate("acme", 1))
	if _, _, err := verify(before, p); !errors.Is(err, evidence.ErrBad) {
		t.Fatal(err)
	}
	for round := range 2 {
		b.head()
		b.n.opts.Known = p.Witnesses
		signed := must(b.n.Checkpoint())
		c := must(proof.OpenCheckpoint(signed, b.key.Public()))
		cosigned := must(proof.Sign(c, witness.Cosigner(w.Name, time.Unix(1_800_000_000, 0))))
		must(b.n.Cosign(cosigned[strings.Index(string(cosigned), "\n\n")+2:]))
		b.record("acme", 1)
		b.head() // which nobody cosigns
		after := must(b.n.Certificate("acme", 1))
		res, n, err := verify(after, p)
		if err != nil || n != 1 || len(res.Witnesses) != 1 || res.Master.Size != c.Size {
			t.Fatalf("round %d: %v, %+v", round, err, res)
		}
		next := must(proof.GenerateKey(strings.NewReader(strings.Repeat("n", 32))))
		if round == 0 {
			b.must(b.n.Rotate(t.Context(), next, b.Store, audit.Actor{Email: "ops@example.com"}))
			b.key = next
			b.again()
		}
	}
}
