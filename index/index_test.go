package index

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"auditlog/audit"
	"auditlog/fulltext"
)

// logBuffer collects what the index says.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// running is an Index whose Run is under way.
type running struct {
	*Index
	t    testing.TB
	log  *logBuffer
	stop func() error
}

func testConfig(dir string, src Source) Config {
	return Config{
		Dir: dir, Source: src, Identity: "log-1",
		Linger: time.Millisecond, Retry: time.Millisecond, CheckEvery: 20 * time.Millisecond,
	}
}

// start runs the index of cfg until the test ends or stop is called.
func start(t testing.TB, cfg Config) *running {
	t.Helper()
	buf := &logBuffer{}
	cfg.Log = zerolog.New(buf)
	x := New(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- x.Run(ctx) }()
	stop := sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() { stop() })
	return &running{x, t, buf, stop}
}

// caughtUp waits until the index knows all of its log.
func (r *running) caughtUp() {
	r.t.Helper()
	r.until("caught up", func(s Status) bool { return s.State == Ready && s.Behind == 0 })
}

// until waits for a status.
func (r *running) until(what string, ok func(Status) bool) {
	r.t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(r.Status()); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			r.t.Fatalf("the index is not %s: %+v\n%s", what, r.Status(), r.log)
		}
	}
}

// everything is a position behind all entries.
var everything = audit.Position{At: 1 << 62}

// inProject asks an index about one project.
func inProject(ctx context.Context, n fulltext.Narrowing, p fulltext.ProjectID, before audit.Position, after int64) (
	keys []fulltext.BlockKey, through uint64, ok bool, err error,
) {
	of, through, ok, err := n.Blocks(ctx, []fulltext.ProjectID{p}, before, after)
	if len(of) > 0 {
		keys = of[0]
	}
	return keys, through, ok, err
}

// find returns the blocks of a project that the index names for a query.
func (r *running) find(p fulltext.ProjectID, query string) []fulltext.BlockKey {
	r.t.Helper()
	q, err := Parse(query)
	if err != nil {
		r.t.Fatal(err)
	}
	keys, _, ok, err := inProject(context.Background(), r.Search(q), p, everything, 0)
	if !ok || err != nil {
		r.t.Fatalf("search %q: ok %v, error %v", query, ok, err)
	}
	return keys
}

func (r *running) mustFind(p fulltext.ProjectID, query string, want ...fulltext.BlockKey) {
	r.t.Helper()
	if got := r.find(p, query); !slices.Equal(got, want) {
		r.t.Errorf("search %q in project %d: blocks %v, want %v", query, p, got, want)
	}
}

// key returns the key of a block that begins at a time.
func key(p fulltext.ProjectID, at int64) fulltext.BlockKey {
	return fulltext.BlockKey{Project: p, Position: audit.Position{At: at, ID: at}}
}

// mustCheck checks an index that is not running.
func mustCheck(t testing.TB, cfg Config) {
	t.Helper()
	if err := Check(context.Background(), cfg, func(p string) { t.Errorf("check: %s", p) }); err != nil {
		t.Errorf("check: %v", err)
	}
}

