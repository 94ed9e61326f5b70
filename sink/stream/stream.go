// Package stream is the destination standard output: an entry a line, for whatever is behind
// the pipe. It knows no end and no confirmation but that of the write.
package stream

import (
	"context"
	"fmt"
	"io"

	"auditlog/audit"
	"auditlog/format"
	"auditlog/sink"
)

// Kind describes it.
func Kind() sink.Kind {
	return sink.Kind{
		Name: "stdout", Title: "standard output", Schemes: []string{"stdout"}, Example: "stdout:",
		Formats: format.Names(), Open: open,
	}
}

type stream struct {
	w io.Writer
	o *sink.Options
}

func open(o *sink.Options) (sink.Destination, error) {
	if o.Stdout == nil {
		return nil, audit.FieldErrorf("to", "is standard output, which nobody reads here")
	}
	return &stream{w: o.Stdout, o: o}, nil
}

// Deliver writes a batch with one call.
func (s *stream) Deliver(ctx context.Context, b *sink.Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	lines := s.o.AppendLines(s.o.Scratch.Take(), b)
	defer s.o.Scratch.Give(lines)
	if _, err := s.w.Write(lines); err != nil {
		return fmt.Errorf("write to standard output: %w", err)
	}
	return nil
}

func (s *stream) Close() error { return nil }
