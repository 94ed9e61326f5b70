package api

import "sync"

// keptBuffer is the capacity up to which a buffer is used again. A larger one is
// left to the garbage collector: one huge request must not cost memory for ever.
const keptBuffer = 1 << 20

// buffer is bytes that are used again.
type buffer struct{ b []byte }

// bufferPool keeps buffers between requests. Its zero value is ready.
type bufferPool struct{ pool sync.Pool }

func (p *bufferPool) get() *buffer {
	if buf, ok := p.pool.Get().(*buffer); ok {
		buf.b = buf.b[:0]
		return buf
	}
	return &buffer{b: make([]byte, 0, 16<<10)}
}

func (p *bufferPool) put(buf *buffer) {
	if cap(buf.b) <= keptBuffer {
		p.pool.Put(buf)
	}
}
