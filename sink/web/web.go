// Package web sends batches over HTTP: the part of it that the destinations that are web
// services have in common, with what their answers mean.
//
// It follows no redirect, uses no proxy, keeps no cookie, and reads of an answer what is
// bounded. It never tries again: that is the shipper's.
package web

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"auditlog/audit"
	"auditlog/backoff"
	"auditlog/sink"
	"auditlog/sink/dial"
)

// maxAnswer is how much of an answer is read. An answer for each entry of a large batch must
// have room.
const maxAnswer = 16 << 20

// Client sends to one address.
type Client struct {
	http          *http.Client
	url           *url.URL
	timeout       time.Duration
	authorization string
	gzip          bool
	agent         string
	now           func() time.Time
	scratch       *sink.Scratch
}

// Settings are those that every destination that uses a Client has. packs says whether it
// compresses what it sends unless it is told otherwise.
func Settings(packs bool) []sink.Setting {
	usual := "no"
	if packs {
		usual = "yes"
	}
	return append([]sink.Setting{
		{Name: "authorization", Secret: true, Usage: "The header Authorization of each request, as in `Bearer …` or `Basic …`."},
		{Name: "timeout", Default: "30s", Usage: "How long a request may take, as in 30s or 2m."},
		{Name: "gzip", Default: usual, Choices: []string{"yes", "no"}, Usage: "Whether requests are compressed."},
	}, dial.Settings()...)
}

// Open returns a Client for the address and the settings of o. It returns Invalid Faults.
func Open(o *sink.Options) (*Client, error) {
	if o.URL.Host == "" {
		return nil, audit.FieldErrorf("to", "names no host")
	}
	timeout, err := time.ParseDuration(o.Settings["timeout"])
	if err != nil || timeout < time.Second || timeout > 10*time.Minute {
		return nil, audit.FieldErrorf("settings.timeout", "must be a time between 1s and 10m")
	}
	authorization := o.Secrets["authorization"]
	if strings.ContainsFunc(authorization, unicode.IsControl) {
		return nil, audit.FieldErrorf("secrets.authorization", "must be one line of text")
	}
	transport, err := Transport(o)
	if err != nil {
		return nil, err
	}
	return &Client{
		http: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		url: o.URL, timeout: timeout, authorization: authorization, gzip: o.Settings["gzip"] == "yes",
		agent: "auditlog/" + cmp.Or(o.Version, "unknown"), now: o.Now, scratch: o.Scratch,
	}, nil
}

// Transport returns what connects as package dial says.
func Transport(o *sink.Options) (*http.Transport, error) {
	connect, err := dial.New(o)
	if err != nil {
		return nil, err
	}
	trust, err := dial.TLS(o)
	if err != nil {
		return nil, err
	}
	return &http.Transport{
		DialContext: connect, TLSClientConfig: trust, ForceAttemptHTTP2: true,
		MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: 10 * time.Second,
	}, nil
}

// Request is what is sent.
type Request struct {
	// Path is added to that of the address. Query goes behind its query.
	Path, Query string
	Header      http.Header
	ContentType string
	// Body may be used again once Post has returned.
	Body []byte
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	at     time.Time
}

// Post sends a request and reads its answer. The error is of the way there and back alone: what
// the answer says is for the caller to see, and Answer.Err knows what is usual.
func (c *Client) Post(ctx context.Context, r *Request) (*Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req, err := c.request(ctx, r)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.explain(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the answer of %s: %w", c.url.Host, err)
	}
	return &Answer{Status: resp.StatusCode, Header: resp.Header, Body: body, at: c.now()}, nil
}

// explain leaves out of an error the address, of which parts may be secret.
func (c *Client) explain(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		err = of.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s did not answer in time: %w", c.url.Host, err)
	}
	return fmt.Errorf("send to %s: %w", c.url.Host, err)
}

func (c *Client) request(ctx context.Context, r *Request) (*http.Request, error) {
	to := *c.url
	if r.Path != "" {
		to = *to.JoinPath(r.Path)
	}
	if r.Query != "" {
		to.RawQuery = strings.TrimPrefix(to.RawQuery+"&"+r.Query, "&")
	}
	var body []byte // a copy, since the transport may read what it sends after a request has failed
	if c.gzip {
		var err error
		if body, err = c.scratch.Pack(r.Body); err != nil {
			return nil, err
		}
	} else {
		body = bytes.Clone(r.Body)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("make a request: %w", err)
	}
	for name, values := range r.Header {
		req.Header[name] = values
	}
	req.Header.Set("Content-Type", r.ContentType)
	req.Header.Set("User-Agent", c.agent)
	if c.authorization != "" && req.Header.Get("Authorization") == "" {
		req.Header.Set("Authorization", c.authorization)
	}
	if c.gzip {
		req.Header.Set("Content-Encoding", "gzip")
	}
	return req, nil
}

// Close lets go of the connections.
func (c *Client) Close() error {
	c.http.CloseIdleConnections()
	return nil
}

// Err returns what the status of an answer asks for, in the words of package sink: nil for
// 2xx, and for 400, 413 and 422 that the batch is unfit. That who sends is not known, or that
// there is nothing at the address, is no fault of an entry: it is an error that passes once
// the settings are right.
func (a *Answer) Err() error {
	said := fmt.Errorf("answered %d: %s", a.Status, a.Said())
	switch a.Status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return &sink.Unfit{Reason: said.Error()}
	case http.StatusGone:
		return &sink.Gone{Reason: said.Error()}
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return a.Later(said)
	}
	switch {
	case a.Status >= 200 && a.Status < 300:
		return nil
	case a.Status >= 300 && a.Status < 400:
		return fmt.Errorf("answered %d: redirects are not followed; set the address that it leads to", a.Status)
	case a.Header.Get("Retry-After") != "":
		return a.Later(said)
	}
	return said
}

// Later returns that the destination wants to be left alone for as long as the answer says.
func (a *Answer) Later(why error) *sink.Later {
	return &sink.Later{After: backoff.RetryAfter(a.Header.Get("Retry-After"), a.at), Err: why}
}

// Said returns how the answer begins, in one line.
func (a *Answer) Said() string {
	return cmp.Or(Clean(string(a.Body[:min(len(a.Body), 1000)])), strconv.Quote(http.StatusText(a.Status)))
}

// Clean returns what another side said as one short line.
func Clean(s string) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	const most = 300
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
