package store

import (
	"bytes"
	"context"
	"fmt"

	"auditlog/audit"
	"auditlog/store/commit"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// SinkRows returns rows of sinks whose keys begin with prefix and come behind after, in the
// order of their keys, at most limit of them. Package shipping knows what they mean.
func (s *Store) SinkRows(prefix, after string, limit int) ([]audit.SinkRow, error) {
	return s.rows(format.Sinks, prefix, after, limit)
}

// rows returns rows of a bucket whose keys begin with prefix and come behind after.
func (s *Store) rows(bucket, prefix, after string, limit int) (rows []audit.SinkRow, err error) {
	err = s.read(func(tx kv.Tx) error {
		rows = nil
		for k, v := range kv.From(tx.Bucket(bucket), []byte(max(prefix, after))) {
			switch {
			case len(rows) == limit, !bytes.HasPrefix(k, []byte(prefix)):
				return nil
			case string(k) == after:
				continue
			}
			rows = append(rows, audit.SinkRow{Key: string(k), Value: bytes.Clone(v)})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", bucket, err)
	}
	return rows, nil
}

// ChangeSinks puts and deletes rows of sinks together with the entry that tells of it, as
// ChangeTokens does.
//
// Where there are several nodes, the one on duty alone may: it returns audit.ErrOvertaken on others.
func (s *Store) ChangeSinks(ctx context.Context, put map[string][]byte, del []string, entry *audit.Entry) error {
	sub, err := s.prepareRows(format.Sinks, put, del, entry)
	if err != nil {
		return err
	}
	write := sub.Change
	sub.Change = func(w *commit.Writer) error {
		if s.duty != nil {
			if err := s.duty.Guard(w.Tx); err != nil {
				return err
			}
		}
		return write(w)
	}
	return s.send(ctx, sub)
}
