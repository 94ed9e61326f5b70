package proofs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"auditlog/audit"
	"auditlog/cli/command"
	"auditlog/cli/connection"
	"auditlog/cli/exit"
	"auditlog/cli/filters"
	"auditlog/client"
	"auditlog/proof"
	"auditlog/proof/evidence"
	"auditlog/rpc"
)

// The forms of evidence.
const (
	evidenceHTML   = "html"
	evidenceZIP    = "zip"
	evidenceNDJSON = "ndjson"
)

func (a *app) evidence() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "evidence",
		Short: "Write entries with the proof that the log recorded them",
		Long: `Write the entries of a project that match, oldest first, with all that is needed to
verify them without the log: as a page that verifies itself in any browser, as a zip, or as
the NDJSON that both have inside. "auditlog verify" reads each of them. What is written was
verified.

Without filters it is the whole project, of any length; else it has a million entries at
most, and says whether entries are missing between its first and its last. A browser takes some
seconds for 10,000 entries: of many more, --format zip or ndjson is what to ask for.`,
		Example: `  auditlog evidence -p acme --from 2026-05-01 --actor ada@example.com --output ada.html
  auditlog evidence -p acme --format zip --output acme.zip`,
		Args: cobra.NoArgs,
	}
	f := filters.Add(cmd)
	var format, output, since string
	cmd.Flags().StringVar(&format, "format", "", "`html`, zip or ndjson; else what the name of the file says, else html")
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to this `file`")
	cmd.Flags().StringVar(&since, "since", "", "an earlier checkpoint, in a `file`, which the evidence is to be held against")
	filters.Complete(cmd, "format", evidenceHTML, evidenceZIP, evidenceNDJSON)
	return connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, _ []string) error {
		q, err := f.Parse(time.Now(), time.Local)
		if err != nil {
			return err
		}
		if q.Project == "" {
			return exit.Usagef("--project: name the project that the evidence is of")
		}
		form, err := evidenceForm(format, output)
		if err != nil {
			return err
		}
		req := rpc.ProveRequest{Query: q}
		var policy evidence.Policy
		if since != "" {
			if policy.Older, req.Since, err = readCheckpoint(since); err != nil {
				return err
			}
		}
		return a.fetchEvidence(cmd.Context(), c, req, &policy, form, output)
	})
}

// evidenceForm returns which form is asked for.
func evidenceForm(format, output string) (string, error) {
	if format == "" {
		format = evidenceHTML
		if ext := strings.TrimPrefix(strings.ToLower(filepath.Ext(output)), "."); ext == evidenceZIP || ext == evidenceNDJSON {
			format = ext
		}
	}
	if format != evidenceHTML && format != evidenceZIP && format != evidenceNDJSON {
		return "", exit.Usagef("--format: must be html, zip or ndjson")
	}
	return format, nil
}

// readCheckpoint returns a signed checkpoint in a file, and its size.
func readCheckpoint(path string) (signed []byte, size int64, err error) {
	if signed, err = os.ReadFile(path); err != nil {
		return nil, 0, err
	}
	_, signed = cutConsistency(signed)
	c, err := proof.PeekCheckpoint(signed)
	if err != nil {
		return nil, 0, exit.Usagef("%s: is no signed checkpoint, as \"auditlog checkpoint\" writes one", path)
	}
	return signed, c.Size, nil
}

// fetchEvidence gets evidence, verifies it, and writes it in a form.
func (a *app) fetchEvidence(ctx context.Context, c *client.Client, req rpc.ProveRequest, policy *evidence.Policy, form, output string) error {
	bundle, err := os.CreateTemp("", "auditlog-evidence-*")
	if err != nil {
		return err
	}
	defer os.Remove(bundle.Name())
	defer bundle.Close()
	p := a.Progress(true)
	defer p.Done()
	if err := filters.FlagPath(c.Prove(ctx, req, &command.Counter{W: bundle, Progress: p})); err != nil {
		return err
	}
	res, _, err := verifyFile(bundle, policy)
	if err != nil {
		return err
	}
	p.Done()
	if _, err := bundle.Seek(0, io.SeekStart); err != nil {
		return err
	}
	err = a.WriteTo(ctx, output, "json", func(w io.Writer) error {
		switch form {
		case evidenceHTML:
			return evidence.WriteHTML(w, bundle)
		case evidenceZIP:
			return evidence.WriteZip(w, bundle)
		}
		_, err := io.Copy(w, bundle)
		return err
	})
	if err == nil {
		fmt.Fprintf(a.Stderr, "auditlog: evidence of %s, signed with the key %s\n", holds(res), res.Key.Fingerprint())
	}
	return err
}

// verifyFile verifies evidence in a file, and returns its last entry too.
func verifyFile(f *os.File, policy *evidence.Policy) (res *evidence.Result, last *audit.Entry, err error) {
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	r, err := evidence.Open(f, info.Size())
	if err == nil {
		res, err = evidence.Verify(r, policy, func(e *audit.Entry) error { last = e; return nil })
	}
	if errors.Is(err, evidence.ErrBad) {
		return nil, nil, exit.With(exit.Faulty, err)
	}
	return res, last, err
}

// holds says which entries evidence has.
func holds(res *evidence.Result) string {
	h := &res.Header
	switch {
	case h.Entries == 1:
		return fmt.Sprintf("the entry with seq %d of project %s", h.FirstSeq, h.Project)
	case h.Complete:
		return fmt.Sprintf("every entry from seq %d to %d of project %s", h.FirstSeq, h.LastSeq, h.Project)
	}
	return fmt.Sprintf("%d entries between seq %d and %d of project %s", h.Entries, h.FirstSeq, h.LastSeq, h.Project)
}

// Certificate returns the command that writes the certificate of a purge, for the commands of projects.
func Certificate(run *command.Run) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "certificate PROJECT",
		Short: "Write what proves that a project was purged, and on whose order",
		Long: `Write the certificate of a purge: evidence of the entry that ordered it, in the project's
tree as it was last. "auditlog verify" reads it years later, when everything else is gone.`,
		Example: `  auditlog project certificate acme --output acme-purged.ndjson`,
		Args:    cobra.ExactArgs(1),
	}
	var output string
	var incarnation int
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to this `file`")
	cmd.Flags().IntVar(&incarnation, "incarnation", 0, "which of the project's beginnings, `from 1`; 0 is the last that was purged")
	return connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, args []string) error {
		res, err := c.Certificate(cmd.Context(), args[0], incarnation)
		if err != nil {
			return filters.FlagPath(err)
		}
		return run.WriteTo(cmd.Context(), output, "json", func(w io.Writer) error {
			_, err := io.WriteString(w, res.Bundle)
			return err
		})
	})
}

// readKeyTexts returns the keys that values name: each is one, or a file with one a line.
func readKeyTexts(values []string) ([]string, error) {
	var texts []string
	for _, v := range values {
		content, err := os.ReadFile(v)
		if errors.Is(err, fs.ErrNotExist) && strings.Count(v, "+") >= 2 {
			texts = append(texts, v)
			continue
		}
		if err != nil {
			return nil, err
		}
		texts = append(texts, strings.Fields(string(content))...)
	}
	return texts, nil
}
