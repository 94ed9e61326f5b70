package filter

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"auditlog/audit"
	"auditlog/calendar"
	"auditlog/rpc"
)

// Keys are what the search box takes before a colon, and the parameter
// that each sets. The first of a parameter is the one that is suggested.
func Keys() []Key {
	return []Key{
		{"actor", KeyActor}, {"action", KeyAction}, {"type", KeyResourceType}, {"id", KeyResourceID}, {"name", KeyResourceName},
		{"location", KeyLocation}, {"label", KeyLabel},
		{"outcome", KeyOutcome}, {"channel", KeyChannel}, {"is", KeyActorType}, {"token", KeyRecordedBy},
		{"ip", KeyIP}, {"requestId", KeyRequestID}, {"key", KeyKey}, {"agent", KeyUserAgent},
		{"range", KeyRange}, {"from", KeyFrom}, {"to", KeyTo}, {"order", KeyOrder},
		{"resourcetype", KeyResourceType}, {"resourceid", KeyResourceID}, {"resourcename", KeyResourceName}, {"actortype", KeyActorType}, {"recordedby", KeyRecordedBy},
		{"request", KeyRequestID}, {"useragent", KeyUserAgent},
		{"after", KeyFrom}, {"since", KeyFrom}, {"before", KeyTo}, {"until", KeyTo},
	}
}

// Key is one of them.
type Key struct{ Name, Param string }

// SearchError is what is wrong with the text of the search box.
type SearchError struct {
	Message string
	// Quoted is the text with the offending part as mere words, when that may be
	// what was meant.
	Quoted string
}

func (e *SearchError) Error() string { return e.Message }

// Search narrows f by the text of the search box: words and "key:value" alike, each with a
// minus before it for what is left out. Words replace those of f, and the values of a key its
// former ones. now and zone say what times without them mean.
func (f Filter) Search(text string, now time.Time, zone *time.Location) (Filter, error) {
	f.At, f.Text = time.Time{}, ""
	var words []string
	asked := make(map[string]bool) // parameters that the text has had
	pieces := Split(text)
	for i, p := range pieces {
		key, value, ok := cutKey(strings.TrimPrefix(p, "-"))
		if !ok {
			words = append(words, p)
			continue
		}
		not := strings.HasPrefix(p, "-")
		param, err := ParamOf(key)
		switch {
		case err != nil:
		case value == "":
			err = &SearchError{Message: fmt.Sprintf("%s: wants a value, as in %s", key, examples[param])}
		case not && !slices.Contains(parameters(), param):
			err = &SearchError{Message: fmt.Sprintf("-%s: is not something to leave out", key)}
		}
		if err != nil {
			return f, quoteInstead(err, pieces, i)
		}
		if err := f.ask(param, value, not, asked, now, zone); err != nil {
			return f, err
		}
	}
	f.Text = strings.Join(words, " ")
	return f, f.validate(now, zone)
}

// ask applies one key of the search box. asked are the parameters that were applied before.
func (f *Filter) ask(param, value string, not bool, asked map[string]bool, now time.Time, zone *time.Location) error {
	value, err := meant(param, value)
	if err != nil {
		return err
	}
	if param == KeyFrom || param == KeyTo {
		t, err := calendar.ParseTime(value, now, zone)
		if err != nil {
			return audit.AtPath(err, param)
		}
		f.setBound(param, t)
		return nil
	}
	switch param {
	case KeyRange:
		*f = f.With(param, value)
		return nil
	case KeyOrder:
		f.Oldest = value == rpc.OrderOldest
		return nil
	}
	terms, name := &f.Is, param
	if not {
		terms, name = &f.Not, NotPrefix+param
	}
	if !asked[name] {
		*terms = without(*terms, param)
	}
	asked[name] = true
	*terms = plus(*terms, param, value)
	return nil
}

// meant returns what a value of the search box stands for.
func meant(param, value string) (string, error) {
	switch param {
	case KeyActorType:
		t, ok := actorTypes[strings.ToLower(value)]
		if !ok {
			return "", &SearchError{Message: "is: wants user or service, as in is:service"}
		}
		return string(t), nil
	case KeyOrder:
		if value = strings.ToLower(value); value != rpc.OrderNewest && value != rpc.OrderOldest {
			return "", &SearchError{Message: "order: wants newest or oldest"}
		}
	case KeyRange:
		if value = strings.ToLower(value); value != "" {
			if _, ok := findRange(value); !ok {
				return "", &SearchError{Message: "range: wants one of " + RangeNames()}
			}
		}
	}
	return value, nil
}