func TestSearch(t *testing.T) {
	l := newMemoryLog()
	l.put(key(1, 10), "Deployed shop-777.example.com", "sha256:9f2c01ab77d0", "ada@example.com")
	l.put(key(1, 20), "Deployed shop-778.example.com", "sha256:9f2c77d001ab", "東京タワー", "Straße")
	l.put(key(1, 30), "created", "deployment.delete", "9f2cafe", strings.Repeat("x1", 100))
	l.put(key(2, 15), "Deployed shop-777.example.com")
	r := start(t, testConfig(t.TempDir()+"/index", l))
	r.caughtUp()
	a, b, c := key(1, 10), key(1, 20), key(1, 30)
	r.mustFind(1, "deployed", b, a)
	r.mustFind(1, "shop-777", a)
	r.mustFind(1, "SHOP-777.example.com deployed", a)
	r.mustFind(2, "shop-777", key(2, 15))
	r.mustFind(3, "shop-777")
	r.mustFind(1, "shop -deployed", b, a)
	r.mustFind(1, "nothing")
	r.mustFind(1, "sha256:9f2c01ab77d0", a)
	r.mustFind(1, "9f2c77d001ab", b)
	r.mustFind(1, "9f2cafe", c)
	r.mustFind(1, "9f2*", c, b, a)
	r.mustFind(1, "9f2c01ab*", c, b, a) // the index knows three digits only
	r.mustFind(1, "dep*", c, b, a)
	r.mustFind(1, "deployed dep* sha256", b, a)
	r.mustFind(1, "strasse", b)
	r.mustFind(1, "タワー", b)
	r.mustFind(1, "京タ", b)
	r.mustFind(1, "京東")
	r.mustFind(1, strings.Repeat("x1", 100), c)
	r.mustFind(1, strings.Repeat("x1", 90)+"*", c)

	q, err := Parse("-deployed")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, ok, err := inProject(context.Background(), r.Search(q), 1, everything, 0); ok || err != nil {
		t.Errorf("a query that only excludes: ok %v, error %v; want neither", ok, err)
	}
}

func TestSearchWithin(t *testing.T) {
	l := newMemoryLog()
	for at := int64(10); at <= 50; at += 10 {
		l.put(key(1, at), "web")
	}
	r := start(t, testConfig(t.TempDir()+"/index", l))
	r.caughtUp()
	q, err := Parse("web")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		before, after int64
		want          []int64
	}{
		{100, 0, []int64{50, 40, 30, 20, 10}},
		{30, 0, []int64{30, 20, 10}},
		{29, 0, []int64{20, 10}},
		{9, 0, nil},
		{100, 30, []int64{50, 40, 30, 20}}, // 20 may reach beyond 30
		{100, 31, []int64{50, 40, 30}},
		{100, 60, []int64{50}},
		{30, 30, []int64{30, 20}},
	} {
		keys, through, ok, err := inProject(context.Background(), r.Search(q), 1, audit.Position{At: test.before, ID: 1 << 62}, test.after)
		var got []int64
		for _, k := range keys {
			got = append(got, k.At)
		}
		if !slices.Equal(got, test.want) || through != 5 || !ok || err != nil {
			t.Errorf("from %d to %d: blocks at %v, want %v (through %d, ok %v, error %v)", test.after, test.before, got, test.want, through, ok, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, ok, err := inProject(ctx, r.Search(q), 1, everything, 0); ok || !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that is done: ok %v, error %v", ok, err)
	}
	if s := r.Status(); s.State != Ready {
		t.Errorf("a search that was given up broke the index: %+v", s)
	}
}

// A changed block has its new words, a removed one none; and the same after the
// index was opened again.
func TestFollow(t *testing.T) {
	l := newMemoryLog()
	cfg := testConfig(t.TempDir()+"/index", l)
	l.put(key(1, 10), "alpha")
	l.put(key(1, 20), "alpha", "beta")
	r := start(t, cfg)
	r.caughtUp()
	l.put(key(1, 10), "gamma")
	l.set(key(1, 20), nil)
	l.put(key(1, 30), "beta")
	r.caughtUp()
	check := func() {
		t.Helper()
		r.mustFind(1, "alpha")
		r.mustFind(1, "beta", key(1, 30))
		r.mustFind(1, "gamma", key(1, 10))
		if s := r.Status(); s.Blocks != 2 || s.Bytes == 0 || s.Reason != "" {
			t.Errorf("status %+v, want 2 blocks", s)
		}
	}
	check()
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	mustCheck(t, cfg)
	r = start(t, cfg)
	r.caughtUp()
	check()
	if out := r.log.String(); out != "" {
		t.Errorf("a sound index has nothing to say, but said %s", out)
	}
}

// The words of a project that was purged leave the files.
func TestPurge(t *testing.T) {
	l := newMemoryLog()
	cfg := testConfig(t.TempDir()+"/index", l)
	aside := cfg.Dir + asideSuffix + "20260101T000000"
	if err := os.MkdirAll(aside, 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range int64(20) {
		l.put(key(1, 10+i), "unmentionable", "kept")
		l.put(key(2, 10+i), "kept")
	}
	r := start(t, cfg)
	r.caughtUp()
	for i := range int64(20) {
		l.set(key(1, 10+i), nil)
	}
	r.caughtUp()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		_, err := os.Stat(aside)
		if !anyFileHolds(t, cfg.Dir, "unmentionable") && os.IsNotExist(err) {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the files still hold the word of a purged project")
		}
	}
	r.mustFind(1, "kept")
	if got := len(r.find(2, "kept")); got != 20 {
		t.Errorf("%d blocks of the other project, want 20", got)
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	mustCheck(t, cfg)
}

// anyFileHolds reports whether a segment file has a word.
func anyFileHolds(t *testing.T, dir, word string) bool {
	t.Helper()
	files, err := filepath.Glob(dir + "/*.zap")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			if os.IsNotExist(err) {
				continue // bleve removed it meanwhile
			}
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(word)) {
			return true
		}
	}
	return false
}

