package peer

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a program that was started.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed once it has ended
	err  error         // how, after done
}

// start starts cmd and watches it.
func start(cmd *exec.Cmd) (*process, error) {
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", filepath.Base(cmd.Path), err)
	}
	p := &process{cmd: cmd, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// ended reports whether the process is gone.
func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// stopWithin is how long a process may take to end in order.
const stopWithin = 2 * time.Minute

// stop ends the process with a signal and waits for it. A crash before is an error.
func (p *process) stop(sig syscall.Signal) error {
	if p.ended() {
		return fmt.Errorf("%s had ended already: %w", filepath.Base(p.cmd.Path), p.err)
	}
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop %s: %w", filepath.Base(p.cmd.Path), err)
	}
	select {
	case <-p.done:
	case <-time.After(stopWithin):
		p.kill()
		return fmt.Errorf("%s did not end within %s", filepath.Base(p.cmd.Path), stopWithin)
	}
	if p.err != nil {
		return fmt.Errorf("%s ended: %w", filepath.Base(p.cmd.Path), p.err)
	}
	return nil
}

// kill ends the process at once and waits for it.
func (p *process) kill() {
	p.cmd.Process.Kill()
	<-p.done
}

// Usage is what processes have used since they were started.
type Usage struct {
	CPU time.Duration
	// Written is what was written to the disk, in bytes.
	Written int64
}

// Memory is what processes use now, in bytes.
type Memory struct {
	// Own is memory of the processes' own.
	Own int64
	// Shared is what they share among them or with files, such as a mapped
	// database or the buffers of PostgreSQL, counted once.
	Shared int64
}

// tick is the unit of times in /proc, which Linux has fixed for programs.
const tick = 10 * time.Millisecond

// UsageOf returns the usage of processes. Those that end meanwhile are left out,
// except that their parent has their time.
func UsageOf(pids []int) (Usage, error) {
	var sum Usage
	for _, pid := range pids {
		stat, err := statOf(pid)
		if gone(err) {
			continue
		}
		if err != nil {
			return sum, err
		}
		for _, field := range stat[11:15] { // utime, stime, cutime, cstime
			n, err := strconv.ParseInt(field, 10, 64)
			if err != nil {
				return sum, fmt.Errorf("read /proc/%d/stat: %w", pid, err)
			}
			sum.CPU += time.Duration(n) * tick
		}
		written, err := writtenBy(pid)
		if err != nil {
			return sum, err
		}
		sum.Written += written
	}
	return sum, nil
}

// gone reports whether a file of /proc could not be read because its process has
// ended, be it before it was opened or after.
func gone(err error) bool { return errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) }

// statOf returns the fields of /proc/PID/stat from the third, the state, on.
func statOf(pid int) ([]string, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, err
	}
	s := string(b)
	fields := strings.Fields(s[strings.LastIndexByte(s, ')')+1:])
	if len(fields) < 20 {
		return nil, fmt.Errorf("read /proc/%d/stat: %q", pid, s)
	}
	return fields, nil
}

func writtenBy(pid int) (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
	if gone(err) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, "write_bytes: "); ok {
			return strconv.ParseInt(strings.TrimSpace(v), 10, 64)
		}
	}
	return 0, fmt.Errorf("read /proc/%d/io: no write_bytes", pid)
}

// MemoryOf returns the memory of processes. What they share is taken for the most
// that any of them shares, because adding it up would count it many times.
func MemoryOf(pids []int) (Memory, error) {
	var sum Memory
	page := int64(os.Getpagesize())
	for _, pid := range pids {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
		if gone(err) {
			continue
		}
		if err != nil {
			return sum, err
		}
		var size, resident, shared int64
		if _, err := fmt.Sscan(string(b), &size, &resident, &shared); err != nil {
			return sum, fmt.Errorf("read /proc/%d/statm: %w", pid, err)
		}
		sum.Own += (resident - shared) * page
		sum.Shared = max(sum.Shared, shared*page)
	}
	return sum, nil
}

// withChildren returns pid and the processes that it started.
func withChildren(pid int) []int {
	pids := []int{pid}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return pids
	}
	for _, path := range stats {
		child, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			continue
		}
		if stat, err := statOf(child); err == nil && stat[1] == strconv.Itoa(pid) {
			pids = append(pids, child)
		}
	}
	return pids
}
