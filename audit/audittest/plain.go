package audittest

import (
	"fmt"
	"time"

	"auditlog/audit"
)

// Plain returns an entry as most are, of about 330 bytes of JSON.
func Plain(i int) *audit.Entry {
	return &audit.Entry{
		Project: "acme", Actor: audit.Actor{Email: fmt.Sprintf("user-%d@example.com", i%50), Type: audit.User},
		Action: "deployment.deploy", Resource: audit.Resource{Type: "Deployment", ID: fmt.Sprint(4000 + i%500), Name: fmt.Sprintf("web-%d", i%500), LocationID: "gke.cluster-rcf2"},
		Outcome: audit.Success, Detail: fmt.Sprintf("Deployed revision %d of image registry.example.com/acme/web", i), Channel: audit.ChannelCLI,
		Request:   audit.Request{IP: "203.0.113.9", UserAgent: "deploys/1.4"},
		CreatedAt: time.Date(2026, 5, 4, 8, 15, 30, i*1000, time.UTC),
	}
}

// Batch returns the body of a request to record n plain entries of a time, or of none.
func Batch(n int, at time.Time) []byte {
	b := []byte(`{"entries":[`)
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		e := Plain(i)
		e.CreatedAt = at
		b = e.AppendInput(b)
	}
	return append(b, "]}"...)
}
