package api

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"auditlog/auth/rights"
	"auditlog/rpc"
)

// searchNames returns the searches that a token has, as name and what it is for.
func (g *guarded) searchNames(token string) string {
	g.t.Helper()
	var answer rpc.Answer[rpc.SearchListResult]
	decodeAnswer(g.t, g.mustCall(token, rpc.SearchList, `{}`), &answer)
	var names []string
	for _, s := range answer.Result.Items {
		names = append(names, s.Name+"@"+s.For)
	}
	return strings.Join(names, " ")
}

// Whoever reads saves searches for themselves, which nobody else has; those for a project are its
// admins' to save, and all have them who read it. Each act is told of.
func TestSearches(t *testing.T) {
	g := startGuarded(t, "acme", "beta")
	viewer, _ := g.create(rights.Viewer, time.Time{}, "acme")
	namesake, _ := g.create(rights.Viewer, time.Time{}, "acme") // with a token of the same owner
	admin, _ := g.create(rights.Admin, time.Time{}, "acme")
	recorder, _ := g.create(rights.Recorder, time.Time{}, "acme")
	other, _ := g.create(rights.Admin, time.Time{}, "beta")
	long := func(s string) string { return strings.Repeat(s, 2000) }
	for _, tt := range []struct {
		token, method, body string
		status              int
	}{
		{viewer, rpc.SearchSave, `{"name":"mine","query":{"project":"acme","outcome":"failure","from":"7d","not":{"actor":["ci@acme"]}}}`, http.StatusOK},
		{viewer, rpc.SearchSave, `{"name":"ours","for":"acme","query":{}}`, http.StatusForbidden},
		{admin, rpc.SearchSave, `{"name":"ours","for":"acme","query":{"actor":"web"}}`, http.StatusOK},
		{admin, rpc.SearchSave, `{"name":"theirs","for":"beta","query":{}}`, http.StatusForbidden},
		{admin, rpc.SearchSave, `{"name":"x","for":"acme","query":{"project":"beta"}}`, http.StatusBadRequest},
		{other, rpc.SearchSave, `{"name":"theirs","for":"beta","query":{"order":"oldest"}}`, http.StatusOK},
		{other, rpc.SearchDelete, `{"name":"ours","for":"acme"}`, http.StatusForbidden},
		{recorder, rpc.SearchSave, `{"name":"mine","query":{}}`, http.StatusForbidden},
		{recorder, rpc.SearchList, `{}`, http.StatusForbidden},
		{namesake, rpc.SearchDelete, `{"name":"mine"}`, http.StatusNotFound},
		{viewer, rpc.SearchSave, `{"name":" ","query":{}}`, http.StatusBadRequest},
		{viewer, rpc.SearchSave, `{"name":"a\u0007b","query":{}}`, http.StatusBadRequest},
		{viewer, rpc.SearchSave, fmt.Sprintf(`{"name":%q,"query":{}}`, strings.Repeat("n", 101)), http.StatusBadRequest},
		{viewer, rpc.SearchSave, fmt.Sprintf(`{"name":"x","query":{"actor":[%q,%q,%q,%q,%q]}}`, long("a"), long("b"), long("c"), long("d"), long("e")), http.StatusBadRequest},
		{viewer, rpc.SearchSave, `{"name":"x","query":{"outcome":"odd"}}`, http.StatusBadRequest},
		{viewer, rpc.SearchSave, `{"name":"x","query":{"from":"someday"}}`, http.StatusBadRequest},
		{viewer, rpc.SearchSave, `{"name":"x","query":{"order":"first"}}`, http.StatusBadRequest},
		{viewer, rpc.SearchSave, `{"name":"x","for":"_x","query":{}}`, http.StatusBadRequest},
	} {
		if status, answer := g.call(tt.token, tt.method, tt.body); status != tt.status {
			t.Errorf("%s %s: %d %s, want %d", tt.method, tt.body, status, answer, tt.status)
		}
	}
	for name, want := range map[string][2]string{
		"viewer": {viewer, "mine@ ours@acme"}, "namesake": {namesake, "ours@acme"}, "admin": {admin, "ours@acme"},
		"other": {other, "theirs@beta"}, "root": {g.root, "ours@acme theirs@beta"},
	} {
		if got := g.searchNames(want[0]); got != want[1] {
			t.Errorf("%s has %q, want %q", name, got, want[1])
		}
	}
	var list rpc.Answer[rpc.SearchListResult]
	decodeAnswer(t, g.mustCall(viewer, rpc.SearchList, `{}`), &list)
	if q := list.Result.Items[0].Query; q.From != "7d" || len(q.Outcome) != 1 || len(q.Not.Actor) != 1 || q.Project != "acme" {
		t.Errorf("the search has become %+v", q)
	}
	g.mustCall(viewer, rpc.SearchSave, `{"name":"mine","query":{"actor":"again"}}`) // in its place
	g.mustCall(viewer, rpc.SearchDelete, `{"name":"mine"}`)
	g.mustCall(admin, rpc.SearchDelete, `{"name":"ours","for":"acme"}`)
	if got := g.searchNames(viewer); got != "" {
		t.Errorf("after all are deleted there are %q", got)
	}
	var told []string
	for _, e := range g.entries("acme") {
		if strings.HasPrefix(e.Action, "search.") {
			told = append(told, e.Action+" "+e.Resource.Name+" "+string(e.Outcome))
		}
	}
	if got := strings.Join(told, ", "); !strings.Contains(got, "search.save ours success") || !strings.Contains(got, "search.delete ours success") {
		t.Errorf("acme is told %s", got)
	}
}

// Nobody fills the log with searches.
func TestSearchesAreBounded(t *testing.T) {
	var later atomic.Int64
	f := start(t, Options{Now: func() time.Time { return testNow.Add(time.Duration(later.Load())) }})
	for i := range 60 {
		f.ok(rpc.SearchSave, fmt.Sprintf(`{"name":"s%d","query":{}}`, i), nil)
	}
	f.bad(http.StatusTooManyRequests, rpc.SearchSave, `{"name":"too soon","query":{}}`)
	f.bad(http.StatusTooManyRequests, rpc.SearchDelete, `{"name":"s1"}`)
	for range 100 { // which changes nothing, and is no entry
		f.ok(rpc.SearchSave, `{"name":"s1","query":{}}`, nil)
	}
	var page struct{ Items []struct{ Action string } }
	f.ok(rpc.List, `{"project":"_auditlog","action":"search.*","limit":1000}`, &page)
	if len(page.Items) != 60 {
		t.Errorf("%d entries tell of 60 searches", len(page.Items))
	}
	for i := 60; i < 200; i++ {
		later.Add(int64(time.Minute))
		f.ok(rpc.SearchSave, fmt.Sprintf(`{"name":"s%d","query":{}}`, i), nil)
	}
	later.Add(int64(2 * time.Minute))
	f.bad(http.StatusConflict, rpc.SearchSave, `{"name":"one more","query":{}}`)
	f.ok(rpc.SearchSave, `{"name":"s7","query":{"actor":"in its place"}}`, nil)
}
