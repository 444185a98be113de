// Package modbus analyzes Modbus/TCP (MODBUS Application Protocol Specification V1.1b3, MODBUS
// Messaging on TCP/IP Implementation Guide V1.0b). Messages are cut from the stream by their
// length field. Function data is parsed with the layouts in Zeek's modbus-protocol.pac, and a
// message too short for its function is a violation with Zeek's text.
package modbus

import (
	"encoding/binary"
	"strconv"

	"github.com/wirelog/wirelog/value"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
)

const (
	// headerLen is the length of the MBAP header of 7 bytes (Implementation Guide section
	// 3.1.3) and the function code, which are parsed together.
	headerLen = 8
	// uncounted is the number of header bytes that the length field does not count.
	uncounted = 6
	// minLength is the minimum of the length field: unit and function code.
	minLength = 2
	// maxReused is the size of the largest buffer kept for reuse.
	maxReused = 4 << 10
)

// New describes the protocol to the detector. Its analyzers raise their events on h.
func New(h *event.Hooks) *detect.Protocol {
	f := &factory{hooks: &h.Modbus}
	p := &detect.Protocol{Transport: value.ProtoTCP, Ports: []uint16{502}}
	p.Protocol = conn.Protocol{Name: "MODBUS", Service: "MODBUS", New: f.new}
	return p
}

// factory makes a shard's analyzers and holds what they share.
type factory struct {
	hooks *event.ModbusEvents
	free  freelist.List[analyzer]

	decoder
}

func (f *factory) new(u conn.Use) conn.Analyzer {
	a := f.free.Get()
	*a = analyzer{f: f, Use: u, side: [2]side{{pending: a.side[0].pending}, {pending: a.side[1].pending}}}
	return a
}

// analyzer follows one connection. Index 0 is the originator's side, 1 the responder's.
type analyzer struct {
	f *factory
	conn.Use
	side [2]side
	off  bool // no longer interested
}

// side is one direction. pending is an incomplete message; announced means that the event of
// its header was raised.
type side struct {
	pending   []byte
	announced bool
	header    header
}

// header is the start of a message.
type header struct {
	tid, length uint16
	unit, fc    uint8
}

// size returns the length of the whole message.
func (h *header) size() int { return int(h.length) + uncounted }

func (h *header) fill(e *event.ModbusHeaders) {
	*e = event.ModbusHeaders{TID: uint64(h.tid), UID: uint64(h.unit), FunctionCode: uint64(h.fc), Len: uint64(h.length)}
}

func index(isOrig bool) int {
	if isOrig {
		return 0
	}
	return 1
}

// Data takes the next bytes of a stream.
func (a *analyzer) Data(isOrig bool, b []byte) {
	if a.off {
		return
	}
	s := &a.side[index(isOrig)]
	for len(b) > 0 {
		m := b
		if len(s.pending) > 0 || len(b) < headerLen {
			b = b[a.collect(s, b):]
			if a.off {
				return
			}
			m = s.pending
		}
		if !s.announced {
			if len(m) < headerLen {
				return
			}
			if !a.announce(s, m, isOrig) {
				return
			}
		}
		size := s.header.size()
		if len(m) < size {
			if len(s.pending) == 0 {
				a.collect(s, b)
				return
			}
			continue
		}
		if !a.message(s, m[headerLen:size], isOrig) {
			return
		}
		if len(s.pending) > 0 {
			a.reset(s)
		} else {
			b = b[size:]
		}
		s.announced = false
	}
}

// collect keeps as much of b as the side's next step needs, and returns the number of bytes
// kept.
func (a *analyzer) collect(s *side, b []byte) int {
	need := headerLen
	if s.announced {
		need = s.header.size()
	}
	n := min(need-len(s.pending), len(b))
	s.pending = append(s.pending, b[:n]...)
	if a.Hold(n); a.Full("MODBUS") {
		a.Detach()
	}
	return n
}

// reset drops the side's incomplete message.
func (a *analyzer) reset(s *side) {
	a.Hold(-len(s.pending))
	s.pending = s.pending[:0]
	s.announced = false
}

// announce parses a header and raises its event. It returns false if the header is invalid.
func (a *analyzer) announce(s *side, b []byte, isOrig bool) bool {
	if pid := binary.BigEndian.Uint16(b[2:]); pid != 0 {
		return a.malformed(s, "&enforce violation : ModbusTCP_TransportHeader:pid")
	}
	s.header = header{
		tid: binary.BigEndian.Uint16(b), length: binary.BigEndian.Uint16(b[4:]), unit: b[6], fc: b[7],
	}
	if s.header.length < minLength {
		return a.malformed(s, "&enforce violation : ModbusTCP_TransportHeader:len")
	}
	s.announced = true
	if e := a.f.hooks.Message.Begin(); e != nil {
		e.Conn, e.IsOrig = a.Conn(), isOrig
		s.header.fill(&e.Headers)
		a.f.hooks.Message.Raise(e)
	}
	return true
}

// message decodes a message after its header.
func (a *analyzer) message(s *side, body []byte, isOrig bool) bool {
	d := &a.f.decoder
	d.hooks, d.c = a.f.hooks, a.Conn()
	s.header.fill(&d.headers)
	d.decode(body, isOrig)
	if d.where != "" {
		return a.malformed(s, "out_of_bound: "+d.where+": "+strconv.Itoa(d.need)+" > "+strconv.Itoa(d.have))
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
func (a *analyzer) malformed(s *side, what string) bool {
	a.reset(s)
	a.Violate(conn.Violation{Reason: "Binpac exception: binpac exception: " + what})
	return false
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
	for i := range a.side {
		s := &a.side[i]
		a.reset(s)
		if cap(s.pending) > maxReused {
			s.pending = nil
		}
	}
	a.f.free.Put(a)
}
