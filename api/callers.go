package api

import "github.com/prometheus/client_golang/prometheus"

// callerCollector reads, when it is asked, the counts of who was let in, who was
// not, and what was purged.
type callerCollector struct {
	s                                               *Server
	tokens                                          *prometheus.Desc
	unauthenticated, limited, refused, told, untold *prometheus.Desc
	purgeSteps, purges, purgeFailures               *prometheus.Desc
}

func newCallerCollector(s *Server) *callerCollector {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("auditlog_"+name, help, nil, nil)
	}
	return &callerCollector{
		s:               s,
		tokens:          desc("tokens", "Tokens that are neither revoked nor expired."),
		unauthenticated: desc("unauthenticated_total", "Calls without a valid token."),
		limited:         desc("unauthenticated_limited_total", "Calls without a valid token that were told to come later."),
		refused:         desc("refused_total", "Calls that their principal may not make."),
		told:            desc("refused_entries_total", "Entries that tell of refused calls."),
		untold:          desc("refused_entry_failures_total", "Failures to record an entry of refused calls; it is tried again."),
		purgeSteps:      desc("purge_steps_total", "Steps of purges of deleted projects."),
		purges:          desc("purges_total", "Purges of deleted projects that ended."),
		purgeFailures:   desc("purge_failures_total", "Steps of purges that failed; they are tried again."),
	}
}

// Describe implements prometheus.Collector.
func (c *callerCollector) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, ch) }

// Collect implements prometheus.Collector.
func (c *callerCollector) Collect(ch chan<- prometheus.Metric) {
	callers, purges := c.s.opts.Auth.Stats(), c.s.opts.Retention.Stats()
	ch <- prometheus.MustNewConstMetric(c.tokens, prometheus.GaugeValue, float64(callers.Tokens))
	for desc, n := range map[*prometheus.Desc]int64{
		c.unauthenticated: callers.Unauthenticated,
		c.limited:         callers.Limited,
		c.refused:         callers.Refused,
		c.told:            callers.RefusalEntries,
		c.untold:          callers.RefusalFailures,
		c.purgeSteps:      purges.Steps,
		c.purges:          purges.Purged,
		c.purgeFailures:   purges.Failures,
	} {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(n))
	}
}
