package notary

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/time/rate"

	"auditlog/admit"
	"auditlog/audit"
	"auditlog/proof"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/trees"
)

// Log is what a Notary needs of the log.
type Log interface {
	// Lineage names the log: it is another's once entries were lost.
	Lineage() audit.Lineage
	// Histories and History tell of projects: see package store.
	Histories() []trees.History
	History(project string) (trees.History, error)
	Project(name string) (audit.Project, error)
	Get(ctx context.Context, project string, id int64) (*audit.Entry, error)
	AfterSeq(ctx context.Context, project string, seq int64, limit int) ([]*audit.Entry, error)
	View(func(kv.Tx) error) error
	KeepTrees(func(tx kv.Tx, there func(format.ProjectID) bool) (trees.Change, error)) error
	// LastID returns the id of the newest entry, and Wait returns once it is above one.
	LastID() int64
	Wait(ctx context.Context, after int64) error
}

// Options configure a Notary. The zero value is usable.
type Options struct {
	// Every is how long after something was recorded there is a head at most. Default a
	// minute.
	Every time.Duration
	// Apart is how far apart heads are in the long run that somebody asks for, beyond the first few: each
	// is kept for ever, so that who may read must not make as many as he likes. Default 0: any.
	Apart time.Duration
	// Witnesses are asked to sign every checkpoint. Known are all whose signatures are taken:
	// these, and those that sign what is brought to them.
	Witnesses []Cosigner
	Known     []proof.Witness
	// Keep keeps what is known of the log elsewhere, after each head. Default nowhere.
	Keep func(Kept) error
	// Now is the clock. Default time.Now.
	Now func() time.Time
	// Rand makes secrets. Default crypto/rand.
	Rand io.Reader
	// Log gets a line when something fails. Its zero value is silent.
	Log zerolog.Logger
}

// Notary makes proofs. Its methods may be called by several goroutines at once.
type Notary struct {
	log  Log
	key  proof.Key
	opts Options

	asks *rate.Limiter // of heads that somebody asks for
	// begun counts the heads that were asked for and begun.
	begun atomic.Int64

	making sync.Mutex // held by whoever makes trees or heads, or reads a head whole
	done   int64      // which of those that were begun was made last; guarded by making
}

// askedAtOnce is how many heads may be asked for without any pause.
const askedAtOnce = 30

