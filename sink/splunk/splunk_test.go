package splunk_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"auditlog/sink"
	"auditlog/sink/kinds"
	"auditlog/sink/sinktest"
)

func open(t *testing.T, w *sinktest.Web, settings map[string]string) sink.Destination {
	t.Helper()
	c := sink.Config{To: "splunk+http://" + w.Address(), Settings: settings, Secrets: map[string]string{"token": "s3cret"}}
	d, err := kinds.Open(c, sinktest.Environment())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// collector answers as Splunk does. With ack, what it takes counts once it is asked for twice.
type collector struct {
	t       *testing.T
	w       *sinktest.Web
	ack     bool
	pending map[int64][]int64
	asked   map[int64]int
}

var guid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

func (c *collector) answer(rw http.ResponseWriter, r *http.Request, body []byte) {
	if r.Header.Get("Authorization") != "Splunk s3cret" {
		c.t.Errorf("the headers are %v", r.Header)
	}
	if c.ack != guid.MatchString(r.Header.Get("X-Splunk-Request-Channel")) {
		c.t.Errorf("the channel is %q", r.Header.Get("X-Splunk-Request-Channel"))
	}
	switch r.URL.Path {
	case "/services/collector/event":
		c.events(rw, body)
	case "/services/collector/ack":
		if r.URL.Query().Get("channel") != r.Header.Get("X-Splunk-Request-Channel") {
			c.t.Errorf("asked at %s", r.URL)
		}
		c.acks(rw, body)
	default:
		c.t.Errorf("asked for %s", r.URL)
	}
}

func (c *collector) events(rw http.ResponseWriter, body []byte) {
	var ids []int64
	for d := json.NewDecoder(strings.NewReader(string(body))); ; {
		var event struct {
			Time                            json.Number
			Host, Source, Sourcetype, Index string
			Event                           struct{ ID int64 }
			Fields                          map[string]string
		}
		if err := d.Decode(&event); err == io.EOF {
			break
		} else if err != nil {
			c.t.Fatal(err)
		}
		id := event.Event.ID
		if event.Host != "log.example.com" || event.Source != "auditlog" || event.Sourcetype != "auditlog:entry" || event.Index != "main" ||
			event.Fields["auditlog_key"] != sinktest.Lineage().Key(id) || !strings.Contains(event.Time.String(), ".") {
			c.t.Errorf("%+v", event)
		}
		if c.w.Refuses(id) {
			rw.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(rw, `{"text":"Invalid data format","code":6,"invalid-event-number":%d}`, len(ids))
			return
		}
		ids = append(ids, id)
	}
	if !c.ack {
		c.take(ids)
		fmt.Fprint(rw, `{"text":"Success","code":0}`)
		return
	}
	n := int64(len(c.pending))
	c.pending[n] = ids
	fmt.Fprintf(rw, `{"text":"Success","code":0,"ackId":%d}`, n)
}

func (c *collector) take(ids []int64) {
	for _, id := range ids {
		c.w.Take(id)
	}
}

func (c *collector) acks(rw http.ResponseWriter, body []byte) {
	var asked struct{ Acks []int64 }
	if err := json.Unmarshal(body, &asked); err != nil || len(asked.Acks) != 1 {
		c.t.Errorf("asked for %s", body)
	}
	n := asked.Acks[0]
	c.asked[n]++
	if c.asked[n] == 2 {
		c.take(c.pending[n])
	}
	fmt.Fprintf(rw, `{"acks":{"%d":%t}}`, n, c.asked[n] >= 2)
}

func TestExam(t *testing.T) {
	for _, ack := range []string{"no", "yes"} {
		t.Run("ack="+ack, func(t *testing.T) {
			w := sinktest.NewWeb(t)
			c := &collector{t: t, w: w, ack: ack == "yes", pending: make(map[int64][]int64), asked: make(map[int64]int)}
			w.Answer = c.answer
			sinktest.Run(t, sinktest.Exam{
				Open:     func(t *testing.T) sink.Destination { return open(t, w, map[string]string{"index": "main", "ack": ack}) },
				Receiver: w, Faults: sinktest.WebFaults(), Refuses: true,
			})
		})
	}
}

// A wrong index is the settings' fault: no entry is given up for it.
func TestSettingsAtFault(t *testing.T) {
	w := sinktest.NewWeb(t)
	w.Answer = func(rw http.ResponseWriter, _ *http.Request, _ []byte) {
		rw.WriteHeader(http.StatusBadRequest)
		io.WriteString(rw, `{"text":"Incorrect index","code":7,"invalid-event-number":0}`)
	}
	d := open(t, w, nil)
	defer d.Close()
	err := d.Deliver(t.Context(), sinktest.Batch(sinktest.Entries(3)))
	refused := new(sink.Refused)
	if err == nil || errors.As(err, &refused) || !strings.Contains(err.Error(), "Incorrect index") {
		t.Error(err)
	}
}

// A token without acknowledgement is told apart from one whose indexers are slow.
func TestNoAckID(t *testing.T) {
	w := sinktest.NewWeb(t)
	w.Answer = func(rw http.ResponseWriter, _ *http.Request, _ []byte) {
		io.WriteString(rw, `{"text":"Success","code":0}`)
	}
	d := open(t, w, map[string]string{"ack": "yes"})
	defer d.Close()
	if err := d.Deliver(t.Context(), sinktest.Batch(sinktest.Entries(1))); err == nil || !strings.Contains(err.Error(), "holds no ackId") {
		t.Error(err)
	}
}

func TestText(t *testing.T) {
	w := sinktest.NewWeb(t)
	w.Answer = func(rw http.ResponseWriter, _ *http.Request, body []byte) {
		var event struct{ Event string }
		if err := json.Unmarshal(body, &event); err != nil || !strings.HasPrefix(event.Event, "CEF:0|auditlog|") {
			t.Errorf("%v in %s", err, body)
		}
	}
	c := sink.Config{To: "splunk+http://" + w.Address(), Format: "cef", Secrets: map[string]string{"token": "s3cret"}}
	d, err := kinds.Open(c, sinktest.Environment())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Deliver(t.Context(), sinktest.Batch(sinktest.Entries(1))); err != nil {
		t.Error(err)
	}
}

func TestTokenIsRequired(t *testing.T) {
	_, err := kinds.Open(sink.Config{To: "splunk+https://splunk.example.com:8088"}, sink.Environment{})
	if err == nil || err.Error() != "secrets.token: is required: The token of the HTTP Event Collector." {
		t.Error(err)
	}
}
