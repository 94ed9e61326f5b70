package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"time"

	"auditlog/audit"
	"auditlog/auth"
)

// deviceAnswer is the answer of RFC 8628, section 3.2. Google writes url for uri.
type deviceAnswer struct {
	DeviceCode string      `json:"device_code"`
	UserCode   string      `json:"user_code"`
	URI        string      `json:"verification_uri"`
	URL        string      `json:"verification_url"`
	Complete   string      `json:"verification_uri_complete"`
	ExpiresIn  json.Number `json:"expires_in"`
	Interval   json.Number `json:"interval"`
}

// StartDevice begins a log-in at a machine without a browser.
func (p *Provider) StartDevice(ctx context.Context) (auth.Device, error) {
	m, err := p.metadata(ctx)
	if err != nil {
		return auth.Device{}, err
	}
	if m.DeviceURL == "" {
		return auth.Device{}, audit.Errorf(audit.Conflict, "the identity provider has no log-in for command lines (device flow): "+
			"have an admin make a token")
	}
	var a deviceAnswer
	if err := p.post(ctx, m, m.DeviceURL, url.Values{"scope": {p.scope(m)}}, &a); err != nil {
		return auth.Device{}, away(err)
	}
	d := auth.Device{Code: a.DeviceCode, UserCode: a.UserCode, Address: a.URI, Complete: a.Complete}
	if d.Address == "" {
		d.Address = a.URL
	}
	if d.Code == "" || d.UserCode == "" || checkWeb(d.Address) != nil || d.Complete != "" && checkWeb(d.Complete) != nil {
		return auth.Device{}, away(errors.New("the provider's answer is no beginning of a log-in"))
	}
	d.ExpiresIn = seconds(a.ExpiresIn, 10*time.Minute, time.Hour)
	d.Interval = seconds(a.Interval, 5*time.Second, time.Minute)
	return d, nil
}

// checkWeb refuses what a person should not be sent to.
func checkWeb(address string) error {
	u, err := url.Parse(address)
	if err == nil && (u.Scheme != "https" && u.Scheme != "http" || u.Host == "") {
		err = errors.New("not an address of a page")
	}
	return err
}

// seconds reads a number of seconds that lies within bounds, else gives the default.
func seconds(n json.Number, otherwise, most time.Duration) time.Duration {
	f, err := n.Float64()
	d := time.Duration(f * float64(time.Second))
	if err != nil || f <= 0 || f > most.Seconds() {
		return otherwise
	}
	return d
}

// PollDevice returns who finished a log-in, or auth.ErrPending or auth.ErrSlowDown.
func (p *Provider) PollDevice(ctx context.Context, code string) (auth.Vouched, error) {
	m, err := p.metadata(ctx)
	if err != nil {
		return auth.Vouched{}, err
	}
	var t tokens
	err = p.post(ctx, m, m.TokenURL, url.Values{
		"grant_type":  {"urn:ietf:params:oauth:grant-type:device_code"},
		"device_code": {code},
	}, &t)
	switch codeOf(err) {
	case "authorization_pending":
		return auth.Vouched{}, auth.ErrPending
	case "slow_down":
		return auth.Vouched{}, auth.ErrSlowDown
	}
	if err != nil {
		return auth.Vouched{}, refused(err)
	}
	return p.vouch(ctx, m, &t, "")
}
