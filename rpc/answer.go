package rpc

import (
	"net/http"
	"strings"

	"auditlog/audit"
)

// Answer wraps every answer that is not a stream. Result is there when OK is
// set; of an NDJSON stream that failed on the way it is there beside Error, and
// says what was recorded before.
type Answer[T any] struct {
	OK     bool   `json:"ok"`
	Result *T     `json:"result,omitempty"`
	Error  *Error `json:"error,omitempty"`
}

// Error says why a call failed.
type Error struct {
	// Code is the String of an audit.Kind.
	Code string `json:"code"`
	// Message is the whole of it, the path included.
	Message string `json:"message"`
	// Path names the field at fault, where one is, with the entry that it is of, as
	// audit.Fault.Where does.
	Path string `json:"path,omitempty"`
	// Entry is the index, from 0, of the entry at fault in a batch, and Line the
	// number, from 1, of its line in NDJSON.
	Entry *int `json:"entry,omitempty"`
	Line  int  `json:"line,omitempty"`
	// Limit names the log's limit that the call is over, if that is why.
	Limit string `json:"limit,omitempty"`
	// RequestID is what the server's log has of the same call.
	RequestID string `json:"requestId,omitempty"`
}

// ErrorOf returns what a caller is told of f.
func ErrorOf(f *audit.Fault, requestID string) *Error {
	e := &Error{Code: f.Kind.String(), Message: f.Error(), Path: f.Where(), RequestID: requestID}
	if i, ok := f.Item.Entry(); ok {
		e.Entry = &i
	}
	e.Line, _ = f.Item.Line()
	return e
}

// Fault returns the Fault that e was made of.
func (e *Error) Fault() *audit.Fault {
	f := &audit.Fault{Kind: audit.ParseKind(e.Code), Path: e.Path, Message: e.Message}
	if e.Path != "" {
		f.Message = strings.TrimPrefix(e.Message, e.Path+": ")
	}
	switch {
	case e.Entry != nil && *e.Entry >= 0:
		f.Item = audit.EntryAt(*e.Entry)
	case e.Line > 0:
		f.Item = audit.LineAt(e.Line)
	}
	f.Path = f.Item.Field(e.Path)
	return f
}

// kinds is the one table between the kinds of error and HTTP's statuses.
var kinds = [...]struct {
	kind   audit.Kind
	status int
}{
	{audit.Invalid, http.StatusBadRequest},
	{audit.Unauthenticated, http.StatusUnauthorized},
	{audit.PermissionDenied, http.StatusForbidden},
	{audit.NotFound, http.StatusNotFound},
	{audit.Conflict, http.StatusConflict},
	{audit.TooLarge, http.StatusRequestEntityTooLarge},
	{audit.RateLimited, http.StatusTooManyRequests},
	{audit.Unavailable, http.StatusServiceUnavailable},
}

// StatusGone stands in the log for a client that did not wait for its answer.
const StatusGone = 499

// Status returns the HTTP status of an error of kind k.
func Status(k audit.Kind) int {
	for _, e := range kinds {
		if e.kind == k {
			return e.status
		}
	}
	return http.StatusInternalServerError
}

// KindOfStatus returns what an HTTP status tells of an error when there is no
// envelope to read, as from a proxy on the way.
func KindOfStatus(status int) audit.Kind {
	for _, e := range kinds {
		if e.status == status {
			return e.kind
		}
	}
	switch {
	case status == http.StatusBadGateway, status == http.StatusGatewayTimeout:
		return audit.Unavailable
	case status >= 400 && status < 500:
		return audit.Invalid
	}
	return audit.Internal
}
