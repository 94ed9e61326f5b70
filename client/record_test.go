package client

import (
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/rpc"
)

func TestRecord(t *testing.T) {
	log, c := newFakeLog(t)
	c.Channel = audit.ChannelCLI
	sent := []audit.Entry{entry("ada@example.com"), entry("bob@example.com"), entry("eve@example.com")}
	sent[1].Key, sent[1].Channel = "k1", audit.ChannelMCP
	sent[2].Action = "deployment.get"
	before := append([]audit.Entry(nil), sent...)
	want := rpc.RecordResult{
		Recorded: 2, Skipped: 1, FirstID: 1, LastID: 2,
		Entries: []rpc.Recorded{{ID: 1}, {ID: 2}, {Skipped: true}},
	}
	if got, err := c.Record(t.Context(), sent...); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	if !reflect.DeepEqual(sent, before) {
		t.Errorf("the caller's entries became %+v", sent)
	}
	got := log.recorded()
	if len(got[0].Key) != 24 || got[0].Channel != audit.ChannelCLI || got[1].Key != "k1" || got[1].Channel != audit.ChannelMCP {
		t.Errorf("the log has %+v", got)
	}
	if res, err := c.Record(t.Context()); err != nil || !reflect.DeepEqual(res, rpc.RecordResult{}) || log.calls != 1 {
		t.Errorf("of no entries: %+v, %v after %d calls", res, err, log.calls)
	}
}

func TestRecordSplits(t *testing.T) {
	t.Run("by number", func(t *testing.T) {
		log, c := newFakeLog(t)
		list := entries(2*audit.MaxBatch + 1)
		res, err := c.Record(t.Context(), list...)
		if err != nil || res.Recorded != int64(len(list)) || len(res.Entries) != len(list) || log.calls != 3 {
			t.Fatalf("%d recorded, %v after %d calls", res.Recorded, err, log.calls)
		}
		if res.FirstID != 1 || res.LastID != int64(len(list)) {
			t.Errorf("ids %d to %d", res.FirstID, res.LastID)
		}
	})
	t.Run("by size", func(t *testing.T) {
		log, c := newFakeLog(t)
		list := entries(600)
		for i := range list {
			list[i].Detail = strings.Repeat("x", 60_000)
		}
		res, err := c.Record(t.Context(), list...)
		if err != nil || res.Recorded != 600 || log.calls != 2 {
			t.Fatalf("%d recorded, %v after %d calls", res.Recorded, err, log.calls)
		}
	})
	t.Run("errors count from the first", func(t *testing.T) {
		_, c := newFakeLog(t)
		list := entries(audit.MaxBatch + 10)
		list[audit.MaxBatch+7].Actor.Email = "bad"
		res, err := c.Record(t.Context(), list...)
		if err == nil || err.Error() != "entries[10007].actor.email: is bad" || itemOf(err) != audit.EntryAt(10007) {
			t.Errorf("got %v", err)
		}
		if res.Recorded != audit.MaxBatch {
			t.Errorf("%d recorded before", res.Recorded)
		}
	})
}

func TestKeysSort(t *testing.T) {
	var a, b keys
	last := ""
	for range 100 {
		k := a.next()
		if len(k) != 24 || k <= last || last != "" && k[:16] != last[:16] {
			t.Fatalf("%q follows %q", k, last)
		}
		last = k
	}
	if other := b.next(); other[:16] == last[:16] {
		t.Errorf("%q and %q are of two clients", other, last)
	}
}

func TestRecordNDJSON(t *testing.T) {
	log, c := newFakeLog(t)
	r, w := io.Pipe()
	go func() {
		for _, e := range entries(1000) {
			w.Write(append(e.AppendInput(nil), '\n'))
		}
		w.Close()
	}()
	res, err := c.RecordNDJSON(t.Context(), r)
	if err != nil || res.Recorded != 1000 || res.LastID != 1000 || len(log.recorded()) != 1000 {
		t.Errorf("got %+v, %v", res, err)
	}

	e := entry("ada@example.com")
	res, err = c.RecordNDJSON(t.Context(), strings.NewReader(string(e.AppendInput(nil))+"\n{\n"))
	if err == nil || err.Error() != "line 2: is no JSON" || itemOf(err) != audit.LineAt(2) || res.Recorded != 1 {
		t.Errorf("got %+v, %v", res, err)
	}

	log.before = down
	log.calls = 0
	if _, err := c.RecordNDJSON(t.Context(), strings.NewReader("")); audit.KindOf(err) != audit.Unavailable || log.calls != 1 {
		t.Errorf("got %v after %d calls", err, log.calls)
	}
}

