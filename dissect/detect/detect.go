// Package detect decides which analyzers a connection gets: those whose
// signature its first bytes match, and those that its responder's port calls for.
// An analyzer that came by its port and finds something else takes itself off.
package detect

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"github.com/wirelog/wirelog/value"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/internal/freelist"
)

// Protocol is an analyzer and how to know its protocol.
type Protocol struct {
	conn.Protocol
	Transport value.Proto
	// Ports are ports of the responder at which the analyzer is tried from the
	// first byte.
	Ports []uint16
	// Signatures are tried on the first bytes of every connection of Transport. One
	// that matches is enough.
	Signatures []Signature
	// Idle, if set, is called at the end of connections to one of Ports of which no
	// payload was delivered. Zeek's analyzers are there from the first packet on, and
	// some tell of their end.
	Idle func(c *conn.Conn)
}

// A Signature matches the beginnings of a connection's two directions. A nil
// function is not asked for; of two both have to match, and Orig is asked only where
// Resp has matched: what a server says first is known from its first bytes. Datagrams
// are matched one by one, so that only one side can have a function.
type Signature struct {
	// Orig and Resp are given everything that the side has sent so far, for TCP,
	// or one datagram. They must be cheap, and are called again as more comes, unless
	// they have said that nothing more is needed.
	Orig, Resp func(b []byte) Verdict
	// Always tells that the signature is also asked about a side of which [conn.Conn.Signed]
	// is not true: Zeek's does not name the IP protocol, so that it needs no packet.
	Always bool
}

// What is looked at of a connection, for both directions together (Zeek's
// dpd_buffer_size and dpd_max_packets).
const (
	maxBytes  = 1024
	maxChunks = 100
)

// maxSignatures is how many there may be for a transport: watch has a bit for each.
const maxSignatures = 64

// Detector attaches analyzers to connections. It belongs to one shard.
type Detector struct {
	byPort [2]ports // by transport
	// signed are the signatures, by transport, and first those that are asked first, a bit
	// for each, by transport and side.
	signed [2][]signed
	first  [2][2]uint64
	// lead has, by transport, side and first byte, the signatures that the byte does not
	// rule out: most are, and need not be called.
	lead [2][2][256]uint64
	free freelist.List[watch]
	// scratch is where what has been sent and what is sent now are put together to be looked
	// at for the last time. It is empty when nobody is at it.
	scratch []byte
	self    [2]conn.Protocol // of watches
	inner   conn.Protocol    // of watches on inner streams
}

// signed is a signature, by side.
type signed struct {
	p      *Protocol
	sides  [2]func(b []byte) Verdict
	always bool
}

// ports are protocols by their port.
type ports struct {
	// used has a bit for each port in lists: scans ask about many that are not.
	used  [1 << 16 / 64]uint64
	lists map[uint32][]*Protocol
}

func (p *ports) add(port uint16, proto *Protocol) {
	if p.lists == nil {
		p.lists = make(map[uint32][]*Protocol)
	}
	p.used[port/64] |= 1 << (port % 64)
	p.lists[uint32(port)] = append(p.lists[uint32(port)], proto)
}

func (p *ports) at(port uint16) []*Protocol {
	if p.used[port/64]&(1<<(port%64)) == 0 {
		return nil
	}
	return p.lists[uint32(port)]
}

// New returns a Detector for the protocols. It is an error if they have more than 64
// signatures for one transport, or one for both sides of datagrams.
func New(protocols []*Protocol) (*Detector, error) {
	d := new(Detector)
	for _, p := range protocols {
		for _, n := range p.Ports {
			d.byPort[transportIndex(p.Transport)].add(n, p)
		}
		if err := d.sign(p); err != nil {
			return nil, fmt.Errorf("protocol %s: %w", p.Name, err)
		}
	}
	d.self[0] = conn.Protocol{Name: "PIA_TCP", New: d.watch, Passing: true}
	d.self[1] = conn.Protocol{Name: "PIA_UDP", New: d.watch}
	d.inner = conn.Protocol{Name: "PIA_TCP", New: d.watchInner}
	return d, nil
}

// sign adds the signatures of a protocol.
func (d *Detector) sign(p *Protocol) error {
	i := transportIndex(p.Transport)
	for _, s := range p.Signatures {
		bit := uint64(1) << len(d.signed[i])
		switch {
		case len(d.signed[i]) == maxSignatures:
			return fmt.Errorf("there are more than %d signatures for its transport", maxSignatures)
		case s.Resp == nil:
			d.first[i][0] |= bit
		case s.Orig != nil && p.Transport == value.ProtoUDP:
			return errors.New("a signature is for both sides, but datagrams are matched one by one")
		default:
			d.first[i][1] |= bit
		}
		d.signed[i] = append(d.signed[i], signed{p, [2]func([]byte) Verdict{s.Orig, s.Resp}, s.Always})
		for side, f := range d.signed[i][len(d.signed[i])-1].sides {
			for b := range d.lead[i][side] {
				// Of a datagram a byte is no beginning: it may be refused for its length.
				if f != nil && (p.Transport == value.ProtoUDP || f([]byte{byte(b)}) != NoMatch) {
					d.lead[i][side][b] |= bit
				}
			}
		}
	}
	return nil
}

