package conn

import (
	"bytes"
	"slices"
	"strconv"
	"unsafe"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/internal/linked"
)

// stream is the reassembly of one direction. Sequence numbers are relative: the
// SYN is 0, the first byte 1.
type stream struct {
	next    uint64 // first byte neither delivered nor given up, 0 before there is a stream
	trimmed uint64 // everything below was discarded
	*held
}

// held is the stream's out-of-order buffer. Most streams share the pool's empty one.
type held struct {
	blocks []block
	store  []block // the whole backing array of blocks
	bytes  uint64  // sum of the blocks' lengths
	lender bool    // whether it is in streamPool.borrowers
	first  [smallestStore]block

	c   *Conn // whose stream it is, set once the packet is processed
	age linked.Node[held]
}

// block is a run of bytes that arrived. A block below stream.next was delivered and is
// kept until it is acknowledged.
type block struct {
	seq, end uint64
	// data is nil if the contents are not kept. If borrowed is set, it is part of the
	// packet that brought it, until Settle moves it to a page of its own.
	data     []byte
	borrowed bool
}

// firstSeq is the number of the first byte of a stream.
const firstSeq = 1

func (c *Conn) stream(s *side) *stream {
	st := &c.extra().streams[0]
	if s == &c.side[1] {
		st = &c.ext.streams[1]
	}
	if st.next == 0 {
		st.next, st.trimmed, st.held = firstSeq, firstSeq, &c.t.streams.none
	}
	return st
}

// peekStream is stream without creating one: it returns nil instead.
func (c *Conn) peekStream(s *side) *stream {
	if c.ext == nil {
		return nil
	}
	st := &c.ext.streams[0]
	if s == &c.side[1] {
		st = &c.ext.streams[1]
	}
	if st.next == 0 {
		return nil
	}
	return st
}

// unacknowledged is the number of delivered bytes that were not acknowledged.
func (st *stream) unacknowledged() uint64 { return st.next - min(st.trimmed, st.next) }

// keeps reports whether delivered bytes are kept until they are acknowledged, because
// somebody listens for retransmissions with other contents.
func (t *Table) keeps() bool {
	return t.hooks.Conn.RexmitInconsistency.On() || t.hooks.Weird.Conn.On()
}

// pending is the number of bytes of a stream that wait for earlier ones or for their
// acknowledgement, kept or not.
func (t *Table) pending(st *stream) uint64 {
	if t.keeps() {
		return st.bytes
	}
	return st.bytes + st.unacknowledged()
}

// piece is the payload of a segment, or the part of it that is new.
type piece struct {
	seq   uint64 // of its first byte
	data  []byte
	flags uint8 // of the segment
}

func (d *piece) end() uint64 { return d.seq + uint64(len(d.data)) }

// cut removes everything before seq from d.
func (d *piece) cut(seq uint64) { d.data, d.seq = d.data[seq-d.seq:], seq }

// dataSent processes the payload of a segment of s, which begins at seq in its stream.
func (t *Table) dataSent(c *Conn, s, peer *side, seq uint64, data []byte, flags uint8) {
	if s.flags&sideNoStream != 0 {
		return
	}
	st := c.stream(s)
	if t.shedding != 0 && st.next > t.shedding {
		t.stats.Shed++
		t.streams.drop(st, len(st.blocks))
		s.flags |= sideNoStream
		return
	}
	var d piece
	d.seq, d.data, d.flags = seq, data, flags
	if acked := s.relative(s.ackSeq, s.ackWraps); seq < acked {
		if d.end() <= acked {
			return
		}
		d.cut(acked)
	}
	t.newBlock(c, s, peer, st, &d)
	if h := st.held; h != &t.streams.none && h.c == nil {
		h.c = c
		t.streams.byAge.Add(&h.age, h)
	}

	lim := &t.cfg
	switch n := len(st.blocks); {
	case n > 0 && s.nothingAcked() && lim.AboveHole != 0 && st.blocks[n-1].end > st.next &&
		st.blocks[n-1].end-st.next > lim.AboveHole:
		t.giveUp(c, s, st, "above_hole_data_without_any_acks")
	case lim.StreamBytes != 0 && t.pending(st) > lim.StreamBytes:
		t.giveUp(c, s, st, "excessive_data_without_further_acks")
	case n > lim.ReassemblyBlocks:
		t.giveUp(c, s, st, "excessive_segments_out_of_order")
	case t.streams.exhausted():
		t.giveUpOldest()
	}
}

