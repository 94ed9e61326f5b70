// Package syslog is the destination of syslog servers: RFC 5424 over TCP with octet counting
// (RFC 6587), and over TLS (RFC 5425), with a certificate of one's own if that is set.
//
// Syslog knows no answer: that something was written to a connection says nothing of whether
// the other side has read it. So each batch has a connection of its own, which this side ends
// first; and a server ends its side once it has read to the end. A server that dies, or closes
// in the middle, ends it otherwise, and the batch is delivered again: see conn. What a server
// has read and loses afterwards is out of reach. So is, without TLS, what one has read that is killed
// before it writes: its system ends the connection as it would itself. It is looked for: see probe.
package syslog

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"time"

	"auditlog/audit"
	"auditlog/format"
	"auditlog/sink"
	"auditlog/sink/dial"
)

// Kind describes it.
func Kind() sink.Kind {
	return sink.Kind{
		Name: "syslog", Title: "syslog (RFC 5424)", Schemes: []string{"syslog+tls", "syslog+tcp"}, Example: "syslog+tls://siem.example.com:6514",
		Formats: format.Names(),
		Settings: append([]sink.Setting{
			{Name: "facility", Default: "13", Usage: "The facility, 0 to 23. 13 is log audit."},
			{Name: "app", Default: "auditlog", Usage: "What the program is called (APP-NAME)."},
			{Name: "enterprise", Default: "32473", Usage: "The enterprise number of the structured data, auditlog@NUMBER. 32473 is that of examples."},
			{Name: "confirm", Default: "close", Choices: []string{"close", "no"},
				Usage: "Whether a batch counts as delivered once the server has read all of it and ended the connection (`close`), or once it was sent (`no`), for servers that do not end connections."},
			{Name: "timeout", Default: "30s", Usage: "How long a batch may take, as in 30s or 2m."},
		}, dial.Settings()...),
		Open: open,
	}
}

type syslog struct {
	connect dial.Func
	address string
	trust   *tls.Config // nil: TCP alone
	confirm bool
	timeout time.Duration
	o       *sink.Options
	m       messages
}

func open(o *sink.Options) (sink.Destination, error) {
	host := o.URL.Hostname()
	if host == "" || o.URL.Path != "" {
		return nil, audit.FieldErrorf("to", "must be like syslog+tls://host:port")
	}
	s := &syslog{o: o, confirm: o.Settings["confirm"] == "close"}
	var err error
	if s.timeout, err = time.ParseDuration(o.Settings["timeout"]); err != nil || s.timeout < time.Second || s.timeout > 10*time.Minute {
		return nil, audit.FieldErrorf("settings.timeout", "must be a time between 1s and 10m")
	}
	if s.m, err = newMessages(o); err != nil {
		return nil, err
	}
	if s.connect, err = dial.New(o); err != nil {
		return nil, err
	}
	trust, err := dial.TLS(o)
	if err != nil {
		return nil, err
	}
	port := "514"
	if o.URL.Scheme == "tls" {
		trust.ServerName = host
		s.trust, port = trust, "6514"
	} else if slices.ContainsFunc([]string{o.Settings["ca"], o.Settings["certificate"]}, func(s string) bool { return s != "" }) {
		return nil, audit.FieldErrorf("to", "must begin with syslog+tls where there are certificates")
	}
	s.address = net.JoinHostPort(host, cmp.Or(o.URL.Port(), port))
	return s, nil
}

// Close does nothing: each batch has had its own connection.
func (s *syslog) Close() error { return nil }

// Deliver sends a batch over a connection of its own.
func (s *syslog) Deliver(ctx context.Context, b *sink.Batch) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	conn, err := s.dial(ctx)
	if err != nil {
		return fmt.Errorf("connect to %s: %w", s.address, err)
	}
	defer conn.Close()
	// Whatever reads or writes ends with ctx.
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	body := s.o.Scratch.Take()
	defer func() { s.o.Scratch.Give(body) }()
	origin := s.o.Origin(b)
	for _, e := range b.Entries {
		body = s.m.append(body, s.o.Line, origin, e)
	}
	if err := s.send(ctx, conn, body); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("%s did not read a batch, and end the connection, in time: %w", s.address, ctx.Err())
		}
		return fmt.Errorf("send to %s: %w", s.address, err)
	}
	if !s.confirm || s.trust != nil {
		return nil // TLS tells an end from a death
	}
	if err := s.probe(ctx); err != nil {
		return fmt.Errorf("%s is gone since it read a batch, which it may not have kept: %w", s.address, err)
	}
	return nil
}

// settles is how long a system takes as a rule to end the connections of a process that was killed.
const settles = 10 * time.Millisecond

// probe returns nil if the server still takes connections, and keeps them: a moment after one that
// was killed has ended the connection of a batch, it has ended all.
func (s *syslog) probe(ctx context.Context) error {
	conn, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(settles)); err != nil {
		return err
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	return nil
}

// parse reads a number between two bounds.
func parse(o *sink.Options, name string, least, most int64) (int64, error) {
	n, err := strconv.ParseInt(o.Settings[name], 10, 64)
	if err != nil || n < least || n > most {
		return 0, audit.FieldErrorf("settings."+name, "must be a number from %d to %d", least, most)
	}
	return n, nil
}
