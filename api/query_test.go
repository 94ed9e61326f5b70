package api

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/fulltext"
	"auditlog/rpc"
)

// wordSearch finds entries with each of some words in one of their values.
type wordSearch struct {
	words []string
}

func (w wordSearch) Whole(value string) uint64 {
	return w.terms(func(word string) bool { return value == strings.Trim(word, `"`) })
}

func (w wordSearch) Terms(value string) uint64 {
	return w.terms(func(word string) bool { return strings.Contains(value, word) })
}

func (w wordSearch) terms(in func(word string) bool) (terms uint64) {
	for i, word := range w.words {
		if in(word) {
			terms |= 1 << i
		}
	}
	return terms
}

func (w wordSearch) Blocks(context.Context, []fulltext.ProjectID, audit.Position, int64) ([][]fulltext.BlockKey, uint64, bool, error) {
	return nil, 0, false, nil
}

func (w wordSearch) Clues() *fulltext.Clues { return nil }

func (w wordSearch) Match(terms uint64) bool { return terms == 1<<len(w.words)-1 }

// searchWord is store.Options.Search for tests: words, and "!" is not understood.
func searchWord(text string) (fulltext.Query, error) {
	if text == "!" {
		return nil, audit.FieldErrorf("q", "must hold a letter or a digit")
	}
	return wordSearch{words: strings.Fields(text)}, nil
}

// sample is a random entry whose values repeat and often agree in one part only.
func sample(r *rand.Rand, i int) *audit.Entry {
	pick := func(values ...string) string { return values[r.IntN(len(values))] }
	return &audit.Entry{
		Project:  pick("acme", "acme", "acme", "other"),
		Actor:    audit.Actor{Email: pick("ada@example.com", "bob@example.com", "ci@acme"), Type: audit.ActorType(pick("User", "ServiceAccount"))},
		Action:   pick("deployment.deploy", "deployment.delete", "deploymentx.deploy", "role.grant"),
		Resource: audit.Resource{Type: pick("Deployment", "deployment", "Role", "ΣΑΣ"), ID: pick("1", "2", "3"), Name: pick("web", "db")},
		Outcome:  audit.Outcome(pick("success", "success", "forbidden", "error")),
		Detail:   fmt.Sprintf("entry %d %s", i, pick("red", "green")),
		Channel:  audit.Channel(pick("", "api", "cli")),
		Request:  audit.Request{IP: pick("", "10.0.0.1", "::ffff:10.0.0.1", "10.0.1.7"), ID: pick("", "r-1", "r-2"), UserAgent: pick("curl/8.5", "deploys/1.4")},
		// Many at one moment, many a microsecond apart.
		CreatedAt: testNow.Add(-time.Duration(r.IntN(20)) * time.Microsecond).Add(-time.Duration(r.IntN(3)) * time.Hour),
	}
}