// giveUpOldest gives up the streams that have held something for the longest time, until all
// together hold no more than they may. Holes that are never filled go first so, and not the
// streams of whoever sends next.
func (t *Table) giveUpOldest() {
	for t.streams.exhausted() {
		h := t.streams.byAge.Oldest()
		if h == nil {
			return
		}
		c, i := h.c, 0
		if c.ext.streams[1].held == h {
			i = 1
		}
		t.giveUp(c, &c.side[i], &c.ext.streams[i], "reassembly_memory_exhausted")
	}
}

// Shed makes the table analyze streams up to n bytes only, or all of them if n is 0. A longer one
// that goes on meanwhile is given up for good. Rows of connections do not depend on it.
func (t *Table) Shed(n uint64) { t.shedding = n }

// giveUp ends the reassembly of one direction.
func (t *Table) giveUp(c *Conn, s *side, st *stream, why string) {
	t.weird(c, why, "", "TCP")
	for i := range st.blocks {
		if st.blocks[i].end > st.next {
			t.stats.StreamDropped += st.blocks[i].end - max(st.blocks[i].seq, st.next)
		}
	}
	t.streams.drop(st, len(st.blocks))
	s.flags |= sideNoStream
}

func (t *Table) newBlock(c *Conn, s, peer *side, st *stream, d *piece) {
	end := d.end()
	if len(d.data) == 0 || end <= st.trimmed {
		return
	}
	if d.seq < st.next && !t.keeps() {
		if end <= st.next {
			return
		}
		d.cut(st.next)
	}
	n := len(st.blocks)
	if n == 0 || d.seq == st.blocks[n-1].end {
		if d.seq == st.next {
			// In order: delivered where it lies.
			st.next = end
			t.deliver(c, s, d.seq, d.data)
			if t.ackUnseen(s, peer) {
				t.trim(c, s, peer, st, st.next)
			} else if t.keeps() {
				t.streams.hold(st, n, d.seq, d.data)
			}
			return
		}
	} else {
		t.checkOverlap(c, peer, st, d)
	}
	if d.seq < st.trimmed {
		d.cut(st.trimmed)
	}
	if i := t.insertBlock(st, d.seq, d.data); i >= 0 {
		t.inserted(c, s, peer, st, i)
	}
}

// insertBlock adds blocks for the parts of data that no block covers: the first
// contents stay. It returns the index of the first new block, or -1.
func (t *Table) insertBlock(st *stream, seq uint64, data []byte) int {
	end := seq + uint64(len(data))
	first := -1
	i := st.search(seq)
	for at := seq; at < end; i++ {
		if i < len(st.blocks) && st.blocks[i].seq <= at {
			at = st.blocks[i].end
			continue
		}
		stop := end
		if i < len(st.blocks) {
			stop = min(stop, st.blocks[i].seq)
		}
		t.streams.hold(st, i, at, data[at-seq:stop-seq])
		if first < 0 {
			first = i
		}
		at = stop
	}
	return first
}

// search returns the index of the first block that ends after seq.
func (h *held) search(seq uint64) int {
	i, _ := slices.BinarySearchFunc(h.blocks, seq, func(b block, seq uint64) int {
		if b.end <= seq {
			return -1
		}
		return 1
	})
	return i
}

// inserted delivers what the new block i has made deliverable.
func (t *Table) inserted(c *Conn, s, peer *side, st *stream, i int) {
	if st.blocks[i].seq > st.next || st.blocks[i].end <= st.next {
		return
	}
	for ; i < len(st.blocks) && st.blocks[i].seq <= st.next; i++ {
		if b := &st.blocks[i]; b.seq == st.next {
			st.next = b.end
			t.deliver(c, s, b.seq, b.data)
		}
	}
	if !t.keeps() {
		t.streams.drop(st, st.search(st.next))
	}
	if t.ackUnseen(s, peer) {
		t.trim(c, s, peer, st, st.next)
	}
}

