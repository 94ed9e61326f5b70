package terminal

import "os"

// Colour is how a terminal is told of one. Plain ends it.
type Colour string

// The colours, which mean the same everywhere.
const (
	Plain  Colour = "\x1b[0m"
	Bold   Colour = "\x1b[1m"
	Dim    Colour = "\x1b[2m"
	Red    Colour = "\x1b[31m"
	Green  Colour = "\x1b[32m"
	Yellow Colour = "\x1b[33m"
)

// Of returns a text in the colour.
func (c Colour) Of(text string) string {
	if c == "" || text == "" {
		return text
	}
	return string(c) + text + string(Plain)
}

// Coloured reports whether w is a terminal that shows colours to somebody who wants them: NO_COLOR,
// as https://no-color.org has it, says that they do not.
func Coloured(w any) bool {
	_, ok := Width(w)
	return ok && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}
