package entries

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"auditlog/audit"
	"auditlog/cli/command"
	"auditlog/cli/connection"
	"auditlog/cli/exit"
	"auditlog/cli/filters"
	"auditlog/client"
	"auditlog/importer"
	"auditlog/importer/cloudtrail"
)

func (a *app) imports() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import --format FORMAT FILE...",
		Short: "Record what another system, or another log, has written",
		Long: `Record the entries in files, or in what standard input holds for -, plain or
compressed by gzip. Importing the same again records nothing twice, so what was
interrupted is simply started again. What differs from the entry that has its key
is counted, and is not recorded.

The formats are cloudtrail, events of AWS CloudTrail in whatever AWS wraps them
(the files of a trail, events one a line or in an array, what "aws cloudtrail
lookup-events" prints, messages of EventBridge, SNS, SQS and CloudWatch Logs), and
ndjson, what "auditlog export" writes, or any entries of yours, one JSON object a
line.

An event or a line that cannot be recorded is named on standard error with what is
wrong with it; the others are recorded, and the exit code is 1. With --strict the
first such one ends the import, before anything of its file is recorded; what only
the server can refuse, such as a time in the future, ends it at its batch.

Read-only calls are no audit events. --reads denied records those of CloudTrail
that were refused, --reads all records all of them.`,
		Example: `  auditlog import --format cloudtrail -p aws 2026/05/*.json.gz
  aws cloudtrail lookup-events | auditlog import --format cloudtrail -p aws -
  auditlog import --format ndjson backup.ndjson`,
		Args: cobra.MinimumNArgs(1),
	}
	var f importFlags
	filters.AddProject(cmd, &f.project)
	cmd.Flags().StringVar(&f.format, "format", "", "`cloudtrail` or ndjson")
	cmd.Flags().StringVar(&f.reads, "reads", "skip", "read-only calls of CloudTrail: `skip` them, or record the denied ones, or all")
	cmd.Flags().BoolVar(&f.strict, "strict", false, "record nothing of a file in which something cannot be recorded")
	filters.Complete(cmd, "format", "cloudtrail", "ndjson")
	filters.Complete(cmd, "reads", readChoices...)
	return connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, args []string) error {
		read, err := f.reader(cmd.Flags().Changed("reads"))
		if err != nil {
			return err
		}
		i := &importing{
			app: a, read: read, strict: f.strict, progress: a.Progress(false),
			to: batches{client: c, ctx: cmd.Context(), strict: f.strict},
		}
		return i.run(args)
	})
}

// readChoices are what can become of read-only calls.
var readChoices = []string{string(cloudtrail.SkipReads), string(cloudtrail.DeniedReads), string(cloudtrail.AllReads)}

// importFlags are the flags of import.
type importFlags struct {
	project, format, reads string
	strict                 bool
}

// A reader hands the entries of a stream to a sink.
type reader func(r io.Reader, sink importer.Sink) (importer.Passed, error)

// reader returns what reads the format that the flags name.
func (f *importFlags) reader(choseReads bool) (reader, error) {
	if f.project != "" || f.format == "cloudtrail" {
		if err := audit.ValidateProject(f.project); err != nil {
			return nil, filters.FlagPath(err)
		}
	}
	if !slices.Contains(readChoices, f.reads) {
		return nil, exit.Usagef("--reads: must be skip, denied or all")
	}
	switch f.format {
	case "cloudtrail":
		opts := cloudtrail.Options{Project: f.project, Reads: cloudtrail.Reads(f.reads)}
		return func(r io.Reader, sink importer.Sink) (importer.Passed, error) {
			return cloudtrail.Read(r, opts, sink)
		}, nil
	case "ndjson":
		if choseReads {
			return nil, exit.Usagef("--reads: is for --format cloudtrail: entries do not say whether they only read")
		}
		return func(r io.Reader, sink importer.Sink) (importer.Passed, error) {
			return importer.NDJSON(r, f.project, sink)
		}, nil
	}
	return nil, exit.Usagef("--format: must be cloudtrail or ndjson")
}

// importing is one run of import.
type importing struct {
	app      *app
	read     reader
	strict   bool
	to       batches
	progress *command.Progress
	passed   importer.Passed
	// failed counts the files that could not be read to their end.
	failed int
}

// run imports files one after the other, and tells what became of what is in them.
func (i *importing) run(files []string) error {
	i.to.refuse = i.refused
	err := i.files(files)
	i.progress.Done()
	if err == nil || i.to.begun() || i.passed.Reads > 0 || len(i.passed.Others) > 0 {
		err = errors.Join(err, summarizeImport(i.app.Stdout, &i.to, i.passed))
	}
	if err != nil {
		return err
	}
	return i.shortfall()
}

