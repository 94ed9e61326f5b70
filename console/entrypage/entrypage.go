// Package entrypage says in the words of the page what an entry holds: with links to what is near
// it, its changes line by line, and how it is asked for from a shell. It reads no entries and
// writes no page: package console does.
package entrypage

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"auditlog/audit"
	"auditlog/console/clock"
	"auditlog/console/figures"
	"auditlog/console/filter"
	"auditlog/rpc"
)

// View is everything that an entry holds, with links to what is near it.
type View struct {
	*audit.Entry
	f         filter.Filter
	At        clock.Moment
	Committed clock.Moment
	Metadata  []Member
	JSON      string
	// Curl and Command ask for the entry from a shell.
	Curl, Command string
	CloseURL      string
	ByActor       string
	// Anywhere leads to what the actor did in all projects, where the visitor reads several;
	// SameRequest to what was done in the same request, if it is known.
	Anywhere, SameRequest string
	OnResource            string
	// ProofURL is where the evidence of the entry is, empty where nobody proves anything.
	ProofURL string
	Around   string
}

// Member is one of an entry's metadata.
type Member struct{ Name, Value string }

// Permalink is the entry's own address.
func (e *View) Permalink() string {
	return filter.Filter{Project: e.Project}.URL("/entry", "id", strconv.FormatInt(e.ID, 10))
}

// By returns the address of the list narrowed by one value of the entry.
func (e *View) By(key, value string) string { return e.f.With(key, value).URL("/logs") }

// Terms lead from a value to the list with what has it besides, and without.
type Terms struct{ Label, AlsoURL, ButURL string }

// Terms returns the links of a value of the entry. Of what the list asks for already there is none.
func (e *View) Terms(key, value string) Terms {
	v := figures.Value(e.f, key, value)
	return Terms{v.Label, v.AlsoURL, v.ButURL}
}

// Own reports whether the entry is one of the log's own.
func (e *View) Own() bool { return e.RecordedBy == audit.RecordedByLog }

// ShownChanges returns the changes as the page shows them.
func (e *View) ShownChanges() []ShownChange { return ShownChanges(e.Changes) }

// Late reports whether the log learnt of the call noticeably after it happened.
func (e *View) Late() bool { return e.RecordedAt.Sub(e.CreatedAt) > time.Minute }

// around is how far the entries before and after an entry reach.
const around = 10 * time.Minute

// Links say where links of an entry lead.
type Links struct {
	// Address is where the log is reached.
	Address string
	// Mark is the parameter that has an entry marked in a list.
	Mark string
	// Anywhere says that the visitor reads several projects, Proof that the entry can be proved.
	Anywhere, Proof bool
}

// New returns an entry with links that keep the filter of its list.
func New(e *audit.Entry, f filter.Filter, at clock.Clock, to Links) (*View, error) {
	f.At = time.Time{}
	all := filter.Filter{Project: f.Project}
	id := strconv.FormatInt(e.ID, 10)
	view := &View{
		Entry:     e,
		f:         f,
		At:        at.Moment(e.CreatedAt),
		Committed: at.Moment(e.RecordedAt),
		CloseURL:  f.URL("/logs"),
		ByActor:   all.With(filter.KeyActor, e.Actor.Email).URL("/logs"),
		Around:    all.Between(e.CreatedAt.Add(-around), e.CreatedAt.Add(around)).URL("/logs", to.Mark, id),
		Metadata:  Metadata(e),
	}
	if to.Proof {
		view.ProofURL = filter.Filter{Project: e.Project}.URL("/proof", "id", id)
	}
	view.OnResource = onResource(filter.Filter{Project: e.Project}, e)
	if f.Project != "" && to.Anywhere {
		view.Anywhere = filter.Filter{}.With(filter.KeyActor, e.Actor.Email).URL("/logs")
	}
	if e.Request.ID != "" {
		view.SameRequest = all.With(filter.KeyRequestID, e.Request.ID).URL("/logs")
	}
	return view, view.ask(to.Address)
}

// ask fills in how the entry is asked for at an address, and what is answered.
func (e *View) ask(address string) error {
	var b bytes.Buffer
	if err := json.Indent(&b, e.AppendJSON(nil), "", "  "); err != nil {
		return err
	}
	e.JSON = b.String()
	asked, err := json.Marshal(rpc.GetRequest{Project: e.Project, ID: e.ID})
	if err != nil {
		return err
	}
	e.Curl = "curl " + address + "/" + rpc.Get + ` -H "Authorization: Bearer $AUDITLOG_TOKEN" -d ` + shellQuoted(string(asked))
	e.Command = fmt.Sprintf("auditlog get --url %s -p %s %d", address, shellQuoted(e.Project), e.ID)
	return nil
}

// Metadata returns the metadata of an entry by name.
func Metadata(e *audit.Entry) (list []Member) {
	for name, value := range e.Metadata {
		list = append(list, Member{name, value})
	}
	slices.SortFunc(list, func(a, b Member) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// shellQuoted returns s as one word of a shell.
func shellQuoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// onResource returns the address of what else was done to an entry's resource:
// by its id or, where it has none, by its name as a phrase.
func onResource(all filter.Filter, e *audit.Entry) string {
	all = all.With(filter.KeyResourceType, e.Resource.Type)
	switch {
	case e.Resource.ID != "":
		all = all.With(filter.KeyResourceID, e.Resource.ID)
	case e.Resource.Name != "":
		all = all.With(filter.KeyText, `"`+strings.ReplaceAll(e.Resource.Name, `"`, " ")+`"`)
	}
	return all.URL("/logs")
}
