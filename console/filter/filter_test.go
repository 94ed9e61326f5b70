package filter

import (
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
)

var testNow = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func TestFilterURL(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	tests := map[string]string{ // parameters, and how the page writes them
		"project=acme":                                         "project=acme",
		"project=acme&outcome=failure":                         "project=acme&outcome=forbidden,error",
		"project=acme&outcome=error&outcome=Success":           "project=acme&outcome=success,error",
		"project=acme&range=7d&from=2026-05-01":                "project=acme&range=7d",
		"project=acme&from=2026-05-01T10:00":                   "project=acme&from=2026-05-01T08:00Z",
		"project=acme&to=2026-05-01T08:00Z":                    "project=acme&to=2026-05-01T08:00Z",
		"project=acme&actor=+ada@example.com+":                 "project=acme&actor=ada@example.com",
		"q=%22revision+7%22&project=acme&channel=CLI":          "project=acme&channel=cli&q=%22revision+7%22",
		"project=acme&action=deployment.*&resourceId=a%26b%3D": "project=acme&resourceId=a%26b%3D&action=deployment.*",
		"project=a%2Fb&at=1777896000":                          "project=a/b&at=1777896000",
	}
	for in, want := range tests {
		v, err := url.ParseQuery(in)
		if err != nil {
			t.Fatal(err)
		}
		f, err := Parse(v, berlin)
		if err != nil {
			t.Errorf("%s: %v", in, err)
		} else if got := f.Encode(); got != want {
			t.Errorf("%s became %s, want %s", in, got, want)
		}
	}
}

// What a query may ask of an entry, a URL can hold, and the search box has a key for.
func TestEveryFieldIsAsked(t *testing.T) {
	var asked, keys []string
	for _, f := range audit.Fields() {
		if f.Asked == audit.Unasked {
			continue
		}
		asked = append(asked, f.Name)
		if slices.ContainsFunc(Keys(), func(k Key) bool { return k.Param == f.Name }) {
			keys = append(keys, f.Name)
		}
	}
	if got := slices.Sorted(slices.Values(parameters())); !slices.Equal(got, slices.Sorted(slices.Values(asked))) {
		t.Errorf("a URL holds %v, and filters ask for %v", got, asked)
	}
	if !slices.Equal(keys, asked) {
		t.Errorf("the search box has keys for %v, and filters ask for %v", keys, asked)
	}
}

func TestFilterRefused(t *testing.T) {
	for in, want := range map[string]string{
		"order=odd":                                  "order: must be newest or oldest",
		"project=acme&outcome=odd":                   "outcome: must be success, forbidden, error or failure",
		"project=acme&channel=ui":                    "channel: must be api, console, cli or mcp",
		"project=acme&ip=10.0.0.300":                 "ip: must be an address, as 203.0.113.9, or a range, as 203.0.113.0/24",
		"project=acme&actorType=Robot":               "actorType: must be User or ServiceAccount",
		"project=acme&range=3d":                      "range: must be one of",
		"project=acme&from=soon":                     `from: "soon" is not a time`,
		"project=acme&from=2026-05-02&to=2026-05-01": "to: must not be before from",
		"project=acme&at=-1":                         "at: must be seconds since 1970",
		"project=acme&action=*.deploy":               "action: must be exact or end in",
	} {
		v, err := url.ParseQuery(in)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Parse(v, time.UTC); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", in, err, want)
		}
	}
}

func FuzzFilter(f *testing.F) {
	f.Add("project=acme&range=7d&outcome=failure&q=%22a%22")
	f.Add("project=a%2Fb&from=2026-05-01T08:00Z&to=now&actor=%00")
	f.Fuzz(func(t *testing.T, query string) {
		v, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		first, err := Parse(v, time.UTC)
		if err != nil {
			return
		}
		v, err = url.ParseQuery(first.Encode())
		if err != nil {
			t.Fatalf("%q: %v", first.Encode(), err)
		}
		again, err := Parse(v, time.UTC)
		if err != nil || again.Encode() != first.Encode() {
			t.Fatalf("%q became %q: %v", first.Encode(), again.Encode(), err)
		}
		for _, r := range ranges() {
			r.bounds(testNow, time.UTC)
		}
	})
}

