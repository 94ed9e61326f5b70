//go:build linux

package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// superuser is the name of the database's own user.
const superuser = "postgres"

// patience is how long a server may take to answer, and to end.
const patience = time.Minute

// Server is a PostgreSQL server on this machine, with a folder of its own. Its methods are
// called by one goroutine at a time.
type Server struct {
	bin, dir string
	runAs    *syscall.Credential // nil: as this process
	port     int
	settings []string

	process *exec.Cmd     // nil: it was not started, or has been stopped
	ended   chan struct{} // closed once the process has ended
}

// NewServer makes a server's folder in parent, which is the system's for temporary files
// where that is "". Init or Follow makes the database in it. Each of settings is
// "name=value"; the last of a name counts.
func NewServer(parent string, settings ...string) (*Server, error) {
	bin, err := Programs()
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin, settings: settings}
	if s.runAs, err = Unprivileged(); err != nil {
		return nil, err
	}
	if s.port, err = freePort(); err != nil {
		return nil, err
	}
	if s.dir, err = os.MkdirTemp(parent, "pg"); err != nil { // short: it holds a socket
		return nil, err
	}
	return s, s.own(s.dir)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// Init makes an empty database.
func (s *Server) Init() error {
	return s.run("initdb", "--pgdata", s.data(), "--username", superuser, "--auth", "trust",
		"--encoding", "UTF8", "--locale", "C", "--no-instructions", "--no-sync")
}

// Set changes a setting, from when the server is started again.
func (s *Server) Set(setting string) { s.settings = append(s.settings, setting) }

// Serve starts the server and waits until it answers.
func (s *Server) Serve() error {
	args := []string{"-D", s.data(), "-k", s.dir, "-p", strconv.Itoa(s.port), "-c", "listen_addresses=127.0.0.1"}
	for _, setting := range s.settings {
		args = append(args, "-c", setting)
	}
	s.process = s.command("postgres", args...)
	var log bytes.Buffer
	s.process.Stderr = &log
	var err error
	if s.ended, err = begin(s.process); err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	for limit := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		_, err := s.Query("SELECT 1")
		if err == nil {
			return nil
		}
		select {
		case <-s.ended:
			return fmt.Errorf("postgres ended: %s", bytes.TrimSpace(log.Bytes()))
		default:
		}
		if time.Now().After(limit) {
			s.Kill()
			return fmt.Errorf("postgres does not answer: %w: %s", err, bytes.TrimSpace(log.Bytes()))
		}
	}
}

// begin starts a process, in a thread that lives as long as it: the system ends the process when the
// thread that started it ends. ended is closed once the process has ended.
func begin(process *exec.Cmd) (ended chan struct{}, err error) {
	ended = make(chan struct{})
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := process.Start()
		started <- err
		if err == nil {
			_ = process.Wait() // how it ended is of no interest: who needs to know reads its log
		}
		close(ended)
	}()
	return ended, <-started
}

// Running reports whether the server has been started and has not ended.
func (s *Server) Running() bool {
	if s.process == nil {
		return false
	}
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

// Stop ends the server in order, without waiting for its clients.
func (s *Server) Stop() error {
	if !s.Running() {
		return nil
	}
	signal(Family(s.process.Process.Pid)[:1], syscall.SIGINT)
	select {
	case <-s.ended:
		return nil
	case <-time.After(patience):
		s.Kill()
		return errors.New("postgres did not end")
	}
}

// Kill ends all processes of the server as a crash does.
func (s *Server) Kill() {
	if !s.Running() {
		return
	}
	pids := Family(s.process.Process.Pid)
	signal(pids, syscall.SIGKILL)
	<-s.ended
	for _, pid := range pids[1:] {
		for !gone(pid) {
			time.Sleep(time.Millisecond)
		}
	}
}

// Freeze stops all processes of the server where they are, until Thaw.
func (s *Server) Freeze() { signal(Family(s.process.Process.Pid), syscall.SIGSTOP) }

// Thaw lets the server go on.
func (s *Server) Thaw() { signal(Family(s.process.Process.Pid), syscall.SIGCONT) }

// Remove ends the server and deletes its folder.
func (s *Server) Remove() error {
	s.Kill()
	return os.RemoveAll(s.dir)
}

// Folder returns where the server keeps everything.
func (s *Server) Folder() string { return s.dir }

// Processes returns the numbers of the server's processes.
func (s *Server) Processes() []int { return Family(s.process.Process.Pid) }

// Address returns the host and port that the server listens at, beside its socket.
func (s *Server) Address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// URL returns that of a database on the server, by its socket.
func (s *Server) URL(database string) string {
	at := url.Values{"host": {s.dir}, "port": {strconv.Itoa(s.port)}}
	return "postgres://" + superuser + "@/" + url.PathEscape(database) + "?" + at.Encode()
}

// Query runs statements as the database's own user, and returns the first value that the last
// of them answers, or "".
func (s *Server) Query(sql string) (string, error) { return s.QueryIn(s.URL(superuser), sql) }

// In runs statements in the database at an address of this server's.
func (s *Server) In(address, sql string) error {
	_, err := s.QueryIn(address, sql)
	return err
}

// QueryIn is Query in the database at an address.
func (s *Server) QueryIn(address, sql string) (string, error) {
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	conn, err := pgconn.Connect(ctx, address)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	results, err := conn.Exec(ctx, sql).ReadAll()
	if err != nil {
		return "", fmt.Errorf("%s: %w", sql, err)
	}
	if last := results[len(results)-1]; len(last.Rows) > 0 {
		return string(last.Rows[0][0]), nil
	}
	return "", nil
}
