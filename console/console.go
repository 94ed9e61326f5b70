package console

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rs/zerolog"

	"auditlog/admin"
	"auditlog/admit"
	"auditlog/audit"
	"auditlog/auth"
	"auditlog/auth/rights"
	"auditlog/console/clock"
	"auditlog/console/draw"
	"auditlog/console/tokenpage"
	"auditlog/reading"
	"auditlog/retention"
	"auditlog/rpc"
	"auditlog/searches"
	"auditlog/viewer"
)

// Store is what the pages show and change of the log.
type Store interface {
	audit.Recorder
	audit.Reader
	audit.Follower
	audit.ProjectReader
	audit.SearchStore
	audit.ProjectChanger
	// RecordOwn records an entry of the log's own.
	RecordOwn(ctx context.Context, entry *audit.Entry) error
	// Lineage says which log it is.
	Lineage() audit.Lineage
}

// Options configure the console. Store, Auth and Retention are required.
type Options struct {
	Store Store
	// Auth tells who a token belongs to and what they may. In development mode nobody
	// has to log in.
	Auth *auth.Keeper
	// Door decides which visits are let in when there are many. Nil lets everybody in.
	Door *admit.Door
	// Reading records who read what. Nil records none.
	Reading *reading.Recorder
	// Retention purges deleted projects.
	Retention *retention.Worker
	// Approval has a second person approve each deletion of a project.
	Approval bool
	// Nodes returns the nodes that have the log, by name, this one's name, and which of them does what
	// one does for all; Ready why requests had better go to another one. Nil where there is one.
	Nodes func() (names []string, own, onDuty string)
	Ready func() error
	// Proofs proves what the log holds. Nil where nobody does.
	Proofs Proofs
	// Status tells how the log is. Nil where nobody does, and there is no such page.
	Status interface {
		Status(*rpc.StatusRequest) (*rpc.StatusResult, error)
	}
	// Sinks does what is done with sinks. Nil where nothing is shipped.
	Sinks Sinks
	// Provider is where people log in as themselves. Nil is nowhere.
	Provider Provider
	// ProviderName is what people call it. Default "your identity provider".
	ProviderName string
	// Stopping is closed when the server stops: live views end then. Nil is never.
	Stopping <-chan struct{}
	// Log is told of errors that are nobody's mistake but ours. Its zero value is
	// silent.
	Log zerolog.Logger
	// Base is the path of the host below which the pages are, such as /audit. Default "", the root.
	Base string
	// EmbedFrom are the origins whose pages may show what viewer links lead to in a frame, as
	// https://portal.example.com. Default none: links open by themselves alone.
	EmbedFrom []string
	// Version is this program's. Default "dev".
	Version string
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

func (o *Options) setDefaults() {
	if o.ProviderName == "" {
		o.ProviderName = "your identity provider"
	}
	if o.Version == "" {
		o.Version = "dev"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

// console answers every page.
type console struct {
	opts  Options
	admin *admin.Desk
	// searches are those that visitors have saved.
	searches *searches.Desk
	viewer   *viewer.Desk
	draw     *draw.Drawer
	created  tokenpage.ShownOnce
	// everybody is the one session of development mode.
	everybody *session
	began     time.Time
	watchers  admit.Watchers
	// countPatience is how long a page waits for its counts.
	countPatience time.Duration
}

// New returns the handler of the console's pages, which are to stand at the root
// of a host or, see basepath.Handler, below Options.Base.
func New(opts Options) (http.Handler, error) {
	c, err := newConsole(opts)
	if err != nil {
		return nil, err
	}
	return c.handler(), nil
}

func newConsole(opts Options) (*console, error) {
	if opts.Store == nil || opts.Auth == nil || opts.Retention == nil {
		return nil, errors.New("console: store, auth and retention are required")
	}
	opts.setDefaults()
	c := &console{
		opts: opts, admin: admin.New(admin.Options{Projects: opts.Store, Tokens: opts.Auth, Purges: opts.Retention, Approval: opts.Approval}),
		searches: searches.New(opts.Store, opts.Now),
		viewer:   viewer.New(viewer.Options{Storage: opts.Store, Auth: opts.Auth, Now: opts.Now}),
		began:    opts.Now(), countPatience: countPatience,
	}
	if opts.Auth.Dev() {
		c.everybody = everybodys(auth.RandomText())
	}
	var err error
	c.draw, err = draw.New(opts.Base)
	return c, err
}

func (c *console) handler() http.Handler {
	mux := http.NewServeMux()
	for _, rt := range c.routes() {
		mux.Handle(rt.pattern, c.adapt(rt))
	}
	mux.HandleFunc("GET /assets/{name}", c.draw.Asset)
	return secure(mux)
}

// A handler answers a visit, or returns why it cannot and has written nothing.
type handler func(*visit) error

// A route is a page or what a form of one does. An open one needs no log-in;
// the handlers of the others check the permission for the project concerned.
type route struct {
	pattern string
	open    bool
	handle  handler
}

// long reports whether an answer may take as long as it likes: a file or a view of what
// is to come.
func (rt *route) long() bool { return rt.pattern == "GET /export" || rt.pattern == "GET /live" }

func (c *console) routes() []route {
	return []route{
		{"GET /{$}", false, c.home},
		{"GET /logs", false, c.logs},
		{"GET /entry", false, c.entry},
		{"GET /proof", false, c.proof},
		{"GET /export", false, c.export},
		{"GET /live", false, c.live},
		{"GET /suggest", false, c.suggest},
		{"POST /searches/save", false, c.saveSearch},
		{"POST /searches/delete", false, c.deleteSearch},

		{"GET /projects", false, c.projects},
		{"POST /projects/delete", false, c.deleteProject},
		{"POST /projects/restore", false, c.restoreProject},
		{"POST /projects/approve", false, c.approveDeletion},
		{"GET /tokens", false, c.tokens},
		{"POST /tokens/create", false, c.createToken},
		{"POST /tokens/revoke", false, c.revokeToken},
		{"POST /tokens/rotate", false, c.rotateToken},
		{"POST /sessions/end", false, c.endSession},
		{"GET /sinks", false, c.sinks},
		{"POST /sinks/create", false, c.createSink},
		{"POST /sinks/test", false, c.testSink},
		{"POST /sinks/pause", false, c.pauseSink},
		{"POST /sinks/resume", false, c.resumeSink},
		{"POST /sinks/replay", false, c.replaySink},
		{"POST /sinks/delete", false, c.deleteSink},
		{"GET /status", false, c.status},
		{"POST /demo", false, c.fillDemo},

		{"GET /login", true, c.showLogin},
		{"POST /login", true, c.login},
		{"GET /login/provider", true, c.beginPerson},
		{"GET /login/callback", true, c.finishPerson},
		{"POST /login/backchannel", true, c.endPerson},
		{"POST /logout", false, c.logout},
		{"GET " + viewer.Page, true, c.embed},
		{"POST /theme", true, c.setTheme},
		{"POST /clock", true, c.setClock},
		{"POST /columns", true, c.setColumns},
		{"/", true, c.unknown},
	}
}

// policy allows what comes from this host's own files and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// secure sets what every answer carries, and refuses what other sites' pages
// would have a browser change here, or take away.
func secure(next http.Handler) http.Handler {
	own := http.NewCrossOriginProtection()
	protected := own.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if r.Method == http.MethodGet && !linked(r.URL.Path) {
			post := *r
			post.Method = http.MethodPost
			if own.Check(&post) != nil {
				http.Error(w, "pages of other sites may not ask for this", http.StatusForbidden)
				return
			}
		}
		protected.ServeHTTP(w, r)
	})
}

// linked reports whether pages of other sites may lead to a path. What is only ever asked for by a
// page of the log's own is kept from them: an export is recorded, a live view stays open.
func linked(path string) bool { return path != "/export" && path != "/live" && path != "/suggest" }

// visit is one request with what the console knows of who makes it.
type visit struct {
	w http.ResponseWriter
	r *http.Request
	// who is nobody, and session nil, where nobody is logged in.
	who     rights.Principal
	session *session
	// fault is why a session that is there cannot be gone on with now.
	fault error
	clock.Clock
}

// countPatience is how long a page waits for its counts. The entries themselves
// come quickly however many there are; what is not counted by then is asked for
// by the page's script, or by a link.
const countPatience = 100 * time.Millisecond

// maxForm bounds what a form may send.
const maxForm = 64 << 10

// adapt makes an http.Handler of a route: it finds out who visits, and answers
// with the error's page.
func (c *console) adapt(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		// Before it is asked whose session it is, which may end while a form arrives.
		// One that cannot be read lacks what its handler asks for.
		_ = r.ParseForm()
		v := &visit{w: w, r: r, Clock: clock.Of(r, c.opts.Now())}
		err := c.opts.Auth.Admit(r)
		if err == nil {
			c.recognize(v)
			err = c.answer(v, rt)
		}
		if err != nil {
			c.fail(v, err)
		}
	})
}

