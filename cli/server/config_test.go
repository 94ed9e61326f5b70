package server

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

// loadConfig does what serve does with a command line, an environment and a file.
func loadConfig(t *testing.T, args []string, env map[string]string, file string) (Config, error) {
	t.Helper()
	cfg := DefaultConfig()
	fs := pflag.NewFlagSet("test", pflag.ContinueOnError)
	cfg.Flags(fs)
	if err := fs.Parse(args); err != nil {
		t.Fatal(err)
	}
	path := ""
	if file != "" {
		path = filepath.Join(t.TempDir(), "auditlog.toml")
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	err := cfg.Load(fs, path, func(name string) (string, bool) {
		v, ok := env[name]
		return v, ok
	})
	if err != nil {
		err = errors.New(strings.ReplaceAll(err.Error(), filepath.Dir(path)+"/", ""))
	}
	return cfg, err
}

func TestConfigDefaultsAreValid(t *testing.T) {
	got, err := loadConfig(t, nil, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	if want := DefaultConfig(); !reflect.DeepEqual(got, want) {
		t.Errorf("nothing set is\n%+v, want\n%+v", got, want)
	}
}

func TestAdminTokenFromAFile(t *testing.T) {
	const secret = "Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MA"
	cfg, err := loadConfig(t, nil, map[string]string{adminTokenEnv: secret + "\r\n"}, "")
	if err != nil || cfg.AdminToken != secret {
		t.Errorf("the admin token is %q, %v", cfg.AdminToken, err)
	}
}

func TestConfigPrecedence(t *testing.T) {
	file := `
# settings of the test
data = "from-file"
listen = "127.0.0.1:1"
grace = "2w"
dev = true
read-only-actions = ["*.peek", "a, b"]
reads = "denied"
trusted-proxy = "10.0.0.0/8,192.0.2.1"
`
	env := map[string]string{"AUDITLOG_LISTEN": "127.0.0.1:2", "AUDITLOG_LOG_LEVEL": "debug", "AUDITLOG_DRAIN": "3s",
		"AUDITLOG_DATA": "", "AUDITLOG_ADMIN_TOKEN": "secret", "AUDITLOG_NO_SETTING_OF_OURS": "x"}
	got, err := loadConfig(t, []string{"--drain", "4s", "--dev=false"}, env, file)
	if err != nil {
		t.Fatal(err)
	}
	want := DefaultConfig()
	want.Data = "from-file"
	want.Listen = "127.0.0.1:2"
	want.LogLevel = "debug"
	want.Drain = 4 * time.Second
	want.Grace = 14 * 24 * time.Hour
	want.ReadOnlyActions = []string{"*.peek", "a, b"}
	want.Reads = "denied"
	want.TrustedProxies = []string{"10.0.0.0/8", "192.0.2.1"}
	want.AdminToken = "secret"
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v, want\n%+v", got, want)
	}
	if prefixes, err := got.proxies(); err != nil || len(prefixes) != 2 || prefixes[1].String() != "192.0.2.1/32" {
		t.Errorf("the proxies are %v, %v", prefixes, err)
	}
}

func TestConfigFromTheEnvironmentsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.toml")
	if err := os.WriteFile(path, []byte(`data = "elsewhere"`), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := loadConfig(t, nil, map[string]string{"AUDITLOG_CONFIG": path}, "")
	if err != nil || got.Data != "elsewhere" {
		t.Errorf("data is %q, %v", got.Data, err)
	}
}

func TestConfigRefuses(t *testing.T) {
	tests := []struct {
		name string
		args []string
		env  map[string]string
		file string
		want string
	}{
		{name: "unknown key", file: "data = \"x\"\n\n listn = \"y\"\n", want: `auditlog.toml:3: listn: no such setting: did you mean "listen"?`},
		{name: "unknown quoted key", file: "\"lis ten\" = 1", want: `auditlog.toml:1: lis ten: no such setting: did you mean "listen"?`},
		{name: "unknown table", file: "dev = true\n[server]\nx = 1", want: "auditlog.toml:2: server: no such setting"},
		{name: "file in file", file: "config = \"x\"", want: "auditlog.toml:1: config: no such setting"},
		{name: "first of two", file: "zzz = 1\naaa = 2", want: "auditlog.toml:1: zzz: no such setting"},
		{name: "syntax", file: "data = \"x\"\nlisten = = 2", want: `auditlog.toml:2: expected value but found '=' instead`},
		{name: "wrong type", file: "# one\ndrain = 1.5", want: "auditlog.toml:2: drain: must be a string, a number, true, false or a list of strings"},
		{name: "reads", file: "dev = true\nreads = \"some\"", want: "auditlog.toml:2: reads: must be skip or denied"},
		{name: "list for one", file: "data = [\"a\"]", want: "auditlog.toml:1: data: must be one value, not a list"},
		{name: "list of numbers", file: "trusted-proxy = [1]", want: "auditlog.toml:1: trusted-proxy: must be a list of strings"},
		{name: "bad span", file: "grace = \"soon\"", want: `auditlog.toml:1: grace: "soon" is not a length of time: write 90s, 24h, 30d or 2w`},
		{name: "bad bool", env: map[string]string{"AUDITLOG_DEV": "maybe"}, want: `AUDITLOG_DEV: "maybe" is neither true nor false`},
		{name: "no folder", args: []string{"--data="}, want: "--data: must name a folder"},
		{name: "no port", env: map[string]string{"AUDITLOG_LISTEN": "localhost"}, want: "AUDITLOG_LISTEN: must be host:port, such as 127.0.0.1:7070"},
		{name: "port", args: []string{"--listen=:70700"}, want: "--listen: must end in a port between 0 and 65535"},
		{name: "open dev", args: []string{"--dev", "--listen=0.0.0.0:7070"}, want: "--listen: must be 127.0.0.1, [::1] or localhost with --dev, which asks nobody who they are"},
		{name: "named dev", args: []string{"--dev", "--listen=example.com:7070"}, want: "--listen: must be 127.0.0.1, [::1] or localhost with --dev, which asks nobody who they are"},
		{name: "every address dev", args: []string{"--dev", "--listen=:7070"}, want: "--listen: must be 127.0.0.1, [::1] or localhost with --dev, which asks nobody who they are"},
		{name: "half TLS", args: []string{"--tls-cert=x"}, want: "--tls-cert: needs tls-key as well"},
		{name: "other half", file: `tls-key = "x"`, want: "auditlog.toml:1: tls-key: needs tls-cert as well"},
		{name: "level", args: []string{"--log-level=loud"}, want: "--log-level: must be debug, info, warn or error"},
		{name: "format", args: []string{"--log-format=xml"}, want: "--log-format: must be json or console"},
		{name: "drain", args: []string{"--drain=0s"}, want: "--drain: must be more than 0"},
		{name: "proxy", args: []string{"--trusted-proxy=10.0.0.0/8,proxy"}, want: `--trusted-proxy: "proxy" is neither an address nor a range such as 10.0.0.0/8`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := loadConfig(t, tt.args, tt.env, tt.file)
			if err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
	if _, err := loadConfig(t, nil, map[string]string{"AUDITLOG_CONFIG": "/does/not/exist"}, ""); err == nil {
		t.Error("a file that is not there is taken")
	}
}

func TestExposed(t *testing.T) {
	tests := []struct {
		name string
		args []string
		want bool
	}{
		{"this machine", nil, false},
		{"open", []string{"--listen=:7070"}, true},
		{"open with TLS", []string{"--listen=:7070", "--tls-cert=c", "--tls-key=k"}, false},
		{"behind a proxy", []string{"--listen=:7070", "--trusted-proxy=10.0.0.1"}, false},
	}
	for _, tt := range tests {
		cfg, err := loadConfig(t, tt.args, nil, "")
		if err != nil || cfg.exposed() != tt.want {
			t.Errorf("%s: %v, %v", tt.name, cfg.exposed(), err)
		}
	}
}

func TestParsePrefix(t *testing.T) {
	for in, want := range map[string]string{
		"10.0.0.1": "10.0.0.1/32", "::ffff:10.0.0.1": "10.0.0.1/32", "::ffff:10.0.0.0/104": "10.0.0.0/8", "10.0.0.0/8": "10.0.0.0/8",
		"2001:db8::1": "2001:db8::1/128", "fe80::1%eth0": "fe80::1/128", "2001:db8::/32": "2001:db8::/32", "x": "", "::ffff:10.0.0.0/129": "",
	} {
		got, err := parsePrefix(in)
		if (err != nil) != (want == "") || err == nil && got.String() != want {
			t.Errorf("%s is %v, %v; want %s", in, got, err, want)
		}
	}
}
