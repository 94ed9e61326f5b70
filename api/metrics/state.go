package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"auditlog/admit"
	"auditlog/audit"
	"auditlog/auth"
	"auditlog/backup/duty"
	"auditlog/retention"
	"auditlog/scrub"
	"auditlog/shipping"
)

// Sources are what the metrics tell of. Log, Auth and Purges are required.
type Sources struct {
	Log    Log
	Auth   interface{ Stats() auth.Stats }
	Purges interface{ Stats() retention.Stats }
	// Door tells what calls hold. Nil lets everybody in.
	Door *admit.Door
	// Index, Checks, Backups and Shipping are nil where there is no such thing.
	Index    func() audit.IndexStatus
	Checks   interface{ Status() scrub.Status }
	Backups  interface{ Status() duty.Status }
	Shipping func() shipping.Totals
	// Version is this program's.
	Version string
}

// Log is what the metrics tell of the log.
type Log interface {
	audit.Health
	Projects() []audit.Project
	// LastID returns the id of the newest entry, 0 when there is none.
	LastID() int64
	// Unsealed counts the entries that are held in memory until they are in a block.
	Unsealed() int
	// Congestion tells how those stand who record.
	Congestion() audit.Congestion
}

// state reads the state of the log when /metrics is asked for it.
type state struct {
	of    Sources
	descs map[string]*prometheus.Desc // by name, without the prefix
}

