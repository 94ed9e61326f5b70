package api

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"auditlog/audit/audittest"
	"auditlog/rpc"
)

// BenchmarkConnection is a call with all of HTTP, of a client that costs next to
// nothing.
func BenchmarkConnection(b *testing.B) {
	f := benchStart(b)
	f.send(b, rpc.Record, rpc.TypeJSON, audittest.Batch(5000, time.Time{}))
	for _, m := range []struct{ name, method, body string }{
		{"get", rpc.Get, `{"project":"acme","id":7}`},
		{"empty", rpc.List, `{"project":"acme","limit":50,"resourceType":"None"}`},
		{"list", rpc.List, `{"project":"acme","limit":50}`},
	} {
		b.Run(m.name, func(b *testing.B) {
			c := dialBare(b, f.url)
			b.ReportAllocs()
			for b.Loop() {
				c.post(m.method, m.body)
			}
		})
	}
}

// bareConn is a client without any library.
type bareConn struct {
	b    *testing.B
	conn net.Conn
	out  []byte
	in   []byte
}

func dialBare(b *testing.B, url string) *bareConn {
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	return &bareConn{b: b, conn: conn, in: make([]byte, 1<<20)}
}

// post calls a method, which must succeed.
func (c *bareConn) post(method, body string) {
	c.out = fmt.Appendf(c.out[:0], "POST /%s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", method, len(body), body)
	if _, err := c.conn.Write(c.out); err != nil {
		c.b.Fatal(err)
	}
	n, err := io.ReadAtLeast(c.conn, c.in, 1)
	head := bytes.Index(c.in[:n], []byte("\r\n\r\n"))
	if err != nil || head < 0 || !bytes.HasPrefix(c.in, []byte("HTTP/1.1 200 ")) {
		c.b.Fatalf("%v: %.300s", err, c.in[:n])
	}
	const name = "\r\nContent-Length: "
	at := bytes.Index(c.in[:head], []byte(name)) + len(name)
	end := at + bytes.IndexByte(c.in[at:], '\r')
	length, err := strconv.Atoi(string(c.in[at:end]))
	if err != nil {
		c.b.Fatal(err)
	}
	if total := head + 4 + length; n < total {
		if _, err := io.ReadFull(c.conn, c.in[n:total]); err != nil {
			c.b.Fatal(err)
		}
	}
}