func TestSearch(t *testing.T) {
	start := Filter{Project: "acme", Range: "7d", Text: "old", Is: audit.Terms{KeyOutcome: {"error"}}}
	tests := map[string]string{
		``:                 "project=acme&range=7d&outcome=error",
		`shop-777 created`: "project=acme&range=7d&outcome=error&q=shop-777+created",
		`actor:ada@example.com outcome:forbidden "revision 7"`:        "project=acme&range=7d&outcome=forbidden&actor=ada@example.com&q=%22revision+7%22",
		`outcome:forbidden outcome:success`:                           "project=acme&range=7d&outcome=success,forbidden&q=",
		`outcome:failure`:                                             "project=acme&range=7d&outcome=forbidden,error",
		`actor:"CI bot" is:service`:                                   "project=acme&range=7d&outcome=error&actor=CI+bot&actorType=ServiceAccount",
		`type:Deployment id:4711 channel:cli`:                         "project=acme&range=7d&outcome=error&resourceType=Deployment&resourceId=4711&channel=cli",
		`resourceType:Domain resource_id:a:b`:                         "project=acme&range=7d&outcome=error&resourceType=Domain&resourceId=a:b",
		`from:today to:18:30:45`:                                      "project=acme&from=2026-05-04T00:00Z&to=2026-05-04T18:30:45Z&outcome=error",
		`from:2026-05-01T14:30:15.000001Z`:                            "project=acme&from=2026-05-01T14:30:15.000001Z&outcome=error",
		`from:"2026-05-01 14:30" to:yesterday`:                        "project=acme&from=2026-05-01T14:30Z&to=2026-05-03T00:00Z&outcome=error",
		`range:30d -word pref*`:                                       "project=acme&range=30d&outcome=error&q=-word+pref*",
		`sha256:9f2c https://a.b/c 12:30 ::`:                          "project=acme&range=7d&outcome=error&q=sha256:9f2c+https://a.b/c+12:30+::",
		`actor:a actor:b -actor:c@d -actor:e type:x -outcome:success`: "project=acme&range=7d&outcome=error&not.outcome=success&resourceType=x&actor=a&actor=b&not.actor=c@d&not.actor=e",
		`name:web location:eu label:"pr 42" -id:7`:                    "project=acme&range=7d&outcome=error&not.resourceId=7&resourceName=web&location=eu&label=pr+42",
		`arn:aws:iam::1234:user/ada -https://a.b`:                     "project=acme&range=7d&outcome=error&q=arn:aws:iam::1234:user/ada+-https://a.b",
		`"actor:x y" -"a b"`:                                          "project=acme&range=7d&outcome=error&q=%22actor:x+y%22+-%22a+b%22",
	}
	for text, want := range tests {
		f, err := start.Search(text, testNow, time.UTC)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := f.Encode(); got != strings.TrimSuffix(want, "&q=") {
			t.Errorf("%s became\n%s, want\n%s", text, got, want)
		}
	}
}

