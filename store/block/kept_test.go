package block

import (
	"reflect"
	"sync"
	"testing"

	"auditlog/audit"
	"auditlog/store/block/bits"
)

// What is kept is what Entry returns, once for all who ask, and is accounted for.
func TestKept(t *testing.T) {
	testKept(t, 400, 2000, (*Block).Kept, func(got, want *audit.Entry) bool { return reflect.DeepEqual(got, want) })
}

// A line that is kept is the JSON of what Entry returns, once for all who ask.
func TestKeptLine(t *testing.T) {
	testKept(t, 300, 1000, (*Block).KeptLine, func(got *Line, want *audit.Entry) bool {
		return string(got.JSON) == string(want.AppendJSON(nil)) && got.Position == want.Position()
	})
}

// testKept asks for all rows of a block from several goroutines. Each row kept takes from least to most
// bytes.
func testKept[T any](t *testing.T, least, most int, kept func(*Block, int, string) (*T, error), same func(*T, *audit.Entry) bool) {
	entries := realistic(3, 200)
	b := open(t, Append(nil, 1, entries))
	before := b.Memory()
	var asking sync.WaitGroup
	for range 4 {
		asking.Go(func() {
			for row := range entries {
				got, err := kept(b, row, "acme")
				want, wantErr := b.Entry(row, "acme")
				if err != nil || wantErr != nil || !same(got, want) {
					t.Errorf("row %d: %+v, %v; want %+v, %v", row, got, err, want, wantErr)
				}
				if again, _ := kept(b, row, "acme"); again != got {
					t.Errorf("row %d was not kept", row)
				}
			}
		})
	}
	asking.Wait()
	if each := (b.Memory() - before) / len(entries); each < least || each > most {
		t.Errorf("a row kept is said to take %d bytes", each)
	}
}

func BenchmarkKept(b *testing.B) {
	x := open(b, Append(nil, 1, realistic(1, bits.MaxRows)))
	b.ReportAllocs()
	row := 0
	for b.Loop() {
		if _, err := x.Kept(row%bits.MaxRows, "acme"); err != nil {
			b.Fatal(err)
		}
		row++
	}
}
