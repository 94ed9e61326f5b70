package format

import "auditlog/audit"

// severity is how much an entry is to be looked at.
type severity struct {
	name string // in OCSF
	// How each counts it: in CEF from 0 to 10, in syslog downwards.
	ocsf, cef, syslog int
}

// severityOf tells a refusal, which somebody may have tried in vain for a reason, from what
// failed, and that from what went well.
func severityOf(e *audit.Entry) severity {
	switch e.Outcome {
	case audit.Forbidden:
		return severity{"Medium", 3, 6, 4}
	case audit.Error:
		return severity{"Low", 2, 5, 3}
	}
	return severity{"Informational", 1, 3, 6}
}

// SyslogSeverity returns how severe an entry is, as syslog and ECS count: 6 informational,
// 4 warning, 3 error.
func SyslogSeverity(e *audit.Entry) int { return severityOf(e).syslog }
