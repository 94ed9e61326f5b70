package kvtest

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"auditlog/store/kv"
)

// Engine examines an engine. open opens an empty database, of which the buckets a and b
// are there; the examination closes it.
func Engine(t *testing.T, open func(*testing.T) kv.DB) {
	for name, examine := range map[string]func(*testing.T, kv.DB){
		"walks":         testWalks,
		"model":         testModel,
		"many":          testMany,
		"rolled back":   testRolledBack,
		"one state":     testOneState,
		"no bucket":     testNoBucket,
		"expected":      testExpected,
		"nothing":       testNothing,
		"version":       testVersion,
		"since":         testSince,
		"whole":         testWhole,
		"after closing": testClosed,
	} {
		t.Run(name, func(t *testing.T) {
			db := open(t)
			t.Cleanup(func() { db.Close() })
			examine(t, db)
		})
	}
}

// must runs a function in a transaction that has to end well.
func must(t *testing.T, run func(func(kv.Tx) error) error, fn func(kv.Tx) error) {
	t.Helper()
	if err := run(fn); err != nil {
		t.Fatal(err)
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func put(tx kv.Tx, keys ...string) error {
	for _, k := range keys {
		if err := tx.Bucket("a").Put([]byte(k), []byte("="+k)); err != nil {
			return err
		}
	}
	return nil
}

// testWalks moves cursors to, between and beyond keys.
func testWalks(t *testing.T, db kv.DB) {
	must(t, db.Update, func(tx kv.Tx) error { return put(tx, "b", "d", "d\x00", "e", "\xff\xff") })
	must(t, db.View, func(tx kv.Tx) error {
		a := tx.Bucket("a")
		c := a.Cursor()
		type move func() ([]byte, []byte)
		seek := func(key string) move { return func() ([]byte, []byte) { return c.Seek([]byte(key)) } }
		past := func(from, to string, back bool) move {
			h := &kv.Hidden{Bucket: "a"}
			if from != "" {
				h.From = []byte(from)
			}
			if to != "" {
				h.To = []byte(to)
			}
			return func() ([]byte, []byte) { return c.Past(h, back) }
		}
		for i, step := range []struct {
			move move
			want string
		}{
			{seek(""), "b"}, {c.Prev, ""}, {c.First, "b"}, {c.Next, "d"}, {c.Next, "d\x00"}, {c.Prev, "d"},
			{seek("c"), "d"}, {c.Prev, "b"}, {seek("d"), "d"}, {c.Next, "d\x00"},
			{c.Last, "\xff\xff"}, {c.Prev, "e"}, {c.Next, "\xff\xff"}, {c.Next, ""},
			{seek("\xff\xff\x00"), ""}, {c.Last, "\xff\xff"},
			{func() ([]byte, []byte) { return kv.AtOrBefore(c, []byte("d")) }, "d"},
			{func() ([]byte, []byte) { return kv.AtOrBefore(c, []byte("c")) }, "b"},
			{func() ([]byte, []byte) { return kv.AtOrBefore(c, []byte("a")) }, ""},
			{func() ([]byte, []byte) { return kv.AtOrBefore(c, []byte("\xff\xff\xff")) }, "\xff\xff"},
			{func() ([]byte, []byte) { return kv.Before(c, []byte("d")) }, "b"},
			{func() ([]byte, []byte) { return kv.Before(c, []byte("b")) }, ""},
			{func() ([]byte, []byte) { return kv.Before(c, []byte("\xff\xff\xff")) }, "\xff\xff"},
			{past("c", "e", true), "b"}, {past("d", "e", true), "b"}, {past("d", "e", false), "e"}, {c.Prev, "d\x00"},
			{past("b", "e", true), ""}, {past("", "", true), ""}, {past("d", "", false), ""},
		} {
			k, v := step.move()
			if string(k) != step.want || (k == nil) != (step.want == "") || k != nil && string(v) != "="+step.want {
				t.Errorf("move %d leads to %q, %q, want %q", i, k, v, step.want)
			}
		}
		var all, prefix []string
		for k := range kv.All(a) {
			all = append(all, string(k))
		}
		for k := range kv.Prefix(a, []byte("d")) {
			prefix = append(prefix, string(k))
		}
		if !slices.Equal(all, []string{"b", "d", "d\x00", "e", "\xff\xff"}) || !slices.Equal(prefix, []string{"d", "d\x00"}) {
			t.Errorf("all %q, with a prefix %q", all, prefix)
		}
		for range kv.All(tx.Bucket("b")) {
			t.Error("an empty bucket has a key")
		}
		return nil
	})
}

// testModel does what comes to a die's mind beside a map.
func testModel(t *testing.T, db kv.DB) {
	die := rand.New(rand.NewPCG(1, 2))
	model := make(map[string]string)
	key := func() []byte { return fmt.Appendf(nil, "%03d", die.IntN(400)) }
	for range 60 {
		next := maps.Clone(model)
		must(t, db.Update, func(tx kv.Tx) error {
			b := tx.Bucket("b")
			for range die.IntN(40) {
				k := key()
				switch die.IntN(4) {
				case 0:
					delete(next, string(k))
					if err := b.Delete(k); err != nil {
						return err
					}
				case 1:
					if err := deleteRange(b, next, k, key(), die.IntN(20)); err != nil {
						return err
					}
				default:
					v := bytes.Repeat(k, die.IntN(400))
					next[string(k)] = string(v)
					if err := b.Put(k, v); err != nil {
						return err
					}
				}
			}
			return sameAs(b, next) // a transaction sees what it wrote
		})
		model = next
		must(t, db.View, func(tx kv.Tx) error { return sameAs(tx.Bucket("b"), model) })
	}
}

func deleteRange(b kv.Bucket, model map[string]string, from, to []byte, limit int) error {
	want := 0
	for _, k := range slices.Sorted(maps.Keys(model)) {
		if k >= string(from) && k < string(to) && want < limit {
			delete(model, k)
			want++
		}
	}
	if n, err := b.DeleteRange(from, to, limit); err != nil || n != want {
		return fmt.Errorf("deleted %d from %s to %s, want %d: %w", n, from, to, want, err)
	}
	return nil
}

func sameAs(b kv.Bucket, model map[string]string) error {
	got := make(map[string]string)
	for k, v := range kv.All(b) {
		got[string(k)] = string(v)
	}
	if !maps.Equal(got, model) {
		return fmt.Errorf("%d keys, want %d", len(got), len(model))
	}
	return nil
}

func testMany(t *testing.T, db kv.DB) {
	must(t, db.Update, func(tx kv.Tx) error { return put(tx, "b", "d", "e") })
	must(t, db.View, func(tx kv.Tx) error {
		got := ""
		tx.Bucket("a").GetMany([][]byte{[]byte("e"), []byte("c"), []byte("b"), []byte("b")}, func(k, v []byte) {
			got += fmt.Sprintf("%s%s,", k, v)
		})
		if got != "e=e,c,b=b,b=b," {
			t.Errorf("got %q", got)
		}
		return nil
	})
}

var errNo = errors.New("no")

// testExpected reads and writes at random what was said to be read, and other things, and wants
// the answers of a map.
func testExpected(t *testing.T, db kv.DB) {
	die := rand.New(rand.NewPCG(3, 4))
	model := make(map[string]string)
	key := func() []byte { return fmt.Appendf(nil, "%02d", die.IntN(60)) }
	expect := func() (all []kv.Expected) {
		for range die.IntN(3) {
			e := kv.Expected{Bucket: []string{"a", "b", "none"}[die.IntN(3)], Keys: [][]byte{key(), key()}}
			if die.IntN(2) == 0 {
				e.Before, e.Behind = 1+die.IntN(3), die.IntN(3)
			}
			all = append(all, e)
		}
		return all
	}
	look := func(b kv.Bucket, model map[string]string) error {
		k := key()
		if v := b.Get(k); string(v) != model[string(k)] || (v == nil) != (model[string(k)] == "") {
			return fmt.Errorf("%s has %q, want %q", k, v, model[string(k)])
		}
		keys := slices.Sorted(maps.Keys(model))
		i, found := slices.BinarySearch(keys, string(k))
		want, move := i-1, kv.Before
		if die.IntN(2) == 0 {
			if move = kv.AtOrBefore; found {
				want = i
			}
		}
		c := b.Cursor()
		got, v := move(c, k)
		for steps := die.IntN(4); ; steps-- {
			if want < 0 {
				if got != nil {
					return fmt.Errorf("before %s there is %s", k, got)
				}
				return nil
			}
			if string(got) != keys[want] || string(v) != model[keys[want]] {
				return fmt.Errorf("a cursor from %s is at %s, %q, want %s", k, got, v, keys[want])
			}
			if steps == 0 {
				return nil
			}
			want--
			got, v = c.Prev()
		}
	}
	for range 80 {
		next := maps.Clone(model)
		ok(t, db.Update(func(tx kv.Tx) error {
			next = maps.Clone(model)
			b := tx.Bucket("b")
			for range die.IntN(8) {
				kv.Expect(tx, expect)
				err := look(b, next)
				switch k := key(); die.IntN(5) {
				case 0:
					delete(next, string(k))
					err = errors.Join(err, b.Delete(k))
				case 1:
					err = errors.Join(err, deleteRange(b, next, k, key(), die.IntN(4)))
				default:
					next[string(k)] = fmt.Sprint("v", die.IntN(1000))
					err = errors.Join(err, b.Put(k, []byte(next[string(k)])))
				}
				if err != nil {
					return err
				}
			}
			return look(b, next)
		}))
		model = next
		ok(t, kv.View(db, expect, func(tx kv.Tx) error {
			return errors.Join(look(tx.Bucket("b"), model), look(tx.Bucket("b"), model), look(tx.Bucket("a"), nil))
		}))
	}
}

// testNothing wants an update that has nothing to write to say so, and to leave nothing.
func testNothing(t *testing.T, db kv.DB) {
	err := db.Update(func(tx kv.Tx) error { return errors.Join(put(tx, "b"), kv.ErrNothing) })
	if !errors.Is(err, kv.ErrNothing) || errors.Is(err, kv.ErrAbsent) {
		t.Errorf("it ends with %v", err)
	}
	must(t, db.View, func(tx kv.Tx) error { return sameAs(tx.Bucket("a"), nil) })
}

// testRolledBack wants nothing of a function that failed, and its error as it was.
func testRolledBack(t *testing.T, db kv.DB) {
	must(t, db.Update, func(tx kv.Tx) error { return put(tx, "b") })
	err := db.Update(func(tx kv.Tx) error { return errors.Join(put(tx, "c"), tx.Bucket("a").Delete([]byte("b")), errNo) })
	if !errors.Is(err, errNo) || errors.Is(err, kv.ErrAbsent) || errors.Is(err, kv.ErrUnknown) {
		t.Errorf("the function's error came back as %v", err)
	}
	must(t, db.View, func(tx kv.Tx) error { return sameAs(tx.Bucket("a"), map[string]string{"b": "=b"}) })
	if err := db.View(func(kv.Tx) error { return errNo }); !errors.Is(err, errNo) {
		t.Errorf("a reader's error came back as %v", err)
	}
}

// testOneState wants a reader to see what was there when it began, and the next what was
// committed since.
func testOneState(t *testing.T, db kv.DB) {
	must(t, db.Update, func(tx kv.Tx) error { return put(tx, "b") })
	must(t, db.View, func(tx kv.Tx) error {
		must(t, db.Update, func(tx kv.Tx) error { return put(tx, "c") })
		must(t, db.View, func(newer kv.Tx) error {
			return sameAs(newer.Bucket("a"), map[string]string{"b": "=b", "c": "=c"})
		})
		return sameAs(tx.Bucket("a"), map[string]string{"b": "=b"})
	})
}

// testVersion wants versions to rise with commits alone, and a writer to know which it makes.
func testVersion(t *testing.T, db kv.DB) {
	seen := func() (v uint64) {
		must(t, db.View, func(tx kv.Tx) error { v = tx.Version(); return nil })
		return v
	}
	for range 3 {
		var from uint64
		before := seen()
		must(t, db.Update, func(tx kv.Tx) error { from = tx.Version(); return put(tx, "b") })
		if from != before || seen() != from+1 {
			t.Errorf("an update of version %d began at %d, and left %d", before, from, seen())
		}
		if err := db.Update(func(tx kv.Tx) error { return errors.Join(put(tx, "c"), errNo) }); !errors.Is(err, errNo) {
			t.Error(err)
		}
		must(t, db.View, func(tx kv.Tx) error {
			must(t, db.Update, func(tx kv.Tx) error { return put(tx, "d") })
			if tx.Version() != from+1 {
				t.Errorf("a reader of version %d is at %d after a commit", from+1, tx.Version())
			}
			return nil
		})
		if seen() != from+2 {
			t.Errorf("%d after a commit behind version %d and one that was rolled back", seen(), from+1)
		}
	}
}

// testSince wants what was put behind a version, of which an engine may give more.
func testSince(t *testing.T, db kv.DB) {
	must(t, db.Update, func(tx kv.Tx) error { return put(tx, "b", "c", "e") })
	var version uint64
	must(t, db.View, func(tx kv.Tx) error { version = tx.Version(); return nil })
	must(t, db.Update, func(tx kv.Tx) error { return put(tx, "a", "d", "e") })
	must(t, db.Update, func(tx kv.Tx) error { return tx.Bucket("a").Delete([]byte("d")) })
	must(t, db.View, func(tx kv.Tx) error {
		var keys []string
		for k, v := range tx.Bucket("a").Since(version) {
			if keys = append(keys, string(k)); string(v) != "="+string(k) {
				t.Errorf("%q has the value %q", k, v)
			}
		}
		for _, k := range []string{"a", "e"} {
			if !slices.Contains(keys, k) {
				t.Errorf("%q was put since, and is not among %q", k, keys)
			}
		}
		if slices.Contains(keys, "d") || !slices.IsSorted(keys) {
			t.Errorf("since then there came %q", keys)
		}
		for k := range tx.Bucket("b").Since(0) {
			t.Errorf("an empty bucket has %q", k)
		}
		return nil
	})
}

func testNoBucket(t *testing.T, db kv.DB) {
	must(t, db.Update, func(tx kv.Tx) error {
		if tx.Bucket("c") != nil {
			t.Error("there is a bucket that nobody made")
		}
		err := errors.Join(tx.CreateBucket("c"), tx.CreateBucket("c"))
		if err != nil || tx.Bucket("c") == nil {
			t.Errorf("made no bucket: %v", err)
		}
		return nil
	})
	must(t, db.View, func(tx kv.Tx) error {
		if tx.Bucket("c") == nil {
			t.Error("a bucket that was made is gone")
		}
		return nil
	})
}

// testWhole wants an engine that nothing was done to to find itself whole.
func testWhole(t *testing.T, db kv.DB) {
	must(t, db.Update, func(tx kv.Tx) error {
		tx.Bucket("a").Rising()
		return put(tx, "b", "c")
	})
	if err := db.Check(func(err error) { t.Error(err) }); err != nil {
		t.Error(err)
	}
	if total, free, err := db.Size(); err != nil || total <= 0 || free < 0 || free > total {
		t.Errorf("%d bytes, %d free, %v", total, free, err)
	}
	if err := db.Release(); err != nil {
		t.Error(err)
	}
	must(t, db.View, func(tx kv.Tx) error { return sameAs(tx.Bucket("a"), map[string]string{"b": "=b", "c": "=c"}) })
	if db.Name() == "" {
		t.Error("it has no name")
	}
}

func testClosed(t *testing.T, db kv.DB) {
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	read := db.View(func(kv.Tx) error { return nil })
	write := db.Update(func(kv.Tx) error { return nil })
	if !errors.Is(read, kv.ErrClosed) || !errors.Is(write, kv.ErrClosed) {
		t.Errorf("closed, it says %v and %v", read, write)
	}
	if err := db.Close(); err != nil {
		t.Errorf("closing it again: %v", err)
	}
}
