package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"auditlog/cli/exit"
	"auditlog/store"
)

// run runs a command and returns its exit code and all that it says.
func runCommand(args ...string) (code int, said string) {
	var b bytes.Buffer
	code = Main(args, strings.NewReader(""), &b, &b)
	return code, b.String()
}

// exportOf returns an export of acme from a folder.
func exportOf(t *testing.T, dir string) string {
	t.Helper()
	p, err := startServer(os.Environ(), dir, "--data", dir, "--dev")
	if err != nil {
		t.Fatal(err)
	}
	defer p.kill()
	file := filepath.Join(t.TempDir(), "acme.ndjson")
	code, said := runCommand("export", "-p", "acme", "--action", "a.b", "--url", p.url, "-o", file)
	if code != exit.OK && code != exit.Faulty {
		t.Fatalf("export ends with %d: %s", code, said)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// loseHead wipes the pages of a log's file that lead to all others.
func loseHead(t *testing.T, dir string) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(dir, store.FileName), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(make([]byte, 2*os.Getpagesize()), 0); err != nil {
		t.Fatal(err)
	}
}

// A damaged log is repaired from a backup, from an export, and without either: everything
// that somebody has is there then, and what is not is named.
func TestRepair(t *testing.T) {
	sound := dataFolder(t)
	want := exportOf(t, sound)
	backups, export := filepath.Join(t.TempDir(), "backups"), filepath.Join(t.TempDir(), "acme.ndjson")
	if err := os.WriteFile(export, []byte(want), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := startServer(os.Environ(), sound, "--data", sound, "--dev")
	if err != nil {
		t.Fatal(err)
	}
	if code, said := runCommand("backup", backups, "--url", p.url); code != exit.OK {
		t.Fatalf("backup ends with %d: %s", code, said)
	}
	p.kill()
	for name, tt := range map[string]struct {
		args []string
		to   bool
		code int
		says string
	}{
		"backup":                 {[]string{"--from", backups}, false, exit.OK, "1024 of them are from"},
		"export":                 {[]string{"--from", export}, false, exit.OK, "1024 of them are from"},
		"both":                   {[]string{"--from", export, "--from", backups}, true, exit.OK, "1024 of them are from"},
		"neither":                {nil, true, exit.Faulty, "1024 entries of project acme are lost, ids 1025 to 2048, seqs 1025 to 2048"},
		"nothing":                {nil, false, exit.Faulty, "the damaged database is kept as"},
		"headless with a backup": {[]string{"--from", backups}, false, exit.Faulty, "entries of unknown projects may be missing"},
		"headless":               {nil, true, exit.Faulty, "neither of its first two pages tells where the others are"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			if err := os.CopyFS(dir, os.DirFS(sound)); err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(filepath.Join(dir, "auditlog.db.mark")); err != nil {
				t.Fatal(err)
			}
			headless := strings.HasPrefix(name, "headless")
			if headless {
				loseHead(t, dir)
			} else {
				hurtBlock(t, dir, 1)
			}
			args := append([]string{"repair", "--data", dir}, tt.args...)
			if tt.to {
				to := filepath.Join(t.TempDir(), "new")
				args, dir = append(args, "--to", to), to
			}
			code, said := runCommand(args...)
			if code != tt.code || !strings.Contains(said, tt.says) {
				t.Fatalf("%q ends with %d: %s", args, code, said)
			}
			if code, said := runCheck(dir); code != exit.OK {
				t.Fatalf("check ends with %d: %s", code, said)
			}
			got := exportOf(t, dir)
			if (tt.code == exit.OK || headless) && got != want {
				t.Errorf("the export has %d lines, want %d", strings.Count(got, "\n"), strings.Count(want, "\n"))
			}
			if n := strings.Count(got, "\n"); tt.code != exit.OK && !headless && (n != 1977 || !strings.Contains(got, `"lost":true`)) {
				t.Errorf("the export has %d lines", n)
			}
			if code, said := runCommand("repair", "--data", dir); tt.code == exit.OK && (code != exit.OK || !strings.Contains(said, "nothing is damaged")) {
				t.Errorf("once more: %d: %s", code, said)
			}
		})
	}
	if code, said := runCommand("repair", "--data", sound, "--from", backups, "--to", sound); code != exit.Conflict {
		t.Errorf("into a folder with a log: %d: %s", code, said)
	}
	other := dataFolder(t)
	if code, said := runCommand("repair", "--data", other, "--from", backups); code != exit.Conflict || !strings.Contains(said, "is of another log") {
		t.Errorf("from a backup of another log: %d: %s", code, said)
	}
}
