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
		m.inFlight, m.requests, m.duration, m.entries, m.commit, newStateCollector(s),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	m.page = promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	return m
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
