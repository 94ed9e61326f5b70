package storetest

import (
	"testing"
	"time"

	"auditlog/audit"
)

// writes are the ways to write, each to a log that has entries of acme and, where
// that is what it is about, a deleted project of that name.
func writes() map[string]func(*testing.T, Log) error {
	return map[string]func(*testing.T, Log) error{
		"record": func(t *testing.T, log Log) error {
			_, err := log.Record(t.Context(), []*audit.Entry{plainEntry("acme"), plainEntry("fresh")})
			return err
		},
		"own entry": func(t *testing.T, log Log) error { return log.RecordOwn(t.Context(), plainEntry("acme")) },
		"tokens": func(t *testing.T, log Log) error {
			return log.ChangeTokens(t.Context(), map[string][]byte{"a": []byte("1")}, nil, plainEntry("acme"))
		},
		"cursor": func(t *testing.T, log Log) error { return log.SaveCursor(t.Context(), "siem", 2) },
		"delete": func(t *testing.T, log Log) error {
			_, err := log.Delete(t.Context(), "acme", plainEntry("acme"), audit.DeletionOrder{Grace: time.Hour})
			return err
		},
	}
}

// picture is what a log holds, as far as writes change it.
type picture struct {
	lastID int64
	state  audit.State
	tokens int
	cursor int64
	fresh  bool
}

func pictureOf(t *testing.T, log Log) picture {
	t.Helper()
	p, err := log.Project("acme")
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := log.Tokens()
	if err != nil {
		t.Fatal(err)
	}
	cursor, _, err := log.Cursor("siem")
	if err != nil {
		t.Fatal(err)
	}
	_, err = log.Project("fresh")
	return picture{log.LastID(), p.State, len(tokens), cursor, err == nil}
}

// prepare opens a log with entries whose writes can be made to fail, or skips.
func prepare(t *testing.T, open Engine) (log Log, dir string) {
	t.Helper()
	dir = t.TempDir()
	log = open.open(t, dir)
	if _, ok := log.(Faulty); !ok {
		t.Skip("the log's writes cannot be made to fail")
	}
	record(t, log, "acme", 3)
	return log, dir
}

// A write that fails with nothing stored says so, changes nothing, and passes when it is
// tried again.
func testLostWrite(t *testing.T, open Engine) {
	for name, write := range writes() {
		t.Run(name, func(t *testing.T) {
			log, dir := prepare(t, open)
			before := pictureOf(t, log)
			log.(Faulty).FailNext(false)
			if err := write(t, log); audit.KindOf(err) != audit.Unavailable {
				t.Fatalf("it failed with %v", err)
			}
			if after := pictureOf(t, log); after != before || log.Err() != nil {
				t.Errorf("it left %+v, before it was %+v; the log says %v", after, before, log.Err())
			}
			if err := write(t, log); err != nil {
				t.Fatalf("tried again: %v", err)
			}
			after := pictureOf(t, log)
			if after == before {
				t.Error("tried again, it changed nothing")
			}
			if err := log.Close(); err != nil {
				t.Fatal(err)
			}
			if again := pictureOf(t, open.open(t, dir)); again != after {
				t.Errorf("opened again it is %+v, and was %+v", again, after)
			}
		})
	}
}

// A write of which the log cannot tell whether it is stored ends the writing, unless the log finds
// out what it holds; opened again, it holds all of it or nothing, and goes on.
func testUnsureWrite(t *testing.T, open Engine) {
	for name, write := range writes() {
		t.Run(name, func(t *testing.T) {
			log, dir := prepare(t, open)
			before := pictureOf(t, log)
			log.(Faulty).FailNext(true)
			if err := write(t, log); audit.KindOf(err) != audit.Unavailable {
				t.Fatalf("it failed with %v", err)
			}
			var found picture
			goesOn := log.Err() == nil
			if goesOn {
				found = pictureOf(t, log)
			} else if err := write(t, log); audit.KindOf(err) != audit.Unavailable {
				t.Errorf("the next write ends with %v", err)
			}
			_ = log.Close() // whose error is that of the log
			log = open.open(t, dir)
			whole := whole(t, open, write)
			now := pictureOf(t, log)
			if now != before && now != whole {
				t.Errorf("opened again it is %+v, want %+v or %+v", now, before, whole)
			}
			if goesOn && now != found {
				t.Errorf("opened again it is %+v, and went on as %+v", now, found)
			}
			record(t, log, "other", 1)
		})
	}
}

// whole returns what a write leaves that does not fail.
func whole(t *testing.T, open Engine, write func(*testing.T, Log) error) picture {
	t.Helper()
	log := open.open(t, t.TempDir())
	record(t, log, "acme", 3)
	if err := write(t, log); err != nil {
		t.Fatal(err)
	}
	return pictureOf(t, log)
}
