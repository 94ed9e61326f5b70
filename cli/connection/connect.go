package connection

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"auditlog/audit"
	"auditlog/cli/build"
	"auditlog/cli/contexts"
	"auditlog/cli/exit"
	"auditlog/cli/filters"
	"auditlog/cli/secret"
	"auditlog/client"
)

// Flags are those of every command that asks a server.
type Flags struct {
	url, tokenFile, caCert, context string
	// quiet has nobody asked for a password.
	quiet bool
}

// Add adds the flags to those of a command.
func (c *Flags) Add(fs *pflag.FlagSet) {
	c.addURL(fs)
	fs.StringVar(&c.tokenFile, "token-file", "", "read the token from this `file`; else it is in AUDITLOG_TOKEN, in the file AUDITLOG_TOKEN_FILE, with the context, or from \"auditlog login\"")
}

func (c *Flags) addURL(fs *pflag.FlagSet) {
	fs.StringVar(&c.url, "url", "", "the server's `address`; else AUDITLOG_URL, else that of the context, else "+client.DefaultURL)
	fs.StringVar(&c.caCert, "ca-cert", "", "trust the certificates in this `file`, besides those that the machine does; else AUDITLOG_CA_CERT")
	fs.StringVar(&c.context, "context", "", "ask the server of this context, by its `name`; else AUDITLOG_CONTEXT, else the one in use: see auditlog context")
}

// target is the server that the flags, the environment and the context name.
type target struct {
	flags *Flags
	url   string
	// context is that of the server, nil where it has none.
	context *contexts.Context
	// named says that a flag names the context: the environment is of no account then.
	named bool
}

// target returns the server that is meant.
func (c *Flags) target() (t target, err error) {
	file, err := contexts.Open()
	if err != nil {
		return t, err
	}
	t.flags, t.named = c, c.context != ""
	if name := cmp.Or(c.context, os.Getenv("AUDITLOG_CONTEXT"), file.Current); name != "" {
		found, err := file.Find(name)
		if err != nil {
			return t, err
		}
		t.context, t.url = &found, found.URL
	}
	if env := os.Getenv("AUDITLOG_URL"); env != "" && !t.named {
		t.url = env
	}
	t.url = cmp.Or(c.url, t.url, client.DefaultURL)
	u, err := url.Parse(t.url)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return t, exit.Usagef("the server's address %q must be like %s", t.url, client.DefaultURL)
	}
	if t.context == nil {
		return t, nil
	}
	if own, err := url.Parse(t.context.URL); err != nil || addressKey(own) != addressKey(u) {
		t.context = nil // its token is for another server
	}
	return t, nil
}

// Client returns a client of the server that is meant, with the caller's token. A token is never
// an argument: other users of the machine see those.
func (c *Flags) Client(ctx context.Context) (*client.Client, error) {
	t, err := c.target()
	if err != nil {
		return nil, err
	}
	return t.client(ctx)
}

// client returns a client of t with the caller's token.
func (t *target) client(ctx context.Context) (*client.Client, error) {
	cl, err := t.anonymous()
	if err != nil {
		return nil, err
	}
	cl.Token, err = t.token(ctx)
	return cl, err
}

// token returns the caller's token for a server.
func (t *target) token(ctx context.Context) (string, error) {
	if t.flags.tokenFile != "" {
		return tokenIn(t.flags.tokenFile)
	}
	if !t.named {
		if token := strings.TrimSpace(os.Getenv("AUDITLOG_TOKEN")); token != "" {
			return token, nil
		}
		if path := os.Getenv("AUDITLOG_TOKEN_FILE"); path != "" {
			return tokenIn(path)
		}
	}
	if t.context != nil && !(t.flags.quiet && t.context.TokenCommand != "") {
		if token, err := t.context.Secret(ctx); token != "" || err != nil {
			return token, err
		}
	}
	return keptToken(t.url)
}

// tokenIn returns the token that a file holds.
func tokenIn(path string) (string, error) {
	token, err := secret.Read(path)
	if err != nil {
		return "", fmt.Errorf("read token: %w", err)
	}
	return token, nil
}

// anonymous returns a client of t without a token.
func (t *target) anonymous() (*client.Client, error) {
	cl := &client.Client{URL: t.url, UserAgent: "auditlog/" + build.Version(), Channel: audit.ChannelCLI, Tries: 3}
	trusted := t.flags.caCert
	if trusted == "" && t.context != nil {
		trusted = t.context.CACert
	}
	if trusted == "" && !t.named {
		trusted = os.Getenv("AUDITLOG_CA_CERT")
	}
	if trusted == "" {
		return cl, nil
	}
	pem, err := os.ReadFile(trusted)
	if err == nil {
		cl.HTTP, err = client.Trusting(pem)
	}
	if err != nil {
		return nil, fmt.Errorf("read certificates of %s: %w", trusted, err)
	}
	return cl, nil
}

// useProject gives cmd the project of the context, where it is given none.
func (t *target) useProject(cmd *cobra.Command) error {
	if t.context == nil || t.context.Project == "" {
		return nil
	}
	return filters.DefaultProject(cmd, t.context.Project, t.named)
}

// keptToken returns the token that "auditlog login" got from a server, or "".
func keptToken(address string) (string, error) {
	if _, err := os.UserConfigDir(); err != nil {
		return "", nil // a user without a folder, as services are, never logged in
	}
	kept, err := openCredentials()
	if err != nil {
		return "", err
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	token := kept.Servers[addressKey(u)].Token
	if token != "" && kept.loose {
		return "", exit.Hinted(fmt.Errorf("others can read your sessions in %s", kept.path), "log in again: auditlog login")
	}
	return token, nil
}

// Asks makes cmd one that asks a server: it adds the flags, and runs fn with the
// client that they name.
func Asks(cmd *cobra.Command, fn func(*cobra.Command, *client.Client, []string) error) *cobra.Command {
	var conn Flags
	conn.Add(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		t, err := conn.target()
		if err != nil {
			return err
		}
		c, err := t.client(cmd.Context())
		if err == nil {
			err = t.useProject(cmd)
		}
		if err != nil {
			return err
		}
		return Unreachable(c, fn(cmd, c, args))
	}
	return cmd
}

// asksUnnamed makes cmd one that asks a server without a token.
func asksUnnamed(cmd *cobra.Command, fn func(context.Context, *client.Client) error) *cobra.Command {
	var conn Flags
	conn.addURL(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		t, err := conn.target()
		if err != nil {
			return err
		}
		c, err := t.anonymous()
		if err != nil {
			return err
		}
		return Unreachable(c, fn(cmd.Context(), c))
	}
	return cmd
}

// Typed returns a client of the server that a command names which is being typed, and gives the
// command the project of the context. It runs no command for a token, which might ask for a password.
func Typed(ctx context.Context, cmd *cobra.Command) (*client.Client, error) {
	text := func(flag string) string {
		f := cmd.Flags().Lookup(flag)
		if f == nil {
			return ""
		}
		return f.Value.String()
	}
	conn := &Flags{url: text("url"), tokenFile: text("token-file"), caCert: text("ca-cert"), context: text("context"), quiet: true}
	t, err := conn.target()
	if err != nil {
		return nil, err
	}
	c, err := t.client(ctx)
	if err != nil {
		return nil, err
	}
	_ = t.useProject(cmd) // without one it is all projects
	return c, nil
}
