package capture

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// Reader is a Source that reads capture files one after another, or merges them by
// time. Its methods are called from one goroutine.
type Reader struct {
	opt     Options
	batcher Batcher
	inputs  []input // not yet opened
	damage  []*DamageError
	done    error // what Next returns once all packets are delivered
	waiting waiting
	merge   *merge // nil if the files are read one after another

	// more, if set, adds inputs when there are none left, and ended is called after each.
	more  func() verdict
	ended func(*input)

	consumed, total, reported int64 // bytes of the files, for OnProgress

	file   file  // the file being read
	before Stats // the counts when it was opened
	order  order
}

var _ Source = (*Reader)(nil)

// Open prepares to read captures: files, directories (all captures in and below
// them, in the order of their first packets) and "-" for Options.Stdin. It fails if a
// named file cannot be opened, a directory holds no capture, or the filter does
// not compile. Faults inside the files, and files of a directory that cannot be read,
// show in Damage.
func Open(paths []string, o Options) (*Reader, error) {
	r := &Reader{opt: o}
	r.waiting.init()
	if err := r.batcher.init(BatcherOptions{Filter: o.Filter, JumpLimit: o.JumpLimit, Unwrap: o.Unwrap, Mirrors: o.Mirrors}); err != nil {
		return nil, err
	}
	ins, damage, err := expand(paths, &r.opt, expandDir)
	if err != nil {
		return nil, err
	}
	r.inputs, r.damage = ins, damage
	if o.Origins {
		r.batcher.from = new(Origin)
	}
	r.file.run = r
	for _, in := range ins {
		if in.size == 0 {
			r.total = 0
			break
		}
		r.total += in.size
	}
	if o.OnFiles != nil {
		o.OnFiles(describe(ins, o.Merge))
	}
	if o.Merge {
		r.merge = newMerge(r)
	}
	return r, nil
}

// describe says what is read and in which order.
func describe(ins []input, merged bool) string {
	what := "1 capture"
	if len(ins) != 1 {
		what = fmt.Sprintf("%d captures", len(ins))
	}
	switch {
	case len(ins) < 2:
		return what
	case merged:
		return what + " merged by time"
	case slices.ContainsFunc(ins, func(in input) bool { return in.inFolder }):
		return what + " by first packet"
	}
	return what
}

// Next returns the next batch, or io.EOF after the last one. Any other error ends
// the run: the filter has no meaning for the link type of a file. Damaged files
// are not errors here; see Damage. All batches but the last are full, but for a
// packet that a full one leaves to the next because of its time, and for batches after
// which a pipe had nothing more for a tenth of a second.
func (r *Reader) Next() (*Batch, error) {
	r.batcher.begin()
	for r.done == nil {
		v := gotPacket
		switch {
		case r.batcher.Full():
			if b := r.batcher.Take(); b != nil {
				r.waiting.began = time.Time{}
				return b, nil
			}
			continue
		case r.merge != nil:
			v = r.merge.fill()
		case r.file.src == nil:
			if len(r.inputs) > 0 {
				r.openFile()
				break
			}
			v = ended
			if r.more != nil {
				v = r.more()
			}
			if v == ended {
				r.done = io.EOF
			}
		default:
			v = r.fill()
		}
		if v == waits {
			return r.pause(), nil
		}
	}
	if b := r.batcher.End(); b != nil {
		return b, nil
	}
	r.finish()
	return nil, r.done
}

// SetFilter implements Refilterer. Packets that were added to a batch are not filtered again.
func (r *Reader) SetFilter(expr string) error { return r.batcher.SetFilter(expr) }

// fill adds packets of the file to the batch until it is full or the file ends or waits.
func (r *Reader) fill() verdict {
	f := &r.file
	b := r.batcher.cur
	for len(b.Packets) < BatchPackets {
		if r.plain() {
			if r.fillPlain(); len(b.Packets) == BatchPackets {
				break
			}
		}
		switch v := f.next(); v {
		case gotPacket:
			p := &f.rec
			if f.pipe != nil {
				r.waiting.came(f.pipe, p.at)
			}
			if r.order.new || f.format == formatNG && f.ng.section != r.order.section {
				r.begins(f)
			}
			num := r.batcher.num
			if r.batcher.from != nil {
				*r.batcher.from = f.origin()
			}
			if !r.batcher.add(f.blk, p.data, p.at, p.orig, p.link) {
				r.filterFailed(f)
				return ended
			}
			if f.format == formatNG {
				files := r.batcher.stats.Files
				files[len(files)-1].count(p.link, r.batcher.num-num)
			}
		case ended:
			r.closed()
			if r.ended != nil {
				r.ended(&f.in)
			}
			return ended
		default:
			return v
		}
	}
	return gotPacket
}

// plain reports whether packets may be taken by fillPlain.
func (r *Reader) plain() bool {
	f := &r.file
	return f.stage == stageRecords && f.format == formatPcap && f.pcap.ordinary() &&
		f.pipe == nil && !r.order.new && r.batcher.plain()
}

// fillPlain adds packets up to one that needs more than most do.
func (r *Reader) fillPlain() {
	f, t := &r.file, &r.batcher
	for b := t.cur; len(b.Packets) < BatchPackets; {
		data, at, orig, ok := f.plainPcap()
		if !ok {
			return
		}
		t.put(f.blk, data, at, orig, f.pcap.link)
	}
}

