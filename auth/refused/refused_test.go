package refused

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/auth/rights"
)

// journal keeps entries in memory and can be made to fail. What becomes of them in a real store
// is tested with package auth.
type journal struct {
	entries []*audit.Entry
	err     error
}

func (j *journal) RecordOwn(_ context.Context, e *audit.Entry) error {
	if j.err == nil {
		j.entries = append(j.entries, e)
	}
	return j.err
}

// refuser records step by step what was refused.
type refuser struct {
	*testing.T
	journal
	*Calls
	now time.Time
}

func newRefuser(t *testing.T) *refuser {
	r := &refuser{T: t, now: time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)}
	r.Calls = New(&r.journal, func() time.Time { return r.now })
	return r
}

// refuse plays a refused call of a token.
func (r *refuser) refuse(token string, permission rights.Permission, project string) {
	p := rights.Principal{Owner: token + "@example.com", Type: audit.User, TokenID: token}
	r.Denied(&rights.Call{Principal: p, Channel: audit.ChannelAPI}, &rights.Denied{Permission: permission, Project: project})
}

// pass lets time go by, and what is due at each moment of it be recorded.
func (r *refuser) pass(d time.Duration) {
	end := r.now.Add(d)
	for {
		// What fails is counted, and looked at by the tests that make it fail.
		_ = r.Record(r.Context())
		wait := r.Wait()
		if wait == 0 {
			r.Fatal("something is still due at once")
		}
		if r.now.Add(wait).After(end) {
			r.now = end
			return
		}
		r.now = r.now.Add(wait)
	}
}

// told returns the number of refusals that all entries tell of.
func (r *refuser) told() (n int) {
	for _, e := range r.entries {
		count := 1
		if s, ok := e.Metadata["count"]; ok {
			var err error
			if count, err = strconv.Atoi(s); err != nil {
				r.Fatal(err)
			}
		}
		n += count
	}
	return n
}

func TestRefusalFlood(t *testing.T) {
	r := newRefuser(t)
	start := r.now
	for range 10_000 { // in a minute
		r.refuse("poller", rights.AuditLogList, "acme")
		r.pass(6 * time.Millisecond)
	}
	r.pass(time.Minute)
	if len(r.entries) != 2 || r.told() != 10_000 {
		t.Fatalf("%d entries tell of %d refusals, want 2 of 10000", len(r.entries), r.told())
	}
	first, rest := r.entries[0], r.entries[1]
	if first.Project != "acme" || first.Action != "auditLog.list" || first.Outcome != audit.Forbidden ||
		first.Actor.Email != "poller@example.com" || first.Resource != (audit.Resource{Type: "Project", ID: "acme", Name: "acme"}) ||
		!first.CreatedAt.Equal(start) || !maps.Equal(first.Metadata, map[string]string{"permission": "auditLog.list", "token": "poller"}) {
		t.Errorf("the first is %+v", first)
	}
	want := map[string]string{
		"permission": "auditLog.list", "token": "poller", "count": "9999",
		"firstAt": "2026-05-04T08:00:00.006Z", "lastAt": "2026-05-04T08:00:59.994Z",
	}
	if !maps.Equal(rest.Metadata, want) || rest.Detail != `missing permission auditLog.list on project "acme"` {
		t.Errorf("the others are %+v", rest)
	}
}

// A poller that is stuck for good makes some thirty entries a day.
func TestRefusalsOfADay(t *testing.T) {
	r := newRefuser(t)
	for range 24 * 60 * 6 {
		r.refuse("poller", rights.AuditLogList, "acme")
		r.pass(10 * time.Second)
	}
	r.pass(time.Hour)
	if len(r.entries) > 27 || r.told() != 24*60*6 {
		t.Errorf("%d entries tell of %d refusals", len(r.entries), r.told())
	}
	r.pass(3 * time.Hour)
	if n := r.tally.Len(); n != 0 {
		t.Errorf("%d kinds are remembered for ever", n)
	}
}

// After a silence, the next is the first again.
func TestRefusalAfterSilence(t *testing.T) {
	r := newRefuser(t)
	r.refuse("t", rights.TokenList, "")
	r.pass(2 * time.Minute)
	r.refuse("t", rights.TokenList, "")
	r.pass(time.Second)
	if len(r.entries) != 1 {
		t.Fatalf("%d entries, want the second refusal still counted", len(r.entries))
	}
	r.pass(time.Hour)
	if len(r.entries) != 2 || r.entries[1].Metadata["count"] != "" {
		t.Fatalf("entries %+v", r.entries)
	}
	r.refuse("t", rights.TokenList, "")
	r.pass(0)
	if len(r.entries) != 3 || r.entries[2].Project != audit.SystemProject {
		t.Fatalf("the first refusal after an hour is not told of at once: %+v", r.entries)
	}
}

// Who tries every name fills neither the memory nor the disk.
func TestRefusalsOfManyNames(t *testing.T) {
	r := newRefuser(t)
	for i := range 100_000 {
		r.refuse("scanner", rights.AuditLogList, fmt.Sprint("project-", i))
		if i%1000 == 0 {
			r.pass(time.Millisecond)
		}
		if n := r.tally.Len(); n > maxKinds+1 {
			t.Fatalf("%d kinds are remembered", n)
		}
	}
	r.refuse("other", rights.AuditLogList, "acme")
	r.pass(2 * time.Minute)
	if len(r.entries) != maxKinds+3 || r.told() != 100_001 {
		t.Fatalf("%d entries tell of %d refusals, want %d of 100001", len(r.entries), r.told(), maxKinds+3)
	}
	others := slices.DeleteFunc(slices.Clone(r.entries), func(e *audit.Entry) bool { return e.Project != audit.SystemProject })
	if len(others) != 2 || others[1].Resource != (audit.Resource{Type: "Project"}) {
		t.Errorf("the names beyond are told of in %+v", others)
	}
	r.pass(24 * time.Hour)
	if r.tally.Len() != 0 {
		t.Errorf("%d kinds are remembered for ever", r.tally.Len())
	}
}

// While the log cannot write, nothing is lost and nothing is tried in a hurry.
func TestRefusalsWhileTheLogFails(t *testing.T) {
	r := newRefuser(t)
	r.journal.err = errors.New("the disk is full")
	for range 100 {
		r.refuse("t", rights.AuditLogList, "acme")
		r.pass(time.Second)
	}
	if got := r.Counts(); got.RefusalFailures > 2 || got.RefusalEntries != 0 || got.Refused != 100 {
		t.Errorf("stats %+v", got)
	}
	r.journal.err = nil
	r.pass(time.Minute)
	if len(r.entries) != 1 || r.told() != 100 || r.entries[0].Metadata["firstAt"] != "2026-05-04T08:00:00Z" {
		t.Errorf("%d entries tell of %d refusals: %+v", len(r.entries), r.told(), r.entries[0])
	}
}
