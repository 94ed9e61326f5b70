package entries

import (
	"errors"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"auditlog/audit"
	"auditlog/cli/command"
	"auditlog/cli/connection"
	"auditlog/cli/exit"
	"auditlog/cli/filters"
	"auditlog/client"
	"auditlog/export"
	"auditlog/rpc"
)

func (a *app) export() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write all entries that match, as NDJSON, CSV or in a format of SIEMs",
		Long: `Write all entries that match, newest first, to standard output or to a file,
which is there only once it is complete. Pipes and devices are written as it comes.`,
		Example: `  auditlog export -p acme --from 2026-05-01 --to 2026-06-01 --output may.csv`,
		Args:    cobra.NoArgs,
	}
	f := filters.Add(cmd)
	saved := addSaved(cmd)
	var format, output string
	var bom bool
	cmd.Flags().StringVar(&format, "format", "", "`ndjson`, csv, ocsf, ecs or cef; else what the name of the file says, else ndjson")
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to this `file`")
	cmd.Flags().BoolVar(&bom, "bom", false, "begin CSV with a byte order mark, by which Excel knows UTF-8")
	filters.Complete(cmd, "format", exportFormats()...)
	return connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, _ []string) error {
		q, err := f.Parse(time.Now(), time.Local)
		if err == nil {
			err = useSaved(cmd.Context(), cmd, c, *saved, &q)
		}
		if err != nil {
			return err
		}
		if format == "" && strings.EqualFold(filepath.Ext(output), ".csv") {
			format = rpc.FormatCSV
		}
		if _, err := export.ParseFormat(format); err != nil {
			return exit.Usagef("--format: must be %s", export.Choices())
		}
		if bom && format != rpc.FormatCSV {
			return exit.Usagef("--bom: is for csv alone")
		}
		req := rpc.ExportRequest{Query: q, Format: format}
		var part *audit.Incomplete
		write := func(w io.Writer) error {
			p := a.Progress(true)
			defer p.Done()
			if bom {
				if _, err := io.WriteString(w, export.ByteOrderMark); err != nil {
					return err
				}
			}
			err := c.Export(cmd.Context(), req, &command.Counter{W: w, Progress: p})
			if errors.As(err, &part) {
				return nil // what there is stays, with its gaps told at its end
			}
			return filters.FlagPath(err)
		}
		if err := a.WriteTo(cmd.Context(), output, guardFormat(format), write); err != nil {
			return err
		}
		if part != nil {
			return lacking(part.Gaps)
		}
		a.noteUnknown(cmd.Context(), c, q.Project)
		return nil
	})
}

// exportFormats returns the names of the formats of an export.
func exportFormats() []string {
	var names []string
	for _, f := range export.Formats() {
		names = append(names, string(f))
	}
	return names
}