func TestWriter(t *testing.T) {
	log, c := newFakeLog(t)
	w := c.NewWriter(t.Context())
	for _, e := range entries(2500) {
		if err := w.Write(e); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.Result().Recorded; n != 2000 {
		t.Errorf("%d recorded before Close", n)
	}
	if err := w.Close(); err != nil || w.Result().Recorded != 2500 || w.Result().Entries != nil || log.calls != 3 {
		t.Errorf("got %v, %+v after %d calls", err, w.Result(), log.calls)
	}
}

func TestWriterStops(t *testing.T) {
	log, c := newFakeLog(t)
	w := c.NewWriter(t.Context())
	var err error
	for i := 0; err == nil && i < 5000; i++ {
		e := entry("ada@example.com")
		if i == 1500 {
			e.Actor.Email = "bad"
		}
		err = w.Write(e)
	}
	if err == nil || err.Error() != "entries[1500].actor.email: is bad" || log.calls != 2 {
		t.Errorf("got %v after %d calls", err, log.calls)
	}
	if again := w.Close(); again != err || w.Write(entry("ada@example.com")) != err || log.calls != 2 {
		t.Errorf("then got %v after %d calls", again, log.calls)
	}
	if w.Result().Recorded != 1000 {
		t.Errorf("got %+v", w.Result())
	}
}

func TestAddress(t *testing.T) {
	log, c := newFakeLog(t)
	for _, url := range []string{"http://log.test", "http://log.test/"} {
		c.URL = url
		if err := c.Ready(t.Context()); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	c.URL = "http://log.test/behind/a/proxy/"
	log.before = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusNotFound)
		return true
	}
	_, err := c.Projects(t.Context())
	if err == nil || err.Error() != "http://log.test/behind/a/proxy/project.list answered 404 Not Found" || audit.KindOf(err) != audit.NotFound {
		t.Errorf("got %v", err)
	}
	log.before = down
	if err := c.Ready(t.Context()); audit.KindOf(err) != audit.Unavailable {
		t.Errorf("a log that is not ready: %v", err)
	}
	c.URL = "http://[::1"
	if _, err := c.Projects(t.Context()); audit.KindOf(err) != audit.Invalid || !strings.HasPrefix(err.Error(), `the log's address "http://[::1": `) {
		t.Errorf("got %v", err)
	}
	var zero Client
	zero.HTTP = &http.Client{Transport: seen(func(r *http.Request) {
		if r.URL.String() != DefaultURL+"/readyz" || r.Header.Get("Authorization") != "" || r.UserAgent() != "auditlog-client" {
			t.Errorf("the zero Client asks %s with %v", r.URL, r.Header)
		}
	})}
	if err := zero.Ready(t.Context()); !errors.Is(err, errNetwork) {
		t.Errorf("got %v", err)
	}
}

type seen func(*http.Request)

func (s seen) RoundTrip(r *http.Request) (*http.Response, error) {
	s(r)
	return nil, errNetwork
}

func TestInternalErrorsNameTheRequest(t *testing.T) {
	log, c := newFakeLog(t)
	c.Tries, c.Pause = 1, time.Nanosecond
	log.before = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		refuse(w, audit.Internal, "", "internal error")
		return true
	}
	if _, err := c.Projects(t.Context()); err == nil || err.Error() != "internal error (request r7)" {
		t.Errorf("got %v", err)
	}
}

// itemOf returns which entry err is about.
func itemOf(err error) audit.Item {
	if f := (*audit.Fault)(nil); errors.As(err, &f) && f.Kind == audit.Invalid {
		return f.Item
	}
	return audit.Item{}
}
