package admin

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/calendar"
	"auditlog/cli/command"
	"auditlog/cli/connection"
	"auditlog/cli/exit"
	"auditlog/cli/filters"
	"auditlog/cli/settings"
	"auditlog/client"
	"auditlog/rpc"
	"auditlog/spell"
)

func (a *app) token() *cobra.Command {
	return command.Parent("token", "Make, list, rotate and revoke tokens", a.tokenCreate(), a.tokenList(), a.tokenRotate(), a.tokenRevoke())
}

func (a *app) tokenCreate() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "create",
		Short:   "Make a token and print it, this once",
		Example: `  auditlog token create --role recorder --project acme --owner ci@acme > token`,
		Args:    cobra.NoArgs,
	}
	var req rpc.TokenCreateRequest
	var expires string
	roles := []string{string(rights.Viewer), string(rights.Recorder), string(rights.Admin)}
	fs := cmd.Flags()
	fs.StringVar(&req.Role, "role", "", "what it allows: `viewer`, recorder or admin")
	fs.StringVar(&req.Owner, "owner", "", "who calls with it: an `e-mail` or another stable name")
	fs.StringVar(&req.OwnerType, "owner-type", string(audit.User), "what they are, `User` or ServiceAccount")
	fs.StringSliceVarP(&req.Projects, "project", "p", nil, "the `projects` it is for, unless all; may be repeated")
	fs.StringSliceVar(&req.Addresses, "address", nil, "the `addresses` or ranges it may be used from, unless any; may be repeated")
	fs.StringVar(&req.Name, "name", "", "what it is for, in `words`")
	fs.StringVar(&expires, "expires", "", "when it ends, unless never: a `time` such as 2027-01-01, or 90d from now")
	filters.Complete(cmd, "role", roles...)
	filters.Complete(cmd, "owner-type", string(audit.User), string(audit.ServiceAccount))
	return connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, _ []string) error {
		if !slices.Contains(roles, req.Role) {
			return exit.Usagef("--role: must be viewer, recorder or admin")
		}
		if req.Owner == "" {
			return exit.Usagef("--owner: is required")
		}
		var err error
		if req.ExpiresAt, err = parseExpiry(expires, time.Now(), time.Local); err != nil {
			return err
		}
		token, err := c.CreateToken(cmd.Context(), req)
		if err != nil {
			return err
		}
		if _, err = fmt.Fprintln(a.Stdout, token.Secret); err != nil {
			return fmt.Errorf("write token %s, which nobody has now: revoke it: %w", token.ID, err)
		}
		fmt.Fprintf(a.Stderr, "auditlog: made %s, a %s token of %s for %s\n", token.ID, token.Role, token.Owner, scope(&token.Token))
		return nil
	})
}

// scope returns the projects that a token is for, in words.
func scope(t *rpc.Token) string {
	if len(t.Projects) == 0 {
		return "all projects"
	}
	return strings.Join(t.Projects, ", ")
}

// parseExpiry reads a time, where a span lies after now instead of before.
func parseExpiry(s string, now time.Time, loc *time.Location) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := calendar.ParseAhead(s, now, loc)
	if err != nil {
		return t, exit.Usagef("--expires: %w", err)
	}
	return t, nil
}

func (a *app) tokenList() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List the tokens, without their secrets", Args: cobra.NoArgs}
	var output string
	command.AddOutput(cmd, &output, "table", "json")
	return connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, _ []string) error {
		tokens, err := c.Tokens(cmd.Context())
		if err != nil {
			return err
		}
		rows := make([][]string, len(tokens))
		for i := range tokens {
			rows[i] = tokenRow(&tokens[i])
		}
		return a.WriteItems(output, tokens, []string{"ID", "ROLE", "OWNER", "PROJECTS", "STATE", "LAST USED", "FROM", "NAME"}, rows)
	})
}

func tokenRow(t *rpc.Token) []string {
	projects, state := "all", "active"
	if len(t.Projects) > 0 {
		projects = strings.Join(t.Projects, ",")
	}
	switch {
	case !t.RevokedAt.IsZero():
		state = "revoked"
	case !t.ExpiresAt.IsZero() && time.Now().After(t.ExpiresAt):
		state = "expired"
	case !t.ExpiresAt.IsZero():
		state = "until " + command.Day(t.ExpiresAt)
	}
	return []string{t.ID, t.Role, spell.Name(t.Owner), projects, state, command.Day(t.LastUsed), t.LastUsedFrom, t.Name}
}

func (a *app) tokenRevoke() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "revoke ID",
		Short: "End a token, at once",
		Long: `End a token, at once. With --cascade all that was made with it ends too, and what was
made with that in turn; then ID can also be of a token that was revoked before, or
what names a person who logged in ("recorded by" of whoami).`,
		Args: cobra.ExactArgs(1),
	}
	cascade := cmd.Flags().Bool("cascade", false, "end what was made with it too")
	return connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, args []string) error {
		var ended []rpc.Token
		var err error
		if *cascade {
			ended, err = c.RevokeTokens(cmd.Context(), args[0])
		} else {
			ended = make([]rpc.Token, 1)
			ended[0], err = c.RevokeToken(cmd.Context(), args[0])
		}
		if err != nil {
			return err
		}
		for _, t := range ended {
			fmt.Fprintf(a.Stderr, "auditlog: revoked %s of %s\n", t.ID, t.Owner)
		}
		return nil
	})
}

func (a *app) tokenRotate() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "rotate ID",
		Short:   "Give a token a new secret and print it, this once",
		Long:    `Give a token a new secret and print it, this once. The old one counts for a grace more.`,
		Example: `  auditlog token rotate 0f3KxQ9Z --grace 1h > token`,
		Args:    cobra.ExactArgs(1),
	}
	grace, expires := rpc.DefaultGrace*time.Second, ""
	cmd.Flags().Var((*settings.Span)(&grace), "grace", "how long the old secret counts")
	cmd.Flags().StringVar(&expires, "expires", "", "when it ends from now on: a `time` such as 2027-01-01, or 90d from now")
	return connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, args []string) error {
		seconds := int64(grace.Seconds())
		req := rpc.TokenRotateRequest{ID: args[0], GraceSeconds: &seconds}
		var err error
		if req.ExpiresAt, err = parseExpiry(expires, time.Now(), time.Local); err != nil {
			return err
		}
		token, err := c.RotateToken(cmd.Context(), req)
		if err != nil {
			return err
		}
		if _, err = fmt.Fprintln(a.Stdout, token.Secret); err != nil {
			return fmt.Errorf("write the secret of %s, which nobody has now: rotate it again: %w", token.ID, err)
		}
		fmt.Fprintf(a.Stderr, "auditlog: %s of %s has a new secret; the old one counts until %s\n",
			token.ID, token.Owner, token.FormerUntil.In(time.Local).Format("2006-01-02 15:04"))
		return nil
	})
}
