package store

import (
	"crypto/hmac"
	"crypto/sha256"

	"auditlog/audit"
	"auditlog/store/kv"
)

// View runs fn on one state of the log's database, for who copies it. While it lasts,
// what is freed is not used again.
func (s *Store) View(fn func(kv.Tx) error) error { return s.read(fn) }

// Secret returns 32 bytes that are this log's own under a label, also in a copy of it, or nil
// while it has no entry of its own. They are derived from the secret of the system project, which is
// never purged.
func (s *Store) Secret(label string) []byte {
	s.mu.RLock()
	defer s.mu.RUnlock()
	p := s.projects[audit.SystemProject]
	if p == nil {
		return nil
	}
	mac := hmac.New(sha256.New, p.rec.Secret)
	mac.Write([]byte(label))
	return mac.Sum(nil)
}
