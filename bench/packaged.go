package main

import (
	"context"
	"fmt"

	"auditlog/bench/peer"
	"auditlog/bench/work"
)

// viaClient is on the rows of what is called through package client.
const viaClient = ", through package client"

// packaged is a log whose connections are leaner than those of its users.
type packaged interface {
	ConnectPackage(ctx context.Context) (peer.Conn, error)
}

// throughPackage is a log as its users' programs call it.
type throughPackage struct {
	peer.Log
	packaged
}

func (l throughPackage) Connect(ctx context.Context) (peer.Conn, error) { return l.ConnectPackage(ctx) }

// newestPackaged asks the first listing as users' programs do.
func (t *trial) newestPackaged(ctx context.Context) error {
	log, ok := t.log.(packaged)
	if !ok {
		return nil
	}
	through := *t
	through.log = throughPackage{t.log, log}
	return through.asking(ctx, workListings, viaClient, work.Listings()[:1], listVariants)
}

// singlePackaged records single entries as users' programs do, into a project of
// their own.
func (t *trial) singlePackaged(ctx context.Context) error {
	log, ok := t.log.(packaged)
	if !ok {
		return nil
	}
	d := drive{clients: recorders, n: t.singles}
	insert := func(ctx context.Context, c peer.Conn, i int) error {
		e := t.late(i)
		e.Project = "packaged"
		return c.Insert(ctx, &e)
	}
	u, err := t.using(func() (int, error) {
		res, err := d.run(ctx, throughPackage{t.log, log}, nil, insert)
		if err != nil {
			return 0, err
		}
		t.note(row{workSingle, fmt.Sprintf("%d clients", recorders) + viaClient, unitRate}, res.perSecond(1))
		return t.singles, nil
	})
	if err != nil {
		return err
	}
	t.note(row{workSingle, "CPU, both" + viaClient, unitCPU}, u.each(u.log+u.client))
	return nil
}