// ackUnseen reports whether s has sent so much without an acknowledgement that the
// peer's packets are probably not captured.
func (t *Table) ackUnseen(s, peer *side) bool {
	w := t.cfg.InitialWindow
	return w != 0 && s.nothingAcked() && s.tcpSize(peer) > w
}

// checkOverlap reports bytes that were sent before with other contents.
func (t *Table) checkOverlap(c *Conn, peer *side, st *stream, d *piece) {
	seq, end := d.seq, d.end()
	for i := st.search(seq); i < len(st.blocks) && st.blocks[i].seq < end; i++ {
		b := &st.blocks[i]
		lo, hi := max(seq, b.seq), min(end, b.end)
		if b.data == nil {
			continue
		}
		was, is := b.data[lo-b.seq:hi-b.seq], d.data[lo-seq:hi-seq]
		if bytes.Equal(was, is) || hi-lo == 1 && peer.lastSeen == 0 {
			continue // equal, or a keep-alive's garbage byte
		}
		if e := t.hooks.Conn.RexmitInconsistency.Begin(); e != nil {
			*e = event.RexmitInconsistency{Conn: c, T1: was, T2: is, TCPFlags: flagString(d.flags)}
			t.hooks.Conn.RexmitInconsistency.Raise(e)
		}
		t.weird(c, "retransmission_inconsistency", "", "TCP")
	}
}

// acked processes the peer's acknowledgement of everything of s below seq.
func (t *Table) acked(c *Conn, s, peer *side, seq uint64) {
	if s.fins > 0 && seq >= s.size {
		seq = s.size - 1
	}
	if st := c.peekStream(s); st == nil {
		if seq <= firstSeq {
			return
		}
	} else if seq <= st.trimmed {
		return
	}
	st := c.stream(s)
	if s.state == event.StateEstablished && peer.state == event.StateEstablished && s.flags&sideNoStream == 0 && c.flags&flagSkip == 0 {
		t.stats.Acks++
		if seq > st.next {
			t.stats.Gaps++
		}
	}
	t.trim(c, s, peer, st, seq)
	t.checkEOF(c, s, peer)
}

// trim discards everything below seq. Bytes missing there will not come.
func (t *Table) trim(c *Conn, s, peer *side, st *stream, seq uint64) {
	if seq > st.next {
		t.undelivered(c, s, peer, st, seq)
	}
	n := 0
	for n < len(st.blocks) && st.blocks[n].end <= seq {
		n++
	}
	t.streams.drop(st, n)
	st.trimmed = max(st.trimmed, seq)
	if len(st.blocks) > 0 && st.blocks[0].seq == st.next {
		t.inserted(c, s, peer, st, 0)
	}
}

// undelivered gives up the holes below seq and delivers the data between them.
func (t *Table) undelivered(c *Conn, s, peer *side, st *stream, seq uint64) {
	if seq <= 2 && c.flags&flagPartial != 0 {
		return // the assumed SYN of a partial connection, or its keep-alive
	}
	if s.flags&sideNoStream == 0 {
		for {
			i, _ := slices.BinarySearchFunc(st.blocks, st.next, func(b block, next uint64) int {
				if b.seq < next {
					return -1
				}
				return 1
			})
			if i == len(st.blocks) || st.blocks[i].seq >= seq {
				break
			}
			if b := &st.blocks[i]; b.seq > st.next {
				t.gap(c, s, peer, st.next, b.seq-st.next)
				st.next = b.seq
			}
			t.inserted(c, s, peer, st, i)
		}
		if seq > st.next {
			t.gap(c, s, peer, st.next, seq-st.next)
		}
	}
	st.next = max(st.next, seq)
}

func cleanSide(s *side) bool {
	return s.state == event.StateEstablished || s.state == event.StateClosed && s.prev == event.StateEstablished
}

