package bucket

import (
	"net/http"
	"sync"
	"time"

	"auditlog/backoff"
	"auditlog/sink"
)

// seen makes requests and looks at how they are answered, which the library does not tell all of.
type seen struct {
	next http.RoundTripper

	mu         sync.Mutex
	status     int // of the last answer that is an error; 0: there was none
	retryAfter string
}

// RoundTrip implements http.RoundTripper.
func (s *seen) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := s.next.RoundTrip(r)
	if err == nil && resp.StatusCode >= 300 {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.status, s.retryAfter = resp.StatusCode, resp.Header.Get("Retry-After")
	}
	return resp, err
}

func (s *seen) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status, s.retryAfter = 0, ""
}

// judge returns what an error asks for. Nothing that a bucket answers is an entry's fault.
func (s *seen) judge(err error, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	busy := s.status == http.StatusTooManyRequests || s.status == http.StatusServiceUnavailable
	if err == nil || !busy && s.retryAfter == "" {
		return err
	}
	return &sink.Later{After: backoff.RetryAfter(s.retryAfter, now), Err: err}
}
