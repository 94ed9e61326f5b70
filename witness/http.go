package witness

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"auditlog/proof"
)

// maxRequest bounds a request, and an answer.
const maxRequest = 64 << 10

// typeSize is how the size of the newest checkpoint is answered.
const typeSize = "text/x.tlog.size"

// Handler answers requests of tlog-witness, at /add-checkpoint, and the newest checkpoint of each
// log, at /<SHA-256 of its origin>/checkpoint.
func (w *Witness) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /add-checkpoint", w.add)
	mux.HandleFunc("GET /{log}/checkpoint", w.newest)
	return mux
}

// Serve answers at a listener until ctx ends, which is no error.
func (w *Witness) Serve(ctx context.Context, l net.Listener) error {
	srv := &http.Server{Handler: w.Handler(), ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return srv.Shutdown(end)
}

func (w *Witness) add(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxRequest))
	if err != nil {
		http.Error(rw, "the request cannot be read", http.StatusBadRequest)
		return
	}
	_, line, err := w.Add(body)
	var conflict *ConflictError
	switch {
	case err == nil:
		rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
		rw.Write(line)
	case errors.As(err, &conflict):
		rw.Header().Set("Content-Type", typeSize)
		rw.WriteHeader(http.StatusConflict)
		fmt.Fprintf(rw, "%d\n", conflict.Size)
	default:
		http.Error(rw, err.Error(), status(err))
	}
}

func status(err error) int {
	for _, s := range []struct {
		err  error
		code int
	}{
		{ErrRequest, http.StatusBadRequest}, {ErrUnknown, http.StatusNotFound}, {ErrSignature, http.StatusForbidden}, {ErrProof, http.StatusUnprocessableEntity},
	} {
		if errors.Is(err, s.err) {
			return s.code
		}
	}
	return http.StatusInternalServerError
}

func (w *Witness) newest(rw http.ResponseWriter, r *http.Request) {
	for origin := range w.opts.Logs {
		if sum := sha256.Sum256([]byte(origin)); hex.EncodeToString(sum[:]) == r.PathValue("log") {
			if note := w.Newest(origin); note != nil {
				rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
				rw.Header().Set("Cache-Control", "no-cache")
				rw.Write(note)
				return
			}
		}
	}
	http.Error(rw, "nothing was signed of such a log", http.StatusNotFound)
}

// Client asks a witness that is a server. Its methods may be called by several goroutines at
// once.
type Client struct {
	// URL is where it is, without /add-checkpoint.
	URL     string
	Witness proof.Witness
	// HTTP is what asks. Default one that waits ten seconds.
	HTTP *http.Client

	mu  sync.Mutex
	old int64 // the size of the newest checkpoint that it has signed, as far as is known
}

// Cosign has the witness sign a checkpoint, and returns the lines of its signatures.
func (c *Client) Cosign(ctx context.Context, signed []byte, consistency func(old int64) ([]proof.Hash, error)) ([]byte, error) {
	now, err := proof.PeekCheckpoint(signed)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for range 2 { // the second time from where the witness says that it is
		hashes, err := consistency(c.old)
		if err != nil {
			said := c.old
			c.old = 0 // to be asked for again, as it may have been wrong
			return nil, c.failed(fmt.Errorf("it has signed a checkpoint with %d leaves, and this log has none that continues it: %w", said, err))
		}
		lines, size, err := c.post(ctx, Request(c.old, hashes, signed))
		if err != nil {
			return nil, c.failed(err)
		}
		if lines != nil {
			c.old = now.Size
			return lines, nil
		}
		c.old = size
	}
	return nil, c.failed(fmt.Errorf("it has signed another checkpoint with %d leaves: another history of this log", c.old))
}

// Newest returns the newest checkpoint of a log that the witness has signed, as it answers it, or
// nil where it has signed none.
func (c *Client) Newest(ctx context.Context, origin string) ([]byte, error) {
	sum := sha256.Sum256([]byte(origin))
	address := strings.TrimRight(c.URL, "/") + "/" + hex.EncodeToString(sum[:]) + "/checkpoint"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, err
	}
	res, err := c.client().Do(req)
	if err != nil {
		return nil, c.failed(err)
	}
	defer res.Body.Close()
	note, err := io.ReadAll(io.LimitReader(res.Body, maxRequest))
	switch {
	case err != nil:
		return nil, c.failed(err)
	case res.StatusCode == http.StatusNotFound:
		return nil, nil
	case res.StatusCode != http.StatusOK:
		return nil, c.failed(fmt.Errorf("%s: %.200q", res.Status, note))
	}
	return note, nil
}

// client returns what asks.
func (c *Client) client() *http.Client {
	if c.HTTP != nil {
		return c.HTTP
	}
	return &http.Client{Timeout: 10 * time.Second}
}

func (c *Client) failed(err error) error { return fmt.Errorf("witness %s: %w", c.Witness.Name, err) }

// post sends a request. Lines are nil where the witness is at another size, which is returned.
func (c *Client) post(ctx context.Context, body []byte) (lines []byte, size int64, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(c.URL, "/")+"/add-checkpoint", bytes.NewReader(body))
	if err != nil {
		return nil, 0, err
	}
	res, err := c.client().Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxRequest))
	switch {
	case err != nil:
		return nil, 0, err
	case res.StatusCode == http.StatusOK:
		return answer, 0, nil
	case res.StatusCode == http.StatusConflict && res.Header.Get("Content-Type") == typeSize:
		size, err = strconv.ParseInt(strings.TrimSpace(string(answer)), 10, 64)
		if err != nil || size < 0 {
			return nil, 0, fmt.Errorf("%.60q is no size", answer)
		}
		return nil, size, nil
	}
	return nil, 0, fmt.Errorf("%s: %.200q", res.Status, answer)
}
