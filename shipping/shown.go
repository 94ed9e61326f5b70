package shipping

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// chats are the formats of services whose address is the secret: whoever knows it may write.
var chats = []string{"slack", "mattermost", "discord", "teams"}

// Shown returns the address of s as it may be shown: what can be a secret in it is left out.
func (s *Sink) Shown() string {
	u, err := url.Parse(s.To)
	if err != nil {
		return "…"
	}
	u.User, u.Fragment = nil, ""
	query := u.RawQuery != ""
	u.RawQuery = ""
	shown := u.String()
	for _, part := range secretParts(u) {
		shown = strings.ReplaceAll(shown, "/"+part, "/…")
	}
	if slices.Contains(chats, strings.ToLower(s.Format)) && u.Host != "" {
		return u.Scheme + "://" + u.Host + "/…"
	}
	if query {
		shown += "?…"
	}
	return shown
}

// minPart is how many bytes a part of a path has at least that may be a secret.
const minPart = 16

// secretParts returns the parts of a path, as they are written, that look random. A webhook's
// address is often all that one has to know to write there, and what is shown of it stands in
// entries for ever.
func secretParts(u *url.URL) (parts []string) {
	if u.Scheme != "http" && u.Scheme != "https" {
		return nil
	}
	random := func(r rune) bool { return unicode.IsDigit(r) || unicode.IsUpper(r) }
	for part := range strings.SplitSeq(u.EscapedPath(), "/") {
		if len(part) >= minPart && strings.ContainsFunc(part, random) {
			parts = append(parts, part)
		}
	}
	return parts
}

// minSecret is how many bytes a secret has that is looked for in the texts of errors: a shorter
// one would be found where it is none.
const minSecret = 4

// maxText bounds the bytes of an error's text that is kept.
const maxText = 300

// clean returns what may be shown of an error's text: no secret of s is in it, and neither is
// more of its address than Shown tells.
func (s *Sink) clean(text string) string {
	var hide []string
	for _, v := range s.Secrets {
		hide = append(hide, v, url.QueryEscape(v))
	}
	if u, err := url.Parse(s.To); err == nil {
		for _, values := range u.Query() {
			hide = append(hide, values...)
		}
		hide = append(append(hide, u.RawQuery), secretParts(u)...)
		if strings.HasSuffix(s.Shown(), "/…") {
			hide = append(hide, strings.Trim(u.Path, "/"), strings.Trim(u.EscapedPath(), "/"))
		}
	}
	slices.SortFunc(hide, func(a, b string) int { return len(b) - len(a) })
	for _, v := range hide {
		if len(v) >= minSecret {
			text = strings.ReplaceAll(text, v, "…")
		}
	}
	text = strings.ToValidUTF8(text, "�")
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + "…"
	}
	return text
}
