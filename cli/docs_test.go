package cli

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/spf13/pflag"

	"auditlog/cli/exit"
	"auditlog/cli/server"
	"auditlog/rpc"
)

// documents are the files whose snippets are run. Of their blocks,
//
//	sh          is run by a shell, which must succeed
//	sh serve    starts a server, which the blocks that follow ask
//	sh offline  is run while that server is stopped
//	toml        is read as a file of settings
//
// and any other is not run.
func documents(t *testing.T) []string {
	t.Helper()
	docs, err := filepath.Glob("../docs/*.md")
	if err != nil || len(docs) < 5 {
		t.Fatalf("there are %d documents, %v", len(docs), err)
	}
	return append(docs, "../README.md")
}

// snippet is a block of a document.
type snippet struct {
	kind string
	text string
	line int
}

func snippets(text string) []snippet {
	var list []snippet
	var current *snippet
	for i, line := range strings.Split(text, "\n") {
		fence, isFence := strings.CutPrefix(line, "```")
		switch {
		case isFence && current == nil:
			current = &snippet{kind: fence, line: i + 1}
		case isFence:
			list = append(list, *current)
			current = nil
		case current != nil:
			current.text += line + "\n"
		}
	}
	return list
}

func TestDocumentsRun(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed: the snippets of the documents go untested")
	}
	for _, doc := range documents(t) {
		t.Run(filepath.Base(doc), func(t *testing.T) {
			text, err := os.ReadFile(doc)
			if err != nil {
				t.Fatal(err)
			}
			r := newReader(t)
			for _, s := range snippets(string(text)) {
				r.run(t, s)
			}
		})
	}
}

// docReader is somebody who follows a document.
type docReader struct {
	dir       string
	env       []string
	serveArgs []string
	server    *process
}

func newReader(t *testing.T) *docReader {
	t.Helper()
	r := &docReader{dir: t.TempDir()}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(self, filepath.Join(bin, "auditlog")); err != nil {
		t.Fatal(err)
	}
	docs, err := filepath.Abs("../docs")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(docs, filepath.Join(r.dir, "docs")); err != nil {
		t.Fatal(err)
	}
	r.env = []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=" + r.dir, beProgram + "=1", noRaceSleep}
	t.Cleanup(func() {
		if r.server != nil {
			r.server.kill()
		}
	})
	return r
}

func (r *docReader) run(t *testing.T, s snippet) {
	t.Helper()
	switch s.kind {
	case "toml":
		cfg, fs := server.DefaultConfig(), pflag.NewFlagSet("settings", pflag.ContinueOnError)
		cfg.Flags(fs)
		path := filepath.Join(t.TempDir(), "auditlog.toml")
		if err := os.WriteFile(path, []byte(s.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := cfg.Load(fs, path, func(string) (string, bool) { return "", false }); err != nil {
			t.Errorf("line %d: %v", s.line, err)
		}
	case "sh serve":
		_, args, ok := strings.Cut(strings.TrimSpace(s.text), "serve")
		if !ok || strings.Contains(args, "\n") {
			t.Fatalf("line %d starts no server", s.line)
		}
		// Its address and its folder are this test's own.
		args = regexp.MustCompile(`--(listen|data) \S+`).ReplaceAllString(args, "")
		r.stop(t)
		os.RemoveAll(filepath.Join(r.dir, "data"))
		r.serveArgs = strings.Fields(args)
		r.start(t, s)
	case "sh", "sh offline":
		if r.serveArgs == nil {
			t.Fatalf("line %d comes before there is a server", s.line)
		}
		if s.kind == "sh offline" {
			r.stop(t)
		} else if r.server == nil {
			r.start(t, s)
		}
		r.shell(t, s)
	}
}

func (r *docReader) start(t *testing.T, s snippet) {
	t.Helper()
	p, err := startServer(r.env, r.dir, r.serveArgs...)
	if err != nil {
		t.Fatalf("line %d: %v", s.line, err)
	}
	r.server = p
	if p.token != "" {
		r.env = append(r.env, "AUDITLOG_TOKEN="+p.token)
	}
}

func (r *docReader) stop(t *testing.T) {
	t.Helper()
	if r.server == nil {
		return
	}
	if err := r.server.stop(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	r.server = nil
}

// prelude makes "go run ." the program, and curl fail where the answer is an error.
const prelude = `
go() { shift 2; auditlog "$@"; }
curl() { command curl -sS --fail-with-body "$@" || { echo; echo "curl $*"; exit 22; }; }
set -eu
`

func (r *docReader) shell(t *testing.T, s snippet) {
	t.Helper()
	text, env := s.text, slices.Clone(r.env)
	if r.server != nil {
		text = strings.ReplaceAll(text, "http://127.0.0.1:7070", r.server.url)
		env = append(env, "AUDITLOG_URL="+r.server.url)
	}
	sh := exec.Command("sh", "-c", prelude+text)
	sh.Dir, sh.Env = r.dir, env
	if out, err := sh.CombinedOutput(); err != nil {
		t.Errorf("line %d: %v\n%s\n%s", s.line, err, s.text, out)
	}
}

// TestDocumentsAreComplete looks for what has a place in a document: each setting,
// exit code, command and method.
func TestDocumentsAreComplete(t *testing.T) {
	read := func(path string) string {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	configuration, cli, api := read("../docs/configuration.md"), read("../docs/cli.md"), read("../docs/api.md")
	cfg := server.DefaultConfig()
	settings := pflag.NewFlagSet("settings", pflag.ContinueOnError)
	cfg.Flags(settings)
	settings.VisitAll(func(f *pflag.Flag) {
		row := regexp.MustCompile("(?m)^\\|[^|]*`" + f.Name + "`[^|]*\\| ?([^|]*?) \\|")
		def := strings.Trim(f.DefValue, "[]")
		if m := row.FindStringSubmatch(configuration); m == nil {
			t.Errorf("configuration.md lacks %s", f.Name)
		} else if def != "" && m[1] != "`"+def+"`" {
			t.Errorf("configuration.md has %s as the default of %s, which is %s", m[1], f.Name, def)
		}
	})
	for _, c := range exit.Meanings() {
		if !strings.Contains(cli, fmt.Sprintf("| %d | %s |", c.Code, c.Meaning)) {
			t.Errorf("cli.md lacks exit code %d: %s", c.Code, c.Meaning)
		}
	}
	for _, method := range []string{rpc.Record, rpc.List, rpc.Get, rpc.Stats, rpc.Export, rpc.ProjectList, rpc.ProjectGet,
		rpc.ProjectDelete, rpc.ProjectRestore, rpc.ProjectCreate, rpc.ProjectApprove, rpc.ProjectHold, rpc.ProjectRelease, rpc.TokenCreate, rpc.TokenList, rpc.TokenRevoke} {
		if !strings.Contains(api, "curl http://127.0.0.1:7070/"+method+" ") {
			t.Errorf("api.md has no curl of %s", method)
		}
	}
	if n := strings.Count(read("../README.md"), "\n"); n > 150 {
		t.Errorf("README.md has %d lines, more than 150", n)
	}
}
