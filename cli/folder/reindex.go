package folder

import (
	"context"
	"errors"
	"fmt"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"auditlog/cli/command"
	"auditlog/cli/server"
	"auditlog/index"
)

func (a *app) reindex() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "reindex",
		Short: "Make the full-text index anew",
		Long: `Make the full-text index of a data folder anew, from the log. The server does so by
itself when the index is missing or damaged, and searches are right meanwhile; they
are fast once it is done.`,
		Args: cobra.NoArgs,
	}
	at := addPlace(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		p := a.Progress(false)
		defer p.Done()
		changes, err := rebuildIndex(cmd.Context(), at, p)
		if err != nil {
			return err
		}
		p.Done()
		fmt.Fprintf(a.Stderr, "auditlog: the index of %s is made anew, from %d changes of the log\n", at.data, changes)
		return nil
	}
	return cmd
}

// rebuildIndex makes the full-text index of a data folder anew and returns of how
// many changes of the log.
func rebuildIndex(ctx context.Context, at *where, p *command.Progress) (changes uint64, err error) {
	s, err := at.open()
	if err != nil {
		return 0, at.offline(err)
	}
	err = index.Rebuild(ctx, server.IndexConfig(at.data, s, zerolog.Nop()), func(done, of uint64) {
		changes = of
		p.Show("indexing %d of %d changes", done, of)
	})
	if err := errors.Join(err, s.Close()); err != nil {
		return 0, fmt.Errorf("make the index: %w", err)
	}
	return changes, nil
}
