package server

import (
	"testing"

	"auditlog/cli/exit"
	"auditlog/store"
)

func TestServerEndsWithItsStore(t *testing.T) {
	st, err := store.Open(t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	s := &server{store: st}
	err = s.watchStore(t.Context())
	if exit.Code(err) != exit.Unavailable || exit.Hint(err) == "" {
		t.Errorf("the server of a store that writes no more ends with %v", err)
	}
}
