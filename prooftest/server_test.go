package prooftest

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binary builds the program once.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "prooftest")
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

const adminToken = "Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MA-qX7w"

// server is a log that is served.
type server struct {
	t   testing.TB
	dir string
	url string
	cmd *exec.Cmd
}

// serve starts a server of the log in a folder.
func serve(t testing.TB, dir string, flags ...string) *server {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, dir: dir}
	s.cmd = exec.Command(path, append([]string{"serve", "--data", dir, "--listen", "127.0.0.1:0", "--log-level", "error"}, flags...)...)
	s.cmd.Env = append(os.Environ(), "AUDITLOG_ADMIN_TOKEN="+adminToken)
	s.cmd.Stderr = os.Stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.end(syscall.SIGKILL) })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if m := regexp.MustCompile(`listening on (http://\S+),`).FindStringSubmatch(lines.Text()); m != nil {
			s.url = m[1]
			go io.Copy(io.Discard, out)
			return s
		}
	}
	t.Fatal("the server does not say where it listens")
	return nil
}

// end ends the server, if it has not ended yet.
func (s *server) end(sig syscall.Signal) {
	if s.cmd.ProcessState == nil {
		s.cmd.Process.Signal(sig)
		s.cmd.Wait()
	}
}

// call calls a method, and returns its result.
func call[T any](s *server, method, contentType, body string) (result T, err error) {
	req, err := http.NewRequest(http.MethodPost, s.url+"/"+method, strings.NewReader(body))
	if err != nil {
		return result, err
	}
	req.Header.Set("Authorization", "Bearer "+adminToken)
	req.Header.Set("Content-Type", contentType)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return result, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return result, err
	}
	var envelope struct {
		OK     bool
		Result T
	}
	if err := json.Unmarshal(answer, &envelope); err != nil || !envelope.OK {
		return result, fmt.Errorf("%s: %s %s", method, res.Status, answer)
	}
	return envelope.Result, nil
}

func mustCall[T any](s *server, method, body string) T {
	s.t.Helper()
	result, err := call[T](s, method, "application/json", body)
	if err != nil {
		s.t.Fatal(err)
	}
	return result
}

// record records n entries, each of the next of projects.
func (s *server) record(n int, projects ...string) {
	s.t.Helper()
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, `{"project":%q,"actor":{"email":"u%d@example.com"},"action":"deployment.deploy","resource":{"type":"Deployment","id":"%d"},"outcome":"success"}`+"\n",
			projects[i%len(projects)], i%97, i)
	}
	if _, err := call[json.RawMessage](s, "auditLog.record", "application/x-ndjson", b.String()); err != nil {
		s.t.Fatal(err)
	}
}

// checkpoint is what log.checkpoint answers.
type checkpoint struct {
	Checkpoint string
	Keys       []string
	Proof      []string
}

func (s *server) checkpoint() checkpoint { return mustCall[checkpoint](s, "log.checkpoint", `{}`) }

// hashes decodes a proof.
func hashes(t testing.TB, texts []string) [][]byte {
	t.Helper()
	list := make([][]byte, len(texts))
	for i, text := range texts {
		b, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		list[i] = b
	}
	return list
}

// wait is how long anything here may take.
const wait = 2 * time.Minute
