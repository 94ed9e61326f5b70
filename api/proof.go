package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/url"
	"strconv"
	"strings"

	"auditlog/admit"
	"auditlog/api/dialect"
	"auditlog/api/wire"
	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/notary"
	"auditlog/proof"
	"auditlog/reading"
	"auditlog/rpc"
)

// Proofs makes the log's history provable; *notary.Notary does. Its methods return Faults.
type Proofs interface {
	// Head has everything that is recorded covered by a checkpoint.
	Head(ctx context.Context) error
	Keys() ([]string, error)
	Checkpoint() ([]byte, error)
	Consistency(old, size int64) ([]proof.Hash, error)
	Cosign(lines []byte) ([]byte, error)
	MasterTile(proof.TilePath) ([]byte, error)
	ProjectCheckpoint(project string, incarnation int) ([]byte, error)
	ProjectTile(ctx context.Context, project string, incarnation int, p proof.TilePath) ([]byte, error)
	Proof(ctx context.Context, project string, seq int64) (*proof.LeafProof, error)
	Proofs(ctx context.Context, project string, seqs []int64) ([]*proof.LeafProof, error)
	Evidence(ctx context.Context, w io.Writer, sel audit.Selection, r notary.Request) error
	Certificate(project string, incarnation int) ([]byte, error)
}

// noProofs is the error of a log that makes none.
func (s *Server) noProofs() error {
	if s.opts.Proofs == nil {
		return audit.Errorf(audit.NotFound, "this log makes no proofs")
	}
	return nil
}

type proveRequest struct {
	rpc.ProveRequest
	dialect.Filters
}

// prove is auditLog.prove. As with an export, what goes wrong after the first byte cuts the
// connection.
func (s *Server) prove(c *call) error {
	var req proveRequest
	if err := c.decode(&req); err != nil {
		return err
	}
	if err := c.authorize(req.Project); err != nil {
		return err
	}
	if err := audit.ValidateProject(req.Project); err != nil {
		return err
	}
	sel, err := c.prepare(&req.Query, &req.Filters)
	if err != nil {
		return err
	}
	if err := s.noProofs(); err != nil {
		return err
	}
	query, err := json.Marshal(rpc.QueryOf(sel.Query()))
	if err != nil {
		return err
	}
	ctx, cancel := s.opts.Auth.Live(admit.In(c.r.Context(), c.admitted), &c.principal)
	defer cancel()
	read := s.opts.Reading.Reading(c.auth(), reading.Read{Action: rights.AuditLogProve, Query: sel.Query(), What: "evidence"})
	d := c.w.Download(fileName(req.Project, "evidence.ndjson"), rpc.TypeNDJSON, func() error { return read.Begin(ctx) })
	return read.Run(func() error {
		err := s.opts.Proofs.Evidence(ctx, wire.WriterFunc(func(b []byte) (int, error) {
			read.Entries++ // a line each, and the header
			n, err := d.Write(b)
			if err == nil {
				err = d.Tick()
			}
			return n, err
		}), sel, notary.Request{Query: query, Since: req.Since})
		read.Entries = max(0, read.Entries-1)
		if err == nil {
			err = d.Close()
		}
		if ended := context.Cause(ctx); err != nil && audit.KindOf(ended) == audit.Unauthenticated {
			return ended // the token ended, not the client
		}
		return err
	})
}

// proved answers auditLog.get with a proof.
func (c *call) proved(ctx context.Context, e *audit.Entry) error {
	if err := c.noProofs(); err != nil {
		return err
	}
	p, err := c.opts.Proofs.Proof(ctx, e.Project, e.Seq)
	if err != nil {
		return err
	}
	return c.w.Answer(&rpc.ProvedEntry{Entry: e, EntryProof: *entryProof(p)})
}

func entryProof(p *proof.LeafProof) *rpc.EntryProof {
	if p == nil {
		return nil
	}
	return &rpc.EntryProof{Salt: base64.StdEncoding.EncodeToString(p.Extra), Proof: string(p.Text())}
}

// mayProve returns an error unless a pull can be answered with proofs.
func (c *call) mayProve(req *rpc.PullRequest) error {
	switch {
	case req.Project == "":
		return audit.FieldErrorf("proof", "is of the tree of one project: name it")
	case acceptsLines(c.r):
		return audit.FieldErrorf("proof", "is not for an answer as lines: ask for JSON")
	}
	return c.noProofs()
}

// proofBytes is about what a proof takes, as hashes, as text and in the answer.
const proofBytes = 8 << 10

// appendProofs appends the proofs of entries, which are in the order of their seqs, to an answer.
func (c *call) appendProofs(ctx context.Context, entries []*audit.Entry) ([]byte, error) {
	seqs := make([]int64, len(entries))
	for i, e := range entries {
		seqs[i] = e.Seq
	}
	if len(entries) == 0 {
		return nil, nil
	}
	if err := admit.Take(ctx, len(entries)*proofBytes); err != nil {
		return nil, err
	}
	proofs, err := c.opts.Proofs.Proofs(ctx, entries[0].Project, seqs)
	if err != nil {
		return nil, err
	}
	list := make([]*rpc.EntryProof, len(proofs))
	for i, p := range proofs {
		list[i] = entryProof(p)
	}
	text, err := json.Marshal(list)
	return append([]byte(`,"proofs":`), text...), err
}