// While the log is loaded the index rests, and says so; when that is over, it takes in
// everything at once.
func TestRestsWhileTheLogIsLoaded(t *testing.T) {
	l := newMemoryLog()
	cfg := testConfig(t.TempDir()+"/index", l)
	cfg.Linger = time.Second
	r := start(t, cfg)
	r.caughtUp()
	rested := false
	for i := range int64(100) {
		l.put(key(1, 1+i%10), "common", fmt.Sprintf("number-%d", i))
		time.Sleep(5 * time.Millisecond)
		s := r.Status()
		rested = rested || s.Resting
		if s.Behind != uint64(i+1) {
			t.Fatalf("after %d changes: %+v", i+1, s)
		}
	}
	if !rested {
		t.Errorf("it does not say that it rests: %+v", r.Status())
	}
	r.caughtUp()
	if s := r.Status(); s.Resting || s.Blocks != 10 {
		t.Errorf("after the load: %+v", s)
	}
	r.mustFind(1, "number-99", key(1, 10))
	r.mustFind(1, "number-89")
}

// The index does not rest when it is a thousand changes behind.
func TestRestIsBounded(t *testing.T) {
	l := newMemoryLog()
	cfg := testConfig(t.TempDir()+"/index", l)
	cfg.Linger = time.Hour
	r := start(t, cfg)
	r.caughtUp()
	for i := range int64(restChanges) {
		l.put(key(1, 1+i%10), "common", fmt.Sprintf("number-%d", i))
	}
	r.caughtUp()
}

