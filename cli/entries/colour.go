package entries

import (
	"auditlog/audit"
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
