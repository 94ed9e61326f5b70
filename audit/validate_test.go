package audit

import (
	"errors"
	"strings"
	"testing"
	"time"
)

var testNow = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func TestNormalizeEntry(t *testing.T) {
	e := Entry{
		Changes:   []Change{},
		Metadata:  map[string]string{},
		CreatedAt: time.Date(2026, 5, 4, 19, 0, 0, 1999, time.FixedZone("", 7*3600)),
	}
	e.Normalize()
	if e.Actor.Type != User || e.Changes != nil || e.Metadata != nil {
		t.Errorf("normalized to %+v", e)
	}
	if want := testNow.Add(time.Microsecond); e.CreatedAt != want {
		t.Errorf("createdAt is %v, want %v", e.CreatedAt, want)
	}
	var unset Entry
	if unset.Normalize(); !unset.CreatedAt.IsZero() {
		t.Errorf("an unset createdAt became %v", unset.CreatedAt)
	}
}

func TestValidateEntry(t *testing.T) {
	const control, broken = "must not hold control characters", "must be valid UTF-8"
	tests := map[string]struct {
		change func(*Entry)
		want   string
	}{
		"as it is":        {func(e *Entry) {}, ""},
		"the bare needed": {func(e *Entry) { *e = *minimal() }, ""},
		"other languages": {func(e *Entry) { e.Resource.Name = "เว็บ é 😀" }, ""},
		"detail may hold lines, however many": {func(e *Entry) {
			e.Detail = strings.Repeat("line\n\x00\t", 10_000)
		}, ""},
		"changes may hold lines": {func(e *Entry) { e.Changes[0].Old, e.Changes[0].New = "a\nb", "\x1b" }, ""},
		"metadata may hold lines": {func(e *Entry) {
			e.Metadata["commit"] = "a\nb"
		}, ""},
		"the log's own project": {func(e *Entry) { e.Project = SystemProject }, ""},

		"no project":                        {func(e *Entry) { e.Project = "" }, "project: is required"},
		"project with a space at its end":   {func(e *Entry) { e.Project = "acme " }, "project: must not begin or end with a space"},
		"project with a space at its start": {func(e *Entry) { e.Project = "\u3000acme" }, "project: must not begin or end with a space"},
		"project with what is not seen":     {func(e *Entry) { e.Project = "ac\u200bme" }, "project: must not hold characters that cannot be seen"},
		"project written backwards":         {func(e *Entry) { e.Project = "\u202eemca" }, "project: must not hold characters that cannot be seen"},
		"project with a variant":            {func(e *Entry) { e.Project = "acme\ufe0f" }, "project: must not hold characters that cannot be seen"},
		"project with a rare variant":       {func(e *Entry) { e.Project = "acme\U000e0101" }, "project: must not hold characters that cannot be seen"},
		"project with a filler":             {func(e *Entry) { e.Project = "ac\u3164me" }, "project: must not hold characters that cannot be seen"},
		"project with another filler":       {func(e *Entry) { e.Project = "ac\u115f\u1160me" }, "project: must not hold characters that cannot be seen"},
		"project with a joiner":             {func(e *Entry) { e.Project = "ac\u034fme" }, "project: must not hold characters that cannot be seen"},
		"project with a blank":              {func(e *Entry) { e.Project = "ac\u2800me" }, "project: must not hold characters that cannot be seen"},
		"project with a hard space":         {func(e *Entry) { e.Project = "ac\u00a0me" }, "project: must not hold spaces but single ones of the usual kind"},
		"project with two spaces":           {func(e *Entry) { e.Project = "ac  me" }, "project: must not hold spaces but single ones of the usual kind"},
		"project with an accent apart":      {func(e *Entry) { e.Project = "cafe\u0301" }, "project: must be in Unicode's normalization form C: a letter and its accent are one character"},
		"project with syllables apart":      {func(e *Entry) { e.Project = "\u1100\u1161" }, "project: must be in Unicode's normalization form C: a letter and its accent are one character"},
		"project in the Kelvin sign":        {func(e *Entry) { e.Project = "\u212a8s" }, "project: must be in Unicode's normalization form C: a letter and its accent are one character"},
		"project with accents":              {func(e *Entry) { e.Project = "café 가 ọ\u0301 বাংলা 葛" }, ""},
		"project of several words":          {func(e *Entry) { e.Project = "acme shop, เว็บ" }, ""},

		"reserved project": {func(e *Entry) { e.Project = "_x" }, "project: must not start with an underscore, which is kept for the log itself"},
		"no actor":         {func(e *Entry) { e.Actor.Email = "" }, "actor.email: is required"},
		"no action":        {func(e *Entry) { e.Action = "" }, "action: is required"},
		"no resource type": {func(e *Entry) { e.Resource.Type = "" }, "resource.type: is required"},
		"no outcome":       {func(e *Entry) { e.Outcome = "" }, "outcome: is required"},
		"odd outcome":      {func(e *Entry) { e.Outcome = "Success" }, "outcome: must be success, forbidden or error"},
		"odd actor type":   {func(e *Entry) { e.Actor.Type = "user" }, "actor.type: must be User or ServiceAccount"},
		"no actor type":    {func(e *Entry) { e.Actor.Type = "" }, "actor.type: is required"},
		"odd channel":      {func(e *Entry) { e.Channel = "web" }, "channel: must be api, console, cli or mcp"},

		"change without a field": {func(e *Entry) { e.Changes = append(e.Changes, Change{}) }, "changes[2].field: is required"},
		"change, broken old":     {func(e *Entry) { e.Changes[1].Old = "\xff" }, "changes[1].old: " + broken},
		"change, broken new":     {func(e *Entry) { e.Changes[1].New = "\xff" }, "changes[1].new: " + broken},
		"broken detail":          {func(e *Entry) { e.Detail = "\xff" }, "detail: " + broken},
		"metadata without a name": {func(e *Entry) {
			e.Metadata = map[string]string{"": "v"}
		}, "metadata: must not have an empty name"},
		"broken metadata": {func(e *Entry) {
			e.Metadata = map[string]string{"b": "\xff", "c": "\xff", "d": "\xff", "a": "fine"}
		}, "metadata.b: " + broken},
		"broken metadata name":  {func(e *Entry) { e.Metadata = map[string]string{"\xff": ""} }, "metadata: " + broken},
		"control metadata name": {func(e *Entry) { e.Metadata = map[string]string{"a\n": ""} }, "metadata: " + control},

		"before time": {func(e *Entry) { e.CreatedAt = minTime.Add(-time.Microsecond) }, "createdAt: must lie between the years 1 and 9999"},
		"first time":  {func(e *Entry) { e.CreatedAt = minTime }, ""},
		"after time": {func(e *Entry) {
			e.CreatedAt = maxTime.Add(time.Microsecond)
		}, "createdAt: must lie between the years 1 and 9999"},
		"a little ahead": {func(e *Entry) { e.CreatedAt = testNow.Add(MaxAhead) }, ""},
		"too far ahead": {func(e *Entry) {
			e.CreatedAt = testNow.Add(MaxAhead + time.Microsecond)
		}, "createdAt: must be no more than 5m0s in the future"},
		"ages ahead": {func(e *Entry) { e.CreatedAt = maxTime }, "createdAt: must be no more than 5m0s in the future"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := full()
			delete(e.Metadata, "")
			tt.change(e)
			checkFault(t, e.Validate(testNow), tt.want)
		})
	}
}

