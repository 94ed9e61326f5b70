package web

import (
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"auditlog/sink"
)

// What a status asks for.
func TestAnswers(t *testing.T) {
	now := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		status     int
		retryAfter string
		want       any // the error's type, or nil
		after      time.Duration
	}{
		{200, "", nil, 0}, {204, "", nil, 0},
		{301, "", errors.New(""), 0}, {401, "", errors.New(""), 0}, {403, "", errors.New(""), 0}, {404, "", errors.New(""), 0}, {500, "", errors.New(""), 0},
		{400, "", new(sink.Unfit), 0}, {413, "", new(sink.Unfit), 0}, {422, "", new(sink.Unfit), 0},
		{410, "", new(sink.Gone), 0},
		{429, "", new(sink.Later), 0}, {503, "", new(sink.Later), 0}, {429, "7", new(sink.Later), 7 * time.Second},
		{500, "7", new(sink.Later), 7 * time.Second}, {503, "Mon, 04 May 2026 08:00:05 GMT", new(sink.Later), 5 * time.Second},
	} {
		a := &Answer{Status: c.status, Header: http.Header{"Retry-After": {c.retryAfter}}, at: now}
		err := a.Err()
		later, gone, unfit := new(sink.Later), new(sink.Gone), new(sink.Unfit)
		var got any
		switch {
		case errors.As(err, &later):
			got = later
		case errors.As(err, &gone):
			got = gone
		case errors.As(err, &unfit):
			got = unfit
		case err != nil:
			got = err
		}
		if kind(got) != kind(c.want) || later.After != c.after {
			t.Errorf("%d %q: %#v after %v", c.status, c.retryAfter, err, later.After)
		}
	}
}

// kind names the type of an answer's error.
func kind(v any) string {
	switch v.(type) {
	case nil:
		return "none"
	case *sink.Later:
		return "later"
	case *sink.Gone:
		return "gone"
	case *sink.Unfit:
		return "unfit"
	}
	return "another"
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"":                       "",
		" two\r\n lines\t":       "two lines",
		"\x1b[31mred\x00\xff":    "[31mred \ufffd",
		"a\u202eb":               "ab",
		strings.Repeat("雪", 200): strings.Repeat("雪", 100) + "…",
	} {
		if got := Clean(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func open(t *testing.T, to string, settings map[string]string) *Client {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	o := &sink.Options{URL: u, Settings: map[string]string{"timeout": "1s"}, Environment: sink.Environment{AllowLocal: true, Now: time.Now}}
	for name, v := range settings {
		o.Settings[name] = v
	}
	c, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// A certificate that does not verify is refused, one that is named is trusted, and no error
// tells the address, which may be a secret.
func TestTrust(t *testing.T) {
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte(r.URL.String()))
	}))
	defer srv.Close()
	_, err := open(t, srv.URL+"/s3cret", nil).Post(t.Context(), &Request{})
	if err == nil || !strings.Contains(err.Error(), "certificate") || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("of a stranger: %v", err)
	}
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}))
	a, err := open(t, srv.URL+"/s3cret?a=b", map[string]string{"ca": ca}).Post(t.Context(), &Request{Path: "x", Query: "c=d"})
	if err != nil || string(a.Body) != "/s3cret/x?a=b&c=d" {
		t.Errorf("of one that is trusted: %v, %v", a, err)
	}
}

// What never answers is left after the time that is set.
func TestTimeout(t *testing.T) {
	stop := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-stop }))
	defer srv.Close()
	defer close(stop)
	began := time.Now()
	_, err := open(t, srv.URL, nil).Post(t.Context(), &Request{})
	if err == nil || !strings.Contains(err.Error(), "did not answer in time") || time.Since(began) > 5*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}
