package proofs

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"auditlog/audit"
	"auditlog/cli/connection"
	"auditlog/cli/exit"
	"auditlog/client"
	"auditlog/proof"
	"auditlog/proof/qr"
)

func (a *app) checkpoint() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "checkpoint",
		Short: "Write the newest checkpoint of the log, to be kept elsewhere",
		Long: `Write the newest checkpoint of the log: a few lines, signed, that stand for everything that
is recorded. Whoever keeps them where the log's owner cannot change them can prove later that
nothing of it was changed, removed or inserted. One is made if the newest does not cover all.

With --since the file begins with what leads to it from an earlier one, for "auditlog verify
--against" and for witnesses.`,
		Example: `  auditlog checkpoint > january.checkpoint
  auditlog checkpoint --since january.checkpoint > now.checkpoint`,
		Args: cobra.NoArgs,
	}
	since := cmd.Flags().String("since", "", "an earlier checkpoint, in a `file`")
	output := cmd.Flags().StringP("output", "o", "", "write to this `file`")
	asQR := cmd.Flags().Bool("qr", false, "draw it as a QR code, for a terminal that is dark")
	connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, _ []string) error {
		text, err := newest(cmd.Context(), c, *since)
		if err != nil {
			return err
		}
		if *asQR {
			code, err := qr.Encode(text)
			if err != nil {
				return err
			}
			text = code.Text()
		}
		return a.WriteTo(cmd.Context(), *output, "text", func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return err
		})
	})
	cmd.AddCommand(a.checkpointImport())
	return cmd
}

// newest returns the newest checkpoint of a log, behind what leads to it from the one in a file where
// that is named.
func newest(ctx context.Context, c *client.Client, since string) (string, error) {
	if since == "" {
		res, err := c.Checkpoint(ctx, nil)
		return res.Checkpoint, err
	}
	signed, size, err := readCheckpoint(since)
	if err != nil {
		return "", err
	}
	res, err := c.Checkpoint(ctx, &size)
	if audit.KindOf(err) == audit.Invalid { // it never had so many heads: its newest says why
		res, err = c.Checkpoint(ctx, nil)
	}
	if err != nil {
		return "", err
	}
	l := &consistency{old: size}
	for _, s := range res.Proof {
		b, err := base64.StdEncoding.DecodeString(s)
		if err != nil || len(b) != len(proof.Hash{}) {
			return "", fmt.Errorf("the log answered with a proof that is none")
		}
		l.hashes = append(l.hashes, proof.Hash(b))
	}
	if err := l.leads(since, signed, []byte(res.Checkpoint)); err != nil {
		return "", exit.With(exit.Faulty, err)
	}
	return l.String() + res.Checkpoint, nil
}

// leads returns nil if the hashes show that the log with a newer checkpoint begins as it was with the
// older one, which stands in a file. No signature is looked at: whoever verifies the file does that.
func (l *consistency) leads(file string, older, newer []byte) error {
	old, err := proof.PeekCheckpoint(older)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	now, err := proof.PeekCheckpoint(newer)
	if err != nil {
		return fmt.Errorf("the log answered with no checkpoint: %w", err)
	}
	if old.Origin == now.Origin {
		if err := proof.CheckConsistency(l.hashes, now, old); err != nil {
			return fmt.Errorf("the log was changed since %s: %w", file, err)
		}
		return nil
	}
	err = fmt.Errorf("%s: is a checkpoint of %s, and the log is %s", file, old.Origin, now.Origin)
	if withoutEpoch(old.Origin) == withoutEpoch(now.Origin) {
		return exit.Hinted(err, "entries were lost, or it was restored from a backup: a new epoch began, and nothing leads to it from "+
			"checkpoints of before; keep one of now as well, with \"auditlog checkpoint\"")
	}
	return err
}

// withoutEpoch returns the origin of a master log without its epoch, and any other as it is.
func withoutEpoch(origin string) string {
	lineage, ok := strings.CutPrefix(origin, proof.LogOrigin(""))
	l, err := audit.ParseLineage(lineage)
	if !ok || err != nil {
		return origin
	}
	return proof.LogOrigin(l.Log)
}

func (a *app) checkpointImport() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Bring a checkpoint that a witness has signed back to the log",
		Args:  cobra.ExactArgs(1),
	}
	return connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, args []string) error {
		text, err := os.ReadFile(args[0])
		if err != nil {
			return err
		}
		_, signed := cutConsistency(text)
		if _, err := c.Cosign(cmd.Context(), string(signed)); err != nil {
			return err
		}
		fmt.Fprintf(a.Stderr, "auditlog: the log has the signatures in %s\n", args[0])
		return nil
	})
}
