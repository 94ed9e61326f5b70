package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"auditlog/audit"
	"auditlog/backoff"
	"auditlog/rpc"
)

// DefaultURL is where a log listens unless told otherwise.
const DefaultURL = "http://127.0.0.1:7070"

// Client calls the API of one log. The zero Client calls DefaultURL without a
// token. A Client is safe for concurrent use, and is not to be copied or changed
// once used.
type Client struct {
	// URL is the log's address, DefaultURL when empty.
	URL string
	// Token is sent as the bearer token, unless empty.
	Token string
	// HTTP makes the calls; when nil, one like http.DefaultClient that keeps more
	// connections to a log than two. No redirect is followed, whatever it says of them:
	// entries and tokens go where they are meant for.
	HTTP *http.Client
	// UserAgent is sent with every call; "auditlog-client" when empty.
	UserAgent string
	// Channel is put on the entries to record that have none, and on those that
	// the log keeps of the calls themselves.
	Channel audit.Channel
	// Tries is how often a call is tried before it fails; 8 when 0.
	Tries int
	// Pause is the longest pause after the first try, doubled after each further
	// one up to half a minute; 100 ms when 0. The true pauses are random.
	Pause time.Duration
	// Timeout bounds one try of a call that is not a stream; 30 s when 0.
	Timeout time.Duration

	keys  keys
	once  sync.Once
	stays *http.Client // HTTP or the shared one, made to follow no redirect
}

// Ready reports why the log cannot answer calls, or nil when it can. It tries once.
func (c *Client) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout())
	defer cancel()
	res, err := c.send(ctx, http.MethodGet, "readyz", "", nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return failureOf(res)
	}
	return nil
}

// failure is an error of one try, and what a next try may expect.
type failure struct {
	err error
	// passing tells that a next try may succeed, though not before after.
	passing bool
	after   time.Duration
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// call calls method with req and returns its result, trying it tries times.
func call[T any](ctx context.Context, c *Client, method string, req any, tries int) (T, error) {
	body, err := json.Marshal(req)
	if err != nil {
		var none T
		return none, fmt.Errorf("encode %s: %w", method, err)
	}
	return post[T](ctx, c, method, body, tries, c.timeout())
}

// post makes a call of which each try takes at most so long.
func post[T any](ctx context.Context, c *Client, method string, body []byte, tries int, timeout time.Duration) (T, error) {
	var result T
	err := c.retry(ctx, tries, func() error {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		res, err := c.send(ctx, http.MethodPost, method, rpc.TypeJSON, bytes.NewReader(body))
		if err != nil {
			return err
		}
		defer res.Body.Close()
		return decode(res, &result)
	})
	return result, err
}

// send makes one request. Its error is a *failure.
func (c *Client) send(ctx context.Context, verb, path, contentType string, body io.Reader) (*http.Response, error) {
	base := c.URL
	if base == "" {
		base = DefaultURL
	}
	req, err := http.NewRequestWithContext(ctx, verb, strings.TrimRight(base, "/")+"/"+path, body)
	if err != nil {
		return nil, &failure{err: audit.Errorf(audit.Invalid, "the log's address %q: %v", base, err)}
	}
	req.Header.Set("User-Agent", "auditlog-client")
	if c.UserAgent != "" {
		req.Header.Set("User-Agent", c.UserAgent)
	}
	if c.Channel != "" {
		req.Header.Set(rpc.HeaderChannel, string(c.Channel))
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	token := strings.TrimSpace(c.Token) // one from a file often ends a line
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return nil, &failure{err: audit.Errorf(audit.Unauthenticated, "the token holds a space, a line break or another control character")}
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := c.http().Do(req)
	if err != nil {
		return nil, unreachable(err)
	}
	return res, nil
}

// http returns what makes the calls of c.
func (c *Client) http() *http.Client {
	c.once.Do(func() {
		var stays http.Client
		if c.HTTP != nil {
			stays = *c.HTTP
		} else {
			stays = *shared()
		}
		stays.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		c.stays = &stays
	})
	return c.stays
}

// keptConnections is how many connections to a log are kept for next calls.
const keptConnections = 64

// shared makes the calls of every Client that has no other: as http.DefaultClient
// does, whatever the program has made of it, but with more connections kept.
var shared = sync.OnceValue(func() *http.Client {
	d := http.DefaultClient
	t := transport()
	if t == nil || d.Transport != nil || d.CheckRedirect != nil || d.Jar != nil || d.Timeout != 0 {
		return d
	}
	return &http.Client{Transport: t}
})

// transport returns http.DefaultTransport as it is now, but with more connections kept; nil where
// the program has put something else there.
func transport() *http.Transport {
	standard, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return nil
	}
	t := standard.Clone()
	t.MaxIdleConnsPerHost = max(t.MaxIdleConnsPerHost, keptConnections)
	return t
}

// Trusting returns what makes the calls of a Client that trusts the certificates in pem besides those
// that the machine does.
func Trusting(pem []byte) (*http.Client, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool() // a machine that has none trusts these alone
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("there is no certificate in PEM form")
	}
	t := transport()
	if t == nil {
		return nil, errors.New("this program makes its calls in a way of its own")
	}
	t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return &http.Client{Transport: t}, nil
}

