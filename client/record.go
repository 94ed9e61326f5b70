package client

import (
	"context"
	"io"
	"net/http"

	"auditlog/audit"
	"auditlog/rpc"
)

// Record records entries and returns once they are on the log's disk. What fits
// in one batch (audit.MaxBatch entries, audit.MaxBatchSize bytes) is recorded
// wholly or not at all; of more than that an error leaves the batches before,
// and the result says what became of them. The Item of a Fault counts entries
// from the first one given.
//
// An entry whose key another one has is not recorded, which is no error of the others: it
// is a Conflict in the result.
func (c *Client) Record(ctx context.Context, entries ...audit.Entry) (rpc.RecordResult, error) {
	var sum rpc.RecordResult
	for done := 0; done < len(entries); {
		b := c.batch(entries[done:])
		res, err := post[rpc.RecordResult](ctx, c, rpc.Record, b.body, c.tries(), c.timeout())
		if err != nil {
			return sum, behind(done, err)
		}
		b.reclaim(&res)
		sum.Add(res)
		done += len(b.keyed)
	}
	return sum, nil
}

// batch is one request to record entries.
type batch struct {
	body []byte
	// keyed tells of each entry whether its key was made here.
	keyed []bool
}

const (
	batchHead = `{"entries":[`
	batchTail = `]}`
)

// batch makes a request of as many of entries as fit, and at least one.
func (c *Client) batch(entries []audit.Entry) batch {
	b := batch{body: []byte(batchHead)}
	for i := range entries[:min(len(entries), audit.MaxBatch)] {
		e := entries[i] // the caller's stay as they are
		made := e.Key == ""
		if made {
			e.Key = c.keys.next()
		}
		if e.Channel == "" {
			e.Channel = c.Channel
		}
		end := len(b.body)
		if i > 0 {
			b.body = append(b.body, ',')
		}
		b.body = e.AppendInput(b.body)
		if i > 0 && len(b.body)+len(batchTail) > audit.MaxBatchSize {
			b.body = b.body[:end]
			break
		}
		b.keyed = append(b.keyed, made)
	}
	b.body = append(b.body, batchTail...)
	return b
}

// reclaim counts as recorded what the log takes for duplicates because an
// earlier try had recorded it already: nobody else knows the keys made here.
func (b *batch) reclaim(r *rpc.RecordResult) {
	for i := range r.Entries {
		e := &r.Entries[i]
		if i >= len(b.keyed) || !b.keyed[i] || !e.Duplicate {
			continue
		}
		e.Duplicate = false
		r.Duplicates--
		r.Recorded++
		if r.FirstID == 0 || e.ID < r.FirstID {
			r.FirstID = e.ID
		}
		r.LastID = max(r.LastID, e.ID)
	}
}

// behind counts the entry that err, a Fault, is about from done entries before its batch.
func behind(done int, err error) error {
	return audit.MoveItem(err, func(i int) audit.Item { return audit.EntryAt(done + i) })
}

// RecordNDJSON records a stream of entries, one JSON object a line, of any
// length. The log commits it in parts, and an error leaves the parts before: the
// result says how much that was. The stream is sent once and as it is, so only
// entries with keys can be sent again safely.
func (c *Client) RecordNDJSON(ctx context.Context, r io.Reader) (rpc.RecordResult, error) {
	var result rpc.RecordResult
	// The transport would close r, which is the caller's.
	res, err := c.send(ctx, http.MethodPost, rpc.Record, rpc.TypeNDJSON, io.NopCloser(r))
	if err != nil {
		return result, cause(err)
	}
	defer res.Body.Close()
	return result, cause(decode(res, &result))
}

// writerBatch is how many entries a Writer sends at once.
const writerBatch = 1000

// Writer records a sequence of entries of any length in batches, in constant
// memory. It is for one goroutine.
type Writer struct {
	client  *Client
	ctx     context.Context
	pending []audit.Entry
	done    int
	result  rpc.RecordResult
	err     error
}

// NewWriter returns a Writer that records until ctx ends. What it holds back is
// recorded by Close.
func (c *Client) NewWriter(ctx context.Context) *Writer {
	return &Writer{client: c, ctx: ctx}
}

// Write takes e to be recorded. An error is of this entry or one before it, and
// final; the Item of a Fault counts entries from the first one written.
func (w *Writer) Write(e audit.Entry) error {
	if w.err != nil {
		return w.err
	}
	w.pending = append(w.pending, e)
	if len(w.pending) < writerBatch {
		return nil
	}
	return w.flush()
}

// Result says what became of the entries recorded so far, in sum.
func (w *Writer) Result() rpc.RecordResult { return w.result }

// Close records what is left, and returns the error of the Writer if it has one.
func (w *Writer) Close() error {
	if w.err != nil {
		return w.err
	}
	return w.flush()
}

func (w *Writer) flush() error {
	res, err := w.client.Record(w.ctx, w.pending...)
	res.Entries = nil
	w.result.Add(res)
	w.err = behind(w.done, err)
	w.done += len(w.pending)
	clear(w.pending)
	w.pending = w.pending[:0]
	return w.err
}
