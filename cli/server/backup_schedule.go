package server

import (
	"github.com/spf13/pflag"

	"auditlog/backup/duty"
	"auditlog/cli/build"
	"auditlog/cli/settings"
)

// backupTable is [backup].
func (c *Config) backupTable() settings.Table {
	return settings.Table{Name: "backup", Begin: func(fs *pflag.FlagSet) func() error {
		b := duty.DefaultSettings()
		fs.StringVar(&b.To, "to", "", "")
		fs.Var((*settings.Span)(&b.Every), "every", "")
		fs.IntVar(&b.Keep, "keep", b.Keep, "")
		fs.StringSliceVar(&b.Recipients, "recipients", nil, "")
		return func() error {
			c.Backup = b
			return asSetting(b.Check(), "to")
		}
	}}
}

// newBackups returns what takes the backups of the served log.
func (s *server) newBackups() (*duty.Duty, error) {
	schedule, err := s.cfg.Backup.Schedule()
	if err != nil {
		return nil, err
	}
	if schedule != nil && len(schedule.Recipients) == 0 {
		s.log.Warn().Stringer("to", schedule.Place).Msg("backups are not encrypted: whoever reads them reads the whole log")
	}
	return duty.New(s.store, duty.Options{Program: build.Version(), TempDir: s.cfg.Data, Schedule: schedule, Key: s.signing, Log: s.log}), nil
}
