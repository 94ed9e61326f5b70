package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"auditlog/audit"
	"auditlog/cli/build"
	"auditlog/cli/exit"
	"auditlog/cli/filters"
	"auditlog/cli/output"
	"auditlog/cli/settings"
	"auditlog/rpc"
	"auditlog/shipping"
	"auditlog/shipping/secrets"
	"auditlog/sink"
	"auditlog/sink/kinds"
	"auditlog/sinks"
)

// sinkFolder is where files of sinks lie that the API makes, in the data folder.
const sinkFolder = "sinks"

// sinkTable is [[sink]].
func (c *Config) sinkTable() settings.Table {
	return settings.Table{Name: "sink", Many: true, Begin: func(fs *pflag.FlagSet) func() error {
		req := &rpc.SinkCreateRequest{}
		var t SinkSettings
		fs.StringVar(&req.Name, "name", "", "")
		fs.StringVar(&req.Project, "project", "", "")
		fs.BoolVar(&t.AllProjects, "all-projects", false, "")
		t.Flags(fs, req, "settings", "secret-files")
		fs.Var(&t.Secrets, "secrets", "")
		fs.StringSliceVar(&t.Not, "not", nil, "")
		fs.StringVar(&req.Filters.Q, "q", "", "")
		for _, field := range filters.Asked() {
			fs.StringSliceVar((*[]string)(req.Filters.Of(field.Name)), field.Flag(), nil, "")
		}
		return func() error { return c.takeSink(req, &t) }
	}}
}

// takeSink adds a sink of the file to c.
func (c *Config) takeSink(req *rpc.SinkCreateRequest, t *SinkSettings) error {
	if req.Project == "" && !t.AllProjects {
		return settings.Errorf("project", "is required, or all-projects = true")
	}
	if req.Project != "" && t.AllProjects {
		return settings.Errorf("all-projects", "and a project contradict each other")
	}
	if err := t.Fill(req, time.Now(), time.Local); err != nil {
		return asSinkSetting(err)
	}
	made, err := sinks.Configured(req)
	if err == nil {
		var d sink.Destination
		if d, err = kinds.Open(sink.Config{To: req.To, Format: req.Format, Settings: req.Settings, Secrets: req.Secrets}, c.sinkEnvironment(true)); err == nil {
			err = d.Close()
		}
	}
	if err != nil {
		return asSinkSetting(err)
	}
	for _, other := range c.Sinks {
		if other.Name == made.Name {
			return settings.Errorf("name", "%q is that of another sink", made.Name)
		}
	}
	c.Sinks = append(c.Sinks, made)
	return nil
}

// asSinkSetting returns an error about a sink as one about a setting of its table.
func asSinkSetting(err error) error {
	var f *audit.Fault
	if !errors.As(err, &f) {
		return err
	}
	name, field, _ := strings.Cut(f.Path, ".")
	message := f.Message
	switch name {
	case "filters":
		name, _, _ = strings.Cut(field, ".")
	case "settings", "secrets":
		message = field + ": " + message
	case "waitSeconds", "silenceSeconds":
		name = strings.TrimSuffix(name, "Seconds")
	case "":
		name = "to"
	}
	return settings.Errorf(name, "%s", message)
}

// sinkEnvironment returns what destinations may have: those of the configuration, whoever has
// this machine has made; those of the API, whoever has an admin's token.
func (c *Config) sinkEnvironment(configured bool) sink.Environment {
	folder, err := filepath.Abs(filepath.Join(c.Data, sinkFolder))
	if err != nil {
		folder = filepath.Join(c.Data, sinkFolder) // there is no working folder
	}
	env := sink.Environment{AllowLocal: c.AllowLocalSinks, Version: build.Version()}
	env.Host, _ = os.Hostname() // else the usual one
	if configured {
		env.Stdout = os.Stdout
	} else {
		env.Folder = folder
	}
	return env
}

// SinkSettings are the settings of a sink as flags and tables have them.
type SinkSettings struct {
	filters.Filters
	Settings, Secrets, SecretFiles settings.Pairs
	Wait, Silence                  time.Duration
	From                           string
}

