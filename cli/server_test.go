package cli

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// beProgram in its environment makes the test binary the program itself, so that
// tests run and kill real processes.
const beProgram = "AUDITLOG_TEST_BE_PROGRAM"

// noRaceSleep takes from the race detector the second that it sleeps at the end
// of each process.
const noRaceSleep = "GORACE=atexit_sleep_ms=0"

func beTheProgram() {
	os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

func TestMain(m *testing.M) {
	if os.Getenv(beReceiver) != "" {
		beTheReceiver()
	}
	if os.Getenv(beProgram) != "" {
		beTheProgram()
	}
	testscript.Main(m, map[string]func(){"auditlog": beTheProgram})
}

// program returns the program, to be run with args and an environment.
func program(env []string, args ...string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(env, beProgram+"=1", noRaceSleep)
	return cmd, nil
}

// process is a server of its own process.
type process struct {
	cmd *exec.Cmd
	// url and token are what it told on standard output; token may be empty.
	url, token string
	greeting   string
	log        lockedBuffer // its standard error
	exit       chan error
}

// startLimit bounds how long a server may take to listen.
const startLimit = 20 * time.Second

// startServer runs "auditlog serve" with args at a port of its own, and returns
// once it listens.
func startServer(env []string, dir string, args ...string) (*process, error) {
	return startServerAs(func(*exec.Cmd) {}, env, dir, args...)
}

// startServerAs is startServer with what change makes of the command.
func startServerAs(change func(*exec.Cmd), env []string, dir string, args ...string) (*process, error) {
	cmd, err := program(env, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	if err != nil {
		return nil, err
	}
	change(cmd)
	p := &process{cmd: cmd, exit: make(chan error, 1)}
	cmd.Dir = dir
	cmd.Stderr = &p.log
	stdout, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.Stdout = w
	err = cmd.Start()
	w.Close() // the process has its own
	if err != nil {
		stdout.Close()
		return nil, err
	}
	go func() { p.exit <- cmd.Wait() }()
	greeted := make(chan error, 1)
	go func() { greeted <- p.readGreeting(stdout) }()
	select {
	case err = <-greeted:
	case <-time.After(startLimit):
		err = errors.New("took too long")
	}
	if err != nil {
		p.kill()
		return nil, fmt.Errorf("start server: %w: %s", err, p.log.String())
	}
	return p, nil
}

// readGreeting reads what the server says until it tells of its first curl, and
// goes on to throw away the rest.
func (p *process) readGreeting(stdout *os.File) error {
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		line := lines.Text()
		p.greeting += line + "\n"
		if path, ok := strings.CutPrefix(line, "  export AUDITLOG_TOKEN=$(cat "); ok {
			token, err := os.ReadFile(strings.TrimSuffix(path, ")"))
			if err != nil {
				return err
			}
			p.token = strings.TrimSpace(string(token))
		}
		if rest, ok := strings.CutPrefix(line, "auditlog: listening on "); ok {
			p.url, _, _ = strings.Cut(rest, ",")
		}
		if strings.Contains(line, "/auditLog.list") {
			go func() {
				io.Copy(io.Discard, stdout)
				stdout.Close()
			}()
			return nil
		}
	}
	return errors.Join(lines.Err(), errors.New("ended before it listened"))
}

// kill ends the server as a crash does, and waits for the end.
func (p *process) kill() {
	p.cmd.Process.Kill()
	err := <-p.exit
	p.exit <- err
}

// stop asks the server to end, and returns how it did.
func (p *process) stop(sig syscall.Signal) error {
	p.cmd.Process.Signal(sig)
	select {
	case err := <-p.exit:
		p.exit <- err
		return err
	case <-time.After(startLimit):
		p.kill()
		return errors.New("the server did not end")
	}
}

// lockedBuffer is a buffer that a process writes while a test reads.
type lockedBuffer struct {
	mu    sync.Mutex
	b     bytes.Buffer
	grown chan struct{} // closed with the next write; nil when nobody waits
}

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.grown != nil {
		close(l.grown)
		l.grown = nil
	}
	return l.b.Write(b)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// await returns once the buffer holds text.
func (l *lockedBuffer) await(t *testing.T, text string) {
	t.Helper()
	limit := time.After(startLimit)
	for {
		l.mu.Lock()
		if strings.Contains(l.b.String(), text) {
			l.mu.Unlock()
			return
		}
		if l.grown == nil {
			l.grown = make(chan struct{})
		}
		grown := l.grown
		l.mu.Unlock()
		select {
		case <-grown:
		case <-limit:
			t.Fatalf("%q did not come:\n%s", text, l.String())
		}
	}
}
