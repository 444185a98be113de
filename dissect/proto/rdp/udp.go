package rdp

import (
	"encoding/binary"

	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/conn"
)

// Flags of datagrams (MS-RDPEUDP section 2.2.2.1).
const (
	flagSyn           = 0x0001
	flagAck           = 0x0004
	flagData          = 0x0008
	flagAckOfAcks     = 0x0100
	flagCorrelationID = 0x0800
	flagSynEx         = 0x1000
)

// noAck is the acknowledgement field of a datagram that begins the handshake.
var noAck = []byte{0xff, 0xff, 0xff, 0xff}

// version3 is the protocol version that switches to the datagrams of MS-RDPEUDP2 after the
// handshake.
const version3 = 0x0101

// udpAnalyzer checks that the handshake of RDP over UDP succeeds (MS-RDPEUDP section
// 1.3.2.1) and that later datagrams have the right form.
type udpAnalyzer struct {
	conn.Use
	started, confirmed bool
	version            [2]uint16 // by side
}

func newUDP(u conn.Use) conn.Analyzer { return &udpAnalyzer{Use: u} }

// Data parses a datagram.
func (a *udpAnalyzer) Data(isOrig bool, b []byte) {
	c := cursor{wire.NewCursor(b)}
	switch {
	case !a.confirmed:
		a.handshake(isOrig, &c)
	case a.version == [2]uint16{version3, version3}:
		c.Take(1+2, "RDPEUDP2_ACK:header")
	default:
		acknowledgement(&c)
	}
	if !c.OK() {
		a.Violate(conn.Violation{Reason: c.Err().Error()})
	}
}

// handshake parses the first datagram of either side (MS-RDPEUDP sections 3.1.5.1.1 and
// 3.1.5.1.2). As in Zeek, one without a version is malformed.
func (a *udpAnalyzer) handshake(isOrig bool, c *cursor) {
	head := c.Head(8+8, "RDPEUDP_SYN:syndata_payload")
	ack, flags := binary.BigEndian.Uint32(head), binary.BigEndian.Uint16(head[6:])
	if flags&flagCorrelationID != 0 {
		c.part(32, "RDPUDP_CORRELATION_ID_PAYLOAD")
	}
	if flags&flagSynEx == 0 {
		c.Fail(wire.Wrong("invalid case: has_synex_payload: 0 (true)"))
		return
	}
	c.Record()
	version := binary.BigEndian.Uint16(c.Head(2+2, "RDPUDP_SYNEX_PAYLOAD:uUdpVer")[2:])
	if version == version3 {
		c.Array(32, 1, "RDPUDP_SYNEX_PAYLOAD:has_cookie_hash")
	}
	switch {
	case !c.OK():
	case !a.started:
		a.started = isOrig && flags&flagSyn != 0 && ack == ^uint32(0)
	case !isOrig && flags&(flagSyn|flagAck) != 0:
		a.confirmed = true
		a.Confirm()
	default:
		return
	}
	a.version[conn.Side(isOrig)] = version
}

// acknowledgement parses a datagram after the handshake (MS-RDPEUDP section 2.2.2).
func acknowledgement(c *cursor) {
	flags := binary.BigEndian.Uint16(c.Head(8, "RDPEUDP1_ACK:fec_header")[6:])
	c.Record()
	n := c.U16("RDPUDP_ACK_VECTOR_HEADER:uAckVectorSize")
	c.Array(int(n), 1, "RDPUDP_ACK_VECTOR_HEADER:AckVectorElement")
	c.Take(-(2+int(n))&3, "RDPUDP_ACK_VECTOR_HEADER") // padding
	if flags&flagAckOfAcks != 0 {
		c.part(4, "RDPUDP_ACK_OF_ACKVECTOR_HEADER")
	}
	if flags&flagData != 0 {
		c.part(8, "RDPUDP_SOURCE_PAYLOAD_HEADER")
	}
}

// Gap does nothing: datagrams have no gaps.
func (a *udpAnalyzer) Gap(bool, uint64) {}

// End does nothing: datagrams have no end.
func (a *udpAnalyzer) End(bool) {}

// Flip swaps the sides.
func (a *udpAnalyzer) Flip() { a.version[0], a.version[1] = a.version[1], a.version[0] }

// Done does nothing: the analyzer holds nothing to give back.
func (a *udpAnalyzer) Done() {}
