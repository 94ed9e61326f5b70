package folder

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
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"auditlog/backoff"
	"auditlog/cli/connection"
	"auditlog/cli/exit"
	"auditlog/cli/server"
	"auditlog/cli/settings"
	"auditlog/index"
	"auditlog/rpc"
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
the data, and has an exit code of its own. What is wrong with the full-text index is
told and is no fault: the next start makes it anew from the log.

A folder that a server has open is checked by that server, with --live: it goes on
meanwhile. A log in a database is checked as it is at the moment, with --store.`,
		Args: cobra.NoArgs,
	}
	at := addPlace(cmd)
	var conn connection.Flags
	conn.Add(cmd.Flags())
	stop := cmd.Flags().Bool("stop", false, "have the server stop the check that it does")
	live := cmd.Flags().Bool("live", false, "have the server check its log while it runs")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *stop {
			return stopCheck(cmd.Context(), &conn)
		}
		if *live {
			return a.checkLive(cmd.Context(), &conn)
		}
		return a.checkOffline(cmd.Context(), at)
	}
	return cmd
}

// checkOffline checks a log that is read from where it lies.
func (a *app) checkOffline(ctx context.Context, at *where) error {
	p := a.Progress(false)
	defer p.Done()
	p.Show("reading %s", at)
	problems := 0
	report := func(problem string) {
		problems++
		p.Done()
		fmt.Fprintln(a.Stdout, spell.Text(problem))
	}
	if !at.shared() {
		if err := readAll(ctx, at.data); err != nil {
			return at.offline(err)
		}
	}
	sum, err := store.CheckOf(ctx, at.openReadOnly, report)
	if errors.Is(err, store.ErrInUse) {
		return exit.Hinted(err, "have the server that has it open check it: auditlog check --live")
	}
	if err != nil && at.shared() {
		return err
	}
	if err != nil {
		return at.offline(cannotRead(err))
	}
	if problems == 0 && !at.shared() { // the index of a faulty log tells nothing, nor that of a node that runs
		err = cannotRead(CheckIndex(ctx, at.data, func(problem string) {
			p.Done()
			fmt.Fprintln(a.Stderr, "auditlog: note: the next start makes the full-text index anew:", spell.Text(problem))
		}))
	}
	if err != nil {
		return at.offline(err)
	}
	p.Done()
	fmt.Fprintf(a.Stderr, "auditlog: read %d entries of %d projects in %d blocks\n", sum.Entries, sum.Projects, sum.Blocks)
	if problems > 0 {
		return faulty(problems, at.String())
	}
	return nil
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
	return exit.Hinted(exit.With(exit.Unreadable, fmt.Errorf("cannot read the data: %w", err)),
		"look at the disk and who may read it; the data may be sound")
}

// CheckIndex compares the full-text index of a data folder with its log.
func CheckIndex(ctx context.Context, dir string, report func(problem string)) error {
	s, err := store.OpenReadOnly(dir)
	if err != nil {
		return err
	}
	return errors.Join(index.Check(ctx, server.IndexConfig(dir, s, zerolog.Nop()), report), s.Close())
}

// faulty is the error of a check that has found something.
func faulty(problems int, where string) error {
	return exit.Hinted(exit.With(exit.Faulty, fmt.Errorf("%d faults in %s", problems, where)),
		"stop the server on it, and have auditlog repair make a sound one of it and of its backups")
}

// pollCheck is how often a server is asked how its check goes.
const pollCheck = 500 * time.Millisecond

// stopCheck has a server stop its check.
func stopCheck(ctx context.Context, conn *connection.Flags) error {
	c, err := conn.Client(ctx)
	if err != nil {
		return err
	}
	if _, err := c.StopCheck(ctx); err != nil {
		return connection.Unreachable(c, err)
	}
	return nil
}

// checkLive has a server check its log, and waits for the end of that.
func (a *app) checkLive(ctx context.Context, conn *connection.Flags) error {
	c, err := conn.Client(ctx)
	if err != nil {
		return err
	}
	p := a.Progress(false)
	defer p.Done()
	res, err := c.Check(ctx, true)
	for err == nil && res.Check != nil {
		p.Show("%s checks its log: %.0f %% in %s, %d faults", c.URL, 100*res.Check.Progress,
			time.Since(res.Check.BeganAt).Round(time.Second), res.Check.Problems)
		if err := backoff.Sleep(ctx, pollCheck); err != nil {
			return err
		}
		res, err = c.Check(ctx, false)
	}
	if err != nil {
		return connection.Unreachable(c, err)
	}
	p.Done()
	return a.tellCheck(res, c.URL)
}

// tellCheck prints what a server's check has found.
func (a *app) tellCheck(res rpc.CheckResult, server string) error {
	last := res.Last
	if last == nil {
		return fmt.Errorf("%s tells of no check", server)
	}
	for _, fault := range last.Faults {
		fmt.Fprintln(a.Stdout, spell.Text(fault))
	}
	if last.Error != "" {
		return fmt.Errorf("the check of %s could not go on: %s", server, spell.Text(last.Error))
	}
	fmt.Fprintf(a.Stderr, "auditlog: %s has read %d entries\n", server, last.Entries)
	if last.Problems > 0 {
		return faulty(last.Problems, server)
	}
	return nil
}

// addData adds --data, which the environment may name as well, to a command that
// works on a data folder that no server has open.
func addData(cmd *cobra.Command) *string {
	return cmd.Flags().String("data", defaultData(), "the `folder` that holds the log; else AUDITLOG_DATA")
}

// defaultData returns the folder that is taken where none is named.
func defaultData() string {
	return cmp.Or(os.Getenv(settings.EnvName("data")), server.DefaultConfig().Data)
}

// offline gives the error of opening a data folder a hint.
func offline(err error, dir string) error { return (&where{data: dir}).offline(err) }
