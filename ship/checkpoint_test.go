package ship_test

import (
	"context"
	"crypto/rand"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/client"
	"auditlog/proof"
	"auditlog/rpc"
	"auditlog/ship"
	"auditlog/sink"
)

// noted is a log that makes a checkpoint whenever it is asked for one.
type noted struct {
	*client.Client
	origin string
	key    proof.Key
	asked  int64
	fail   error
}

func (n *noted) Checkpoint(context.Context, *int64) (rpc.CheckpointResult, error) {
	if n.fail != nil {
		return rpc.CheckpointResult{}, n.fail
	}
	n.asked++
	signed, err := proof.Sign(proof.Checkpoint{Origin: n.origin, Size: n.asked}, n.key.Signer(n.origin))
	return rpc.CheckpointResult{Checkpoint: string(signed)}, err
}

// carrying returns what has a run carry checkpoints of a log.
func (s *site) carrying(n *noted) func(*ship.Options) {
	return func(o *ship.Options) { o.Log, o.Checkpoints = n, true }
}

func (s *site) noted() *noted {
	s.t.Helper()
	key, err := proof.GenerateKey(rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	return &noted{Client: s.c, origin: proof.LogOrigin(s.store.Lineage().String()), key: key}
}

// A run that is to be once carries a checkpoint behind its last entry, and none where no entry came.
func TestCheckpointsAreCarried(t *testing.T) {
	s := newSite(t)
	n, state := s.noted(), filepath.Join(t.TempDir(), "state")
	s.record("acme", 5)
	var carried *audit.Entry
	s.fail = func(b *sink.Batch) error {
		if e := b.Checkpoint(); e != nil {
			carried = e
		}
		return nil
	}
	if k, err := s.run(state, s.carrying(n)); err != nil || k.Delivered != 5 || k.Through != 5 || k.Covered != 5 {
		t.Errorf("%+v, %v", k, err)
	}
	s.wantIDs(1, 2, 3, 4, 5, -1)
	signed := carried.Metadata[sink.MetadataCheckpoint]
	if c, err := proof.OpenCheckpoint([]byte(signed), n.key.Public()); err != nil || c.Size != 1 || carried.Action != sink.ActionCheckpoint {
		t.Errorf("it is %+v, %v", c, err)
	}
	holds := sink.LastMark(carried.AppendJSON(nil), func([]byte) bool { return true })
	if !strings.Contains(string(holds), `"lastId":5,"seqs":{"acme":5}`) {
		t.Errorf("the mark is %s", holds)
	}
	if _, err := s.run(state, s.carrying(n)); err != nil {
		t.Error(err)
	}
	s.wantIDs()
	s.record("acme", 1)
	if _, err := s.run(state, s.carrying(n)); err != nil {
		t.Error(err)
	}
	s.wantIDs(6, -2)
}

// A checkpoint that cannot be had or delivered holds no entry up: the run says so at its end, and the
// next is another try.
func TestCheckpointFails(t *testing.T) {
	s := newSite(t)
	n, state := s.noted(), filepath.Join(t.TempDir(), "state")
	s.record("acme", 5)
	down := errors.New("down")
	s.fail = func(b *sink.Batch) error {
		if b.Checkpoint() != nil {
			return down
		}
		return nil
	}
	if k, err := s.run(state, s.carrying(n)); !errors.Is(err, down) || k.Delivered != 5 || k.Covered != 0 {
		t.Errorf("%+v, %v", k, err)
	}
	s.wantIDs(1, 2, 3, 4, 5)
	s.fail, n.fail = nil, audit.Errorf(audit.PermissionDenied, "log.checkpoint is not allowed")
	if k, err := s.run(state, s.carrying(n)); audit.KindOf(err) != audit.PermissionDenied || k.Delivered != 5 {
		t.Errorf("%+v, %v", k, err)
	}
	n.fail, n.origin = nil, "auditlog/another"
	if _, err := s.run(state, s.carrying(n)); err == nil || !strings.Contains(err.Error(), "auditlog/another") {
		t.Errorf("a checkpoint of another log: %v", err)
	}
	s.wantIDs()
	n.origin = proof.LogOrigin(s.store.Lineage().String())
	if k, err := s.run(state, s.carrying(n)); err != nil || k.Covered != 5 {
		t.Errorf("%+v, %v", k, err)
	}
	s.wantIDs(-3)
}

// Who ships on and on asks for a checkpoint once a minute.
func TestCheckpointsAreRare(t *testing.T) {
	s := newSite(t)
	s.record("acme", 9)
	now := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
	for _, step := range []time.Duration{0, 5 * time.Second} {
		n := s.noted()
		ctx, cancel := context.WithCancel(t.Context())
		st, err := ship.Open(filepath.Join(t.TempDir(), "state"))
		if err != nil {
			t.Fatal(err)
		}
		err = ship.Run(ctx, ship.Options{
			Log: n, State: st, Destination: s, Name: "test", Filters: rpc.Filters{Project: "acme"}, Batch: 1, Checkpoints: true,
			Now: func() time.Time { now = now.Add(step); return now },
			Progress: func(k *ship.Kept) {
				if k.Through == 9 {
					cancel()
				}
			},
		})
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		s.got = slices.DeleteFunc(s.got, func(id int64) bool { return id > 0 })
		if n := len(s.got); step == 0 && n != 0 || step > 0 && (n < 1 || n > 8) {
			t.Errorf("%d checkpoints of 9 entries %v apart", n, step)
		}
		s.got = nil
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	}
}
