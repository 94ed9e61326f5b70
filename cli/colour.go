package cli

import (
	"io"
	"strings"

	"auditlog/audit"
	"auditlog/cli/exit"
	"auditlog/cli/terminal"
)

// colourOf returns that of an outcome.
func colourOf(o audit.Outcome) terminal.Colour {
	switch o {
	case audit.Success:
		return terminal.Green
	case audit.Forbidden:
		return terminal.Yellow
	}
	return terminal.Red
}

// explain writes what went wrong, whose words are spelled out already.
func (a *app) explain(err error) {
	text := exit.Explain(err)
	if !terminal.Coloured(a.stderr) {
		io.WriteString(a.stderr, text)
		return
	}
	text = strings.Replace(text, "auditlog: error:", "auditlog: "+terminal.Red.Of("error:"), 1)
	text = strings.Replace(text, "\nauditlog: hint:", "\nauditlog: "+terminal.Bold.Of("hint:"), 1)
	io.WriteString(terminal.Unguarded(a.stderr), text)
}
