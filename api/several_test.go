package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/rpc"
)

// readProjects returns the projects of the entries that a token lists without naming one, each
// once, in the order of the list.
func (g *guarded) readProjects(token, body string) (projects []string) {
	g.t.Helper()
	var page rpc.Answer[rpc.ListResult]
	decodeAnswer(g.t, g.mustCall(token, rpc.List, body), &page)
	for _, e := range page.Result.Items {
		if !slices.Contains(projects, e.Project) {
			projects = append(projects, e.Project)
		}
	}
	return projects
}

// Without a project one reads what one may read, and nothing tells that there is more: not
// entries, counts, cursors or exports.
func TestWithoutProject(t *testing.T) {
	g := startGuarded(t, "acme", "beta", "gamma")
	one, _ := g.create(rights.Viewer, time.Time{}, "beta")
	two, _ := g.create(rights.Admin, time.Time{}, "acme", "gamma", "nowhere")
	all, _ := g.create(rights.Viewer, time.Time{})
	recorder, _ := g.create(rights.Recorder, time.Time{}, "acme")
	for name, tt := range map[string]struct {
		token string
		want  []string
	}{
		"viewer of one": {one, []string{"beta"}},
		"admin of some": {two, []string{"acme", "gamma"}},
		"viewer of all": {all, []string{"acme", "beta", "gamma"}},
		"admin of all":  {g.root, []string{"_auditlog", "acme", "beta", "gamma"}},
	} {
		got := g.readProjects(tt.token, `{"order":"oldest"}`)
		if slices.Sort(got); !slices.Equal(got, tt.want) {
			t.Errorf("%s lists %q, want %q", name, got, tt.want)
		}
		var stats rpc.Answer[rpc.StatsResult]
		decodeAnswer(t, g.mustCall(tt.token, rpc.Stats, `{"resourceType":"Deployment"}`), &stats)
		tt.want = slices.DeleteFunc(tt.want, func(name string) bool { return name == audit.SystemProject })
		if want := int64(len(tt.want)); stats.Result.Total != want {
			t.Errorf("%s counts %d, want %d", name, stats.Result.Total, want)
		}
		exported := g.mustCall(tt.token, rpc.Export, `{"resourceType":"Deployment"}`)
		if n := strings.Count(exported, "\n"); int64(n) != stats.Result.Total {
			t.Errorf("%s exports %d, counts %d", name, n, stats.Result.Total)
		}
	}
	if status, answer := g.call(recorder, rpc.List, `{}`); status != http.StatusForbidden {
		t.Errorf("who may read nothing lists: %d %s", status, answer)
	}
}

// A cursor over all projects is of the projects that its token may read, and of its order.
func TestCursorOverProjects(t *testing.T) {
	g := startGuarded(t, "acme", "beta", "gamma")
	some, _ := g.create(rights.Viewer, time.Time{}, "acme", "beta")
	other, _ := g.create(rights.Viewer, time.Time{}, "acme", "gamma")
	var page rpc.Answer[rpc.ListResult]
	decodeAnswer(t, g.mustCall(some, rpc.List, `{"limit":1}`), &page)
	next := fmt.Sprintf(`{"limit":1,"cursor":%q}`, page.Result.NextCursor)
	if got := g.readProjects(some, next); len(got) != 1 {
		t.Errorf("the next page is of %q", got)
	}
	for name, ask := range map[string][2]string{
		"another token": {other, next}, "another order": {some, strings.Replace(next, "{", `{"order":"oldest",`, 1)},
		"one project": {some, strings.Replace(next, "{", `{"project":"acme",`, 1)},
	} {
		status, answer := g.call(ask[0], rpc.List, ask[1])
		var e fault
		if err := json.Unmarshal([]byte(answer), &e); err != nil || status != http.StatusBadRequest || e.Error.Path != "cursor" {
			t.Errorf("%s: %d %s", name, status, answer)
		}
	}
}
