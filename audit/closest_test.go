package audit

import "testing"

func TestClosest(t *testing.T) {
	names := []string{"actor", "action", "resourceType", "q"}
	for name, want := range map[string]string{
		"Actor": "actor", "acto": "actor", "actions": "action", "resourcetype": "resourceType",
		"resourseType": "resourceType", "project": "", "x": "", "": "",
	} {
		if got := Closest(name, names); got != want {
			t.Errorf("closest to %q is %q, want %q", name, got, want)
		}
	}
}
