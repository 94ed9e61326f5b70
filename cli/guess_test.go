package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/client"
	"auditlog/rpc"
)

// guesses is how many guesses are made of each kind.
const guesses = 200

// TestWordsCannotBeGuessed attacks a real server: a tenant searches its own project for
// words that another one has, and for words that nobody has. How long the answers take must
// not tell which is which. Both are asked in turn, so that whatever else the machine does happens
// to both alike.
func TestWordsCannotBeGuessed(t *testing.T) {
	if testing.Short() {
		t.Skip("attacks a server for ten seconds")
	}
	dir := t.TempDir()
	p, err := startServer(os.Environ(), dir, "--dev", "--data", dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	c := &client.Client{URL: p.url}
	recordWords(t, c, "victim", "zep")
	recordWords(t, c, "attacker", "own")
	awaitIndex(t, p.url)
	for name, query := range map[string]func(first string, i int) string{
		"a prefix":        func(first string, i int) string { return fmt.Sprintf("%s%02d*", first, i%100) },
		"a short prefix":  func(first string, i int) string { return first + "*" },
		"a word":          func(first string, i int) string { return fmt.Sprintf("%s%05dx", first, 37*i) },
		"a phrase":        func(first string, i int) string { return fmt.Sprintf(`"launch %s%05dx"`, first, 37*i) },
		"a number":        func(first string, i int) string { return fmt.Sprintf("%s-%d", first, 37*i) },
		"a word excluded": func(first string, i int) string { return fmt.Sprintf("nowhere -%s%05dx", first, 37*i) },
	} {
		right, wrong := make([]time.Duration, 0, guesses), make([]time.Duration, 0, guesses)
		for i := range guesses {
			for _, k := range rand.Perm(2) {
				if k == 0 {
					right = append(right, timeSearch(t, c, query("zep", i)))
				} else {
					wrong = append(wrong, timeSearch(t, c, query("zeq", i)))
				}
			}
		}
		told := slower(right, wrong)
		t.Logf("%s: median %v if another project has it, %v if none has; the former takes longer in %.0f %% of all pairs",
			name, median(right), median(wrong), 100*told)
		// Of numbers drawn alike, that share is within 0.36 and 0.64 but once in a million times.
		if told < 0.36 || told > 0.64 {
			t.Errorf("%s: how long an answer takes tells whether another project has the word", name)
		}
	}
}

// recordWords records so many entries with words of their own that many blocks are full.
func recordWords(t *testing.T, c *client.Client, project, first string) {
	t.Helper()
	var body []byte
	for i := range 10 * 1024 {
		e := audit.Entry{Project: project, Actor: audit.Actor{Email: "ada@example.com", Type: audit.User}, Action: "deployment.deploy",
			Resource: audit.Resource{Type: "Deployment", Name: fmt.Sprintf("%s-%d", first, i)}, Outcome: audit.Success,
			Detail: fmt.Sprintf("launch %s%05dx of something", first, i)}
		body = append(e.AppendInput(body), '\n')
	}
	if _, err := c.RecordNDJSON(t.Context(), bytes.NewReader(body)); err != nil {
		t.Fatal(err)
	}
}

// awaitIndex waits until the full-text index of a server knows all blocks.
func awaitIndex(t *testing.T, url string) {
	t.Helper()
	time.Sleep(2 * time.Second) // until the tail is sealed
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		res, err := http.Get(url + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(res.Body)
		res.Body.Close()
		var ready struct {
			Result struct {
				Index struct {
					OK     bool  `json:"ok"`
					Behind int64 `json:"behind"`
				} `json:"index"`
			} `json:"result"`
		}
		if err != nil || json.Unmarshal(b, &ready) != nil {
			t.Fatalf("/readyz answered %s, %v", b, err)
		}
		if ready.Result.Index.OK && ready.Result.Index.Behind == 0 {
			return
		}
	}
	t.Fatal("the index does not catch up")
}

// timeSearch returns how long the attacker's search takes, which finds nothing.
func timeSearch(t *testing.T, c *client.Client, query string) time.Duration {
	t.Helper()
	begin := time.Now()
	page, err := c.ListPage(t.Context(), rpc.ListRequest{Query: rpc.Query{Project: "attacker", Q: query}})
	took := time.Since(begin)
	if err != nil || len(page.Items) > 0 {
		t.Fatalf("search for %s: %d entries, %v", strings.ToValidUTF8(query, "?"), len(page.Items), err)
	}
	return took
}

func median(times []time.Duration) time.Duration {
	times = slices.Sorted(slices.Values(times))
	return times[len(times)/2]
}

// slower returns in which share of all pairs of a and b that of a is longer.
func slower(a, b []time.Duration) float64 {
	n := 0.0
	for _, x := range a {
		for _, y := range b {
			switch {
			case x > y:
				n++
			case x == y:
				n += 0.5
			}
		}
	}
	return n / float64(len(a)*len(b))
}
