package column

// Kinds returns the names of all kinds of columns.
func Kinds() (names []string) {
	for _, k := range kinds {
		names = append(names, k.name)
	}
	return names
}

// Forms calls found with each way of storing something that s has, by name: kinds of columns
// and what they can be like, indexes, chunks and fingerprints. It is for those who want to know
// whether all of them were tried.
func (s *Set) Forms(found func(form string)) {
	for _, list := range [][]Column{s.columns, s.kids} {
		for i := range list {
			c := &list[i]
			found("column of kind " + c.Kind())
			if c.Shared() {
				found(c.index.form())
			}
			if k, ok := kinds[c.kind].coder.(former); ok {
				k.forms(c, found)
			}
		}
	}
	for _, at := range s.fingers {
		if at != 0 {
			found("fingerprints")
		}
	}
	s.texts.Forms(found)
}

// former is of a kind whose columns differ in more than what they hold.
type former interface {
	forms(c *Column, found func(form string))
}

func (x *index) form() string {
	switch {
	case x.by == 0:
		return "index by itself"
	case x.planes.Width == 0:
		return "index that follows"
	}
	return "index by choice"
}

func (hexKind) forms(c *Column, found func(form string)) {
	what, letters := "hex", "lower"
	if c.flags&hexUUID != 0 {
		what = "UUID"
	}
	if c.flags&hexUpper != 0 {
		letters = "upper"
	}
	found(what + " in " + letters + " case")
	if c.n%2 != 0 {
		found("hex of odd length")
	}
}
