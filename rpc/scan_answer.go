package rpc

import "auditlog/audit"

// Answer reads an answer that is no error, and nothing else, into its result: a
// *ListResult, a *PullResult, a *RecordResult or a **audit.Entry. No other answers are long.
func (s *Scanner) Answer(b []byte, result any) bool {
	s.reset(b)
	defer s.forget()
	var isOK, done bool
	ok := s.object(func(name []byte) bool {
		switch string(name) {
		case "ok":
			return s.isTrue(&isOK)
		case "result":
			done = !done && s.result(result)
			return done
		}
		return false
	})
	return ok && isOK && done && s.atEnd()
}

func (s *Scanner) result(result any) bool {
	switch r := result.(type) {
	case *ListResult:
		*r = ListResult{}
		s.whole = string(s.b)
		return s.page(r)
	case *PullResult:
		*r = PullResult{}
		s.whole = string(s.b)
		return s.part(r)
	case *RecordResult:
		*r = RecordResult{}
		return s.recorded(r)
	case **audit.Entry:
		*r = s.alloc()
		s.whole = string(s.b)
		return s.entry(*r, true)
	}
	return false
}

func (s *Scanner) page(r *ListResult) bool {
	var seen fields
	return s.object(func(name []byte) bool {
		switch string(name) {
		case "items":
			return seen.first(1<<0) && s.items(&r.Items)
		case "nextCursor":
			return seen.first(1<<1) && s.text(&r.NextCursor)
		}
		return false
	})
}

func (s *Scanner) part(r *PullResult) bool {
	var seen fields
	return s.object(func(name []byte) bool {
		switch string(name) {
		case "items":
			return seen.first(1<<0) && s.items(&r.Items)
		case "nextCursor":
			return seen.first(1<<1) && s.text(&r.NextCursor)
		case "covered":
			return seen.first(1<<2) && s.numbers(&r.Covered)
		case "skipped":
			return seen.first(1<<3) && s.ranges(&r.Skipped)
		case "purged":
			return seen.first(1<<4) && s.ranges(&r.Purged)
		case "damaged":
			return seen.first(1<<6) && s.ranges(&r.Damaged)
		case "lost":
			return seen.first(1<<7) && s.ranges(&r.Lost)
		case "newest":
			return seen.first(1<<5) && s.number(&r.Newest)
		}
		return false
	})
}

func (s *Scanner) ranges(list *[]audit.Range) bool {
	*list = []audit.Range{}
	return s.list(func() bool {
		*list = append(*list, audit.Range{})
		return s.numbers(&(*list)[len(*list)-1])
	})
}

func (s *Scanner) numbers(r *audit.Range) bool {
	var seen fields
	return s.object(func(name []byte) bool {
		switch string(name) {
		case "from":
			return seen.first(1<<0) && s.number(&r.From)
		case "to":
			return seen.first(1<<1) && s.number(&r.To)
		}
		return false
	})
}

func (s *Scanner) items(items *[]*audit.Entry) bool {
	*items = []*audit.Entry{}
	return s.list(func() bool { return s.item(items) })
}

// item reads the next entry of an answer.
func (s *Scanner) item(items *[]*audit.Entry) bool {
	start, e := s.i, s.alloc()
	if !s.entry(e, true) {
		return false
	}
	if *items = append(*items, e); len(*items) == 1 {
		// The others are about as long, and then as many.
		n := min((len(s.b)-s.i)/(s.i-start)+1, audit.MaxLimit)
		*items = append(make([]*audit.Entry, 0, n+1), e)
		s.reserve(n)
	}
	return true
}

func (s *Scanner) recorded(r *RecordResult) bool {
	var seen fields
	return s.object(func(name []byte) bool {
		switch string(name) {
		case "recorded":
			return seen.first(1<<0) && s.number(&r.Recorded)
		case "duplicates":
			return seen.first(1<<1) && s.number(&r.Duplicates)
		case "skipped":
			return seen.first(1<<2) && s.number(&r.Skipped)
		case "firstId":
			return seen.first(1<<3) && s.number(&r.FirstID)
		case "lastId":
			return seen.first(1<<4) && s.number(&r.LastID)
		case "entries":
			r.Entries = []Recorded{}
			return seen.first(1<<5) && s.list(func() bool {
				r.Entries = append(r.Entries, Recorded{})
				return s.one(&r.Entries[len(r.Entries)-1])
			})
		case "conflicts":
			return seen.first(1<<6) && s.number(&r.Conflicts)
		}
		return false
	})
}

// one reads what became of one entry.
func (s *Scanner) one(r *Recorded) bool {
	var seen fields
	return s.object(func(name []byte) bool {
		switch string(name) {
		case "id":
			return seen.first(1<<0) && s.number(&r.ID)
		case "duplicate":
			return seen.first(1<<1) && s.isTrue(&r.Duplicate)
		case "skipped":
			return seen.first(1<<2) && s.isTrue(&r.Skipped)
		case "conflict":
			return seen.first(1<<3) && s.isTrue(&r.Conflict)
		}
		return false
	})
}
