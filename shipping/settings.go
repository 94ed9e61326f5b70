package shipping

import (
	"maps"
	"slices"
	"strings"
	"time"

	"auditlog/audit"
	"auditlog/sink"
)

// Sink is what a user says of one.
type Sink struct {
	Name string `json:"name"`
	// Project is the one whose entries are shipped; empty: those of all projects, the log's
	// own included.
	Project string `json:"project,omitempty"`
	// Is, Not and Text select of these, as they do in audit.Query.
	Is   audit.Terms `json:"is,omitempty"`
	Not  audit.Terms `json:"not,omitempty"`
	Text string      `json:"text,omitempty"`
	// To, Format, Settings and Secrets are of the destination; see sink.Config. To and Secrets
	// are kept apart.
	To       string            `json:"-"`
	Format   string            `json:"format,omitempty"`
	Settings map[string]string `json:"settings,omitempty"`
	Secrets  map[string]string `json:"-"`
	// Batch is how many entries are delivered at once at most, 0 for as many as suit the destination; Wait for how
	// long entries are collected for one delivery, 0 for defaultWait.
	Batch int           `json:"batch,omitempty"`
	Wait  time.Duration `json:"wait,omitempty"`
	// Silence is after how long without an entry to ship the destination is told so; 0: never.
	Silence time.Duration `json:"silence,omitempty"`
	// CreatedAt and CreatedBy tell who made it.
	CreatedAt time.Time `json:"createdAt,omitzero"`
	CreatedBy string    `json:"createdBy,omitempty"`
}

// Bounds of what a sink can be.
const (
	defaultBatch = 1000 // but for those of bulky
	maxBatch     = 10_000
	defaultWait  = time.Second
	maxWait      = time.Hour
	minSilence   = time.Second
	maxName      = 64
	// maxSinks is how many sinks there are at most, those of the configuration not counted.
	maxSinks = 5000
	// maxConfig bounds the bytes of an address, settings and secrets together.
	maxConfig = 64 << 10
)

// nameChars are those of a sink's name, which stands in entries, commands and metrics.
const nameChars = "abcdefghijklmnopqrstuvwxyz0123456789-_."

// Check returns what cannot be meant, as an Invalid Fault with the path of the field, but for
// what the destination and the query say themselves.
func (s *Sink) Check() error {
	switch {
	case s.Name == "":
		return audit.FieldErrorf("name", "is required")
	case len(s.Name) > maxName || strings.Trim(s.Name, nameChars) != "" || strings.Trim(s.Name[:1], "-_.") == "":
		return audit.FieldErrorf("name", "must be at most %d letters a to z, digits, and - _ . behind the first", maxName)
	case s.To == "":
		return audit.FieldErrorf("to", "is required")
	case s.Batch < 0 || s.Batch > maxBatch:
		return audit.FieldErrorf("batch", "must be from 1 to %d entries", maxBatch)
	case s.Wait < 0 || s.Wait > maxWait:
		return audit.FieldErrorf("wait", "must be at most %s", maxWait)
	case s.Silence != 0 && s.Silence < minSilence:
		return audit.FieldErrorf("silence", "must be at least %s", minSilence)
	case s.size() > maxConfig:
		return audit.FieldErrorf("to", "and the settings and secrets have more than %d bytes together", maxConfig)
	}
	return nil
}

func (s *Sink) size() int {
	n := len(s.To)
	for _, m := range []map[string]string{s.Settings, s.Secrets} {
		for k, v := range m {
			n += len(k) + len(v)
		}
	}
	return n
}

// Query selects what s ships.
func (s *Sink) Query() audit.Query {
	q := audit.Query{Project: s.Project, Is: s.Is.Clone(), Not: s.Not.Clone(), Text: s.Text}
	if s.Project == "" {
		q.Within = audit.AllProjects()
	}
	return q
}

// config is what the destination is opened by.
func (s *Sink) config() sink.Config {
	return sink.Config{To: s.To, Format: s.Format, Settings: maps.Clone(s.Settings), Secrets: maps.Clone(s.Secrets)}
}

// bulky are the schemes of destinations that take much at once, and pay for each time.
var bulky = []string{"file", "s3", "stdout"}

// BatchOf returns how many entries are delivered at once at most.
func (s *Sink) BatchOf() int {
	scheme, _, _ := strings.Cut(s.To, ":")
	switch {
	case s.Batch != 0:
		return s.Batch
	case slices.Contains(bulky, scheme):
		return maxBatch
	}
	return defaultBatch
}

// WaitOf returns for how long entries are collected for one delivery.
func (s *Sink) WaitOf() time.Duration {
	if s.Wait == 0 {
		return defaultWait
	}
	return s.Wait
}

// number is what places of s count an entry by.
func (s *Sink) number(e *audit.Entry) int64 {
	if s.Project != "" {
		return e.Seq
	}
	return e.ID
}

// Start is where a sink begins: the zero Start is behind what is recorded already. One field is
// set at most.
type Start struct {
	// First is the oldest entry that is there.
	First bool
	// Seq, of the sink's project, and ID are those of the first entry that is shipped.
	Seq, ID int64
	// Time is that at which the first of them was recorded, or later.
	Time time.Time
	// Refused are the sink's letters, and nothing else. It is not for a new sink.
	Refused bool
}
