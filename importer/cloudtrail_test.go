package importer

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
)

var update = flag.Bool("update", false, "write the golden files anew")

// imported returns what CloudTrail emits, a line each.
func imported(t testing.TB, r io.Reader) (lines string, skipped int64) {
	t.Helper()
	var out []byte
	skipped, err := CloudTrail(r, "aws", func(e audit.Entry) error {
		out = append(e.AppendInput(out), '\n')
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(out), skipped
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

func TestFaultsNameTheEvent(t *testing.T) {
	const good = `{"eventID":"e","eventName":"CreateUser","eventSource":"iam.amazonaws.com","eventTime":"2026-05-04T08:15:30Z"}`
	long := `{"eventID":"` + strings.Repeat("x", maxItem) + `"}`
	tests := map[string]struct {
		stream, want string
	}{
		"no id":               {`{"Records":[` + good + `,{"eventName":"x"}]}`, "event 2.eventID: is required"},
		"no name":             {strings.Replace(good, "eventName", "other", 1), "event 1.eventName: is required"},
		"no source":           {strings.Replace(good, "eventSource", "other", 1), "event 1.eventSource: is required"},
		"no time":             {strings.Replace(good, "eventTime", "other", 1), "event 1.eventTime: is required"},
		"odd time":            {strings.Replace(good, "2026-05", "2026-13", 1), "event 1.eventTime: must be a time as RFC 3339 has it"},
		"odd flag":            {`{"readOnly":7}`, "event 1: 7 is not a boolean"},
		"wrong type":          {good + `{"eventID":7}`, "event 2: json: cannot unmarshal number into Go struct field event.eventID of type string"},
		"a number":            {"7", "event 1: json: cannot unmarshal number into Go value of type importer.event"},
		"Records no list":     {`{"Records":{}}`, "after event 0: Records must be a list, not {"},
		"something else":      {`{"Records":[` + good + `]} 7`, "after event 1: an object with Records is wanted, not 7"},
		"cut in an event":     {good + `{"eventID":`, "event 2: unexpected EOF"},
		"cut after an event":  {`{"Records":[` + good + `,`, "event 2: unexpected EOF"},
		"cut after the list":  {`{"Records":[` + good + `]`, "after event 1: unexpected EOF"},
		"cut before the list": {`{"Records":`, "after event 0: unexpected EOF"},
		"cut after the name":  {`{"Records"`, "after event 0: unexpected EOF"},
		"stray bracket":       {good + `]`, "after event 1: invalid character ']' looking for beginning of value"},
		"cut gzip":            {string(compress(t, []byte(good))[:30]), "event 1: unexpected EOF"},
		"broken gzip":         {"\x1f\x8b\x00", "decompress: unexpected EOF"},
		"too long":            {good + long, "event 2: is longer than 16 MiB"},
		"too long a number":   {`{"Records":[],"x":` + long + `}`, "event 1: is longer than 16 MiB"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := CloudTrail(strings.NewReader(tt.stream), "aws", func(audit.Entry) error { return nil })
			if err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
	if _, err := CloudTrail(strings.NewReader(good), "", nil); err == nil || err.Error() != "project: is required" {
		t.Errorf("without a project: %v", err)
	}
}

// TestEmitStops: an error of emit is the caller's own, even one that looks like
// the end of the stream.
func TestEmitStops(t *testing.T) {
	for _, stop := range []error{errors.New("stop"), io.EOF} {
		calls := 0
		skipped, err := CloudTrail(bytes.NewReader(readFile(t, "testdata", "events.json")), "aws", func(audit.Entry) error {
			calls++
			return stop
		})
		if err != stop || calls != 1 || skipped != 2 {
			t.Errorf("got %v after %d calls, %d skipped", err, calls, skipped)
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

func TestShort(t *testing.T) {
	for id, want := range map[string]string{
		"i-1":                                              "i-1",
		"arn:aws:iam::1:role/path/deploy":                  "deploy",
		"arn:aws:iam::1:root":                              "root",
		"arn:aws:s3:::logs/a/b":                            "logs/a/b",
		"arn:aws:ssm:r:1:parameter/plain":                  "plain",
		"arn:aws:ssm:r:1:parameter/a/b":                    "/a/b",
		"arn:aws:lambda:r:1:function:mailer:7":             "mailer",
		"arn:aws:secretsmanager:r:1:secret:prod/db-AbCdEf": "prod/db",
		"arn:aws:secretsmanager:r:1:secret:x":              "",
		"arn:aws:logs:r:1:log-group:/a/b:*":                "/a/b",
		"arn:aws:rds:r:1:db:orders":                        "orders",
		"arn:aws:sns:r:1:alarms":                           "alarms",
		"arn:aws:sns":                                      "arn:aws:sns",
		"https://sqs.r.amazonaws.com/1/jobs":               "jobs",
		"":                                                 "",
	} {
		if got := short(id); got != want {
			t.Errorf("%q is cut to %q, want %q", id, got, want)
		}
	}
}

// TestRealEvents imports a public data set, in which every event happened.
func TestRealEvents(t *testing.T) {
	dir := os.Getenv("AUDITLOG_TESTDATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "data")
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
		n, err := CloudTrail(f, "aws", func(e audit.Entry) error {
			outcomes[e.Outcome]++
			keys[e.Key] = true
			if e.Outcome == audit.Success && e.Resource.ID == "" {
				t.Errorf("nothing is known of what %s was made to: %+v", e.Action, e.Resource)
			}
			return nil
		})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		skipped += n
	}
	if len(keys) != 469 || outcomes[audit.Success] != 384 || outcomes[audit.Error] != 84 || outcomes[audit.Forbidden] != 1 || skipped != 1624 {
		t.Errorf("%d keys, outcomes %v, %d skipped", len(keys), outcomes, skipped)
	}
}

func FuzzCloudTrail(f *testing.F) {
	f.Add(readFile(f, "testdata", "events.json"))
	f.Add([]byte(`{"Records":[{"eventID":"e","eventName":"CreateUser","eventSource":"iam.amazonaws.com","eventTime":"2026-05-04T08:15:30Z","requestParameters":[[{"userName":"x"}]]}]}`))
	f.Add([]byte("\x1f\x8b\x08"))
	f.Fuzz(func(t *testing.T, b []byte) {
		entries := 0
		_, err := CloudTrail(bytes.NewReader(b), "aws", func(e audit.Entry) error {
			entries++
			if err := e.Validate(e.CreatedAt); err != nil || e.Key == "" {
				t.Errorf("emitted %+v: %v", e, err)
			}
			return nil
		})
		if err != nil && err.Error() == "" {
			t.Errorf("%d entries, then an error without words: %#v", entries, err)
		}
	})
}
