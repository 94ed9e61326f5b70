package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"auditlog/client"
	"auditlog/rpc"
)

// The projects: that of the attacker, and that of somebody who has work to do.
const (
	ours   = "mallory"
	theirs = "acme"
)

// target is a server under attack.
type target struct {
	cmd  *exec.Cmd
	log  bytes.Buffer
	exit chan error
	url  string
	// admin, viewer and recorder are tokens; the two last are the attacker's. tenant
	// reads and records as somebody else.
	admin, viewer, recorder string
	tenant                  *client.Client
	answers                 tally // that the attacker got
}

// startTarget starts a server in a new folder, with tokens for everybody.
func startTarget(ctx context.Context, o options, dir string) (*target, error) {
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return nil, err
	}
	t := &target{admin: hex.EncodeToString(secret), exit: make(chan error, 1)}
	args := append([]string{"serve", "--data", dir, "--listen", "127.0.0.1:0", "--log-format", "json", "--log-level", "error"},
		strings.Fields(o.settings)...)
	t.cmd = exec.Command(o.binary, args...)
	t.cmd.Env = append(os.Environ(), "AUDITLOG_ADMIN_TOKEN="+t.admin)
	t.cmd.Stderr = &t.log
	stdout, err := t.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := t.cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(stdout)
	for t.url == "" && lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), "auditlog: listening on "); ok {
			t.url, _, _ = strings.Cut(rest, ",")
		}
	}
	go func() {
		for lines.Scan() { // what else it says is not of interest
		}
		t.exit <- t.cmd.Wait()
	}()
	if t.url == "" {
		t.stop()
		return nil, fmt.Errorf("the server did not start: %s", t.log.String())
	}
	if err := t.makeTokens(ctx); err != nil {
		t.stop()
		return nil, err
	}
	return t, nil
}

func (t *target) makeTokens(ctx context.Context) error {
	admin := t.client(t.admin)
	var errs []error
	token := func(role string, projects ...string) string {
		made, err := admin.CreateToken(ctx, rpc.TokenCreateRequest{
			Owner: role + "@" + projects[0], OwnerType: "ServiceAccount", Role: role, Projects: projects})
		errs = append(errs, err)
		return made.Secret
	}
	t.viewer, t.recorder = token("viewer", ours), token("recorder", ours)
	t.tenant = t.client(token("admin", theirs))
	return errors.Join(errs...)
}

// client returns a client that tries everything once, on connections of its own.
func (t *target) client(token string) *client.Client {
	return &client.Client{URL: t.url, Token: token, Tries: 1, Timeout: 30 * time.Second,
		HTTP: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
}

// alive reports whether the server is there and answers.
func (t *target) alive(ctx context.Context) bool { return t.tenant.Ready(ctx) == nil }

// stop ends the server, which is this one's alone, and waits for its end.
func (t *target) stop() {
	_ = t.cmd.Process.Signal(syscall.SIGTERM) // who has ended already does not hear it
	select {
	case <-t.exit:
	case <-time.After(15 * time.Second):
		_ = t.cmd.Process.Kill()
		<-t.exit
	}
}

// tally counts answers by what they were.
type tally struct {
	mu sync.Mutex
	n  map[string]int
}

func (t *tally) add(what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n == nil {
		t.n = make(map[string]int)
	}
	t.n[what]++
}

func (t *tally) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var parts []string
	for what, n := range t.n {
		parts = append(parts, fmt.Sprintf("%d × %s", n, what))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}
