package server

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/pflag"

	"auditlog/api"
	"auditlog/audit"
	"auditlog/auth/address"
	"auditlog/auth/oidc"
	"auditlog/backup/duty"
	"auditlog/basepath"
	"auditlog/cli/settings"
	"auditlog/console"
	"auditlog/reading"
	"auditlog/retention"
	"auditlog/scrub"
	"auditlog/shipping"
	"auditlog/store"
)

// Config is everything that serve can be told. It comes from the flags that
// Flags names, from the environment and from a file, in this order; see Load.
type Config struct {
	// Dev serves without tokens, to this machine alone. Default false.
	Dev bool
	// Data is the folder of the database and the index. Default "data".
	Data string
	// Store is the address of the PostgreSQL database that has the log instead, for several
	// nodes: then Data holds what is this node's alone. Default "".
	Store string
	// AllowAsync takes a PostgreSQL database for good whose commits wait for no standby: what was
	// acknowledged may be lost with its machine. Default false.
	AllowAsync bool
	// Listen is the address to serve at, as host:port; port 0 is any free one.
	// Default 127.0.0.1:7070.
	Listen string
	// BasePath is the path of the host below which everything is, such as /audit. Default "",
	// the root.
	BasePath string
	// EmbedFrom are the origins whose pages may show what viewer links lead to in a frame. Default none.
	EmbedFrom []string
	// TLSCert and TLSKey are PEM files, both or neither. Default: no TLS.
	TLSCert, TLSKey string
	// LogLevel is the least level that is logged. Default "info".
	LogLevel string
	// LogFormat is "json" or "console". Default "", which is console on a
	// terminal and json elsewhere.
	LogFormat string
	// Drain is how long requests under way may take to end when the server stops.
	// Default 10 s.
	Drain time.Duration
	// DrainNotice is how long /readyz says that the server stops before it takes no more connections.
	// Default 0.
	DrainNotice time.Duration
	// Grace is how long a deleted project can be restored. Default 30 days; 0 is
	// not at all.
	Grace time.Duration
	// MetricsListen is an address for /metrics alone, as host:port, which then is nowhere
	// else. Default "", where it is answered beside everything else.
	MetricsListen string
	// MaxConnections is how many connections may be open at once. Default 0, which is
	// as many as the limit on open files has room for, up to 10,000.
	MaxConnections int
	// MaxConnectionsPerAddress is how many of them may be from one address, but for this
	// machine and trusted proxies. Default 1,000.
	MaxConnectionsPerAddress int
	// MaxTokenLife is how long a token lives at most that is made from now on. Default
	// 0, which is for ever.
	MaxTokenLife time.Duration
	// TrustedProxies are the addresses, or ranges of them, whose X-Forwarded-For
	// is believed. Default none.
	TrustedProxies []string
	// ReadOnlyActions are the actions that are no audit events and not recorded,
	// exact or with one * in front. Default *.list, *.get, *.metrics.
	ReadOnlyActions []string
	// Reads is what becomes of calls of ReadOnlyActions: "skip", or "denied" to record
	// those that were refused. Default "skip".
	Reads string
	// Scrub is how long it takes to read the whole log once, again and again, to find
	// damage. Default 7 days; 0 reads nothing by itself.
	Scrub time.Duration
	// SigningKey is a file with the key that signs checkpoints. Default "", which is a
	// systemd credential, else a file of the data folder.
	SigningKey string
	// CheckpointFile is a file, on another disk, with the newest checkpoint: a start on an
	// older state of the log is noticed by it. Default "", which is none.
	CheckpointFile string
	// CheckpointEvery is how long after something was recorded a checkpoint covers it at
	// most. Default a minute.
	CheckpointEvery time.Duration
	// Witnesses are asked to sign every checkpoint, those without a URL by hand. Only the file
	// has them. Default none.
	Witnesses []witnessSettings
	// RecordReads says who is recorded of those who read the log: "exports" alone,
	// "searches" as well, or "all" that list, count or get. Default "exports".
	RecordReads string
	// Projects is "open" when a project comes to be with its first entry, "closed" when
	// project.create alone makes one. Default "open".
	Projects string
	// ProjectAdminsDelete lets an admin of some projects delete them. Default false:
	// only admins of all projects delete.
	ProjectAdminsDelete bool
	// DeletionApproval has a second person approve each deletion of a project before
	// the grace period begins. Default false.
	DeletionApproval bool
	// Profile answers profiles of the process at /debug/pprof/, to admins on this
	// machine. Default false.
	Profile bool
	// OIDC is where people log in as themselves, and Grants say what they may. Only the
	// file has them. Default: nowhere.
	OIDC   *OIDC
	Grants []oidc.Rule
	// acceptRollback goes on with a log that has lost entries: see store.Options.AcceptLoss.
	acceptRollback bool
	// Limits bound what each project and each token may record. Only the file has them.
	// Default none.
	Limits []audit.Limit
	// Backup has the server take backups by itself. Only the file has it. Default: none.
	Backup *duty.Settings
	// Sinks are where the server ships entries to, beside those that the API makes. Only the
	// file has them. Default: none.
	Sinks []shipping.Configured
	// SinkKey is a file with the keys that seal the secrets of sinks in the database. Default
	// "", which leaves them in clear.
	SinkKey string
	// AllowLocalSinks lets sinks lead to loopback and link-local addresses. Default false.
	AllowLocalSinks bool
	// AdminToken is the token of an admin of all projects for as long as it is
	// set: a start with another one, or none, ends it. Only the environment has it,
	// as AUDITLOG_ADMIN_TOKEN. Default none.
	AdminToken string
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{
		Data:                     "data",
		Listen:                   "127.0.0.1:7070",
		LogLevel:                 "info",
		MaxConnectionsPerAddress: 1000,
		Drain:                    10 * time.Second,
		Grace:                    retention.DefaultGrace,
		Scrub:                    scrub.DefaultPeriod,
		ReadOnlyActions:          api.DefaultReadOnlyActions(),
		CheckpointEvery:          time.Minute,
		Reads:                    readsSkip,
		RecordReads:              string(reading.Exports),
		Projects:                 projectsOpen,
	}
}

