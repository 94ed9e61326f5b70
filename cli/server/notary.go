package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/spf13/pflag"

	"auditlog/audit"
	"auditlog/cli/exit"
	"auditlog/cli/settings"
	"auditlog/cli/signing"
	"auditlog/notary"
	"auditlog/proof"
	"auditlog/witness"
)

// witnessSettings name a witness.
type witnessSettings struct {
	witness proof.Witness
	url     string // empty where checkpoints are brought to it by hand
	client  *http.Client
}

// witnessTable is [[witness]].
func (c *Config) witnessTable() settings.Table {
	return settings.Table{Name: "witness", Many: true, Begin: func(fs *pflag.FlagSet) func() error {
		key := fs.String("key", "", "")
		address := fs.String("url", "", "")
		ca := fs.String("ca", "", "")
		return func() error {
			w, err := proof.ParseWitness(*key)
			if err != nil {
				return settings.Errorf("key", "%v", err)
			}
			u, err := url.Parse(*address)
			if *address != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
				return settings.Errorf("url", "must be an address such as https://witness.example.org")
			}
			client, err := witnessClient(u, *ca)
			if err != nil {
				return settings.Errorf("ca", "%v", err)
			}
			c.Witnesses = append(c.Witnesses, witnessSettings{w, *address, client})
			return nil
		}
	}}
}

// witnessTimeout is how long a witness may take to answer.
const witnessTimeout = 10 * time.Second

// witnessClient returns what asks a witness at an address, whose certificate one of those in a
// file has signed, if that is named.
func witnessClient(u *url.URL, ca string) (*http.Client, error) {
	c := &http.Client{Timeout: witnessTimeout}
	if ca == "" {
		return c, nil
	}
	if u.Scheme != "https" {
		return nil, errors.New("is for a url that begins with https")
	}
	pem, err := os.ReadFile(ca)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate in PEM", ca)
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	c.Transport = t
	return c, nil
}

// openNotary opens the part that makes proofs.
func (s *server) openNotary(context.Context) error {
	place := signing.Find(s.cfg.Data, s.cfg.SigningKey, os.LookupEnv)
	key, err := place.Open(s.store)
	if err != nil {
		return err
	}
	warnOfReaders(place.Path, s.log)
	s.signing = key.Text()
	options := notary.Options{Every: s.cfg.CheckpointEvery, Apart: time.Second, Log: s.log, Keep: s.told}
	for _, w := range s.cfg.Witnesses {
		options.Known = append(options.Known, w.witness)
		if w.url != "" {
			c := &witness.Client{URL: w.url, Witness: w.witness, HTTP: w.client}
			s.witnesses, options.Witnesses = append(s.witnesses, c), append(options.Witnesses, c)
		}
	}
	s.notary, err = notary.New(s.store, key, options)
	if audit.KindOf(err) == audit.Conflict {
		return exit.Hinted(err, "put the log's own key at %s, or have another follow it: auditlog key rotate", place.Path)
	}
	return err
}

// certify is store.Options.BeforePurge.
func (s *server) certify(ctx context.Context, project string) error {
	return s.notary.Certify(ctx, project)
}
