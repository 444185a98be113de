package diff

import (
	"bufio"
	"bytes"
	"container/heap"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"slices"
)

// A temp makes temporary files, which have no name. Its error is the first one of any of
// them.
type temp struct {
	files []*os.File
	err   error
}

func (t *temp) fail(err error) {
	if t.err == nil {
		t.err = err
	}
}

// file returns a new file, or nil after an error.
func (t *temp) file() *os.File {
	f, err := os.CreateTemp("", "wirelog-")
	if err == nil {
		// The removed file lives as long as it is open.
		if err = os.Remove(f.Name()); err == nil {
			t.files = append(t.files, f)
			return f
		}
		err = errors.Join(err, f.Close())
	}
	t.fail(err)
	return nil
}

// drop closes a file, which frees its space.
func (t *temp) drop(f *os.File) {
	if i := slices.Index(t.files, f); i >= 0 {
		t.files = slices.Delete(t.files, i, i+1)
		if err := f.Close(); err != nil {
			t.fail(err)
		}
	}
}

func (t *temp) close() error {
	for len(t.files) > 0 {
		t.drop(t.files[0])
	}
	return t.err
}

// spoolSize is how much of a spool is in memory, and sortSize how much of a sorter. Only
// tests change them.
var (
	spoolSize = 256 << 10
	sortSize  = 16 << 20
)

// A spool is a list of byte strings.
type spool struct {
	temp *temp
	buf  []byte
	f    *os.File
	size int64 // of f
	n    int
}

// add appends b.
func (s *spool) add(b []byte) {
	s.n++
	s.buf = append(binary.AppendUvarint(s.buf, uint64(len(b))), b...)
	if len(s.buf) < spoolSize {
		return
	}
	if s.f == nil {
		s.f = s.temp.file()
	}
	if s.f != nil {
		n, err := s.f.Write(s.buf)
		s.size += int64(n)
		if err != nil {
			s.temp.fail(err)
		}
	}
	s.buf = s.buf[:0]
}

// each calls f with each string, valid during the call, until it returns false.
func (s *spool) each(f func(b []byte) bool) {
	var r io.Reader = bytes.NewReader(s.buf)
	if s.f != nil {
		r = io.MultiReader(io.NewSectionReader(s.f, 0, s.size), r)
	}
	in := bufio.NewReaderSize(r, 64<<10)
	var b []byte
	for range s.n {
		var err error
		if b, err = readBytes(in, b); err != nil {
			s.temp.fail(err)
			return
		}
		if !f(b) {
			return
		}
	}
}

// free gives up the contents.
func (s *spool) free() {
	if s.f != nil {
		s.temp.drop(s.f)
	}
	s.buf, s.f, s.size, s.n = nil, nil, 0, 0
}

// readBytes reads a string with its length before it into b.
func readBytes(in *bufio.Reader, b []byte) ([]byte, error) {
	n, err := binary.ReadUvarint(in)
	if err != nil {
		return b, err
	}
	b = slices.Grow(b[:0], int(n))[:n]
	_, err = io.ReadFull(in, b)
	return b, err
}

// A sorter sorts pairs of a key and data by key. Pairs with the same key stay in the order
// in which they were added. It has up to sortSize bytes in memory and the rest in a file.
type sorter struct {
	temp  *temp
	buf   []byte
	pairs []pair
	f     *os.File
	size  int64
	runs  []int64 // where the sorted parts of f end
}

// A pair is a key and data in a sorter's buffer.
type pair struct{ at, key, end int }

func (t *temp) sorter() *sorter { return &sorter{temp: t} }

// add adds a pair.
func (s *sorter) add(key, data []byte) {
	const overhead = 24 // of a pair
	if len(s.buf)+len(key)+len(data)+overhead*len(s.pairs) > sortSize && len(s.pairs) > 0 {
		s.spill()
	}
	at := len(s.buf)
	s.buf = append(append(s.buf, key...), data...)
	s.pairs = append(s.pairs, pair{at, at + len(key), len(s.buf)})
}

func (s *sorter) sort() {
	slices.SortStableFunc(s.pairs, func(a, b pair) int { return bytes.Compare(s.buf[a.at:a.key], s.buf[b.at:b.key]) })
}

