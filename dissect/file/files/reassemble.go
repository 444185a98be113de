package files

import "sort"

// waiting holds the out-of-order bytes of a file: pieces in order, without overlap.
// Where pieces overlap, the bytes that arrived first stay.
type waiting struct {
	blocks []block
	size   int    // bytes in blocks
	next   uint64 // offset of the next byte to pass on
	floor  uint64 // bytes below this offset are no longer accepted
}

type block struct {
	at   uint64
	data []byte
}

func (b *block) end() uint64 { return b.at + uint64(len(b.data)) }

func (w *waiting) reset() {
	if cap(w.blocks) > keptBlocks {
		w.blocks = nil
	}
	clear(w.blocks)
	*w = waiting{blocks: w.blocks[:0]}
}

// add takes b, whose end does not overflow, and reports the number of bytes that are new.
func (w *waiting) add(b []byte, at uint64) int {
	if low := max(w.floor, w.next); at < low {
		if skip := low - at; skip < uint64(len(b)) {
			b, at = b[skip:], low
		} else {
			return 0
		}
	}
	added := 0
	i := sort.Search(len(w.blocks), func(i int) bool { return w.blocks[i].end() > at })
	for len(b) > 0 {
		n := uint64(len(b))
		if i < len(w.blocks) {
			old := &w.blocks[i]
			if old.at <= at {
				skip := min(old.end()-at, n)
				b, at = b[skip:], at+skip
				i++
				continue
			}
			n = min(n, old.at-at)
		}
		w.blocks = append(w.blocks, block{})
		copy(w.blocks[i+1:], w.blocks[i:])
		w.blocks[i] = block{at, append([]byte(nil), b[:n]...)}
		b, at = b[n:], at+n
		added += int(n)
		i++
	}
	w.size += added
	return added
}

// insert takes bytes at offset of a file that arrives out of order.
func (f *File) insert(b []byte, offset uint64) {
	w := &f.wait
	if len(b) == 0 {
		return
	}
	if offset <= w.next && w.floor <= w.next && (len(w.blocks) == 0 || w.blocks[0].at >= offset+uint64(len(b))) {
		// The bytes are the next ones, so they need not be copied.
		if skip := w.next - offset; skip < uint64(len(b)) {
			b = b[skip:]
			w.next += uint64(len(b))
			f.deliver(b)
		}
	} else {
		f.m.held += w.add(b, offset)
	}
	f.release()
}

// release passes on the held bytes that are next.
func (f *File) release() {
	w := &f.wait
	n := 0
	for n < len(w.blocks) && w.blocks[n].at == w.next {
		data := w.blocks[n].data
		w.next += uint64(len(data))
		w.size -= len(data)
		f.m.held -= len(data)
		f.deliver(data)
		n++
	}
	if n > 0 {
		rest := copy(w.blocks, w.blocks[n:])
		clear(w.blocks[rest:])
		w.blocks = w.blocks[:rest]
	}
}

// flush passes on all held bytes, with the holes between them, and returns the size of
// the first hole.
func (f *File) flush() (skipped uint64) {
	w := &f.wait
	if len(w.blocks) == 0 {
		return 0
	}
	skipped = w.blocks[0].at - w.next
	f.pass(w.blocks[len(w.blocks)-1].end())
	return skipped
}

// flushTo notes that nothing more will arrive below offset. As in Zeek, the next bytes
// are expected at offset, even if bytes beyond it were passed on already: a file sent in
// ranges has holes in several places.
func (f *File) flushTo(offset uint64) {
	f.pass(offset)
	f.wait.next = offset
}

// pass passes on the held bytes below offset, with the holes between them and up
// to offset.
func (f *File) pass(offset uint64) {
	w := &f.wait
	for len(w.blocks) > 0 && w.blocks[0].at < offset {
		f.skip(w.blocks[0].at)
		f.release()
	}
	if offset > w.next {
		f.skip(offset)
	}
	f.release()
	w.floor = max(w.floor, w.next)
}

// skip turns the missing bytes up to offset into a hole.
func (f *File) skip(offset uint64) {
	w := &f.wait
	if at := w.next; offset > at {
		w.next = offset
		f.hole(at, offset-at)
	}
}
