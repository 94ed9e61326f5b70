package peer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"auditlog/audit"
	"auditlog/client"
	"auditlog/rpc"
)

// With returns another log of the same binary, in a folder, with further flags.
func (a *Auditlog) With(folder string, flags ...string) *Auditlog {
	return &Auditlog{Flags: flags, binary: a.binary, folder: folder}
}

// Prover asks for proofs.
type Prover struct{ client client.Client }

// Prover returns what asks the log for proofs.
func (a *Auditlog) Prover() *Prover { return &Prover{client.Client{URL: a.url, Token: token}} }

// Checkpoint has a checkpoint cover all that is recorded.
func (p *Prover) Checkpoint(ctx context.Context) error {
	for {
		_, err := p.client.Checkpoint(ctx, nil)
		if audit.KindOf(err) != audit.Unavailable { // much is not hashed yet
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// Proof asks for the proof that an entry is in its project's tree.
func (p *Prover) Proof(ctx context.Context, project string, id int64) error {
	e, err := p.client.GetProved(ctx, project, id)
	if err == nil && e.Proof == "" {
		err = errors.New("the answer has no proof")
	}
	return err
}

// Evidence writes what proves the entries of a query to a file, and returns its size.
func (p *Prover) Evidence(ctx context.Context, q rpc.Query, path string) (size int64, err error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	if err := errors.Join(p.client.Prove(ctx, rpc.ProveRequest{Query: q}, f), f.Close()); err != nil {
		return 0, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Verify verifies such a file with the log's own program.
func (a *Auditlog) Verify(ctx context.Context, path string) error {
	cmd := exec.CommandContext(ctx, a.binary, "verify", path)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = io.Discard, &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("verify: %w: %s", err, bytes.TrimSpace(said.Bytes()))
	}
	return nil
}
