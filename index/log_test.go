package index

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"

	"auditlog/audit"
	"auditlog/store"
)

// memoryLog is a Source whose blocks are in memory, for what the real store
// cannot be brought to do at will: a block that changes at a given moment, a
// sequence that goes back, texts that cannot be read.
type memoryLog struct {
	mu      sync.Mutex
	blocks  map[store.BlockKey]memoryBlock
	seq     uint64
	changed chan struct{}
	fail    error // what BlockTexts returns, when not nil
}

type memoryBlock struct {
	seq   uint64
	texts func(fn func(value string)) // nil when the block is gone
}

func newMemoryLog() *memoryLog {
	return &memoryLog{blocks: make(map[store.BlockKey]memoryBlock), changed: make(chan struct{})}
}

// put writes a block that holds values.
func (l *memoryLog) put(key store.BlockKey, values ...string) {
	l.set(key, func(fn func(string)) {
		for _, v := range values {
			fn(v)
		}
	})
}

// set writes a block; nil removes it.
func (l *memoryLog) set(key store.BlockKey, texts func(fn func(string))) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seq++
	l.blocks[key] = memoryBlock{l.seq, texts}
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *memoryLog) BlockChanges(after uint64, limit int) (changes []store.BlockChange, through uint64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, b := range l.blocks {
		if b.seq > after {
			changes = append(changes, store.BlockChange{Seq: b.seq, Key: key, Deleted: b.texts == nil})
		}
	}
	slices.SortFunc(changes, func(a, b store.BlockChange) int { return int(a.Seq) - int(b.Seq) })
	if len(changes) > limit {
		return changes[:limit], changes[limit-1].Seq, nil
	}
	return changes, max(after, l.seq), nil
}

func (l *memoryLog) BlockTexts(key store.BlockKey, fn func(string)) (bool, error) {
	l.mu.Lock()
	b, err := l.blocks[key], l.fail
	l.mu.Unlock()
	if err != nil || b.texts == nil {
		return false, err
	}
	b.texts(fn)
	return true, nil
}

func (l *memoryLog) BlockSeq() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seq
}

func (l *memoryLog) WaitBlocks(ctx context.Context, after uint64) error {
	for {
		l.mu.Lock()
		seq, changed := l.seq, l.changed
		l.mu.Unlock()
		if seq > after {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// blockRows is how many entries the blocks of workload have.
const blockRows = 1024

// workload returns a log of n blocks over 50 projects, unevenly, whose entries
// resemble what the API of a hosting company records: about 330 bytes of JSON
// each, the same for the same n. The first one of block i holds needle-i.
func workload(n int) *memoryLog {
	l := newMemoryLog()
	zipf := rand.NewZipf(rand.New(rand.NewPCG(1, 1)), 1.2, 4, 49)
	for i := range n {
		project := store.ProjectID(zipf.Uint64() + 1)
		key := store.BlockKey{Project: project, Position: audit.Position{At: int64(i) * 1e9, ID: int64(i)*blockRows + 1}}
		l.set(key, func(fn func(string)) {
			w := worker{r: rand.New(rand.NewPCG(uint64(i), 2)), fn: fn}
			w.text("needle-").num(i).end()
			for range blockRows {
				w.entry(int(project))
			}
		})
	}
	return l
}

var (
	workActions = []string{
		"deployment.deploy", "deployment.delete", "deployment.pause", "deployment.resume", "deployment.rollback",
		"domain.create", "domain.delete", "domain.purgeCache", "route.create", "route.delete", "disk.create", "disk.update",
		"serviceAccount.create", "serviceAccount.createKey", "role.grant", "project.update",
	}
	workNames     = []string{"shop-", "web-", "api-", "worker-", "billing-", "search-"}
	workLocations = []string{"gke.cluster-rcf2", "gke.cluster-a1", "eks.bkk-3"}
)

// worker writes the values of entries.
type worker struct {
	r   *rand.Rand
	fn  func(string)
	buf []byte
}

func (w *worker) text(s string) *worker { w.buf = append(w.buf, s...); return w }
func (w *worker) num(n int) *worker     { w.buf = strconv.AppendInt(w.buf, int64(n), 10); return w }
func (w *worker) hex() *worker {
	w.buf = strconv.AppendUint(w.buf, w.r.Uint64()>>16, 16)
	return w
}

func (w *worker) end() {
	w.fn(string(w.buf))
	w.buf = w.buf[:0]
}

func (w *worker) entry(project int) {
	name, number := workNames[w.r.IntN(len(workNames))], w.r.IntN(1000)
	w.text("Deployed ").text(name).num(number).text(".example.com revision ").num(w.r.IntN(2000)).text(" image sha256:").hex().end()
	w.text(workActions[w.r.IntN(len(workActions))]).end()
	w.text("user").num(w.r.IntN(200)).text("@team").num(project).text(".example.com").end()
	w.text("Deployment").end()
	w.num(w.r.IntN(5000)).end()
	w.text(name).num(number).end()
	w.text(workLocations[w.r.IntN(len(workLocations))]).end()
	if w.r.IntN(100) < 40 {
		w.text("commit").end()
		w.hex().end()
	}
}
