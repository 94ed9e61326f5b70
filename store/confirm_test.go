package store

import (
	"crypto/rand"
	"fmt"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/store/kv"
	"auditlog/store/kv/boltkv"
	"auditlog/store/kv/kvtest"
)

// refusing is a database that commits nothing while it is set.
type refusing struct {
	kv.DB
	with atomic.Pointer[error]
}

func (r *refusing) Update(fn func(kv.Tx) error) error {
	if err := r.with.Load(); err != nil {
		return *err
	}
	return r.DB.Update(fn)
}

// What a node reads is in doubt once its database has confirmed nothing for too long, unless that has no room.
func TestUnconfirmed(t *testing.T) {
	bolt, err := boltkv.Open(t.TempDir()+"/"+FileName, engineOptions(rand.Reader))
	if err != nil {
		t.Fatal(err)
	}
	db := &refusing{DB: &kvtest.DB{DB: bolt, Nodes: true}}
	s, err := New(db, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	write := func() error { return s.update("nothing much", func(kv.Tx) error { return nil }, func() {}) }
	list := func() error {
		sel, err := s.Prepare(audit.Query{Project: audit.SystemProject})
		if err == nil {
			_, err = sel.List(t.Context(), audit.Paging{Limit: 1})
		}
		return err
	}
	for _, trouble := range []struct {
		with   error
		says   string
		listed bool
	}{
		{fmt.Errorf("%w: %w", kv.ErrAbsent, kv.ErrUnavailable), "another server has taken over", false},
		{fmt.Errorf("%w: %w", kv.ErrUnknown, kv.ErrUnavailable), "another server has taken over", false},
		{fmt.Errorf("%w: %w", kv.ErrAbsent, syscall.ENOSPC), "its disk is full", true},
	} {
		db.with.Store(&trouble.with)
		if err := write(); audit.KindOf(err) != audit.Unavailable {
			t.Fatalf("a write says %v", err)
		}
		if err := s.Unconfirmed(); err != nil {
			t.Errorf("at once it says %v", err)
		}
		s.confirmation.confirmed(time.Now().Add(-unconfirmedLimit))
		if err := write(); err == nil {
			t.Fatal("it writes")
		}
		if err := s.Unconfirmed(); audit.KindOf(err) != audit.Unavailable || !strings.Contains(err.Error(), trouble.says) {
			t.Errorf("of %v it says %v", trouble.with, err)
		}
		if err := list(); (err == nil) != trouble.listed || err != nil && audit.KindOf(err) != audit.Unavailable {
			t.Errorf("with %v, a listing says %v", trouble.with, err)
		}
		db.with.Store(nil)
		if err := write(); err != nil {
			t.Fatal(err)
		}
		if err := s.Unconfirmed(); err != nil {
			t.Errorf("once it is confirmed, it says %v", err)
		}
		if err := list(); err != nil {
			t.Errorf("once it is confirmed, a listing says %v", err)
		}
	}
}

// A node that cannot write is in no doubt while it sees what another commits, as long as it looks.
func TestConfirmedToAnother(t *testing.T) {
	bolt, err := boltkv.Open(t.TempDir()+"/"+FileName, engineOptions(rand.Reader))
	if err != nil {
		t.Fatal(err)
	}
	defer bolt.Close()
	db := &refusing{DB: &kvtest.DB{DB: share{bolt}, Nodes: true}}
	s, err := New(db, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	other, err := New(&kvtest.DB{DB: share{bolt}, Nodes: true}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	refused := fmt.Errorf("%w: %w", kv.ErrAbsent, kv.ErrUnavailable)
	db.with.Store(&refused)
	list := func() error {
		_, err := audittest.List(t.Context(), s, audit.Query{Project: "acme"}, audit.Paging{Limit: 1})
		return err
	}
	recordN(t, other, 1)
	if err := list(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		s.confirmation.confirmed(time.Now().Add(-time.Hour))
		if err := list(); audit.KindOf(err) != audit.Unavailable {
			t.Errorf("with nothing confirmed for an hour, a listing says %v", err)
		}
		recordN(t, other, 1)
		if err := list(); err != nil {
			t.Errorf("behind a commit of another, a listing says %v", err)
		}
	}
}
