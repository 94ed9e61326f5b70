package suggest

import (
	"context"
	"slices"
	"testing"

	"auditlog/audit"
	"auditlog/console/filter"
)

// noLog has no entries to look into.
type noLog struct{}

func (noLog) Prepare(audit.Query) (audit.Selection, error) { return nil, nil }

func TestComplete(t *testing.T) {
	c := Completer{Log: noLog{}, Saved: func() ([]string, error) { return []string{"Night shift", "Deploys"}, nil }}
	for typed, want := range map[string][]string{
		"":                  {`saved:"Night shift"`, `saved:"Deploys"`},
		"night":             {`saved:"Night shift"`},
		"loc":               {"location:"},
		"web -loc":          {"web -location:"},
		"outcome:forb":      {"outcome:forbidden"},
		"web -Outcome:forb": {"web -Outcome:forbidden"},
		"is:s":              {"is:service"},
		"range:y":           {"range:yesterday"},
		"colour:r":          nil,
		"web ":              nil,
	} {
		list, err := c.Complete(context.Background(), filter.Filter{Project: "acme"}, typed)
		var got []string
		for _, s := range list {
			got = append(got, s.Text)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q may become %q, %v, want %q", typed, got, err, want)
		}
	}
}
