package index

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/fulltext"
	"auditlog/index/words/wordstest"
	"auditlog/store"
)

// everywhere is a query of which no index is asked: every block is looked into.
type everywhere struct{ *Query }

// searchEverywhere is store.Options.Search without an index.
func searchEverywhere(text string) (fulltext.Query, error) {
	q, err := Parse(text)
	return everywhere{q}, err
}

func (everywhere) Blocks(context.Context, []fulltext.ProjectID, audit.Position, int64) ([][]fulltext.BlockKey, uint64, bool, error) {
	return nil, 0, false, nil
}

// glued are details in which numbers, and names that the entry has elsewhere, stand
// beside letters of many kinds.
var glued = [][]string{
	{"Deployed rev#n of #name, image #name@sha256:#h", "Scaled #name to #n replicas, was #nGi", "rev#n of #name", "#name"},
	{"เพิ่ม#nเครื่องให้#nameแล้ว #h", "ลด #n ตัว ของ #name", "#name#n ตัว"},
	{"#n\u0301 caf#he\u0301 #name\u0301", "#n\u200bé #name\u200b#n", "#name１ #n２ #h\uff21"},
	{"Straße #n ſ#n K#n #name", "ﬁle #n½ #nﬁ #name²", "#nſt ſt#n"},
	{"東京#n都 #nameタワー", "第#n回 #name ﾀﾜｰ#n", "#h東"},
	{"x\x01#n\x05y \x04ab#n", "\x06#name\x07 v#n", "\x02#h"},
	{"#name/#n.#n.#n?x=#h", "#u by #name", "#u#n", "X#u"},
}

func fillIn(r *rand.Rand, text, name string) string {
	for strings.Contains(text, "#") {
		i := strings.IndexByte(text, '#')
		with, rest := "", text[i+2:]
		switch text[i+1] {
		case 'n':
			with = fmt.Sprint(r.IntN(120))
			if strings.HasPrefix(rest, "ame") {
				with, rest = name, rest[3:]
			}
		case 'h':
			with = fmt.Sprintf("%010x", r.Uint64N(1<<40))
		case 'u':
			with = fmt.Sprintf("%08x-%04x-4abc-9def-%012x", r.Uint32(), r.IntN(1<<16), r.Uint64N(1<<48))
		}
		text = text[:i] + with + rest
	}
	return text
}

// anyQuery draws a query of what an entry holds, or of nearly that.
func anyQuery(r *rand.Rand, value string) string {
	rs := []rune(strings.ReplaceAll(value, `"`, ""))
	from := r.IntN(len(rs))
	piece := string(rs[from : from+1+r.IntN(min(12, len(rs)-from))])
	if ws := wordstest.Words(value); len(ws) > 0 && r.IntN(2) == 0 {
		from := r.IntN(len(ws))
		piece = strings.Join(ws[from:from+1+r.IntN(min(3, len(ws)-from))], " ")
	}
	return fmt.Sprintf([]string{"%s", `"%s"`, "-%s", "%s*", "of %s"}[r.IntN(5)], piece)
}

// TestBlocksAgainstNaiveScan searches sealed blocks, in which most texts are templates,
// and compares with splitting every value of every entry into words.
func TestBlocksAgainstNaiveScan(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	s, err := store.Open(t.TempDir(), store.Options{Search: searchEverywhere})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	names := []string{"web", "shop-7", "café", "e", "120", "เมือง", "worker-12.x"}
	matched := 0
	for k, details := range glued {
		entries := make([]*audit.Entry, 220)
		for i := range entries {
			e := &audit.Entry{
				Project: fmt.Sprint("p", k), Outcome: audit.Success, Action: "deployment.deploy",
				Actor:     audit.Actor{Email: fmt.Sprintf("user%d@example.com", r.IntN(9))},
				Resource:  audit.Resource{Type: "Deployment", Name: names[r.IntN(len(names))]},
				CreatedAt: time.Date(2026, 1, 1, 0, 0, i, 0, time.UTC),
			}
			e.Detail = fillIn(r, details[r.IntN(len(details))], e.Resource.Name)
			if r.IntN(3) == 0 {
				e.Metadata = map[string]string{"note": fillIn(r, details[0], "x")}
			}
			entries[i] = e
		}
		if _, err := s.Record(t.Context(), entries); err != nil {
			t.Fatal(err)
		}
		if err := s.Seal(); err != nil {
			t.Fatal(err)
		}
		for range 60 {
			text := anyQuery(r, entries[r.IntN(len(entries))].Detail)
			if r.IntN(3) == 0 {
				text += " " + anyQuery(r, entries[r.IntN(len(entries))].Detail)
			}
			matched += compareSearch(t, s, entries, text)
		}
	}
	if matched == 0 {
		t.Error("no query matched: what was drawn proves nothing")
	}
}

// TestMarkBehindNumber looks for hexadecimal numbers whose last digit, from a to f, a
// mark makes another letter of.
func TestMarkBehindNumber(t *testing.T) {
	s, err := store.Open(t.TempDir(), store.Options{Search: searchEverywhere})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	entries := make([]*audit.Entry, 200)
	for i := range entries {
		entries[i] = &audit.Entry{
			Project: "acme", Outcome: audit.Success, Action: "deployment.deploy",
			Actor: audit.Actor{Email: "ada@example.com"}, Resource: audit.Resource{Type: "Deployment", Name: "web"},
			Detail:    fmt.Sprintf("commit 1a2b%05xa\u0301 done", 7919*i),
			CreatedAt: time.Date(2026, 1, 1, 0, 0, i, 0, time.UTC),
		}
	}
	if _, err := s.Record(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
	for _, k := range []int{0, 77, 199} {
		if n := compareSearch(t, s, entries, fmt.Sprintf("1a2b%05xá", 7919*k)); n != 1 {
			t.Errorf("the number of entry %d is found %d times", k, n)
		}
	}
}

// compareSearch returns how many of entries, the newest last, the log finds.
func compareSearch(t *testing.T, s *store.Store, entries []*audit.Entry, text string) int {
	t.Helper()
	q, err := Parse(text)
	if err != nil {
		return 0
	}
	page, err := audittest.List(t.Context(), s, audit.Query{Project: entries[0].Project, Text: text}, audit.Paging{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	found := page.Entries
	for i := len(entries) - 1; i >= 0; i-- {
		var values []string
		entries[i].EachText(func(v string) { values = append(values, v) })
		has := len(found) > 0 && found[0].CreatedAt.Equal(entries[i].CreatedAt)
		if has {
			found = found[1:]
		}
		if want := naiveMatch(q, values); has != want {
			t.Fatalf("%+q finds entry of %+q: %v", text, values, has)
		}
	}
	return len(page.Entries)
}
