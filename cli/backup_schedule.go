package cli

import (
	"strings"
	"time"

	"github.com/spf13/pflag"

	"auditlog/backup/duty"
)

// Backup is the backups that the server takes by itself: the table [backup] of the file of
// settings.
type Backup struct {
	// To is the repository: a folder.
	To string
	// Every is how long after the last backup the next one is taken. Default 24 h.
	Every time.Duration
	// Keep is how many backups are kept. Default 14; 0 keeps all.
	Keep int
	// Recipients are the public keys of age of those who can read them. Default none: they
	// are not encrypted.
	Recipients []string
}

// leastEvery is the least time between two backups of a schedule.
const leastEvery = time.Minute

// backupTable is [backup].
func (c *Config) backupTable() settingsTable {
	return settingsTable{name: "backup", begin: func(fs *pflag.FlagSet) func() error {
		b := &Backup{Every: 24 * time.Hour, Keep: 14}
		fs.StringVar(&b.To, "to", "", "")
		fs.Var((*span)(&b.Every), "every", "")
		fs.IntVar(&b.Keep, "keep", b.Keep, "")
		fs.StringSliceVar(&b.Recipients, "recipients", nil, "")
		return func() error {
			c.Backup = b
			return b.check()
		}
	}}
}

func (b *Backup) check() error {
	switch {
	case b.To == "":
		return settingErrorf("to", "is required")
	case isArchive(b.To):
		return settingErrorf("to", "must be a folder: a file holds one backup")
	case b.Every < leastEvery:
		return settingErrorf("every", "must be at least %s", leastEvery)
	case b.Keep < 0:
		return settingErrorf("keep", "must be 0, which keeps all, or more")
	}
	_, err := duty.ParseRecipients(b.Recipients)
	return asSetting(err, "recipients")
}

// newBackups returns what takes the backups of the served log.
func (s *server) newBackups() (*duty.Duty, error) {
	opts := duty.Options{Program: version(), TempDir: s.cfg.Data, Log: s.log}
	if b := s.cfg.Backup; b != nil {
		place, _, err := openPlace(b.To)
		if err != nil {
			return nil, err
		}
		recipients, err := duty.ParseRecipients(b.Recipients)
		if err != nil {
			return nil, err
		}
		opts.Schedule = &duty.Schedule{Place: place, Every: b.Every, Keep: b.Keep, Recipients: recipients}
		if len(recipients) == 0 {
			s.log.Warn().Str("to", strings.TrimSpace(b.To)).Msg("backups are not encrypted: whoever reads them reads the whole log")
		}
	}
	return duty.New(s.store, opts), nil
}
