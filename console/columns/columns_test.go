package columns

import (
	"net/http"
	"testing"
)

// What is kept is chosen again, and what nobody can mean is as if nothing were kept.
func TestKeep(t *testing.T) {
	for _, tt := range []struct {
		names []string
		kept  string
		n     int
	}{
		{[]string{"ip", "actor", "nothing"}, "actor.ip", 2},
		{[]string{"outcome", "actor", "action", "resource", "detail", "channel"}, "", 6},
		{nil, "", 6},
	} {
		kept := Keep(tt.names)
		r := &http.Request{Header: http.Header{"Cookie": {Cookie + "=" + kept}}}
		if got := Of(r); kept != tt.kept || got.Count() != tt.n {
			t.Errorf("of %q is kept %q, and %d are chosen", tt.names, kept, got.Count())
		}
	}
}
