package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"auditlog/audit"
	"auditlog/rpc"
)

// trickle sends bodies that never end: more than a mebibyte of JSON that is a few kilobytes
// of gzip, and then empty blocks, of which each is five bytes that stand for none.
func trickle(ctx context.Context, t *target) error {
	var start bytes.Buffer
	z := gzip.NewWriter(&start)
	if _, err := io.WriteString(z, `{"entries":[`+strings.Repeat(" ", 2<<20)); err != nil {
		return err
	}
	if err := z.Flush(); err != nil {
		return err
	}
	empty := strings.Repeat("\x00\x00\x00\xff\xff", 2048)
	together(ctx, 4, func(int) {
		c, err := t.dial(ctx, fmt.Sprintf("POST /%s HTTP/1.1\r\nHost: log\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"+
			"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n%s", rpc.Record, t.recorder, chunk(start.String())))
		if err == nil {
			go t.noteAnswer(ctx, c)
		}
		for err == nil && ctx.Err() == nil {
			_, err = io.WriteString(c, chunk(empty))
			sleep(ctx, time.Second)
		}
	})
	return nil
}

// chunk returns a part of a chunked body.
func chunk(s string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(s), s) }

// largeBatches records batches that are large but ordinary, each as one body.
func largeBatches(t *target) []probe {
	body := batchOf(theirs, 4<<20)
	c := t.caller(t.tenant.Token)
	return []probe{{"record 4 MB", 200 * time.Millisecond, func(ctx context.Context) error {
		status, err := c.status(ctx, rpc.Record, rpc.TypeJSON, bytes.NewReader(body))
		if err == nil && status != http.StatusOK {
			err = audit.Errorf(rpc.KindOfStatus(status), "%d", status)
		}
		return err
	}}}
}

// promise says that much will come, and sends little.
func promise(ctx context.Context, t *target) error {
	says := fmt.Sprintf("POST /%s HTTP/1.1\r\nHost: log\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"+
		"Content-Length: 1000000\r\n\r\n{\"entries\":[%s", rpc.Record, t.recorder, strings.Repeat(" ", 1000))
	for range 800 {
		if _, err := t.dial(ctx, says); err != nil {
			return err
		}
	}
	<-ctx.Done()
	return nil
}

// recordBatches records as much at once as the API takes.
func recordBatches(ctx context.Context, t *target) error {
	body := batchOf(ours, 32<<20-1<<10)
	callers := t.callers(t.recorder, 4)
	together(ctx, 4, func(i int) { callers[i].post(ctx, rpc.Record, rpc.TypeJSON, bytes.NewReader(body)) })
	return nil
}

// batchOf returns a batch of about so many bytes.
func batchOf(project string, size int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"entries":[`)
	detail := strings.Repeat("y", 8<<10)
	for i := 0; b.Len()+len(detail)+1<<10 < size; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		e := entryOf(project, fmt.Sprint(i, detail))
		b.Write(e.AppendInput(nil))
	}
	b.WriteString("]}")
	return b.Bytes()
}