// TestValidateNames puts the same bad values into every field that holds a name.
func TestValidateNames(t *testing.T) {
	fields := []struct {
		path  string
		limit int
		of    func(*Entry) *string
	}{
		{"project", MaxProject, func(e *Entry) *string { return &e.Project }},
		{"actor.email", MaxName, func(e *Entry) *string { return &e.Actor.Email }},
		{"actor.label", MaxValue, func(e *Entry) *string { return &e.Actor.Label }},
		{"action", MaxName, func(e *Entry) *string { return &e.Action }},
		{"resource.type", MaxName, func(e *Entry) *string { return &e.Resource.Type }},
		{"resource.id", MaxValue, func(e *Entry) *string { return &e.Resource.ID }},
		{"resource.name", MaxValue, func(e *Entry) *string { return &e.Resource.Name }},
		{"resource.locationId", MaxName, func(e *Entry) *string { return &e.Resource.LocationID }},
		{"request.ip", MaxValue, func(e *Entry) *string { return &e.Request.IP }},
		{"request.userAgent", MaxValue, func(e *Entry) *string { return &e.Request.UserAgent }},
		{"request.id", MaxValue, func(e *Entry) *string { return &e.Request.ID }},
		{"changes[1].field", MaxName, func(e *Entry) *string { return &e.Changes[1].Field }},
		{"key", MaxKey, func(e *Entry) *string { return &e.Key }},
	}
	for _, f := range fields {
		values := map[string]string{
			strings.Repeat("é", f.limit/2):       "",
			strings.Repeat("é", f.limit/2) + "x": "must be at most %d bytes",
			"a\x00":                              "must not hold control characters",
			"a\nb":                               "must not hold control characters",
			"a\x7f":                              "must not hold control characters",
			"a\u0085":                            "must not hold control characters",
			"a\xff":                              "must be valid UTF-8",
			"\xed\xa0\x80":                       "must be valid UTF-8",
			" a ~/\\\"é\u200b":                   "",
		}
		for value, want := range values {
			e := full()
			delete(e.Metadata, "")
			*f.of(e) = value
			if f.path == "project" && strings.HasPrefix(value, " ") {
				want = "must not begin or end with a space"
			}
			if want != "" {
				want = f.path + ": " + strings.Replace(want, "%d", itoa(f.limit), 1)
			}
			checkFault(t, e.Validate(testNow), want)
		}
	}
	e := minimal()
	e.Metadata = map[string]string{strings.Repeat("k", MaxName): "", "z": strings.Repeat("v", MaxBatchSize)}
	checkFault(t, e.Validate(testNow), "")
	e.Metadata[strings.Repeat("k", MaxName+1)] = ""
	checkFault(t, e.Validate(testNow), "metadata: must not have names of more than 512 bytes")
}

func minimal() *Entry {
	return &Entry{
		Project:  "acme",
		Actor:    Actor{Email: "ada@example.com", Type: ServiceAccount},
		Action:   "deployment.deploy",
		Resource: Resource{Type: "Deployment"},
		Outcome:  Forbidden,
	}
}

// checkFault checks that err is an Invalid Fault that reads want, or nil when
// want is empty.
func checkFault(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" {
		if err != nil {
			t.Errorf("got %v, want no error", err)
		}
		return
	}
	var f *Fault
	if !errors.As(err, &f) || f.Kind != Invalid || f.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
