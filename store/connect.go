package store

import (
	"errors"
	"fmt"
	"strings"

	"auditlog/audit"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/kv/pgkv"
	"auditlog/store/upgrade"
)

// IsAddress reports whether a text is the address of a database that several nodes share, not
// the name of a folder.
func IsAddress(s string) bool {
	return strings.HasPrefix(s, "postgres://") || strings.HasPrefix(s, "postgresql://")
}

// sharedSealRows is Options.SealRows where a seal is a commit that waits for another machine, as one
// of entries does, and these wait for it.
const sharedSealRows = 4 * defaultSealRows

// Connect opens the store in the PostgreSQL database at an address, making it when it is not
// there. Other processes may have it open.
//
// It returns a Conflict Fault when a newer version of this program wrote it, and an Unavailable
// one when the database cannot be reached.
func Connect(address string, opts Options) (*Store, error) {
	if opts.SealRows == 0 {
		opts.SealRows = sharedSealRows
	}
	opts.setDefaults()
	engine := sharedOptions(&opts)
	engine.Memo, engine.AcceptLoss = opts.Memo, opts.AcceptLoss
	db, err := pgkv.Open(address, engine)
	if err != nil {
		return nil, closed(err)
	}
	s, err := New(db, opts)
	if err != nil || db.Missing() == "" {
		return s, err
	}
	if err := s.WentBack(0, 0, db.Missing(), opts.AcceptLoss); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// ConnectReadOnly opens the store at an address as it is, for those who check it: it can be
// read and closed, and every write is Unavailable.
func ConnectReadOnly(address string) (*Store, error) {
	opts := sharedOptions(new(Options))
	opts.Init = nil
	db, err := pgkv.Open(address, opts)
	if err != nil {
		return nil, closed(err)
	}
	return forReading(db)
}

// sharedOptions says what an engine that several nodes share has to know of the buckets.
func sharedOptions(opts *Options) pgkv.Options {
	return pgkv.Options{
		Init:       func(tx kv.Tx) error { return upgrade.Begin(tx, opts.Rand) },
		Held:       format.Meta,
		Fixed:      []string{string(format.MetaFormat), string(format.MetaIdentity)},
		Identity:   string(format.MetaIdentity),
		Epoch:      string(format.MetaEpoch),
		Appended:   format.Tail,
		Watched:    format.Projects,
		Cached:     []string{format.Blocks, format.Spans},
		CacheBytes: opts.CacheBytes,
	}
}

// Async reports whether what is acknowledged may be lost with the machine of the database,
// because no standby has it by then.
func (s *Store) Async() bool {
	db, shared := s.db.(interface{ Async() bool })
	return shared && db.Async()
}

// Reach returns why the database of a log that lies elsewhere cannot be reached.
func (s *Store) Reach() error {
	if _, shared := s.db.(*pgkv.DB); !shared {
		return nil
	}
	return s.read(func(kv.Tx) error { return nil })
}

// Mark names the state of the log, of one whose database may lose what was read of it, else "".
func (s *Store) Mark() string {
	if db, ok := s.db.(kv.Marked); ok {
		return db.Mark()
	}
	return ""
}

// Holds reports whether the log still holds all that it did when Mark returned a mark.
func (s *Store) Holds(mark string) (bool, error) {
	db, ok := s.db.(kv.Marked)
	if !ok || mark == "" {
		return !ok, nil
	}
	is, err := db.Holds(mark)
	return is, closed(s.forked(err))
}

// unreachable says of a database that cannot be used now that the log cannot.
func unreachable(err error) error {
	if !errors.Is(err, kv.ErrUnavailable) || errors.Is(err, ErrForked) {
		return err
	}
	return fmt.Errorf("%w: %w", audit.Errorf(audit.Unavailable, "the log cannot reach its database"), err)
}
