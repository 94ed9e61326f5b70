package api

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"auditlog/api/intake"
	"auditlog/auth/rights"
	"auditlog/rpc"
)

// slowCall is a call whose caller is known already and whose body is still to come.
type slowCall struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader
}

// beginSlowly sends the head of a call and waits until its body is asked for, which is
// after its token was looked at.
func (g *guarded) beginSlowly(t *testing.T, token, method, contentType string) *slowCall {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(g.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "POST /%s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\n"+
		"Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n", method, token, contentType)
	s := &slowCall{t: t, conn: conn, r: bufio.NewReader(conn)}
	if line, err := s.r.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("answered %q %v before the body", line, err)
	}
	if _, err := s.r.Discard(len("\r\n")); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *slowCall) send(part string) { fmt.Fprintf(s.conn, "%x\r\n%s\r\n", len(part), part) }

// end ends the body and returns the answer.
func (s *slowCall) end() (int, string) {
	s.t.Helper()
	io.WriteString(s.conn, "0\r\n\r\n")
	res, err := http.ReadResponse(s.r, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// A token that ends while the body is on its way does nothing any more: who is
// about to lose it cannot keep calls in stock.
func TestTokenEndsWhileTheBodyComes(t *testing.T) {
	bodies := map[string]string{
		rpc.Record:        deployEntry,
		rpc.List:          `{"project":"acme"}`,
		rpc.TokenCreate:   `{"owner":"me@acme","role":"admin","projects":["acme"]}`,
		rpc.TokenList:     `{}`,
		rpc.ProjectDelete: `{"project":"acme"}`,
	}
	for method, body := range bodies {
		t.Run(method, func(t *testing.T) {
			g := startGuarded(t, "acme")
			revoked, id := g.create(rights.Admin, time.Time{}, "acme")
			expired, _ := g.create(rights.Admin, testNow.Add(time.Minute), "acme")
			first := g.beginSlowly(t, revoked, method, rpc.TypeJSON)
			second := g.beginSlowly(t, expired, method, rpc.TypeJSON)
			g.mustCall(g.root, rpc.TokenRevoke, fmt.Sprintf(`{"id":%q}`, id))
			g.later.Add(int64(time.Hour))
			for word, s := range map[string]*slowCall{"revoked": first, "expired": second} {
				s.send(body)
				if status, answer := s.end(); status != http.StatusUnauthorized || !strings.Contains(answer, word) {
					t.Errorf("%s: answered %d %s", word, status, answer)
				}
			}
		})
	}
}

// A stream of entries ends with its token; what came before is in the log.
func TestTokenEndsDuringAStream(t *testing.T) {
	g := startGuarded(t, "acme")
	token, id := g.create(rights.Recorder, time.Time{}, "acme")
	s := g.beginSlowly(t, token, rpc.Record, rpc.TypeNDJSON)
	last := g.store.LastID()
	chunk := strings.Repeat(deployEntry+"\n", intake.ChunkEntries)
	s.send(chunk)
	if err := g.store.Wait(t.Context(), last); err != nil {
		t.Fatal(err)
	}
	g.mustCall(g.root, rpc.TokenRevoke, fmt.Sprintf(`{"id":%q}`, id))
	s.send(chunk)
	status, answer := s.end()
	if status != http.StatusUnauthorized || !strings.Contains(answer, fmt.Sprintf(`"recorded":%d,`, intake.ChunkEntries)) {
		t.Errorf("answered %d %s", status, answer)
	}
}
