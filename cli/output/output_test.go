package output

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func write(t *testing.T, path, text string) error {
	t.Helper()
	return Write(t.Context(), path, "text", func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}

func wantFile(t *testing.T, path, want string, mode os.FileMode) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil || string(b) != want {
		t.Errorf("%s holds %q, %v; want %q", path, b, err, want)
	}
	info, err := os.Lstat(path)
	if err != nil || info.Mode() != mode {
		t.Errorf("%s has the mode %v, %v; want %v", path, info.Mode(), err, mode)
	}
}

func link(t *testing.T, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := errors.Join(os.Mkdir(at("a"), 0o700), os.Mkdir(at("b"), 0o700),
		os.WriteFile(at("a/real"), []byte("old"), 0o600), os.Chmod(at("a/real"), 0o644)); err != nil {
		t.Fatal(err)
	}
	link(t, "../a/real", at("b/link"))
	link(t, at("b/link"), at("chain"))
	link(t, "a", at("folder"))
	link(t, "a/coming", at("dangling"))
	link(t, "round", at("round"))
	for i, tt := range []struct {
		path, file string
		mode       os.FileMode
	}{
		{"new", "new", 0o600}, {"a/real", "a/real", 0o644}, {"b/link", "a/real", 0o644}, {"chain", "a/real", 0o644},
		{"folder/real", "a/real", 0o644}, {"dangling", "a/coming", 0o600},
	} {
		text := strings.Repeat("x", i)
		if err := write(t, at(tt.path), text); err != nil {
			t.Fatal(err)
		}
		wantFile(t, at(tt.file), text, tt.mode)
	}
	for _, name := range []string{"b/link", "chain", "dangling"} {
		if info, err := os.Lstat(at(name)); err != nil || info.Mode()&os.ModeSymlink == 0 {
			t.Errorf("%s is no link any more: %v", name, err)
		}
	}
	for path, want := range map[string]string{"a": "is a folder", "round": "too many", "none/x": "no such file", "new/x": "not a directory"} {
		if err := write(t, at(path), "x"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
	if left, _ := filepath.Glob(at("*/.*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestWriteFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("old"), 0o640); err != nil {
		t.Fatal(err)
	}
	err := Write(t.Context(), path, "text", func(w io.Writer) error {
		_, _ = io.WriteString(w, "half")
		return io.ErrUnexpectedEOF
	})
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
	wantFile(t, path, "old", 0o640)
}

func TestWriteDevices(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	link(t, pipe, pipe+".link")
	for _, path := range []string{pipe, pipe + ".link"} {
		got := make(chan string)
		go func() {
			b, err := os.ReadFile(pipe)
			if err != nil {
				t.Error(err)
			}
			got <- string(b)
		}()
		if err := write(t, path, "through"); err != nil {
			t.Fatal(err)
		}
		if b := <-got; b != "through" {
			t.Errorf("the reader of %s got %q", path, b)
		}
	}
	if info, err := os.Lstat(pipe); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		t.Errorf("the pipe is gone: %v", err)
	}
	if err := write(t, os.DevNull, "x"); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := Write(ctx, pipe, "text", func(io.Writer) error { return nil }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("without a reader: %v", err)
	}
	f, err := os.OpenFile(pipe, os.O_RDONLY|syscall.O_NONBLOCK, 0) // let the one that waits go
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
}

func TestWriteAnOpenFile(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("/dev/fd", strconv.Itoa(int(w.Fd())))
	if _, err := os.Stat(path); err != nil {
		t.Skip(err)
	}
	if err := write(t, path, "through"); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if b, err := io.ReadAll(r); err != nil || string(b) != "through" {
		t.Errorf("got %q, %v", b, err)
	}
}
