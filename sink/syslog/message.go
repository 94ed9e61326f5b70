package syslog

import (
	"strconv"
	"strings"

	"auditlog/audit"
	"auditlog/format"
	"auditlog/sink"
)

// messages writes entries as messages of RFC 5424.
type messages struct {
	facility int
	origin   string // the host and the program, with spaces around
	data     string // how structured data begins
	message  []byte
}

func newMessages(o *sink.Options) (messages, error) {
	facility, err := parse(o, "facility", 0, 23)
	if err != nil {
		return messages{}, err
	}
	enterprise, err := parse(o, "enterprise", 1, 1<<32-1)
	if err != nil {
		return messages{}, err
	}
	return messages{
		facility: int(facility),
		origin:   " " + name(o.Host, 255) + " " + name(o.Settings["app"], 48) + " - ",
		data:     " [auditlog@" + strconv.FormatInt(enterprise, 10),
	}, nil
}

// name returns s as a name in the head of a message: printable ASCII without spaces, at most so
// many bytes, and a hyphen where there is none.
func name(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return '_'
		}
		return r
	}, s)
	if s == "" {
		return "-"
	}
	return s[:min(len(s), most)]
}

// timeLayout is RFC 3339 with as many digits as entries have.
const timeLayout = "2006-01-02T15:04:05.000000Z"

// append appends an entry, with the number of its bytes in front:
//
//	<110>1 2026-05-04T08:15:30.123456Z HOST auditlog - ACTION [auditlog@32473 key="…" …] MESSAGE
//
// No byte order mark is in front of the message, which RFC 5424 has for UTF-8: what reads CEF
// or JSON there takes it for a part of it.
func (m *messages) append(b []byte, f *format.Format, origin *format.Origin, e *audit.Entry) []byte {
	t := append(m.message[:0], '<')
	t = strconv.AppendInt(t, int64(m.facility*8+format.SyslogSeverity(e)), 10)
	t = append(t, ">1 "...)
	if year := e.CreatedAt.Year(); year < 0 || year > 9999 {
		t = append(t, '-')
	} else {
		t = e.CreatedAt.UTC().AppendFormat(t, timeLayout)
	}
	t = append(append(t, m.origin...), name(e.Action, 32)...)
	t = append(t, m.data...)
	t = appendParam(t, "key", origin.Log.Key(e.ID))
	t = appendParam(t, "project", e.Project)
	t = appendParam(t, "id", strconv.FormatInt(e.ID, 10))
	t = appendParam(t, "seq", strconv.FormatInt(e.Seq, 10))
	t = append(t, "] "...)
	t = f.Append(t, origin, e)
	m.message = t
	b = append(strconv.AppendInt(b, int64(len(t)), 10), ' ')
	return append(b, t...)
}

var paramEscapes = strings.NewReplacer(`"`, `\"`, `\`, `\\`, `]`, `\]`)

func appendParam(b []byte, name, v string) []byte {
	b = append(append(append(b, ' '), name...), `="`...)
	return append(append(b, paramEscapes.Replace(v)...), '"')
}
