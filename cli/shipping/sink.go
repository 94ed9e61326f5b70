package shipping

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"auditlog/cli/command"
	"auditlog/cli/connection"
	"auditlog/cli/exit"
	"auditlog/cli/filters"
	"auditlog/cli/server"
	"auditlog/cli/settings"
	"auditlog/client"
	"auditlog/rpc"
	"auditlog/sink/kinds"
	"auditlog/sinks"
)

func (a *app) sink() *cobra.Command {
	return command.Parent("sink", "Ship entries from the server to a SIEM, a webhook, a file",
		a.sinkCreate(), a.sinkList(), a.sinkGet(), a.sinkUpdate(), a.sinkTest(), a.sinkPause(), a.sinkResume(), a.sinkReplay(),
		a.sinkDelete(), a.sinkKinds())
}

func (a *app) sinkCreate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "create NAME --to ADDRESS",
		Short: "Make a sink, to which the server ships entries from then on",
		Long: `Make a sink: a destination to which the server ships what is recorded, in commit
order, each entry at least once. With filters it ships only what they select, so that a
sink can be an alert. "auditlog sink kinds" lists the destinations that there are.

It takes a token of an admin of all projects. Secrets are read from files, sent once, and
never shown again.`,
		Example: `  auditlog sink create siem --all-projects --to https://siem.example.com/in --secret-file secret=hook.key
  auditlog sink create denied -p acme --outcome failure --to https://hooks.slack.com/services/… --format slack`,
		Args: cobra.ExactArgs(1),
	}
	var req rpc.SinkCreateRequest
	var t server.SinkSettings
	filters.AddProject(cmd, &t.Project)
	cmd.Flags().BoolVar(&t.AllProjects, "all-projects", false, "those of all projects, and the log's own, whatever AUDITLOG_PROJECT says")
	t.AddTerms(cmd)
	t.Flags(cmd.Flags(), &req, "setting", "secret-file")
	return connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, args []string) error {
		req.Name = args[0]
		switch {
		case t.AllProjects && cmd.Flags().Changed("project"):
			return exit.Usagef("--project and --all-projects contradict each other")
		case !t.AllProjects && t.Project == "":
			return exit.Usagef("--project or --all-projects: is required")
		case req.To == "":
			return exit.Usagef("--to: is required")
		}
		if !t.AllProjects {
			req.Project = t.Project
		}
		req.Filters = rpc.SinkFilters{Terms: t.Is, Q: t.Text}
		if err := t.Fill(&req, time.Now(), time.Local); err != nil {
			return filters.FlagPath(err)
		}
		s, err := c.CreateSink(cmd.Context(), req)
		if err != nil {
			return err
		}
		fmt.Fprintf(a.Stderr, "auditlog: made %s, which ships %s to %s; \"auditlog sink test %s\" tries it\n", s.Name, shipped(&s), s.To, s.Name)
		return nil
	})
}

// shipped says in words what a sink ships.
func shipped(s *rpc.Sink) string {
	if s.Project == "" {
		return "all projects"
	}
	return s.Project
}

func (a *app) sinkList() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List the sinks, and how far each has come", Args: cobra.NoArgs}
	var output string
	command.AddOutput(cmd, &output, "table", "json")
	return connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, _ []string) error {
		list, err := c.Sinks(cmd.Context())
		if err != nil {
			return err
		}
		rows := make([][]string, len(list))
		for i := range list {
			s := &list[i]
			rows[i] = []string{
				s.Name, s.State, strconv.FormatInt(s.Behind, 10), lag(s), strconv.FormatInt(s.Delivered, 10), strconv.FormatInt(s.Refused, 10),
				strconv.FormatInt(s.Retries, 10), shipped(s), s.To,
			}
		}
		return a.WriteItems(output, list, []string{"NAME", "STATE", "BEHIND", "LAG", "DELIVERED", "REFUSED", "RETRIES", "SHIPS", "TO"}, rows)
	})
}

// lag returns how old the first entry is that a sink has not shipped.
func lag(s *rpc.Sink) string {
	return time.Duration(s.LagSeconds * float64(time.Second)).Round(time.Second).String()
}

