package api

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"auditlog/api/dialect"
	"auditlog/api/strict"
	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/rpc"
)

// document is the part of OpenAPI that the tests look at.
type document struct {
	Info  struct{ Version string }
	Paths map[string]map[string]struct {
		OperationID string `json:"operationId"`
		Summary     string
		Permission  string `json:"x-permission"`
		Parameters  []parameter
		RequestBody struct {
			Content map[string]struct {
				Schema   schema
				Example  json.RawMessage
				Examples map[string]struct{ Value json.RawMessage }
			}
		} `json:"requestBody"`
		Responses map[string]struct {
			Ref     string `json:"$ref"`
			Content map[string]struct{ Example json.RawMessage }
		}
	}
	Components struct {
		Schemas    map[string]schema
		Parameters map[string]parameter
		Responses  map[string]struct {
			Content map[string]struct{ Example rpc.Answer[struct{}] }
		}
	}
}

type parameter struct {
	Ref                   string `json:"$ref"`
	Name, In, Description string
}

type schema struct {
	Ref                  string `json:"$ref"`
	Type                 any
	Description          string
	Properties           map[string]schema
	Required             []string
	AllOf, AnyOf         []schema
	Items                *schema
	Enum                 []any
	AdditionalProperties any `json:"additionalProperties"`
}

func (f *fixture) document() document {
	f.t.Helper()
	_, body := f.do(f.request(http.MethodGet, "/openapi.json", ""))
	var doc document
	decodeAnswer(f.t, body, &doc)
	return doc
}

func TestDocumentAgainstRoutes(t *testing.T) {
	f := start(t, Options{Version: `1.2 "3"`})
	doc := f.document()
	if doc.Info.Version != `1.2 "3"` {
		t.Errorf("the version is %q", doc.Info.Version)
	}
	methods := slices.Concat(f.api.routes(), f.api.open())
	for _, rt := range methods {
		op, ok := doc.Paths["/"+rt.method]["post"]
		if !ok || op.Permission != string(rt.permission) || op.Summary == "" || op.OperationID == "" {
			t.Errorf("%s: described as %+v", rt.method, op)
		}
		for _, status := range []string{"200", "400", "401", "403", "413", "429", "500", "503"} {
			if _, ok := op.Responses[status]; !ok {
				t.Errorf("%s: no answer %s", rt.method, status)
			}
		}
	}
	for _, rt := range methods {
		if op, ok := doc.Paths["/"+rt.method]["get"]; ok != onlyReads(rt.method) || op.Permission != doc.Paths["/"+rt.method]["post"].Permission && ok {
			t.Errorf("GET /%s: described is %t, as %+v", rt.method, ok, op)
		}
	}
	for path := range f.api.pages() {
		if _, ok := doc.Paths[path]["get"]; !ok {
			t.Errorf("%s is not described", path)
		}
	}
	for _, path := range trees() {
		if op, ok := doc.Paths[path]["get"]; !ok || op.Permission != string(rights.AuditLogProve) {
			t.Errorf("%s is described as %+v", path, op)
		}
	}
	if want := len(methods) + len(f.api.pages()) + len(trees()); len(doc.Paths) != want {
		t.Errorf("%d paths are described, there are %d", len(doc.Paths), want)
	}
}

// A GET is described with the parameters that it takes: those of the body, by their names.
func TestParametersAreThoseOfTheBody(t *testing.T) {
	f := start(t, Options{})
	doc := f.document()
	for path, ops := range doc.Paths {
		op, ok := ops["get"]
		if !ok || ops["post"].RequestBody.Content == nil {
			continue
		}
		name := strings.TrimPrefix(ops["post"].RequestBody.Content[rpc.TypeJSON].Schema.Ref, "#/components/schemas/")
		var described []string
		for _, p := range op.Parameters {
			if p.Ref != "" {
				p = doc.Components.Parameters[strings.TrimPrefix(p.Ref, "#/components/parameters/")]
			}
			if p.In == "query" {
				described = append(described, p.Name)
			}
			if p.Description == "" {
				t.Errorf("GET %s: %s has no description", path, p.Name)
			}
		}
		want := strict.ParameterNames(types[name])
		slices.Sort(want)
		if slices.Sort(described); !slices.Equal(described, want) {
			t.Errorf("GET %s is described with %q, takes %q", path, described, want)
		}
	}
}

