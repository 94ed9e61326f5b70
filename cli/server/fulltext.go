package server

import (
	"errors"
	"path/filepath"

	"github.com/rs/zerolog"

	"auditlog/audit"
	"auditlog/fulltext"
	"auditlog/index"
	"auditlog/store"
)

// IndexFolder is the folder of the full-text index in a data folder.
const IndexFolder = "index"

// IndexConfig says where in a data folder the full-text index of its log is.
func IndexConfig(dir string, log *store.Store, to zerolog.Logger) index.Config {
	dir = filepath.Join(dir, IndexFolder)
	if target, err := filepath.EvalSymlinks(dir); err == nil {
		dir = target // a link to where there is room stays one when the index is made anew
	}
	return index.Config{Dir: dir, Source: log, Identity: log.Lineage().String(), Marks: log, Log: to}
}

// search makes a query of what somebody searches for, for the store, which is
// opened before the index is.
func (s *server) search(text string) (fulltext.Query, error) {
	q, err := index.Parse(text)
	if err != nil {
		return nil, err
	}
	return s.index.Search(q), nil
}

// narrow asks the index for ids and addresses, for the store.
func (s *server) narrow(e fulltext.Exact) fulltext.Narrowing { return s.index.Narrow(e) }

// indexStatus tells how the index follows the log.
func (s *server) indexStatus() audit.IndexStatus {
	st := s.index.Status()
	status := audit.IndexStatus{Behind: int64(st.Behind), Resting: st.Resting, Unread: st.Unread}
	if st.State == index.Broken {
		status.Err = errors.New(st.Reason)
	}
	return status
}
