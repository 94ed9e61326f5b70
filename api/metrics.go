package api

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

// metrics counts for /metrics. Nothing in it names a project, an actor or a
// token: who may scrape is not asked.
type metrics struct {
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

func newMetrics(s *Server) *metrics {
	m := &metrics{
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
		m.inFlight, m.requests, m.duration, entries, m.commit, m.over, newStateCollector(s),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	m.page = promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	return m
}

// Metrics answers /metrics and nothing else, for a listener of its own.
func (s *Server) Metrics() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.metrics.page)
	return mux
}

// metricsPage answers /metrics.
func (s *Server) metricsPage(w http.ResponseWriter, r *http.Request) {
	s.metrics.page.ServeHTTP(w, r)
}

// finish counts an exchange that ends.
func (m *metrics) finish(x *exchange) {
	method := x.method
	if method == "" {
		method = "other"
	}
	m.inFlight.Dec()
	c := m.of(end{method, x.truth()})
	c.requests.Inc()
	c.duration.Observe(time.Since(x.started).Seconds())
}

// of returns the counters of requests that end so.
func (m *metrics) of(e end) counters {
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

// exceeded counts a call that a limit refused.
func (m *metrics) exceeded(e *audit.Exceeded) { m.over.WithLabelValues(e.Limit.Name, e.Amount).Inc() }

// recorded counts what became of the entries of a commit that took so long.
func (m *metrics) recorded(r *rpc.RecordResult, took time.Duration) {
	m.commit.Observe(took.Seconds())
	m.fresh.Add(float64(r.Recorded))
	m.duplicate.Add(float64(r.Duplicates))
	m.skipped.Add(float64(r.Skipped))
}
