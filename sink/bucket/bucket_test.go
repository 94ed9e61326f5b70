package bucket_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"auditlog/audit"
	"auditlog/sink"
	"auditlog/sink/kinds"
	"auditlog/sink/sinktest"
)

// store is a receiver whose taken entries are those that its bucket holds.
type store struct {
	*sinktest.Web
	t      *testing.T
	memory *s3mem.Backend
	header http.Header // of the last object
}

func newStore(t *testing.T) *store {
	s := &store{Web: sinktest.NewWeb(t), t: t, memory: s3mem.New()}
	if err := s.memory.CreateBucket("siem"); err != nil {
		t.Fatal(err)
	}
	objects := gofakes3.New(s.memory).Server()
	s.Answer = func(rw http.ResponseWriter, r *http.Request, body []byte) {
		r.Body = io.NopCloser(bytes.NewReader(body))
		s.header = r.Header
		objects.ServeHTTP(rw, r)
	}
	return s
}

var objectName = regexp.MustCompile(`^log/2025-\d\d-\d\d/5f1c0ffee-3-\d{12}-\d{12}(-\w+)?\.ndjson\.gz$`)

// Taken reads the bucket in the order of names.
func (s *store) Taken() []int64 {
	list, err := s.memory.ListBucket("siem", nil, gofakes3.ListBucketPage{})
	if err != nil {
		s.t.Fatal(err)
	}
	var ids []int64
	for _, o := range list.Contents {
		if !objectName.MatchString(o.Key) {
			s.t.Errorf("an object is called %s", o.Key)
		}
		got, err := s.memory.GetObject("siem", o.Key, nil)
		if err != nil {
			s.t.Fatal(err)
		}
		z, err := gzip.NewReader(got.Contents)
		if err != nil {
			s.t.Fatal(err)
		}
		for d := json.NewDecoder(z); ; {
			var e audit.Entry
			if err := d.Decode(&e); err == io.EOF {
				break
			} else if err != nil {
				s.t.Fatal(err)
			}
			if day := path.Base(path.Dir(o.Key)); day != e.RecordedAt.Format(time.DateOnly) {
				s.t.Errorf("an entry of %v is in the folder %s", e.RecordedAt, day)
			}
			ids = append(ids, e.ID)
		}
	}
	return ids
}

func (s *store) config() sink.Config {
	return sink.Config{
		To: "s3://siem/log", Settings: map[string]string{"endpoint": "http://" + s.Address(), "region": "us-east-1"},
		Secrets: map[string]string{"access-key": "AKIAEXAMPLE", "secret-key": "s3cret"},
	}
}

