package webhook

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"auditlog/audit"
	"auditlog/sink"
)

// chat is a program in which people talk, and its way to take a message.
type chat struct {
	name string
	// member is the name under which the text stands, and rest what stands behind it.
	member, rest string
	// bold is what stands around bold text.
	bold string
	// escape makes text mean nothing but itself.
	escape func(string) string
	// most is how many bytes of text it takes.
	most int
}

// chats are those that there are. Mentions are made to mean nothing, so that nobody who is
// recorded can call a whole channel.
var chats = []*chat{
	{name: "slack", member: "text", rest: `,"unfurl_links":false,"unfurl_media":false`, bold: "*", most: 30_000,
		escape: strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "*", "*\u200b", "_", "_\u200b", "~", "~\u200b", "`", "`\u200b").Replace},
	{name: "mattermost", member: "text", bold: "**", most: 15_000, escape: escapeMarkdown},
	{name: "discord", member: "content", rest: `,"allowed_mentions":{"parse":[]}`, bold: "**", most: 1_900, escape: escapeMarkdown},
}

// escapeMarkdown puts a backslash in front of what Markdown takes for its own, and parts the
// sign of a mention from its name.
func escapeMarkdown(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '@':
			b.WriteString("@\u200b")
			continue
		case strings.ContainsRune("\\`*_{}[]()<>#+-.!|~:", r):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func chatNames() []string {
	var names []string
	for _, c := range chats {
		names = append(names, c.name)
	}
	return names
}

func chatNamed(name string) *chat {
	for _, c := range chats {
		if c.name == name {
			return c
		}
	}
	return nil
}

// maxTold is how many entries a message tells of singly.
const maxTold = 10

// append appends a message that tells of a batch.
func (c *chat) append(b []byte, batch *sink.Batch) []byte {
	var text strings.Builder
	for i, e := range batch.Entries {
		line := c.line(e)
		if i == maxTold || text.Len()+len(line) > c.most {
			fmt.Fprintf(&text, "… and %d more, up to id %d\n", len(batch.Entries)-i, batch.Entries[len(batch.Entries)-1].ID)
			break
		}
		text.WriteString(line + "\n")
	}
	b = append(b, `{"`+c.member+`":`...)
	b = audit.AppendString(b, strings.TrimSuffix(text.String(), "\n"))
	return append(append(b, c.rest...), '}')
}

// line tells of one entry: who did what to what, how it ended, where it can be found.
func (c *chat) line(e *audit.Entry) string {
	what := e.Resource.Type
	switch {
	case e.Resource.Name != "":
		what += " " + e.Resource.Name
	case e.Resource.ID != "":
		what += " " + e.Resource.ID
	}
	line := fmt.Sprintf("%s%s%s %s: %s, %s", c.bold, c.text(e.Action, 200), c.bold, c.text(string(e.Outcome), 20),
		c.text(e.Actor.Email, 200), c.text(what, 300))
	if e.Detail != "" {
		line += ": " + c.text(e.Detail, 300)
	}
	return line + " " + c.text(fmt.Sprintf("(%s #%d, %s)", e.Project, e.ID, e.CreatedAt.UTC().Format("2006-01-02 15:04:05Z")), 400)
}

// text returns s as one line of text of at most so many bytes that means nothing else.
func (c *chat) text(s string, most int) string {
	if len(s) > most {
		for most > 0 && !utf8.RuneStart(s[most]) {
			most--
		}
		s = s[:most] + "…"
	}
	return c.escape(strings.Join(strings.Fields(s), " "))
}
