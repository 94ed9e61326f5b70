package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"auditlog/client"
	"auditlog/export"
	"auditlog/rpc"
)

func (a *app) export() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write all entries that match, as NDJSON or CSV",
		Long: `Write all entries that match, newest first, to standard output or to a file,
which is there only once it is complete.`,
		Example: `  auditlog export -p acme --from 2026-05-01 --to 2026-06-01 --output may.csv`,
		Args:    cobra.NoArgs,
	}
	f := addFilter(cmd)
	var format, output string
	cmd.Flags().StringVar(&format, "format", "", "`ndjson` or csv; else what the name of the file says, else ndjson")
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to this `file`")
	complete(cmd, "format", rpc.FormatNDJSON, rpc.FormatCSV)
	return asks(cmd, func(cmd *cobra.Command, c *client.Client, _ []string) error {
		q, err := f.parse(time.Now(), time.Local)
		if err != nil {
			return err
		}
		if format == "" && strings.EqualFold(filepath.Ext(output), ".csv") {
			format = rpc.FormatCSV
		}
		if _, err := export.ParseFormat(format); err != nil {
			return usagef("--format: must be ndjson or csv")
		}
		req := rpc.ExportRequest{Query: q, Format: format}
		write := func(w io.Writer) error {
			p := a.progress(true)
			defer p.done()
			return flagPath(c.Export(cmd.Context(), req, &counter{w: w, progress: p}))
		}
		if output == "" || output == "-" {
			return write(a.out(guardFormat(format)))
		}
		return writeWhole(output, write)
	})
}

// writeWhole makes the file at path of what fn writes. A crash or an error on
// the way leaves whatever was there before.
func writeWhole(path string, fn func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer os.Remove(f.Name())
	if err := errors.Join(fn(f), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