// A log that changes little by little leaves few segments, with most blocks in one.
func TestFilesAreMerged(t *testing.T) {
	l := newMemoryLog()
	cfg := testConfig(t.TempDir()+"/index", l)
	r := start(t, cfg)
	const blocks = 2 * worthMerging
	for i := range int64(blocks) {
		l.put(key(1, 10+i), "common", fmt.Sprintf("number-%d", i))
		r.caughtUp()
	}
	merged := false
	for end := time.Now().Add(20 * time.Second); !merged && time.Now().Before(end); time.Sleep(time.Millisecond) {
		err := r.read(func(s *snapshot) error {
			merged = !s.scattered()
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if !merged {
		t.Error("the blocks stay in many segments")
	}
	if got := len(r.find(1, "common")); got != blocks {
		t.Errorf("%d blocks found, want %d", got, blocks)
	}
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	mustCheck(t, cfg)
}

func TestRebuildAndCheck(t *testing.T) {
	l := damagedLog(batchBlocks + 8)
	cfg := testConfig(t.TempDir()+"/index", l)
	mustCheck(t, cfg) // no index is no problem
	var steps []uint64
	if err := Rebuild(context.Background(), cfg, func(done, of uint64) { steps = append(steps, done, of) }); err != nil {
		t.Fatal(err)
	}
	if want := []uint64{batchBlocks, batchBlocks + 8, batchBlocks + 8, batchBlocks + 8}; !slices.Equal(steps, want) {
		t.Errorf("progress %v, want %v", steps, want)
	}
	mustCheck(t, cfg)
	// A block whose words are not those that were indexed is a problem.
	changes, _, _ := l.BlockChanges(0, 40)
	l.mu.Lock()
	l.blocks[changes[7].Key] = memoryBlock{seq: changes[7].Seq, texts: func(fn func(string)) { fn("other words") }}
	l.mu.Unlock()
	var problems []string
	if err := Check(context.Background(), cfg, func(p string) { problems = append(problems, p) }); err != nil {
		t.Fatal(err)
	}
	if len(problems) != 1 || !strings.Contains(problems[0], "of which the block has 2; it lacks 2") {
		t.Errorf("problems %q, want one block that lacks two terms", problems)
	}
}

// What cannot be read of the log is retried, and does not harm the index.
func TestLogThatCannotBeRead(t *testing.T) {
	l := newMemoryLog()
	l.put(key(1, 10), "alpha")
	r := start(t, testConfig(t.TempDir()+"/index", l))
	r.caughtUp()
	l.mu.Lock()
	l.fail = errors.New("out of paper")
	l.mu.Unlock()
	l.put(key(1, 20), "beta")
	r.until("out of paper", func(s Status) bool { return strings.Contains(s.Reason, "out of paper") })
	r.mustFind(1, "alpha", key(1, 10))
	l.mu.Lock()
	l.fail = nil
	l.mu.Unlock()
	r.caughtUp()
	r.mustFind(1, "beta", key(1, 20))
	if s := r.Status(); s.Reason != "" {
		t.Errorf("the log can be read again, but the reason is %q", s.Reason)
	}
}

// Around a block that is damaged the index goes on, and every search of its project is sent to it: also
// after a restart, and until it can be read.
func TestDamagedBlock(t *testing.T) {
	l := newMemoryLog()
	bad := key(1, 20)
	damage := func(is bool) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.damaged = map[fulltext.BlockKey]bool{bad: is}
	}
	damage(true)
	l.put(key(1, 10), "alpha")
	l.put(bad, "beta")
	l.put(key(1, 30), "gamma")
	l.put(key(2, 30), "gamma")
	cfg := testConfig(t.TempDir()+"/index", l)
	for range 2 {
		r := start(t, cfg)
		r.caughtUp()
		r.mustFind(1, "alpha", bad, key(1, 10))
		r.mustFind(1, "gamma", key(1, 30), bad)
		r.mustFind(1, "half", bad)
		r.mustFind(2, "gamma", key(2, 30))
		r.mustFind(2, "alpha")
		if s := r.Status(); s.Unread != 1 || s.Blocks != 3 || s.Reason != "" || !strings.Contains(r.log.String(), "block 1/20/20") {
			t.Errorf("status %+v, log %s", s, r.log)
		}
		must(t, r.stop())
		mustCheck(t, cfg)
	}
	damage(false)
	r := start(t, cfg)
	r.caughtUp()
	r.mustFind(1, "alpha", key(1, 10))
	r.mustFind(1, "beta", bad)
	if s := r.Status(); s.Unread != 0 || s.Blocks != 4 {
		t.Errorf("once it can be read: %+v", s)
	}

	damage(true)
	l.put(bad, "beta again") // which nobody can read
	r.caughtUp()
	r.mustFind(1, "alpha", bad, key(1, 10))
	l.set(bad, nil)
	r.caughtUp()
	r.mustFind(1, "alpha", key(1, 10))
	if s := r.Status(); s.Unread != 0 || s.Blocks != 3 {
		t.Errorf("once it is gone: %+v", s)
	}
	must(t, r.stop())
	mustCheck(t, cfg)
}

// Where more is damaged than some blocks, the index waits for it to be mended.
func TestDamagedLog(t *testing.T) {
	l := newMemoryLog()
	l.damaged = make(map[fulltext.BlockKey]bool)
	for i := range maxUnread + 2 {
		l.damaged[key(1, int64(i+1))] = true
		l.put(key(1, int64(i+1)), "beta")
	}
	r := start(t, testConfig(t.TempDir()+"/index", l))
	r.until("stopped by damage", func(s Status) bool { return strings.Contains(s.Reason, "damaged") })
	if s := r.Status(); s.Behind == 0 {
		t.Errorf("status %+v", s)
	}
}
