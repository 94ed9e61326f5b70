package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"auditlog/rpc"
)

// GetProved returns one entry with the proof that it is in the tree of its project.
func (c *Client) GetProved(ctx context.Context, project string, id int64) (rpc.ProvedEntry, error) {
	return call[rpc.ProvedEntry](ctx, c, rpc.Get, rpc.GetRequest{Project: project, ID: id, Proof: true}, c.tries())
}

// Prove writes evidence of what req selects to w, which verifies offline. It is tried again only
// until the first byte is there; after an error w may hold a part, which does not hold.
func (c *Client) Prove(ctx context.Context, req rpc.ProveRequest, w io.Writer) error {
	body, err := json.Marshal(req)
	if err != nil {
		return fmt.Errorf("encode %s: %w", rpc.Prove, err)
	}
	res, err := c.download(ctx, rpc.Prove, body)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(w, res.Body); err != nil {
		return fmt.Errorf("copy the evidence: %w", err)
	}
	return nil
}

// Certificate returns the evidence of the purge of a project, of its last one where incarnation
// is 0.
func (c *Client) Certificate(ctx context.Context, project string, incarnation int) (rpc.CertificateResult, error) {
	return call[rpc.CertificateResult](ctx, c, rpc.ProjectCertificate, rpc.CertificateRequest{Project: project, Incarnation: incarnation}, c.tries())
}

// Checkpoint returns the newest checkpoint of the log, which covers everything that is recorded,
// with the proof that leads to it from an earlier one of size *old, unless that is nil.
func (c *Client) Checkpoint(ctx context.Context, old *int64) (rpc.CheckpointResult, error) {
	return call[rpc.CheckpointResult](ctx, c, rpc.LogCheckpoint, rpc.CheckpointRequest{Old: old}, c.tries())
}

// Cosign brings what witnesses have signed of a checkpoint, and returns that with the
// signatures.
func (c *Client) Cosign(ctx context.Context, cosignatures string) (rpc.CheckpointResult, error) {
	return call[rpc.CheckpointResult](ctx, c, rpc.LogCosign, rpc.CosignRequest{Cosignatures: cosignatures}, c.tries())
}
