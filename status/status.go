package status

import (
	"time"

	"auditlog/audit"
	"auditlog/backup/duty"
	"auditlog/calendar"
	"auditlog/growth"
	"auditlog/notary"
	"auditlog/rpc"
	"auditlog/scrub"
	"auditlog/shipping"
	"auditlog/slowest"
)

// Log is what is told of.
type Log interface {
	audit.Health
	Projects() []audit.Project
	LastID() int64
}

// Options say who knows what of a log. Log and Growth are required; of the others, nil is nobody.
type Options struct {
	Log    Log
	Growth *growth.Worker
	Slow   *slowest.Calls
	Index  func() audit.IndexStatus
	Checks interface{ Status() scrub.Status }
	// Proofs makes checkpoints.
	Proofs interface{ Status() (notary.Status, error) }
	// Backups takes backups.
	Backups interface{ Status() duty.Status }
	// Sinks tells of all that is shipped.
	Sinks func() shipping.Totals
	// Version is the program's, Format that of the data on disk.
	Version string
	Format  rpc.LogFormat
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// Desk tells how a log is. Its methods may be called by several goroutines at once.
type Desk struct {
	opts  Options
	began time.Time
}

// New returns a Desk of a server that starts now.
func New(opts Options) *Desk {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Desk{opts, opts.Now().UTC()}
}

// How much is told of what came in, and how many slow calls.
const (
	minutes   = 61 // with the one under way
	days      = 30
	slowCalls = 10
)

// Status returns how the log is. It returns Invalid for a zone that there is not.
func (d *Desk) Status(req *rpc.StatusRequest) (*rpc.StatusResult, error) {
	zone, err := calendar.Zone(req.Zone)
	if err != nil {
		return nil, audit.AtPath(err, "zone")
	}
	now := d.opts.Now().UTC()
	res := &rpc.StatusResult{
		Version: d.opts.Version, Format: d.opts.Format, BeganAt: d.began, Now: now, LastID: d.opts.Log.LastID(),
		Minutes: arrived(d.opts.Growth.Minutes(minutes)),
		Days:    arrived(d.opts.Growth.Between(lastDays(now, zone))),
		Slowest: d.slow(now),
	}
	for _, p := range d.opts.Log.Projects() {
		res.Entries += p.Entries
		res.Projects++
	}
	if err := d.opts.Log.Err(); err != nil {
		res.Error = err.Error()
	}
	if res.Disk, err = d.disk(); err != nil {
		return nil, err
	}
	if d.opts.Index != nil {
		st := d.opts.Index()
		res.Index = &rpc.IndexStatus{Behind: st.Behind, Resting: st.Resting}
		if st.Err != nil {
			res.Index.Error = st.Err.Error()
		}
	}
	if d.opts.Checks != nil {
		res.Check = Check(d.opts.Checks.Status(), d.opts.Log)
	}
	if res.Checkpoint, err = d.checkpoint(); err != nil {
		return nil, err
	}
	res.Backups = d.backups()
	res.Sinks = d.sinks()
	return res, nil
}

// lastDays returns the bounds of the last days in a zone, today included.
func lastDays(now time.Time, zone *time.Location) []time.Time {
	from, to := calendar.Today(now, zone)
	bounds := make([]time.Time, days+1)
	bounds[days] = to
	for i := days - 1; i >= 0; i-- {
		bounds[i] = from
		from, _ = calendar.Yesterday(from, zone)
	}
	return bounds
}

func arrived(parts []growth.Part) []rpc.Arrived {
	list := make([]rpc.Arrived, len(parts))
	for i, p := range parts {
		list[i] = rpc.Arrived{From: p.From.UTC(), To: p.To.UTC(), Entries: p.Entries, Bytes: p.Bytes}
	}
	return list
}

func (d *Desk) disk() (rpc.DiskStatus, error) {
	disk, err := d.opts.Growth.Disk()
	if err != nil {
		return rpc.DiskStatus{}, err
	}
	f := d.opts.Growth.Forecast(disk)
	return rpc.DiskStatus{
		Log: disk.Log, Free: disk.Free, Derived: disk.Derived, Room: disk.Room, Size: disk.Size,
		PerDay: f.PerDay, Since: f.Since, FullAt: f.FullAt,
	}, nil
}

func (d *Desk) slow(now time.Time) []rpc.SlowCall {
	list := []rpc.SlowCall{}
	if d.opts.Slow == nil {
		return list
	}
	for _, c := range d.opts.Slow.Slowest(now, slowCalls) {
		list = append(list, rpc.SlowCall{
			Method: c.Method, Project: c.Project, At: c.At.UTC(), Seconds: c.Took.Seconds(), Status: c.Status, RequestID: c.RequestID,
		})
	}
	return list
}

// checkpoint tells of the newest one: nil where there is none yet.
func (d *Desk) checkpoint() (*rpc.CheckpointStatus, error) {
	if d.opts.Proofs == nil {
		return nil, nil
	}
	st, err := d.opts.Proofs.Status()
	if audit.KindOf(err) == audit.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c := &rpc.CheckpointStatus{
		Origin: st.Checkpoint.Origin, Size: st.Checkpoint.Size, Root: st.Checkpoint.Root.String(), Signed: st.Signed,
		At: st.HeadTime, Key: st.Key.Fingerprint(), Behind: st.Behind,
	}
	for _, w := range st.Witnesses {
		c.Cosigned = append(c.Cosigned, rpc.Cosignature{Witness: w.Witness.Name, At: w.Time, Size: w.Size})
	}
	return c, nil
}

func (d *Desk) backups() *rpc.BackupStatus {
	if d.opts.Backups == nil {
		return nil
	}
	st := d.opts.Backups.Status()
	return &rpc.BackupStatus{
		Taken: st.Taken, Failed: st.Failed, Last: st.Last, NewBytes: st.Bytes, Seconds: st.Took.Seconds(),
		To: st.To, Next: st.Next, Error: st.Err,
	}
}

// sinks tells of all sinks together: nil where there is none.
func (d *Desk) sinks() *rpc.SinksStatus {
	if d.opts.Sinks == nil {
		return nil
	}
	t := d.opts.Sinks()
	if len(t.Sinks) == 0 {
		return nil
	}
	s := &rpc.SinksStatus{States: make(map[string]int), Behind: t.Behind, Delivered: t.Delivered, Refused: t.Refused}
	for state, n := range t.Sinks {
		s.States[string(state)] = n
	}
	return s
}

// Check returns what is known of a log's integrity.
func Check(st scrub.Status, log audit.Health) *rpc.CheckResult {
	res := &rpc.CheckResult{Check: reading(st.Check), Slow: reading(st.Slow), Last: reading(st.Last), Damaged: log.Damaged()}
	if res.Slow != nil {
		res.Slow.Progress = st.Progress
	}
	if res.Check != nil {
		res.Check.Progress = st.Checked
	}
	if err := log.Paused(); err != nil {
		res.Paused = err.Error()
	}
	return res
}

// reading returns what the API tells of a round.
func reading(r *scrub.Round) *rpc.Reading {
	if r == nil {
		return nil
	}
	return &rpc.Reading{
		Whole: r.Whole, BeganAt: r.BeganAt, EndedAt: r.EndedAt, Entries: r.Entries,
		Problems: r.Problems, Faults: r.Faults, Error: r.Err,
	}
}
