package demo

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
)

var now = time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC)

func TestEntriesAreValid(t *testing.T) {
	entries := Entries("acme", now)
	if len(entries) < 2000 || len(entries) > 5000 {
		t.Errorf("%d entries", len(entries))
	}
	keys := make(map[string]bool)
	for i, e := range entries {
		e := e.Clone()
		e.Normalize()
		if err := e.Validate(now); err != nil {
			t.Fatalf("entry %d: %v", i, err)
		}
		if keys[e.Key] {
			t.Fatalf("entry %d has a key again: %s", i, e.Key)
		}
		keys[e.Key] = true
		if e.CreatedAt.After(now) || e.CreatedAt.Before(now.AddDate(0, 0, -days-1)) {
			t.Fatalf("entry %d happened at %v", i, e.CreatedAt)
		}
		if i > 0 && e.CreatedAt.Before(entries[i-1].CreatedAt) {
			t.Fatalf("entry %d happened before the one before it", i)
		}
	}
}

func TestEntriesAreTheSameAgain(t *testing.T) {
	first := Entries("acme", now)
	if !reflect.DeepEqual(first, Entries("acme", now)) {
		t.Error("the same time made other entries")
	}
	later := Entries("acme", now.Add(3*time.Hour))
	if later[0].Key != first[0].Key || later[len(later)-1].Key < first[len(first)-1].Key {
		t.Error("later the same entries have other keys")
	}
}

// TestStory asks the documentation's questions.
func TestStory(t *testing.T) {
	entries := Entries("acme", now)
	find := func(match func(*audit.Entry) bool) []*audit.Entry {
		var found []*audit.Entry
		for _, e := range entries {
			if match(e) {
				found = append(found, e)
			}
		}
		return found
	}
	bad := find(func(e *audit.Entry) bool {
		return e.Resource.Name == "checkout" && e.Action == "deployment.deploy" && e.Metadata["branch"] == "pricing-hotfix"
	})
	if len(bad) != 1 || bad[0].Actor.Email != "linus@example.com" {
		t.Errorf("the bad release was deployed by %v", bad)
	}
	if blocked := find(func(e *audit.Entry) bool {
		return e.Outcome == audit.Forbidden && strings.HasPrefix(e.Actor.Email, "victor@")
	}); len(blocked) != 8 {
		t.Errorf("the contractor was blocked %d times", len(blocked))
	}
	yesterday := now.Truncate(24*time.Hour).AddDate(0, 0, -1)
	if touched := find(func(e *audit.Entry) bool {
		return e.Actor.Email == ci.Email && !e.CreatedAt.Before(yesterday) && e.CreatedAt.Before(yesterday.AddDate(0, 0, 1))
	}); len(touched) == 0 {
		t.Error("the CI service account touched nothing yesterday")
	}
	if labelled := find(func(e *audit.Entry) bool { return e.Actor.Label != "" }); len(labelled) < 50 {
		t.Errorf("agents did %d things", len(labelled))
	}
}
