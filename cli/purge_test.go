package cli

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"syscall"
	"testing"

	"auditlog/audit"
	"auditlog/client"
	"auditlog/rpc"
	"auditlog/store"
)

var purgeSteps = regexp.MustCompile(`(?m)^auditlog_purge_steps_total (\d+)$`)

// stepsOf returns how many steps of purges a server has made.
func stepsOf(t *testing.T, p *process) int {
	t.Helper()
	res, err := http.Get(p.url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	m := purgeSteps.FindSubmatch(body)
	if m == nil {
		t.Fatalf("no steps in %s", body)
	}
	n, err := strconv.Atoi(string(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestKillDuringPurge kills the server after a step or so of a purge, again and
// again: each start goes on where the one before was, and the purge ends.
func TestKillDuringPurge(t *testing.T) {
	dir := t.TempDir()
	serve := func() (*process, *client.Client) {
		p, err := startServer(nil, dir, "--dev", "--data", dir, "--grace", "0s")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.kill)
		return p, &client.Client{URL: p.url, Tries: 1}
	}
	p, c := serve()
	const n = 6000
	entries := make([]audit.Entry, 0, 2*n)
	for i := range n {
		for _, project := range []string{"doomed", "kept"} {
			entries = append(entries, audit.Entry{
				Project: project, Actor: audit.Actor{Email: "ada@example.com"}, Action: "a.b", Outcome: audit.Success,
				Resource: audit.Resource{Type: "R", ID: strconv.Itoa(i)}, Key: fmt.Sprintf("evt-%d", i),
			})
		}
		if len(entries) == 2000 {
			if _, err := c.Record(t.Context(), entries...); err != nil {
				t.Fatal(err)
			}
			entries = entries[:0]
		}
	}
	if _, err := c.DeleteProject(t.Context(), "doomed"); err != nil {
		t.Fatal(err)
	}
	kills := 0
	for {
		doomed, err := c.Project(t.Context(), "doomed")
		if err != nil {
			t.Fatal(err)
		}
		if doomed.State == audit.Purged {
			break
		}
		if stepsOf(t, p) > 0 {
			p.kill()
			kills++
			p, c = serve()
		}
	}
	left := 0
	for e, err := range c.List(t.Context(), rpc.ListRequest{Query: rpc.Query{Project: "doomed"}}) {
		newest := []string{"project.purge", rpc.ProjectDelete}
		if err != nil || e.Action != newest[left] || left == 0 && e.Metadata["entries"] != fmt.Sprint(n) || e.Seq != int64(n+2-left) {
			t.Errorf("what is left is %+v, %v", e, err)
		}
		left++
	}
	if left != 2 {
		t.Errorf("%d entries are left", left)
	}
	if kept, err := c.Project(t.Context(), "kept"); err != nil || kept.Entries != n {
		t.Errorf("the other project is %+v, %v", kept, err)
	}
	if err := p.stop(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if _, err := store.Check(t.Context(), dir, func(problem string) { t.Error(problem) }); err != nil {
		t.Error(err)
	}
	if kills == 0 {
		t.Skip("the purge was over before it could be killed")
	}
	t.Logf("killed %d times", kills)
}
