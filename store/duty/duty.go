package duty

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"auditlog/audit"
	"auditlog/store/format"
	"auditlog/store/kv"
)

const (
	beatEvery = time.Second
	// onDutyFor is for how long a node that wrote a beat is on duty by it, goneAfter when another
	// takes over.
	onDutyFor = 3 * time.Second
	goneAfter = 5 * time.Second
)

// Update is that of package store.
type Update func(what string, fn func(kv.Tx) error, apply func()) error

// Duty is a node among others. Its methods may be called by several goroutines at once; Run must
// run for as long as it is used.
type Duty struct {
	update Update
	name   string
	id     string // this node's
	// counted is told how many nodes there are.
	counted func(nodes int)

	mu     sync.Mutex // guards what follows
	beaten time.Time  // when the last beat was begun that was written
	nodes  format.Nodes
	seen   map[string]seenBeat
	busy   int           // how many work because this node is on duty
	turned chan struct{} // closed, and another made, when something of this changes
}

// seenBeat is when a beat of another node was seen first.
type seenBeat struct {
	beat uint64
	at   time.Time
}

func (d *Duty) broadcast() {
	close(d.turned)
	d.turned = make(chan struct{})
}

// New returns a node with a name, or none, that writes by update.
func New(name string, random io.Reader, update Update, counted func(nodes int)) (*Duty, error) {
	id := make([]byte, 8)
	if _, err := io.ReadFull(random, id); err != nil {
		return nil, fmt.Errorf("number the node: %w", err)
	}
	d := &Duty{update: update, id: hex.EncodeToString(id), counted: counted, seen: make(map[string]seenBeat), turned: make(chan struct{})}
	d.name = cmp.Or(name, d.id)
	return d, nil
}

// Run tells the other nodes that this one is there, until ctx is done, and that it is no more then.
func (d *Duty) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		d.mu.Lock()
		turned := d.turned
		d.mu.Unlock()
		select {
		case <-timer.C:
		case <-turned: // as when this node has ended what it did on duty for another
		case <-ctx.Done():
			_ = d.leave() // the others see it as well where it cannot
			return
		}
		_ = d.beat() // a node that cannot write is on duty no more
		timer.Reset(beatEvery)
	}
}

// beat writes a beat, and takes over the duty of a node that is gone.
func (d *Duty) beat() error {
	began := time.Now()
	var nodes *format.Nodes
	return d.change("beat of the node", func(n *format.Nodes) { nodes = n; d.count(n, began) }, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		changed := nodes.OnDuty != d.nodes.OnDuty || nodes.Next != d.nodes.Next
		d.beaten, d.nodes = began, *nodes
		d.counted(len(nodes.Nodes))
		if changed {
			d.broadcast()
		}
	})
}

// count has nodes be as they are with a beat of this one, which began at a time.
func (d *Duty) count(nodes *format.Nodes, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	nodes.Nodes = slices.DeleteFunc(nodes.Nodes, func(n format.Node) bool {
		seen, known := d.seen[n.ID]
		if !known || seen.beat != n.Beat {
			d.seen[n.ID] = seenBeat{n.Beat, now}
			return false
		}
		return n.ID != d.id && now.Sub(seen.at) >= goneAfter
	})
	own := nodes.Find(d.id)
	if own == nil {
		nodes.Nodes = append(nodes.Nodes, format.Node{ID: d.id})
		own = &nodes.Nodes[len(nodes.Nodes)-1]
	}
	own.Name, own.Beat = d.name, own.Beat+1
	if nodes.Find(nodes.Next) == nil {
		nodes.Next = ""
	}
	if nodes.OnDuty == d.id && nodes.Next != "" && nodes.Next != d.id && d.busy == 0 {
		nodes.OnDuty, nodes.Next = nodes.Next, ""
	}
	if nodes.Find(nodes.OnDuty) == nil {
		nodes.OnDuty, nodes.Next = cmp.Or(nodes.Next, d.id), ""
	}
	if nodes.OnDuty == nodes.Next {
		nodes.Next = ""
	}
}

// ask has the node on duty make way for this one.
func (d *Duty) ask(nodes *format.Nodes, now time.Time) {
	d.count(nodes, now) // nobody makes way for a node that is not there
	if nodes.OnDuty != d.id {
		nodes.Next = d.id
	}
}

