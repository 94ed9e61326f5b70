package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"auditlog/audit"
	"auditlog/notary"
	"auditlog/proof"
	"auditlog/store"
	"auditlog/store/kv"
	"auditlog/store/trees"
)

// Where the key is that signs checkpoints, unless --signing-key names a file: a systemd
// credential, else a file of the data folder, which the first start makes.
const (
	signingKeyFile       = "signing-key"
	signingKeyCredential = "auditlog-signing-key"
)

// signingKeyPath returns where the key is, and whether it is the server's to make it.
func signingKeyPath(dir, named string, lookup func(string) (string, bool)) (path string, own bool) {
	if named != "" {
		return named, false
	}
	if folder, _ := lookup(credentialsEnv); folder != "" {
		path := filepath.Join(folder, signingKeyCredential)
		if _, err := os.Stat(path); err == nil {
			return path, false
		}
	}
	return filepath.Join(dir, signingKeyFile), true
}

// signingKey returns the key at a path. One that is not there is made, if it is the server's
// and nothing was signed with it.
func signingKey(path string, own bool, log *store.Store) (proof.Key, error) {
	text, err := readSecret(path)
	if err == nil {
		return proof.ParseKey(text)
	}
	if !errors.Is(err, fs.ErrNotExist) || !own {
		return proof.Key{}, fmt.Errorf("signing key: %w", err)
	}
	was, err := signedWith(log)
	if err != nil {
		return proof.Key{}, err
	}
	if was != nil {
		err := audit.Errorf(audit.Conflict, "the key that signs the log's checkpoints is missing: %s, with the fingerprint %s", path, was.Fingerprint())
		return proof.Key{}, hinted(err, "put it back; where it is lost, docs/proof.md says what remains")
	}
	key, err := proof.GenerateKey(rand.Reader)
	if err != nil {
		return key, err
	}
	return key, writeSecret(path, key.Text()[:len(key.Text())-1])
}

// signedWith returns the key that signs the log's checkpoints, or nil where there is none yet.
func signedWith(log *store.Store) (key *proof.PublicKey, err error) {
	err = log.View(func(tx kv.Tx) error {
		m, err := trees.OpenMaster(tx)
		if err == nil && m.Lineage == log.Lineage().String() {
			key = &m.Keys[len(m.Keys)-1]
		}
		return err
	})
	return key, err
}

// openNotary makes the part of the server that makes proofs.
func (s *server) openNotary(context.Context) error {
	path, own := signingKeyPath(s.cfg.Data, s.cfg.SigningKey, os.LookupEnv)
	if own {
		if err := finishRotation(path, s.store); err != nil {
			return err
		}
	}
	key, err := signingKey(path, own, s.store)
	if err != nil {
		return err
	}
	s.notary, err = notary.New(s.store, key, notary.Options{Every: s.cfg.CheckpointEvery, Log: s.log})
	if audit.KindOf(err) == audit.Conflict {
		return hinted(err, "put the log's own key at %s, or have another follow it: auditlog key rotate", path)
	}
	return err
}

// certify is store.Options.BeforePurge.
func (s *server) certify(ctx context.Context, project string) error {
	return s.notary.Certify(ctx, project)
}
