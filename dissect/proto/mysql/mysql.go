// Package mysql analyzes the client/server protocol of MySQL and MariaDB: the greeting,
// the login, commands, and the results of queries. A client that asks for TLS is handed
// over to the TLS analyzer.
//
// The protocol has no RFC. It is described in "MySQL Source Code Documentation", chapter
// "Client/Server Protocol", whose names for messages are used here. The choice of what to
// parse, and how the kind of an answer is recognized, follow Zeek's
// src/analyzer/protocol/mysql.
package mysql

import (
	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

const (
	// headerLen is the length in bytes of a packet's header: a three-byte length and the
	// sequence number.
	headerLen = 4
	// maxPacket is the length in bytes of the longest packet that is parsed; the protocol
	// allows 16 MB. Zeek's buffers have the same limit (BinPAC::flowbuffer_capacity_max).
	maxPacket = 10 << 20
)

// New returns the protocol for the detector. Its analyzers raise their events on h; ssl
// takes over where a client asks for TLS.
func New(h *event.Hooks, ssl *conn.Protocol) *detect.Protocol {
	f := &factory{hooks: &h.MySQL, ssl: ssl, framer: wire.NewFramer(headerLen, maxPacket, packetLen)}
	p := &detect.Protocol{Transport: value.ProtoTCP, Ports: []uint16{1434, 3306}}
	p.Protocol = conn.Protocol{Name: "MYSQL", Service: "mysql", New: f.new, Size: freelist.Size[analyzer]() + 256}
	return p
}

// factory makes the analyzers of a shard and holds what they share.
type factory struct {
	hooks  *event.MySQLEvents
	ssl    *conn.Protocol
	free   freelist.List[analyzer]
	framer *wire.Framer

	data []byte // authentication data joined from two parts
	row  [][]byte
}

func (f *factory) new(u conn.Use) conn.Analyzer {
	a := f.free.Get()
	*a = analyzer{f: f, Use: u, expected: expectStatus}
	return a
}

// analyzer follows one connection. Sides are 0 for the originator, 1 for the responder.
type analyzer struct {
	f *factory
	conn.Use

	frames [2]wire.Frames
	off    bool          // no longer interested
	inner  conn.Handover // to TLS

	// commands is set once the login is over (the command phase).
	commands bool
	version  uint8 // of the greeting
	lastSeq  uint8 // sequence number of the server's last packet
	// authData is set if the client's next packet of the login is data for a plugin.
	authData     bool
	serverAttrs  bool   // the server knows query attributes
	capabilities uint32 // the client's
	expected     expectation
	columns      int32 // of the result set
	columnsLeft  uint32
}

// packetLen returns the length of a packet including its header.
func packetLen(header []byte) int {
	return headerLen + int(header[0]) + int(header[1])<<8 + int(header[2])<<16
}

// Data parses the next bytes of a stream.
func (a *analyzer) Data(isOrig bool, b []byte) {
	if a.Conn().Partial() {
		return
	}
	f := &a.frames[conn.Side(isOrig)]
	for len(b) > 0 && !a.off && !a.inner.Taken() {
		kept := f.Kept()
		p, rest, state := f.Next(a.f.framer, b)
		a.Hold(f.Kept() - kept)
		b = rest
		switch state {
		case wire.FrameWhole:
			a.packet(isOrig, p)
		case wire.FrameShort:
			if a.Full("MYSQL") {
				a.giveUp("too many packets are incomplete")
			}
		case wire.FrameInvalid:
			a.Limited("MYSQL", "packet_size")
			a.giveUp("Binpac exception: binpac exception: flowbuffer allocation failed: expand beyond maximum capacity")
		}
	}
	if a.inner.Taken() && len(b) > 0 {
		a.inner.Data(isOrig, b)
	}
}

// packet parses a packet. A malformed one is a violation; the next one is parsed if the
// analyzer stays attached.
func (a *analyzer) packet(isOrig bool, p []byte) {
	c := cursor{wire.NewCursor(p[headerLen:])}
	if isOrig {
		a.client(&c)
	} else {
		seq := p[3]
		initial := seq == 0 && a.lastSeq != 255
		a.server(&c, len(p), initial)
		if c.OK() {
			a.lastSeq = seq
		}
	}
	if !c.OK() && !a.off {
		a.Violate(conn.Violation{Reason: c.Err().Error()})
	}
}

// giveUp reports a violation after which the stream cannot be followed.
func (a *analyzer) giveUp(reason string) {
	a.Violate(conn.Violation{Reason: reason})
	if !a.off {
		a.Detach()
	}
}

// startTLS hands the connection over to the TLS analyzer.
func (a *analyzer) startTLS() {
	if a.inner = a.HandOver(a.f.ssl); !a.inner.Taken() {
		a.Detach()
	}
}

// Gap passes the gap on to TLS. Without TLS it ends the analysis, because the next packet
// cannot be found.
func (a *analyzer) Gap(isOrig bool, n uint64) {
	if a.inner.Taken() {
		a.inner.Gap(isOrig, n)
	} else {
		a.Detach()
	}
}

// End passes the end of a side on to TLS.
func (a *analyzer) End(isOrig bool) {
	if a.inner.Taken() {
		a.inner.End(isOrig)
	}
}

// Flip swaps the sides.
func (a *analyzer) Flip() { a.frames[0], a.frames[1] = a.frames[1], a.frames[0] }

// Done returns the analyzer to the factory.
func (a *analyzer) Done() {
	if a.off {
		return
	}
	a.off = true
	if a.inner.Taken() {
		a.inner.Done()
	}
	a.Hold(-a.frames[0].Reset(a.f.framer) - a.frames[1].Reset(a.f.framer))
	a.f.free.Put(a)
}
