package main

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"
)

// target is a system to build for.
type target struct{ goos, goarch, goarm string }

func (t target) String() string { return t.goos + "/" + t.arch() }

// arch is how people call the architecture.
func (t target) arch() string {
	if t.goarm != "" {
		return t.goarch + "v" + t.goarm
	}
	return t.goarch
}

// exe is what the program is called there.
func (t target) exe() string {
	if t.goos == "windows" {
		return "auditlog.exe"
	}
	return "auditlog"
}

var targets = []target{
	{"linux", "amd64", ""}, {"linux", "arm64", ""}, {"linux", "arm", "7"},
	{"darwin", "amd64", ""}, {"darwin", "arm64", ""},
	{"windows", "amd64", ""}, {"windows", "arm64", ""},
	{"freebsd", "amd64", ""}, {"freebsd", "arm64", ""},
}

// program is a built one, and what it says of itself.
type program struct {
	target
	path    string
	info    *debug.BuildInfo
	version string    // without the v
	date    time.Time // of the commit
}

// name is what everything that holds it begins with.
func (p *program) name() string {
	return fmt.Sprintf("auditlog_%s_%s_%s", p.version, p.goos, p.arch())
}

// build makes the program for a target. Go writes the commit into it, where the source is a
// checkout of git's, and makes the version of its tag.
func build(ctx context.Context, source, work string, t target) (program, error) {
	p := program{target: t, path: filepath.Join(work, t.goos+"-"+t.arch(), t.exe())}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=auto", "-ldflags", "-s -w", "-o", p.path, ".")
	cmd.Dir = source
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+t.goos, "GOARCH="+t.goarch, "GOARM="+t.goarm, "GOFLAGS=", "GOAMD64=v1")
	if out, err := cmd.CombinedOutput(); err != nil {
		return p, fmt.Errorf("%w\n%s", err, out)
	}
	info, err := buildinfo.ReadFile(p.path)
	if err != nil {
		return p, err
	}
	p.info, p.version, p.date = info, "0.0.0-devel", time.Unix(0, 0).UTC()
	if v := info.Main.Version; strings.HasPrefix(v, "v") {
		// What is behind a plus says that there were changes, and is no part of a file's name everywhere.
		p.version = strings.ReplaceAll(v[1:], "+", ".")
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.time" {
			p.date, err = time.Parse(time.RFC3339, s.Value)
		}
	}
	return p, err
}
