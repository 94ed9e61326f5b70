package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"auditlog/cli/exit"
	"auditlog/durable"
	"auditlog/notary"
	"auditlog/proof"
	"auditlog/sink"
)

// told takes what is known of the log to where it is kept, after each head: the file that the
// settings name, and the sinks. Of a log that has gone back nothing takes the place of what is
// there: the next start is to notice it again.
func (s *server) told(k notary.Kept) error {
	if s.store.Paused() != nil {
		return nil
	}
	c, err := proof.PeekCheckpoint([]byte(k.Checkpoint))
	if err != nil {
		return err
	}
	s.shipping.Checkpointed(sink.Checkpoint{Number: c.Size, Signed: k.Checkpoint, LastID: k.LastID, Seqs: k.Seqs})
	if s.cfg.CheckpointFile == "" {
		return nil
	}
	return s.keepCheckpoint(k)
}

// keepCheckpoint keeps what is known of the log in the file that the settings name: for this user
// alone, as the names of projects are in there.
func (s *server) keepCheckpoint(k notary.Kept) error {
	text, err := json.Marshal(k)
	if err != nil {
		return err
	}
	return durable.Replace(s.cfg.CheckpointFile, text)
}

// compareSeen holds the log against what others have seen of it: the file that the settings name,
// the sinks that can be asked, and the witnesses. A log that is behind one of them is read alone,
// unless the loss is accepted.
func (s *server) compareSeen(ctx context.Context) error {
	seen, err := s.seenByFile()
	if err != nil {
		return err
	}
	seen = append(append(seen, s.seenBySinks(ctx)...), s.seenByWitnesses(ctx)...)
	var ahead []notary.Kept
	for i := range seen {
		continues, err := s.notary.Continues(&seen[i].Kept)
		if err != nil { // what is in a file was looked at, and others can say what they like
			s.log.Warn().Err(err).Str("at", seen[i].at).Msg("what is kept there is no checkpoint of the log")
			continue
		}
		if !continues {
			s.log.Error().Str("at", seen[i].at).Int64("id", seen[i].LastID).Msg("the log is older than a checkpoint that was kept of it")
			ahead = append(ahead, seen[i].Kept)
		}
	}
	if len(ahead) == 0 {
		return nil
	}
	loss, err := s.notary.Loss(ahead)
	if err != nil {
		return err
	}
	return s.store.WentBack(loss.LastID, loss.Epoch, loss.Missing, s.cfg.acceptRollback)
}

// seen is what somebody has kept of the log.
type seen struct {
	notary.Kept
	at string // who
}

func (s *server) seenByFile() ([]seen, error) {
	path := s.cfg.CheckpointFile
	text, err := os.ReadFile(path)
	if path == "" || errors.Is(err, fs.ErrNotExist) {
		return nil, nil // or the first start with it
	}
	var k notary.Kept
	if err == nil {
		err = json.Unmarshal(text, &k)
	}
	if err != nil {
		return nil, fmt.Errorf("checkpoint-file: %s: %w", path, err)
	}
	if _, err := s.notary.Continues(&k); err != nil {
		return nil, exit.Hinted(fmt.Errorf("checkpoint-file: %s: %w", path, err), "name another file, or move this one away")
	}
	return []seen{{k, "checkpoint-file"}}, nil
}

// seenBySinks asks the sinks. In a place that several logs ship to, those of others are passed by.
func (s *server) seenBySinks(ctx context.Context) (all []seen) {
	isOwn := func(signed string) bool {
		_, err := s.notary.Continues(&notary.Kept{Checkpoint: signed})
		return err == nil
	}
	for _, c := range s.shipping.Seen(ctx, isOwn) {
		all = append(all, seen{notary.Kept{Checkpoint: c.Signed, LastID: c.LastID, Seqs: c.Seqs}, "sink " + c.Sink})
	}
	return all
}

// witnessStart is how long a start waits for the witnesses.
const witnessStart = 5 * time.Second

// seenByWitnesses asks the witnesses that can be asked. They sign nothing that does not continue what they
// have seen, whatever they answer now.
func (s *server) seenByWitnesses(ctx context.Context) (all []seen) {
	ctx, cancel := context.WithTimeout(ctx, witnessStart)
	defer cancel()
	notes := make([][]byte, len(s.witnesses))
	var group sync.WaitGroup
	for i, w := range s.witnesses { // at once: none that hangs may keep another from being heard
		group.Go(func() {
			var err error
			if notes[i], err = w.Newest(ctx, s.notary.Origin()); err != nil {
				s.log.Warn().Err(err).Msg("a witness does not say which checkpoint of the log it has signed")
			}
		})
	}
	group.Wait()
	for i, note := range notes {
		if note != nil {
			all = append(all, seen{notary.Kept{Checkpoint: string(note)}, "witness " + s.witnesses[i].Witness.Name})
		}
	}
	return all
}
