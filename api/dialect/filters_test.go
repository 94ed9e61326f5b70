package dialect

import (
	"reflect"
	"testing"
	"time"

	"auditlog/api/strict"
	"auditlog/audit"
	"auditlog/rpc"
)

// request is one with filters, as package api has them.
type request struct {
	rpc.ListRequest
	Filters
}

// What the filters of requests mean, in the words of deploys.app and those of the log.
func TestFilters(t *testing.T) {
	day := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	failure := []string{"error", "forbidden"}
	tests := map[string]audit.Query{
		`"outcome":"AuditOutcome(0)","after":"0001-01-01T00:00:00Z","before":"0001-01-01T00:00:00Z","from":"0001-01-01T00:00:00Z"`: {},
		`"to":"0001-01-01T06:42:00+06:42"`: {},
		`"outcome":0`:                      {},
		`"outcome":1`:                      {Is: audit.Terms{"outcome": {string(audit.Success)}}},
		`"outcome":2`:                      {Is: audit.Terms{"outcome": failure}},
		`"outcome":["0","failure"]`:        {Is: audit.Terms{"outcome": failure}},
		`"outcome":null`:                   {},
		`"after":"2026-05-01T00:00:00Z"`:   {From: day.Add(time.Microsecond)},
		`"before":"2026-05-01T00:00:00Z"`:  {To: day},
		`"from":"2026-05-01T00:00:00Z","after":"2026-04-01T00:00:00Z","to":"2026-05-03T00:00:00Z","before":"2026-05-02T00:00:00Z"`: {
			From: day, To: day.AddDate(0, 0, 1)},
	}
	for filters, want := range tests {
		var req request
		if err := strict.Decode([]byte(`{"project":"acme",`+filters+`}`), &req); err != nil {
			t.Errorf("%s: %v", filters, err)
			continue
		}
		want.Project = "acme"
		if got, err := preparedQuery(&req.Filters, req.ListRequest.Query); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v, want %+v", filters, got, err, want)
		}
	}
	for filters, want := range map[string]string{
		`"outcome":7`:     "outcome: must be a string or a list of strings",
		`"outcome":{}`:    "outcome: must be a string or a list of strings",
		`"outcome":["7"]`: "outcome: must be success, forbidden, error or failure",
		`"before":7`:      "before: must be a string",
		`"before":"odd"`: `before: "odd" is not a time: write 2026-05-01T14:30:00Z, 2026-05-01, 2026-05-01 14:30, 14:30, ` +
			`a span before now such as 90m, 24h, 7d or 1y, now, today or yesterday`,
		`"beforehand":"x"`: `beforehand: unknown field`,
		`"befor":"x"`:      `befor: unknown field: did you mean "before"?`,
		`"after":"2026-05-02T00:00:00Z","before":"2026-05-01T00:00:00Z"`: "before: must not be earlier than after",
	} {
		var req request
		err := strict.Decode([]byte(`{"project":"acme",`+filters+`}`), &req)
		if err == nil {
			_, err = preparedQuery(&req.Filters, req.ListRequest.Query)
		}
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", filters, err, want)
		}
	}
}

// preparedQuery is the query of d and w as a log prepares it.
func preparedQuery(d *Filters, w rpc.Query) (audit.Query, error) {
	q, err := d.Into(&w, time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC))
	if err != nil {
		return q, err
	}
	q.Normalize()
	return q, q.Validate()
}
