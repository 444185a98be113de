// Package modbus analyzes Modbus/TCP (MODBUS Application Protocol Specification V1.1b3, MODBUS
// Messaging on TCP/IP Implementation Guide V1.0b). Messages are cut from the stream by their
// length field. Function data is parsed with the layouts in Zeek's modbus-protocol.pac, and a
// message too short for its function is a violation with Zeek's text.
package modbus

import (
	"encoding/binary"
	"strconv"

	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

const (
	// headerLen is the length of the MBAP header of 7 bytes (Implementation Guide section
	// 3.1.3) and the function code, which are parsed together.
	headerLen = 8
	// uncounted is the number of header bytes that the length field does not count.
	uncounted = 6
	// minLength is the minimum of the length field: unit and function code.
	minLength = 2
	// maxMessage is the maximum length of a message.
	maxMessage = uncounted + 1<<16 - 1
)

// New describes the protocol to the detector. Its analyzers raise their events on h.
func New(h *event.Hooks) *detect.Protocol {
	f := &factory{hooks: &h.Modbus, framer: wire.NewFramer(headerLen, maxMessage, messageLen)}
	p := &detect.Protocol{Transport: value.ProtoTCP, Ports: []uint16{502}}
	p.Protocol = conn.Protocol{Name: "MODBUS", Service: "MODBUS", New: f.new, Size: freelist.Size[analyzer]()}
	return p
}

// factory makes a shard's analyzers and holds what they share.
type factory struct {
	hooks  *event.ModbusEvents
	framer *wire.Framer
	free   freelist.List[analyzer]

	decoder
}

func (f *factory) new(u conn.Use) conn.Analyzer {
	a := f.free.Get()
	*a = analyzer{f: f, Use: u}
	return a
}

// analyzer follows one connection. Index 0 is the originator's side, 1 the responder's.
type analyzer struct {
	f *factory
	conn.Use
	side [2]side
	off  bool // the analysis has ended
}

// side is one direction.
type side struct {
	frames    wire.Frames
	announced bool // the event of the current header was raised
	header    header
}

// header is the start of a message.
type header struct {
	tid, length uint16
	unit, fc    uint8
}

func (h *header) fill(e *event.ModbusHeaders) {
	*e = event.ModbusHeaders{TID: uint64(h.tid), UID: uint64(h.unit), FunctionCode: uint64(h.fc), Len: uint64(h.length)}
}

// messageLen returns the length of the message with the given header, or -1 if the header is
// invalid.
func messageLen(h []byte) int {
	if n := binary.BigEndian.Uint16(h[4:]); protocol(h) == 0 && n >= minLength {
		return int(n) + uncounted
	}
	return -1
}

// protocol returns the header's protocol identifier, which is zero for Modbus.
func protocol(h []byte) uint16 { return binary.BigEndian.Uint16(h[2:]) }

// Data takes the next bytes of a stream.
func (a *analyzer) Data(isOrig bool, b []byte) {
	s := &a.side[conn.Side(isOrig)]
	for len(b) > 0 && !a.off {
		kept := s.frames.Kept()
		m, rest, state := s.frames.Next(a.f.framer, b)
		a.Hold(s.frames.Kept() - kept)
		b = rest
		switch state {
		case wire.FrameWhole:
			a.announce(s, m, isOrig)
			s.announced = false
			if !a.message(s, m[headerLen:], isOrig) {
				return
			}
		case wire.FrameShort:
			if m = s.frames.Partial(); len(m) >= headerLen {
				a.announce(s, m, isOrig)
			}
			if a.Full("MODBUS") {
				a.Detach()
			}
		case wire.FrameInvalid:
			field := "len"
			if protocol(m) != 0 {
				field = "pid"
			}
			a.malformed("&enforce violation : ModbusTCP_TransportHeader:" + field)
			return
		}
	}
}

// announce parses the header of a message and raises its event, once.
func (a *analyzer) announce(s *side, m []byte, isOrig bool) {
	if s.announced {
		return
	}
	s.announced = true
	s.header = header{
		tid: binary.BigEndian.Uint16(m), length: binary.BigEndian.Uint16(m[4:]), unit: m[6], fc: m[7],
	}
	if e := a.f.hooks.Message.Begin(); e != nil {
		e.Conn, e.IsOrig = a.Conn(), isOrig
		s.header.fill(&e.Headers)
		a.f.hooks.Message.Raise(e)
	}
}

// message decodes a message after its header. It returns false if the rest of the segment is
// skipped.
func (a *analyzer) message(s *side, body []byte, isOrig bool) bool {
	d := &a.f.decoder
	d.hooks, d.c = a.f.hooks, a.Conn()
	s.header.fill(&d.headers)
	d.decode(body, isOrig)
	if d.where != "" {
		a.malformed("out_of_bound: " + d.where + ": " + strconv.Itoa(d.need) + " > " + strconv.Itoa(d.have))
		return false
	}
	if d.invalid != "" {
		a.Violate(conn.Violation{Reason: d.invalid})
		if a.off {
			return false
		}
	}
	a.Confirm()
	return true
}

// malformed reports an unreadable message. Unless the analyzer is removed for it, the rest of
// the segment is skipped, as in Zeek, and the next segment may begin a message.
func (a *analyzer) malformed(what string) {
	a.Violate(conn.Violation{Reason: "Binpac exception: binpac exception: " + what})
}

// Gap does nothing: as in Zeek, the bytes after a gap count as the next bytes of the stream.
func (a *analyzer) Gap(bool, uint64) {}

// End does nothing: an incomplete message is dropped silently.
func (a *analyzer) End(bool) {}

// Flip swaps the two sides.
func (a *analyzer) Flip() { a.side[0], a.side[1] = a.side[1], a.side[0] }

// Done returns the analyzer to the free list.
func (a *analyzer) Done() {
	a.off = true
	a.Hold(-a.side[0].frames.Reset(a.f.framer) - a.side[1].frames.Reset(a.f.framer))
	a.f.free.Put(a)
}
