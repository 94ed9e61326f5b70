// Package kinds has the table of the destinations that there are, and opens them: a new one
// is a package of its own and a line here. Shippers call it, and whoever checks what a user
// says of a destination before keeping it.
package kinds

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"auditlog/audit"
	"auditlog/format"
	"auditlog/sink"
	"auditlog/sink/bucket"
	"auditlog/sink/elastic"
	"auditlog/sink/file"
	"auditlog/sink/loki"
	"auditlog/sink/otlp"
	"auditlog/sink/splunk"
	"auditlog/sink/stream"
	"auditlog/sink/syslog"
	"auditlog/sink/webhook"
)

// All returns every kind in the order in which they are shown.
func All() []sink.Kind {
	return []sink.Kind{
		webhook.Kind(),
		syslog.Kind(),
		splunk.Kind(),
		elastic.Kind(),
		loki.Kind(),
		otlp.Kind(),
		bucket.Kind(),
		file.Kind(),
		stream.Kind(),
	}
}

// kindOf returns the kind that an address is of. It returns an Invalid Fault with the path "to".
func kindOf(to string) (sink.Kind, error) {
	scheme, _, _ := strings.Cut(to, ":")
	scheme = audit.Fold(scheme)
	var known []string
	for _, k := range All() {
		if slices.Contains(k.Schemes, scheme) {
			return k, nil
		}
		known = append(known, k.Schemes...)
	}
	return sink.Kind{}, audit.FieldErrorf("to", "must begin with one of %s", strings.Join(known, ", "))
}

// Open returns the destination that c describes, which has connected to nothing yet. It
// returns Invalid Faults with the paths "to", "format", "settings.NAME" and "secrets.NAME".
func Open(c sink.Config, env sink.Environment) (sink.Destination, error) {
	kind, err := kindOf(c.To)
	if err != nil {
		return nil, err
	}
	o, err := options(&kind, c, env)
	if err != nil {
		return nil, err
	}
	return kind.Open(o)
}

// options checks c and fills in what it leaves out.
func options(kind *sink.Kind, c sink.Config, env sink.Environment) (*sink.Options, error) {
	u, err := address(c.To)
	if err != nil {
		return nil, err
	}
	o := &sink.Options{URL: u, Format: audit.Fold(c.Format), Environment: env}
	if o.Format == "" {
		o.Format = kind.Formats[0]
	}
	if !slices.Contains(kind.Formats, o.Format) {
		return nil, audit.FieldErrorf("format", "must be one of %s for %s", strings.Join(kind.Formats, ", "), kind.Name)
	}
	if i := slices.IndexFunc(format.All(), func(f *format.Format) bool { return f.Name == o.Format }); i >= 0 {
		o.Line = format.All()[i]
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Host == "" {
		o.Host = "auditlog"
	}
	if o.Scratch == nil {
		o.Scratch = new(sink.Scratch)
	}
	if o.Settings, err = values(kind, "settings", c.Settings, false); err != nil {
		return nil, err
	}
	o.Secrets, err = values(kind, "secrets", c.Secrets, true)
	return o, err
}

// address parses what an entry is sent to, without the name of the kind.
func address(to string) (*url.URL, error) {
	if kind, rest, ok := strings.Cut(to, "+"); ok && !strings.Contains(kind, ":") {
		to = rest
	}
	u, err := url.Parse(to)
	if err != nil {
		// The error of url.Parse repeats the address, which may hold a password.
		return nil, audit.FieldErrorf("to", "is no address")
	}
	if u.User != nil {
		return nil, audit.FieldErrorf("to", "must not hold a password: there are secrets for that")
	}
	return u, nil
}

// values checks those that are secret, or those that are not, and adds what is usual.
func values(kind *sink.Kind, path string, given map[string]string, secret bool) (map[string]string, error) {
	all := make(map[string]string)
	var names []string
	for _, s := range kind.Settings {
		if s.Secret != secret {
			continue
		}
		names = append(names, s.Name)
		v := given[s.Name]
		switch {
		case v == "" && s.Required:
			return nil, audit.FieldErrorf(path+"."+s.Name, "is required: %s", s.Usage)
		case v == "":
			v = s.Default
		case len(s.Choices) > 0 && !slices.Contains(s.Choices, v):
			return nil, audit.FieldErrorf(path+"."+s.Name, "must be one of %s", strings.Join(s.Choices, ", "))
		}
		all[s.Name] = v
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if _, ok := all[name]; !ok {
			return nil, audit.FieldErrorf(path+"."+name, "is not known of %s, which has %s", kind.Name, list(names))
		}
	}
	return all, nil
}

func list(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
