// Package radius analyzes RADIUS (RFC 2865) over UDP. Parsing follows Zeek's
// radius-protocol.pac: the attributes extend to the end of the datagram, whatever length the
// message has.
package radius

import (
	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

const port = 1812 // RFC 2865 section 3

// New returns the protocol for one shard. Its analyzers raise their events on h.
func New(h *event.Hooks) *detect.Protocol {
	s := &shard{hooks: &h.RADIUS}
	p := &detect.Protocol{Transport: value.ProtoUDP, Ports: []uint16{port}}
	p.Protocol = conn.Protocol{Name: "RADIUS", Service: "radius", New: s.attach}
	return p
}

// shard holds what the analyzers of one shard share.
type shard struct {
	hooks *event.RADIUSEvents
	free  freelist.List[analyzer]

	// attrs has the lists of a message, whose memory is reused; places has for each type
	// its list's place in attrs plus 1.
	attrs  event.Map[[][]byte]
	places [256]uint16
}

type analyzer struct {
	conn.Use
	s *shard
}

func (s *shard) attach(u conn.Use) conn.Analyzer {
	a := s.free.Get()
	*a = analyzer{Use: u, s: s}
	return a
}

// Data takes a message (RFC 2865 section 3).
func (a *analyzer) Data(_ bool, b []byte) {
	c := wire.NewCursor(b)
	head := c.Head(20, "RADIUS_PDU:authenticator")
	a.s.reset()
	for c.More() {
		a.attribute(&c)
	}
	if err := c.Err(); err != nil {
		a.Violate(conn.Violation{Reason: err.Error()})
		return
	}
	a.Confirm()
	if e := a.s.hooks.Message.Begin(); e != nil {
		*e = event.RADIUSMessage{Conn: a.Conn(), Result: event.RADIUSMessageData{
			Code: uint64(head[0]), TransID: uint64(head[1]), Authenticator: head[4:20],
			Attributes: value.Opt[event.Map[[][]byte]]{V: a.s.attrs, OK: len(a.s.attrs) > 0},
		}}
		a.s.hooks.Message.Raise(e)
	}
}

// attribute reads an attribute and raises its event (RFC 2865 section 5).
func (a *analyzer) attribute(c *wire.Cursor) {
	const headLen = 2 // of type and length, which counts them
	outer := c.Record()
	head := c.Head(headLen, "RADIUS_Attribute:length")
	v := c.Take(int(head[1])-headLen, "RADIUS_Attribute:value")
	c.End(outer)
	if !c.OK() {
		return
	}
	if e := a.s.hooks.Attribute.Begin(); e != nil {
		*e = event.RADIUSAttribute{Conn: a.Conn(), AttrType: uint64(head[0]), Value: v}
		a.s.hooks.Attribute.Raise(e)
	}
	if a.s.hooks.Message.On() {
		a.s.add(head[0], v)
	}
}

// reset empties the lists.
func (s *shard) reset() {
	for i := range s.attrs {
		s.places[s.attrs[i].Key] = 0
	}
	s.attrs = s.attrs[:0]
}

// add adds an attribute to the list of its type.
func (s *shard) add(typ byte, v []byte) {
	if at := s.places[typ]; at > 0 {
		list := &s.attrs[at-1].Value
		*list = append(*list, v)
		return
	}
	n := len(s.attrs)
	if n == cap(s.attrs) {
		s.attrs = append(s.attrs, event.MapEntry[[][]byte]{})
	} else {
		s.attrs = s.attrs[:n+1]
	}
	e := &s.attrs[n]
	e.Key, e.Value = uint64(typ), append(e.Value[:0], v)
	s.places[typ] = uint16(n + 1)
}

// Gap does nothing: messages are whole.
func (a *analyzer) Gap(bool, uint64) {}

// End does nothing.
func (a *analyzer) End(bool) {}

// Done returns the analyzer to the free list.
func (a *analyzer) Done() { a.s.free.Put(a) }
