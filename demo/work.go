package demo

import (
	"fmt"
	"strconv"
	"time"

	"auditlog/audit"
)

// work makes what somebody did at w.at.
func (w *world) work() {
	switch n := w.random.IntN(100); {
	case n < 34:
		w.release()
	case n < 48:
		w.deployByHand()
	case n < 60:
		w.scale()
	case n < 72:
		w.configure()
	case n < 80:
		w.route()
	case n < 86:
		w.domain()
	case n < 91:
		w.access()
	case n < 95:
		w.serviceAccount()
	default:
		w.disk()
	}
}

// common services are deployed more often than the others.
func (w *world) service() *service {
	return w.services[min(w.random.IntN(len(w.services)), w.random.IntN(len(w.services)))]
}

func (s *service) resource() audit.Resource {
	return audit.Resource{Type: "Deployment", ID: s.id, Name: s.name, LocationID: s.location}
}

func (s *service) image() string {
	return fmt.Sprintf("registry.example.com/acme/%s:%d.%d.%d", s.name, s.version[0], s.version[1], s.version[2])
}

// deploy makes the entry of a new revision of s.
func (w *world) deploy(s *service, by audit.Actor, channel audit.Channel) audit.Entry {
	before := s.image()
	s.version[2]++
	if s.revision++; s.version[2] > 9 {
		s.version[1], s.version[2] = s.version[1]+1, 0
	}
	return audit.Entry{
		Actor: by, Action: "deployment.deploy", Resource: s.resource(), Channel: channel,
		Detail: fmt.Sprintf("Deployed revision %d", s.revision),
		Changes: []audit.Change{
			{Field: "image", Old: before, New: s.image()},
			{Field: "revision", Old: strconv.Itoa(s.revision - 1), New: strconv.Itoa(s.revision)},
		},
		Metadata: map[string]string{"commit": w.hex(12), "branch": "main"},
	}
}

// release is a deployment by the CI service account, which sometimes fails.
func (w *world) release() {
	s := w.service()
	if w.random.IntN(14) == 0 {
		w.add(audit.Entry{
			Actor: ci, Action: "deployment.deploy", Resource: s.resource(), Channel: audit.ChannelAPI, Outcome: audit.Error,
			Detail: pick(w, []string{
				"image not found: " + s.image() + "-rc1",
				"rollout did not become ready within 10m0s",
				"quota exceeded: cpu of cluster " + s.location,
			}),
			Metadata: map[string]string{"commit": w.hex(12), "pipeline": strconv.Itoa(8000 + w.serial)},
		})
		return
	}
	e := w.deploy(s, ci, audit.ChannelAPI)
	e.Metadata["pipeline"] = strconv.Itoa(8000 + w.serial)
	if w.random.IntN(4) == 0 {
		e.Actor.Label = pick(w, agents())
		e.Channel = audit.ChannelMCP
	}
	w.add(e)
}

func (w *world) deployByHand() {
	by := pick(w, developers())
	channel := pick(w, []audit.Channel{audit.ChannelCLI, audit.ChannelCLI, audit.ChannelConsole})
	if w.random.IntN(3) == 0 {
		by.Label, channel = pick(w, agents()), audit.ChannelMCP
	}
	w.add(w.deploy(w.service(), by, channel))
}

func (w *world) scale() {
	s := w.service()
	before := s.replicas
	s.replicas = max(1, min(12, s.replicas+pick(w, []int{-2, -1, 1, 2})))
	by, channel := pick(w, developers()), audit.ChannelConsole
	if w.random.IntN(2) == 0 {
		by, channel = autoscaler, audit.ChannelAPI
	}
	w.add(audit.Entry{
		Actor: by, Action: "deployment.scale", Resource: s.resource(), Channel: channel,
		Detail:  fmt.Sprintf("Scaled from %d to %d replicas", before, s.replicas),
		Changes: []audit.Change{{Field: "replicas", Old: strconv.Itoa(before), New: strconv.Itoa(s.replicas)}},
	})
}

func (w *world) configure() {
	s := w.service()
	setting := pick(w, [][3]string{
		{"LOG_LEVEL", "info", "debug"}, {"LOG_LEVEL", "debug", "info"}, {"CACHE_TTL", "60s", "300s"},
		{"WORKERS", "8", "16"}, {"RATE_LIMIT", "100", "250"}, {"SENTRY_RELEASE", "", "enabled"},
	})
	w.add(audit.Entry{
		Actor: pick(w, developers()), Action: "envGroup.update", Channel: pick(w, []audit.Channel{audit.ChannelConsole, audit.ChannelCLI}),
		Resource: audit.Resource{Type: "EnvGroup", ID: "env-" + s.id, Name: s.name + "-env", LocationID: s.location},
		Detail:   "Updated " + setting[0],
		Changes:  []audit.Change{{Field: "env." + setting[0], Old: setting[1], New: setting[2]}},
	})
}

