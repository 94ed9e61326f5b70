package cloudtrail

import (
	"bytes"
	"testing"

	"auditlog/audit"
	"auditlog/importer"
)

// BenchmarkRead reads the events of testdata.
func BenchmarkRead(b *testing.B) {
	stream := readFile(b, "testdata", "events.json")
	sink := importer.Sink{Entry: func(importer.Place, audit.Entry) error { return nil }}
	b.SetBytes(int64(len(stream)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Read(bytes.NewReader(stream), Options{Project: "aws", Reads: AllReads}, sink); err != nil {
			b.Fatal(err)
		}
	}
}
