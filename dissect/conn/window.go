package conn

import (
	"bytes"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/value"
)

// A segment is stray if its receiver would not accept it (RFC 9293 sections 3.10.7.3 and
// 3.10.7.4, RFC 5961): it is counted, is a weird and changes nothing else. It may
// nevertheless be the first that the sensor sees of a connection again after a loss, so
// it is held back until the other side answers it.

const (
	// fullWindow is the largest window without scaling, which is that of a SYN.
	fullWindow = 1<<16 - 1
	// maxWindow bounds windows whose scale is unknown (RFC 7323 section 2.3).
	maxWindow = 1 << 30
	// maxStrays is how many segments a connection holds back.
	maxStrays = 8
	// maxStrayBytes bounds the payload that a table holds back.
	maxStrayBytes = 16 << 20
	// strayRepeat is the least time after which a SYN is repeated (RFC 6298 section 2).
	strayRepeat = value.Second
)

// Reasons for which a segment is stray.
const (
	strayBySeq = 1 << iota // the receiver does not expect its sequence number
	strayByAck             // it acknowledges what was not sent
)

// stray is a segment that is held back.
type stray struct {
	why   uint8
	side  uint8 // index of the sender
	ttl   uint8
	df    bool
	hdr   header
	data  []byte
	n     int // length of the payload on the wire
	total int // of the datagram
	label uint32
	time  value.Time
}

func (x *stray) seq() uint32 { return x.hdr.seq() }
func (x *stray) end() uint32 { return x.hdr.seq() + uint32(x.n) }

// isSYN reports whether x opens a connection.
func (x *stray) isSYN() bool { return x.hdr.flags()&(flagSYN|flagACK|flagRST|flagFIN) == flagSYN }

// strays are the segments of a connection that are held back, the oldest first.
type strays struct {
	list []stray
	// run is the number of the last ones that one side sent one after the other, without
	// anything else on the connection, whose packets were then counted in packets.
	run     int
	packets uint64
}

// follows reports whether t follows Zeek, to which no segment is stray.
func (t *Table) followsZeek() bool { return t.cfg.Compat.Has(compat.TCPWindow) }

// synSeen reports whether the SYN of s was captured.
func (c *Conn) synSeen(s *side) bool { return c.sideSeen(s, histSYN) }

// sideSeen reports whether one of the letters was seen of s. They are kept by role.
func (c *Conn) sideSeen(s *side, letters uint16) bool {
	if c.isOrig(s) == (c.seen&histTurned != 0) {
		letters <<= 8
	}
	return c.seen&letters != 0
}

// windowOf is the number of bytes that s was ready to receive when it last said so.
// updateWindow, like Zeek, may never record one without the window scale option.
func (c *Conn) windowOf(s *side) uint32 {
	known := c.sideSeen(s, histACK|histData) && s.window|s.windowAck|s.windowSeq != 0
	switch {
	case c.synSeen(s) && known:
		return s.window
	case c.synSeen(s):
		return fullWindow
	case known:
		return uint32(min(uint64(s.window)<<maxWindowScale, maxWindow))
	}
	return maxWindow
}

// reach returns the last sequence number that s may use: beyond what was acknowledged, or
// sent without a hole, lies the window of its peer.
func (c *Conn) reach(s, peer *side) uint32 {
	base := s.ackSeq
	next := s.startSeq + 1
	if st := c.peekStream(s); c.flags&flagSkip != 0 || s.flags&sideNoStream != 0 {
		next = s.lastSeq
	} else if st != nil {
		next = s.startSeq + uint32(st.next)
	}
	if seqDelta(next, base) > 0 {
		base = next
	}
	end := base + c.windowOf(peer)
	if seqDelta(s.lastSeq, end) > 0 {
		return s.lastSeq
	}
	return end
}

// precedes reports whether seq lies before the SYN of s.
func (c *Conn) precedes(s *side, seq uint32) bool {
	back := seqDelta(s.lastSeq, seq)
	return back > 0 && c.synSeen(s) && uint64(back) > full(s.lastSeq, s.seqWraps)-uint64(s.startSeq)
}

// expects reports that a segment is of a side that speaks alone, or is the next of its
// sender and acknowledges what may be acknowledged, and that it answers nothing held back,
// as most do. If it reports false, isStray has to find out.
func (c *Conn) expects(s, peer *side, flags uint8, seq, ack uint32) bool {
	if c.ext != nil && c.ext.rare != nil {
		return false
	}
	return peer.state == event.StateInactive || seq == s.lastSeq && s.state != event.StateInactive &&
		flags&(flagSYN|flagACK) == flagACK && seqDelta(ack, peer.lastSeq) <= 0 && seqDelta(ack, peer.ackSeq) >= 0
}

