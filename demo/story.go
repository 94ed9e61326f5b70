package demo

import (
	"strconv"
	"time"

	"auditlog/audit"
)

// story makes what there is to find on a day.
func (w *world) story(begin time.Time, back int) {
	switch back {
	case 1:
		w.badRelease(begin.Add(14 * time.Hour))
	case 3:
		w.intrusion(begin.Add(22 * time.Hour))
	}
}

// checkout is the service that the story is about.
func (w *world) checkout() *service { return w.services[2] }

// badRelease breaks checkout and has it mended.
func (w *world) badRelease(hour time.Time) {
	s := w.checkout()
	after := func(minutes, seconds int) {
		w.at = hour.Add(time.Duration(minutes)*time.Minute + time.Duration(seconds)*time.Second + 417*time.Millisecond)
	}
	env := audit.Resource{Type: "EnvGroup", ID: "env-" + s.id, Name: s.name + "-env", LocationID: s.location}

	after(2, 11)
	bad := w.deploy(s, linus, audit.ChannelCLI)
	bad.Changes = append(bad.Changes, audit.Change{Field: "env.NEW_PRICING", Old: "off", New: "on"})
	bad.Metadata["branch"] = "pricing-hotfix"
	w.add(bad)
	broken, before := strconv.Itoa(s.revision), strconv.Itoa(s.revision-1)

	for i, reason := range []string{"5 of 8 pods crash looping: panic: nil price list", "6 of 8 pods crash looping: panic: nil price list"} {
		after(5+3*i, 40)
		w.add(audit.Entry{
			Actor: autoscaler, Action: "deployment.scale", Resource: s.resource(), Channel: audit.ChannelAPI,
			Outcome: audit.Error, Detail: reason,
			Changes: []audit.Change{{Field: "replicas", Old: "4", New: "8"}},
		})
	}
	after(10, 2)
	w.add(audit.Entry{
		Actor: ci, Action: "deployment.deploy", Resource: s.resource(), Channel: audit.ChannelAPI, Outcome: audit.Error,
		Detail: "rollout of revision " + strconv.Itoa(s.revision+1) + " did not become ready: 0 of 4 pods",
	})
	after(12, 30)
	w.add(audit.Entry{
		Actor: linus, Action: "deployment.rollback", Resource: s.resource(), Channel: audit.ChannelCLI, Outcome: audit.Forbidden,
		Detail: "missing permission deployment.rollback",
	})
	after(16, 48)
	w.add(audit.Entry{
		Actor: ada, Action: "deployment.rollback", Resource: s.resource(), Channel: audit.ChannelConsole,
		Detail:  "Rolled back from revision " + broken + " to " + before,
		Changes: []audit.Change{{Field: "revision", Old: broken, New: before}},
	})
	after(21, 5)
	w.add(audit.Entry{
		Actor: ada, Action: "envGroup.update", Resource: env, Channel: audit.ChannelConsole, Detail: "Updated NEW_PRICING",
		Changes: []audit.Change{{Field: "env.NEW_PRICING", Old: "on", New: "off"}},
	})
}

// intrusion is a contractor who tries what he may not.
func (w *world) intrusion(hour time.Time) {
	attempts := []struct {
		action   string
		resource audit.Resource
	}{
		{"secret.update", audit.Resource{Type: "Secret", ID: "sec-payments", Name: "payments-key"}},
		{"serviceAccount.createKey", audit.Resource{Type: "ServiceAccount", ID: "sa-ci", Name: "ci"}},
		{"serviceAccount.createKey", audit.Resource{Type: "ServiceAccount", ID: "sa-backup", Name: "backup"}},
		{"role.grant", audit.Resource{Type: "Role", ID: "owner", Name: "owner"}},
		{"database.export", audit.Resource{Type: "Database", ID: "db-main", Name: "main", LocationID: "gke.cluster-rcf2"}},
		{"database.export", audit.Resource{Type: "Database", ID: "db-main", Name: "main", LocationID: "gke.cluster-rcf2"}},
		{"role.grant", audit.Resource{Type: "Role", ID: "deployer", Name: "deployer"}},
		{"domain.delete", audit.Resource{Type: "Domain", ID: "pay.example.com", Name: "pay.example.com"}},
	}
	for i, a := range attempts {
		w.at = hour.Add(time.Duration(11+2*i)*time.Minute + time.Duration(w.random.IntN(60e6))*time.Microsecond)
		w.add(audit.Entry{
			Actor: contractor, Action: a.action, Resource: a.resource, Channel: audit.ChannelCLI,
			Outcome: audit.Forbidden, Detail: "missing permission " + a.action,
		})
	}
}
