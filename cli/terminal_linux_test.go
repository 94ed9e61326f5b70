package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"auditlog/audit"
	"auditlog/client"
	"auditlog/spell"
)

// hostile is what an attacker would write to steer a terminal.
const hostile = "a\x1b]0;title\x07\x1b[2J\u009b31m\x9b31m\r\x7f\u202e\u200b\ufe0f\U000e0041 \"end"

// onTerminal runs the program with a terminal for its output and errors, and returns what
// that was sent.
func onTerminal(t *testing.T, env []string, args ...string) string {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no terminals here: %v", err)
	}
	defer master.Close()
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	cmd, err := program(env, args...)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	shown, _ := io.ReadAll(master) // ends in an error when the last writer has gone
	_ = cmd.Wait()                 // some of the commands must fail
	return string(shown)
}

// TestNothingSteersATerminal gives every command that shows the words of others a terminal.
func TestNothingSteersATerminal(t *testing.T) {
	p, err := startServer(nil, t.TempDir(), "--dev")
	if err != nil {
		t.Fatal(err)
	}
	defer p.kill()
	text := strings.ToValidUTF8(strings.ReplaceAll(hostile, "\r", ""), "") // names hold no controls
	name := strings.Map(func(r rune) rune {
		if r < 0xa0 && (r < 0x20 || r >= 0x7f) {
			return -1
		}
		return r
	}, text)
	c := &client.Client{URL: p.url}
	if _, err := c.Record(t.Context(), audit.Entry{Project: "acme", Actor: audit.Actor{Email: name, Label: name}, Action: name,
		Resource: audit.Resource{Type: name, ID: name, Name: name}, Outcome: audit.Success, Detail: text,
		Metadata: map[string]string{name: text}, Changes: []audit.Change{{Field: name, Old: text, New: text}}}); err != nil {
		t.Fatal(err)
	}
	env := []string{"AUDITLOG_URL=" + p.url, "AUDITLOG_PROJECT=acme", "NO_COLOR=1"}
	for _, args := range [][]string{
		{"list"}, {"list", "-o", "json"}, {"list", "-o", "ndjson"}, {"list", "-o", "csv"}, {"get", "1"}, {"get", "1", "-o", "json"},
		{"stats"}, {"stats", "-o", "json"}, {"export"}, {"export", "--format", "csv"}, {"project", "list"},
		{"get", hostile}, {"get", "--" + hostile}, {hostile}, {"list", "--from", hostile}, {"list", "-o", hostile}, {"project", "get", hostile},
		{"project", "delete", "acme", "--confirm", hostile}, {"token", "revoke", hostile}, {"import", "--format", "ndjson", hostile},
		{"export", "--output", "/nowhere/" + hostile}, {"check", "--data", "/nowhere/" + hostile}, {"list", "--url", "http://127.0.0.1:1/" + hostile},
		{"list", "--url", hostile}, {"record", "--actor", hostile}, {"record", "--change", hostile}, {"serve", "--listen", hostile},
	} {
		shown := onTerminal(t, env, args...)
		if shown == "" {
			t.Errorf("%q shows nothing", args)
		}
		clean := strings.NewReplacer("\r\r\n", "", "\r\n", "", "\r\x1b[K", "", "\t", "").Replace(shown) // what the program itself does
		if i := strings.IndexFunc(clean, spell.IsHidden); i >= 0 || !utf8.ValidString(clean) {
			t.Errorf("%q shows %q", args, clean)
		}
	}
}

// Colours are the program's own: what entries hold is spelled out beside them.
func TestColours(t *testing.T) {
	p, err := startServer(nil, t.TempDir(), "--dev")
	if err != nil {
		t.Fatal(err)
	}
	defer p.kill()
	c := &client.Client{URL: p.url}
	if _, err := c.Record(t.Context(), audit.Entry{Project: "acme", Actor: audit.Actor{Email: "ada\x1b[31m@example.com"}, Action: "role.grant",
		Resource: audit.Resource{Type: "Role"}, Outcome: audit.Forbidden}); err == nil {
		t.Fatal("an actor is recorded who could steer a terminal")
	}
	if _, err := c.Record(t.Context(), audit.Entry{Project: "acme", Actor: audit.Actor{Email: "ada@example.com"}, Action: "role.grant",
		Resource: audit.Resource{Type: "Role"}, Outcome: audit.Forbidden, Detail: "\x1b[31mred"}); err != nil {
		t.Fatal(err)
	}
	env := []string{"AUDITLOG_URL=" + p.url, "AUDITLOG_PROJECT=acme", "TERM=xterm"}
	shown := onTerminal(t, env, "list", "--all-projects")
	for _, want := range []string{"\x1b[2mID\x1b[0m", "\x1b[33mforbidden\x1b[0m"} {
		if !strings.Contains(shown, want) {
			t.Errorf("the list has no %q: %q", want, shown)
		}
	}
	if strings.Contains(shown, "\x1b[31m") {
		t.Errorf("an entry has coloured the terminal: %q", shown)
	}
	if shown = onTerminal(t, env, "lits"); !strings.HasPrefix(shown, "auditlog: \x1b[31merror:\x1b[0m there is no command") || !strings.Contains(shown, "\x1b[1mhint:\x1b[0m") {
		t.Errorf("an error is shown as %q", shown)
	}
	for _, env := range [][]string{append(env, "NO_COLOR=1"), {"AUDITLOG_URL=" + p.url, "TERM=dumb"}} {
		if shown = onTerminal(t, env, "list", "-p", "acme") + onTerminal(t, env, "lits"); strings.Contains(shown, "\x1b") && !strings.Contains(shown, `\x1b`) || strings.Contains(shown, "\x1b[3") {
			t.Errorf("with %q there are colours: %q", env, shown)
		}
	}
}
