package server

import (
	"os/exec"
	"testing"
)

func TestShellWord(t *testing.T) {
	for _, path := range []string{"/var/lib/auditlog/first-admin-token", "my data/it's here/$HOME", "", "`id`", "ä\\n"} {
		out, err := exec.Command("sh", "-c", "printf %s "+shellWord(path)).Output()
		if err != nil || string(out) != path {
			t.Errorf("a shell takes %s for %q: %v", shellWord(path), out, err)
		}
	}
	if w := shellWord("/data/first-admin-token"); w != "/data/first-admin-token" {
		t.Errorf("a plain path is written %s", w)
	}
}
