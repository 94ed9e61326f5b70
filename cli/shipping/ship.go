package shipping

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"auditlog/audit"
	"auditlog/cli/build"
	"auditlog/cli/connection"
	"auditlog/cli/exit"
	"auditlog/cli/filters"
	"auditlog/cli/settings"
	"auditlog/cli/terminal"
	"auditlog/client"
	"auditlog/format"
	"auditlog/ship"
	"auditlog/sink"
	"auditlog/sink/kinds"
)

func (a *app) ship() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ship --state FILE --to ADDRESS",
		Short: "Deliver entries to a SIEM, a webhook or a file, from outside of the server",
		Long: `Deliver entries to a destination, in commit order and each at least once, and keep how
far that went in the state file: from there it goes on the next time. It runs until it is
interrupted, or with --once until all is delivered, for cron. Meanwhile the state file says
how far it is, and why it does not get on.

The destination may refuse entries for good. Their ids are in the file STATE.refused, and
--resend delivers them again. With --checkpoints the destination holds the log to what it was:
see "auditlog checkpoint". "auditlog sink kinds" lists the destinations that there are;
"auditlog sink create" has the server itself deliver.`,
		Example: `  auditlog ship -p acme --state acme.state --to file:///var/log/acme.ndjson --once
  auditlog ship --all-projects --state all.state --to splunk+https://splunk.example.com:8088 --secret-file token=hec.token
  auditlog ship -p acme --state acme.state --to stdout --format ecs | vector --config siem.toml`,
		Args: cobra.NoArgs,
	}
	f := filters.AddFields(cmd)
	s := &shipment{app: a}
	s.flags(cmd)
	return connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, _ []string) (err error) {
		o := ship.Options{Log: c, Once: s.once, AcceptRestore: s.acceptRestore, SkipDamaged: s.skipDamaged, Checkpoints: s.checkpoints, Batch: s.batch, Name: s.name, Progress: s.progress, Report: s.report}
		if o.Filters, err = f.Following(); err != nil {
			return err
		}
		if o.From, err = filters.ParseStart(s.from, time.Now(), time.Local); err != nil {
			return err
		}
		if err := s.open(&o); err != nil {
			return err
		}
		return errors.Join(s.run(cmd.Context(), &o), o.Destination.Close(), o.State.Close())
	})
}

// shipment is the flags of "auditlog ship", and what it tells meanwhile.
type shipment struct {
	*app
	state, to, from, format, name string
	settings, secretFiles         settings.Pairs
	batch                         int
	once, resend, acceptRestore   bool
	skipDamaged, checkpoints      bool

	told    time.Time // when progress was told last
	refused int64     // entries, of which was told
}

func (s *shipment) flags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&s.state, "state", "", "keep how far it is in this `file`")
	fs.StringVar(&s.to, "to", "", "where to: an `address`, whose scheme tells the kind of destination; stdout: is standard output")
	fs.StringVar(&s.format, "format", "", "how an entry is written: a `name`, "+strings.Join(format.Names(), ", ")+"; the destination's usual one unless given")
	fs.Var(&s.settings, "setting", "a setting of the destination, as `name=value`; may be repeated")
	fs.Var(&s.secretFiles, "secret-file", "a secret of the destination, as `name=file` that holds it; may be repeated")
	fs.StringVar(&s.from, "from", "", "where a new state begins: with what was recorded from this `time` on, with the entry of this number, or now; else with the first")
	fs.IntVar(&s.batch, "batch", audit.MaxLimit, "how many `entries` are delivered at once at most")
	fs.StringVar(&s.name, "name", "ship", "the `name` by which the destination knows who ships")
	fs.BoolVar(&s.once, "once", false, "end when all is delivered, or cannot be for a while")
	fs.BoolVar(&s.resend, "resend", false, "first deliver once more what was refused for good")
	fs.BoolVar(&s.acceptRestore, "accept-restore", false, "go on if the log was restored from a backup, with what is new since then, instead of ending")
	fs.BoolVar(&s.skipDamaged, "skip-damaged", false, "go on behind entries that cannot be read because the log is damaged, instead of trying until it is repaired")
	fs.BoolVar(&s.checkpoints, "checkpoints", false, "deliver the log's newest checkpoint behind entries, as an entry log.checkpoint, as the server's sinks do")
	filters.Complete(cmd, "format", format.Names()...)
}