func (a *app) sinkGet() *cobra.Command {
	cmd := &cobra.Command{Use: "get NAME", Short: "Show a sink, and what its destination refused", Args: cobra.ExactArgs(1)}
	req := rpc.SinkGetRequest{}
	cmd.Flags().IntVar(&req.Letters, "refused", 10, "how many of the entries to show that were refused for good")
	cmd.Flags().Int64Var(&req.LettersAfter, "after", 0, "those behind the entry with this `id`")
	var output string
	command.AddOutput(cmd, &output, "text", "json")
	return connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, args []string) error {
		req.Name = args[0]
		res, err := c.Sink(cmd.Context(), req)
		if err != nil {
			return err
		}
		switch output {
		case "json":
			return json.NewEncoder(a.Out(output)).Encode(res)
		case "text":
			_, err := fmt.Fprint(a.Stdout, sinkText(&res))
			return err
		}
		return exit.Usagef("--output: must be text or json")
	})
}

// sinkText tells of a sink, a line for each thing.
func sinkText(s *rpc.SinkGetResult) string {
	var b strings.Builder
	line := func(title, format string, args ...any) {
		fmt.Fprintf(&b, "%-11s %s\n", title, fmt.Sprintf(format, args...))
	}
	line("name", "%s", s.Name)
	line("ships", "%s", shipped(&s.Sink))
	line("to", "%s", s.To)
	if s.Format != "" {
		line("format", "%s", s.Format)
	}
	state := s.State
	if s.Reason != "" {
		state += ": " + s.Reason
	}
	line("state", "%s", state)
	if !s.NextTry.IsZero() {
		line("failing", "since %s, next try %s", moment(s.FailingSince), moment(s.NextTry))
	}
	line("behind", "%d entries, %s", s.Behind, lag(&s.Sink))
	line("delivered", "%d", s.Delivered)
	line("refused", "%d, %d of them still", s.Refused, s.Letters)
	if s.Purged > 0 {
		line("purged", "%d before they were shipped", s.Purged)
	}
	line("retries", "%d", s.Retries)
	if s.LastError != "" {
		line("last error", "%s: %s", moment(s.LastErrorAt), s.LastError)
	}
	if s.SilenceSeconds > 0 {
		line("silence", "watched for: %s without an entry", time.Duration(s.SilenceSeconds*float64(time.Second)))
	}
	if s.Configured {
		line("from", "the server's configuration, which alone changes it")
	}
	for _, l := range s.Refusals {
		line("  entry", "%d, %s: %s", l.ID, moment(l.At), l.Reason)
	}
	return b.String()
}

// moment returns t in this machine's zone.
func moment(t time.Time) string { return t.In(time.Local).Format("2006-01-02 15:04:05") }

func (a *app) sinkUpdate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "update NAME",
		Short: "Change a sink, which goes on from where it is",
		Long: `Change what the flags say of a sink, and leave the rest. Filters take the place of all
those before; --no-filters takes them away. A setting without a value is taken away.`,
		Args: cobra.ExactArgs(1),
	}
	var given rpc.SinkCreateRequest
	var t server.SinkSettings
	fs := cmd.Flags()
	t.AddTerms(cmd)
	terms := settings.Names(fs)
	t.Flags(fs, &given, "setting", "secret-file")
	if err := fs.MarkHidden("from"); err != nil {
		panic(err) // the flag is not there: a mistake in this program
	}
	none := fs.Bool("no-filters", false, "ship everything")
	return connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, args []string) error {
		if t.From != "" {
			return exit.Usagef("--from: is for auditlog sink replay")
		}
		given.Filters = rpc.SinkFilters{Terms: t.Is, Q: t.Text}
		if err := t.Fill(&given, time.Now(), time.Local); err != nil {
			return filters.FlagPath(err)
		}
		req := rpc.SinkUpdateRequest{Name: args[0], Settings: given.Settings, Secrets: given.Secrets}
		for _, name := range terms {
			if fs.Changed(name) || *none {
				req.Filters = &given.Filters
			}
		}
		for name, set := range map[string]func(){
			"to": func() { req.To = &given.To }, "format": func() { req.Format = &given.Format }, "batch": func() { req.Batch = &given.Batch },
			"wait": func() { req.WaitSeconds = &given.WaitSeconds }, "silence": func() { req.SilenceSeconds = &given.SilenceSeconds },
		} {
			if fs.Changed(name) {
				set()
			}
		}
		s, err := c.UpdateSink(cmd.Context(), req)
		if err != nil {
			return err
		}
		fmt.Fprintf(a.Stderr, "auditlog: changed %s\n", s.Name)
		return nil
	})
}

