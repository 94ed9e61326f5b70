package cli

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write what the scripts compare with anew")

// TestScripts runs each command in the scripts of testdata/script, against real
// servers. Beside testscript's own commands there are:
//
//	server FLAG...   start "auditlog serve", by default with --dev, and point
//	                 AUDITLOG_URL and AUDITLOG_TOKEN to it; its greeting is in
//	                 the file greeting
//	stop [SIGNAL]    end the server; its log is in the file log.txt
//	code N ARG...    run a program that must exit with N
//	$CERT, $KEY      files with a certificate for 127.0.0.1 and its key
//	mask [FILE]      make the last standard output, or a file, the file masked,
//	                 with what differs from run to run replaced
func TestScripts(t *testing.T) {
	certs := t.TempDir()
	writeCertificate(t, filepath.Join(certs, "cert.pem"), filepath.Join(certs, "key.pem"))
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Setup: func(env *testscript.Env) error {
			env.Setenv("TZ", "UTC")
			env.Vars = append(env.Vars, noRaceSleep)
			env.Setenv("TESTDATA", cloudTrailData())
			env.Setenv("CERT", filepath.Join(certs, "cert.pem"))
			env.Setenv("KEY", filepath.Join(certs, "key.pem"))
			env.Values[serverKey{}] = new(*process)
			return nil
		},
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "cloudtrail":
				return cloudTrailData() != "", nil
			case "root":
				return os.Getuid() == 0, nil
			}
			return false, errors.New("no such condition")
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"server": cmdServer,
			"halt":   cmdHalt, // stop is the end of a script
			"code":   cmdCode,
			"mask":   cmdMask,
		},
	})
}

// cloudTrailData returns the folder of the public CloudTrail data set, or "".
func cloudTrailData() string {
	for _, dir := range []string{os.Getenv("AUDITLOG_TESTDATA"), "../../shared/data"} {
		files, err := filepath.Glob(filepath.Join(dir, "cloudtrail", "*.json"))
		if dir == "" || err != nil || len(files) == 0 {
			continue
		}
		if abs, err := filepath.Abs(filepath.Join(dir, "cloudtrail")); err == nil {
			return abs
		}
	}
	return ""
}

// serverKey is where a script keeps its server, in a *process that is nil while
// there is none.
type serverKey struct{}

// serverEnv are the variables that a script's server sees.
func serverEnv() []string {
	return []string{"AUDITLOG_RECORD_READS", "PATH", "HOME", "TMPDIR", "TZ", "AUDITLOG_CONFIG", "AUDITLOG_ADMIN_TOKEN", "AUDITLOG_ADMIN_TOKEN_FILE", "CREDENTIALS_DIRECTORY", "AUDITLOG_DATA", "AUDITLOG_LOG_LEVEL"}
}

func cmdServer(ts *testscript.TestScript, neg bool, args []string) {
	current := ts.Value(serverKey{}).(**process)
	if neg || *current != nil {
		ts.Fatalf("a script has one server at a time, which must start")
	}
	if len(args) == 0 {
		args = []string{"--dev"}
	}
	var env []string
	for _, name := range serverEnv() {
		if v := ts.Getenv(name); v != "" {
			env = append(env, name+"="+v)
		}
	}
	p, err := startServer(env, ts.MkAbs("."), args...)
	ts.Check(err)
	*current = p
	ts.Defer(p.kill)
	ts.Setenv("AUDITLOG_URL", p.url)
	if p.token != "" {
		ts.Setenv("AUDITLOG_TOKEN", p.token)
	}
	ts.Check(os.WriteFile(ts.MkAbs("greeting"), []byte(p.greeting), 0o600))
}

// A script ends at a line that says stop, and nobody sees that: a server is halted.
func TestScriptsDoNotStop(t *testing.T) {
	files, err := filepath.Glob("testdata/script/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d scripts, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for n, line := range strings.Split(string(text), "\n") {
			if strings.HasPrefix(line, "stop") {
				t.Errorf("%s:%d: what follows is not run: use halt", file, n+1)
			}
		}
	}
}

func cmdHalt(ts *testscript.TestScript, neg bool, args []string) {
	current := ts.Value(serverKey{}).(**process)
	if *current == nil {
		ts.Fatalf("there is no server")
	}
	sig := syscall.SIGTERM
	switch strings.Join(args, " ") {
	case "":
	case "INT":
		sig = syscall.SIGINT
	case "KILL":
		sig = syscall.SIGKILL
	default:
		ts.Fatalf("halt: no such signal")
	}
	err := (*current).stop(sig)
	ts.Check(os.WriteFile(ts.MkAbs("log.txt"), []byte((*current).log.String()), 0o600))
	*current = nil
	if (err != nil) != neg {
		ts.Fatalf("the server ended with %v", err)
	}
}

func cmdCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N program [arg...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// varying is what differs from run to run, with what stands for it.
var varying = []struct {
	pattern *regexp.Regexp
	mark    string
}{
	{regexp.MustCompile(`"recordedAt":"[^"]+"`), `"recordedAt":"RECORDED"`},
	{regexp.MustCompile(`(?m)^recorded {2,}.+$`), `recorded     RECORDED`},
	{regexp.MustCompile(`(?m)^("\d+","\d+","[^"]+",)"[^"]+"`), `$1"RECORDED"`},
}

func cmdMask(ts *testscript.TestScript, neg bool, args []string) {
	file := "stdout"
	if len(args) == 1 {
		file = args[0]
	}
	if neg || len(args) > 1 {
		ts.Fatalf("usage: mask [file]")
	}
	text := ts.ReadFile(file)
	for _, v := range varying {
		text = v.pattern.ReplaceAllString(text, v.mark)
	}
	ts.Check(os.WriteFile(ts.MkAbs("masked"), []byte(text), 0o600))
}
