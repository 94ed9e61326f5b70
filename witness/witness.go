package witness

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"auditlog/durable"
	"auditlog/filelock"
	"auditlog/proof"
)

// Why a request is refused.
var (
	ErrRequest   = errors.New("the request is malformed")
	ErrUnknown   = errors.New("the log is not one of those that are witnessed")
	ErrSignature = errors.New("the checkpoint is not signed by the log")
	ErrProof     = errors.New("the proof does not lead to the checkpoint")
)

// ErrTaken is the error of an Open of what another process has open. Two who sign by one file, and
// know nothing of what the other has signed since, would sign two histories.
var ErrTaken = errors.New("another auditlog witness is at work with it")

// ConflictError is the error of a request that does not begin where the witness is.
type ConflictError struct {
	// Size is that of the newest checkpoint that it has signed.
	Size int64
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("the newest checkpoint that was signed has %d leaves", e.Size)
}

// Options configure a Witness. Path, Name and Key are required.
type Options struct {
	// Path is the file that it keeps what it has signed in.
	Path string
	// Name and Key are the witness's own.
	Name string
	Key  proof.Key
	// Logs are the keys of the logs that it signs for, by origin.
	Logs map[string][]proof.PublicKey
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// Witness is a witness. Its methods may be called by several goroutines at once.
type Witness struct {
	opts Options
	lock *os.File // keeps other processes away from the file

	mu     sync.Mutex // guards the file and what is in it
	signed map[string]*signed
}

// signed is the newest checkpoint of a log that was signed.
type signed struct {
	Checkpoint string `json:"checkpoint"` // as a note, with the witness's signature
	size       int64
	root       proof.Hash
}

// Open returns a witness that goes on from what its file says. Nobody else can open the file until
// Close: the error is ErrTaken.
func Open(opts Options) (*Witness, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	lock, err := lockFile(opts.Path + ".lock")
	if err != nil {
		return nil, fmt.Errorf("witness: open %s: %w", opts.Path, err)
	}
	w := &Witness{opts: opts, lock: lock, signed: make(map[string]*signed)}
	if err := w.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("witness: read %s: %w", opts.Path, err), w.Close())
	}
	return w, nil
}

// Close lets others open the file.
func (w *Witness) Close() error { return w.lock.Close() }

func lockFile(path string) (*os.File, error) {
	f, _, err := filelock.Open(path)
	if errors.Is(err, filelock.ErrTaken) {
		err = ErrTaken
	}
	return f, err
}

// load reads what was signed. A file that is not there is that of a new witness.
func (w *Witness) load() error {
	b, err := os.ReadFile(w.opts.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(b, &w.signed)
	}
	if err != nil {
		return err
	}
	if w.signed == nil {
		return errors.New("it does not say what was signed")
	}
	for origin, s := range w.signed {
		if s == nil {
			return fmt.Errorf("nothing stands under %s", origin)
		}
		c, err := proof.PeekCheckpoint([]byte(s.Checkpoint))
		if err == nil && c.Origin != origin {
			err = fmt.Errorf("%s stands under %s", c.Origin, origin)
		}
		if err != nil {
			return err
		}
		s.size, s.root = c.Size, c.Root
	}
	return nil
}

// Public returns the witness as those know it who believe it.
func (w *Witness) Public() proof.Witness {
	return proof.Witness{Name: w.opts.Name, Key: w.opts.Key.Public()}
}

// Newest returns the newest checkpoint of a log that was signed, or nil.
func (w *Witness) Newest(origin string) []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := w.signed[origin]; s != nil {
		return []byte(s.Checkpoint)
	}
	return nil
}

