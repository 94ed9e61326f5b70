// Package build says which build of the program this is, as Go has written it into it.
package build

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"time"
)

// built is what the build says of itself. What it does not say is empty.
type built struct {
	version  string // the module's, a tag or made of the commit; "devel" without either
	commit   string
	date     string // of the commit, so that the same source is the same build
	modified bool
}

func read() built {
	b := built{version: "devel"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.commit = s.Value[:min(12, len(s.Value))]
		case "vcs.time":
			b.date = s.Value
		case "vcs.modified":
			b.modified = s.Value == "true"
		}
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		b.version = v
	} else if b.commit != "" {
		b.version = "devel-" + b.commit
		if b.modified {
			b.version += "-modified"
		}
	}
	return b
}

// Date returns when the source of this build was committed, or the year 1970 where that is not known.
func Date() time.Time {
	t, err := time.Parse(time.RFC3339, read().date)
	if err != nil {
		return time.Unix(0, 0).UTC()
	}
	return t
}

// Version returns what this build is called.
func Version() string { return read().version }

// Long returns everything that there is to say.
func Long() string {
	b := read()
	s := b.version
	if b.commit != "" {
		s += ", commit " + b.commit
		if b.modified {
			s += " with changes"
		}
		s += " of " + b.date
	}
	return fmt.Sprintf("%s, %s %s/%s", s, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
