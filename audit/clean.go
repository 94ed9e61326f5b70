package audit

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean changes what e holds so that Validate has nothing to say about its
// texts, for those who record what others wrote: a caller with a user agent of
// garbage must not escape being recorded. It cuts what is too long, marking it
// with an ellipsis, and replaces invalid UTF-8 and, in names, control characters.
// What is missing stays missing, and times stay as they are.
func (e *Entry) Clean() {
	for _, f := range bounded {
		v := f.text(e)
		*v = cleanName(*v, f.Limit)
	}
	e.cleanTexts(MaxStored)
	for limit := 16 << 10; len(e.AppendJSON(nil)) > MaxStored; limit /= 4 {
		if limit < 64 { // it is their number that is too great
			e.Changes, e.Metadata = nil, nil
		}
		e.cleanTexts(limit)
	}
}

// cleanTexts cleans the texts whose length only the whole entry bounds.
func (e *Entry) cleanTexts(limit int) {
	for _, f := range unbounded {
		v := f.text(e)
		*v = cleanText(*v, limit)
	}
	if len(e.Changes) > 0 {
		changes := make([]Change, 0, len(e.Changes)) // the caller's are not ours to change
		for _, c := range e.Changes {
			changes = append(changes, Change{cleanName(c.Field, MaxName), cleanText(c.Old, limit), cleanText(c.New, limit)})
		}
		e.Changes = changes
	}
	if len(e.Metadata) > 0 {
		metadata := make(map[string]string, len(e.Metadata))
		for k, v := range e.Metadata {
			if k = cleanName(k, MaxName); k != "" {
				metadata[k] = cleanText(v, limit)
			}
		}
		e.Metadata = metadata
	}
}

func cleanName(s string, limit int) string {
	if validateName("", s, limit, false) == nil {
		return s
	}
	s = s[:min(len(s), limit+utf8.UTFMax)]
	return cleanText(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s), limit)
}

func cleanText(s string, limit int) string {
	const ellipsis = "…"
	s = s[:min(len(s), limit+utf8.UTFMax)] // enough to know that it was longer
	s = strings.ToValidUTF8(s, string(utf8.RuneError))
	if len(s) <= limit {
		return s
	}
	end := limit - len(ellipsis)
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + ellipsis
}
