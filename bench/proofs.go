package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"auditlog/bench/peer"
	"auditlog/bench/work"
	"auditlog/rpc"
)

// proved is the project of which all entries are, when it is measured what proofs take.
const proved = "proved"

const (
	// seldom and often are how long after an entry a checkpoint covers it: in the one case none is
	// made while it is measured, and nothing hashed.
	seldom = "2400h"
	often  = "1s"
	// askedProofs is how many proofs are asked for one after the other, and askedCheckpoints how many
	// checkpoints that cover something new: a log makes 30 at once, and then one a second.
	askedProofs      = 500
	askedCheckpoints = 25
)

// proofs measures what it takes that the log can prove what it holds: recording with and without, side
// by side, and asking. The other logs prove nothing.
func (t *trial) proofs(ctx context.Context) error {
	log, ok := t.log.(*peer.Auditlog)
	if !ok {
		return nil
	}
	without, err := t.provedLog(ctx, log, "without", seldom, func(*trial, *peer.Auditlog) error { return nil })
	if err != nil {
		return err
	}
	with, err := t.provedLog(ctx, log, "with", often, func(sub *trial, log *peer.Auditlog) error { return sub.askProofs(ctx, log) })
	if err != nil {
		return err
	}
	t.note(row{workProofs, "kept for them, packed", unitBytes}, float64(with-without)/float64(t.n))
	return nil
}

// provedLog records all entries into a log of its own, has fn ask it, and returns what it takes on
// disk, packed.
func (t *trial) provedLog(ctx context.Context, like *peer.Auditlog, name, every string, fn func(*trial, *peer.Auditlog) error) (disk int64, err error) {
	folder, err := place(t.base, "proofs")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(folder)
	log := like.With(folder, "--checkpoint-every", every)
	if err := log.Start(ctx); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, log.Stop()) }()
	sub := *t
	sub.log, sub.work = log, work.New(t.seed, t.n, t.end)
	if err := sub.recordProved(ctx, log, name, every == often); err != nil {
		return 0, err
	}
	if err := fn(&sub, log); err != nil {
		return 0, err
	}
	if err := log.Pack(ctx); err != nil {
		return 0, err
	}
	return log.Disk(ctx)
}

// recordProved records all entries in batches, until they are in their place and, if a checkpoint
// is wanted, covered by one.
func (t *trial) recordProved(ctx context.Context, log *peer.Auditlog, name string, checkpoint bool) error {
	d := drive{clients: loaders, n: (t.n + batch - 1) / batch}
	u, err := t.using(func() (int, error) {
		res, err := d.run(ctx, log, nil, t.loading(t.work, proved, t.n))
		if err == nil {
			t.note(row{workProofs, "bulk " + name, unitRate}, float64(t.n)/res.took.Seconds())
			err = log.Settle(ctx)
		}
		if err == nil && checkpoint {
			err = log.Prover().Checkpoint(ctx)
		}
		return t.n, err
	})
	if err == nil {
		t.note(row{workProofs, "bulk " + name + ", CPU of the log until all is in its place", unitCPU}, u.each(u.log))
	}
	return err
}

// askProofs asks a log, in which all entries are covered by a checkpoint, for proofs.
func (t *trial) askProofs(ctx context.Context, log *peer.Auditlog) error {
	p := log.Prover()
	conn, err := log.Connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	one := drive{clients: 1, n: askedProofs}
	d, err := one.run(ctx, log, nil, func(ctx context.Context, _ peer.Conn, i int) error {
		return p.Proof(ctx, proved, int64(i*7919%(t.n-100))+50) // the first ids are the log's own entries
	})
	if err != nil {
		return err
	}
	t.noteLatencies(workProofs, "an entry with its proof", d)
	one.n = askedCheckpoints
	d, err = one.run(ctx, log, nil, func(ctx context.Context, c peer.Conn, i int) error {
		e := t.work.Entry(i)
		e.Project = proved
		if err := c.Insert(ctx, &e); err != nil {
			return err
		}
		return p.Checkpoint(ctx)
	})
	if err != nil {
		return err
	}
	t.noteLatencies(workProofs, "an entry, and a checkpoint that covers it", d)
	if err := t.evidence(ctx, log, "all entries", rpc.Query{Project: proved}); err != nil {
		return err
	}
	first := t.work.Entry(t.n / 2).CreatedAt
	return t.evidence(ctx, log, "the newer half", rpc.Query{Project: proved, From: first})
}

// evidence measures the evidence of what is selected.
func (t *trial) evidence(ctx context.Context, log *peer.Auditlog, name string, q rpc.Query) error {
	path := filepath.Join(t.dir, "evidence.ndjson")
	defer os.Remove(path)
	began := time.Now()
	size, err := log.Prover().Evidence(ctx, q, path)
	if err != nil {
		return fmt.Errorf("evidence of %s: %w", name, err)
	}
	t.note(row{workProofs, "evidence of " + name, unitSeconds}, time.Since(began).Seconds())
	t.note(row{workProofs, "evidence of " + name + ", its size", unitMemory}, mebi(size))
	began = time.Now()
	if err := log.Verify(ctx, path); err != nil {
		return err
	}
	t.note(row{workProofs, "verify of " + name, unitSeconds}, time.Since(began).Seconds())
	return nil
}
