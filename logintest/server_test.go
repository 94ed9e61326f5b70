package logintest

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// binary builds the program once.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "logintest")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "auditlog")
	out, err := exec.Command("go", "build", "-C", "..", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build auditlog: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := binary(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// freeAddress returns an address that nobody listens at.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// log is a server of the log, at which people log in at a provider.
type log struct {
	t      *testing.T
	url    string
	dir    string
	config string
	token  string // the first admin's
	cmd    *exec.Cmd
}

// settings are the log's; refresh is how long the provider's word counts.
func settings(p *provider, listen, refresh string) string {
	return fmt.Sprintf(`
listen = %q

[oidc]
issuer = %q
client-id = %q
client-secret-file = "secret"
url = "http://%s"
name = "Acme ID"
refresh = %q

[[grant]]
group = "platform"
role = "admin"
projects = ["acme"]

[[grant]]
group = "staff"
role = "viewer"
`, listen, p.url, clientID, listen, refresh)
}

func startLog(t *testing.T, refresh string) (*log, *provider) {
	t.Helper()
	listen := freeAddress(t)
	p := startProvider(t, "http://"+listen)
	l := &log{t: t, url: "http://" + listen, dir: t.TempDir()}
	l.config = filepath.Join(l.dir, "auditlog.toml")
	l.write("auditlog.toml", settings(p, listen, refresh))
	l.write("secret", clientSecret+"\n")
	l.start()
	t.Cleanup(l.stop)
	return l, p
}

func (l *log) write(name, text string) {
	l.t.Helper()
	if err := os.WriteFile(filepath.Join(l.dir, name), []byte(text), 0o600); err != nil {
		l.t.Fatal(err)
	}
}

// start starts the server and waits for its greeting.
func (l *log) start() {
	l.t.Helper()
	path, err := binary()
	if err != nil {
		l.t.Fatal(err)
	}
	l.cmd = exec.Command(path, "serve", "--config", "auditlog.toml", "--data", "data")
	l.cmd.Dir = l.dir
	var stderr bytes.Buffer
	l.cmd.Stderr = &stderr
	out, err := l.cmd.StdoutPipe()
	if err != nil {
		l.t.Fatal(err)
	}
	if err := l.cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if path, ok := strings.CutPrefix(lines.Text(), "  export AUDITLOG_TOKEN=$(cat "); ok {
			token, err := os.ReadFile(strings.TrimSuffix(path, ")"))
			if err != nil {
				l.t.Fatal(err)
			}
			l.token = strings.TrimSpace(string(token))
		}
		if strings.Contains(lines.Text(), "listening on") {
			go io.Copy(io.Discard, out)
			return
		}
	}
	l.cmd.Wait()
	l.t.Fatalf("the log does not start:\n%s", stderr.String())
}

func (l *log) stop() {
	if l.cmd == nil {
		return
	}
	l.cmd.Process.Signal(os.Interrupt)
	l.cmd.Wait()
	l.cmd = nil
}

// command prepares a command of the program, for a user with a folder of settings.
func (l *log) command(home string, args ...string) *exec.Cmd {
	l.t.Helper()
	path, err := binary()
	if err != nil {
		l.t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_CONFIG_HOME=" + home, "AUDITLOG_URL=" + l.url}
	return cmd
}

// run runs a command, and returns what it wrote and its exit code.
func (l *log) run(home string, args ...string) (stdout, stderr string, code int) {
	l.t.Helper()
	cmd := l.command(home, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		l.t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// admin runs a command with the first admin's token.
func (l *log) admin(args ...string) string {
	l.t.Helper()
	cmd := l.command(l.t.TempDir(), args...)
	cmd.Env = append(cmd.Env, "AUDITLOG_TOKEN="+l.token)
	out, err := cmd.CombinedOutput()
	if err != nil {
		l.t.Fatalf("%q: %v\n%s", args, err, out)
	}
	return string(out)
}

// browser is a visitor without scripts, who follows redirects.
type browser struct {
	t *testing.T
	*http.Client
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, &http.Client{Jar: jar, Timeout: 30 * time.Second}}
}

// page is what a browser has got.
type page struct {
	url     *url.URL
	status  int
	refresh string // where the page leads on to
	body    string
}

func (b *browser) read(res *http.Response, err error) page {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	_, refresh, _ := strings.Cut(res.Header.Get("Refresh"), "url=")
	return page{res.Request.URL, res.StatusCode, refresh, string(body)}
}

func (b *browser) open(address string) page {
	b.t.Helper()
	return b.read(b.Get(address))
}

func (b *browser) send(address string, form url.Values) page {
	b.t.Helper()
	return b.read(b.PostForm(address, form))
}

// field returns the value of a hidden field of a page.
func (p page) field(name string) string {
	m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(p.body)
	if m == nil {
		return ""
	}
	return m[1]
}

// login goes from the log's page over the provider's back to the log's.
func (b *browser) login(l *log, p *provider, person string) page {
	b.t.Helper()
	form := b.open(l.url + "/login/provider?next=/logs%3Fproject%3Dacme")
	if !strings.HasPrefix(form.url.String(), p.url+"/login/username") {
		b.t.Fatalf("the browser is at %s: %d\n%s", form.url, form.status, form.body)
	}
	return b.send(p.url+"/login/username", url.Values{"id": {form.field("id")}, "username": {person}, "password": {password}})
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for !holds() {
		select {
		case <-ctx.Done():
			t.Fatal("it never came about: " + what)
		case <-time.After(200 * time.Millisecond):
		}
	}
}