func TestSearchRefused(t *testing.T) {
	for text, want := range map[string]string{
		`actr:ada`:       "actr: is not something to filter by. Did you mean actor:?",
		`colour:red`:     "colour: is not something to filter by.",
		`actor:`:         "actor: wants a value, as in actor:ada@example.com",
		`is:cat`:         "is: wants user or service",
		`range:5d`:       "range: wants one of 1h, today",
		`from:soon`:      `from: "soon" is not a time`,
		`outcome:odd`:    "outcome: must be success",
		`-from:7d`:       "-from: is not something to leave out",
		`-actr:ada`:      "actr: is not something to filter by. Did you mean actor:?",
		`from:now to:7d`: "to: must not be before from",
	} {
		_, err := Filter{Project: "acme"}.Search(text, testNow, time.UTC)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func TestSearchSuggestsWords(t *testing.T) {
	_, err := Filter{Project: "acme"}.Search(`deployed gke:cluster now`, testNow, time.UTC)
	e, ok := err.(*SearchError)
	if !ok || e.Quoted != `deployed "gke:cluster" now` {
		t.Fatalf("got %#v", err)
	}
	if f, err := (Filter{Project: "acme"}).Search(e.Quoted, testNow, time.UTC); err != nil || f.Text != e.Quoted {
		t.Errorf("the suggestion became %q, %v", f.Text, err)
	}
}

func FuzzSearch(f *testing.F) {
	f.Add(`actor:ada outcome:forbidden "revision 7" -x`)
	f.Add(`from:"2026-05-01 14:30" is:service range:7d`)
	f.Fuzz(func(t *testing.T, text string) {
		narrowed, err := Filter{Project: "acme"}.Search(text, testNow, time.UTC)
		if err != nil {
			if e, ok := err.(*SearchError); ok && e.Message == "" {
				t.Fatal("an error without a message")
			}
			return
		}
		v, err := url.ParseQuery(narrowed.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if again, err := Parse(v, time.UTC); err != nil || !reflect.DeepEqual(again.Query(testNow, time.UTC), narrowed.Query(testNow, time.UTC)) {
			t.Fatalf("%q became %q: %v", text, narrowed.Encode(), err)
		}
	})
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestRanges(t *testing.T) {
	const layout = "2006-01-02 15:04"
	now := time.Date(2026, 3, 29, 10, 20, 30, 0, time.UTC) // a short day in Berlin
	tests := []struct{ zone, name, from, to string }{
		{"UTC", "1h", "2026-03-29 09:20", "2026-03-29 10:21"},
		{"UTC", "today", "2026-03-29 00:00", "2026-03-30 00:00"},
		{"UTC", "7d", "2026-03-22 10:00", "2026-03-29 12:00"},
		{"UTC", "90d", "2025-12-29 00:00", "2026-03-30 00:00"},
		{"UTC", "1y", "2025-03-24 00:00", "2026-03-30 00:00"},
		{"Europe/Berlin", "today", "2026-03-28 23:00", "2026-03-29 22:00"},
		{"Europe/Berlin", "yesterday", "2026-03-27 23:00", "2026-03-28 23:00"},
		{"Europe/Berlin", "7d", "2026-03-22 11:00", "2026-03-29 12:00"},
		{"Asia/Kolkata", "today", "2026-03-28 18:30", "2026-03-29 18:30"},
		{"Asia/Beirut", "today", "2026-03-28 22:00", "2026-03-29 21:00"},
	}
	for _, tt := range tests {
		r, _ := findRange(tt.name)
		from, to := r.bounds(now, zone(t, tt.zone))
		if from.UTC().Format(layout) != tt.from || to.UTC().Format(layout) != tt.to {
			t.Errorf("%s in %s is %s to %s", tt.name, tt.zone, from.UTC().Format(layout), to.UTC().Format(layout))
		}
	}
	for _, r := range ranges() {
		from, to := r.bounds(now, time.UTC)
		if r.since != nil && (from.After(r.since(now, time.UTC)) || !to.After(now)) {
			t.Errorf("%s leaves out a part of what it says", r.Name)
		}
	}
}

func TestPinnedRange(t *testing.T) {
	f := Filter{Project: "acme", Range: "1h"}
	pinned := f.Pinned(testNow)
	later := testNow.Add(3 * time.Hour)
	if got, want := pinned.Query(later, time.UTC), f.Query(testNow, time.UTC); !reflect.DeepEqual(got, want) {
		t.Errorf("three hours later the view is of %v to %v, not %v to %v", got.From, got.To, want.From, want.To)
	}
	if narrowed := pinned.With(KeyActor, "ada"); !narrowed.At.IsZero() {
		t.Error("another filter is held at the time of the first")
	}
	if got := (Filter{Project: "acme"}).Pinned(testNow); !got.At.IsZero() {
		t.Error("a view without a range is held")
	}
	if got := f.Query(testNow, time.UTC); got.To.Before(testNow) || got.Project != "acme" {
		t.Errorf("the query is %+v", got)
	}
}
