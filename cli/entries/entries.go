package entries

import (
	"bufio"
	"io"
	"slices"
	"strconv"
	"time"

	"auditlog/audit"
	"auditlog/cli/exit"
	"auditlog/cli/terminal"
	"auditlog/export"
	"auditlog/rpc"
	"auditlog/spell"
)

// pageWriter writes entries in one format.
type pageWriter interface {
	writePage([]*audit.Entry) error
	// end writes what comes after the last entry.
	end() error
}

// entryWriter returns what writes entries, of several projects or of one, to standard output in
// a format.
func (a *app) entryWriter(format string, several bool) (pageWriter, error) {
	switch format {
	case "table":
		limit, isTerminal := terminal.Width(a.Stdout)
		t := &terminal.Table{W: a.Stdout, Limit: limit, Fixed: 3, Prose: true,
			Titles: []string{"ID", "TIME", "OUTCOME", "ACTOR", "ACTION", "RESOURCE", "DETAIL"}}
		if isTerminal && limit < roomForDetail {
			t.Titles, t.Prose = t.Titles[:len(t.Titles)-1], false
		}
		entries := &entryTable{t, len(t.Titles), several, time.UTC, time.RFC3339}
		if isTerminal {
			entries.loc, entries.layout = time.Local, time.DateTime
		}
		if terminal.Coloured(a.Stdout) {
			t.Paint = paintEntry
		}
		if several {
			t.Titles = slices.Insert(t.Titles, t.Fixed, "PROJECT")
		}
		return entries, nil
	case "json":
		return &jsonArray{w: a.Out("json")}, nil
	case "ndjson", "csv":
		return newLines(a.Out(guardFormat(format)), export.Format(format))
	}
	return nil, exit.Usagef("--output: must be table, json, ndjson or csv")
}

// guardFormat returns how a guard shows an export's format.
func guardFormat(format string) string {
	if format == rpc.FormatCSV {
		return format
	}
	return "json"
}

// roomForDetail is the width from which on a table has more to show than names.
const roomForDetail = 110

// entryTable writes entries for people. On a terminal times are as its clock
// shows them, and as --from reads them; elsewhere they say their zone.
type entryTable struct {
	*terminal.Table
	shown   int  // how many columns there are but for the project
	several bool // of which each row has its project
	loc     *time.Location
	layout  string
}

// paintEntry colours the outcomes.
func paintEntry(column int, cell string) terminal.Colour {
	if column != outcomeColumn {
		return ""
	}
	return colourOf(audit.Outcome(cell))
}

// outcomeColumn is where the outcome stands in a table.
const outcomeColumn = 2

func (t *entryTable) writePage(page []*audit.Entry) error {
	rows := make([][]string, len(page))
	for i, e := range page {
		rows[i] = []string{strconv.FormatInt(e.ID, 10), e.CreatedAt.In(t.loc).Format(t.layout),
			string(e.Outcome), actor(e), e.Action, resource(e), e.Detail}[:t.shown]
		if t.several {
			rows[i] = slices.Insert(rows[i], t.Fixed, e.Project)
		}
	}
	return t.Write(rows)
}

func (t *entryTable) end() error { return nil }

// actor names who did it, told apart from those who look alike, and what acted in their
// name.
func actor(e *audit.Entry) string {
	name := spell.Name(e.Actor.Email)
	if e.Actor.Label == "" {
		return name
	}
	return name + " (" + e.Actor.Label + ")"
}

// resource names what it was done to, by its name or else its id.
func resource(e *audit.Entry) string {
	switch {
	case e.Resource.Name != "":
		return e.Resource.Type + " " + e.Resource.Name
	case e.Resource.ID != "":
		return e.Resource.Type + " " + e.Resource.ID
	}
	return e.Resource.Type
}

// jsonArray writes entries as one JSON array, an entry a line.
type jsonArray struct {
	w     io.Writer
	begun bool
	buf   []byte
}

func (j *jsonArray) writePage(page []*audit.Entry) error {
	j.buf = j.buf[:0]
	for _, e := range page {
		if j.begun {
			j.buf = append(j.buf, ",\n"...)
		} else {
			j.buf = append(j.buf, "[\n"...)
		}
		j.begun = true
		j.buf = e.AppendJSON(j.buf)
	}
	_, err := j.w.Write(j.buf)
	return err
}

func (j *jsonArray) end() error {
	text := "[]\n"
	if j.begun {
		text = "\n]\n"
	}
	_, err := io.WriteString(j.w, text)
	return err
}

// lines writes entries as auditLog.export does.
type lines struct {
	w   *bufio.Writer
	out *export.Writer
}

func newLines(w io.Writer, format export.Format) (*lines, error) {
	buffered := bufio.NewWriter(w)
	out, err := export.NewWriter(buffered, format, nil) // either tells nothing of where entries come from
	return &lines{buffered, out}, err
}

func (l *lines) writePage(page []*audit.Entry) error {
	for _, e := range page {
		if err := l.out.Write(e); err != nil {
			return err
		}
	}
	return l.w.Flush()
}

func (l *lines) end() error { return l.w.Flush() }
