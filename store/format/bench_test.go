package format

import (
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
)

// BenchmarkTailRow measures the codec of a tail row of 250 entries.
func BenchmarkTailRow(b *testing.B) {
	row := &TailRow{}
	row.Reset(1, time.UnixMicro(1_780_000_000_000_000).UTC())
	entries := audittest.New(1, 34*time.Second).Entries(250)
	for i, e := range entries {
		row.Add(ProjectID(i%9+1), int64(i/9+1), AppendRow(nil, e))
	}
	value := row.Encode()
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			row.Reset(1, row.recordedAt)
			var buf []byte
			for i, e := range entries {
				buf = AppendRow(buf[:0], e)
				row.Add(ProjectID(i%9+1), int64(i/9+1), buf)
			}
			value = row.Encode()
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			n := 0
			err := DecodeTailRow(1, value, func(ProjectID, *audit.Entry, string, int) error {
				n++
				return nil
			})
			if err != nil || n != len(entries) {
				b.Fatalf("read %d entries: %v", n, err)
			}
		}
	})
}