// Add reads a request of tlog-witness: the size of the newest checkpoint that was signed, the
// proof that leads from that to a newer one, and that. It signs the newer one, and returns it with
// its signature. The file has it before anybody else.
func (w *Witness) Add(request []byte) (cosigned, line []byte, err error) {
	r, err := parse(request)
	if err != nil {
		return nil, nil, err
	}
	keys := w.opts.Logs[r.origin]
	if len(keys) == 0 {
		return nil, nil, fmt.Errorf("%w: %.200s", ErrUnknown, r.origin)
	}
	c, err := proof.OpenCheckpoint(r.checkpoint, keys...)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	if r.old > c.Size {
		return nil, nil, fmt.Errorf("%w: it begins with %d leaves, the checkpoint has %d", ErrRequest, r.old, c.Size)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	was := w.signed[r.origin]
	if was == nil {
		was = &signed{root: proof.EmptyRoot()}
	}
	if r.old != was.size || c.Size == was.size && c.Root != was.root {
		return nil, nil, &ConflictError{was.size}
	}
	if err := proof.CheckConsistency(r.proof, c, proof.Checkpoint{Origin: r.origin, Size: was.size, Root: was.root}); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrProof, err)
	}
	if line, err = w.sign(c); err != nil {
		return nil, nil, err
	}
	if cosigned, err = proof.AddCosignatures(r.checkpoint, line, []proof.Witness{w.Public()}); err != nil {
		return nil, nil, err
	}
	return cosigned, line, w.keep(r.origin, &signed{string(cosigned), c.Size, c.Root})
}

// sign returns the line of the witness's signature of a checkpoint.
func (w *Witness) sign(c proof.Checkpoint) ([]byte, error) {
	whole, err := proof.Sign(c, w.opts.Key.Cosigner(w.opts.Name, w.opts.Now()))
	if err != nil {
		return nil, err
	}
	_, line, _ := bytes.Cut(whole, []byte("\n\n"))
	return line, nil
}

// keep puts the newest checkpoint of a log into the file. A crash leaves the file as it was, or as
// it is to be.
func (w *Witness) keep(origin string, s *signed) error {
	was := w.signed[origin]
	w.signed[origin] = s
	b, err := json.MarshalIndent(w.signed, "", "  ")
	if err == nil {
		err = durable.Replace(w.opts.Path, append(b, '\n'))
	}
	if err == nil {
		return nil
	}
	if delete(w.signed, origin); was != nil {
		w.signed[origin] = was
	}
	return fmt.Errorf("witness: keep what was signed: %w", err)
}

// request is a request, taken apart.
type request struct {
	old        int64
	proof      []proof.Hash
	origin     string
	checkpoint []byte
}

// maxProof is how many lines a proof has at most.
const maxProof = 63

func parse(b []byte) (*request, error) {
	head, checkpoint, ok := bytes.Cut(b, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	old, isOld := strings.CutPrefix(lines[0], "old ")
	r := &request{checkpoint: checkpoint}
	var err error
	if r.old, err = strconv.ParseInt(old, 10, 64); !ok || !isOld || err != nil || r.old < 0 || strconv.FormatInt(r.old, 10) != old || len(lines) > 1+maxProof {
		return nil, fmt.Errorf("%w: it must begin with \"old\" and a size", ErrRequest)
	}
	for _, line := range lines[1:] {
		h, err := base64.StdEncoding.Strict().DecodeString(line)
		if err != nil || len(h) != len(proof.Hash{}) {
			return nil, fmt.Errorf("%w: %.60q is no hash", ErrRequest, line)
		}
		r.proof = append(r.proof, proof.Hash(h))
	}
	origin, _, ok := bytes.Cut(checkpoint, []byte("\n"))
	if !ok {
		return nil, fmt.Errorf("%w: it has no checkpoint", ErrRequest)
	}
	r.origin = string(origin)
	return r, nil
}

// Request returns the request that asks a witness to sign a checkpoint, which hashes lead to from
// an older one.
func Request(old int64, hashes []proof.Hash, checkpoint []byte) []byte {
	b := fmt.Appendf(nil, "old %d\n", old)
	for _, h := range hashes {
		b = append(base64.StdEncoding.AppendEncode(b, h[:]), '\n')
	}
	return append(append(b, '\n'), checkpoint...)
}
