package format

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
)

var update = flag.Bool("update", false, "write the golden files")

var origin = &Origin{Log: audit.Lineage{Log: "9f2c4d", Epoch: 2}, Version: "1.2.3"}

// samples are entries of every class, and odd ones.
func samples() []*audit.Entry {
	at := time.Date(2026, 5, 4, 8, 15, 30, 123456000, time.UTC)
	id := int64(0)
	entry := func(action, kind, resourceID, name string, outcome audit.Outcome) *audit.Entry {
		id++
		return &audit.Entry{
			ID: id, Seq: id, Project: "acme", Actor: audit.Actor{Email: "ada@example.com", Type: audit.User}, Action: action,
			Resource: audit.Resource{Type: kind, ID: resourceID, Name: name}, Outcome: outcome,
			CreatedAt: at, RecordedAt: at.Add(1500 * time.Microsecond), RecordedBy: "0f3KxQ9Z",
		}
	}
	deploy := entry("deployment.deploy", "Deployment", "4711", "web", audit.Success)
	deploy.Actor.Label, deploy.Detail, deploy.Channel = "claude-code:pr-42", `Deployed "web", revision 7`, audit.ChannelCLI
	deploy.Resource.LocationID, deploy.Key = "gke.cluster-rcf2", "evt-0c1f"
	deploy.Request = audit.Request{IP: "203.0.113.9", UserAgent: "deploys/1.4", ID: "0b7c"}
	deploy.Changes = []audit.Change{{Field: "replicas", Old: "2", New: "4"}}
	deploy.Metadata = map[string]string{"commit": "6f1d0c2", "branch": "main"}
	odd := entry("x", "A|B=C\\D", "", "", audit.Error)
	odd.Actor = audit.Actor{Email: "robot", Type: audit.ServiceAccount}
	odd.Detail, odd.Request.IP = "two\r\nlines|of=text\\ <&> 雪 \u2028", "not an address"
	v6 := entry("domain.list", "Domain", "", "www", audit.Success)
	v6.Request.IP = "2001:db8::1"
	grant := entry("role.grant", "Role", "r-1", "editor", audit.Forbidden)
	grant.Metadata = map[string]string{"user": "grace@example.com"}
	assign := entry("user.assignRole", "User", "u-9", "grace", audit.Success)
	assign.Metadata = map[string]string{"role": "editor"}
	member := entry("group.addMember", "Group", "g-1", "admins", audit.Success)
	member.Metadata = map[string]string{"member": "grace@example.com"}
	key := entry("serviceAccount.createKey", "ServiceAccount", "sa-1", "ci", audit.Success)
	own := entry("project.purge", "Project", "acme", "acme", audit.Success)
	own.RecordedBy, own.Actor.Type = audit.RecordedByLog, audit.ServiceAccount
	return []*audit.Entry{
		deploy, odd, v6, grant, assign, member, key, own,
		entry("role.grant", "Role", "r-1", "editor", audit.Success), // nobody says to whom
		entry("user.disable", "User", "u-9", "grace", audit.Success),
		entry("session.begin", "Session", "s-1", "", audit.Success),
		entry("token.use", "Token", "", "", audit.Forbidden),
		entry("user.logout", "User", "u-9", "grace", audit.Success),
		entry("team.create", "Team", "t-1", "ops", audit.Error),
		entry("disk.frobnicate", "Disk", "", "", audit.Success),
	}
}

func TestGolden(t *testing.T) {
	for _, f := range All() {
		var got []byte
		for _, e := range samples() {
			got = append(f.Append(got, origin, e), '\n')
		}
		path := "testdata/" + f.Name + ".golden"
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", f.Name, got, want)
		}
	}
}

// What an entry holds is in what every format writes of it.
func TestNothingIsLeftOut(t *testing.T) {
	for _, f := range All() {
		for _, e := range append(samples(), audittest.Full()) {
			line := string(f.Append(nil, origin, e))
			find := func(what, s string) {
				quoted := string(audit.AppendString(nil, s))
				escaped := cefExtensionEscapes.Replace(s)
				if !strings.Contains(line, quoted[1:len(quoted)-1]) && !(f.Text && strings.Contains(line, escaped)) {
					t.Errorf("%s: %s %q is not in %s", f.Name, what, s, line)
				}
			}
			for _, field := range audit.Fields() {
				find(field.Path, *field.Of(e))
			}
			for _, c := range e.Changes {
				find("change", c.Field)
				find("change", c.Old)
				find("change", c.New)
			}
			for k, v := range e.Metadata {
				find("metadata", k)
				find("metadata", v)
			}
		}
	}
}

func TestObjectsAreJSON(t *testing.T) {
	g := audittest.New(1, time.Second)
	for range 300 {
		e := g.Next()
		for _, f := range All() {
			line := f.Append(nil, origin, e)
			if !f.Text && !json.Valid(line) || bytes.ContainsAny(line, "\r\n") {
				t.Fatalf("%s: %s", f.Name, line)
			}
		}
	}
}

func TestParse(t *testing.T) {
	for _, f := range All() {
		if got, err := Parse(strings.ToUpper(f.Name)); err != nil || got != f {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
	if _, err := Parse("leef"); err == nil || err.Error() != "format: must be one of json, ocsf, ecs, cef" {
		t.Error(err)
	}
}

func BenchmarkAppend(b *testing.B) {
	g := audittest.New(1, time.Second)
	entries := make([]*audit.Entry, 1000)
	for i := range entries {
		entries[i] = g.Next()
	}
	for _, f := range All() {
		b.Run(f.Name, func(b *testing.B) {
			var buf []byte
			for i := 0; b.Loop(); i++ {
				buf = f.Append(buf[:0], origin, entries[i%len(entries)])
			}
		})
	}
}
