package status

import (
	"errors"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/backup/duty"
	"auditlog/growth"
	"auditlog/notary"
	"auditlog/proof"
	"auditlog/rpc"
	"auditlog/scrub"
	"auditlog/shipping"
	"auditlog/slowest"
)

var now = time.Date(2026, 3, 30, 12, 0, 0, 0, time.UTC)

// made is a log that a test makes up, and all who know something of it.
type made struct {
	fault, paused error
	proofs        notary.Status
	proofFault    error
}

func (made) LastID() int64               { return 7 }
func (made) Size() (int64, int64, error) { return 4096, 1024, nil }
func (made) Damaged() []string           { return []string{"a page"} }
func (m made) Err() error                { return m.fault }
func (m made) Paused() error             { return m.paused }
func (m made) Unconfirmed() error        { return nil }
func (made) Projects() []audit.Project   { return []audit.Project{{Entries: 3}, {Entries: 4}} }

type proofs struct{ made }

func (p proofs) Status() (notary.Status, error) { return p.proofs, p.proofFault }

type backups struct{}

func (backups) Status() duty.Status {
	return duty.Status{Taken: 2, Failed: 1, Took: 1500 * time.Millisecond, To: "file:/b", Next: now, Err: "no room"}
}

type checks struct{}

func (checks) Status() scrub.Status {
	return scrub.Status{Slow: &scrub.Round{}, Progress: 0.5, Last: &scrub.Round{Problems: 1, Faults: []string{"a page"}}}
}

func deskOf(m made, known bool) *Desk {
	o := Options{Log: m, Growth: growth.New(m, growth.Options{Now: func() time.Time { return now }}), Now: func() time.Time { return now }, Version: "1.2.3"}
	if known {
		slow := new(slowest.Calls)
		slow.Note(slowest.Call{Method: rpc.Stats, At: now, Took: time.Second})
		o.Slow, o.Checks, o.Proofs, o.Backups = slow, checks{}, proofs{m}, backups{}
		o.Index = func() audit.IndexStatus { return audit.IndexStatus{Behind: 5, Err: errors.New("gone")} }
		o.Sinks = func() shipping.Totals {
			return shipping.Totals{Sinks: map[shipping.State]int{shipping.Failing: 2}, Behind: 9, Delivered: 4, Refused: 1}
		}
	}
	return New(o)
}

func TestEverybodyIsAsked(t *testing.T) {
	m := made{fault: errors.New("no space"), paused: errors.New("it lost entries")}
	m.proofs = notary.Status{Checkpoint: proof.Checkpoint{Origin: "o", Size: 12}, Behind: 3}
	st, err := deskOf(m, true).Status(&rpc.StatusRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if st.Entries != 7 || st.Projects != 2 || st.LastID != 7 || st.Error != "no space" || st.Disk.Log != 4096 || st.Disk.Free != 1024 {
		t.Errorf("the log is %+v", st)
	}
	if c := st.Check; c.Paused != "it lost entries" || c.Slow.Progress != 0.5 || c.Last.Problems != 1 || len(c.Damaged) != 1 {
		t.Errorf("the check is %+v", c)
	}
	if st.Index.Behind != 5 || st.Index.Error != "gone" || st.Checkpoint.Size != 12 || st.Checkpoint.Behind != 3 {
		t.Errorf("index and checkpoint are %+v, %+v", st.Index, st.Checkpoint)
	}
	if b := st.Backups; b.Taken != 2 || b.Failed != 1 || b.Seconds != 1.5 || b.To != "file:/b" || b.Error != "no room" {
		t.Errorf("the backups are %+v", b)
	}
	if s := st.Sinks; s.States["failing"] != 2 || s.Behind != 9 || s.Delivered != 4 || s.Refused != 1 {
		t.Errorf("the sinks are %+v", s)
	}
	if len(st.Slowest) != 1 || st.Slowest[0].Seconds != 1 {
		t.Errorf("the slowest calls are %+v", st.Slowest)
	}
}

func TestWhatNobodyDoesIsLeftOut(t *testing.T) {
	st, err := deskOf(made{}, false).Status(&rpc.StatusRequest{})
	if err != nil || st.Index != nil || st.Check != nil || st.Checkpoint != nil || st.Backups != nil || st.Sinks != nil || st.Slowest == nil || st.Days == nil {
		t.Errorf("%+v, %v", st, err)
	}
	m := made{proofFault: audit.Errorf(audit.NotFound, "no checkpoint yet")}
	if st, err = deskOf(m, true).Status(&rpc.StatusRequest{}); err != nil || st.Checkpoint != nil {
		t.Errorf("before the first checkpoint: %+v, %v", st, err)
	}
	m.proofFault = errors.New("damaged")
	if _, err = deskOf(m, true).Status(&rpc.StatusRequest{}); err == nil {
		t.Error("proofs that cannot be read are passed over")
	}
	if _, err = deskOf(made{}, true).Status(&rpc.StatusRequest{Zone: "Mars/Base"}); audit.KindOf(err) != audit.Invalid {
		t.Errorf("a zone that there is not: %v", err)
	}
}

// The days are those of the zone, also where one of them has 23 hours.
func TestDaysOfAZone(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	bounds := lastDays(now, berlin)
	if len(bounds) != days+1 || !bounds[days].Equal(time.Date(2026, 3, 30, 22, 0, 0, 0, time.UTC)) || bounds[days-1].Sub(bounds[days-2]) != 23*time.Hour {
		t.Errorf("the days begin at %v", bounds)
	}
}
