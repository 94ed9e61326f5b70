package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"auditlog/auth/rights"
	"auditlog/rpc"
)

// get calls a method by GET, with parameters as in a URL.
func (f *fixture) get(method, params string, headers ...string) (*http.Response, string) {
	f.t.Helper()
	return f.do(f.request(http.MethodGet, "/"+method+"?"+params, "", headers...))
}

// What a URL asks for is what the same JSON asks for.
func TestGetIsPost(t *testing.T) {
	f := start(t, Options{Now: func() time.Time { return testNow }})
	for _, e := range []string{
		`{"project":"acme","actor":{"email":"ada@example.com"},"action":"deployment.deploy","resource":{"type":"Deployment"},"outcome":"success","createdAt":"2026-05-04T11:00:00Z"}`,
		`{"project":"acme","actor":{"email":"bob@example.com"},"action":"role.grant","resource":{"type":"Role"},"outcome":"forbidden","createdAt":"2026-05-04T08:00:00Z"}`,
		`{"project":"beta","actor":{"email":"ci@acme","type":"ServiceAccount"},"action":"role.grant","resource":{"type":"Role"},"outcome":"error","createdAt":"2026-05-02T08:00:00Z"}`,
	} {
		f.ok(rpc.Record, e, nil)
	}
	for params, body := range map[string]string{
		"":                                      `{}`,
		"project=acme":                          `{"project":"acme"}`,
		"project=":                              `{}`,
		"project=acme&outcome=forbidden":        `{"project":"acme","outcome":"forbidden"}`,
		"actor=ci@acme&actor=bob%40example.com": `{"actor":["ci@acme","bob@example.com"]}`,
		"not.actor=ci@acme&not.action=deployment.*": `{"not":{"actor":"ci@acme","action":"deployment.*"}}`,
		"from=2h":                             `{"from":"2026-05-04T10:00:00Z"}`,
		"from=yesterday":                      `{"from":"2026-05-03T00:00:00Z"}`,
		"from=2026-05-04&zone=Asia/Bangkok":   `{"from":"2026-05-03T17:00:00Z"}`,
		"from=2026-05-04&to=2026-05-04+09:00": `{"from":"2026-05-04T00:00:00Z","to":"2026-05-04T09:00:00Z"}`,
		"order=oldest&limit=2":                `{"order":"oldest","limit":2}`,
		"outcome=1":                           `{"outcome":1}`,
	} {
		_, got := f.get(rpc.List, params)
		_, want := f.post(rpc.List, body)
		if got != want || !strings.HasPrefix(got, `{"ok":true`) {
			t.Errorf("?%s answers %s\nand %s answers %s", params, got, body, want)
		}
	}
	for path, want := range map[string]string{
		"auditLog.get?project=acme&id=2":           `"bob@example.com"`,
		"auditlog.stats?project=acme&interval=day": `"total":2`,
		"auditLog.export?project=beta&format=csv":  `"role.grant"`,
		"project.list":             `"project":"beta"`,
		"project.get?project=acme": `"entries":2`,
		"session.get":              `"owner":"dev@localhost"`,
	} {
		if res, answer := f.do(f.request(http.MethodGet, "/"+path, "")); res.StatusCode != http.StatusOK || !strings.Contains(answer, want) {
			t.Errorf("GET /%s: %s %s", path, res.Status, answer)
		}
	}
}

// What is wrong with a parameter is said by its name.
func TestGetRefused(t *testing.T) {
	f := start(t, Options{})
	for params, want := range map[string]string{
		"projekt=acme":              `projekt: unknown parameter: did you mean "project"?`,
		"not.aktor=x":               `not.aktor: unknown parameter: did you mean "not.actor"?`,
		"not=x":                     `not: unknown parameter`,
		"project.x=y":               `project.x: unknown parameter`,
		"project=acme&project=beta": `project: is there twice`,
		"limit=many":                `limit: must be a whole number`,
		"limit=-1":                  `limit: must be from 1 to 1000`,
		"from=someday":              `from: "someday" is not a time`,
		"outcome=odd":               `outcome: must be success`,
		"not.channel=fax":           `not.channel: must be`,
		"project=%zz":               `the parameters are not as in a URL`,
		"q=%ff":                     "q: must be valid UTF-8",
		"%ff=x":                     "\ufffd: unknown parameter",
		"project=%ff":               `project: must be valid UTF-8`,
		"zone=Mars/Base":            `zone: `,
		"token=x":                   `token: unknown parameter`,
	} {
		res, answer := f.get(rpc.List, params)
		var e fault
		if err := json.Unmarshal([]byte(answer), &e); err != nil || res.StatusCode != http.StatusBadRequest || !strings.HasPrefix(e.Error.Message, want) {
			t.Errorf("?%s: %s %s, want %s", params, res.Status, answer, want)
		}
	}
}

