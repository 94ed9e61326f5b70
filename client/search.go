package client

import (
	"context"

	"auditlog/rpc"
)

// SaveSearch saves a search, in the place of one of that name.
func (c *Client) SaveSearch(ctx context.Context, req rpc.SearchSaveRequest) (rpc.SavedSearch, error) {
	return call[rpc.SavedSearch](ctx, c, rpc.SearchSave, req, c.tries())
}

// Searches returns the saved searches that the caller has, by name.
func (c *Client) Searches(ctx context.Context) ([]rpc.SavedSearch, error) {
	res, err := call[rpc.SearchListResult](ctx, c, rpc.SearchList, rpc.SearchListRequest{}, c.tries())
	return res.Items, err
}

// DeleteSearch forgets a search of the caller's own or, where project is not empty, of a project.
func (c *Client) DeleteSearch(ctx context.Context, name, project string) (rpc.SavedSearch, error) {
	return call[rpc.SavedSearch](ctx, c, rpc.SearchDelete, rpc.SearchDeleteRequest{Name: name, For: project}, once)
}
