package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"auditlog/audit"
	"auditlog/store/commit"
	"auditlog/store/format"
)

// Paused returns why the log takes nothing although it can: it is an older state than it was
// once, as where an old copy was put in its place, and its next ids have been given before.
// Options.AcceptLoss ends that.
func (s *Store) Paused() error {
	if lost := s.lost.Load(); lost != nil {
		return *lost
	}
	return nil
}

// settleLoss accepts that entries are lost, or stops the log from being written.
func (s *Store) settleLoss() error {
	was, lost := s.db.Lost()
	if !lost {
		return nil
	}
	if s.opts.AcceptLoss {
		return s.acceptLoss(int64(was), 0, "")
	}
	err := error(audit.Errorf(audit.Unavailable, "the log has gone back: entries up to id %d were acknowledged, and it holds those up to %d, as does a copy that was made while the server ran; "+
		"put back what was there, or accept the loss with serve --accept-rollback", was, s.LastID()))
	s.lost.Store(&err)
	s.opts.Report(err)
	return nil
}

// WentBack tells the log that it is an older state than it was once, as somebody outside of it
// knows: that it lacks what missing says, of entries up to id was, 0 where that is not known, and
// was at an epoch then. It is read alone then, as Paused says, unless that is accepted: then an
// epoch begins that no state of the log was at.
func (s *Store) WentBack(was int64, epoch uint32, missing string, accepted bool) error {
	if accepted {
		return s.acceptLoss(was, epoch, missing)
	}
	recorded := ""
	if was > 0 {
		recorded = fmt.Sprintf("entries up to id %d were recorded, and ", was)
	}
	err := error(audit.Errorf(audit.Unavailable, "the log has gone back: %sit lacks %s; "+
		"put back what was there, or accept the loss with serve --accept-rollback", recorded, missing))
	s.lost.Store(&err)
	s.opts.Report(err)
	return nil
}

// maxMissing bounds what the entry of a loss says of what is missing.
const maxMissing = 4 << 10

// acceptLoss begins a new epoch, behind one that the log was at, with an entry that says what is gone.
// Followers that have come further than the log go back to its end.
//
// A crash between the two steps leaves the loss unaccepted, and the next start counts on.
func (s *Store) acceptLoss(was int64, behind uint32, missing string) error {
	last, epoch := s.LastID(), max(s.epoch.Load(), behind)+1
	told := map[string]string{
		"wasId": strconv.FormatInt(was, 10), "isId": strconv.FormatInt(last, 10), "epoch": strconv.FormatUint(uint64(epoch), 10),
	}
	if missing != "" {
		told["missing"] = strings.ToValidUTF8(missing[:min(len(missing), maxMissing)], "")
	}
	sub, err := s.prepare([]*audit.Entry{{
		Project: audit.SystemProject, Actor: audit.Actor{Email: "auditlog", Type: audit.ServiceAccount}, Action: "log.rollback",
		Resource: audit.Resource{Type: "Log", ID: s.identity}, Outcome: audit.Success,
		Detail:     fmt.Sprintf("Entries behind id %d are gone, of up to %d that were acknowledged; epoch %d begins", last, was, epoch),
		Metadata:   told,
		RecordedBy: audit.RecordedByLog,
	}})
	if err != nil {
		return err
	}
	cursors, err := s.Cursors()
	if err != nil {
		return err
	}
	sub.Own = true
	sub.Change = func(w *commit.Writer) error {
		for name, at := range cursors {
			if at <= last {
				continue
			}
			if err := w.Tx.Bucket(format.Cursors).Put([]byte(name), format.EncodeCursor([]byte(name), last)); err != nil {
				return err
			}
		}
		return w.Tx.Bucket(format.Meta).Put(format.MetaEpoch, format.Uint64(uint64(epoch)))
	}
	if err := s.send(context.Background(), sub); err != nil {
		return fmt.Errorf("accept the loss of entries: %w", err)
	}
	s.epoch.Store(epoch)
	return s.db.AcceptLoss()
}
