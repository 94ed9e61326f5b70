package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	var r release
	var only string
	flag.StringVar(&r.source, "source", "..", "the project's root")
	flag.StringVar(&r.out, "out", "../bin/dist", "the folder to make; what is in it is removed")
	flag.StringVar(&only, "only", "", "just these systems, with commas between: linux/amd64,darwin/arm64")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := r.make(ctx, only); err != nil {
		fmt.Fprintln(os.Stderr, "packaging:", err)
		os.Exit(1)
	}
}

// release is what is made of one commit.
type release struct {
	source, out string
	programs    []program
	extras      []extra
}

// make builds everything.
func (r *release) make(ctx context.Context, only string) error {
	targets, err := chosen(only)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(r.out); err != nil {
		return err
	}
	if err := os.MkdirAll(r.out, 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "auditlog-dist-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	for _, t := range targets {
		p, err := build(ctx, r.source, work, t)
		if err != nil {
			return fmt.Errorf("build for %s: %w", t, err)
		}
		r.programs = append(r.programs, p)
	}
	if r.extras, err = extras(r.source, r.programs[0].date); err != nil {
		return err
	}
	for _, p := range r.programs {
		if err := r.pack(p); err != nil {
			return fmt.Errorf("pack for %s: %w", p.target, err)
		}
	}
	if err := r.image(filepath.Join(r.out, "image")); err != nil {
		return fmt.Errorf("image: %w", err)
	}
	return r.sum()
}

// pack makes all that holds one program.
func (r *release) pack(p program) error {
	if err := r.archive(p); err != nil {
		return err
	}
	if err := r.sbom(p); err != nil {
		return err
	}
	if p.goos != "linux" {
		return nil
	}
	for _, format := range []string{"deb", "rpm"} {
		if err := r.linux(p, format); err != nil {
			return fmt.Errorf("%s: %w", format, err)
		}
	}
	return nil
}

// chosen returns the targets that only names, or all.
func chosen(only string) ([]target, error) {
	if only == "" {
		return targets, nil
	}
	var list []target
	for name := range strings.SplitSeq(only, ",") {
		i := slices.IndexFunc(targets, func(t target) bool { return t.String() == name })
		if i < 0 {
			return nil, fmt.Errorf("%s is none of %v", name, targets)
		}
		list = append(list, targets[i])
	}
	return list, nil
}

// sum writes SHA256SUMS, as sha256sum -c reads it.
func (r *release) sum() error {
	files, err := os.ReadDir(r.out)
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, f := range files {
		if f.IsDir() {
			continue // the image has a digest of its own
		}
		sum, err := fileSum(filepath.Join(r.out, f.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%x  %s\n", sum, f.Name())
	}
	return os.WriteFile(filepath.Join(r.out, "SHA256SUMS"), []byte(b.String()), 0o644)
}

func fileSum(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return h.Sum(nil), err
}

// create writes a file with fn, and leaves none where that fails.
func create(name string, fn func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	err = fn(f)
	if err = cmp.Or(err, f.Close()); err != nil {
		os.Remove(name)
	}
	return err
}
