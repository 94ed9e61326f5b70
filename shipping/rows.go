package shipping

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"auditlog/audit"
)

// What the keys of rows begin with. A name has no slash.
const (
	sinkRows   = "sink/"   // and the name -> the Sink as JSON
	secretRows = "secret/" // and the name -> its private as JSON, perhaps sealed
	placeRows  = "place/"  // and the name -> its place as JSON
	letterRows = "letter/" // and the place's number, a slash, the entry's id in 16 hex digits -> letter as JSON
)

// private is what of a sink is kept apart.
type private struct {
	To      string            `json:"to"`
	Secrets map[string]string `json:"secrets,omitempty"`
}

// unseal reads what of a sink is kept apart. again says that another key would seal it now.
func (e *Engine) unseal(name string, row audit.SinkRow) (p private, again bool, err error) {
	data, again, err := e.opts.Keys.Open(name, row.Value)
	if err != nil {
		return p, false, err
	}
	if err := json.Unmarshal(data, &p); err != nil {
		return p, false, fmt.Errorf("secrets of sink %q: %w", name, err)
	}
	return p, again, nil
}

// place is how far a sink has come, and what became of what was shipped.
type place struct {
	// Number tells the letters of this sink from those of an earlier one of its name.
	Number string `json:"number"`
	// At is the number of an entry up to which all was delivered, refused, or is not for
	// this sink: a seq where it is of a project, else an id.
	At int64 `json:"at"`
	// Floor is the newest number of when the sink began to ship: what was purged up to it, was
	// never for it.
	Floor int64 `json:"floor,omitempty"`
	// Paused is set until it is resumed. Stopped says why it stopped by itself.
	Paused  bool   `json:"paused,omitempty"`
	Stopped string `json:"stopped,omitempty"`
	// Counts of entries: delivered, and of them delivered again from the letters; refused for
	// good, each time; purged before they were looked at. Retries counts failed deliveries.
	Delivered int64 `json:"delivered,omitempty"`
	Resent    int64 `json:"resent,omitempty"`
	Refused   int64 `json:"refused,omitempty"`
	Purged    int64 `json:"purged,omitempty"`
	Retries   int64 `json:"retries,omitempty"`
	// Letters counts those that are kept, Room how many there may be until it stops.
	Letters int64 `json:"letters,omitempty"`
	Room    int64 `json:"room"`
	// Resending is set while the letters are sent again. Those with ids up to ResentTo were.
	Resending bool  `json:"resending,omitempty"`
	ResentTo  int64 `json:"resentTo,omitempty"`
	// Proven is set once something was taken, as the sink is set up now: see sink.Batch.
	Proven bool `json:"proven,omitempty"`
	// DeliveredAt is when the last delivery ended.
	DeliveredAt time.Time `json:"deliveredAt,omitzero"`
	// Quiet is for how long, as far as this server has seen time pass, nothing was to be
	// shipped; Silent is set once the destination was told so. Notice is the id of the entry
	// that it has to be told of next, 0 if there is none.
	Quiet  time.Duration `json:"quiet,omitempty"`
	Silent bool          `json:"silent,omitempty"`
	Notice int64         `json:"notice,omitempty"`
}

// letterRoom is how many letters a sink may have until it stops: then something is wrong that
// somebody should look at.
const letterRoom = 10_000

// letter is an entry that a destination refused for good.
type letter struct {
	Number int64     `json:"number"` // of the entry, as the place counts
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
}

func (p *place) letterKey(id int64) string { return fmt.Sprintf("%s%016x", p.letters(), id) }

// letters is what the keys of the letters begin with.
func (p *place) letters() string { return letterRows + p.Number + "/" }

// letterID returns the id in the key of a letter.
func letterID(key string) (int64, error) {
	id, err := strconv.ParseInt(key[strings.LastIndexByte(key, '/')+1:], 16, 64)
	if err != nil {
		return 0, fmt.Errorf("letter %q: %w", key, err)
	}
	return id, nil
}

// encode returns a row's value. It cannot fail: what rows hold are structs of plain values.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("shipping: " + err.Error())
	}
	return b
}

// decode reads a row strictly: what a sink may ship is never guessed.
func decode(row audit.SinkRow, into any) error {
	d := json.NewDecoder(bytes.NewReader(row.Value))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("row %s of the sinks: %w", row.Key, err)
	}
	return nil
}

// readRows returns all rows whose keys begin with prefix, by what follows it.
func readRows(log Log, prefix string) (map[string]audit.SinkRow, error) {
	rows := make(map[string]audit.SinkRow)
	after := ""
	for {
		some, err := log.SinkRows(prefix, after, rowsAtOnce)
		if err != nil {
			return nil, err
		}
		for _, r := range some {
			rows[strings.TrimPrefix(r.Key, prefix)] = r
			after = r.Key
		}
		if len(some) < rowsAtOnce {
			return rows, nil
		}
	}
}

// rowsAtOnce is how many rows are read, or deleted, at once.
const rowsAtOnce = 1000
