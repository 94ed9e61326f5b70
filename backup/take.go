package backup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"filippo.io/age"

	"auditlog/store/kv"
)

// Source is a log's database, as Take reads it.
type Source interface {
	// View runs fn on one state of the database.
	View(fn func(kv.Tx) error) error
}

// Writer takes the files of a backup, in the order in which they are to be written.
type Writer interface {
	Put(ctx context.Context, name string, data []byte) error
}

// Options say what of a log is taken, and how. Buckets, Log and Describe are required.
type Options struct {
	// Buckets are all buckets of the database.
	Buckets []string
	// Log is the identity of the log, Program the version of this program.
	Log, Program string
	// Describe says what the log holds in a state of its database.
	Describe func(kv.Tx) (Contents, error)
	// Recipients are those who can read the backup. Without any it is not encrypted.
	Recipients []age.Recipient
	// Secret names encrypted parts, and has 32 bytes: of the same log always the same, so
	// that backups share parts. Only needed with Recipients.
	Secret []byte
	// Number is that of the backup in its repository. Default: none, of one that is alone.
	Number int64
	// Has reports whether the repository has a part already. Default: none.
	Has func(name string) bool
	// TempDir is the folder of the temporary file. Default that of the system.
	TempDir string
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// Taken is what Take has done.
type Taken struct {
	*Snapshot
	// NewParts counts the parts that the repository did not have, NewBytes what they
	// take in it.
	NewParts int
	NewBytes int64
	// Held is how long the longest transaction lasted.
	Held time.Duration
}

// Rehearsals go on until one finds less than this that is new, or there were so many.
const (
	rehearsedEnough = 16 << 20
	mostRehearsals  = 4
)

// Take makes a backup and writes its files to out: see the package's comment for how. It
// returns ctx's error when that ends.
func Take(ctx context.Context, src Source, out Writer, opts Options) (*Taken, error) {
	t, err := newTaker(src, out, opts)
	if err != nil {
		return nil, err
	}
	defer t.spool.close()
	if err := out.Put(ctx, MarkName, markData()); err != nil {
		return nil, err
	}
	for range mostRehearsals {
		before := t.fresh
		if err := t.rehearse(ctx); err != nil {
			return nil, fmt.Errorf("rehearse the backup: %w", err)
		}
		if t.fresh-before < rehearsedEnough {
			break
		}
	}
	if err := t.take(ctx); err != nil {
		return nil, fmt.Errorf("read the log: %w", err)
	}
	if err := t.spool.each(func(name string, content []byte) error { return t.put(ctx, name, content) }); err != nil {
		return nil, err
	}
	return t.finish(ctx)
}

// taker makes one backup.
type taker struct {
	src   Source
	out   Writer
	opts  Options
	names namer
	seal  *sealer
	spool spool
	part  splitter

	known map[string]bool // the parts that were written
	fresh int64           // bytes of rows that were new
	index Index
	taken Taken
}

func newTaker(src Source, out Writer, opts Options) (*taker, error) {
	if len(opts.Recipients) == 0 {
		opts.Secret = nil
	} else if len(opts.Secret) < 32 {
		return nil, errors.New("backup: a secret of 32 bytes is required to name encrypted parts")
	}
	if opts.Has == nil {
		opts.Has = func(string) bool { return false }
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	seal, err := newSealer(opts.Recipients)
	if err != nil {
		return nil, err
	}
	return &taker{
		src: src, out: out, opts: opts, names: newNamer(opts.Secret), seal: seal, spool: spool{dir: opts.TempDir},
		known: make(map[string]bool), taken: Taken{Snapshot: new(Snapshot)},
	}, nil
}

// has reports whether a part need not be written.
func (t *taker) has(name string) bool { return t.known[name] || t.opts.Has(name) }

// put writes a part.
func (t *taker) put(ctx context.Context, name string, content []byte) error {
	stored, err := t.seal.seal(content)
	if err != nil {
		return err
	}
	if err := t.out.Put(ctx, partName(name), stored); err != nil {
		return err
	}
	t.known[name] = true
	t.fresh += int64(len(content))
	t.taken.NewParts++
	t.taken.NewBytes += int64(len(stored))
	return nil
}

// view is View of the source, and notes how long it lasted.
func (t *taker) view(fn func(kv.Tx) error) error {
	return t.src.View(func(tx kv.Tx) error {
		begun := time.Now()
		defer func() { t.taken.Held = max(t.taken.Held, time.Since(begun)) }()
		return fn(tx)
	})
}

// rehearse reads the log and writes what is new of it, without holding it still.
func (t *taker) rehearse(ctx context.Context) error {
	for _, bucket := range t.opts.Buckets {
		var last []byte // the key of the row that was read last
		for more := true; more; {
			if err := ctx.Err(); err != nil {
				return err
			}
			var end []byte
			err := t.view(func(tx kv.Tx) (err error) {
				t.part.begin() // it may be run again
				end, more, err = t.readPart(tx, bucket, last)
				return err
			})
			if err != nil {
				return err
			}
			last = end
			if err := t.keep(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// readPart reads the rows of a part from behind a key on, and returns the last key.
func (t *taker) readPart(tx kv.Tx, bucket string, last []byte) (end []byte, more bool, err error) {
	b, err := bucketOf(tx, bucket)
	if err != nil {
		return nil, false, err
	}
	from := last
	if from != nil {
		from = append(slices.Clip(from), 0)
	}
	for k, v := range kv.From(b, from) {
		if t.part.add(k, v) {
			return slices.Clone(k), true, nil
		}
	}
	return nil, false, nil
}

func bucketOf(tx kv.Tx, name string) (kv.Bucket, error) {
	b := tx.Bucket(name)
	if b == nil {
		return nil, errors.Join(tx.Err(), fmt.Errorf("bucket %s is not there", name))
	}
	return b, nil
}

// keep writes the part that was read, if it is new.
func (t *taker) keep(ctx context.Context) error {
	if t.part.count == 0 {
		return nil
	}
	name := t.names.name(t.opts.Secret, t.part.rows)
	if t.has(name) {
		return nil
	}
	return t.put(ctx, name, t.part.rows)
}

// take reads the log in one transaction.
func (t *taker) take(ctx context.Context) error {
	return t.view(func(tx kv.Tx) error {
		t.spool.reset()
		t.index = Index{Format: Format, Moment: t.opts.Now().UTC(), Log: t.opts.Log, Secret: t.opts.Secret}
		var err error
		if t.taken.Contents, err = t.opts.Describe(tx); err != nil {
			return err
		}
		for _, name := range t.opts.Buckets {
			parts, err := t.takeBucket(ctx, tx, name)
			if err != nil {
				return err
			}
			t.index.Buckets = append(t.index.Buckets, Bucket{name, parts})
		}
		return nil
	})
}

func (t *taker) takeBucket(ctx context.Context, tx kv.Tx, name string) ([]Part, error) {
	b, err := bucketOf(tx, name)
	if err != nil {
		return nil, err
	}
	parts := []Part{}
	err = split(ctx, b, &t.part, func() error {
		p := t.part.part(t.names, t.opts.Secret)
		parts = append(parts, p)
		if t.has(p.Name) {
			return nil
		}
		return t.spool.add(p.Name, t.part.rows)
	})
	return parts, err
}

// split calls fn with each part of a bucket in s.
func split(ctx context.Context, b kv.Bucket, s *splitter, fn func() error) error {
	s.begin()
	for k, v := range kv.All(b) {
		if !s.add(k, v) {
			continue
		}
		if err := errors.Join(ctx.Err(), fn()); err != nil {
			return err
		}
		s.begin()
	}
	if s.count == 0 {
		return nil
	}
	return fn()
}

// part names what the splitter holds.
func (s *splitter) part(names namer, secret []byte) Part {
	return Part{Name: names.name(secret, s.rows), First: slices.Clone(s.first), Rows: s.count, Bytes: len(s.rows)}
}

// finish writes the index and the snapshot.
func (t *taker) finish(ctx context.Context) (*Taken, error) {
	content, err := t.index.encode()
	if err != nil {
		return nil, err
	}
	s := t.taken.Snapshot
	s.Format, s.Number, s.Moment, s.Log, s.Program = Format, t.opts.Number, t.index.Moment, t.opts.Log, t.opts.Program
	s.Bytes, s.Encrypted = t.index.bytes(), len(t.opts.Recipients) > 0
	s.Index = t.names.name(t.opts.Secret, content)
	if err := t.put(ctx, s.Index, content); err != nil {
		return nil, err
	}
	s.Parts = []string{s.Index}
	for _, b := range t.index.Buckets {
		for _, p := range b.Parts {
			s.Parts = append(s.Parts, p.Name)
		}
	}
	slices.Sort(s.Parts)
	s.Parts = slices.Compact(s.Parts)
	name, data, err := s.encode()
	if err != nil {
		return nil, err
	}
	if err := t.out.Put(ctx, name, data); err != nil {
		return nil, err
	}
	return &t.taken, nil
}
