package api

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/pull"
	"auditlog/rpc"
)

// pulled is the answer of a pull.
func (g *guarded) pulled(token, body string) rpc.PullResult {
	g.t.Helper()
	var answer rpc.Answer[rpc.PullResult]
	decodeAnswer(g.t, g.mustCall(token, rpc.Pull, body), &answer)
	return *answer.Result
}

// refused wants a call to be refused with a code, and returns the message.
func (g *guarded) refused(token, method, body, code string) string {
	g.t.Helper()
	_, answer := g.call(token, method, body)
	var failed rpc.Answer[struct{}]
	decodeAnswer(g.t, answer, &failed)
	if failed.OK || failed.Error.Code != code {
		g.t.Errorf("%s %s: %s, want the code %s", method, body, answer, code)
		return ""
	}
	return failed.Error.Message
}

// A consumer who asks again and again with the last cursor gets each entry once, told late ones
// included, and knows of each number what became of it.
func TestPullPages(t *testing.T) {
	g := startGuarded(t, "acme")
	recorder, _ := g.create(rights.Recorder, time.Time{}, "acme", "beta")
	record := func(project, outcome, at string) {
		e := strings.Replace(deployEntry, `"acme"`, fmt.Sprintf("%q", project), 1)
		e = strings.Replace(e, `"success"`, fmt.Sprintf("%q", outcome), 1)
		g.mustCall(recorder, rpc.Record, strings.TrimSuffix(e, "}")+at+"}")
	}
	for i := range 7 {
		record("acme", []string{"success", "forbidden"}[i%2], "")
		record("beta", "success", "")
	}
	record("acme", "forbidden", `,"createdAt":"2020-01-01T00:00:00Z"`)
	var cursor string
	var ids []int64
	covered := int64(0)
	for range 5 {
		// What a poller works out anew for each page does not matter behind a cursor.
		page := g.pulled(g.root, fmt.Sprintf(`{"project":"acme","outcome":"failure","limit":2,"from":%q,"cursor":%q}`, g.now().Format(time.RFC3339), cursor))
		if cursor == "" {
			page = g.pulled(g.root, `{"project":"acme","outcome":"failure","limit":2}`)
		}
		if page.Covered.From != covered+1 {
			t.Fatalf("after %d comes %+v", covered, page.Covered)
		}
		sum := int64(len(page.Items))
		for _, r := range page.Skipped {
			sum += r.Len()
		}
		if sum != page.Covered.Len() || len(page.Purged) > 0 || page.Newest != 9 {
			t.Errorf("an answer does not add up: %+v", page)
		}
		for _, e := range page.Items {
			ids = append(ids, e.Seq)
		}
		covered, cursor = page.Covered.To, page.NextCursor
	}
	if fmt.Sprint(ids) != "[3 5 7 9]" || covered != 9 {
		t.Errorf("seqs %v, up to %d", ids, covered)
	}
}

// The projects of a token bound what it pulls; all else is skipped, and its cursor is its own.
func TestPullWithinScope(t *testing.T) {
	g := startGuarded(t, "acme", "beta", "gamma")
	some, _ := g.create(rights.Viewer, time.Time{}, "acme", "gamma")
	other, _ := g.create(rights.Viewer, time.Time{}, "acme")
	page := g.pulled(some, `{}`)
	var projects []string
	for _, e := range page.Items {
		projects = append(projects, e.Project)
	}
	sum := int64(len(page.Items))
	for _, r := range page.Skipped {
		sum += r.Len()
	}
	if fmt.Sprint(projects) != "[acme gamma acme]" || page.Covered.To != g.store.LastID() || sum != page.Covered.Len() || page.Purged != nil {
		t.Errorf("projects %v of %+v", projects, page)
	}
	next := fmt.Sprintf(`{"cursor":%q}`, page.NextCursor)
	if again := g.pulled(some, next); again.Covered.Len() != 0 || again.NextCursor != page.NextCursor {
		t.Errorf("behind the end: %+v", again)
	}
	if why := g.refused(other, rpc.Pull, next, "invalid"); !strings.Contains(why, "other projects than this one") {
		t.Errorf("another token's: %s", why)
	}
	if why := g.refused(some, rpc.Pull, strings.Replace(next, "{", `{"project":"acme",`, 1), "invalid"); !strings.Contains(why, "another project or other filters") {
		t.Errorf("another project's: %s", why)
	}
}

