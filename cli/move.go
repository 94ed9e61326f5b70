package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"auditlog/audit"
	"auditlog/cli/exit"
	"auditlog/cli/signing"
	"auditlog/spell"
	"auditlog/store"
)

func (a *app) move() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "move",
		Short: "Copy the log to where it is to go on: another folder",
		Long: `Copy the log from one place to another, compare the two key by key, and check all of the
copy as "auditlog check" does. It is the same log afterwards: ids, seqs, tokens, sinks,
cursors and proofs stay as they are. One entry more, log.move, says where it was.

No server may run on either. The target must be empty or not there. A move that was cut
short is begun again by the same command; no server starts on what it left.

What was copied stays where it was, and must not be recorded to any more: there would be two
logs that say they are one. Delete it once all is well.`,
		Example: `  auditlog move --from /var/lib/auditlog --to /mnt/larger/auditlog`,
		Args:    cobra.NoArgs,
	}
	from := cmd.Flags().String("from", "", "the `folder` that holds the log")
	to := cmd.Flags().String("to", "", "the `folder` to which it goes")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		switch {
		case *from == "":
			return exit.Usagef("--from: name where the log is")
		case *to == "":
			return exit.Usagef("--to: name where the log goes")
		}
		return offline(a.runMove(cmd.Context(), *from, *to), *from)
	}
	return cmd
}

func (a *app) runMove(ctx context.Context, from, to string) error {
	p := a.progress(false)
	defer p.done()
	report := func(problem string) {
		p.done()
		fmt.Fprintln(a.stdout, spell.Text(problem))
	}
	sum, err := store.Move(ctx, from, to, report, func(n int64) { p.show("copied %.1f MB", float64(n)/1e6) })
	p.done()
	switch {
	case err != nil:
		return err
	case sum.Problems > 0:
		return exit.Hinted(exit.With(exit.Faulty, fmt.Errorf("%d faults in the log, which was not moved", sum.Problems)),
			"have it repaired first: auditlog repair --help")
	}
	if err := errors.Join(recordMove(ctx, from, to), signing.Copy(from, to)); err != nil {
		return err
	}
	fmt.Fprintf(a.stderr, "auditlog: moved %d entries of %d projects in %d blocks to %s\n", sum.Entries, sum.Projects, sum.Blocks, to)
	return nil
}

// recordMove records in a log that was moved where it was.
func recordMove(ctx context.Context, from, to string) error {
	s, err := store.Open(to, store.Options{})
	if err != nil {
		return err
	}
	if path, err := filepath.Abs(from); err == nil {
		from = path
	}
	e := &audit.Entry{
		Project: audit.SystemProject, Actor: audit.Actor{Email: "auditlog", Type: audit.ServiceAccount},
		Action: "log.move", Resource: audit.Resource{Type: "Log", ID: s.Identity()}, Outcome: audit.Success,
		Detail:  fmt.Sprintf("Moved from %s to %s", from, s.Path()),
		Channel: audit.ChannelCLI,
	}
	return errors.Join(s.RecordOwn(ctx, e), s.Close())
}
