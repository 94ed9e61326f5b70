package cli

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

// connection is the flags of every command that asks a server.
type connection struct {
	url, tokenFile, caCert, context string
	// quiet has nobody asked for a password.
	quiet bool
}

func (c *connection) flags(fs *pflag.FlagSet) {
	c.addURL(fs)
	fs.StringVar(&c.tokenFile, "token-file", "", "read the token from this `file`; else it is in AUDITLOG_TOKEN, in the file AUDITLOG_TOKEN_FILE, with the context, or from \"auditlog login\"")
}

func (c *connection) addURL(fs *pflag.FlagSet) {
	fs.StringVar(&c.url, "url", "", "the server's `address`; else AUDITLOG_URL, else that of the context, else "+client.DefaultURL)
	fs.StringVar(&c.caCert, "ca-cert", "", "trust the certificates in this `file`, besides those that the machine does; else AUDITLOG_CA_CERT")
	fs.StringVar(&c.context, "context", "", "ask the server of this context, by its `name`; else AUDITLOG_CONTEXT, else the one in use: see auditlog context")
}

// target is the server that the flags, the environment and the context name.
type target struct {
	url string
	// context is that of the server, nil where it has none.
	context *contexts.Context
	// named says that a flag names the context: the environment is of no account then.
	named bool
}

// target returns the server that is meant.
func (c *connection) target() (t target, err error) {
	file, err := contexts.Open()
	if err != nil {
		return t, err
	}
	t.named = c.context != ""
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

// client returns a client of the server that is meant, with the caller's token. A token is never
// an argument: other users of the machine see those.
func (c *connection) client(ctx context.Context) (*client.Client, error) {
	t, err := c.target()
	if err != nil {
		return nil, err
	}
	cl, err := c.anonymousTo(&t)
	if err != nil {
		return nil, err
	}
	cl.Token, err = c.token(ctx, &t)
	return cl, err
}

// token returns the caller's token for a server.
func (c *connection) token(ctx context.Context, t *target) (string, error) {
	if c.tokenFile != "" {
		return tokenIn(c.tokenFile)
	}
	if !t.named {
		if token := strings.TrimSpace(os.Getenv("AUDITLOG_TOKEN")); token != "" {
			return token, nil
		}
		if path := os.Getenv("AUDITLOG_TOKEN_FILE"); path != "" {
			return tokenIn(path)
		}
	}
	if t.context != nil && !(c.quiet && t.context.TokenCommand != "") {
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

// anonymous returns a client without a token.
func (c *connection) anonymous() (*client.Client, error) {
	t, err := c.target()
	if err != nil {
		return nil, err
	}
	return c.anonymousTo(&t)
}

// anonymousTo returns a client of a server without a token.
func (c *connection) anonymousTo(t *target) (*client.Client, error) {
	cl := &client.Client{URL: t.url, UserAgent: "auditlog/" + build.Version(), Channel: audit.ChannelCLI, Tries: 3}
	trusted := c.caCert
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
func (c *connection) useProject(cmd *cobra.Command) error {
	t, err := c.target()
	if err != nil || t.context == nil || t.context.Project == "" {
		return err
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

// asks makes cmd one that asks a server: it adds the flags, and runs fn with the
// client that they name.
func asks(cmd *cobra.Command, fn func(*cobra.Command, *client.Client, []string) error) *cobra.Command {
	var conn connection
	conn.flags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := conn.client(cmd.Context())
		if err == nil {
			err = conn.useProject(cmd)
		}
		if err != nil {
			return err
		}
		return unreachable(c, fn(cmd, c, args))
	}
	return cmd
}
