package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"auditlog/api/intake"
	"auditlog/api/strict"
	"auditlog/api/wire"
	"auditlog/audit"
	"auditlog/auth"
	"auditlog/auth/rights"
	"auditlog/rpc"
)

const everything = `{"project":"acme","actor":{"email":"ada@example.com","type":"ServiceAccount","label":"claude-code:pr-42"},
	"action":"deployment.deploy","resource":{"type":"Deployment","id":"4711","name":"web","locationId":"gke.cluster-rcf2"},
	"outcome":"forbidden","detail":"a\nb \"c\" é \ud83d\ude00","channel":"cli","request":{"ip":"203.0.113.9","userAgent":"deploys/1.4","id":"0b7c"},
	"changes":[{"field":"replicas","old":"2","new":"4"}],"metadata":{"commit":"6f1d0c2"},"key":"evt-0c1f","createdAt":"2026-05-04T15:15:30.1234567+07:00"}`

func TestRecordKeepsEverything(t *testing.T) {
	f := start(t, Options{})
	var res rpc.RecordResult
	f.ok(rpc.Record, everything, &res)
	want := rpc.RecordResult{Recorded: 1, FirstID: 1, LastID: 1, Entries: []rpc.Recorded{{ID: 1}}}
	if !reflect.DeepEqual(res, want) {
		t.Errorf("answered %+v", res)
	}
	_, got := f.post(rpc.Get, `{"project":"acme","id":1}`)
	const canonical = `{"ok":true,"result":{"id":1,"seq":1,"project":"acme","actor":{"email":"ada@example.com","type":"ServiceAccount","label":"claude-code:pr-42"},` +
		`"action":"deployment.deploy","resource":{"type":"Deployment","id":"4711","name":"web","locationId":"gke.cluster-rcf2"},` +
		`"outcome":"forbidden","detail":"a\nb \"c\" é 😀","channel":"cli","request":{"ip":"203.0.113.9","userAgent":"deploys/1.4","id":"0b7c"},` +
		`"changes":[{"field":"replicas","old":"2","new":"4"}],"metadata":{"commit":"6f1d0c2"},"key":"evt-0c1f",` +
		`"createdAt":"2026-05-04T08:15:30.123456Z","recordedAt":"2026-05-04T12:00:00.000000Z","recordedBy":"dev"}}` + "\n"
	if got != canonical {
		t.Errorf("got  %swant %s", got, canonical)
	}
}

func TestRecordAnswersForEach(t *testing.T) {
	f := start(t, Options{})
	list := edited("deployment.deploy", "deployment.list")
	keyed := added(`"key":"k"`)
	tests := []struct {
		body string
		want rpc.RecordResult
	}{
		{batchOf(), rpc.RecordResult{}},
		{batchOf(list, keyed, list, deployEntry, keyed), rpc.RecordResult{Recorded: 2, Duplicates: 1, Skipped: 2, FirstID: 1, LastID: 2,
			Entries: []rpc.Recorded{{Skipped: true}, {ID: 1}, {Skipped: true}, {ID: 2}, {ID: 1, Duplicate: true}}}},
		{keyed, rpc.RecordResult{Duplicates: 1, Entries: []rpc.Recorded{{ID: 1, Duplicate: true}}}},
		{batchOf(strings.Replace(keyed, "success", "error", 1), keyed, deployEntry), rpc.RecordResult{Recorded: 1, Duplicates: 1, Conflicts: 1, FirstID: 3, LastID: 3,
			Entries: []rpc.Recorded{{ID: 1, Conflict: true}, {ID: 1, Duplicate: true}, {ID: 3}}}},
		{list, rpc.RecordResult{Skipped: 1, Entries: []rpc.Recorded{{Skipped: true}}}},
		{edited("deployment.deploy", "x.get"), rpc.RecordResult{Skipped: 1, Entries: []rpc.Recorded{{Skipped: true}}}},
		{edited("deployment.deploy", "x.metrics"), rpc.RecordResult{Skipped: 1, Entries: []rpc.Recorded{{Skipped: true}}}},
		{edited("deployment.deploy", "list"), rpc.RecordResult{Recorded: 1, FirstID: 4, LastID: 4, Entries: []rpc.Recorded{{ID: 4}}}},
	}
	for _, tt := range tests {
		var res rpc.RecordResult
		f.ok(rpc.Record, tt.body, &res)
		if !reflect.DeepEqual(res, tt.want) {
			t.Errorf("%s: answered %+v, want %+v", tt.body, res, tt.want)
		}
	}
}

