package intake

import (
	"fmt"
	"strings"

	"auditlog/audit"
)

// ReadOnly are patterns of actions that are not recorded.
type ReadOnly struct {
	exact              map[string]bool
	prefixes, suffixes []string
	// KeepDenied records calls that were refused all the same.
	KeepDenied bool
}

// ParseReadOnly reads patterns: an action, or one with a * at its start or end.
func ParseReadOnly(patterns []string) (ReadOnly, error) {
	r := ReadOnly{exact: make(map[string]bool)}
	for _, p := range patterns {
		rest, isSuffix := strings.CutPrefix(p, "*")
		rest, isPrefix := strings.CutSuffix(rest, "*")
		switch {
		case rest == "" || isPrefix && isSuffix || strings.Contains(rest, "*"):
			return r, fmt.Errorf("read-only action %q: must be an action, or have one * at its start or end, as in *.list", p)
		case isSuffix:
			r.suffixes = append(r.suffixes, rest)
		case isPrefix:
			r.prefixes = append(r.prefixes, rest)
		default:
			r.exact[rest] = true
		}
	}
	return r, nil
}

// skips reports whether e is not to be recorded.
func (r *ReadOnly) skips(e *audit.Entry) bool {
	return r.match(e.Action) && !(r.KeepDenied && e.Outcome == audit.Forbidden)
}

func (r *ReadOnly) match(action string) bool {
	for _, s := range r.suffixes {
		if strings.HasSuffix(action, s) {
			return true
		}
	}
	for _, p := range r.prefixes {
		if strings.HasPrefix(action, p) {
			return true
		}
	}
	return r.exact[action]
}

// Filter returns the entries that are to be recorded, and where they stood.
func (r *ReadOnly) Filter(entries []*audit.Entry) ([]*audit.Entry, Places) {
	first := 0
	for first < len(entries) && !r.skips(entries[first]) {
		first++
	}
	if first == len(entries) {
		return entries, nil
	}
	kept := append([]*audit.Entry(nil), entries[:first]...)
	where := make(Places, first, len(entries))
	for i := range where {
		where[i] = i
	}
	for i := first; i < len(entries); i++ {
		if !r.skips(entries[i]) {
			kept, where = append(kept, entries[i]), append(where, i)
		}
	}
	return kept, where
}

// Places tell where in a request the entries stood that are left of it. Nil
// stands for all of them.
type Places []int

// Of returns where the one at i stood.
func (p Places) Of(i int) int {
	if p == nil || i >= len(p) {
		return i
	}
	return p[i]
}