// A cursor is of one log in one state of it.
func TestPullCursorOfAnother(t *testing.T) {
	g := startGuarded(t, "acme")
	page := g.pulled(g.root, `{"project":"acme"}`)
	for name, tt := range map[string]struct {
		change     func(c *pull.Cursor)
		code, want string
	}{
		"another log":   {func(c *pull.Cursor) { c.Log.Log = strings.Repeat("ab", 16) }, "invalid", "cursor: is of another log"},
		"another epoch": {func(c *pull.Cursor) { c.Log.Epoch++ }, "conflict", "restored from a backup"},
		"the future":    {func(c *pull.Cursor) { c.After += 100 }, "conflict", "restored from a backup"},
	} {
		c, ok := pull.ParseCursor(page.NextCursor)
		if !ok {
			t.Fatal(page.NextCursor)
		}
		tt.change(&c)
		body := fmt.Sprintf(`{"project":"acme","cursor":%q}`, c)
		for _, method := range []string{rpc.Pull, rpc.Follow} {
			if why := g.refused(g.root, method, body, tt.code); !strings.Contains(why, tt.want) {
				t.Errorf("%s, %s: %s", method, name, why)
			}
		}
	}
}

// Who waits is answered as soon as there is something for him, and not before.
func TestPullWaits(t *testing.T) {
	g := startGuarded(t, "acme", "beta")
	viewer, id := g.create(rights.Viewer, time.Time{}, "acme")
	before := g.store.LastSeq("acme")
	cursor := g.pulled(viewer, `{"project":"acme"}`).NextCursor
	wait := func() <-chan string {
		done := make(chan string, 1)
		go func() {
			_, answer := g.call(viewer, rpc.Pull, `{"project":"acme","waitSeconds":30,"outcome":"error","cursor":""}`)
			done <- answer
		}()
		return done
	}
	quiet := func(done <-chan string) {
		t.Helper()
		select {
		case answer := <-done:
			t.Fatalf("does not wait: %s", answer)
		case <-time.After(200 * time.Millisecond):
		}
	}
	first := wait()
	quiet(first)
	g.mustCall(g.root, rpc.Record, deployEntry)
	quiet(first)
	g.mustCall(g.root, rpc.Record, strings.Replace(deployEntry, "success", "error", 1))
	var got rpc.Answer[rpc.PullResult]
	decodeAnswer(t, <-first, &got)
	if len(got.Result.Items) != 1 || got.Result.Covered != (audit.Range{From: 1, To: before + 2}) || got.Result.Skipped[0] != (audit.Range{From: 1, To: before + 1}) {
		t.Errorf("waited for %+v", got.Result)
	}
	if again := g.pulled(viewer, fmt.Sprintf(`{"project":"acme","waitSeconds":1,"cursor":%q}`, cursor)); len(again.Items) != 2 {
		t.Errorf("what is there is waited for: %+v", again)
	}
	done := make(chan string, 1)
	go func() {
		_, answer := g.call(viewer, rpc.Pull, `{"project":"acme","waitSeconds":30,"from":"now"}`)
		done <- answer
	}()
	quiet(done)
	g.mustCall(g.root, rpc.TokenRevoke, fmt.Sprintf(`{"id":%q}`, id))
	if answer := <-done; !strings.Contains(answer, `"code":"unauthenticated"`) {
		t.Errorf("with a token that was revoked: %s", answer)
	}
	go func() {
		_, answer := g.call(g.root, rpc.Pull, `{"project":"acme","waitSeconds":30,"from":"now"}`)
		done <- answer
	}()
	quiet(done)
	close(g.stopping)
	if answer := <-done; !strings.Contains(answer, `"items":[],"nextCursor":`) {
		t.Errorf("while the server stops: %s", answer)
	}
}

// sse reads events.
type sse struct {
	t    testing.TB
	body *bufio.Reader
}

// follow begins to follow.
func (g *guarded) follow(ctx context.Context, token, body, last string) *sse {
	g.t.Helper()
	r := g.request(http.MethodPost, "/"+rpc.Follow, body, "Authorization", "Bearer "+token)
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	res, err := http.DefaultClient.Do(r.WithContext(ctx))
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { res.Body.Close() })
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != rpc.TypeEvents || res.Header.Get("X-Accel-Buffering") != "no" {
		text, _ := io.ReadAll(res.Body)
		g.t.Fatalf("follow: %s %v %s", res.Status, res.Header, text)
	}
	return &sse{g.t, bufio.NewReader(res.Body)}
}

// next returns the next event, without comments and what sets the pause.
func (s *sse) next() (id, event, data string) {
	s.t.Helper()
	for {
		line, err := s.body.ReadString('\n')
		if err != nil {
			return id, "EOF", err.Error()
		}
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch {
		case name == "id":
			id = value
		case name == "event":
			event = value
		case name == "data":
			data = value
		case line == "\n" && event != "":
			return id, event, data
		}
	}
}

