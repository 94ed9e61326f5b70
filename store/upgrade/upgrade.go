// Package upgrade brings a database of an older format that was released up to date, by
// named steps, begins a new one, and refuses one that is newer or was never released.
package upgrade

import (
	"errors"
	"fmt"
	"io"

	"auditlog/audit"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// First is the oldest format that was released: every later one is brought up to
// date.
const First = 3

// A Step brings a database from the format before one to that one. It runs in one
// transaction with the change of the version, so it takes place or does not; what takes
// too long for that is only begun by a step, in a way that the store goes on with.
type Step struct {
	To   uint64
	Name string // what it does, for messages
	Run  func(kv.Tx) error
}

// Steps returns the steps from First to format.Version. A step is never changed once it
// was released. A database of each format that it meets is in testdata.
func Steps() []Step {
	return []Step{{To: 4, Name: "make room for proofs, sinks and searches", Run: makeRoom}}
}

// makeRoom makes the buckets that format 4 has more. The trees in them are made by and by, in
// the background, as those of new entries are.
func makeRoom(tx kv.Tx) error {
	var errs []error
	for _, name := range []string{format.Tiles, format.Heads, format.Master, format.Certificates, format.Sinks, format.Searches} {
		errs = append(errs, tx.CreateBucket(name))
	}
	return errors.Join(errs...)
}

// ErrForeign is the error of a database that is none of a log's.
var ErrForeign = errors.New("is not a database of auditlog")

// Filling returns the identity of the log that is being copied to a database, nil where none is.
func Filling(tx kv.Tx) []byte {
	b := tx.Bucket(format.Filling)
	if b == nil {
		return nil
	}
	identity, _ := b.Cursor().First()
	return identity
}

// VersionOf returns the version of a database, or why it cannot be this program's. One that
// is older than the newest is the caller's to bring up to date.
func VersionOf(tx kv.Tx, newest uint64, name string) (uint64, error) {
	meta := tx.Bucket(format.Meta)
	if meta == nil {
		return 0, fmt.Errorf("%s %w", name, ErrForeign)
	}
	if Filling(tx) != nil {
		return 0, audit.Errorf(audit.Conflict, "%s holds a part of a log: copying it there was cut short, or is under way; run that again", name)
	}
	switch v := format.ReadUint64(meta.Get(format.MetaFormat)); {
	case v > newest:
		return v, audit.Errorf(audit.Conflict, "the database has format %d, this program knows up to %d: run a newer auditlog", v, newest)
	case v == 0:
		return v, fmt.Errorf("%s: %w: no format version", name, format.ErrCorrupt)
	case v < First:
		return v, audit.Errorf(audit.Conflict, "the database has format %d, of which no version was ever released: "+
			"export its projects with the auditlog that wrote it (for format 2, one built from commit 1114662), "+
			"and import them into a new folder", v)
	default:
		return v, nil
	}
}

// Run brings a database up to date, by one step after the other. A crash leaves it
// between two of them, and the next start goes on there.
func Run(db kv.DB, newest uint64, steps []Step) error {
	var version uint64
	err := db.View(func(tx kv.Tx) (err error) {
		version, err = VersionOf(tx, newest, db.Name())
		return err
	})
	if err != nil {
		return err
	}
	for _, s := range steps {
		if s.To <= version {
			continue
		}
		err := db.Update(func(tx kv.Tx) error {
			return errors.Join(s.Run(tx), tx.Bucket(format.Meta).Put(format.MetaFormat, format.Uint64(s.To)))
		})
		if err != nil {
			return fmt.Errorf("bring the database from format %d to %d (%s): %w", version, s.To, s.Name, err)
		}
		version = s.To
	}
	if version != newest {
		return fmt.Errorf("%s: no step leads from format %d to %d", db.Name(), version, newest)
	}
	return nil
}

// Begin makes the buckets of a new database.
func Begin(tx kv.Tx, random io.Reader) error {
	for _, name := range format.Buckets() {
		if err := tx.CreateBucket(name); err != nil {
			return err
		}
	}
	identity := make([]byte, 16)
	if _, err := io.ReadFull(random, identity); err != nil {
		return err
	}
	meta := tx.Bucket(format.Meta)
	return errors.Join(meta.Put(format.MetaFormat, format.Uint64(format.Version)), meta.Put(format.MetaIdentity, identity))
}