// strayness returns the reasons for which the receiver does not accept a segment, 0 if it
// does or if too little is known of it.
func (c *Conn) strayness(s, peer *side, hdr header, n int) (why uint8) {
	flags, seq, ack := hdr.flags(), hdr.seq(), hdr.ack()
	if peer.state == event.StateInactive || s.state == event.StateReset {
		return 0
	}
	if s.state == event.StateInactive {
		if peer.state == event.StateSynSent && flags&flagACK != 0 && flags&(flagSYN|flagRST) != 0 &&
			ack-peer.startSeq > peer.lastSeq-peer.startSeq {
			return strayByAck
		}
		return 0
	}
	// old reports that a number was sent and acknowledged. A FIN may be captured after its
	// acknowledgement, so the latter alone does not tell.
	old := func(seq uint32) bool { return seqDelta(seq, s.ackSeq) < 0 && seqDelta(seq, s.lastSeq) < 0 }
	switch {
	case flags&flagSYN != 0:
		if seq != s.startSeq {
			why = strayBySeq
		}
	case seqDelta(seq, c.reach(s, peer)) > 0, c.precedes(s, seq),
		flags&flagRST != 0 && old(seq),
		flags&flagFIN != 0 && s.fins == 0 && old(seq+uint32(n)):
		why = strayBySeq
	}
	// The acknowledgement of a reset is not looked at (RFC 9293 section 3.10.7.4).
	if flags&(flagACK|flagRST) == flagACK && (seqDelta(ack, c.reach(peer, s)) > 0 || c.precedes(peer, ack)) {
		why |= strayByAck
	}
	return why
}

// isStray reports whether the segment is stray, and holds it back then. One that answers
// those held back brings them back first.
func (t *Table) isStray(c *Conn, p *Packet, hdr header, data []byte, n int) bool {
	s, peer := c.sideOf(p.isOrig)
	why := c.strayness(s, peer, hdr, n)
	if r := c.ifRare(); r != nil && len(r.strays.list) > 0 && t.answers(c, &r.strays, s, peer, hdr, why) {
		t.bringBack(c, p)
		return false
	}
	if why == 0 {
		return false
	}
	t.weird(c, "TCP_segment_outside_window", flagString(hdr.flags()), "TCP")
	x := &c.rarely().strays
	if t.holdBack(c, x, p, hdr, data, n, why); x.run < maxStrays {
		return true
	}
	// One side goes on and on from the new place, and the other, which would protest, is
	// not seen any more.
	t.bringBack(c, p)
	return true
}

// holdBack adds a segment to those held back, in the place of the oldest if need be.
func (t *Table) holdBack(c *Conn, x *strays, p *Packet, hdr header, data []byte, n int, why uint8) {
	if len(x.list) == maxStrays {
		t.strayBytes -= len(x.list[0].data)
		x.list = x.list[:copy(x.list, x.list[1:])]
	}
	if len(data) > n {
		data = data[:n]
	}
	if t.strayBytes+len(data) > maxStrayBytes {
		data = nil
	}
	t.strayBytes += len(data)
	i := uint8(c.index(p.isOrig))
	if k := len(x.list); k == 0 || x.list[k-1].side != i || x.packets+1 != c.allPackets() ||
		!near(hdr.seq(), x.list[k-1].end(), c.tolerance()) {
		x.run = 0
	}
	x.run++
	x.packets = c.allPackets()
	ip := p.IP
	x.list = append(x.list, stray{why: why, side: i, ttl: ip.TTL, df: ip.Version == 4 && ip.DF, hdr: bytes.Clone(hdr),
		data: bytes.Clone(data), n: n, total: ip.TotalLen, label: ip.FlowLabel(), time: p.Time})
}

// tolerance is how far apart numbers of a connection are that belong together.
func (c *Conn) tolerance() uint32 {
	return max(fullWindow, c.windowOf(&c.side[0]), c.windowOf(&c.side[1]))
}

func near(a, b, tolerance uint32) bool {
	d := seqDelta(a, b)
	return d <= int32(tolerance) && -d <= int32(tolerance)
}

// answers reports whether a segment shows that its sender has accepted one of those held
// back.
func (t *Table) answers(c *Conn, x *strays, s, peer *side, hdr header, why uint8) bool {
	flags, tolerance := hdr.flags(), c.tolerance()
	if flags&flagRST != 0 && why == 0 {
		return false
	}
	for i := range x.list {
		h := &x.list[i]
		if &c.side[h.side] == s || h.isSYN() {
			continue
		}
		seqOK := h.why&strayBySeq == 0
		if !seqOK && flags&flagACK != 0 {
			if h.hdr.flags()&flagSYN != 0 {
				seqOK = hdr.ack() == h.seq()+1
			} else {
				seqOK = seqDelta(hdr.ack(), peer.lastSeq) > 0 && near(hdr.ack(), h.end(), tolerance)
			}
		}
		ackOK := h.why&strayByAck == 0 || why&strayBySeq != 0 && near(hdr.seq(), h.hdr.ack(), tolerance)
		if seqOK && ackOK {
			return true
		}
	}
	return false
}

