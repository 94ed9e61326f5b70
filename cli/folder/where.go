package folder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"auditlog/cli/exit"
	"auditlog/cli/settings"
	"auditlog/store"
)

// where is where a log lies: in a folder, or in a database that several nodes share. Then the
// folder has what is this node's own.
type where struct{ data, store string }

// addPlace adds --data and --store, which the environment may name as well, to a command.
func addPlace(cmd *cobra.Command) *where {
	p := new(where)
	cmd.Flags().StringVar(&p.data, "data", defaultData(), "the `folder` that holds the log; else AUDITLOG_DATA")
	cmd.Flags().StringVar(&p.store, "store", os.Getenv(settings.EnvName("store")),
		"the PostgreSQL `database` that holds it instead, postgres://USER@HOST/NAME; else AUDITLOG_STORE")
	return p
}

// shared reports whether the log lies in a database.
func (p *where) shared() bool { return p.store != "" }

// String names the place; not by the address, which may have a password.
func (p *where) String() string {
	if p.shared() {
		return "the database"
	}
	return p.data
}

// open opens the log, which must be there already. Of a folder it keeps everybody else out.
func (p *where) open() (*store.Store, error) {
	if p.shared() {
		if err := p.check(); err != nil {
			return nil, err
		}
		return store.Connect(p.store, store.Options{})
	}
	if _, err := os.Stat(filepath.Join(p.data, store.FileName)); err != nil {
		return nil, err
	}
	return store.Open(p.data, store.Options{})
}

// openReadOnly opens the log as it is.
func (p *where) openReadOnly() (*store.Store, error) {
	if p.shared() {
		if err := p.check(); err != nil {
			return nil, err
		}
		return store.ConnectReadOnly(p.store)
	}
	return store.OpenReadOnly(p.data)
}

func (p *where) check() error {
	if !store.IsAddress(p.store) {
		return exit.Usagef("--store: must be the address of a PostgreSQL database, postgres://USER@HOST/NAME")
	}
	return nil
}

// offline gives the error of opening a place a hint.
func (p *where) offline(err error) error {
	switch {
	case p.shared():
		return err
	case errors.Is(err, store.ErrInUse):
		return exit.Hinted(err, "stop the server that has %s open first", p.data)
	case errors.Is(err, fs.ErrNotExist):
		return exit.Hinted(err, "name the folder with --data or AUDITLOG_DATA")
	}
	return err
}

// errCompactedElsewhere says who compacts a database.
func errCompactedElsewhere() error {
	return exit.Hinted(fmt.Errorf("a log in PostgreSQL is compacted by PostgreSQL"),
		"its autovacuum has freed space used again; VACUUM FULL, such as psql ADDRESS -c 'VACUUM FULL', rewrites the tables without it, "+
			"and nodes wait meanwhile; standbys, WAL archives and the database's own backups keep what was purged until they expire")
}
