package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/client"
	"auditlog/rpc"
)

// Parts of any size add up to all that there is.
func TestPullAgainstTheLog(t *testing.T) {
	c := start(t)
	const n = 2500
	if _, err := c.Record(t.Context(), deploys(n)...); err != nil {
		t.Fatal(err)
	}
	req := rpc.PullRequest{Filters: rpc.Filters{Project: "acme", Terms: rpc.Terms{Outcome: rpc.Values{"error"}}}, Limit: 300}
	covered, given := int64(0), int64(0)
	for part, err := range c.Pull(t.Context(), req) {
		if err != nil || part.Covered.From != covered+1 {
			t.Fatalf("behind %d comes %+v, %v", covered, part.Covered, err)
		}
		sum := int64(len(part.Items))
		for _, r := range part.Skipped {
			sum += r.Len()
		}
		if sum != part.Covered.Len() {
			t.Fatalf("%+v does not add up", part)
		}
		covered, given = part.Covered.To, given+int64(len(part.Items))
	}
	if covered != n || given != n/3 {
		t.Errorf("%d of %d given, %d covered", given, n/3, covered)
	}
	for _, err := range c.Pull(t.Context(), rpc.PullRequest{Filters: rpc.Filters{Project: "_x"}}) {
		if audit.KindOf(err) != audit.Invalid {
			t.Errorf("a project that cannot be: %v", err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	for _, err := range c.Pull(ctx, rpc.PullRequest{Filters: rpc.Filters{Project: "acme"}, From: "now", WaitSeconds: 20}) {
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a wait that is given up ends with %v", err)
		}
	}
}

// Who follows gets everything once, however often the connection breaks.
func TestFollowAgainstTheLog(t *testing.T) {
	c := start(t)
	var calls atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = strings.TrimPrefix(r.URL.Path, "/")
		req, _ := http.NewRequestWithContext(r.Context(), r.Method, c.URL+"/"+r.URL.Path, r.Body)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		defer res.Body.Close()
		w.WriteHeader(res.StatusCode)
		b := make([]byte, 700+100*calls.Add(1)) // and then the connection breaks
		for len(b) > 0 {
			n, err := res.Body.Read(b)
			if err != nil {
				panic(http.ErrAbortHandler)
			}
			w.Write(b[:n])
			http.NewResponseController(w).Flush()
			b = b[n:]
		}
		panic(http.ErrAbortHandler)
	}))
	defer proxy.Close()
	const n = 60
	if _, err := c.Record(t.Context(), deploys(n)...); err != nil {
		t.Fatal(err)
	}
	broken := &client.Client{URL: proxy.URL, Pause: time.Millisecond}
	next := int64(1)
	for ev, err := range broken.Follow(t.Context(), rpc.FollowRequest{Filters: rpc.Filters{Project: "acme", Terms: rpc.Terms{Outcome: rpc.Values{"failure"}}}, From: "1"}) {
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case ev.Entry != nil && ev.Entry.Seq == next:
			next++
		case ev.Skipped != nil && ev.Skipped.From == next:
			next = ev.Skipped.To + 1
		default:
			t.Fatalf("behind %d comes %+v", next-1, ev)
		}
		if next > n {
			break
		}
	}
	if calls.Load() < 5 {
		t.Errorf("the connection broke %d times: this tested nothing", calls.Load())
	}
}

// What a log says at the end is the error, unless another try may help.
func TestFollowEnds(t *testing.T) {
	answers := []string{
		": nothing\n\nevent: later\ndata: {}\n\nid: A\nevent: skipped\ndata: {\"from\":1,\"to\":2}\n\nevent: end\ndata: {\"code\":\"unavailable\",\"message\":\"the server stops\"}\n\n",
		"id: B\nevent: purged\ndata: {\"from\":3,\"to\":3}\n\nevent: end\ndata: {\"code\":\"unauthenticated\",\"message\":\"the token was revoked\"}\n\n",
	}
	var got []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := make([]byte, 200)
		n, _ := r.Body.Read(body)
		got = append(got, string(body[:n]))
		fmt.Fprint(w, answers[0])
		answers = answers[1:]
	}))
	defer srv.Close()
	c := &client.Client{URL: srv.URL, Pause: time.Millisecond}
	var told []string
	for ev, err := range c.Follow(t.Context(), rpc.FollowRequest{Filters: rpc.Filters{Project: "acme"}}) {
		switch {
		case err != nil:
			told = append(told, err.Error())
		case ev.Skipped != nil:
			told = append(told, fmt.Sprint("skipped ", *ev.Skipped, ev.Cursor))
		case ev.Purged != nil:
			told = append(told, fmt.Sprint("purged ", *ev.Purged, ev.Cursor))
		}
	}
	if want := "skipped {1 2}A, purged {3 3}B, the token was revoked"; strings.Join(told, ", ") != want {
		t.Errorf("told %q, want %q", told, want)
	}
	if len(got) != 2 || !strings.Contains(got[1], `"cursor":"A"`) {
		t.Errorf("asked %q", got)
	}
}
