package admit

import (
	"bufio"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
)

// defaultLimit is how much memory a process uses at most where nothing says otherwise.
const defaultLimit = 512 << 20

// Budget says how much memory a process may use, and what for. All are bytes.
type Budget struct {
	// Limit is what the process may have in all; what holds it is what gave it.
	Limit int64
	// Soft is from where on the garbage collector does what it can. It is not for the
	// process to set where GOMEMLIMIT has set it.
	Soft int64
	// Calls is for what a Door lets in, Cache for blocks that were opened, Tail for the
	// rows of entries that are in no block yet: in memory they take twice as much.
	Calls, Cache, Tail int64
	// Sinks is for entries on their way to sinks.
	Sinks int64
}

// divide divides what a process may use. A quarter of a small limit is what is always
// there, which does not grow with a large one.
func divide(limit int64) Budget {
	b := Budget{Limit: limit, Soft: limit - limit/8}
	always := min(limit/4, 48<<20)
	b.Cache = min(limit*3/16, 96<<20)
	if limit < defaultLimit {
		b.Cache = limit / 8
	}
	b.Tail = min(max(limit/16, 4<<20), 64<<20)
	b.Sinks = min(max(limit/20, 4<<20), 64<<20)
	b.Calls = max(b.Soft-always-b.Cache-2*b.Tail-b.Sinks, 8<<20)
	return b
}

// BudgetOf returns the budget of this process: of GOMEMLIMIT where that is set, else of
// defaultLimit, and of less where the machine or the control group has less.
func BudgetOf() Budget {
	limit := int64(defaultLimit)
	set := debug.SetMemoryLimit(-1)
	given := os.Getenv("GOMEMLIMIT") != "" && set != math.MaxInt64
	if given {
		limit = set
	}
	if machine := machineMemory("/proc/meminfo"); machine > 0 {
		limit = min(limit, machine/4*3)
	}
	if group := groupLimit("/"); group > 0 {
		limit = min(limit, group)
	}
	b := divide(limit)
	if given && set < b.Soft {
		b.Soft = set
	}
	return b
}

// machineMemory returns how much memory the machine has, or 0.
func machineMemory(path string) int64 {
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "MemTotal:"); ok {
			kB, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64) // 0 is unknown
			return kB << 10
		}
	}
	return 0
}

// groupLimit returns the least memory that the control group of this process, or one around
// it, may have; 0 when there is no limit. root is where the file system begins.
//
// In a container the group's own files stand at the root of the control groups, whatever
// /proc says that its path is; elsewhere its path leads to it. Both are looked at.
func groupLimit(root string) int64 {
	b, err := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
	if err != nil {
		b = nil // there are no groups, or none that can be known
	}
	least := int64(0)
	look := func(file string) {
		b, err := os.ReadFile(filepath.Join(root, "sys/fs/cgroup", file))
		if err != nil {
			return
		}
		// "max", and what version 1 has for it, are no limit.
		n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
		if err == nil && n > 0 && n < math.MaxInt64/2 && (least == 0 || n < least) {
			least = n
		}
	}
	look("memory.max")
	look("memory/memory.limit_in_bytes")
	for line := range strings.Lines(string(b)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		for dir := filepath.Clean("/" + parts[2]); dir != "/"; dir = filepath.Dir(dir) {
			switch {
			case parts[1] == "":
				look(filepath.Join(dir, "memory.max"))
				look(filepath.Join("unified", dir, "memory.max"))
			case strings.Contains(","+parts[1]+",", ",memory,"):
				look(filepath.Join("memory", dir, "memory.limit_in_bytes"))
			}
		}
	}
	return least
}
