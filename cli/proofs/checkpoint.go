package proofs

import (
	"encoding/base64"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"auditlog/cli/connection"
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
		var old *int64
		if *since != "" {
			_, size, err := readCheckpoint(*since)
			if err != nil {
				return err
			}
			old = &size
		}
		res, err := c.Checkpoint(cmd.Context(), old)
		if err != nil {
			return err
		}
		text := res.Checkpoint
		if old != nil {
			l := &consistency{old: *old}
			for _, s := range res.Proof {
				b, err := base64.StdEncoding.DecodeString(s)
				if err != nil || len(b) != len(proof.Hash{}) {
					return fmt.Errorf("the log answered with a proof that is none")
				}
				l.hashes = append(l.hashes, proof.Hash(b))
			}
			text = l.String() + text
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
