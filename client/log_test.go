package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"auditlog/api"
	"auditlog/audit"
	"auditlog/auth"
	"auditlog/client"
	"auditlog/retention"
	"auditlog/rpc"
	"auditlog/store"
)

// start starts a real log and returns a client of it. The store is checked when
// the test ends.
func start(t *testing.T) *client.Client {
	t.Helper()
	st, err := store.Open(t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	keeper, err := auth.OpenDev(st, auth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server, err := api.New(api.Options{Store: st, Auth: keeper, Retention: retention.New(st, retention.Options{})})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(server)
	t.Cleanup(func() {
		srv.Close()
		if _, err := st.Check(context.Background(), func(problem string) { t.Error(problem) }); err != nil {
			t.Error(err)
		}
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return &client.Client{URL: srv.URL, HTTP: srv.Client()}
}

func deploys(n int) []audit.Entry {
	outcomes := audit.Outcomes()
	list := make([]audit.Entry, n)
	for i := range list {
		list[i] = audit.Entry{
			Project:   "acme",
			Actor:     audit.Actor{Email: "ada@example.com", Type: audit.User},
			Action:    "deployment.deploy",
			Resource:  audit.Resource{Type: "Deployment", ID: fmt.Sprint(i)},
			Outcome:   outcomes[i%len(outcomes)],
			CreatedAt: time.Date(2026, 5, 4, 0, 0, i/3, 0, time.UTC),
		}
	}
	return list
}

func TestAgainstTheLog(t *testing.T) {
	c := start(t)
	ctx := t.Context()
	if err := c.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	const n = 2500
	res, err := c.Record(ctx, deploys(n)...)
	if err != nil || res.Recorded != n || res.FirstID != 1 || res.LastID != n {
		t.Fatalf("recorded %d, ids %d to %d, %v", res.Recorded, res.FirstID, res.LastID, err)
	}

	query := rpc.Query{Project: "acme", Terms: rpc.Terms{Outcome: rpc.Values{audit.Failure}}, To: time.Date(2026, 5, 4, 0, 10, 0, 0, time.UTC)}
	var listed []*audit.Entry
	for e, err := range c.List(ctx, rpc.ListRequest{Query: query, Limit: 300}) {
		if err != nil {
			t.Fatal(err)
		}
		listed = append(listed, e)
	}
	if len(listed) != 1200 || listed[0].Resource.ID != "1799" || listed[1199].Resource.ID != "1" {
		t.Fatalf("%d entries listed", len(listed))
	}
	if e, err := c.Get(ctx, "acme", listed[7].ID); err != nil || !reflect.DeepEqual(e, listed[7]) {
		t.Errorf("got %+v, %v; want %+v", e, err, listed[7])
	}

	var exported bytes.Buffer
	if err := c.Export(ctx, rpc.ExportRequest{Query: query}, &exported); err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	for _, e := range listed {
		want.Write(append(e.AppendJSON(nil), '\n'))
	}
	if got := exported.String(); len(got) != want.Len() || !strings.Contains(got, string(listed[0].AppendJSON(nil))) {
		t.Errorf("the export has %d bytes, want %d", len(got), want.Len())
	}

	stats, err := c.Stats(ctx, rpc.StatsRequest{Query: rpc.Query{Project: "acme"}, Buckets: 10})
	if err != nil || stats.Total != n || stats.Outcomes.Success != 834 || len(stats.Buckets) == 0 || len(stats.Actors.Top) != 1 {
		t.Errorf("stats are %+v, %v", stats, err)
	}
	projects, err := c.Projects(ctx)
	if err != nil || len(projects) != 1 || projects[0].Project != "acme" || projects[0].Entries != n || projects[0].State != audit.Active {
		t.Errorf("projects are %+v, %v", projects, err)
	}
}

func TestFaultsOfTheLog(t *testing.T) {
	c := start(t)
	ctx := t.Context()
	bad := deploys(3)
	bad[1].Outcome = "odd"
	_, err := c.Record(ctx, bad...)
	if err == nil || err.Error() != "entries[1].outcome: must be success, forbidden or error" || audit.KindOf(err) != audit.Invalid {
		t.Errorf("recording: %v", err)
	}
	if _, err := c.Get(ctx, "acme", 1); audit.KindOf(err) != audit.NotFound {
		t.Errorf("getting what is not there: %v", err)
	}
	_, err = c.ListPage(ctx, rpc.ListRequest{Query: rpc.Query{Project: "acme"}, Cursor: "odd"})
	if audit.KindOf(err) != audit.Invalid {
		t.Errorf("listing with an odd cursor: %v", err)
	}
	err = c.Export(ctx, rpc.ExportRequest{Query: rpc.Query{Project: "acme"}, Format: "odd"}, new(bytes.Buffer))
	if audit.KindOf(err) != audit.Invalid {
		t.Errorf("exporting in an odd format: %v", err)
	}

	var stream bytes.Buffer
	for _, e := range deploys(1500) {
		stream.Write(append(e.AppendInput(nil), '\n'))
	}
	stream.WriteString(`{"project":"acme"}` + "\n")
	res, err := c.RecordNDJSON(ctx, &stream)
	if err == nil || !strings.HasPrefix(err.Error(), "line 1501: ") || res.Recorded == 0 {
		t.Errorf("recording a stream: %+v, %v", res, err)
	}
}

// loseAnswers lets every other call through and loses its answer.
type loseAnswers struct {
	next  http.RoundTripper
	calls atomic.Int64
}

func (l *loseAnswers) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := l.next.RoundTrip(r)
	if err == nil && l.calls.Add(1)%2 == 1 {
		res.Body.Close()
		return nil, errors.New("connection reset")
	}
	return res, err
}

func TestLostAnswers(t *testing.T) {
	c := start(t)
	c.HTTP = &http.Client{Transport: &loseAnswers{next: c.HTTP.Transport}}
	c.Pause = time.Millisecond
	for i := range 5 {
		res, err := c.Record(t.Context(), deploys(20)...)
		if err != nil || res.Recorded != 20 || res.Duplicates != 0 || res.FirstID != int64(20*i+1) {
			t.Fatalf("got %+v, %v", res, err)
		}
	}
}

func TestServiceRecordsItsCalls(t *testing.T) {
	c := start(t)
	queue := c.NewQueue(client.QueueConfig{})
	describe := func(r *http.Request) (audit.Entry, bool) {
		return audit.Entry{
			Project: "acme", Actor: audit.Actor{Email: "ada@example.com"},
			Action: "deployment.deploy", Resource: audit.Resource{Type: "Deployment", ID: r.PathValue("id")},
		}, true
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", http.StatusForbidden) })
	mux := http.NewServeMux()
	open := &client.Middleware{Describe: describe, Queue: queue}
	closed := &client.Middleware{Describe: describe, FailClosed: c}
	mux.Handle("/open/{id}", open.Wrap(handler))
	mux.Handle("/closed/{id}", closed.Wrap(handler))
	for _, path := range []string{"/open/1", "/closed/2"} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest("POST", path, nil))
		if w.Code != http.StatusForbidden {
			t.Errorf("%s answered %d", path, w.Code)
		}
	}
	if err := queue.Close(t.Context()); err != nil || queue.Dropped() != 0 {
		t.Fatalf("%v, %d dropped", err, queue.Dropped())
	}
	var got []string
	for e, err := range c.List(t.Context(), rpc.ListRequest{Query: rpc.Query{Project: "acme"}}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(e.Action, " ", e.Resource.ID, " ", e.Outcome, " ", e.Metadata["begin"] != ""))
	}
	want := map[string]bool{
		"deployment.deploy 1 forbidden false":     true,
		"deployment.deploy.begin 2 success false": true,
		"deployment.deploy 2 forbidden true":      true,
	}
	for _, g := range got {
		if !want[g] {
			t.Errorf("the log has %q", g)
		}
	}
	if len(got) != len(want) {
		out, _ := json.Marshal(got)
		t.Errorf("the log has %s", out)
	}
}
