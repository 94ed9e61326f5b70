package repair

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"auditlog/audit"
	"auditlog/durable"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/kv/boltkv"
)

// tempName is what a database is called until it is whole.
const tempName = "repairing.tmp"

// Open opens the database called name in a folder as it is, which no process may have open. One
// that is damaged where its first pages lead to all others is searched for rows: see Source.Carved.
func Open(dir, name string) (Source, error) {
	path := filepath.Join(dir, name)
	db, err := boltkv.OpenReadOnly(path, boltkv.Options{Rising: format.Rising(), Summed: format.Summed()})
	if err == nil {
		return Source{Name: path, DB: db}, nil
	}
	if errors.Is(err, kv.ErrInUse) {
		return Source{}, audit.Errorf(audit.Conflict, "data folder %s is in use by another auditlog", dir)
	}
	if !errors.Is(err, kv.ErrDamaged) || !exists(path) {
		return Source{}, err
	}
	found, carveErr := carve(path)
	if carveErr != nil {
		return Source{}, errors.Join(err, carveErr)
	}
	return Source{Name: path, DB: found, Carved: err}, nil
}

// InPlace puts a repaired database in the place of the damaged one in a folder, of which it keeps
// the file under another name, which it returns: "" where nothing was damaged, and nothing done.
// What was derived from the log goes: derived are the paths of it in the folder.
//
// A crash leaves the damaged one in its place, or the repaired one.
func InPlace(ctx context.Context, dir, name string, damaged Source, others []Source, derived []string, opts Options) (*Result, string, error) {
	path, temp := filepath.Join(dir, name), filepath.Join(dir, tempName)
	res, err := repairTo(ctx, temp, damaged, others, opts)
	if err != nil || res.Check.Problems > 0 {
		return res, "", err
	}
	if res.Damages == 0 && len(res.Gaps) == 0 && len(res.Filled) == 0 {
		return res, "", remove(temp)
	}
	kept := path + ".damaged-" + time.Now().UTC().Format("20060102T150405Z")
	if err := os.Link(path, kept); err != nil {
		return res, "", errors.Join(fmt.Errorf("keep the damaged database: %w", err), remove(temp))
	}
	for _, d := range derived {
		if err := empty(filepath.Join(dir, d)); err != nil {
			return res, "", fmt.Errorf("remove what is derived: %w", err)
		}
	}
	if err := boltkv.RemoveMark(path); err != nil {
		return res, "", err
	}
	if err := os.Rename(temp, path); err != nil {
		return res, "", fmt.Errorf("repair: %w", err)
	}
	return res, kept, durable.SyncDir(dir)
}

// empty removes what is in a folder, which may be a link to one.
func empty(dir string) error {
	files, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, f := range files {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, f.Name())))
	}
	return err
}

// Into makes the repaired database called name in another folder, which must be empty or not
// there: else it returns Conflict.
func Into(ctx context.Context, dir, name string, damaged Source, others []Source, opts Options) (*Result, error) {
	files, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("repair: %w", err)
	}
	for _, f := range files {
		if f.Name() != tempName && f.Name() != boltkv.MarkName(tempName) {
			return nil, audit.Errorf(audit.Conflict, "the folder %s is not empty: it holds %s", dir, f.Name())
		}
	}
	temp := filepath.Join(dir, tempName)
	res, err := repairTo(ctx, temp, damaged, others, opts)
	if err != nil || res.Check.Problems > 0 {
		return res, err
	}
	if err := os.Rename(temp, filepath.Join(dir, name)); err != nil {
		return res, fmt.Errorf("repair: %w", err)
	}
	return res, durable.SyncDir(dir)
}