func TestDocumentAgainstKinds(t *testing.T) {
	doc := start(t, Options{}).document()
	codes := doc.Components.Schemas["Error"].Properties["code"].Enum
	for k := audit.Internal; k <= audit.Unavailable; k++ {
		if !slices.Contains(codes, any(k.String())) {
			t.Errorf("the code %s is not described", k)
		}
	}
	for name, res := range doc.Components.Responses {
		e := res.Content[rpc.TypeJSON].Example.Error
		if e == nil || !slices.Contains(codes, any(e.Code)) {
			t.Errorf("the response %s has no example", name)
		}
	}
	for path, ops := range doc.Paths {
		for _, op := range ops {
			for status, res := range op.Responses {
				if status == "200" {
					continue
				}
				e := doc.Components.Responses[strings.TrimPrefix(res.Ref, "#/components/responses/")].Content[rpc.TypeJSON].Example.Error
				if e == nil || status != strconv.Itoa(rpc.Status(audit.ParseKind(e.Code))) {
					t.Errorf("%s: the answer %s is %+v", path, status, e)
				}
			}
		}
	}
}

// queryRequest is what requests with filters have in common.
type (
	queryRequest struct {
		bareRequest
		dialect.Filters
	}
	bareRequest struct{ rpc.Query }
)

