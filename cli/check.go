package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"auditlog/index"
	"auditlog/spell"
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
		problems := 0
		report := func(problem string) {
			problems++
			p.done()
			fmt.Fprintln(a.stdout, spell.Text(problem))
		}
		sum, err := store.Check(cmd.Context(), *dir, report)
		if err != nil {
			return offline(err, *dir)
		}
		if problems == 0 { // the index of a faulty log tells nothing
			err = checkIndex(cmd.Context(), *dir, report)
		}
		if err != nil {
			return offline(err, *dir)
		}
		p.done()
		fmt.Fprintf(a.stderr, "auditlog: read %d entries of %d projects in %d blocks\n", sum.Entries, sum.Projects, sum.Blocks)
		if problems > 0 {
			return faulty(problems, sum.Problems == 0, *dir)
		}
		return nil
	}
	return cmd
}

// checkIndex compares the full-text index of a data folder with its log.
func checkIndex(ctx context.Context, dir string, report func(problem string)) error {
	s, err := store.OpenReadOnly(dir)
	if err != nil {
		return err
	}
	return errors.Join(index.Check(ctx, indexConfig(dir, s, zerolog.Nop()), report), s.Close())
}

// faulty is the error of a check that has found something.
func faulty(problems int, onlyIndex bool, dir string) error {
	p := &problem{err: fmt.Errorf("%d faults in %s", problems, dir), code: exitFaulty,
		hint: "stop using this folder and restore a backup of it"}
	if onlyIndex {
		p.hint = "make the index anew: auditlog reindex --data " + dir
	}
	return p
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
	case errors.Is(err, store.ErrInUse):
		return hinted(err, "stop the server that has %s open first", dir)
	case errors.Is(err, fs.ErrNotExist):
		return hinted(err, "name the folder with --data or AUDITLOG_DATA")
	}
	return err
}
