package notary

import (
	"bytes"
	"io"
	"testing"

	"auditlog/audit"
	"auditlog/proof/evidence"
)

// filled is a log of so many entries of one project, sealed.
func filled(b *testing.B, n int) *bench {
	b.Helper()
	l := &bench{TB: b, dir: b.TempDir(), key: testKey(b)}
	l.open()
	b.Cleanup(func() { l.Close() })
	l.record("acme", n)
	l.must(l.Seal())
	return l
}

// BenchmarkHash hashes entries into trees: nanoseconds are for each.
func BenchmarkHash(b *testing.B) {
	l := filled(b, b.N)
	b.ResetTimer()
	l.head()
}

// BenchmarkHead makes a head of one entry more in a project of 300,000.
func BenchmarkHead(b *testing.B) {
	l := filled(b, 300_000)
	l.head()
	for b.Loop() {
		l.record("acme", 1)
		l.head()
	}
}

// BenchmarkProof proves one entry of 300,000.
func BenchmarkProof(b *testing.B) {
	l := filled(b, 300_000)
	l.head()
	seq := int64(1)
	for b.Loop() {
		if _, err := l.n.Proof(b.Context(), "acme", seq); err != nil {
			b.Fatal(err)
		}
		seq = (seq+7919)%300_000 + 1
	}
}

// BenchmarkVerify verifies evidence of a project: nanoseconds are for each entry.
func BenchmarkVerify(b *testing.B) {
	l := filled(b, b.N)
	bundle := l.evidence(audit.Query{Project: "acme"})
	b.ResetTimer()
	b.SetBytes(int64(len(bundle) / b.N))
	if _, err := evidence.Verify(io.Reader(bytes.NewReader(bundle)), &evidence.Policy{}, func(*audit.Entry) error { return nil }); err != nil {
		b.Fatal(err)
	}
}
