package syslog

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

const (
	// portTCP is that of syslog-conn (RFC 3195 section 9.2). RFC 6587 names no port, and
	// shell, another protocol, has port 514.
	portTCP = 601

	// maxDigits bounds the digits of a length. No length that has more is within
	// Options.Message.
	maxDigits = 9
)

// Options are limits of messages over TCP. DefaultOptions returns the defaults.
type Options struct {
	// Receivers should take 8192 (RFC 5425 section 4.3.1).
	Message int `key:"limits.syslog_message_bytes" unit:"bytes" min:"1" max:"16777216" doc:"bytes of a syslog message over TCP; with more the analysis of the connection stops"`
}

// DefaultOptions returns the defaults. Zeek does not read syslog over TCP.
func DefaultOptions() Options { return Options{Message: 64 << 10} }

// NewTCP returns the protocol over TCP (RFC 6587) for one shard: messages with their length
// before them, or with a line's end after them.
func NewTCP(h *event.Hooks, o Options) *detect.Protocol {
	f := &factory{message: &h.Syslog.Message, most: o.Message, spare: freelist.Buffers{Largest: min(o.Message, maxKept), Most: 64}}
	p := &detect.Protocol{Transport: value.ProtoTCP, Ports: []uint16{portTCP}, Signatures: []detect.Signature{{Orig: isCounted}}}
	p.Protocol = conn.Protocol{Name: "SYSLOG_TCP", Service: "syslog", New: f.attach}
	return p
}

// factory makes a shard's analyzers of streams.
type factory struct {
	message *event.SyslogMessageHook
	most    int // Options.Message
	free    freelist.List[stream]
	spare   freelist.Buffers
}

// maxKept is the largest capacity of a buffer that is reused.
const maxKept = 64 << 10

// stream cuts both sides of a connection into messages.
type stream struct {
	conn.Use
	f *factory
	// bufs hold the beginning of a message of each side.
	bufs [2][]byte
	// searched is the number of bytes of a buffer that have no line's end.
	searched [2]int
	lost     [2]bool // bytes of the side are missing
	off      bool
}

func (f *factory) attach(u conn.Use) conn.Analyzer {
	a := f.free.Get()
	*a = stream{Use: u, f: f}
	return a
}

// Data takes the next bytes of a side.
func (a *stream) Data(isOrig bool, b []byte) {
	i := conn.Side(isOrig)
	if a.off || a.lost[i] {
		return
	}
	in := b
	if a.bufs[i] != nil {
		in = append(a.bufs[i], b...)
	}
	rest := in
	for len(rest) > 0 {
		n := a.next(rest, a.searched[i])
		if a.off {
			return
		}
		if n == 0 {
			break
		}
		rest, a.searched[i] = rest[n:], 0
	}
	switch {
	case len(rest) == 0:
	case len(rest) < len(in) || a.bufs[i] == nil:
		buf := a.bufs[i]
		if buf == nil {
			buf = a.f.spare.Get()
		}
		rest = append(buf[:0], rest...)
		fallthrough
	default:
		a.searched[i] = len(rest)
	}
	a.keep(i, rest)
	if len(rest) > 0 && a.Full("SYSLOG_TCP") {
		a.Detach()
	}
}

// keep makes b the beginning of a side's next message.
func (a *stream) keep(i int, b []byte) {
	a.Hold(len(b) - len(a.bufs[i]))
	if len(b) == 0 {
		if a.bufs[i] != nil {
			a.f.spare.Put(a.bufs[i])
		}
		b, a.searched[i] = nil, 0
	}
	a.bufs[i] = b
}

// next takes the message at the beginning of b, of which the first searched bytes have no
// line's end. It returns the bytes that the message has, or 0 if its end is missing or the
// analyzer has left.
func (a *stream) next(b []byte, searched int) int {
	switch c := b[0]; {
	case c >= '1' && c <= '9':
		return a.counted(b)
	case c == '<':
		return a.line(b, searched)
	case isEnd(c):
		return ends(b)
	}
	a.Violate(conn.Violation{Reason: "neither a length nor a priority begins the message"})
	return 0
}

