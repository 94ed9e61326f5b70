package index

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/rs/zerolog"
	bolterrors "go.etcd.io/bbolt/errors"

	"auditlog/backoff"
)

// Config says what an index is of and where it lies.
type Config struct {
	// Dir is the folder of the index. It is made when it is missing, and everything
	// in it is the index's.
	Dir string
	// Source is the log.
	Source Source
	// Identity tells the log from every other one. An index of another log is rebuilt.
	Identity string
	// Marks say whether the log has lost what the index is of. Default: a log loses nothing.
	Marks Marks
	// Log is told of what happens to the index. The zero Logger says nothing.
	Log zerolog.Logger
	// Linger is how long the index waits after a change for further ones, so as to
	// take them together: the last block of a project changes with each that comes. As long
	// as there are some, it goes on waiting, within bounds.
	// Default 5 s.
	Linger time.Duration
	// Retry is how long the index waits before it opens its folder again after a
	// failure; each further one doubles it, up to a minute. Default 1 s.
	Retry time.Duration
	// CheckEvery is how often the index looks whether its folder is still there
	// while nothing else happens. Default 10 s.
	CheckEvery time.Duration
}

func (c *Config) setDefaults() {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{{&c.Linger, 5 * time.Second}, {&c.Retry, time.Second}, {&c.CheckEvery, 10 * time.Second}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
}

// Index is the full-text index of a log. Its methods may be called by any number of
// goroutines. It works while Run runs; searches are right at any time.
type Index struct {
	cfg Config

	mu     sync.RWMutex // guards what follows
	engine *engine      // nil unless it is open and sound
	stop   context.CancelCauseFunc
	status Status
}

// New returns the index that cfg describes. It does nothing until Run is called.
func New(cfg Config) *Index {
	cfg.setDefaults()
	return &Index{cfg: cfg, status: Status{State: Opening}}
}

// State is what an index is doing.
type State string

const (
	// Opening: its files are being read and checked.
	Opening State = "opening"
	// Ready: it follows the log.
	Ready State = "ready"
	// Rebuilding: it has most of the log yet to read. Searches look into what it
	// has not read themselves.
	Rebuilding State = "rebuilding"
	// Broken: its files cannot be used; Reason says why. It tries again by itself.
	Broken State = "broken"
)

// Status is the state of an index at a moment.
type Status struct {
	State State
	// Reason says why the index was or is being rebuilt, or is broken. It is
	// empty when it was found in order.
	Reason string
	// Blocks counts the blocks in the index, and Behind the changes of blocks that
	// it has yet to take in; a change is about a thousand entries, or a small block that is quiet.
	Blocks int
	Behind uint64
	// Unread counts the blocks that are damaged in the log: searches are sent to each of them.
	Unread int
	// Resting says that the log is being loaded, and that the index waits for the end of
	// that, or until it is some thousand changes or half a minute behind.
	Resting bool
	// Bytes is the size of the index's files.
	Bytes int64
	// cursor is the sequence of the newest change that was taken in.
	cursor uint64
}

// Status returns the present state of the index.
func (x *Index) Status() Status {
	x.mu.RLock()
	s, e := x.status, x.engine
	x.mu.RUnlock()
	if seq := x.cfg.Source.BlockSeq(); seq > s.cursor {
		s.Behind = seq - s.cursor
	}
	if e != nil {
		s.Bytes = e.size()
	}
	return s
}

func (x *Index) setStatus(fn func(*Status)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	fn(&x.status)
}

// errNotOpen says that there is no index to read at the moment.
var errNotOpen = errors.New("the index is not open")

// read calls fn with the present state of the index. Unless the error is fn's
// context's, it makes Run look at the files.
func (x *Index) read(fn func(*snapshot) error) error {
	x.mu.RLock()
	e := x.engine
	x.mu.RUnlock()
	if e == nil {
		return errNotOpen
	}
	err := e.read(fn)
	if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		x.fail(e, err)
	}
	return err
}

