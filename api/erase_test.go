package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"auditlog/api/dialect"
	"auditlog/audit"
	"auditlog/auth"
	"auditlog/auth/rights"
	"auditlog/rpc"
)

// tokenOf makes a token and returns its secret and id.
func (g *guarded) tokenOf(by string, req rpc.TokenCreateRequest) (secret, id string) {
	g.t.Helper()
	body, err := json.Marshal(req)
	if err != nil {
		g.t.Fatal(err)
	}
	var res rpc.Answer[rpc.TokenCreateResult]
	decodeAnswer(g.t, g.mustCall(by, rpc.TokenCreate, string(body)), &res)
	return res.Result.Secret, res.Result.Token.ID
}

// An admin of one project must not be able to act in a colleague's name, to remove the
// project, or to choose what the entry about it says; and what was tried must outlive
// the project.
func TestErasingAndFraming(t *testing.T) {
	g := startGuarded(t, "acme", "beta")
	mallory, id := g.tokenOf(g.root, rpc.TokenCreateRequest{Owner: "mallory@example.com", Role: "admin", Projects: []string{"acme"}})
	for _, owner := range []string{
		`"owner":"victim@example.com"`,
		`"owner":"victim@example.com","ownerType":"ServiceAccount"`,
		`"owner":"victim@acme"`, // a person
		`"owner":"@acme","ownerType":"ServiceAccount"`,
		`"owner":"deploy@beta","ownerType":"ServiceAccount"`,
		`"owner":"mallory@example.com","ownerType":"ServiceAccount"`,
		`"owner":"MALLORY@example.com"`,
	} {
		status, answer := g.call(mallory, rpc.TokenCreate, `{"role":"admin","projects":["acme"],`+owner+`}`)
		if status != http.StatusBadRequest || !strings.Contains(answer, `"owner"`) {
			t.Errorf("a token with %s: %d %s", owner, status, answer)
		}
	}
	second, secondID := g.tokenOf(mallory, rpc.TokenCreateRequest{Owner: "mallory@example.com", Role: "admin", Projects: []string{"acme"}})
	robot, robotID := g.tokenOf(second, rpc.TokenCreateRequest{
		Owner: "deploy@acme", OwnerType: "ServiceAccount", Role: "admin", Projects: []string{"acme"},
	})
	for _, token := range []string{mallory, second, robot} {
		if status, answer := g.call(token, rpc.ProjectDelete, `{"project":"acme"}`); status != http.StatusForbidden ||
			!strings.Contains(answer, "on all projects") {
			t.Errorf("a deletion by a project's admin: %d %s", status, answer)
		}
	}
	g.mustCall(g.root, rpc.ProjectDelete, `{"project":"acme"}`, rpc.HeaderChannel, "console", dialect.Header, "console")
	g.stop() // what was refused is on record
	for done := false; !done; {
		var err error
		if done, err = g.store.PurgeStep(t.Context(), "acme"); err != nil {
			t.Fatal(err)
		}
	}
	told := g.mustCall(g.root, rpc.List, fmt.Sprintf(`{"project":%q,"limit":1000}`, audit.SystemProject))
	for _, want := range []string{
		`"id":"` + id + `"`, `"id":"` + secondID + `"`, `"id":"` + robotID + `"`, // who has which token
		`"tokenMakers":"` + secondID + ` mallory@example.com, ` + id + ` mallory@example.com, `, // by way of which others
		`"action":"project.delete"`, `"action":"project.purge"`, `"outcome":"forbidden"`,
		`"claimedChannel":"console"`, `"channel":"api"`, `"project":"acme"`,
	} {
		if !strings.Contains(told, want) {
			t.Errorf("%s is nowhere in %s", want, told)
		}
	}
	if strings.Contains(told, `"channel":"console"`) {
		t.Errorf("a header chose the channel of an entry: %s", told)
	}
}

// A name that somebody else has is not to be had, in any case of letters.
func TestServiceAccountsAreTheirProjects(t *testing.T) {
	g := startGuarded(t, "acme", "beta")
	admin, _ := g.create(rights.Admin, time.Time{}, "acme")
	g.tokenOf(g.root, rpc.TokenCreateRequest{Owner: "both@acme", OwnerType: "ServiceAccount", Role: "recorder", Projects: []string{"acme", "beta"}})
	g.tokenOf(g.root, rpc.TokenCreateRequest{Owner: "ada@acme", Role: "viewer", Projects: []string{"acme"}})
	for owner, want := range map[string]int{
		"both@acme": http.StatusBadRequest, "ada@acme": http.StatusBadRequest, "ADA@acme": http.StatusBadRequest,
		"new@acme": http.StatusOK,
	} {
		body := fmt.Sprintf(`{"owner":%q,"ownerType":"ServiceAccount","role":"recorder","projects":["acme"]}`, owner)
		if status, answer := g.call(admin, rpc.TokenCreate, body); status != want {
			t.Errorf("%s: %d %s", owner, status, answer)
		}
	}
}

