package draw

import (
	"bytes"
	"unicode/utf8"

	"auditlog/spell"
)

// spellOut returns a page in which every hidden character that is shown is spelled out,
// as the command line does: in text within an element of its own, so that it cannot be
// taken for what somebody wrote, and in what attributes tell. It works on the finished
// page, so that no template can forget it. The value of a form's field stays what it is,
// because it is sent back, and addresses hold none.
func spellOut(page []byte) []byte {
	if !hasHidden(page) {
		return page
	}
	out := make([]byte, 0, len(page)+1024)
	var at markup
	for len(page) > 0 {
		r, size := utf8.DecodeRune(page)
		if !spell.IsHidden(r) || isBreak(r) {
			at.next(r, page)
			out = append(out, page[:size]...)
		} else {
			out = at.appendHidden(out, r)
		}
		page = page[size:]
	}
	return out
}

// isBreak reports whether r is white space to HTML, which templates are full of.
func isBreak(r rune) bool { return r == '\n' || r == '\t' || r == '\r' }

// hasHidden reports whether there is anything to spell out.
func hasHidden(page []byte) bool {
	for i := 0; i < len(page); i++ {
		switch c := page[i]; {
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRune(page[i:])
			if spell.IsHidden(r) {
				return true
			}
			i += size - 1
		case c < 0x20 && !isBreak(rune(c)), c == 0x7f:
			return true
		}
	}
	return false
}

// markup is where in a page a character stands. The pages are those of html/template, which
// quotes attributes and escapes what it puts in.
type markup struct {
	inTag     bool
	quote     rune   // that the attribute's value is in, 0 outside
	attribute []byte // the name that was last read in the tag
	inName    bool
	// inElement is the element around the text whose content is text alone.
	inElement []byte
}

// next goes on by r, with which rest begins.
func (m *markup) next(r rune, rest []byte) {
	switch {
	case m.quote != 0:
		if r == m.quote {
			m.quote = 0
		}
	case m.inTag:
		m.nextInTag(r)
	case r == '<' && len(rest) > 1 && (isLetter(rest[1]) || rest[1] == '/' || rest[1] == '!'):
		m.inTag, m.inName = true, false
		m.inElement = textElement(rest)
	}
}

func (m *markup) nextInTag(r rune) {
	switch {
	case r == '>':
		m.inTag = false
	case r == '"' || r == '\'':
		m.quote = r
	case r == '=' || r == ' ' || isBreak(r) || r == '/':
		m.inName = false
	default:
		if !m.inName {
			m.attribute, m.inName = m.attribute[:0], true
		}
		m.attribute = utf8.AppendRune(m.attribute, r)
	}
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// textElement returns the name of the element that a tag opens, if no other element may
// stand in it, else nil.
func textElement(tag []byte) []byte {
	for _, name := range []string{"title", "textarea", "option", "script", "style"} {
		if bytes.HasPrefix(tag[1:], []byte(name)) {
			return tag[1 : 1+len(name)]
		}
	}
	return nil
}

// appendHidden appends a hidden character as it is shown where it stands.
func (m *markup) appendHidden(b []byte, r rune) []byte {
	kept := m.inTag && string(m.attribute) == "value"
	switch {
	case kept || m.inElement != nil && string(m.inElement) != "title" && string(m.inElement) != "option":
		return utf8.AppendRune(b, r)
	case m.inTag || m.inElement != nil:
		return spell.Append(b, r)
	}
	b = append(b, `<span class="hidden-character" title="A character that is not seen">`...)
	b = spell.AppendJSON(b, r)
	return append(b, `</span>`...)
}
