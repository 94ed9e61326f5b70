package importer

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
)

func exported() audit.Entry {
	at := time.Date(2026, 5, 4, 8, 15, 30, 0, time.UTC)
	return audit.Entry{
		ID:         7,
		Project:    "acme",
		Actor:      audit.Actor{Email: "ada@example.com", Type: audit.User},
		Action:     "deployment.deploy",
		Resource:   audit.Resource{Type: "Deployment"},
		Outcome:    audit.Success,
		CreatedAt:  at,
		RecordedAt: at,
		Seq:        3,
		RecordedBy: "0f3KxQ9Z",
	}
}

func TestNDJSON(t *testing.T) {
	old := exported()
	other := exported()
	other.Detail = "of another log"
	keyed := exported()
	keyed.Key = "k1"
	stream := old.AppendJSON(nil)
	stream = append(keyed.AppendJSON(append(stream, "\n\n \r\n"...)), '\n')
	stream = append(other.AppendJSON(stream), "\r\n"...)
	stream = append(stream, `{"actor":{"email":"bob"},"action":"a.b","resource":{"type":"T"},"outcome":"error"}`...)

	for name, form := range map[string][]byte{"plain": stream, "compressed": compress(t, stream)} {
		var got []audit.Entry
		collect := Sink{
			Entry: func(_ Place, e audit.Entry) error {
				got = append(got, e)
				return nil
			},
			Refused: func(_ Place, err error) error { return err },
		}
		for range 2 {
			if _, err := NDJSON(bytes.NewReader(form), "fallback", collect); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if len(got) != 8 {
			t.Fatalf("%s: %d entries", name, len(got))
		}
		for _, e := range got {
			if e.ID != 0 || e.Seq != 0 || !e.RecordedAt.IsZero() || e.RecordedBy != "" || e.Actor.Type != audit.User {
				t.Errorf("%s: %+v", name, e)
			}
		}
		if got[0].Key == "" || got[0].Key != got[4].Key || got[0].Key == got[2].Key || len(got[0].Key) > audit.MaxKey {
			t.Errorf("%s: the keys of exported entries are %q, %q and %q", name, got[0].Key, got[4].Key, got[2].Key)
		}
		if got[1].Key != "k1" || got[3].Key != "" || got[0].Project != "acme" || got[3].Project != "fallback" {
			t.Errorf("%s: read %+v", name, got)
		}
	}
}

// TestKeysStayTheSame imports what former versions have exported, each entry of which has
// the key that the version of then made of it.
func TestKeysStayTheSame(t *testing.T) {
	want, err := os.ReadFile("testdata/former.keys")
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open("testdata/former.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var got []byte
	_, err = NDJSON(f, "", Sink{
		Entry: func(_ Place, e audit.Entry) error {
			got = fmt.Appendln(got, e.Key)
			return nil
		},
		Refused: func(_ Place, err error) error { return err },
	})
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("the keys are\n%s\nwant\n%s, %v", got, want, err)
	}
	// What the log of now adds to such an entry is in no key.
	e := exported()
	old := exported()
	old.Seq, old.RecordedBy = 0, ""
	if keyOf(&e, nil) != keyOf(&old, nil) {
		t.Error("seq and recordedBy are in the key of an entry")
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

// TestNDJSONRefusals names the line and the field of what cannot be taken, and takes
// the others.
func TestNDJSONRefusals(t *testing.T) {
	e := exported()
	good := string(e.AppendJSON(nil)) + "\n"
	tests := map[string]struct{ stream, want string }{
		"no JSON":         {good + "\n{", "line 3: is not valid JSON: it ends too early"},
		"two in a line":   {"{}{}", "line 1: is not valid JSON: invalid character '{' after top-level value"},
		"unknown field":   {good + `{"actor":{"mail":"x"}}`, "line 2: actor.mail: unknown field"},
		"wrong type":      {`{"changes":[{"field":"a"},{"field":7}]}`, "line 1: changes.1.field: has the wrong type"},
		"no object":       {"7", "line 1: must be an entry, a JSON object"},
		"a list":          {"[]", "line 1: must be an entry, a JSON object"},
		"twice":           {`{"action":"a","action":"b"}`, `line 1: action: is not valid JSON: duplicate object member name`},
		"bad UTF-8":       {"{\"action\":\"\xff\"}", `line 1: action: is not valid JSON: invalid UTF-8`},
		"bad time":        {`{"createdAt":"yesterday"}`, `line 1: createdAt: has the wrong type`},
		"lacks something": {`{"project":"acme","key":"k"}`, "line 1 (id k): actor.email: is required"},
		"no project":      {`{"actor":{"email":"x"}}`, "line 1: project: is required"},
		"too long":        {good + strings.Repeat("x", MaxItem+1), "line 2: is longer than 16 MiB"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var refused []string
			entries := 0
			_, err := NDJSON(strings.NewReader(tt.stream+"\n"+good), "", Sink{
				Entry: func(Place, audit.Entry) error {
					entries++
					return nil
				},
				Refused: func(at Place, err error) error {
					refused = append(refused, at.String()+": "+err.Error())
					return nil
				},
			})
			if err != nil || len(refused) != 1 || refused[0] != tt.want {
				t.Errorf("got %v, %q, want %s", err, refused, tt.want)
			}
			if want := 1 + strings.Count(tt.stream, good); entries != want {
				t.Errorf("read %d entries, want %d", entries, want)
			}
		})
	}
}

// TestNDJSONUnreadable: what cannot be read at all is an error, and so is the sink's.
func TestNDJSONUnreadable(t *testing.T) {
	e := exported()
	good := string(e.AppendJSON(nil)) + "\n"
	for stream, want := range map[string]string{
		string(compress(t, []byte(good))[:30]):     "decompress: the archive is cut off",
		"\x1f\x8b\x08":                             "decompress: the archive is cut off",
		"\x1f\x8b\x00\x00\x00\x00\x00\x00\x00\x00": "decompress: the archive is damaged",
	} {
		_, err := NDJSON(strings.NewReader(stream), "", Sink{Refused: func(_ Place, err error) error { return err }})
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	stop := Sink{
		Entry:   func(Place, audit.Entry) error { return io.EOF },
		Refused: func(Place, error) error { return io.EOF },
	}
	for _, stream := range []string{good, "{}\n" + good} {
		if _, err := NDJSON(strings.NewReader(stream), "", stop); err != io.EOF {
			t.Errorf("the sink's own error became %v", err)
		}
	}
	passed, err := NDJSON(strings.NewReader("\n \n"), "", stop)
	if err != nil || passed.Others[EmptyFile] != 1 {
		t.Errorf("nothing: %+v, %v", passed, err)
	}
}

func FuzzNDJSON(f *testing.F) {
	e := exported()
	f.Add(e.AppendJSON(nil))
	f.Add([]byte("{}\n\n{\"createdAt\":\"0000-01-01T00:00:00Z\"}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		NDJSON(bytes.NewReader(b), "acme", Sink{
			Entry: func(_ Place, e audit.Entry) error {
				if err := e.Validate(e.CreatedAt); err != nil {
					t.Errorf("emitted %+v: %v", e, err)
				}
				return nil
			},
			Refused: func(at Place, err error) error {
				if strings.Contains(err.Error(), "Go ") || err.Error() == "" {
					t.Errorf("%v: %v", at, err)
				}
				return nil
			},
		})
	})
}
