package peer

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"auditlog/audit"
	"auditlog/client"
	"auditlog/rpc"
)

// callTimeout is how long a call may take before the benchmark gives up.
const callTimeout = time.Minute

// leanConn is one client with one connection. It speaks the same HTTP as every
// client, with a library that is made for speed and memory that is used again: the
// log is measured, not net/http's client, which takes more of the processors that
// they share than the log does. It records without the keys that package client
// makes, because the other logs have none either.
type leanConn struct {
	http    fasthttp.HostClient
	record  fasthttp.Request
	list    fasthttp.Request
	stats   fasthttp.Request
	res     fasthttp.Response
	scanner rpc.Scanner // reads answers as package client does
	body    []byte
	entries []audit.Entry
}

func newLeanConn(url string) (*leanConn, error) {
	host := strings.TrimPrefix(url, "http://")
	c := &leanConn{http: fasthttp.HostClient{Addr: host, MaxConns: 1, ReadBufferSize: 64 << 10}}
	c.prepare(&c.record, host, rpc.Record)
	c.prepare(&c.list, host, rpc.List)
	c.prepare(&c.stats, host, rpc.Stats)
	var ready fasthttp.Request
	ready.SetRequestURI(url + "/readyz")
	if err := c.http.DoTimeout(&ready, &c.res, callTimeout); err != nil { // which makes the connection
		return nil, fmt.Errorf("connect: %w", err)
	}
	if status := c.res.StatusCode(); status != http.StatusOK {
		return nil, fmt.Errorf("connect: status %d: %.200s", status, c.res.Body())
	}
	return c, nil
}

// prepare fills in what is the same in every call of a method.
func (c *leanConn) prepare(req *fasthttp.Request, host, method string) {
	req.Header.SetMethod(http.MethodPost)
	req.Header.SetContentType(rpc.TypeJSON)
	req.Header.Set("Authorization", "Bearer "+token)
	req.SetRequestURI("http://" + host + "/" + method)
}

// call sends the body and returns the answer's, until the next call.
func (c *leanConn) call(req *fasthttp.Request) ([]byte, error) {
	req.SetBodyRaw(c.body)
	if err := c.http.DoTimeout(req, &c.res, callTimeout); err != nil {
		return nil, err
	}
	body := c.res.Body()
	if status := c.res.StatusCode(); status != http.StatusOK {
		return nil, fmt.Errorf("status %d: %.200s", status, body)
	}
	return body, nil
}

func (c *leanConn) Bulk(_ context.Context, entries []audit.Entry) error {
	c.body = append(c.body[:0], `{"entries":[`...)
	for i := range entries {
		if i > 0 {
			c.body = append(c.body, ',')
		}
		c.body = entries[i].AppendInput(c.body)
	}
	c.body = append(c.body, "]}"...)
	return c.recordBody(len(entries))
}

func (c *leanConn) Insert(_ context.Context, e *audit.Entry) error {
	c.body = e.AppendInput(c.body[:0])
	return c.recordBody(1)
}

// recordBody sends the body and makes sure that all n entries of it are recorded.
func (c *leanConn) recordBody(n int) error {
	body, err := c.call(&c.record)
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	var result rpc.RecordResult
	if !c.scanner.Answer(body, &result) || result.Recorded != int64(n) {
		return fmt.Errorf("record %d entries: %.200s", n, body)
	}
	return nil
}

func (c *leanConn) List(_ context.Context, q audit.Query, limit int) ([]audit.Entry, error) {
	var err error
	if c.body, err = json.Marshal(rpc.ListRequest{Query: rpc.QueryOf(q), Limit: limit}); err != nil {
		return nil, fmt.Errorf("list: %w", err)
	}
	body, err := c.call(&c.list)
	if err != nil {
		return nil, fmt.Errorf("list: %w", err)
	}
	var page rpc.ListResult
	if !c.scanner.Answer(body, &page) {
		return nil, fmt.Errorf("list: not an answer as this log writes it: %.200s", body)
	}
	c.entries = appendItems(c.entries[:0], page.Items)
	return c.entries, nil
}

func (c *leanConn) Close() error {
	c.http.CloseIdleConnections()
	return nil
}

// appendItems appends the entries of a page.
func appendItems(entries []audit.Entry, items []*audit.Entry) []audit.Entry {
	for _, e := range items {
		entries = append(entries, *e)
	}
	return entries
}

// packageConn is one client with one connection, as a user's program has it.
type packageConn struct {
	client  client.Client
	entries []audit.Entry
}

func (c *packageConn) Bulk(ctx context.Context, entries []audit.Entry) error {
	res, err := c.client.Record(ctx, entries...)
	if err == nil && res.Recorded != int64(len(entries)) {
		err = fmt.Errorf("record: %d of %d entries", res.Recorded, len(entries))
	}
	return err
}

func (c *packageConn) Insert(ctx context.Context, e *audit.Entry) error {
	return c.Bulk(ctx, []audit.Entry{*e})
}

func (c *packageConn) List(ctx context.Context, q audit.Query, limit int) ([]audit.Entry, error) {
	page, err := c.client.ListPage(ctx, rpc.ListRequest{Query: rpc.QueryOf(q), Limit: limit})
	if err != nil {
		return nil, fmt.Errorf("list: %w", err)
	}
	c.entries = appendItems(c.entries[:0], page.Items)
	return c.entries, nil
}

func (c *packageConn) Close() error {
	c.client.HTTP.CloseIdleConnections()
	return nil
}
