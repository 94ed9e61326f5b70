package api

import (
	"auditlog/audit"
	"auditlog/rpc"
	"auditlog/store"
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
	if err := c.authorize(req.Project); err != nil {
		return nil, err
	}
	if err := audit.ValidateProject(req.Project); err != nil {
		return nil, err
	}
	p, err := s.opts.Store.Project(req.Project)
	if err != nil {
		return nil, err
	}
	res := projectOf(p)
	return &res, nil
}

// projectOf returns what the API tells of a project.
func projectOf(p store.Project) rpc.Project {
	res := rpc.Project{Project: p.Name, State: string(p.State), Entries: p.Entries, First: p.First, Last: p.Last}
	if d := p.Deletion; d != nil {
		res.DeletedAt, res.DeletedBy, res.PurgeAt = d.At, d.By, d.PurgeAt
	}
	return res
}
