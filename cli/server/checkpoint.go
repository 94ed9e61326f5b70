package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"auditlog/cli/exit"
	"auditlog/cli/secret"
	"auditlog/notary"
)

// keepCheckpoint keeps what is known of the log in the file that the settings name. A crash
// leaves the one of before beside it, which is as good until the next.
func (s *server) keepCheckpoint(k notary.Kept) error {
	text, err := json.Marshal(k)
	if err != nil {
		return err
	}
	path := s.cfg.CheckpointFile
	if err := secret.Write(path+".new", string(text)); err != nil { // names of projects are in there
		return err
	}
	return os.Rename(path+".new", path)
}

// compareCheckpoint holds the log against that file. One that is behind it is read alone, unless
// the loss is accepted.
func (s *server) compareCheckpoint() error {
	path := s.cfg.CheckpointFile
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // the first start with it
	}
	var k notary.Kept
	if err == nil {
		err = json.Unmarshal(text, &k)
	}
	if err != nil {
		return fmt.Errorf("checkpoint-file: %s: %w", path, err)
	}
	missing, err := s.notary.Missing(k)
	if err != nil {
		return exit.Hinted(fmt.Errorf("checkpoint-file: %s: %w", path, err), "name another file, or move this one away")
	}
	if missing == nil {
		return nil
	}
	return s.store.WentBack(k.LastID, strings.Join(missing, ", "), s.cfg.acceptRollback)
}
