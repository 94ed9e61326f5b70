package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"auditlog/audit"
	"auditlog/store"
)

func (a *app) check() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Read the whole log and say what is wrong with it",
		Long: `Read every entry, block and index of a data folder, compare them with each other
and with their checksums, and print each fault on a line. Nothing is changed.`,
		Args: cobra.NoArgs,
	}
	dir := addData(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		p := a.progress(false)
		defer p.done()
		p.show("reading %s", *dir)
		sum, err := store.Check(cmd.Context(), *dir, func(problem string) { fmt.Fprintln(a.stdout, printable(problem)) })
		if err != nil {
			return offline(err, *dir)
		}
		p.done()
		fmt.Fprintf(a.stderr, "auditlog: read %d entries of %d projects in %d blocks\n", sum.Entries, sum.Projects, sum.Blocks)
		if sum.Problems > 0 {
			err := fmt.Errorf("%d faults in %s", sum.Problems, *dir)
			return &problem{err: err, code: exitFaulty, hint: "stop using this folder and restore a backup of it"}
		}
		return nil
	}
	return cmd
}

// addData adds --data, which the environment may name as well, to a command that
// works on a data folder that no server has open.
func addData(cmd *cobra.Command) *string {
	value := cmp.Or(os.Getenv(envName("data")), defaultConfig().Data)
	return cmd.Flags().String("data", value, "the `folder` that holds the log; else AUDITLOG_DATA")
}

// offline gives the error of opening a data folder a hint.
func offline(err error, dir string) error {
	switch {
	case audit.KindOf(err) == audit.Conflict:
		return hinted(err, "stop the server that has %s open first", dir)
	case errors.Is(err, fs.ErrNotExist):
		return hinted(err, "name the folder with --data or AUDITLOG_DATA")
	}
	return err
}
