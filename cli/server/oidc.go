package server

import (
	"crypto/x509"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"auditlog/audit"
	"auditlog/auth/oidc"
	"auditlog/auth/rights"
	"auditlog/cli/exit"
	"auditlog/cli/settings"
)

// OIDC is where people log in as themselves: the table [oidc] of the file of settings.
type OIDC struct {
	// Issuer is the provider's address, as it calls itself. ClientID is what it knows
	// this log as.
	Issuer, ClientID string
	// ClientSecretFile holds the client's secret. Default none: a public client.
	ClientSecretFile string
	// URL is this log's address as browsers reach it.
	URL string
	// Name is what people call the provider. Default: the host of Issuer.
	Name string
	// Scopes are asked for besides openid and offline_access. Default email, profile.
	Scopes []string
	// EmailClaim and GroupsClaim are where the provider puts them. Defaults email, groups.
	EmailClaim, GroupsClaim string
	// UnverifiedEmail takes e-mails that the provider has not verified. Default false.
	UnverifiedEmail bool
	// Session is how long a person's session lasts at most. Default 12 h.
	Session time.Duration
	// Refresh is how long the provider's word on somebody's groups counts. Default 15 min.
	Refresh time.Duration
	// CAFile holds the certificates that sign the provider's. Default: the system's.
	CAFile string
}

// oidcTable is [oidc].
func (c *Config) oidcTable() settings.Table {
	return settings.Table{Name: "oidc", Begin: func(fs *pflag.FlagSet) func() error {
		o := &OIDC{EmailClaim: "email", GroupsClaim: "groups", Session: 12 * time.Hour, Refresh: 15 * time.Minute}
		fs.StringVar(&o.Issuer, "issuer", "", "")
		fs.StringVar(&o.ClientID, "client-id", "", "")
		fs.StringVar(&o.ClientSecretFile, "client-secret-file", "", "")
		fs.StringVar(&o.URL, "url", "", "")
		fs.StringVar(&o.Name, "name", "", "")
		fs.StringSliceVar(&o.Scopes, "scopes", []string{"email", "profile"}, "")
		fs.StringVar(&o.EmailClaim, "email-claim", o.EmailClaim, "")
		fs.StringVar(&o.GroupsClaim, "groups-claim", o.GroupsClaim, "")
		fs.BoolVar(&o.UnverifiedEmail, "unverified-email", false, "")
		fs.Var((*settings.Span)(&o.Session), "session", "")
		fs.Var((*settings.Span)(&o.Refresh), "refresh", "")
		fs.StringVar(&o.CAFile, "ca-file", "", "")
		return func() error {
			c.OIDC = o
			return o.check()
		}
	}}
}

func (o *OIDC) check() error {
	for _, required := range []struct{ name, value string }{{"issuer", o.Issuer}, {"client-id", o.ClientID}, {"url", o.URL}} {
		if required.value == "" {
			return settings.Errorf(required.name, "is required")
		}
	}
	for _, address := range []struct{ name, value string }{{"issuer", o.Issuer}, {"url", o.URL}} {
		if err := oidc.CheckAddress(address.value); err != nil {
			return settings.Errorf(address.name, "%s", err)
		}
	}
	if o.Session <= 0 {
		return settings.Errorf("session", "must be more than 0")
	}
	if o.Refresh <= 0 {
		return settings.Errorf("refresh", "must be more than 0")
	}
	return nil
}

// grantTable is [[grant]]: who may do what, of those who log in at the provider.
func (c *Config) grantTable() settings.Table {
	return settings.Table{Name: "grant", Many: true, Begin: func(fs *pflag.FlagSet) func() error {
		var r oidc.Rule
		var role string
		fs.StringVar(&r.Group, "group", "", "")
		fs.StringVar(&r.Email, "email", "", "")
		fs.BoolVar(&r.Everyone, "everyone", false, "")
		fs.StringVar(&role, "role", "", "")
		fs.StringSliceVar(&r.Grant.Projects, "projects", nil, "")
		return func() error {
			r.Grant.Role = rights.Role(role)
			c.Grants = append(c.Grants, r)
			return asSetting(r.Check(), "group")
		}
	}}
}

// asSetting returns a Fault as the error of the setting that it is about.
func asSetting(err error, otherwise string) error {
	var f *audit.Fault
	if !errors.As(err, &f) {
		return err
	}
	name, _, _ := strings.Cut(f.Path, "[")
	if name == "" {
		name = otherwise
	}
	return settings.Errorf(name, "%s", f.Message)
}

// provider makes the provider that the settings name; nil where they name none.
func (c *Config) provider() (*oidc.Provider, error) {
	o := c.OIDC
	switch {
	case o == nil && len(c.Grants) > 0:
		return nil, exit.Usagef("[[grant]]: is for people who log in at a provider: there is no [oidc]")
	case o == nil:
		return nil, nil
	case c.Dev:
		return nil, exit.Usagef("[oidc]: nobody is asked who they are with --dev")
	}
	opts := oidc.Options{
		Issuer: o.Issuer, ClientID: o.ClientID, RedirectURL: strings.TrimRight(o.URL, "/") + "/login/callback", Scopes: o.Scopes,
		EmailClaim: o.EmailClaim, GroupsClaim: o.GroupsClaim, Unverified: o.UnverifiedEmail, Rules: c.Grants,
	}
	if o.ClientSecretFile != "" {
		secret, err := os.ReadFile(o.ClientSecretFile)
		if err != nil {
			return nil, exit.Usagef("oidc.client-secret-file: %w", err)
		}
		if opts.ClientSecret = strings.TrimSpace(string(secret)); opts.ClientSecret == "" {
			return nil, exit.Usagef("oidc.client-secret-file: %s is empty", o.ClientSecretFile)
		}
	}
	if o.CAFile != "" {
		pem, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, exit.Usagef("oidc.ca-file: %w", err)
		}
		opts.RootCAs = x509.NewCertPool()
		if !opts.RootCAs.AppendCertsFromPEM(pem) {
			return nil, exit.Usagef("oidc.ca-file: %s holds no certificate", o.CAFile)
		}
	}
	p, err := oidc.New(opts)
	if err != nil {
		return nil, exit.Usagef("oidc.%w", err)
	}
	return p, nil
}

// providerName returns what people call the provider.
func (o *OIDC) providerName() string {
	if o.Name != "" {
		return o.Name
	}
	_, host, _ := strings.Cut(o.Issuer, "://")
	host, _, _ = strings.Cut(host, "/")
	return host
}
