package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// tokens is what the token endpoint answers with.
type tokens struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	IDToken      string `json:"id_token"`
}

// refusal is an error that an endpoint answered with (RFC 6749, section 5.2).
type refusal struct {
	Status      int    `json:"-"`
	Code        string `json:"error"`
	Description string `json:"error_description"`
}

// Error tells the operator. Its words are the provider's, so they are quoted.
func (r *refusal) Error() string {
	if r.Code == "" {
		return fmt.Sprintf("the provider answered with status %d", r.Status)
	}
	return fmt.Sprintf("the provider answered %q (%q)", r.Code, r.Description)
}

// codeOf returns the provider's code for an error, or "".
func codeOf(err error) string {
	var r *refusal
	if errors.As(err, &r) {
		return r.Code
	}
	return ""
}

// take waits for one of the slots; the caller calls the function returned when done.
func (p *Provider) take(ctx context.Context) (func(), error) {
	select {
	case p.slots <- struct{}{}:
		return func() { <-p.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// post sends a form to an endpoint, as the client that this log is, and decodes the
// answer into result. It returns a *refusal for an answer that is an error.
func (p *Provider) post(ctx context.Context, m *metadata, endpoint string, form url.Values, result any) error {
	basic := p.authenticate(m, form)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if basic {
		r.SetBasicAuth(url.QueryEscape(p.opts.ClientID), url.QueryEscape(p.opts.ClientSecret))
	}
	body, _, err := p.do(r)
	if err != nil || result == nil {
		return err
	}
	if err := json.Unmarshal(body, result); err != nil {
		return fmt.Errorf("decode the provider's answer: %w", err)
	}
	return nil
}

// authenticate puts the client's name into a form, and its secret where the provider
// takes it so; otherwise it reports that the secret goes into the header.
func (p *Provider) authenticate(m *metadata, form url.Values) (basic bool) {
	form.Set("client_id", p.opts.ClientID)
	if p.opts.ClientSecret == "" {
		return false
	}
	if len(m.AuthMethods) == 0 || slices.Contains(m.AuthMethods, "client_secret_basic") {
		return true
	}
	form.Set("client_secret", p.opts.ClientSecret)
	return false
}

// do makes one request and returns the body and its media type.
func (p *Provider) do(r *http.Request) (body []byte, mediaType string, err error) {
	leave, err := p.take(r.Context())
	if err != nil {
		return nil, "", err
	}
	defer leave()
	r.Header.Set("Accept", "application/json")
	res, err := p.client.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	if body, err = io.ReadAll(res.Body); err != nil {
		return nil, "", fmt.Errorf("read the provider's answer: %w", err)
	}
	if res.StatusCode/100 != 2 {
		no := &refusal{Status: res.StatusCode}
		_ = json.Unmarshal(body, no) // one that is no JSON has no code
		return nil, "", no
	}
	mediaType, _, _ = mime.ParseMediaType(res.Header.Get("Content-Type"))
	return body, mediaType, nil
}
