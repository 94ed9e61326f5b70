package column

import (
	"bytes"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"

	"auditlog/store/block/bits"
)

// A column of UUIDs is stored in the same bytes whether they are read as such or as strings.
func TestUUIDs(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	draw := func() string {
		var u [16]byte
		for i := range u {
			u[i] = byte(random.Uint32())
		}
		h := hex.EncodeToString(u[:])
		return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
	}
	digits := func() string {
		return strings.Map(func(r rune) rune {
			if r > '9' {
				return r - 'a' + '0'
			}
			return r
		}, draw())
	}
	for name, c := range map[string]struct {
		read   bool
		change func(values []string)
	}{
		"lower":     {true, func([]string) {}},
		"upper":     {true, each(strings.ToUpper)},
		"digits":    {true, each(func(string) string { return digits() })},
		"both":      {false, func(v []string) { v[7] = strings.ToUpper(v[7]) }},
		"mixed":     {false, func(v []string) { v[7] = "abcdefAB" + v[7][8:] }},
		"twice":     {false, func(v []string) { v[7] = v[8] }},
		"no digit":  {false, func(v []string) { v[7] = v[7][:20] + "x" + v[7][21:] }},
		"no dash":   {false, func(v []string) { v[7] = v[7][:13] + "0" + v[7][14:] }},
		"empty":     {false, func(v []string) { v[7] = "" }},
		"all empty": {false, each(func(string) string { return "" })},
		"longer":    {false, func(v []string) { v[7] += "0" }},
	} {
		for _, n := range []int{1, fewUUIDs, fewUUIDs + 1, 500, bits.MaxRows} {
			values := make([]string, max(n, 9))
			for i := range values {
				values[i] = draw()
			}
			c.change(values)
			fast, slow := NewEncoder(Layout{{}}), NewEncoder(Layout{{}})
			slow.alone[0] = false
			var got, want []byte
			for range 2 { // the second time in memory that was used
				fast.Reset(false)
				slow.Reset(false)
				fast.AppendStrings(values)
				slow.AppendStrings(values)
				got, want = fast.Finish(nil), slow.Finish(nil)
			}
			if !bytes.Equal(got, want) || fast.Kids() != slow.Kids() {
				t.Errorf("%s, %d: %d bytes and %d columns, as strings %d and %d", name, n, len(got), fast.Kids(), len(want), slow.Kids())
			}
			if read := fast.uuids(values); read != (c.read && len(values) > fewUUIDs) {
				t.Errorf("%s, %d: read as UUIDs: %t", name, n, read)
			}
		}
	}
}

func each(change func(string) string) func([]string) {
	return func(values []string) {
		for i := range values {
			values[i] = change(values[i])
		}
	}
}