// Whoever refuses an entry of a batch, the answer has its index as a number.
func TestFaultsHaveTheIndex(t *testing.T) {
	f := start(t, Options{})
	for name, tt := range map[string]struct{ second, path string }{
		"the store":         {edited(`"success"`, `"maybe"`), "entries[1].outcome"},
		"the token's check": {edited(`"acme"`, `"_x"`), "entries[1].project"},
		"the types":         {edited(`"success"`, `7`), "entries[1].outcome"},
		"the members":       {added(`"whatever":1`), "entries[1].whatever"},
		"the syntax":        {edited(`"success"`, `tru`), "entries[1].outcome"},
		"the size":          {added(`"detail":"` + strings.Repeat("a", intake.MaxEntryJSON) + `"`), "entries[1]"},
		"an open list":      {added(`"changes":[`), "entries[1].changes"},
	} {
		_, body := f.post(rpc.Record, batchOf(deployEntry, tt.second))
		var e fault
		decodeAnswer(t, body, &e)
		if e.Error.Path != tt.path || e.Error.Entry == nil || *e.Error.Entry != 1 {
			t.Errorf("%s: the answer is %s", name, body)
		}
	}
	for _, body := range []string{edited(`"success"`, `"maybe"`), added(`"whatever":1`), `{"entries":7}`, `{"entries":[]`} {
		e := f.bad(http.StatusBadRequest, rpc.Record, body)
		if e.Error.Entry != nil || e.Error.Line != 0 {
			t.Errorf("%s: of the entry %v", body, e.Error.Entry)
		}
	}
}

// A fault is where it stands in the request, whatever is skipped before it.
func TestFaultBehindSkipped(t *testing.T) {
	f := start(t, Options{})
	list := edited("deployment.deploy", "deployment.list")
	e := f.bad(http.StatusBadRequest, rpc.Record, batchOf(list, deployEntry, list, edited(`"success"`, `"maybe"`)))
	if e.Error.Path != "entries[3].outcome" || e.Error.Entry == nil || *e.Error.Entry != 3 {
		t.Errorf("the fault is at %s, of %v", e.Error.Path, e.Error.Entry)
	}
	if len(f.store.Projects()) != 0 {
		t.Error("something was stored")
	}
}

func TestReadOnlyActionsAreConfiguration(t *testing.T) {
	f := start(t, Options{ReadOnlyActions: []string{"debug.*", "*.peek", "a.exact"}})
	for action, skipped := range map[string]bool{
		"debug.x": true, "x.peek": true, "a.exact": true, "a.exactly": false, "x.list": false, "debug": false, "peek": false,
	} {
		var res rpc.RecordResult
		f.ok(rpc.Record, edited("deployment.deploy", action), &res)
		if (res.Skipped == 1) != skipped {
			t.Errorf("%s: %+v", action, res)
		}
	}
	none := start(t, Options{ReadOnlyActions: []string{}})
	var res rpc.RecordResult
	none.ok(rpc.Record, edited("deployment.deploy", "x.list"), &res)
	if res.Recorded != 1 {
		t.Errorf("with no pattern: %+v", res)
	}
}

