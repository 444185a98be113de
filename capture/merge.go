package capture

import (
	"cmp"
	"io"
	"slices"
)

// merge delivers the packets of files by their times. Of packets with the same time, those
// of the file named first come first.
//
// A lane is what of a file is in order of time: usually all of it. Only lanes whose
// first packet has been reached and whose last has not are open, and of these at most
// maxOpen: beyond it the one whose next packet is farthest ahead is closed, and opened
// again where it was when its turn comes.
type merge struct {
	run     *Reader
	unready []*lane  // whose next packet is not known
	ready   laneHeap // by the time of their next packet
	open    []*lane
	heavy   int      // of open
	told    bool     // that compressed files are read again and again
	bufs    [][]byte // of laneChunk bytes, for the files that are opened next
}

// lane is a part of a file that is read on its own.
type lane struct {
	file
	seq    int   // in the order of the files
	group  *int  // for all lanes of a file, its index in Stats.Files plus 1, 0 before it is opened
	at     int64 // time of the next packet
	parked bool  // it was open before and is not now
	heavy  bool  // it is compressed, and its decompressor takes megabytes
}

const (
	// maxOpen bounds the files that are open at a time, and maxHeavy those among them
	// whose decompressors take megabytes.
	maxOpen  = 256
	maxHeavy = 16
	// laneChunk is how much is read at a time of a file.
	laneChunk = 32 << 10
	// maxParts bounds the lanes of a file.
	maxParts = 4096
)

// laneHeap is a heap of lanes by the time of their next packet.
type laneHeap []*lane

func (h laneHeap) less(i, j int) bool {
	a, b := h[i], h[j]
	return a.at < b.at || a.at == b.at && cmp.Or(cmp.Compare(a.seq, b.seq), cmp.Compare(a.rec.off, b.rec.off)) < 0
}

func (h *laneHeap) push(l *lane) {
	*h = append(*h, l)
	s := *h
	for i := len(s) - 1; i > 0; {
		up := (i - 1) / 2
		if !s.less(i, up) {
			break
		}
		s[i], s[up] = s[up], s[i]
		i = up
	}
}

// fix puts the first lane, whose time has changed, in its place.
func (h laneHeap) fix() {
	for i := 0; ; {
		child := 2*i + 1
		if child >= len(h) {
			return
		}
		if child+1 < len(h) && h.less(child+1, child) {
			child++
		}
		if !h.less(child, i) {
			return
		}
		h[i], h[child] = h[child], h[i]
		i = child
	}
}

// pop removes the first lane.
func (h *laneHeap) pop() {
	s := *h
	n := len(s) - 1
	s[0], s[n] = s[n], nil
	*h = s[:n]
	h.fix()
}

// newMerge looks at the first packet of each file, and at all of pcapng files for whether
// their packets are in order of time.
func newMerge(r *Reader) *merge {
	m := &merge{run: r}
	p := newPeek()
	for seq, in := range r.inputs {
		group := new(int)
		lane := func(at int64, pt part) *lane {
			l := &lane{seq: seq, at: at, group: group}
			l.run, l.chunk, l.in, l.part = r, laneChunk, in, pt
			l.heavy = p.comp != "" && p.comp != "gzip"
			return l
		}
		if in.waits || in.path == stdinPath {
			p.comp = ""
			m.unready = append(m.unready, lane(noTime, part{}))
			continue
		}
		if bad := p.first(&in); bad != nil || in.first == noTime {
			m.unready = append(m.unready, lane(noTime, part{})) // its damage shows when it is read
			continue
		}
		var pieces []piece
		if p.file.format == formatNG {
			if pieces = m.scan(in); len(pieces) > 1 {
				r.notice("%s: %d sections or interfaces are merged by time", in.name(), len(pieces))
			}
		}
		if len(pieces) == 0 {
			m.ready.push(lane(in.first, part{}))
		}
		for _, q := range pieces {
			l := lane(q.first, q.part)
			l.rec.off = q.off
			m.ready.push(l)
		}
	}
	slices.Reverse(m.unready)
	r.inputs = nil
	return m
}

// piece is a part of a file and its first packet.
type piece struct {
	part
	first, off int64
	last       int64
	ordered    bool
}

// scan reads a pcapng file and returns the parts to be merged. There is none if the file is
// in order of time.
func (m *merge) scan(in input) []piece {
	f := &file{run: new(Reader), chunk: 256 << 10}
	f.open(in)
	var sections []piece
	ifaces := map[[2]int64]*piece{}
	ordered, last := true, int64(noTime)
	for f.next() == gotPacket {
		p := &f.rec
		if p.at < last {
			ordered = false
		}
		last = max(last, p.at)
		n := len(sections)
		if n == 0 || sections[n-1].start != f.ng.section {
			if n > 0 {
				sections[n-1].end = f.ng.section
			}
			sections = append(sections, piece{part: part{start: f.ng.section, before: p.num - 1}, first: p.at, off: p.off, last: p.at, ordered: true})
			n++
		}
		s := &sections[n-1]
		s.ordered = s.ordered && p.at >= s.last
		s.last = max(s.last, p.at)
		k := [2]int64{s.start, int64(p.iface)}
		i := ifaces[k]
		if i == nil {
			if len(ifaces) == maxParts {
				f.close()
				m.run.notice("%s has more than %d interfaces and sections: they are not merged", in.name(), maxParts)
				return nil
			}
			i = &piece{part: part{start: s.start, before: s.before, iface: int64(p.iface) + 1}, first: p.at, off: p.off}
			ifaces[k] = i
		}
	}
	f.close()
	if ordered {
		return nil
	}
	var parts []piece
	for i := range sections {
		s := &sections[i]
		var own []piece
		for k, p := range ifaces {
			if k[0] == s.start {
				p.end = s.end
				own = append(own, *p)
			}
		}
		if s.ordered || len(own) == 1 {
			parts = append(parts, *s)
			continue
		}
		slices.SortFunc(own, func(a, b piece) int { return cmp.Compare(a.iface, b.iface) })
		parts = append(parts, own...)
	}
	if len(parts) == 1 {
		return nil // one interface whose packets are out of order
	}
	return parts
}

