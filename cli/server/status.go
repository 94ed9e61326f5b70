package server

import (
	"path/filepath"

	"auditlog/cli/build"
	"auditlog/growth"
	"auditlog/rpc"
	"auditlog/slowest"
	"auditlog/status"
)

// growthFile is where the server keeps how the log grew, in its folder.
const growthFile = "growth.json"

// newGrowth returns what measures the log. The room of a disk that a database elsewhere is on is
// not known.
func (s *server) newGrowth() *growth.Worker {
	options := growth.Options{Identity: s.store.Lineage().String(), Path: filepath.Join(s.cfg.Data, growthFile), Log: s.log}
	if s.cfg.Store == "" {
		options.Folder = s.cfg.Data
	}
	return growth.New(s.store, options)
}

// statusDesk returns what tells how the log is, its slow calls too.
func (s *server) statusDesk(slow *slowest.Calls) *status.Desk {
	version, news := s.store.Format()
	return status.New(status.Options{
		Log: s.store, Growth: s.growth, Slow: slow, Index: s.indexStatus, Checks: s.scrub, Proofs: s.notary, Backups: s.backups,
		Sinks: s.shipping.Totals, Version: build.Version(), Format: rpc.LogFormat{Version: version, News: news},
	})
}
