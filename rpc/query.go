package rpc

import (
	"bytes"
	"encoding/json"
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
	IP           string    `json:"ip,omitempty"` // an address or a range of them
	UserAgent    string    `json:"userAgent,omitempty"`
	RequestID    string    `json:"requestId,omitempty"`
	Key          string    `json:"key,omitempty"`
	RecordedBy   string    `json:"recordedBy,omitempty"`
	From         time.Time `json:"from,omitzero"` // inclusive
	To           time.Time `json:"to,omitzero"`   // exclusive
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
		IP:           q.IP,
		UserAgent:    q.UserAgent,
		RequestID:    q.RequestID,
		Key:          q.Key,
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

// Query returns the query that w stands for, as it was asked: whoever prepares it finds out
// what cannot be meant.
func (w *Query) Query() audit.Query {
	return audit.Query{
		Project:      w.Project,
		ResourceType: w.ResourceType,
		ResourceID:   w.ResourceID,
		Action:       w.Action,
		Outcomes:     w.Outcome.outcomes(),
		Actor:        w.Actor,
		ActorType:    audit.ActorType(w.ActorType),
		Channel:      audit.Channel(w.Channel),
		IP:           w.IP,
		UserAgent:    w.UserAgent,
		RequestID:    w.RequestID,
		Key:          w.Key,
		RecordedBy:   w.RecordedBy,
		From:         w.From,
		To:           w.To,
		Text:         w.Q,
	}
}

// Outcomes is a list of outcomes that may also be written as one string. On the
// wire "failure" stands for forbidden and error together.
type Outcomes []string

// Failure is the outcome of whatever did not succeed.
const Failure = "failure"

// UnmarshalJSON reads a string, a list of strings or null. What is empty means no
// filter.
func (o *Outcomes) UnmarshalJSON(b []byte) error {
	*o = nil
	var list []string
	var err error
	if b = bytes.TrimSpace(b); len(b) > 0 && b[0] == '"' {
		list = make([]string, 1)
		err = json.Unmarshal(b, &list[0])
	} else {
		err = json.Unmarshal(b, &list)
	}
	if err != nil {
		return audit.FieldErrorf("outcome", "must be a string or a list of strings")
	}
	for _, s := range list {
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
