package wire

// keptBuffer is the capacity up to which a buffer is used again. A larger one is
// left to the garbage collector: one huge request must not cost memory for ever.
const keptBuffer = 1 << 20

// Buffer is bytes that are used again.
type Buffer struct {
	B    []byte
	wire *Wire
}

// Buffer returns an empty buffer, until it is freed.
func (x *Exchange) Buffer() *Buffer {
	if buf, ok := x.wire.buffers.Get().(*Buffer); ok {
		buf.B = buf.B[:0]
		return buf
	}
	return &Buffer{B: make([]byte, 0, 16<<10), wire: x.wire}
}

// Free gives the buffer back: nothing uses its bytes any more.
func (b *Buffer) Free() {
	if cap(b.B) <= keptBuffer {
		b.wire.buffers.Put(b)
	}
}
