package conn

import (
	"math/bits"

	"github.com/wirelog/wirelog/dissect/event"
)

// Byte orders of the identification, as in event.EndpointStats.
const (
	endianUnknown = iota
	endianLittle
	endianBig
	endianConfused
)

// connStats counts the packets of the sides of a TCP connection for ConnStats.
type connStats struct{ side [2]sideStats }

type sideStats struct {
	event.EndpointStats
	top uint64 // end of the furthest segment, relative to the first sequence number
	id  uint16 // of the last packet that was in order
}

// packet counts a packet with n bytes of payload from seq on. The order of packets follows
// from their identifications, in the byte order in which they have changed less. Packets
// without payload have no new data either, as in Zeek.
func (s *sideStats) packet(id uint16, seq, n uint64) {
	if s.NumPkts++; s.NumPkts == 1 {
		s.id = id
		return
	}
	if id == s.id {
		s.NumRepl++
		return
	}
	delta, endian := int16(id-s.id), uint64(endianBig)
	if swapped := int16(bits.ReverseBytes16(id) - bits.ReverseBytes16(s.id)); distance(swapped) <= distance(delta) {
		delta, endian = swapped, endianLittle
	}
	switch s.EndianType {
	case endianUnknown:
		s.EndianType = endian
	case endian:
	default:
		s.EndianType = endianConfused
	}
	if delta < 0 && delta > -256 {
		s.NumOO++
		return
	}
	s.id = id
	s.NumInOrder++
	if end := seq + n; end > s.top {
		s.top = end
	} else {
		s.NumRxmit++
		s.NumRxmitBytes += n
	}
}

func distance(d int16) int {
	if d < 0 {
		return -int(d)
	}
	return int(d)
}

// countStats counts a TCP packet for ConnStats.
func (c *Conn) countStats(p *Packet, st *connStats) {
	hdr := header(p.IP.Payload)
	s, _ := c.sideOf(p.isOrig)
	seq, _ := s.relativeTo(hdr.seq(), s.lastSeq, s.seqWraps)
	if hdr.flags()&flagSYN != 0 {
		seq++ // the SYN has a number too
	}
	n := len(p.IP.Payload)
	if p.IP.TotalLen != 0 {
		n = min(n, p.IP.PayloadLen)
	}
	st.side[c.index(p.isOrig)].packet(uint16(p.IP.ID), seq, uint64(n-int(hdr[12]>>4)*4))
}

// watchStats begins the counts of c, if they are wanted.
func (t *Table) watchStats(c *Conn) {
	if t.hooks.Conn.Stats.On() {
		c.observing().counts = true
	}
}

func (t *Table) raiseStats(c *Conn) {
	o := c.ifObserved()
	if o == nil || !o.counts {
		return
	}
	if e := t.hooks.Conn.Stats.Begin(); e != nil {
		*e = event.ConnStats{Conn: c, OS: o.stats.side[c.index(true)].EndpointStats, RS: o.stats.side[c.index(false)].EndpointStats}
		t.hooks.Conn.Stats.Raise(e)
	}
}
