package tokenpage

import (
	"testing"
	"time"
)

func TestSecretIsNotKept(t *testing.T) {
	now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	var s ShownOnce
	created := Created{Secret: "al_x", At: now}
	s.Keep("one", created)
	if got := s.Take("two", now.Add(time.Second)); got.Secret != "" {
		t.Error("the secret is shown to another session")
	}
	if got := s.Take("one", now.Add(time.Second)); got.Secret != created.Secret {
		t.Error("the secret is not shown")
	}
	if got := s.Take("one", now.Add(time.Second)); got.Secret != "" {
		t.Error("the secret is shown twice")
	}
	s.Keep("one", created)
	if got := s.Take("one", now.Add(time.Hour)); got.Secret != "" {
		t.Error("the secret is shown an hour later")
	}
	s.Keep("one", created)
	s.Keep("two", Created{At: now.Add(time.Hour)})
	if len(s.created) != 1 {
		t.Errorf("%d secrets are kept that nobody will see", len(s.created)-1)
	}
}
