package intake

import (
	"reflect"
	"strings"
	"testing"

	"auditlog/audit"
)

const deployEntry = `{"project":"acme","actor":{"email":"ada@example.com"},"action":"deployment.deploy","resource":{"type":"Deployment","name":"web"},"outcome":"success"}`

// everything is an entry with every member that a caller may give.
const everything = `{"project":"acme","actor":{"email":"ada@example.com","type":"ServiceAccount","label":"claude-code:pr-42"},
	"action":"deployment.deploy","resource":{"type":"Deployment","id":"4711","name":"web","locationId":"gke.cluster-rcf2"},
	"outcome":"forbidden","detail":"a\nb \"c\" é \ud83d\ude00","channel":"cli","request":{"ip":"203.0.113.9","userAgent":"deploys/1.4","id":"0b7c"},
	"changes":[{"field":"replicas","old":"2","new":"4"}],"metadata":{"commit":"6f1d0c2"},"key":"evt-0c1f","createdAt":"2026-05-04T15:15:30.1234567+07:00"}`

// What is read is read again as the same, and what is refused is so in the caller's words.
func FuzzDecode(f *testing.F) {
	batch := `{"entries":[` + everything + `,` + deployEntry + `]}`
	for _, s := range []string{
		everything, deployEntry, batch, "[" + deployEntry + "]", deployEntry + "\n" + deployEntry, `{"entries":{}}`, `{"entries":[1]}`,
		`{"entries":[],"more":1}`, batch[:len(batch)-2], batch + "x", `{"project":1}`, `{"id":1}`, `{"outcome":"\ud800"}`, "\xff", "", "[[]]",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		entries, _, err := decodeBatch(b)
		if err != nil {
			checkFault(t, err)
			return
		}
		for _, e := range entries {
			e.Normalize()
			sent := e.AppendInput(nil)
			again, err := decodeEntry(sent)
			if err != nil {
				t.Fatalf("%s: %v", sent, err)
			}
			if again.Normalize(); !reflect.DeepEqual(again, e) {
				t.Fatalf("%+v was sent again as %+v", e, again)
			}
		}
	})
}

// checkFault holds that an error is one of the caller's, in the caller's words.
func checkFault(t *testing.T, err error) {
	t.Helper()
	if kind := audit.KindOf(err); kind != audit.Invalid && kind != audit.TooLarge {
		t.Fatalf("%v is of kind %v", err, kind)
	}
	if m := err.Error(); strings.Contains(m, "json:") || strings.Contains(m, "Go ") || len(m) > 1000 {
		t.Fatalf("the message is %q", m)
	}
}