// Flags adds a flag for every field that can be one. The names are those of the
// file and, with AUDITLOG_ in front, of the environment.
func (c *Config) Flags(fs *pflag.FlagSet) {
	fs.BoolVar(&c.Dev, "dev", c.Dev, "serve without tokens, to this machine alone")
	fs.StringVar(&c.Data, "data", c.Data, "the `folder` that holds everything")
	fs.StringVar(&c.Store, "store", "", "keep the log in this PostgreSQL `database`, postgres://USER@HOST/NAME, which several nodes may share; --data then holds what is this node's alone")
	fs.BoolVar(&c.AllowAsync, "allow-async", false, "be ready also where --store has no synchronous standby, as with services that replicate beneath PostgreSQL")
	fs.StringVar(&c.Listen, "listen", c.Listen, "the `address` to serve at, host:port; port 0 is any free one")
	fs.StringVar(&c.BasePath, "base-path", c.BasePath, "the `path` of the host below which everything is, such as /audit, behind a proxy")
	fs.StringSliceVar(&c.EmbedFrom, "embed-from", c.EmbedFrom, "let pages of these `origins` show viewer links in a frame: https://portal.example.com")
	fs.StringVar(&c.TLSCert, "tls-cert", c.TLSCert, "serve HTTPS with this certificate, a PEM `file`")
	fs.StringVar(&c.TLSKey, "tls-key", c.TLSKey, "the certificate's private key, a PEM `file`")
	fs.StringVar(&c.LogLevel, "log-level", c.LogLevel, "the least `level` to log: debug, info, warn or error")
	fs.StringVar(&c.LogFormat, "log-format", c.LogFormat, "json or console; console on a terminal unless given")
	fs.Var((*settings.Span)(&c.Drain), "drain", "how long requests under way may take to end when the server stops")
	fs.Var((*settings.Span)(&c.DrainNotice), "drain-notice", "how long /readyz answers 404 before a server that stops takes no more connections, for a load balancer to notice")
	fs.Var((*settings.Span)(&c.Grace), "grace", "how long a deleted project can be restored before it is purged")
	fs.Var((*settings.Span)(&c.Scrub), "scrub", "how long reading the whole log takes, to find damage, again and again; 0s reads nothing")
	fs.StringVar(&c.SigningKey, "signing-key", "", "a `file` with the key that signs checkpoints; else the credential auditlog-signing-key, else a file of the data folder")
	fs.StringVar(&c.CheckpointFile, "checkpoint-file", "", "keep the newest checkpoint in this `file`, on another disk, and notice a start on an older state by it")
	fs.Var((*settings.Span)(&c.CheckpointEvery), "checkpoint-every", "how long after something was recorded a checkpoint covers it at most")
	fs.StringVar(&c.Projects, "projects", c.Projects, "open: an entry makes its project; closed: project.create alone does")
	fs.BoolVar(&c.ProjectAdminsDelete, "project-admins-delete", c.ProjectAdminsDelete,
		"let admins of some projects delete those, not only admins of all")
	fs.BoolVar(&c.DeletionApproval, "deletion-approval", c.DeletionApproval,
		"have a second person approve each deletion of a project")
	fs.StringVar(&c.SinkKey, "sink-key", "", "a `file` with the key that seals the secrets of sinks, one a line, the newest first")
	fs.BoolVar(&c.AllowLocalSinks, "allow-local-sinks", false, "let sinks lead to this machine, and to what only its own link reaches")
	fs.StringVar(&c.MetricsListen, "metrics-listen", "", "answer /metrics at this `address` instead, host:port")
	fs.IntVar(&c.MaxConnections, "max-connections", 0, "how many connections may be open at once; 0 is what open files allow")
	fs.IntVar(&c.MaxConnectionsPerAddress, "max-connections-per-address", c.MaxConnectionsPerAddress,
		"how many of them may be from one address")
	fs.Var((*settings.Span)(&c.MaxTokenLife), "max-token-life", "how long a token lives at most that is made from now on; 0s is for ever")
	fs.StringSliceVar(&c.TrustedProxies, "trusted-proxy", c.TrustedProxies,
		"believe X-Forwarded-For from these `addresses`: 10.0.0.7, 10.0.0.0/8")
	fs.BoolVar(&c.Profile, "pprof", c.Profile, "answer profiles of the process at /debug/pprof/, to admins on this machine")
	fs.StringSliceVar(&c.ReadOnlyActions, "read-only-actions", c.ReadOnlyActions,
		"the `actions` that are skipped instead of recorded")
	fs.StringVar(&c.Reads, "reads", c.Reads, "of those actions, `skip` all calls, or record the denied ones")
	fs.StringVar(&c.RecordReads, "record-reads", c.RecordReads,
		"record who reads this log: `exports`, searches as well, or all that list, count or get")
}

