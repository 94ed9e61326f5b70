package storetest

import (
	"maps"
	"slices"
	"time"

	"pgregory.net/rapid"

	"auditlog/audit"
)

// What entries are drawn from: few values, so that they meet.
var (
	projects = []string{"acme", "globex", "initech"}
	actors   = []string{"ada@example.com", "bob@example.com", "ci@example.com"}
	actions  = []string{"deployment.deploy", "deployment.delete", "domain.create", "deploymentx.y"}
	types    = []string{"Deployment", "deployment", "Domain", "Straße"}
	tokens   = []string{"0f3KxQ9Z", "7Zk2LmP0", audit.RecordedByDev}
)

// scopes are those of queries over several projects.
var scopes = []audit.Scope{
	audit.AllProjects(), audit.AllProjects(audit.SystemProject), audit.AllProjects("acme", "unknown"),
	audit.TheseProjects("acme", "initech"), audit.TheseProjects("unknown", "globex"), audit.TheseProjects("unknown"),
}

func drawEntry(t *rapid.T) *audit.Entry {
	e := &audit.Entry{
		Project:    rapid.SampledFrom(projects).Draw(t, "project"),
		Actor:      audit.Actor{Email: rapid.SampledFrom(actors).Draw(t, "actor")},
		Action:     rapid.SampledFrom(actions).Draw(t, "action"),
		Resource:   audit.Resource{Type: rapid.SampledFrom(types).Draw(t, "type"), ID: rapid.StringMatching(`[0-3]?`).Draw(t, "rid")},
		Outcome:    rapid.SampledFrom(audit.Outcomes()).Draw(t, "outcome"),
		Detail:     rapid.StringMatching(`(alpha|beta|gamma) [0-9]{1,3}`).Draw(t, "detail"),
		RecordedBy: rapid.SampledFrom(tokens).Draw(t, "token"),
	}
	if rapid.Bool().Draw(t, "sa") {
		e.Actor.Type = audit.ServiceAccount
	}
	if rapid.Bool().Draw(t, "channel") {
		e.Channel = audit.ChannelCLI
	}
	if rapid.IntRange(0, 3).Draw(t, "own time") > 0 {
		e.CreatedAt = start.Add(time.Duration(rapid.IntRange(0, 50).Draw(t, "at")) * time.Second)
	}
	if rapid.IntRange(0, 3).Draw(t, "keyed") == 0 {
		e.Key = rapid.StringMatching(`k[0-9]{1,2}`).Draw(t, "key")
	}
	if rapid.IntRange(0, 7).Draw(t, "several") == 0 {
		e.Metadata = map[string]string{audit.ListedResources: rapid.StringMatching(`[0-3]( [0-39]){0,2}`).Draw(t, "resources")}
	}
	if rapid.IntRange(0, 5).Draw(t, "more") == 0 {
		e.Metadata = map[string]string{"commit": "6f1d0c2"}
		e.Changes = []audit.Change{{Field: "replicas", Old: "2", New: "4"}}
		e.Request = audit.Request{
			IP: rapid.SampledFrom([]string{"203.0.113.9", "::ffff:203.0.113.9", "203.0.113.4", "2001:db8::1", "ec2.amazonaws.com", ""}).Draw(t, "ip"),
			ID: rapid.StringMatching(`r-[0-9]`).Draw(t, "request"), UserAgent: "deploys/1.4",
		}
	}
	return e
}

// asked are values that entries are drawn with or nearly, by the field that filters ask for.
var asked = map[string][]string{
	"resourceType": {"DEPLOYMENT", "domain", "STRASSE", "straße"},
	"resourceId":   {"1", "9"},
	"resourceName": {"web", "db"},
	"location":     {"gke.cluster-rcf2"},
	"action":       {"deployment.*", "domain.create", "nothing.*"},
	"actor":        {actors[0], "nobody", actors[1]},
	"actorType":    {"User", "ServiceAccount"},
	"label":        {"claude-code:pr-42"},
	"channel":      {"CLI", "api"},
	"recordedBy":   {tokens[0], audit.RecordedByLog},
	"outcome":      {"success", "forbidden", "ERROR"},
	"ip":           {"203.0.113.9", "203.0.113.0/29", "::ffff:cb00:7104", "2001:db8::/32", "ec2.amazonaws.com"},
	"requestId":    {"r-1", "r-2", "r-"},
	"key":          {"k1", "k22"},
	"userAgent":    {"deploys/1.4", "deploys"},
}

func drawTerms(t *rapid.T, label string, often int) audit.Terms {
	terms := make(audit.Terms)
	for _, name := range slices.Sorted(maps.Keys(asked)) {
		if rapid.IntRange(0, often).Draw(t, label+name) == 0 {
			terms[name] = rapid.SliceOfN(rapid.SampledFrom(asked[name]), 1, 3).Draw(t, label+name+" values")
		}
	}
	return terms
}

func drawQuery(t *rapid.T) audit.Query {
	q := audit.Query{
		Oldest:  rapid.Bool().Draw(t, "oldest"),
		Project: rapid.SampledFrom(append(projects[:len(projects):len(projects)], "unknown")).Draw(t, "project"),
		Is:      drawTerms(t, "is ", 8),
		Text:    rapid.SampledFrom([]string{"", "beta", "gamma 7", "alpha deploy", "r-1", "k1 beta"}).Draw(t, "text"),
	}
	if rapid.Bool().Draw(t, "several") {
		q.Project, q.Within = "", rapid.SampledFrom(scopes).Draw(t, "within")
	}
	if rapid.Bool().Draw(t, "not") {
		q.Not = drawTerms(t, "not ", 12)
	}
	if rapid.Bool().Draw(t, "from") {
		q.From = start.Add(time.Duration(rapid.IntRange(0, 25).Draw(t, "from s")) * time.Second)
	}
	if rapid.Bool().Draw(t, "to") {
		q.To = start.Add(time.Duration(rapid.IntRange(25, 60).Draw(t, "to s")) * time.Second)
	}
	return q
}
