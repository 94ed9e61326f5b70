package evidence

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"

	"auditlog/audit"
	"auditlog/proof"
)

// ErrBad is in the chain of the error of everything that does not hold, and of nothing else: a
// file that could not be read is another matter.
var ErrBad = errors.New("the evidence does not hold")

func bad(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrBad, fmt.Errorf(format, args...))
}

// Result is what a bundle proves.
type Result struct {
	Header     Header
	Checkpoint proof.Checkpoint // the project's
	Head       proof.Head
	Master     proof.Checkpoint
	// Key has signed it, and KeyTrusted tells that the policy names it, or one that it follows.
	Key        proof.PublicKey
	KeyTrusted bool
	keys       []proof.PublicKey // that are believed, of which Key is one
	// Witnesses are those of the policy that have cosigned the master checkpoint.
	Witnesses []Cosigned
}

// Verify checks everything that a bundle says, and returns what it proves. each is called with
// every entry that is proved so far; only with a nil error does all of it hold.
func Verify(r io.Reader, p *Policy, each func(*audit.Entry) error) (*Result, error) {
	lines := newReader(r)
	first, err := lines.next()
	if err != nil {
		return nil, bad("it is empty or cannot be read: %w", err)
	}
	header, err := parseHeader(first)
	if err != nil {
		return nil, bad("%w", err)
	}
	res := &Result{Header: *header}
	if err := res.anchor(p); err != nil {
		return nil, err
	}
	v := &verifier{Result: res, lines: lines, each: each}
	if err := v.begin(p); err != nil {
		return nil, err
	}
	if err := v.entries(); err != nil {
		return nil, err
	}
	return res, nil
}

// begin checks the older checkpoint of a policy against the master log, or remembers it for when
// the entries reach its size.
func (v *verifier) begin(p *Policy) error {
	if p.Older == nil {
		return nil
	}
	older, err := proof.OpenCheckpoint(p.Older, v.keys...)
	if err == nil && older.Size == 0 {
		err = errors.New("it is of a tree without leaves")
	}
	if err != nil {
		return bad("the older checkpoint: %w", err)
	}
	h := &v.Header
	switch {
	case older.Origin == v.Checkpoint.Origin && h.Prefix != nil && older.Size <= h.LastSeq-h.Base+1:
		v.older = older
		return nil
	case older.Origin == v.Checkpoint.Origin:
		return bad("to hold it against a checkpoint of the project of %d entries, it must have the last of these, in one proof", older.Size)
	case older.Origin == v.Master.Origin && (h.Older == nil || h.Older.Size != older.Size):
		return bad("it does not say how it continues the checkpoint of %d heads: ask for it with --since", older.Size)
	case older.Origin != v.Master.Origin:
		return bad("the older checkpoint is of %s, this is of %s", older.Origin, v.Master.Origin)
	}
	if err := proof.CheckConsistency(h.Older.Proof, v.Master, older); err != nil {
		return bad("the log was changed since: %w", err)
	}
	return nil
}

// anchor checks the way from the project's checkpoint to that of the master log.
func (r *Result) anchor(p *Policy) (err error) {
	h := &r.Header
	if err := r.signer(p); err != nil {
		return err
	}
	if r.Master, err = proof.OpenCheckpoint([]byte(h.Master), r.Key); err != nil {
		return bad("master log: %w", err)
	}
	if r.Checkpoint, err = proof.OpenCheckpoint([]byte(h.Checkpoint), r.keys...); err != nil {
		return bad("project: %w", err)
	}
	if want := proof.ProjectOrigin(r.Master.Origin, h.Project, h.Incarnation); r.Checkpoint.Origin != want {
		return bad("the project's checkpoint is of %s, want %s", r.Checkpoint.Origin, want)
	}
	if r.Head, err = proof.ParseHead(h.Head); err != nil {
		return bad("%w", err)
	}
	if err := proof.CheckHead(h.HeadProof, r.Head, h.HeadIndex, r.Checkpoint); err != nil {
		return bad("%w", err)
	}
	if r.Head.Number != h.MasterIndex {
		return bad("head %d is said to be leaf %d of the master log", r.Head.Number, h.MasterIndex)
	}
	if err := proof.CheckInclusion(h.MasterProof, r.Master, h.MasterIndex, r.Head.LeafHash()); err != nil {
		return bad("%w", err)
	}
	return r.cosigned(p)
}

// cosigned finds out which witnesses have signed the master checkpoint, or an older one. For
// the quorum of a policy those count that have seen the head.
func (r *Result) cosigned(p *Policy) error {
	h := &r.Header
	r.Witnesses = p.Cosigned([]byte(h.Master), r.Master)
	if h.Cosigned != "" {
		old, err := proof.OpenCheckpoint([]byte(h.Cosigned), r.keys...)
		if err == nil {
			err = proof.CheckConsistency(h.CosignedProof, r.Master, old)
		}
		if err != nil {
			return bad("the checkpoint that witnesses signed: %w", err)
		}
		r.Witnesses = append(r.Witnesses, p.Cosigned([]byte(h.Cosigned), old)...)
	}
	seen := make(map[proof.Witness]bool)
	for _, w := range r.Witnesses {
		if w.Size > h.MasterIndex {
			seen[w.Witness] = true
		}
	}
	if len(seen) < p.Quorum {
		return bad("%d of the witnesses that were named have signed a checkpoint with this head, %d are wanted", len(seen), p.Quorum)
	}
	return nil
}

