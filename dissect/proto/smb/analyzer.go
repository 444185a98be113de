package smb

import (
	"encoding/binary"

	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/file/files"
)

const (
	// frameHeader is the length of the header before every message: a type and a 24-bit length
	// (MS-SMB2 section 2.1; the length has 17 bits in RFC 1002 section 4.3.1).
	frameHeader = 4

	// maxFrame is the number of bytes kept of an incomplete frame, the capacity of Zeek's
	// buffers.
	maxFrame = 10 << 20

	// confirmAfter is the number of deliveries after which Zeek confirms the protocol. To be
	// independent of segmentation, a delivery is a frame, or a full Ethernet segment of a long
	// frame.
	confirmAfter = 3
	segment      = 1460
)

// Magic numbers at the start of a message.
const (
	magicSMB1      = 0xff534d42 // MS-CIFS section 2.2.3.1
	magicSMB2      = 0xfe534d42 // MS-SMB2 section 2.2.1
	magicTransform = 0xfd534d42 // encrypted: MS-SMB2 section 2.2.41
)

const magicSize = 4

func magic(b []byte) uint32 { return binary.BigEndian.Uint32(b) }

// analyzer follows one connection. Index 0 is the originator's side, 1 the responder's.
type analyzer struct {
	f *factory
	conn.Use

	// pending holds the bytes of an incomplete frame.
	pending [2][]byte
	// lost means that the frame boundaries are unknown on both sides.
	lost bool
	// parser is the state of Zeek's parser for each side.
	parser [2]parser
	side   int // the sender of the current bytes
	// seen means that the start of a message was seen on either side.
	seen       bool
	deliveries int  // without a violation; stops at confirmAfter
	violated   bool // the current frame is a violation
	off        bool
	// netbios means that the connection uses the NetBIOS session service.
	netbios bool
	carrier [2]files.Carrier

	session session
	inner   inner
	smb1    smb1State
	smb2    smb2State
}

// parser is the state of one of Zeek's parsers. Such a parser is not told when it has to look
// for the next frame: it continues with the old one, and fails.
type parser uint8

const (
	parserIdle      parser = iota // has read nothing, or failed
	parserReads                   // waits for a frame or for the rest of one
	parserForHeader               // lost its frame before the header was complete
	parserForBody                 // lost its frame after the header was complete
)

func (a *analyzer) reset(f *factory, u conn.Use) {
	c := u.Conn()
	a.f, a.Use = f, u
	a.lost, a.parser = c.Partial(), [2]parser{}
	a.seen, a.deliveries, a.violated, a.off = false, 0, false, false
	a.netbios = c.RespPort() == netbiosPort
	for i := range a.carrier {
		a.carrier[i] = files.Carrier{Source: source, Conn: c, IsOrig: i == 0}
	}
	a.session.reset()
	a.inner.reset()
	a.smb1.reset(a)
	a.smb2.reset()
}

// Data takes the next bytes of a stream. If the frame boundaries are lost, a segment that
// begins with a message restores them for both sides, as in Zeek.
func (a *analyzer) Data(isOrig bool, b []byte) {
	if a.off {
		return
	}
	i := conn.Side(isOrig)
	if a.lost && !startsMessage(b) {
		return
	}
	a.lost, a.side = false, i
	switch a.parser[i] {
	case parserForHeader:
		a.violate(wire.OutOfBound("uint24", 3, -1).Error())
		return
	case parserForBody:
		a.violate(wire.OutOfBound("SMB_TCP:message_type", 1, 0).Error())
		return
	case parserIdle, parserReads:
	}
	kept := len(a.pending[i]) > 0
	if kept {
		a.keep(i, b)
		b = a.pending[i]
	}
	for !a.off && !a.lost {
		n := a.frame(isOrig, b)
		if n == 0 {
			break
		}
		b = b[n:]
	}
	switch {
	case a.off || a.lost:
		return // nothing to keep
	case !kept:
		a.keep(i, b)
	case len(b) == 0:
		a.discard(i)
	case len(b) < len(a.pending[i]):
		a.Hold(len(b) - len(a.pending[i]))
		a.pending[i] = a.pending[i][:copy(a.pending[i], b)]
	}
	if a.seen {
		a.parser[i] = parserReads
	}
	if a.Full(source) {
		a.resync()
	}
}

