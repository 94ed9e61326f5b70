package logintest

import (
	"bufio"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// record is a command that records an entry in acme.
var record = strings.Fields("record -p acme --actor ada@example.com --action deployment.deploy --resource-type Deployment --outcome success")

func TestBrowser(t *testing.T) {
	l, p := startLog(t, "1s")
	l.admin(record...)

	b := newBrowser(t)
	if login := b.open(l.url + "/"); !strings.Contains(login.body, "Log in with Acme ID") {
		t.Fatalf("the page leads nowhere:\n%s", login.body)
	}
	welcome := b.login(l, p, "ada")
	if welcome.status != 200 || welcome.refresh != "/logs?project=acme" {
		t.Fatalf("ada is at %s: %d %q\n%s", welcome.url, welcome.status, welcome.refresh, welcome.body)
	}
	logs := b.open(l.url + welcome.refresh)
	if logs.status != 200 || !strings.Contains(logs.body, "deployment.deploy") || !strings.Contains(logs.body, "ada@example.com") {
		t.Fatalf("%d\n%s", logs.status, logs.body)
	}
	if tokens := b.open(l.url + "/tokens"); tokens.status != 200 {
		t.Errorf("an admin of acme has no tokens: %d", tokens.status)
	}

	// The session outlives the server.
	l.stop()
	l.start()
	if logs := b.open(l.url + "/logs?project=acme"); logs.status != 200 || logs.url.Path != "/logs" {
		t.Errorf("after a restart: %d at %s", logs.status, logs.url)
	}

	// Who leaves a group loses what it gave, and who leaves all is out.
	p.set("ada", "staff")
	eventually(t, "ada is no admin any more", func() bool { return b.open(l.url+"/tokens").status == 403 })
	if logs := b.open(l.url + "/logs?project=acme"); logs.status != 200 {
		t.Errorf("and cannot read either: %d", logs.status)
	}
	p.set("ada")
	eventually(t, "ada is out", func() bool { return b.open(l.url+"/logs?project=acme").url.Path == "/login" })

	own := l.admin("list", "-p", "_auditlog", "-o", "json")
	for _, want := range []string{
		`"action":"session.begin"`, `"actor":{"email":"ada@example.com","type":"User"}`, `"issuer":"` + p.url + `"`,
		`"action":"session.update"`, `"action":"session.end"`, `"identity":"oidc:`,
	} {
		if !strings.Contains(own, want) {
			t.Errorf("the log says nothing of %s:\n%s", want, own)
		}
	}
}

func TestBrowserLogsOut(t *testing.T) {
	l, p := startLog(t, "15m")
	b := newBrowser(t)
	if welcome := b.login(l, p, "ada"); welcome.status != 200 {
		t.Fatalf("%d\n%s", welcome.status, welcome.body)
	}
	csrf := b.open(l.url + "/tokens").field("csrf")
	out := b.send(l.url+"/logout", url.Values{"csrf": {csrf}})
	leave := regexp.MustCompile(`href="([^"]*end_session[^"]*)"`).FindStringSubmatch(out.body)
	if out.status != 200 || leave == nil || p.returned() != 1 {
		t.Fatalf("%d, %d refresh tokens given back\n%s", out.status, p.returned(), out.body)
	}
	if gone := b.open(l.url + "/tokens"); gone.url.Path != "/login" {
		t.Errorf("logged out, and at %s", gone.url)
	}
}

func TestBrowserIsNotLetIn(t *testing.T) {
	l, p := startLog(t, "15m")
	for person, want := range map[string]string{
		"bob": "bob@example.com is in no group that may use this log", "eve": "has not verified your e-mail address",
	} {
		b := newBrowser(t)
		if page := b.login(l, p, person); page.status == 200 || !strings.Contains(strings.ToLower(page.body), strings.ToLower(want)) {
			t.Errorf("%s: %d\n%s", person, page.status, page.body)
		}
		if home := b.open(l.url + "/"); home.url.Path != "/login" {
			t.Errorf("%s is in even so", person)
		}
	}
	told := l.admin("list", "-p", "_auditlog", "--action", "session.begin", "--outcome", "forbidden", "-o", "json")
	if strings.Count(told, `"action":"session.begin"`) != 1 || !strings.Contains(told, `"email":"bob@example.com"`) ||
		!strings.Contains(told, `"identity":"oidc:`) || !strings.Contains(told, `"channel":"console"`) {
		t.Errorf("who was not let in is told of as %s", told)
	}
}

// device is a command line that waits for its person.
func (l *log) device(home string) (code, address string, wait func() error) {
	l.t.Helper()
	cmd := l.command(home, "login")
	out, err := cmd.StderrPipe()
	if err != nil {
		l.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	var said strings.Builder
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		line := lines.Text()
		said.WriteString(line + "\n")
		if _, c, ok := strings.Cut(line, "and enter the code  "); ok {
			code = c
		}
		if strings.HasPrefix(line, "  http") && address == "" {
			address = strings.TrimSpace(line)
		}
		if strings.Contains(line, "waiting") {
			return code, address, func() error {
				rest, _ := io.ReadAll(out)
				l.t.Logf("%s", rest)
				return cmd.Wait()
			}
		}
	}
	cmd.Wait()
	l.t.Fatalf("no code in\n%s", said.String())
	return "", "", nil
}

// confirm does in a browser what the provider asks of a person with a code.
func (p *provider) confirm(t *testing.T, person, code, action string) {
	t.Helper()
	b := newBrowser(t)
	b.send(p.url+"/device/login", url.Values{"user_code": {code}, "username": {person}, "password": {password}})
	if done := b.open(p.url + "/device/confirm?action=" + action); !strings.Contains(done.body, "Device authorization") {
		t.Fatalf("%d\n%s", done.status, done.body)
	}
}

func TestCommandLine(t *testing.T) {
	l, p := startLog(t, "1s")
	home := t.TempDir()
	if _, stderr, code := l.run(home, "list", "-p", "acme"); code != 5 || !strings.Contains(stderr, "auditlog login") {
		t.Errorf("without a log-in: %d %s", code, stderr)
	}
	code, address, wait := l.device(home)
	if code == "" || address != p.url+"/device" {
		t.Errorf("the code is %q, the address %q", code, address)
	}
	p.confirm(t, "ada", code, "allowed")
	if err := wait(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(home, "auditlog", "sessions.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the session is kept in %v, %v", info, err)
	}

	if _, stderr, code := l.run(home, record...); code != 0 {
		t.Fatalf("%d %s", code, stderr)
	}
	who, _, _ := l.run(home, "whoami", "-o", "json")
	mark := regexp.MustCompile(`"recordedBy":"(oidc:[0-9a-f]{16})"`).FindStringSubmatch(who)
	if mark == nil || !strings.Contains(who, `"owner":"ada@example.com"`) {
		t.Fatalf("the person is %s", who)
	}
	list, _, _ := l.run(home, "list", "-p", "acme", "-o", "json")
	if !strings.Contains(list, `"recordedBy":"`+mark[1]+`"`) {
		t.Errorf("what ada recorded is %s", list)
	}
	if sessions := l.admin("session", "list"); !strings.Contains(sessions, "cli") || !strings.Contains(sessions, "ada@example.com") {
		t.Errorf("logged in are\n%s", sessions)
	}

	// A group more counts at the next refresh, a closed account ends it.
	p.set("ada", "staff")
	eventually(t, "ada records no more", func() bool {
		_, _, code := l.run(home, record...)
		return code == 5
	})
	p.close("ada")
	eventually(t, "ada is out", func() bool {
		_, stderr, code := l.run(home, "list", "-p", "acme")
		return code == 5 && strings.Contains(stderr, "the session is over")
	})
}

func TestCommandLineLogsOut(t *testing.T) {
	l, p := startLog(t, "15m")
	home := t.TempDir()
	code, _, wait := l.device(home)
	p.confirm(t, "ada", code, "allowed")
	if err := wait(); err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile(filepath.Join(home, "auditlog", "sessions.json"))
	if err != nil {
		t.Fatal(err)
	}
	if _, stderr, code := l.run(home, "logout"); code != 0 || !strings.Contains(stderr, "logged out ada@example.com") {
		t.Errorf("%d %s", code, stderr)
	}
	if _, _, code := l.run(home, "whoami"); code != 5 {
		t.Errorf("after logging out: %d", code)
	}
	// Who has copied the file has nothing.
	if err := os.WriteFile(filepath.Join(home, "auditlog", "sessions.json"), kept, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code := l.run(home, "whoami"); code != 5 {
		t.Errorf("with the file of before: %d %s", code, stderr)
	}
	if err := os.Chmod(filepath.Join(home, "auditlog", "sessions.json"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code := l.run(home, "whoami"); code == 0 || !strings.Contains(stderr, "others can read your sessions") {
		t.Errorf("with a file that others can read: %d %s", code, stderr)
	}
}

func TestCommandLineIsRefused(t *testing.T) {
	l, p := startLog(t, "15m")
	home := t.TempDir()
	code, _, wait := l.device(home)
	p.confirm(t, "ada", code, "denied")
	if err := wait(); err == nil {
		t.Error("a refusal is a log-in")
	}
	if _, err := os.Stat(filepath.Join(home, "auditlog", "sessions.json")); err == nil {
		t.Error("something is kept of a refusal")
	}
}
