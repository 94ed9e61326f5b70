package cli

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"auditlog/audit"
	"auditlog/client"
	"auditlog/importer"
)

func (a *app) imports() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import --format FORMAT FILE...",
		Short: "Record what another system, or another log, has written",
		Long: `Record the entries in files, or in what standard input holds for -, plain or
compressed by gzip. Importing the same again records nothing twice, so what was
interrupted is simply started again.

The formats are cloudtrail, the JSON files of AWS CloudTrail, and ndjson, what
"auditlog export" writes, or any entries of yours, one JSON object a line.`,
		Example: `  auditlog import --format cloudtrail -p aws 2026/05/*.json.gz
  auditlog import --format ndjson backup.ndjson`,
		Args: cobra.MinimumNArgs(1),
	}
	var project, format string
	addProject(cmd, &project)
	cmd.Flags().StringVar(&format, "format", "", "`cloudtrail` or ndjson")
	complete(cmd, "format", "cloudtrail", "ndjson")
	return asks(cmd, func(cmd *cobra.Command, c *client.Client, args []string) error {
		read, err := importFormat(format, project)
		if err != nil {
			return err
		}
		i := &importing{app: a, read: read, to: c.NewWriter(cmd.Context()), progress: a.progress(false)}
		return i.run(args)
	})
}

// A reader calls emit with the entries of a stream, and returns how many
// read-only calls it has left out.
type reader func(r io.Reader, emit func(audit.Entry) error) (skipped int64, err error)

func importFormat(format, project string) (reader, error) {
	if project != "" || format == "cloudtrail" {
		if err := audit.ValidateProject(project); err != nil {
			return nil, flagPath(err)
		}
	}
	switch format {
	case "cloudtrail":
		return func(r io.Reader, emit func(audit.Entry) error) (int64, error) {
			return importer.CloudTrail(r, project, emit)
		}, nil
	case "ndjson":
		return func(r io.Reader, emit func(audit.Entry) error) (int64, error) {
			return 0, importer.NDJSON(r, project, emit)
		}, nil
	}
	return nil, usagef("--format: must be cloudtrail or ndjson")
}

// importing is one run of import.
type importing struct {
	app      *app
	read     reader
	to       *client.Writer
	progress *progress
	skipped  int64
}

// run imports files one after the other, up to the first that fails, and tells
// what became of their entries.
func (i *importing) run(files []string) error {
	err := i.files(files)
	if last := i.to.Close(); err == nil {
		err = last
	}
	i.progress.done()
	res := i.to.Result()
	res.Skipped += i.skipped
	if err == nil || res.Recorded+res.Duplicates+res.Skipped > 0 {
		err = errors.Join(err, summarize(i.app.stdout, res))
	}
	return err
}

func (i *importing) files(files []string) error {
	for _, name := range files {
		if err := i.file(name); err != nil {
			return err
		}
	}
	return nil
}

func (i *importing) file(name string) error {
	var r io.Reader = i.app.stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		r = f
	}
	skipped, err := i.read(r, func(e audit.Entry) error {
		res := i.to.Result()
		i.progress.show("%s: %d recorded, %d there already", name, res.Recorded, res.Duplicates)
		return i.to.Write(e)
	})
	i.skipped += skipped
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