// keep appends b to the side's incomplete frame.
func (a *analyzer) keep(i int, b []byte) {
	if len(b) == 0 {
		return
	}
	if a.pending[i] == nil {
		a.pending[i] = a.f.frames.Get()
	}
	a.pending[i] = append(a.pending[i], b...)
	a.Hold(len(b))
}

func (a *analyzer) discard(i int) {
	a.Hold(-len(a.pending[i]))
	a.f.frames.Put(a.pending[i])
	a.pending[i] = nil
}

// frame consumes one frame at the start of b and returns its length, or 0 if it is incomplete.
func (a *analyzer) frame(isOrig bool, b []byte) int {
	if len(b) < frameHeader {
		return 0
	}
	head := binary.BigEndian.Uint32(b)
	typ, n := byte(head>>24), frameHeader+int(head&0xffffff)
	if !a.seen {
		if !a.mayBegin(typ, b) {
			a.resync()
			return 0
		}
		a.seen = startsMessage(b)
	}
	if len(b) < n {
		if len(b) > maxFrame {
			a.violate("Binpac exception: binpac exception: flowbuffer allocation failed: expand past max capacity")
		} else if a.seen && a.deliveries+deliveries(len(b)) >= confirmAfter {
			a.delivered(len(b))
		}
		return 0
	}
	if a.netbios && !a.Has(a.f.inner.NetBIOS) {
		a.f.netbios.Packet(&a.Use, isOrig, typ, b[frameHeader:n])
	}
	a.violated = false
	if typ == sessionMessage {
		a.payload(isOrig, b[frameHeader:n])
	}
	if a.seen && !a.violated {
		a.delivered(n)
	}
	return n
}

// mayBegin reports whether b, a frame of the given type, may precede the first SMB message, as
// packets of the NetBIOS session service do, or may be the start of that message. Zeek ignores
// everything else until it sees one.
func (a *analyzer) mayBegin(typ byte, b []byte) bool {
	if typ == sessionMessage {
		return len(b) < frameHeader+magicSize || startsMessage(b)
	}
	return a.netbios && typ >= sessionRequest && typ <= sessionKeepAlive
}

// deliveries returns the number of deliveries that n bytes count as.
func deliveries(n int) int { return (n + segment - 1) / segment }

// delivered counts n bytes of a valid frame and confirms the protocol after confirmAfter
// deliveries.
func (a *analyzer) delivered(n int) {
	if a.deliveries >= confirmAfter {
		return
	}
	if a.deliveries += deliveries(n); a.deliveries >= confirmAfter {
		a.Confirm()
	}
}

// payload parses a frame's contents: one message or a compound of several.
func (a *analyzer) payload(isOrig bool, b []byte) {
	switch {
	case len(b) == 0:
	case len(b) < magicSize:
		a.violate(wire.OutOfBound("SMB_Protocol_Identifier:protocol", magicSize, len(b)).Error())
	case magic(b) == magicSMB1:
		a.smb1.message(isOrig, b)
	case magic(b) == magicSMB2:
		a.compound(isOrig, b)
	case magic(b) == magicTransform:
		a.transform(b)
	}
	a.account()
}

// violate reports a violation. Unless the analyzer is removed for it after the packet, both
// sides look for their next frame, as after a gap.
func (a *analyzer) violate(reason string) {
	a.violated = true
	a.Violate(conn.Violation{Reason: reason, Late: true})
	a.parser[a.side] = parserIdle
	a.resync()
}

// resync makes both sides look for their next frame. As in Zeek, a parser that waits for a
// frame fails on the next one.
func (a *analyzer) resync() {
	a.lost = true
	for i := range a.pending {
		if a.parser[i] == parserReads {
			a.parser[i] = parserForHeader
			if len(a.pending[i]) >= frameHeader {
				a.parser[i] = parserForBody
			}
		}
		a.discard(i)
	}
}

// Gap makes both sides look for their next frame.
func (a *analyzer) Gap(bool, uint64) { a.resync() }

// End does nothing: an incomplete frame is dropped silently.
func (a *analyzer) End(bool) {}

// Flip swaps the two sides.
func (a *analyzer) Flip() {
	a.pending[0], a.pending[1] = a.pending[1], a.pending[0]
	a.parser[0], a.parser[1] = a.parser[1], a.parser[0]
}

// Done returns the analyzer to the free list.
func (a *analyzer) Done() {
	a.off = true
	a.discard(0)
	a.discard(1)
	a.closeInner()
	a.HoldState(-a.session.held)
	a.session.reset()
	a.f.free.Put(a)
}
