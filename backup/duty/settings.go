package duty

import (
	"time"

	"auditlog/audit"
	"auditlog/backup/place"
)

// Settings are a schedule as an operator writes it.
type Settings struct {
	// To is the repository: see place.Open. It must hold several backups.
	To string
	// Every is how long after the last backup the next one is taken. Default 24 h.
	Every time.Duration
	// Keep is how many backups are kept. Default 14; 0 keeps all.
	Keep int
	// Recipients are the public keys of age of those who can read them. Default none: they
	// are not encrypted.
	Recipients []string
}

// DefaultSettings lack To.
func DefaultSettings() *Settings { return &Settings{Every: 24 * time.Hour, Keep: 14} }

// leastEvery is the least time between two backups of a schedule.
const leastEvery = time.Minute

// Check returns an Invalid Fault of the first setting that cannot be meant.
func (s *Settings) Check() error {
	switch {
	case s.To == "":
		return audit.FieldErrorf("to", "is required")
	case place.IsArchive(s.To):
		return audit.FieldErrorf("to", "must be a folder: a file holds one backup")
	case s.Every < leastEvery:
		return audit.FieldErrorf("every", "must be at least %s", leastEvery)
	case s.Keep < 0:
		return audit.FieldErrorf("keep", "must be 0, which keeps all, or more")
	}
	if _, err := place.Open(s.To); err != nil {
		return audit.AtPath(err, "to")
	}
	_, err := ParseRecipients(s.Recipients)
	return err
}

// Schedule returns what the settings say; nil says nothing.
func (s *Settings) Schedule() (*Schedule, error) {
	if s == nil {
		return nil, nil
	}
	p, err := place.Open(s.To)
	if err != nil {
		return nil, err
	}
	recipients, err := ParseRecipients(s.Recipients)
	return &Schedule{Place: p, Every: s.Every, Keep: s.Keep, Recipients: recipients}, err
}
