package api

import (
	"net/http"
	"net/http/pprof"

	"auditlog/api/wire"
	"auditlog/audit"
	"auditlog/auth/address"
	"auditlog/auth/rights"
)

// profilePath begins the paths of the profiles of the process, which are there
// only with Options.Profile.
const profilePath = "/debug/pprof/"

// profile answers programs on this machine, with an admin's token for all
// projects: what a process does tells of everything that it is asked.
func (s *Server) profile(w http.ResponseWriter, r *http.Request) {
	rt := &route{method: profilePath, permission: rights.DebugProfile, handle: func(c *call) error {
		if !address.FromHere(c.r) {
			return audit.Errorf(audit.PermissionDenied, "profiles are for programs on this machine alone")
		}
		if err := c.authorize(""); err != nil {
			return err
		}
		if !c.principal.MayEverywhere(rights.DebugProfile) {
			return &rights.Denied{Permission: rights.DebugProfile, All: true}
		}
		c.profiled()
		return nil
	}}
	s.serve(w.(*wire.Exchange), r, rt)
}

// profiled answers with the profile that the path names.
func (c *call) profiled() {
	switch c.r.URL.Path[len(profilePath):] {
	case "profile":
		pprof.Profile(c.w, c.r)
	case "trace":
		pprof.Trace(c.w, c.r)
	case "symbol":
		pprof.Symbol(c.w, c.r)
	default:
		pprof.Index(c.w, c.r)
	}
}