// Denied reads are recorded by whoever wants them.
func TestDeniedReadsAreConfiguration(t *testing.T) {
	denied := strings.Replace(edited("deployment.deploy", "deployment.get"), `"success"`, `"forbidden"`, 1)
	failed := strings.Replace(edited("deployment.deploy", "deployment.list"), `"success"`, `"error"`, 1)
	read := edited("deployment.deploy", "deployment.list")
	for keep, want := range map[bool]int64{false: 1, true: 2} {
		f := start(t, Options{KeepDeniedReads: keep})
		var res rpc.RecordResult
		f.ok(rpc.Record, batchOf(read, denied, deployEntry, failed), &res)
		if res.Recorded != want || res.Skipped != 4-want || res.Entries[1].Skipped == keep {
			t.Errorf("kept %v: %+v", keep, res)
		}
	}
}

func TestRecordRefusedByAProjectThatIsDeleted(t *testing.T) {
	f := start(t, Options{})
	f.ok(rpc.Record, deployEntry, nil)
	_, err := f.store.Delete(t.Context(), "acme", &audit.Entry{
		Actor: audit.Actor{Email: "ada@example.com"}, Action: "project.delete", Resource: audit.Resource{Type: "Project"}, Outcome: audit.Success,
	}, audit.DeletionOrder{Grace: 24 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	e := f.bad(http.StatusConflict, rpc.Record, batchOf(edited(`"acme"`, `"other"`), deployEntry))
	if e.Error.Path != "entries[1].project" || !strings.Contains(e.Error.Message, "2026-05-05T12:00:00Z") {
		t.Errorf("refused with %+v", e.Error)
	}
	if n := f.count("acme"); n != 2 {
		t.Errorf("a deleted project lists %d entries", n)
	}
	var projects rpc.ProjectListResult
	f.ok(rpc.ProjectList, `{}`, &projects)
	if p := projects.Items[1:]; len(p) != 1 || p[0].State != audit.Deleting || p[0].DeletedBy != "ada@example.com" || p[0].Entries != 2 || p[0].PurgeAt.IsZero() || p[0].First.IsZero() {
		t.Errorf("listed as %+v", p)
	}
}

// lines returns n lines of NDJSON, every fifth followed by an empty one.
func lines(n int) []string {
	var list []string
	for i := range n {
		list = append(list, edited(`"web"`, fmt.Sprintf(`"web-%d"`, i)))
		if i%5 == 0 {
			list = append(list, " ")
		}
	}
	return list
}

func TestStreamInChunks(t *testing.T) {
	f := start(t, Options{})
	const n = 3*intake.ChunkEntries + 10
	list := lines(n)
	list[3] = edited("deployment.deploy", "deployment.get")
	list[4] = added(`"key":"k"`)
	list[len(list)-1] = added(`"key":"k"`)
	for _, end := range []string{"\n", "\r\n"} {
		var res rpc.RecordResult
		body := strings.Join(list, end) // no end behind the last
		r, answer := f.post(rpc.Record, body, "Content-Type", rpc.TypeNDJSON+"; charset=utf-8")
		var envelope rpc.Answer[rpc.RecordResult]
		decodeAnswer(t, answer, &envelope)
		if r.StatusCode != http.StatusOK || envelope.Result == nil {
			t.Fatalf("answered %s %s", r.Status, answer)
		}
		res = *envelope.Result
		if res.Recorded+res.Duplicates != n-1 || res.Skipped != 1 || res.Duplicates == 0 || res.Entries != nil || res.LastID-res.FirstID+1 != res.Recorded {
			t.Errorf("answered %+v", res)
		}
	}
	if got := f.count("acme"); got != 2*(n-2)-1 {
		t.Errorf("%d entries are there", got)
	}
}

func TestStreamWithAFault(t *testing.T) {
	t.Parallel()
	long := added(`"detail":"` + strings.Repeat("a", 2*intake.MaxEntryJSON) + `"`)
	tests := map[string]struct {
		line, message string
		status        int
	}{
		"wrong value":   {edited(`"success"`, `"maybe"`), "outcome: must be success, forbidden or error", 400},
		"no JSON":       {"{", "ends before the JSON is complete", 400},
		"no object":     {"7", "must be an object", 400},
		"two":           {deployEntry + deployEntry, "is not valid JSON: invalid character '{' after top-level value at byte 149", 400},
		"unknown field": {added(`"whatever":1`), "whatever: unknown field", 400},
		"batch":         {batchOf(deployEntry), "entries: unknown field", 400},
		"too long":      {added(`"detail":"` + strings.Repeat("a", audit.MaxStored) + `"`), "must be at most 65535 bytes as stored, is ", 413},
		"far too long":  {long, "must be at most 65535 bytes as stored", 413},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := start(t, Options{})
			list := lines(2*intake.ChunkEntries + 300)
			at := len(list) - 50 // in the third chunk
			list[at] = tt.line
			e := f.bad(tt.status, rpc.Record, strings.Join(list, "\n"), "Content-Type", rpc.TypeNDJSON)
			if want := fmt.Sprintf("line %d: %s", at+1, tt.message); !strings.HasPrefix(e.Error.Message, want) {
				t.Errorf("the fault is %q, want %q", e.Error.Message, want)
			}
			if e.Error.Line != at+1 || e.Error.Entry != nil {
				t.Errorf("the fault is on line %d, of %v, want line %d", e.Error.Line, e.Error.Entry, at+1)
			}
			if e.Result == nil || e.Result.Recorded != 2*intake.ChunkEntries || e.Result.LastID != 2*intake.ChunkEntries {
				t.Errorf("the result is %+v", e.Result)
			}
			if n := f.count("acme"); n != 2*intake.ChunkEntries {
				t.Errorf("%d entries are there", n)
			}
		})
	}
}