func open(t *testing.T, c sink.Config) sink.Destination {
	t.Helper()
	d, err := kinds.Open(c, sinktest.Environment())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestExam(t *testing.T) {
	s := newStore(t)
	sinktest.Run(t, sinktest.Exam{
		Open:     func(t *testing.T) sink.Destination { return open(t, s.config()) },
		Receiver: s, Faults: sinktest.WebFaults(), Entries: 3000,
	})
}

// What is delivered again replaces itself, and nothing that ends elsewhere.
func TestTwiceIsOnce(t *testing.T) {
	s := newStore(t)
	d := open(t, s.config())
	defer d.Close()
	entries := sinktest.Entries(100)
	for _, part := range [][]*audit.Entry{entries[:60], entries[:60], entries[:1], entries[60:], entries[60:]} {
		if err := d.Deliver(t.Context(), sinktest.Batch(part)); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.Taken(); len(got) != 101 || got[1] != 1 || !slices.IsSorted(got) {
		t.Errorf("the bucket has %v", got)
	}
}

// Two sinks that want different entries do not replace each other's objects.
func TestTwoSinks(t *testing.T) {
	s := newStore(t)
	d := open(t, s.config())
	defer d.Close()
	entries := sinktest.Entries(10)
	for name, part := range map[string][]*audit.Entry{"all": entries, "few": entries[:2], "": entries[:1]} {
		b := sinktest.Batch(part)
		b.Sink = name
		if err := d.Deliver(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.Taken(); len(got) != 13 {
		t.Errorf("the bucket has %v", got)
	}
}

func TestLock(t *testing.T) {
	s := newStore(t)
	c := s.config()
	c.Settings["lock"], c.Settings["retain-days"] = "compliance", "365"
	d := open(t, c)
	defer d.Close()
	if err := d.Deliver(t.Context(), sinktest.Batch(sinktest.Entries(2))); err != nil {
		t.Fatal(err)
	}
	until, err := time.Parse(time.RFC3339, s.header.Get("X-Amz-Object-Lock-Retain-Until-Date"))
	if left := time.Until(until); err != nil || left < 364*24*time.Hour || left > 366*24*time.Hour {
		t.Errorf("locked until %v, %v", until, err)
	}
	if s.header.Get("X-Amz-Object-Lock-Mode") != "COMPLIANCE" || s.header.Get("X-Amz-Meta-Last-Id") != "2" || s.header.Get("Content-Md5") == "" {
		t.Errorf("%v", s.header)
	}
}

// A certificate that nobody trusts is refused, and one that is named is trusted.
func TestCertificate(t *testing.T) {
	srv := httptest.NewTLSServer(http.NotFoundHandler())
	defer srv.Close()
	c := sink.Config{To: "s3://siem", Settings: map[string]string{"endpoint": srv.URL, "region": "x"}, Secrets: map[string]string{"access-key": "a", "secret-key": "b"}}
	d := open(t, c)
	defer d.Close()
	if err := d.Deliver(t.Context(), sinktest.Batch(sinktest.Entries(1))); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Error(err)
	}
}

func TestRefuses(t *testing.T) {
	for want, settings := range map[string]map[string]string{
		"settings.retain-days: must be a number of days, above 0 beside a lock and only there": {"lock": "governance"},
		"settings.lock: must be one of , governance, compliance":                               {"lock": "always"},
		`to: has the endpoint "ftp://x", which must be like https://host`:                      {"endpoint": "ftp://x"},
	} {
		if _, err := kinds.Open(sink.Config{To: "s3://siem", Settings: settings}, sinktest.Environment()); err == nil || err.Error() != want {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
	_, err := kinds.Open(sink.Config{To: "s3://siem", Settings: map[string]string{"endpoint": "http://169.254.169.254"}}, sink.Environment{})
	if err == nil || !strings.Contains(err.Error(), "--allow-local-sinks") {
		t.Error(fmt.Sprint(err))
	}
}

// Checkpoints lie in a folder of their own, in which the newest is found.
func TestNewest(t *testing.T) {
	s := newStore(t)
	d := open(t, s.config())
	defer d.Close()
	own := func(mark []byte) bool { return strings.HasPrefix(string(mark), "own") }
	newest := func() string {
		t.Helper()
		mark, err := d.(sink.Asker).Newest(t.Context(), own)
		if err != nil {
			t.Fatal(err)
		}
		return string(mark)
	}
	if got := newest(); got != "" {
		t.Errorf("of an empty bucket: %q", got)
	}
	deliver := func(log string, number int64, mark string, days int) {
		t.Helper()
		e := sinktest.Checkpoint(number, []byte(mark))
		e.RecordedAt = e.RecordedAt.AddDate(0, 0, days)
		b := sinktest.Batch([]*audit.Entry{e})
		b.Log.Log = log
		if err := d.Deliver(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	deliver("5f", 99, "own 99", 0)
	deliver("5f", 100, "own 100", 0)
	deliver("ff", 200, "other 200", 0)
	if got := newest(); got != "own 100" {
		t.Errorf("%q", got)
	}
	deliver("5f", 101, "own 101", 2)
	deliver("ff", 201, "other 201", 2)
	deliver("ff", 202, "other 202", 3)
	if got := newest(); got != "own 101" {
		t.Errorf("%q", got)
	}
	list, err := s.memory.ListBucket("siem", nil, gofakes3.ListBucketPage{})
	if err != nil || len(list.Contents) != 6 {
		t.Fatal(len(list.Contents), err)
	}
	for _, o := range list.Contents {
		if !regexp.MustCompile(`^log/checkpoints/\d{4}-\d\d-\d\d/(5f|ff)-3-\d{12}-exam\.ndjson\.gz$`).MatchString(o.Key) {
			t.Errorf("an object is called %s", o.Key)
		}
	}
}
