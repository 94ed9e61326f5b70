package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

// options are what the flags say.
type options struct {
	// binary is the program under attack; it is built where empty.
	binary string
	// only names the attacks to make; all where empty.
	only string
	// seconds is how long each of the two runs of an attack takes.
	seconds int
	// settings are further arguments of serve.
	settings string
}

func main() {
	var o options
	flag.StringVar(&o.binary, "binary", "", "attack this `program`; else the one of this folder is built")
	flag.StringVar(&o.only, "only", "", "only the attacks with these `names`, with commas between them")
	flag.IntVar(&o.seconds, "seconds", 6, "how long the undisturbed run of each attack takes, and the attack itself")
	flag.StringVar(&o.settings, "serve", "", "further `arguments` of auditlog serve")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ok, err := run(ctx, o, os.Stdout)
	if err != nil {
		fmt.Fprintf(os.Stderr, "attack: error: %v\n", err)
	}
	if err != nil || !ok {
		stop()
		os.Exit(1)
	}
}

// run makes the attacks and reports whether the servers withstood them.
func run(ctx context.Context, o options, out io.Writer) (ok bool, err error) {
	dir, err := os.MkdirTemp("", "auditlog-attack-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	if o.binary == "" {
		o.binary = filepath.Join(dir, "auditlog")
		if text, err := exec.CommandContext(ctx, "go", "build", "-o", o.binary, ".").CombinedOutput(); err != nil {
			return false, fmt.Errorf("build: %w: %s", err, text)
		}
	}
	plan, err := chosen(o.only)
	if err != nil {
		return false, err
	}
	ok = true
	for i, a := range plan {
		r, err := trial(ctx, o, filepath.Join(dir, fmt.Sprint(i)), a)
		if err != nil {
			return false, fmt.Errorf("%s: %w", a.name, err)
		}
		r.print(out, a)
		ok = ok && r.withstood()
	}
	return ok, nil
}

// chosen returns the attacks that were asked for.
func chosen(only string) ([]attack, error) {
	if only == "" {
		return attacks(), nil
	}
	var list []attack
	for name := range strings.SplitSeq(only, ",") {
		before := len(list)
		for _, a := range attacks() {
			if a.name == name {
				list = append(list, a)
			}
		}
		if len(list) == before {
			return nil, fmt.Errorf("there is no attack %q: see plan.go", name)
		}
	}
	return list, nil
}

// trial makes one attack on a server of its own.
func trial(ctx context.Context, o options, dir string, a attack) (*result, error) {
	t, err := startTarget(ctx, o, dir)
	if err != nil {
		return nil, err
	}
	defer t.stop()
	if a.prepare != nil {
		if err := a.prepare(ctx, t); err != nil {
			return nil, fmt.Errorf("prepare: %w", err)
		}
	}
	probes := append(t.probes(), a.probes(t)...)
	r := &result{}
	span := time.Duration(o.seconds) * time.Second
	if r.before, err = measure(ctx, t, probes, span); err != nil {
		return nil, err
	}
	attacked, end := context.WithTimeout(ctx, span+time.Minute)
	defer end()
	over := make(chan error, 1)
	go func() { over <- a.attack(attacked, t) }()
	sleep(ctx, time.Second) // for it to begin
	r.during, err = measure(ctx, t, probes, span)
	end()
	if failed := <-over; failed != nil && err == nil {
		err = fmt.Errorf("the attack could not be made: %w", failed)
	}
	r.answers = t.answers.String()
	if err != nil {
		return nil, err
	}
	// What is left of it must not be held against the server.
	sleep(ctx, time.Second)
	r.alive = t.alive(ctx)
	return r, nil
}
