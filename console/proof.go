package console

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"

	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/console/filter"
	"auditlog/proof/evidence"
	"auditlog/rpc"
)

// Proofs proves what the log holds; *notary.Notary does.
type Proofs interface {
	// EvidenceOf writes the evidence of one entry, if a checkpoint covers it.
	EvidenceOf(ctx context.Context, w io.Writer, project string, seq int64) error
}

// proof answers with the evidence of one entry: for the page that shows it, or as a file that
// verifies itself.
func (c *console) proof(v *visit) error {
	params := v.r.URL.Query()
	project := params.Get(filter.KeyProject)
	if err := v.who.Check(rights.AuditLogProve, project); err != nil {
		return err
	}
	if err := audit.ValidateProject(project); err != nil {
		return err
	}
	id, err := strconv.ParseInt(params.Get("id"), 10, 64)
	if err != nil {
		return audit.FieldErrorf("id", "must be the number of an entry")
	}
	if c.opts.Proofs == nil {
		return audit.Errorf(audit.NotFound, "this log makes no proofs")
	}
	e, err := c.opts.Store.Get(v.r.Context(), project, id)
	if err != nil {
		return err
	}
	var bundle bytes.Buffer
	if err := c.opts.Proofs.EvidenceOf(v.r.Context(), &bundle, project, e.Seq); err != nil {
		return err
	}
	if params.Get("form") != "page" {
		v.w.Header().Set("Content-Type", rpc.TypeNDJSON)
		_, err := v.w.Write(bundle.Bytes())
		return err
	}
	name := fmt.Sprintf("%s-evidence-%d.html", project, id)
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	v.w.WriteHeader(http.StatusOK)
	return evidence.WriteHTML(v.w, &bundle)
}
