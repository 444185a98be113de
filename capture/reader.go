package capture

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// Reader reads the packets of a run, file after file. Its methods are called
// from one goroutine; the batches it returns may go to others.
type Reader struct {
	opt    Options
	inputs []input // not yet opened
	pool   *pool
	clock  clock
	stats  Stats
	damage []*DamageError
	filter *filterSet
	done   error  // what Next returns from now on
	ahead  *Batch // begun already, to decide on the jump at the end of the last one
	seq    uint64
	num    uint64 // of the last packet delivered

	consumed, total, reported int64 // of the files, for OnProgress

	// The file being read.
	in     input
	file   io.Closer
	src    *stream // nil between files
	format format
	pcap   pcapFile
	ng     ngFile
	cur    *FileStats

	// The block being filled: buf[pos:end] is read but not parsed, and
	// buf[0] stands at offset base of the stream.
	blk      *block
	pos, end int
	base     int64
	eof      bool
	readErr  error  // why the stream ended, unless at its end
	holder   *Batch // the batch known to hold blk
}

type format uint8

const (
	formatPcap format = iota
	formatNG
)

// Open prepares to read captures: files, directories (every capture in them and
// below, in natural order of the names) and "-" for Options.Stdin. It fails
// when a named file cannot be opened, a directory holds no capture, or the
// filter does not compile; what is wrong inside the files shows later, in Err.
func Open(paths []string, o Options) (*Reader, error) {
	if o.JumpLimit == 0 {
		o.JumpLimit = DefaultJumpLimit
	}
	r := &Reader{opt: o, pool: new(pool), clock: newClock(int64(o.JumpLimit))}
	if o.Filter != "" {
		fs, err := newFilterSet(o.Filter)
		if err != nil {
			return nil, err
		}
		r.filter = fs
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

// Next returns the next batch, or io.EOF after the last. Another error ends the
// run: the filter has no meaning for the link type of a file. Damaged files are
// no error here; see Err.
func (r *Reader) Next() (*Batch, error) {
	b := r.ahead
	r.ahead = nil
	if b == nil {
		b = r.newBatch()
	}
	r.fillBatch(b, BatchPackets)
	if len(b.Packets) == 0 {
		r.pool.putBatch(b)
		r.progress(true)
		return nil, r.done
	}
	if r.clock.pending != nil {
		if len(b.Packets) == BatchPackets {
			a := r.newBatch()
			r.fillBatch(a, 1)
			if len(a.Packets) == 0 {
				r.pool.putBatch(a)
				r.clock.settle(&r.stats)
			} else {
				r.ahead = a
			}
		} else {
			r.clock.settle(&r.stats)
		}
	}
	b.Now = b.Packets[len(b.Packets)-1].Now
	return b, nil
}

// Err returns every damage found so far, joined, or nil.
func (r *Reader) Err() error {
	errs := make([]error, len(r.damage))
	for i, d := range r.damage {
		errs[i] = d
	}
	return errors.Join(errs...)
}

// Damage returns every damage found so far, in reading order.
func (r *Reader) Damage() []*DamageError { return r.damage }

// Stats returns the sums so far. The Files in it are the caller's.
func (r *Reader) Stats() Stats {
	s := r.stats
	s.Files = append([]FileStats(nil), s.Files...)
	for _, f := range s.Files {
		s.Packets += f.Packets
		s.Bytes += f.Bytes
		s.Filtered += f.Filtered
	}
	return s
}

// Close gives up what the reader holds. Batches not yet released stay valid.
func (r *Reader) Close() error {
	if r.src != nil {
		r.closeFile()
	}
	r.inputs = nil
	r.done = io.EOF
	return nil
}

func (r *Reader) newBatch() *Batch {
	b := r.pool.batch(r.seq)
	r.seq++
	r.holder = nil // a recycled batch may be the one that held blk before
	return b
}

// fillBatch reads packets until b has limit of them or the run ends, when it
// sets done.
func (r *Reader) fillBatch(b *Batch, limit int) {
	for len(b.Packets) < limit && r.done == nil {
		if r.src == nil {
			if len(r.inputs) == 0 {
				r.done = io.EOF
				return
			}
			r.in, r.inputs = r.inputs[0], r.inputs[1:]
			r.openFile()
			continue
		}
		if r.format == formatPcap {
			r.readPcap(b, limit)
		} else {
			r.readNG(b, limit)
		}
	}
}

// openFile begins reading r.in up to its first packet.
func (r *Reader) openFile() {
	r.stats.Files = append(r.stats.Files, FileStats{Path: r.in.name()})
	r.cur = &r.stats.Files[len(r.stats.Files)-1]
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
	r.blk = r.pool.block()
	r.pos, r.end, r.base = 0, 0, 0
	r.eof, r.readErr, r.holder = false, nil, nil
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

// closeFile ends the present file.
func (r *Reader) closeFile() {
	r.src.close()
	if r.file != nil {
		r.file.Close()
	}
	r.consumed += r.src.raw.n
	r.src = nil
	if r.blk != nil {
		r.pool.putBlock(r.blk)
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

// offset is where in the stream the next byte to parse stands.
func (r *Reader) offset() int64 { return r.base + int64(r.pos) }

// damaged notes damage that ends the reading of the file.
func (r *Reader) damaged(off int64, reason string, err error) {
	r.damage = append(r.damage, &DamageError{File: r.in.name(), Offset: off,
		Compression: r.src.comp, Reason: reason, Count: 1, Err: err})
	r.closeFile()
}

// tolerated notes a contradictory record after which reading goes on. Only the
// first of a kind in a file is kept; the others are counted on it.
func (r *Reader) tolerated(off int64, reason string) {
	name := r.in.name()
	for i := len(r.damage) - 1; i >= 0 && r.damage[i].File == name; i-- {
		if d := r.damage[i]; d.Tolerated && d.Reason == reason {
			d.Count++
			return
		}
	}
	r.damage = append(r.damage, &DamageError{File: name, Offset: off,
		Compression: r.src.comp, Reason: reason, Count: 1, Tolerated: true})
}

// need makes n bytes available at buf[pos], all in one block. It reports false
// when the stream ends before. n is at most blockSize.
func (r *Reader) need(n int) bool {
	return r.end-r.pos >= n || r.fill(n)
}

func (r *Reader) fill(n int) bool {
	if r.eof {
		return false
	}
	if r.end == blockSize || r.pos+n > blockSize {
		next := r.pool.block()
		tail := copy(next.buf[:], r.blk.buf[r.pos:r.end])
		r.base += int64(r.pos)
		r.pos, r.end = 0, tail
		r.pool.putBlock(r.blk)
		r.blk, r.holder = next, nil
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

// skip passes over n bytes of the stream without keeping them, and reports
// false when it ends before.
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

// progress reports how far the run is, after every megabyte of input.
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

// deliver appends a packet to b, if the filter lets it pass. It points into the
// present block.
func (r *Reader) deliver(b *Batch, data []byte, t int64, orig uint32, link uint16) {
	if r.filter != nil {
		ok, err := r.filter.match(data, orig, link)
		if err != nil {
			r.done = fmt.Errorf("%s: %w", r.in.name(), err)
			return
		}
		if !ok {
			r.cur.Filtered++
			return
		}
	}
	if r.holder != b {
		r.holder = b
		b.use(r.blk)
	}
	n := len(b.Packets)
	b.Packets = b.Packets[:n+1]
	p := &b.Packets[n]
	r.num++
	// Field by field: a literal is made elsewhere and copied, before it has left the
	// processor's store buffer.
	p.Data, p.Time, p.Num, p.OrigLen, p.Link = data, t, r.num, max(orig, uint32(len(data))), link
	r.clock.set(p, &r.stats)
	r.cur.Packets++
	r.cur.Bytes += uint64(len(data))
}