func (f *Filter) setBound(param string, t time.Time) {
	f.Range = ""
	if param == KeyFrom {
		f.From = audit.Truncate(t)
	} else {
		f.To = audit.Truncate(t)
	}
}

var actorTypes = map[string]audit.ActorType{
	"user": audit.User, "person": audit.User, "human": audit.User,
	"service": audit.ServiceAccount, "serviceaccount": audit.ServiceAccount, "bot": audit.ServiceAccount,
}

// examples shows what each parameter of the search box looks like.
var examples = map[string]string{
	KeyActor: "actor:ada@example.com", KeyAction: "action:deployment.*", KeyResourceType: "type:Deployment",
	KeyResourceID: "id:4711", KeyOutcome: "outcome:failure", KeyChannel: "channel:cli", KeyActorType: "is:service",
	KeyResourceName: "name:checkout", KeyLocation: "location:gke.cluster-rcf2", KeyLabel: "label:claude-code",
	KeyIP: "ip:203.0.113.0/24", KeyRequestID: "requestId:0b7c", KeyKey: "key:evt-0c1f", KeyUserAgent: `agent:"curl/8.5"`,
	KeyRecordedBy: "token:0f3KxQ9Z", KeyRange: "range:7d", KeyFrom: `from:"2026-05-01 14:30"`, KeyTo: "to:18:30", KeyOrder: "order:oldest",
}

// Split cuts text at white space outside quotes.
func Split(text string) []string {
	var pieces []string
	quoted, start := false, -1
	for i, r := range text {
		if r == '"' {
			quoted = !quoted
		}
		space := unicode.IsSpace(r) && !quoted
		if space && start >= 0 {
			pieces, start = append(pieces, text[start:i]), -1
		}
		if !space && start < 0 {
			start = i
		}
	}
	if start >= 0 {
		pieces = append(pieces, text[start:])
	}
	return pieces
}

// EntryNumber returns the number of an entry that somebody typed as they read it: #314556.
func EntryNumber(typed string) (id int64, ok bool) {
	digits, ok := strings.CutPrefix(strings.TrimSpace(typed), "#")
	if !ok {
		return 0, false
	}
	id, err := strconv.ParseInt(digits, 10, 64)
	return id, err == nil && id > 0
}

// isAddress reports whether a piece is an address of the internet, or a range of them.
func isAddress(piece string) bool {
	_, err := netip.ParseAddr(piece)
	if err != nil {
		_, err = netip.ParsePrefix(piece)
	}
	return err == nil
}

// cutKey parts a piece into key and value. What only looks like one is a word:
// sha256:9f2c, https://…, arn:aws:…, dead:beef::1, 12:30 and whatever begins with a quote.
func cutKey(piece string) (key, value string, ok bool) {
	if isAddress(piece) {
		return "", "", false
	}
	key, value, ok = strings.Cut(piece, ":")
	if !ok || key == "" || strings.HasPrefix(value, "//") || strings.HasPrefix(value, ":") || key == "arn" || key == "urn" {
		return "", "", false
	}
	for _, r := range key {
		if r != '_' && (r >= unicode.MaxASCII || !unicode.IsLetter(r)) {
			return "", "", false
		}
	}
	if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
		value = value[1 : len(value)-1]
	}
	return key, strings.TrimSpace(value), true
}

// ParamOf returns the parameter that a key sets, or a SearchError that names the
// key that may have been meant. The page says which others there are.
func ParamOf(key string) (string, error) {
	name := strings.ReplaceAll(strings.ToLower(key), "_", "")
	keys := Keys()
	if i := slices.IndexFunc(keys, func(k Key) bool { return strings.ToLower(k.Name) == name }); i >= 0 {
		return keys[i].Param, nil
	}
	var names []string
	for _, k := range keys {
		names = append(names, k.Name)
	}
	message := fmt.Sprintf("%s: is not something to filter by.", key)
	if near := audit.Closest(name, names); near != "" {
		message += fmt.Sprintf(" Did you mean %s:?", near)
	}
	return "", &SearchError{Message: message}
}

// quoteInstead adds to a SearchError the text in which the piece at fault is a
// phrase to look for.
func quoteInstead(err error, pieces []string, at int) error {
	e, ok := err.(*SearchError)
	if !ok {
		return err
	}
	quoted := slices.Clone(pieces)
	quoted[at] = `"` + strings.ReplaceAll(quoted[at], `"`, "") + `"`
	e.Quoted = strings.Join(quoted, " ")
	return e
}
