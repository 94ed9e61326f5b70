package connection

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"auditlog/audit"
	"auditlog/auth/address"
	"auditlog/cli/command"
	"auditlog/client"
	"auditlog/rpc"
	"auditlog/spell"
)

func (a *app) login() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "login",
		Short: "Log in as yourself, in a browser",
		Long: `Log in as yourself at the identity provider of the log, in a browser on this machine
or any other. What you do then is recorded under your e-mail, with the rights that
your groups have.

The session is kept in a file for you alone in your folder of settings, and used by
every command that is given no other token. It ends by itself; "auditlog logout" ends
it at once.`,
		Args: cobra.NoArgs,
	}
	return asksUnnamed(cmd, a.logIn)
}

// logIn goes through the device flow and keeps the session.
func (a *app) logIn(ctx context.Context, c *client.Client) error {
	kept, err := openCredentials()
	if err != nil {
		return err
	}
	u, err := url.Parse(c.URL)
	if err != nil {
		return err
	}
	if u.Scheme == "http" && !address.Local(u.Hostname()) {
		fmt.Fprintf(a.Stderr, "auditlog: warning: %s is not encrypted: whoever is on the way can take the session\n", c.URL)
	}
	start, err := c.StartSession(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.Stderr, "auditlog: open this address in a browser, on any machine:\n\n  %s\n\nand enter the code  %s\n",
		spell.Text(start.VerificationURI), spell.Text(start.UserCode))
	if start.VerificationURIComplete != "" {
		fmt.Fprintf(a.Stderr, "\nor open this one, which has the code in it:\n\n  %s\n", spell.Text(start.VerificationURIComplete))
	}
	fmt.Fprintln(a.Stderr, "\nauditlog: waiting for you to finish there")
	got, err := awaitSession(ctx, c, start)
	if err != nil {
		return err
	}
	key := addressKey(u)
	former := kept.Servers[key]
	kept.Servers[key] = credential{Token: got.Secret, Owner: got.Session.Owner, ExpiresAt: got.Session.ExpiresAt}
	if err := kept.write(); err != nil {
		return err
	}
	if former.Token != "" {
		// It would end by itself; a server that does not know it any more is no fault.
		_, _ = as(c, former.Token).EndSession(ctx, "")
	}
	fmt.Fprintf(a.Stderr, "auditlog: logged in as %s until %s\n",
		spell.Name(got.Session.Owner), got.Session.ExpiresAt.In(time.Local).Format("2006-01-02 15:04"))
	return nil
}

// awaitSession asks until the person is done, or has had their time.
func awaitSession(ctx context.Context, c *client.Client, start rpc.SessionStartResult) (rpc.SessionBeginResult, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, time.Duration(start.ExpiresIn)*time.Second, errTooLate)
	defer cancel()
	pause := time.Duration(max(start.Interval, 1)) * time.Second
	for {
		select {
		case <-ctx.Done():
			return rpc.SessionBeginResult{}, context.Cause(ctx)
		case <-time.After(pause):
		}
		got, err := c.BeginSession(ctx, start.DeviceCode)
		switch {
		case audit.KindOf(err) == audit.Unavailable, audit.KindOf(err) == audit.RateLimited:
			pause += 5 * time.Second // as RFC 8628 has it for servers that are busy
		case err != nil && ctx.Err() != nil:
			return got, context.Cause(ctx)
		case err != nil:
			return got, err
		case got.SlowDown:
			pause += 5 * time.Second
		case !got.Pending:
			if got.Session == nil {
				return got, errors.New("the log answers without a session")
			}
			return got, nil
		}
	}
}

var errTooLate = audit.Errorf(audit.Unauthenticated, "the code has expired before you finished: begin again")

// as returns a client like c with another token.
func as(c *client.Client, token string) *client.Client {
	return &client.Client{URL: c.URL, Token: token, HTTP: c.HTTP, UserAgent: c.UserAgent, Channel: c.Channel, Tries: c.Tries}
}

func (a *app) logout() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "logout",
		Short: "End the session that login began",
		Args:  cobra.NoArgs,
	}
	return asksUnnamed(cmd, a.logOut)
}

// logOut forgets the session here first: whatever the server answers, it is not used again.
func (a *app) logOut(ctx context.Context, c *client.Client) error {
	kept, err := openCredentials()
	if err != nil {
		return err
	}
	u, err := url.Parse(c.URL)
	if err != nil {
		return err
	}
	had, ok := kept.Servers[addressKey(u)]
	if !ok {
		return audit.Errorf(audit.NotFound, "you are not logged in at %s", c.URL)
	}
	delete(kept.Servers, addressKey(u))
	if err := kept.write(); err != nil {
		return err
	}
	_, err = as(c, had.Token).EndSession(ctx, "")
	if err != nil && audit.KindOf(err) != audit.Unauthenticated {
		return fmt.Errorf("the session is forgotten here, but goes on at the server until %s: %w",
			had.ExpiresAt.In(time.Local).Format("2006-01-02 15:04"), err)
	}
	fmt.Fprintf(a.Stderr, "auditlog: logged out %s\n", spell.Name(had.Owner))
	return nil
}

func (a *app) whoami() *cobra.Command {
	cmd := &cobra.Command{Use: "whoami", Short: "Show who you are to the log, and what you may", Args: cobra.NoArgs}
	var output string
	command.AddOutput(cmd, &output, "table", "json")
	return Asks(cmd, func(cmd *cobra.Command, c *client.Client, _ []string) error {
		who, err := c.Caller(cmd.Context())
		if err != nil {
			return err
		}
		rows := [][]string{}
		for _, g := range who.Grants {
			rows = append(rows, []string{who.Owner, g.Role, projectsOf(g.Projects), who.RecordedBy})
		}
		return a.WriteItems(output, who, []string{"OWNER", "ROLE", "PROJECTS", "RECORDED BY"}, rows)
	})
}

// projectsOf writes a list of projects, where none is all.
func projectsOf(projects []string) string {
	if len(projects) == 0 {
		return "all"
	}
	return strings.Join(projects, ",")
}

func (a *app) session() *cobra.Command {
	return command.Parent("session", "List and end the sessions of those who are logged in", a.sessionList(), a.sessionEnd())
}

func (a *app) sessionList() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List who is logged in, as far as you may know", Args: cobra.NoArgs}
	var output string
	command.AddOutput(cmd, &output, "table", "json")
	return Asks(cmd, func(cmd *cobra.Command, c *client.Client, _ []string) error {
		sessions, err := c.Sessions(cmd.Context())
		if err != nil {
			return err
		}
		rows := make([][]string, len(sessions))
		for i, s := range sessions {
			by := s.Issuer
			if s.Token != "" {
				by = "token " + s.Token
			}
			if s.Own {
				by += " (you)"
			}
			rows[i] = []string{s.ID, s.Channel, s.Owner, command.Day(s.BeganAt), command.Day(s.SeenAt), s.IP, by}
		}
		return a.WriteItems(output, sessions, []string{"ID", "CHANNEL", "OWNER", "BEGAN", "SEEN", "FROM", "BY"}, rows)
	})
}

func (a *app) sessionEnd() *cobra.Command {
	cmd := &cobra.Command{Use: "end ID", Short: "End a session, at once", Args: cobra.ExactArgs(1)}
	return Asks(cmd, func(cmd *cobra.Command, c *client.Client, args []string) error {
		s, err := c.EndSession(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		fmt.Fprintf(a.Stderr, "auditlog: ended the session %s of %s\n", s.ID, spell.Name(s.Owner))
		return nil
	})
}