// types are the types that have a schema.
var types = map[string]reflect.Type{
	"Actor": reflect.TypeFor[audit.Actor](), "Resource": reflect.TypeFor[audit.Resource](), "Request": reflect.TypeFor[audit.Request](),
	"Change": reflect.TypeFor[audit.Change](), "Entry": reflect.TypeFor[audit.Entry](),
	"RecordRequest": reflect.TypeFor[rpc.RecordRequest](), "Recorded": reflect.TypeFor[rpc.Recorded](), "RecordResult": reflect.TypeFor[rpc.RecordResult](),
	"Query": reflect.TypeFor[queryRequest](), "Terms": reflect.TypeFor[rpc.Terms](), "ListRequest": reflect.TypeFor[listRequest](), "ListResult": reflect.TypeFor[rpc.ListResult](),
	"GetRequest": reflect.TypeFor[rpc.GetRequest](), "StatsRequest": reflect.TypeFor[statsRequest](), "StatsResult": reflect.TypeFor[rpc.StatsResult](),
	"Counts": reflect.TypeFor[rpc.Counts](), "Bucket": reflect.TypeFor[rpc.Bucket](), "ValueCount": reflect.TypeFor[rpc.ValueCount](), "TopValues": reflect.TypeFor[rpc.TopValues](),
	"Filters": reflect.TypeFor[rpc.Filters](), "Range": reflect.TypeFor[audit.Range](), "PullRequest": reflect.TypeFor[rpc.PullRequest](),
	"PullResult": reflect.TypeFor[rpc.PullResult](), "FollowRequest": reflect.TypeFor[rpc.FollowRequest](),
	"ExportRequest": reflect.TypeFor[exportRequest](), "Error": reflect.TypeFor[rpc.Error](), "Failure": reflect.TypeFor[rpc.Answer[rpc.RecordResult]](),
	"ViewerLinkCreateRequest": reflect.TypeFor[rpc.ViewerLinkCreateRequest](), "ViewerLink": reflect.TypeFor[rpc.ViewerLink](),
	"SavedQuery": reflect.TypeFor[rpc.SavedQuery](), "SavedSearch": reflect.TypeFor[rpc.SavedSearch](),
	"SearchSaveRequest": reflect.TypeFor[rpc.SearchSaveRequest](), "SearchListRequest": reflect.TypeFor[rpc.SearchListRequest](),
	"SearchListResult": reflect.TypeFor[rpc.SearchListResult](), "SearchDeleteRequest": reflect.TypeFor[rpc.SearchDeleteRequest](),
	"EntryProof": reflect.TypeFor[rpc.EntryProof](), "ProvedEntry": reflect.TypeFor[rpc.ProvedEntry](), "ProveRequest": reflect.TypeFor[proveRequest](),
	"CertificateRequest": reflect.TypeFor[rpc.CertificateRequest](), "CertificateResult": reflect.TypeFor[rpc.CertificateResult](),
	"CheckpointRequest": reflect.TypeFor[rpc.CheckpointRequest](), "CheckpointResult": reflect.TypeFor[rpc.CheckpointResult](),
	"CosignRequest":      reflect.TypeFor[rpc.CosignRequest](),
	"BackupRequest":      reflect.TypeFor[rpc.BackupRequest](),
	"ProjectListRequest": reflect.TypeFor[rpc.ProjectListRequest](), "ProjectListResult": reflect.TypeFor[rpc.ProjectListResult](),
	"ProjectRequest": reflect.TypeFor[rpc.ProjectRequest](), "Project": reflect.TypeFor[rpc.Project](),
	"HoldRequest": reflect.TypeFor[rpc.HoldRequest](), "Hold": reflect.TypeFor[rpc.Hold](),
	"TokenCreateRequest": reflect.TypeFor[rpc.TokenCreateRequest](), "TokenCreateResult": reflect.TypeFor[rpc.TokenCreateResult](),
	"Token": reflect.TypeFor[rpc.Token](), "TokenListRequest": reflect.TypeFor[rpc.TokenListRequest](), "TokenListResult": reflect.TypeFor[rpc.TokenListResult](),
	"TokenRevokeRequest": reflect.TypeFor[rpc.TokenRevokeRequest](),
	"TokenRevokeResult":  reflect.TypeFor[rpc.TokenRevokeResult](), "TokenRotateRequest": reflect.TypeFor[rpc.TokenRotateRequest](),
	"ConflictLine":        reflect.TypeFor[rpc.ConflictLine](),
	"SessionStartRequest": reflect.TypeFor[rpc.SessionStartRequest](), "SessionStartResult": reflect.TypeFor[rpc.SessionStartResult](),
	"SessionBeginRequest": reflect.TypeFor[rpc.SessionBeginRequest](), "SessionBeginResult": reflect.TypeFor[rpc.SessionBeginResult](),
	"SessionGetRequest": reflect.TypeFor[rpc.SessionGetRequest](), "Caller": reflect.TypeFor[rpc.Caller](), "Grant": reflect.TypeFor[rpc.Grant](),
	"Session": reflect.TypeFor[rpc.Session](), "SessionListRequest": reflect.TypeFor[rpc.SessionListRequest](),
	"SessionListResult": reflect.TypeFor[rpc.SessionListResult](), "SessionEndRequest": reflect.TypeFor[rpc.SessionEndRequest](),
	"SinkFilters": reflect.TypeFor[rpc.SinkFilters](), "SinkFrom": reflect.TypeFor[rpc.SinkFrom](),
	"SinkCreateRequest": reflect.TypeFor[rpc.SinkCreateRequest](), "SinkUpdateRequest": reflect.TypeFor[rpc.SinkUpdateRequest](),
	"SinkRequest": reflect.TypeFor[rpc.SinkRequest](), "SinkGetRequest": reflect.TypeFor[rpc.SinkGetRequest](),
	"SinkGetResult": reflect.TypeFor[rpc.SinkGetResult](), "SinkLetter": reflect.TypeFor[rpc.SinkLetter](),
	"SinkReplayRequest": reflect.TypeFor[rpc.SinkReplayRequest](), "SinkTestResult": reflect.TypeFor[rpc.SinkTestResult](),
	"SinkListRequest": reflect.TypeFor[rpc.SinkListRequest](), "SinkListResult": reflect.TypeFor[rpc.SinkListResult](), "Sink": reflect.TypeFor[rpc.Sink](),
	"CheckRequest": reflect.TypeFor[rpc.CheckRequest](), "CheckResult": reflect.TypeFor[rpc.CheckResult](), "Reading": reflect.TypeFor[rpc.Reading](),
	"StatusRequest": reflect.TypeFor[rpc.StatusRequest](), "StatusResult": reflect.TypeFor[rpc.StatusResult](), "LogFormat": reflect.TypeFor[rpc.LogFormat](),
	"Arrived": reflect.TypeFor[rpc.Arrived](), "DiskStatus": reflect.TypeFor[rpc.DiskStatus](), "IndexStatus": reflect.TypeFor[rpc.IndexStatus](),
	"CheckpointStatus": reflect.TypeFor[rpc.CheckpointStatus](), "Cosignature": reflect.TypeFor[rpc.Cosignature](), "BackupStatus": reflect.TypeFor[rpc.BackupStatus](),
	"SinksStatus": reflect.TypeFor[rpc.SinksStatus](), "SlowCall": reflect.TypeFor[rpc.SlowCall](),
	"Gap": reflect.TypeFor[audit.Gap](), "SeqRange": reflect.TypeFor[audit.SeqRange](),
}

