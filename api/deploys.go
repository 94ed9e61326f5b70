package api

import (
	"strings"

	"auditlog/audit"
	"auditlog/rpc"
)

// deploysError is an error as deploys.app's API words it: its clients tell errors
// apart by the message.
type deploysError struct {
	rpc.Error
	// Items says what a "validate error" is about.
	Items []string `json:"items,omitempty"`
}

type deploysEnvelope struct {
	OK    bool         `json:"ok"`
	Error deploysError `json:"error"`
}

func deploysAnswer(f *audit.Fault, x *exchange) deploysEnvelope {
	e := deploysError{Error: *rpc.ErrorOf(f, x.id)}
	switch f.Kind {
	case audit.Unauthenticated:
		e.Message = "api: unauthorized"
	case audit.PermissionDenied:
		e.Message = "iam: forbidden"
	case audit.NotFound:
		e.Message = "api: not found"
		if strings.HasPrefix(x.method, "project.") {
			e.Message = "api: project not found"
		}
	case audit.Invalid:
		e.Items = []string{e.Message}
		e.Message = "api: validate error"
		if f.Message == "is required" {
			e.Message = f.Path + " required"
		}
	case audit.Internal:
		e.Message = "api: internal error"
	}
	return deploysEnvelope{Error: e}
}
