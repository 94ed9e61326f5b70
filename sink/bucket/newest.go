package bucket

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"

	"github.com/klauspost/compress/gzip"

	"auditlog/sink"
)

const (
	// checkpoints is the folder of objects with checkpoints, by days as those with entries are.
	checkpoints = "checkpoints/"
	// lookAtDays is how many days are looked through for a mark, of those that have one.
	lookAtDays = 3
	// maxUnpacked bounds what is read of an object with a checkpoint.
	maxUnpacked = 1 << 20
)

// checkpointName returns the name of the object of a checkpoint, the number of which is that of
// its entry below zero.
func (x *bucket) checkpointName(day string, b *sink.Batch) string {
	return x.suffixed(fmt.Sprintf("%s%s/%s-%d-%012d", checkpoints, day, b.Log.Log, b.Log.Epoch, -b.Entries[0].ID), b)
}

// ofLog matches the name of an object with a checkpoint as far as it is that of a log's epoch.
var ofLog = regexp.MustCompile(`^[^/]+/[^/]+/[^-/]+-[0-9]+-`)

// Newest implements sink.Asker. It reads the newest checkpoint of each log of the last days.
func (x *bucket) Newest(ctx context.Context, wanted func([]byte) bool) ([]byte, error) {
	days, err := x.to.Folders(ctx, checkpoints)
	if err != nil {
		return nil, err
	}
	for _, day := range slices.Backward(days[max(0, len(days)-lookAtDays):]) {
		files, err := x.to.List(ctx, checkpoints+day+"/")
		if err != nil {
			return nil, err
		}
		seen := make(map[string]bool)
		for _, f := range slices.Backward(files) {
			log := ofLog.FindString(f.Name)
			if seen[log] {
				continue
			}
			seen[log] = true
			mark, err := x.mark(ctx, f.Name, wanted)
			if err != nil || mark != nil {
				return mark, err
			}
		}
	}
	return nil, nil
}

// mark returns the wanted mark in an object, or nil.
func (x *bucket) mark(ctx context.Context, name string, wanted func([]byte) bool) ([]byte, error) {
	packed, err := x.to.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	lines, err := io.ReadAll(io.LimitReader(r, maxUnpacked))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return sink.LastMark(lines, wanted), nil
}
