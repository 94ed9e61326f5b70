package main

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"auditlog/bench/peer"
)

// drive has clients make calls at once, each its next one when the one before has
// ended, until there are n or the time is over.
type drive struct {
	clients int
	n       int
	// within bounds the time; 0 is no bound. least calls are made all the same.
	within time.Duration
	least  int
}

// driven is what came of a drive.
type driven struct {
	took      time.Duration
	latencies []time.Duration // sorted
}

// call makes call i on a connection.
type call func(ctx context.Context, c peer.Conn, i int) error

// run connects the clients, makes a call with each to warm it up when warm is
// given, and then measures.
func (d drive) run(ctx context.Context, log peer.Log, warm, fn call) (driven, error) {
	conns, err := d.connect(ctx, log)
	defer conns.close()
	if err != nil {
		return driven{}, err
	}
	for i, c := range conns {
		if warm == nil {
			break
		}
		if err := warm(ctx, c, i); err != nil {
			return driven{}, err
		}
	}
	return d.calls(ctx, conns, fn)
}

type conns []peer.Conn

// connect returns a connection of each client, those that there are even with an error.
func (d drive) connect(ctx context.Context, log peer.Log) (conns, error) {
	var list conns
	for range d.clients {
		c, err := log.Connect(ctx)
		if err != nil {
			return list, err
		}
		list = append(list, c)
	}
	return list, nil
}

func (list conns) close() {
	for _, c := range list {
		c.Close()
	}
}

func (d drive) calls(ctx context.Context, list conns, fn call) (driven, error) {
	each := make([][]time.Duration, len(list))
	var next atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	began := time.Now()
	for k, c := range list {
		group.Go(func() error {
			for ctx.Err() == nil {
				i := int(next.Add(1) - 1)
				if i >= d.n || d.within > 0 && i >= d.least && time.Since(began) > d.within {
					return nil
				}
				start := time.Now()
				if err := fn(ctx, c, i); err != nil {
					return err
				}
				each[k] = append(each[k], time.Since(start))
			}
			return ctx.Err()
		})
	}
	err := group.Wait()
	res := driven{took: time.Since(began), latencies: slices.Concat(each...)}
	res.sort()
	return res, err
}

// percentile returns the latency that p of a hundred calls do not exceed.
func (d driven) percentile(p float64) time.Duration {
	if len(d.latencies) == 0 {
		return 0
	}
	i := int(p/100*float64(len(d.latencies))+0.999999) - 1
	return d.latencies[min(max(i, 0), len(d.latencies)-1)]
}

// perSecond returns the rate of things of which each call does size.
func (d driven) perSecond(size int) float64 {
	return float64(len(d.latencies)*size) / d.took.Seconds()
}

func (d *driven) sort() { slices.Sort(d.latencies) }