// certificate is project.certificate.
func (s *Server) certificate(c *call, req *rpc.CertificateRequest) (*rpc.CertificateResult, error) {
	if err := c.named(&rpc.ProjectRequest{Project: req.Project}); err != nil {
		return nil, err
	}
	if req.Incarnation < 0 {
		return nil, audit.FieldErrorf("incarnation", "must be from 1, or 0 for the last that was purged")
	}
	if err := s.noProofs(); err != nil {
		return nil, err
	}
	bundle, err := s.opts.Proofs.Certificate(req.Project, req.Incarnation)
	return &rpc.CertificateResult{Bundle: string(bundle)}, err
}

// checkpoint is log.checkpoint.
func (s *Server) checkpoint(c *call, req *rpc.CheckpointRequest) (*rpc.CheckpointResult, error) {
	if err := c.authorize(""); err != nil {
		return nil, err
	}
	if err := s.noProofs(); err != nil {
		return nil, err
	}
	if err := s.opts.Proofs.Head(c.r.Context()); err != nil {
		return nil, err
	}
	signed, err := s.opts.Proofs.Checkpoint()
	if err != nil {
		return nil, err
	}
	res := &rpc.CheckpointResult{Checkpoint: string(signed)}
	if res.Keys, err = s.opts.Proofs.Keys(); err != nil || req.Old == nil {
		return res, err
	}
	of, err := proof.PeekCheckpoint(signed)
	if err != nil {
		return nil, err
	}
	hashes, err := s.opts.Proofs.Consistency(*req.Old, of.Size)
	for _, h := range hashes {
		res.Proof = append(res.Proof, h.String())
	}
	return res, err
}

// cosign is log.cosign.
func (s *Server) cosign(c *call, req *rpc.CosignRequest) (*rpc.CheckpointResult, error) {
	if err := c.authorize(""); err != nil {
		return nil, err
	}
	if err := s.noProofs(); err != nil {
		return nil, err
	}
	signed, err := s.opts.Proofs.Cosign([]byte(req.Cosignatures))
	if err != nil {
		return nil, err
	}
	keys, err := s.opts.Proofs.Keys()
	return &rpc.CheckpointResult{Checkpoint: string(signed), Keys: keys}, err
}

// tlogPath begins the paths of the trees, in the layout of c2sp.org/tlog-tiles.
const tlogPath = "/tlog/"

// trees are what is read there with GET and a token.
func trees() []string {
	return []string{
		tlogPath + "keys", tlogPath + "log/checkpoint", tlogPath + "log/tile/{tile}",
		tlogPath + "project/{project}/{incarnation}/checkpoint", tlogPath + "project/{project}/{incarnation}/tile/{tile}",
	}
}

// tlog answers what is below tlogPath.
func (s *Server) tlog(c *call) error {
	path, _ := strings.CutPrefix(c.r.URL.EscapedPath(), tlogPath)
	tree, path, _ := strings.Cut(path, "/")
	switch tree {
	case "keys":
		if path == "" {
			return s.tlogKeys(c)
		}
	case "log":
		return s.tlogLog(c, path)
	case "project":
		name, rest, _ := strings.Cut(path, "/")
		incarnation, rest, ok := strings.Cut(rest, "/")
		project, err := url.PathUnescape(name)
		n, err2 := strconv.Atoi(incarnation)
		if ok && err == nil && err2 == nil {
			return s.tlogProject(c, project, n, rest)
		}
	}
	return errNoTree()
}

func errNoTree() error {
	return audit.Errorf(audit.NotFound, "there is nothing at this path: see %s", strings.Join(trees(), ", "))
}

// tlogKeys answers the keys that have signed the log, a line each, the one of now last.
func (s *Server) tlogKeys(c *call) error {
	if err := c.tlogAuthorize(""); err != nil {
		return err
	}
	keys, err := s.opts.Proofs.Keys()
	if err != nil {
		return err
	}
	c.w.SendFile(rpc.TypeCheckpoint, "no-cache", []byte(strings.Join(keys, "\n")+"\n"))
	return nil
}

func (c *call) tlogAuthorize(project string) error {
	if err := c.authorize(project); err != nil {
		return err
	}
	return c.noProofs()
}

func (s *Server) tlogLog(c *call, path string) error {
	if err := c.tlogAuthorize(""); err != nil {
		return err
	}
	return c.tree(path, s.opts.Proofs.Checkpoint, s.opts.Proofs.MasterTile)
}

func (s *Server) tlogProject(c *call, project string, incarnation int, path string) error {
	if err := c.tlogAuthorize(project); err != nil {
		return err
	}
	ctx, done := c.reading()
	defer done()
	return c.tree(path, func() ([]byte, error) { return s.opts.Proofs.ProjectCheckpoint(project, incarnation) },
		func(p proof.TilePath) ([]byte, error) { return s.opts.Proofs.ProjectTile(ctx, project, incarnation, p) })
}

// tree answers a file of one tree.
func (c *call) tree(path string, checkpoint func() ([]byte, error), tile func(proof.TilePath) ([]byte, error)) error {
	if path == "checkpoint" {
		signed, err := checkpoint()
		if err != nil {
			return err
		}
		c.w.SendFile(rpc.TypeCheckpoint, "no-cache", signed)
		return nil
	}
	name, ok := strings.CutPrefix(path, "tile/")
	p, err := proof.ParseTilePath(name)
	if !ok || err != nil {
		return errNoTree()
	}
	b, err := tile(p)
	if err != nil {
		return err
	}
	c.w.SendFile(rpc.TypeTile, "private, max-age=31536000, immutable", b)
	return nil
}