// gap reports n missing bytes at seq. Gaps count only on connections that are
// established or close in an orderly way: elsewhere they may be artefacts of resets and
// of traffic before the capture.
func (t *Table) gap(c *Conn, s, peer *side, seq, n uint64) {
	isOrig := c.isOrig(s)
	if cleanSide(s) && cleanSide(peer) {
		if r := c.scaled(s, &s.gaps, countGap, 'G'); r > 1 {
			if e := t.hooks.TCP.MultipleGap.Begin(); e != nil {
				*e = event.TCPMultipleGap{Conn: c, IsOrig: isOrig, Threshold: r}
				t.hooks.TCP.MultipleGap.Raise(e)
			}
		}
		if e := t.hooks.Conn.ContentGap.Begin(); e != nil {
			*e = event.ContentGap{Conn: c, IsOrig: isOrig, Seq: seq, Length: n}
			t.hooks.Conn.ContentGap.Raise(e)
		}
	}
	s.flags |= sideGap
	t.record(c, s, append(strconv.AppendUint(append(t.scratch.addl[:0], "\n<<gap "...), n, 10), ">>\n"...))
	t.analyzersGap(c, isOrig, n)
}

// deliver passes on the next bytes of the stream.
func (t *Table) deliver(c *Conn, s *side, seq uint64, data []byte) {
	if c.ext != nil {
		t.record(c, s, data)
	}
	isOrig := c.isOrig(s)
	if h := &t.hooks.TCP.Contents; h.On() && t.tcpContents[Side(isOrig)].has(c.RespPort()) {
		e := h.Begin()
		*e = event.TCPContents{Conn: c, IsOrig: isOrig, Seq: seq, Contents: data}
		h.Raise(e)
	}
	t.analyzersData(c, isOrig, data)
}

// record writes to the contents file of s, if it has one.
func (t *Table) record(c *Conn, s *side, data []byte) {
	r := c.ifObserved()
	if r == nil {
		return
	}
	i := 0
	if s == &c.side[1] {
		i = 1
	}
	w := r.contents[i]
	if w == nil {
		return
	}
	if _, err := w.Write(data); err != nil {
		r.contents[i] = nil
		if e := t.hooks.TCP.ContentsFileWriteFailure.Begin(); e != nil {
			*e = event.ContentsFileWriteFailure{Conn: c, IsOrig: c.isOrig(s), Msg: err.Error()}
			t.hooks.TCP.ContentsFileWriteFailure.Raise(e)
		}
	}
}

// finishContents records the data beyond holes.
func (t *Table) finishContents(c *Conn) {
	r := c.ifObserved()
	if r == nil {
		return
	}
	for i, w := range r.contents {
		st := c.peekStream(&c.side[i])
		if w == nil || st == nil {
			continue
		}
		at := st.next
		for _, b := range st.blocks {
			if b.seq < st.next {
				continue
			}
			if b.seq > at {
				t.record(c, &c.side[i], append(strconv.AppendUint(append(t.scratch.addl[:0], "\n<<gap "...), b.seq-at, 10), ">>\n"...))
			}
			t.record(c, &c.side[i], b.data)
			at = b.end
		}
	}
}

// dataPending reports whether something that s has sent is still undelivered or, unless
// s was reset, something that the peer has sent still waits.
func (t *Table) dataPending(c *Conn, s, peer *side) bool {
	if s.flags&sideNoStream != 0 {
		return false
	}
	next := uint64(firstSeq)
	if st := c.peekStream(s); st != nil {
		next = st.next
	}
	delivered := uint64(s.startSeq) + next
	last := full(s.lastSeq, s.seqWraps)
	if last < delivered {
		return false // a reset had arbitrary numbers
	}
	if delivered != last-1 && delivered != last {
		return true
	}
	st := c.peekStream(peer)
	return s.state != event.StateReset && peer.flags&sideNoStream == 0 && st != nil && t.pending(st) > 0
}

