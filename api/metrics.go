package api

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"auditlog/rpc"
)

// metrics counts for /metrics. Nothing in it names a project, an actor or a
// token: who may scrape is not asked.
type metrics struct {
	inFlight prometheus.Gauge
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	entries  *prometheus.CounterVec
	commit   prometheus.Histogram
	page     http.Handler
}

func newMetrics(s *Server) *metrics {
	m := &metrics{
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "auditlog_requests_in_flight", Help: "Requests being answered.",
		}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "auditlog_requests_total", Help: "Requests by method of the API, or page, and HTTP status.",
		}, []string{"method", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "auditlog_request_duration_seconds", Help: "How long requests took, by method.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 4, 10),
		}, []string{"method"}),
		entries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "auditlog_entries_total", Help: "Entries that were sent to be recorded, by what became of them.",
		}, []string{"result"}),
		commit: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "auditlog_commit_duration_seconds", Help: "How long entries took to be on disk.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 4, 10),
		}),
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		m.inFlight, m.requests, m.duration, m.entries, m.commit, newStoreCollector(s),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	m.page = promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	return m
}

func (m *metrics) handler(w http.ResponseWriter, r *http.Request) { m.page.ServeHTTP(w, r) }

// finish counts an exchange that ends.
func (m *metrics) finish(x *exchange) {
	method := x.method
	if method == "" {
		method = "other"
	}
	m.inFlight.Dec()
	m.requests.WithLabelValues(method, strconv.Itoa(x.status)).Inc()
	m.duration.WithLabelValues(method).Observe(time.Since(x.started).Seconds())
}

// recorded counts what became of the entries of a commit that took so long.
func (m *metrics) recorded(r *rpc.RecordResult, took time.Duration) {
	m.commit.Observe(took.Seconds())
	m.entries.WithLabelValues("recorded").Add(float64(r.Recorded))
	m.entries.WithLabelValues("duplicate").Add(float64(r.Duplicates))
	m.entries.WithLabelValues("skipped").Add(float64(r.Skipped))
}

// storeCollector reads the state of the store when it is asked.
type storeCollector struct {
	s                                              *Server
	projects, entries, size, free, writable, build *prometheus.Desc
	behind                                         *prometheus.Desc
}

func newStoreCollector(s *Server) *storeCollector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("auditlog_"+name, help, labels, nil)
	}
	return &storeCollector{
		s:        s,
		projects: desc("projects", "Projects by state.", "state"),
		entries:  desc("entries", "Entries that can be listed."),
		size:     desc("database_size_bytes", "Size of the database file."),
		free:     desc("database_free_bytes", "Part of the database file that is free for reuse."),
		writable: desc("writable", "1 while the log can be written."),
		behind:   desc("index_behind", "Changes of the log that are not in the full-text index yet."),
		build:    desc("build_info", "1, with the version of this program.", "version"),
	}
}

// Describe implements prometheus.Collector.
func (c *storeCollector) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, ch) }

// Collect implements prometheus.Collector.
func (c *storeCollector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	gauge(c.build, 1, c.s.opts.Version)
	states := make(map[string]int)
	var entries int64
	for _, p := range c.s.opts.Store.Projects() {
		states[string(p.State)]++
		entries += p.Entries
	}
	for _, state := range []string{rpc.Active, rpc.Deleting, rpc.Purging, rpc.Purged} {
		gauge(c.projects, float64(states[state]), state)
	}
	gauge(c.entries, float64(entries))
	if file, free, err := c.s.opts.Store.Size(); err == nil {
		gauge(c.size, float64(file))
		gauge(c.free, float64(free))
	}
	writable := 0.0
	if c.s.opts.Store.Err() == nil {
		writable = 1
	}
	gauge(c.writable, writable)
	if c.s.opts.Index != nil {
		gauge(c.behind, float64(c.s.opts.Index().Behind))
	}
}
