package proofs

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"auditlog/cli/exit"
	"auditlog/cli/signing"
	"auditlog/proof"
	"auditlog/witness"
)

// witnessFlags are those of auditlog witness.
type witnessFlags struct {
	dir, name, listen, file, output string
	tlsCert, tlsKey                 string
	logs                            []string
	showKey                         bool
}

func (a *app) witness() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "witness",
		Short: "Sign checkpoints of logs that only ever grow",
		Long: `Sign checkpoints of logs, each only if it continues everything that was signed of that log
before. It belongs on a machine that the log's owner cannot reach: a log that is rewritten, or
that shows different people different histories, cannot have both signed.

With --listen it answers logs, as c2sp.org/tlog-witness has it; name it in their file of
settings, as [[witness]] with its key and its url. With --file it signs what "auditlog checkpoint
--since" has written, for machines without a network, and "auditlog checkpoint import" brings
that back. The first start makes its key.`,
		Example: `  auditlog witness --dir witness --log log.pub --listen 127.0.0.1:7071
  auditlog witness --dir witness --log log.pub --file usb/now.checkpoint --output usb/signed.checkpoint`,
		Args: cobra.NoArgs,
	}
	var f witnessFlags
	cmd.Flags().StringVar(&f.dir, "dir", "witness", "the `folder` of its key and of what it has signed")
	cmd.Flags().StringVar(&f.name, "name", "", "its `name`, as in the key; the same for ever")
	cmd.Flags().StringSliceVar(&f.logs, "log", nil, "the public `key` of a log, or a file with it; repeat it for several")
	cmd.Flags().StringVar(&f.listen, "listen", "", "answer logs at this `address`, host:port")
	cmd.Flags().StringVar(&f.tlsCert, "tls-cert", "", "answer over HTTPS with this certificate, a PEM `file`")
	cmd.Flags().StringVar(&f.tlsKey, "tls-key", "", "the certificate's private key, a PEM `file`")
	cmd.Flags().StringVar(&f.file, "file", "", "sign the checkpoint in this `file`")
	cmd.Flags().StringVarP(&f.output, "output", "o", "", "write it to this `file`, with --file")
	cmd.Flags().BoolVar(&f.showKey, "show-key", false, "show its public key, for verify --witness")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return a.runWitness(cmd.Context(), &f) }
	return cmd
}

func (a *app) runWitness(ctx context.Context, f *witnessFlags) error {
	as, err := witnessOf(f)
	if err != nil {
		return err
	}
	switch {
	case f.showKey:
		fmt.Fprintln(a.Stdout, proof.Witness{Name: as.Name, Key: as.Key.Public()}.Text())
		return nil
	case len(f.logs) == 0:
		return exit.Usagef("--log: name the key of a log, as \"auditlog key show\" prints it")
	case f.file == "" && f.listen == "":
		return exit.Usagef("--listen or --file: say what it is to sign")
	}
	w, err := witness.Open(as)
	if errors.Is(err, witness.ErrTaken) {
		return exit.Hinted(exit.With(exit.Conflict, err), "one process signs at a time: end that one first")
	}
	if err != nil {
		return err
	}
	defer w.Close()
	if f.file != "" {
		return a.witnessFile(ctx, w, f)
	}
	return a.witnessServe(ctx, w, f)
}

// witnessOf returns what the witness of a folder is, which is made if it is not there.
func witnessOf(f *witnessFlags) (as witness.Options, err error) {
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return as, err
	}
	as.Path = filepath.Join(f.dir, "witness.json")
	if as.Key, err = signing.Kept(filepath.Join(f.dir, "witness-key")); err != nil {
		return as, err
	}
	if as.Name = f.name; as.Name == "" {
		as.Name = "auditlog-witness/" + strings.ReplaceAll(as.Key.Public().Fingerprint(), " ", "")[:16]
	}
	if strings.ContainsAny(as.Name, " +\n\t") {
		return as, exit.Usagef("--name: must have neither spaces nor plus signs")
	}
	texts, err := readKeyTexts(f.logs)
	if err != nil {
		return as, err
	}
	as.Logs = make(map[string][]proof.PublicKey)
	for _, text := range texts {
		origin, k, err := proof.ParsePublicKey(text)
		if err != nil {
			return as, exit.Usagef("--log: %v", err)
		}
		as.Logs[origin] = append(as.Logs[origin], k)
	}
	return as, nil
}

// witnessFile signs the checkpoint in a file.
func (a *app) witnessFile(ctx context.Context, w *witness.Witness, f *witnessFlags) error {
	text, err := os.ReadFile(f.file)
	if err != nil {
		return err
	}
	if c, _ := cutConsistency(text); c == nil {
		text = witness.Request(0, nil, text) // the first one
	}
	cosigned, _, err := w.Add(text)
	var conflict *witness.ConflictError
	if errors.As(err, &conflict) {
		origin, _, _ := strings.Cut(strings.SplitN(string(text), "\n\n", 2)[1], "\n")
		last := filepath.Join(f.dir, "last.checkpoint")
		if err := os.WriteFile(last, w.Newest(origin), 0o600); err != nil {
			return err
		}
		return exit.Hinted(exit.With(exit.Conflict, err), "ask for one that continues it: auditlog checkpoint --since %s", last)
	}
	if errors.Is(err, witness.ErrRequest) {
		return exit.Usagef("--file: %s holds no checkpoint, as \"auditlog checkpoint\" writes one, or a damaged one", f.file)
	}
	if errors.Is(err, witness.ErrProof) || errors.Is(err, witness.ErrSignature) {
		return exit.With(exit.Faulty, err)
	}
	if err != nil {
		return err
	}
	return a.WriteTo(ctx, f.output, "text", func(out io.Writer) error {
		_, err := out.Write(cosigned)
		return err
	})
}

// witnessServe answers logs until ctx ends.
func (a *app) witnessServe(ctx context.Context, w *witness.Witness, f *witnessFlags) error {
	if (f.tlsCert == "") != (f.tlsKey == "") {
		return exit.Usagef("--tls-cert and --tls-key: give both, or none of them")
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", f.listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	scheme := "http"
	if f.tlsCert != "" {
		scheme = "https"
		if l, err = secured(l, f.tlsCert, f.tlsKey); err != nil {
			return err
		}
	}
	fmt.Fprintf(a.Stdout, "auditlog: witness %s\nauditlog: listening on %s://%s\n", w.Public().Text(), scheme, l.Addr())
	return w.Serve(ctx, l)
}

// secured returns a listener that speaks TLS. The certificate is read for each connection, of which
// there are few, so that a renewal needs no restart.
func secured(l net.Listener, cert, key string) (net.Listener, error) {
	read := func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(cert, key)
		return &pair, err
	}
	if _, err := read(nil); err != nil {
		return nil, errors.Join(fmt.Errorf("load TLS certificate: %w", err), l.Close())
	}
	return tls.NewListener(l, &tls.Config{GetCertificate: read, MinVersion: tls.VersionTLS12}), nil
}