// checkEOF raises ConnectionEOF once everything that s has sent is delivered.
func (t *Table) checkEOF(c *Conn, s, peer *side) {
	if s.flags&sideEOF != 0 || s.fins == 0 && s.state != event.StateClosed && s.state != event.StateReset ||
		t.dataPending(c, s, peer) {
		return
	}
	s.flags |= sideEOF
	isOrig := c.isOrig(s)
	if e := t.hooks.TCP.ConnectionEOF.Begin(); e != nil {
		*e = event.ConnectionEOF{Conn: c, IsOrig: isOrig}
		t.hooks.TCP.ConnectionEOF.Raise(e)
	}
	t.analyzersEnd(c, isOrig)
	if c.flags&flagCloseDeferred != 0 {
		if c.flags&flagSkip == 0 && t.dataPending(c, s, peer) && s.flags&peer.flags&sideClosed != 0 {
			t.weird(c, "pending_data_when_closed", "", "TCP")
		}
		t.connectionClosed(c, s, peer, c.flags&flagDeferredEvent != 0)
		c.flags &^= flagCloseDeferred
	}
}

// streamPool holds the buffers of streams and the pages of blocks.
type streamPool struct {
	// volatile reports that the current packet's memory does not last until Settle, so
	// that nothing of it may be borrowed.
	volatile  bool
	borrowers []*held
	loans     []loan
	byAge     linked.List[held] // by the time since which they have had a block
	none      held              // shared by all streams without blocks, never changed
	free      freelist.List[held]
	stores    [numStores][][]block
	pages     [numClasses][][]byte
	used      uint64 // bytes in pages that blocks hold, and of these blocks
	limit     uint64
}

// Sizes of pages.
const (
	smallestPage = 64
	numClasses   = 6
)

// sizeClass returns the class of the smallest pages or stores with room for n. The size
// of class 0 is smallest; each other is four times the one before.
func sizeClass(n, smallest int) int {
	k := 0
	for size := smallest; size < n; size *= 4 {
		k++
	}
	return k
}

func pageClass(n int) int  { return sizeClass(n, smallestPage) }
func storeClass(n int) int { return sizeClass(n, smallestStore) }

// Sizes of stores, in blocks. The smallest store is part of held; stores beyond the
// largest class are not pooled.
const (
	smallestStore = 4
	numStores     = 4
)

// room makes room for a block at index i of st. The caller fills it in.
func (p *streamPool) room(st *stream, i int) *block {
	if st.held == &p.none {
		st.held = p.free.Get()
		p.used += heldBytes
		st.store = st.first[:]
		st.blocks = st.store[:0]
	}
	n := len(st.blocks)
	if n >= longBuffer && i < n-i {
		return p.roomBefore(st, i)
	}
	if n == cap(st.blocks) {
		if cap(st.store) > 2*n {
			// Acknowledged blocks have left room in front.
			copy(st.store, st.blocks)
			clear(st.store[n:])
			st.blocks = st.store[:n]
		} else {
			p.grow(st.held)
		}
	}
	st.blocks = st.blocks[:n+1]
	if i < n {
		copy(st.blocks[i+1:], st.blocks[i:n])
	}
	return &st.blocks[i]
}

// longBuffer is the number of blocks from which on it matters how many an insertion
// moves, and what settle looks at.
const longBuffer = 64

// roomBefore makes room for a block at index i of st in front of the blocks, where few
// lie before it. Bytes that arrive in order below many held ones take constant time so.
func (p *streamPool) roomBefore(st *stream, i int) *block {
	n, front := len(st.blocks), len(st.store)-cap(st.blocks)
	if front == 0 {
		if len(st.store)-n <= n/2 {
			p.grow(st.held)
		}
		front = (len(st.store) - n) / 2
		copy(st.store[front:], st.blocks)
		clear(st.store[:front])
	}
	st.blocks = st.store[front-1 : front+n]
	copy(st.blocks[:i], st.blocks[1:])
	return &st.blocks[i]
}

// grow gives h a larger store.
func (p *streamPool) grow(h *held) {
	n := len(h.blocks)
	var store []block
	if k := storeClass(len(h.store) + 1); k >= numStores {
		store = make([]block, 2*len(h.store))
	} else if free := p.stores[k]; len(free) > 0 {
		store = free[len(free)-1]
		p.stores[k] = free[:len(free)-1]
	} else {
		store = make([]block, smallestStore<<(2*k))
	}
	copy(store, h.blocks)
	clear(h.store)
	p.putStore(h)
	h.store, h.blocks = store, store[:n]
}

