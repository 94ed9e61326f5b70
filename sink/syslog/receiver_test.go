package syslog_test

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/sink/sinktest"
)

// server is a syslog server on loopback.
type server struct {
	t        *testing.T
	trust    *tls.Config // nil: TCP alone
	listener net.Listener
	done     sync.WaitGroup

	mu    sync.Mutex
	fault sinktest.Fault
	taken []int64
}

func newServer(t *testing.T, trust *tls.Config) *server {
	s := &server{t: t, trust: trust}
	s.listen("127.0.0.1:0")
	t.Cleanup(func() {
		s.listener.Close()
		s.done.Wait()
	})
	return s
}

func (s *server) listen(address string) {
	var err error
	if s.listener, err = net.Listen("tcp", address); err != nil {
		s.t.Fatal(err)
	}
	l := s.listener
	s.done.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.done.Go(func() { s.serve(c.(*net.TCPConn)) })
		}
	})
}

func (s *server) address() string { return s.listener.Addr().String() }

func (s *server) Hurt(f sinktest.Fault) {
	if f == sinktest.Restarts {
		address := s.address()
		s.listener.Close()
		s.listen(address)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

func (s *server) Refuse(...int64) {}

func (s *server) Taken() []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.taken)
}

// serve reads messages to the end, and takes them one by one, as servers do.
func (s *server) serve(c *net.TCPConn) {
	defer c.Close()
	s.mu.Lock()
	fault := s.fault
	s.fault = ""
	s.mu.Unlock()
	switch fault {
	case sinktest.Fails:
		return
	case sinktest.Hangs:
		time.Sleep(sinktest.Patience + 200*time.Millisecond)
		return
	}
	var conn net.Conn = c
	if s.trust != nil {
		conn = tls.Server(c, s.trust)
		defer conn.Close()
	}
	r := bufio.NewReader(conn)
	for n := 0; ; n++ {
		message, err := frame(r)
		if err == io.EOF {
			break
		}
		if err != nil {
			return // of a client that was not trusted
		}
		if n == 1 && fault == sinktest.CutRequest {
			c.SetLinger(0)
			return
		}
		s.take(message)
	}
	if fault == sinktest.CutAnswer {
		c.SetLinger(0)
		c.Close()
	}
}

// frame reads a message with the number of its bytes in front.
func frame(r *bufio.Reader) (string, error) {
	size, err := r.ReadString(' ')
	if err != nil {
		return "", err
	}
	n, err := strconv.Atoi(strings.TrimSuffix(size, " "))
	if err != nil {
		return "", err
	}
	b := make([]byte, n)
	_, err = io.ReadFull(r, b)
	return string(b), err
}

var head = regexp.MustCompile(`^<(10[789]|110)>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) log\.example\.com auditlog - ([!-~]{1,32}) ` +
	`\[auditlog@32473 key="5f1c0ffee-3-(\d+)" project="([^"]*)" id="(\d+)" seq="(\d+)"\] (.*)$`)

func (s *server) take(message string) {
	m := head.FindStringSubmatch(message)
	if m == nil {
		s.t.Errorf("%s", message)
		return
	}
	var e audit.Entry
	if err := json.Unmarshal([]byte(m[8]), &e); err != nil {
		s.t.Errorf("%v in %s", err, message)
	}
	if m[2] != audit.FormatTime(e.CreatedAt) || m[3] != e.Action || m[5] != e.Project || m[4] != m[6] || m[6] != strconv.FormatInt(e.ID, 10) {
		s.t.Errorf("%s", message)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken = append(s.taken, e.ID)
}
