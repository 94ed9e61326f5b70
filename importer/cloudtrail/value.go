package cloudtrail

import (
	"bytes"
	"math/big"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// object is the members of a JSON object in their order. Names match exactly: a
// service's own field "eventname" is not eventName.
type object []member

type member struct {
	name string
	raw  jsontext.Value
}

// objectOf returns the members of raw, and whether it is an object.
func objectOf(raw jsontext.Value) (object, bool) {
	dec := jsontext.NewDecoder(bytes.NewReader(raw), tolerant...)
	if dec.PeekKind() != '{' {
		return nil, false
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, false
	}
	var o object
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return nil, false
		}
		key := name.String()
		value, err := dec.ReadValue()
		if err != nil {
			return nil, false
		}
		o = append(o, member{key, value.Clone()})
	}
	_, err := dec.ReadToken()
	return o, err == nil
}

// valuesOf returns the elements of raw, and whether it is a list.
func valuesOf(raw jsontext.Value) ([]jsontext.Value, bool) {
	dec := jsontext.NewDecoder(bytes.NewReader(raw), tolerant...)
	if dec.PeekKind() != '[' {
		return nil, false
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, false
	}
	var list []jsontext.Value
	for dec.PeekKind() != ']' {
		value, err := dec.ReadValue()
		if err != nil {
			return nil, false
		}
		list = append(list, value.Clone())
	}
	return list, true
}

// value returns the last member of that name, or nil.
func (o object) value(name string) jsontext.Value {
	for i := len(o) - 1; i >= 0; i-- {
		if o[i].name == name {
			return o[i].raw
		}
	}
	return nil
}

func (o object) has(name string) bool { return o.value(name) != nil }

func (o object) hasAll(names []string) bool {
	for _, name := range names {
		if !o.has(name) {
			return false
		}
	}
	return true
}

// name returns the text of the member of that name, or "".
func (o object) name(name string) string { return textOf(o.value(name)) }

// object returns the members of the member of that name, or none. An object may be
// written as a string of JSON, as CloudTrail Lake and Athena do.
func (o object) object(name string) object {
	inner, _ := objectOf(unquoted(o.value(name)))
	return inner
}

// at returns the text at a path of names with dots between them, or "".
func (o object) at(path string) string {
	for {
		name, rest, more := strings.Cut(path, ".")
		if !more {
			return o.name(name)
		}
		o, path = o.object(name), rest
	}
}

// unquoted returns the JSON that raw holds as a string, or raw.
func unquoted(raw jsontext.Value) jsontext.Value {
	if inner, ok := jsonIn(raw); ok {
		return inner
	}
	return raw
}

// jsonIn returns the object or list that raw, a string, holds as JSON.
func jsonIn(raw jsontext.Value) (jsontext.Value, bool) {
	if raw.Kind() != '"' {
		return nil, false
	}
	text := strings.TrimSpace(textOf(raw))
	if !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "[") {
		return nil, false
	}
	inner := jsontext.Value(text)
	return inner, inner.IsValid(tolerant...)
}

// isText reports whether raw is, or stands for, text: AWS's own tools write numbers
// and booleans for strings, and the other way round. So is null, for none.
func isText(raw jsontext.Value) bool { return raw.Kind() != '{' && raw.Kind() != '[' }

// textOf returns the text that raw is, or stands for, or "".
func textOf(raw jsontext.Value) string {
	switch raw.Kind() {
	case '"':
		text, err := jsontext.AppendUnquote(nil, raw)
		if err != nil && len(text) == 0 {
			return ""
		}
		return string(text)
	case '0':
		return integer(string(raw))
	case 't', 'f':
		return string(raw)
	}
	return ""
}

// maxExponent bounds the numbers that are written out.
const maxExponent = 30

// integer writes a whole number out that has an exponent, as 1.11122223333e+11.
func integer(literal string) string {
	_, exponent, ok := strings.Cut(strings.ToLower(literal), "e")
	if n, err := strconv.Atoi(exponent); !ok || err != nil || n < 0 || n > maxExponent {
		return literal
	}
	if r, ok := new(big.Rat).SetString(literal); ok && r.IsInt() {
		return r.Num().String()
	}
	return literal
}

// truth reads a boolean, which may be written as a string or a number.
func truth(raw jsontext.Value) (value, ok bool) {
	switch strings.ToLower(textOf(raw)) {
	case "true", "1":
		return true, true
	case "false", "0", "":
		return false, isText(raw)
	}
	return false, false
}
