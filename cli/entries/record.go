package entries

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"auditlog/audit"
	"auditlog/calendar"
	"auditlog/cli/connection"
	"auditlog/cli/exit"
	"auditlog/cli/filters"
	"auditlog/client"
	"auditlog/rpc"
)

func (a *app) record() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "record [-]",
		Short: "Record an entry, or a stream of them",
		Long: `Record the entry that the flags describe, and print its id once it is on disk.

With - as argument, record the entries on standard input instead, one JSON object
a line, and print how many there were. An entry with a key is recorded once,
however often it is sent; one that differs from the entry that has its key is not
recorded, is named on standard error, and the exit code is 3.`,
		Example: `  auditlog record -p acme --actor ada@example.com --action deployment.deploy \
    --resource-type Deployment --resource-name web --outcome success
  auditlog record - < entries.ndjson`,
		Args: cobra.MatchAll(cobra.MaximumNArgs(1), onlyDash),
	}
	f := addEntry(cmd)
	return connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, args []string) error {
		if len(args) == 1 {
			return a.recordStream(cmd, c)
		}
		e, err := f.parse(time.Now(), time.Local)
		if err != nil {
			return err
		}
		return a.recordEntry(cmd, c, e)
	})
}

func onlyDash(_ *cobra.Command, args []string) error {
	if len(args) == 1 && args[0] != "-" {
		return fmt.Errorf("%q: an entry is given by flags, or as - on standard input", args[0])
	}
	return nil
}

// recordEntry records e and prints its id, which for an entry with a key that
// the log had is the first one's.
func (a *app) recordEntry(cmd *cobra.Command, c *client.Client, e audit.Entry) error {
	res, err := c.Record(cmd.Context(), e)
	if err != nil {
		return filters.FlagPath(err)
	}
	if len(res.Entries) != 1 {
		return errors.New("the server does not say what became of the entry")
	}
	switch r := res.Entries[0]; {
	case r.Skipped:
		fmt.Fprintf(a.Stderr, "auditlog: not recorded: %s is a read-only action\n", e.Action)
		return nil
	case r.Conflict:
		return filters.FlagPath(audit.ErrKeyTaken(r.ID))
	case r.Duplicate:
		fmt.Fprintln(a.Stderr, "auditlog: an entry with this key was there already")
	}
	_, err = fmt.Fprintln(a.Stdout, res.Entries[0].ID)
	return err
}

func (a *app) recordStream(cmd *cobra.Command, c *client.Client) error {
	if cmd.Flags().Changed("action") {
		return exit.Usagef("the entries on standard input are complete: no flags with -")
	}
	res, err := c.RecordNDJSON(cmd.Context(), bufio.NewReader(a.Stdin))
	if err == nil || res.Recorded+res.Duplicates+res.Conflicts+res.Skipped > 0 {
		err = errors.Join(err, summarize(a.Stdout, res))
	}
	if err != nil || res.Conflicts == 0 {
		return err
	}
	for _, c := range res.ConflictLines {
		fmt.Fprintf(a.Stderr, "auditlog: line %d: %v\n", c.Line, audit.ErrKeyTaken(c.ID))
	}
	if res.Conflicts == 1 {
		return audit.Errorf(audit.Conflict, "1 entry was not recorded: another has its key")
	}
	return audit.Errorf(audit.Conflict, "%d entries were not recorded: others have their keys", res.Conflicts)
}

// summarize writes what became of many entries.
func summarize(w io.Writer, res rpc.RecordResult) error {
	differ := ""
	if res.Conflicts > 0 {
		differ = fmt.Sprintf(", %d there already, but different", res.Conflicts)
	}
	_, err := fmt.Fprintf(w, "%d recorded, %d there already%s, %d read-only and skipped\n", res.Recorded, res.Duplicates, differ, res.Skipped)
	return err
}

// entryFlags is the flags of what an entry says.
type entryFlags struct {
	entry    audit.Entry
	at       string
	changes  []string
	metadata []string
}

func addEntry(cmd *cobra.Command) *entryFlags {
	f := &entryFlags{}
	e, fs := &f.entry, cmd.Flags()
	filters.AddProject(cmd, &e.Project)
	e.Actor.Type, e.Channel = audit.User, audit.ChannelCLI
	for _, field := range audit.Fields() {
		if field.Path != "project" && !field.Given {
			fs.StringVar(field.Of(e), field.Flag(), *field.Of(e), field.Usage)
			if len(field.Values) > 0 || field.Asked == audit.Unasked { // of others the server knows
				filters.Complete(cmd, field.Flag(), field.Values...)
			}
		}
	}
	fs.StringArrayVar(&f.changes, "change", nil, "a `change`, as field=old..new or as JSON; may be repeated")
	fs.StringArrayVar(&f.metadata, "metadata", nil, "more to keep, as `name=value`; may be repeated")
	fs.StringVar(&f.at, "at", "", "the `time` when it happened, unless now: 2026-05-01T14:30:00Z, 2h ago as 2h")
	return f
}

// parseChange reads a change as field=old..new, or as JSON where that could be read in
// more than one way.
func parseChange(s string) (audit.Change, error) {
	var c audit.Change
	if strings.HasPrefix(s, "{") {
		dec := json.NewDecoder(strings.NewReader(s))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&c); err != nil || dec.More() {
			return c, exit.Usagef(`--change: %q must be like {"field":"path","old":"../a","new":"../b"}`, s)
		}
		return c, nil
	}
	field, values, hasField := strings.Cut(s, "=")
	old, changed, hasValues := strings.Cut(values, "..")
	if !hasField || !hasValues {
		return c, exit.Usagef("--change: %q must be field=old..new", s)
	}
	if strings.Contains(changed, "..") || strings.HasPrefix(changed, ".") {
		return c, exit.Usagef(`--change: in %q it is not clear which .. parts old and new: write {"field":%q,"old":"…","new":"…"}`, s, field)
	}
	return audit.Change{Field: field, Old: old, New: changed}, nil
}

// parse returns the checked entry. Times are read relative to now, in loc.
func (f *entryFlags) parse(now time.Time, loc *time.Location) (audit.Entry, error) {
	e := f.entry
	for _, s := range f.changes {
		change, err := parseChange(s)
		if err != nil {
			return e, err
		}
		e.Changes = append(e.Changes, change)
	}
	for _, s := range f.metadata {
		name, value, ok := strings.Cut(s, "=")
		if !ok {
			return e, exit.Usagef("--metadata: %q must be name=value", s)
		}
		if e.Metadata == nil {
			e.Metadata = make(map[string]string)
		}
		e.Metadata[name] = value
	}
	if f.at != "" {
		var err error
		if e.CreatedAt, err = calendar.ParseTime(f.at, now, loc); err != nil {
			return e, exit.Usagef("--at: %w", err)
		}
	}
	e.Normalize()
	return e, filters.FlagPath(e.Validate(now))
}