func transportIndex(p value.Proto) int {
	if p == value.ProtoUDP {
		return 1
	}
	return 0
}

// Attach adds the analyzers of c's port, and watches c for signatures.
func (d *Detector) Attach(t *conn.Table, c *conn.Conn) {
	tp := c.Transport()
	if tp != value.ProtoTCP && tp != value.ProtoUDP {
		return
	}
	i := transportIndex(tp)
	byPort := d.byPort[i].at(c.FirstRespPort())
	if c.Analyzed() {
		byPort = nil // what was announced is there already, and its port means nothing
	}
	for _, p := range byPort {
		t.Attach(c, &p.Protocol)
	}
	if tp == value.ProtoUDP && len(byPort) > 0 {
		return // until it is wrong: there are many such flows, and they are short
	}
	if len(d.signed[i]) > 0 {
		t.Attach(c, &d.self[i])
	}
}

// Violated has a UDP flow whose port was wrong watched from the present datagram on.
func (d *Detector) Violated(t *conn.Table, c *conn.Conn) conn.Handover {
	i := transportIndex(value.ProtoUDP)
	if c.Transport() != value.ProtoUDP || len(d.byPort[i].at(c.RespPort())) == 0 || len(d.signed[i]) == 0 {
		return conn.Handover{}
	}
	return t.Attach(c, &d.self[i])
}

// Idle tells the protocols of c's port of its end.
func (d *Detector) Idle(c *conn.Conn) {
	tp := c.Transport()
	if c.Analyzed() || tp != value.ProtoTCP && tp != value.ProtoUDP {
		return
	}
	for _, p := range d.byPort[transportIndex(tp)].at(c.FirstRespPort()) {
		if p.Idle != nil {
			p.Idle(c)
		}
	}
}

// Inner describes the watch on a stream inside a connection, which feeds the
// analyzers that it finds. Ports say nothing about such a stream.
func (d *Detector) Inner() *conn.Protocol { return &d.inner }

// watch looks at the first bytes of one connection, and keeps them for the
// analyzers that they call for.
type watch struct {
	conn.Use
	d  *Detector
	tp value.Proto
	// sides is what has been sent, chunks how it came.
	sides  [2][]byte
	chunks []chunk
	// open has a bit for each signature that a direction may yet match.
	open [2]uint64
	// isInner tells that the stream is one inside the connection's. Its analyzers
	// are fed from here; found has their numbers and protocols. over tells that
	// nothing more is looked for.
	isInner bool
	over    bool
	found   []finding
	ended   uint8 // a bit for each side
}

type finding struct {
	h conn.Handover
	p *Protocol
}

// A chunk ends at end in what its side has sent; before it, gap bytes were missing.
type chunk struct {
	end    int
	gap    uint64
	isOrig bool
}

func (d *Detector) watch(u conn.Use) conn.Analyzer {
	return d.newWatch(u, u.Conn().Transport())
}

func (d *Detector) watchInner(u conn.Use) conn.Analyzer {
	w := d.newWatch(u, value.ProtoTCP)
	w.isInner = true
	return w
}

func (d *Detector) newWatch(u conn.Use, tp value.Proto) *watch {
	w := d.free.Get()
	w.Use, w.d, w.tp = u, d, tp
	w.open = d.first[transportIndex(tp)]
	return w
}

// Data looks for signatures.
func (w *watch) Data(isOrig bool, b []byte) {
	if len(b) == 0 {
		return
	}
	for i := range w.found {
		w.found[i].h.Data(isOrig, b)
	}
	if w.over {
		return
	}
	if w.tp == value.ProtoUDP && w.Conn().Confirmed() {
		// The port was right. Looking on would take memory on every one of many short
		// flows.
		w.stop()
		return
	}
	side := sideOf(isOrig)
	// What is too long to be looked at again is not kept, but the analyzers that
	// it calls for get it.
	before := w.sides[side]
	last := len(w.sides[0])+len(w.sides[1])+len(b) > maxBytes || len(w.chunks) == maxChunks
	seen := b
	scratch := false
	if w.tp == value.ProtoTCP && len(before) > 0 {
		scratch = last && len(w.d.scratch) == 0 // a stream inside may be looked at meanwhile
		if scratch {
			seen = append(append(w.d.scratch, before...), b[:min(len(b), 2*maxBytes)]...)
			w.d.scratch = seen
		} else {
			seen = append(before, b[:min(len(b), 2*maxBytes)]...)
			before = seen[:len(before)]
			w.sides[side] = before
		}
	}
	w.match(side, seen, b, isOrig)
	if scratch {
		w.d.scratch = w.d.scratch[:0]
	}
	if last || w.open == [2]uint64{} {
		w.stop()
		return
	}
	w.sides[side] = append(before, b...)
	w.chunks = append(w.chunks, chunk{end: len(w.sides[side]), isOrig: isOrig})
}