// Who follows sees each entry come, and what is left out, and can go on behind any of them.
func TestFollow(t *testing.T) {
	g := startGuarded(t, "acme")
	viewer, id := g.create(rights.Viewer, time.Time{}, "acme")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	before := g.store.LastSeq("acme")
	s := g.follow(ctx, viewer, `{"project":"acme","outcome":"error"}`, "")
	failed := strings.Replace(deployEntry, "success", "error", 1)
	for _, e := range []string{deployEntry, deployEntry, failed, deployEntry} {
		g.mustCall(g.root, rpc.Record, e)
	}
	var cursors []string
	told := ""
	for next := before + 1; next < before+5; {
		cursor, event, data := s.next()
		cursors = append(cursors, cursor)
		switch event {
		case rpc.EventSkipped:
			var r audit.Range
			if err := json.Unmarshal([]byte(data), &r); err != nil || r.From != next {
				t.Fatalf("after %d comes %s", next-1, data)
			}
			next = r.To + 1
		case rpc.EventEntry:
			var e audit.Entry
			if err := json.Unmarshal([]byte(data), &e); err != nil || e.Seq != next || e.Outcome != audit.Error {
				t.Fatalf("after %d comes %s", next-1, data)
			}
			told += fmt.Sprint(e.Seq)
			next++
		default:
			t.Fatal(event, data)
		}
	}
	if told != fmt.Sprint(before+3) {
		t.Errorf("entries %s are told of", told)
	}
	again := g.follow(ctx, viewer, `{"project":"acme","outcome":"error","cursor":"of no use"}`, cursors[0])
	if _, event, data := again.next(); event == "EOF" || strings.Contains(data, fmt.Sprintf(`"from":%d,`, before+1)) {
		t.Errorf("behind the first event comes %s %s", event, data)
	}
	g.mustCall(g.root, rpc.TokenRevoke, fmt.Sprintf(`{"id":%q}`, id))
	for {
		_, event, data := s.next()
		if event == rpc.EventSkipped {
			continue // the entry of the revocation is another project's, but more may come
		}
		if event != rpc.EventEnd || !strings.Contains(data, `"code":"unauthenticated"`) {
			t.Errorf("with a token that was revoked: %s %s", event, data)
		}
		break
	}
	if _, event, _ := s.next(); event != "EOF" {
		t.Errorf("after the end comes %s", event)
	}
}

// Of those who wait there are only so many of a token.
func TestWaitersAreBounded(t *testing.T) {
	g := startGuarded(t, "acme")
	one, _ := g.create(rights.Viewer, time.Time{}, "acme")
	other, _ := g.create(rights.Viewer, time.Time{}, "acme")
	const most = 20
	body := `{"project":"acme","from":"now","waitSeconds":60}`
	answers := make(chan string, most+1)
	for range most + 1 {
		go func() {
			_, answer := g.call(one, rpc.Pull, body)
			answers <- answer
		}()
	}
	if answer := <-answers; !strings.Contains(answer, `"code":"rate_limited"`) {
		t.Errorf("one of too many is answered %s", answer)
	}
	if _, answer := g.call(other, rpc.Pull, strings.Replace(body, "60", "1", 1)); !strings.Contains(answer, `"items":[]`) {
		t.Errorf("another token's is answered %s", answer)
	}
	close(g.stopping)
	for range most {
		if answer := <-answers; !strings.Contains(answer, `"items":[]`) {
			t.Errorf("who waits is answered %s", answer)
		}
	}
}

// Who follows and does not read is let go, and holds nothing for longer than that.
func TestFollowSlowly(t *testing.T) {
	log := new(logLines)
	f := start(t, Options{Patience: 200 * time.Millisecond, Log: zerolog.New(log)})
	f.ok(rpc.Record, deployEntry, nil)
	conn, err := net.Dial("tcp", strings.TrimPrefix(f.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	body := `{"project":"acme","from":1}`
	fmt.Fprintf(conn, "POST /auditLog.follow HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	large := strings.TrimSuffix(deployEntry, "}") + `,"detail":"` + strings.Repeat("x", 60000) + `"}`
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); {
		f.ok(rpc.Record, "["+strings.Repeat(large+",", 30)+large+"]", nil)
		if strings.Contains(log.String(), `"path":"/auditLog.follow"`) {
			return // it has ended
		}
	}
	t.Error("it is never let go")
}