// openFile opens the next file.
func (r *Reader) openFile() {
	in := r.inputs[0]
	r.inputs = r.inputs[1:]
	r.before = r.batcher.stats
	r.batcher.stats.Files = append(r.batcher.stats.Files, FileStats{Path: in.name()})
	r.order.new = true
	r.file.open(in)
}

// closed counts what was read of a file that has ended.
func (r *Reader) closed() {
	files := r.batcher.stats.Files
	r.countFile(&files[len(files)-1])
}

// Damage returns all damage found so far, in reading order.
func (r *Reader) Damage() []*DamageError { return r.damage }

// note adds damage, unless it is known: parts of a file may meet it each.
func (r *Reader) note(e *DamageError) {
	if r.merge != nil {
		for _, d := range r.damage {
			if d.File == e.File && d.Offset == e.Offset && d.Reason == e.Reason {
				return
			}
		}
	}
	r.damage = append(r.damage, e)
}

// Stats returns the counts so far. The caller may keep Files.
func (r *Reader) Stats() Stats {
	s := r.batcher.Stats()
	if r.file.src != nil {
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
	if r.file.format == formatPcap && f.Packets > 0 {
		f.Links = []LinkCount{{r.file.pcap.link, f.Packets}}
	}
}

// Close releases what the reader holds. Batches that have not been released stay
// valid.
func (r *Reader) Close() error {
	if r.file.src != nil {
		r.file.close()
		r.closed()
	}
	if r.merge != nil {
		r.merge.close()
	}
	r.batcher.drop()
	r.inputs = nil
	r.done = io.EOF
	r.freeBlock()
	return nil
}

// freeBlock gives back the block that files have shared.
func (r *Reader) freeBlock() {
	if f := &r.file; f.blk != nil {
		r.batcher.pool.putBlock(f.blk)
		f.blk, f.buf, f.pos, f.end = nil, nil, 0, 0
	}
}

// finish ends the run after its last packet.
func (r *Reader) finish() {
	r.freeBlock()
	r.progress(true)
	r.order.report(r)
}

// progress calls OnProgress, unless less than a megabyte was read since the last
// call and last is not set.
func (r *Reader) progress(last bool) {
	if r.opt.OnProgress == nil {
		return
	}
	n := r.consumed
	if r.total > 0 {
		n = min(n, r.total)
	}
	if n-r.reported >= 1<<20 || last && n != r.reported {
		r.reported = n
		r.opt.OnProgress(n, r.total)
	}
}

// filterFailed ends the run because the filter has no meaning for a packet.
func (r *Reader) filterFailed(f *file) {
	r.done = fmt.Errorf("%s: %w", f.in.name(), r.batcher.err)
}

// notice calls OnNotice.
func (r *Reader) notice(format string, args ...any) {
	if r.opt.OnNotice != nil {
		r.opt.OnNotice(fmt.Sprintf(format, args...))
	}
}

// order watches whether files that are read one after another are so in time.
type order struct {
	new     bool   // no packet of the file was read yet
	section int64  // of the file, where one was read
	last    string // the file before
	overlap int    // files and sections that begin before an earlier one ends
	told    bool
}

// tolerance is how much older than the packets before it the first packet of a file may be
// without a word: capturing from several queues does not keep them in order.
const tolerance = int64(time.Millisecond)

// begins looks at the time of the first packet of a file or section, which is f.rec.
func (r *Reader) begins(f *file) {
	o, c := &r.order, &r.batcher.clock
	section := !o.new
	first := !section && o.last == ""
	o.new, o.section, o.last = false, f.ng.section, f.in.name()
	if late := c.now - f.rec.at; !first && c.started && late > tolerance {
		if o.overlap++; o.overlap == 1 {
			what := f.in.name()
			if section {
				what += fmt.Sprintf(": section %d", f.ng.sections)
			}
			r.notice("%s begins %s before the end of what is read ahead of it: captures that overlap in time, or are not in its order, tear connections apart; --merge reads them by time",
				what, span(late))
		}
	}
}

// span formats a duration for people.
func span(ns int64) string {
	d := time.Duration(ns)
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	case d >= time.Second:
		return d.Round(time.Second).String()
	}
	return d.Round(time.Microsecond).String()
}

// report says at the end what was out of order.
func (o *order) report(r *Reader) {
	if o.told {
		return
	}
	o.told = true
	s := &r.batcher.stats
	if o.overlap > 1 {
		r.notice("%d captures, or sections of captures, begin before the end of what was read ahead of them; --merge reads them by time", o.overlap)
	}
	if o.overlap == 0 && s.Late >= time.Second {
		late := fmt.Sprintf("%d packets are older than packets before them", s.Backwards)
		if s.Backwards == 1 {
			late = "1 packet is older than one before it"
		}
		if r.merge != nil {
			r.notice("%s in the same capture, by up to %s", late, span(int64(s.Late)))
		} else {
			r.notice("%s, by up to %s; if they come from several interfaces, --merge puts them in order", late, span(int64(s.Late)))
		}
	}
}
