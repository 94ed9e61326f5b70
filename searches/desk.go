package searches

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"auditlog/allowance"
	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/calendar"
	"auditlog/rpc"
)

// Storage is where searches are kept; a log is one. It knows of a query whether it can be meant.
type Storage interface {
	audit.SearchStore
	Prepare(q audit.Query) (audit.Selection, error)
}

// Desk performs the acts. Its methods may be called by several goroutines at once. Each takes
// the call that it is a part of, and returns *rights.Denied where the caller may not.
type Desk struct {
	storage Storage
	now     func() time.Time
	changes *allowance.Book // by who makes them
}

// New returns a Desk. A nil clock is time.Now.
func New(storage Storage, now func() time.Time) *Desk {
	if now == nil {
		now = time.Now
	}
	return &Desk{storage, now, allowance.New(burst, refill)}
}

// Limits of saved searches.
const (
	maxName     = 100     // bytes
	maxSearch   = 8 << 10 // bytes of JSON: no address of a page has more room
	maxSearches = 200     // of a person, or a project

	// Each change is an entry of the log, which stays: of a caller so many at once, and one more each refill.
	burst  = 60
	refill = time.Minute
)

// Save keeps a search, in the place of one of that name. It returns Invalid for a name or a query
// that cannot be meant, and Conflict where there are too many already.
func (d *Desk) Save(ctx context.Context, call *rights.Call, req *rpc.SearchSaveRequest) (*rpc.SavedSearch, error) {
	if err := may(call, rights.SearchSave, req.For); err != nil {
		return nil, err
	}
	s := rpc.SavedSearch{Name: strings.TrimSpace(req.Name), For: req.For, Query: req.Query, SavedBy: call.Principal.Owner}
	s.SavedAt = audit.Truncate(d.now())
	if err := d.validate(call, &s); err != nil {
		return nil, err
	}
	prefix := prefixOf(call, s.For)
	rows, err := d.storage.Searches(prefix)
	if err != nil {
		return nil, err
	}
	key := prefix + s.Name
	if before, err := parse(key, rows[key]); err == nil && same(before, &s) {
		return before, nil // nothing changes
	}
	if _, there := rows[key]; !there && len(rows) >= maxSearches {
		return nil, audit.Errorf(audit.Conflict, "there are %d searches already: delete one that nobody needs", maxSearches)
	}
	value, err := json.Marshal(&s)
	if err != nil {
		return nil, fmt.Errorf("encode search: %w", err)
	}
	if len(value) > maxSearch {
		return nil, audit.FieldErrorf("query", "must be at most %d bytes with all that belongs to the search", maxSearch)
	}
	if err := d.mayChange(call); err != nil {
		return nil, err
	}
	e := entry(call, rights.SearchSave, &s, "Saved")
	if err := d.storage.ChangeSearches(ctx, map[string][]byte{key: value}, nil, e); err != nil {
		return nil, err
	}
	return &s, nil
}

// List returns the searches that the caller has, by name.
func (d *Desk) List(_ context.Context, call *rights.Call) (*rpc.SearchListResult, error) {
	if err := may(call, rights.SearchList, ""); err != nil {
		return nil, err
	}
	res := &rpc.SearchListResult{Items: []rpc.SavedSearch{}}
	for _, prefix := range append(sharedWith(call), prefixOf(call, "")) {
		rows, err := d.storage.Searches(prefix)
		if err != nil {
			return nil, err
		}
		for key, value := range rows {
			s, err := parse(key, value)
			if err != nil {
				return nil, err
			}
			if s.For == "" || call.Principal.May(rights.AuditLogList, s.For) {
				res.Items = append(res.Items, *s)
			}
		}
	}
	slices.SortFunc(res.Items, func(a, b rpc.SavedSearch) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.Name, b.Name), cmp.Compare(a.For, b.For))
	})
	return res, nil
}

// Delete forgets a search. It returns NotFound for one that is not there.
func (d *Desk) Delete(ctx context.Context, call *rights.Call, req *rpc.SearchDeleteRequest) (*rpc.SavedSearch, error) {
	if err := may(call, rights.SearchDelete, req.For); err != nil {
		return nil, err
	}
	prefix := prefixOf(call, req.For)
	rows, err := d.storage.Searches(prefix)
	if err != nil {
		return nil, err
	}
	key := prefix + strings.TrimSpace(req.Name)
	value, there := rows[key]
	if !there {
		return nil, audit.Errorf(audit.NotFound, "search %q not found", req.Name)
	}
	s, err := parse(key, value)
	if err != nil {
		return nil, err
	}
	if err := d.mayChange(call); err != nil {
		return nil, err
	}
	e := entry(call, rights.SearchDelete, s, "Deleted")
	if err := d.storage.ChangeSearches(ctx, nil, []string{key}, e); err != nil {
		return nil, err
	}
	return s, nil
}

