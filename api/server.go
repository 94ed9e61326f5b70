package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/julienschmidt/httprouter"
	"github.com/rs/zerolog"

	"auditlog/admin"
	"auditlog/admit"
	"auditlog/api/dialect"
	"auditlog/api/intake"
	"auditlog/api/metrics"
	"auditlog/api/strict"
	"auditlog/api/wire"
	"auditlog/audit"
	"auditlog/auth"
	"auditlog/pull"
	"auditlog/reading"
	"auditlog/retention"
	"auditlog/rpc"
	"auditlog/searches"
	"auditlog/shipping"
	"auditlog/slowest"
	"auditlog/viewer"
)

// Store is what the API does with the log.
type Store interface {
	audit.Recorder
	audit.Reader
	audit.ProjectReader
	audit.SearchStore
	audit.ProjectChanger
	// RecordOwn records an entry of the log's own.
	RecordOwn(ctx context.Context, entry *audit.Entry) error
	audit.Follower
	Monitored
}

// Status tells how the log is; *status.Desk does.
type Status interface {
	Status(*rpc.StatusRequest) (*rpc.StatusResult, error)
}

// Monitored is what the API tells of a log to those who watch over it.
type Monitored interface {
	audit.Health
	// LastID returns the id of the newest entry, 0 when there is none.
	LastID() int64
	// Lineage says which log it is.
	Lineage() audit.Lineage
	// Unsealed counts the entries that are held in memory until they are in a block.
	Unsealed() int
	// Congestion tells how those stand who record.
	Congestion() audit.Congestion
}

// Options configure a Server. Store, Auth and Retention are required.
type Options struct {
	Store Store
	// Auth tells who calls and what they may.
	Auth *auth.Keeper
	// Reading records who read what. Nil records none.
	Reading *reading.Recorder
	// Retention purges what project.delete deletes, after its grace period.
	Retention *retention.Worker
	// Door decides which calls are let in when there are many. Nil lets everybody in.
	Door *admit.Door
	// Approval has a second person approve each deletion of a project.
	Approval bool
	// Provider is where people log in from a command line. Nil is nowhere.
	Provider Provider
	// Backups takes backups. Nil is nobody.
	Backups Backups
	// Sinks does what is done with sinks, Shipping tells of all together. Nil where nothing
	// is shipped.
	Sinks    Sinks
	Shipping func() shipping.Totals
	// Index tells the state of the full-text index. Nil when there is none.
	Index func() audit.IndexStatus
	// Ready returns why requests had better go to another node. Nil where there is none.
	Ready func() error
	// Nodes returns the nodes that have the log, by name, this one's name, and which of them does what
	// one does for all. Nil where there is one.
	Nodes func() (names []string, own, onDuty string)
	// Proofs proves the log's history. Nil when nobody does.
	Proofs Proofs
	// Checks reads the whole log. Nil when nothing does.
	Checks Checks
	// Status tells how the log is. Nil when nobody does.
	Status Status
	// Slow keeps the slowest calls. Nil keeps none.
	Slow *slowest.Calls
	// Console answers every path that is not the API's. Nil leaves them unknown.
	Console http.Handler
	// Profile has profiles of the process answered at /debug/pprof/, to admins on
	// this machine.
	Profile bool
	// MetricsApart leaves /metrics to whoever serves Server.Metrics elsewhere.
	MetricsApart bool
	// ReadOnlyActions are patterns of actions that are no audit events: exact, or
	// with a "*" at the start or the end. Nil means DefaultReadOnlyActions, an
	// empty list none.
	ReadOnlyActions []string
	// KeepDeniedReads records those of them that were refused: their outcome is
	// forbidden.
	KeepDeniedReads bool
	// Log gets one line a request. Its zero value is silent.
	Log zerolog.Logger
	// Stopping is closed when the server stops: who waits for entries is answered then. Nil is
	// never.
	Stopping <-chan struct{}
	// Version is this program's, for /metrics and /openapi.json. Default "dev".
	Version string
	// Base is the path of the host below which the API is, such as /audit. Default "", the root.
	Base string
	// Now is the clock. Default time.Now.
	Now func() time.Time
	// Patience is how long a request's body may keep the server waiting, and how
	// long the client may take to accept a part of an answer. Default 30 s.
	Patience time.Duration
}

// DefaultReadOnlyActions are the actions that are no audit events unless the
// configuration says otherwise.
func DefaultReadOnlyActions() []string { return []string{"*.list", "*.get", "*.metrics"} }

