package format

import (
	"encoding/json"
	"slices"
	"strings"

	"auditlog/audit"
)

// Format is a way to write an entry.
type Format struct {
	// Name is what settings and flags call it.
	Name string
	// Title is what people call it.
	Title string
	// Text says that what it writes is a line of text and no JSON object.
	Text bool
	// Rows say what goes where. The log's own format has none: it is described elsewhere.
	Rows []Row

	append func(b []byte, o *Origin, e *audit.Entry) []byte
}

// Origin is where entries come from, which many formats tell with each.
type Origin struct {
	Log audit.Lineage
	// Version is this program's.
	Version string
}

// Append appends e as one line, without its end.
func (f *Format) Append(b []byte, o *Origin, e *audit.Entry) []byte { return f.append(b, o, e) }

// AppendGap appends a line that tells of entries which are missing: an object with gap as its
// only member, which no entry has, or where lines are text an event of the class auditlog.gap.
func (f *Format) AppendGap(b []byte, o *Origin, g *audit.Gap) ([]byte, error) {
	line, err := json.Marshal(map[string]*audit.Gap{"gap": g})
	if err != nil {
		return b, err
	}
	if !f.Text {
		return append(b, line...), nil
	}
	return appendCEFGap(b, o, string(line)), nil
}

// JSON is the log's own: the canonical JSON of an entry.
var JSON = &Format{
	Name: "json", Title: "the log's own JSON",
	append: func(b []byte, _ *Origin, e *audit.Entry) []byte { return e.AppendJSON(b) },
}

// All returns every format.
func All() []*Format { return []*Format{JSON, OCSF, ECS, CEF} }

// Names returns the names of all.
func Names() []string { return namesOf(func(*Format) bool { return true }) }

// Objects returns the names of those that write JSON.
func Objects() []string { return namesOf(func(f *Format) bool { return !f.Text }) }

func namesOf(are func(*Format) bool) []string {
	var names []string
	for _, f := range All() {
		if are(f) {
			names = append(names, f.Name)
		}
	}
	return names
}

// Parse returns the format with a name, in any case. It returns an Invalid Fault with the path
// "format" for any other name.
func Parse(name string) (*Format, error) {
	all := All()
	i := slices.IndexFunc(all, func(f *Format) bool { return f.Name == audit.Fold(name) })
	if i < 0 {
		return nil, audit.FieldErrorf("format", "must be one of %s", strings.Join(Names(), ", "))
	}
	return all[i], nil
}
