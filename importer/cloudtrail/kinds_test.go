package cloudtrail

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"auditlog/audit"
	"auditlog/importer"
)

// TestKindsOfInput reads inputs that other programs were reported to go wrong with, each
// in a file for its kind, and compares all that becomes of them.
func TestKindsOfInput(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "kinds", "*.json"))
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			got := everything(t, readFile(t, name))
			golden := strings.TrimSuffix(name, ".json") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want := string(readFile(t, golden)); got != want {
				t.Errorf("differs from %s:\n%s", golden, got)
			}
			if strings.Contains(got, "LEAK") {
				t.Errorf("a secret is kept:\n%s", got)
			}
		})
	}
}

// everything returns what becomes of a stream: entries, refusals, and what is passed over.
func everything(t *testing.T, stream []byte) string {
	t.Helper()
	var c collector
	passed, err := Read(bytes.NewReader(stream), Options{Project: "aws"}, c.sink())
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.Write(c.lines)
	for _, why := range c.refused {
		fmt.Fprintln(&b, why)
	}
	fmt.Fprintf(&b, "%d reads, %d of them denied\n", passed.Reads, passed.DeniedReads)
	for _, name := range slices.Sorted(maps.Keys(passed.Others)) {
		fmt.Fprintf(&b, "%s: %d\n", name, passed.Others[name])
	}
	return b.String()
}

