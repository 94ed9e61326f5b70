package server

import (
	"context"
	"crypto/tls"
	"fmt"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rs/zerolog"
)

// certificate is what the server shows who it is by. It is read again when its files
// change, and on SIGHUP, so that a renewal needs no restart.
type certificate struct {
	certFile, keyFile string
	log               zerolog.Logger
	current           atomic.Pointer[tls.Certificate]
	seen              [2]stamp // of the files as they were read; for Run alone
}

// stamp tells a file from what it was.
type stamp struct {
	changed time.Time
	size    int64
}

// openCertificate reads a certificate and its key for the first time.
func openCertificate(certFile, keyFile string, log zerolog.Logger) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log}
	c.seen = c.stamps()
	if err := c.read(); err != nil {
		return nil, fmt.Errorf("load TLS certificate: %w", err)
	}
	return c, nil
}

func (c *certificate) read() error {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return err
	}
	warnOfReaders(c.keyFile, c.log)
	c.current.Store(&pair)
	return nil
}

// warnOfReaders tells whoever runs the log of a private key that is not private.
func warnOfReaders(file string, log zerolog.Logger) {
	if info, err := os.Stat(file); err == nil && info.Mode().Perm()&0o027 != 0 {
		log.Warn().Str("file", file).Stringer("mode", info.Mode().Perm()).
			Msg("others can read the private key, or change it: chmod 600, or 640 for a group of its own")
	}
}

// stamps returns those of the two files; of one that is not there, none.
func (c *certificate) stamps() (s [2]stamp) {
	for i, name := range []string{c.certFile, c.keyFile} {
		if info, err := os.Stat(name); err == nil {
			s[i] = stamp{info.ModTime(), info.Size()}
		}
	}
	return s
}

// reloadEvery is how often the files are looked at.
const reloadEvery = 10 * time.Second

// Run reads the files again when they have changed or SIGHUP comes, until ctx ends. A
// pair that cannot be read leaves the one before, which is better than none: half of
// a renewal looks like that.
func (c *certificate) Run(ctx context.Context) error {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	tick := time.NewTicker(reloadEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hup:
		case <-tick.C:
			if c.stamps() == c.seen {
				continue
			}
		}
		c.reload()
	}
}

func (c *certificate) reload() {
	c.seen = c.stamps()
	if err := c.read(); err != nil {
		c.log.Error().Err(err).Msg("the TLS certificate could not be read again: the one before is used on")
		return
	}
	c.log.Info().Time("expires", c.current.Load().Leaf.NotAfter).Msg("read the TLS certificate again")
}

// config returns how the server speaks TLS: version 1.3, or 1.2 with suites that
// authenticate what they encrypt.
func (c *certificate) config() *tls.Config {
	return &tls.Config{
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current.Load(), nil },
		MinVersion:     tls.VersionTLS12,
		CipherSuites: []uint16{ // of 1.2: those of 1.3 are not for choice
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		},
	}
}
