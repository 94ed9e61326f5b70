package rpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"auditlog/audit"
)

// Query is the filters of list, stats and export. Project is required; what is
// left out selects everything.
type Query struct {
	Project      string    `json:"project"`
	ResourceType string    `json:"resourceType,omitempty"`
	ResourceID   string    `json:"resourceId,omitempty"`
	Action       string    `json:"action,omitempty"`
	Outcome      Outcomes  `json:"outcome,omitempty"`
	Actor        string    `json:"actor,omitempty"`
	ActorType    string    `json:"actorType,omitempty"`
	Channel      string    `json:"channel,omitempty"`
	RecordedBy   string    `json:"recordedBy,omitempty"`
	From         time.Time `json:"from,omitzero"`   // inclusive
	To           time.Time `json:"to,omitzero"`     // exclusive
	After        time.Time `json:"after,omitzero"`  // exclusive
	Before       time.Time `json:"before,omitzero"` // exclusive
	// Q is the full-text query.
	Q string `json:"q,omitempty"`
}

// QueryOf returns q as it is sent.
func QueryOf(q audit.Query) Query {
	w := Query{
		Project:      q.Project,
		ResourceType: q.ResourceType,
		ResourceID:   q.ResourceID,
		Action:       q.Action,
		Actor:        q.Actor,
		ActorType:    string(q.ActorType),
		Channel:      string(q.Channel),
		RecordedBy:   q.RecordedBy,
		From:         q.From,
		To:           q.To,
		Q:            q.Text,
	}
	for _, o := range q.Outcomes {
		w.Outcome = append(w.Outcome, string(o))
	}
	return w
}

// Query returns the normalized and validated query that w stands for, or an
// Invalid Fault with the path of the field.
func (w *Query) Query() (audit.Query, error) {
	q := audit.Query{
		Project:      w.Project,
		ResourceType: w.ResourceType,
		ResourceID:   w.ResourceID,
		Action:       w.Action,
		Outcomes:     w.Outcome.outcomes(),
		Actor:        w.Actor,
		ActorType:    audit.ActorType(w.ActorType),
		Channel:      audit.Channel(w.Channel),
		RecordedBy:   w.RecordedBy,
		From:         w.From,
		To:           w.To,
		Text:         w.Q,
	}
	q.Normalize()
	w.narrow(&q)
	return q, w.named(q.Validate())
}

// named gives an error about a bound of the time range the name that the caller
// knows the bound by.
func (w *Query) named(err error) error {
	if err == nil {
		return nil
	}
	var f *audit.Fault
	if !errors.As(err, &f) {
		return err
	}
	g := *f
	switch {
	case f.Path == "from" && w.From.IsZero():
		g.Path = "after"
	case f.Path == "to" && w.To.IsZero():
		g.Path = "before"
		if w.From.IsZero() && w.Before.Before(w.After) {
			g.Message = "must not be earlier than after"
		}
	}
	return &g
}

// narrow applies After and Before to q, which is normalized.
func (w *Query) narrow(q *audit.Query) {
	b := audit.Query{From: w.After, To: w.Before}
	b.Normalize()
	if q.To.IsZero() || !b.To.IsZero() && b.To.Before(q.To) {
		q.To = b.To
	}
	if b.From.IsZero() {
		return
	}
	// What is after t begins at the microsecond that follows t's own, but a range
	// that is empty for that reason alone is no mistake.
	after := audit.Truncate(w.After)
	first := after.Add(time.Microsecond)
	if first.After(q.From) {
		q.From = first
	}
	if q.From.Equal(first) && q.To.Equal(after) {
		q.From = q.To
	}
}

// Outcomes is a list of outcomes that may also be written as one string. On the
// wire "failure" stands for forbidden and error together.
type Outcomes []string

// Failure is the outcome of whatever did not succeed.
const Failure = "failure"

// deploysOutcomes are what clients of deploys.app write beside the names: its Go
// client numbers the outcomes, and sends the one that is not set as 0 or as text.
var deploysOutcomes = map[string]string{
	"0": "", "1": string(audit.Success), "2": Failure,
	"AuditOutcome(0)": "",
}

// UnmarshalJSON reads a string, a list of strings, null, or a number of
// deploys.app's. What is empty or not set means no filter.
func (o *Outcomes) UnmarshalJSON(b []byte) error {
	*o = nil
	b = bytes.TrimSpace(b)
	if len(b) == 0 || bytes.Equal(b, []byte("null")) {
		return nil
	}
	var list []string
	var err error
	switch b[0] {
	case '"':
		list = make([]string, 1)
		err = json.Unmarshal(b, &list[0])
	case '[':
		err = json.Unmarshal(b, &list)
	default:
		if _, ok := deploysOutcomes[string(b)]; !ok {
			return audit.FieldErrorf("outcome", "must be a string or a list of strings")
		}
		list = []string{string(b)}
	}
	if err != nil {
		return audit.FieldErrorf("outcome", "must be a string or a list of strings")
	}
	for _, s := range list {
		if name, ok := deploysOutcomes[s]; ok {
			s = name
		}
		if s != "" {
			*o = append(*o, s)
		}
	}
	return nil
}

// outcomes returns the list with failure spelled out.
func (o Outcomes) outcomes() []audit.Outcome {
	var list []audit.Outcome
	for _, s := range o {
		if strings.EqualFold(s, Failure) {
			list = append(list, audit.Forbidden, audit.Error)
		} else {
			list = append(list, audit.Outcome(s))
		}
	}
	return list
}
