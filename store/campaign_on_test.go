package store

import (
	"context"
	"fmt"

	"auditlog/audit"
)

// goesOn records to every project and to another one, as far as the damaged log takes it, seals,
// and says what is wrong with the listings then: what was taken is there, and so is all else.
func (c *campaign) goesOn(ctx context.Context, s *Store) string {
	taken := make(map[int64]bool)
	for _, name := range append([]string{"fresh"}, campaignProjects...) {
		for i := range 15 {
			got, err := s.Record(ctx, []*audit.Entry{entry(name, 1000+i)})
			if err != nil && !saysWhere(err) {
				return fmt.Sprintf("recording to %s: %v", name, err)
			}
			if err == nil {
				taken[got[0].ID] = true
				c.taken++
			}
		}
	}
	if err := s.Seal(); err != nil && !saysWhere(err) {
		return fmt.Sprintf("sealing: %v", err)
	}
	for _, name := range append([]string{"fresh"}, campaignProjects...) {
		all, gaps, err := listAll(ctx, s, audit.Query{Project: name})
		if err != nil && !saysWhere(err) {
			return fmt.Sprintf("listing %s later: %v", name, err)
		}
		var before []*audit.Entry
		for _, e := range all {
			if !taken[e.ID] {
				before = append(before, e)
			}
			delete(taken, e.ID)
		}
		if bad := compare(before, c.listed["list all of "+name], gaps); err == nil && bad != "" {
			return fmt.Sprintf("listing %s later: %s", name, bad)
		}
		if err != nil {
			return ""
		}
	}
	if len(taken) > 0 {
		return fmt.Sprintf("%d entries that were taken are not there", len(taken))
	}
	return ""
}
