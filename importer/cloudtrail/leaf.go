package cloudtrail

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// leaf is a text, a number or a boolean somewhere in a JSON value.
type leaf struct {
	// key is the name of the member that holds it, directly or in a list; path are
	// the names from the value on, with dots between them.
	key, path string
	value     string
	// top tells that the member is one of the value itself.
	top bool
	// flag tells a boolean, which identifies nothing.
	flag bool
	// secret tells a value that is not to be kept.
	secret bool
}

// How much of a call's parameters is looked at.
const (
	maxLeaves = 2000
	maxDepth  = 64
)

// hidden is what CloudTrail writes for what it does not tell.
const hidden = "HIDDEN_DUE_TO_SECURITY_REASONS"

// withheld are what services write for what they do not tell.
var withheld = []string{hidden, "<sensitiveDataRemoved>", "***REDACTED***", "*** Sensitive Data Redacted ***", "null"}

// leaves returns the leaves of a JSON value in their order.
// Some calls of EC2 have XML's forms: {"XRequest":{…}} around the parameters, and
// {"content":"…"} or {"item":"…"} around values, which are seen through.
func leaves(raw jsontext.Value) []leaf {
	w := walker{}
	w.value(raw, leaf{}, 0)
	return w.leaves
}

type walker struct {
	leaves []leaf
}

// value adds the leaves of raw, which is at the place that at tells, depth members deep.
func (w *walker) value(raw jsontext.Value, at leaf, depth int) {
	if len(w.leaves) >= maxLeaves || depth > maxDepth {
		return
	}
	switch raw.Kind() {
	case '{':
		o, _ := objectOf(raw)
		w.members(o, at, depth)
	case '[':
		list, _ := valuesOf(raw)
		for i := 0; i < len(list) && len(w.leaves) < maxLeaves; i++ {
			w.value(list[i], at, depth+1)
		}
	case '"', '0', 't', 'f':
		at.value, at.flag = textOf(raw), raw.Kind() == 't' || raw.Kind() == 'f'
		if at.value != "" && !contains(withheld, at.value) {
			w.leaves = append(w.leaves, at)
		}
	}
}

func (w *walker) members(o object, at leaf, depth int) {
	isSecret := pairIsSecret(o)
	for _, m := range o {
		inner := leaf{key: m.name, path: m.name, top: at.path == ""}
		switch {
		case m.name == "content", m.name == "item":
			inner = at
		case depth == 0 && (strings.HasSuffix(m.name, "Request") || strings.HasSuffix(m.name, "Response")) && m.raw.Kind() == '{':
			inner = at
		case at.path != "":
			inner.path = at.path + "." + m.name
		}
		flag := m.raw.Kind() == 't' || m.raw.Kind() == 'f'
		inner.secret = at.secret && !isHarmless(m.name) || saysSecret(m.name) && !flag || isSecret && isPairValue(m.name)
		w.value(m.raw, inner, depth+1)
	}
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
			if strings.EqualFold(l.key, key) && (l.top || !top) && !l.flag && !l.secret {
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
		if l.top && looksLike && !l.secret {
			return find(list, []string{l.key}, atTop)
		}
	}
	return nil
}
