package capture

import (
	"fmt"
	"io"
	"os"
	"slices"
)

// Reader is a Source that reads capture files one after another. Its methods
// are called from one goroutine.
type Reader struct {
	opt     Options
	batcher Batcher
	inputs  []input // not yet opened
	damage  []*DamageError
	done    error // what Next returns once all packets are delivered

	consumed, total, reported int64 // bytes of the files, for OnProgress

	// The file being read.
	in     input
	file   io.Closer
	src    *stream // nil between files
	format format
	pcap   pcapFile
	ng     ngFile
	before Stats // the counts when the file was opened

	// The block being filled: buf[pos:end] is read but not parsed, and buf[0] is
	// at offset base of the stream.
	blk      *block
	pos, end int
	base     int64
	eof      bool
	readErr  error // why the stream ended, nil at its regular end
}

var _ Source = (*Reader)(nil)

type format uint8

const (
	formatPcap format = iota
	formatNG
)

// Open prepares to read captures: files, directories (all captures in and below
// them, in natural order of their names) and "-" for Options.Stdin. It fails if a
// named file cannot be opened, a directory holds no capture, or the filter does
// not compile. Faults inside the files show later, in Damage.
func Open(paths []string, o Options) (*Reader, error) {
	r := &Reader{opt: o}
	if err := r.batcher.init(BatcherOptions{Filter: o.Filter, JumpLimit: o.JumpLimit}); err != nil {
		return nil, err
	}
	ins, err := expand(paths, &r.opt)
	if err != nil {
		return nil, err
	}
	r.inputs = ins
	for _, in := range ins {
		if in.size == 0 {
			r.total = 0
			break
		}
		r.total += in.size
	}
	return r, nil
}

// Next returns the next batch, or io.EOF after the last one. Any other error ends
// the run: the filter has no meaning for the link type of a file. Damaged files
// are not errors here; see Damage. All batches but the last are full, but for a
// packet that a full one leaves to the next because of its time.
func (r *Reader) Next() (*Batch, error) {
	r.batcher.begin()
	for r.done == nil {
		switch {
		case r.batcher.Full():
			if b := r.batcher.Take(); b != nil {
				return b, nil
			}
		case r.src == nil:
			if len(r.inputs) == 0 {
				r.done = io.EOF
				break
			}
			r.in, r.inputs = r.inputs[0], r.inputs[1:]
			r.openFile()
		case r.format == formatPcap:
			r.readPcap()
		default:
			r.readNG()
		}
	}
	if b := r.batcher.End(); b != nil {
		return b, nil
	}
	r.progress(true)
	return nil, r.done
}

// Damage returns all damage found so far, in reading order.
func (r *Reader) Damage() []*DamageError { return r.damage }

// Stats returns the counts so far. The caller may keep Files.
func (r *Reader) Stats() Stats {
	s := r.batcher.Stats()
	if r.src != nil {
		r.countFile(&s.Files[len(s.Files)-1])
	}
	return s
}

// countFile sets the counts of the present file.
func (r *Reader) countFile(f *FileStats) {
	s := &r.batcher.stats
	f.Packets = s.Packets - r.before.Packets
	f.Bytes = s.Bytes - r.before.Bytes
	f.Filtered = s.Filtered - r.before.Filtered
	switch {
	case f.Packets == 0:
	case r.format == formatNG:
		f.Links = slices.Clone(r.ng.links)
	default:
		f.Links = []LinkCount{{r.pcap.link, f.Packets}}
	}
}

// Close releases what the reader holds. Batches that have not been released stay
// valid.
func (r *Reader) Close() error {
	if r.src != nil {
		r.closeFile()
	}
	r.batcher.drop()
	r.inputs = nil
	r.done = io.EOF
	return nil
}

// openFile opens r.in and reads it up to its first packet.
func (r *Reader) openFile() {
	r.before = r.batcher.stats
	r.batcher.stats.Files = append(r.batcher.stats.Files, FileStats{Path: r.in.name()})
	var f io.Reader = r.opt.Stdin
	r.file = nil
	if r.in.path != stdinPath {
		osf, err := os.Open(r.in.path)
		if err != nil {
			r.src = &stream{raw: &counter{}, close: func() {}}
			r.damaged(0, "cannot be opened", err)
			return
		}
		f, r.file = osf, osf
	}
	src, err := newStream(f)
	r.src = src
	r.blk = r.batcher.pool.block()
	r.pos, r.end, r.base = 0, 0, 0
	r.eof, r.readErr = false, nil
	if err != nil {
		r.damaged(0, "cannot be read", err)
		return
	}
	if !r.need(4) {
		if r.end == 0 {
			r.damaged(0, "the file is empty", r.readErr)
		} else {
			r.damaged(0, "too short for a capture file", r.readErr)
		}
		return
	}
	magic := [4]byte(r.blk.buf[:4])
	switch {
	case magic == ngMagic:
		r.format = formatNG
		r.ng = ngFile{ifaces: r.ng.ifaces[:0]}
	case isCapture(magic):
		r.format = formatPcap
		r.openPcap()
	default:
		r.damaged(0, fmt.Sprintf("not a capture file: it begins with % x", magic[:]), nil)
	}
}

