package capture

import (
	"cmp"
	"fmt"
	"io"
	"os"
)

// file cuts one capture file into packets. It is used again for the next file.
type file struct {
	run    *Reader
	in     input
	closer io.Closer
	src    *stream // nil if the file is not open
	pipe   *pipe   // where src comes from, if it may keep the reader waiting
	stage  stage
	format format
	pcap   pcapFile
	ng     ngFile
	part   part

	// buf[pos:end] is read but not parsed. buf[0] is at offset base of the stream. It is
	// the memory of blk, which packets point into, or if blk is nil the file's own, which
	// they are copied from.
	buf      []byte
	blk      *block
	pos, end int
	base     int64
	chunk    int // bytes to read at a time, 0 is as many as fit
	eof      bool
	readErr  error // why the stream ended, nil at its regular end
	waiting  bool  // need has failed because nothing has come yet
	quiet    bool  // the record was counted before

	// skip is what follows of a block larger than memory, or 0.
	skip struct {
		left  int64
		total uint32
		start int64
	}
	seen    uint64 // records so far, also those of interfaces that part leaves out
	counted int64  // of the raw bytes, in Reader.consumed

	rec record
}

// record is a packet of a file.
type record struct {
	data  []byte // valid until the next call of next, or as long as the block
	at    int64  // nanoseconds since 1970
	off   int64  // offset of the record in the stream
	orig  uint32
	num   uint64 // number of the record in the file, from 1
	iface uint32 // number of the interface in its section
	link  uint16
}

// part is what of a file is read: all, or a section, or an interface of a section.
type part struct {
	start, end int64  // offsets in the stream; an end of 0 is that of the file
	before     uint64 // records before start
	iface      int64  // number of the interface plus 1, 0 is all
}

// origin is where rec is.
func (r *file) origin() Origin {
	o := Origin{File: r.in.name(), Num: r.rec.num, Interface: -1}
	if r.format == formatNG {
		o.Interface = int64(r.rec.iface)
	}
	return o
}

type stage uint8

const (
	stageMagic stage = iota
	stageHeader
	stageRecords
)

// verdict is what next has come to.
type verdict uint8

const (
	gotPacket verdict = iota // rec is the next packet
	ended                    // the file is closed
	waits                    // nothing has come yet
)

type format uint8

const (
	formatPcap format = iota
	formatNG
)

// open opens in. A fault of it shows in next.
func (r *file) open(in input) {
	r.in, r.part, r.stage, r.rec = in, part{}, stageMagic, record{}
	r.skip.left, r.skip.total = 0, 0
	r.quiet, r.seen = false, 0
	r.attach()
}

// attach opens the file of r.in, and reads on at its first byte.
func (r *file) attach() {
	r.closer, r.pipe = nil, nil
	r.counted, r.eof, r.readErr, r.waiting = 0, false, nil, false
	switch {
	case r.blk != nil && blockSize-r.end < minRoom:
		r.run.batcher.pool.putBlock(r.blk)
		r.blk = r.run.batcher.pool.block()
		r.buf, r.end = r.blk.buf[:], 0
	case r.blk == nil && r.chunk == 0:
		r.blk = r.run.batcher.pool.block()
		r.buf, r.end = r.blk.buf[:], 0
	case r.blk == nil:
		if r.buf == nil {
			r.buf = r.run.merge.buffer(r.chunk)
		}
		r.end = 0
	}
	// A small file leaves the rest of its block to the next.
	r.pos, r.base = r.end, -int64(r.end)
	if r.in.waits {
		r.pipe = newPipe(r.in, r.run.opt.Stdin)
		r.src = &stream{r: r.pipe, raw: &counter{}, close: r.pipe.close}
		return
	}
	var f io.Reader = r.run.opt.Stdin
	if r.in.path != stdinPath {
		osf, err := os.Open(r.in.path)
		if err != nil {
			r.src = &stream{raw: &counter{}, close: func() {}}
			r.failed("cannot be opened", err)
			return
		}
		f, r.closer = osf, osf
	}
	var err error
	if r.src, err = newStream(f, cmp.Or(r.chunk, streamSize)); err != nil {
		r.failed("cannot be read", err)
	}
}

// streamSize is how much a decompressor reads at a time.
const streamSize = 256 << 10

// minRoom is how much of a block must be left for another file.
const minRoom = 64 << 10

// failed notes that the file cannot be read at all.
func (r *file) failed(what string, err error) {
	r.eof, r.readErr = true, &openError{what, err}
}

// openError is why the first byte of a file could not be read.
type openError struct {
	what string
	err  error
}

func (e *openError) Error() string { return e.what + ": " + e.err.Error() }

// next reads the next packet into r.rec.
func (r *file) next() verdict {
	r.waiting = false
	for {
		switch {
		case r.stage == stageRecords && r.format == formatPcap:
			return r.nextPcap()
		case r.stage == stageRecords:
			return r.nextNG()
		case r.stage == stageHeader:
			r.openPcap()
		default:
			r.openMagic()
		}
		if r.src == nil {
			return ended
		}
		if r.waiting {
			return waits
		}
	}
}

