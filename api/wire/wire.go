package wire

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

// Options configure a Wire. From and Told are required.
type Options struct {
	// Patience is how long a request's body may keep the server waiting, and how
	// long the client may take to accept a part of an answer.
	Patience time.Duration
	// Log gets one line a request. Its zero value is silent.
	Log zerolog.Logger
	// From tells where a request comes from; an invalid address where that is not known.
	From func(*http.Request) netip.Addr
	// Told returns what the caller of an exchange is told of an error that has a status, and
	// under which status, for there are clients that read one alone.
	Told func(x *Exchange, status int, err error) (told int, answer any)
}

// Wire is what all exchanges share. Its methods may be called by several goroutines at once.
type Wire struct {
	opts    Options
	buffers sync.Pool // of *Buffer
	gzips   gzipPool

	prefix string // of the ids that are given here
	last   atomic.Uint64
}

// New returns a Wire.
func New(opts Options) (*Wire, error) {
	prefix := make([]byte, 6)
	if _, err := rand.Read(prefix); err != nil {
		return nil, err
	}
	return &Wire{opts: opts, prefix: hex.EncodeToString(prefix)}, nil
}