// signer finds out who has signed, among the keys that the policy trusts and those that follow
// them, or, if it names none, that the bundle does.
func (r *Result) signer(p *Policy) error {
	var named []proof.PublicKey
	for _, text := range r.Header.Keys {
		_, k, err := proof.ParsePublicKey(text)
		if err != nil {
			return bad("%w", err)
		}
		named = append(named, k)
	}
	r.keys = p.Keys
	if r.KeyTrusted = len(p.Keys) > 0; !r.KeyTrusted {
		r.keys = named
	}
	origin, _, _ := strings.Cut(r.Header.Master, "\n")
	r.keys = proof.Followers(origin, r.keys, r.Header.Rotations)
	for _, k := range slices.Backward(r.keys) {
		if _, err := proof.OpenCheckpoint([]byte(r.Header.Master), k); err == nil {
			r.Key = k
			return nil
		}
	}
	return bad("the master log's checkpoint is signed by none of the %d keys that are known", len(r.keys))
}

// verifier checks the entries of a bundle.
type verifier struct {
	*Result
	lines *reader
	each  func(*audit.Entry) error

	stack proof.Stack // where the entries have no proofs of their own
	older proof.Checkpoint
	seen  int64
	last  int64 // seq
}

func (v *verifier) entries() error {
	h := &v.Header
	if h.Base < 1 || h.Entries < 1 || h.FirstSeq < h.Base || h.LastSeq < h.FirstSeq {
		return bad("it says that it holds %d entries, seqs %d to %d of a project that begins with %d", h.Entries, h.FirstSeq, h.LastSeq, h.Base)
	}
	if h.Complete != (h.LastSeq-h.FirstSeq+1 == h.Entries) {
		return bad("it holds %d entries, seqs %d to %d, which is not what it says of being complete", h.Entries, h.FirstSeq, h.LastSeq)
	}
	for {
		batch, err := v.read()
		if err != nil {
			return err
		}
		if len(batch) == 0 {
			break
		}
		v.check(batch)
		for i := range batch {
			if err := v.take(&batch[i]); err != nil {
				return bad("line %d: %w", batch[i].number, err)
			}
		}
	}
	if v.seen != h.Entries || v.last != h.LastSeq {
		return bad("it holds %d entries up to seq %d, and says %d up to seq %d: lines are missing or added", v.seen, v.last, h.Entries, h.LastSeq)
	}
	if h.Prefix == nil {
		return nil
	}
	prefix := proof.Checkpoint{Origin: v.Checkpoint.Origin, Size: v.stack.Size(), Root: v.stack.Root()}
	if err := proof.CheckConsistency(*h.Prefix, v.Checkpoint, prefix); err != nil {
		return bad("the entries are not those of the checkpoint: %w", err)
	}
	return nil
}

// batchLines is how many lines are checked at once, by as many goroutines as run at once.
const batchLines = 512

// checked is a line of an entry, and what became of it by itself.
type checked struct {
	number int
	text   []byte
	entry  audit.Entry
	before Hashes
	hash   proof.Hash
	err    error
}

// read returns the next lines, none at the end.
func (v *verifier) read() (batch []checked, err error) {
	for len(batch) < batchLines {
		b, err := v.lines.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, bad("line %d: %w", v.lines.n+1, err)
		}
		batch = append(batch, checked{number: v.lines.n, text: bytes.Clone(b)})
	}
	return batch, nil
}

// check checks each of some lines by itself.
func (v *verifier) check(batch []checked) {
	var group sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		group.Go(func() {
			for i := w; i < len(batch); i += workers {
				batch[i].err = v.line(&batch[i])
			}
		})
	}
	group.Wait()
}

// line checks one: that it holds an entry as the log has them, and, where it has a proof of its
// own, that this holds.
func (v *verifier) line(c *checked) error {
	l, err := parseLine(c.text)
	if err != nil {
		return err
	}
	e := &c.entry
	if err := json.Unmarshal(l.Entry, e); err != nil {
		return fmt.Errorf("its entry: %w", err)
	}
	if e.Project != v.Header.Project || !bytes.Equal(e.AppendJSON(nil), l.Entry) {
		return fmt.Errorf("its entry is not as the log has entries of project %q", v.Header.Project)
	}
	c.before, c.hash = l.Before, proof.LeafHash(proof.Commit(l.Salt, l.Entry))
	if one := v.Header.Prefix != nil; one && l.Proof != nil || !one && l.Before != nil || l.Before != nil && len(l.Before) == 0 {
		return fmt.Errorf("it has a proof of another kind than the others")
	}
	if v.Header.Prefix != nil {
		return nil
	}
	return proof.CheckInclusion(l.Proof, v.Checkpoint, e.Seq-v.Header.Base, c.hash)
}

// take takes the next line in, of which all before were.
func (v *verifier) take(c *checked) error {
	if c.err != nil {
		return c.err
	}
	seq := c.entry.Seq
	if v.seen == 0 && seq != v.Header.FirstSeq || v.seen > 0 && seq <= v.last || v.Header.Complete && v.seen > 0 && seq != v.last+1 {
		return fmt.Errorf("seq %d follows seq %d", seq, v.last)
	}
	if v.Header.Prefix != nil {
		if err := v.stacked(c); err != nil {
			return err
		}
	}
	v.seen++
	v.last = seq
	return v.each(&c.entry)
}

// stacked adds the next line, and what is left out before it, to the tree that all lines make.
func (v *verifier) stacked(c *checked) error {
	from, at := v.stack.Size(), c.entry.Seq-v.Header.Base
	if err := v.stack.Skip(at, c.before); err != nil {
		return err
	}
	if from < v.older.Size && v.older.Size <= at {
		return fmt.Errorf("to hold it against a checkpoint of the project of %d entries, it must have the last of these", v.older.Size)
	}
	v.stack.Add(c.hash)
	if v.stack.Size() == v.older.Size && v.stack.Root() != v.older.Root {
		return fmt.Errorf("the project's first %d entries are others than those of the older checkpoint: the log was changed since", v.older.Size)
	}
	return nil
}
