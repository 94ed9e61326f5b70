package cloudtrail

import (
	"strings"
	"testing"
	"time"
)

// TestHostileInputs: what is made to take long does not.
func TestHostileInputs(t *testing.T) {
	const n = 20_000
	with := func(members string) string { return strings.Replace(good, "{", "{"+members+",", 1) }
	for name, stream := range map[string]string{
		"broken lines":    strings.Repeat("{\n", n/10),
		"commas":          "?\n" + good + strings.Repeat(",\n{", n/10),
		"opening lists":   strings.Repeat("[", n),
		"opening objects": strings.Repeat(`{"a":`, n),
		"nested lists":    with(`"requestParameters":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000)),
		"nested objects":  with(`"requestParameters":` + strings.Repeat(`{"a":`, 9000) + "1" + strings.Repeat("}", 9000)),
		"many resources":  with(`"resources":[` + strings.Repeat(`{"ARN":"arn:aws:s3:::b"},`, n) + `{}]`),
		"many parameters": with(`"requestParameters":{` + strings.Repeat(`"password":"x",`, n) + `"a":1}`),
		"many values":     with(`"requestParameters":{"instanceId":[` + strings.Repeat(`"i-1",`, n) + `1]}`),
		"many members":    with(strings.Repeat(`"eventID":"x",`, n) + `"a":1`),
		"long words":      with(`"requestParameters":{"` + strings.Repeat("Ab", n) + `":1}`),
		"blank lines":     "?" + strings.Repeat("\n", n) + good,
	} {
		started := time.Now()
		var c collector
		if _, err := Read(strings.NewReader(stream), Options{Project: "aws"}, c.sink()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(started); took > 20*time.Second {
			t.Errorf("%s take %v", name, took)
		} else {
			t.Log(name, took, len(c.refused), len(c.lines))
		}
	}
}
