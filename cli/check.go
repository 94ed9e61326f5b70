package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

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
and with their checksums, and print each fault on a line. Nothing is written, so
the folder may be on a read-only disk. A disk that cannot be read is no fault of
the data, and has an exit code of its own.`,
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
		if err := readAll(cmd.Context(), *dir); err != nil {
			return offline(err, *dir)
		}
		sum, err := store.Check(cmd.Context(), *dir, report)
		if err != nil {
			return offline(cannotRead(err), *dir)
		}
		if problems == 0 { // the index of a faulty log tells nothing
			err = cannotRead(checkIndex(cmd.Context(), *dir, report))
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

// readAll reads every file of a data folder, so that what the disk cannot give is told
// from what is wrong in what it gives: the log reads through a map of its file, where the
// two look the same.
func readAll(ctx context.Context, dir string) error {
	if _, err := os.Stat(filepath.Join(dir, store.FileName)); err != nil {
		return cannotRead(err)
	}
	buf := make([]byte, 1<<20)
	err := filepath.WalkDir(dir+string(filepath.Separator), func(path string, d fs.DirEntry, err error) error {
		if err != nil || ctx.Err() != nil {
			return cmp.Or(ctx.Err(), err)
		}
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
			return nil // a folder, or a link to one
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		for err == nil && ctx.Err() == nil {
			_, err = f.Read(buf)
		}
		if err == nil || errors.Is(err, io.EOF) {
			return ctx.Err()
		}
		return err
	})
	return cannotRead(err)
}

// cannotRead makes an error of the system one that exits with exitUnreadable. Others stay
// what they are: that there is no data, that a server has it, that the user had enough.
func cannotRead(err error) error {
	var errno syscall.Errno
	if !errors.As(err, &errno) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, store.ErrInUse) {
		return err
	}
	return &problem{err: fmt.Errorf("cannot read the data: %w", err), code: exitUnreadable,
		hint: "look at the disk and who may read it; the data may be sound"}
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
