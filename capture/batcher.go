package capture

import "time"

// BatcherOptions are what every source has in common. The zero value delivers
// every packet.
type BatcherOptions struct {
	// Filter is a pcap-filter(7) expression; only packets that match are
	// numbered and delivered. Empty matches all.
	Filter string
	// JumpLimit is how far the clock may jump forward before a second packet
	// confirms the jump. Zero means DefaultJumpLimit, negative no limit.
	JumpLimit time.Duration
	// Unwrap, if set, is given each packet before the filter.
	Unwrap Unwrapper
	// Mirrors fills Batch.Mirrors, if Unwrap is set.
	Mirrors bool
}

// A Batcher makes batches of a source's packets. It filters and numbers them,
// keeps the run's clock, counts, and recycles batches and their memory. A source
// adds packets until Full or until it wants to wait, and returns what Take, Pass
// or End gives it:
//
//	func (s *source) Next() (*capture.Batch, error) {
//		for more packets {
//			if err := s.batcher.Copy(&p); err != nil {
//				return nil, err
//			}
//			if s.batcher.Full() {
//				if b := s.batcher.Take(); b != nil {
//					return b, nil
//				}
//			}
//		}
//		if b := s.batcher.End(); b != nil {
//			return b, nil
//		}
//		return nil, io.EOF
//	}
//
// A packet whose time jumps forward beyond the limit is not handed out before the
// next packet has decided whether the clock follows, so batches may be cut
// anywhere without an effect on any packet's Now. A Batcher is not safe for
// concurrent use; the batches may be released from any goroutine.
type Batcher struct {
	pool   *pool
	clock  clock
	filter *filterSet  // nil matches all
	unwrap *unwrapping // nil takes packets as they are
	stats  Stats
	cur    *Batch // being filled; nil after a batch was handed out
	holder *block // the last block that cur is known to refer to
	seq    uint64 // of the next batch
	num    uint64 // of the last packet
	err    error  // of the filter

	// from is the origin of the packet that is added next; nil if nobody wants to know.
	from *Origin
	// unsummed is Unsummed of the packet that is added next.
	unsummed bool

	own  *block // for Copy
	used int    // bytes of own
}

// NewBatcher returns a Batcher. The error is a *FilterError.
func NewBatcher(o BatcherOptions) (*Batcher, error) {
	t := new(Batcher)
	if err := t.init(o); err != nil {
		return nil, err
	}
	return t, nil
}

func (t *Batcher) init(o BatcherOptions) error {
	if o.JumpLimit == 0 {
		o.JumpLimit = DefaultJumpLimit
	}
	t.pool, t.clock = new(pool), newClock(int64(o.JumpLimit))
	if o.Unwrap != nil {
		t.unwrap = &unwrapping{by: o.Unwrap, keep: o.Mirrors}
	}
	if o.Filter == "" {
		return nil
	}
	fs, err := newFilterSet(o.Filter)
	t.filter = fs
	return err
}

// CheckFilter returns a *FilterError if an expression is no filter, whatever the link type.
func CheckFilter(expr string) error {
	_, err := refilter(expr, nil)
	return err
}

// SetFilter implements Refilterer.
func (t *Batcher) SetFilter(expr string) error {
	fs, err := refilter(expr, t.filter)
	if err == nil {
		t.filter = fs
	}
	return err
}

// refilter returns the filter for expr, nil for all, in place of another. Link types that the
// other one was asked for must have a meaning for it.
func refilter(expr string, before *filterSet) (*filterSet, error) {
	if expr == "" {
		return nil, nil
	}
	fs, err := newFilterSet(expr)
	if err != nil {
		return nil, err
	}
	if before != nil {
		for link := range before.byLink {
			if fs.byLink[link], err = compileTokens(expr, fs.toks, int(link)); err != nil {
				return nil, err
			}
		}
	}
	return fs, nil
}

// Add adds a packet without copying its data, which must stay unchanged until
// the batch is released. Of p it uses Data, Time, OrigLen, Link and Unsummed. A time out of
// range and data longer than MaxPacket are cut and counted; OrigLen is raised to
// the length of the data. It must not be called while Full. The error means that
// the filter has no meaning for the link type: it ends the run.
func (t *Batcher) Add(p *Packet) error {
	return t.offer(nil, p.Data, p)
}

