// Package dnp3 analyzes DNP3 over TCP and UDP (IEEE 1815-2012). Frames of the link layer are
// cut from the stream by their length, their checksums are verified, and the transport
// segments in them are joined to application fragments. Objects are read with the layouts
// in Zeek's dnp3-objects.pac, and a fragment too short for its objects is a violation with
// Zeek's text.
package dnp3

import (
	"encoding/binary"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

const (
	// headerLen is the length of the link header: 8 bytes and their checksum.
	headerLen = 10
	// summed is the number of bytes of the header that its checksum covers.
	summed = 8
	// counted is the number of bytes of the header that the length field counts.
	counted = 5
	// blockLen is the largest number of user data bytes before a checksum, and sumLen the
	// length of a checksum.
	blockLen = 16
	sumLen   = 2
	// maxFrame is the maximum length of a frame.
	maxFrame = headerLen + maxData + (maxData+blockLen-1)/blockLen*sumLen
	maxData  = 255 - counted

	start0, start1 = 0x05, 0x64

	// fromMaster is the bit of the control byte that a master sets.
	fromMaster = 0x80
	// Bits of the transport header.
	final, first = 0x80, 0x40
)

// Options configure the analyzers.
type Options struct {
	Fragment int `key:"limits.dnp3_fragment_bytes" unit:"bytes" min:"1" doc:"bytes of an application fragment of DNP3 in several frames"`
	Objects  int `key:"limits.dnp3_objects" unit:"count" min:"1" doc:"objects of DNP3 that are read of an application fragment"`
}

// DefaultOptions returns the defaults. Zeek's flow buffer also ends at 8 MB.
func DefaultOptions() Options { return Options{Fragment: 8 << 20, Objects: 100_000} }

// New describes the protocol over TCP and over UDP to the detector. The analyzers raise
// their events on h.
func New(h *event.Hooks, o Options) (tcp, udp *detect.Protocol) {
	f := &factory{hooks: &h.DNP3, o: o, framer: wire.NewFramer(headerLen, maxFrame, frameLen)}
	f.decoder.hooks = f.hooks
	f.buffers = freelist.Buffers{Largest: 64 << 10, Most: 64}
	tcp = &detect.Protocol{Transport: value.ProtoTCP, Ports: []uint16{20000}}
	tcp.Signatures = []detect.Signature{{Resp: signature}}
	tcp.Protocol = conn.Protocol{Name: "DNP3_TCP", Service: "dnp3_tcp", New: f.newTCP}
	// Zeek attaches the analyzer of TCP to the port of UDP, which has no effect.
	udp = &detect.Protocol{Transport: value.ProtoUDP}
	udp.Signatures = []detect.Signature{{Orig: signature}, {Resp: signature}}
	udp.Protocol = conn.Protocol{Name: "DNP3_UDP", Service: "dnp3_udp", New: f.newUDP}
	return tcp, udp
}

// signature matches the start of a frame.
func signature(b []byte) detect.Verdict { return detect.StartsWith(b, "\x05\x64") }

// factory makes a shard's analyzers and holds what they share.
type factory struct {
	hooks   *event.DNP3Events
	o       Options
	framer  *wire.Framer
	free    freelist.List[analyzer]
	buffers freelist.Buffers
	decoder decoder
	// single holds the user data of a frame that is a whole fragment.
	single [maxData]byte
}

func (f *factory) newTCP(u conn.Use) conn.Analyzer { return f.new(u, "DNP3_TCP") }
func (f *factory) newUDP(u conn.Use) conn.Analyzer { return f.new(u, "DNP3_UDP") }

func (f *factory) new(u conn.Use, name string) conn.Analyzer {
	a := f.free.Get()
	*a = analyzer{f: f, Use: u, name: name}
	return a
}

// analyzer follows one connection. Index 0 is the originator's side, 1 the responder's.
type analyzer struct {
	f *factory
	conn.Use
	name string
	side [2]side
	off  bool // the analysis has ended
}

// side is one direction.
type side struct {
	frames wire.Frames
	// seen reports that the header of the current frame was looked at.
	seen bool
	// open reports that a fragment has begun, and begun that its first segment was seen.
	open, begun bool
	// fragment holds the segments of a fragment so far.
	fragment []byte
	// late is what was found in a header at whose end a segment ended, if the run
	// follows Zeek, which waits for the byte after it.
	late late
}

// frameLen returns the length of the frame with the given header.
func frameLen(h []byte) int {
	if h[0] != start0 || h[1] != start1 || !sumOK(h[:summed], h[summed:]) {
		return -1
	}
	n := int(h[2]) - counted
	if n <= 0 {
		return headerLen
	}
	return headerLen + n + (n+blockLen-1)/blockLen*sumLen
}

// Data takes the next bytes of a stream, or a datagram. Frames continue from one datagram
// to the next, as in Zeek.
func (a *analyzer) Data(isOrig bool, b []byte) {
	s := &a.side[conn.Side(isOrig)]
	if s.late != none && len(b) > 0 {
		// The byte after the header, at which Zeek looks at it.
		what := s.late
		s.late = none
		a.atHeader(what)
		return
	}
	for len(b) > 0 && !a.off {
		kept := s.frames.Kept()
		m, rest, state := s.frames.Next(a.f.framer, b)
		a.Hold(s.frames.Kept() - kept)
		b = rest
		switch state {
		case wire.FrameWhole:
			if m[2] == counted && a.Compat(compat.DNP3LinkOnly) {
				// Zeek passes over what came together with the byte after the frame.
				if s.late = linkOnly; len(rest) > 0 {
					s.late = none
					a.atHeader(linkOnly)
				}
				return
			}
			if !s.seen && !a.header(s, m, isOrig) {
				return
			}
			s.seen = false
			if len(m) > headerLen && !a.segment(s, m, isOrig) {
				return
			}
		case wire.FrameShort:
			if m = s.frames.Partial(); len(m) > headerLen && !s.seen {
				s.seen = true
				if !a.header(s, m, isOrig) {
					return
				}
			}
			if a.Full("DNP3") {
				a.Detach()
			}
		case wire.FrameInvalid:
			what := damaged
			if m[0] != start0 || m[1] != start1 {
				what = noMagic
			}
			if len(rest) == 0 && a.Compat(compat.DNP3LinkOnly) {
				s.late = what
			} else {
				a.atHeader(what)
			}
			return
		}
	}
}

// late is a finding in a header of a frame.
type late uint8

const (
	none     late = iota
	linkOnly      // the frame has no user data
	noMagic
	damaged
)

// atHeader reports what was found in a header.
func (a *analyzer) atHeader(what late) {
	switch what {
	case none:
	case linkOnly:
		a.Confirm()
	case noMagic:
		a.Weird("dnp3_header_lacks_magic", "", a.name)
		a.Detach()
	case damaged:
		a.Weird("dnp3_corrupt_header_checksum", "", a.name)
		a.violate("broken_checksum")
	}
}

// header looks at the header of a frame. It returns false if the analysis has ended.
func (a *analyzer) header(s *side, h []byte, isOrig bool) bool {
	a.Confirm()
	if h[2] == counted {
		return true // a frame of the link layer, such as a request for its status
	}
	if isOrig != (h[3]&fromMaster != 0) {
		a.Weird("dnp3_unexpected_flow_direction", "", a.name)
	}
	if !s.open {
		s.open = true
		if e := a.f.hooks.HeaderBlock.Begin(); e != nil {
			*e = event.DNP3HeaderBlock{
				Conn: a.Conn(), IsOrig: isOrig, Len: uint64(h[2]), Ctrl: uint64(h[3]),
				DestAddr: uint64(binary.LittleEndian.Uint16(h[4:])), SrcAddr: uint64(binary.LittleEndian.Uint16(h[6:])),
			}
			a.f.hooks.HeaderBlock.Raise(e)
		}
		if h[2] < counted { // Zeek notices in the header that a fragment cannot follow
			d := a.decoder()
			a.violate(d.fragment(nil, isOrig).Error())
			return false
		}
	}
	if h[2] < counted {
		if h[2] == 0 {
			a.Weird("dnp3_negative_or_zero_length_link_layer", "", a.name)
		}
		a.Detach()
		return false
	}
	return true
}

// segment takes the transport segment of a frame. It returns false if the analysis has ended.
func (a *analyzer) segment(s *side, m []byte, isOrig bool) bool {
	data := a.f.single[:0]
	for b := m[headerLen:]; len(b) > sumLen; {
		n := min(blockLen, len(b)-sumLen)
		if !sumOK(b[:n], b[n:]) {
			a.Weird("dnp3_corrupt_app_chunk_checksum", "", a.name)
			a.Detach()
			return false
		}
		data = append(data, b[:n]...)
		b = b[n+sumLen:]
	}
	control := data[0]
	data = data[1:]
	if control&first != 0 {
		s.begun = true
	}
	if !s.begun {
		a.Weird("dnp3_first_application_layer_chunk_missing", "", a.name)
		a.Detach()
		return false
	}
	if control&final == 0 || len(s.fragment) > 0 {
		if !a.join(s, data) {
			return false
		}
		data = s.fragment
	}
	if control&final == 0 {
		return true
	}
	d := a.decoder()
	err := d.fragment(data, isOrig)
	if d.full {
		a.Limited("DNP3", "objects")
	}
	if a.off {
		return false
	}
	s.open, s.begun = false, false
	a.release(s)
	if err != nil {
		a.violate(err.Error())
		return false
	}
	return true
}

// join adds a segment to the fragment of its side.
func (a *analyzer) join(s *side, data []byte) bool {
	if len(s.fragment)+len(data) > a.f.o.Fragment {
		a.Limited("DNP3", "fragment")
		a.violate("DNP3 fragment is too long")
		return false
	}
	if s.fragment == nil {
		s.fragment = a.f.buffers.Get()
	}
	s.fragment = append(s.fragment, data...)
	a.Hold(len(data))
	if a.Full("DNP3") {
		a.Detach()
		return false
	}
	return true
}

// release gives the buffer of a side's fragment back.
func (a *analyzer) release(s *side) {
	if s.fragment != nil {
		a.Hold(-len(s.fragment))
		a.f.buffers.Put(s.fragment)
		s.fragment = nil
	}
}

// decoder returns the shard's decoder, ready for a fragment of the connection.
func (a *analyzer) decoder() *decoder {
	d := &a.f.decoder
	d.c, d.left, d.wide = a.Conn(), a.f.o.Objects, a.Compat(compat.DNP3FrozenAnalogTime)
	return d
}

// violate reports a violation and ends the analysis, as Zeek does even where a violation
// leaves the analyzer on the connection.
func (a *analyzer) violate(reason string) {
	if !a.Violate(conn.Violation{Reason: reason}) {
		a.Detach()
	}
}

// Gap does nothing: as in Zeek, the bytes after a gap count as the next bytes of the stream.
func (a *analyzer) Gap(bool, uint64) {}

// End does nothing: an incomplete frame or fragment is dropped silently.
func (a *analyzer) End(bool) {}

// Flip swaps the two sides.
func (a *analyzer) Flip() { a.side[0], a.side[1] = a.side[1], a.side[0] }

// Done returns the analyzer to the free list.
func (a *analyzer) Done() {
	a.off = true
	for i := range a.side {
		a.Hold(-a.side[i].frames.Reset(a.f.framer))
		a.release(&a.side[i])
	}
	a.f.free.Put(a)
}