// openMagic finds out the format.
func (r *file) openMagic() {
	if !r.need(4) {
		if r.waiting {
			return
		}
		if e, ok := r.readErr.(*openError); ok {
			r.damaged(0, e.what, e.err)
		} else if r.end == r.pos && r.readErr != nil {
			r.damaged(0, "cannot be read", r.readErr)
		} else if r.end == r.pos {
			r.damaged(0, "the file is empty", nil)
		} else {
			r.damaged(0, "too short for a capture file", r.readErr)
		}
		return
	}
	magic := [4]byte(r.buf[r.pos:])
	switch {
	case magic == ngMagic:
		r.format, r.stage = formatNG, stageRecords
		r.ng = ngFile{ifaces: r.ng.ifaces[:0]}
	case isCapture(magic):
		r.format, r.stage = formatPcap, stageHeader
	default:
		r.damaged(0, fmt.Sprintf("not a capture file: it begins with % x", magic[:]), nil)
	}
}

// close closes the file.
func (r *file) close() {
	if r.src == nil {
		return
	}
	r.account(true)
	r.src.close()
	if r.closer != nil {
		r.closer.Close()
		r.closer = nil
	}
	r.src, r.pipe = nil, nil
	r.pos = r.end
}

// account adds what was read of the file to the run's count.
func (r *file) account(force bool) {
	if n := r.src.raw.n - r.counted; n > 0 && (force || n >= 64<<10) {
		r.run.consumed += n
		r.counted += n
		r.run.progress(false)
	}
}

// finished closes a file whose last record is complete.
func (r *file) finished() {
	off := r.base + int64(r.end)
	switch {
	case r.readErr != nil:
		r.damaged(off, "cannot be read on", r.readErr)
	case r.shrunk():
		r.damaged(off, fmt.Sprintf("the file ends here, it was %d bytes long when reading began", r.in.size), nil)
	default:
		r.close()
	}
}

func (r *file) shrunk() bool { return r.src.raw.n < r.in.size }

// cut ends a file in the middle of the record that begins at buf[pos], unless its rest may
// still come.
func (r *file) cut(want int) {
	if r.waiting {
		return
	}
	reason := fmt.Sprintf("cut in a record: %d bytes of %d are there", r.end-r.pos, want)
	if r.readErr == nil && r.shrunk() {
		reason += fmt.Sprintf("; the file was %d bytes long when reading began", r.in.size)
	}
	r.damaged(r.offset(), reason, r.readErr)
}

// over says what follows from need having failed where a record begins or in it: the file
// waits or is closed.
func (r *file) over(want int) verdict {
	switch {
	case r.waiting:
		return waits
	case r.pos == r.end:
		r.finished()
	default:
		r.cut(want)
	}
	return ended
}

// offset is the position in the stream of the next byte to parse.
func (r *file) offset() int64 { return r.base + int64(r.pos) }

// damaged records damage that ends the reading of the file.
func (r *file) damaged(off int64, reason string, err error) {
	r.run.note(&DamageError{File: r.in.name(), Offset: off,
		Compression: r.src.comp, Reason: reason, Count: 1, Err: err})
	r.close()
}

// clamped counts a time out of range, overOriginal a packet with more data than its
// original length, and shortened a packet that was cut.
func (r *file) clamped() {
	if !r.quiet {
		r.run.batcher.stats.TimesClamped++
	}
}

func (r *file) overOriginal() {
	if !r.quiet {
		r.run.batcher.stats.OverOriginal++
	}
}

func (r *file) shortened() {
	if !r.quiet {
		r.run.batcher.stats.CutToSnaplen++
	}
}

// need makes n bytes, at most blockSize, available at buf[pos] in one piece. It
// reports false if the stream ends before, or, with waiting set, if nothing comes.
func (r *file) need(n int) bool {
	return r.end-r.pos >= n || r.fill(n)
}

func (r *file) fill(n int) bool {
	if r.eof {
		return false
	}
	if r.end == len(r.buf) || r.pos+n > len(r.buf) {
		r.turnOver(n)
	}
	for idle := 0; r.end-r.pos < n; {
		room := r.buf[r.end:]
		if r.chunk > 0 && len(room) > r.chunk {
			room = room[:r.chunk]
		}
		m, err := r.src.r.Read(room)
		r.end += m
		if m > 0 {
			idle = 0
		} else if idle++; err == nil && idle == 100 {
			err = io.ErrNoProgress
		}
		if r.pipe != nil {
			r.src.raw.n, r.src.comp = r.pipe.raw, r.pipe.comp
			if err == errNothingYet {
				r.waiting = !r.run.wait(r.pipe)
				if r.waiting {
					return false
				}
				idle, err = 0, nil
			}
		}
		if err != nil {
			r.eof = true
			if err != io.EOF {
				r.readErr = err
			}
			break
		}
	}
	r.account(false)
	return r.end-r.pos >= n
}

// turnOver makes room for n bytes after buf[pos].
func (r *file) turnOver(n int) {
	if r.blk == nil {
		to := r.buf
		if n > len(to) {
			to = make([]byte, min(max(n, 2*len(to)), blockSize))
		}
		tail := copy(to, r.buf[r.pos:r.end])
		r.base += int64(r.pos)
		r.buf, r.pos, r.end = to, 0, tail
		return
	}
	next := r.run.batcher.pool.block()
	tail := copy(next.buf[:], r.buf[r.pos:r.end])
	r.base += int64(r.pos)
	r.pos, r.end = 0, tail
	r.run.batcher.pool.putBlock(r.blk)
	r.blk, r.buf = next, next.buf[:]
}

// pass discards the next n bytes of the stream. It returns how many are left when the
// stream ends or waits.
func (r *file) pass(n int64) (left int64) {
	for {
		have := int64(r.end - r.pos)
		if have >= n {
			r.pos += int(n)
			return 0
		}
		r.pos = r.end
		n -= have
		if !r.need(1) {
			return n
		}
	}
}