// Copy is Add for data that is valid only during the call.
func (t *Batcher) Copy(p *Packet) error {
	n := min(len(p.Data), MaxPacket)
	num := t.num
	data := t.copied(p.Data[:n])
	err := t.offer(t.own, data, p)
	if len(p.Data) > n && t.num != num {
		t.stats.CutToSnaplen++
	}
	if t.num != num {
		t.used += n
	}
	return err
}

// offer adds a packet whose fields have not been checked.
func (t *Batcher) offer(blk *block, data []byte, p *Packet) error {
	at := p.Time - p.Time%1e3
	switch {
	case p.Time < 0:
		at = 0
		t.stats.TimesClamped++
	case at > maxSec*1e9:
		at = maxSec * 1e9
		t.stats.TimesClamped++
	}
	if len(data) > MaxPacket {
		data = data[:MaxPacket:MaxPacket]
		t.stats.CutToSnaplen++
	}
	t.begin()
	t.unsummed = p.Unsummed
	if !t.add(blk, data, at, p.OrigLen, p.Link) {
		return t.err
	}
	return nil
}

// copyIn adds a packet of a file without keeping its data. It reports false if the filter
// failed, and keeps the error.
func (t *Batcher) copyIn(p *record) bool {
	t.begin()
	num := t.num
	data := t.copied(p.data)
	ok := t.add(t.own, data, p.at, p.orig, p.link)
	if t.num != num {
		t.used += len(data)
	}
	return ok
}

// copied returns a copy of data, at most MaxPacket bytes, in a block of own. It is kept if
// used is set to its end.
func (t *Batcher) copied(data []byte) []byte {
	n := len(data)
	if t.own == nil || n > blockSize-t.used {
		if t.own != nil {
			t.pool.putBlock(t.own)
		}
		t.own, t.used = t.pool.block(), 0
	}
	end := t.used + n
	to := t.own.buf[t.used:end:end]
	copy(to, data)
	return to
}

// begin makes sure that there is a batch to be filled.
func (t *Batcher) begin() {
	if t.cur == nil {
		t.cur, t.holder = t.pool.batch(), nil
	}
}

// add appends a packet to cur if the filter lets it pass. The data is in blk, or
// in memory of its own if blk is nil. It reports false if the filter failed, and
// keeps the error.
func (t *Batcher) add(blk *block, data []byte, at int64, orig uint32, link uint16) bool {
	if t.filter != nil || t.unwrap != nil {
		var ok bool
		if blk, data, orig, link, ok = t.choose(blk, data, at, orig, link); !ok {
			return t.err == nil
		}
	}
	t.put(blk, data, at, orig, link)
	t.note(t.cur)
	return true
}

// plain reports whether packets are added by put alone.
func (t *Batcher) plain() bool { return t.filter == nil && t.from == nil && t.unwrap == nil }

// put appends a packet to cur.
func (t *Batcher) put(blk *block, data []byte, at int64, orig uint32, link uint16) {
	b := t.cur
	if t.holder != blk && blk != nil {
		t.holder = blk
		b.use(blk)
	}
	n := len(b.Packets)
	b.Packets = b.Packets[:n+1]
	p := &b.Packets[n]
	t.num++
	// Field by field: a literal is built elsewhere and copied, which stalls on
	// stores that have not yet left the processor's store buffer.
	p.Data, p.Time, p.Num, p.OrigLen, p.Link, p.Unsummed = data, at, t.num, max(orig, uint32(len(data))), link, t.unsummed
	if len(data) == 0 {
		t.addEmpty(p)
	} else {
		if uint32(len(data)) < orig {
			t.stats.Cut++
		}
		t.clock.set(p, &t.stats)
	}
	t.stats.Packets++
	t.stats.Bytes += uint64(len(data))
}

// choose takes off what a mirror has put around a packet, and reports whether the packet is
// there and passes the filter. If that fails, t.err is set.
func (t *Batcher) choose(blk *block, data []byte, at int64, orig uint32, link uint16) (*block, []byte, uint32, uint16, bool) {
	if t.unwrap != nil {
		var ok bool
		if blk, data, orig, link, ok = t.unwrapped(blk, data, at, orig, link); !ok {
			return nil, nil, 0, 0, false
		}
	}
	if t.filter != nil {
		ok, err := t.filter.match(data, orig, link)
		if err != nil || !ok {
			if t.err = err; err == nil {
				t.stats.Filtered++
			}
			return nil, nil, 0, 0, false
		}
	}
	return blk, data, orig, link, true
}

