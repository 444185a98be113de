// Package mqtt analyzes MQTT 3.1, 3.1.1 and 5 (OASIS Standard): connections, messages with
// their quality of service, and subscriptions.
//
// Zeek's src/analyzer/protocol/mqtt reads one control packet of each segment, and does not
// know the properties of MQTT 5; the analyzer does the same if the run follows Zeek.
package mqtt

import (
	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

const (
	source = "MQTT"
	port   = 1883
	// asZeek is the effect with which segments are control packets, of version 3.1.1.
	asZeek = compat.PackageProtocols
)

// Options configure the protocol.
type Options struct {
	MessageBytes int `key:"limits.mqtt_message_bytes" unit:"bytes" min:"16" doc:"first bytes that are read of an MQTT control packet in several segments"`
	PayloadBytes int `key:"limits.mqtt_max_payload_size" unit:"bytes" min:"0" doc:"first bytes of the payload that mqtt_publish has (MQTT::max_payload_size)"`
	Aliases      int `key:"limits.mqtt_topic_aliases" unit:"count" min:"0" doc:"topic aliases of MQTT 5 that are known for each side of a connection; messages with others have no topic"`
}

// DefaultOptions returns Zeek's limits, and wirelog's where Zeek has none.
func DefaultOptions() Options {
	return Options{MessageBytes: 256 << 10, PayloadBytes: 100, Aliases: 64}
}

// New returns the protocol for one shard. Its analyzers raise their events on h.
func New(h *event.Hooks, o Options) *detect.Protocol {
	f := &factory{hooks: &h.MQTT, opt: o, spare: freelist.Buffers{Largest: 32 << 10, Most: 256}}
	p := &detect.Protocol{Transport: value.ProtoTCP, Ports: []uint16{port}}
	p.Signatures = []detect.Signature{{Orig: connect, Always: true}, {Resp: connect, Always: true}}
	p.Protocol = conn.Protocol{Name: source, Service: "mqtt", New: f.new, Size: freelist.Size[analyzer]() + 512}
	return p
}

// connect is Zeek's signature: the letters MQ, with which the name of the protocol begins,
// after 4 to 7 bytes, which may be any.
func connect(b []byte) detect.Verdict {
	for i := 4; i <= 7; i++ {
		switch {
		case len(b) <= i:
			return detect.NeedMore
		case b[i] != 'M':
		case len(b) <= i+1:
			return detect.NeedMore
		case b[i+1] == 'Q':
			return detect.Match
		}
	}
	return detect.NoMatch
}

// factory makes a shard's analyzers and has what they share.
type factory struct {
	hooks  *event.MQTTEvents
	opt    Options
	free   freelist.List[analyzer]
	spare  freelist.Buffers
	topics [][]byte
	qos    []uint64
}

// analyzer follows one connection.
type analyzer struct {
	f *factory
	conn.Use
	version uint8 // of the CONNECT packet, 0 before it
	dead    bool
	side    [2]side
	held    int
}

// side is the state of a side's stream.
type side struct {
	buf []byte // the beginning of a control packet
	// skip is how many bytes of a control packet are not read.
	skip    int
	aliases []alias
}

// alias is a number that stands for a topic (MQTT 5 section 3.3.2.3.4).
type alias struct {
	n     uint16
	topic []byte
}

func (f *factory) new(u conn.Use) conn.Analyzer {
	a := f.free.Get()
	*a = analyzer{f: f, Use: u}
	return a
}

// Data takes the next bytes of a side.
func (a *analyzer) Data(isOrig bool, b []byte) {
	if a.Compat(asZeek) {
		a.segment(isOrig, b)
		return
	}
	s := &a.side[conn.Side(isOrig)]
	for len(b) > 0 && !a.dead {
		if s.skip > 0 {
			n := min(s.skip, len(b))
			s.skip -= n
			b = b[n:]
			continue
		}
		b = a.next(s, isOrig, b)
	}
	if a.dead {
		return
	}
	if n := len(a.side[0].buf) + len(a.side[1].buf); n != a.held {
		a.Hold(n - a.held)
		if a.held = n; a.Full(source) {
			a.stop()
			a.Detach()
		}
	}
}

// next reads a control packet, or keeps what there is of it, and returns what follows.
func (a *analyzer) next(s *side, isOrig bool, b []byte) (rest []byte) {
	if len(s.buf) == 0 {
		head, size, state := header(b)
		switch {
		case state == headerBad:
			a.malformed(badLength)
			return nil
		case state == headerWhole && head+size <= len(b):
			a.packet(s, isOrig, b[0], b[head:head+size], size)
			return b[head+size:]
		}
		s.buf = a.f.spare.Get()
	}
	for {
		head, size, state := header(s.buf)
		n := 1
		switch state {
		case headerBad:
			a.malformed(badLength)
			return nil
		case headerShort:
		case headerWhole:
			if n = a.want(s.buf, head, size) - len(s.buf); n > 0 {
				break
			}
			s.skip = head + size - len(s.buf)
			whole := s.buf
			s.buf = nil
			a.packet(s, isOrig, whole[0], whole[head:], size)
			a.f.spare.Put(whole)
			return b
		}
		if len(b) == 0 {
			return nil
		}
		n = min(n, len(b))
		s.buf = append(s.buf, b[:n]...)
		b = b[n:]
	}
}

// propertiesRead is how many bytes are read of the properties of a message in several
// segments.
const propertiesRead = 4096

// want returns how many bytes of a control packet are read. As many as that of b are known.
// Of a message, no more of the payload is read than its event has.
func (a *analyzer) want(b []byte, head, size int) int {
	n := min(head+size, max(a.f.opt.MessageBytes, head+2))
	if b[0]>>4 != typePublish {
		return n
	}
	if len(b) < head+2 {
		return min(head+2, head+size)
	}
	topic := int(b[head])<<8 | int(b[head+1])
	most := head + 2 + topic + 2 + a.f.opt.PayloadBytes
	if a.version == version5 {
		most += propertiesRead
	}
	return min(n, most)
}

type headerState uint8

const (
	headerWhole headerState = iota
	headerShort             // more bytes are needed
	headerBad
)

// maxLength is the number of bytes of the longest remaining length (section 2.2.3).
const maxLength = 4

// header reads the fixed header of a control packet (section 2.2): its length, and that of
// what follows it.
func header(b []byte) (head, size int, state headerState) {
	for i := 1; ; i++ {
		switch {
		case i > maxLength:
			return 0, 0, headerBad
		case i >= len(b):
			return 0, 0, headerShort
		}
		size |= int(b[i]&0x7f) << (7 * (i - 1))
		if b[i]&0x80 == 0 {
			return i + 1, size, headerWhole
		}
	}
}

// malformed reports a violation. Nothing more is read, even if the analyzer stays.
func (a *analyzer) malformed(reason string) {
	a.stop()
	a.Violate(conn.Violation{Reason: reason})
}

// stop ends the reading and gives back what is kept.
func (a *analyzer) stop() {
	a.dead = true
	a.Hold(-a.held)
	a.held = 0
	for i := range a.side {
		s := &a.side[i]
		a.f.spare.Put(s.buf)
		for _, x := range s.aliases {
			a.HoldState(-aliasCost - len(x.topic))
		}
		*s = side{}
	}
}

// Gap passes over a control packet with missing bytes. If they may be more, the next one
// cannot be found.
func (a *analyzer) Gap(isOrig bool, n uint64) {
	if a.dead || a.Compat(asZeek) {
		return // Zeek's segments go on
	}
	s := &a.side[conn.Side(isOrig)]
	if len(s.buf) > 0 {
		head, size, state := header(s.buf)
		if state != headerWhole {
			a.stop()
			a.Detach()
			return
		}
		s.skip = head + size - len(s.buf)
		a.f.spare.Put(s.buf)
		s.buf = nil
	}
	if n > uint64(s.skip) {
		a.stop()
		a.Detach()
		return
	}
	s.skip -= int(n)
}

// End does nothing: what is not complete by then never is.
func (a *analyzer) End(bool) {}

// Flip swaps the sides.
func (a *analyzer) Flip() { a.side[0], a.side[1] = a.side[1], a.side[0] }

// Done returns the analyzer to the factory.
func (a *analyzer) Done() {
	if !a.dead {
		a.stop()
	}
	a.f.free.Put(a)
}