// spill writes the pairs in memory to the file.
func (s *sorter) spill() {
	s.sort()
	if s.f == nil {
		s.f = s.temp.file()
	}
	if s.f != nil {
		out := bufio.NewWriterSize(s.f, 256<<10)
		var head []byte
		for _, p := range s.pairs {
			head = binary.AppendUvarint(head[:0], uint64(p.key-p.at))
			head = binary.AppendUvarint(head, uint64(p.end-p.key))
			_, _ = out.Write(head) // Flush returns the error
			_, _ = out.Write(s.buf[p.at:p.end])
			s.size += int64(len(head) + p.end - p.at)
		}
		if err := out.Flush(); err != nil {
			s.temp.fail(err)
		}
		s.runs = append(s.runs, s.size)
	}
	s.buf, s.pairs = s.buf[:0], s.pairs[:0]
}

// A cursor is at one of a sorter's pairs, in their order. Its key and data are valid until
// the next call of next.
type cursor struct {
	key, data []byte
	// ok is false after the last pair.
	ok     bool
	sorter *sorter
	i      int // in memory
	heap   runHeap
}

// sorted returns a cursor at the first pair. Nothing may be added after it. When the
// cursor is at the end, the sorter is empty.
func (s *sorter) sorted() *cursor {
	c := &cursor{sorter: s}
	if s.f == nil {
		s.sort()
	} else {
		s.spill()
		s.buf, s.pairs = nil, nil
		start := int64(0)
		for i, end := range s.runs {
			r := &run{order: i, in: bufio.NewReaderSize(io.NewSectionReader(s.f, start, end-start), 32<<10)}
			start = end
			if r.next(s.temp) {
				c.heap = append(c.heap, r)
			}
		}
		heap.Init(&c.heap)
	}
	c.ok = true
	c.next()
	return c
}

// next moves to the next pair.
func (c *cursor) next() {
	s := c.sorter
	switch {
	case !c.ok:
	case s.f == nil:
		if c.i == len(s.pairs) {
			c.end()
			return
		}
		p := s.pairs[c.i]
		c.i++
		c.key, c.data = s.buf[p.at:p.key:p.key], s.buf[p.key:p.end:p.end]
	default:
		// The first run still has the current pair.
		if c.i > 0 {
			if c.heap[0].next(s.temp) {
				heap.Fix(&c.heap, 0)
			} else {
				heap.Pop(&c.heap)
			}
		}
		c.i = 1
		if len(c.heap) == 0 {
			c.end()
			return
		}
		c.key, c.data = c.heap[0].key, c.heap[0].data
	}
}

func (c *cursor) end() {
	c.ok, c.key, c.data = false, nil, nil
	s := c.sorter
	if s.f != nil {
		s.temp.drop(s.f)
	}
	s.buf, s.pairs, s.f, s.runs = nil, nil, nil, nil
}

// A run is a sorted part of a sorter's file.
type run struct {
	in        *bufio.Reader
	order     int
	buf       []byte
	key, data []byte
}

// next reads the next pair.
func (r *run) next(t *temp) bool {
	n, err := binary.ReadUvarint(r.in)
	if err == io.EOF {
		return false
	}
	m := uint64(0)
	if err == nil {
		m, err = binary.ReadUvarint(r.in)
	}
	if err == nil {
		r.buf = slices.Grow(r.buf[:0], int(n+m))[:n+m]
		_, err = io.ReadFull(r.in, r.buf)
	}
	if err != nil {
		t.fail(err)
		return false
	}
	r.key, r.data = r.buf[:n], r.buf[n:]
	return true
}

// A runHeap has the run with the lowest key first.
type runHeap []*run

func (h runHeap) Len() int { return len(h) }

func (h runHeap) Less(i, j int) bool {
	d := bytes.Compare(h[i].key, h[j].key)
	return d < 0 || d == 0 && h[i].order < h[j].order
}

func (h runHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push adds a run.
func (h *runHeap) Push(r any) { *h = append(*h, r.(*run)) }

// Pop removes the last run.
func (h *runHeap) Pop() any {
	old := *h
	r := old[len(old)-1]
	*h = old[:len(old)-1]
	return r
}