// Every type of package rpc that crosses the wire is among those.
func TestTypesAreThoseOfTheWire(t *testing.T) {
	files, err := filepath.Glob("../rpc/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no source of rpc: %v", err)
	}
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok || spec.Name.Name == "Answer" {
				return true
			}
			typ, ok := spec.Type.(*ast.StructType)
			onTheWire := func(f *ast.Field) bool { return f.Tag != nil && strings.Contains(f.Tag.Value, "json:") }
			if ok && types[spec.Name.Name] == nil && slices.ContainsFunc(typ.Fields.List, onTheWire) {
				t.Errorf("%s: %s is not looked at", path, spec.Name.Name)
			}
			return true
		})
	}
}

func TestDocumentAgainstTypes(t *testing.T) {
	doc := start(t, Options{}).document()
	names := func(typ reflect.Type) []string {
		names := strict.MemberNames(typ)
		slices.Sort(names)
		return names
	}
	for name, typ := range types {
		s, ok := doc.Components.Schemas[name]
		if !ok {
			t.Errorf("%s is not described", name)
			continue
		}
		described := properties(t, doc, s)
		var got []string
		for member, p := range described {
			got = append(got, member)
			checkDescribed(t, doc, name+"."+member, p)
		}
		slices.Sort(got)
		if want := names(typ); !slices.Equal(got, want) {
			t.Errorf("%s is described with %v, has %v", name, got, want)
		}
		for _, f := range reflect.VisibleFields(typ) {
			member, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if p, ok := described[member]; ok && f.Type == reflect.TypeFor[time.Time]() && p.Type != "string" {
				t.Errorf("%s.%s is a time, described as %v", name, member, p.Type)
			}
		}
	}
	for name, s := range doc.Components.Schemas {
		if s.Description == "" {
			t.Errorf("%s has no description", name)
		}
		if _, ok := types[name]; !ok && name != "EntryInput" && name != "Values" && s.Enum == nil {
			t.Errorf("%s stands for no type", name)
		}
	}
	input, entry := properties(t, doc, doc.Components.Schemas["EntryInput"]), properties(t, doc, doc.Components.Schemas["Entry"])
	for _, given := range []string{"id", "seq", "recordedAt", "recordedBy"} {
		delete(entry, given)
	}
	if len(input) != len(entry) {
		t.Errorf("an entry is sent as %d members and kept as %d", len(input), len(entry))
	}
}

// properties returns the members of a schema, those of its parts included.
func properties(t *testing.T, doc document, s schema) map[string]schema {
	t.Helper()
	if s.Ref != "" {
		resolved, ok := doc.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
		if !ok {
			t.Errorf("there is no %s", s.Ref)
		}
		return properties(t, doc, resolved)
	}
	all := make(map[string]schema)
	for name, p := range s.Properties {
		all[name] = p
	}
	for _, part := range s.AllOf {
		for name, p := range properties(t, doc, part) {
			all[name] = p
		}
	}
	for _, name := range s.Required {
		if _, ok := all[name]; !ok {
			t.Errorf("%s is required and not described", name)
		}
	}
	return all
}

func checkDescribed(t *testing.T, doc document, path string, s schema) {
	t.Helper()
	if s.Description == "" {
		t.Errorf("%s has no description", path)
	}
	if s.Ref != "" {
		properties(t, doc, s)
	}
	if s.Items != nil && s.Items.Ref != "" {
		properties(t, doc, *s.Items)
	}
}

// The examples are sent as they stand, in an order in which each can succeed.
func TestDocumentExamplesWork(t *testing.T) {
	f := start(t, Options{})
	doc := f.document()
	f.ok(rpc.Record, deployEntry, nil) // the first id
	secret, made := f.tokenFor("viewer", "acme")
	for _, method := range []string{
		rpc.Record, rpc.List, rpc.Get, rpc.Stats, rpc.Export, rpc.Pull, rpc.ProjectList, rpc.ProjectGet, rpc.ProjectDelete, rpc.ProjectRestore,
		rpc.TokenCreate, rpc.TokenList, rpc.TokenRotate, rpc.TokenRevoke,
		rpc.SinkCreate, rpc.SinkList, rpc.SinkGet, rpc.SinkUpdate, rpc.SinkPause, rpc.SinkResume, rpc.SinkTest, rpc.SinkDelete,
		rpc.SearchSave, rpc.SearchList, rpc.SearchDelete, rpc.ViewerLinkCreate,
	} {
		for contentType, body := range doc.Paths["/"+method]["post"].RequestBody.Content {
			examples := []string{string(body.Example)}
			for _, e := range body.Examples {
				examples = append(examples, string(e.Value))
			}
			for _, example := range examples {
				if example == "" {
					continue
				}
				if contentType != rpc.TypeJSON {
					decodeAnswer(t, example, &example)
				}
				example = strings.Replace(example, "0f3KxQ9Z", made.ID, 1)
				if res, answer := f.post(method, example, "Content-Type", contentType); res.StatusCode != http.StatusOK {
					t.Errorf("%s %s: %s %s", method, example, res.Status, answer)
				}
			}
		}
	}
	if _, err := f.api.opts.Auth.Verify(t.Context(), secret); err == nil {
		t.Error("the example of token.revoke revoked nothing")
	}
}

