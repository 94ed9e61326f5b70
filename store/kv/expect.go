package kv

// Expected is what will be read of a bucket: keys that will be asked for or, where Before is set,
// keys that cursors will be moved to, or to the last before.
type Expected struct {
	Bucket string
	Keys   [][]byte
	// Before is how many keys will be walked down from each, those with it, and Behind how many up.
	Before, Behind int
}

// expecter is a transaction whose database is far away: what it is told of comes with the next
// round trip, all at once.
type expecter interface {
	Expect(all ...Expected)
}

// Expect tells a transaction what will be read, if that is of use to it. It changes nothing but how
// long that takes.
func Expect(tx Tx, all func() []Expected) {
	if t, ok := tx.(expecter); ok {
		t.Expect(all()...)
	}
}

// View is db.View of who knows what will be read, which is asked if that is of use.
func View(db DB, all func() []Expected, fn func(Tx) error) error {
	if db, ok := db.(interface {
		ViewExpecting(expected []Expected, fn func(Tx) error) error
	}); ok {
		return db.ViewExpecting(all(), fn)
	}
	return db.View(fn)
}