// randomQuery returns filters as they are sent, and the same done by hand.
func randomQuery(r *rand.Rand) (body map[string]any, match func(*audit.Entry) bool) {
	body = map[string]any{"project": "acme"}
	var tests []func(*audit.Entry) bool
	filter := func(name string, value any, test func(*audit.Entry) bool) {
		if r.IntN(4) == 0 {
			body[name] = value
			tests = append(tests, test)
		}
	}
	at := testNow.Add(-time.Duration(r.IntN(20)) * time.Microsecond).Add(-time.Duration(r.IntN(3)) * time.Hour)
	end := at.Add(time.Duration(r.IntN(int(2 * time.Hour))))
	format := func(t time.Time) string { return t.In(time.FixedZone("", 7*3600)).Format(time.RFC3339Nano) }
	filter("resourceType", "DEPLOYMENT", func(e *audit.Entry) bool { return strings.EqualFold(e.Resource.Type, "deployment") })
	filter("resourceId", "2", func(e *audit.Entry) bool { return e.Resource.ID == "2" })
	filter("actor", "ada@example.com", func(e *audit.Entry) bool { return e.Actor.Email == "ada@example.com" })
	filter("actorType", "ServiceAccount", func(e *audit.Entry) bool { return e.Actor.Type == audit.ServiceAccount })
	filter("channel", "CLI", func(e *audit.Entry) bool { return e.Channel == audit.ChannelCLI })
	filter("ip", "10.0.0.0/24", func(e *audit.Entry) bool { return strings.HasSuffix(e.Request.IP, "10.0.0.1") })
	filter("requestId", "r-1", func(e *audit.Entry) bool { return e.Request.ID == "r-1" })
	filter("userAgent", "curl/8.5", func(e *audit.Entry) bool { return e.Request.UserAgent == "curl/8.5" })
	filter("q", "green", func(e *audit.Entry) bool { return strings.Contains(e.Detail, "green") })
	filter("from", format(at), func(e *audit.Entry) bool { return !e.CreatedAt.Before(at) })
	filter("after", format(at), func(e *audit.Entry) bool { return e.CreatedAt.After(at) })
	filter("to", format(end), func(e *audit.Entry) bool { return e.CreatedAt.Before(end) })
	filter("before", format(end), func(e *audit.Entry) bool { return e.CreatedAt.Before(end) })
	switch r.IntN(8) {
	case 0:
		filter("action", "deployment.*", func(e *audit.Entry) bool { return strings.HasPrefix(e.Action, "deployment.") })
	case 1:
		filter("action", "deployment.deploy", func(e *audit.Entry) bool { return e.Action == "deployment.deploy" })
	case 2:
		filter("outcome", "Success", func(e *audit.Entry) bool { return e.Outcome == audit.Success })
	case 3:
		filter("outcome", []string{"failure"}, func(e *audit.Entry) bool { return e.Outcome != audit.Success })
	case 4:
		filter("outcome", []string{"error", "success"}, func(e *audit.Entry) bool { return e.Outcome != audit.Forbidden })
	}
	return body, func(e *audit.Entry) bool {
		return e.Project == "acme" && !slices.ContainsFunc(tests, func(test func(*audit.Entry) bool) bool { return !test(e) })
	}
}

