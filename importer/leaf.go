package importer

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// leaf is a string somewhere in a JSON value, and the name of the member that
// holds it, directly or in a list.
type leaf struct {
	key, value string
	// top tells that the member is one of the value itself.
	top bool
}

// maxLeaves bounds how much of a call's parameters is looked at.
const maxLeaves = 1000

// hidden is what CloudTrail writes for what it does not tell.
const hidden = "HIDDEN_DUE_TO_SECURITY_REASONS"

// leaves returns the strings of a JSON value in their order. Some calls of EC2
// have XML's forms: {"XRequest":{…}} around the parameters, and {"content":"…"} or
// {"item":"…"} around values, which are seen through.
func leaves(raw json.RawMessage) []leaf {
	w := walker{dec: json.NewDecoder(bytes.NewReader(raw))}
	w.value("", 0)
	return w.leaves
}

type walker struct {
	dec    *json.Decoder
	leaves []leaf
}

// value reads one value, which is depth members deep, and reports whether there
// may be more to look at. raw was read once already, so it is well-formed.
func (w *walker) value(key string, depth int) bool {
	tok, err := w.dec.Token()
	if err != nil || len(w.leaves) >= maxLeaves {
		return false
	}
	switch tok := tok.(type) {
	case string:
		if tok != "" && tok != hidden {
			w.leaves = append(w.leaves, leaf{key, tok, depth <= 1})
		}
	case json.Delim:
		for w.dec.More() {
			if !w.element(tok, key, depth) {
				return false
			}
		}
		_, err = w.dec.Token() // the closing one
	}
	return err == nil
}

// element reads one element of a list, or one member of an object.
func (w *walker) element(open json.Delim, key string, depth int) bool {
	if open == '[' {
		return w.value(key, depth)
	}
	name, err := w.dec.Token()
	if err != nil {
		return false
	}
	member, _ := name.(string)
	switch {
	case member == "content", member == "item":
		return w.value(key, depth)
	case depth == 0 && (strings.HasSuffix(member, "Request") || strings.HasSuffix(member, "Response")):
		return w.value(member, depth)
	}
	return w.value(member, depth+1)
}

const (
	anywhere = false
	atTop    = true
)

// find returns the leaves of the first of keys that has any, without regard to
// case; with top, only those at the top.
func find(list []leaf, keys []string, top bool) []leaf {
	for _, key := range keys {
		var found []leaf
		for _, l := range list {
			if strings.EqualFold(l.key, key) && (l.top || !top) {
				found = append(found, l)
			}
		}
		if found != nil {
			return found
		}
	}
	return nil
}

// findLike returns the leaves of the first member at the top whose name ends as
// those of identifiers do.
func findLike(list []leaf) []leaf {
	for _, l := range list {
		looksLike := slices.ContainsFunc([]string{"Id", "Ids", "Arn", "Name", "ARN"}, func(ending string) bool {
			return strings.HasSuffix(l.key, ending)
		})
		if l.top && looksLike {
			return find(list, []string{l.key}, atTop)
		}
	}
	return nil
}
