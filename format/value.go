package format

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"auditlog/audit"
)

// value appends something of a scene as JSON, or nothing where there is nothing to say.
type value func(b []byte, s *scene) []byte

// field is a row of one of the texts of an entry, by its path.
func field(to, path string) Row {
	f := audit.FieldAt(path)
	return Row{To: to, From: "`" + path + "`", text: func(s *scene) string { return *f.Of(s.Entry) }}
}

// fixed is a row of what is always the same.
func fixed(to, text string) Row {
	return Row{To: to, From: "always `" + text + "`", text: func(*scene) string { return text }}
}

// text is a row of a text, of which an empty one says nothing.
func text(to, from string, of func(*scene) string) Row {
	return Row{To: to, From: from, text: of}
}

// number is a row of a whole number.
func number(to, from string, of func(*scene) int64) Row {
	return Row{To: to, From: from, json: func(b []byte, s *scene) []byte { return strconv.AppendInt(b, of(s), 10) }}
}

// words is a row of several texts, of which none says nothing.
func words(to, from string, of func(*scene) []string) Row {
	return Row{To: to, From: from, json: func(b []byte, s *scene) []byte {
		list := of(s)
		if len(list) == 0 {
			return b
		}
		for i, t := range list {
			b = append(b, "[,"[min(i, 1)])
			b = audit.AppendString(b, t)
		}
		return append(b, ']')
	}}
}

// alone is a row of a list of the one text that another row has.
func alone(to string, r Row) Row {
	return Row{To: to, From: r.From, json: func(b []byte, s *scene) []byte {
		t := r.text(s)
		if t == "" {
			return b
		}
		return append(audit.AppendString(append(b, '['), t), ']')
	}}
}

// moment is a row of a time, as the log writes it.
func moment(to, from string, of func(*scene) time.Time) Row {
	return Row{To: to, From: from, json: func(b []byte, s *scene) []byte { return audit.AppendTime(b, of(s)) }}
}

// millis is a row of a time in milliseconds since the Unix epoch.
func millis(to, from string, of func(*scene) time.Time) Row {
	return number(to, from+", in milliseconds", func(s *scene) int64 { return of(s).UnixMilli() })
}

func created(s *scene) time.Time { return s.CreatedAt }

func recorded(s *scene) time.Time { return s.RecordedAt }

// changes is a row of the changes, as the log writes them.
func changes(to string) Row {
	return Row{To: to, From: "`changes`", json: func(b []byte, s *scene) []byte {
		if len(s.Changes) == 0 {
			return b
		}
		return audit.AppendChanges(b, s.Changes)
	}}
}

// metadata is a row of the metadata, as the log writes them.
func metadata(to string) Row {
	return Row{To: to, From: "`metadata`", json: func(b []byte, s *scene) []byte {
		if len(s.Metadata) == 0 {
			return b
		}
		return audit.AppendMetadata(b, s.Metadata)
	}}
}

// mail returns the actor's name where it is an address.
func mail(s *scene) string {
	if strings.Contains(s.Actor.Email, "@") {
		return s.Actor.Email
	}
	return ""
}

// address returns where the call came from, as an address of IP, or the zero Addr.
func address(s *scene) netip.Addr {
	a, err := netip.ParseAddr(s.Request.IP)
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}

// addressText returns address as text, or "".
func addressText(s *scene) string {
	if a := address(s); a.IsValid() {
		return a.String()
	}
	return ""
}

// noAddress returns where the call came from if it is no address of IP.
func noAddress(s *scene) string {
	if address(s).IsValid() {
		return ""
	}
	return s.Request.IP
}
