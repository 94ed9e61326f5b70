package cli

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"auditlog/audit"
	"auditlog/cli/build"
	"auditlog/cli/exit"
	"auditlog/client"
)

// connection is the flags of every command that asks a server.
type connection struct {
	url       string
	tokenFile string
}

func (c *connection) flags(fs *pflag.FlagSet) {
	c.addURL(fs)
	fs.StringVar(&c.tokenFile, "token-file", "", "read the token from this `file`; else it is in AUDITLOG_TOKEN, or from \"auditlog login\"")
}

func (c *connection) addURL(fs *pflag.FlagSet) {
	fs.StringVar(&c.url, "url", "", "the server's `address`; else AUDITLOG_URL, else "+client.DefaultURL)
}

// client returns a client of the server that the flags and the environment name.
// A token is never an argument: other users of the machine see those.
func (c *connection) client() (*client.Client, error) {
	cl, err := c.anonymous()
	if err != nil {
		return nil, err
	}
	token := os.Getenv("AUDITLOG_TOKEN")
	if c.tokenFile != "" {
		text, err := os.ReadFile(c.tokenFile)
		if err != nil {
			return nil, fmt.Errorf("read token: %w", err)
		}
		token = string(text)
	}
	if cl.Token = strings.TrimSpace(token); cl.Token == "" {
		cl.Token, err = keptToken(cl.URL)
	}
	return cl, err
}

// anonymous returns a client without a token.
func (c *connection) anonymous() (*client.Client, error) {
	address := cmp.Or(c.url, os.Getenv("AUDITLOG_URL"), client.DefaultURL)
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, exit.Usagef("the server's address %q must be like %s", address, client.DefaultURL)
	}
	return &client.Client{URL: address, UserAgent: "auditlog/" + build.Version(), Channel: audit.ChannelCLI, Tries: 3}, nil
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
		c, err := conn.client()
		if err != nil {
			return err
		}
		return unreachable(c, fn(cmd, c, args))
	}
	return cmd
}

// unreachable gives the error of a server that is not there a hint.
func unreachable(c *client.Client, err error) error {
	var dial *url.Error
	if audit.KindOf(err) != audit.Unavailable || !errors.As(err, &dial) {
		return err
	}
	return exit.Hinted(err, "is the server running at %s? see AUDITLOG_URL and --url", c.URL)
}
