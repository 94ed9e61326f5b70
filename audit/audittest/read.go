package audittest

import (
	"context"

	"auditlog/audit"
)

// List prepares a query and returns a page of what it selects.
func List(ctx context.Context, r audit.Reader, q audit.Query, p audit.Paging) (audit.Page, error) {
	sel, err := r.Prepare(q)
	if err != nil {
		return audit.Page{}, err
	}
	return sel.List(ctx, p)
}

// Stats prepares a query and counts what it selects.
func Stats(ctx context.Context, r audit.Reader, q audit.Query, c audit.Counting) (*audit.Stats, error) {
	sel, err := r.Prepare(q)
	if err != nil {
		return nil, err
	}
	return sel.Stats(ctx, c)
}

// Export prepares a query and calls fn with everything that it selects.
func Export(ctx context.Context, r audit.Reader, q audit.Query, fn func(*audit.Entry) error) error {
	sel, err := r.Prepare(q)
	if err != nil {
		return err
	}
	return sel.Export(ctx, fn)
}
