package audit

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestNormalizeQuery(t *testing.T) {
	nano := time.Date(2026, 5, 1, 7, 0, 0, 1, time.FixedZone("", 7*3600))
	micro := time.Date(2026, 5, 1, 0, 0, 0, 1000, time.UTC)
	q := Query{
		Project: "Acme", Is: Terms{"resourceType": {"DEPLOYment"}, "resourceId": {"A"}, "action": {"A.*"}, "actor": {"Ada"}, "channel": {"CLI"}, "outcome": {"Error", "SUCCESS", "error"}}, Text: "\t a  b ",
		From: nano,
	}
	want := Query{
		Project: "Acme", Is: Terms{"resourceType": {"deployment"}, "resourceId": {"A"}, "action": {"A.*"}, "actor": {"Ada"}, "channel": {string(ChannelCLI)}, "outcome": {string(Error), string(Success)}}, Text: "a  b", From: micro,
	}
	for range 2 {
		if q.Normalize(); !reflect.DeepEqual(q, want) {
			t.Fatalf("got %+v, want %+v", q, want)
		}
	}
	all := Query{Is: Terms{"outcome": {"forbidden", "error", "success"}}, To: micro}
	if all.Normalize(); all.Is != nil || all.To != micro {
		t.Errorf("got %+v", all)
	}
}

func TestValidateQuery(t *testing.T) {
	day := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		q    Query
		want string
	}{
		"bare":                 {Query{}, ""},
		"prefix":               {Query{Is: Terms{"action": {"deployment.*"}}}, ""},
		"prefix of two":        {Query{Is: Terms{"action": {"a.b.*"}}}, ""},
		"empty range":          {Query{From: day, To: day}, ""},
		"bare star":            {Query{Is: Terms{"action": {"*"}}}, `action: must be exact or end in ".*", as in "deployment.*"`},
		"star without dot":     {Query{Is: Terms{"action": {"deploy*"}}}, `action: must be exact or end in ".*", as in "deployment.*"`},
		"star within":          {Query{Is: Terms{"action": {"a.*.b"}}}, `action: must be exact or end in ".*", as in "deployment.*"`},
		"two stars":            {Query{Is: Terms{"action": {"a.*.*"}}}, `action: must be exact or end in ".*", as in "deployment.*"`},
		"long action":          {Query{Is: Terms{"action": {strings.Repeat("a", MaxValue+1)}}}, "action: must be at most 2048 bytes"},
		"broken actor":         {Query{Is: Terms{"actor": {"\xff"}}}, "actor: must be valid UTF-8"},
		"control in type":      {Query{Is: Terms{"resourceType": {"a\n"}}}, "resourceType: must not hold control characters"},
		"control in recorder":  {Query{Is: Terms{"recordedBy": {"a\n"}}}, "recordedBy: must not hold control characters"},
		"control in id":        {Query{Is: Terms{"resourceId": {"a\n"}}}, "resourceId: must not hold control characters"},
		"unknown field":        {Query{Is: Terms{"actr": {"a"}}}, "actr: is not something to filter by"},
		"not a filter":         {Query{Not: Terms{"detail": {"a"}}}, "not.detail: is not something to filter by"},
		"odd, excluded":        {Query{Not: Terms{"outcome": {"odd"}}}, "not.outcome: must be success, forbidden, error or failure"},
		"odd address":          {Query{Not: Terms{"ip": {"1.2.3"}}}, "not.ip: must be an address, as 203.0.113.9, or a range, as 203.0.113.0/24"},
		"odd outcome":          {Query{Is: Terms{"outcome": {"odd"}}}, "outcome: must be success, forbidden, error or failure"},
		"odd channel":          {Query{Is: Terms{"channel": {"odd"}}}, "channel: must be api, console, cli or mcp"},
		"odd actor type":       {Query{Is: Terms{"actorType": {"user"}}}, "actorType: must be User or ServiceAccount"},
		"backwards":            {Query{From: day, To: day.Add(-time.Microsecond)}, "to: must not be before from"},
		"beyond the last year": {Query{To: maxTime.AddDate(1, 0, 0)}, "to: must lie between the years 2 and 9999"},
		"before the first":     {Query{From: minTime.AddDate(-2, 0, 0)}, "from: must lie between the years 2 and 9999"},
		"the year 1":           {Query{To: minTime.AddDate(0, 0, 7)}, "to: must lie between the years 2 and 9999"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.q.Project = "acme"
			tt.q.Normalize()
			checkFault(t, tt.q.Validate(), tt.want)
		})
	}
	var q Query
	checkFault(t, q.Validate(), "project: is required")
	q = Query{Project: "acme", From: minTime} // where the oldest entry that there can be is
	checkFault(t, q.Validate(), "")
}

