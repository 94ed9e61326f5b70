package proofs

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/cli/exit"
	"auditlog/proof"
	"auditlog/proof/evidence"
	"auditlog/spell"
)

func (a *app) verify() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify FILE",
		Short: "Verify evidence, or a checkpoint, without the log",
		Long: `Verify what "auditlog evidence", "auditlog project certificate" or "auditlog checkpoint"
has written. It needs neither the log nor a network: only the log's public key, from a source
that you trust. Without --key, evidence is verified with the key that it names itself: it is whole
then, and the key's fingerprint is yours to compare.

With --against, an earlier checkpoint that you kept is what the log must continue: ask for
the evidence, or the checkpoint, with --since and the same file. A key that follows the one of
--key, by "auditlog key rotate", is believed as well where evidence says so by both signatures.
What a page shows besides its evidence nobody can verify: whether it is a page as this version
writes it is told, and the parts of a zip must be those of its evidence.`,
		Example: `  auditlog verify ada.html --key log.pub
  auditlog verify now.checkpoint --key log.pub --against january.checkpoint`,
		Args: cobra.ExactArgs(1),
	}
	var keys, witnesses []string
	var against string
	var quorum int
	cmd.Flags().StringSliceVar(&keys, "key", nil, "the log's public `key`, or a file with it; repeat it for several")
	cmd.Flags().StringVar(&against, "against", "", "an earlier checkpoint, in a `file`")
	cmd.Flags().StringSliceVar(&witnesses, "witness", nil, "the public `key` of a witness, or a file with it; repeat it for several")
	cmd.Flags().IntVar(&quorum, "quorum", 0, "how `many` of these must have signed; all unless given")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		policy, err := readPolicy(keys, witnesses, against)
		if err != nil {
			return err
		}
		policy.Quorum = len(policy.Witnesses)
		if cmd.Flags().Changed("quorum") {
			policy.Quorum = quorum
		}
		if policy.Quorum < 0 || policy.Quorum > len(policy.Witnesses) {
			return exit.Usagef("--quorum: must be from 0 to the number of witnesses, %d", len(policy.Witnesses))
		}
		f, err := os.Open(args[0])
		if err != nil {
			return err
		}
		defer f.Close()
		if signed, ok := checkpointIn(f); ok {
			return a.verifyCheckpoint(signed, policy)
		}
		res, last, err := verifyFile(f, policy)
		if err != nil {
			return err
		}
		return a.tellEvidence(f, res, last, policy)
	}
	return cmd
}

// readPolicy reads what the flags name.
func readPolicy(keys, witnesses []string, against string) (*evidence.Policy, error) {
	p := &evidence.Policy{}
	texts, err := readKeyTexts(keys)
	if err != nil {
		return nil, err
	}
	for _, text := range texts {
		_, k, err := proof.ParsePublicKey(text)
		if err != nil {
			return nil, exit.Usagef("--key: %v", err)
		}
		p.Keys = append(p.Keys, k)
	}
	if texts, err = readKeyTexts(witnesses); err != nil {
		return nil, err
	}
	for _, text := range texts {
		w, err := proof.ParseWitness(text)
		if err != nil {
			return nil, exit.Usagef("--witness: %v", err)
		}
		p.Witnesses = append(p.Witnesses, w)
	}
	if against != "" {
		p.Older, _, err = readCheckpoint(against)
	}
	return p, err
}

// tellEvidence says what evidence in a file proves, of which last is the last entry, and whether what
// people see of it is that.
func (a *app) tellEvidence(f *os.File, res *evidence.Result, last *audit.Entry, p *evidence.Policy) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	asWritten, err := evidence.AsWritten(f, info.Size())
	if errors.Is(err, evidence.ErrBad) {
		return exit.With(exit.Faulty, err)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(a.Stdout, "verified: %s\n", spell.Text(holds(res)))
	line := func(name, format string, args ...any) {
		fmt.Fprintf(a.Stdout, "%-10s %s\n", name, spell.Text(fmt.Sprintf(format, args...)))
	}
	if last.Action == string(rights.ProjectDelete) && last.Seq-res.Header.Base+1 == res.Checkpoint.Size {
		line("order", "to delete the project, by %s at %s: the last of its entries", last.Actor.Email, last.CreatedAt.Format(time.RFC3339))
	}
	line("recorded", "before %s, as one of %d entries that the project had", res.Head.Time.Format(time.RFC3339), res.Checkpoint.Size)
	line("log", "%s, head %d of %d", res.Master.Origin, res.Head.Number, res.Master.Size)
	a.tellKey(res.Key, res.KeyTrusted)
	if p.Older != nil {
		line("continues", "the checkpoint that was kept")
	}
	a.tellWitnesses(res.Witnesses)
	if !asWritten {
		fmt.Fprintln(a.Stderr, "auditlog: warning: the page around the evidence is not the one that this version writes: what it shows may be something else than what was verified")
	}
	return nil
}