// shortfall says that not everything was recorded.
func (i *importing) shortfall() error {
	switch {
	case i.failed > 0 && i.to.refused > 0:
		return fmt.Errorf("%s could not be read, and %s could not be recorded: see above",
			count(i.failed, "file"), count(int(i.to.refused), "item"))
	case i.failed > 0:
		return fmt.Errorf("%s could not be read: see above", count(i.failed, "file"))
	case i.to.refused > 0:
		return fmt.Errorf("%s could not be recorded: see above", count(int(i.to.refused), "item"))
	}
	return nil
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// files imports files. What cannot be read does not stop the others, unless in strict
// imports; what the server cannot do does.
func (i *importing) files(files []string) error {
	for _, name := range files {
		err := i.file(name)
		var unread *unreadable
		switch {
		case errors.As(err, &unread) && !i.strict:
			i.failed++
			i.say("error: %v", err)
		case err != nil:
			return err
		}
	}
	return nil
}

// unreadable is an error of a file, not of one of its items, nor of the server.
type unreadable struct{ error }

func (u *unreadable) Unwrap() error { return u.error }

// file imports one file.
func (i *importing) file(name string) error {
	in, err := i.app.openInput(name, i.strict)
	if err != nil {
		return &unreadable{fmt.Errorf("%s: %w", name, err)}
	}
	defer in.Close()
	if i.strict {
		if err := i.inspect(name, in); err != nil {
			return err
		}
	}
	i.to.file = name
	passed, err := i.read(in, importer.Sink{
		Entry: func(at importer.Place, e audit.Entry) error {
			res := i.to.result
			i.progress.Show("%s: %d recorded, %d there already", name, res.Recorded, res.Duplicates)
			return i.to.write(at, e)
		},
		Refused: i.to.refusedHere,
	})
	i.passed.Add(passed)
	if last := i.to.flush(); last != nil {
		return last
	}
	return i.ofFile(name, err)
}

// inspect reads a file without recording anything, up to the first item that cannot be
// recorded.
func (i *importing) inspect(name string, in *input) error {
	_, err := i.read(in, importer.Sink{
		Entry:   func(importer.Place, audit.Entry) error { return nil },
		Refused: func(at importer.Place, err error) error { return &refusal{name, at, err} },
	})
	if err != nil {
		return i.ofFile(name, err)
	}
	return in.rewind()
}

// ofFile marks an error as one of a file, unless it is one of what is in it, or of
// the server.
func (i *importing) ofFile(name string, err error) error {
	var refused *refusal
	if err == nil || errors.As(err, &refused) || err == i.to.err {
		return err
	}
	return &unreadable{fmt.Errorf("%s: %w", name, err)}
}

// refused tells that an item could not be recorded.
func (i *importing) refused(r *refusal) { i.say("%v", r) }

// say writes a line to standard error, where there may be a progress.
func (i *importing) say(format string, args ...any) {
	i.progress.Done()
	fmt.Fprintln(i.app.Stderr, "auditlog: "+exit.OneLine(fmt.Sprintf(format, args...)))
}

// input is what is imported.
type input struct {
	*os.File
	r    io.Reader
	temp bool
}

func (in *input) Read(p []byte) (int, error) { return in.r.Read(p) }

// rewind begins the input anew. It must have been opened to be read again.
func (in *input) rewind() error {
	_, err := in.Seek(0, io.SeekStart)
	return err
}

// Close closes the input, and removes it if it is a copy.
func (in *input) Close() error {
	if in.File == nil {
		return nil
	}
	err := in.File.Close()
	if in.temp {
		err = errors.Join(err, os.Remove(in.Name()))
	}
	return err
}

// openInput opens a file, or standard input for -. What is to be read again and cannot
// be, such as a pipe, is copied to a temporary file.
func (a *app) openInput(name string, again bool) (*input, error) {
	in := &input{r: a.Stdin}
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, fileCause(err)
		}
		in.File, in.r = f, f
	}
	if !again {
		return in, nil
	}
	if in.File != nil {
		if info, err := in.Stat(); err == nil && info.Mode().IsRegular() {
			return in, nil
		}
	}
	defer in.Close()
	return spool(in.r)
}

// fileCause returns the cause of an error of opening a file, whose name is said anyway.
func fileCause(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// spool copies r to a temporary file.
func spool(r io.Reader) (*input, error) {
	f, err := os.CreateTemp("", "auditlog-import-")
	if err != nil {
		return nil, err
	}
	in := &input{File: f, r: f, temp: true}
	if _, err = io.Copy(f, r); err == nil {
		err = in.rewind()
	}
	if err != nil {
		return nil, errors.Join(err, in.Close())
	}
	return in, nil
}
