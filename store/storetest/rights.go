package storetest

import (
	"strconv"
	"testing"
	"time"

	"auditlog/audit"
)

// act is an entry of the log's own with an action.
func act(project, action string) *audit.Entry {
	e := plainEntry(project)
	e.Action = action
	return e
}

// purge purges a project.
func purge(t *testing.T, log Log, project string) {
	t.Helper()
	for done := false; !done; {
		var err error
		if done, err = log.PurgeStep(t.Context(), project); err != nil {
			t.Fatal(err)
		}
	}
}

// testLasting wants what was done to rights and projects to outlive the project in which
// it was done: whoever has his project purged must not take his traces with it.
func testLasting(t *testing.T, open Engine) {
	dir := t.TempDir()
	log := open.open(t, dir)
	record(t, log, "acme", 1)
	token, read, refused := act("acme", "token.create"), act("acme", "auditLog.list"), act("acme", "project.delete")
	token.Metadata = map[string]string{"owner": "bob@example.com"}
	refused.Outcome = audit.Forbidden
	if err := log.ChangeTokens(t.Context(), map[string][]byte{"a": []byte("1")}, nil, token); err != nil {
		t.Fatal(err)
	}
	for _, e := range []*audit.Entry{read, refused} {
		if err := log.RecordOwn(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	deletion := act("acme", "project.delete")
	if _, err := log.Delete(t.Context(), "acme", deletion, audit.DeletionOrder{}); err != nil {
		t.Fatal(err)
	}
	purge(t, log, "acme")
	want := []*audit.Entry{token, refused, deletion}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	log = open.open(t, dir)
	last, err := log.Since(t.Context(), "acme", deletion.ID, 10)
	if err != nil || len(last) != 1 || last[0].Action != "project.purge" {
		t.Fatalf("the purge left %v, %v", last, err)
	}
	got, err := log.Since(t.Context(), audit.SystemProject, 0, 100)
	if err != nil || len(got) != 4 {
		t.Fatalf("%d entries stand in %s, %v", len(got), audit.SystemProject, err)
	}
	for i, e := range append(want, last[0]) {
		g := got[i]
		if g.Action != e.Action || g.Outcome != e.Outcome || g.Actor != e.Actor || !g.RecordedAt.Equal(e.RecordedAt) ||
			g.Metadata[audit.MetaEntryID] != strconv.FormatInt(e.ID, 10) || g.Metadata[audit.MetaProject] != "acme" {
			t.Errorf("in place of %s stands %s", e.AppendJSON(nil), g.AppendJSON(nil))
		}
	}
	if got[0].Metadata["owner"] != "bob@example.com" {
		t.Errorf("the copy lost its metadata: %v", got[0].Metadata)
	}
	if _, err := log.Get(t.Context(), "acme", token.ID); audit.KindOf(err) != audit.NotFound {
		t.Errorf("the entry in the project outlived its purge: %v", err)
	}
}

// wantKind fails unless err is of a kind.
func wantKind(t *testing.T, what string, err error, kind audit.Kind) {
	t.Helper()
	if audit.KindOf(err) != kind {
		t.Errorf("%s: %v, want %s", what, err, kind)
	}
}

// testHold wants nothing of a project to be deleted that is held.
func testHold(t *testing.T, open Engine) {
	dir := t.TempDir()
	log := open.open(t, dir)
	record(t, log, "acme", 3)
	hold := func() {
		t.Helper()
		p, err := log.Hold(t.Context(), "acme", act("acme", "project.hold"), "case 4711")
		if err != nil || p.Hold == nil || p.Hold.Reason != "case 4711" || p.Hold.By != plainEntry("").Actor.Email {
			t.Fatalf("held: %+v, %v", p, err)
		}
	}
	hold()
	_, err := log.Hold(t.Context(), "acme", act("acme", "project.hold"), "again")
	wantKind(t, "a second hold", err, audit.Conflict)
	_, err = log.Hold(t.Context(), "ghost", act("ghost", "project.hold"), "none")
	wantKind(t, "a hold of no project", err, audit.NotFound)
	_, err = log.Delete(t.Context(), "acme", act("acme", "project.delete"), audit.DeletionOrder{})
	wantKind(t, "a deletion of what is held", err, audit.Conflict)
	record(t, log, "acme", 1) // it is recorded to as before
	release := func() {
		t.Helper()
		if p, err := log.ReleaseHold(t.Context(), "acme", act("acme", "project.release")); err != nil || p.Hold != nil {
			t.Fatalf("released: %+v, %v", p, err)
		}
	}
	release()
	_, err = log.ReleaseHold(t.Context(), "acme", act("acme", "project.release"))
	wantKind(t, "a release of what is not held", err, audit.Conflict)

	if _, err := log.Delete(t.Context(), "acme", act("acme", "project.delete"), audit.DeletionOrder{}); err != nil {
		t.Fatal(err)
	}
	hold() // in the grace period
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	log = open.open(t, dir)
	if due := log.Purges(); len(due) != 0 {
		t.Errorf("%v are to be purged although held", due)
	}
	_, err = log.PurgeStep(t.Context(), "acme")
	wantKind(t, "a purge of what is held", err, audit.Conflict)
	if p, err := log.Project("acme"); err != nil || p.State != audit.Deleting || p.Entries < 4 || p.Hold == nil {
		t.Errorf("the project is %+v, %v", p, err)
	}
	release()
	if due := log.Purges(); len(due) != 1 {
		t.Errorf("%v are to be purged after the release", due)
	}
	purge(t, log, "acme")
}

// testApproval wants an order to delete that is pending to change nothing until it is
// approved.
func testApproval(t *testing.T, open Engine) {
	dir := t.TempDir()
	log := open.open(t, dir)
	record(t, log, "acme", 1)
	order := func() *audit.Deletion {
		t.Helper()
		p, err := log.Delete(t.Context(), "acme", act("acme", "project.delete"),
			audit.DeletionOrder{Grace: time.Hour, Pending: true, Chain: []string{"a ada", "r root"}})
		if err != nil || p.State != audit.Active || p.Deletion == nil || !p.Deletion.Pending || len(p.Deletion.Chain) != 2 {
			t.Fatalf("ordered: %+v, %v", p, err)
		}
		return p.Deletion
	}
	first := order()
	record(t, log, "acme", 1)
	if due := log.Purges(); len(due) != 0 {
		t.Errorf("%v are to be purged though nobody has approved it", due)
	}
	_, err := log.Delete(t.Context(), "acme", act("acme", "project.delete"), audit.DeletionOrder{})
	wantKind(t, "a second order", err, audit.Conflict)
	_, err = log.PurgeStep(t.Context(), "acme")
	wantKind(t, "a purge that is not approved", err, audit.Conflict)
	if p, err := log.Restore(t.Context(), "acme", act("acme", "project.restore")); err != nil || p.Deletion != nil {
		t.Fatalf("taken back: %+v, %v", p, err)
	}
	_, err = log.Approve(t.Context(), "acme", act("acme", "project.approve"), first.EntryID, time.Hour)
	wantKind(t, "an approval of what was taken back", err, audit.Conflict)
	second := order()
	_, err = log.Approve(t.Context(), "acme", act("acme", "project.approve"), first.EntryID, time.Hour)
	wantKind(t, "an approval of another order", err, audit.Conflict)
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	log = open.open(t, dir)
	approval := act("acme", "project.approve")
	approval.Actor.Email = "bob@example.com"
	p, err := log.Approve(t.Context(), "acme", approval, second.EntryID, time.Hour)
	if err != nil || p.State != audit.Deleting || p.Deletion.Pending || p.Deletion.ApprovedBy != "bob@example.com" ||
		!p.Deletion.PurgeAt.Equal(approval.RecordedAt.Add(time.Hour)) {
		t.Fatalf("approved: %+v, %v", p, err)
	}
	purge(t, log, "acme")
	left, err := log.Since(t.Context(), "acme", 0, 10)
	if err != nil || len(left) != 2 || left[0].ID != second.EntryID || left[1].Metadata["approvedBy"] != "bob@example.com" {
		t.Errorf("the purge left %v, %v", left, err)
	}
}

// testCreate makes projects that hold nothing but that they were made.
func testCreate(t *testing.T, open Engine) {
	log := open.open(t, t.TempDir())
	p, err := log.Create(t.Context(), "acme", act("acme", "project.create"))
	if err != nil || p.State != audit.Active || p.Entries != 1 {
		t.Fatalf("created: %+v, %v", p, err)
	}
	_, err = log.Create(t.Context(), "acme", act("acme", "project.create"))
	wantKind(t, "a project that is there", err, audit.Conflict)
	if _, err := log.Delete(t.Context(), "acme", act("acme", "project.delete"), audit.DeletionOrder{}); err != nil {
		t.Fatal(err)
	}
	_, err = log.Create(t.Context(), "acme", act("acme", "project.create"))
	wantKind(t, "a project that is deleted", err, audit.Conflict)
	purge(t, log, "acme")
	if p, err := log.Create(t.Context(), "acme", act("acme", "project.create")); err != nil || p.State != audit.Active || p.Entries != 3 {
		t.Errorf("created anew: %+v, %v", p, err)
	}
}
