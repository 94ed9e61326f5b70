package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"auditlog/audit"
	"auditlog/rpc"
)

// record records n entries as the attacker, a batch at a time.
func record(ctx context.Context, t *target, n, batch int, entry func(i int) audit.Entry) error {
	c := t.client(t.recorder)
	c.Tries = 8
	entries := make([]audit.Entry, 0, batch)
	for i := range n {
		entries = append(entries, entry(i))
		if len(entries) < batch && i < n-1 {
			continue
		}
		if _, err := c.Record(ctx, entries...); err != nil {
			return err
		}
		entries = entries[:0]
	}
	return nil
}

// recordLarge records entries that are nearly as large as can be and compress to nothing.
func recordLarge(ctx context.Context, t *target) error {
	detail := strings.Repeat("all work and no play ", 64<<10/21)[:60<<10]
	return record(ctx, t, 1000, 100, func(int) audit.Entry { return entryOf(ours, detail) })
}

// unread asks for pages and takes nothing of them.
func unread(ctx context.Context, t *target) error {
	body := fmt.Sprintf(`{"project":%q,"limit":1000}`, ours)
	for range 40 {
		if _, err := t.raw(ctx, t.viewer, rpc.List, body); err != nil {
			return err
		}
	}
	<-ctx.Done()
	return nil
}

// recordDistinct records entries whose values occur once each.
func recordDistinct(ctx context.Context, t *target) error {
	long := strings.Repeat("x", 150)
	return record(ctx, t, 300_000, 5000, func(i int) audit.Entry {
		e := entryOf(ours, "")
		e.Actor.Email = fmt.Sprintf("%s%d@example.com", long, i)
		e.Action = fmt.Sprintf("thing.%s%d", long[:80], i)
		return e
	})
}

func countDistinct(ctx context.Context, t *target) error {
	body := fmt.Sprintf(`{"project":%q}`, ours)
	callers := t.callers(t.viewer, 8)
	together(ctx, 8, func(i int) { callers[i].post(ctx, rpc.Stats, rpc.TypeJSON, strings.NewReader(body)) })
	return nil
}

func (t *target) callers(token string, n int) []*caller {
	list := make([]*caller, n)
	for i := range list {
		list[i] = t.caller(token)
	}
	return list
}

// recordTexts records entries in which one has to read to find out that they are not meant.
func recordTexts(ctx context.Context, t *target) error {
	return record(ctx, t, 100_000, 5000, func(i int) audit.Entry {
		return entryOf(ours, fmt.Sprintf("revision %d of the service web-%d was rolled out by hand after change %d", i, i%1000, i*7))
	})
}

// search excludes what is nowhere and asks for what is not there, so that everything is
// looked into and no page is ever full.
func search(ctx context.Context, t *target) error {
	callers := t.callers(t.viewer, 50)
	together(ctx, 50, func(i int) {
		body := fmt.Sprintf(`{"project":%q,"q":"-nowhere%d","outcome":"forbidden","limit":1000}`, ours, i)
		if i%2 == 0 {
			body = fmt.Sprintf(`{"project":%q,"q":"\"rolled out by foot\" -nowhere%d"}`, ours, i)
		}
		callers[i].post(ctx, rpc.List, rpc.TypeJSON, strings.NewReader(body))
	})
	return nil
}

// recordRepetitive records entries of one word, again and again.
func recordRepetitive(ctx context.Context, t *target) error {
	detail := strings.Repeat("a ", 20<<10)
	return record(ctx, t, 2000, 200, func(int) audit.Entry { return entryOf(ours, detail) })
}

func excludePhrase(ctx context.Context, t *target) error {
	callers := t.callers(t.viewer, 10)
	body := fmt.Sprintf(`{"project":%q,"q":"-\"%sb\"","limit":1000}`, ours, strings.Repeat("a ", 500))
	together(ctx, 10, func(i int) { callers[i].post(ctx, rpc.List, rpc.TypeJSON, strings.NewReader(body)) })
	return nil
}

// hangUp begins searches and does not wait for them.
func hangUp(ctx context.Context, t *target) error {
	for i := 0; ctx.Err() == nil; i++ {
		body := fmt.Sprintf(`{"project":%q,"q":"-nowhere%d","actor":"nobody","limit":1000}`, ours, i)
		conn, err := t.raw(ctx, t.viewer, rpc.List, body)
		if err != nil {
			if ctx.Err() == nil {
				return err
			}
			return nil
		}
		sleep(ctx, 20*time.Millisecond)
		_, _ = io.WriteString(conn, "") // it may be closed already
		conn.Close()
	}
	return nil
}
