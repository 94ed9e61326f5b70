package audit

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Query selects entries of one project. A zero field selects everything.
type Query struct {
	// Project is required.
	Project string
	// ResourceType compares without regard to case, as do Outcomes and Channel.
	ResourceType string
	// ResourceID is that of the entry's resource, or one of those that its metadata
	// lists: see ListedResources.
	ResourceID string
	// Action is exact, or a prefix that ends in ".*".
	Action    string
	Outcomes  []Outcome
	Actor     string
	ActorType ActorType
	Channel   Channel
	// IP is an address, or a range of them in CIDR notation: 203.0.113.9, 2001:db8::/32. An
	// IPv4 address is the same as an IPv6 address that it is mapped to. Entries whose
	// address is the name of a host are found by that name.
	IP string
	// UserAgent, RequestID and Key are exact.
	UserAgent string
	RequestID string
	Key       string
	// RecordedBy is the id of the token that recorded the entries, exact.
	RecordedBy string
	// From is inclusive, To exclusive.
	From, To time.Time
	// Text is the full-text query, in the syntax of package index.
	Text string
}

// Normalize brings a query into one form, so that equal queries are the same:
// values folded where case does not matter, outcomes sorted and each once, times
// truncated upwards to what the log keeps.
func (q *Query) Normalize() {
	q.ResourceType = Fold(q.ResourceType)
	q.Channel = Channel(Fold(string(q.Channel)))
	q.Outcomes = slices.Clone(q.Outcomes) // the caller's may be shared
	for i, o := range q.Outcomes {
		q.Outcomes[i] = Outcome(Fold(string(o)))
	}
	slices.Sort(q.Outcomes)
	q.Outcomes = slices.Compact(q.Outcomes)
	if len(q.Outcomes) == len(Outcomes()) {
		q.Outcomes = nil
	}
	if q.IP != "" {
		q.IP = normalAddresses(q.IP)
	}
	q.From, q.To = ceilMicro(q.From), ceilMicro(q.To)
	q.Text = strings.TrimSpace(q.Text)
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
	if err := ValidateProject(q.Project); err != nil {
		return err
	}
	for _, f := range filtered {
		if asked := *f.query(q); asked != "" {
			if err := f.validateFilter(asked); err != nil {
				return err
			}
		}
	}
	if q.IP != "" {
		if _, err := ParseAddresses(q.IP); err != nil {
			return AtPath(err, "ip")
		}
	}
	if i := strings.IndexByte(q.Action, '*'); i >= 0 && (i != len(q.Action)-1 || !strings.HasSuffix(q.Action, ".*")) {
		return FieldErrorf("action", `must be exact or end in ".*", as in "deployment.*"`)
	}
	for _, o := range q.Outcomes {
		if !slices.Contains(Outcomes(), o) {
			return FieldErrorf("outcome", "must be success, forbidden, error or failure")
		}
	}
	return q.validateTimes()
}

func (q *Query) validateTimes() error {
	for _, t := range []struct {
		path string
		t    time.Time
	}{{"from", q.From}, {"to", q.To}} {
		if err := validateBound(t.path, t.t); err != nil {
			return err
		}
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
	if err := validateBound("after", first); err != nil && !after.IsZero() {
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

// ActionPrefix returns the prefix that Action asks for, its dot included, and
// whether Action is a prefix at all.
func (q *Query) ActionPrefix() (string, bool) {
	if strings.HasSuffix(q.Action, ".*") {
		return strings.TrimSuffix(q.Action, "*"), true
	}
	return "", false
}

// Match reports whether e, of the query's project, is selected by everything
// but Text. The query must be normalized.
func (q *Query) Match(e *Entry) bool {
	at := e.CreatedAt.UnixMicro()
	from, to := q.Bounds()
	if at < from || at >= to {
		return false
	}
	if len(q.Outcomes) > 0 && !slices.Contains(q.Outcomes, e.Outcome) {
		return false
	}
	if q.Actor != "" && q.Actor != e.Actor.Email ||
		q.ActorType != "" && q.ActorType != e.Actor.Type ||
		q.Channel != "" && q.Channel != e.Channel ||
		q.RecordedBy != "" && q.RecordedBy != e.RecordedBy ||
		q.ResourceID != "" && q.ResourceID != e.Resource.ID && !ListsResource(e.Metadata[ListedResources], q.ResourceID) ||
		q.RequestID != "" && q.RequestID != e.Request.ID ||
		q.Key != "" && q.Key != e.Key ||
		q.UserAgent != "" && q.UserAgent != e.Request.UserAgent ||
		q.ResourceType != "" && q.ResourceType != Fold(e.Resource.Type) {
		return false
	}
	if q.IP != "" {
		if a, err := ParseAddresses(q.IP); err != nil || !a.Contain(e.Request.IP) {
			return false
		}
	}
	return q.matchAction(e.Action)
}

func (q *Query) matchAction(action string) bool {
	if q.Action == "" {
		return true
	}
	if prefix, ok := q.ActionPrefix(); ok {
		return strings.HasPrefix(action, prefix)
	}
	return q.Action == action
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
