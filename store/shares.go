package store

import (
	"auditlog/audit"
	"auditlog/store/queue"
)

// Of the tail as a whole one project may have a half and one token, which may be for many
// projects, three quarters; what is left when it is full is for those who have next to
// nothing in it.
const (
	projectShares = 2
	reserveShares = 64
)

// room returns the bounds of a tail that is sealed from so many entries on.
func room(sealRows int) queue.Room {
	total := queue.Load{Entries: tailSlack * sealRows, Bytes: tailSlack * maxTailBytes}
	part := func(n, of int) queue.Load {
		return queue.Load{Entries: max(1, total.Entries*n/of), Bytes: total.Bytes * n / of}
	}
	return queue.Room{
		Total: total, Project: part(1, projectShares), Token: part(3, 4), Reserve: part(1, reserveShares),
	}
}

// shares adds up what entries are for each token and project.
type shares struct {
	parts []queue.Part
	at    map[queue.Party]int
	last  [2]int // the parts of the entry before, by kind
}

// add adds an entry of so many bytes.
func (s *shares) add(e *audit.Entry, project string, size int) {
	s.addTo(queue.Party{Kind: queue.Token, Name: e.RecordedBy}, size)
	s.addTo(queue.Party{Kind: queue.Project, Name: project}, size)
}

func (s *shares) addTo(p queue.Party, size int) {
	i := s.last[p.Kind]
	if i >= len(s.parts) || s.parts[i].Party != p {
		var known bool
		if i, known = s.at[p]; !known {
			if s.at == nil {
				s.at = make(map[queue.Party]int)
			}
			i = len(s.parts)
			s.parts = append(s.parts, queue.Part{Party: p})
			s.at[p] = i
		}
		s.last[p.Kind] = i
	}
	s.parts[i].Add(queue.Load{Entries: 1, Bytes: size})
}

// Line tells how those stand who record: who waits, and who has how much of the tail.
func (s *Store) Line() queue.State { return s.queue.State() }
