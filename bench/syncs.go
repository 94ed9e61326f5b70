package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// errNoTracer is the error where strace is not there or may not look.
var errNoTracer = errors.New("strace cannot watch processes here")

// tracer counts the calls with which processes have the disk keep what they wrote.
type tracer struct {
	cmd    *exec.Cmd
	output string
}

// traceSyncs attaches to processes with all their threads.
func traceSyncs(ctx context.Context, dir string, pids []int) (*tracer, error) {
	path, err := exec.LookPath("strace")
	if err != nil {
		return nil, errNoTracer
	}
	t := &tracer{output: filepath.Join(dir, "strace")}
	args := []string{"-f", "-c", "-U", "calls,name", "-e", "trace=fsync,fdatasync,sync_file_range,msync", "-o", t.output}
	for _, pid := range pids {
		args = append(args, "-p", strconv.Itoa(pid))
	}
	t.cmd = exec.CommandContext(ctx, path, args...)
	stderr, err := t.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := t.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start strace: %w", err)
	}
	attached := 0
	lines := bufio.NewScanner(stderr)
	for attached < len(pids) && lines.Scan() {
		if strings.Contains(lines.Text(), "attached") {
			attached++
		}
	}
	if attached < len(pids) {
		t.cmd.Wait()
		return nil, errNoTracer
	}
	go func() {
		for lines.Scan() { // each thread that is attached to later has a line, too
		}
	}()
	return t, nil
}

// end detaches and returns how many calls there were.
func (t *tracer) end() (int, error) {
	if err := t.cmd.Process.Signal(syscall.SIGINT); err != nil {
		return 0, fmt.Errorf("stop strace: %w", err)
	}
	t.cmd.Wait() // it ends as one that was interrupted
	out, err := os.ReadFile(t.output)
	if err != nil {
		return 0, fmt.Errorf("read what strace counted: %w", err)
	}
	return countCalls(out)
}

// countCalls adds up the table that strace writes.
func countCalls(table []byte) (int, error) {
	sum := 0
	for line := range bytes.Lines(table) {
		fields := strings.Fields(string(line))
		if len(fields) != 2 || !strings.Contains(fields[1], "sync") {
			continue
		}
		n, err := strconv.Atoi(fields[0])
		if err != nil {
			return 0, fmt.Errorf("read what strace counted: %q", line)
		}
		sum += n
	}
	return sum, nil
}

// durableInserts is how many entries are recorded one after the other while it is
// watched how often the disk is made to keep them.
const durableInserts = 200

// durable records entries from one client, so that no two of them can share a
// sync, and fails when there were fewer syncs than acknowledgments.
func (t *trial) durable(ctx context.Context) error {
	conn, err := t.log.Connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	insert := func(i int) error {
		e := t.work.Entry(i)
		return conn.Insert(ctx, &e)
	}
	if err := insert(0); err != nil {
		return err
	}
	tr, err := traceSyncs(ctx, t.dir, t.log.Processes())
	if errors.Is(err, errNoTracer) {
		t.say("%v: the syncs are not counted", err)
		return nil
	}
	if err != nil {
		return err
	}
	for i := range durableInserts {
		if err := insert(1 + i); err != nil {
			return errors.Join(err, t.cmdError(tr))
		}
	}
	syncs, err := tr.end()
	if err != nil {
		return err
	}
	t.note(row{work: workDurable, name: "syncs an acknowledgment, one client", unit: unitNumber}, float64(syncs)/durableInserts)
	if syncs < durableInserts {
		return fmt.Errorf("%s acknowledged %d entries with %d syncs", t.log.Name(), durableInserts, syncs)
	}
	return nil
}

func (t *trial) cmdError(tr *tracer) error {
	_, err := tr.end()
	return err
}
