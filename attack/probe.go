package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"auditlog/audit"
	"auditlog/rpc"
)

// memoryPromise is how much memory a server with default settings needs at most.
const memoryPromise = 512 << 20

// probe is a call that somebody makes again and again, who has nothing to do with the attack.
type probe struct {
	name string
	// every is the pause between two calls.
	every time.Duration
	call  func(ctx context.Context) error
}

// probes are what every attack is measured by: what another tenant does.
func (t *target) probes() []probe {
	return []probe{
		{"record", 5 * time.Millisecond, func(ctx context.Context) error {
			_, err := t.tenant.Record(ctx, entryOf(theirs, "somebody's work"))
			return err
		}},
		{"list", 20 * time.Millisecond, func(ctx context.Context) error {
			_, err := t.tenant.ListPage(ctx, rpc.ListRequest{Query: rpc.Query{Project: theirs}})
			return err
		}},
	}
}

// entryOf returns an entry with a text.
func entryOf(project, detail string) audit.Entry {
	return audit.Entry{
		Project: project, Actor: audit.Actor{Email: "ada@example.com", Type: audit.User}, Action: "deployment.deploy",
		Resource: audit.Resource{Type: "Deployment", ID: "4711", Name: "web"}, Outcome: audit.Success, Detail: detail,
	}
}

// felt is what a probe met.
type felt struct {
	name   string
	took   []time.Duration // sorted
	failed map[audit.Kind]int
}

// figures are what one run was like.
type figures struct {
	felt []felt
	// rss is the most memory of the server that was seen, anonymous what of it is not
	// files that the system can read again.
	rss, anonymous int64
}

// measure calls the probes for a time.
func measure(ctx context.Context, t *target, probes []probe, span time.Duration) (figures, error) {
	ctx, cancel := context.WithTimeout(ctx, span)
	defer cancel()
	f := figures{felt: make([]felt, len(probes))}
	var probing sync.WaitGroup
	for i, p := range probes {
		probing.Go(func() { f.felt[i] = p.run(ctx) })
	}
	var err error
	for ctx.Err() == nil && err == nil {
		var rss, anonymous int64
		if rss, anonymous, err = memoryOf(t.cmd.Process.Pid); err == nil {
			f.rss, f.anonymous = max(f.rss, rss), max(f.anonymous, anonymous)
		}
		sleep(ctx, 50*time.Millisecond)
	}
	cancel()
	probing.Wait()
	if err != nil {
		return f, fmt.Errorf("the server is gone: %w: %s", err, t.log.String())
	}
	return f, nil
}

// run calls p until ctx ends. A call that is under way then counts with what it took so
// far, so that one that never ends does not pass for none.
func (p *probe) run(ctx context.Context) felt {
	f := felt{name: p.name, failed: make(map[audit.Kind]int)}
	for ctx.Err() == nil {
		began := time.Now()
		err := p.call(ctx)
		f.took = append(f.took, time.Since(began))
		if err != nil && ctx.Err() == nil {
			f.failed[audit.KindOf(err)]++
		}
		sleep(ctx, p.every)
	}
	slices.Sort(f.took)
	return f
}

// quantile returns what a share of the calls took at most.
func (f *felt) quantile(q float64) time.Duration {
	if len(f.took) == 0 {
		return 0
	}
	return f.took[min(int(q*float64(len(f.took))), len(f.took)-1)]
}

// refusals tells how many calls failed, and how.
func (f *felt) refusals() string {
	var parts []string
	for kind, n := range f.failed {
		parts = append(parts, fmt.Sprintf("%d %v", n, kind))
	}
	slices.Sort(parts)
	return strings.Join(parts, " ")
}

// memoryOf returns how much memory a process has, in all and without files.
func memoryOf(pid int) (rss, anonymous int64, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(b)) {
		name, value, _ := strings.Cut(line, ":")
		kB, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64) // others are not asked for
		switch name {
		case "VmRSS":
			rss = kB << 10
		case "RssAnon":
			anonymous = kB << 10
		}
	}
	return rss, anonymous, nil
}

// result is what an attack came to.
type result struct {
	before, during figures
	answers        string // that the attacker got
	alive          bool
}

// withstood reports whether the server did.
func (r *result) withstood() bool { return r.alive && r.during.rss < memoryPromise }

// print writes the table of one attack.
func (r *result) print(w io.Writer, a attack) {
	fmt.Fprintf(w, "\n%s: %s\n", a.name, a.about)
	fmt.Fprintf(w, "  %-22s %38s   %38s\n", "", "undisturbed", "attacked")
	fmt.Fprintf(w, "  %-22s %38s   %38s\n", "", "p50       p99       max    calls", "p50       p99       max    calls")
	for i := range r.before.felt {
		before, during := &r.before.felt[i], &r.during.felt[i]
		fmt.Fprintf(w, "  %-22s %s   %s  %s\n", before.name, before.row(), during.row(), during.refusals())
	}
	fmt.Fprintf(w, "  %-22s %34d MiB   %34d MiB\n", "memory", r.before.rss>>20, r.during.rss>>20)
	fmt.Fprintf(w, "  %-22s %34d MiB   %34d MiB\n", "memory without files", r.before.anonymous>>20, r.during.anonymous>>20)
	if r.answers != "" {
		fmt.Fprintf(w, "  the attacker got: %s\n", r.answers)
	}
	switch {
	case !r.alive:
		fmt.Fprintln(w, "  THE SERVER DID NOT SURVIVE")
	case !r.withstood():
		fmt.Fprintf(w, "  THE SERVER HAD MORE MEMORY THAN %d MiB\n", int64(memoryPromise)>>20)
	}
}

func (f *felt) row() string {
	ms := func(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond)) }
	return fmt.Sprintf("%9s %9s %9s %8d", ms(f.quantile(0.5)), ms(f.quantile(0.99)), ms(f.quantile(1)), len(f.took))
}

// sleep waits, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
