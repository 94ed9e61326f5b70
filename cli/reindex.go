package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"auditlog/cli/server"
	"auditlog/index"
	"auditlog/store"
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
	dir := addData(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		p := a.progress(false)
		defer p.done()
		changes, err := rebuildIndex(cmd.Context(), *dir, p)
		if err != nil {
			return err
		}
		p.done()
		fmt.Fprintf(a.stderr, "auditlog: the index of %s is made anew, from %d changes of the log\n", *dir, changes)
		return nil
	}
	return cmd
}

// rebuildIndex makes the full-text index of a data folder anew and returns of how
// many changes of the log.
func rebuildIndex(ctx context.Context, dir string, p *progress) (changes uint64, err error) {
	s, err := openStore(dir)
	if err != nil {
		return 0, offline(err, dir)
	}
	err = index.Rebuild(ctx, server.IndexConfig(dir, s, zerolog.Nop()), func(done, of uint64) {
		changes = of
		p.show("indexing %d of %d changes", done, of)
	})
	if err := errors.Join(err, s.Close()); err != nil {
		return 0, fmt.Errorf("make the index: %w", err)
	}
	return changes, nil
}

// openStore opens the log of a data folder, which must be there already, and
// keeps everybody else from it.
func openStore(dir string) (*store.Store, error) {
	if _, err := os.Stat(filepath.Join(dir, store.FileName)); err != nil {
		return nil, err
	}
	return store.Open(dir, store.Options{})
}