// bringBack processes the segments held back, as if they came just before p. They were
// counted already.
func (t *Table) bringBack(c *Conn, p *Packet) {
	x := &c.ifRare().strays
	list := x.list
	*x = strays{}
	volatile := t.streams.volatile
	t.streams.volatile = true
	for i := range list {
		h := &list[i]
		t.strayBytes -= len(h.data)
		if h.isSYN() {
			continue // it would have begun another connection
		}
		ip := *p.IP
		q := h.packet(p, &ip)
		q.isOrig = q.srcIsA == (c.origin == 0)
		t.receive(c, &q, h.hdr, h.data, h.n, true)
	}
	t.streams.volatile = volatile
	p.isOrig = p.srcIsA == (c.origin == 0)
}

// packet returns the packet of a segment that was held back. Its link and network layer
// are those of p, as far as they were not kept; ip is a copy of p's.
func (x *stray) packet(p *Packet, ip *packet.IP) Packet {
	q := *p
	q.IP, q.Time, q.Volatile = ip, x.time, true
	ip.TTL, ip.DF, ip.TotalLen = x.ttl, x.df, x.total
	q.srcIsA = x.side == 0
	if q.srcIsA != p.srcIsA {
		ip.Src, ip.Dst = ip.Dst, ip.Src
	}
	return q
}

// dropStrays forgets the segments that were held back.
func (t *Table) dropStrays(r *rare) {
	for i := range r.strays.list {
		t.strayBytes -= len(r.strays.list[i].data)
	}
	r.strays = strays{}
}

// reuse returns the connection to which a SYN or a reset with c's addresses and ports
// belongs: nil if it begins another.
func (t *Table) reuse(c *Conn, p *Packet, hdr header) *Conn {
	s, peer := c.sideOf(p.srcIsA == (c.origin == 0))
	if r := c.ifRare(); r != nil && len(r.strays.list) > 0 {
		if i := t.confirmed(c, &r.strays, s, p, hdr); i >= 0 {
			return t.beginAgain(c, p, r.strays.list[i])
		}
	}
	if hdr.flags()&flagSYN == 0 || t.protected(c, s, peer, hdr) || !t.isReuse(c, hdr, p.Time) {
		return c
	}
	t.reused(c)
	return nil
}

func (t *Table) reused(c *Conn) {
	if e := t.hooks.Conn.ConnectionReused.Begin(); e != nil {
		*e = event.ConnectionReused{Conn: c}
		t.hooks.Conn.ConnectionReused.Raise(e)
	}
	t.Remove(c)
}

// protected reports whether a SYN that its sender's peer would not take for the first of
// another connection concerns c.
func (t *Table) protected(c *Conn, s, peer *side, hdr header) bool {
	if hdr.flags()&flagACK != 0 {
		return false
	}
	if s.state == event.StateInactive || peer.state == event.StateInactive {
		// Both sides may open a connection at once (RFC 9293 section 3.5).
		return s == c.resp() && s.state == event.StateInactive && peer.state == event.StateSynSent &&
			!t.cfg.Compat.Has(compat.TCPSimultaneousOpen)
	}
	if hdr.seq() == s.startSeq && (s.state == event.StateClosed || peer.state == event.StateClosed) {
		return false // nobody repeats a SYN after a FIN
	}
	return !t.followsZeek() && s.state != event.StateReset && peer.state != event.StateReset &&
		s.flags&peer.flags&sideClosed == 0
}

// confirmed returns the index of the SYN held back that a segment shows to have begun
// another connection, or -1: it answers the SYN, or is the same after a while in which
// nothing else came.
func (t *Table) confirmed(c *Conn, x *strays, s *side, p *Packet, hdr header) int {
	flags := hdr.flags()
	for i := range x.list {
		h := &x.list[i]
		if !h.isSYN() {
			continue
		}
		if &c.side[h.side] != s {
			if flags&flagACK != 0 && hdr.ack()-h.seq()-1 <= uint32(h.n) {
				return i
			}
		} else if flags&(flagSYN|flagACK) == flagSYN && hdr.seq() == h.seq() && p.Time-h.time >= strayRepeat &&
			i == len(x.list)-1 && x.packets+1 == c.allPackets() {
			return i
		}
	}
	return -1
}

// beginAgain ends c, begins the connection of the SYN h, which was held back, and returns
// it.
func (t *Table) beginAgain(c *Conn, p *Packet, h stray) *Conn {
	s := &c.side[h.side]
	s.packets--
	s.ipBytes -= uint64(h.total)
	t.isReuse(c, h.hdr, h.time) // for its weirds
	t.reused(c)
	ip := *p.IP
	var r Result
	q := h.packet(p, &ip)
	c = t.join(&q, nil, value.ProtoTCP, value.Time(t.cfg.UDPInactivity), false, &r)
	if a, b := &c.side[0], &c.side[1]; q.srcIsA != p.srcIsA && a.flags&b.flags&sideL2 != 0 {
		a.l2, b.l2 = b.l2, a.l2
	}
	c.orig().flowLabel = h.label
	volatile := t.streams.volatile
	t.streams.volatile = true
	t.receive(c, &q, h.hdr, h.data, h.n, true)
	t.streams.volatile = volatile
	c.count(&q)
	return c
}