// sideOf is the index of a side.
func sideOf(isOrig bool) int {
	if isOrig {
		return 0
	}
	return 1
}

// stop ends the search.
func (w *watch) stop() {
	if w.isInner {
		w.over = true
	} else {
		w.Detach()
	}
}

// match tries the signatures of one direction on what it has sent so far, of
// which last is the part that is new.
func (w *watch) match(side int, seen, last []byte, isOrig bool) {
	list := w.d.signed[transportIndex(w.tp)]
	unsigned := w.unsigned(side)
	lead := w.d.lead[transportIndex(w.tp)][side][seen[0]]
	open := w.open[side] & lead
	if !unsigned {
		w.open[side] = open
	}
	for ; open != 0; open &= open - 1 {
		i := bits.TrailingZeros64(open)
		s := &list[i]
		if unsigned && !s.always {
			continue
		}
		bit := uint64(1) << i
		v := s.sides[side](seen)
		if v == NeedMore || v == NoMatch && w.tp == value.ProtoUDP {
			continue // another datagram may match
		}
		w.open[side] &^= bit
		if v == Match && side == 1 && s.sides[0] != nil {
			v = NeedMore
			if s.always || !w.unsigned(0) {
				v = s.sides[0](w.sides[0])
			}
			if v == NeedMore {
				w.open[0] |= bit
			}
		}
		if v == Match {
			w.attach(s.p, last, isOrig)
		}
	}
}

// unsigned reports whether a side is one that only some signatures are asked about.
func (w *watch) unsigned(side int) bool {
	return w.tp == value.ProtoTCP && !w.isInner && !w.Conn().Signed(side == 0)
}

// attach adds an analyzer and gives it everything so far, and then last.
func (w *watch) attach(p *Protocol, last []byte, isOrig bool) {
	var h conn.Handover
	if !w.isInner {
		h = w.Attach(&p.Protocol)
	} else if !slices.ContainsFunc(w.found, func(f finding) bool { return f.p == p }) {
		h = w.HandOver(&p.Protocol)
	}
	if !h.Taken() {
		return
	}
	if w.isInner {
		w.found = append(w.found, finding{h, p})
	}
	var from [2]int
	for _, c := range w.chunks {
		side := sideOf(c.isOrig)
		if c.gap > 0 {
			h.Gap(c.isOrig, c.gap)
		} else {
			h.Data(c.isOrig, w.sides[side][from[side]:c.end])
		}
		from[side] = c.end
	}
	h.Data(isOrig, last)
}

// Gap remembers missing bytes; signatures go on with what follows. What is missing before
// the first bytes of a connection is not told to those that they call for, as in Zeek.
func (w *watch) Gap(isOrig bool, n uint64) {
	for i := range w.found {
		w.found[i].h.Gap(isOrig, n)
	}
	if w.over || len(w.chunks) == 0 {
		return
	}
	w.chunks = append(w.chunks, chunk{end: len(w.sides[sideOf(isOrig)]), gap: n, isOrig: isOrig})
	if len(w.chunks) > maxChunks {
		w.stop()
	}
}

// End goes on to what is fed from here. When both sides have ended there is nothing
// more to look for.
func (w *watch) End(isOrig bool) {
	for i := range w.found {
		w.found[i].h.End(isOrig)
	}
	bit := uint8(1)
	if !isOrig {
		bit = 2
	}
	if w.ended |= bit; w.ended == 3 && !w.isInner {
		w.stop()
	}
}

// Done keeps the watch for another connection.
func (w *watch) Done() {
	for i := range w.found {
		w.found[i].h.Done()
	}
	*w = watch{d: w.d, sides: [2][]byte{w.sides[0][:0], w.sides[1][:0]}, chunks: w.chunks[:0], found: w.found[:0]}
	w.d.free.Put(w)
}

// Flip follows the connection's change of roles.
func (w *watch) Flip() {
	w.sides[0], w.sides[1] = w.sides[1], w.sides[0]
	w.open = w.d.first[transportIndex(w.tp)]
	for i := range w.chunks {
		w.chunks[i].isOrig = !w.chunks[i].isOrig
	}
}
