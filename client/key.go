package client

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"
)

// keys makes the keys of entries that have none: 24 letters and digits that
// sort in the order in which they were made, because the log keeps what counts up in
// fewer bytes than what is random. They are the second of
// the first use, 48 random bits, and a count of 40 bits.
type keys struct {
	once   sync.Once
	prefix [10]byte
	count  atomic.Uint64
}

// keyEncoding keeps the order of what it encodes, as base32hex does.
var keyEncoding = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

func (k *keys) next() string {
	k.once.Do(func() {
		binary.BigEndian.PutUint32(k.prefix[:4], uint32(time.Now().Unix()))
		rand.Read(k.prefix[4:]) // never fails
	})
	var count [8]byte
	binary.BigEndian.PutUint64(count[:], k.count.Add(1))
	var id [15]byte
	copy(id[:], k.prefix[:])
	copy(id[10:], count[3:])
	return keyEncoding.EncodeToString(id[:])
}