// asBody writes a request, with one more member.
func asBody(t testing.TB, m map[string]any, name string, value any) string {
	t.Helper()
	all := map[string]any{name: value}
	for k, v := range m {
		all[k] = v
	}
	b, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Every filter of list, stats and export against the same done by hand.
func TestQueriesAgainstAModel(t *testing.T) {
	t.Parallel()
	f := startSearching(t, Options{}, searchWord)
	r := rand.New(rand.NewPCG(1, 2))
	var all []*audit.Entry
	var body []byte
	for i := range 600 {
		e := sample(r, i)
		all = append(all, e)
		body = append(e.AppendInput(body), '\n')
	}
	if res, answer := f.post(rpc.Record, string(body), "Content-Type", rpc.TypeNDJSON); res.StatusCode != http.StatusOK {
		t.Fatal(answer)
	}
	seqs := make(map[string]int64)
	for i, e := range all {
		seqs[e.Project]++
		e.ID, e.Seq, e.RecordedAt, e.RecordedBy = int64(i+1), seqs[e.Project], testNow, audit.RecordedByDev
	}
	slices.SortFunc(all, func(a, b *audit.Entry) int { return b.Position().Compare(a.Position()) })
	for range 80 {
		query, match := randomQuery(r)
		var want []int64
		counts := rpc.Counts{}
		var export []byte
		for _, e := range all {
			if !match(e) {
				continue
			}
			want = append(want, e.ID)
			export = append(e.AppendJSON(export), '\n')
			switch e.Outcome {
			case audit.Success:
				counts.Success++
			case audit.Forbidden:
				counts.Forbidden++
			case audit.Error:
				counts.Error++
			}
		}
		if got := f.listAll(query, 1+r.IntN(50)); !slices.Equal(got, want) {
			t.Fatalf("%v lists %v, want %v", query, got, want)
		}
		if res, got := f.post(rpc.Export, asBody(t, query, "format", "ndjson")); res.StatusCode != 200 || got != string(export) {
			t.Fatalf("%v exports %s\n%s\nwant\n%s", query, res.Status, got, export)
		}
		f.checkStats(query, int64(len(want)), counts)
	}
}

// listAll pages through a listing.
func (f *fixture) listAll(query map[string]any, limit int) []int64 {
	f.t.Helper()
	var ids []int64
	cursor := ""
	for {
		page := rpc.ListResult{}
		withLimit := map[string]any{"limit": limit}
		for k, v := range query {
			withLimit[k] = v
		}
		f.ok(rpc.List, asBody(f.t, withLimit, "cursor", cursor), &page)
		if page.Items == nil || len(page.Items) > limit {
			f.t.Fatalf("a page of %d with limit %d", len(page.Items), limit)
		}
		for _, e := range page.Items {
			ids = append(ids, e.ID)
		}
		if cursor = page.NextCursor; cursor == "" {
			return ids
		}
	}
}

func (f *fixture) checkStats(query map[string]any, total int64, counts rpc.Counts) {
	f.t.Helper()
	var st rpc.StatsResult
	f.ok(rpc.Stats, asBody(f.t, query, "buckets", 7), &st)
	if st.Total != total || st.Outcomes != counts || len(st.Buckets) > 7 {
		f.t.Fatalf("%v: the stats are %+v, want %d, %+v", query, st, total, counts)
	}
	var inBuckets int64
	for i, b := range st.Buckets {
		inBuckets += b.Success + b.Forbidden + b.Error
		if !b.From.Before(b.To) || i > 0 && !st.Buckets[i-1].To.Equal(b.From) {
			f.t.Fatalf("the buckets are %+v", st.Buckets)
		}
	}
	for _, values := range []rpc.TopValues{st.Types, st.Actions, st.Actors} {
		n := values.OtherEntries
		for i, v := range values.Top {
			n += v.Count
			if i > 0 && values.Top[i-1].Count < v.Count {
				f.t.Fatalf("the values are %+v", values)
			}
		}
		if n != total || inBuckets != total {
			f.t.Fatalf("%v: of %d entries, %d have values and %d are in buckets", query, total, n, inBuckets)
		}
	}
}

// buckets asks for counts and returns the bounds of the buckets in a zone, and the counts.
func (f *fixture) buckets(t *testing.T, body string, loc *time.Location) (bounds []string, counts []int64) {
	t.Helper()
	var st rpc.StatsResult
	f.ok(rpc.Stats, body, &st)
	for i, b := range st.Buckets {
		if i == 0 {
			bounds = append(bounds, b.From.In(loc).Format("01-02T15:04-07"))
		}
		bounds = append(bounds, b.To.In(loc).Format("01-02T15:04-07"))
		counts = append(counts, b.Success+b.Forbidden+b.Error)
	}
	return bounds, counts
}

func TestStatsByTheCalendar(t *testing.T) {
	f := start(t, Options{})
	santiago, err := time.LoadLocation("America/Santiago")
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{"2025-09-06T12:00:00-04:00", "2025-09-06T23:59:59-04:00", "2025-09-07T01:00:00-03:00", "2025-09-08T00:00:00-03:00"} {
		f.ok(rpc.Record, strings.Replace(deployEntry, "{", `{"createdAt":"`+at+`",`, 1), nil)
	}
	for _, tt := range []struct {
		body   string
		bounds string
		counts []int64
	}{
		{`"interval":"day","zone":"America/Santiago"`, "09-06T00:00-04 09-07T01:00-03 09-08T00:00-03 09-09T00:00-03", []int64{2, 1, 1}},
		{`"interval":"Week","zone":"America/Santiago"`, "09-01T00:00-04 09-08T00:00-03 09-15T00:00-03", []int64{3, 1}},
		{`"interval":"month","zone":"America/Santiago"`, "09-01T00:00-04 10-01T00:00-03", []int64{4}},
		{`"interval":"day"`, "09-05T20:00-04 09-06T20:00-04 09-07T21:00-03 09-08T21:00-03", []int64{1, 2, 1}},
		// The ends of the range cut the first and the last day.
		{`"interval":"day","zone":"America/Santiago","from":"2025-09-06T23:00:00-04:00","to":"2025-09-07T02:00:00-03:00"`,
			"09-06T23:00-04 09-07T01:00-03 09-07T02:00-03", []int64{1, 1}},
		{`"buckets":3,"zone":"America/Santiago"`, "09-06T00:00-04 09-07T01:00-03 09-08T00:00-03 09-09T00:00-03", []int64{2, 1, 1}},
		{`"buckets":4,"zone":"America/Santiago"`, "09-06T12:00-04 09-07T01:00-03 09-07T12:00-03 09-08T00:00-03 09-08T12:00-03", []int64{2, 1, 0, 1}},
		{`"interval":"hour","zone":"America/Santiago","from":"2025-09-06T22:00:00-04:00","to":"2025-09-07T02:00:00-03:00"`,
			"09-06T22:00-04 09-06T23:00-04 09-07T01:00-03 09-07T02:00-03", []int64{0, 1, 1}},
	} {
		bounds, counts := f.buckets(t, `{"project":"acme",`+tt.body+`}`, santiago)
		if strings.Join(bounds, " ") != tt.bounds || !slices.Equal(counts, tt.counts) {
			t.Errorf("%s is cut at\n%v, want\n%s: %v, want %v", tt.body, bounds, tt.bounds, counts, tt.counts)
		}
	}
	if bounds, _ := f.buckets(t, `{"project":"acme","from":"2025-09-06T00:00:00Z","to":"2025-09-06T00:00:00Z"}`, time.UTC); bounds != nil {
		t.Errorf("no time is cut at %v", bounds)
	}
	_, body := f.post(rpc.Stats, `{"project":"acme","interval":"hour","from":"2025-01-01T00:00:00Z","to":"2025-03-01T00:00:00Z"}`)
	if !strings.Contains(body, "interval: cuts this range into more than 1000 parts") {
		t.Errorf("answered %s", body)
	}
}

func TestListOfNothing(t *testing.T) {
	f := start(t, Options{})
	if _, body := f.post(rpc.List, `{"project":"acme"}`); body != `{"ok":true,"result":{"items":[]}}`+"\n" {
		t.Errorf("answered %s", body)
	}
	if _, body := f.post(rpc.Stats, `{"project":"acme"}`); !strings.Contains(body, `"total":0`) || strings.Contains(body, "null") {
		t.Errorf("answered %s", body)
	}
	if _, body := f.post(rpc.ProjectList, ``); !strings.Contains(body, "the body is empty") {
		t.Errorf("answered %s", body)
	}
}

func TestDefaultLimit(t *testing.T) {
	f := start(t, Options{})
	f.ok(rpc.Record, batchOf(slices.Repeat([]string{deployEntry}, 60)...), nil)
	for _, body := range []string{`{"project":"acme"}`, `{"project":"acme","limit":0}`, `{"project":"acme","limit":null}`} {
		var page rpc.ListResult
		f.ok(rpc.List, body, &page)
		if len(page.Items) != audit.DefaultLimit || page.NextCursor == "" {
			t.Errorf("%s lists %d, next %q", body, len(page.Items), page.NextCursor)
		}
	}
}

func TestCursorsBelongToTheirQuery(t *testing.T) {
	f := startSearching(t, Options{}, searchWord)
	f.ok(rpc.Record, batchOf(deployEntry, deployEntry, edited(`"acme"`, `"other"`), edited(`"acme"`, `"other"`)), nil)
	var page rpc.ListResult
	f.ok(rpc.List, `{"project":"acme","resourceType":"deployment","limit":1}`, &page)
	cursor := `,"cursor":"` + page.NextCursor + `"}`
	f.ok(rpc.List, `{"project":"acme","resourceType":"DEPLOYMENT","limit":5`+cursor, &page)
	if len(page.Items) != 1 || page.Items[0].ID != 1 {
		t.Errorf("the next page is %+v", page.Items)
	}
	f.ok(rpc.List, `{"project":"acme","resourceType":"deployment","to":"2026-06-01T00:00:00Z"`+cursor, &page)
	if len(page.Items) != 1 || page.Items[0].ID != 1 {
		t.Errorf("the next page with another time is %+v", page.Items)
	}
	for _, query := range []string{
		`{"project":"other","resourceType":"deployment"`, `{"project":"acme"`, `{"project":"acme","resourceType":"deployment","outcome":"success"`,
		`{"project":"acme","resourceType":"deployment","q":"x"`,
	} {
		if e := f.bad(http.StatusBadRequest, rpc.List, query+cursor); e.Error.Path != "cursor" {
			t.Errorf("%s: %+v", query, e.Error)
		}
	}
}

func TestSearchErrors(t *testing.T) {
	f := startSearching(t, Options{}, searchWord)
	for _, method := range []string{rpc.List, rpc.Stats, rpc.Export} {
		if e := f.bad(http.StatusBadRequest, method, `{"project":"acme","q":"!"}`); e.Error.Message != "q: must hold a letter or a digit" {
			t.Errorf("%s: %+v", method, e.Error)
		}
	}
}
