package block

import (
	"encoding/binary"
	"encoding/hex"
)

// Flags of a column of hexadecimal values.
const (
	hexUpper = 1 << iota
	hexUUID  // 32 digits with dashes
)

// appendHex appends element i of a column of hexadecimal values.
func (b *Block) appendHex(dst []byte, c *column, i int) []byte {
	n, flags, start := int(c.n), c.flags, len(dst)
	data := b.data[c.text:]
	switch {
	case n%2 != 0:
		for d := i * n; d < (i+1)*n; d++ {
			dst = append(dst, "0123456789abcdef"[data[d/2]>>(4-d%2*4)&15])
		}
	case flags&hexUUID == 0:
		dst = hex.AppendEncode(dst, data[i*n/2:(i+1)*n/2])
	default:
		u := data[16*i:]
		dst = append(hex.AppendEncode(dst, u[:4]), '-')
		dst = append(hex.AppendEncode(dst, u[4:6]), '-')
		dst = append(hex.AppendEncode(dst, u[6:8]), '-')
		dst = append(hex.AppendEncode(dst, u[8:10]), '-')
		dst = hex.AppendEncode(dst, u[10:16])
	}
	if flags&hexUpper != 0 {
		for k, d := range dst[start:] {
			if d >= 'a' {
				dst[start+k] = d - 'a' + 'A'
			}
		}
	}
	return dst
}

// nibbles is the value of each hexadecimal digit, in either case.
var nibbles = func() (t [256]byte) {
	for i := range byte(10) {
		t['0'+i] = i
	}
	for i := range byte(6) {
		t['a'+i], t['A'+i] = 10+i, 10+i
	}
	return t
}()

// appendHexColumn appends a column of hexadecimal values, the first digit of each
// byte in its upper half.
func appendHexColumn(dst []byte, values []string, flags byte) []byte {
	n := len(values[0])
	if flags&hexUUID != 0 {
		n = 32
	}
	dst = append(dst, kindHex)
	dst = binary.AppendUvarint(dst, uint64(n))
	dst = append(dst, flags)
	upper, odd := byte(0), false
	for _, v := range values {
		for i := range len(v) {
			if v[i] == '-' {
				continue
			}
			if odd {
				dst = append(dst, upper|nibbles[v[i]])
			} else {
				upper = nibbles[v[i]] << 4
			}
			odd = !odd
		}
	}
	if odd {
		dst = append(dst, upper)
	}
	return dst
}
