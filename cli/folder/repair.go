package folder

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"auditlog/audit"
	"auditlog/cli/exit"
	"auditlog/cli/server"
	"auditlog/cli/signing"
	"auditlog/spell"
	"auditlog/store"
	"auditlog/store/repair"
)

func (a *app) repair() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "repair",
		Short: "Make a damaged log whole again, as far as anything is left of it",
		Long: `Make a sound database of a damaged one. What can be read of it is kept, and what cannot is
taken, entry by entry, from the backups and exports of the same log that --from names:
a repository, as backup takes it, or a file of NDJSON that "auditlog export" wrote. Entries
keep their ids and seqs. What nobody has is listed, stays a gap in its project, and is told by an
entry of the log itself, log.repair, in the project ` + audit.SystemProject + `.

The damaged file is kept beside the repaired one, under another name. With --to the folder
is left as it is, and the repaired log is made in another one: also without any --from,
of everything that can still be read. It is checked as "auditlog check" does before
it takes its place. There must be room for it.

Where entries are lost, a new epoch of the log begins: cursors of pages and of pulls are
refused then, and proofs begin anew.`,
		Example: `  auditlog repair --data /var/lib/auditlog --from /var/backups/auditlog
  auditlog repair --data /mnt/broken --to /var/lib/auditlog`,
		Args: cobra.NoArgs,
	}
	dir := addData(cmd)
	from := cmd.Flags().StringArray("from", nil, "a `backup` repository or an export of this log; repeat it for several")
	to := cmd.Flags().String("to", "", "make the repaired log in this `folder`, which must be empty or not there")
	var s source
	s.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return offline(a.runRepair(cmd.Context(), *dir, *to, *from, &s), *dir)
	}
	return cmd
}

func (a *app) runRepair(ctx context.Context, dir, to string, from []string, s *source) (err error) {
	damaged, err := repair.Open(dir, store.FileName)
	if audit.KindOf(err) == audit.Conflict {
		return exit.Hinted(err, "stop the server that has %s open first", dir)
	}
	if err != nil {
		return err
	}
	defer damaged.Close()
	var others []repair.Source
	for _, name := range from {
		other, closeIt, err := openSource(ctx, name, s)
		if err != nil {
			return err
		}
		defer closeIt()
		others = append(others, other)
	}
	p := a.Progress(false)
	defer p.Done()
	opts := repair.Options{
		Random: rand.Reader,
		Report: func(problem string) {
			p.Done()
			fmt.Fprintln(a.Stdout, spell.Text(problem))
		},
		Progress: func(n int64) { p.Show("%d entries are written", n) },
	}
	var res *repair.Result
	kept, at := "", to
	if to == "" {
		at = dir
		res, kept, err = repair.InPlace(ctx, dir, store.FileName, damaged, others, []string{server.IndexFolder}, opts)
	} else {
		res, err = repair.Into(ctx, to, store.FileName, damaged, others, opts)
		if err == nil {
			err = signing.Copy(dir, to)
		}
	}
	p.Done()
	switch {
	case err != nil:
		return err
	case res.Check.Problems > 0:
		return exit.With(exit.Faulty, fmt.Errorf("%d faults in what was repaired, which is not kept", res.Check.Problems))
	case kept == "" && to == "":
		fmt.Fprintln(a.Stderr, "auditlog: nothing is damaged, and nothing was changed")
		return nil
	}
	if err := recordRepair(ctx, at, res); err != nil {
		return err
	}
	return a.tellRepair(res, at, kept)
}

// openSource opens what --from names: an export, or else a repository of backups.
func openSource(ctx context.Context, name string, s *source) (repair.Source, func() error, error) {
	if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() && !strings.HasSuffix(name, ".tar") {
		entries, err := readExport(name)
		return repair.Source{Name: name, Entries: entries}, func() error { return nil }, err
	}
	db, closePlace, err := s.open(ctx, name)
	if err != nil {
		return repair.Source{}, nil, err
	}
	return repair.Source{Name: db.Name(), DB: db}, closePlace, nil
}

// readExport reads the entries of an export as NDJSON, ids and seqs included.
func readExport(path string) ([]*audit.Entry, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read export: %w", err)
	}
	defer f.Close()
	var entries []*audit.Entry
	r := bufio.NewReaderSize(f, 1<<20)
	for number := 1; ; number++ {
		line, err := r.ReadBytes('\n')
		if text := bytes.TrimSpace(line); len(text) > 0 && !bytes.HasPrefix(text, []byte(`{"gap":`)) {
			e := &audit.Entry{}
			if err := json.Unmarshal(text, e); err != nil || e.ID < 1 || e.Seq < 1 || e.Project == "" {
				return nil, exit.Usagef("%s, line %d: is no entry of an export as NDJSON, with its id and seq", path, number)
			}
			e.CreatedAt, e.RecordedAt = audit.Truncate(e.CreatedAt), audit.Truncate(e.RecordedAt)
			entries = append(entries, e)
		}
		if errors.Is(err, io.EOF) {
			return entries, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read export: %w", err)
		}
	}
}

// maxToldGaps is how many gaps the entry of a repair names.
const maxToldGaps = 20

// recordRepair records in a repaired log that it is one, and what it lacks.
func recordRepair(ctx context.Context, dir string, res *repair.Result) error {
	s, err := store.Open(dir, store.Options{})
	if err != nil {
		return err
	}
	lost := int64(0)
	meta := map[string]string{"damages": strconv.Itoa(res.Damages)}
	for i := range res.Gaps {
		lost += res.Gaps[i].Entries
		if i < maxToldGaps {
			meta[fmt.Sprintf("gap%d", i+1)] = res.Gaps[i].String()
		}
	}
	filled := int64(0)
	for _, n := range res.Filled {
		filled += n
	}
	meta["filled"], meta["lost"] = strconv.FormatInt(filled, 10), strconv.FormatInt(lost, 10)
	return recordOwn(ctx, s, "log.repair", fmt.Sprintf("Repaired: %d entries were filled from backups and exports, %d are lost", filled, lost), meta)
}

// tellRepair says what a repair has done, and ends with the code of a log that is not all there.
func (a *app) tellRepair(res *repair.Result, at, kept string) error {
	for i := range res.Gaps {
		fmt.Fprintln(a.Stdout, spell.Text(res.Gaps[i].String()))
	}
	fmt.Fprintf(a.Stderr, "auditlog: repaired %s: it has %d entries\n", at, res.Entries)
	for name, n := range res.Filled {
		fmt.Fprintf(a.Stderr, "auditlog: %d of them are from %s\n", n, spell.Text(name))
	}
	if kept != "" {
		fmt.Fprintf(a.Stderr, "auditlog: the damaged database is kept as %s: delete it once all is well\n", kept)
	}
	if len(res.Gaps) == 0 {
		return nil
	}
	return exit.Hinted(exit.With(exit.Faulty, fmt.Errorf("%d gaps are left, which nobody has the entries of", len(res.Gaps))),
		"repair the damaged database once more when an older backup or an export turns up")
}
