package backup

import (
	"fmt"
	"os"
)

// spoolMemory is how much a spool keeps in memory.
const spoolMemory = 8 << 20

// spool keeps parts aside while a transaction lasts.
type spool struct {
	dir   string
	items []spooled
	at    map[string]bool
	held  int
	file  *os.File // nil until it is needed
	size  int64
}

// spooled is a part in a spool: in memory, or in the file.
type spooled struct {
	name    string
	content []byte
	offset  int64
	length  int
}

func (s *spool) reset() {
	s.items, s.at, s.held, s.size = nil, make(map[string]bool), 0, 0
}

// add keeps a part, once.
func (s *spool) add(name string, content []byte) error {
	if s.at[name] {
		return nil
	}
	s.at[name] = true
	if s.held+len(content) <= spoolMemory {
		s.held += len(content)
		s.items = append(s.items, spooled{name: name, content: append([]byte(nil), content...)})
		return nil
	}
	if s.file == nil {
		f, err := os.CreateTemp(s.dir, "auditlog-backup-*.tmp")
		if err != nil {
			return fmt.Errorf("keep parts aside: %w", err)
		}
		s.file = f
		// Where the system lets one, a file without a name is gone when the process is.
		_ = os.Remove(f.Name())
	}
	if _, err := s.file.WriteAt(content, s.size); err != nil {
		return fmt.Errorf("keep parts aside: %w", err)
	}
	s.items = append(s.items, spooled{name: name, offset: s.size, length: len(content)})
	s.size += int64(len(content))
	return nil
}

// each calls fn with what was added.
func (s *spool) each(fn func(name string, content []byte) error) error {
	var buf []byte
	for _, item := range s.items {
		content := item.content
		if content == nil {
			buf = append(buf[:0], make([]byte, item.length)...)
			if _, err := s.file.ReadAt(buf, item.offset); err != nil {
				return fmt.Errorf("read parts kept aside: %w", err)
			}
			content = buf
		}
		if err := fn(item.name, content); err != nil {
			return err
		}
	}
	return nil
}

func (s *spool) close() {
	if s.file == nil {
		return
	}
	// It held copies, and is gone in any case.
	_ = s.file.Close()
	_ = os.Remove(s.file.Name())
}