// What changes something is not done by following a link.
func TestGetOnlyReads(t *testing.T) {
	f := start(t, Options{})
	reads := []string{
		rpc.List, rpc.Get, rpc.Stats, rpc.Export, rpc.Pull, rpc.Follow, rpc.Prove, rpc.ProjectCertificate, rpc.ProjectList, rpc.ProjectGet, rpc.TokenList, rpc.SessionGet, rpc.SessionList, rpc.SinkList, rpc.SinkGet, rpc.SearchList,
		rpc.LogStatus,
	}
	for _, rt := range slices.Concat(f.api.routes(), f.api.open()) {
		res, answer := f.get(rt.method, "nothing=x") // or else a follow would not end
		if want := !slices.Contains(reads, rt.method); (res.StatusCode == http.StatusMethodNotAllowed) != want {
			t.Errorf("GET /%s: %s %s", rt.method, res.Status, answer)
		}
		allow := "POST"
		if slices.Contains(reads, rt.method) {
			allow = "GET, POST"
		}
		if res, _ := f.do(f.request(http.MethodPut, "/"+rt.method, "")); res.Header.Get("Allow") != allow {
			t.Errorf("PUT /%s: allowed is %q", rt.method, res.Header.Get("Allow"))
		}
	}
}

// One may GET what one may POST, and a page of another site may not.
func TestGetPermissions(t *testing.T) {
	g := startGuarded(t, "acme", "beta")
	viewer, _ := g.create(rights.Viewer, time.Time{}, "acme")
	recorder, _ := g.create(rights.Recorder, time.Time{}, "acme")
	for _, tt := range []struct {
		token, path string
		status      int
		headers     []string
	}{
		{viewer, "/auditLog.list?project=acme", http.StatusOK, nil},
		{viewer, "/auditLog.list", http.StatusOK, nil},
		{viewer, "/auditLog.list?project=beta", http.StatusForbidden, nil},
		{viewer, "/token.list", http.StatusForbidden, nil},
		{recorder, "/auditLog.list?project=acme", http.StatusForbidden, nil},
		{"", "/auditLog.list?project=acme", http.StatusUnauthorized, nil},
		{viewer, "/auditLog.list?project=acme", http.StatusForbidden, []string{"Sec-Fetch-Site", "cross-site"}},
		{viewer, "/auditLog.list?project=acme", http.StatusOK, []string{"Sec-Fetch-Site", "none"}},
	} {
		r := httptest.NewRequest(http.MethodGet, tt.path, nil)
		if tt.token != "" {
			r.Header.Set("Authorization", "Bearer "+tt.token)
		}
		for i := 0; i < len(tt.headers); i += 2 {
			r.Header.Set(tt.headers[i], tt.headers[i+1])
		}
		w := httptest.NewRecorder()
		if g.api.ServeHTTP(w, r); w.Code != tt.status || strings.Contains(w.Body.String(), "beta") && tt.status == http.StatusOK {
			t.Errorf("GET %s %q: %d %s", tt.path, tt.headers, w.Code, w.Body)
		}
	}
}

// Lines have the entries alone, and headers lead on, until there is no more; from one page to the
// next a program may work out its times anew.
func TestLines(t *testing.T) {
	f := start(t, Options{Now: func() time.Time { return testNow }})
	for i := range 25 {
		f.ok(rpc.Record, strings.Replace(deployEntry, "{", fmt.Sprintf(`{"detail":"entry %d",`, i), 1), nil)
	}
	accept := []string{"Accept", "application/x-ndjson"}
	lines, pages := 0, 0
	for next := "/auditLog.list?project=acme&limit=10&from=24h&not.actor=nobody"; next != ""; pages++ {
		res, answer := f.do(f.request(http.MethodGet, next, "", accept...))
		if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != rpc.TypeNDJSON {
			t.Fatalf("%s: %s %s", next, res.Status, answer)
		}
		for line := range strings.Lines(answer) {
			var e struct{ ID int }
			if decodeAnswer(t, line, &e); e.ID != 25-lines {
				t.Fatalf("line %d has entry %d", lines, e.ID)
			}
			lines++
		}
		link, ok := strings.CutSuffix(strings.TrimPrefix(res.Header.Get("Link"), "<"), `>; rel="next"`)
		if next = ""; ok {
			base, _ := url.Parse("/auditLog.list")
			to, err := base.Parse(link)
			if err != nil || to.Query().Get("cursor") != res.Header.Get(rpc.HeaderNextCursor) {
				t.Fatalf("the link is %s: %v", link, err)
			}
			next = to.String()
		} else if res.Header.Get(rpc.HeaderNextCursor) != "" {
			t.Error("there is a cursor and no link")
		}
	}
	if lines != 25 || pages != 3 {
		t.Errorf("%d lines in %d pages", lines, pages)
	}
	res, answer := f.post(rpc.List, `{"project":"acme","limit":1}`, accept...)
	if res.Header.Get(rpc.HeaderNextCursor) == "" || res.Header.Get("Link") != "" || strings.Count(answer, "\n") != 1 || answer[0] != '{' {
		t.Errorf("POST for lines: %v %s", res.Header, answer)
	}
	if res, answer := f.get(rpc.List, "limit=0.5", accept...); res.StatusCode != http.StatusBadRequest || !strings.HasPrefix(answer, `{"ok":false`) {
		t.Errorf("an error among lines: %s", answer)
	}
	for accept, want := range map[string]bool{
		"application/x-ndjson": true, "application/jsonl; q=0.9, text/plain": true, "application/json, application/x-ndjson": false,
		"*/*": false, "": false, "application/x-ndjson;q=0": false,
	} {
		if _, answer := f.get(rpc.List, "limit=1", "Accept", accept); !strings.HasPrefix(answer, `{"ok"`) != want {
			t.Errorf("who accepts %q gets %s", accept, answer)
		}
	}
}
