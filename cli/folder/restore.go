package folder

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"auditlog/backup"
	"auditlog/cli/exit"
	"auditlog/spell"
	"auditlog/store"
	"auditlog/store/copies"
	"auditlog/store/kv"
	"auditlog/store/move"
)

func (a *app) restore() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "restore",
		Short: "Make a data folder of a backup, or a database",
		Long: `Make a data folder of a backup, compare it with the backup, and check all of it as
"auditlog check" does. The folder must be empty or not there. With --store the log is made in a
PostgreSQL database instead, in which there may be none yet. It holds the log as it was at
the moment of the backup, ids, seqs and tokens included, and one entry more, log.restore, that
says so. What was recorded after the backup is not in it, and its ids are given again.`,
		Example: `  auditlog restore --from /var/backups/auditlog --data /var/lib/auditlog`,
		Args:    cobra.NoArgs,
	}
	dir := addData(cmd)
	from := cmd.Flags().String("from", "", "the `repository`: a folder, a file or s3://BUCKET/PREFIX")
	database := cmd.Flags().String("store", "", "make it in this PostgreSQL `database`, postgres://USER@HOST/NAME, not in --data")
	var s source
	s.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		switch {
		case *from == "":
			return exit.Usagef("--from: name the repository of the backup")
		case *database != "" && !store.IsAddress(*database):
			return exit.Usagef("--store: must be the address of a PostgreSQL database, postgres://USER@HOST/NAME")
		}
		at := cmp.Or(*database, *dir)
		db, closePlace, err := s.open(cmd.Context(), *from)
		if err != nil {
			return err
		}
		defer closePlace()
		if err := a.restoreInto(cmd.Context(), at, db, true); err != nil {
			return err
		}
		name, err := recordRestore(cmd.Context(), at, db.Snapshot)
		if err != nil {
			return err
		}
		fmt.Fprintf(a.Stderr, "auditlog: restored %s into %s\n", db.Snapshot, name)
		return nil
	}
	return cmd
}

// restoreInto restores a backup, compares and checks. What goes on from it begins another
// epoch.
func (a *app) restoreInto(ctx context.Context, at string, db *backup.DB, goesOn bool) error {
	p := a.Progress(false)
	defer p.Done()
	total, _, err := db.Size()
	if err != nil {
		return err
	}
	sum, err := move.Fill(ctx, placeOf(at), db, copies.Options{
		Compare: func(made kv.DB) error {
			p.Show("comparing and checking it")
			if err := backup.Compare(ctx, made, db.Index); err != nil {
				return err
			}
			return compareContents(made, db.Snapshot)
		},
		Report: func(problem string) {
			p.Done()
			fmt.Fprintln(a.Stdout, spell.Text(problem))
		},
		Epoch:    goesOn,
		Progress: func(n int64) { p.Show("restored %.1f of %.1f MB", float64(n)/1e6, float64(total)/1e6) },
	})
	if err != nil {
		return noBackup(err)
	}
	p.Done()
	fmt.Fprintf(a.Stderr, "auditlog: read %d entries of %d projects in %d blocks\n", sum.Entries, sum.Projects, sum.Blocks)
	if sum.Problems > 0 {
		return exit.Hinted(exit.With(exit.Faulty, fmt.Errorf("%d faults in what was restored", sum.Problems)),
			"the log was faulty when the backup was taken: restore an older one with --id")
	}
	return nil
}

// compareContents returns an error unless a database has as many entries as a backup says that it holds,
// which a repository tells in the open, and people go by.
func compareContents(made kv.DB, s *backup.Snapshot) error {
	return made.View(func(tx kv.Tx) error {
		entries, lastID, err := copies.Describe(tx)
		if s.Number == 0 {
			entries = s.Entries // older programs counted some twice in the midst of a seal
		}
		if err == nil && (entries != s.Entries || lastID != s.LastID) {
			err = fmt.Errorf("%w: %s says that it has %d entries up to id %d, and it has %d up to %d", backup.ErrDamaged, s.ID, s.Entries, s.LastID, entries, lastID)
		}
		return err
	})
}

// recordRestore records in a restored log that it is one, and returns how that is called.
func recordRestore(ctx context.Context, at string, from *backup.Snapshot) (name string, err error) {
	s, err := OpenAt(at)
	if err != nil {
		return "", err
	}
	if name = at; store.IsAddress(at) {
		name = s.Path() // without a password
	}
	return name, recordOwn(ctx, s, "log.restore",
		"Restored from a backup of "+from.String()+": what was recorded after it is not here, and its ids are given again",
		map[string]string{"backup": from.ID, "lastId": fmt.Sprint(from.LastID)})
}

func (a *app) backupVerify() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify REPOSITORY",
		Short: "Restore a backup to a temporary folder, and compare and check it",
		Long: `Restore a backup to a temporary folder, compare that with the backup to the byte, check
all of it as "auditlog check" does, and remove the folder: a restore drill. There must be room
for the whole log.`,
		Args: cobra.ExactArgs(1),
	}
	var s source
	s.flags(cmd)
	temp := cmd.Flags().String("temp", "", "make the temporary folder in this `folder`; else in the system's")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		db, closePlace, err := s.open(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		defer closePlace()
		dir, err := os.MkdirTemp(*temp, "auditlog-verify-")
		if err != nil {
			return fmt.Errorf("make a temporary folder: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
		if err := a.restoreInto(cmd.Context(), filepath.Join(dir, "data"), db, false); err != nil {
			return err
		}
		fmt.Fprintf(a.Stderr, "auditlog: %s is whole: %s\n", db.Snapshot.ID, db.Snapshot)
		return nil
	}
	return cmd
}
