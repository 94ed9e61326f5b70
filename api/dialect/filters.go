package dialect

import (
	"time"

	"auditlog/audit"
	"auditlog/calendar"
	"auditlog/rpc"
)

// Filters are the filters that clients of deploys.app know by other names, or
// write in another way, and times as people write them. Its members hide those of rpc.Query.
type Filters struct {
	Outcome outcomes `json:"outcome,omitempty"`
	From    when     `json:"from,omitempty"`   // inclusive
	To      when     `json:"to,omitempty"`     // exclusive
	After   when     `json:"after,omitempty"`  // exclusive
	Before  when     `json:"before,omitempty"` // exclusive
}

// Into moves d into w, and returns the query that they stand for together at a time, or an Invalid
// Fault with the path of the time that cannot be meant.
func (d *Filters) Into(w *rpc.Query, now time.Time) (audit.Query, error) {
	w.Outcome = rpc.Values(d.Outcome)
	zone, err := calendar.Zone(w.Zone)
	if err != nil {
		return audit.Query{}, audit.AtPath(err, "zone")
	}
	var times [4]time.Time
	for i, t := range [...]struct {
		path    string
		written when
	}{{"from", d.From}, {"to", d.To}, {"after", d.After}, {"before", d.Before}} {
		if times[i], err = t.written.in(zone, now, t.path); err != nil {
			return audit.Query{}, err
		}
	}
	w.From, w.To = times[0], times[1]
	q, err := w.Query()
	if err != nil {
		return q, err
	}
	err = q.Between(times[2], times[3])
	return q, err
}