// change changes what is written of the nodes.
func (d *Duty) change(what string, fn func(*format.Nodes), apply func()) error {
	return d.update(what, func(tx kv.Tx) error {
		meta := tx.Bucket(format.Meta)
		nodes, err := format.ParseNodes(meta.Get(format.MetaNodes))
		if err != nil {
			return err
		}
		fn(nodes)
		v, err := nodes.Encode()
		if err != nil {
			return err
		}
		return meta.Put(format.MetaNodes, v)
	}, apply)
}

// leave tells the others that this node is no more.
func (d *Duty) leave() error {
	return d.change("end of the node", func(nodes *format.Nodes) {
		nodes.Nodes = slices.DeleteFunc(nodes.Nodes, func(n format.Node) bool { return n.ID == d.id })
		if nodes.OnDuty == d.id {
			nodes.OnDuty = ""
		}
	}, func() {})
}

// on reports whether this node is on duty, and is not asked to end that.
func (d *Duty) on() bool {
	return d.nodes.OnDuty == d.id && (d.nodes.Next == "" || d.nodes.Next == d.id) && time.Since(d.beaten) < onDutyFor
}

// On reports whether this node is on duty.
func (d *Duty) On() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.on()
}

// Guard returns audit.ErrOvertaken if another node is on duty as a transaction sees it, whatever this
// one thinks: it may have been held up for as long as it took the other to take over. Where none is, as
// before the first beat of all, whoever will be reads what this transaction writes.
func (d *Duty) Guard(tx kv.Tx) error {
	nodes, err := format.ParseNodes(tx.Bucket(format.Meta).Get(format.MetaNodes))
	if err == nil && d.isOvertaken(nodes) {
		err = audit.ErrOvertaken
	}
	return err
}

func (d *Duty) isOvertaken(nodes *format.Nodes) bool {
	return nodes.OnDuty != "" && nodes.OnDuty != d.id
}

// errOffDuty ends what is done on duty when another node is.
var errOffDuty = errors.New("another node is on duty")

// While runs work whenever this node is on duty, until ctx is done or work fails. Work ends
// soon after its context does, which is when another node is to be on duty.
func (d *Duty) While(ctx context.Context, work func(context.Context) error) error {
	for {
		if err := d.await(ctx, true, 1); err != nil {
			return err
		}
		during, end := context.WithCancelCause(ctx)
		go func() { // which ends with during
			if d.await(during, false, 0) == nil {
				end(errOffDuty)
			}
		}()
		err := work(during)
		over := context.Cause(during) == errOffDuty
		end(nil)
		d.mu.Lock()
		if d.busy--; d.busy == 0 {
			d.broadcast()
		}
		d.mu.Unlock()
		if ctx.Err() != nil || !over {
			return err
		}
	}
}

// await returns nil once this node is on duty, or once it is no more, and adds to those who are busy
// by it.
func (d *Duty) await(ctx context.Context, on bool, busy int) error {
	tick := time.NewTicker(beatEvery / 4)
	defer tick.Stop()
	for {
		d.mu.Lock()
		is, turned := d.on(), d.turned
		if is == on {
			d.busy += busy
		}
		d.mu.Unlock()
		if is == on {
			return nil
		}
		select {
		case <-turned:
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Take returns once this node is on duty: the one that is ends what it does for all. It returns
// Unavailable where that takes too long.
func (d *Duty) Take(ctx context.Context) error {
	if d.On() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 2*goneAfter)
	defer cancel()
	if err := d.change("turn of the node", func(nodes *format.Nodes) { d.ask(nodes, time.Now()) }, func() {}); err != nil {
		return err
	}
	if d.await(ctx, true, 0) != nil {
		return audit.Errorf(audit.Unavailable, "another node does this and does not let go: try again")
	}
	return nil
}

// Nodes returns the nodes that there are, by name, this one's own name, and which is on duty.
func (d *Duty) Nodes() (names []string, own, onDuty string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, n := range d.nodes.Nodes {
		names = append(names, n.Name)
		if n.ID == d.id {
			own = n.Name
		}
		if n.ID == d.nodes.OnDuty {
			onDuty = n.Name
		}
	}
	return names, own, onDuty
}
