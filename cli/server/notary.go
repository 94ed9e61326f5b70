package server

import (
	"context"
	"net/url"
	"os"

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
}

// witnessTable is [[witness]].
func (c *Config) witnessTable() settings.Table {
	return settings.Table{Name: "witness", Many: true, Begin: func(fs *pflag.FlagSet) func() error {
		key := fs.String("key", "", "")
		address := fs.String("url", "", "")
		return func() error {
			w, err := proof.ParseWitness(*key)
			if err != nil {
				return settings.Errorf("key", "%v", err)
			}
			u, err := url.Parse(*address)
			if *address != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
				return settings.Errorf("url", "must be an address such as https://witness.example.org")
			}
			c.Witnesses = append(c.Witnesses, witnessSettings{w, *address})
			return nil
		}
	}}
}

// openNotary opens the part that makes proofs.
func (s *server) openNotary(context.Context) error {
	place := signing.Find(s.cfg.Data, s.cfg.SigningKey, os.LookupEnv)
	key, err := place.Open(s.store)
	if err != nil {
		return err
	}
	options := notary.Options{Every: s.cfg.CheckpointEvery, Log: s.log, Keep: s.told}
	for _, w := range s.cfg.Witnesses {
		options.Known = append(options.Known, w.witness)
		if w.url != "" {
			s.witnesses = append(s.witnesses, &witness.Client{URL: w.url, Witness: w.witness})
		}
	}
	for _, w := range s.witnesses {
		options.Witnesses = append(options.Witnesses, w)
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
