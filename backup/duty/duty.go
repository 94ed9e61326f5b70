// Package duty takes the backups of a log that is running: those that are asked for, which
// it sends, and those of a schedule, which it puts into a repository itself. One is taken at
// a time, and each leaves an entry of the log's own, log.backup in the system project, that
// says how much of the log went where; what is sent, another one before its first byte.
//
// It never decides who may ask: its caller does. What a backup is, package backup knows.
package duty

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"filippo.io/age"
	"github.com/rs/zerolog"

	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/backup"
	"auditlog/store/copies"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// Log is a log of which backups are taken; *store.Store is one.
type Log interface {
	backup.Source
	// Identity tells this log from every other one.
	Identity() string
	// RecordOwn records an entry of the log itself.
	RecordOwn(ctx context.Context, entry *audit.Entry) error
}

// Options configure a Duty.
type Options struct {
	// Program is the version of this program.
	Program string
	// TempDir is where a file is made when much is recorded while a backup is taken.
	// Default that of the system.
	TempDir string
	// Schedule has backups taken by themselves. Default: none.
	Schedule *Schedule
	// Key is the key that signs the log's checkpoints. It is in backups that are encrypted for nobody but the
	// recipients of the schedule, whom the log's operator has named; a caller may name whom he likes.
	Key string
	// Log is told of backups and their failures. Its zero value is silent.
	Log zerolog.Logger
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// Duty takes backups. Its methods may be called by several goroutines at once.
type Duty struct {
	log  Log
	opts Options
	busy chan struct{} // holds a value while a backup is taken

	mu     sync.Mutex // guards status
	status Status
}

// New returns a Duty.
func New(log Log, opts Options) *Duty {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Duty{log: log, opts: opts, busy: make(chan struct{}, 1)}
}

// Status tells of the backups since the start.
type Status struct {
	// Taken and Failed count them.
	Taken, Failed int64
	// Last is the moment of the newest one, zero when there is none: of those before the
	// start, one in the repository of the schedule.
	Last time.Time
	// Bytes is how much the newest one added to its repository, Took how long it took, Held
	// how long its longest transaction lasted.
	Bytes      int64
	Took, Held time.Duration
	// To is where the schedule puts them, and Next when the next one is due, zero before there is one.
	To   string
	Next time.Time
	// Err is why the newest one failed, if it did.
	Err string
}

// Status returns what is known now.
func (d *Duty) Status() Status {
	d.mu.Lock()
	defer d.mu.Unlock()
	st := d.status
	if s := d.opts.Schedule; s != nil {
		if st.To = s.Place.String(); !st.Last.IsZero() {
			st.Next = st.Last.Add(s.Every)
		}
	}
	return st
}

// Request asks for a backup to be sent.
type Request struct {
	// Recipients are those who can read it, as age writes them. Without any it is not encrypted.
	Recipients []string
	// Has reports whether the repository that it is for has a part.
	Has func(name string) bool
	// Number is that of the backup in its repository, 0 of one that is alone.
	Number int64
	// To is where the caller says that the backup goes. It is told of as a claim.
	To string
}

// maxTo bounds the bytes of Request.To.
const maxTo = 512

// Send takes a backup and writes it to w as an archive. What w holds back, flush sends. It returns
// Invalid for a request that is wrong and Conflict while another backup is taken, both
// before anything is written.
func (d *Duty) Send(ctx context.Context, call *rights.Call, req Request, w io.Writer, flush func() error) error {
	recipients, err := ParseRecipients(req.Recipients)
	if err != nil {
		return err
	}
	if len(req.To) > maxTo {
		return audit.FieldErrorf("to", "must be at most %d bytes, has %d", maxTo, len(req.To))
	}
	if req.Number < 0 {
		return audit.FieldErrorf("number", "must be 0 or more")
	}
	release, err := d.begin(ctx)
	if err != nil {
		return err
	}
	defer release()
	takes, err := d.takes(recipients, req.Has, req.Number)
	if err != nil {
		return err
	}
	first, err := d.recordBegin(ctx, call, req.To)
	if err != nil {
		return err
	}
	began := time.Now()
	made, err := backup.Take(ctx, d.log, backup.NewStream(w, d.opts.Now(), flush), takes)
	d.note(made, err, time.Since(began))
	e := d.entry(call, made, err, "sent it to the caller")
	claim(e, req.To)
	e.AddMetadata(map[string]string{"step": "end", "began": strconv.FormatInt(first, 10)})
	d.record(ctx, e)
	return err
}

// recordBegin records that a backup is about to be sent: a server that is killed meanwhile
// leaves a trace of what went out. What cannot be recorded is not sent.
func (d *Duty) recordBegin(ctx context.Context, call *rights.Call, to string) (id int64, err error) {
	e := call.Entry(rights.LogBackup, audit.SystemProject, audit.Resource{Type: "Log", ID: d.log.Identity()})
	e.Detail = "Began to send a backup to the caller"
	claim(e, to)
	e.AddMetadata(map[string]string{"step": "begin"})
	e.Clean()
	if err := d.log.RecordOwn(ctx, e); err != nil {
		return 0, fmt.Errorf("record that the log is backed up: %w", err)
	}
	return e.ID, nil
}

// claim notes where the caller says that a backup goes.
func claim(e *audit.Entry, to string) {
	if to != "" {
		e.AddMetadata(map[string]string{"claimedDestination": strings.ToValidUTF8(to, "�")})
	}
}

// ParseRecipients reads what age calls recipients. It returns Invalid.
func ParseRecipients(list []string) ([]age.Recipient, error) {
	var all []age.Recipient
	for i, text := range list {
		some, err := age.ParseRecipients(strings.NewReader(text))
		if err != nil || len(some) != 1 {
			return nil, audit.FieldErrorf(fmt.Sprintf("recipients[%d]", i), "must be a public key of age, such as age1…")
		}
		all = append(all, some...)
	}
	return all, nil
}

// patience is how long a backup waits for the one before: who has received that whole may ask for
// the next one while its end is being recorded.
const patience = 3 * time.Second

// begin has the backup that the caller takes be the only one.
func (d *Duty) begin(ctx context.Context) (release func(), err error) {
	wait := time.NewTimer(patience)
	defer wait.Stop()
	select {
	case d.busy <- struct{}{}:
		return func() { <-d.busy }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-wait.C:
		return nil, audit.Errorf(audit.Conflict, "another backup is being taken: ask again when it has ended")
	}
}

// secretLabel is that of the secret that names encrypted parts.
const secretLabel = "auditlog backup parts"

// takes returns how this log is taken.
func (d *Duty) takes(recipients []age.Recipient, has func(string) bool, number int64) (backup.Options, error) {
	secret, err := d.secret()
	return backup.Options{
		Buckets:    format.Buckets(),
		Log:        d.log.Identity(),
		Program:    d.opts.Program,
		Recipients: recipients,
		Secret:     secret,
		Key:        d.keyFor(recipients),
		Has:        has,
		Number:     number,
		TempDir:    d.opts.TempDir,
		Now:        d.opts.Now,
		Describe: func(tx kv.Tx) (c backup.Contents, err error) {
			c.Entries, c.LastID, err = copies.Describe(tx)
			return c, err
		},
	}, err
}

// keyFor returns the key that signs if all of these may have it.
func (d *Duty) keyFor(recipients []age.Recipient) string {
	if d.opts.Schedule == nil {
		return ""
	}
	for _, r := range recipients {
		if !slices.ContainsFunc(d.opts.Schedule.Recipients, func(named age.Recipient) bool { return fmt.Sprint(named) == fmt.Sprint(r) }) {
			return ""
		}
	}
	return d.opts.Key
}

// secret returns what names encrypted parts. A log without an entry of its own, which a backup
// ends, has one for a single time.
func (d *Duty) secret() (secret []byte, err error) {
	err = d.log.View(func(tx kv.Tx) error {
		secret, err = copies.Secret(tx, secretLabel)
		return err
	})
	if err == nil && secret == nil {
		secret = make([]byte, 32)
		_, _ = rand.Read(secret) // it never fails
	}
	return secret, err
}

// note counts a backup that ended.
func (d *Duty) note(made *backup.Taken, err error, took time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil {
		d.status.Failed, d.status.Err = d.status.Failed+1, err.Error()
		return
	}
	d.status.Taken, d.status.Err = d.status.Taken+1, ""
	d.status.Last, d.status.Bytes, d.status.Took, d.status.Held = made.Moment, made.NewBytes, took, made.Held
}

// entry returns the entry about a backup, or about one that failed. Of the reason it tells
// no more than that: the log of the server has it.
func (d *Duty) entry(call *rights.Call, made *backup.Taken, err error, did string) *audit.Entry {
	e := call.Entry(rights.LogBackup, audit.SystemProject, audit.Resource{Type: "Log", ID: d.log.Identity()})
	if err != nil {
		e.Outcome = audit.Error
		e.Detail = "The backup did not come to its end"
		return e
	}
	encrypted := "not encrypted"
	if made.Encrypted {
		encrypted = "encrypted"
	}
	e.Detail = fmt.Sprintf("Backed up %d entries up to %d, %s, and %s", made.Entries, made.LastID, encrypted, did)
	e.AddMetadata(map[string]string{"backup": made.ID})
	for name, value := range map[string]int64{
		"entries": made.Entries, "lastId": made.LastID, "bytes": made.Bytes, "newBytes": made.NewBytes, "newParts": int64(made.NewParts),
	} {
		e.Metadata[name] = strconv.FormatInt(value, 10)
	}
	return e
}

// recordWait is how long the entry about a backup may take, also after its caller has gone.
const recordWait = 30 * time.Second

// record records the entry about a backup. Where the log cannot, its own log says so.
func (d *Duty) record(ctx context.Context, e *audit.Entry) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWait)
	defer cancel()
	e.Clean()
	if err := d.log.RecordOwn(ctx, e); err != nil {
		d.opts.Log.Error().Err(err).Str("detail", e.Detail).Msg("a backup is in no entry")
	}
}