// open opens the destination and the state.
func (s *shipment) open(o *ship.Options) error {
	switch {
	case s.state == "":
		return exit.Usagef("--state: is required")
	case s.to == "":
		return exit.Usagef("--to: is required")
	case s.batch < 1 || s.batch > audit.MaxLimit:
		return exit.Usagef("--batch: must be from 1 to %d", audit.MaxLimit)
	}
	c := sink.Config{To: s.to, Format: s.format, Settings: s.settings}
	var err error
	if c.Secrets, err = s.secretFiles.Read(); err != nil {
		return exit.Usagef("--secret-file: %w", err)
	}
	env := sink.Environment{AllowLocal: true, Stdout: s.Out("json"), Version: build.Version()}
	if f, err := format.Parse(s.format); err == nil && f.Text {
		env.Stdout = s.Out("text")
	}
	env.Host, _ = os.Hostname() // else the usual one
	if o.Destination, err = kinds.Open(c, env); err != nil {
		return asShipFlag(err)
	}
	o.To = shownAddress(s.to)
	if o.State, err = ship.Open(s.state); err != nil {
		return errors.Join(err, o.Destination.Close())
	}
	s.refused = o.State.Refused
	return nil
}

// asShipFlag returns an error about a destination as one about a flag.
func asShipFlag(err error) error {
	var f *audit.Fault
	if !errors.As(err, &f) || f.Kind != audit.Invalid {
		return err
	}
	path, name, _ := strings.Cut(f.Path, ".")
	switch path {
	case "to", "format":
		return exit.Usagef("--%s: %s", path, f.Message)
	case "settings":
		return exit.Usagef("--setting: %s %s", name, f.Message)
	case "secrets":
		return exit.Usagef("--secret-file: %s %s", name, f.Message)
	}
	return exit.Usage(err)
}

// shownAddress returns what may be shown of an address: paths and what is behind them are secret
// with some.
func shownAddress(to string) string {
	u, err := url.Parse(to)
	if err != nil || u.Host == "" {
		return to
	}
	return u.Scheme + "://" + u.Host
}

// run ships.
func (s *shipment) run(ctx context.Context, o *ship.Options) error {
	if s.resend {
		sum, err := ship.Resend(ctx, *o)
		fmt.Fprintf(s.Stderr, "auditlog: of what had been refused %d entries are delivered, %d refused again, %d gone from the log\n",
			sum.Delivered, sum.Refused, sum.Gone)
		if err != nil {
			return err
		}
	}
	err := ship.Run(ctx, *o)
	if o.State.Begun() {
		fmt.Fprintf(s.Stderr, "auditlog: %s\n", howFar(&o.State.Kept))
	}
	var f *audit.Fault
	switch {
	case !errors.As(err, &f) || f.Path != "cursor":
		return filters.FlagPath(err)
	case f.Kind == audit.Conflict:
		return exit.Hinted(fmt.Errorf("state file %s: %w", s.state, err), "go on with what the log still has: --accept-restore")
	}
	return exit.Hinted(fmt.Errorf("state file %s: %w", s.state, err), "use a state file for each log, project, filter and token")
}

// howFar says how far a state is.
func howFar(k *ship.Kept) string {
	text := fmt.Sprintf("delivered %d entries, up to number %d of %d", k.Delivered, k.Through, k.Newest)
	for _, c := range []struct {
		n    int64
		what string
	}{{k.Skipped, "skipped"}, {k.Purged, "purged"}, {k.Missing, "damaged or lost"}, {k.Refused, "refused for good"}} {
		if c.n > 0 {
			text += fmt.Sprintf(", %d %s", c.n, c.what)
		}
	}
	return text
}

// progress tells a person how far it is, now and then, and everybody of what was refused.
func (s *shipment) progress(k *ship.Kept) {
	if k.Refused > s.refused {
		fmt.Fprintf(s.Stderr, "auditlog: %d entries were refused for good: see %s.refused\n", k.Refused-s.refused, s.state)
	}
	s.refused = k.Refused
	if _, ok := terminal.Width(s.Stderr); ok && time.Since(s.told) >= 10*time.Second {
		s.told = time.Now()
		fmt.Fprintf(s.Stderr, "auditlog: %s\n", howFar(k))
	}
}

// report tells of a failure that is tried again.
func (s *shipment) report(err error, pause time.Duration) {
	text := "auditlog: " + exit.OneLine(err.Error())
	if pause > 0 {
		text += fmt.Sprintf("; trying again in %s", max(pause.Round(time.Second), time.Second))
	}
	fmt.Fprintln(s.Stderr, text)
}
