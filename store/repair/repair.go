package repair

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"auditlog/audit"
	"auditlog/store/blocks"
	"auditlog/store/check"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/kv/boltkv"
)

// Options say how a database is made.
type Options struct {
	// Random makes the secrets of projects whose own are lost.
	Random io.Reader
	// Report is called with each damage that is met, and with what a check of the new database finds.
	Report func(problem string)
	// Sizes are those of the new blocks. Default blocks.DefaultSizes.
	Sizes *blocks.Sizes
	// Progress is told how many entries are written. Default: nobody.
	Progress func(entries int64)
}

// Result says what was made.
type Result struct {
	// Entries counts those that the new database has, Filled those of them that the damaged one
	// did not, by the name of the source that had them.
	Entries int64
	Filled  map[string]int64
	// Gaps are what nobody has.
	Gaps []audit.Gap
	// Damages counts what was found to be damaged.
	Damages int
	LastID  int64
	Check   check.Summary
}

// repairTo makes the database at path, which must not be there, of a damaged one and of others that
// have entries of the same log. It returns Conflict where one of them is of another log. When it
// returns an error, or the check finds something, nothing is left at path.
func repairTo(ctx context.Context, path string, damaged Source, others []Source, opts Options) (*Result, error) {
	if opts.Progress == nil {
		opts.Progress = func(int64) {}
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("repair: %w", err)
	}
	b := &builder{ctx: ctx, opts: &opts, sizes: blocks.DefaultSizes(), res: Result{Filled: make(map[string]int64)}, told: make(map[string]bool)}
	if opts.Sizes != nil {
		b.sizes = *opts.Sizes
	}
	err := b.make(path, append([]Source{damaged}, others...))
	err = errors.Join(err, boltkv.RemoveMark(path)) // it is of a temporary name
	if err != nil || b.res.Check.Problems > 0 {
		return &b.res, errors.Join(err, remove(path))
	}
	return &b.res, nil
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// make makes the database, and checks it.
func (b *builder) make(path string, sources []Source) (err error) {
	b.to, err = boltkv.Open(path, boltkv.Options{Init: makeBuckets, Rising: format.Rising(), Summed: format.Summed()})
	if err != nil {
		return fmt.Errorf("repair: %w", err)
	}
	defer func() { err = errors.Join(err, b.to.Close()) }()
	if err := b.read(sources, b.build); err != nil {
		return fmt.Errorf("repair: %w", err)
	}
	b.res.Check, err = check.Run(b.ctx, b.to, check.Options{Sizes: &b.sizes, Report: b.opts.Report})
	return err
}

func makeBuckets(tx kv.Tx) error {
	var errs []error
	for _, name := range format.Buckets() {
		errs = append(errs, tx.CreateBucket(name))
	}
	return errors.Join(errs...)
}

// read opens transactions on all sources, and calls fn within them.
func (b *builder) read(sources []Source, fn func() error) error {
	if len(sources) == 0 {
		return fn()
	}
	s := &sources[0]
	r := &reading{Source: s, first: len(b.sources) == 0, trouble: func(string) {}}
	if r.first {
		r.trouble = b.tell
	}
	b.sources = append(b.sources, r)
	if s.DB == nil {
		return b.read(sources[1:], fn)
	}
	var inner error
	err := s.DB.View(func(tx kv.Tx) error {
		r.tx = tx
		r.begin()
		inner = b.read(sources[1:], fn)
		tx.Pass() // what is damaged was told
		return nil
	})
	return errors.Join(inner, err)
}

// tell reports damage, each once.
func (b *builder) tell(problem string) {
	if b.told[problem] {
		return
	}
	b.told[problem] = true
	b.res.Damages++
	b.opts.Report(problem)
}

// identity returns the identity of the log, once all sources agree on it.
func (b *builder) identity() ([]byte, error) {
	var identity []byte
	for _, r := range b.sources {
		if r.tx == nil {
			continue
		}
		meta := r.tx.Bucket(format.Meta)
		if r.tx.Pass() != nil || meta == nil {
			continue
		}
		own := meta.Get(format.MetaIdentity)
		r.tx.Pass()
		switch {
		case own == nil:
		case identity == nil:
			identity = own
		case !slices.Equal(own, identity):
			return nil, audit.Errorf(audit.Conflict, "%s is of another log", r.Name)
		}
	}
	if identity == nil {
		return nil, fmt.Errorf("%s: %w: nothing says which log it is: name a backup of it", b.sources[0].Name, kv.ErrDamaged)
	}
	return identity, nil
}
