package api

import (
	"auditlog/audit"
	"auditlog/rpc"
)

// projectList is project.list: those projects alone that the caller may see.
func (s *Server) projectList(c *call, _ *rpc.ProjectListRequest) (*rpc.ProjectListResult, error) {
	if err := c.authorize(""); err != nil {
		return nil, err
	}
	res := &rpc.ProjectListResult{Items: []rpc.Project{}}
	for _, p := range s.opts.Store.Projects() {
		if c.principal.Sees(p.Name) {
			res.Items = append(res.Items, projectOf(p))
		}
	}
	return res, nil
}

// projectGet is project.get.
func (s *Server) projectGet(c *call, req *rpc.ProjectRequest) (*rpc.Project, error) {
	if err := c.named(req); err != nil {
		return nil, err
	}
	return answerProject(s.opts.Store.Project(req.Project))
}

// projectDelete is project.delete. The purge begins after the grace period.
func (s *Server) projectDelete(c *call, req *rpc.ProjectRequest) (*rpc.Project, error) {
	if err := c.named(req); err != nil {
		return nil, err
	}
	return answerProject(s.admin.DeleteProject(c.r.Context(), c.auth(), req.Project))
}

// projectRestore is project.restore.
func (s *Server) projectRestore(c *call, req *rpc.ProjectRequest) (*rpc.Project, error) {
	if err := c.named(req); err != nil {
		return nil, err
	}
	return answerProject(s.admin.RestoreProject(c.r.Context(), c.auth(), req.Project))
}

// projectCreate is project.create.
func (s *Server) projectCreate(c *call, req *rpc.ProjectRequest) (*rpc.Project, error) {
	if err := c.named(req); err != nil {
		return nil, err
	}
	return answerProject(s.admin.CreateProject(c.r.Context(), c.auth(), req.Project))
}

// projectApprove is project.approve: a second person's word on project.delete.
func (s *Server) projectApprove(c *call, req *rpc.ProjectRequest) (*rpc.Project, error) {
	if err := c.named(req); err != nil {
		return nil, err
	}
	return answerProject(s.admin.ApproveDeletion(c.r.Context(), c.auth(), req.Project))
}

// projectHold is project.hold.
func (s *Server) projectHold(c *call, req *rpc.HoldRequest) (*rpc.Project, error) {
	if err := c.named(&rpc.ProjectRequest{Project: req.Project}); err != nil {
		return nil, err
	}
	return answerProject(s.admin.HoldProject(c.r.Context(), c.auth(), req.Project, req.Reason))
}

// projectRelease is project.release.
func (s *Server) projectRelease(c *call, req *rpc.HoldRequest) (*rpc.Project, error) {
	if err := c.named(&rpc.ProjectRequest{Project: req.Project}); err != nil {
		return nil, err
	}
	return answerProject(s.admin.ReleaseProject(c.r.Context(), c.auth(), req.Project, req.Reason))
}

// named returns nil if the call is allowed on a project of a proper name.
func (c *call) named(req *rpc.ProjectRequest) error {
	if err := c.authorize(req.Project); err != nil {
		return err
	}
	return audit.ValidateProject(req.Project)
}

// answerProject is what the API answers to what the store did.
func answerProject(p audit.Project, err error) (*rpc.Project, error) {
	if err != nil {
		return nil, err
	}
	res := projectOf(p)
	return &res, nil
}

// projectOf returns what the API tells of a project.
func projectOf(p audit.Project) rpc.Project {
	res := rpc.Project{Project: p.Name, State: p.State, Entries: p.Entries, First: p.First, Last: p.Last, Damaged: p.Damaged}
	if d := p.Deletion; d != nil {
		res.DeletedAt, res.DeletedBy, res.PurgeAt = d.At, d.By, d.PurgeAt
		res.AwaitsApproval, res.ApprovedBy = d.Pending, d.ApprovedBy
	}
	if h := p.Hold; h != nil {
		res.Hold = &rpc.Hold{By: h.By, Reason: h.Reason, At: h.At}
	}
	return res
}