// note adds what batches have of a packet besides itself.
func (t *Batcher) note(b *Batch) {
	if t.from != nil {
		b.Origins = append(b.Origins, *t.from)
	}
	if t.unwrap != nil && t.unwrap.keep {
		b.Mirrors = append(b.Mirrors, t.unwrap.mirror)
	}
}

// addEmpty stamps a packet without data. As in Zeek its time does not count, unless
// there is none yet or it has to decide on a jump.
func (t *Batcher) addEmpty(p *Packet) {
	t.stats.Empty++
	if t.clock.started && t.clock.pending == nil {
		p.Now = t.clock.now
	} else {
		t.clock.set(p, &t.stats)
	}
}

// Full reports whether the batch must be taken before another packet is added.
func (t *Batcher) Full() bool { return t.cur != nil && len(t.cur.Packets) == BatchPackets }

// Take returns the packets that have been added, or nil if there are none to be
// handed out yet. A last packet whose jump is undecided stays for the next batch.
func (t *Batcher) Take() *Batch {
	if t.cur == nil {
		return nil
	}
	b, n := t.cur, len(t.cur.Packets)
	if t.clock.pending == nil {
		if n == 0 {
			return nil
		}
		t.cur = nil
		return t.finish(b)
	}
	if n == 1 {
		return nil
	}
	t.cur = nil
	t.begin()
	next := t.cur
	next.Packets = append(next.Packets, b.Packets[n-1])
	t.clock.pending = &next.Packets[0]
	if t.holder = nil; len(b.blocks) > 0 {
		// The last block is the packet's, or it has none and this one is kept in vain.
		next.use(b.blocks[len(b.blocks)-1])
	}
	b.Packets = b.Packets[:n-1]
	if t.from != nil {
		next.Origins = append(next.Origins, b.Origins[n-1])
		b.Origins = b.Origins[:n-1]
	}
	if len(b.Mirrors) > 0 {
		next.Mirrors = append(next.Mirrors, b.Mirrors[n-1])
		b.Mirrors = b.Mirrors[:n-1]
	}
	b = t.finish(b)
	b.Last--
	return b
}

// Pass returns the packets that have been added in a batch that may be empty. It
// is for a source that has waited in vain and must not delay the packets that it
// has. A jump in time that is still undecided is refused. If now, in nanoseconds
// since the Unix epoch, is later than the run's clock, the clock advances to it,
// so that timers run on an idle link; it must be 0 unless the packets' times are
// the current time.
func (t *Batcher) Pass(now int64) *Batch {
	t.clock.settle(&t.stats)
	t.clock.advance(now)
	t.begin()
	b := t.cur
	t.cur = nil
	return t.finish(b)
}

// idle returns the packets that have been added in a batch that may be empty. Unlike Pass
// it leaves a jump undecided, so that waiting has no effect on what is read.
func (t *Batcher) idle() *Batch {
	if b := t.Take(); b != nil {
		return b
	}
	b := t.finish(t.pool.batch())
	if t.clock.pending != nil {
		b.Last--
	}
	return b
}

// idleUntil is Pass for a time that is known, or idle.
func (t *Batcher) idleUntil(now int64) *Batch {
	if now == 0 {
		return t.idle()
	}
	return t.Pass(now)
}

// pendingPackets is how many packets have not been handed out.
func (t *Batcher) pendingPackets() int {
	if t.cur == nil {
		return 0
	}
	return len(t.cur.Packets)
}

// End returns the rest of the packets when no more will come, or nil if there are
// none.
func (t *Batcher) End() *Batch {
	t.clock.settle(&t.stats)
	if b := t.Take(); b != nil {
		return b
	}
	if t.own != nil {
		t.pool.putBlock(t.own)
		t.own = nil
	}
	if t.unwrap != nil {
		t.unwrap.free(t.pool)
	}
	return nil
}

// drop discards packets that have not been handed out.
func (t *Batcher) drop() {
	t.clock.pending = nil
	if t.cur != nil {
		t.pool.putBatch(t.cur)
		t.cur = nil
	}
}

func (t *Batcher) finish(b *Batch) *Batch {
	b.Seq, b.Now, b.Last = t.seq, t.clock.now, t.num
	t.seq++
	return b
}

// Stats returns the counts so far. Packets includes those not yet handed out.
func (t *Batcher) Stats() Stats {
	s := t.stats
	s.Files = append([]FileStats(nil), s.Files...)
	for i := range s.Files {
		s.Files[i].Links = append([]LinkCount(nil), s.Files[i].Links...)
	}
	return s
}
