package backup

import (
	"context"
	"fmt"
	"time"
)

// Pruned is what Prune removed.
type Pruned struct {
	Snapshots, Parts int
	Bytes            int64
}

// Prune removes all but the newest keep backups of each log, and the parts that no other
// names. Backups that cannot be read are left, and with one of these so are all parts.
func Prune(ctx context.Context, p Place, keep int, now time.Time) (Pruned, error) {
	var done Pruned
	if keep < 1 {
		return done, fmt.Errorf("backup: %d backups cannot be kept: at least 1", keep)
	}
	release, alone, err := p.Lock()
	if err != nil {
		return done, err
	}
	defer release()
	unread := 0
	list, err := Snapshots(ctx, p, func(error) { unread++ })
	if err != nil {
		return done, err
	}
	live := make(map[string]bool)
	kept := make(map[string]int) // by log
	for i := len(list) - 1; i >= 0; i-- {
		s := list[i]
		if kept[s.Log]++; kept[s.Log] > keep {
			if err := p.Delete(ctx, s.file()); err != nil {
				return done, err
			}
			done.Snapshots++
			continue
		}
		for _, part := range s.Parts {
			live[part] = true
		}
	}
	if unread > 0 {
		return done, nil
	}
	files, err := p.List(ctx, partsDir)
	if err != nil {
		return done, err
	}
	for _, f := range files {
		name := nameOfPart(f.Name)
		if name == "" || live[name] || !alone && now.Sub(f.Modified) < prunedAfter {
			continue
		}
		if err := p.Delete(ctx, f.Name); err != nil {
			return done, err
		}
		done.Parts++
		done.Bytes += f.Size
	}
	return done, nil
}
