package console

import (
	"errors"
	"strings"
	"testing"
)

// The page Status says which nodes have the log, which of them is on duty, and why this one is not ready.
func TestStatusOfNodes(t *testing.T) {
	duty, fault := "b", error(nil)
	v := newDevSite(t, Options{
		Nodes: func() ([]string, string, string) { return []string{"a", "b"}, "a", duty },
		Ready: func() error { return fault },
	}).visitor(t)
	has := func(want string) {
		t.Helper()
		if a := v.get("/status"); !strings.Contains(a.body, want) {
			t.Errorf("no %q in\n%.3000s", want, a.body)
		}
	}
	has("this one is a")
	has("b ships, signs and purges for all")
	duty, fault = "a", errors.New("it waits for no standby")
	has("it ships, signs and purges for all")
	has("This node is not ready: it waits for no standby")
}
