package queue

// Shares adds up what entries are for each party. The zero Shares has none.
type Shares struct {
	Parts []Part

	at   [kinds]map[string]int // in Parts, by name
	last [kinds]int            // the parts of the entry before, by kind
}

// Add adds an entry of a token's and a project's, of so many bytes, and returns which of the parts is
// the project's.
func (s *Shares) Add(token, project string, bytes int) (part int) {
	return s.AddLoad(token, project, Load{1, bytes})
}

// AddLoad adds entries so.
func (s *Shares) AddLoad(token, project string, l Load) (part int) {
	s.add(Token, token, l)
	return s.add(Project, project, l)
}

func (s *Shares) add(k Kind, name string, l Load) (part int) {
	i := s.last[k]
	if i >= len(s.Parts) || s.Parts[i].Kind != k || s.Parts[i].Name != name {
		var known bool
		if i, known = s.at[k][name]; !known {
			if s.at[k] == nil {
				s.at[k] = make(map[string]int)
			}
			i = len(s.Parts)
			s.Parts = append(s.Parts, Part{Party: Party{k, name}})
			s.at[k][name] = i
		}
		s.last[k] = i
	}
	s.Parts[i].Load.Add(l)
	return i
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
