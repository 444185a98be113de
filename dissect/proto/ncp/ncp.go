// Package ncp analyzes the NetWare Core Protocol over TCP: the frames of requests and
// replies, with their functions and completion codes, as Zeek's ncp analyzer does.
package ncp

import (
	"encoding/binary"
	"strconv"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

const (
	source = "NCP"
	port   = 524

	// headerLen is the length of a frame's signature and length.
	headerLen = 8
	// requestLen and replyLen are the lengths up to the data of a request, and to that of a
	// reply, before its completion code and connection status.
	requestLen = headerLen + 8 + 6
	replyLen   = headerLen + 6
	statusLen  = 2

	// extended is the function whose requests have a subfunction (enhanced file and
	// directory services).
	extended = 0x57
)

// Options are limits. DefaultOptions returns Zeek's.
type Options struct {
	Frame int `key:"limits.ncp_max_frame_size" unit:"bytes" min:"1" doc:"bytes of an NCP frame; a longer one is skipped, with the segment (NCP::max_frame_size)"`
}

// DefaultOptions returns Zeek's limits.
func DefaultOptions() Options { return Options{Frame: 65536} }

// New describes the protocol to the detector. Its analyzers raise their events on h.
func New(h *event.Hooks, o Options) *detect.Protocol {
	f := &factory{hooks: &h.NCP, opt: o, bufs: freelist.Buffers{Largest: 65536, Most: 16}}
	p := &detect.Protocol{Transport: value.ProtoTCP, Ports: []uint16{port}}
	p.Protocol = conn.Protocol{Name: source, Service: "ncp", New: f.new, Size: freelist.Size[analyzer]()}
	return p
}

// factory makes a shard's analyzers and holds what they share.
type factory struct {
	hooks *event.NCPEvents
	opt   Options
	free  freelist.List[analyzer]
	bufs  freelist.Buffers
}

func (f *factory) new(u conn.Use) conn.Analyzer {
	a := f.free.Get()
	*a = analyzer{f: f, Use: u}
	return a
}

// analyzer follows one connection.
type analyzer struct {
	f *factory
	conn.Use
	side   [2]side // 0 is the originator's
	frame  uint16  // type of the last request, 0 before one
	fn     uint16  // its function
	served bool    // the connection has its service
	off    bool    // the analysis has ended
}

// side is one direction.
type side struct {
	begun bool
	lost  bool // where frames begin is not known
	gap   bool // bytes are missing
	buf   []byte
}

// Data takes the next bytes of a stream.
func (a *analyzer) Data(isOrig bool, b []byte) {
	s := &a.side[conn.Side(isOrig)]
	if !s.begun {
		s.begun = true
		end := a.Conn().Orig()
		if !isOrig {
			end = a.Conn().Resp()
		}
		s.lost = end.State != event.StateEstablished
	}
	if s.gap {
		return
	}
	if len(s.buf) == 0 && s.lost {
		if !begins(isOrig, b) {
			return
		}
		s.lost = false
	}
	for len(b) > 0 && !a.off {
		frame, rest, ok := a.next(s, b)
		if !ok {
			a.Weird("ncp_large_frame", "", source)
			a.Limited(source, "frame_size")
			a.release(s)
			s.lost = true
			return
		}
		if b = rest; frame != nil {
			a.parse(isOrig, frame)
			a.release(s)
		}
	}
}

// begins reports whether a segment looks like the beginning of a frame.
func begins(isOrig bool, b []byte) bool {
	at := headerLen
	if isOrig {
		at += 8
	}
	if isOrig && len(b) < requestLen || !isOrig && len(b) < replyLen+statusLen {
		return false
	}
	switch binary.BigEndian.Uint16(b[at:]) {
	case 0x1111, 0x2222, 0x3333, 0x5555, 0x7777, 0x9999:
		return true
	}
	return false
}

// next returns the frame that b completes, or nil, and what follows in b. ok is false if its
// length is impossible.
func (a *analyzer) next(s *side, b []byte) (frame, rest []byte, ok bool) {
	if len(s.buf) == 0 && len(b) >= headerLen {
		n, ok := a.length(b)
		if !ok {
			return nil, nil, false
		}
		if n <= len(b) {
			return b[:n], b[n:], true
		}
	}
	if len(s.buf) < headerLen {
		n := min(len(b), headerLen-len(s.buf))
		if a.keep(s, b[:n]); len(s.buf) < headerLen || a.off {
			return nil, nil, true
		}
		b = b[n:]
	}
	n, ok := a.length(s.buf)
	if !ok {
		return nil, nil, false
	}
	part := min(len(b), n-len(s.buf))
	if a.keep(s, b[:part]); len(s.buf) < n || a.off {
		return nil, nil, true
	}
	return s.buf, b[part:], true
}

// length returns the length of the frame with a header.
func (a *analyzer) length(h []byte) (n int, ok bool) {
	v := binary.BigEndian.Uint32(h[4:])
	return int(v), v >= headerLen && uint64(v) <= uint64(a.f.opt.Frame)
}

func (a *analyzer) keep(s *side, b []byte) {
	if len(b) == 0 {
		return
	}
	if s.buf == nil {
		s.buf = a.f.bufs.Get()
	}
	s.buf = append(s.buf, b...)
	a.Hold(len(b))
	if a.Full(source) {
		a.Detach()
	}
}

func (a *analyzer) release(s *side) {
	if s.buf != nil {
		a.Hold(-len(s.buf))
		a.f.bufs.Put(s.buf)
		s.buf = nil
	}
}

// parse parses a frame and raises its event.
func (a *analyzer) parse(isOrig bool, b []byte) {
	if isOrig {
		if a.short(b, requestLen) {
			return
		}
		b = b[headerLen+8:]
		body := b[6:]
		a.frame, a.fn = binary.BigEndian.Uint16(b), 0
		if len(body) > 0 {
			a.fn = uint16(body[0])
		}
		if a.fn == extended {
			a.fn <<= 8
			if len(body) > 1 {
				a.fn |= uint16(body[1])
			}
		}
		if e := a.f.hooks.Request.Begin(); e != nil {
			*e = event.NCPRequest{Conn: a.Conn(), FrameType: uint64(a.frame), Length: uint64(len(body)), Func: uint64(a.fn)}
			a.f.hooks.Request.Raise(e)
		}
		return
	}
	if a.short(b, replyLen+statusLen) {
		return
	}
	b = b[headerLen:]
	body := b[6:]
	if e := a.f.hooks.Reply.Begin(); e != nil {
		*e = event.NCPReply{
			Conn: a.Conn(), FrameType: uint64(binary.BigEndian.Uint16(b)), Length: uint64(len(body)),
			ReqFrame: uint64(a.frame), ReqFunc: uint64(a.fn), CompletionCode: uint64(body[0]),
		}
		a.f.hooks.Reply.Raise(e)
	}
	if a.frame != 0 && !a.served {
		a.served = true
		a.AddService("ncp")
	}
}

// short reports a violation if a frame has fewer than n bytes.
func (a *analyzer) short(b []byte, n int) bool {
	if len(b) >= n {
		return false
	}
	a.Violate(conn.Violation{Reason: "Binpac exception: binpac exception: out_of_bound: ncp_over_tcpip_frame: " + strconv.Itoa(n) + " > " + strconv.Itoa(len(b))})
	return true
}

// Gap ends the analysis of the side, as in Zeek.
func (a *analyzer) Gap(isOrig bool, _ uint64) {
	s := &a.side[conn.Side(isOrig)]
	s.gap = true
	a.release(s)
}

// End does nothing: an incomplete frame is dropped silently.
func (a *analyzer) End(bool) {}

// Flip swaps the two sides.
func (a *analyzer) Flip() { a.side[0], a.side[1] = a.side[1], a.side[0] }

// Done returns the analyzer to the free list.
func (a *analyzer) Done() {
	a.off = true
	for i := range a.side {
		a.release(&a.side[i])
	}
	a.f.free.Put(a)
}
