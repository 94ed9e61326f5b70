package block

import (
	"reflect"
	"sync"
	"testing"

	"auditlog/store/block/bits"
)

// What is kept is what Entry returns, once for all who ask, and is accounted for.
func TestKept(t *testing.T) {
	entries := realistic(3, 200)
	b := open(t, Append(nil, 1, entries))
	before := b.Memory()
	var asking sync.WaitGroup
	for range 4 {
		asking.Go(func() {
			for row := range entries {
				got, err := b.Kept(row, "acme")
				want, wantErr := b.Entry(row, "acme")
				if err != nil || wantErr != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("row %d: %+v, %v; want %+v, %v", row, got, err, want, wantErr)
				}
				if again, _ := b.Kept(row, "acme"); again != got {
					t.Errorf("row %d was not kept", row)
				}
			}
		})
	}
	asking.Wait()
	if each := (b.Memory() - before) / len(entries); each < 400 || each > 2000 {
		t.Errorf("an entry kept is said to take %d bytes", each)
	}
}

// A line that is kept is the JSON of what Entry returns, once for all who ask.
func TestKeptLine(t *testing.T) {
	entries := realistic(3, 200)
	b := open(t, Append(nil, 1, entries))
	before := b.Memory()
	var asking sync.WaitGroup
	for range 4 {
		asking.Go(func() {
			for row := range entries {
				got, err := b.KeptLine(row, "acme")
				want, wantErr := b.Entry(row, "acme")
				if err != nil || wantErr != nil || string(got.JSON) != string(want.AppendJSON(nil)) || got.Position != want.Position() {
					t.Errorf("row %d: %+v, %v; want %+v, %v", row, got, err, want, wantErr)
				}
				if again, _ := b.KeptLine(row, "acme"); again != got {
					t.Errorf("row %d was not kept", row)
				}
			}
		})
	}
	asking.Wait()
	if each := (b.Memory() - before) / len(entries); each < 300 || each > 1000 {
		t.Errorf("a line kept is said to take %d bytes", each)
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