// recognize finds the session and whose it is.
func (c *console) recognize(v *visit) {
	if c.everybody != nil {
		if c.opts.Auth.Admit(v.r) == nil {
			v.session, v.who = c.everybody, rights.Dev()
		}
		return
	}
	secret := c.sessionSecret(v.r)
	if secret == "" {
		return
	}
	who, s, err := c.opts.Auth.Resume(v.r, secret)
	if err == nil {
		v.session, v.who = &session{Session: s, secret: secret, csrf: auth.FormToken(secret)}, who
	} else if audit.KindOf(err) != audit.Unauthenticated {
		v.who, v.fault = who, err
	}
}

func (c *console) answer(v *visit, rt route) error {
	if rt.open {
		return rt.handle(v)
	}
	if v.fault != nil {
		return v.fault
	}
	if v.session == nil {
		return c.askLogin(v)
	}
	class := admit.Read
	if v.r.Method == http.MethodPost {
		if err := v.session.check(v.r.PostFormValue("csrf")); err != nil {
			return err
		}
		if v.who.May(rights.TokenList, "") { // who administers something
			class = admit.Administration
		}
	}
	call, err := c.opts.Door.Enter(v.r.Context(), class, v.who.RecordedBy())
	if err != nil {
		return err
	}
	defer call.Leave()
	ctx := admit.In(v.r.Context(), call)
	if !rt.long() {
		var done context.CancelFunc
		ctx, done = call.Until(ctx)
		defer done()
	}
	v.r = v.r.WithContext(ctx)
	return rt.handle(v)
}