// Flags adds those that flags and tables have in common. What there can be several of has one
// name here and another there.
func (t *SinkSettings) Flags(fs *pflag.FlagSet, req *rpc.SinkCreateRequest, settingsName, secretFiles string) {
	fs.StringVar(&req.To, "to", "", "where to: an `address`, whose scheme tells the kind of destination")
	fs.StringVar(&req.Format, "format", "", "how an entry is written: a `name`, such as json, ocsf, ecs, cef; the destination's usual one unless given")
	fs.Var(&t.Settings, settingsName, "a setting of the destination, as `name=value`; may be repeated")
	fs.Var(&t.SecretFiles, secretFiles, "a secret of the destination, as `name=file` that holds it; may be repeated")
	fs.IntVar(&req.Batch, "batch", 0, "how many `entries` are delivered at once at most; 1000 unless given")
	fs.Var((*settings.Span)(&t.Wait), "wait", "for how long entries are collected for one delivery")
	fs.Var((*settings.Span)(&t.Silence), "silence", "after how long without an entry the destination is told so; 0s is never")
	fs.StringVar(&t.From, "from", "", "where it begins: now, first, seq:N, id:N or a `time`")
}

// Fill fills a request with what the flags say. It returns Faults with the names of settings.
func (t *SinkSettings) Fill(req *rpc.SinkCreateRequest, now time.Time, loc *time.Location) (err error) {
	if req.Filters.Not, err = t.Excluded(); err != nil {
		return &audit.Fault{Kind: audit.Invalid, Path: "not", Message: strings.TrimPrefix(err.Error(), "--not: ")}
	}
	req.Settings = t.Settings
	if req.Secrets, err = t.SecretFiles.Read(); err != nil {
		return audit.FieldErrorf("secret-files", "%s", output.Cause(err))
	}
	for name, value := range t.Secrets {
		if _, ok := req.Secrets[name]; !ok {
			req.Secrets[name] = value
		}
	}
	req.WaitSeconds, req.SilenceSeconds = t.Wait.Seconds(), t.Silence.Seconds()
	req.From, err = sinks.ParseFrom(t.From, now, loc)
	return err
}

// openSinks opens what ships.
func (s *server) openSinks(ctx context.Context) (err error) {
	opts := shipping.Options{
		Configured: s.cfg.Sinks, Memory: s.budget.Sinks, Log: s.log,
		Open: s.openSink,
	}
	if s.store.Shared() {
		opts.Duty = s.store
	}
	if s.cfg.SinkKey != "" {
		warnOfReaders(s.cfg.SinkKey, s.log)
		if opts.Keys, err = secrets.Load(s.cfg.SinkKey); err != nil {
			return exit.Usage(err)
		}
	}
	if s.shipping, err = shipping.Open(ctx, s.store, opts); audit.KindOf(err) == audit.Invalid {
		return exit.Usage(err) // a sink of the configuration
	}
	return err
}

// openSink opens the destination of a sink. The folder for files of those that the API makes is
// made with the first of them.
func (s *server) openSink(c sink.Config, configured bool) (sink.Destination, error) {
	env := s.cfg.sinkEnvironment(configured)
	env.Scratch = &s.scratch
	d, err := kinds.Open(c, env)
	if err == nil && env.Folder != "" && strings.HasPrefix(c.To, "file:") {
		if err := os.MkdirAll(env.Folder, 0o700); err != nil {
			return nil, fmt.Errorf("make the folder for files of sinks: %w", err)
		}
	}
	return d, err
}

// KindText tells what can be said of a kind of destinations.
func KindText(k *sink.Kind) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n\n  --to %s\n  --format %s\n", k.Name, k.Title, k.Example, strings.Join(k.Formats, ", "))
	for _, s := range k.Settings {
		flag, more := "setting", ""
		if s.Secret {
			flag = "secret-file"
		}
		switch {
		case s.Required:
			more = " Required."
		case s.Default != "":
			more = " Default " + s.Default + "."
		}
		fmt.Fprintf(&b, "  --%s %s=…\n      %s%s\n", flag, s.Name, s.Usage, more)
	}
	return b.String()
}