// closeFile closes the present file.
func (r *Reader) closeFile() {
	r.src.close()
	if r.file != nil {
		r.file.Close()
	}
	r.consumed += r.src.raw.n
	files := r.batcher.stats.Files
	r.countFile(&files[len(files)-1])
	r.src = nil
	if r.blk != nil {
		r.batcher.pool.putBlock(r.blk)
		r.blk = nil
	}
	r.progress(false)
}

// finished closes a file whose last record is complete.
func (r *Reader) finished() {
	off := r.base + int64(r.end)
	switch {
	case r.readErr != nil:
		r.damaged(off, "cannot be read on", r.readErr)
	case r.shrunk():
		r.damaged(off, fmt.Sprintf("the file ends here, it was %d bytes long when reading began", r.in.size), nil)
	default:
		r.closeFile()
	}
}

func (r *Reader) shrunk() bool { return r.src.raw.n < r.in.size }

// cut ends a file in the middle of the record that begins at buf[pos].
func (r *Reader) cut(want int) {
	reason := fmt.Sprintf("cut in a record: %d bytes of %d are there", r.end-r.pos, want)
	if r.readErr == nil && r.shrunk() {
		reason += fmt.Sprintf("; the file was %d bytes long when reading began", r.in.size)
	}
	r.damaged(r.offset(), reason, r.readErr)
}

// offset is the position in the stream of the next byte to parse.
func (r *Reader) offset() int64 { return r.base + int64(r.pos) }

// damaged records damage that ends the reading of the file.
func (r *Reader) damaged(off int64, reason string, err error) {
	r.damage = append(r.damage, &DamageError{File: r.in.name(), Offset: off,
		Compression: r.src.comp, Reason: reason, Count: 1, Err: err})
	r.closeFile()
}

// need makes n bytes, at most blockSize, available at buf[pos] in one block. It
// reports false if the stream ends before.
func (r *Reader) need(n int) bool {
	return r.end-r.pos >= n || r.fill(n)
}

func (r *Reader) fill(n int) bool {
	if r.eof {
		return false
	}
	if r.end == blockSize || r.pos+n > blockSize {
		next := r.batcher.pool.block()
		tail := copy(next.buf[:], r.blk.buf[r.pos:r.end])
		r.base += int64(r.pos)
		r.pos, r.end = 0, tail
		r.batcher.pool.putBlock(r.blk)
		r.blk = next
	}
	for idle := 0; r.end-r.pos < n; {
		m, err := r.src.r.Read(r.blk.buf[r.end:])
		r.end += m
		if m > 0 {
			idle = 0
		} else if idle++; err == nil && idle == 100 {
			err = io.ErrNoProgress
		}
		if err != nil {
			r.eof = true
			if err != io.EOF {
				r.readErr = err
			}
			break
		}
	}
	r.progress(false)
	return r.end-r.pos >= n
}

// skip discards n bytes of the stream, and reports false if it ends before.
func (r *Reader) skip(n int64) bool {
	for {
		have := int64(r.end - r.pos)
		if have >= n {
			r.pos += int(n)
			return true
		}
		r.pos = r.end
		n -= have
		if !r.need(1) {
			return false
		}
	}
}

// progress calls OnProgress, unless less than a megabyte was read since the last
// call and last is not set.
func (r *Reader) progress(last bool) {
	if r.opt.OnProgress == nil {
		return
	}
	n := r.consumed
	if r.src != nil {
		n += r.src.raw.n
	}
	if n-r.reported >= 1<<20 || last && n != r.reported {
		r.reported = n
		r.opt.OnProgress(n, r.total)
	}
}

// filterFailed ends the run because the filter has no meaning for a packet.
func (r *Reader) filterFailed() {
	r.done = fmt.Errorf("%s: %w", r.in.name(), r.batcher.err)
}
