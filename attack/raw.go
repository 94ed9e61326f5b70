package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// raw sends a call with a body of JSON over a connection that nobody else uses, for those
// who do with it what no client does.
func (t *target) raw(ctx context.Context, token, method, body string) (net.Conn, error) {
	return t.dial(ctx, fmt.Sprintf("POST /%s HTTP/1.1\r\nHost: log\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", method, token, len(body), body))
}

// dial opens a connection, on which it says something. It is closed when ctx ends.
func (t *target) dial(ctx context.Context, says string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", strings.TrimPrefix(t.url, "http://"))
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { c.Close() })
	_, err = io.WriteString(c, says)
	return c, err
}

// noteAnswer waits for the answer to what was said on c.
func (t *target) noteAnswer(ctx context.Context, c net.Conn) {
	line, err := bufio.NewReader(c).ReadString('\n')
	switch {
	case ctx.Err() != nil:
	case err != nil:
		t.answers.add("cut off")
	default:
		t.answers.add(strings.TrimSpace(strings.TrimPrefix(line, "HTTP/1.1 ")))
	}
}

// caller makes one call after the other.
type caller struct {
	*target
	token string
	http  http.Client
}

func (t *target) caller(token string) *caller {
	return &caller{target: t, token: token, http: http.Client{Transport: &http.Transport{}}}
}

// status makes a call and returns how it was answered.
func (c *caller) status(ctx context.Context, method, contentType string, body io.Reader) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/"+method, body)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Content-Type", contentType)
	res, err := c.http.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, err
}

// post makes a call of the attacker's, and notes how it was answered.
func (c *caller) post(ctx context.Context, method, contentType string, body io.Reader) {
	status, err := c.status(ctx, method, contentType, body)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		c.answers.add("cut off")
	default:
		c.answers.add(fmt.Sprint(status))
	}
}

// together has n goroutines do something again and again until ctx ends.
func together(ctx context.Context, n int, do func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			for ctx.Err() == nil {
				do(i)
				sleep(ctx, time.Millisecond)
			}
		})
	}
	all.Wait()
}
