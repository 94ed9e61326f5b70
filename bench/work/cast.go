package work

import (
	"fmt"
	"slices"
	"strings"

	"auditlog/audit"
)

// Projects is how many projects there are.
const Projects = 50

// project is a tenant: who works there, and on what.
type project struct {
	name      string
	people    []actor
	apps      []app
	locations []string
}

// actor is a person or a program, and the channels that its calls come through.
type actor struct {
	audit.Actor
	channels []audit.Channel
}

// app is a thing that a team runs. Its resources are named after it.
type app struct {
	name   string
	domain string
	ids    [kinds]string
}

var givenNames = strings.Fields(`ada grace linus somchai malee joerg mei olu priya sven tomas yuki
	anong barbara chidi dmitri elif fatima goran hedy ines jomo katherine lars maryam nok oscar pim`)

var familyNames = strings.Fields(`lovelace hopper keller srisai wong mueller chen okafor sharma nilsson
	novak tanaka boonmee liskov eze volkov yilmaz haddad horvat lamarr costa kamau johnson berg`)

var appNames = strings.Fields(`web api worker billing search mailer gateway auth catalog orders cart
	payments reports notifier scheduler importer exporter media assets admin docs metrics`)

var programs = strings.Fields(`deployer github-actions gitlab-ci terraform argocd renovate`)

// cast makes the projects. The first ones are the larger ones in every respect.
func cast(seed uint64) []project {
	projects := make([]project, Projects)
	for k := range projects {
		r := stream(seed, saltProject, uint64(k))
		p := &projects[k]
		p.name = fmt.Sprintf("%s-%s", appNames[(k*7+3)%len(appNames)], string(r.appendHex(nil, 4)))
		p.locations = []string{"gke.rcf2", "gke.rcf3"}[:1+k%2]
		p.people = team(&r, p.name, 3+60/(1+k/3))
		p.apps = apps(&r, 3+90/(1+k/4))
	}
	return projects
}

// team makes size actors, every fifth a program; those are the busy ones.
func team(r *random, project string, size int) []actor {
	actors := make([]actor, 0, size)
	for i := range size {
		if i%5 == 0 {
			actors = append(actors, program(r, project, i/5))
		} else {
			actors = append(actors, person(r, i))
		}
	}
	return actors
}

func program(r *random, project string, i int) actor {
	name := programs[i%len(programs)]
	if i >= len(programs) {
		name = fmt.Sprintf("%s-%d", name, i/len(programs)+1)
	}
	return actor{
		Actor:    audit.Actor{Email: fmt.Sprintf("%s@%s.deploys.app", name, project), Type: audit.ServiceAccount},
		channels: []audit.Channel{audit.ChannelAPI, audit.ChannelAPI, audit.ChannelCLI},
	}
}

func person(r *random, i int) actor {
	name := fmt.Sprintf("%s.%s", givenNames[r.below(len(givenNames))], familyNames[r.below(len(familyNames))])
	a := actor{
		Actor:    audit.Actor{Email: fmt.Sprintf("%s%d@example.com", name, i), Type: audit.User},
		channels: []audit.Channel{audit.ChannelConsole, audit.ChannelConsole, audit.ChannelCLI},
	}
	if i%4 == 1 {
		a.channels = append(a.channels, audit.ChannelMCP)
	}
	return a
}

func apps(r *random, n int) []app {
	list := make([]app, n)
	for i := range list {
		a := &list[i]
		a.name = appNames[i%len(appNames)]
		if i >= len(appNames) {
			a.name = fmt.Sprintf("%s-%d", a.name, i/len(appNames)+1)
		}
		a.domain = a.name + ".example.com"
		for k := range a.ids {
			a.ids[k] = fmt.Sprint(1000 + r.below(90000))
		}
	}
	return list
}

// weights returns the running sums of the shares of the projects: the largest
// makes about a fifth of the calls, the smallest 0.4 %.
func weights() []uint32 {
	sums := make([]uint32, Projects)
	sum := uint32(0)
	for k := range sums {
		sum += uint32(1e6 / (k + 1))
		sums[k] = sum
	}
	return sums
}

// pick returns a project by its share.
func pick(r *random, sums []uint32) int {
	at := uint32(r.below(int(sums[len(sums)-1])))
	k, exact := slices.BinarySearch(sums, at)
	if exact {
		k++
	}
	return k
}
