package otlp_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"auditlog/audit"
	"auditlog/sink"
	"auditlog/sink/kinds"
	"auditlog/sink/sinktest"
)

func open(t *testing.T, address string) sink.Destination {
	t.Helper()
	d, err := kinds.Open(sink.Config{To: "otlp+http://" + address}, sinktest.Environment())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// partial is the answer of a receiver that has refused some records.
func partial(n int, why string) []byte {
	inner := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), uint64(n))
	inner = protowire.AppendString(protowire.AppendTag(inner, 2, protowire.BytesType), why)
	return protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), inner)
}

func attribute(list []*common.KeyValue, name string) *common.AnyValue {
	for _, a := range list {
		if a.Key == name {
			return a.Value
		}
	}
	return nil
}

// records returns what a request holds.
func records(t *testing.T, r *http.Request, body []byte) []*logs.LogRecord {
	if r.URL.Path != "/v1/logs" || r.Header.Get("Content-Type") != "application/x-protobuf" {
		t.Errorf("%s, %v", r.URL, r.Header)
	}
	var data logs.LogsData
	if err := proto.Unmarshal(body, &data); err != nil {
		t.Fatal(err)
	}
	of := data.ResourceLogs[0]
	if got := attribute(of.Resource.Attributes, "service.instance.id").GetStringValue(); got != sinktest.Lineage().String() {
		t.Errorf("the instance is %q", got)
	}
	return of.ScopeLogs[0].LogRecords
}

func TestExam(t *testing.T) {
	w := sinktest.NewWeb(t)
	w.Answer = func(rw http.ResponseWriter, r *http.Request, body []byte) {
		refused := 0
		for _, record := range records(t, r, body) {
			var e audit.Entry
			if err := json.Unmarshal([]byte(record.Body.GetStringValue()), &e); err != nil {
				t.Fatal(err)
			}
			if attribute(record.Attributes, "log.record.uid").GetStringValue() != sinktest.Lineage().Key(e.ID) || attribute(record.Attributes, "auditlog.id").GetIntValue() != e.ID ||
				record.TimeUnixNano != uint64(e.CreatedAt.UnixNano()) || record.EventName != "auditlog.entry" || record.SeverityNumber == 0 {
				t.Errorf("%v", record)
			}
			if w.Refuses(e.ID) {
				refused++
				continue
			}
			w.Take(e.ID)
		}
		rw.Header().Set("Content-Type", "application/x-protobuf")
		if refused > 0 {
			rw.Write(partial(refused, "too odd"))
		}
	}
	sinktest.Run(t, sinktest.Exam{
		Open:     func(t *testing.T) sink.Destination { return open(t, w.Address()) },
		Receiver: w, Faults: sinktest.WebFaults(), Refuses: true,
	})
}

func TestAnswers(t *testing.T) {
	status := protowire.AppendString(protowire.AppendTag(nil, 2, protowire.BytesType), "no such\nattribute")
	for _, c := range []struct {
		status int
		body   []byte
		want   string
	}{
		{200, nil, ""},
		{200, partial(0, "be warned"), ""},
		{200, partial(2, "all odd"), "2 entries refused: rejected 2 of 2 log records: all odd"},
		{400, status, "2 entries refused: answered 400: no such attribute"},
		{200, []byte{0xff}, "read the answer: "},
		{502, []byte("bad\x00gateway"), "answered 502: bad gateway"},
	} {
		w := sinktest.NewWeb(t)
		w.Answer = func(rw http.ResponseWriter, _ *http.Request, _ []byte) {
			rw.Header().Set("Content-Type", "application/x-protobuf")
			rw.WriteHeader(c.status)
			rw.Write(c.body)
		}
		d := open(t, w.Address())
		defer d.Close()
		err := d.Deliver(t.Context(), sinktest.Batch(sinktest.Entries(2)))
		if (err == nil) != (c.want == "") || err != nil && !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%d %q: %v, want %s", c.status, c.body, err, c.want)
		}
		if refused := new(sink.Refused); errors.As(err, &refused) != strings.HasPrefix(c.want, "2 entries") {
			t.Errorf("%d %q: %#v", c.status, c.body, err)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add(partial(3, "why"))
	f.Add([]byte{0x0a, 0xff})
	f.Fuzz(func(t *testing.T, body []byte) {
		w := sinktest.NewWeb(t)
		w.Answer = func(rw http.ResponseWriter, _ *http.Request, _ []byte) { rw.Write(body) }
		d := open(t, w.Address())
		defer d.Close()
		_ = d.Deliver(t.Context(), sinktest.Batch(sinktest.Entries(1))) // it ends
	})
}
