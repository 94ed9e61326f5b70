package repair

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"auditlog/store/block"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/kv/boltkv"
)

// carvedName is what the database is called that carve makes.
const carvedName = "carving.tmp"

// carved are the buckets that are carved out of a file that no tree leads through. Tokens and what
// sinks are given are not: those of before, revoked since, may be among them.
func carved() []string {
	return []string{format.Meta, format.Projects, format.Tail, format.Blocks, format.Order, format.Seqs, format.Keys}
}

// carve makes a database of every row that the file at path still has, in a temporary file beside
// it, which goes when it is closed: of each key the newest that there is.
func carve(path string) (kv.DB, error) {
	temp := filepath.Join(filepath.Dir(path), carvedName)
	if err := errors.Join(remove(temp), boltkv.RemoveMark(temp)); err != nil {
		return nil, err
	}
	opts := boltkv.Options{Init: makeBuckets, Summed: format.Summed()}
	to, err := boltkv.Open(temp, opts)
	if err != nil {
		return nil, fmt.Errorf("carve: %w", err)
	}
	c := &carving{to: to}
	err = boltkv.Carve(path, carved(), opts, c.add)
	if err == nil {
		err = c.flush()
	}
	db := &carvedDB{DB: to, path: path, temp: temp}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("carve: %w", err), db.Close())
	}
	return db, nil
}

// carvedDB is a database of what was carved out of a file.
type carvedDB struct {
	kv.DB
	path, temp string
}

func (db *carvedDB) Name() string { return db.path }

func (db *carvedDB) Close() error {
	return errors.Join(db.DB.Close(), remove(db.temp), boltkv.RemoveMark(db.temp))
}

// carving takes rows together.
type carving struct {
	to   kv.DB
	rows []carvedRow
	size int
}

type carvedRow struct {
	bucket     string
	key, value []byte
}

func (c *carving) add(bucket string, key, value []byte) error {
	c.rows = append(c.rows, carvedRow{bucket, bytes.Clone(key), bytes.Clone(value)})
	if c.size += len(key) + len(value); c.size < chunkBytes {
		return nil
	}
	return c.flush()
}

func (c *carving) flush() error {
	rows := c.rows
	c.rows, c.size = nil, 0
	return c.to.Update(func(tx kv.Tx) error {
		for _, r := range rows {
			b := tx.Bucket(r.bucket)
			if was := b.Get(r.key); was != nil && !newer(&r, was) {
				continue
			}
			if err := b.Put(r.key, r.value); err != nil {
				return err
			}
		}
		return nil
	})
}

// newer reports whether a row is of a later state than another value of its key, as far as they
// tell.
func newer(r *carvedRow, was []byte) bool {
	switch r.bucket {
	case format.Blocks:
		if _, err := block.Open(r.value); err != nil {
			return false
		}
		_, err := block.Open(was)
		return err != nil || block.SeqOf(r.value) > block.SeqOf(was)
	case format.Projects:
		a, err := format.ParseProject(r.key, r.value)
		if err != nil {
			return false
		}
		b, err := format.ParseProject(r.key, was)
		if err != nil || a.Incarnation != b.Incarnation {
			return err != nil || a.Incarnation > b.Incarnation
		}
		return a.Seq > b.Seq || a.Seq == b.Seq && a.Keys.Moved > b.Keys.Moved
	case format.Meta:
		return len(r.value) == 8 && len(was) == 8 && format.ReadUint64(r.value) > format.ReadUint64(was)
	case format.Tail:
		return format.DecodeTailRow(int64(format.ReadUint64(r.key)), was, nothing) != nil
	}
	return len(r.value) > len(was) // they grow
}

// exists reports whether there is a file that is not empty.
func exists(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Size() > 0
}