// Who gives a colleague's token a new secret could act as the colleague.
func TestRotatingAnothersToken(t *testing.T) {
	g := startGuarded(t, "acme")
	mallory, own := g.tokenOf(g.root, rpc.TokenCreateRequest{Owner: "mallory@example.com", Role: "admin", Projects: []string{"acme"}})
	_, victim := g.tokenOf(g.root, rpc.TokenCreateRequest{Owner: "victim@example.com", Role: "admin", Projects: []string{"acme"}})
	_, robot := g.tokenOf(g.root, rpc.TokenCreateRequest{Owner: "ci@acme", OwnerType: "ServiceAccount", Role: "recorder", Projects: []string{"acme"}})
	for id, want := range map[string]int{victim: http.StatusForbidden, robot: http.StatusOK, own: http.StatusOK} {
		if status, answer := g.call(mallory, rpc.TokenRotate, fmt.Sprintf(`{"id":%q}`, id)); status != want {
			t.Errorf("rotated: %d %s", status, answer)
		}
	}
}

// What is held is neither deleted nor purged, and says so.
func TestHold(t *testing.T) {
	g := startGuarded(t, "acme")
	admin, _ := g.create(rights.Admin, time.Time{}, "acme")
	if status, answer := g.call(admin, rpc.ProjectHold, `{"project":"acme"}`); status != http.StatusBadRequest ||
		!strings.Contains(answer, `"reason"`) {
		t.Errorf("a hold without a reason: %d %s", status, answer)
	}
	g.mustCall(admin, rpc.ProjectHold, `{"project":"acme","reason":"case 4711"}`)
	if status, answer := g.call(g.root, rpc.ProjectDelete, `{"project":"acme"}`); status != http.StatusConflict ||
		!strings.Contains(answer, "case 4711") {
		t.Errorf("a deletion of what is held: %d %s", status, answer)
	}
	if list := g.mustCall(admin, rpc.ProjectList, `{}`); !strings.Contains(list, `"hold":{"by":"admin@acme","reason":"case 4711"`) {
		t.Errorf("the hold is not in %s", list)
	}
	if status, answer := g.call(admin, rpc.ProjectRelease, `{"project":"acme"}`); status != http.StatusForbidden {
		t.Errorf("a release by the project's admin: %d %s", status, answer)
	}
	g.mustCall(g.root, rpc.ProjectRelease, `{"project":"acme","reason":"closed"}`)
	g.mustCall(g.root, rpc.ProjectDelete, `{"project":"acme"}`)
	if list := g.mustCall(admin, rpc.ProjectList, `{}`); !strings.Contains(list, `"purgeAt"`) || strings.Contains(list, `"hold"`) {
		t.Errorf("that the project is on its way out is not in %s", list)
	}
}

// A deletion that needs two persons cannot be had by one with two tokens.
func TestApproval(t *testing.T) {
	g := startGuarded(t, "acme")
	g.fixture = start(t, Options{Store: g.store, Auth: g.keeper, Now: g.now, Approval: true})
	ada, _ := g.tokenOf(g.root, rpc.TokenCreateRequest{Owner: "ada@example.com", Role: "admin"})
	bob, _ := g.tokenOf(g.root, rpc.TokenCreateRequest{Owner: "bob@example.com", Role: "admin"})
	puppet, _ := g.tokenOf(ada, rpc.TokenCreateRequest{Owner: "carl@example.com", Role: "admin"})
	again, _ := g.tokenOf(g.root, rpc.TokenCreateRequest{Owner: "Ada@example.com", Role: "admin"})
	scoped, _ := g.tokenOf(g.root, rpc.TokenCreateRequest{Owner: "dan@example.com", Role: "admin", Projects: []string{"acme"}})
	answer := g.mustCall(ada, rpc.ProjectDelete, `{"project":"acme"}`)
	if !strings.Contains(answer, `"awaitsApproval":true`) || !strings.Contains(answer, `"state":"active"`) {
		t.Errorf("asked: %s", answer)
	}
	g.mustCall(g.root, rpc.Record, deployEntry) // goes on until then
	for who, token := range map[string]string{"herself": ada, "her other token": again, "one that she made": puppet, "one who made hers": g.root} {
		if status, answer := g.call(token, rpc.ProjectApprove, `{"project":"acme"}`); status != http.StatusConflict {
			t.Errorf("approved by %s: %d %s", who, status, answer)
		}
	}
	if status, answer := g.call(scoped, rpc.ProjectApprove, `{"project":"acme"}`); status != http.StatusForbidden {
		t.Errorf("approved by the project's admin: %d %s", status, answer)
	}
	answer = g.mustCall(bob, rpc.ProjectApprove, `{"project":"acme"}`)
	if !strings.Contains(answer, `"approvedBy":"bob@example.com"`) || !strings.Contains(answer, `"state":"deleting"`) {
		t.Errorf("approved: %s", answer)
	}
	g.mustCall(scoped, rpc.ProjectRestore, `{"project":"acme"}`)
}

// Where the log is configured so, a project's admins delete it, and no other.
func TestProjectAdminsDelete(t *testing.T) {
	g := startGuardedWith(t, auth.Options{ProjectAdminsDelete: true}, "acme", "beta")
	admin, _ := g.create(rights.Admin, time.Time{}, "acme")
	g.mustCall(admin, rpc.ProjectDelete, `{"project":"acme"}`)
	if status, answer := g.call(admin, rpc.ProjectDelete, `{"project":"beta"}`); status != http.StatusForbidden {
		t.Errorf("a project of others: %d %s", status, answer)
	}
}
