package work

import (
	"strconv"
	"time"

	"auditlog/audit"
)

// Salts of the streams of random numbers.
const (
	saltProject = iota + 1
	saltEntry
	saltQuery
)

// Days is the length of time that the entries are spread over.
const Days = 400

// Work is a set of entries. Its methods may be called by several goroutines at once.
type Work struct {
	seed     uint64
	n        int
	start    time.Time
	step     time.Duration
	projects []project
	sums     []uint32
	acts     [100]uint8
}

// New returns n entries, the last of them of the time end or shortly before.
func New(seed uint64, n int, end time.Time) *Work {
	w := &Work{seed: seed, n: n, projects: cast(seed), sums: weights(), acts: actOf()}
	w.step = (Days * 24 * time.Hour / time.Duration(n)).Truncate(time.Microsecond)
	w.start = audit.Truncate(end).Add(-time.Duration(n) * w.step)
	return w
}

// Len returns how many entries there are.
func (w *Work) Len() int { return w.n }

// Entry makes entry i.
func (w *Work) Entry(i int) audit.Entry {
	r := stream(w.seed, saltEntry, uint64(i))
	p := &w.projects[pick(&r, w.sums)]
	a := &acts[w.acts[r.below(100)]]
	who := &p.people[r.skewed(len(p.people))]
	it := &p.apps[r.skewed(len(p.apps))]
	e := audit.Entry{
		Project: p.name,
		Actor:   who.Actor,
		Action:  a.action,
		Resource: audit.Resource{
			Type: kindNames[a.kind], ID: it.ids[a.kind], Name: it.name,
		},
		Outcome:   audit.Success,
		Channel:   who.channels[r.below(len(who.channels))],
		CreatedAt: w.at(i, &r),
	}
	if a.located {
		e.Resource.LocationID = p.locations[r.below(len(p.locations))]
	}
	template := a.details[r.below(len(a.details))]
	switch c := r.below(100); {
	case c < 5:
		e.Outcome, template = audit.Forbidden, forbiddenDetail
	case c < 7:
		e.Outcome, template = audit.Error, errorDetail
	}
	d := detail{r: &r, entry: &e, app: it, about: &p.people[r.below(len(p.people))]}
	e.Detail = d.write(template, i%rareEvery == rareEvery/2)
	return e
}

// at returns when entry i happened: evenly spread but for a random part that
// keeps the order.
func (w *Work) at(i int, r *random) time.Time {
	jitter := time.Duration(r.below(int(w.step/time.Microsecond))) * time.Microsecond
	return w.start.Add(time.Duration(i)*w.step + jitter)
}

// detail fills a template in.
type detail struct {
	r     *random
	entry *audit.Entry
	app   *app
	about *actor
}

func (d *detail) write(template string, rare bool) string {
	var buf [256]byte
	b := buf[:0]
	for i := 0; i < len(template); i++ {
		if template[i] != '#' {
			b = append(b, template[i])
			continue
		}
		i++
		b = d.append(b, template[i])
	}
	if rare {
		b = append(b, rareText...)
	}
	return string(b)
}

func (d *detail) append(b []byte, what byte) []byte {
	switch what {
	case 'n':
		return strconv.AppendInt(b, int64(1+d.r.skewed(900)), 10)
	case 'h':
		return d.r.appendHex(b, 12)
	case 'a':
		return append(b, d.app.name...)
	case 'd':
		return append(b, d.app.domain...)
	case 'p':
		return append(b, d.about.Email...)
	}
	return append(b, d.entry.Action...)
}
