package duty

import (
	"context"
	"errors"
	"fmt"
	"time"

	"filippo.io/age"

	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/backoff"
	"auditlog/backup"
)

// Schedule says where backups are put by themselves, and when.
type Schedule struct {
	// Place is the repository.
	Place backup.Place
	// Every is how long after the last backup the next one is taken.
	Every time.Duration
	// Keep is how many backups are kept, the newest ones. 0 keeps all.
	Keep int
	// Recipients are those who can read them. Without any they are not encrypted.
	Recipients []age.Recipient
}

// How long Run waits after a failure, at first and at most, and how long it sleeps at most:
// a clock that is set does not move timers.
const (
	firstRetry = time.Minute
	lastRetry  = time.Hour
	maxSleep   = time.Minute
)

// Run takes the backups of the schedule until ctx ends. When the next one is due, the
// repository tells, also after a restart. A backup that fails is told of and tried again,
// and holds nothing up.
func (d *Duty) Run(ctx context.Context) error {
	s := d.opts.Schedule
	if s == nil {
		<-ctx.Done()
		return nil
	}
	retry := firstRetry
	since := time.Now()
	last, err := d.newest(ctx)
	for ctx.Err() == nil {
		if err == nil {
			for d.due(last, since) > 0 && ctx.Err() == nil {
				_ = backoff.Sleep(ctx, min(d.due(last, since), maxSleep)) // the loop sees that ctx ended
			}
			if ctx.Err() == nil {
				err = d.scheduled(ctx)
			}
		} else {
			last, err = d.newest(ctx)
		}
		switch {
		case ctx.Err() != nil:
		case err != nil:
			d.opts.Log.Error().Err(err).Stringer("to", s.Place).Dur("retryIn", retry).Msg("backup failed")
			_ = backoff.Sleep(ctx, retry)
			retry = min(2*retry, lastRetry)
		default:
			retry, since = firstRetry, time.Now()
			last, err = d.newest(ctx)
		}
	}
	return nil
}

// newest returns the moment of this log's newest backup in the repository, zero when there is
// none.
func (d *Duty) newest(ctx context.Context) (time.Time, error) {
	s := d.opts.Schedule
	list, err := backup.Snapshots(ctx, s.Place, func(err error) {
		d.opts.Log.Error().Err(err).Msg("a backup cannot be read")
	})
	if errors.Is(err, backup.ErrNone) {
		return time.Time{}, nil
	}
	var last time.Time
	for _, one := range list {
		if one.Log == d.log.Identity() {
			last = one.Moment
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if last.After(d.status.Last) {
		d.status.Last = last
	}
	return last, err
}

// due returns how long it is until the next backup, after the last one by its moment, and no later than
// after since, when this process began or took one itself. That is told by how much time has passed,
// and the moment of a backup may be of a time when the other clock was wrong.
func (d *Duty) due(last, since time.Time) time.Duration {
	every := d.opts.Schedule.Every
	return min(last.Add(every).Sub(d.opts.Now()), every-time.Since(since))
}

// scheduled takes a backup of the schedule, and removes those that are too many.
func (d *Duty) scheduled(ctx context.Context) error {
	s := d.opts.Schedule
	release, err := d.begin(ctx)
	if err != nil {
		return err
	}
	defer release()
	began := time.Now()
	made, err := d.put(ctx)
	if ctx.Err() != nil {
		return ctx.Err() // the server stops: the next start takes it
	}
	took := time.Since(began)
	d.note(made, err, took)
	call := &rights.Call{Principal: rights.Principal{Owner: "auditlog", Type: audit.ServiceAccount}}
	e := d.entry(call, made, err, "put it into "+s.Place.String())
	e.AddMetadata(map[string]string{"destination": s.Place.String()})
	d.record(ctx, e)
	if err != nil {
		return err
	}
	d.opts.Log.Info().Stringer("to", s.Place).Str("backup", made.ID).Int64("entries", made.Entries).
		Int64("newBytes", made.NewBytes).Dur("took", took).Dur("held", made.Held).Msg("backup taken")
	if s.Keep == 0 {
		return nil
	}
	pruned, err := backup.Prune(ctx, s.Place, s.Keep, d.opts.Now())
	if err != nil {
		return fmt.Errorf("remove old backups: %w", err)
	}
	if pruned.Snapshots > 0 {
		d.opts.Log.Info().Int("backups", pruned.Snapshots).Int64("bytes", pruned.Bytes).Msg("old backups removed")
	}
	return nil
}

func (d *Duty) put(ctx context.Context) (*backup.Taken, error) {
	s := d.opts.Schedule
	deposit, err := backup.NewDeposit(ctx, s.Place, d.opts.Now())
	if err != nil {
		return nil, err
	}
	defer deposit.Close()
	takes, err := d.takes(s.Recipients, deposit.Has, deposit.Number())
	if err != nil {
		return nil, err
	}
	return backup.Take(ctx, d.log, deposit, takes)
}
