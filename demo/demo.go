package demo

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"auditlog/audit"
)

// days is how far back the entries reach.
const days = 90

// Entries returns the entries of a project as of now, oldest first. Each has a
// key, the same whenever they are made, so that recording them twice adds nothing.
func Entries(project string, now time.Time) []*audit.Entry {
	w := newWorld(project, now)
	for back := days; back >= 0; back-- {
		w.day(back)
	}
	slices.SortStableFunc(w.entries, func(a, b *audit.Entry) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return slices.DeleteFunc(w.entries, func(e *audit.Entry) bool { return e.CreatedAt.After(now) })
}

// world is the company on its way through the days.
type world struct {
	project  string
	midnight time.Time // of today, UTC
	random   *rand.Rand
	entries  []*audit.Entry

	services []*service
	at       time.Time // of the entry that is being made
	serial   int
}

// service is something that is deployed, and how it is at the moment.
type service struct {
	id, name, location string
	revision, replicas int
	version            [3]int
}

func newWorld(project string, now time.Time) *world {
	return &world{
		project:  project,
		midnight: now.UTC().Truncate(24 * time.Hour),
		random:   rand.New(rand.NewPCG(7, 42)),
		services: []*service{
			{"4711", "web", "gke.cluster-rcf2", 212, 4, [3]int{3, 14, 2}},
			{"4712", "api", "gke.cluster-rcf2", 187, 6, [3]int{2, 41, 0}},
			{"4720", "checkout", "gke.cluster-rcf2", 131, 4, [3]int{1, 22, 5}},
			{"4733", "worker", "gke.cluster-rcf2", 96, 3, [3]int{2, 8, 1}},
			{"4735", "search", "gke.cluster-fra1", 44, 2, [3]int{0, 9, 7}},
			{"4741", "mailer", "gke.cluster-fra1", 31, 1, [3]int{1, 3, 0}},
			{"4750", "docs", "gke.cluster-fra1", 128, 1, [3]int{5, 0, 3}},
		},
	}
}

// day makes the entries of the day that is so many days back.
func (w *world) day(back int) {
	begin := w.midnight.AddDate(0, 0, -back)
	n := 30 + w.random.IntN(22)
	if d := begin.Weekday(); d == time.Saturday || d == time.Sunday {
		n = 5 + w.random.IntN(6)
	}
	minutes := make([]int, n)
	for i := range minutes {
		minutes[i] = w.minute()
	}
	slices.Sort(minutes)
	for _, m := range minutes {
		w.at = begin.Add(time.Duration(m)*time.Minute + time.Duration(w.random.IntN(60e6))*time.Microsecond)
		w.work()
	}
	w.routine(begin)
	w.story(begin, back)
}

// minute draws a minute of the day: most lie in working hours.
func (w *world) minute() int {
	if w.random.IntN(12) == 0 {
		return w.random.IntN(24 * 60)
	}
	return 7*60 + w.random.IntN(6*60) + w.random.IntN(6*60)
}

// add finishes an entry and takes it in.
func (w *world) add(e audit.Entry) {
	w.serial++
	e.Project, e.CreatedAt = w.project, w.at
	e.Key = fmt.Sprintf("demo-%06d", w.serial)
	if e.Outcome == "" {
		e.Outcome = audit.Success
	}
	if e.Actor.Type == "" {
		e.Actor.Type = audit.User
	}
	if e.Request == (audit.Request{}) {
		e.Request = w.request(&e)
	}
	w.entries = append(w.entries, &e)
}

// pick returns one of a list, each as likely.
func pick[T any](w *world, list []T) T { return list[w.random.IntN(len(list))] }

func (w *world) hex(n int) string {
	const digits = "0123456789abcdef"
	b := make([]byte, n)
	for i := range b {
		b[i] = digits[w.random.IntN(16)]
	}
	return string(b)
}
