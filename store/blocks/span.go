package blocks

import (
	"bytes"

	"auditlog/audit"
	"auditlog/store/block"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// SpanAt returns the record of field f that tells of a block beginning at p, and
// its key, or nil when no span does.
func SpanAt(tx kv.Tx, project format.ProjectID, f block.Field, p audit.Position) (key []byte, v *format.SpanView, err error) {
	key, v, err = spanBefore(tx, project, f, p)
	if v == nil || p.Compare(v.End) >= 0 {
		return nil, nil, err
	}
	return key, v, err
}

// spanBefore returns the last record of field f that begins at or before p, and its
// key, or nil when there is none.
func spanBefore(tx kv.Tx, project format.ProjectID, f block.Field, p audit.Position) (key []byte, v *format.SpanView, err error) {
	want := format.SpanKey(project, f, p)
	k, value := kv.AtOrBefore(tx.Bucket(format.Spans).Cursor(), want)
	if len(k) != len(want) || !bytes.HasPrefix(k, want[:5]) {
		return nil, nil, nil
	}
	v, err = format.OpenSpan(k, value)
	return k, v, err
}

// spanRecords are the records of one span: one a field, and its section, nil where it has none.
type spanRecords struct {
	fields  []*format.Span
	section *format.Section
}

func newSpanRecords() *spanRecords {
	r := &spanRecords{section: format.NewSection()}
	for range format.SpanFields() {
		r.fields = append(r.fields, format.NewSpan())
	}
	return r
}
