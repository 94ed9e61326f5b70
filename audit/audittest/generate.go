// Package audittest makes entries for tests and benchmarks: what an organisation
// of many projects would record, the same for the same seed. It unpacks what tests have packed, too.
// Only tests import it.
package audittest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"auditlog/audit"
)

// Generator makes entries in the order in which they happened.
type Generator struct {
	r      *rand.Rand
	at     time.Time
	every  time.Duration // between calls, on average
	people []string      // actors; every fifth is a service account
	ips    []string
	apps   []string
}

// New returns a Generator whose calls come so often on average.
func New(seed uint64, every time.Duration) *Generator {
	g := &Generator{
		r:     rand.New(rand.NewPCG(seed, 1)),
		at:    time.Date(2025, 6, 1, 8, 0, 0, 0, time.UTC),
		every: every,
	}
	names := []string{"ada", "grace", "linus", "somchai", "malee", "jörg", "mei", "olu", "priya", "sven", "tomás", "yuki"}
	for i := range 40 {
		name := fmt.Sprintf("%s.%c@example.com", names[i%len(names)], 'a'+i/len(names))
		if i%5 == 4 {
			name = fmt.Sprintf("ci-%d@acme.iam.example.com", i)
		}
		g.people = append(g.people, name)
		g.ips = append(g.ips, fmt.Sprintf("203.0.%d.%d", g.r.IntN(256), g.r.IntN(256)))
	}
	for i := range 120 {
		kinds := []string{"web", "api", "worker", "billing", "search", "mailer"}
		g.apps = append(g.apps, fmt.Sprintf("%s-%d", kinds[i%len(kinds)], i/len(kinds)))
	}
	return g
}

// skewed returns a number below n, small ones far more often.
func (g *Generator) skewed(n int) int {
	return min(n-1, int(float64(n)*g.r.Float64()*g.r.Float64()*g.r.Float64()))
}

func (g *Generator) hex(n int) string {
	const digits = "0123456789abcdef"
	b := make([]byte, n)
	for i := range b {
		b[i] = digits[g.r.IntN(16)]
	}
	return string(b)
}

var genActions = []struct{ action, kind, detail string }{
	{"deployment.deploy", "Deployment", "Deployed revision %d of %s, image sha256:%s"},
	{"deployment.deploy", "Deployment", "Deployed revision %d of %s, image sha256:%s"},
	{"deployment.scale", "Deployment", "Scaled to %d replicas"},
	{"deployment.pause", "Deployment", "Paused"},
	{"deployment.resume", "Deployment", "Resumed"},
	{"deployment.rollback", "Deployment", "Rolled back to revision %d of %s (%s)"},
	{"domain.create", "Domain", "Created www%d.%s.example.com"},
	{"domain.delete", "Domain", "Deleted www%d.%s.example.com"},
	{"route.create", "Route", "Routed /v%d to %s"},
	{"route.delete", "Route", "Removed route /v%d of %s"},
	{"disk.create", "Disk", "Created a disk of %dGi for %s"},
	{"disk.update", "Disk", "Grew disk to %dGi"},
	{"role.grant", "Role", "Granted role %d"},
	{"role.revoke", "Role", "Revoked role %d"},
	{"serviceAccount.createKey", "ServiceAccount", "Created key %d for %s: %s"},
	{"secret.update", "Secret", "Set version %d"},
	{"pullSecret.create", "PullSecret", "Created"},
}

// Next returns the next entry, without what the log sets.
func (g *Generator) Next() *audit.Entry {
	g.at = g.at.Add(time.Duration(g.r.ExpFloat64() * float64(g.every)))
	a := genActions[g.skewed(len(genActions))]
	who, app := g.skewed(len(g.people)), g.skewed(len(g.apps))
	e := &audit.Entry{
		Project:   fmt.Sprintf("project-%d", g.skewed(50)),
		Actor:     audit.Actor{Email: g.people[who], Type: audit.User},
		Action:    a.action,
		Outcome:   audit.Success,
		Channel:   audit.Channels()[g.skewed(4)],
		CreatedAt: audit.Truncate(g.at),
		Resource: audit.Resource{
			Type: a.kind, ID: fmt.Sprint(1000 + app*7), Name: g.apps[app],
			LocationID: []string{"gke.cluster-rcf2", "gke.cluster-rcf3"}[app%2],
		},
		Request: audit.Request{
			IP:        g.ips[(who+g.skewed(3))%len(g.ips)],
			UserAgent: []string{"deploys/1.4", "Mozilla/5.0 (X11; Linux x86_64) Firefox/126.0", "deploys-mcp/0.3"}[who%3],
		},
	}
	if who%5 == 4 {
		e.Actor.Type = audit.ServiceAccount
	}
	if who%8 == 3 {
		e.Actor.Label = fmt.Sprintf("claude-code:pr-%d", g.r.IntN(300))
	}
	args := []any{1 + g.skewed(400), g.apps[app], g.hex(12)}
	e.Detail = fmt.Sprintf(a.detail, args[:countVerbs(a.detail)]...)
	g.decorate(e)
	return e
}

func countVerbs(s string) int {
	n := 0
	for _, c := range s {
		if c == '%' {
			n++
		}
	}
	return n
}

// decorate adds what some entries have.
func (g *Generator) decorate(e *audit.Entry) {
	switch p := g.r.IntN(100); {
	case p < 5:
		e.Outcome, e.Detail = audit.Forbidden, "permission "+e.Action+" is missing"
	case p < 7:
		e.Outcome, e.Detail = audit.Error, fmt.Sprintf("timed out after %dms (request %s)", g.r.IntN(30000), g.hex(16))
	}
	if e.Action == "deployment.deploy" && g.r.IntN(2) == 0 {
		e.Metadata = map[string]string{"commit": g.hex(40), "branch": "main"}
	}
	if e.Action == "deployment.scale" {
		n := 1 + g.skewed(20)
		e.Changes = []audit.Change{{Field: "replicas", Old: fmt.Sprint(n), New: fmt.Sprint(n + 1)}}
	}
}

// Entries returns the next n entries.
func (g *Generator) Entries(n int) []*audit.Entry {
	entries := make([]*audit.Entry, n)
	for i := range entries {
		entries[i] = g.Next()
	}
	return entries
}
