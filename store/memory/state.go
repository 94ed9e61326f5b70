package memory

import (
	"sync"

	"auditlog/store/hurt"
)

// State is all of it, of which Mu guards the rest. It is held for moments only.
type State struct {
	Mu       sync.RWMutex
	Version  uint64 // of the database's state that the rest is of
	Tokens   uint64 // how often tokens were changed where several nodes share the database
	Projects map[string]*Project
	ByID     Numbered
	Purging  map[*Project]bool // those that are being purged
	Purges   uint64            // counts purges that begin and that end
	Tail     Tail
	BlockSeq uint64 // newest sequence of the changes bucket
	// Hurt is set when the store is opened, and then only read.
	Hurt hurt.Hurt
}

// NewState returns the state of an empty log.
func NewState() *State {
	return &State{Projects: make(map[string]*Project), ByID: make(Numbered), Purging: make(map[*Project]bool)}
}
