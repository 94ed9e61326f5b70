package admit

import (
	"os"
	"path/filepath"
	"testing"
)

// The parts of a budget fit into it, and each is there.
func TestDivide(t *testing.T) {
	for limit := int64(64 * mib); limit <= 8<<30; limit += 37 * mib {
		b := divide(limit)
		if sum := b.Calls + b.Cache + 2*b.Tail; sum > b.Soft || b.Soft >= limit || b.Calls < limit/8 || b.Cache < min(limit/32, 64*mib) || b.Tail <= 0 {
			t.Fatalf("%d MiB are divided as %+v", limit/mib, b)
		}
	}
	if b := divide(defaultLimit); b.Calls < 4*audit32MiB+audit32MiB/2 {
		t.Errorf("by default, calls may hold %d MiB: the largest batch does not fit", b.Calls/mib)
	}
}

// audit32MiB is audit.MaxBatchSize.
const audit32MiB = 32 * mib

// The limit of the group is found, in a container and outside, of both versions, and the
// least of those around it counts.
func TestGroupLimit(t *testing.T) {
	for name, tt := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"none":               {nil, 0},
		"no limit":           {map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "max\n"}, 0},
		"no limit, v1":       {map[string]string{"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}, 0},
		"container":          {map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "134217728\n"}, 128 * mib},
		"container, v1":      {map[string]string{"proc/self/cgroup": "5:memory:/docker/0815\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "268435456\n"}, 256 * mib},
		"service":            {map[string]string{"proc/self/cgroup": "0::/system.slice/auditlog.service\n", "sys/fs/cgroup/system.slice/auditlog.service/memory.max": "314572800\n"}, 300 * mib},
		"around":             {map[string]string{"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "max\n", "sys/fs/cgroup/a/memory.max": "1073741824\n"}, 1024 * mib},
		"around, v1":         {map[string]string{"proc/self/cgroup": "4:cpu,memory:/a/b\n", "sys/fs/cgroup/memory/a/b/memory.limit_in_bytes": "536870912\n", "sys/fs/cgroup/memory/a/memory.limit_in_bytes": "134217728\n"}, 128 * mib},
		"both versions":      {map[string]string{"proc/self/cgroup": "4:memory:/a\n0::/a\n", "sys/fs/cgroup/unified/a/memory.max": "209715200\n", "sys/fs/cgroup/memory/a/memory.limit_in_bytes": "9223372036854771712\n"}, 200 * mib},
		"of somebody else's": {map[string]string{"proc/self/cgroup": "4:cpu:/a\n", "sys/fs/cgroup/memory/a/memory.limit_in_bytes": "134217728\n"}, 0},
	} {
		root := t.TempDir()
		for file, text := range tt.files {
			path := filepath.Join(root, file)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got := groupLimit(root); got != tt.want {
			t.Errorf("%s: %d MiB, want %d", name, got/mib, tt.want/mib)
		}
	}
}

func TestMachineMemory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "meminfo")
	if err := os.WriteFile(path, []byte("MemTotal:        1048576 kB\nMemFree:  1 kB\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := machineMemory(path); got != 1<<30 {
		t.Errorf("%d bytes", got)
	}
	if got := machineMemory(path + "x"); got != 0 {
		t.Errorf("%d bytes of a machine that does not say", got)
	}
}
