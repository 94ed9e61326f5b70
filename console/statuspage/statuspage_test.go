package statuspage

import (
	"strings"
	"testing"
	"time"

	"auditlog/rpc"
)

var now = time.Date(2026, 5, 4, 12, 0, 30, 0, time.UTC)

func TestTroubles(t *testing.T) {
	well := func() *rpc.StatusResult {
		return &rpc.StatusResult{
			Now: now, Index: &rpc.IndexStatus{Behind: 7}, Check: &rpc.CheckResult{Last: &rpc.Reading{}},
			Backups: &rpc.BackupStatus{Last: now.Add(-day), Next: now.Add(-time.Minute)},
			Sinks:   &rpc.SinksStatus{States: map[string]int{"active": 2, "paused": 1}},
			Disk:    rpc.DiskStatus{FullAt: now.Add(40 * day)},
		}
	}
	if got := Troubles(well()); len(got) != 0 {
		t.Errorf("a log that is well has %q", got)
	}
	if got := Troubles(&rpc.StatusResult{}); len(got) != 0 {
		t.Errorf("a log of which little is known has %q", got)
	}
	for want, hurt := range map[string]func(*rpc.StatusResult){
		"The log can no longer be written: no space": func(s *rpc.StatusResult) { s.Error = "no space" },
		"The log takes nothing: it lost entries":     func(s *rpc.StatusResult) { s.Check.Paused = "it lost entries" },
		"Damaged: a block of acme":                   func(s *rpc.StatusResult) { s.Check.Damaged = []string{"a block of acme"} },
		"The last reading found 1 fault: page 7": func(s *rpc.StatusResult) {
			s.Check.Last = &rpc.Reading{Problems: 1, Faults: []string{"page 7"}}
		},
		"The last reading could not be ended: it is away":                   func(s *rpc.StatusResult) { s.Check.Last.Error = "it is away" },
		"The disk is full in 3 days if the log grows on as it does":         func(s *rpc.StatusResult) { s.Disk.FullAt = now.Add(3*day + time.Hour) },
		"The search index does not follow the log: gone. Answers are right": func(s *rpc.StatusResult) { s.Index.Error = "gone" },
		"The last backup failed: no bucket":                                 func(s *rpc.StatusResult) { s.Backups.Error = "no bucket" },
		"A backup is overdue for 2 hours":                                   func(s *rpc.StatusResult) { s.Backups.Next = now.Add(-2 * time.Hour) },
		"A sink does not ship":                                              func(s *rpc.StatusResult) { s.Sinks.States["failing"] = 1 },
		"3 sinks do not ship":                                               func(s *rpc.StatusResult) { s.Sinks.States["broken"], s.Sinks.States["stopped"] = 2, 1 },
	} {
		s := well()
		hurt(s)
		if got := Troubles(s); len(got) != 1 || !strings.HasPrefix(got[0], want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

const day = 24 * time.Hour

func TestWords(t *testing.T) {
	since := rpc.DiskStatus{Since: now.Add(-day), Size: 100}
	with := func(perDay int64, full time.Time) rpc.DiskStatus {
		d := since
		d.PerDay, d.FullAt = perDay, full
		return d
	}
	for got, want := range map[string]string{
		Growth(rpc.DiskStatus{}):                 "known after an hour",
		Growth(with(0, now)):                     "none",
		Growth(with(-3<<20, now)):                "3.0 MiB less a day",
		Growth(with(3<<20, now)):                 "3.0 MiB a day",
		Forecast(rpc.DiskStatus{}, now):          "",
		Forecast(with(1, time.Time{}), now):      "not within 20 years",
		Forecast(with(1, now.Add(800*day)), now): "in 2 years",
		States(&rpc.SinksStatus{States: map[string]int{"paused": 2, "active": 1}}): "1 active, 2 paused",
		Reached(0.999):  "99 %",
		In(time.Second): "in less than a minute",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestCharts(t *testing.T) {
	var parts []rpc.Arrived
	for i := range 10 {
		from := now.Truncate(time.Minute).Add(time.Duration(i-9) * time.Minute)
		parts = append(parts, rpc.Arrived{From: from, To: from.Add(time.Minute), Entries: int64(i * 100)})
	}
	zone := time.FixedZone("", 2*3600)
	c := ByMinute(parts, zone)
	if c.Total != 4500 || c.Top != 900 || len(c.Bars) != 10 || c.Since != "13:51" || strings.Join(c.Marks, " ") != "13:00 13:20 13:40 14:00" {
		t.Errorf("the chart is %+v", c)
	}
	if first, last := c.Bars[0], c.Bars[9]; first.X != 510 || first.H != "" || last.X != 600 || last.Y != "0.0" || last.H != "100.0" ||
		last.Label != "14:00\n900 entries" {
		t.Errorf("the bars are %+v to %+v", first, last)
	}
	if want := "4,500 entries since 13:51; most of them, 900, from 14:00 on"; c.Summary != want {
		t.Errorf("the summary is %q", c.Summary)
	}
	all := make([]rpc.Arrived, 61)
	for i := range all {
		all[i].From = now.Truncate(time.Minute).Add(time.Duration(i-60) * time.Minute)
	}
	if c = ByMinute(all[1:], zone); c.Since != "13:01" || c.Bars[0].X != 10 {
		t.Errorf("a minute is not known since %q, the first bar is at %d", c.Since, c.Bars[0].X)
	}
	if c = ByMinute(all, zone); c.Since != "" || c.Bars[0].X != 0 {
		t.Errorf("the whole hour is known since %q, the first bar is at %d", c.Since, c.Bars[0].X)
	}
	if c = ByDay([]rpc.Arrived{{From: now.Truncate(day), Entries: 1}}, time.UTC); strings.Join(c.Marks, " ") != "Apr 5 Apr 14 Apr 24 May 4" {
		t.Errorf("the days are %q", c.Marks)
	}
	if c = ByDay(nil, time.UTC); len(c.Bars) != 0 || c.Summary != "" {
		t.Errorf("nothing is drawn as %+v", c)
	}
}

func TestDisk(t *testing.T) {
	shares := Disk(rpc.DiskStatus{Log: 200, Derived: 100, Room: 500, Size: 1000})
	for i, want := range []Share{{"log", 0, 300}, {"other", 300, 200}, {"room", 500, 500}} {
		if shares[i] != want {
			t.Errorf("share %d is %+v, want %+v", i, shares[i], want)
		}
	}
	if Disk(rpc.DiskStatus{Log: 1}) != nil {
		t.Error("a disk of an unknown size is drawn")
	}
}
