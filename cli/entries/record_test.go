package entries

import (
	"strings"
	"testing"

	"auditlog/audit"
)

func TestParseChange(t *testing.T) {
	for in, want := range map[string]audit.Change{
		"replicas=2..4": {Field: "replicas", Old: "2", New: "4"}, "a=..x": {Field: "a", New: "x"}, "a=x..": {Field: "a", Old: "x"},
		"a=b=c..d": {Field: "a", Old: "b=c", New: "d"},
		`{"field":"a","old":"../x","new":"../y"}`: {Field: "a", Old: "../x", New: "../y"},
		"a=../x..../y": {}, "a=1...2": {}, "a=x": {}, "x": {}, `{"field":"a","was":"x"}`: {}, `{"field":"a"}x`: {},
	} {
		got, err := parseChange(in)
		if (err != nil) != (want == audit.Change{}) || err == nil && got != want {
			t.Errorf("%s is %+v, %v; want %+v", in, got, err, want)
		}
	}
	if _, err := parseChange("a=../x..../y"); err == nil || !strings.Contains(err.Error(), `write {"field":"a"`) {
		t.Errorf("what is not clear is answered with %v", err)
	}
}
