package demo

import (
	"auditlog/audit"
)

// The cast.
var (
	ada        = audit.Actor{Email: "ada@example.com", Type: audit.User}
	grace      = audit.Actor{Email: "grace@example.com", Type: audit.User}
	linus      = audit.Actor{Email: "linus@example.com", Type: audit.User}
	mei        = audit.Actor{Email: "mei.tanaka@example.com", Type: audit.User}
	omar       = audit.Actor{Email: "omar.haddad@example.com", Type: audit.User}
	priya      = audit.Actor{Email: "priya.nair@example.com", Type: audit.User}
	contractor = audit.Actor{Email: "victor@contractor.example", Type: audit.User}

	ci         = audit.Actor{Email: "ci@acme.serviceaccount.example", Type: audit.ServiceAccount}
	autoscaler = audit.Actor{Email: "autoscaler@acme.serviceaccount.example", Type: audit.ServiceAccount}
	backup     = audit.Actor{Email: "backup@acme.serviceaccount.example", Type: audit.ServiceAccount}
)

func developers() []audit.Actor {
	return []audit.Actor{ada, grace, grace, linus, mei, mei, omar, priya}
}

func admins() []audit.Actor { return []audit.Actor{ada, grace} }

// agents are those who work in a developer's name.
func agents() []string {
	return []string{"claude-code:pr-418", "claude-code:pr-423", "cursor:session-91", "codex:task-77"}
}

// addresses are where people work from.
var addresses = map[string]string{
	ada.Email: "203.0.113.9", grace.Email: "203.0.113.24", linus.Email: "198.51.100.71", mei.Email: "203.0.113.31",
	omar.Email: "198.51.100.14", priya.Email: "203.0.113.77", contractor.Email: "192.0.2.66",
	ci.Email: "198.51.100.200", autoscaler.Email: "10.12.0.4", backup.Email: "10.12.0.9",
}

// agentsOfChannels are the programs that people call through.
var agentsOfChannels = map[audit.Channel]string{
	audit.ChannelCLI:     "deploys/1.4.2 (linux; amd64)",
	audit.ChannelConsole: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15",
	audit.ChannelAPI:     "Go-http-client/2.0",
	audit.ChannelMCP:     "deploys-mcp/0.6.1",
}

// request returns what is known of the transport of an entry's call.
func (w *world) request(e *audit.Entry) audit.Request {
	return audit.Request{
		IP:        addresses[e.Actor.Email],
		UserAgent: agentsOfChannels[e.Channel],
		ID:        w.hex(8) + "-" + w.hex(4) + "-" + w.hex(4),
	}
}