// unreachable wraps an error of the transport's.
func unreachable(err error) error {
	fault := audit.Errorf(audit.Unavailable, "cannot reach the log")
	var cert *tls.CertificateVerificationError
	return &failure{err: fmt.Errorf("%w: %w", fault, err), passing: !errors.As(err, &cert)} // which stays what it is
}

// decode reads an answer's result, or why there is none.
func decode[T any](res *http.Response, result *T) error {
	if res.StatusCode != http.StatusOK {
		return failureWith(res, result)
	}
	body, err := readAll(res)
	if err != nil {
		return unreachable(err)
	}
	if scan(body, result) {
		return nil
	}
	var answer rpc.Answer[T]
	if err := json.Unmarshal(body, &answer); err != nil {
		return &failure{err: fmt.Errorf("%s does not answer as an audit log does: %w", res.Request.URL.Redacted(), err)}
	}
	if !answer.OK || answer.Result == nil {
		return failureFrom(res, answer.Error)
	}
	*result = *answer.Result
	return nil
}

// readAll reads a body, into memory of the right size where it is announced.
func readAll(res *http.Response) ([]byte, error) {
	var b bytes.Buffer
	if n := res.ContentLength; 0 < n && n <= maxAnnounced {
		b.Grow(int(n) + bytes.MinRead) // or else it grows to find that there is no more
	}
	_, err := b.ReadFrom(res.Body)
	return b.Bytes(), err
}

// maxAnnounced bounds how much memory an announcement alone can take.
const maxAnnounced = 64 << 20

// scanners are those that no call is using.
var scanners = sync.Pool{New: func() any { return new(rpc.Scanner) }}

// scan reads an answer as logs write it, in a fraction of the time, or reports
// that it cannot.
func scan(body []byte, result any) bool {
	s := scanners.Get().(*rpc.Scanner)
	defer scanners.Put(s)
	return s.Answer(body, result)
}

// maxErrorBody bounds what is read of an answer that is an error.
const maxErrorBody = 1 << 20

func failureOf(res *http.Response) error {
	return failureWith(res, new(json.RawMessage))
}

// failureWith returns the error of an answer, and sets result where the answer
// has one all the same.
func failureWith[T any](res *http.Response, result *T) error {
	body, err := io.ReadAll(io.LimitReader(res.Body, maxErrorBody))
	if err != nil {
		return unreachable(err)
	}
	var answer rpc.Answer[T]
	if json.Unmarshal(body, &answer) != nil {
		answer.Error = nil
		res.Status += said(body) // for the error
	}
	if answer.Result != nil {
		*result = *answer.Result
	}
	return failureFrom(res, answer.Error)
}

// said returns what one who is no audit log says of a failure, where that is a line of text: a proxy,
// or a server that speaks TLS and was asked without.
func said(body []byte) string {
	line := strings.TrimSpace(string(body))
	const most = 200
	if line == "" || len(line) > most || strings.ContainsAny(line, "<{\r\n") || !utf8.ValidString(line) {
		return ""
	}
	return ": " + strings.TrimSuffix(line, ".")
}

// failureFrom makes a failure of the error of an answer, or of its status when
// who answered was no audit log.
func failureFrom(res *http.Response, e *rpc.Error) error {
	var fault *audit.Fault
	switch {
	case res.StatusCode/100 == 3:
		return &failure{err: audit.Errorf(audit.Invalid, "%s sends on to %.200q, where nothing is sent: set the log's address to where it is",
			res.Request.URL.Redacted(), res.Header.Get("Location"))}
	case e != nil:
		fault = e.Fault()
		if fault.Kind == audit.Internal && e.RequestID != "" {
			fault.Message += " (request " + e.RequestID + ")"
		}
	case res.StatusCode == http.StatusOK:
		return &failure{err: fmt.Errorf("%s does not answer as an audit log does", res.Request.URL.Redacted())}
	default:
		fault = &audit.Fault{
			Kind:    rpc.KindOfStatus(res.StatusCode),
			Message: fmt.Sprintf("%s answered %s", res.Request.URL.Redacted(), res.Status),
		}
	}
	f := &failure{err: fault, after: backoff.RetryAfter(res.Header.Get("Retry-After"), time.Now())}
	switch fault.Kind {
	case audit.RateLimited:
		// A limit for a day, or for ever, is the caller's to know of, not to wait for here.
		f.passing = f.after < backoff.MaxRetryAfter
	case audit.Unavailable, audit.Internal:
		f.passing = true
	}
	return f
}

func (c *Client) timeout() time.Duration {
	if c.Timeout > 0 {
		return c.Timeout
	}
	return 30 * time.Second
}

// cause takes the failure off err, which is nobody else's to see.
func cause(err error) error {
	var f *failure
	if errors.As(err, &f) {
		return f.err
	}
	return err
}
