package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// machine is what the figures were measured on.
type machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Memory string `json:"memory"`
	Kernel string `json:"kernel"`
	Go     string `json:"go"`
	// Sync is how long the disk takes to keep 4 KiB, in milliseconds: p50 and p99.
	Sync [2]float64 `json:"sync"`
	// Load is how busy the machine was before the benchmark began.
	Load string `json:"load"`
}

func inspect(dir string) (machine, error) {
	m := machine{
		CPU:    fieldOf("/proc/cpuinfo", "model name"),
		Cores:  runtime.NumCPU(),
		Memory: fieldOf("/proc/meminfo", "MemTotal"),
		Go:     runtime.Version(),
	}
	if b, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel = strings.TrimSpace(string(b))
	}
	if b, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.Load, _, _ = strings.Cut(string(b), " ")
	}
	var err error
	m.Sync, err = timeSync(dir)
	return m, err
}

// fieldOf returns what follows a name in a file of /proc.
func fieldOf(path, name string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(b)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// timeSync times the syncs that every acknowledgment stands on.
func timeSync(dir string) (ms [2]float64, err error) {
	f, err := os.Create(filepath.Join(dir, "sync"))
	if err != nil {
		return ms, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	const times = 500
	var d driven
	block := make([]byte, 4096)
	for range times {
		began := time.Now()
		if _, err := f.Write(block); err != nil {
			return ms, err
		}
		if err := syscall.Fdatasync(int(f.Fd())); err != nil {
			return ms, err
		}
		d.latencies = append(d.latencies, time.Since(began))
	}
	d.sort()
	return [2]float64{millis(d.percentile(50)), millis(d.percentile(99))}, nil
}

func (m machine) String() string {
	return fmt.Sprintf("%s, %d cores, %s of memory, Linux %s, %s; a write of 4 KiB with fdatasync takes %.2f ms (p99 %.2f ms); load %s at the start",
		m.CPU, m.Cores, m.Memory, m.Kernel, m.Go, m.Sync[0], m.Sync[1], m.Load)
}
