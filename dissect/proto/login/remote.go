package login

import (
	"strconv"

	"github.com/wirelog/wirelog/dissect/codec/contentline"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

// remoteKind is what rlogin and rsh differ in, but for their states.
type remoteKind struct {
	name, service string
	port          uint16
	lines         string         // name of Zeek's analyzer of the lines, for weirds
	tooLong       string         // weird of a line of the maximum length
	first         [2]remoteState // of the client and of the server
	lost          remoteState    // after a line that is too long
}

// remoteFactory makes a shard's analyzers of a kind.
type remoteFactory struct {
	*remoteKind
	l    *lists
	free freelist.List[remote]
}

func newRemote(k *remoteKind, l *lists) *detect.Protocol {
	f := &remoteFactory{remoteKind: k, l: l}
	p := &detect.Protocol{Transport: value.ProtoTCP, Ports: []uint16{k.port}}
	p.Protocol = conn.Protocol{Name: k.name, Service: k.service, New: f.new, Size: freelist.Size[remote]() + 1024}
	return p
}

func (f *remoteFactory) new(u conn.Use) conn.Analyzer {
	r := f.free.Get()
	d, parts := r.dialogue, [2][]byte{r.side[0].part[:0], r.side[1].part[:0]}
	*r = remote{f: f, dialogue: d}
	for i := range r.side {
		r.side[i].part, r.side[i].state = parts[i], f.first[i]
	}
	r.reset(u, f.l, f.name)
	return r
}

// remote follows a session of rlogin or rsh. Index 0 is the client's side, 1 the server's.
type remote struct {
	f *remoteFactory
	dialogue

	side    [2]remoteSide
	command bool // the next line of the client is rsh's command
}

// remoteState is where a side is.
type remoteState uint8

type remoteSide struct {
	part  []byte // an unfinished line
	held  int    // bytes of part on the account of incomplete messages
	state remoteState
	left  int // bytes of the size of rlogin's window
}

// keptPart is the largest capacity of part that is reused.
const keptPart = 4096

// Data takes the next bytes of a side.
func (r *remote) Data(isOrig bool, b []byte) {
	s := &r.side[conn.Side(isOrig)]
	for i := 0; i < len(b) && !r.over; {
		if len(s.part) >= contentline.DefaultMax {
			r.tooLong(s)
			i++ // is lost, as in Zeek
			continue
		}
		if r.char(isOrig, s, b[i]) {
			i++
		}
	}
	r.settle(s)
}

// char takes a byte of a side. It returns false if the byte must be taken again in the new
// state.
func (r *remote) char(isOrig bool, s *remoteSide, c byte) bool {
	if s.state >= rshFirst {
		return r.rshChar(isOrig, s, c)
	}
	return r.rloginChar(isOrig, s, c)
}

// settle accounts the unfinished line. If the lines of all connections are too long, it
// drops it.
func (r *remote) settle(s *remoteSide) {
	r.Hold(len(s.part) - s.held)
	s.held = len(s.part)
	if s.held > 0 && r.Full(r.f.name) {
		r.drop(s)
		s.state = r.f.lost
	}
}

// drop forgets the unfinished line.
func (r *remote) drop(s *remoteSide) {
	r.Hold(-s.held)
	s.held = 0
	if s.part = s.part[:0]; cap(s.part) > keptPart {
		s.part = nil
	}
}

// tooLong reports a line of the maximum length, and drops it.
func (r *remote) tooLong(s *remoteSide) {
	r.Conn().NoteUnknown()
	r.Limited(r.f.name, "line_size")
	r.Weird(r.f.tooLong, strconv.Itoa(contentline.DefaultMax), r.f.lines)
	s.state = r.f.lost
	r.drop(s)
}

// midStream reports whether the beginning of a side is not there.
func midStream(c *conn.Conn, isOrig bool) bool {
	e := c.Resp()
	if isOrig {
		e = c.Orig()
	}
	return e.State == event.StatePartial || e.State == event.StateClosed
}

// Gap does nothing. As in Zeek, a line simply continues after missing bytes.
func (r *remote) Gap(bool, uint64) {}

// End terminates an unfinished line.
func (r *remote) End(isOrig bool) {
	if len(r.side[conn.Side(isOrig)].part) > 0 {
		r.Data(isOrig, []byte("\n"))
	}
	r.end()
}

// Done returns the analyzer to the free list.
func (r *remote) Done() {
	r.drop(&r.side[0])
	r.drop(&r.side[1])
	r.release()
	r.f.free.Put(r)
}

// Flip swaps the sides with the connection's roles.
func (r *remote) Flip() { r.side[0], r.side[1] = r.side[1], r.side[0] }
