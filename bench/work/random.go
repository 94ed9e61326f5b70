package work

import "math/bits"

// random is a stream of numbers of its own for each entry: splitmix64.
type random uint64

// stream returns the stream of item i; salt tells apart streams of different use.
func stream(seed, salt, i uint64) random {
	r := random(seed*0x9e3779b97f4a7c15 ^ salt<<56 ^ i)
	r.next()
	return random(r.next())
}

func (r *random) next() uint64 {
	*r += 0x9e3779b97f4a7c15
	z := uint64(*r)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below returns a number below n.
func (r *random) below(n int) int {
	hi, _ := bits.Mul64(r.next(), uint64(n))
	return int(hi)
}

// skewed returns a number below n, small ones more often: half of them are in the
// first quarter.
func (r *random) skewed(n int) int {
	return r.below(r.below(n) + 1)
}

// chance reports true in percent cases of a hundred.
func (r *random) chance(percent int) bool { return r.below(100) < percent }

const hexDigits = "0123456789abcdef"

// appendHex appends n random hexadecimal digits, 16 at most.
func (r *random) appendHex(b []byte, n int) []byte {
	for v := r.next(); n > 0; n-- {
		b = append(b, hexDigits[v&15])
		v >>= 4
	}
	return b
}
