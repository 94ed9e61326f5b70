package main

import (
	"io"
	"os"
	"path/filepath"

	"github.com/goreleaser/nfpm/v2"
	_ "github.com/goreleaser/nfpm/v2/deb" // registers the format
	"github.com/goreleaser/nfpm/v2/files"
	_ "github.com/goreleaser/nfpm/v2/rpm" // registers the format
)

// linux makes a package of a format of nfpm's. It starts nothing: whoever installs it enables
// the unit when it is set up.
func (r *release) linux(p program, format string) error {
	stage, err := os.MkdirTemp("", "auditlog-package-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(stage)
	info, err := r.describe(p, stage)
	if err != nil {
		return err
	}
	packager, err := nfpm.Get(format)
	if err != nil {
		return err
	}
	if info, err = info.forFormat(format); err != nil {
		return err
	}
	name := filepath.Join(r.out, packager.ConventionalFileName(info.Info))
	return create(name, func(w io.Writer) error { return packager.Package(info.Info, w) })
}

type packageInfo struct{ *nfpm.Info }

// describe says what is in the package, with its files in the folder stage.
func (r *release) describe(p program, stage string) (packageInfo, error) {
	contents := files.Contents{
		{Source: p.path, Destination: "/usr/bin/auditlog", FileInfo: &files.ContentFileInfo{Mode: 0o755, MTime: p.date}},
	}
	for i, e := range r.extras {
		if e.install == "" {
			continue
		}
		source := filepath.Join(stage, string(rune('a'+i/26))+string(rune('a'+i%26)))
		if err := os.WriteFile(source, e.data, 0o644); err != nil {
			return packageInfo{}, err
		}
		c := &files.Content{Source: source, Destination: e.install, FileInfo: &files.ContentFileInfo{Mode: e.mode, MTime: p.date}}
		if e.config {
			c.Type = files.TypeConfigNoReplace
		}
		contents = append(contents, c)
	}
	scripts := nfpm.Scripts{}
	for name, path := range map[string]*string{
		"postinstall.sh": &scripts.PostInstall, "preremove.sh": &scripts.PreRemove, "postremove.sh": &scripts.PostRemove,
	} {
		*path = filepath.Join(stage, name)
		if err := os.WriteFile(*path, file(name, "", false).data, 0o755); err != nil {
			return packageInfo{}, err
		}
	}
	arch := p.goarch
	if p.goarm != "" {
		arch += p.goarm // nfpm's name: arm7
	}
	return packageInfo{&nfpm.Info{
		Name: "auditlog", Arch: arch, Platform: "linux", Version: p.version, MTime: p.date,
		Section: "admin", Priority: "optional", License: "MIT", Vendor: "auditlog",
		Maintainer:  "the auditlog project <maintainers@auditlog.invalid>",
		Description: "Audit log in one binary\nWho did what, to which resource, with which outcome, and when: recorded over HTTP,\nasked on a page, from curl and from a SIEM. Needs no other server.",
		Overridables: nfpm.Overridables{
			Contents: contents, Scripts: scripts,
			RPM: nfpm.RPM{Summary: "Audit log in one binary", BuildHost: "localhost", Compression: "gzip:9"},
			Deb: nfpm.Deb{Compression: "gzip"},
		},
	}}, nil
}

// forFormat completes what differs between formats.
func (i packageInfo) forFormat(format string) (packageInfo, error) {
	i.Info = nfpm.WithDefaults(i.Info)
	return i, nfpm.PrepareForPackager(i.Info, format)
}
