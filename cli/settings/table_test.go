package settings

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

// target is what the tables of these tests say.
type target struct {
	name, url string
	every     time.Duration
	size      int
	gzip      bool
	headers   []string
}

// readTables reads a file of settings that may hold [[target]] and [home], and nothing
// else but listen.
func readTables(t *testing.T, file string) (targets []target, home *target, err error) {
	t.Helper()
	flags := func(v *target) func(*pflag.FlagSet) {
		return func(fs *pflag.FlagSet) {
			fs.StringVar(&v.name, "name", "", "")
			fs.StringVar(&v.url, "url", "", "")
			fs.Var((*Span)(&v.every), "every", "")
			fs.IntVar(&v.size, "size", 100, "")
			fs.BoolVar(&v.gzip, "gzip", true, "")
			fs.StringSliceVar(&v.headers, "headers", nil, "")
		}
	}
	required := func(v *target) error {
		if v.url == "" {
			return Errorf("url", "is required")
		}
		if v.size < 1 {
			return Errorf("size", "must be at least 1")
		}
		return nil
	}
	tables := []Table{
		{Name: "target", Many: true, Begin: func(fs *pflag.FlagSet) func() error {
			v := new(target)
			flags(v)(fs)
			return func() error { targets = append(targets, *v); return required(v) }
		}},
		{Name: "home", Begin: func(fs *pflag.FlagSet) func() error {
			home = new(target)
			flags(home)(fs)
			return func() error { return required(home) }
		}},
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "auditlog.toml")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	fs := pflag.NewFlagSet("test", pflag.ContinueOnError)
	fs.String("listen", "", "")
	_, err = Load(fs, tables, path, func(string) (string, bool) { return "", false })
	if err != nil {
		err = errors.New(strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), ""))
	}
	return targets, home, err
}

func TestTables(t *testing.T) {
	targets, home, err := readTables(t, `
listen = "127.0.0.1:1"

[[target]]
name = "first"
url = "https://example.com/a"
every = "2d"
gzip = false

[home]
url = "here"

[[target]]
url = "b"
size = 7
headers = ["a: b, c", "d: e"]
`)
	if err != nil {
		t.Fatal(err)
	}
	want := `[{first https://example.com/a 172800000000000 100 false []} { b 0 7 true [a: b, c d: e]}] &{ here 0 100 true []}`
	if got := fmt.Sprint(targets, home); got != want {
		t.Errorf("the tables are\n%s, want\n%s", got, want)
	}
	inline, home, err := readTables(t, `
home = {url = "x", size = 2}
target = [{url = "y"}, {url = "z"}]
`)
	if got := fmt.Sprint(inline, home); err != nil || got != "[{ y 0 100 true []} { z 0 100 true []}] &{ x 0 2 true []}" {
		t.Errorf("the tables in braces are %s, %v", got, err)
	}
	if none, home, err := readTables(t, "listen = \"x\"\n"); len(none) > 0 || home != nil || err != nil {
		t.Errorf("where there is none: %v, %v, %v", none, home, err)
	}
}

func TestTablesRefuse(t *testing.T) {
	const first = "[[target]]\nurl = \"a\"\nsize = 1\n\n"
	tests := map[string]struct{ file, want string }{
		"unknown table":          {"[[tarket]]\nurl = 1", `auditlog.toml:1: tarket: no such setting: did you mean "target"?`},
		"unknown key":            {first + "[[target]]\nsizee = \"b\"", `auditlog.toml:6: target.sizee: no such setting: did you mean "size"?`},
		"the first unknown key":  {"[home]\nzzz = 1\naaa = 2", "auditlog.toml:2: home.zzz: no such setting"},
		"a flat one in a table":  {"[home]\nlisten = \"x\"", "auditlog.toml:2: home.listen: no such setting"},
		"required":               {first + "[[target]]\nname = \"b\"\n", "auditlog.toml:5: target.url: is required"},
		"nothing in it":          {first + "[[target]]", "auditlog.toml:5: target.url: is required"},
		"value":                  {first + "[[ \"target\" ]]\nurl = \"b\"\n\"size\" = 0", "auditlog.toml:7: target.size: must be at least 1"},
		"wrong type":             {"[home]\n# size = 1\nsize = \"many\"", `auditlog.toml:3: home.size: "many" is no whole number, or too large`},
		"no bool":                {"[home]\ngzip = \"maybe\"", `auditlog.toml:2: home.gzip: "maybe" is neither true nor false`},
		"no span":                {"[home]\nevery = \"soon\"", `auditlog.toml:2: home.every: "soon" is not a length of time: write 90s, 24h, 30d or 2w`},
		"a table in it":          {"[home]\nurl = \"x\"\n[home.name]\nx = 1", `auditlog.toml:1: home.name: must be a string, a number, true, false or a list of strings`},
		"one where many may be":  {"[target]\nurl = \"x\"", "auditlog.toml:1: target: must be written [[target]]: there may be several"},
		"many where one may be":  {"[[home]]\nurl = \"x\"", "auditlog.toml:1: home: must be written [home]: there is one at most"},
		"not all tables":         {"target = [{url = \"x\"}, 7]", "auditlog.toml:1: target: must be written [[target]]: there may be several"},
		"no table":               {"home = 7", "auditlog.toml:1: home: must be written [home]: there is one at most"},
		"in braces":              {"listen = \"x\"\nhome = {url = \"x\", siz = 1}", `auditlog.toml:2: home.siz: no such setting: did you mean "size"?`},
		"a table for a flat one": {"[listen]\nx = 1", "auditlog.toml:1: listen: must be a string, a number, true, false or a list of strings"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, _, err := readTables(t, tt.file); err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}
