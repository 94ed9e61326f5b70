package help

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"auditlog/cli/build"
)

// man writes the manual, a page for each command.
func (a *app) man() *cobra.Command {
	return &cobra.Command{
		Use:   "man FOLDER",
		Short: "Write the manual pages into a folder",
		Long: `Write the manual pages, one for each command, into a folder, which is made if need be.
Packages have installed them already.`,
		Example: `  auditlog man ~/.local/share/man/man1
  man auditlog-list`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			count, err := Manual(cmd.Root(), args[0], build.Date())
			if err != nil {
				return fmt.Errorf("write the manual: %w", err)
			}
			fmt.Fprintf(a.Stderr, "auditlog: %d pages are in %s\n", count, args[0])
			return nil
		},
	}
}

// Manual writes the pages of a tree of commands, of a date, into a folder, and returns how many they
// are. The same commands have the same pages.
func Manual(root *cobra.Command, dir string, date time.Time) (count int, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return 0, err
	}
	hideShells(root)
	root.DisableAutoGenTag = true
	header := &doc.GenManHeader{Title: "AUDITLOG", Section: "1", Date: &date, Source: "auditlog", Manual: "auditlog"}
	if err := doc.GenManTree(root, header, dir); err != nil {
		return 0, err
	}
	pages, err := filepath.Glob(filepath.Join(dir, "auditlog*.1"))
	return len(pages), err
}

// hideShells hides cobra's own commands, a shell each, of which a page says nothing about this program.
func hideShells(root *cobra.Command) {
	for _, c := range root.Commands() {
		if c.Name() != "completion" {
			continue
		}
		for _, shell := range c.Commands() {
			shell.Hidden = shell.Name() != "install"
		}
	}
}
