package format

import (
	"encoding/binary"
	"fmt"
)

// FreshKey is a key that is in no run yet: all of its hash, its entry, and a hash of what the
// caller sent of that.
type FreshKey struct {
	Hi, Lo  uint64
	ID, Seq int64
	Sum     uint32
}

// FreshKeys are the keys of a project that one seal has added, by seq.
type FreshKeys struct {
	Project ProjectID
	Keys    []FreshKey
}

// FreshPrefix is what the rows of fresh keys stand under: no project has the number 0.
func FreshPrefix() []byte { return ProjectPrefix(0) }

// FreshKeysKey returns what the keys of a seal stand under, whose greatest id is last.
func FreshKeysKey(last int64) []byte {
	return binary.BigEndian.AppendUint64(FreshPrefix(), uint64(last))
}

const freshKeysVersion = 1

// EncodeFreshKeys encodes the keys of a seal: version, and for each project its number, how
// many they are, and of each the hash (16), how far id and seq are above those before
// (uvarints), and the sum (4); a checksum over key and value.
func EncodeFreshKeys(key []byte, of []FreshKeys) []byte {
	b := []byte{freshKeysVersion}
	for _, p := range of {
		b = binary.AppendUvarint(b, uint64(p.Project))
		b = binary.AppendUvarint(b, uint64(len(p.Keys)))
		var before FreshKey
		for _, k := range p.Keys {
			b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, k.Hi), k.Lo)
			b = binary.AppendUvarint(b, uint64(k.ID-before.ID))
			b = binary.AppendUvarint(b, uint64(k.Seq-before.Seq))
			b = binary.BigEndian.AppendUint32(b, k.Sum)
			before = k
		}
	}
	return appendSum(key, b)
}

// DecodeFreshKeys reads what EncodeFreshKeys wrote, and calls fn with each key.
func DecodeFreshKeys(key, value []byte, fn func(ProjectID, FreshKey) error) error {
	body, err := cutSum(key, value, 1)
	if err == nil && body[0] != freshKeysVersion {
		err = fmt.Errorf("%w: unknown version %d", ErrCorrupt, body[0])
	}
	if err != nil {
		return fmt.Errorf("keys %x: %w", key, err)
	}
	r := &reader{s: string(body[1:])}
	for r.err == nil && r.s != "" {
		p := ProjectID(r.uvarint())
		var k FreshKey
		for range r.count(22) {
			k.Hi, k.Lo = r.uint64(), r.uint64()
			k.ID += int64(r.uvarint())
			k.Seq += int64(r.uvarint())
			k.Sum = r.uint32()
			if r.err != nil {
				break
			}
			if err := fn(p, k); err != nil {
				return err
			}
		}
	}
	if r.err != nil {
		return fmt.Errorf("keys %x: %w", key, r.err)
	}
	return nil
}

func (r *reader) uint32() uint32 {
	var v uint32
	for range 4 {
		v = v<<8 | uint32(r.byte())
	}
	return v
}

func (r *reader) uint64() uint64 { return uint64(r.uint32())<<32 | uint64(r.uint32()) }
