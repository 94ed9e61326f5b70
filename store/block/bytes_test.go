package block

import "testing"

// SizeOf counts every text of the table of parts that can be any, and nothing else.
func TestSizeOf(t *testing.T) {
	for _, e := range realistic(7, 200) {
		want := 64
		for _, p := range parts {
			if p.of != nil && p.of.Values == nil && !p.of.Given {
				v := p.of.Of(e)
				*v += "more" // those that are empty, too
				want += len(*v)
			}
		}
		for _, c := range e.Changes {
			want += len(c.Field) + len(c.Old) + len(c.New)
		}
		for k, v := range e.Metadata {
			want += len(k) + len(v)
		}
		if got := SizeOf(e); got != want {
			t.Fatalf("%d bytes, want %d: %+v", got, want, e)
		}
	}
}
