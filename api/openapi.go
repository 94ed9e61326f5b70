package api

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"net/http"

	"auditlog/api/wire"
)

//go:embed openapi.json
var openAPIDocument []byte

// openAPI answers with the description of the API, with this program's version.
func (s *Server) openAPI(w http.ResponseWriter, r *http.Request) {
	version, err := json.Marshal(s.opts.Version)
	if err != nil {
		w.(*wire.Exchange).Fail(err)
		return
	}
	document := bytes.Replace(openAPIDocument, []byte(`"VERSION"`), version, 1)
	if s.opts.Base != "" {
		document = bytes.Replace(document, []byte(`"servers": [{"url": "/"}]`), []byte(`"servers": [{"url": "`+s.opts.Base+`"}]`), 1)
	}
	w.(*wire.Exchange).Send(http.StatusOK, document)
}
