package backup_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"auditlog/backup"
	"auditlog/backup/place"
)

// Which backup is the newest is told by its number, of those that are received too, and not
// by clocks.
func TestNewestByNumber(t *testing.T) {
	r, dir := newRows(t), t.TempDir()
	p := place.NewDir(dir)
	r.put(t, 30, 2000)
	var ids []string
	for n := range 3 {
		ids = append(ids, r.take(t, dir, func(o *backup.Options) {
			o.Now = func() time.Time { return time.Now().AddDate(-n, 0, 0) } // a clock that is set back again and again
		}).ID)
	}
	d, err := backup.NewDeposit(t.Context(), p, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	var sent bytes.Buffer
	o := r.options()
	o.Number, o.Now = d.Number(), func() time.Time { return time.Now().AddDate(-9, 0, 0) }
	if _, err := backup.Take(t.Context(), r, backup.NewStream(&sent, time.Now(), func() error { return nil }), o); err != nil {
		t.Fatal(err)
	}
	received, err := backup.Receive(t.Context(), &sent, d)
	d.Close()
	if err != nil {
		t.Fatal(err)
	}
	ids = append(ids, received.ID)
	list, err := backup.Snapshots(t.Context(), p, func(err error) { t.Error(err) })
	if err != nil || len(list) != len(ids) {
		t.Fatalf("%d backups, %v", len(list), err)
	}
	for i, s := range list {
		if s.ID != ids[i] || s.Number != int64(i+1) {
			t.Errorf("backup %d is %s with number %d, not %s", i, s.ID, s.Number, ids[i])
		}
	}
	if s, err := backup.Find(t.Context(), p, ""); err != nil || s.ID != received.ID {
		t.Errorf("the newest is %+v, %v", s, err)
	}
}

// A backup that is pruned while somebody reads it is not called damaged.
func TestRemovedWhileRead(t *testing.T) {
	r, dir := newRows(t), t.TempDir()
	p := place.NewDir(dir)
	r.put(t, 30, 2000)
	r.take(t, dir, nil)
	db := openBackup(t, p, "")
	r.put(t, 20, 3000) // its one part is another then
	r.take(t, dir, nil)
	if _, err := backup.Prune(t.Context(), p, 1, time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := backup.Compare(t.Context(), db, db.Index); !errors.Is(err, backup.ErrGone) {
		t.Errorf("read: %v", err)
	}
}
