package audit

import (
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Query selects entries. A zero field selects everything.
type Query struct {
	// Project is the one whose entries are meant, or empty for those of all that are Within.
	Project string
	// Within are the projects that may be looked into where Project is empty, which it must not
	// be where there are none. What is recorded elsewhere neither shows nor costs anything.
	Within Scope
	// Is asks for entries that have, of each field in it, one of the values; Not for those
	// that have none of them. How a field is compared its Asked says.
	Is, Not Terms
	// From is inclusive, To exclusive.
	From, To time.Time
	// Text is the full-text query, in the syntax of package fulltext.
	Text string
	// Oldest has them in the order in which they happened; else the newest is the first.
	Oldest bool
}

// Of reports whether q looks into a project.
func (q *Query) Of(project string) bool {
	if q.Project != "" {
		return project == q.Project
	}
	return q.Within.Has(project)
}

// Terms are values by the Name of the Field that they are of.
type Terms map[string][]string

// MaxTerms bounds how many values a query has of one field.
const MaxTerms = 100

// One returns the value of a field of which t has a single one, else "".
func (t Terms) One(name string) string {
	if len(t[name]) == 1 {
		return t[name][0]
	}
	return ""
}

// Clone returns a copy that shares nothing with t.
func (t Terms) Clone() Terms {
	if len(t) == 0 {
		return nil
	}
	c := make(Terms, len(t))
	for name, values := range t {
		c[name] = slices.Clone(values)
	}
	return c
}

// Normalize brings a query into one form, so that equal queries are the same: values
// folded where case does not matter, sorted and each once, times rounded up to what the log
// keeps. Of a field that can only have some values, what is excluded becomes what is left.
func (q *Query) Normalize() {
	// The caller's may be shared.
	q.Is, q.Not = q.Is.normal(), q.Not.normal()
	for _, f := range closed {
		q.closeOf(f)
	}
	q.From, q.To = ceilMicro(q.From), ceilMicro(q.To)
	q.Text = strings.TrimSpace(q.Text)
	if q.Project != "" {
		q.Within = Scope{}
	}
}

// normal returns a copy of t in which each field has its values in one form and order.
func (t Terms) normal() Terms {
	var normal Terms
	for name, values := range t {
		f := FieldNamed(name)
		var list []string
		for _, v := range values {
			switch {
			case v == "":
			case f == nil: // Validate will say so
				list = append(list, v)
			default:
				list = f.normal(list, v)
			}
		}
		if len(list) == 0 {
			continue
		}
		if normal == nil {
			normal = make(Terms, len(t))
		}
		slices.Sort(list)
		normal[name] = slices.Compact(list)
	}
	return normal
}

// closeOf turns what is excluded of a field, which every entry has and which can only have
// some values, into what is left, and drops what leaves all of them.
func (q *Query) closeOf(f *Field) {
	is, no := q.Is[f.Name], q.Not[f.Name]
	if len(is) == 0 && len(no) == 0 {
		return
	}
	left := is
	if len(is) == 0 {
		left = slices.Sorted(slices.Values(f.Values))
	}
	unknown := func(v string) bool { return !slices.Contains(f.Values, v) }
	if slices.ContainsFunc(no, unknown) || slices.ContainsFunc(left, unknown) {
		return // Validate will say so
	}
	left = slices.DeleteFunc(slices.Clone(left), func(v string) bool { return slices.Contains(no, v) })
	switch {
	case len(left) == 0:
		return // it selects nothing, as it says
	case len(left) == len(f.Values):
		q.Is = q.Is.without(f.Name)
	default:
		if q.Is == nil {
			q.Is = make(Terms, 1)
		}
		q.Is[f.Name] = left
	}
	q.Not = q.Not.without(f.Name)
}

func (t Terms) without(name string) Terms {
	if delete(t, name); len(t) == 0 {
		return nil
	}
	return t
}

// ceilMicro rounds up: entries have whole microseconds, so both From <= t and
// t < To hold for the same entries as before.
func ceilMicro(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(time.Microsecond - 1).UTC().Truncate(time.Microsecond)
}

// Validate reports the first thing about a normalized query that cannot be
// meant, as an Invalid Fault with the path of the field.
func (q *Query) Validate() error {
	if q.Project != "" || q.Within.Empty() {
		if err := ValidateProject(q.Project); err != nil {
			return err
		}
	}
	for _, t := range []struct {
		path  string
		terms Terms
	}{{"", q.Is}, {"not.", q.Not}} {
		if err := t.terms.validate(t.path); err != nil {
			return err
		}
	}
	return q.validateTimes()
}

// validate reports what is wrong with t, whose fields have paths that begin with prefix.
func (t Terms) validate(prefix string) error {
	if len(t) == 0 {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(t)) {
		path, values := prefix+name, t[name]
		f := FieldNamed(name)
		if f == nil || f.Asked == Unasked {
			return FieldErrorf(path, "is not something to filter by")
		}
		if len(values) > MaxTerms {
			return FieldErrorf(path, "must be at most %d values, has %d", MaxTerms, len(values))
		}
		for _, v := range values {
			if err := f.validateFilter(path, v); err != nil {
				return err
			}
		}
	}
	return nil
}

func (q *Query) validateTimes() error {
	if err := validateBegin("from", q.From); err != nil {
		return err
	}
	if err := validateBound("to", q.To); err != nil {
		return err
	}
	if !q.From.IsZero() && !q.To.IsZero() && q.To.Before(q.From) {
		return FieldErrorf("to", "must not be before from")
	}
	return nil
}

// validateBound refuses the year 1, too, in which many programs have times that are
// not set.
func validateBound(path string, t time.Time) error {
	if !t.IsZero() && (t.Year() < 2 || t.Year() > 9999) {
		return FieldErrorf(path, "must lie between the years 2 and 9999")
	}
	return nil
}

// validateBegin is validateBound for where a range begins. That may lie in the year 1 where the
// first entry does, as it is with a chart of everything.
func validateBegin(path string, t time.Time) error {
	if t.Year() == 1 && HoldsTime(t) {
		return nil
	}
	return validateBound(path, t)
}

// Between narrows a query to what happened after one time and before another, both
// excluded; a zero time is no bound. Of two bounds on one side the narrower counts. It
// returns an Invalid Fault with the path "after" or "before", or with "from" or "to" of the
// query's own bounds.
func (q *Query) Between(after, before time.Time) error {
	q.From, q.To = ceilMicro(q.From), ceilMicro(q.To)
	if err := q.validateTimes(); err != nil || after.IsZero() && before.IsZero() {
		return err
	}
	at := Truncate(after)
	first := at.Add(time.Microsecond)
	if err := validateBegin("after", first); err != nil && !after.IsZero() {
		return err
	}
	end := ceilMicro(before)
	if err := validateBound("before", end); err != nil {
		return err
	}
	from, to := "from", "to"
	if !end.IsZero() && (q.To.IsZero() || end.Before(q.To)) {
		q.To, to = end, "before"
	}
	// What is after t begins at the microsecond that follows t's own, but a range
	// that is empty for that reason alone is no mistake.
	if !after.IsZero() && first.After(q.From) {
		q.From, from = first, "after"
		if q.To.Equal(at) {
			q.From = q.To
		}
	}
	if !q.To.IsZero() && q.To.Before(q.From) {
		return FieldErrorf(to, "must not be earlier than %s", from)
	}
	return nil
}

// Bounds returns the half-open range of CreatedAt that q selects, in
// microseconds since the Unix epoch.
func (q *Query) Bounds() (from, to int64) {
	from, to = minTime.UnixMicro(), maxTime.UnixMicro()+1
	if !q.From.IsZero() {
		from = max(from, q.From.UnixMicro())
	}
	if !q.To.IsZero() {
		to = min(to, q.To.UnixMicro())
	}
	return from, to
}

// Fold returns the form of s in which two strings that differ in case only are
// equal: every rune is replaced by the smallest of its simple case foldings.
func Fold(s string) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' {
			return strings.Map(foldRune, s)
		}
	}
	return s
}

// IsASCII reports whether s is all ASCII. Searches ask it of whole texts, so it takes
// eight bytes at a time.
func IsASCII(s string) bool {
	for len(s) >= 8 {
		if (s[0]|s[1]|s[2]|s[3]|s[4]|s[5]|s[6]|s[7])&0x80 != 0 {
			return false
		}
		s = s[8:]
	}
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// foldRune maps ASCII letters to lower case, and other runes to the least rune
// of their folding orbit that is not an ASCII capital.
func foldRune(r rune) rune {
	if 'A' <= r && r <= 'Z' {
		return r + 'a' - 'A'
	}
	if r < utf8.RuneSelf {
		return r
	}
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		if 'A' <= f && f <= 'Z' {
			return f + 'a' - 'A'
		}
		least = min(least, f)
	}
	return least
}
