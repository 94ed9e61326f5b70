package server

import (
	"context"
	"os"

	"auditlog/audit"
	"auditlog/cli/exit"
	"auditlog/cli/signing"
	"auditlog/notary"
)

// openNotary opens the part that makes proofs.
func (s *server) openNotary(context.Context) error {
	place := signing.Find(s.cfg.Data, s.cfg.SigningKey, os.LookupEnv)
	key, err := place.Open(s.store)
	if err != nil {
		return err
	}
	s.notary, err = notary.New(s.store, key, notary.Options{Every: s.cfg.CheckpointEvery, Log: s.log})
	if audit.KindOf(err) == audit.Conflict {
		return exit.Hinted(err, "put the log's own key at %s, or have another follow it: auditlog key rotate", place.Path)
	}
	return err
}

// certify is store.Options.BeforePurge.
func (s *server) certify(ctx context.Context, project string) error {
	return s.notary.Certify(ctx, project)
}
