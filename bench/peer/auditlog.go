package peer

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"auditlog/audit"
	"auditlog/client"
)

// Auditlog is this log: its own binary, reached over HTTP alone.
type Auditlog struct {
	// Flags are those of "auditlog serve" besides what every run has.
	Flags []string

	folder string
	binary string
	server *process
	url    string
	store  string // the address of the database that has the log; its folder has it where that is ""
	stderr bytes.Buffer
}

// NewAuditlog returns the log in folder, served by a binary.
func NewAuditlog(binary, folder string) *Auditlog { return &Auditlog{binary: binary, folder: folder} }

// Build builds the binary of the module that the benchmark stands beside.
func Build(ctx context.Context, path string) error {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "auditlog").Output()
	if err != nil {
		return fmt.Errorf("find the module to build: %w", err)
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-o", path, ".")
	cmd.Dir = strings.TrimSpace(string(out))
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build auditlog: %w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

// token is an admin's, so that every call is asked who makes it.
const token = "bench-9f2c71e0b8d4a6357c1e90fb2d8a4c6e"

func (a *Auditlog) Name() string     { return "auditlog" }
func (a *Auditlog) Folder() string   { return a.folder }
func (a *Auditlog) Processes() []int { return []int{a.server.pid()} }

func (a *Auditlog) Start(ctx context.Context) error {
	cmd := exec.Command(a.binary, append([]string{"serve", "--data", a.folder, "--listen", "127.0.0.1:0",
		"--grace", "1ms", "--log-level", "warn", "--log-format", "json", "--pprof", "--store", a.store}, a.Flags...)...)
	cmd.Env = append(os.Environ(), "AUDITLOG_ADMIN_TOKEN="+token)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt is for the benchmark, which stops it
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	a.stderr.Reset()
	cmd.Stderr = &a.stderr
	if a.server, err = start(cmd); err != nil {
		return err
	}
	if a.url, err = readURL(stdout); err != nil {
		a.server.kill()
		return fmt.Errorf("start auditlog: %w: %s", err, bytes.TrimSpace(a.stderr.Bytes()))
	}
	return (&client.Client{URL: a.url, Token: token}).Ready(ctx)
}

// readURL finds where the server listens in what it prints.
func readURL(r io.Reader) (string, error) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if _, rest, ok := strings.Cut(lines.Text(), "listening on "); ok {
			url, _, _ := strings.Cut(rest, ",")
			go io.Copy(io.Discard, r) // ends with the server
			return url, nil
		}
	}
	return "", errors.Join(lines.Err(), errors.New("it did not say where it listens"))
}

func (a *Auditlog) Stop() error {
	if a.server == nil {
		return nil
	}
	err := a.server.stop(syscall.SIGTERM)
	if err != nil {
		err = fmt.Errorf("%w: %s", err, bytes.TrimSpace(a.stderr.Bytes()))
	}
	a.server = nil
	return err
}

func (a *Auditlog) Kill() error {
	a.server.kill()
	a.server = nil
	return nil
}

func (a *Auditlog) Connect(context.Context) (Conn, error) { return newLeanConn(a.url) }

// ConnectPackage returns a connection that calls as Go programs do that use
// package client.
func (a *Auditlog) ConnectPackage(ctx context.Context) (Conn, error) {
	c := &http.Client{Transport: &http.Transport{}}
	conn := &packageConn{client: client.Client{URL: a.url, Token: token, HTTP: c}}
	return conn, conn.client.Ready(ctx) // which makes the connection
}

// Settle waits until everything is in blocks and in the index of words.
func (a *Auditlog) Settle(ctx context.Context) error {
	for {
		unsettled, err := a.metric(ctx, "auditlog_index_behind", "auditlog_tail_entries")
		if err != nil || unsettled == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// metric returns the sum of some of the server's metrics.
func (a *Auditlog) metric(ctx context.Context, names ...string) (float64, error) {
	res, err := a.get(ctx, "/metrics")
	if err != nil {
		return 0, fmt.Errorf("read metrics: %w", err)
	}
	defer res.Body.Close()
	sum, found := 0.0, 0
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		for _, want := range names {
			if name != want {
				continue
			}
			v, err := strconv.ParseFloat(value, 64)
			if err != nil {
				return 0, fmt.Errorf("read metric %s: %w", name, err)
			}
			sum, found = sum+v, found+1
		}
	}
	if err := lines.Err(); err != nil {
		return 0, fmt.Errorf("read metrics: %w", err)
	}
	if found != len(names) {
		return 0, fmt.Errorf("read metrics: not all of %v are there", names)
	}
	return sum, nil
}

// Profile writes a profile of the server's processor time.
func (a *Auditlog) Profile(ctx context.Context, path string, length time.Duration) error {
	res, err := a.get(ctx, fmt.Sprintf("/debug/pprof/profile?seconds=%d", max(1, int(length.Seconds()))))
	if err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	defer res.Body.Close()
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	_, err = io.Copy(f, res.Body)
	return errors.Join(err, f.Close())
}

// get asks for a page.
func (a *Auditlog) get(ctx context.Context, path string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		return nil, errors.Join(fmt.Errorf("%s: %s", path, res.Status), res.Body.Close())
	}
	return res, nil
}

func (a *Auditlog) Purge(ctx context.Context, project string) error {
	admin := &client.Client{URL: a.url, Token: token}
	if _, err := admin.DeleteProject(ctx, project); err != nil {
		return fmt.Errorf("delete project: %w", err)
	}
	for {
		p, err := admin.Project(ctx, project)
		if err != nil || p.State == audit.Purged {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (a *Auditlog) Disk(context.Context) (int64, error) { return Size(a.folder) }

func (a *Auditlog) Pack(ctx context.Context) error {
	if err := a.Stop(); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, a.binary, "compact", "--data", a.folder)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("compact: %w: %s", err, bytes.TrimSpace(out))
	}
	return a.Start(ctx)
}