// New returns the notary of a log. It returns Conflict where the log's heads were signed with
// another key.
func New(log Log, key proof.Key, opts Options) (*Notary, error) {
	if opts.Every == 0 {
		opts.Every = time.Minute
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Rand == nil {
		opts.Rand = rand.Reader
	}
	n := &Notary{log: log, key: key, opts: opts, asks: rate.NewLimiter(rate.Every(opts.Apart), askedAtOnce)}
	return n, log.View(func(tx kv.Tx) error {
		m, err := trees.OpenMaster(tx)
		if err != nil || m.Lineage != log.Lineage().String() {
			return err // another log's key is of no matter
		}
		return n.signs(m)
	})
}

// signs returns Conflict where a master log is signed with another key, as by another node.
func (n *Notary) signs(m *trees.Master) error {
	if was := m.Keys[len(m.Keys)-1]; was != n.key.Public() {
		return audit.Errorf(audit.Conflict, "the log's checkpoints are signed with the key %s, and this is %s",
			was.Fingerprint(), n.key.Public().Fingerprint())
	}
	return nil
}

// Origin returns the name of the master log.
func (n *Notary) Origin() string { return proof.LogOrigin(n.log.Lineage().String()) }

// Keys returns the public keys that have signed the log, the one of now last, as signed notes
// write them.
func (n *Notary) Keys() ([]string, error) {
	keys := []proof.PublicKey{n.key.Public()}
	err := n.log.View(func(tx kv.Tx) error {
		m, err := trees.OpenMaster(tx)
		if err == nil && m.Lineage == n.log.Lineage().String() {
			keys = slices.Clone(m.Keys)
		}
		return err
	})
	return n.keyTexts(keys), err
}

func (n *Notary) keyTexts(keys []proof.PublicKey) []string {
	texts := make([]string, len(keys))
	for i, k := range keys {
		texts[i] = k.Text(n.Origin())
	}
	return texts
}

// origin returns the name of a project's tree.
func (n *Notary) origin(h *trees.History) string {
	return proof.ProjectOrigin(n.Origin(), h.Name, h.Incarnation)
}

// tree returns the tree of a project at a size, of which all full tiles are hashed.
func (n *Notary) tree(ctx context.Context, h *trees.History, size int64) *proof.Tree {
	return proof.NewTree(size, n.tiles(ctx, h))
}

func (n *Notary) tiles(ctx context.Context, h *trees.History) *trees.Tiles {
	return &trees.Tiles{View: n.log.View, Project: h.ID, Leaves: func(tile int64, width int) ([]proof.Hash, error) {
		return n.leaves(ctx, h, tile*proof.TileWidth, width)
	}}
}

// leaves returns the hashes of so many leaves of a project, from leaf first on.
func (n *Notary) leaves(ctx context.Context, h *trees.History, first int64, count int) ([]proof.Hash, error) {
	hashes := make([]proof.Hash, 0, count)
	err := n.each(ctx, h, first, count, func(l *leaf) error {
		hashes = append(hashes, proof.LeafHash(l.commitment))
		return nil
	})
	return hashes, err
}

// leaf is a leaf with what it is made of. It is valid until the next.
type leaf struct {
	seq        int64
	entry      []byte // canonical JSON
	salt       proof.Salt
	commitment proof.Commitment
}

// each calls fn with so many leaves of a project, from leaf first on. They are computed in the turns of the
// context's call, some at a time, and fn is called outside of them: it may write to somebody.
func (n *Notary) each(ctx context.Context, h *trees.History, first int64, count int, fn func(*leaf) error) error {
	salter := proof.NewSalter(h.Secret)
	leaves := make([]leaf, min(count, eachAtOnce))
	for seq, end := h.Base+first, h.Base+first+int64(count); seq < end; {
		entries, err := n.log.AfterSeq(ctx, h.Name, seq-1, int(end-seq))
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			return n.gone(h, seq)
		}
		for some := range slices.Chunk(entries, len(leaves)) {
			if err := n.compute(ctx, h, seq, some, salter, leaves); err != nil {
				return err
			}
			for i := range some {
				if err := fn(&leaves[i]); err != nil {
					return err
				}
			}
			seq += int64(len(some))
		}
	}
	return nil
}

// eachAtOnce is how many leaves are computed before somebody is told of them.
const eachAtOnce = proof.TileWidth

// compute makes leaves of entries, which are those from seq on.
func (n *Notary) compute(ctx context.Context, h *trees.History, seq int64, entries []*audit.Entry, salter *proof.Salter, leaves []leaf) error {
	return admit.Work(ctx, func(ctx context.Context) error {
		turn := admit.TurnOf(ctx)
		for i, e := range entries {
			if e.Seq != seq {
				return n.gone(h, seq)
			}
			l := &leaves[i]
			l.seq, l.entry, l.salt = seq, e.AppendJSON(l.entry[:0]), salter.Salt(seq)
			l.commitment = proof.Commit(l.salt, l.entry)
			seq++
			if err := turn.Step(); err != nil {
				return err
			}
		}
		return nil
	})
}

// gone returns why an entry of a project is not there: because it was purged since, or because
// the database is damaged.
func (n *Notary) gone(h *trees.History, seq int64) error {
	if now, err := n.log.History(h.Name); err != nil || now.ID != h.ID {
		return audit.Errorf(audit.NotFound, "project %q was purged", h.Name)
	}
	return fmt.Errorf("project %q: %w: seq %d is missing", h.Name, format.ErrCorrupt, seq)
}