func (a *app) sinkTest() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "test NAME",
		Short: "Record an entry, send it to a sink, and say whether that took it",
		Args:  cobra.ExactArgs(1),
	}
	return connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, args []string) error {
		res, err := c.TestSink(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		if !res.Delivered {
			return fmt.Errorf("sink %s did not take entry %d: %s", args[0], res.EntryID, res.Error)
		}
		fmt.Fprintf(a.Stderr, "auditlog: %s took entry %d\n", args[0], res.EntryID)
		return nil
	})
}

func (a *app) sinkPause() *cobra.Command {
	cmd := &cobra.Command{Use: "pause NAME", Short: "Ship nothing to a sink until it is resumed", Args: cobra.ExactArgs(1)}
	return connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, args []string) error {
		s, err := c.PauseSink(cmd.Context(), args[0])
		return a.toldOf(&s, "paused", err)
	})
}

func (a *app) sinkResume() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "resume NAME",
		Short: "Go on with a sink that is paused or has stopped by itself, and try what fails at once",
		Args:  cobra.ExactArgs(1),
	}
	return connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, args []string) error {
		s, err := c.ResumeSink(cmd.Context(), args[0])
		return a.toldOf(&s, "resumed", err)
	})
}

// toldOf says what was done with a sink, unless that failed.
func (a *app) toldOf(s *rpc.Sink, done string, err error) error {
	if err == nil {
		fmt.Fprintf(a.Stderr, "auditlog: %s %s, which is %d entries behind\n", done, s.Name, s.Behind)
	}
	return err
}

func (a *app) sinkReplay() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "replay NAME --from WHERE",
		Short:   "Ship again from an entry or a time on, or what was refused",
		Example: `  auditlog sink replay siem --from 2026-05-01` + "\n" + `  auditlog sink replay siem --from refused`,
		Args:    cobra.ExactArgs(1),
	}
	from := cmd.Flags().String("from", "", "first, seq:N, id:N, refused, or a `time` at which the first entry was recorded")
	return connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, args []string) error {
		req := rpc.SinkReplayRequest{Name: args[0]}
		if *from == "" || *from == "now" {
			return exit.Usagef("--from: must be first, seq:N, id:N, refused or a time")
		}
		var err error
		if req.From, err = sinks.ParseFrom(*from, time.Now(), time.Local); err != nil {
			return filters.FlagPath(err)
		}
		s, err := c.ReplaySink(cmd.Context(), req)
		return a.toldOf(&s, "replays", err)
	})
}

func (a *app) sinkDelete() *cobra.Command {
	cmd := &cobra.Command{Use: "delete NAME", Short: "End a sink, with what it has not shipped", Args: cobra.ExactArgs(1)}
	return connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, args []string) error {
		s, err := c.DeleteSink(cmd.Context(), args[0])
		return a.toldOf(&s, "deleted", err)
	})
}

func (a *app) sinkKinds() *cobra.Command {
	cmd := &cobra.Command{Use: "kinds [NAME]", Short: "List the destinations that there are, or what can be said of one", Args: cobra.MaximumNArgs(1)}
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		for _, k := range kinds.All() {
			switch {
			case len(args) == 0:
				fmt.Fprintf(a.Stdout, "%-8s %s, as in --to %s\n", k.Name, k.Title, k.Example)
			case k.Name == args[0]:
				_, err := fmt.Fprint(a.Stdout, server.KindText(&k))
				return err
			}
		}
		if len(args) > 0 {
			return exit.Usagef("there is no destination %s: \"auditlog sink kinds\" lists them", args[0])
		}
		return nil
	}
	return cmd
}
