package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"
)

// config is what the command line asks for.
type config struct {
	n           int           // entries
	singles     int           // of them, further ones recorded one by one
	runs        int           // of which the median counts
	seed        uint64        // of the entries
	only        string        // steps, all when empty
	logs        string        // to compare
	requests    int           // a listing
	within      time.Duration // at most for a listing
	idleFor     time.Duration // how long idleness is watched
	undisturbed time.Duration // how long writers are watched before a purge
	base        string        // folder for the data
	binary      string        // of this log; built when empty
	json        string        // file for the figures
	docs        string        // file for the tables
	profile     string        // folder for profiles of this log's steps
	profileFor  time.Duration // how long each step is profiled
	end         time.Time     // of the entries
	out, err    io.Writer
}

func (c *config) flags(fs *flag.FlagSet) {
	fs.IntVar(&c.n, "n", 1_000_000, "how many `entries`")
	fs.IntVar(&c.singles, "singles", 0, "how many `entries` are recorded one by one; a twentieth of n when 0")
	fs.IntVar(&c.runs, "runs", 3, "how many `times`; medians count")
	fs.Uint64Var(&c.seed, "seed", 1, "`number` that the entries are made from")
	fs.StringVar(&c.only, "only", "", "`steps` to do besides loading: "+strings.Join(optional(), ","))
	fs.StringVar(&c.logs, "logs", "auditlog,sqlite,postgres,auditlog-postgres,postgres-standby", "the `logs` to compare")
	fs.IntVar(&c.requests, "requests", 2000, "`calls` a listing")
	fs.DurationVar(&c.within, "within", 10*time.Second, "a listing's `time`, if it does not get that many calls done")
	fs.DurationVar(&c.idleFor, "idle", 10*time.Second, "how long a log that nobody calls is watched")
	fs.DurationVar(&c.undisturbed, "undisturbed", 5*time.Second, "how long writers are watched before the purge")
	fs.StringVar(&c.base, "dir", "", "`folder` for the data; a temporary one when empty")
	fs.StringVar(&c.binary, "binary", "", "`file` to run as this log; built when empty")
	fs.StringVar(&c.json, "json", "", "write the figures of every run to this `file`")
	fs.StringVar(&c.profile, "profile", "", "write processor profiles of each step, this log's and the client's, to this `folder`")
	fs.DurationVar(&c.profileFor, "profile-for", 10*time.Second, "how long each step is profiled; figures are of no use meanwhile")
	fs.StringVar(&c.docs, "docs", "", "put the tables between the markers of this `file`")
}

// optional returns the names of the steps that can be left out.
func optional() []string {
	names := []string{"durable"}
	for _, s := range steps() {
		if !s.always {
			names = append(names, s.name)
		}
	}
	return names
}

func (c *config) check() error {
	if c.n < batch || c.runs < 1 {
		return fmt.Errorf("-n must be at least %d, and -runs at least 1", batch)
	}
	for _, name := range c.list(c.only) {
		if !slices.Contains(optional(), name) {
			return fmt.Errorf("-only: there is no step %q; there are %s", name, strings.Join(optional(), ", "))
		}
	}
	if c.singles == 0 {
		c.singles = c.n / 20
	}
	return nil
}

func (c *config) list(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}

// wants tells whether a step is to be done.
func (c *config) wants(step string) bool {
	return c.only == "" || slices.Contains(c.list(c.only), step)
}

// say tells how far the benchmark is.
func (c *config) say(format string, args ...any) { fmt.Fprintf(c.err, format+"\n", args...) }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A client with next to nothing in memory would spend its time collecting garbage.
	debug.SetGCPercent(1000)
	cfg := config{out: os.Stdout, err: os.Stderr, end: time.Now()}
	cfg.flags(flag.CommandLine)
	flag.Parse()
	if err := run(ctx, cfg, commandOf(flag.CommandLine)); err != nil {
		fmt.Fprintln(os.Stderr, "bench: error:", err)
		os.Exit(1)
	}
}

// commandOf returns how to do a run again that was done with these flags. Where
// the files were is nobody else's concern.
func commandOf(fs *flag.FlagSet) string {
	var args []string
	fs.Visit(func(f *flag.Flag) {
		switch f.Name {
		case "docs", "json", "dir", "binary", "profile", "profile-for":
		default:
			args = append(args, "-"+f.Name, f.Value.String())
		}
	})
	if len(args) == 0 {
		return "make bench"
	}
	return "make bench ARGS='" + strings.Join(args, " ") + "'"
}

// run measures and writes the report.
func run(ctx context.Context, cfg config, command string) error {
	if err := cfg.check(); err != nil {
		return err
	}
	r := &report{Began: cfg.end, Entries: cfg.n, Command: command}
	// What is measured is kept after every run: the next one may be interrupted.
	err := measure(ctx, cfg, r, func() error {
		return errors.Join(r.writeJSON(cfg.json), r.writeDocs(cfg.docs))
	})
	if err != nil {
		return err
	}
	r.write(cfg.out)
	return nil
}

func (r *report) writeJSON(path string) error {
	if path == "" {
		return nil
	}
	b, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return fmt.Errorf("write figures: %w", err)
	}
	return os.WriteFile(path, append(b, '\n'), 0o644)
}
