package wire

import "github.com/wirelog/wirelog/internal/freelist"

// Framer describes how a stream is cut into messages whose header gives their length. It
// also holds the spare buffers of the Frames that use it, so each shard has its own.
type Framer struct {
	header, limit int
	size          func(header []byte) int
	spare         freelist.Buffers
}

const (
	// maxSpare is the number of spare buffers, and maxSpareSize the size in bytes of the
	// largest.
	maxSpare     = 256
	maxSpareSize = 32 << 10
)

// NewFramer returns a Framer for messages that begin with header bytes. size returns the
// length in bytes of the message that begins with the given header, including the header;
// it must not keep the slice and must return the same for the same header. A length below
// header or above limit is invalid, so size may return -1 for a header that cannot be one.
func NewFramer(header, limit int, size func(header []byte) int) *Framer {
	return &Framer{header: header, limit: limit, size: size,
		spare: freelist.Buffers{Largest: maxSpareSize, Most: maxSpare}}
}

// FrameState is the result of Frames.Next.
type FrameState uint8

// Results of Frames.Next.
const (
	// FrameWhole is a complete message.
	FrameWhole FrameState = iota
	// FrameShort means that the rest of a message is still missing. All of b was
	// consumed.
	FrameShort
	// FrameInvalid is a header without a valid length.
	FrameInvalid
)

// Frames cuts one direction of a stream into messages. It keeps the beginning of a
// message until the rest has arrived; a message that is complete in one segment is not
// copied. All calls must pass the same Framer. The zero Frames is ready for use.
type Frames struct {
	buf []byte // the incomplete message; empty but not nil after a message from it
	// left is the number of bytes to pass over of a message with a gap, if gap is set.
	left int
	gap  bool
}

// Next takes the next message off the front of b, which continues the stream, and returns
// what follows it in b. The message includes its header and is valid until the next call.
// With FrameShort msg and rest are nil. With FrameInvalid msg is the header, which is not
// kept. A message with a gap is passed over.
func (f *Frames) Next(fr *Framer, b []byte) (msg, rest []byte, state FrameState) {
	if f.gap {
		n := min(f.left, len(b))
		if f.left -= n; f.left > 0 || len(b) == 0 {
			return nil, nil, FrameShort
		}
		b = b[n:]
		f.gap, f.buf = false, f.buf[:0]
	}
	if len(f.buf) > 0 {
		return f.join(fr, b)
	}
	if f.buf != nil {
		fr.spare.Put(f.buf)
		f.buf = nil
	}
	if len(b) >= fr.header {
		n := fr.size(b[:fr.header])
		if n < fr.header || n > fr.limit {
			return b[:fr.header:fr.header], b[fr.header:], FrameInvalid
		}
		if n <= len(b) {
			return b[:n:n], b[n:], FrameWhole
		}
	}
	if len(b) > 0 {
		f.buf = append(fr.spare.Get(), b...)
	}
	return nil, nil, FrameShort
}

// join is Next for a message whose beginning is in f.buf.
func (f *Frames) join(fr *Framer, b []byte) (msg, rest []byte, state FrameState) {
	if b = f.fill(fr.header, b); len(f.buf) < fr.header {
		return nil, nil, FrameShort
	}
	n := fr.size(f.buf[:fr.header])
	if n < fr.header || n > fr.limit {
		msg, state = f.buf[:fr.header:fr.header], FrameInvalid
	} else {
		if b = f.fill(n, b); len(f.buf) < n {
			return nil, nil, FrameShort
		}
		msg = f.buf[:n:n]
	}
	f.buf = f.buf[:0]
	return msg, b, state
}

// fill appends bytes of b until f.buf has n, and returns the rest.
func (f *Frames) fill(n int, b []byte) []byte {
	n = min(max(n-len(f.buf), 0), len(b))
	f.buf = append(f.buf, b[:n]...)
	return b[n:]
}

// Gap skips n missing bytes of the stream. It returns false if they may include the
// beginning of a message: the next one cannot be found then, and the caller stops or calls
// Reset.
func (f *Frames) Gap(fr *Framer, n uint64) bool {
	if !f.gap {
		if len(f.buf) < fr.header {
			return false
		}
		f.gap, f.left = true, fr.size(f.buf[:fr.header])-len(f.buf)
	}
	if n > uint64(f.left) {
		return false
	}
	f.left -= int(n)
	return true
}

// Partial returns what is kept of an incomplete message, up to the first gap. It is valid
// until the next call of another method.
func (f *Frames) Partial() []byte { return f.buf }

// Kept returns the number of bytes that are kept of an incomplete message.
func (f *Frames) Kept() int { return len(f.buf) }

// Reset makes the next byte the first of a message, gives the buffer back and returns the
// number of bytes that were kept.
func (f *Frames) Reset(fr *Framer) (kept int) {
	kept = len(f.buf)
	fr.spare.Put(f.buf)
	*f = Frames{}
	return kept
}
