package cli

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"auditlog/cli/exit"
	"auditlog/store"
	"auditlog/store/kv"
)

// hurtBlock flips a bit in a block of the log in a folder, by its number in the order of keys.
func hurtBlock(t *testing.T, dir string, number int) {
	t.Helper()
	path := filepath.Join(dir, store.FileName)
	s, err := store.OpenReadOnly(dir)
	if err != nil {
		t.Fatal(err)
	}
	var block []byte
	err = s.View(func(tx kv.Tx) error {
		n := 0
		for _, v := range kv.All(tx.Bucket("blocks")) {
			if n == number {
				block = bytes.Clone(v)
			}
			n++
		}
		return nil
	})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; len(block) > 0; {
		n := bytes.Index(b[at:], block)
		if n < 0 {
			break
		}
		at += n + len(block)/2
		b[at] ^= 1
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// What a damaged log still has is listed, exported and counted, each time with word of what
// is missing and an exit code of its own.
func TestDamagedAnswers(t *testing.T) {
	dir := dataFolder(t)
	hurtBlock(t, dir, 0)
	p, err := startServer(os.Environ(), dir, "--data", dir, "--dev")
	if err != nil {
		t.Fatal(err)
	}
	defer p.kill()
	file := filepath.Join(t.TempDir(), "x.ndjson")
	for _, tt := range []struct {
		args  []string
		lines int
	}{
		{[]string{"list", "--all", "-o", "ndjson"}, 1976},
		{[]string{"export"}, 1977},
		{[]string{"export", "--format", "csv"}, 1978},
		{[]string{"export", "--output", file}, 0},
		{[]string{"stats"}, -1},
		{[]string{"stats", "-o", "json"}, -1},
	} {
		var out, errs bytes.Buffer
		args := append(tt.args, "--action", "a.b", "-p", "acme", "--url", p.url)
		code := Main(args, strings.NewReader(""), &out, &errs)
		if code != exit.Faulty || !strings.Contains(errs.String(), "1024 entries of project acme cannot be read") ||
			!strings.Contains(errs.String(), "ids 1 to 1024") {
			t.Errorf("%q ends with %d: %s", args, code, errs.String())
		}
		if n := strings.Count(out.String(), "\n"); tt.lines >= 0 && n != tt.lines {
			t.Errorf("%q writes %d lines, want %d", args, n, tt.lines)
		}
	}
	written, err := os.ReadFile(file)
	if err != nil || bytes.Count(written, []byte("\n")) != 1977 {
		t.Errorf("the file has %d lines, %v", bytes.Count(written, []byte("\n")), err)
	}
}
