package cloudtrail

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"auditlog/audit"
	"auditlog/importer"
)

var update = flag.Bool("update", false, "write the golden files anew")

// a collector keeps what Read hands out, a line each.
type collector struct {
	lines   []byte
	refused []string
}

func (c *collector) sink() importer.Sink {
	return importer.Sink{
		Entry: func(_ importer.Place, e audit.Entry) error {
			c.lines = append(e.AppendInput(c.lines), '\n')
			return nil
		},
		Refused: func(at importer.Place, err error) error {
			c.refused = append(c.refused, at.String()+": "+err.Error())
			return nil
		},
	}
}

// imported returns what Read emits, a line each.
func imported(t testing.TB, r io.Reader) (lines string, skipped int64) {
	t.Helper()
	var c collector
	passed, err := Read(r, Options{Project: "aws"}, c.sink())
	if err != nil || c.refused != nil {
		t.Fatal(err, c.refused)
	}
	return string(c.lines), passed.Reads
}

func readFile(t testing.TB, elem ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(elem...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestMapping(t *testing.T) {
	got, skipped := imported(t, bytes.NewReader(readFile(t, "testdata", "events.json")))
	if skipped != 2 {
		t.Errorf("%d events are skipped, want 2", skipped)
	}
	name := filepath.Join("testdata", "events.golden")
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := string(readFile(t, name)); got != want {
		t.Errorf("the entries differ from %s:\n%s", name, got)
	}
}

// TestForms reads the same events in every form in which they occur.
func TestForms(t *testing.T) {
	plain := readFile(t, "testdata", "events.json")
	want, _ := imported(t, bytes.NewReader(plain))
	var file struct{ Records []json.RawMessage }
	if err := json.Unmarshal(plain, &file); err != nil {
		t.Fatal(err)
	}
	var lines, objects bytes.Buffer
	for _, e := range file.Records {
		var compact bytes.Buffer
		if err := json.Compact(&compact, e); err != nil {
			t.Fatal(err)
		}
		lines.Write(compact.Bytes())
		lines.WriteString("\n")
		objects.WriteString(` { "Records" : [` + compact.String() + `], "more": {"a": []} }`)
	}
	for name, form := range map[string][]byte{
		"one event a line":      lines.Bytes(),
		"compressed":            compress(t, plain),
		"compressed lines":      compress(t, lines.Bytes()),
		"many objects in a row": objects.Bytes(),
		"byte order mark":       append([]byte("\xef\xbb\xbf"), plain...),
	} {
		got, skipped := imported(t, bytes.NewReader(form))
		if got != want || skipped != 2 {
			t.Errorf("%s: skipped %d, and read\n%s", name, skipped, got)
		}
	}
	got, _ := imported(t, iotest.OneByteReader(bytes.NewReader(plain)))
	if got != want {
		t.Errorf("byte by byte: read\n%s", got)
	}
	for _, none := range []string{"", " \n", `{"Records":[]}`, `{"Records":[]}` + "\n" + `{"Records":[]}`} {
		if got, skipped := imported(t, strings.NewReader(none)); got != "" || skipped != 0 {
			t.Errorf("%q: skipped %d, and read %s", none, skipped, got)
		}
	}
}

func compress(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

const good = `{"eventID":"e","eventName":"CreateUser","eventSource":"iam.amazonaws.com","eventTime":"2026-05-04T08:15:30Z"}`

// TestRefusals names what is wrong with items that cannot be taken, and takes the others.
func TestRefusals(t *testing.T) {
	long := `{"eventID":"` + strings.Repeat("x", importer.MaxItem) + `"}`
	tests := map[string]struct {
		stream, want string
		entries      int
	}{
		"no id":      {`{"Records":[` + good + `,{"eventVersion":"1.08","eventName":"x"}]}`, "event 2: eventID: is required", 1},
		"other case": {strings.Replace(good, "eventID", "eventid", 1), "event 1: eventID: is required", 0},
		"no name":    {strings.Replace(good, "eventName", "other", 1), "event 1 (id e): eventName: is required", 0},
		"no source":  {strings.Replace(good, "eventSource", "other", 1), "event 1 (id e): eventSource: is required", 0},
		"no time":    {strings.Replace(good, "eventTime", "other", 1), "event 1 (id e): eventTime: is required", 0},
		"odd time": {strings.Replace(good, "2026-05", "2026-13", 1),
			"event 1 (id e): eventTime: must be a time such as 2026-05-04T08:15:30Z", 0},
		"odd flag":  {strings.Replace(good, `{`, `{"readOnly":7,`, 1), "event 1 (id e): readOnly: must be true or false", 0},
		"odd type":  {good + strings.Replace(good, `"CreateUser"`, `{}`, 1), "event 2 (id e): eventName: must be text", 1},
		"odd actor": {strings.Replace(good, `{`, `{"userIdentity":"ada",`, 1), "event 1 (id e): userIdentity: must be an object", 0},
		"long id": {strings.Replace(good, `"e"`, `"`+strings.Repeat("e", 300)+`"`, 1),
			"event 1 (id " + strings.Repeat("e", 300) + "): eventID: must be at most 256 bytes", 0},
		"a number":       {"7\n" + good, "event 1: " + notEvent + ": " + knownShapes, 1},
		"an object":      {`{"a":{}}` + good, "event 1: " + notEvent + ": " + knownShapes, 1},
		"no list":        {`{"Records":{}}`, "event 1: " + notEvent + ": " + knownShapes, 0},
		"cut in a line":  {good + "\n{\"eventID\":\n" + good, "event 2: line 3: is not valid JSON: it ends too early", 2},
		"torn line":      {good + "\n{\"eventID\":\"a\n" + good, "event 2: line 2: is not valid JSON: invalid character '\\n' in string (expecting non-control character)", 2},
		"garbage":        {"?\n" + good, "event 1: line 1: is not valid JSON: invalid character '?' at start of value", 1},
		"event a line":   {"{\"Records\":[\n" + good + ",\n{?},\n" + good + ",\n" + good + "\n]}\n", "event 2: line 3: is not valid JSON: invalid character '?' at start of string (expecting '\"')", 3},
		"cut short":      {good + `{"eventID":`, "event 2: line 1: is not valid JSON: it ends too early", 1},
		"cut in a list":  {`{"Records":[` + good + `,`, "event 2: line 1: is not valid JSON: it ends too early", 1},
		"cut after it":   {`{"Records":[` + good + `]`, "event 2: line 1: is not valid JSON: it ends too early", 1},
		"too long":       {good + long + "\n" + good, "event 2: is longer than 16 MiB", 2},
		"a deep one":     {strings.Repeat(`{"detail-type":"x via CloudTrail","detail":`, 20) + good + strings.Repeat("}", 20), "event 1: " + notEvent + ": " + knownShapes, 0},
		"a log line":     {`{"timestamp":1,"message":"hello"}`, "event 1: " + notEvent + ": " + knownShapes, 0},
		"a lookup alone": {`{"Events":[{"EventId":"e","EventName":"CreateUser"}]}`, "event 1: " + notEvent + ": " + knownShapes, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var c collector
			if _, err := Read(strings.NewReader(tt.stream), Options{Project: "aws"}, c.sink()); err != nil {
				t.Fatal(err)
			}
			if len(c.refused) != 1 || c.refused[0] != tt.want {
				t.Errorf("got %q, want %s", c.refused, tt.want)
			}
			if n := bytes.Count(c.lines, []byte("\n")); n != tt.entries {
				t.Errorf("read %d entries, want %d", n, tt.entries)
			}
		})
	}
}

// TestUnreadable: what cannot be read at all is an error, after what came before.
func TestUnreadable(t *testing.T) {
	packed := compress(t, []byte(strings.Repeat(good+"\n", 100)))
	for want, stream := range map[string]io.Reader{
		"decompress: the archive is cut off":                                 bytes.NewReader(packed[:len(packed)-9]),
		"decompress: the archive is damaged":                                 bytes.NewReader(append(packed[:len(packed)-5:len(packed)-5], 1, 2, 3, 4, 5)),
		"the cable is cut":                                                   io.MultiReader(strings.NewReader(good), iotest.ErrReader(errors.New("the cable is cut"))),
		"is UTF-16, but must be UTF-8: Windows PowerShell's > writes UTF-16": strings.NewReader("\xff\xfe{\x00"),
	} {
		var c collector
		if _, err := Read(stream, Options{Project: "aws"}, c.sink()); err == nil || err.Error() != want || c.refused != nil {
			t.Errorf("got %v, %q, want %s", err, c.refused, want)
		}
	}
	if _, err := Read(strings.NewReader(good), Options{}, importer.Sink{}); err == nil || err.Error() != "project: is required" {
		t.Errorf("without a project: %v", err)
	}
}

// TestSinkStops: an error of the sink is the caller's own, even one that looks like
// the end of the stream.
func TestSinkStops(t *testing.T) {
	for _, stop := range []error{errors.New("stop"), io.EOF, io.ErrUnexpectedEOF} {
		calls := 0
		sink := importer.Sink{
			Entry:   func(importer.Place, audit.Entry) error { calls++; return stop },
			Refused: func(importer.Place, error) error { calls++; return stop },
		}
		for _, stream := range []string{good + good, "7" + good, `{"Records":[` + good + good + `]}`, "?\n" + good} {
			calls = 0
			if _, err := Read(strings.NewReader(stream), Options{Project: "aws"}, sink); err != stop || calls != 1 {
				t.Errorf("%s: got %v after %d calls", stream, err, calls)
			}
		}
	}
}

func TestKinds(t *testing.T) {
	for call, want := range map[string]string{
		"ec2.DisassociateAddress":                 "Address",
		"ec2.ReleaseAddresses":                    "Address",
		"ec2.CreateKeyPair":                       "KeyPair",
		"iam.UpdateAssumeRolePolicy":              "Role",
		"iam.DeleteLoginProfile":                  "LoginProfile",
		"iam.DeactivateMFADevice":                 "MFADevice",
		"iam.SetDefaultPolicyVersion":             "Policy",
		"iam.CreatePolicies":                      "Policy",
		"iam.UpdateAccountPasswordPolicy":         "Policy",
		"rds.ModifyDBClusterSnapshotAttribute":    "DBCluster",
		"cloudfront.UpdateDistribution2020_05_31": "Distribution",
		"lambda.Invoke":                           "Function",
		"kms.Encrypt":                             "Key",
		"kms.DeleteAlias":                         "Alias",
		"glue.StartCrawlers":                      "Crawler",
		"route53.ChangeResourceRecordSets":        "ResourceRecordSet",
		"s3.DeleteObjects":                        "Object",
		"example.Frobnicate":                      "example",
		"example.":                                "example",
		"example.X":                               "example",
		"example.v2":                              "example",
	} {
		service, name, _ := strings.Cut(call, ".")
		if got := kindOf(service, name); got != want {
			t.Errorf("%s is made to a resource of type %q, want %q", call, got, want)
		}
	}
}

// TestRealEvents imports a public data set, in which every event happened.
func TestRealEvents(t *testing.T) {
	dir := os.Getenv("AUDITLOG_TESTDATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	files, err := filepath.Glob(filepath.Join(dir, "cloudtrail", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skipf("no CloudTrail files in %s: set AUDITLOG_TESTDATA to the folder that has cloudtrail/*.json", dir)
	}
	slices.Sort(files)
	outcomes := map[audit.Outcome]int{}
	keys := map[string]bool{}
	var skipped int64
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		passed, err := Read(f, Options{Project: "aws"}, importer.Sink{
			Entry: func(_ importer.Place, e audit.Entry) error {
				outcomes[e.Outcome]++
				keys[e.Key] = true
				if e.Outcome == audit.Success && e.Resource.ID == "" {
					t.Errorf("nothing is known of what %s was made to: %+v", e.Action, e.Resource)
				}
				return nil
			},
			Refused: func(at importer.Place, err error) error { return err },
		})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		skipped += passed.Reads
	}
	if len(keys) != 469 || outcomes[audit.Success] != 384 || outcomes[audit.Error] != 84 || outcomes[audit.Forbidden] != 1 || skipped != 1624 {
		t.Errorf("%d keys, outcomes %v, %d skipped", len(keys), outcomes, skipped)
	}
}
