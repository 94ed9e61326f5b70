package receivertest

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"auditlog/audit"
	"auditlog/sink"
	"auditlog/sink/kinds"
	"auditlog/sink/sinktest"
)

// collector is the Collector's OTLP receiver, with a consumer that notes what it is given.
type collector struct {
	t        *testing.T
	address  string
	receiver receiver.Logs

	mu    sync.Mutex
	fails error // what the consumer answers instead of taking something
	taken []int64
}

func newCollector(t *testing.T) *collector {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &collector{t: t, address: l.Addr().String()}
	l.Close()
	c.start()
	t.Cleanup(c.stop)
	return c
}

func (c *collector) start() {
	factory := otlpreceiver.NewFactory()
	cfg := factory.CreateDefaultConfig()
	if err := recipe(c.t, c.address).Unmarshal(cfg); err != nil {
		c.t.Fatal(err)
	}
	next, err := consumer.NewLogs(c.consume)
	if err != nil {
		c.t.Fatal(err)
	}
	if c.receiver, err = factory.CreateLogs(c.t.Context(), receivertest.NewNopSettings(factory.Type()), cfg, next); err != nil {
		c.t.Fatal(err)
	}
	if err := c.receiver.Start(c.t.Context(), componenttest.NewNopHost()); err != nil {
		c.t.Fatal(err)
	}
}

// recipe is what docs/siem.md sets of the receiver, but for where it listens.
func recipe(t *testing.T, address string) *confmap.Conf {
	t.Helper()
	doc, err := os.ReadFile("../docs/siem.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(doc), "```yaml\nreceivers:\n")
	text, _, ok := strings.Cut(rest, "```\n")
	if !ok {
		t.Fatal("docs/siem.md has no recipe for the Collector")
	}
	text = strings.Replace("receivers:\n"+text, "0.0.0.0:4318", address, 1)
	read, err := confmap.NewRetrievedFromYAML([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	all, err := read.AsConf()
	if err != nil {
		t.Fatal(err)
	}
	settings, err := all.Sub("receivers::otlp")
	if err != nil {
		t.Fatal(err)
	}
	return settings
}

func (c *collector) stop() {
	if err := c.receiver.Shutdown(context.Background()); err != nil {
		c.t.Error(err)
	}
}

// consume takes the records of a request, as an exporter behind the receiver would.
func (c *collector) consume(_ context.Context, data plog.Logs) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.fails; err != nil {
		c.fails = nil
		return err
	}
	for _, of := range data.ResourceLogs().All() {
		if id, _ := of.Resource().Attributes().Get("service.instance.id"); id.Str() != sinktest.Lineage().String() {
			c.t.Errorf("the resource is %v", of.Resource().Attributes().AsRaw())
		}
		for _, scope := range of.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				c.take(record)
			}
		}
	}
	return nil
}

func (c *collector) take(record plog.LogRecord) {
	var e audit.Entry
	if err := json.Unmarshal([]byte(record.Body().Str()), &e); err != nil {
		c.t.Error(err)
	}
	uid, _ := record.Attributes().Get("log.record.uid")
	user, _ := record.Attributes().Get("user.name")
	if uid.Str() != sinktest.Lineage().Key(e.ID) || user.Str() != e.Actor.Email || record.EventName() != "auditlog.entry" ||
		!record.Timestamp().AsTime().Equal(e.CreatedAt) || !record.ObservedTimestamp().AsTime().Equal(e.RecordedAt) ||
		record.SeverityNumber() == plog.SeverityNumberUnspecified {
		c.t.Errorf("%s: %v", record.Body().Str(), record.Attributes().AsRaw())
	}
	c.taken = append(c.taken, e.ID)
}

func (c *collector) Hurt(f sinktest.Fault) {
	if f != sinktest.Restarts {
		c.t.Fatalf("no way to have it that it %s", f)
	}
	c.stop()
	c.start()
}

func (c *collector) Refuse(...int64) {}

func (c *collector) Taken() []int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.taken)
}

func open(t *testing.T, c *collector) sink.Destination {
	t.Helper()
	d, err := kinds.Open(sink.Config{To: "otlp+http://" + c.address}, sinktest.Environment())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestExam(t *testing.T) {
	c := newCollector(t)
	sinktest.Run(t, sinktest.Exam{
		Open:     func(t *testing.T) sink.Destination { return open(t, c) },
		Receiver: c, Faults: []sinktest.Fault{sinktest.Restarts, sinktest.Restarts}, Entries: 3000,
	})
}

// What passes at the Collector is tried again, and nothing is given up for it.
func TestFailures(t *testing.T) {
	c := newCollector(t)
	d := open(t, c)
	defer d.Close()
	batch := sinktest.Batch(sinktest.Entries(3))
	c.fails = errors.New("the queue is full")
	err := d.Deliver(t.Context(), batch)
	if later := new(sink.Later); !errors.As(err, &later) || !strings.Contains(err.Error(), "the queue is full") {
		t.Errorf("of what passes: %#v", err)
	}
	c.fails = consumererror.NewPermanent(errors.New("there is no exporter"))
	err = d.Deliver(t.Context(), batch)
	t.Logf("of what does not pass: %v", err)
	if err == nil {
		t.Error("of what does not pass there is no error")
	}
	if err := d.Deliver(t.Context(), batch); err != nil || !slices.Equal(c.Taken()[len(c.Taken())-3:], []int64{1, 2, 3}) {
		t.Errorf("%v, taken %v", err, c.Taken())
	}
}
