package webhook_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"auditlog/audit"
	"auditlog/sink"
	"auditlog/sink/kinds"
	"auditlog/sink/sinktest"
)

func secret(s string) string {
	return "whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat(s, 24)))
}

func open(t *testing.T, c sink.Config) sink.Destination {
	t.Helper()
	d, err := kinds.Open(c, sinktest.Environment())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// message is what a receiver reads.
type message struct {
	Type      string
	Timestamp time.Time
	Data      struct {
		Log, Sink, Project string
		Epoch              uint32
		Entries            []struct {
			ID int64
		}
	}
}

// What carries a checkpoint is a message of another type, without entries.
func TestCheckpoint(t *testing.T) {
	w := sinktest.NewWeb(t)
	var got struct {
		Type string
		Data struct {
			Log        string
			Checkpoint struct {
				ID       int64
				Metadata map[string]string
			}
			Entries []json.RawMessage
		}
	}
	w.Answer = func(_ http.ResponseWriter, _ *http.Request, body []byte) {
		if err := json.Unmarshal(body, &got); err != nil {
			t.Errorf("%s: %v", body, err)
		}
	}
	e := sinktest.Entries(1)[0]
	e.ID, e.Metadata = -7, map[string]string{"checkpoint": "signed"}
	d := open(t, sink.Config{To: "http://" + w.Address() + "/hook"})
	if err := d.Deliver(t.Context(), sinktest.Batch([]*audit.Entry{e})); err != nil {
		t.Fatal(err)
	}
	if got.Type != "auditlog.checkpoint" || got.Data.Log != sinktest.Lineage().Log || got.Data.Checkpoint.ID != -7 ||
		got.Data.Checkpoint.Metadata["checkpoint"] != "signed" || got.Data.Entries == nil || len(got.Data.Entries) > 0 {
		t.Errorf("%+v", got)
	}
}

// receiver takes messages whose signature Standard Webhooks' own library finds right.
func receiver(t *testing.T, key string) *sinktest.Web {
	w := sinktest.NewWeb(t)
	verifier, err := standardwebhooks.NewWebhook(key)
	if err != nil {
		t.Fatal(err)
	}
	bodies := make(map[string]string) // by id
	w.Answer = func(rw http.ResponseWriter, r *http.Request, body []byte) {
		if err := verifier.Verify(body, r.Header); err != nil {
			t.Errorf("verify: %v", err)
		}
		id := r.Header.Get("webhook-id")
		if before := bodies[id]; before != "" && before != string(body) {
			t.Errorf("%s stands for two messages", id)
		}
		bodies[id] = string(body)
		var m message
		if err := json.Unmarshal(body, &m); err != nil || m.Type != "auditlog.entries" || m.Timestamp.IsZero() || m.Data.Log != sinktest.Lineage().Log ||
			m.Data.Epoch != sinktest.Lineage().Epoch || m.Data.Sink != "exam" {
			t.Errorf("%v in %s", err, body)
		}
		for _, e := range m.Data.Entries {
			if w.Refuses(e.ID) {
				http.Error(rw, "cannot be", http.StatusBadRequest)
				return
			}
		}
		for _, e := range m.Data.Entries {
			w.Take(e.ID)
		}
	}
	return w
}

func TestExam(t *testing.T) {
	for name, packs := range map[string]string{"plain": "no", "gzip": "yes"} {
		t.Run(name, func(t *testing.T) {
			w := receiver(t, secret("k"))
			sinktest.Run(t, sinktest.Exam{
				Open: func(t *testing.T) sink.Destination {
					return open(t, sink.Config{To: "http://" + w.Address() + "/hook?a=b", Settings: map[string]string{"gzip": packs},
						Secrets: map[string]string{"secret": secret("k")}})
				},
				Receiver: w, Faults: sinktest.WebFaults(), Refuses: true,
			})
		})
	}
}

// While keys are changed, who has the old one and who has the new one both find it right.
func TestRotation(t *testing.T) {
	for _, key := range []string{"o", "n"} {
		w := receiver(t, secret(key))
		d := open(t, sink.Config{To: "http://" + w.Address(), Secrets: map[string]string{"secret": secret("n") + " " + secret("o")}})
		if err := d.Deliver(t.Context(), sinktest.Batch(sinktest.Entries(3))); err != nil {
			t.Error(err)
		}
		d.Close()
	}
}

// A message whose entries are others has another id, even where it begins and ends alike.
func TestMessageIDs(t *testing.T) {
	w := sinktest.NewWeb(t)
	var ids []string
	w.Answer = func(_ http.ResponseWriter, r *http.Request, _ []byte) { ids = append(ids, r.Header.Get("webhook-id")) }
	d := open(t, sink.Config{To: "http://" + w.Address()})
	defer d.Close()
	entries := sinktest.Entries(3)
	for _, part := range [][]*audit.Entry{entries, entries, {entries[0], entries[2]}} {
		if err := d.Deliver(t.Context(), sinktest.Batch(part)); err != nil {
			t.Fatal(err)
		}
	}
	if ids[0] != ids[1] || ids[0] == ids[2] || strings.Contains(ids[0], ".") {
		t.Error(ids)
	}
}

// 410 says never again.
func TestGone(t *testing.T) {
	w := sinktest.NewWeb(t)
	w.Answer = func(rw http.ResponseWriter, _ *http.Request, _ []byte) {
		http.Error(rw, "moved out\nlong ago", http.StatusGone)
	}
	d := open(t, sink.Config{To: "http://" + w.Address()})
	defer d.Close()
	err := d.Deliver(t.Context(), sinktest.Batch(sinktest.Entries(3)))
	gone := new(sink.Gone)
	if !errors.As(err, &gone) || gone.Error() != "the destination is gone: answered 410: moved out long ago" {
		t.Error(err)
	}
}

func TestLines(t *testing.T) {
	w := sinktest.NewWeb(t)
	entries := sinktest.Entries(3)
	w.Answer = func(rw http.ResponseWriter, r *http.Request, body []byte) {
		for i, line := range w.Lines(body) {
			if line != string(entries[i].AppendJSON(nil)) || r.Header.Get("Authorization") != "Bearer s3cret" || r.Header.Get("User-Agent") != "auditlog/1.2.3" {
				t.Errorf("%s, %v", line, r.Header)
			}
			w.Take(int64(i))
		}
	}
	d := open(t, sink.Config{To: "http://" + w.Address(), Settings: map[string]string{"body": "lines"}, Secrets: map[string]string{"authorization": "Bearer s3cret"}})
	defer d.Close()
	if err := d.Deliver(t.Context(), sinktest.Batch(entries)); err != nil || len(w.Taken()) != 3 {
		t.Errorf("%v, %d lines", err, len(w.Taken()))
	}
}

// In a chat nobody who is recorded can call everybody, or make a link of a name.
func TestChats(t *testing.T) {
	e := sinktest.Entries(1)[0]
	e.Action, e.Outcome, e.Actor.Email = "role.grant", audit.Forbidden, "eve <!channel> @everyone"
	e.Detail = "see [here](https://evil.example)\n*now* `x`"
	many := sinktest.Entries(40)
	tail := map[string]string{"slack": " (project-4 #1, ", "mattermost": ` \\(project\\-4 \\#1, `, "discord": ` \\(project\\-4 \\#1, `}
	for name, want := range map[string]string{
		"slack":      `{"text":"*role.grant* forbidden: eve &lt;!channel&gt; @everyone, `,
		"mattermost": `{"text":"**role\\.grant** forbidden: eve \\<\\!channel\\> @` + "\u200b" + `everyone, `,
		"discord":    `{"content":"**role\\.grant** forbidden: eve \\<\\!channel\\> @` + "\u200b" + `everyone, `,
	} {
		w := sinktest.NewWeb(t)
		var got string
		w.Answer = func(_ http.ResponseWriter, _ *http.Request, body []byte) { got = string(body) }
		d := open(t, sink.Config{To: "http://" + w.Address(), Format: name})
		defer d.Close()
		if err := d.Deliver(t.Context(), sinktest.Batch([]*audit.Entry{e})); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(got, want) || !strings.Contains(got, tail[name]) || strings.Contains(got, "<!") || name != "slack" && strings.Contains(got, "](") || !json.Valid([]byte(got)) {
			t.Errorf("%s: %s\nwant %s", name, got, want)
		}
		if err := d.Deliver(t.Context(), sinktest.Batch(many)); err != nil {
			t.Fatal(err)
		}
		var m struct{ Text, Content string }
		if err := json.Unmarshal([]byte(got), &m); err != nil {
			t.Fatal(err)
		}
		if text := m.Text + m.Content; !strings.Contains(text, "more, up to id 40") || len(text) > 16_000 || m.Content != "" && len(m.Content) > 2_000 {
			t.Errorf("%s: %d bytes: %s", name, len(text), text)
		}
	}
}

func TestRefuses(t *testing.T) {
	for want, c := range map[string]sink.Config{
		"secrets.secret: must be whsec_ and 24 to 64 bytes in base64":                    {To: "https://a.example", Secrets: map[string]string{"secret": "whsec_c2hvcnQ="}},
		"secrets.authorization: must be one line of text":                                {To: "https://a.example", Secrets: map[string]string{"authorization": "a\nb"}},
		"settings.timeout: must be a time between 1s and 10m":                            {To: "https://a.example", Settings: map[string]string{"timeout": "5"}},
		"settings.gzip: must be one of yes, no":                                          {To: "https://a.example", Settings: map[string]string{"gzip": "maybe"}},
		"to: names no host":                                                              {To: "https:///x"},
		"to: is no address":                                                              {To: "https://a b.example:x/"},
		"to: must not hold a password: there are secrets for that":                       {To: "https://u:p@a.example"},
		"format: must be one of json, ocsf, ecs, slack, mattermost, discord for webhook": {To: "https://a.example", Format: "cef"},
	} {
		if _, err := kinds.Open(c, sinktest.Environment()); err == nil || err.Error() != want || audit.KindOf(err) != audit.Invalid {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
}