func newState(of Sources) *state {
	c := &state{of: of, descs: make(map[string]*prometheus.Desc)}
	for _, d := range []struct{ name, help, label string }{
		{"build_info", "1, with the version of this program.", "version"},
		{"projects", "Projects by state.", "state"},
		{"entries", "Entries that can be listed.", ""},
		{"last_id", "Id of the newest entry.", ""},
		{"tail_entries", "Entries that are in no block yet.", ""},
		{"tail_bytes", "Size of what is committed and in no block yet.", ""},
		{"tail_share", "How much of its share of the tail the project, or the token, has that has most: at 1 it waits.", "of"},
		{"record_waiting_calls", "Calls that wait to be committed.", ""},
		{"record_waiting_entries", "Entries that wait to be committed.", ""},
		{"record_held_calls", "Calls that wait because their project or token has its share of the tail, or the tail is full.", ""},
		{"sealing_stepwise", "Projects whose late entries are moved into blocks by steps.", ""},
		{"database_size_bytes", "Size of the database file.", ""},
		{"database_free_bytes", "Part of the database file that is free for reuse.", ""},
		{"damages", "What is known to be damaged or lost: log.check says what it is.", ""},
		{"writable", "1 while the log can be written, 0 when it must be started again, or its loss of entries accepted, or its database confirms nothing.", ""},
		{"index_behind", "Changes of the log that are not in the full-text index yet.", ""},
		{"index_working", "1 while the full-text index follows the log, 0 when it cannot.", ""},
		{"check_problems", "Faults that the last reading of the whole log found.", ""},
		{"check_ended_timestamp_seconds", "When the last reading of the whole log ended, 0 before the first.", ""},
		{"check_progress", "How much the present reading of the whole log has read, from 0 to 1.", ""},
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
		{"backups_total", "Backups that were taken.", ""},
		{"backups_failed_total", "Backups that failed.", ""},
		{"backup_last_timestamp_seconds", "When the log was as it is in the newest backup that is known of, 0 when none is.", ""},
		{"backup_duration_seconds", "How long the last backup took.", ""},
		{"backup_transaction_seconds", "How long the longest transaction of the last backup lasted.", ""},
		{"backup_new_bytes", "What the last backup added to its repository.", ""},
		{"sinks", "Sinks by state.", "state"},
		{"sink_behind_entries", "Entries that the sink which is most behind has not shipped, paused ones left out.", ""},
		{"sink_refused_now", "Entries that a destination has refused for good, and that were not sent again.", ""},
		{"sink_delivered_total", "Entries that destinations of sinks took.", ""},
		{"sink_refused_total", "Entries that destinations refused for good.", ""},
		{"sink_purged_total", "Entries that were purged before a sink had shipped them.", ""},
		{"sink_retries_total", "Deliveries that failed, and were tried again.", ""},
		{"purge_failures_total", "Steps of purges that failed, and are tried again.", ""},
		{"clock_sets_total", "Jumps of the clock of the machine, which grace periods do not follow.", ""},
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
func (c *state) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *state) Collect(ch chan<- prometheus.Metric) {
	gauge := func(name string, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(c.descs[name], prometheus.GaugeValue, v, labels...)
	}
	gauge("build_info", 1, c.of.Version)
	c.collectStore(gauge)
	if c.of.Index != nil {
		st := c.of.Index()
		gauge("index_behind", float64(st.Behind))
		gauge("index_working", truth(st.Err == nil))
	}
	c.collectChecks(gauge)
	counter := func(name string, n int64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(c.descs[name], prometheus.CounterValue, float64(n), labels...)
	}
	door := c.of.Door.State()
	gauge("calls_memory_bytes", float64(door.Used))
	gauge("calls_memory_limit_bytes", float64(door.Memory))
	gauge("reads_waiting", float64(door.Waiting))
	counter("reads_late_total", door.Late)
	for class, n := range door.Refused {
		counter("calls_refused_total", n, admit.Class(class).String())
	}
	c.collectBackups(gauge, counter)
	c.collectSinks(gauge, counter)
	st := c.of.Auth.Stats()
	gauge("tokens", float64(st.Tokens))
	counter("unauthenticated_total", st.Unauthenticated)
	counter("limited_total", st.Limited)
	counter("refused_total", st.Refused)
	counter("refusal_entries_total", st.RefusalEntries)
	counter("refusal_failures_total", st.RefusalFailures)
	purges := c.of.Purges.Stats()
	counter("purge_steps_total", purges.Steps)
	counter("purges_total", purges.Purged)
	counter("purge_failures_total", purges.Failures)
	counter("clock_sets_total", purges.ClockSets)
}

func (c *state) collectStore(gauge func(name string, v float64, labels ...string)) {
	states := make(map[audit.State]int)
	var entries int64
	for _, p := range c.of.Log.Projects() {
		states[p.State]++
		entries += p.Entries
	}
	for _, state := range audit.States() {
		gauge("projects", float64(states[state]), string(state))
	}
	gauge("entries", float64(entries))
	gauge("last_id", float64(c.of.Log.LastID()))
	gauge("tail_entries", float64(c.of.Log.Unsealed()))
	line := c.of.Log.Congestion()
	gauge("tail_bytes", float64(line.TailBytes))
	gauge("tail_share", line.ProjectShare, audit.EachProject)
	gauge("tail_share", line.TokenShare, audit.EachToken)
	gauge("record_waiting_calls", float64(line.WaitingCalls))
	gauge("record_waiting_entries", float64(line.WaitingEntries))
	gauge("record_held_calls", float64(line.HeldCalls))
	gauge("sealing_stepwise", float64(line.Stepwise))
	if file, free, err := c.of.Log.Size(); err == nil {
		gauge("database_size_bytes", float64(file))
		gauge("database_free_bytes", float64(free))
	}
	gauge("damages", float64(len(c.of.Log.Damaged())))
	gauge("writable", truth(c.of.Log.Err() == nil && c.of.Log.Paused() == nil && c.of.Log.Unconfirmed() == nil))
}

// truth is a bool as a metric.
func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// collectChecks tells of the readings of the whole log.
func (c *state) collectChecks(gauge func(string, float64, ...string)) {
	if c.of.Checks == nil {
		return
	}
	st := c.of.Checks.Status()
	problems, ended := 0, 0.0
	if st.Last != nil {
		problems, ended = st.Last.Problems, float64(st.Last.EndedAt.Unix())
	}
	gauge("check_problems", float64(problems))
	gauge("check_ended_timestamp_seconds", ended)
	gauge("check_progress", st.Progress)
}

func (c *state) collectBackups(gauge func(string, float64, ...string), counter func(string, int64, ...string)) {
	if c.of.Backups == nil {
		return
	}
	st := c.of.Backups.Status()
	counter("backups_total", st.Taken)
	counter("backups_failed_total", st.Failed)
	last := 0.0
	if !st.Last.IsZero() {
		last = float64(st.Last.UnixMilli()) / 1000
	}
	gauge("backup_last_timestamp_seconds", last)
	gauge("backup_duration_seconds", st.Took.Seconds())
	gauge("backup_transaction_seconds", st.Held.Seconds())
	gauge("backup_new_bytes", float64(st.Bytes))
}

// collectSinks tells of sinks, of all together: their names are nobody's who scrapes.
func (c *state) collectSinks(gauge func(string, float64, ...string), counter func(string, int64, ...string)) {
	if c.of.Shipping == nil {
		return
	}
	t := c.of.Shipping()
	for _, state := range shipping.States() {
		gauge("sinks", float64(t.Sinks[state]), string(state))
	}
	gauge("sink_behind_entries", float64(t.Behind))
	gauge("sink_refused_now", float64(t.Letters))
	counter("sink_delivered_total", t.Delivered)
	counter("sink_refused_total", t.Refused)
	counter("sink_purged_total", t.Purged)
	counter("sink_retries_total", t.Retries)
}