// putStore pools the store of h, which is empty.
func (p *streamPool) putStore(h *held) {
	if k := storeClass(len(h.store)); k > 0 && k < numStores {
		p.stores[k] = append(p.stores[k], h.store)
	}
}

// empty pools the buffer of st, which has no blocks left.
func (p *streamPool) empty(st *stream) {
	h := st.held
	p.putStore(h)
	h.store, h.blocks = nil, nil
	if h.c != nil {
		p.byAge.Remove(&h.age)
		h.c = nil
	}
	p.used -= heldBytes
	p.free.Put(h)
	st.held = &p.none
}

// hold inserts a block of data at index i of st. It borrows the data if it can: most
// blocks are acknowledged before their packet's memory is reused.
func (p *streamPool) hold(st *stream, i int, seq uint64, data []byte) {
	if p.volatile {
		data = p.copy(data)
	}
	b := p.room(st, i)
	switch {
	case p.volatile:
	case len(st.blocks) > longBuffer:
		p.loans = append(p.loans, loan{st.held, seq})
	case !st.lender:
		st.lender = true
		p.borrowers = append(p.borrowers, st.held)
	}
	b.seq, b.end, b.data, b.borrowed = seq, seq+uint64(len(data)), data, !p.volatile
	st.bytes += uint64(len(data))
}

// A loan is a borrowed block of a long buffer.
type loan struct {
	h   *held
	seq uint64
}

// settle copies all borrowed data.
func (p *streamPool) settle() {
	for i := range p.loans {
		// The block may be gone, and the buffer another stream's.
		l := &p.loans[i]
		if j := l.h.search(l.seq); j < len(l.h.blocks) {
			if b := &l.h.blocks[j]; b.borrowed {
				b.data, b.borrowed = p.copy(b.data), false
			}
		}
		*l = loan{}
	}
	p.loans = p.loans[:0]
	for i, h := range p.borrowers {
		h.lender = false
		for j := range h.blocks {
			if b := &h.blocks[j]; b.borrowed {
				b.data, b.borrowed = p.copy(b.data), false
			}
		}
		p.borrowers[i] = nil
	}
	p.borrowers = p.borrowers[:0]
}

// Settle copies what the table still needs of the packets so far. It must be called
// before their memory is reused.
func (t *Table) Settle() { t.streams.settle() }

// blockBytes is what a block takes in a store that is three quarters full.
const blockBytes = 64

// heldBytes is what a buffer takes besides its blocks.
const heldBytes = uint64(unsafe.Sizeof(held{}))

// copy returns a copy of data in a page of its own.
func (p *streamPool) copy(data []byte) []byte {
	k := pageClass(len(data))
	if k >= numClasses {
		page := bytes.Clone(data)
		p.used += uint64(cap(page)) + blockBytes
		return page
	}
	var page []byte
	if n := len(p.pages[k]); n > 0 {
		page = p.pages[k][n-1]
		p.pages[k] = p.pages[k][:n-1]
	} else {
		page = make([]byte, smallestPage<<(2*k))
	}
	p.used += uint64(cap(page)) + blockBytes
	n := copy(page[:cap(page)], data)
	return page[:n]
}

// drop discards the first n blocks of a stream.
func (p *streamPool) drop(st *stream, n int) {
	for i := range st.blocks[:n] {
		b := &st.blocks[i]
		st.bytes -= b.end - b.seq
		if b.data == nil || b.borrowed {
			b.data = nil
			continue
		}
		p.used -= uint64(cap(b.data)) + blockBytes
		if k := pageClass(cap(b.data)); k < numClasses && cap(b.data) == smallestPage<<(2*k) {
			p.pages[k] = append(p.pages[k], b.data[:0])
		}
		b.data = nil
	}
	if n == 0 {
		return
	}
	if st.blocks = st.blocks[n:]; len(st.blocks) == 0 {
		p.empty(st)
	}
}

func (p *streamPool) exhausted() bool { return p.limit != 0 && p.used > p.limit }
