package folder

import (
	"fmt"

	"github.com/spf13/cobra"

	"auditlog/store"
)

func (a *app) compact() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "compact",
		Short: "Rewrite the log without what purges left behind",
		Long: `Rewrite the database of a data folder. What a purge freed, and still holds the old
bytes until it is used again, is gone afterwards, and its space is the disk's. The
disk needs room for the new file beside the old one. The full-text index, which may
still hold words of what was purged, is made anew.

A log in a database is compacted by PostgreSQL, which this command says how.`,
		Args: cobra.NoArgs,
	}
	at := addPlace(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if at.shared() {
			return errCompactedElsewhere()
		}
		p := a.Progress(false)
		defer p.Done()
		p.Show("rewriting %s", at)
		before, after, err := store.Compact(at.data)
		if err != nil {
			return at.offline(err)
		}
		if _, err := rebuildIndex(cmd.Context(), at, p); err != nil {
			return err
		}
		p.Done()
		fmt.Fprintf(a.Stderr, "auditlog: %s was %.1f MB and is %.1f MB\n", at, float64(before)/1e6, float64(after)/1e6)
		return nil
	}
	return cmd
}