// fill adds packets to the batch until it is full, or no file has more, or one waits.
func (m *merge) fill() verdict {
	r := m.run
	b := r.batcher.cur
	for len(b.Packets) < BatchPackets {
		if n := len(m.unready); n > 0 {
			l := m.unready[n-1]
			m.use(l)
			switch l.next() {
			case gotPacket:
				l.at = l.rec.at
				m.unready = m.unready[:n-1]
				m.ready.push(l)
			case ended:
				m.unready = m.unready[:n-1]
				m.shut(l)
			default:
				return waits
			}
			continue
		}
		if len(m.ready) == 0 {
			r.done = io.EOF
			return ended
		}
		l := m.ready[0]
		if l.src == nil && !m.load(l) {
			m.ready.pop()
			m.shut(l)
			continue
		}
		p := &l.rec
		if l.pipe != nil {
			r.waiting.came(l.pipe, p.at)
		}
		s := &r.batcher.stats
		packets, bytes, filtered := s.Packets, s.Bytes, s.Filtered
		if r.batcher.from != nil {
			*r.batcher.from = l.origin()
		}
		if !r.batcher.copyIn(p) {
			r.filterFailed(&l.file)
			return ended
		}
		fs := &s.Files[*l.group-1]
		fs.Packets += s.Packets - packets
		fs.count(p.link, s.Packets-packets)
		fs.Bytes += s.Bytes - bytes
		fs.Filtered += s.Filtered - filtered
		switch l.next() {
		case gotPacket:
			l.at = p.at
			m.ready.fix()
		case ended:
			m.ready.pop()
			m.shut(l)
		default:
			m.ready.pop()
			m.unready = append(m.unready, l)
		}
	}
	return gotPacket
}

// load opens a lane and reads its next packet, whose time is known.
func (m *merge) load(l *lane) bool {
	m.use(l)
	v := l.next()
	l.quiet = false
	return v == gotPacket
}

// use opens l if it is not open, and closes another one if there are too many.
func (m *merge) use(l *lane) {
	if l.src != nil {
		return
	}
	for len(m.open) >= maxOpen || l.heavy && m.heavy >= maxHeavy {
		if !m.park(len(m.open) < maxOpen) {
			break
		}
	}
	if *l.group == 0 {
		s := &m.run.batcher.stats
		s.Files = append(s.Files, FileStats{Path: l.in.name()})
		*l.group = len(s.Files)
	}
	switch {
	case l.parked:
		l.parked = false
		l.resume(l.rec.off)
		l.seen = l.rec.num - 1
		l.quiet = true
	case l.part.start > 0:
		l.stage, l.format = stageRecords, formatNG
		l.resume(l.part.start)
		l.seen = l.part.before
	default:
		pt := l.part
		l.open(l.in)
		l.part = pt
	}
	if l.heavy {
		m.heavy++
	}
	if l.src.comp != "" && l.quiet && !m.told {
		m.told = true
		m.run.notice("more compressed captures overlap in time than can be open at once (%d, with gzip %d): they are decompressed from the start again and again; decompress them first", maxHeavy, maxOpen)
	}
	m.open = append(m.open, l)
}

// resume opens the file of a lane again at an offset of its content.
func (r *file) resume(off int64) {
	r.attach()
	if r.eof {
		return
	}
	if s, ok := r.closer.(io.Seeker); ok && r.src.comp == "" {
		if _, err := s.Seek(off, io.SeekStart); err != nil {
			r.failed("cannot be read", err)
			return
		}
		r.src.r = r.src.raw
		r.src.raw.n = off
		r.counted = off
	} else if _, err := io.CopyN(io.Discard, r.src.r, off); err != nil {
		r.failed("cannot be read again", err)
		return
	}
	r.base = off - int64(r.pos)
}

// park closes the lane whose next packet is farthest ahead, of heavy ones if so asked, and
// reports whether there is one that can be opened again.
func (m *merge) park(heavy bool) bool {
	worst := -1
	for i, l := range m.open {
		if l.pipe == nil && l.in.path != stdinPath && (l.heavy || !heavy) &&
			(worst < 0 || m.open[worst].at < l.at) {
			worst = i
		}
	}
	if worst < 0 {
		return false
	}
	l := m.open[worst]
	m.shut(l)
	l.parked = true
	return true
}

// shut closes a lane and takes it from the open ones.
func (m *merge) shut(l *lane) {
	if i := slices.Index(m.open, l); i >= 0 {
		m.open = slices.Delete(m.open, i, i+1)
		if l.heavy {
			m.heavy--
		}
	}
	l.close()
	if len(l.buf) == laneChunk {
		m.bufs = append(m.bufs, l.buf)
	}
	l.buf, l.rec.data = nil, nil
}

// buffer returns memory of n bytes. m may be nil.
func (m *merge) buffer(n int) []byte {
	if m == nil || n != laneChunk || len(m.bufs) == 0 {
		return make([]byte, n)
	}
	last := len(m.bufs) - 1
	b := m.bufs[last]
	m.bufs = m.bufs[:last]
	return b
}

func (m *merge) close() {
	for _, l := range slices.Clone(m.open) {
		m.shut(l)
	}
	m.ready, m.unready = nil, nil
}