// tables are the tables of the file, for what a flag cannot say.
func (c *Config) tables() []settings.Table {
	return []settings.Table{c.oidcTable(), c.grantTable(), c.limitTable(), c.backupTable(), c.sinkTable(), c.witnessTable()}
}

// check reports the first setting that cannot be meant, as a settings.Error.
func (c *Config) check() error {
	for _, f := range []func() error{c.checkListen, c.checkTLS, c.checkLog, c.checkSpans, c.checkLists} {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

func (c *Config) checkListen() error {
	if c.Data == "" {
		return settings.Errorf("data", "must name a folder")
	}
	if c.Store != "" && !store.IsAddress(c.Store) {
		return settings.Errorf("store", "must be the address of a PostgreSQL database, postgres://USER@HOST/NAME")
	}
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return settings.Errorf("listen", "must be host:port, such as 127.0.0.1:7070")
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return settings.Errorf("listen", "must end in a port between 0 and 65535")
	}
	if c.MetricsListen != "" {
		if _, _, err := net.SplitHostPort(c.MetricsListen); err != nil {
			return settings.Errorf("metrics-listen", "must be host:port, such as 127.0.0.1:9090")
		}
	}
	if err := basepath.Check(c.BasePath); err != nil {
		return settings.Errorf("base-path", "%s", err)
	}
	for _, origin := range c.EmbedFrom {
		if err := console.CheckOrigin(origin); err != nil {
			return settings.Errorf("embed-from", "%s", err)
		}
	}
	if c.OIDC != nil && !strings.HasSuffix(strings.TrimRight(c.OIDC.URL, "/"), c.BasePath) {
		return settings.Errorf("oidc.url", "must end in %s, the base-path", c.BasePath)
	}
	if c.Dev && !address.Local(host) {
		return settings.Errorf("listen", "must be 127.0.0.1, [::1] or localhost with --dev, which asks nobody who they are")
	}
	return nil
}

// exposed reports whether tokens would cross a network in clear text, as far as
// the configuration tells.
func (c *Config) exposed() bool {
	host, _, _ := net.SplitHostPort(c.Listen) // checked before
	return !address.Local(host) && c.TLSCert == "" && len(c.TrustedProxies) == 0
}

func (c *Config) checkTLS() error {
	switch {
	case c.TLSCert != "" && c.TLSKey == "":
		return settings.Errorf("tls-cert", "needs tls-key as well")
	case c.TLSCert == "" && c.TLSKey != "":
		return settings.Errorf("tls-key", "needs tls-cert as well")
	}
	return nil
}

func (c *Config) checkLog() error {
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, c.LogLevel) {
		return settings.Errorf("log-level", "must be debug, info, warn or error")
	}
	if !slices.Contains([]string{"", "json", "console"}, c.LogFormat) {
		return settings.Errorf("log-format", "must be json or console")
	}
	return nil
}