func (a *app) tellKey(k proof.PublicKey, trusted bool) {
	note := ""
	if !trusted {
		note = ", which is the log's if its owner says so: give it with --key"
	}
	fmt.Fprintf(a.Stdout, "%-10s %s%s\n", "signed by", k.Fingerprint(), note)
}

func (a *app) tellWitnesses(witnesses []evidence.Cosigned) {
	for _, w := range witnesses {
		fmt.Fprintf(a.Stdout, "%-10s %s, at %s, when the log had %d heads\n", "witness", spell.Text(w.Witness.Name), w.Time.Format(time.RFC3339), w.Size)
	}
}

// A checkpoint with what leads to it from an older one is written as witnesses are asked:
// c2sp.org/tlog-witness.
const oldPrefix = "old "

// consistency is what leads to a checkpoint from an older one.
type consistency struct {
	old    int64
	hashes []proof.Hash
}

// cutConsistency returns the consistency before a checkpoint, nil where there is none, and the checkpoint.
func cutConsistency(text []byte) (*consistency, []byte) {
	head, checkpoint, ok := bytes.Cut(text, []byte("\n\n"))
	if !ok || !bytes.HasPrefix(head, []byte(oldPrefix)) {
		return nil, text
	}
	lines := strings.Split(string(head), "\n")
	old, err := strconv.ParseInt(strings.TrimPrefix(lines[0], oldPrefix), 10, 64)
	if err != nil {
		return nil, text
	}
	l := &consistency{old: old}
	for _, line := range lines[1:] {
		b, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(b) != len(proof.Hash{}) {
			return nil, text
		}
		l.hashes = append(l.hashes, proof.Hash(b))
	}
	return l, checkpoint
}

// String returns l as it stands before the checkpoint.
func (l *consistency) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s%d\n", oldPrefix, l.old)
	for _, h := range l.hashes {
		b.WriteString(h.String() + "\n")
	}
	b.WriteString("\n")
	return b.String()
}

// checkpointIn returns what is in a file if that is a checkpoint.
func checkpointIn(f *os.File) ([]byte, bool) {
	b := make([]byte, 64<<10)
	n, err := f.ReadAt(b, 0)
	if err == nil && n == len(b) {
		return nil, false // too long for one
	}
	b = b[:n]
	_, checkpoint := cutConsistency(b)
	_, err = proof.PeekCheckpoint(checkpoint)
	return b, err == nil
}

// verifyCheckpoint verifies a checkpoint, and that it continues an older one.
func (a *app) verifyCheckpoint(text []byte, p *evidence.Policy) error {
	if len(p.Keys) == 0 {
		return exit.Usagef("--key: a checkpoint does not name its key; give the log's, as \"auditlog key show\" prints it")
	}
	res, err := heldAgainst(text, p)
	if err != nil {
		return exit.With(exit.Faulty, err)
	}
	fmt.Fprintf(a.Stdout, "verified: the checkpoint of %s with %d leaves\n", spell.Text(res.Checkpoint.Origin), res.Checkpoint.Size)
	a.tellKey(res.Key, true)
	if p.Older != nil {
		fmt.Fprintf(a.Stdout, "%-10s the checkpoint that was kept\n", "continues")
	}
	a.tellWitnesses(res.Witnesses)
	return nil
}

// heldAgainst verifies a checkpoint by a policy.
func heldAgainst(text []byte, p *evidence.Policy) (*evidence.CheckpointResult, error) {
	l, signed := cutConsistency(text)
	if l == nil {
		return p.Checkpoint(signed, 0, nil)
	}
	return p.Checkpoint(signed, l.old, l.hashes)
}
