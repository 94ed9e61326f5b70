package metrics

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"auditlog/audit"
	"auditlog/rpc"
)

// Metrics count for /metrics. Nothing in them names a project, an actor or a
// token: who may scrape is not asked.
type Metrics struct {
	inFlight prometheus.Gauge
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	commit   prometheus.Histogram
	page     http.Handler
	// What becomes of entries.
	fresh, duplicate, skipped, conflict prometheus.Counter
	// over counts what limits refuse, by the limit and which of its amounts.
	over *prometheus.CounterVec

	mu   sync.RWMutex // guards ends
	ends map[end]counters
}

// end is how a request ends.
type end struct {
	method string
	status int
}

// counters count the requests that end in one way. To find them by their labels
// takes much longer.
type counters struct {
	requests prometheus.Counter
	duration prometheus.Observer
}

// New returns Metrics that tell the state of the sources when they are asked for.
func New(of Sources) *Metrics {
	m := &Metrics{
		ends: make(map[end]counters),
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
		commit: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "auditlog_commit_duration_seconds", Help: "How long entries took to be on disk.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 4, 10),
		}),
	}
	entries := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "auditlog_entries_total", Help: "Entries that were sent to be recorded, by what became of them.",
	}, []string{"result"})
	m.fresh, m.duplicate, m.skipped = entries.WithLabelValues("recorded"), entries.WithLabelValues("duplicate"), entries.WithLabelValues("skipped")
	m.conflict = entries.WithLabelValues("conflict")
	m.over = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "auditlog_limit_refusals_total", Help: "Calls to record that a limit refused, by its name and which of its amounts.",
	}, []string{"limit", "amount"})
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		m.inFlight, m.requests, m.duration, entries, m.commit, m.over, newState(of),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	m.page = promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	return m
}

// Page answers with the metrics.
func (m *Metrics) Page() http.Handler { return m.page }

// Begin counts a request that begins.
func (m *Metrics) Begin() { m.inFlight.Inc() }

// End counts a request that ends, to a method of the API or a page, or to neither, "".
func (m *Metrics) End(method string, status int, took time.Duration) {
	if method == "" {
		method = "other"
	}
	m.inFlight.Dec()
	c := m.of(end{method, status})
	c.requests.Inc()
	c.duration.Observe(took.Seconds())
}

// of returns the counters of requests that end so.
func (m *Metrics) of(e end) counters {
	m.mu.RLock()
	c, ok := m.ends[e]
	m.mu.RUnlock()
	if ok {
		return c
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	c = counters{m.requests.WithLabelValues(e.method, strconv.Itoa(e.status)), m.duration.WithLabelValues(e.method)}
	m.ends[e] = c
	return c
}

// Exceeded counts a call that a limit refused.
func (m *Metrics) Exceeded(e *audit.Exceeded) { m.over.WithLabelValues(e.Limit.Name, e.Amount).Inc() }

// Recorded counts what became of the entries of a commit that took so long.
func (m *Metrics) Recorded(r *rpc.RecordResult, took time.Duration) {
	m.commit.Observe(took.Seconds())
	m.fresh.Add(float64(r.Recorded))
	m.duplicate.Add(float64(r.Duplicates))
	m.skipped.Add(float64(r.Skipped))
}

// Conflict counts entries that were not recorded because others have their keys.
func (m *Metrics) Conflict(n int64) { m.conflict.Add(float64(n)) }
