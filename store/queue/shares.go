package queue

// Shares adds up what entries are for each party. The zero Shares has none.
type Shares struct {
	Parts []Part

	at   map[Party]int
	last [kinds]int // the parts of the entry before, by kind
}

// Add adds an entry of a token's and a project's, of so many bytes.
func (s *Shares) Add(token, project string, bytes int) {
	s.add(Party{Token, token}, bytes)
	s.add(Party{Project, project}, bytes)
}

func (s *Shares) add(p Party, bytes int) {
	i := s.last[p.Kind]
	if i >= len(s.Parts) || s.Parts[i].Party != p {
		var known bool
		if i, known = s.at[p]; !known {
			if s.at == nil {
				s.at = make(map[Party]int)
			}
			i = len(s.Parts)
			s.Parts = append(s.Parts, Part{Party: p})
			s.at[p] = i
		}
		s.last[p.Kind] = i
	}
	s.Parts[i].Load.Add(Load{1, bytes})
}

// Shared returns the room of a tail that is to be less than total: of it one project may have
// a half and one token, which may be for many projects, three quarters. What is left when it
// is full is for those who have next to nothing in it.
func Shared(total Load) Room {
	part := func(n, of int) Load {
		return Load{Entries: max(1, total.Entries*n/of), Bytes: total.Bytes * n / of}
	}
	return Room{Total: total, Project: part(1, 2), Token: part(3, 4), Reserve: part(1, 64)}
}
