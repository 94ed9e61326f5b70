package entries

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"auditlog/audit"
	"auditlog/client"
	"auditlog/importer"
	"auditlog/importer/cloudtrail"
	"auditlog/rpc"
)

// refusal is an item that cannot be recorded.
type refusal struct {
	file string
	at   importer.Place
	err  error
}

// Error names the file, the item and the field.
func (r *refusal) Error() string { return fmt.Sprintf("%s: %v: %v", r.file, r.at, r.err) }
func (r *refusal) Unwrap() error { return r.err }

// importBatch is how many entries are sent at once.
const importBatch = 1000

// batches records entries in batches. An entry that the server refuses is taken out of
// its batch, and the others are sent again, unless strict.
type batches struct {
	client *client.Client
	ctx    context.Context
	strict bool
	// refuse is told of what cannot be recorded.
	refuse func(*refusal)

	file    string
	pending []audit.Entry
	places  []importer.Place
	result  rpc.RecordResult
	refused int64
	err     error // of the server; final
}

// begun reports whether anything became of anything.
func (b *batches) begun() bool {
	return b.result.Recorded+b.result.Duplicates+b.result.Conflicts+b.result.Skipped+b.refused > 0
}

// write takes an entry to be recorded. An error is final, and of this entry or one
// before it.
func (b *batches) write(at importer.Place, e audit.Entry) error {
	b.pending, b.places = append(b.pending, e), append(b.places, at)
	if len(b.pending) < importBatch {
		return nil
	}
	return b.flush()
}

// flush records what is pending.
func (b *batches) flush() error {
	for b.err == nil && len(b.pending) > 0 {
		b.err = b.send()
	}
	return b.err
}

// send records what is pending up to the first entry that the server refuses, takes
// that one out, and leaves the rest pending.
func (b *batches) send() error {
	res, err := b.client.Record(b.ctx, b.pending...)
	done := len(res.Entries)
	res.Entries = nil
	b.result.Add(res)
	if err == nil {
		b.drop(0, len(b.pending))
		return nil
	}
	b.drop(0, done)
	i, why, ok := refusedEntry(err)
	if i -= done; !ok || i < 0 || i >= len(b.pending) {
		return err
	}
	if b.strict {
		return b.refusal(i, why)
	}
	b.turnDown(i, why)
	b.turnDownAlike()
	return nil
}

// drop forgets the pending entries from i to j.
func (b *batches) drop(i, j int) {
	b.pending, b.places = slices.Delete(b.pending, i, j), slices.Delete(b.places, i, j)
}

// turnDown takes the entry i out, and says why.
func (b *batches) turnDown(i int, why error) {
	b.refused++
	b.refuse(b.refusal(i, why))
	b.drop(i, i+1)
}

// turnDownAlike takes out what the server will refuse too, as far as can be told here,
// so that a file whose times are all wrong is not sent as often as it has entries.
func (b *batches) turnDownAlike() {
	now := time.Now()
	for i := 0; i < len(b.pending); {
		if err := b.pending[i].Validate(now); err != nil {
			b.turnDown(i, err)
			continue
		}
		i++
	}
}

func (b *batches) refusal(i int, why error) *refusal {
	if b.places[i].Kind == "event" {
		why = cloudtrail.InEvent(why)
	}
	return &refusal{b.file, b.places[i], why}
}

// refusedHere takes an item that was not sent, because of err.
func (b *batches) refusedHere(at importer.Place, err error) error {
	r := &refusal{b.file, at, err}
	if b.strict {
		return r
	}
	b.refused++
	b.refuse(r)
	return nil
}

// refusedEntry returns which entry of those given to the client err is about, and err
// without its number. ok is false where it is about something else.
func refusedEntry(err error) (i int, why error, ok bool) {
	var f *audit.Fault
	if !errors.As(err, &f) || f.Kind != audit.Invalid && f.Kind != audit.TooLarge {
		return 0, nil, false
	}
	i, ok = f.Item.Entry()
	return i, audit.AtItem(err, audit.Item{}), ok
}

// summarizeImport writes what became of everything in the files, a line for each thing
// that there is to say.
func summarizeImport(w io.Writer, b *batches, passed importer.Passed) error {
	res := b.result
	res.Skipped += passed.Reads
	if err := summarize(w, res); err != nil {
		return err
	}
	var rest strings.Builder
	switch {
	case passed.DeniedReads == 1:
		rest.WriteString("1 of the read-only calls was denied: --reads denied records it\n")
	case passed.DeniedReads > 0:
		fmt.Fprintf(&rest, "%d of the read-only calls were denied: --reads denied records them\n", passed.DeniedReads)
	}
	var others []string
	for _, name := range slices.Sorted(maps.Keys(passed.Others)) {
		others = append(others, count(int(passed.Others[name]), name))
	}
	if len(others) > 0 {
		fmt.Fprintf(&rest, "not events: %s\n", strings.Join(others, ", "))
	}
	if b.refused > 0 {
		fmt.Fprintf(&rest, "%d refused\n", b.refused)
	}
	_, err := io.WriteString(w, rest.String())
	return err
}
