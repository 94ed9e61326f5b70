package ship

import (
	"context"
	"fmt"
	"time"

	"auditlog/audit"
	"auditlog/proof"
	"auditlog/sink"
)

// checkpointEvery is how far apart checkpoints are asked for at least, each of which the log may have to
// make, but at the end of a run that is to be once.
const checkpointEvery = time.Minute

// carry delivers the log's newest checkpoint where it is due: behind entries that no other covers. What
// fails holds no entry up, and is told of once: the next is another try.
func (s *shipper) carry(ctx context.Context, end bool) {
	now := s.o.Now()
	if !s.o.Checkpoints || s.st.LastID <= s.st.Covered || !end && now.Sub(s.askedAt) < checkpointEvery {
		return
	}
	s.askedAt = now
	err := s.carryNow(ctx)
	if ctx.Err() != nil {
		return
	}
	if err != nil && s.uncarried == nil {
		s.o.Report(fmt.Errorf("the log's checkpoint is not delivered: %w", err), 0)
	}
	s.uncarried = err
}

// carryNow delivers a checkpoint that covers all that was delivered.
func (s *shipper) carryNow(ctx context.Context) error {
	c := sink.Checkpoint{LastID: s.st.LastID}
	log := audit.Lineage{Log: s.st.Log, Epoch: s.st.Epoch}
	res, err := s.o.Log.Checkpoint(ctx, nil) // which is made if the newest does not cover all
	if err != nil {
		return err
	}
	of, err := proof.PeekCheckpoint([]byte(res.Checkpoint))
	if err != nil {
		return err
	}
	if of.Origin != proof.LogOrigin(log.String()) {
		return fmt.Errorf("it is of %s, and the entries of %s", of.Origin, proof.LogOrigin(log.String()))
	}
	c.Number, c.Signed = of.Size, res.Checkpoint
	if p := s.o.Filters.Project; p != "" {
		c.Seqs = map[string]int64{p: s.st.Through}
	}
	within, cancel := context.WithTimeout(ctx, deliverWithin)
	defer cancel()
	err = s.o.Destination.Deliver(within, &sink.Batch{
		Log: log, Project: s.o.Filters.Project, Sink: s.o.Name, From: s.st.Through, To: s.st.Through,
		Entries: []*audit.Entry{c.Entry(log.Log, s.o.Now())}, Proven: true,
	})
	if err != nil {
		return err
	}
	s.st.Covered = c.LastID
	return s.save()
}
