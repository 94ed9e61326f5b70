package settings

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/spf13/pflag"
)

// Table is a kind of table that a file of settings may hold, for what there can be
// several of, or what a flag cannot say. Neither flags nor the environment know it.
type Table struct {
	Name string
	// Many allows any number of them, each as [[name]]; else there is one at most, as
	// [name].
	Many bool
	// Begin adds the settings of one table to fs: they are flags, so that they are read
	// and refused as all settings are. It returns what takes the table once they are
	// set, and checks it: an Error names the setting that cannot be meant, or the
	// one that is missing.
	Begin func(fs *pflag.FlagSet) (take func() error)
}

// read takes the tables of this kind that f has, in its order.
func (t Table) read(f *file) error {
	value, ok := f.values[t.Name]
	if !ok {
		return nil
	}
	list, err := t.list(value)
	if err != nil {
		return fmt.Errorf("%s: %w", f.place(t.Name), err)
	}
	for i, values := range list {
		if err := t.readOne(values, tablePlace{f, t.Name, i}); err != nil {
			return err
		}
	}
	return nil
}

// list returns what value, of TOML, holds of this kind.
func (t Table) list(value any) ([]map[string]any, error) {
	one, isOne := value.(map[string]any)
	list, isList := value.([]map[string]any)
	if braces, ok := value.([]any); ok {
		isList = true
		for _, v := range braces {
			m, ok := v.(map[string]any)
			list, isList = append(list, m), isList && ok
		}
	}
	switch {
	case t.Many && isList:
		return list, nil
	case !t.Many && isOne:
		return []map[string]any{one}, nil
	case t.Many:
		return nil, fmt.Errorf("must be written [[%s]]: there may be several", t.Name)
	}
	return nil, fmt.Errorf("must be written [%s]: there is one at most", t.Name)
}

func (t Table) readOne(values map[string]any, at tablePlace) error {
	fs := pflag.NewFlagSet(t.Name, pflag.ContinueOnError)
	take := t.Begin(fs)
	names := Names(fs)
	if unknown := firstUnknown(values, names, at.line); unknown != "" {
		return fmt.Errorf("%s: %s", at.of(unknown), noSuchSetting(unknown, names))
	}
	wrong := make(map[string]any)
	for name, value := range values {
		v := fs.Lookup(name).Value
		if err := setFrom(v, value); err != nil {
			wrong[name] = worded(err, v)
		}
	}
	if len(wrong) > 0 { // where things stand in the file is looked for when it has to be told
		first := at.sorted(wrong)[0]
		return fmt.Errorf("%s: %w", at.of(first), wrong[first].(error))
	}
	err := take()
	if s := (*Error)(nil); errors.As(err, &s) {
		return fmt.Errorf("%s: %s", at.of(s.name), s.message)
	}
	return err
}

// tablePlace is where a table stands in its file.
type tablePlace struct {
	file *file
	name string
	i    int // among those of the name
}

// of names a setting of the table as an error does: auditlog.toml:7: sink.url.
func (p tablePlace) of(key string) string {
	return fmt.Sprintf("%s:%d: %s.%s", p.file.path, p.line(key), p.name, key)
}

// line returns the line that a setting of the table is on; where it is on none, or
// stands in braces, that of the table.
func (p tablePlace) line(key string) int {
	name := `["']?` + regexp.QuoteMeta(p.name) + `["']?`
	heads := regexp.MustCompile(`(?m)^[ \t]*\[\[?[ \t]*`+name+`[ \t]*\]`).FindAllStringIndex(p.file.text, -1)
	if p.i >= len(heads) {
		return p.file.line(p.name)
	}
	head, end := heads[p.i], len(p.file.text)
	if next := regexp.MustCompile(`(?m)^[ \t]*\[`).FindStringIndex(p.file.text[head[1]:]); next != nil {
		end = head[1] + next[0]
	}
	begins := regexp.MustCompile(`(?m)^[ \t]*["']?` + regexp.QuoteMeta(key) + `["']?[ \t]*[=.]`)
	at := begins.FindStringIndex(p.file.text[head[1]:end])
	if at == nil {
		return p.file.lineAt(head[0])
	}
	return p.file.lineAt(head[1] + at[0])
}

// sorted returns the keys of values in the order of their lines.
func (p tablePlace) sorted(values map[string]any) []string {
	keys := make([]string, 0, len(values))
	for key := range values {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	slices.SortStableFunc(keys, func(a, b string) int { return p.line(a) - p.line(b) })
	return keys
}
