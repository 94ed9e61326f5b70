package admin_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"auditlog/admin"
	"auditlog/audit"
	"auditlog/auth"
	"auditlog/auth/rights"
	"auditlog/retention"
	"auditlog/store"
)

// changer answers every change of a project with an error, or none.
type changer struct {
	admin.Projects
	err error
}

func (c *changer) Delete(context.Context, string, *audit.Entry, audit.DeletionOrder) (audit.Project, error) {
	return audit.Project{}, c.err
}

func (c *changer) ReleaseHold(context.Context, string, *audit.Entry) (audit.Project, error) {
	return audit.Project{}, c.err
}

func (c *changer) Restore(context.Context, string, *audit.Entry) (audit.Project, error) {
	return audit.Project{}, c.err
}

// purges counts how often a worker looks for purges.
type purges struct{ looks int }

func (p *purges) Pass() error { return nil }

func (p *purges) Purges() map[string]time.Duration {
	p.looks++
	return nil
}

func (p *purges) PurgeStep(context.Context, string) (bool, error) { return true, nil }

// A deletion that failed leaves the worker alone, one that did not wakes it.
func TestOnlyDeletionsWakeThePurge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, due := &changer{err: audit.Errorf(audit.Conflict, "deleted already")}, new(purges)
		worker := retention.New(due, retention.Options{})
		desk := admin.New(admin.Options{Projects: log, Purges: worker})
		go worker.Run(t.Context())
		synctest.Wait()
		call := &rights.Call{Principal: rights.Dev()}
		for _, tt := range []struct {
			name string
			do   func() error
			err  error
			wake int
		}{
			{"a delete that fails", func() error { _, err := desk.DeleteProject(t.Context(), call, "acme"); return err }, log.err, 0},
			{"a restore", func() error { _, err := desk.RestoreProject(t.Context(), call, "acme"); return err }, nil, 0},
			{"a delete", func() error { _, err := desk.DeleteProject(t.Context(), call, "acme"); return err }, nil, 1},
			{"a release", func() error { _, err := desk.ReleaseProject(t.Context(), call, "acme", ""); return err }, nil, 1},
			{"a delete of no project", func() error { _, err := desk.DeleteProject(t.Context(), call, ""); return err }, nil, 0},
		} {
			before := due.looks
			log.err = tt.err
			err := tt.do()
			synctest.Wait()
			if got := due.looks - before; got != tt.wake {
				t.Errorf("%s (%v) wakes the purge %d times, want %d", tt.name, err, got, tt.wake)
			}
		}
	})
}

// Whichever door an act comes through, its entry is the same but for what the call says of itself.
func TestEntriesOfBothDoors(t *testing.T) {
	s, err := store.Open(t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	keeper, err := auth.Open(s, auth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	desk := admin.New(admin.Options{Projects: s, Tokens: keeper, Purges: retention.New(s, retention.Options{Grace: 48 * time.Hour})})
	entry := &audit.Entry{Project: "acme", Actor: audit.Actor{Email: "ada@example.com"}, Action: "a.b",
		Resource: audit.Resource{Type: "A"}, Outcome: audit.Success}
	if _, err := s.Record(t.Context(), []*audit.Entry{entry}); err != nil {
		t.Fatal(err)
	}
	var told [][2]string
	for _, channel := range []audit.Channel{audit.ChannelAPI, audit.ChannelConsole} {
		call := &rights.Call{Principal: rights.Dev(), Channel: channel}
		if _, err := desk.DeleteProject(t.Context(), call, "acme"); err != nil {
			t.Fatal(err)
		}
		if _, err := desk.RestoreProject(t.Context(), call, "acme"); err != nil {
			t.Fatal(err)
		}
		last := s.LastID() - 1 // each has a copy behind it
		var details [2]string
		for i := range details {
			e, err := s.Get(t.Context(), "acme", last-2+2*int64(i))
			if err != nil || e.Channel != channel || e.Actor.Email != rights.Dev().Owner {
				t.Fatalf("the entry is %+v, %v", e, err)
			}
			details[i] = e.Action + ": " + e.Detail
		}
		told = append(told, details)
	}
	want := [2]string{
		"project.delete: Deleted the project, to be purged unless it is restored within 48h0m0s",
		"project.restore: Restored the project",
	}
	if told[0] != want || told[1] != want {
		t.Errorf("told %q, want twice %q", told, want)
	}
}

// What may not be done is refused before anything is asked of the log.
func TestDenied(t *testing.T) {
	log := new(changer)
	desk := admin.New(admin.Options{Projects: log, Purges: retention.New(new(purges), retention.Options{})})
	nobody := &rights.Call{}
	for name, act := range map[string]func(context.Context, *rights.Call, string) (audit.Project, error){
		"delete": desk.DeleteProject, "restore": desk.RestoreProject, "create": desk.CreateProject, "approve": desk.ApproveDeletion,
		"hold": func(ctx context.Context, by *rights.Call, name string) (audit.Project, error) {
			return desk.HoldProject(ctx, by, name, "case 4711")
		},
		"release": func(ctx context.Context, by *rights.Call, name string) (audit.Project, error) {
			return desk.ReleaseProject(ctx, by, name, "")
		},
	} {
		if _, err := act(t.Context(), nobody, "acme"); audit.KindOf(err) != audit.PermissionDenied {
			t.Errorf("%s by nobody: %v", name, err)
		}
		if _, err := act(t.Context(), &rights.Call{Principal: rights.Dev()}, "../x\n"); audit.KindOf(err) != audit.Invalid {
			t.Errorf("%s of what is no name: %v", name, err)
		}
	}
}
