package api

import (
	"github.com/prometheus/client_golang/prometheus"

	"auditlog/admit"
	"auditlog/audit"
)

// stateCollector reads the state of the log when /metrics is asked for it.
type stateCollector struct {
	s     *Server
	descs map[string]*prometheus.Desc // by name, without the prefix
}

func newStateCollector(s *Server) *stateCollector {
	c := &stateCollector{s: s, descs: make(map[string]*prometheus.Desc)}
	for _, d := range []struct{ name, help, label string }{
		{"build_info", "1, with the version of this program.", "version"},
		{"projects", "Projects by state.", "state"},
		{"entries", "Entries that can be listed.", ""},
		{"last_id", "Id of the newest entry.", ""},
		{"tail_entries", "Entries that are in no block yet.", ""},
		{"database_size_bytes", "Size of the database file.", ""},
		{"database_free_bytes", "Part of the database file that is free for reuse.", ""},
		{"writable", "1 while the log can be written, 0 when it must be started again.", ""},
		{"index_behind", "Changes of the log that are not in the full-text index yet.", ""},
		{"index_working", "1 while the full-text index follows the log, 0 when it cannot.", ""},
		{"tokens", "Tokens that count.", ""},
		{"unauthenticated_total", "Calls without a valid token.", ""},
		{"limited_total", "Calls without a valid token that were told to wait.", ""},
		{"refused_total", "Calls that their caller may not make.", ""},
		{"refusal_entries_total", "Entries that tell of refused calls.", ""},
		{"refusal_failures_total", "Failures to record an entry that tells of refused calls.", ""},
		{"calls_memory_bytes", "Memory that calls hold together, about.", ""},
		{"calls_memory_limit_bytes", "Memory that calls may hold together.", ""},
		{"calls_refused_total", "Calls that were told to come again for want of memory, by what they are for.", "class"},
		{"reads_late_total", "Reads that were ended because their turn did not come in time.", ""},
		{"reads_waiting", "Reads that wait for their turn.", ""},
		{"purge_steps_total", "Steps of the purges of deleted projects.", ""},
		{"purges_total", "Purges of deleted projects that ended.", ""},
		{"purge_failures_total", "Steps of purges that failed, and are tried again.", ""},
	} {
		var labels []string
		if d.label != "" {
			labels = []string{d.label}
		}
		c.descs[d.name] = prometheus.NewDesc("auditlog_"+d.name, d.help, labels, nil)
	}
	return c
}

// Describe implements prometheus.Collector.
func (c *stateCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *stateCollector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(name string, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(c.descs[name], prometheus.GaugeValue, v, labels...)
	}
	gauge("build_info", 1, c.s.opts.Version)
	c.collectStore(gauge)
	if c.s.opts.Index != nil {
		st := c.s.opts.Index()
		gauge("index_behind", float64(st.Behind))
		gauge("index_working", truth(st.Err == nil))
	}
	counter := func(name string, n int64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(c.descs[name], prometheus.CounterValue, float64(n), labels...)
	}
	door := c.s.opts.Door.State()
	gauge("calls_memory_bytes", float64(door.Used))
	gauge("calls_memory_limit_bytes", float64(door.Memory))
	gauge("reads_waiting", float64(door.Waiting))
	counter("reads_late_total", door.Late)
	for class, n := range door.Refused {
		counter("calls_refused_total", n, admit.Class(class).String())
	}
	st := c.s.opts.Auth.Stats()
	gauge("tokens", float64(st.Tokens))
	counter("unauthenticated_total", st.Unauthenticated)
	counter("limited_total", st.Limited)
	counter("refused_total", st.Refused)
	counter("refusal_entries_total", st.RefusalEntries)
	counter("refusal_failures_total", st.RefusalFailures)
	purges := c.s.opts.Retention.Stats()
	counter("purge_steps_total", purges.Steps)
	counter("purges_total", purges.Purged)
	counter("purge_failures_total", purges.Failures)
}

func (c *stateCollector) collectStore(gauge func(name string, v float64, labels ...string)) {
	states := make(map[audit.State]int)
	var entries int64
	for _, p := range c.s.opts.Store.Projects() {
		states[p.State]++
		entries += p.Entries
	}
	for _, state := range audit.States() {
		gauge("projects", float64(states[state]), string(state))
	}
	gauge("entries", float64(entries))
	gauge("last_id", float64(c.s.opts.Store.LastID()))
	gauge("tail_entries", float64(c.s.opts.Store.Unsealed()))
	if file, free, err := c.s.opts.Store.Size(); err == nil {
		gauge("database_size_bytes", float64(file))
		gauge("database_free_bytes", float64(free))
	}
	gauge("writable", truth(c.s.opts.Store.Err() == nil))
}

// truth is a bool as a metric.
func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
