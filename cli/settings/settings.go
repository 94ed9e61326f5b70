package settings

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/spf13/pflag"

	"auditlog/audit"
	"auditlog/calendar"
)

// FileFlag names the file of settings. It is the one flag that is no setting.
const FileFlag = "config"

// EnvPrefix begins the name of every setting in the environment.
const EnvPrefix = "AUDITLOG_"

// Error says what is wrong with the setting called name.
type Error struct {
	name    string
	message string
}

func (e *Error) Error() string { return e.name + ": " + e.message }

// Errorf returns an Error.
func Errorf(name, format string, args ...any) error {
	return &Error{name, fmt.Sprintf(format, args...)}
}

// Sources tells of each setting where it came from, as an error names it:
// "--listen", "AUDITLOG_LISTEN" or "auditlog.toml:3: listen".
type Sources map[string]string

// Load gives every flag that was not given on the command line its value from
// the environment or else from the TOML file at path; "" is no file. The keys of
// the file are the names of the flags, and those of tables, which it alone has.
func Load(fs *pflag.FlagSet, tables []Table, path string, lookup func(string) (string, bool)) (Sources, error) {
	from := make(Sources)
	file, err := readSettings(path)
	if err != nil {
		return nil, err
	}
	if err := file.checkNames(fs, tables); err != nil {
		return nil, err
	}
	fs.VisitAll(func(f *pflag.Flag) {
		if err == nil {
			err = from.set(f, file, lookup)
		}
	})
	for _, t := range tables {
		if err == nil {
			err = t.read(file)
		}
	}
	return from, err
}

// set gives one flag its value from where it has one, and remembers where.
func (from Sources) set(f *pflag.Flag, file *file, lookup func(string) (string, bool)) error {
	env := EnvName(f.Name)
	fromEnv, _ := lookup(env)
	fromFile, inFile := file.values[f.Name]
	var err error
	switch {
	case f.Changed:
		from[f.Name] = "--" + f.Name
	case fromEnv != "":
		from[f.Name] = env
		err = f.Value.Set(fromEnv)
	case inFile:
		from[f.Name] = file.place(f.Name)
		err = setFrom(f.Value, fromFile)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", from[f.Name], worded(err, f.Value))
	}
	return nil
}

// worded says of an error of a flag's value what pflag leaves to the reader.
func worded(err error, v pflag.Value) error {
	var number *strconv.NumError
	if !errors.As(err, &number) {
		return err
	}
	if v.Type() == "bool" {
		return fmt.Errorf("%q is neither true nor false", number.Num)
	}
	return fmt.Errorf("%q is no whole number, or too large", number.Num)
}

// Explain names the place where the setting came from that err is about.
func (from Sources) Explain(err error) error {
	var s *Error
	if errors.As(err, &s) && from[s.name] != "" {
		return fmt.Errorf("%s: %s", from[s.name], s.message)
	}
	return err
}

// EnvName returns the name in the environment of the setting called name.
func EnvName(name string) string {
	return EnvPrefix + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// setFrom sets a flag to a value of TOML.
func setFrom(v pflag.Value, value any) error {
	switch value := value.(type) {
	case string:
		return v.Set(value)
	case bool, int64:
		return v.Set(fmt.Sprint(value))
	case []any:
		list, ok := v.(pflag.SliceValue)
		if !ok {
			return errors.New("must be one value, not a list")
		}
		items := []string{} // an empty list is not an unset one
		for _, item := range value {
			s, ok := item.(string)
			if !ok {
				return errors.New("must be a list of strings")
			}
			items = append(items, s)
		}
		return list.Replace(items)
	case map[string]any:
		if p, ok := v.(*Pairs); ok {
			return p.replace(value)
		}
	}
	return errors.New("must be a string, a number, true, false or a list of strings")
}

// file is a file of settings as it was read.
type file struct {
	path   string
	text   string
	values map[string]any
}

// readSettings reads a TOML file. No path is a file without settings.
func readSettings(path string) (*file, error) {
	f := &file{path: path}
	if path == "" {
		return f, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	f.text = string(text)
	if _, err := toml.Decode(f.text, &f.values); err != nil {
		var syntax toml.ParseError
		if errors.As(err, &syntax) {
			return nil, fmt.Errorf("%s:%d: %s", path, syntax.Position.Line, syntax.Message)
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// checkNames refuses the first setting in f that is neither a flag nor a table.
func (f *file) checkNames(fs *pflag.FlagSet, tables []Table) error {
	names := Names(fs)
	for _, t := range tables {
		names = append(names, t.Name)
	}
	unknown := firstUnknown(f.values, names, f.line)
	if unknown == "" {
		return nil
	}
	return fmt.Errorf("%s: %s", f.place(unknown), noSuchSetting(unknown, names))
}

// Names returns the names of those flags that are settings.
func Names(fs *pflag.FlagSet) []string {
	var names []string
	fs.VisitAll(func(f *pflag.Flag) {
		if f.Name != FileFlag {
			names = append(names, f.Name)
		}
	})
	return names
}

// firstUnknown returns the key of values that is none of names, and of several the one
// on the first line; or "".
func firstUnknown(values map[string]any, names []string, line func(key string) int) string {
	first := ""
	for key := range values {
		if slices.Contains(names, key) {
			continue
		}
		if first == "" || line(key) < line(first) || line(key) == line(first) && key < first {
			first = key
		}
	}
	return first
}

func noSuchSetting(name string, names []string) string {
	if best := audit.Closest(name, names); best != "" {
		return fmt.Sprintf("no such setting: did you mean %q?", best)
	}
	return "no such setting"
}

// place names the setting called name as an error does.
func (f *file) place(name string) string {
	return fmt.Sprintf("%s:%d: %s", f.path, f.line(name), name)
}

// line returns the line that name is on: what is no table's stands before all tables,
// so it is the first that begins with the name, bare, quoted or as a table's.
func (f *file) line(name string) int {
	begins := regexp.MustCompile(`(?m)^[ \t]*\[*[ \t]*["']?` + regexp.QuoteMeta(name) + `\b`)
	at := begins.FindStringIndex(f.text)
	if at == nil {
		return 1
	}
	return f.lineAt(at[0])
}

// lineAt returns the line of an offset at which one begins.
func (f *file) lineAt(offset int) int { return 1 + strings.Count(f.text[:offset], "\n") }

// Span is a length of time as a flag: 90s, 24h, 30d, 2w.
type Span time.Duration

// Set reads s.
func (d *Span) Set(s string) error {
	t, ok := calendar.ParseSpan(s)
	if !ok {
		return fmt.Errorf("%q is not a length of time: write 90s, 24h, 30d or 2w", s)
	}
	*d = Span(t)
	return nil
}

// String returns d in whole days where it is so many, else as time.Duration does.
func (d *Span) String() string {
	t := time.Duration(*d)
	if day := 24 * time.Hour; t >= day && t%day == 0 {
		return fmt.Sprintf("%dd", t/day)
	}
	return t.String()
}

// Type names the kind of value in the help text.
func (d *Span) Type() string { return "duration" }
