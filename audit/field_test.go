package audit

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// Every text of an entry is in the table, once, where JSON has it.
func TestFieldsAreThoseOfAnEntry(t *testing.T) {
	want := make(map[string]bool)
	var walk func(prefix string, typ reflect.Type)
	walk = func(prefix string, typ reflect.Type) {
		for _, f := range reflect.VisibleFields(typ) {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			switch {
			case f.Type == reflect.TypeFor[time.Time]():
			case f.Type.Kind() == reflect.Struct:
				walk(prefix+name+".", f.Type)
			case f.Type.Kind() == reflect.String:
				want[prefix+name] = true
			}
		}
	}
	walk("", reflect.TypeFor[Entry]())
	seen := make(map[string]bool)
	for _, f := range Fields() {
		if !want[f.Path] {
			t.Errorf("%s is no text of an entry, or twice in the table", f.Path)
		}
		delete(want, f.Path)
		for _, name := range []string{"name " + f.Name, "column " + f.Column, "flag " + f.Flag()} {
			if seen[name] || strings.HasSuffix(name, " ") {
				t.Errorf("%s: %q is empty or another's", f.Path, name)
			}
			seen[name] = true
		}
		if f.Title == "" || f.Usage == "" {
			t.Errorf("%s is not described", f.Path)
		}
		var e Entry
		*f.Of(&e) = "x"
		if json := string(e.AppendJSON(nil)); strings.Count(json, `"x"`) != 1 {
			t.Errorf("%s: the canonical JSON is %s", f.Path, json)
		}
		found, foundWhole := false, false
		e.EachText(func(s string) { found = found || s == "x" })
		e.EachWhole(func(s string) { foundWhole = foundWhole || s == "x" })
		if found != f.Searched || foundWhole != f.Whole {
			t.Errorf("%s is found by words: %t, whole: %t", f.Path, found, foundWhole)
		}
		if FieldAt(f.Path) != f || FieldAt(f.Name) != f {
			t.Errorf("%s is not found by its path or by its name", f.Path)
		}
	}
	if len(want) > 0 {
		t.Errorf("not in the table: %v", want)
	}
}

// Whatever a filter asks of a field, it selects entries that have it, and no others; and
// excludes them.
func TestFieldsFilter(t *testing.T) {
	for _, f := range Fields() {
		if f.Asked == Unasked {
			continue
		}
		value := "x"
		if f.Values != nil {
			value = f.Values[len(f.Values)-1]
		}
		without, with := Entry{Project: "acme", CreatedAt: minTime}, Entry{Project: "acme", CreatedAt: minTime}
		*f.Of(&with) = value
		for not, q := range map[bool]Query{
			false: {Project: "acme", Is: Terms{f.Name: {value, value}}},
			true:  {Project: "acme", Not: Terms{f.Name: {value}}},
		} {
			if q.Normalize(); q.Validate() != nil {
				t.Errorf("%s: %v", f.Name, q.Validate())
			}
			m := NewMatcher(&q)
			if m.Match(&with) == not {
				t.Errorf("%s: an entry with it is wrong, excluded %t", f.Name, not)
			}
			if m.Match(&without) != not && !(not && f.Required && f.Values != nil) {
				t.Errorf("%s: an entry without it is wrong, excluded %t", f.Name, not)
			}
		}
	}
	if FieldAt("resource.location") != nil {
		t.Error("there is a field that is none")
	}
}

func TestFlagsOfFields(t *testing.T) {
	for name, want := range map[string]string{"resourceId": "resource-id", "key": "key", "userAgent": "user-agent"} {
		if got := FieldAt(name).Flag(); got != want {
			t.Errorf("%s: --%s, want --%s", name, got, want)
		}
	}
}