// fail takes e, which met err, out of use, and has Run open it again.
func (x *Index) fail(e *engine, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.engine == e { // else it was closed meanwhile, which may be the error
		x.engine = nil
		x.stop(err)
	}
}

// maxRetry bounds the time between two attempts to open the index.
const maxRetry = time.Minute

// Run opens the index and follows the log until ctx is done, and returns nil
// then. Whatever happens to the files, Run repairs or rebuilds them.
func (x *Index) Run(ctx context.Context) error {
	pauses := backoff.Policy{First: x.cfg.Retry, Most: maxRetry}
	for failures := 1; ; failures++ {
		opened, err := x.session(ctx)
		if ctx.Err() != nil {
			if err != nil {
				x.cfg.Log.Warn().Err(err).Msg("full-text index was not closed in good order; it will be repaired")
			}
			return nil
		}
		if opened {
			failures = 1
		}
		if errors.Is(err, errLeftBehind) {
			// The files are open for good, and are not opened twice.
			err = errors.Join(err, moveAside(x.cfg.Dir))
		}
		x.cfg.Log.Warn().Err(err).Msg("full-text index failed; searches go on without it")
		x.setStatus(func(s *Status) { *s = Status{State: Broken, Reason: err.Error()} })
		if backoff.Sleep(ctx, pauses.Pause(failures)) != nil {
			return nil
		}
	}
}

// session opens the index, or a new one in its place, and follows the log until
// something fails. opened says that it came to following.
func (x *Index) session(ctx context.Context) (opened bool, err error) {
	x.setStatus(func(s *Status) { s.State, s.Blocks, s.Unread, s.cursor = Opening, 0, 0, 0 })
	e, docs, err := x.open(ctx)
	if err != nil {
		return false, err
	}
	following, stop := context.WithCancelCause(ctx)
	x.use(e, stop)
	f := &follower{x: x, e: e, docs: docs}
	err = f.run(following)
	stop(nil)
	x.use(nil, nil)
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		err = nil
	}
	return true, e.finish(err)
}

func (x *Index) use(e *engine, stop context.CancelCauseFunc) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.engine, x.stop = e, stop
}

// open opens the index, and puts a new one in its place when it cannot be used.
func (x *Index) open(ctx context.Context) (*engine, *docSet, error) {
	e, docs, err := x.openOnce(ctx)
	var stale *staleError
	switch {
	case err == nil || ctx.Err() != nil || saysNothing(err):
		return e, docs, err
	case errors.As(err, &stale):
		x.cfg.Log.Warn().Str("reason", stale.reason).Msg("rebuilding the full-text index; searches are slower meanwhile")
		if rerr := os.RemoveAll(x.cfg.Dir); rerr != nil {
			return nil, nil, rerr
		}
	default:
		x.cfg.Log.Warn().Err(err).Msg("full-text index is damaged; rebuilding it, searches are slower meanwhile")
		if rerr := moveAside(x.cfg.Dir); rerr != nil {
			return nil, nil, fmt.Errorf("%w; and %w", err, rerr)
		}
	}
	x.setStatus(func(s *Status) { s.Reason = err.Error() })
	return x.openOnce(ctx)
}

// saysNothing reports whether err says nothing against the files of the index.
func saysNothing(err error) bool {
	var source *sourceError
	return errors.Is(err, bolterrors.ErrTimeout) || errors.Is(err, os.ErrPermission) ||
		errors.As(err, &source) || isOutOfResources(err)
}

// openOnce opens the index and checks that its documents are those of the log.
func (x *Index) openOnce(ctx context.Context) (*engine, *docSet, error) {
	return x.openedOnce(ctx, openEngine)
}

// openedOnce is openOnce with a way to open.
func (x *Index) openedOnce(ctx context.Context, open func(dir string) (*engine, error)) (*engine, *docSet, error) {
	e, err := open(x.cfg.Dir)
	if err != nil {
		return nil, nil, err
	}
	docs, err := loadDocs(ctx, e, &x.cfg)
	if err != nil {
		e.close()
		return nil, nil, err
	}
	return e, docs, nil
}