// counted takes a message with its length before it (RFC 6587 section 3.4.1).
func (a *stream) counted(b []byte) int {
	n, at := 0, digits(b, maxDigits+1)
	for _, c := range b[:at] {
		n = n*10 + int(c-'0')
	}
	switch {
	case at > maxDigits || n > a.f.most:
		a.tooLong()
		return 0
	case at == len(b):
		return 0
	case b[at] != ' ':
		a.Violate(conn.Violation{Reason: "failed to expect bytes literal \" \""})
		return 0
	}
	if at++; len(b)-at < n {
		return 0
	}
	if !a.raise(b[at : at+n]) {
		return 0
	}
	return at + n
}

// line takes a message with a line's end after it (RFC 6587 section 3.4.2).
func (a *stream) line(b []byte, searched int) int {
	end := bytes.IndexAny(b[searched:], "\x00\r\n")
	if end >= 0 {
		end += searched
	}
	switch {
	case end > a.f.most || end < 0 && len(b) > a.f.most:
		a.tooLong()
		return 0
	case end < 0 || !a.raise(b[:end]):
		return 0
	}
	return end + ends(b[end:])
}

// ends returns the number of bytes at the beginning of b that end lines. More of them than
// one may come between messages, whatever their form.
func ends(b []byte) int {
	n := 0
	for n < len(b) && isEnd(b[n]) {
		n++
	}
	return n
}

func isEnd(c byte) bool { return c == 0 || c == '\r' || c == '\n' }

func (a *stream) tooLong() {
	a.Limited("SYSLOG_TCP", "message_size")
	a.Detach()
}

// raise raises the event of a message and returns whether that is one.
func (a *stream) raise(m []byte) bool {
	facility, severity, m, wrong := parse(m)
	if wrong != "" {
		a.Violate(conn.Violation{Reason: wrong})
		return false
	}
	a.Confirm()
	if e := a.f.message.Begin(); e != nil {
		*e = event.SyslogMessage{Conn: a.Conn(), Facility: facility, Severity: severity, Msg: m}
		a.f.message.Raise(e)
	}
	return true
}

// Gap ends the analysis of a side: where the next message begins is not known.
func (a *stream) Gap(isOrig bool, _ uint64) {
	if !a.off {
		i := conn.Side(isOrig)
		a.lost[i] = true
		a.keep(i, nil)
	}
}

// End does nothing: a message without its end is dropped.
func (a *stream) End(bool) {}

// Flip swaps the sides.
func (a *stream) Flip() {
	a.bufs[0], a.bufs[1] = a.bufs[1], a.bufs[0]
	a.searched[0], a.searched[1] = a.searched[1], a.searched[0]
	a.lost[0], a.lost[1] = a.lost[1], a.lost[0]
}

// Done returns the analyzer to the free list.
func (a *stream) Done() {
	a.off = true
	a.keep(0, nil)
	a.keep(1, nil)
	a.f.free.Put(a)
}

// isCounted matches a message with its length before it and a priority, which shows the
// protocol at any port.
func isCounted(b []byte) detect.Verdict {
	if len(b) > 0 && b[0] == '0' {
		return detect.NoMatch
	}
	for _, part := range []struct {
		most int // digits
		end  string
	}{{maxDigits, " <"}, {3, ">"}} {
		n := digits(b, part.most)
		if v := detect.StartsWith(b[n:], part.end); v != detect.Match || n == 0 {
			if n == 0 && len(b) > 0 {
				return detect.NoMatch
			}
			return v
		}
		b = b[n+len(part.end):]
	}
	return detect.Match
}

// digits returns the number of digits at the beginning of b, counting no more than most.
func digits(b []byte, most int) int {
	n := 0
	for n < min(len(b), most) && b[n]-'0' <= 9 {
		n++
	}
	return n
}
