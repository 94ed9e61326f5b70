package backup

import (
	"encoding/json"
	"fmt"
	"time"
)

// Index leads to what a backup holds. It is a part itself, and encrypted where those are.
type Index struct {
	Format  int       `json:"format"`
	Moment  time.Time `json:"moment"`
	Log     string    `json:"log"`
	Secret  []byte    `json:"secret,omitempty"`
	Buckets []Bucket  `json:"buckets"`
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
	for _, b := range x.Buckets {
		for _, p := range b.Parts {
			if !isPartName(p.Name) || p.Rows < 1 {
				return nil, fmt.Errorf("index: %w: a part of bucket %s", ErrDamaged, b.Name)
			}
		}
	}
	return x, nil
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