// Of a field that can only have some values, what is excluded is what the others select.
func TestExcludedOfSome(t *testing.T) {
	for _, tt := range []struct{ q, want Query }{
		{Query{Not: Terms{"outcome": {"success"}}}, Query{Is: Terms{"outcome": {"error", "forbidden"}}}},
		{Query{Not: Terms{"outcome": {"FAILURE"}}}, Query{Is: Terms{"outcome": {"success"}}}},
		{Query{Is: Terms{"outcome": {"failure"}}, Not: Terms{"outcome": {"error"}}}, Query{Is: Terms{"outcome": {"forbidden"}}}},
		{Query{Is: Terms{"outcome": {"error"}}, Not: Terms{"outcome": {"error"}}},
			Query{Is: Terms{"outcome": {"error"}}, Not: Terms{"outcome": {"error"}}}}, // nothing
		{Query{Not: Terms{"channel": {"CLI"}}}, Query{Not: Terms{"channel": {"cli"}}}}, // entries may have none
		{Query{Is: Terms{"actor": {"", ""}}, Not: Terms{}}, Query{}},
		{Query{Is: Terms{"outcome": {"odd", "error", "success"}}}, Query{Is: Terms{"outcome": {"error", "odd", "success"}}}},
	} {
		q := tt.q
		for range 2 {
			if q.Normalize(); !reflect.DeepEqual(q, tt.want) {
				t.Errorf("%+v becomes %+v, want %+v", tt.q, q, tt.want)
			}
		}
	}
}

func TestMatch(t *testing.T) {
	e := full()
	at := e.CreatedAt
	tests := map[string]struct {
		q    Query
		want bool
	}{
		"everything":             {Query{}, true},
		"type in other case":     {Query{Is: Terms{"resourceType": {"dEpLoYmEnT"}}}, true},
		"other type":             {Query{Is: Terms{"resourceType": {"Deploymen"}}}, false},
		"resource":               {Query{Is: Terms{"resourceId": {"4711"}}}, true},
		"other resource":         {Query{Is: Terms{"resourceId": {"471"}}}, false},
		"action":                 {Query{Is: Terms{"action": {"deployment.deploy"}}}, true},
		"action in other case":   {Query{Is: Terms{"action": {"Deployment.deploy"}}}, false},
		"action prefix":          {Query{Is: Terms{"action": {"deployment.*"}}}, true},
		"half a word":            {Query{Is: Terms{"action": {"deploy.*"}}}, false},
		"more than the action":   {Query{Is: Terms{"action": {"deployment.deploy.*"}}}, false},
		"outcome":                {Query{Is: Terms{"outcome": {"SUCCESS"}}}, true},
		"other outcomes":         {Query{Is: Terms{"outcome": {string(Error), string(Forbidden)}}}, false},
		"actor":                  {Query{Is: Terms{"actor": {"ada@example.com"}}}, true},
		"actor in other case":    {Query{Is: Terms{"actor": {"Ada@example.com"}}}, false},
		"actor type":             {Query{Is: Terms{"actorType": {string(User)}}}, true},
		"other actor type":       {Query{Is: Terms{"actorType": {string(ServiceAccount)}}}, false},
		"channel in other case":  {Query{Is: Terms{"channel": {"Cli"}}}, true},
		"other channel":          {Query{Is: Terms{"channel": {string(ChannelMCP)}}}, false},
		"recorder":               {Query{Is: Terms{"recordedBy": {"0f3KxQ9Z"}}}, true},
		"recorder in other case": {Query{Is: Terms{"recordedBy": {"0f3kxq9z"}}}, false},
		"from its time":          {Query{From: at}, true},
		"from a nanosecond on":   {Query{From: at.Add(1)}, false},
		"from just before":       {Query{From: at.Add(-1)}, true},
		"to its time":            {Query{To: at}, false},
		"to a nanosecond on":     {Query{To: at.Add(1)}, true},
		"all at once": {Query{
			Is: Terms{"resourceType": {"deployment"}, "resourceId": {"4711"}, "action": {"deployment.*"}, "outcome": {string(Success)}, "actor": {"ada@example.com"}, "actorType": {string(User)}, "channel": {"cli"}}, From: at, To: at.Add(1),
		}, true},
	}
	for name, tt := range tests {
		tt.q.Normalize()
		if got := NewMatcher(&tt.q).Match(e); got != tt.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestBetween(t *testing.T) {
	day := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	next, micro, none := day.AddDate(0, 0, 1), time.Microsecond, time.Time{}
	tests := map[string]struct {
		q             Query
		after, before time.Time
		from, to      time.Time
		err           string
	}{
		"no bounds":               {Query{From: day}, none, none, day, none, ""},
		"excludes its own":        {Query{}, day, none, day.Add(micro), none, ""},
		"within a microsecond":    {Query{}, day.Add(100), day.Add(100), day.Add(micro), day.Add(micro), ""},
		"before is to":            {Query{}, none, day, none, day, ""},
		"the narrower, before":    {Query{From: day, To: next.Add(micro)}, day.Add(-micro), next, day, next, ""},
		"the narrower, to":        {Query{From: day, To: next}, day, next.Add(micro), day.Add(micro), next, ""},
		"one instant":             {Query{}, day, day, day, day, ""},
		"one instant, to":         {Query{To: day}, day, none, day, day, ""},
		"the wrong way round":     {Query{}, next, day, none, none, "before: must not be earlier than after"},
		"before lies before from": {Query{From: next}, none, day, none, none, "before: must not be earlier than from"},
		"to lies before after":    {Query{To: day}, next, none, none, none, "to: must not be earlier than after"},
		"not set, in some zone":   {Query{}, none.Add(time.Hour), none, none, none, "after: must lie between the years 2 and 9999"},
		"the year 0":              {Query{}, none, none.Add(-time.Hour), none, none, "before: must lie between the years 2 and 9999"},
	}
	for name, tt := range tests {
		q := tt.q
		err := q.Between(tt.after, tt.before)
		switch {
		case tt.err != "" && (err == nil || err.Error() != tt.err):
			t.Errorf("%s: %v, want %s", name, err, tt.err)
		case tt.err == "" && (err != nil || !q.From.Equal(tt.from) || !q.To.Equal(tt.to)):
			t.Errorf("%s: from %v to %v, %v", name, q.From, q.To, err)
		}
	}
}

func TestFoldIsEqualFold(t *testing.T) {
	// Runes that fold to one another, in one or several steps, in ASCII or beyond.
	pool := []rune("aAkKK sSſ éÉ ΣσςθϴΘϑ µμΜ ǅǄǆ ẞß İIiı Ꭰꭰ \ufffd𐐀𐐨")
	word := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.SampledFrom(pool)))
	rapid.Check(t, func(t *rapid.T) {
		a := word.Draw(t, "a")
		b := rapid.OneOf(word, rapid.Just(strings.ToUpper(a)), rapid.Just(strings.ToLower(a)), rapid.Just(strings.ToTitle(a))).Draw(t, "b")
		if got, want := Fold(a) == Fold(b), strings.EqualFold(a, b); got != want {
			t.Fatalf("Fold(%q) is %q and Fold(%q) is %q, but EqualFold says %v", a, Fold(a), b, Fold(b), want)
		}
		if twice := Fold(Fold(a)); twice != Fold(a) {
			t.Fatalf("Fold(%q) is %q, and folded again %q", a, Fold(a), twice)
		}
	})
}

