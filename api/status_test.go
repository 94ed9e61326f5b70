package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"auditlog/rpc"
)

func TestStatus(t *testing.T) {
	f := start(t, Options{Version: "1.2.3"})
	f.ok(rpc.Record, deployEntry, nil)
	f.ok(rpc.Stats, `{"project":"acme"}`, nil)
	var st rpc.StatusResult
	f.ok(rpc.LogStatus, `{"zone":"Europe/Berlin"}`, &st)
	if st.Version != "1.2.3" || st.Entries != 1 || st.Projects != 1 || st.LastID != 1 || st.Disk.Log <= 0 || st.Check == nil {
		t.Errorf("the log is %+v", st)
	}
	slow := make(map[string]rpc.SlowCall)
	for _, c := range st.Slowest {
		slow[c.Method] = c
	}
	if c := slow[rpc.Stats]; c.Project != "acme" || c.Status != http.StatusOK || c.Seconds <= 0 || c.RequestID == "" || c.At.IsZero() {
		t.Errorf("the slowest calls are %+v", st.Slowest)
	}
	for _, body := range []string{`{"zone":"Mars/Base"}`, `{"zones":""}`} {
		if res, answer := f.post(rpc.LogStatus, body); res.StatusCode != http.StatusBadRequest || !strings.Contains(string(answer), "zone") {
			t.Errorf("%s: %s %s", body, res.Status, answer)
		}
	}
}

// What waits for entries, or takes them as they happen, lasts as long as its caller likes.
func TestSlowCallsAreThoseOfTheServer(t *testing.T) {
	f := start(t, Options{})
	f.ok(rpc.Record, deployEntry, nil)
	f.ok(rpc.Pull, `{"project":"acme"}`, nil)
	f.post(rpc.Export, `{"project":"acme"}`)
	f.post("auditLog.nothing", `{}`)
	var methods []string
	for _, c := range f.api.opts.Slow.Slowest(time.Now(), 10) {
		methods = append(methods, c.Method)
	}
	if got := strings.Join(methods, " "); got != rpc.Record {
		t.Errorf("the slowest calls are %s", got)
	}
}
