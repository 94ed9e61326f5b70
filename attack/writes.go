package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"auditlog/audit"
	"auditlog/client"
	"auditlog/rpc"
)

// scatter records as fast as it can on 14 connections: entries of times all over 55 years,
// each of which goes to another block.
func scatter(ctx context.Context, t *target) error {
	return floods(ctx, t, func(draw *rand.Rand) time.Time { return time.Unix(draw.Int64N(55*365*24*60*60), 0) })
}

// pour records as fast, and in order.
func pour(ctx context.Context, t *target) error {
	return floods(ctx, t, func(*rand.Rand) time.Time { return time.Now() })
}

func floods(ctx context.Context, t *target, when func(*rand.Rand) time.Time) error {
	callers := t.callers(t.recorder, 14)
	together(ctx, len(callers), func(i int) {
		callers[i].post(ctx, rpc.Record, rpc.TypeNDJSON, &endless{ctx: ctx, draw: rand.New(rand.NewPCG(uint64(i), 55)), when: when})
	})
	return nil
}

// endless is NDJSON without an end.
type endless struct {
	ctx  context.Context
	draw *rand.Rand
	when func(*rand.Rand) time.Time
	n    int
	rest []byte
}

func (e *endless) Read(b []byte) (int, error) {
	if len(e.rest) == 0 {
		if e.ctx.Err() != nil {
			return 0, io.EOF
		}
		for range 100 {
			e.n++
			entry := entryOf(ours, fmt.Sprint("revision ", e.n))
			entry.Actor.Email = fmt.Sprintf("user%d@example.com", e.draw.IntN(1000))
			entry.CreatedAt = e.when(e.draw).UTC()
			e.rest = append(entry.AppendInput(e.rest), '\n')
		}
	}
	n := copy(b, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

// revocations makes tokens and revokes them, which is what is to go first.
func revocations(t *target) []probe {
	admin := t.client(t.admin)
	return []probe{
		{"make and revoke a token", 200 * time.Millisecond, func(ctx context.Context) error {
			made, err := admin.CreateToken(ctx, rpc.TokenCreateRequest{Owner: "x@" + theirs, OwnerType: "ServiceAccount",
				Role: "viewer", Projects: []string{theirs}})
			if err != nil {
				return err
			}
			if _, err = admin.RevokeToken(ctx, made.ID); err != nil {
				return err
			}
			return refusedAtOnce(ctx, t.client(made.Secret))
		}},
	}
}

// refusedAtOnce returns an error where a client is still let in.
func refusedAtOnce(ctx context.Context, c *client.Client) error {
	defer c.HTTP.CloseIdleConnections()
	_, err := c.ListPage(ctx, rpc.ListRequest{Query: rpc.Query{Project: theirs}})
	if audit.KindOf(err) == audit.Unauthenticated || ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("a revoked token is answered with %s: %w", http.StatusText(rpc.Status(audit.KindOf(err))), audit.Errorf(audit.Conflict, "it counts"))
}
