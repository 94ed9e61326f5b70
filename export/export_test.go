package export

import (
	"bytes"
	"encoding/csv"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/format"
)

var update = flag.Bool("update", false, "write the golden files")

func entries() []*audit.Entry {
	at := time.Date(2026, 5, 4, 8, 15, 30, 123456000, time.UTC)
	return []*audit.Entry{
		{
			ID: 1, Project: "acme", Actor: audit.Actor{Email: "ada@example.com", Type: audit.User, Label: "claude-code:pr-42"},
			Action: "deployment.deploy", Outcome: audit.Success, Detail: `Deployed "web", revision 7`, Channel: audit.ChannelCLI,
			Resource:  audit.Resource{Type: "Deployment", ID: "4711", Name: "web", LocationID: "gke.cluster-rcf2"},
			Request:   audit.Request{IP: "203.0.113.9", UserAgent: "deploys/1.4", ID: "0b7c"},
			Changes:   []audit.Change{{Field: "replicas", Old: "2", New: "4"}, {Field: "image", Old: "<none>", New: "web:7"}},
			Metadata:  map[string]string{"commit": "6f1d0c2", "branch": "main"},
			CreatedAt: at, RecordedAt: at.Add(time.Millisecond), Key: "evt-1", Seq: 1, RecordedBy: "0f3KxQ9Z",
		},
		{
			ID: 2, Project: "acme", Actor: audit.Actor{Email: "=cmd|'/C calc'!A0", Type: audit.ServiceAccount}, Action: "@SUM(1)",
			Resource: audit.Resource{Type: "+1", ID: "-2", Name: "'=3"}, Outcome: audit.Forbidden, Detail: "two\nlines; 雪", CreatedAt: at, RecordedAt: at,
		},
		{
			ID: 3, Project: "acme", Actor: audit.Actor{Email: "ada@example.com", Type: audit.User}, Action: "project.delete",
			Resource: audit.Resource{Type: "Project", Name: "acme"}, Outcome: audit.Success, CreatedAt: at, RecordedAt: at,
			Seq: 5021, RecordedBy: audit.RecordedByLog,
		},
	}
}

// origin is where the entries of tests come from.
var origin = &format.Origin{Log: audit.Lineage{Log: "5f1c0ffee"}, Version: "1.2.3"}

func write(t *testing.T, f Format, list []*audit.Entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b, f, origin)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if err := w.Write(e); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func TestGolden(t *testing.T) {
	for _, f := range Formats() {
		got, path := write(t, f, entries()), "testdata/entries."+f.Extension()
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", f, got, want)
		}
	}
}

func TestCSVReadsBack(t *testing.T) {
	rows, err := csv.NewReader(bytes.NewReader(write(t, CSV, entries()))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(rows[0], Columns()) {
		t.Errorf("the header is %q", rows[0])
	}
	for i, e := range entries() {
		for c := range columns {
			if got, want := rows[i+1][c], Defuse(columns[c].value(e)); got != want {
				t.Errorf("entry %d, %s: %q, want %q", e.ID, columns[c].name, got, want)
			}
		}
	}
}

func TestNothingToExport(t *testing.T) {
	if got := write(t, NDJSON, nil); len(got) != 0 {
		t.Errorf("NDJSON of nothing is %q", got)
	}
	if got := string(write(t, CSV, nil)); strings.Count(got, "\n") != 1 || !strings.HasPrefix(got, `"id","seq","createdAt"`) {
		t.Errorf("CSV of nothing is %q", got)
	}
}

func TestDefuse(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "web": "web", "a=b": "a=b", "it's": "it's", "'quoted'": "'quoted'",
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@a": "'@a", "\t=1": "'\t=1", "\r": "'\r", "\n=1": "'\n=1",
		"  =1": "'  =1", "'=1": "''=1", "＝1": "'＝1", "\u00a0@x": "'\u00a0@x",
		"\x00=1": "'\x00=1", "\ufeff=1": "'\ufeff=1", "\u200b@x": "'\u200b@x", " \u202e\x1b-1": "' \u202e\x1b-1", "\u200b": "\u200b",
	} {
		if got := Defuse(in); got != want {
			t.Errorf("Defuse(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzDefuse(f *testing.F) {
	f.Add("=1")
	f.Add("''-1")
	f.Fuzz(func(t *testing.T, s string) {
		got := Defuse(s)
		if isFormula(got) {
			t.Errorf("Defuse(%q) = %q, which is a formula still", s, got)
		}
		if got != s && got != "'"+s {
			t.Errorf("Defuse(%q) = %q", s, got)
		}
		if got == s && strings.HasPrefix(s, "'") && isFormula(strings.TrimLeft(s, "'")) {
			t.Errorf("%q looks defused and is not", s)
		}
	})
}

func TestParseFormat(t *testing.T) {
	for in, want := range map[string]Format{"": NDJSON, "ndjson": NDJSON, "CSV": CSV} {
		if got, err := ParseFormat(in); err != nil || got != want {
			t.Errorf("ParseFormat(%q) = %q, %v", in, got, err)
		}
	}
	if _, err := ParseFormat("xlsx"); err == nil || err.Error() != "format: must be ndjson, csv, ocsf, ecs or cef" {
		t.Errorf("ParseFormat(xlsx): %v", err)
	}
}

// What is missing from an export is told behind what is there, in each format.
func TestRest(t *testing.T) {
	gap := audit.Gap{Project: "acme", Entries: 2, FirstID: 7, LastID: 9, Seqs: []audit.SeqRange{{First: 3, Last: 4}},
		From: time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC), To: time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)}
	for f, want := range map[Format]string{
		NDJSON: `{"gap":{"project":"acme","from":"2026-05-04T08:00:00Z","to":"2026-05-04T09:00:00Z","entries":2,"firstId":7,"lastId":9,"seqs":[{"first":3,"last":4}]}}` + "\n",
		"cef":  `CEF:0|auditlog|auditlog|1.2.3|auditlog.gap|entries are missing|10|msg={"gap":{"project":"acme",`,
		"ocsf": `{"gap":{"project":"acme",`,
		CSV:    `"gap: 2 entries of project acme cannot be read, ids 7 to 9, seqs 3 to 4, created from 2026-05-04T08:00:00.000000Z to 2026-05-04T09:00:00.000000Z"`,
	} {
		var b bytes.Buffer
		w, err := NewWriter(&b, f, origin)
		if err != nil {
			t.Fatal(err)
		}
		gaps, err := w.Rest(&audit.Incomplete{Gaps: []audit.Gap{gap}})
		if err != nil || len(gaps) != 1 || !strings.Contains(b.String(), want) {
			t.Errorf("%s: %v, %v: %s", f, gaps, err, b.String())
		}
		if f == CSV {
			rows, err := csv.NewReader(&b).ReadAll()
			if err != nil || len(rows) != 2 || rows[1][0] != "" {
				t.Errorf("rows %q, %v", rows, err)
			}
		}
		failed := audit.Errorf(audit.Unavailable, "no")
		if gaps, err := w.Rest(failed); err != failed || gaps != nil {
			t.Errorf("%s: of another error %v, %v", f, gaps, err)
		}
	}
}
