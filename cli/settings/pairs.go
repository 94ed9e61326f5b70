package settings

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// Pairs are names with values, as name=value or as a table of TOML.
type Pairs map[string]string

// Set adds a pair.
func (p *Pairs) Set(s string) error {
	name, value, ok := strings.Cut(s, "=")
	if !ok || name == "" {
		return errors.New("must be written name=value")
	}
	if *p == nil {
		*p = make(Pairs)
	}
	(*p)[name] = value
	return nil
}

// Read returns what is in the files that they name, without the end of the last line.
func (p Pairs) Read() (map[string]string, error) {
	values := make(map[string]string, len(p))
	for _, name := range slices.Sorted(maps.Keys(p)) {
		value, err := os.ReadFile(p[name])
		if err != nil {
			return nil, err
		}
		values[name] = string(bytes.TrimRight(value, "\r\n"))
	}
	return values, nil
}

// replace makes them those of a table of TOML.
func (p *Pairs) replace(table map[string]any) error {
	*p = make(Pairs, len(table))
	for name, value := range table {
		switch value.(type) {
		case string, bool, int64:
			(*p)[name] = fmt.Sprint(value)
		default:
			return fmt.Errorf("%s must be a string, a number, true or false", name)
		}
	}
	return nil
}

// String names them: what they hold may be long.
func (p *Pairs) String() string { return strings.Join(slices.Sorted(maps.Keys(*p)), ",") }

// Type names the kind of value in the help text.
func (p *Pairs) Type() string { return "name=value" }