// The example of every request has members of its type alone, those of methods that the test before does
// not call included.
func TestDocumentExamplesAreOfTheirTypes(t *testing.T) {
	doc := start(t, Options{}).document()
	for path, ops := range doc.Paths {
		body, ok := ops["post"].RequestBody.Content[rpc.TypeJSON]
		typ := types[strings.TrimPrefix(body.Schema.Ref, "#/components/schemas/")]
		if !ok || typ == nil { // auditLog.record takes several types
			continue
		}
		if err := strict.Decode(body.Example, reflect.New(typ).Interface()); err != nil {
			t.Errorf("%s: %v in %s", path, err, body.Example)
		}
	}
}

// answeredEntry is an entry without its methods, which would hide its members.
type answeredEntry audit.Entry

// The example answers have the members of their types and no others.
func TestDocumentExampleAnswers(t *testing.T) {
	doc := start(t, Options{}).document()
	results := map[string]any{
		rpc.Record: new(rpc.RecordResult), rpc.List: new(rpc.ListResult), rpc.Pull: new(rpc.PullResult), rpc.Get: new(answeredEntry), rpc.Stats: new(rpc.StatsResult),
		rpc.ProjectList: new(rpc.ProjectListResult), rpc.ProjectGet: new(rpc.Project), rpc.ProjectDelete: new(rpc.Project), rpc.ProjectRestore: new(rpc.Project),
		rpc.SessionStart: new(rpc.SessionStartResult), rpc.SessionBegin: new(rpc.SessionBeginResult), rpc.SessionGet: new(rpc.Caller),
		rpc.SessionList: new(rpc.SessionListResult), rpc.SessionEnd: new(rpc.Session), rpc.LogCheck: new(rpc.CheckResult), rpc.LogStatus: new(rpc.StatusResult),
		rpc.ProjectCertificate: new(rpc.CertificateResult), rpc.LogCheckpoint: new(rpc.CheckpointResult), rpc.LogCosign: new(rpc.CheckpointResult),
		rpc.TokenCreate: new(rpc.TokenCreateResult), rpc.TokenList: new(rpc.TokenListResult), rpc.TokenRevoke: new(rpc.TokenRevokeResult),
		rpc.TokenRotate: new(rpc.TokenCreateResult),
		rpc.SinkCreate:  new(rpc.Sink), rpc.SinkList: new(rpc.SinkListResult), rpc.SinkGet: new(rpc.SinkGetResult), rpc.SinkUpdate: new(rpc.Sink),
		rpc.SinkPause: new(rpc.Sink), rpc.SinkResume: new(rpc.Sink), rpc.SinkReplay: new(rpc.Sink), rpc.SinkDelete: new(rpc.Sink),
		rpc.SinkTest:         new(rpc.SinkTestResult),
		rpc.ViewerLinkCreate: new(rpc.ViewerLink),
		rpc.SearchSave:       new(rpc.SavedSearch), rpc.SearchList: new(rpc.SearchListResult), rpc.SearchDelete: new(rpc.SavedSearch),
	}
	for method, result := range results {
		var answer rpc.Answer[json.RawMessage]
		decodeAnswer(t, string(doc.Paths["/"+method]["post"].Responses["200"].Content[rpc.TypeJSON].Example), &answer)
		if !answer.OK || answer.Result == nil {
			t.Errorf("%s has no example answer", method)
		} else if err := strict.Decode(*answer.Result, result); err != nil {
			t.Errorf("%s: %v in %s", method, err, *answer.Result)
		}
	}
}
