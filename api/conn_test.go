package api

import (
	"fmt"
	"strings"
	"testing"

	"auditlog/audit"
	"auditlog/rpc"
)

// Answers of every length around what net/http keeps are whole, and so is the next
// one on the same connection.
func TestAnswersOfAllLengths(t *testing.T) {
	f := start(t, Options{})
	var lengths []int
	for n := range 250 {
		lengths = append(lengths, 1650+n, 3200+n) // with an overhead of about 290, and 480 of headers
	}
	batch := []byte(`{"entries":[`)
	for _, n := range lengths {
		batch = append(batch, strings.Replace(deployEntry, "{", `{"detail":"`+strings.Repeat("x", n)+`",`, 1)...)
		batch = append(batch, ',')
	}
	batch[len(batch)-1] = ']'
	f.ok(rpc.Record, string(batch)+"}", nil)
	for i, n := range lengths {
		var e audit.Entry
		f.ok(rpc.Get, fmt.Sprintf(`{"project":"acme","id":%d}`, 1+i), &e)
		if len(e.Detail) != n {
			t.Fatalf("a detail of %d bytes comes back with %d", n, len(e.Detail))
		}
	}
}
