package main

import (
	"bytes"
	"embed"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"auditlog/cli"
	"auditlog/cli/help"
)

//go:embed files
var embedded embed.FS

// extra is a file that goes with the program.
type extra struct {
	path    string // in an archive
	install string // where a package of Linux puts it; empty: it does not
	mode    fs.FileMode
	// config is set for what people change, and an upgrade leaves alone.
	config bool
	data   []byte
}

// extras returns what goes with every program.
func extras(source string, date time.Time) ([]extra, error) {
	var list []extra
	for _, name := range []string{"README.md", "LICENSE"} {
		data, err := os.ReadFile(filepath.Join(source, name))
		if err != nil {
			return nil, err
		}
		list = append(list, extra{path: name, install: "/usr/share/doc/auditlog/" + name, mode: 0o644, data: data})
	}
	list = append(list,
		file("auditlog.service", "/usr/lib/systemd/system/auditlog.service", false),
		file("auditlog.sysusers", "/usr/lib/sysusers.d/auditlog.conf", false),
		file("auditlog.toml", "/etc/auditlog/auditlog.toml", true),
	)
	completions, err := completions(cli.Commands())
	if err != nil {
		return nil, err
	}
	manual, err := manual(cli.Commands(), date)
	return append(append(list, completions...), manual...), err
}

// file is one of those beside this source.
func file(name, install string, config bool) extra {
	data, err := embedded.ReadFile("files/" + name)
	if err != nil {
		panic(err) // it is embedded
	}
	return extra{path: "linux/" + name, install: install, mode: 0o644, config: config, data: data}
}

func completions(root *cobra.Command) ([]extra, error) {
	var bash, zsh, fish bytes.Buffer
	if err := root.GenBashCompletionV2(&bash, true); err != nil {
		return nil, err
	}
	if err := root.GenZshCompletion(&zsh); err != nil {
		return nil, err
	}
	err := root.GenFishCompletion(&fish, true)
	return []extra{
		{path: "completions/auditlog.bash", install: "/usr/share/bash-completion/completions/auditlog", mode: 0o644, data: bash.Bytes()},
		{path: "completions/_auditlog", install: "/usr/share/zsh/vendor-completions/_auditlog", mode: 0o644, data: zsh.Bytes()},
		{path: "completions/auditlog.fish", install: "/usr/share/fish/vendor_completions.d/auditlog.fish", mode: 0o644, data: fish.Bytes()},
	}, err
}

// manual returns a page for each command.
func manual(root *cobra.Command, date time.Time) ([]extra, error) {
	dir, err := os.MkdirTemp("", "auditlog-man-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if _, err := help.Manual(root, dir, date); err != nil {
		return nil, err
	}
	pages, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var list []extra
	for _, p := range pages {
		data, err := os.ReadFile(filepath.Join(dir, p.Name()))
		if err != nil {
			return nil, err
		}
		list = append(list, extra{path: "man/" + p.Name(), install: "/usr/share/man/man1/" + p.Name(), mode: 0o644, data: data})
	}
	return list, nil
}
