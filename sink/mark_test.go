package sink_test

import (
	"strings"
	"testing"

	"auditlog/format"
	"auditlog/sink"
	"auditlog/sink/sinktest"
)

// A mark is found in whatever format an entry with it was written.
func TestMarkInEveryFormat(t *testing.T) {
	content := "{\"checkpoint\":\"auditlog/x\\n1\\n\",\"names\":[\"a b=|\\\\ü\u2028<>\"]}"
	own := func(mark []byte) bool { return strings.Contains(string(mark), "auditlog/x") }
	for _, f := range format.All() {
		var lines []byte
		for _, mark := range []string{"auditlog/x, the one before", content, "auditlog/another"} {
			e := sinktest.Checkpoint(7, []byte(mark))
			lines = append(f.Append(lines, &format.Origin{Log: sinktest.Lineage()}, e), '\n')
		}
		if got := sink.LastMark(lines, own); string(got) != content {
			t.Errorf("%s: %q", f.Name, got)
		}
		if got := sink.LastMark(lines, func([]byte) bool { return false }); got != nil {
			t.Errorf("%s: %q", f.Name, got)
		}
	}
}

func FuzzLastMark(f *testing.F) {
	f.Add([]byte(sink.Mark([]byte("x"))), []byte("y"))
	f.Add([]byte("auditlog-mark-v1.!auditlog-mark-v1."), []byte{})
	f.Fuzz(func(t *testing.T, text, mark []byte) {
		all := func([]byte) bool { return true }
		sink.LastMark(text, all)
		whole := append(append(text, ' '), sink.Mark(mark)...)
		if got := sink.LastMark(append(whole, '"'), all); string(got) != string(mark) {
			t.Errorf("%q", got)
		}
	})
}
