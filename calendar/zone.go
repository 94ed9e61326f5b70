package calendar

import (
	"os"
	"path/filepath"
	"strings"
	"time"
	_ "time/tzdata" // see doc.go

	"auditlog/audit"
)

// Zone returns the zone of a name: one of the IANA database such as
// "Europe/Berlin", "UTC", or a distance from UTC such as "+05:30", which is what
// some browsers name. The empty name is UTC. Anything else, "Local" too, is an
// Invalid Fault without a path: it would mean another zone on each machine.
func Zone(name string) (*time.Location, error) {
	switch {
	case name == "" || name == "Z":
		return time.UTC, nil
	case name[0] == '+' || name[0] == '-':
		if t, err := time.Parse("-07:00", name); err == nil {
			_, offset := t.Zone()
			return time.FixedZone(name, offset), nil
		}
	case name != "Local" && len(name) <= maxZoneName:
		if loc, err := time.LoadLocation(name); err == nil {
			return loc, nil
		}
	}
	return nil, audit.Errorf(audit.Invalid, "%.40q is not a time zone: write Europe/Berlin, UTC or +05:30", name)
}

// maxZoneName is longer than the name of any zone.
const maxZoneName = 64

// LocalName returns the name of this machine's own zone, in a form that Zone takes
// and that means the same on another machine. A machine that does not tell its
// zone's name is taken at its present distance from UTC.
func LocalName(now time.Time) string {
	if name, set := os.LookupEnv("TZ"); set {
		if name, known := zoneOfPath(strings.TrimPrefix(name, ":")); known {
			return name
		}
		return offsetName(now)
	}
	if target, err := filepath.EvalSymlinks("/etc/localtime"); err == nil {
		if name, known := zoneOfPath(target); known {
			return name
		}
	}
	return offsetName(now)
}

// zoneOfPath returns the name that a zone or the path of its file has.
func zoneOfPath(path string) (name string, known bool) {
	if _, after, ok := strings.Cut(path, "/zoneinfo/"); ok {
		path = after
	}
	if path == "" {
		return "UTC", true
	}
	if _, err := Zone(path); err != nil {
		return "", false
	}
	return path, true
}

func offsetName(now time.Time) string {
	if _, offset := now.Local().Zone(); offset == 0 {
		return "UTC"
	}
	return now.Local().Format("-07:00")
}
