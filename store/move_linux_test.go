package store

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/store/kv/pgkv/pgtest"
	"auditlog/store/move"
)

// A log can be moved to a database and back, whatever it holds, and is the same one there.
func TestMoveToPostgres(t *testing.T) {
	server := pgtest.StartServer(t)
	files, err := filepath.Glob("testdata/format4/*.db.gz")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d fixtures, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(filepath.Dir(file))+"/"+filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			from, there, back := unpackFixture(t, file), server.Database(t), filepath.Join(t.TempDir(), "data")
			moveLog(t, from, there)
			if _, err := runMove(t, from, there); audit.KindOf(err) != audit.Conflict {
				t.Errorf("it was moved twice: %v", err)
			}
			s, err := Connect(there, Options{})
			if err != nil {
				t.Fatal(err)
			}
			want := open(t, from, Options{})
			if s.Lineage() != want.Lineage() || !bytes.Equal(contents(t, s), contents(t, want)) {
				t.Error("it is not the same log")
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			moveLog(t, there, back)
			if b := open(t, back, Options{}); b.Lineage() != want.Lineage() || !bytes.Equal(contents(t, b), contents(t, want)) {
				t.Error("it is not the same log where it came back")
			}
		})
	}
}

// A database that a node writes to is not moved.
func TestMoveRefusesDatabaseInUse(t *testing.T) {
	alone(t)
	at := pgtest.Start(t)
	s, err := Connect(at, Options{})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; s.Err() == nil; i++ {
			if _, err := s.Record(t.Context(), []*audit.Entry{entry("acme", i)}); err != nil {
				return
			}
			time.Sleep(time.Second)
		}
	}()
	_, err = runMove(t, at, filepath.Join(t.TempDir(), "data"))
	if !errors.Is(err, move.ErrInUse) {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	<-done
}
