package pgkv

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"auditlog/durable"
)

// memo is what a process remembers of the servers beyond its end, in a file.
type memo struct {
	// System and Timeline are of the newest server that was seen.
	System   string `json:"system"`
	Timeline uint32 `json:"timeline"`
	// Log names the log of which Version was read, which Writer made, at an Epoch. ReadFrom and At are the
	// system and the timeline of the server that had it.
	Log      string `json:"log"`
	Epoch    string `json:"epoch"`
	Version  int64  `json:"version"`
	Writer   string `json:"writer"`
	ReadFrom string `json:"readFrom"`
	At       uint32 `json:"at"`
}

// inWords returns the value of a key that a state has at hand.
func (db *DB) inWords(s *state, key string) string { return hex.EncodeToString(s.held[key].value) }

// newest returns the newest server that was seen.
func (m memo) newest() server { return server{system: m.System, timeline: m.Timeline} }

// memory keeps the memo. Its methods may be called by several goroutines at once.
type memory struct {
	path string // "": nothing outlives the process

	mu  sync.Mutex // guards now; each transaction waits for it, so nobody who has it waits for the disk
	now memo

	writing sync.Mutex // held while the file is written, guards written
	written memo
}

// open reads what was remembered.
func (m *memory) open(path string) error {
	if m.path = path; path == "" {
		return nil
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(text, &m.now)
	}
	if err != nil {
		return fmt.Errorf("what this node remembers of the database cannot be read: %w: remove %s to start without it", err, path)
	}
	m.written = m.now
	return nil
}

// memo returns what is remembered now.
func (m *memory) memo() memo {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

// meet remembers a server, and refuses one that was the primary before another that was seen.
func (m *memory) meet(s server) error {
	if newest := m.see(s); s.older(newest) {
		where := ""
		if m.path != "" {
			where = "; if it was made anew from a backup, remove " + m.path
		}
		return fmt.Errorf("it is a primary of before: its timeline is %d, and there was %d already%s", s.timeline, newest.timeline, where)
	}
	if s.timeline != 0 {
		m.write()
	}
	return nil
}

// see returns the newest server that was seen, this one or one that it is older than.
func (m *memory) see(s server) server {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s.timeline != 0 && !s.older(m.now.newest()) {
		m.now.System, m.now.Timeline = s.system, s.timeline
	}
	return m.now.newest()
}

// read remembers that a state of a log was read, at an epoch.
func (m *memory) read(log, epoch string, s *state) {
	m.mu.Lock()
	m.now.Log, m.now.Epoch, m.now.Version, m.now.Writer = log, epoch, s.version, hex.EncodeToString([]byte(s.writer))
	m.now.ReadFrom, m.now.At = s.server.system, s.server.timeline
	m.mu.Unlock()
	m.write()
}

// write writes the file if it says something else. Where that fails the next start knows less, which
// is no reason to record nothing now.
func (m *memory) write() {
	if m.path == "" {
		return
	}
	m.writing.Lock()
	defer m.writing.Unlock()
	now := m.memo()
	if now == m.written {
		return
	}
	text, err := json.Marshal(now)
	if err == nil && durable.Replace(m.path, text) == nil {
		m.written = now
	}
}

// recall holds the database against what was remembered of it. Another log is refused. What only a server
// knew that was not the newest any more may be missing: it was lost when another took over.
func (db *DB) recall() error {
	was, now := db.memory.memo(), db.newest()
	if was.Version == 0 {
		return nil
	}
	if is := db.inWords(now, db.opts.Identity); was.Log != is {
		return fmt.Errorf("it holds log %s, and this node has had log %s: give it the address of that one, or remove %s to have it begin anew with this one",
			is, was.Log, db.memory.path)
	}
	if db.inWords(now, db.opts.Epoch) > was.Epoch { // another process has accepted the loss
		return nil
	}
	if (server{system: was.ReadFrom, timeline: was.At}).older(now.server) {
		return nil
	}
	is, err := db.Holds(fmt.Sprintf("%d-%s", was.Version, was.Writer))
	if err != nil || is {
		return err
	}
	db.missing = fmt.Sprintf("version %d of its database, which this node had read, and is at %d", was.Version, now.version)
	return nil
}

// Missing says what the database lacks that this process had read before it was started, "" where it
// lacks nothing. That is remembered until Options.AcceptLoss is given.
func (db *DB) Missing() string { return db.missing }

// rememberEvery is how often it is remembered how far the log has come.
const rememberEvery = 10 * time.Second

// remember remembers how far the log has come. Its owner is Open, its end Close.
func (db *DB) remember() {
	tick := time.NewTicker(rememberEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-db.ending:
		}
		now := db.newest()
		db.memory.read(db.inWords(now, db.opts.Identity), db.inWords(now, db.opts.Epoch), now)
		if db.closed.Load() {
			return
		}
	}
}

// newest returns the newest state that is known.
func (db *DB) newest() *state {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.state
}
