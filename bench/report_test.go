package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
)

func TestPercentile(t *testing.T) {
	var d driven
	if d.percentile(50) != 0 {
		t.Error("no calls have a percentile")
	}
	for i := range 200 {
		d.latencies = append(d.latencies, time.Duration(200-i))
	}
	d.sort()
	for p, want := range map[float64]time.Duration{0: 1, 50: 100, 99: 198, 99.5: 199, 100: 200} {
		if got := d.percentile(p); got != want {
			t.Errorf("p%v is %d, want %d", p, got, want)
		}
	}
}

func TestFormat(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 0.0123: "0.012", 0.5: "0.500", 1.2345: "1.23", 12.345: "12.3", 123.45: "123", 1234.5: "1,234", 1234567: "1,234,567",
	} {
		if got := unitRate.format(v); got != want {
			t.Errorf("%v is written %q, want %q", v, got, want)
		}
	}
}

// sample is a report in which this log is ahead in one row and behind in another.
func sample() *report {
	r := &report{Logs: []string{"auditlog", postgres}, Entries: 1_000_000, Runs: 3}
	rate, newest := row{workBulk, "batches of 1,000, 4 loaders", unitRate}, row{workListings, "newest, p50", unitTime}
	for i := range 3 {
		r.add(rate, "auditlog", 300_000+float64(i))
		r.add(rate, postgres, 100_000)
		r.add(newest, "auditlog", 0.4)
		r.add(newest, postgres, 0.2)
	}
	r.add(row{workIdle, "just started, memory", unitMemory}, "auditlog", 30)
	return r
}

func TestTables(t *testing.T) {
	var b bytes.Buffer
	r := sample()
	r.write(&b)
	r.writeTargets(&b)
	r.writeLosses(&b)
	want := `### Bulk

|                                        | auditlog | PostgreSQL |    × |
|----------------------------------------|---------:|-----------:|-----:|
| batches of 1,000, 4 loaders, entries/s |  300,001 |    100,000 | 3.00 |

### Listings

|                 | auditlog | PostgreSQL |     × |
|-----------------|---------:|-----------:|------:|
| newest, p50, ms |    0.400 |      0.200 | 0.500 |

### Idle

|                           | auditlog | PostgreSQL | × |
|---------------------------|---------:|-----------:|--:|
| just started, memory, MiB |     30.0 |          – |   |

### Targets

| target                            |            wanted | measured | met |
|-----------------------------------|------------------:|---------:|----:|
| Bulk: batches of 1,000, 4 loaders | 2.50 × PostgreSQL |   3.00 × | yes |
| Listings: newest, p50             | 1.00 × PostgreSQL |  0.500 × |  no |
| Idle: just started, memory        |  60.0 MiB at most | 30.0 MiB | yes |

### Where this log loses

- Listings: newest, p50: 0.400 ms; PostgreSQL 0.200 (0.500 ×)

`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &b, want)
	}
}

func TestDocsWithoutMarkers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "performance.md")
	if err := os.WriteFile(path, []byte("nothing\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := sample().writeDocs(path); err == nil || !strings.Contains(err.Error(), "has no lines") {
		t.Errorf("got %v", err)
	}
}

func TestAnswersDiffer(t *testing.T) {
	a := &answers{of: make(map[string]answer)}
	one := []audit.Entry{{ID: 1, Project: "acme", Detail: "a"}}
	same := []audit.Entry{{ID: 2, Project: "acme", Detail: "a", RecordedAt: time.Unix(1, 0)}}
	if err := a.check("x", "q", one); err != nil {
		t.Fatal(err)
	}
	if err := a.check("y", "q", same); err != nil {
		t.Errorf("ids and times of recording are each log's own: %v", err)
	}
	for _, other := range [][]audit.Entry{nil, {{Project: "acme", Detail: "b"}}, append(one, one...)} {
		if a.check("y", "q", other) == nil {
			t.Errorf("%v is taken for the same as %v", other, one)
		}
	}
}

func TestCountCalls(t *testing.T) {
	table := "    calls syscall\n--------- ----------------\n      207 fdatasync\n        3 fsync\n--------- ----------------\n      210 total\n"
	if n, err := countCalls([]byte(table)); n != 210 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
}