// call returns what the entries about this visit say of it.
func (c *console) call(v *visit) *rights.Call {
	return c.opts.Auth.NewCall(v.r, v.who, audit.ChannelConsole, v.w.Header().Get(rpc.HeaderRequestID))
}

// fail answers with an error's page, and has refusals recorded.
func (c *console) fail(v *visit, err error) {
	if denied := (*rights.Denied)(nil); errors.As(err, &denied) {
		c.opts.Auth.Refuse(c.call(v), denied)
	}
	kind := audit.KindOf(err)
	page := errorPage{frame: c.frame(v, "Error", "", ""), Kind: kind, RequestID: v.w.Header().Get(rpc.HeaderRequestID)}
	status := rpc.Status(kind)
	var fault *audit.Fault
	switch {
	case errors.As(err, &fault) && kind != audit.Internal:
		page.Message = sentence(fault.Error())
	case v.r.Context().Err() != nil:
		status = rpc.StatusGone // nobody waits for the answer, and no fault is the log's
	default:
		c.opts.Log.Error().Err(err).Str("id", page.RequestID).Str("path", v.r.URL.Path).Msg("console")
	}
	if err := c.render(v, status, "error", page); err != nil {
		c.opts.Log.Error().Err(err).Str("id", page.RequestID).Msg("console: render error page")
		http.Error(v.w, "This page could not be made.", http.StatusInternalServerError)
	}
}

// sentence makes a sentence of an error's message.
func sentence(s string) string {
	if s == "" {
		return s
	}
	if r, size := utf8.DecodeRuneInString(s); r < unicode.MaxASCII {
		s = string(unicode.ToUpper(r)) + s[size:]
	}
	return strings.TrimSuffix(s, ".") + "."
}

func (c *console) unknown(v *visit) error {
	return audit.Errorf(audit.NotFound, "there is no page at this address")
}
