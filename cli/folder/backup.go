package folder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"auditlog/backup"
	"auditlog/backup/duty"
	"auditlog/backup/place"
	"auditlog/cli/command"
	"auditlog/cli/connection"
	"auditlog/cli/exit"
	"auditlog/client"
	"auditlog/rpc"
	"auditlog/spell"
)

func (a *app) backup() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "backup DIR|FILE.tar|s3://BUCKET/PREFIX",
		Short: "Take a backup of the whole log while the server runs",
		Long: `Take a backup of the whole log: every entry, project and token as they are at one
moment, while the server goes on. It is put into a repository:

  DIR          a folder, where each backup adds what is new since the others
  FILE.tar     a file that holds this one backup
  s3://BUCKET  a bucket, as a folder; ?endpoint=https://HOST&region=NAME behind it
               where AWS_ENDPOINT_URL_S3 and AWS_REGION do not say so. Credentials
               are where Amazon's own tools look for them: AWS_ACCESS_KEY_ID and
               AWS_SECRET_ACCESS_KEY, ~/.aws/credentials, the machine's role

Everything is written here, by this command, and read back; the server only sends.
With --recipient a backup is encrypted, and only who has an identity of one of the
recipients can read it: age-keygen makes one. A backup that is not encrypted shows
whoever reads it all that the log holds.`,
		Example: `  auditlog backup /var/backups/auditlog --keep 30
  auditlog backup log.tar --recipient age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p`,
		Args: cobra.ExactArgs(1),
	}
	var recipients []string
	var keep int
	cmd.Flags().StringSliceVar(&recipients, "recipient", nil, "encrypt for this `public key` of age; repeat it for several")
	cmd.Flags().IntVar(&keep, "keep", 0, "keep this `many` backups, the newest ones; 0 keeps all")
	connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, args []string) error {
		if _, err := duty.ParseRecipients(recipients); err != nil {
			return exit.Usagef("--recipient: %v", err)
		}
		if keep < 0 {
			return exit.Usagef("--keep: must be 0 or more")
		}
		return a.takeBackup(cmd.Context(), c, args[0], recipients, keep)
	})
	cmd.AddCommand(a.backupList(), a.backupVerify(), a.backupPrune())
	return cmd
}

// takeBackup has a server send a backup, and puts it where it belongs.
func (a *app) takeBackup(ctx context.Context, c *client.Client, to string, recipients []string, keep int) error {
	p, err := place.Create(to)
	if err != nil {
		return err
	}
	defer p.Close()
	deposit, err := backup.NewDeposit(ctx, p, time.Now())
	if err != nil {
		return err
	}
	progress := a.Progress(true)
	defer progress.Done()
	var made *backup.Snapshot
	req := rpc.BackupRequest{Recipients: recipients, Have: rpc.PartNames(deposit.Parts()), Number: deposit.Number(), To: p.String()}
	received := &command.Counter{W: io.Discard, Progress: progress}
	err = c.Backup(ctx, req, func(r io.Reader) (err error) {
		made, err = backup.Receive(ctx, io.TeeReader(r, received), deposit)
		return err
	})
	deposit.Close()
	if err != nil {
		return err
	}
	progress.Done()
	fmt.Fprintf(a.Stdout, "%s\n", made.ID)
	fmt.Fprintf(a.Stderr, "auditlog: backed up %d entries up to %d to %s: %.1f MB of %.1f MB were new\n",
		made.Entries, made.LastID, p, float64(received.Bytes)/1e6, float64(made.Bytes)/1e6)
	if keep == 0 {
		return nil
	}
	return a.prune(ctx, p, keep)
}

func (a *app) prune(ctx context.Context, p backup.Place, keep int) error {
	done, err := backup.Prune(ctx, p, keep, time.Now())
	if err != nil {
		return err
	}
	fmt.Fprintf(a.Stderr, "auditlog: removed %d backups and %d parts, %.1f MB\n", done.Snapshots, done.Parts, float64(done.Bytes)/1e6)
	return nil
}

func (a *app) backupList() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list REPOSITORY",
		Short: "List the backups of a repository, the oldest first",
		Args:  cobra.ExactArgs(1),
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		p, err := place.Open(args[0])
		if err != nil {
			return err
		}
		defer p.Close()
		damaged := 0
		list, err := backup.Snapshots(cmd.Context(), p, func(err error) {
			damaged++
			fmt.Fprintf(a.Stderr, "auditlog: %s\n", spell.Text(err.Error()))
		})
		if err != nil {
			return noBackup(err)
		}
		w := tabwriter.NewWriter(a.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "BACKUP\tENTRIES\tLAST ID\tMB\tENCRYPTED\tLOG")
		for _, s := range list {
			fmt.Fprintf(w, "%s\t%d\t%d\t%.1f\t%s\t%.12s\n", s.ID, s.Entries, s.LastID, float64(s.Bytes)/1e6,
				yesNo(s.Encrypted), spell.Text(s.Log))
		}
		if err := w.Flush(); err != nil || damaged == 0 {
			return err
		}
		return exit.With(exit.Faulty, fmt.Errorf("%d backups in %s are damaged", damaged, p))
	}
	return cmd
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func (a *app) backupPrune() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "prune REPOSITORY",
		Short: "Remove all but the newest backups of a repository",
		Long: `Remove all but the newest backups, of each log that has any there, and what no other
backup needs.`,
		Args: cobra.ExactArgs(1),
	}
	keep := cmd.Flags().Int("keep", 0, "how `many` backups are kept")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *keep < 1 {
			return exit.Usagef("--keep: must be at least 1")
		}
		p, err := place.Open(args[0])
		if err != nil {
			return err
		}
		defer p.Close()
		return noBackup(a.prune(cmd.Context(), p, *keep))
	}
	return cmd
}

// noBackup gives the error of a repository that is none its exit code.
func noBackup(err error) error {
	switch {
	case errors.Is(err, backup.ErrNone):
		return exit.With(exit.NotFound, err)
	case errors.Is(err, backup.ErrGone):
		return exit.Hinted(exit.With(exit.Conflict, err), "begin again, with a backup that is kept for longer")
	case errors.Is(err, backup.ErrDamaged):
		return exit.Hinted(exit.With(exit.Faulty, err),
			"others may be whole: auditlog backup list names them, and --id chooses one; take another, if need be into another repository")
	}
	return err
}

// source is the flags that name a backup to be read.
type source struct {
	id         string
	identities []string
}

func (s *source) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.id, "id", "", "which `backup`, or how its id begins; else the newest")
	cmd.Flags().StringSliceVar(&s.identities, "identity", nil, "read an encrypted one with the identities in this `file` of age's")
}

// open opens the backup of a repository, and returns what closes it.
func (s *source) open(ctx context.Context, from string) (db *backup.DB, close func() error, err error) {
	identities, err := backup.ReadIdentities(s.identities)
	if err != nil {
		return nil, nil, err
	}
	p, err := place.Open(from)
	if err != nil {
		return nil, nil, noBackup(err)
	}
	found, err := backup.Find(ctx, p, s.id)
	if err == nil && found.Encrypted && len(identities) == 0 {
		err = exit.Hinted(exit.Usagef("this backup is encrypted"), "name the file of an identity that can read it with --identity")
	}
	if err == nil {
		db, err = backup.Open(ctx, p, found, identities)
	}
	if err != nil {
		return nil, nil, errors.Join(noBackup(err), p.Close())
	}
	return db, p.Close, nil
}
