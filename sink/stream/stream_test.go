package stream_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"testing"

	"auditlog/audit"
	"auditlog/sink"
	"auditlog/sink/kinds"
	"auditlog/sink/sinktest"
)

// pipe is a receiver behind standard output that can be closed.
type pipe struct {
	t      *testing.T
	closed bool
	text   bytes.Buffer
}

func (p *pipe) Write(b []byte) (int, error) {
	if p.closed {
		p.closed = false
		return 0, errors.New("broken pipe")
	}
	return p.text.Write(b)
}

func (p *pipe) Hurt(sinktest.Fault) { p.closed = true }

func (p *pipe) Refuse(...int64) {}

func (p *pipe) Taken() []int64 {
	var ids []int64
	for line := range bytes.Lines(p.text.Bytes()) {
		var e audit.Entry
		if err := json.Unmarshal(line, &e); err != nil {
			p.t.Fatal(err)
		}
		ids = append(ids, e.ID)
	}
	return ids
}

func TestExam(t *testing.T) {
	p := &pipe{t: t}
	env := sinktest.Environment()
	env.Stdout = p
	sinktest.Run(t, sinktest.Exam{
		Open: func(t *testing.T) sink.Destination {
			d, err := kinds.Open(sink.Config{To: "stdout"}, env)
			if err != nil {
				t.Fatal(err)
			}
			return d
		},
		Receiver: p, Faults: []sinktest.Fault{sinktest.Fails, sinktest.Fails},
	})
}

// What is stopped before it is delivered is not written.
func TestStopped(t *testing.T) {
	p := &pipe{t: t}
	env := sinktest.Environment()
	env.Stdout = p
	d, err := kinds.Open(sink.Config{To: "stdout:"}, env)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := d.Deliver(ctx, sinktest.Batch(sinktest.Entries(1))); !errors.Is(err, context.Canceled) || p.text.Len() > 0 {
		t.Errorf("%v, %q", err, p.text.String())
	}
}