// level returns the checked LogLevel.
func (c *Config) level() zerolog.Level {
	l, err := zerolog.ParseLevel(c.LogLevel)
	if err != nil {
		return zerolog.InfoLevel
	}
	return l
}

func (c *Config) checkSpans() error {
	if c.Drain <= 0 {
		return settings.Errorf("drain", "must be more than 0")
	}
	if c.DrainNotice < 0 {
		return settings.Errorf("drain-notice", "must not be negative")
	}
	if c.CheckpointEvery < time.Second {
		return settings.Errorf("checkpoint-every", "must be a second at least")
	}
	return c.checkConnections(MaxOpenFiles())
}

// checkConnections checks the bounds on connections against how many files may be open;
// 0 is unknown.
func (c *Config) checkConnections(files uint64) error {
	if c.MaxConnections < 0 {
		return settings.Errorf("max-connections", "must not be less than 0")
	}
	if files > 0 && files < keptFiles {
		return fmt.Errorf("this process may have %d files open, of which the log's own need %d: allow it 1024 or more "+
			"(ulimit -n, LimitNOFILE= of a systemd unit)", files, keptFiles)
	}
	if files > 0 && uint64(c.MaxConnections)+keptFiles > files {
		return settings.Errorf("max-connections", "must be at most %d: this process may have %d files open, of which %d are the log's own",
			files-keptFiles, files, keptFiles)
	}
	if c.MaxConnectionsPerAddress < 1 {
		return settings.Errorf("max-connections-per-address", "must be at least 1")
	}
	return nil
}

// What can become of read-only calls.
const (
	readsSkip   = "skip"
	readsDenied = "denied"
)

// What makes a project.
const (
	projectsOpen   = "open"
	projectsClosed = "closed"
)

func (c *Config) checkLists() error {
	if c.Projects != projectsOpen && c.Projects != projectsClosed {
		return settings.Errorf("projects", "must be open or closed")
	}
	if c.Reads != readsSkip && c.Reads != readsDenied {
		return settings.Errorf("reads", "must be skip or denied")
	}
	if scopes := []reading.Scope{reading.Exports, reading.Searches, reading.All}; !slices.Contains(scopes, reading.Scope(c.RecordReads)) {
		return settings.Errorf("record-reads", "must be exports, searches or all")
	}
	for _, s := range c.TrustedProxies {
		if _, err := parsePrefix(s); err != nil {
			return settings.Errorf("trusted-proxy", "%q is neither an address nor a range such as 10.0.0.0/8", s)
		}
	}
	return nil
}

// proxies returns the checked TrustedProxies.
func (c *Config) proxies() ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	var errs []error
	for _, s := range c.TrustedProxies {
		p, err := parsePrefix(s)
		prefixes, errs = append(prefixes, p), append(errs, err)
	}
	return prefixes, errors.Join(errs...)
}

// parsePrefix reads an address, which is a range of one, or a range. What is mapped into
// IPv6 is the IPv4 that it stands for, which is what addresses are compared as.
func parsePrefix(s string) (netip.Prefix, error) {
	if ip, err := netip.ParseAddr(s); err == nil {
		ip = ip.Unmap().WithZone("")
		return ip.Prefix(ip.BitLen())
	}
	const mappedBits = 96 // before the IPv4 address in one that is mapped
	p, err := netip.ParsePrefix(s)
	if err == nil && p.Addr().Is4In6() && p.Bits() >= mappedBits {
		return p.Addr().Unmap().Prefix(p.Bits() - mappedBits)
	}
	return p, err
}
