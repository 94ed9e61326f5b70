package strict

import (
	"encoding/json"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"auditlog/audit"
)

// Params reads the parameters of a URL into a request, which is a pointer to a struct: each by the
// name of a member, and of a member's member as in not.actor. A list has its parameter several
// times. Its errors are those of Decode.
func Params(query string, req any) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return audit.Errorf(audit.Invalid, "the parameters are not as in a URL: %v", err)
	}
	members, err := membersOf(values, reflect.TypeOf(req).Elem())
	if err != nil {
		return err
	}
	b, err := json.Marshal(members)
	if err != nil {
		return audit.Errorf(audit.Invalid, "the parameters cannot be read: %v", err)
	}
	return Decode(b, req)
}

// membersOf returns the JSON members of a request of type t that parameters stand for. Those that
// are empty stand for none. What is wrong with a value is found when the JSON is read.
func membersOf(values url.Values, t reflect.Type) (map[string]any, error) {
	members := make(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		given := slices.DeleteFunc(slices.Clone(values[name]), func(v string) bool { return v == "" })
		into, member, of := members, name, t
		if outer, inner, nested := strings.Cut(name, "."); nested && structOf(memberType(t, outer)) {
			of = memberType(t, outer)
			member = inner
			within, ok := members[outer].(map[string]any)
			if !ok {
				within = make(map[string]any)
				members[outer] = within
			}
			into = within
		}
		kind := memberType(of, member)
		switch {
		case kind == nil || structOf(kind):
			return nil, unknownParameter(name, t)
		case slices.ContainsFunc(given, func(v string) bool { return !utf8.ValidString(v) }):
			return nil, audit.FieldErrorf(name, "must be valid UTF-8")
		case len(given) == 0:
		case kind.Kind() == reflect.Slice:
			list := make([]any, len(given))
			for i, v := range given {
				list[i] = memberValue(v, kind.Elem())
			}
			into[member] = list
		case len(given) > 1:
			return nil, audit.FieldErrorf(name, "is there twice")
		default:
			into[member] = memberValue(given[0], kind)
		}
	}
	return members, nil
}

func unknownParameter(name string, t reflect.Type) error {
	if best := audit.Closest(name, ParameterNames(t)); best != "" {
		return audit.FieldErrorf(Shown(name), "unknown parameter: did you mean %q?", best)
	}
	return audit.FieldErrorf(Shown(name), "unknown parameter")
}

// ParameterNames returns the names of the parameters of a request of type t.
func ParameterNames(t reflect.Type) (names []string) {
	for _, name := range MemberNames(t) {
		member := memberType(t, name)
		if !structOf(member) {
			names = append(names, name)
			continue
		}
		for _, inner := range MemberNames(member) {
			names = append(names, name+"."+inner)
		}
	}
	return names
}

// structOf reports whether a member is an object: none that is required of a reading method is a
// time, which is written as a text.
func structOf(t reflect.Type) bool { return t != nil && t.Kind() == reflect.Struct }

// memberType returns the type of the JSON member of a struct with a name, or nil.
func memberType(t reflect.Type, name string) reflect.Type {
	for _, f := range reflect.VisibleFields(t) {
		if member, _, _ := strings.Cut(f.Tag.Get("json"), ","); member == name && member != "" && member != "-" {
			return f.Type
		}
	}
	return nil
}

// memberValue returns what a parameter stands for in JSON: a number or a truth value where the
// member is one and it is written as one, else a text.
func memberValue(s string, t reflect.Type) any {
	switch t.Kind() {
	case reflect.Int, reflect.Int64:
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return n
		}
	case reflect.Bool:
		if s == "true" || s == "false" {
			return s == "true"
		}
	}
	return s
}
