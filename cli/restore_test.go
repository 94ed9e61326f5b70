package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"auditlog/cli/exit"
)

// A backup that tells of more entries than it has, or fewer, is not restored as what it says.
func TestRestoreCounts(t *testing.T) {
	dir, repo := t.TempDir(), filepath.Join(t.TempDir(), "repo")
	p, err := startServer(os.Environ(), dir, "--data", dir, "--dev")
	if err != nil {
		t.Fatal(err)
	}
	code, said := runCommand("backup", repo, "--url", p.url)
	p.kill()
	if code != exit.OK {
		t.Fatalf("backup ends with %d: %s", code, said)
	}
	name := func() string {
		files, err := filepath.Glob(filepath.Join(repo, "snapshots", "*"))
		if err != nil || len(files) != 1 {
			t.Fatal(files, err)
		}
		return files[0]
	}()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for field, value := range map[string]any{"entries": 4711, "lastId": 4711, "bytes": 1} {
		var snapshot map[string]any
		if err := json.Unmarshal(b, &snapshot); err != nil {
			t.Fatal(err)
		}
		snapshot[field] = value
		changed, err := json.Marshal(snapshot)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(changed)
		moment, _, _ := strings.Cut(filepath.Base(name), "-")
		other := filepath.Join(repo, "snapshots", moment+"-"+hex.EncodeToString(sum[:8])+".json")
		if err := os.WriteFile(other, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		id := strings.TrimSuffix(filepath.Base(other), ".json")
		for _, args := range [][]string{
			{"restore", "--from", repo, "--id", id, "--data", filepath.Join(t.TempDir(), "new")}, {"backup", "verify", repo, "--id", id},
		} {
			if code, said := runCommand(args...); code != exit.Faulty || !strings.Contains(said, "damaged") {
				t.Errorf("%s of a backup that lies about its %s ends with %d: %s", args[0], field, code, said)
			}
		}
	}
}
