package index

import (
	"context"
	"fmt"

	"auditlog/fulltext"
)

// docSet is what is known of an index's documents: of each block the sequence
// that its document was read for, or would have been had it not been damaged.
type docSet struct {
	state
	seqs map[fulltext.BlockKey]uint64
	// stale documents are of blocks that are not there any more; missed are those of them that the
	// log has told to be gone, or that are there twice.
	stale, missed []docID
}

// staleError says why an index is not one of this log.
type staleError struct{ reason string }

func (e *staleError) Error() string { return e.reason }

// sourceError is an error of the log, for which its index is not to blame.
type sourceError struct{ error }

func (e *sourceError) Unwrap() error { return e.error }

// loadDocs reads which documents e has, and checks that they are those that the
// log asks for as of the state of the index: neither damaged files that look
// sound nor a log that was brought back from a copy may lead to a wrong answer.
func loadDocs(ctx context.Context, e *engine, cfg *Config) (*docSet, error) {
	d := &docSet{seqs: make(map[fulltext.BlockKey]uint64)}
	err := e.read(func(s *snapshot) error {
		d.state = s.state
		s.eachDoc(func(id docID) {
			if seq, ok := d.seqs[id.Key]; ok {
				d.stale = append(d.stale, docID{Key: id.Key, Seq: min(seq, id.Seq)})
				d.missed = append(d.missed, d.stale[len(d.stale)-1])
			}
			d.seqs[id.Key] = max(d.seqs[id.Key], id.Seq)
		})
		for _, id := range d.unread.ids() {
			d.seqs[id.Key] = id.Seq
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if d.state == (state{}) {
		d.state = state{format: indexFormat, identity: cfg.Identity}
		return d, nil
	}
	return d, d.compare(ctx, cfg)
}

// compare compares the documents with the blocks of the log. Of blocks that are gone because they
// were small, and came into others, the log tells in no other way.
func (d *docSet) compare(ctx context.Context, cfg *Config) error {
	switch {
	case d.format != indexFormat:
		return &staleError{fmt.Sprintf("the index has format %d, this program's is %d", d.format, indexFormat)}
	case d.identity != cfg.Identity:
		return &staleError{"the index is of another log"}
	case d.cursor > cfg.Source.BlockSeq():
		return &staleError{"the log is older than the index: was it restored from a copy?"}
	}
	if cfg.Marks != nil {
		held, err := cfg.Marks.Holds(d.mark)
		if err != nil {
			return &sourceError{err}
		}
		if !held {
			return &staleError{"the log has lost what the index is of"}
		}
	}
	last := make(map[fulltext.BlockKey]fulltext.BlockChange, len(d.seqs))
	err := eachChange(ctx, cfg.Source, 0, func(c fulltext.BlockChange) error {
		seq, ok := d.seqs[c.Key]
		if !c.Deleted && c.Seq <= d.cursor && (!ok || seq != c.Seq) {
			return fmt.Errorf("the index lacks %v as of change %d", c.Key, c.Seq)
		}
		last[c.Key] = c
		return nil
	})
	if err != nil {
		return err
	}
	for key, seq := range d.seqs {
		c, told := last[key]
		if told && (!c.Deleted || c.Seq > d.cursor) {
			continue
		}
		d.stale = append(d.stale, docID{Key: key, Seq: seq})
		if c.Seq > seq {
			d.missed = append(d.missed, docID{Key: key, Seq: seq})
		}
		delete(d.seqs, key)
	}
	return nil
}

// eachChange calls fn with the changes behind a sequence, oldest first.
func eachChange(ctx context.Context, src Source, after uint64, fn func(fulltext.BlockChange) error) error {
	const limit = 4096
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		changes, through, err := src.BlockChanges(after, limit)
		if err != nil {
			return &sourceError{err}
		}
		for _, c := range changes {
			if err := fn(c); err != nil {
				return err
			}
		}
		if len(changes) < limit {
			return nil
		}
		after = through
	}
}
