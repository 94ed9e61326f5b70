package folder

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/spf13/cobra"

	"auditlog/audit"
	"auditlog/cli/exit"
	"auditlog/cli/signing"
	"auditlog/spell"
	"auditlog/store"
	"auditlog/store/move"
)

func (a *app) move() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "move",
		Short: "Copy the log to where it is to go on: to a database, or a folder",
		Long: `Copy the log from one place to another, each a folder or the address of a PostgreSQL
database, compare the two key by key, and check all of the copy as "auditlog check" does. It
is the same log afterwards: ids, seqs, tokens, sinks, cursors and proofs stay as they are. One
entry more, log.move, says where it was. Give each node of a database the key that signs
checkpoints, the file signing-key of the folder, with serve --signing-key.

No server may run on either. The target must be empty or not there. A move that was cut
short is begun again by the same command; no server starts on what it left.

What was copied stays where it was, and must not be recorded to any more: there would be two
logs that say they are one. Delete it once all is well.`,
		Example: `  auditlog move --from /var/lib/auditlog --to postgres://auditlog@db.example.com/auditlog
  auditlog move --from postgres://auditlog@db.example.com/auditlog --to /var/lib/auditlog`,
		Args: cobra.NoArgs,
	}
	from := cmd.Flags().String("from", "", "the `place` of the log: a folder, or a database's address")
	to := cmd.Flags().String("to", "", "the `place` to which it goes: a folder, or a database's address")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		switch {
		case *from == "":
			return exit.Usagef("--from: name where the log is")
		case *to == "":
			return exit.Usagef("--to: name where the log goes")
		}
		return a.runMove(cmd.Context(), *from, *to)
	}
	return cmd
}

func (a *app) runMove(ctx context.Context, from, to string) error {
	p := a.Progress(false)
	defer p.Done()
	report := func(problem string) {
		p.Done()
		fmt.Fprintln(a.Stdout, spell.Text(problem))
	}
	moved, err := move.Run(ctx, placeOf(from), placeOf(to), move.Options{
		Report: report, Progress: func(n int64) { p.Show("copied %.1f MB", float64(n)/1e6) },
	})
	p.Done()
	switch {
	case errors.Is(err, move.ErrInUse):
		return exit.Hinted(err, "stop the server that has it open first")
	case errors.Is(err, fs.ErrNotExist):
		return exit.Hinted(err, "name with --from where the log is")
	case err != nil:
		return err
	case moved.Problems > 0:
		return exit.Hinted(exit.With(exit.Faulty, fmt.Errorf("%d faults in the log, which was not moved", moved.Problems)),
			"have it repaired first: auditlog repair --help")
	}
	if err := recordMove(ctx, to, &moved); err != nil {
		return err
	}
	if !store.IsAddress(from) && !store.IsAddress(to) {
		if err := signing.Copy(from, to); err != nil {
			return err
		}
	}
	fmt.Fprintf(a.Stderr, "auditlog: moved %d entries of %d projects in %d blocks to %s\n", moved.Entries, moved.Projects, moved.Blocks, moved.To)
	return nil
}

// placeOf returns the place that a folder or an address names. An entry tells of it.
func placeOf(name string) move.Place {
	if store.IsAddress(name) {
		return move.Place{Path: name, Shared: true}
	}
	path := filepath.Join(name, store.FileName)
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	return move.Place{Path: path}
}

// OpenAt opens the log in a folder, or at an address.
func OpenAt(place string) (*store.Store, error) {
	if store.IsAddress(place) {
		return store.Connect(place, store.Options{})
	}
	return store.Open(place, store.Options{})
}

// recordMove records in a log that was moved where it was.
func recordMove(ctx context.Context, to string, m *move.Moved) error {
	s, err := OpenAt(to)
	if err != nil {
		return err
	}
	return recordOwn(ctx, s, "log.move", fmt.Sprintf("Moved from %s to %s", m.From, m.To), nil)
}

// recordOwn records in a log what was done to it here, and closes it.
func recordOwn(ctx context.Context, s *store.Store, action, detail string, metadata map[string]string) error {
	e := &audit.Entry{
		Project: audit.SystemProject, Actor: audit.Actor{Email: "auditlog", Type: audit.ServiceAccount},
		Action: action, Resource: audit.Resource{Type: "Log", ID: s.Identity()}, Outcome: audit.Success,
		Detail: detail, Channel: audit.ChannelCLI, Metadata: metadata,
	}
	return errors.Join(s.RecordOwn(ctx, e), s.Close())
}
