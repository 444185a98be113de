package conn

import (
	"encoding/binary"
	"strconv"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// TCP header flags (RFC 9293 section 3.1).
const (
	flagFIN = 1 << iota
	flagSYN
	flagRST
	flagPSH
	flagACK
	flagURG
)

// stormCount and stormGap are Zeek's tcp_storm_thresh and
// tcp_storm_interarrival_thresh, the latter in milliseconds.
const (
	stormCount = 1000
	stormGap   = 1000
)

// plausibleJump is the largest step of a sequence number that is believed of a SYN, a
// RST or an acknowledgement of 0.
const plausibleJump = 1 << 20

// maxWindowScale is the largest shift count (RFC 7323 section 2.3).
const maxWindowScale = 14

// header is a validated view of a TCP header with its options.
type header []byte

func (h header) seq() uint32     { return binary.BigEndian.Uint32(h[4:]) }
func (h header) ack() uint32     { return binary.BigEndian.Uint32(h[8:]) }
func (h header) flags() uint8    { return h[13] }
func (h header) window() uint16  { return binary.BigEndian.Uint16(h[14:]) }
func (h header) options() []byte { return h[20:] }

func seqDelta(a, b uint32) int32 { return int32(a - b) }

func seqBetween(s, lo, hi uint32) bool {
	if lo <= hi {
		return lo <= s && s <= hi
	}
	return lo <= s || s <= hi
}

// full extends a sequence number to 64 bits.
func full(seq uint32, wraps uint16) uint64 { return uint64(wraps)<<32 + uint64(seq) }

// relative is a sequence number's distance from the first one.
func (s *side) relative(seq uint32, wraps uint16) uint64 {
	return full(seq, wraps) - uint64(s.startSeq)
}

// relativeTo returns the relative number of seq, which is near last, a number that has
// wrapped wraps times. before reports that seq precedes the stream's first number.
func (s *side) relativeTo(seq, last uint32, wraps uint16) (rel uint64, before bool) {
	switch d := seqDelta(seq, last); {
	case d < 0 && wraps > 0 && seq > last:
		wraps--
	case d > 0 && seq < last:
		wraps++
	}
	if wraps == 0 {
		d := seqDelta(seq, s.startSeq)
		return uint64(int64(d)), d < 0
	}
	return s.relative(seq, wraps), false
}

func (s *side) initSeq(first, last uint32) {
	s.startSeq, s.ackSeq, s.lastSeq = first, first, last
}

func (s *side) updateLast(seq uint32) {
	if seq < s.lastSeq {
		s.seqWraps++
	}
	s.lastSeq = seq
}

func (s *side) updateAck(seq uint32) {
	if seq < s.ackSeq {
		s.ackWraps++
	}
	s.ackSeq = seq
}

// nothingAcked reports whether at most the SYN was acknowledged.
func (s *side) nothingAcked() bool {
	ack := full(s.ackSeq, s.ackWraps)
	return ack == uint64(s.startSeq) || ack == uint64(s.startSeq)+1
}

// tcpSize is the number of payload bytes by sequence numbers.
func (s *side) tcpSize(peer *side) uint64 {
	if s.prev == event.StateSynSent && s.state == event.StateReset &&
		peer.state == event.StateInactive && !s.nothingAcked() {
		// A half-open connection was detected and aborted: its numbers mean nothing.
		return 0
	}
	size := max(full(s.lastSeq, s.seqWraps), full(s.ackSeq, s.ackWraps)) - uint64(s.startSeq)
	if size != 0 {
		size-- // the SYN
	}
	if s.fins > 0 && size != 0 {
		size--
	}
	return size
}

func handshaking(s event.EndpointState) bool {
	return s == event.StateInactive || s == event.StateSynSent || s == event.StateSynAckSent
}

// setState changes the state of s. The longer inactivity timeout begins with the end of
// the handshake.
func (t *Table) setState(c *Conn, s, peer *side, state event.EndpointState) {
	if state == s.state {
		return
	}
	if !handshaking(state) && handshaking(s.state) && handshaking(peer.state) {
		c.setSilence(value.Time(t.cfg.TCPInactivity))
	}
	s.prev, s.state = s.state, state
	if peer.state != event.StateInactive && c.attempt != 0 && c.flags&flagResetTimer == 0 {
		// Answered: tcp_attempt_delay no longer applies.
		c.attempt = 0
		t.wheel.remove(t, c)
	}
}

// predicted processes a segment of the common kind: an acknowledgement, or the next
// data with one, on an established connection whose history has such segments already.
// Only sequence numbers, the window and the streams can change, and the effect is that
// of tcp. It reports false, with no effect, for any other segment.
func (t *Table) predicted(c *Conn, p *Packet, hdr header, data []byte, n int) bool {
	s, peer := c.sideOf(p.isOrig)
	seq, ack := hdr.seq(), hdr.ack()
	acks := seqDelta(ack, peer.ackSeq)
	known, first := histACK, flagFirstResp
	if n > 0 {
		known = histData
	}
	if p.isOrig {
		first = flagFirstOrig | flagFirstAck
	} else {
		known <<= 8
	}
	if hdr.flags()&^flagPSH != flagACK || s.state != event.StateEstablished || peer.state != event.StateEstablished ||
		seq != s.lastSeq || acks < 0 || seqDelta(ack, peer.lastSeq) > 0 || ack == 0 || hdr.window() == 0 ||
		len(data) < n || c.seen&known == 0 || c.flags&first != first || c.flags&flagSkip != 0 || t.everyPacket() {
		return false
	}
	t.updateWindow(c, s, peer, hdr)
	c.last = p.Time
	rel := s.relative(seq, s.seqWraps)
	if n > 0 {
		s.updateLast(seq + uint32(n))
	}
	s.lastSeen = c.sinceStart(p.Time)
	if acks > 0 {
		peer.updateAck(ack)
		t.acked(c, peer, s, peer.relative(ack, peer.ackWraps))
	}
	if n > 0 {
		t.dataSent(c, s, peer, rel, data[:n], hdr.flags())
	}
	return true
}

// everyPacket reports whether anybody listens to the events of every segment.
func (t *Table) everyPacket() bool {
	h := &t.hooks.TCP
	return h.Packet.On() || h.Option.On() || h.Options.On()
}

// segment is a TCP segment on its way through the functions of a connection's state.
// It is built once, on the stack.
type segment struct {
	s, peer  *side  // sender and receiver
	rel      uint64 // seq, relative to the first number of s
	n        int    // length of the payload on the wire
	seq, ack uint32
	end      uint32 // sequence number after the segment, SYN and FIN counted
	flags    uint8
	// isOrig reports that the originator sent the segment, by the roles before it.
	isOrig bool
}

// tcp processes one segment: hdr is the header with its options, data the captured
// payload, n the payload's length on the wire.
func (t *Table) tcp(c *Conn, p *Packet, hdr header, data []byte, n int) {
	t.receive(c, p, hdr, data, n, t.followsZeek())
}

// receive is tcp. accepted says that the receiver accepts the segment.
func (t *Table) receive(c *Conn, p *Packet, hdr header, data []byte, n int, accepted bool) {
	isOrig := p.isOrig
	s, peer := c.sideOf(isOrig)
	flags := hdr.flags()
	seq, ack := hdr.seq(), hdr.ack()
	if !accepted && !c.expects(s, peer, flags, seq, ack) {
		if t.isStray(c, p, hdr, data, n) {
			return
		}
		// Segments brought back may have flipped the connection.
		isOrig = p.isOrig
		s, peer = c.sideOf(isOrig)
	}

	if isOrig && c.flags&flagFirstOrig == 0 {
		c.setFlag(flagPartial, flags&flagSYN == 0 || flags&flagACK != 0)
	} else if !isOrig && c.flags&(flagFirstResp|flagPartial) == 0 {
		c.setFlag(flagPartial, flags&flagSYN == 0)
	}

	segLen := n
	if flags&flagRST != 0 {
		segLen = 0 // data in a reset is not part of the stream
	}
	if flags&flagSYN != 0 {
		segLen++
	}
	if flags&flagFIN != 0 {
		segLen++
	}
	end := seq + uint32(segLen)
	t.initEndpoint(c, s, flags, seq, end)

	rel, before := s.relativeTo(seq, s.lastSeq, s.seqWraps)
	if before && flags&flagRST == 0 {
		t.weird(c, "TCP_seq_underflow_or_misorder", "", "TCP")
	}
	// A literal would be put together elsewhere and copied, and the copy waits for its parts
	// to be stored: some nanoseconds a packet, here as in other places that are as hot.
	var g segment
	g.s, g.peer, g.rel, g.n, g.seq, g.ack, g.end, g.flags, g.isOrig = s, peer, rel, n, seq, ack, end, flags, isOrig
	// This may flip the connection. The rest uses the old roles, as in Zeek.
	c.tcpHistory(s, flags, rel, n)
	t.updateWindow(c, s, peer, hdr)

	if c.orig().flags&c.resp().flags&sideClosed == 0 {
		c.last = p.Time
	}
	if flags&flagSYN != 0 {
		t.syn(c, p, &g, hdr)
	}
	nowMS := c.sinceStart(p.Time)
	if flags&flagFIN != 0 {
		if s.fins < 1<<16-1 {
			s.fins++
		}
		if s.fins >= stormCount && nowMS < s.lastSeen+stormGap {
			t.weird(c, "FIN_storm", "", "TCP")
		}
		s.size = rel + uint64(segLen)
	}
	if flags&flagRST != 0 {
		if s.rsts < 1<<16-1 {
			s.rsts++
		}
		if s.rsts >= stormCount && nowMS < s.lastSeen+stormGap {
			t.weird(c, "RST_storm", "", "TCP")
		}
		t.analyzersReset(c)
	}

	var relAck uint64
	if flags&flagACK != 0 {
		if isOrig && c.flags&flagFirstAck == 0 &&
			(s.state == event.StateEstablished || s.state == event.StateSynSent) {
			c.flags |= flagFirstAck
			if e := t.hooks.TCP.ConnectionFirstACK.Begin(); e != nil {
				e.Conn = c
				t.hooks.TCP.ConnectionFirstACK.Raise(e)
			}
		}
		if peer.state == event.StateInactive {
			relAck = 1
			t.initPeer(c, s, peer, flags, ack)
		} else if r, before := peer.relativeTo(ack, peer.ackSeq, peer.ackWraps); before {
			t.weird(c, "TCP_ack_underflow_or_misorder", "", "TCP")
		} else {
			relAck = r
			if flags&flagRST == 0 {
				if d := seqDelta(ack, peer.ackSeq); d > 0 && !(ack == 0 && d > plausibleJump) {
					peer.updateAck(ack)
				}
			} else if !t.followsZeek() && seqDelta(ack, c.reach(peer, s)) > 0 {
				relAck = 0 // the receiver does not look at it
			}
		}
	}
	advance := t.updateLast(c, &g)
	s.lastSeen = nowMS

	closing, report := t.stateMachine(c, p, &g, advance)
	// acked waits until the state is known: gaps that only the last packets show are
	// not reliable and must stay out of the history.
	if flags&flagACK != 0 {
		t.acked(c, peer, s, relAck)
	}

	if e := t.hooks.TCP.Packet.Begin(); e != nil {
		*e = event.TCPPacket{Conn: c, IsOrig: isOrig, Flags: flagString(flags), Seq: rel,
			Len: uint64(n), Payload: data[:min(n, len(data))]}
		if flags&flagACK != 0 {
			e.Ack = relAck
		}
		t.hooks.TCP.Packet.Raise(e)
	}
	if len(hdr) > 20 && (t.hooks.TCP.Option.On() || t.hooks.TCP.Options.On()) {
		t.options(c, hdr.options(), isOrig)
	}
	if first := c.flags & (flagFirstOrig | flagFirstResp); isOrig && first&flagFirstOrig == 0 || !isOrig && first&flagFirstResp == 0 {
		s.flags |= sideSigned
		c.setFirst(isOrig)
	}

	if n > 0 && len(data) >= n && flags&flagRST == 0 && c.flags&flagSkip == 0 && !before {
		if flags&flagSYN != 0 {
			rel++
		}
		t.dataSent(c, s, peer, rel, data[:n], flags)
	} else if n > 0 && len(data) < n && flags&flagRST == 0 && c.flags&flagSkip == 0 && !before {
		t.weird(c, "truncated_tcp_payload", "", "TCP")
	}
	t.checkEOF(c, s, peer)
	if closing {
		t.connectionClosed(c, s, peer, report)
	}
	t.rearm(c)
	// If the connection was flipped, the packet is counted under the new roles.
	p.isOrig = c.isOrig(s)
}

func (c *Conn) setFlag(f flags, on bool) {
	c.flags &^= f
	if on {
		c.flags |= f
	}
}

// sinceStart returns t in milliseconds after the connection's start, plus 1 so that it
// is never 0.
func (c *Conn) sinceStart(t value.Time) uint32 {
	d := int64(t-c.start) / 1e6
	return uint32(min(max(d, 0), 1<<32-stormGap-2)) + 1
}

// initEndpoint sets up the sequence numbers of the sender.
func (t *Table) initEndpoint(c *Conn, s *side, flags uint8, seq, end uint32) {
	switch s.state {
	case event.StateInactive:
		if flags&flagSYN != 0 {
			s.initSeq(seq, end)
		} else {
			// As after a SYN, so that relative numbers stay the same. The first
			// packet must not look like a retransmission.
			s.initSeq(seq-1, seq)
		}
	case event.StateSynSent, event.StateSynAckSent:
		if flags&flagSYN != 0 && seq != s.startSeq {
			t.weird(c, "SYN_seq_jump", "", "")
			s.initSeq(seq, end)
		}
	case event.StateEstablished, event.StatePartial:
		if flags&flagSYN != 0 {
			_, peer := c.sideOf(c.isOrig(s))
			if s.tcpSize(peer) > 0 {
				t.weird(c, "SYN_inside_connection", "", "")
			}
			if seq != s.startSeq {
				t.weird(c, "SYN_seq_jump", "", "")
			}
			s.initSeq(seq, end)
		}
	case event.StateReset:
		if flags&flagSYN != 0 && s.prev == event.StateInactive {
			// The reset that came first may have been forged: believe the SYN.
			s.initSeq(seq, end)
		}
	case event.StateClosed:
	}
}

// initPeer infers the sequence numbers of a side that has not sent yet.
func (t *Table) initPeer(c *Conn, s, peer *side, flags uint8, ack uint32) {
	if flags&(flagSYN|flagFIN|flagRST) == 0 && c.flags&flagWeird == 0 &&
		(s.state == event.StateSynSent || s.state == event.StateSynAckSent || s.state == event.StateEstablished) {
		t.weird(c, "possible_split_routing", "", "")
	}
	peer.initSeq(ack-1, ack-1)
}

// tcpHistory adds the letters of the segment's flags to the history.
func (c *Conn) tcpHistory(s *side, flags uint8, rel uint64, n int) {
	control := flags & (flagSYN | flagFIN | flagRST)
	switch control {
	case 0:
		if n > 0 {
			c.tcpOnce(s, histData, 'D')
		} else if flags&flagACK != 0 {
			c.tcpOnce(s, histACK, 'A')
		}
	case flagSYN:
		letter := byte('S')
		if flags&flagACK != 0 {
			letter = 'H'
		}
		if c.tcpOnce(s, histSYN, letter) && uint32(rel) != s.histSYN {
			c.addHistory(c.letter(s, letter))
		}
		s.histSYN = uint32(rel)
	case flagFIN:
		// A FIN is numbered after the segment's data.
		at := uint32(rel) + uint32(n)
		if c.tcpOnce(s, histFIN, 'F') && at != s.histFIN {
			c.addHistory(c.letter(s, 'F'))
		}
		s.histFIN = at
	case flagRST:
		if c.tcpOnce(s, histRST, 'R') && uint32(rel) != s.histRST {
			c.addHistory(c.letter(s, 'R'))
		}
		s.histRST = uint32(rel)
	default:
		if control&(flagFIN|flagRST) == flagFIN|flagRST {
			c.tcpOnce(s, histFINRST, 'I')
		} else {
			c.tcpOnce(s, histMulti, 'Q')
		}
	}
}

// updateWindow records the window that s advertises.
func (t *Table) updateWindow(c *Conn, s, peer *side, hdr header) {
	flags := hdr.flags()
	window := uint32(hdr.window()) << s.scale
	// A zero window matters only while the peer may still send.
	if window == 0 && flags&flagRST == 0 && peer.state != event.StateClosed && s.state != event.StateReset {
		if n := c.scaled(s, &s.zeroWindows, countZeroWindow, 'W'); n > 1 {
			if e := t.hooks.TCP.MultipleZeroWindows.Begin(); e != nil {
				*e = event.TCPMultipleZeroWindows{Conn: c, IsOrig: c.isOrig(s), Threshold: n}
				t.hooks.TCP.MultipleZeroWindows.Raise(e)
			}
		}
	}
	if flags&(flagSYN|flagFIN|flagRST) != 0 || s.state == event.StateClosed || s.state == event.StateReset {
		return
	}
	seq, ack := hdr.seq(), hdr.ack()
	if seqDelta(seq, s.windowSeq) < 0 || seqDelta(ack, s.windowAck) < 0 {
		return
	}
	if back := -seqDelta(ack+window, s.windowAck+s.window); back > 0 && back >= 1<<s.scale {
		t.weird(c, "window_recision", "", "")
	}
	s.window, s.windowAck, s.windowSeq = window, ack, seq
}

// syn processes the parts that only SYN packets have.
func (t *Table) syn(c *Conn, p *Packet, g *segment, hdr header) {
	ip, s, peer, flags := p.IP, g.s, g.peer, g.flags
	if flags&flagRST != 0 {
		t.weird(c, "TCP_christmas", "", "TCP")
	}
	if flags&flagURG != 0 {
		t.weird(c, "baroque_SYN", "", "TCP")
	}
	if g.n > 0 {
		t.weird(c, "SYN_with_data", "", "TCP")
	}
	pkt := event.SYNPacket{IsOrig: g.isOrig, DF: ip.Version == 4 && ip.DF, TTL: uint64(ip.TTL),
		Size: uint64(ip.TotalLen), WinSize: uint64(hdr.window()), WinScale: -1}
	for o := range parseOptions(hdr.options(), true) {
		switch {
		case o[0] == optSACKPermitted:
			pkt.SACKOK = true
		case o[0] == optMSS && len(o) >= 4:
			pkt.MSS = uint64(binary.BigEndian.Uint16(o[2:]))
		case o[0] == optWindowScale && len(o) >= 3:
			pkt.WinScale = int64(o[2])
		case o[0] == optTimestamps && len(o) >= 10:
			pkt.TSval = value.Some(uint64(binary.BigEndian.Uint32(o[2:])))
			pkt.TSecr = value.Some(uint64(binary.BigEndian.Uint32(o[6:])))
		}
	}
	if scale := pkt.WinScale; scale >= 0 {
		if scale > maxWindowScale {
			if c.flags&flagWeird == 0 {
				t.weird(c, "TCP_scale_range", strconv.FormatInt(scale, 10), "TCP")
			}
			scale = maxWindowScale
		}
		s.scale = uint8(scale)
		s.windowSeq, s.windowAck = hdr.seq(), hdr.ack()
		peer.windowSeq, peer.windowAck = hdr.ack(), hdr.seq()
	} else {
		s.scale = 0
		if flags&flagACK != 0 {
			peer.scale = 0 // not negotiated
		}
	}
	if e := t.hooks.TCP.ConnectionSYNPacket.Begin(); e != nil {
		*e = event.ConnectionSYNPacket{Conn: c, Pkt: pkt}
		t.hooks.TCP.ConnectionSYNPacket.Raise(e)
	}
}

// updateLast moves the end of what the sender has sent, and returns by how much.
func (t *Table) updateLast(c *Conn, g *segment) int32 {
	s, end, flags := g.s, g.end, g.flags
	d := seqDelta(end, s.lastSeq)
	switch {
	case flags&(flagSYN|flagRST) != 0 && (d > plausibleJump || d < -plausibleJump):
	case flags&flagFIN != 0 && s.lastSeq == s.startSeq+1:
		// The data between SYN and FIN, perhaps more than 2 GB, was not captured.
		s.updateLast(end)
	case s.state == event.StateReset:
	case d > 0:
		s.updateLast(end)
	case g.n > 0:
		if r := c.scaled(s, &s.rexmits, countRexmit, 'T'); r > 1 {
			if e := t.hooks.TCP.MultipleRetransmissions.Begin(); e != nil {
				*e = event.TCPMultipleRetransmissions{Conn: c, IsOrig: c.isOrig(s), Threshold: r}
				t.hooks.TCP.MultipleRetransmissions.Raise(e)
			}
		}
		if e := t.hooks.TCP.Rexmit.Begin(); e != nil {
			inFlight := max(seqDelta(s.lastSeq, s.ackSeq), 0)
			*e = event.TCPRexmit{Conn: c, IsOrig: c.isOrig(s), Seq: g.rel, Len: uint64(g.n),
				DataInFlight: uint64(inFlight), Window: uint64(g.peer.window)}
			t.hooks.TCP.Rexmit.Raise(e)
		}
	}
	return d
}

// stateMachine moves the states by the segment's flags. advance is the result of
// updateLast. closing reports that the sender is done, report that this deserves an
// event.
func (t *Table) stateMachine(c *Conn, p *Packet, g *segment, advance int32) (closing, report bool) {
	switch g.s.state {
	case event.StateInactive:
		return t.fromInactive(c, p, g)
	case event.StateSynSent, event.StateSynAckSent:
		return t.fromSynSent(c, g)
	case event.StateEstablished, event.StatePartial:
		return t.fromEstablished(c, g.s, g.peer, g.flags)
	case event.StateClosed:
		return t.fromClosed(c, p, g, advance), false
	case event.StateReset:
		if g.flags&flagSYN != 0 {
			t.weird(c, "SYN_after_reset", "", "TCP")
		}
		if g.flags&flagFIN != 0 {
			t.weird(c, "FIN_after_reset", "", "TCP")
		}
		if g.n > 0 && g.flags&flagRST == 0 {
			t.weird(c, "data_after_reset", "", "TCP")
		}
	}
	return false, false
}

func (t *Table) fromInactive(c *Conn, p *Packet, g *segment) (closing, report bool) {
	s, peer, flags, isOrig := g.s, g.peer, g.flags, g.isOrig
	if flags&flagSYN != 0 {
		if isOrig {
			if flags&flagACK != 0 {
				t.weird(c, "connection_originator_SYN_ack", "", "TCP")
				t.setState(c, s, peer, event.StateSynAckSent)
			} else {
				t.setState(c, s, peer, event.StateSynSent)
			}
			c.attempt = p.Time + value.Time(t.cfg.TCPAttempt)
		} else {
			t.answer(c, g)
		}
	}
	if flags&flagFIN != 0 {
		t.setState(c, s, peer, event.StateClosed)
		closing, report = true, true
		if peer.state != event.StatePartial && flags&flagSYN == 0 {
			t.weird(c, "spontaneous_FIN", "", "TCP")
		}
	}
	if flags&flagRST != 0 {
		t.setState(c, s, peer, event.StateReset)
		// From the originator a reset answers a SYN-ACK without a SYN: a reverse
		// scan. From the responder it refuses a SYN.
		reject := peer.state == event.StateEstablished
		if !isOrig {
			reject = peer.state == event.StateSynSent || peer.state == event.StateSynAckSent
		}
		closing, report = true, !reject
		if reject {
			if e := t.hooks.TCP.ConnectionRejected.Begin(); e != nil {
				e.Conn = c
				t.hooks.TCP.ConnectionRejected.Raise(e)
			}
		} else if peer.state == event.StateInactive {
			t.weird(c, "spontaneous_RST", "", "TCP")
		}
	}
	if s.state != event.StateInactive {
		return closing, report
	}
	// No flag has changed the state.
	switch {
	case !isOrig && g.n == 0 && c.orig().state == event.StateSynSent:
		// Some stacks acknowledge a SYN before they answer it.
	case flags&flagACK != 0 && peer.state == event.StateEstablished:
		// The SYN was missed, the SYN-ACK was not.
		t.setState(c, s, peer, event.StateEstablished)
		c.setFlag(flagPartial, false)
		c.setFirst(isOrig)
	default:
		t.setState(c, s, peer, event.StatePartial)
		if peer.state == event.StatePartial {
			if e := t.hooks.TCP.PartialConnection.Begin(); e != nil {
				e.Conn = c
				t.hooks.TCP.PartialConnection.Raise(e)
			}
		}
	}
	return closing, report
}

// setFirst records that the first packet of a side was seen, or must have been.
func (c *Conn) setFirst(isOrig bool) {
	if isOrig {
		c.flags |= flagFirstOrig
	} else {
		c.flags |= flagFirstResp
	}
}

// answer handles the responder's SYN.
func (t *Table) answer(c *Conn, g *segment) {
	s, peer := g.s, g.peer
	switch {
	case g.flags&flagACK != 0:
		if peer.state != event.StateInactive && peer.state != event.StatePartial &&
			!seqBetween(g.ack, peer.startSeq, peer.lastSeq) {
			t.weird(c, "bad_SYN_ack", "", "TCP")
		}
	case peer.state == event.StateSynAckSent && g.seq == s.startSeq:
		// SYN and SYN-ACK were captured in the wrong order.
		c.setFlag(flagPartial, false)
		c.flip()
		t.setState(c, peer, s, event.StateEstablished)
		c.setFirst(true)
	default:
		t.weird(c, "simultaneous_open", "", "TCP")
		if peer.state == event.StateSynSent && !t.cfg.Compat.Has(compat.TCPSimultaneousOpen) {
			// Some have acknowledged the SYN before, in a segment without one.
			c.setFlag(flagPartial, false)
		}
	}
	switch peer.state {
	case event.StateSynSent:
		t.setState(c, peer, s, event.StateEstablished)
	case event.StateInactive:
		t.weird(c, "unsolicited_SYN_response", "", "TCP")
	default:
	}
	t.setState(c, s, peer, event.StateEstablished)
	if peer.state != event.StatePartial {
		t.established(c)
	}
}

// established raises the event and gives interactive services their longer timeout.
// Zeek goes by the responder's port, or by the originator's if only that one is a
// server's.
func (t *Table) established(c *Conn) {
	id := c.ID()
	port := id.RespP
	if c.orig().state == event.StateInactive && !t.likelyServer(value.ProtoTCP, port) &&
		t.likelyServer(value.ProtoTCP, id.OrigP) {
		port = id.OrigP
	}
	switch port {
	case 21, 22, 23, 513:
		c.setSilence(value.Time(t.cfg.Interactive))
	}
	if e := t.hooks.TCP.ConnectionEstablished.Begin(); e != nil {
		e.Conn = c
		t.hooks.TCP.ConnectionEstablished.Raise(e)
	}
}

func (t *Table) fromSynSent(c *Conn, g *segment) (closing, report bool) {
	s, peer, flags := g.s, g.peer, g.flags
	if flags&flagSYN != 0 {
		if g.isOrig {
			if flags&flagACK != 0 && flags&(flagFIN|flagRST) == 0 && s.state != event.StateSynAckSent {
				t.weird(c, "repeated_SYN_with_ack", "", "TCP")
			}
		} else if flags&flagACK == 0 && s.state != event.StateSynSent {
			t.weird(c, "repeated_SYN_reply_wo_ack", "", "TCP")
		}
	}
	if flags&flagFIN != 0 {
		if peer.state == event.StateInactive || peer.state == event.StateSynSent {
			t.weird(c, "inappropriate_FIN", "", "TCP")
		}
		t.setState(c, s, peer, event.StateClosed)
		closing, report = true, true
	}
	if flags&flagRST != 0 {
		t.setState(c, s, peer, event.StateReset)
		t.connectionReset(c)
		closing = true
	} else if g.n > 0 {
		t.weird(c, "data_before_established", "", "TCP")
	}
	return closing, report
}

func (t *Table) fromEstablished(c *Conn, s, peer *side, flags uint8) (closing, report bool) {
	if flags&(flagSYN|flagACK) == flagSYN && s.state == event.StatePartial && peer.state == event.StateInactive {
		t.weird(c, "SYN_after_partial", "", "TCP")
		t.setState(c, s, peer, event.StateSynSent)
	}
	if flags&(flagFIN|flagRST) == flagFIN {
		t.setState(c, s, peer, event.StateClosed)
		if peer.state == event.StateReset && peer.prev == event.StateClosed {
			// A FIN followed by a RST was a normal end after all.
			t.setState(c, peer, s, event.StateClosed)
		}
		closing, report = true, true
	}
	if flags&flagRST != 0 {
		t.setState(c, s, peer, event.StateReset)
		closing = true
		if peer.state != event.StateReset || peer.prev != event.StateEstablished {
			t.connectionReset(c)
		}
	}
	return closing, report
}

func (t *Table) fromClosed(c *Conn, p *Packet, g *segment, advance int32) (closing bool) {
	s, peer, flags := g.s, g.peer, g.flags
	if flags&flagSYN != 0 {
		t.weird(c, "SYN_after_close", "", "TCP")
	}
	if flags&flagFIN != 0 && advance > 0 {
		t.weird(c, "FIN_advanced_last_seq", "", "TCP")
	}
	// After FINs from both sides a reset changes nothing.
	if flags&flagRST != 0 && peer.state != event.StateClosed {
		t.setState(c, s, peer, event.StateReset)
		closing = s.flags&sideClosed == 0
		c.attempt = p.Time + value.Time(t.cfg.TCPReset)
		c.flags |= flagResetTimer
	}
	return closing
}

func (t *Table) connectionReset(c *Conn) {
	t.analyzersReset(c)
	if e := t.hooks.TCP.ConnectionReset.Begin(); e != nil {
		e.Conn = c
		t.hooks.TCP.ConnectionReset.Raise(e)
	}
	c.flags &^= flagActive
}

// connectionClosed records that s has sent its last segment.
func (t *Table) connectionClosed(c *Conn, s, peer *side, report bool) {
	t.analyzersSideClosed(c)
	if c.flags&flagSkip == 0 && t.dataPending(c, s, peer) {
		// Undelivered data comes first.
		c.flags |= flagCloseDeferred
		if report {
			c.flags |= flagDeferredEvent
		}
		return
	}
	c.flags &^= flagCloseDeferred
	if s.flags&sideClosed != 0 {
		return
	}
	s.flags |= sideClosed
	to := &t.cfg
	if s.state == event.StateReset || peer.flags&sideClosed != 0 || peer.state == event.StateInactive {
		if s.prev != event.StateInactive || peer.state != event.StateInactive {
			if c.flags&flagDeferredEvent != 0 {
				c.flags &^= flagDeferredEvent
				report = true
			}
			if report {
				t.connectionFinished(c, peer.state == event.StateInactive)
			}
		}
		c.attempt, c.expire = 0, 0
		c.closing = c.last + value.Time(to.TCPClose)
		c.flags |= flagClosing
		return
	}
	if s.prev == event.StateInactive {
		c.closing = c.last + value.Time(to.TCPPartialClose)
		c.flags &^= flagClosing
	}
	d := c.last + value.Time(to.TCPSession)
	// tcp_SYN_timeout runs for every connection, but matters only to one that has begun to
	// close. If nothing is heard until then, and the clock jumps, it is looked at with the
	// clock of the next packet, before tcp_reset_delay.
	if first := c.start + value.Time(to.TCPSYN); first > c.last {
		d = min(d, first)
	}
	if c.expire == 0 || d < c.expire {
		c.expire = d
	}
}

func (t *Table) connectionFinished(c *Conn, half bool) {
	t.analyzersFinished(c, half)
	if half {
		if e := t.hooks.TCP.ConnectionHalfFinished.Begin(); e != nil {
			e.Conn = c
			t.hooks.TCP.ConnectionHalfFinished.Raise(e)
		}
	} else if e := t.hooks.TCP.ConnectionFinished.Begin(); e != nil {
		e.Conn = c
		t.hooks.TCP.ConnectionFinished.Raise(e)
	}
	c.flags &^= flagActive
}

// attemptTimer fires tcp_attempt_delay after a SYN, or tcp_reset_delay after the reset
// of a closed side. It reports whether c is still in the table.
func (t *Table) attemptTimer(c *Conn) bool {
	if c.flags&flagActive == 0 {
		return true
	}
	o, r := c.orig(), c.resp()
	if (o.state == event.StateSynSent || o.state == event.StateSynAckSent) && r.state == event.StateInactive {
		if e := t.hooks.TCP.ConnectionAttempt.Begin(); e != nil {
			e.Conn = c
			t.hooks.TCP.ConnectionAttempt.Raise(e)
		}
		c.flags &^= flagActive
		t.Remove(c)
		return false
	}
	if c.flags&flagResetTimer != 0 {
		if o.flags&r.flags&sideClosed == 0 {
			t.connectionReset(c)
		}
		t.Remove(c)
		return false
	}
	return true
}

// expireTCP checks every tcp_session_timer whether a connection that has begun to
// close, or never began, is over. It reports whether c is still in the table.
func (t *Table) expireTCP(c *Conn, now value.Time) bool {
	if c.flags&flagActive == 0 {
		return true
	}
	o, r := c.orig(), c.resp()
	closed := (o.flags|r.flags)&sideClosed != 0
	never := o.state == event.StateInactive && r.state == event.StateInactive
	if !closed && !never {
		return true // connectionClosed sets the timer again
	}
	if c.last+value.Time(t.cfg.TCPLinger) < now {
		over := o.flags&r.flags&sideClosed != 0 ||
			o.state == event.StateReset || r.state == event.StateReset ||
			o.state == event.StateInactive || r.state == event.StateInactive
		if closed && over {
			c.flags &^= flagActive
		}
		if closed && over || never {
			t.timeout(c)
			return false
		}
	}
	session := value.Time(t.cfg.TCPSession)
	c.expire = now + session
	if d := c.last + session; d > now {
		c.expire = d
	}
	return true
}

// closingTimer fires tcp_close_delay after the end, or tcp_partial_close_delay after
// the close of a side that had not sent before. It reports whether c is still in the
// table.
func (t *Table) closingTimer(c *Conn) bool {
	if c.flags&flagClosing != 0 {
		t.timeout(c)
		return false
	}
	if c.flags&flagActive == 0 {
		return true
	}
	o, r := c.orig(), c.resp()
	if o.state == event.StateInactive || r.state == event.StateInactive || o.flags&r.flags&sideClosed != 0 ||
		o.state == event.StateReset || r.state == event.StateReset {
		return true
	}
	if e := t.hooks.TCP.ConnectionPartialClose.Begin(); e != nil {
		*e = event.ConnectionPartialClose{Conn: c}
		t.hooks.TCP.ConnectionPartialClose.Raise(e)
	}
	t.Remove(c)
	return false
}

// isReuse reports whether a SYN begins another connection with the same
// five-tuple.
func (t *Table) isReuse(c *Conn, hdr header, now value.Time) bool {
	flags := hdr.flags()
	if hdr[12]>>4 < 5 || flags&flagSYN == 0 {
		return false
	}
	o, r := c.orig(), c.resp()
	first := o
	if flags&flagACK != 0 {
		if o.state != event.StateInactive {
			return false
		}
		first = r
	}
	active := func(s *side) bool { return s.state != event.StateInactive && s.flags&sideClosed == 0 }
	wasReset := o.state == event.StateReset || r.state == event.StateReset
	switch {
	case (o.flags|r.flags)&sideClosed == 0:
		seq := hdr.seq()
		if seq == first.startSeq {
			return false
		}
		if flags&flagACK == 0 && first.state == event.StateSynAckSent &&
			r.state == event.StateInactive && seq == r.startSeq {
			// SYN and SYN-ACK in the wrong order; see answer.
			return false
		}
		if first.state == event.StateSynSent {
			t.weird(c, "SYN_seq_jump", "", "TCP")
		} else {
			t.weird(c, "active_connection_reuse", "", "TCP")
		}
	case (active(o) || active(r)) && !wasReset:
		t.weird(c, "active_connection_reuse", "", "TCP")
	case now-c.last < value.Time(t.cfg.TCPLinger) && !wasReset:
		t.weird(c, "premature_connection_reuse", "", "TCP")
	}
	return true
}

// flagString has one letter for each flag, in the order SFRAPU.
func flagString(flags uint8) string {
	return flagStrings[flags&0x3f]
}

var flagStrings = func() (list [64]string) {
	for f := range list {
		var b []byte
		for _, x := range [...]struct {
			bit    int
			letter byte
		}{{flagSYN, 'S'}, {flagFIN, 'F'}, {flagRST, 'R'}, {flagACK, 'A'}, {flagPSH, 'P'}, {flagURG, 'U'}} {
			if f&x.bit != 0 {
				b = append(b, x.letter)
			}
		}
		list[f] = string(b)
	}
	return list
}()
