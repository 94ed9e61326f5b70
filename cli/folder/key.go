package folder

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/user"

	"github.com/spf13/cobra"

	"auditlog/audit"
	"auditlog/cli/command"
	"auditlog/cli/connection"
	"auditlog/cli/exit"
	"auditlog/cli/settings"
	"auditlog/cli/signing"
	"auditlog/client"
	"auditlog/notary"
	"auditlog/proof"
)

func (a *app) key() *cobra.Command {
	return command.Parent("key", "Show the key that signs checkpoints, and have another follow it", a.keyShow(), a.keyRotate())
}

func (a *app) keyShow() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Show the public keys that have signed the log",
		Long: `Ask the server for the public keys that have signed the log, a line each, the one of now
last, and show their fingerprints. "auditlog verify --key" takes such lines: have the log's owner
confirm a fingerprint in another way, as by telephone.`,
		Example: `  auditlog key show > log.pub`,
		Args:    cobra.NoArgs,
	}
	return connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, _ []string) error {
		res, err := c.Checkpoint(cmd.Context(), nil)
		if err != nil {
			return err
		}
		for _, text := range res.Keys {
			_, k, err := proof.ParsePublicKey(text)
			if err != nil {
				return err
			}
			fmt.Fprintln(a.Stdout, text)
			fmt.Fprintf(a.Stderr, "auditlog: its fingerprint is %s\n", k.Fingerprint())
		}
		return nil
	})
}

func (a *app) keyRotate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "Have another key sign from now on",
		Long: `Make another signing key, and have it follow the one of now. An entry of the log,
log.rotateKey, tells of it, signed by both. The server must not run. Who verifies evidence with
the old key goes on doing so: it holds what both have signed. A checkpoint does not, and needs
the new key: "auditlog key show" prints both.`,
		Args: cobra.NoArgs,
	}
	at := addPlace(cmd)
	named := cmd.Flags().String("signing-key", os.Getenv(settings.EnvName("signing-key")), "the `file` with the key of now, as serve has it")
	to := cmd.Flags().String("to", "", "write the new key to this `file`, and leave the old one; needed where --signing-key or a credential has that")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		key := signing.Find(at.data, *named, os.LookupEnv)
		if *to == "" && !key.Own {
			return exit.Usagef("--to: name the file that the new key is written to")
		}
		return a.rotateKey(cmd.Context(), at, key, *to)
	}
	return cmd
}

// rotateKey makes a key that follows the one at a place: in a file of its own, or, where to is
// empty, at that place. There it is beside the old one until the log has it: a crash leaves one
// that the log knows.
func (a *app) rotateKey(ctx context.Context, at *where, key signing.Place, to string) error {
	log, err := at.open()
	if err != nil {
		return at.offline(err)
	}
	defer log.Close()
	old, err := key.Open(log)
	if err != nil {
		return err
	}
	n, err := notary.New(log, old, notary.Options{})
	if err != nil {
		return err
	}
	if err := n.Head(ctx); err != nil {
		return err
	}
	if _, err := os.Stat(to); to != "" && err == nil {
		return exit.Usagef("--to: %s is there already", to)
	}
	next, err := signing.Make(cmp.Or(to, key.Next()))
	if err != nil {
		return err
	}
	if err := n.Rotate(ctx, next, log, operator()); err != nil {
		return err
	}
	if to == "" {
		if err := key.Finish(log); err != nil {
			return err
		}
	}
	fmt.Fprintln(a.Stdout, next.Public().Text(n.Origin()))
	fmt.Fprintf(a.Stderr, "auditlog: the log is signed with the key %s from now on, in %s\n", next.Public().Fingerprint(), cmp.Or(to, key.Path))
	return nil
}

// operator is who runs this command on the log's machine, as its system knows him.
func operator() audit.Actor {
	name := "root"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return audit.Actor{Email: name + "@localhost", Type: audit.User}
}