func (o *Options) setDefaults() {
	if o.ReadOnlyActions == nil {
		o.ReadOnlyActions = DefaultReadOnlyActions()
	}
	if o.Version == "" {
		o.Version = "dev"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Patience == 0 {
		o.Patience = 30 * time.Second
	}
}

// Server answers the API. Its methods may be called by several goroutines at once.
type Server struct {
	opts     Options
	admin    *admin.Desk
	searches *searches.Desk
	viewer   *viewer.Desk
	router   *httprouter.Router
	pulls    *pull.Server
	paths    map[string]string // of the methods, as they are written and in lower case: their verbs
	readOnly intake.ReadOnly
	metrics  *metrics.Metrics
	wire     *wire.Wire
	entries  intake.Reader
	// crossOrigin tells requests that web pages make across sites.
	crossOrigin *http.CrossOriginProtection
}

// New returns a Server, or what is wrong with its options.
func New(opts Options) (*Server, error) {
	if opts.Store == nil || opts.Auth == nil || opts.Retention == nil {
		return nil, errors.New("api: store, auth and retention are required")
	}
	opts.setDefaults()
	s := &Server{
		opts: opts, paths: make(map[string]string),
		admin:       admin.New(admin.Options{Projects: opts.Store, Tokens: opts.Auth, Purges: opts.Retention, Approval: opts.Approval}),
		searches:    searches.New(opts.Store, opts.Now),
		viewer:      viewer.New(viewer.Options{Storage: opts.Store, Auth: opts.Auth, Base: opts.Base, Now: opts.Now}),
		crossOrigin: http.NewCrossOriginProtection(),
		pulls:       pull.New(pull.Options{Log: opts.Store, Stopping: opts.Stopping}),
	}
	var err error
	if s.readOnly, err = intake.ParseReadOnly(opts.ReadOnlyActions); err != nil {
		return nil, err
	}
	s.readOnly.KeepDenied = opts.KeepDeniedReads
	s.wire, err = wire.New(wire.Options{Patience: opts.Patience, Log: opts.Log, From: opts.Auth.Address, Told: told})
	if err != nil {
		return nil, err
	}
	s.metrics = metrics.New(metrics.Sources{
		Log: opts.Store, Auth: opts.Auth, Purges: opts.Retention, Door: opts.Door, Index: opts.Index,
		Checks: opts.Checks, Backups: opts.Backups, Shipping: opts.Shipping, Version: opts.Version,
	})
	s.router = s.newRouter()
	return s, nil
}

// ServeHTTP answers one request. Nothing that happens in it ends the process.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := s.wire.Begin(w, r)
	s.metrics.Begin()
	defer s.end(x)
	if err := s.opts.Auth.Admit(r); err != nil {
		x.Fail(err)
		return
	}
	s.router.ServeHTTP(x, s.lowerPath(r))
}

// end closes an exchange, whether its handler returned or panicked.
func (s *Server) end(x *wire.Exchange) {
	aborted := x.Settle(recover())
	s.metrics.End(x.Method, x.Truth(), time.Since(x.Started))
	s.noteSlow(x)
	x.Log(aborted)
	if aborted {
		panic(http.ErrAbortHandler)
	}
}

// told returns what the caller of an exchange is told of an error, and under which status.
func told(x *wire.Exchange, status int, err error) (int, any) {
	f := wire.FaultOf(err)
	if dialect.Deploys(x.Request) {
		return http.StatusOK, dialect.Answer(f, x.Method, x.ID)
	}
	body := rpc.Answer[rpc.RecordResult]{Error: rpc.ErrorOf(f, x.ID)}
	if e := (*audit.Exceeded)(nil); errors.As(err, &e) {
		body.Error.Limit = e.Limit.Name
	}
	if p := (*partial)(nil); errors.As(err, &p) {
		body.Result = &p.done
	}
	return status, body
}

// lowerPath returns r with the path of a method in lower case, or r itself where
// the router knows its path, or nobody does.
func (s *Server) lowerPath(r *http.Request) *http.Request {
	if s.paths[r.URL.Path] != "" {
		return r
	}
	lower := strings.ToLower(r.URL.Path)
	if s.paths[lower] == "" {
		return r
	}
	u := *r.URL
	u.Path, u.RawPath = lower, ""
	r2 := *r
	r2.URL = &u
	return &r2
}

// consolePage is the method of what the console answers.
const consolePage = "console"

// notFound answers what no route is for: the console's pages, and what looks
// like a method and is none.
func (s *Server) notFound(w http.ResponseWriter, r *http.Request) {
	x := w.(*wire.Exchange)
	name := strings.TrimPrefix(r.URL.Path, "/")
	isCall := r.Method == http.MethodPost && strings.Contains(name, ".") && !strings.Contains(name, "/")
	if s.opts.Console != nil && !isCall {
		x.Method = consolePage
		s.opts.Console.ServeHTTP(x, r)
		return
	}
	if isCall {
		x.Fail(audit.Errorf(audit.NotFound, "there is no method %s: see /openapi.json", strict.Shown(name)))
		return
	}
	x.Fail(audit.Errorf(audit.NotFound, "there is nothing at this path: see /openapi.json"))
}

// Metrics answers /metrics and nothing else, for a listener of its own.
func (s *Server) Metrics() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.metrics.Page())
	return mux
}
