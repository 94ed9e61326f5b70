// Package signing finds the key that signs the log's checkpoints, makes it at the first start,
// and has another follow it. The server and "auditlog key" use it. The key leaves it for a notary
// alone.
package signing

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"auditlog/audit"
	"auditlog/cli/exit"
	"auditlog/cli/secret"
	"auditlog/durable"
	"auditlog/proof"
	"auditlog/store"
	"auditlog/store/kv"
	"auditlog/store/trees"
)

// Where the key is unless a file is named: a systemd credential, else a file of the data folder,
// which the first start makes.
const (
	file       = "signing-key"
	credential = "auditlog-signing-key"
)

// Place is where the key is.
type Place struct {
	Path string
	// Own says that the file is the log's to make and to replace.
	Own bool
}

// Find returns where the key of the log in a folder is.
func Find(dir, named string, lookup func(string) (string, bool)) Place {
	if named != "" {
		return Place{Path: named}
	}
	if path := secret.Credential(credential, lookup); path != "" {
		return Place{Path: path}
	}
	return Place{filepath.Join(dir, file), true}
}

// Open returns the key. One that is not there is made, if it is the log's and nothing was signed
// with it.
func (p Place) Open(log *store.Store) (proof.Key, error) {
	if p.Own {
		if err := p.Finish(log); err != nil {
			return proof.Key{}, err
		}
	}
	text, err := secret.Read(p.Path)
	if err == nil {
		return proof.ParseKey(text)
	}
	if !errors.Is(err, fs.ErrNotExist) || !p.Own {
		return proof.Key{}, fmt.Errorf("signing key: %w", err)
	}
	was, err := signer(log)
	if err != nil {
		return proof.Key{}, err
	}
	if was != nil {
		err := audit.Errorf(audit.Conflict, "the key that signs the log's checkpoints is missing: %s, with the fingerprint %s", p.Path, was.Fingerprint())
		if log.Shared() {
			return proof.Key{}, exit.Hinted(err, "all nodes of a log sign with one key: copy it from another node, or name a file that has it with --signing-key")
		}
		return proof.Key{}, exit.Hinted(err, "put it back; where it is lost, docs/proof.md says what remains")
	}
	return Make(p.Path)
}

// Make makes a key in a file.
func Make(path string) (proof.Key, error) {
	key, err := proof.GenerateKey(rand.Reader)
	if err != nil {
		return key, err
	}
	return key, secret.Write(path, strings.TrimSpace(key.Text()))
}

// Kept returns the key in a file, which is made if it is not there: that of a witness, say.
func Kept(path string) (proof.Key, error) {
	text, err := secret.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Make(path)
	}
	if err != nil {
		return proof.Key{}, err
	}
	return proof.ParseKey(text)
}

// signer returns the key that signs the log's checkpoints, or nil where there is none yet.
func signer(log *store.Store) (key *proof.PublicKey, err error) {
	err = log.View(func(tx kv.Tx) error {
		m, err := trees.OpenMaster(tx)
		if err == nil && m.Lineage == log.Lineage().String() {
			key = &m.Keys[len(m.Keys)-1]
		}
		return err
	})
	return key, err
}

// Next returns where the key is that is to follow, until the log has it.
func (p Place) Next() string { return p.Path + ".next" }

// Finish puts the key that is to follow in the place of the one of now, if the log is signed with
// it already: the end of a rotation, or of one that a crash cut short.
func (p Place) Finish(log *store.Store) error {
	text, err := secret.Read(p.Next())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	next, err := proof.ParseKey(text)
	if err != nil {
		return err
	}
	was, err := signer(log)
	if err != nil || was == nil || *was != next.Public() {
		return err
	}
	return errors.Join(os.Rename(p.Next(), p.Path), durable.SyncNamedDir(filepath.Dir(p.Path)))
}

// Restore writes a key that a backup had to the file called named, or to its place in a data folder. It
// returns where that is.
func Restore(dir, named, text string) (path string, err error) {
	if _, err := proof.ParseKey(text); err != nil {
		return "", fmt.Errorf("signing key of the backup: %w", err)
	}
	path = cmp.Or(named, filepath.Join(dir, file))
	return path, secret.Write(path, strings.TrimSpace(text))
}

// Copy copies the key of a data folder, if it has one, to another.
func Copy(from, to string) error {
	b, err := os.ReadFile(filepath.Join(from, file))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(to, file), b, 0o600)
	}
	if err != nil {
		return fmt.Errorf("copy the signing key: %w", err)
	}
	return nil
}