// entriesOf returns the entries of a file of kinds, by their keys.
func entriesOf(t *testing.T, file string) map[string]audit.Entry {
	t.Helper()
	entries := map[string]audit.Entry{}
	_, err := Read(bytes.NewReader(readFile(t, "testdata", "kinds", file)), Options{Project: "aws", Reads: AllReads}, importer.Sink{
		Entry:   func(_ importer.Place, e audit.Entry) error { entries[e.Key] = e; return nil },
		Refused: func(importer.Place, error) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// TestWrappings: an event is the same in whatever it is wrapped, its key the same too.
func TestWrappings(t *testing.T) {
	want, _ := imported(t, strings.NewReader(good))
	for _, wrapping := range wrappings {
		if got, _ := imported(t, strings.NewReader(wrap(wrapping, good))); got != want {
			t.Errorf("%s is read as %s", wrapping, got)
		}
		nested := wrap(wrappings[8], good)
		if got, _ := imported(t, strings.NewReader(wrap(wrapping, nested))); got != want {
			t.Errorf("%s around a message of EventBridge is read as %s", wrapping, got)
		}
	}
}

// TestReads: what becomes of read-only calls is a choice.
func TestReads(t *testing.T) {
	stream := readFile(t, "testdata", "kinds", "reads.json")
	for reads, want := range map[Reads]struct {
		keys   []string
		passed importer.Passed
	}{
		"":          {[]string{"write"}, importer.Passed{Reads: 4, DeniedReads: 2}},
		SkipReads:   {[]string{"write"}, importer.Passed{Reads: 4, DeniedReads: 2}},
		DeniedReads: {[]string{"read-denied", "read-denied-2", "write"}, importer.Passed{Reads: 2}},
		AllReads:    {[]string{"read", "read-denied", "read-denied-2", "read-error", "write"}, importer.Passed{}},
	} {
		var keys []string
		passed, err := Read(bytes.NewReader(stream), Options{Project: "aws", Reads: reads}, importer.Sink{
			Entry: func(_ importer.Place, e audit.Entry) error { keys = append(keys, e.Key); return nil },
		})
		if err != nil || !slices.Equal(keys, want.keys) || passed.Reads != want.passed.Reads || passed.DeniedReads != want.passed.DeniedReads {
			t.Errorf("%q: got %v, %+v, %v", reads, keys, passed, err)
		}
	}
}

// TestOutcomes judges by the code, then by what says Failure, then by the message.
func TestOutcomes(t *testing.T) {
	forbidden := "code-00 code-01 code-02 code-03 code-04 code-05 code-06 code-07 code-08 code-09 code-10 code-11 code-21 code-22 code-23 code-number status-403"
	success := "code-26 code-27 code-28 code-29 code-30 code-31 no-code"
	for key, e := range entriesOf(t, "codes.json") {
		want := audit.Error
		switch {
		case slices.Contains(strings.Fields(forbidden), key):
			want = audit.Forbidden
		case slices.Contains(strings.Fields(success), key):
			want = audit.Success
		}
		if e.Outcome != want {
			t.Errorf("%s is %s, want %s: %s", key, e.Outcome, want, e.Detail)
		}
		if isDry := key == "code-30" || key == "code-31"; isDry != (e.Metadata["dryRun"] == "true") || isDry != strings.Contains(e.Detail, "dry run") {
			t.Errorf("%s: %s", key, e.Detail)
		}
	}
	for key, e := range entriesOf(t, "signins.json") {
		want := audit.Error
		switch key {
		case "login-ok", "job-state":
			want = audit.Success
		case "denied-result":
			want = audit.Forbidden
		}
		if e.Outcome != want {
			t.Errorf("%s is %s, want %s: %s", key, e.Outcome, want, e.Detail)
		}
	}
}

// TestActors names people and programs; a name that anybody could choose is no person's.
func TestActors(t *testing.T) {
	want := []string{
		"012345678901 (root) User", "bea User", "AIDAX User", hiddenName + " User", "cara@example.com User",
		"arn:aws:sts::012345678901:assumed-role/AWSReservedSSO_Fake_1/ceo@example.com ServiceAccount",
		"arn:aws:sts::012345678901:assumed-role/ops/dora@example.com ServiceAccount", "u-9 User", "build-7 ServiceAccount",
		"arn:aws:iam::012345678901:role/ops ServiceAccount", "arn:aws:sts::012345678901:federated-user/emil User",
		"finn@example.com User", "gina@example.com User", "amzn1.account.X User", "system:serviceaccount:web:api ServiceAccount",
		"u-2 User", "hugo User", "210987654321 ServiceAccount", "210987654321 ServiceAccount", anonymous + " User",
		"autoscaling.amazonaws.com ServiceAccount", "AWS Internal ServiceAccount", "ivo User", hiddenName + " User",
		"jana ServiceAccount", unknown + " ServiceAccount",
	}
	entries := entriesOf(t, "identities.json")
	for i, want := range want {
		e := entries[fmt.Sprintf("who-%02d", i)]
		if got := e.Actor.Email + " " + string(e.Actor.Type); got != want {
			t.Errorf("who-%02d is %s, want %s", i, got, want)
		}
	}
	sso, ops := entries["who-04"].Metadata, entries["who-06"].Metadata
	for _, pair := range [][2]string{
		{sso["identityArn"], "arn:aws:sts::012345678901:assumed-role/AWSReservedSSO_ReadOnly_0a1b2c3d4e5f6a7b/cara@example.com"},
		{sso["onBehalfOfUserId"], "u-1"}, {sso["mfa"], "true"}, {ops["sourceIdentity"], "dora"}, {ops["mfa"], "false"},
		{ops["sessionIssuer"], "arn:aws:iam::012345678901:role/ops"},
		{ops["federatedProvider"], "arn:aws:iam::012345678901:oidc-provider/idp.example.com"},
		{entries["who-17"].Metadata["callerAccountId"], "210987654321"}, {entries["who-19"].Metadata["accountId"], "012345678901"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("metadata has %q, want %q", pair[0], pair[1])
		}
	}
}

// TestSecrets: what identifies a secret is kept, and no secret is.
func TestSecrets(t *testing.T) {
	m := entriesOf(t, "secrets.json")["secrets"].Metadata
	for name, want := range map[string]string{
		"secretId": "pay/db", "accessKeyId": "AKIAOK", "key": "folder/object.txt", "passwordResetRequired": "true",
		"tokenType": "bearer-kind", "keyId": "key-1", "masterUserSecretKmsKeyId": "kms-1", "authParameters.basic.username": "ok-user",
		"containerDefinitions.environment.value": "8080", "parameters.parameterValue": "big", "hidden": "",
	} {
		if got := m["requestParameters."+name]; got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// TestLargeParameters: they fill what metadata may take, and what had no room is counted.
func TestLargeParameters(t *testing.T) {
	e := entriesOf(t, "large.json")["large"]
	if e.Metadata["requestParameters.first"] != "begin" || e.Metadata["parametersLeftOut"] == "" || e.Metadata["accountId"] == "" {
		t.Errorf("kept %d texts, left out %q", len(e.Metadata), e.Metadata["parametersLeftOut"])
	}
	if n := len(e.AppendJSON(nil)); n > audit.MaxStored || n < maxMetadata/2 {
		t.Errorf("the entry has %d bytes", n)
	}
}
