package format

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// ErrCorrupt is in the chain of every error about bytes that are not what the
// store wrote.
var ErrCorrupt = errors.New("corrupt")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const sumSize = 4

// checksum covers the key too, so that a value cannot stand under another's.
func checksum(key, body []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, body)
}

// appendSum ends the value of key with its checksum.
func appendSum(key, body []byte) []byte {
	return binary.BigEndian.AppendUint32(body, checksum(key, body))
}

// cutSum returns what appendSum was given, of at least size bytes, or an error
// with ErrCorrupt in its chain.
func cutSum(key, value []byte, size int) (body []byte, err error) {
	if len(value) < size+sumSize {
		return nil, fmt.Errorf("%w: cut short", ErrCorrupt)
	}
	body = value[:len(value)-sumSize]
	if binary.BigEndian.Uint32(value[len(body):]) != checksum(key, body) {
		return nil, fmt.Errorf("%w: checksum does not match", ErrCorrupt)
	}
	return body, nil
}
