package rdp

import (
	"encoding/binary"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/wire"
)

// Flags of datagrams (MS-RDPEUDP section 2.2.2.1).
const (
	flagSyn           = 0x0001
	flagAck           = 0x0004
	flagCorrelationID = 0x0800
	flagSynEx         = 0x1000
)

// noAck is what a datagram that begins the handshake acknowledges.
var noAck = []byte{0xff, 0xff, 0xff, 0xff}

// udpAnalyzer sees that the handshake of RDP over UDP succeeds (MS-RDPEUDP section 1.3.2.1).
// After it there is nothing to look at.
type udpAnalyzer struct {
	t       *conn.Table
	c       *conn.Conn
	started bool
}

func newUDP(t *conn.Table, c *conn.Conn) conn.Analyzer { return &udpAnalyzer{t: t, c: c} }

// Data takes a datagram.
func (a *udpAnalyzer) Data(isOrig bool, b []byte) {
	c := cursor{wire.NewCursor(b)}
	ack := c.Take(4, "RDPUDP_FEC_HEADER:snSourceAck")
	c.Take(2, "RDPUDP_FEC_HEADER:uReceiveWindowSize")
	flags := c.U16("RDPUDP_FEC_HEADER:uFlags")
	c.Take(8, "RDPUDP_SYNDATA_PAYLOAD:snInitialSequenceNumber")
	if flags&flagCorrelationID != 0 {
		c.Take(32, "RDPUDP_CORRELATION_ID_PAYLOAD:uCorrelationId")
	}
	if flags&flagSynEx != 0 {
		const version3 = 0x0101
		c.Take(2, "RDPUDP_SYNEX_PAYLOAD:uSynExFlags")
		if c.U16("RDPUDP_SYNEX_PAYLOAD:uUdpVer") == version3 {
			c.Take(32, "RDPUDP_SYNEX_PAYLOAD:cookieHash")
		}
	}
	switch {
	case !c.OK():
		a.t.Violate(a.c, a, c.Err().Error(), nil)
	case !a.started:
		a.started = isOrig && flags&flagSyn != 0 && binary.BigEndian.Uint32(ack) == ^uint32(0)
	case !isOrig && flags&(flagSyn|flagAck) != 0:
		a.t.Confirm(a.c, a)
		a.t.Detach(a.c, a)
	}
}

// Gap does nothing: datagrams have none.
func (a *udpAnalyzer) Gap(bool, uint64) {}

// End does nothing: there is no end of datagrams.
func (a *udpAnalyzer) End(bool) {}

// Done does nothing: the analyzer has nothing to give back.
func (a *udpAnalyzer) Done() {}
