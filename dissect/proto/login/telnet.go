package login

import (
	"strconv"

	"github.com/wirelog/wirelog/dissect/codec/contentline"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/proto/telnetopt"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

const sourceTelnet = "TELNET"

// New returns the protocols for the detector: Telnet, rlogin and rsh. Their analyzers raise
// events on h.
func New(h *event.Hooks, o Options) (telnet, rlogin, rsh *detect.Protocol) {
	l := newLists(h, o)
	return newTelnet(l), newRemote(&kindRlogin, l), newRemote(&kindRsh, l)
}

func newTelnet(l *lists) *detect.Protocol {
	f := &telnetFactory{l: l}
	p := &detect.Protocol{Transport: value.ProtoTCP, Ports: []uint16{23}}
	p.Protocol = conn.Protocol{Name: sourceTelnet, Service: "telnet", New: f.new, Size: freelist.Size[telnet]() + 1024}
	return p
}

type telnetFactory struct {
	l    *lists
	free freelist.List[telnet]
}

func (f *telnetFactory) new(u conn.Use) conn.Analyzer {
	t := f.free.Get()
	d, lines, options := t.dialogue, t.lines, t.options
	*t = telnet{f: f, dialogue: d, lines: lines, options: options}
	t.reset(u, f.l, sourceTelnet)
	for i := range t.lines {
		t.side[i] = telnetSide{t, i}
		t.lines[i].Reset(&t.side[i], &t.seen, f.l.opt.Lines)
		t.lines[i].SetTerminal()
	}
	t.options.Reset(u, f.l.hooks, &t.lines, t)
	return t
}

// telnet follows a session of Telnet. Index 0 is the originator's side, 1 the responder's.
type telnet struct {
	f *telnetFactory
	dialogue

	lines   [2]contentline.NVT
	side    [2]telnetSide
	seen    contentline.Seen
	options telnetopt.Session
}

// Negotiated takes the service from a command about an option.
func (t *telnet) Negotiated() { t.certain("telnet") }

// Env takes a variable of a side's environment.
func (t *telnet) Env(isOrig bool, name, val []byte) {
	if !t.over {
		t.setEnv(isOrig, name, val)
	}
}

// telnetSide receives the lines of one side.
type telnetSide struct {
	t *telnet
	i int
}

func (s *telnetSide) Line(b []byte) bool {
	if !s.t.over {
		s.t.line(s.i == 0, b)
	}
	return true
}

func (s *telnetSide) NVTWeird(name string, size int) {
	t := s.t
	addl := ""
	if size >= 0 {
		t.Conn().NoteUnknown()
		addl = strconv.Itoa(size)
		t.Limited(sourceTelnet, "line_size")
	}
	t.Weird(name, addl, contentline.SourceNVT)
}

// Data takes the next bytes of a side.
func (t *telnet) Data(isOrig bool, b []byte) {
	if !t.over {
		t.lines[conn.Side(isOrig)].Deliver(b)
	}
}

// Gap does nothing. As in Zeek, a line simply continues after missing bytes.
func (t *telnet) Gap(bool, uint64) {}

// End terminates an unfinished line.
func (t *telnet) End(isOrig bool) {
	if l := &t.lines[conn.Side(isOrig)]; l.Partial() && !t.over {
		l.Deliver([]byte("\n"))
	}
	t.end()
}

// Done returns the analyzer to the free list.
func (t *telnet) Done() {
	t.lines[0].Release()
	t.lines[1].Release()
	t.release()
	t.f.free.Put(t)
}

// Flip swaps the sides with the connection's roles.
func (t *telnet) Flip() {
	t.lines[0], t.lines[1] = t.lines[1], t.lines[0]
	for i := range t.lines {
		t.lines[i].SetReceiver(&t.side[i])
	}
	t.options.Flip()
}