func (w *world) route() {
	s := w.service()
	path := pick(w, []string{"/", "/v1", "/v2", "/health", "/static", "/webhooks"})
	action, detail := "route.create", "Routed "
	if w.random.IntN(3) == 0 {
		action, detail = "route.delete", "Removed the route of "
	}
	w.add(audit.Entry{
		Actor: pick(w, developers()), Action: action, Channel: audit.ChannelConsole,
		Resource: audit.Resource{Type: "Route", ID: "rt-" + s.id + path, Name: s.name + ".example.com" + path, LocationID: s.location},
		Detail:   detail + s.name + ".example.com" + path + " to " + s.name,
	})
}

func (w *world) domain() {
	name := pick(w, []string{"shop", "status", "docs", "eu", "pay", "beta"}) + ".example.com"
	e := audit.Entry{
		Actor: pick(w, developers()), Action: "domain.create", Channel: audit.ChannelConsole,
		Resource: audit.Resource{Type: "Domain", ID: name, Name: name},
		Detail:   "Added the domain " + name,
	}
	switch w.random.IntN(4) {
	case 0:
		e.Action, e.Detail = "domain.delete", "Removed the domain "+name
	case 1:
		e.Action, e.Outcome = "domain.verify", audit.Error
		e.Detail = "no TXT record at _deploys." + name
	case 2:
		e.Action, e.Detail = "domain.verify", "Verified "+name
		e.Changes = []audit.Change{{Field: "verified", Old: "false", New: "true"}, {Field: "certificate", Old: "", New: "issued, 90 days"}}
	}
	w.add(e)
}

func (w *world) access() {
	who := pick(w, developers()).Email
	role := pick(w, []string{"deployer", "viewer", "billing", "domain-admin"})
	e := audit.Entry{
		Actor: pick(w, admins()), Action: "role.grant", Channel: audit.ChannelConsole,
		Resource: audit.Resource{Type: "Role", ID: role, Name: role},
		Detail:   "Granted " + role + " to " + who,
		Changes:  []audit.Change{{Field: "members", Old: "", New: who}},
	}
	switch w.random.IntN(4) {
	case 0:
		e.Action, e.Detail = "role.revoke", "Revoked "+role+" from "+who
		e.Changes = []audit.Change{{Field: "members", Old: who, New: ""}}
	case 1:
		e.Actor, e.Outcome, e.Channel = pick(w, []audit.Actor{omar, priya, linus}), audit.Forbidden, audit.ChannelCLI
		e.Detail, e.Changes = "missing permission role.grant", nil
	}
	w.add(e)
}

func (w *world) serviceAccount() {
	name := pick(w, []string{"ci", "autoscaler", "backup", "metrics"})
	key := "key-" + w.hex(6)
	e := audit.Entry{
		Actor: pick(w, admins()), Action: "serviceAccount.createKey", Channel: audit.ChannelCLI,
		Resource: audit.Resource{Type: "ServiceAccount", ID: "sa-" + name, Name: name},
		Detail:   "Created the key " + key,
		Metadata: map[string]string{"expires": w.at.AddDate(0, 3, 0).Format(time.DateOnly)},
	}
	if w.random.IntN(3) == 0 {
		e.Action, e.Detail, e.Metadata = "serviceAccount.deleteKey", "Deleted the key "+key, nil
	}
	w.add(e)
}

func (w *world) disk() {
	s := pick(w, w.services[3:])
	size := 10 * (1 + w.random.IntN(6))
	w.add(audit.Entry{
		Actor: pick(w, developers()), Action: "disk.resize", Channel: audit.ChannelConsole,
		Resource: audit.Resource{Type: "Disk", ID: "disk-" + s.id, Name: s.name + "-data", LocationID: s.location},
		Detail:   fmt.Sprintf("Resized from %d to %d GiB", size, size+10),
		Changes:  []audit.Change{{Field: "size", Old: fmt.Sprintf("%d GiB", size), New: fmt.Sprintf("%d GiB", size+10)}},
	})
}

// routine is what happens every day by itself.
func (w *world) routine(begin time.Time) {
	w.at = begin.Add(2*time.Hour + time.Duration(w.random.IntN(240e6))*time.Microsecond)
	e := audit.Entry{
		Actor: backup, Action: "database.backup", Channel: audit.ChannelAPI,
		Resource: audit.Resource{Type: "Database", ID: "db-main", Name: "main", LocationID: "gke.cluster-rcf2"},
		Detail:   fmt.Sprintf("Backed up %d.%d GiB", 38+w.random.IntN(4), w.random.IntN(10)),
	}
	if w.random.IntN(30) == 0 {
		e.Outcome, e.Detail = audit.Error, "connection to the database lost after 12m40s"
	}
	w.add(e)
}
