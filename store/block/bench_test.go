package block

import (
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/store/block/bits"
)

func BenchmarkAppend(b *testing.B) {
	entries := realistic(1, bits.MaxRows)
	var data []byte
	b.ReportAllocs()
	for b.Loop() {
		data = Append(data[:0], 1, entries)
	}
	b.ReportMetric(float64(len(data))/bits.MaxRows, "B/entry")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*bits.MaxRows), "ns/entry")
}

func BenchmarkOpen(b *testing.B) {
	data := Append(nil, 1, realistic(1, bits.MaxRows))
	b.ReportAllocs()
	for b.Loop() {
		open(b, data)
	}
	x := open(b, data)
	b.ReportMetric(float64(x.Memory()), "B-opened")
	if _, err := x.Entries("acme"); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(x.Memory()), "B-decoded")
}

func BenchmarkEntry(b *testing.B) {
	x := open(b, Append(nil, 1, realistic(1, bits.MaxRows)))
	b.ReportAllocs()
	row := 0
	for b.Loop() {
		if _, err := x.Entry(row%bits.MaxRows, "acme"); err != nil {
			b.Fatal(err)
		}
		row++
	}
}

func BenchmarkEntryCold(b *testing.B) {
	data := Append(nil, 1, realistic(1, bits.MaxRows))
	for b.Loop() {
		if _, err := open(b, data).Entry(500, "acme"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEntries(b *testing.B) {
	x := open(b, Append(nil, 1, realistic(1, bits.MaxRows)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := x.Entries("acme"); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*bits.MaxRows), "ns/entry")
}

func BenchmarkFilter(b *testing.B) {
	entries := realistic(1, bits.MaxRows)
	g := newGenerator(3, time.Second)
	for _, e := range entries {
		e.Request.ID = g.uuid()
	}
	data := Append(nil, 1, entries)
	for name, q := range map[string]audit.Query{
		"address":  {Is: audit.Terms{"ip": {entries[0].Request.IP}}},
		"range":    {Is: audit.Terms{"ip": {entries[0].Request.IP + "/24"}}},
		"request":  {Is: audit.Terms{"requestId": {entries[0].Request.ID}}},
		"agent":    {Is: audit.Terms{"userAgent": {entries[0].Request.UserAgent}}},
		"outcome":  {Is: audit.Terms{"outcome": {string(audit.Forbidden)}}},
		"type":     {Is: audit.Terms{"resourceType": {"deployment"}}},
		"actor":    {Is: audit.Terms{"actor": {entries[0].Actor.Email}}},
		"resource": {Is: audit.Terms{"resourceId": {entries[0].Resource.ID}}},
		"three":    {Is: audit.Terms{"resourceType": {"deployment"}, "outcome": {string(audit.Success)}, "actor": {entries[0].Actor.Email}}},
		"prefix":   {Is: audit.Terms{"action": {"deployment.*"}}},
	} {
		f := filterOf(&q)
		b.Run(name, func(b *testing.B) {
			x := open(b, data)
			b.ReportAllocs()
			for b.Loop() {
				rows := bits.All(x.Rows())
				if err := f.Match(x, &rows); err != nil || rows.Empty() {
					b.Fatal(rows, err)
				}
			}
		})
	}
}

// BenchmarkMatchText measures searches of a block, of which the index says that it
// holds the words; plain is a condition of which nothing is known.
func BenchmarkMatchText(b *testing.B) {
	entries := realistic(1, bits.MaxRows)
	x := open(b, Append(nil, 1, entries))
	detail := func(row int, part string) string {
		for ; !strings.Contains(entries[row].Detail, part); row++ {
		}
		words := wordsOf(entries[row].Detail)
		return words[len(words)-1]
	}
	digest := detail(700, "sha256:")
	for name, p := range map[string]*phrases{
		"digest":  newPhrases(digest),
		"number":  newPhrases("377"),
		"prefix":  newPhrases(digest[:5] + "*"),
		"common":  newPhrases("revision"),
		"phrase":  newPhrases("sha256 " + digest),
		"exclude": newPhrases("revision", "-deployed"),
		"none":    newPhrases("quarantined"),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				rows := bits.All(x.Rows())
				if err := x.MatchText(p, &rows); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("plain", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			rows := bits.All(x.Rows())
			if err := x.MatchText(words{all: []string{digest}}, &rows); err != nil || rows.Empty() {
				b.Fatal(rows, err)
			}
		}
	})
}

func BenchmarkEachText(b *testing.B) {
	x := open(b, Append(nil, 1, realistic(1, bits.MaxRows)))
	b.ReportAllocs()
	for b.Loop() {
		if err := x.EachText(func(string) {}, func(string) {}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCounts(b *testing.B) {
	x := open(b, Append(nil, 1, realistic(1, bits.MaxRows)))
	b.ReportAllocs()
	for b.Loop() {
		rows := bits.All(x.Rows())
		if err := x.Counts(Actor, &rows, func(string, int) {}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	entries := realistic(1, bits.MaxRows)
	k := open(b, Append(nil, 1, entries))
	b.ReportAllocs()
	for b.Loop() {
		if err := k.Verify(entries); err != nil {
			b.Fatal(err)
		}
	}
}
