package backup

import (
	"encoding/json"
	"fmt"
	"time"
)

// Index leads to what a backup holds. It is a part itself, and encrypted where those are.
type Index struct {
	Format int       `json:"format"`
	Moment time.Time `json:"moment"`
	Log    string    `json:"log"`
	Secret []byte    `json:"secret,omitempty"`
	// Key is the key that signs the log's checkpoints, where the backup has it.
	Key     string   `json:"key,omitempty"`
	Buckets []Bucket `json:"buckets"`
}

// Bucket is the parts of a bucket, in the order of its keys.
type Bucket struct {
	Name  string `json:"name"`
	Parts []Part `json:"parts"`
}

func (x *Index) encode() ([]byte, error) {
	data, err := json.Marshal(x)
	if err != nil {
		return nil, fmt.Errorf("encode index: %w", err)
	}
	return data, nil
}

func decodeIndex(data []byte) (*Index, error) {
	x := new(Index)
	if err := json.Unmarshal(data, x); err != nil {
		return nil, fmt.Errorf("index: %w: %w", ErrDamaged, err)
	}
	if x.Format != Format {
		return nil, fmt.Errorf("index: has format %d, this program reads %d", x.Format, Format)
	}
	return x, nil
}

// UnmarshalJSON reads a part of an index, and refuses one that no backup has: each by itself, since what
// is damaged may seem to lead to any number of them.
func (p *Part) UnmarshalJSON(b []byte) error {
	type plain Part
	if err := json.Unmarshal(b, (*plain)(p)); err != nil {
		return err
	}
	// Only the last row of a part may be larger than it, and each has two bytes at least.
	if !isPartName(p.Name) || p.Rows < 1 || p.Rows > partMost/2+1 || p.Bytes < 2*p.Rows || p.Bytes > mostContent {
		return fmt.Errorf("part %.8q of %d rows and %d bytes", p.Name, p.Rows, p.Bytes)
	}
	return nil
}

// bytes is how much the rows of all buckets take.
func (x *Index) bytes() (n int64) {
	for _, b := range x.Buckets {
		for _, p := range b.Parts {
			n += int64(p.Bytes)
		}
	}
	return n
}
