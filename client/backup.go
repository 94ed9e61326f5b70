package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"auditlog/rpc"
)

// Backup asks for a copy of the whole log and hands it to receive as it arrives: a tar
// archive, as package backup's comment describes it, which is whole once its last file
// begins with "snapshots/". It is tried again only until the first byte is there.
func (c *Client) Backup(ctx context.Context, req rpc.BackupRequest, receive func(io.Reader) error) error {
	body, err := json.Marshal(req)
	if err != nil {
		return fmt.Errorf("encode %s: %w", rpc.Backup, err)
	}
	res, err := c.download(ctx, rpc.Backup, body)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	return receive(res.Body)
}

// download asks for an answer that is a file of any length.
func (c *Client) download(ctx context.Context, method string, body []byte) (res *http.Response, err error) {
	err = c.retry(ctx, c.tries(), func() error {
		if res, err = c.send(ctx, http.MethodPost, method, rpc.TypeJSON, bytes.NewReader(body)); err != nil {
			return err
		}
		if res.StatusCode == http.StatusOK {
			return nil
		}
		defer res.Body.Close()
		return failureOf(res)
	})
	return res, err
}
