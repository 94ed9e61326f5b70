package client

import (
	"net/http"
	"strings"
	"testing"

	"auditlog/audit"
)

// A token that cannot be sent is at fault itself, and not the network.
func TestTokenThatCannotBeSent(t *testing.T) {
	l, c := newFakeLog(t)
	c.Tries = 5
	for _, token := range []string{"se\ncret", "se\x00cret", "two words", "a\r\nX-Evil: 1", "se\x7fcret"} {
		c.Token = token
		_, err := c.Projects(t.Context())
		if audit.KindOf(err) != audit.Unauthenticated || !strings.Contains(err.Error(), "the token holds") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", token, err)
		}
	}
	if l.calls != 0 {
		t.Errorf("%d calls were made", l.calls)
	}
	l.before = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		if got := r.Header.Get("Authorization"); got != "Bearer secret" {
			t.Errorf("sent %q", got)
		}
		return false
	}
	c.Token = " secret\r\n"
	if _, err := c.Record(t.Context(), audit.Entry{}); err != nil && audit.KindOf(err) == audit.Unauthenticated {
		t.Error(err)
	}
}