func TestPositionsSortAsListed(t *testing.T) {
	sorted := []Position{{At: -5, ID: 9}, {At: 0, ID: 1}, {At: 0, ID: 2}, {At: 7, ID: 1}}
	for i, p := range sorted {
		for j, q := range sorted {
			if got := p.Compare(q); got != sign(i-j) {
				t.Errorf("%v compared to %v is %d", p, q, got)
			}
		}
	}
}

func sign(n int) int {
	return min(max(n, -1), 1)
}

func TestEachText(t *testing.T) {
	var got []string
	e := full()
	e.EachText(func(s string) { got = append(got, s) })
	slices.Sort(got)
	want := []string{
		"2", "203.0.113.9", "4", "4711", "6f1d0c2", "Branch", "Deployed revision 7", "Deployment",
		"ada@example.com", "claude-code:pr-42", "commit", "deployment.deploy", "deploys/1.4",
		"gke.cluster-rcf2", "image", "last", "main",
		"replicas", "web", "web:7", "é",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestCloneSharesNothing(t *testing.T) {
	e := full()
	c := e.Clone()
	if !reflect.DeepEqual(c, e) {
		t.Fatalf("the clone is %+v", c)
	}
	c.Changes[0].New, c.Metadata["commit"] = "x", "x"
	if !reflect.DeepEqual(e, full()) {
		t.Errorf("changing the clone changed the entry: %+v", e)
	}
}

func TestIsASCII(t *testing.T) {
	for n := range 20 {
		text := []byte(strings.Repeat("a\x7f", n))
		if !IsASCII(string(text)) {
			t.Errorf("%q is ASCII", text)
		}
		for i := range text {
			before := text[i]
			text[i] |= 0x80
			if IsASCII(string(text)) {
				t.Errorf("%q is not ASCII", text)
			}
			text[i] = before
		}
	}
}