// may reports whether a caller has a permission for searches of their own or for a project,
// which take its admin.
func may(call *rights.Call, permission rights.Permission, project string) error {
	if err := call.Principal.Check(permission, project); err != nil || project == "" {
		return err
	}
	return call.Principal.Check(rights.SearchShare, project)
}

// prefixOf returns what the keys begin with of the caller's own searches, or of those for a
// project.
func prefixOf(call *rights.Call, project string) string {
	if project == "" {
		return "own/" + call.Principal.RecordedBy() + "/"
	}
	return audit.SearchesFor(project)
}

// sharedWith returns what the keys begin with of the searches for projects that the caller may read:
// of others none is read, however many there are.
func sharedWith(call *rights.Call) []string {
	names, all := call.Principal.Reach(rights.AuditLogList).Names()
	if all { // but for names, which nobody shares with
		return []string{"for/"}
	}
	prefixes := make([]string, len(names))
	for i, name := range names {
		prefixes[i] = audit.SearchesFor(name)
	}
	return prefixes
}

// mayChange returns RateLimited to who has changed searches too often lately.
func (d *Desk) mayChange(call *rights.Call) error {
	if d.changes.Take(call.Principal.RecordedBy(), d.now()) {
		return nil
	}
	return audit.Errorf(audit.RateLimited, "%d searches were changed at once, each of which is an entry of the log: one more may be in a minute", burst)
}

// same reports whether two searches are the same but for who saved them when.
func same(a, b *rpc.SavedSearch) bool {
	x, y := *a, *b
	x.SavedAt, x.SavedBy = y.SavedAt, y.SavedBy
	return reflect.DeepEqual(x, y)
}

func parse(key string, value []byte) (*rpc.SavedSearch, error) {
	s := new(rpc.SavedSearch)
	if err := json.Unmarshal(value, s); err != nil {
		return nil, fmt.Errorf("read search %q: %w", key, err)
	}
	return s, nil
}

// validate reports what about s cannot be meant, and brings it into one form.
func (d *Desk) validate(call *rights.Call, s *rpc.SavedSearch) error {
	odd := func(r rune) bool { return !unicode.IsPrint(r) }
	switch {
	case s.Name == "":
		return audit.FieldErrorf("name", "is required")
	case len(s.Name) > maxName:
		return audit.FieldErrorf("name", "must be at most %d bytes", maxName)
	case !utf8.ValidString(s.Name) || strings.ContainsFunc(s.Name, odd):
		return audit.FieldErrorf("name", "must be of characters that can be seen")
	}
	if s.For != "" {
		if err := audit.ValidateProject(s.For); err != nil {
			return audit.AtPath(err, "for")
		}
		s.Query.Project = cmp.Or(s.Query.Project, s.For)
		if s.Query.Project != s.For {
			return audit.FieldErrorf("query.project", "must be that which the search is for")
		}
	}
	return audit.AtPath(d.validateQuery(call, &s.Query), "query")
}

// QueryOf returns what a saved query selects at a time. It returns Invalid for what cannot be meant.
func QueryOf(saved *rpc.SavedQuery, now time.Time) (audit.Query, error) {
	zone, err := calendar.Zone(saved.Zone)
	if err != nil {
		return audit.Query{}, audit.AtPath(err, "zone")
	}
	w := saved.Query()
	for _, t := range []struct {
		path, written string
		at            *time.Time
	}{{"from", saved.From, &w.From}, {"to", saved.To, &w.To}} {
		if t.written == "" {
			continue
		}
		if *t.at, err = calendar.ParseTime(t.written, now, zone); err != nil {
			return audit.Query{}, audit.AtPath(err, t.path)
		}
	}
	return w.Query()
}

func (d *Desk) validateQuery(call *rights.Call, saved *rpc.SavedQuery) error {
	q, err := QueryOf(saved, d.now())
	if err != nil {
		return err
	}
	q.Within = call.Principal.Reach(rights.AuditLogList)
	_, err = d.storage.Prepare(q)
	return err
}

// entry returns the entry that tells of an act: in the project that the search is for, or in the
// log's own.
func entry(call *rights.Call, action rights.Permission, s *rpc.SavedSearch, did string) *audit.Entry {
	e := call.Entry(action, cmp.Or(s.For, audit.SystemProject), audit.Resource{Type: "Search", Name: s.Name})
	e.Detail = did + " a search of their own"
	if s.For != "" {
		e.Detail = did + " a search for all who read the project"
	}
	e.Clean()
	return e
}
