package storetest

import (
	"context"
	"os"
	"testing"
	"time"

	"pgregory.net/rapid"

	"auditlog/audit"
	"auditlog/fulltext"
)

// Options are what a log is opened with.
type Options struct {
	// Now is its clock.
	Now func() time.Time
	// Search parses its full-text queries. They have no clues and no index; a log may
	// put one behind them.
	Search func(text string) (fulltext.Query, error)
}

// Engine opens the log of a folder, which is empty at first and as the log left it
// later.
type Engine func(dir string, o Options) (Log, error)

// Log is a log that is examined. A further interface of this package that it has is
// made use of.
type Log interface {
	audit.Log
	// Close ends the log. What it has acknowledged must be there when its folder is
	// opened again.
	Close() error
}

// Several is a Log of which there are several nodes, each of which is to do and to answer as one
// alone would. Closing it closes all.
type Several interface {
	Nodes() []Log
}

// Settler is a Log that moves entries, some time after they were recorded, to where
// they stay.
type Settler interface {
	// Settle moves what there is now.
	Settle() error
}

// Checker is a Log that can check itself.
type Checker interface {
	// Check calls report with everything that is wrong with what is stored.
	Check(ctx context.Context, report func(problem string)) error
}

// Faulty is a Log whose next commit of a caller's can be made to fail.
type Faulty interface {
	// FailNext has it fail with nothing stored, or, where unknown is set, so that the
	// log cannot tell whether it is.
	FailNext(unknown bool)
}

// Run examines the logs of an engine.
func Run(t *testing.T, open Engine) {
	t.Run("random operations", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) { runMachine(t, open) })
	})
	for name, examine := range map[string]func(*testing.T, Engine){
		"filters":       testFilters,
		"keys":          testKeys,
		"long export":   testLongExport,
		"refusals":      testRefusals,
		"large pages":   testPagesEndAtBytes,
		"large follow":  testFollowingEndsAtBytes,
		"many values":   testManyValues,
		"waiting":       testWaiting,
		"several":       testSeveralProjects,
		"following":     testFollowing,
		"cursors":       testCursors,
		"pulling":       testPulling,
		"tokens":        testTokens,
		"sinks":         testSinks,
		"searches":      testSearches,
		"own entries":   testOwnEntries,
		"lasting":       testLasting,
		"holds":         testHold,
		"approval":      testApproval,
		"creation":      testCreate,
		"lost writes":   testLostWrite,
		"unsure writes": testUnsureWrite,
	} {
		t.Run(name, func(t *testing.T) { examine(t, open) })
	}
}

// start is when the examination's clock begins, about.
var start = time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)

// open opens a log for an examination that is not random, and closes it at its end.
func (e Engine) open(t *testing.T, dir string) Log {
	t.Helper()
	log, err := e(dir, Options{Now: func() time.Time { return start.Add(time.Hour) }, Search: parseWords})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		check(t, log)
		_ = log.Close() // many are closed already
	})
	return log
}

// check lets a log check itself, unless it no longer works.
func check(t interface {
	Context() context.Context
	Errorf(string, ...any)
}, log Log) {
	c, ok := log.(Checker)
	if !ok || log.Err() != nil {
		return
	}
	err := c.Check(context.WithoutCancel(t.Context()), func(problem string) { t.Errorf("check: %s", problem) })
	if err != nil {
		t.Errorf("check: %v", err)
	}
}

// tempDir returns a folder that goes when the random case ends.
func tempDir(t *rapid.T) string {
	dir, err := os.MkdirTemp("", "auditlog-storetest-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
