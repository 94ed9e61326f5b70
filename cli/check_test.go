package cli

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"auditlog/audit"
	"auditlog/cli/exit"
	"auditlog/cli/server"
	"auditlog/index"
	"auditlog/store"

	"github.com/rs/zerolog"
)

// dataFolder makes a data folder with blocks and an index, that nothing has open.
func dataFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	s, err := store.Open(dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var entries []*audit.Entry
	for i := range 3000 {
		entries = append(entries, &audit.Entry{Project: "acme", Actor: audit.Actor{Email: "ada@example.com", Type: audit.User},
			Action: "a.b", Resource: audit.Resource{Type: "T"}, Outcome: audit.Success, Detail: fmt.Sprint("revision ", i)})
	}
	if _, err := s.Record(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
	if err := index.Rebuild(t.Context(), server.IndexConfig(dir, s, zerolog.Nop()), func(uint64, uint64) {}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// runCheck runs check and returns its exit code and all that it says.
func runCheck(dir string) (code int, said string) {
	var b bytes.Buffer
	code = Main([]string{"check", "--data", dir}, strings.NewReader(""), &b, &b)
	return code, b.String()
}

// fingerprint describes every file of a folder, times of change included.
func fingerprint(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		fmt.Fprintln(&b, path, info.Mode(), info.Size(), info.ModTime())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestCheckWritesNothing(t *testing.T) {
	dir := dataFolder(t)
	zaps, _ := filepath.Glob(filepath.Join(dir, "index", "*.zap"))
	if len(zaps) == 0 {
		t.Fatal("there is no index to check")
	}
	for _, change := range []func() error{
		func() error { return nil },
		func() error { return os.Remove(filepath.Join(dir, "index", "root.sum")) }, // as a crash leaves it
		func() error { return os.WriteFile(filepath.Join(dir, "index", "root.attempts"), []byte("."), 0o600) },
		func() error { return os.RemoveAll(filepath.Join(dir, "index")) },
		func() error { return os.Mkdir(filepath.Join(dir, "index"), 0o700) },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		before := fingerprint(t, dir)
		if code, said := runCheck(dir); code != exit.OK {
			t.Errorf("check ends with %d: %s", code, said)
		}
		if after := fingerprint(t, dir); after != before {
			t.Errorf("check made\n%s of\n%s", after, before)
		}
	}
}

func TestCheckTellsDamageFromTheDisk(t *testing.T) {
	sound := dataFolder(t)
	db, err := os.ReadFile(filepath.Join(sound, store.FileName))
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		db   []byte
		code int
	}{
		"whole": {db, exit.OK}, "empty": {nil, exit.Faulty}, "cut": {db[:16<<10], exit.Faulty},
		"cut by a page": {db[:len(db)-len(db)%4096-4096], exit.OK}, // the file grows ahead of its pages
		"garbage":       {bytes.Repeat([]byte("garbage!"), 10000), exit.Faulty}, "short": {[]byte("x"), exit.Faulty},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, store.FileName), tt.db, 0o600); err != nil {
			t.Fatal(err)
		}
		if code, said := runCheck(dir); code != tt.code {
			t.Errorf("%s: check ends with %d, want %d: %s", name, code, tt.code, said)
		}
	}
	if code, said := runCheck(filepath.Join(sound, "nowhere")); code != exit.Failure {
		t.Errorf("no folder: %d: %s", code, said)
	}
	// Reading a folder fails as a disk that gives nothing does, whoever runs this.
	if err := os.Remove(filepath.Join(sound, store.FileName)); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(sound, store.FileName), 0o700); err != nil {
		t.Fatal(err)
	}
	if code, said := runCheck(sound); code != exit.Unreadable || strings.Contains(said, "restore a backup") {
		t.Errorf("what cannot be read: %d: %s", code, said)
	}
}