// withTokens starts a Server that asks for tokens, and returns an admin's.
func withTokens(t *testing.T, opts Options) (*fixture, string) {
	t.Helper()
	f := start(t, opts)
	keeper, err := auth.Open(f.store, auth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var admin string
	if err := keeper.Start(t.Context(), "", func(secret string) error { admin = secret; return nil }); err != nil {
		t.Fatal(err)
	}
	opts.Store, opts.Auth = f.store, keeper
	return start(t, opts), admin
}

// tokenFor makes a token.
func (f *fixture) tokenFor(role rights.Role, projects ...string) (secret string, made auth.Token) {
	f.t.Helper()
	call := &rights.Call{Principal: rights.Dev()}
	secret, made, err := f.api.opts.Auth.Create(f.t.Context(), call, auth.Token{Owner: "ci@example.com", Role: role, Projects: projects})
	if err != nil {
		f.t.Fatal(err)
	}
	return secret, made
}

// Entries bear the id of the token that recorded them, whatever the way; a filter finds
// them by it, and the log's own are told apart and name the token that acted.
func TestRecordedBy(t *testing.T) {
	f, admin := withTokens(t, Options{})
	secret, made := f.tokenFor(rights.Recorder, "acme")
	bearer := func(secret string) []string { return []string{"Authorization", "Bearer " + secret} }
	recorder := bearer(secret)
	for _, way := range [][]string{{deployEntry}, {batchOf(deployEntry, deployEntry)}, {deployEntry, "Content-Type", rpc.TypeNDJSON}} {
		if res, answer := f.post(rpc.Record, way[0], append(way[1:], recorder...)...); res.StatusCode != http.StatusOK {
			t.Fatal(answer)
		}
	}
	if res, answer := f.post(rpc.Record, deployEntry, bearer(admin)...); res.StatusCode != http.StatusOK {
		t.Fatal(answer)
	}
	e := f.bad(http.StatusBadRequest, rpc.Record, strings.Replace(deployEntry, "{", `{"recordedBy":"auditlog",`, 1), recorder...)
	if e.Error.Message != "recordedBy: is given by the log and cannot be sent" {
		t.Errorf("an entry that says it is the log's own: %+v", e.Error)
	}
	list := func(project, by string) (entries []*audit.Entry) {
		t.Helper()
		_, answer := f.post(rpc.List, fmt.Sprintf(`{"project":%q,"recordedBy":%q}`, project, by), bearer(admin)...)
		var res rpc.Answer[rpc.ListResult]
		decodeAnswer(t, answer, &res)
		return res.Result.Items
	}
	got := list("acme", made.ID)
	if len(got) != 4 {
		t.Errorf("%d entries of the token %s, want 4", len(got), made.ID)
	}
	for _, e := range got {
		if e.RecordedBy != made.ID {
			t.Errorf("asked for %s, got %s", made.ID, e.RecordedBy)
		}
	}
	own := list(audit.SystemProject, audit.RecordedByLog)
	if len(own) != 2 || own[0].Action != "token.create" || own[0].Metadata["token"] != "dev" {
		t.Errorf("the log's own are %+v", own)
	}
	if res, answer := f.post(rpc.ProjectDelete, `{"project":"acme"}`, bearer(admin)...); res.StatusCode != http.StatusOK {
		t.Fatal(answer)
	}
	p, err := f.api.opts.Auth.Verify(t.Context(), admin)
	if err != nil {
		t.Fatal(err)
	}
	own = list("acme", audit.RecordedByLog)
	if e := own[0]; len(own) != 1 || e.Action != rpc.ProjectDelete || e.Metadata["token"] != p.TokenID || e.Metadata["tokenCreatedBy"] != "auditlog" {
		t.Errorf("project.delete is %s", e.AppendJSON(nil))
	}
}

// What a caller may not record ends a stream where it stands.
func TestStreamBeyondTheCallersProjects(t *testing.T) {
	f, _ := withTokens(t, Options{})
	secret, _ := f.tokenFor(rights.Recorder, "acme")
	list := lines(intake.ChunkEntries + 10)
	list[len(list)-1] = edited(`"acme"`, `"other"`)
	e := f.bad(http.StatusForbidden, rpc.Record, strings.Join(list, "\n"), "Content-Type", rpc.TypeNDJSON, "Authorization", "Bearer "+secret)
	if e.Error.Message != `missing permission auditLog.record on project "other"` || e.Result == nil || e.Result.Recorded != intake.ChunkEntries {
		t.Errorf("answered %+v, %+v", e.Error, e.Result)
	}
	if e := f.bad(http.StatusUnauthorized, rpc.Record, deployEntry); e.Error.Code != "unauthenticated" {
		t.Errorf("without a token: %+v", e.Error)
	}
}

func FuzzQuery(f *testing.F) {
	for _, group := range badRequests {
		for _, body := range group.bodies {
			if len(body) < 1000 {
				f.Add([]byte(body))
			}
		}
	}
	f.Add([]byte(`{"project":"acme","outcome":["failure",1],"after":"2026-05-01T00:00:00Z","to":"2026-05-02T00:00:00.0000001Z","limit":7,"cursor":"x"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var req listRequest
		if err := strict.Decode(b, &req); err != nil {
			checkFault(t, err)
			return
		}
		q, err := req.Filters.Into(&req.ListRequest.Query, testNow)
		if err != nil {
			checkFault(t, err)
			return
		}
		q.Normalize()
		if err := q.Validate(); err != nil {
			checkFault(t, err)
			return
		}
		again := rpc.QueryOf(q)
		q2, err := again.Query()
		if q2.Normalize(); err != nil || !reflect.DeepEqual(q2, q) {
			t.Fatalf("%s: %+v became %+v, %v", b, q, q2, err)
		}
	})
}

// checkFault holds that an error is one of the caller's, in the caller's words.
func checkFault(t *testing.T, err error) {
	t.Helper()
	f := wire.FaultOf(err)
	if f.Kind != audit.Invalid && f.Kind != audit.TooLarge {
		t.Fatalf("%v is of kind %v", err, f.Kind)
	}
	if strings.Contains(f.Message, "json:") || strings.Contains(f.Message, "Go ") || len(f.Error()) > 1000 {
		t.Fatalf("the message is %q", f.Error())
	}
	if _, err := json.Marshal(f); err != nil {
		t.Fatal(err)
	}
}
