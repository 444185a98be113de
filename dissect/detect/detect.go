// Package detect decides which analyzers a connection gets: those of its responder's
// port, and those whose signature its first bytes match. An analyzer that came by
// port and finds something else takes itself off, mostly by a violation.
//
// # Adding a protocol
//
// A Protocol is an analyzer (see package conn for how to write one) with its ports
// and signatures:
//
//	p := &detect.Protocol{
//		Protocol:  conn.Protocol{Name: "ECHO", Service: "echo", New: newEcho},
//		Transport: value.ProtoTCP,
//		Ports:     []uint16{4007},
//		Signatures: []detect.Signature{{
//			Orig: func(b []byte) detect.Verdict { return detect.StartsWith(b, "ECHO ") },
//		}},
//	}
//
// A signature should be decided by few bytes. StartsWith, Within, Leading and Anywhere
// cover most; AnyLine and its kin help with protocols of lines.
package detect

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

// Protocol is an analyzer and how to recognize its protocol.
type Protocol struct {
	conn.Protocol
	Transport value.Proto
	// Ports are ports of the responder. The analyzer is attached to their connections
	// from the first byte on.
	Ports []uint16
	// Signatures are matched against the first bytes of every connection of Transport.
	// One match is enough.
	Signatures []Signature
	// Idle, if set, is called at the end of a connection to one of Ports that had no
	// payload. Zeek attaches analyzers with the first packet, and some of them raise
	// events at the end of such a connection.
	Idle func(c *conn.Conn)
	// Watcher is set if the analyzer goes to every TCP connection with its first packet; see
	// conn.Table.AddWatcher. Ports and Signatures mean nothing then.
	Watcher bool
	// Shared is set if other protocols over UDP may go between the same ports. They are looked
	// for even once the connection has this protocol's service.
	Shared bool
	// Unused is set if the user has not chosen the protocol, so that another one that
	// announces its connections does not.
	Unused bool
}

// A Signature matches the beginnings of a connection's two directions. A nil function
// matches anything; if both are set, both have to match. Orig is called only after Resp
// has matched, because a server's first bytes decide sooner.
//
// Datagrams are matched one by one, so for them only one of the two may be set.
type Signature struct {
	// Orig and Resp get everything that the side has sent so far, for TCP, or one
	// datagram. They are called again as more arrives, until they return Match or
	// NoMatch, so they must be cheap.
	Orig, Resp func(b []byte) Verdict
	// Always matches the signature even against a side for which [conn.Conn.Signed] is
	// false, as Zeek does for signatures that do not name the IP protocol.
	Always bool
}

// Options configure a Detector.
type Options struct {
	// BufferSize and MaxPackets bound the data that is matched per connection, both
	// directions together.
	BufferSize int `key:"detect.buffer_size" unit:"bytes" min:"1" doc:"first bytes of a connection in which signatures are looked for (dpd_buffer_size)"`
	MaxPackets int `key:"detect.max_packets" unit:"count" min:"1" doc:"first packets with data of a connection in which signatures are looked for (dpd_max_packets)"`
	// Without MatchOnlyBeginning, signatures are looked for in more of a connection, which
	// attaches nothing and raises ProtocolLateMatch. LateMatchStop ends that with the first
	// match.
	MatchOnlyBeginning bool `key:"detect.match_only_beginning" doc:"look for signatures in those first bytes only; if not, a later match attaches nothing and raises protocol_late_match (dpd_match_only_beginning)"`
	LateMatchStop      bool `key:"detect.late_match_stop" doc:"look for no more signatures after a late match (dpd_late_match_stop)"`
}

// DefaultOptions returns Zeek's defaults.
func DefaultOptions() Options {
	return Options{BufferSize: 1024, MaxPackets: 100, MatchOnlyBeginning: true}
}

// maxLate is how many bytes of each side of a TCP connection are matched without
// MatchOnlyBeginning.
const maxLate = 16 << 10

// maxSignatures is the number of signatures that a transport may have: masks in
// Detector and watch have a bit for each.
const maxSignatures = 64

// Detector attaches analyzers to connections. It belongs to one shard.
type Detector struct {
	byPort [2]ports // by transport
	// signed holds the signatures by transport. first has, by transport and side, a bit for
	// each that is open from the beginning.
	signed [2][]signed
	first  [2][2]uint64
	// lead has, by transport, side and first byte, a bit for each signature that the byte
	// does not rule out. Few are left, so most need not be called.
	lead [2][2][256]uint64
	free freelist.List[watch]
	// scratch joins earlier and new bytes of a side for its last match. It is empty when
	// not in use.
	scratch []byte
	buffers freelist.Sizes // sides of watches
	opt     Options
	late    *event.ProtocolLateMatchHook // nil without late matches
	self    [2]conn.Protocol             // of watches, by transport
	inner   conn.Protocol                // of watches on inner streams
}

// signed is a signature, by side.
type signed struct {
	p      *Protocol
	sides  [2]func(b []byte) Verdict
	always bool
}

// ports maps a port to its protocols.
type ports struct {
	// used has a bit for each port in lists: scans look up many that are not in it.
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
	d := &Detector{opt: DefaultOptions()}
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

// Configure sets the options, DefaultOptions until then, and the hooks for late matches. It
// may be called only before the first packet.
func (d *Detector) Configure(o Options, hooks *event.Hooks) {
	d.opt, d.late = o, nil
	if !o.MatchOnlyBeginning {
		d.late = &hooks.Analyzer.ProtocolLateMatch
	}
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
			if f == nil {
				continue
			}
			first := make([]byte, 1)
			for b := range d.lead[i][side] {
				first[0] = byte(b)
				// One byte of a datagram proves nothing: it may be refused for its length.
				if p.Transport == value.ProtoUDP || f(first) != NoMatch {
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

// Attach adds the analyzers of c's port, and a watch that matches signatures.
func (d *Detector) Attach(t *conn.Table, c *conn.Conn) {
	tp := c.Transport()
	if tp != value.ProtoTCP && tp != value.ProtoUDP {
		return
	}
	i := transportIndex(tp)
	byPort := d.byPort[i].at(c.FirstRespPort())
	if c.Analyzed() {
		byPort = nil // an announced connection has its analyzer; its port means nothing
	}
	for _, p := range byPort {
		t.Attach(c, &p.Protocol)
	}
	if tp == value.ProtoUDP && len(byPort) > 0 {
		return // until the port proves wrong: such flows are many and short
	}
	if len(d.signed[i]) > 0 {
		t.Attach(c, &d.self[i])
	}
}

// Violated attaches a watch to a UDP flow whose port was wrong, from the current
// datagram on.
func (d *Detector) Violated(t *conn.Table, c *conn.Conn) conn.Handover {
	i := transportIndex(value.ProtoUDP)
	if c.Transport() != value.ProtoUDP || len(d.byPort[i].at(c.RespPort())) == 0 || len(d.signed[i]) == 0 {
		return conn.Handover{}
	}
	return t.Attach(c, &d.self[i])
}

// Idle calls Idle of the protocols of c's port.
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

// Inner returns the protocol of the watch on a stream inside a connection. It feeds the
// analyzers whose signatures match; ports mean nothing there.
func (d *Detector) Inner() *conn.Protocol { return &d.inner }

// watch matches the first bytes of one connection, and keeps them for the analyzers
// that it attaches.
type watch struct {
	conn.Use
	d  *Detector
	tp value.Proto
	// sides holds the bytes of each side so far, chunks their order, and gaps the lengths of
	// those that are missing.
	sides  [2][]byte
	chunks []chunk
	gaps   []uint64
	// open has, by side, a bit for each signature that may still match.
	open [2]uint64
	// isInner reports that the stream is one inside the connection. The watch feeds its
	// analyzers, which are in found. over reports that nothing is matched any more.
	isInner bool
	over    bool
	shared  bool // a protocol with Shared was found
	late    bool // what matches is too late to attach
	held    int  // bytes of sides, once late
	found   []finding
	ended   uint8 // a bit for each side that has ended
}

type finding struct {
	h conn.Handover
	p *Protocol
}

// A chunk is a piece of a side's bytes that ends at end, or a gap there. It is small, since a
// connection that nothing recognizes has a hundred for as long as it lasts.
type chunk struct {
	end    uint32
	turn   conn.Turn
	isOrig bool
	isGap  bool
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

// Data matches the signatures.
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
	if w.late {
		w.lateData(isOrig, b)
		return
	}
	if w.tp == value.ProtoUDP && !w.shared && w.Conn().Confirmed() {
		// The port was right. Watching on would take memory for each of many short flows.
		w.stop()
		return
	}
	side := conn.Side(isOrig)
	// Bytes beyond the limits are matched a last time and not kept, but the analyzers
	// that this attaches get them.
	before := w.sides[side]
	last := len(w.sides[0])+len(w.sides[1])+len(b) > w.d.opt.BufferSize || len(w.chunks) == w.d.opt.MaxPackets
	seen := b
	scratch := false
	if w.tp == value.ProtoTCP && len(before) > 0 {
		scratch = last && len(w.d.scratch) == 0 // a stream inside may be using it
		switch {
		case scratch:
			seen = append(append(w.d.scratch, before...), b[:min(len(b), 2*w.d.opt.BufferSize)]...)
			w.d.scratch = seen
		case last:
			seen = slices.Concat(before, b[:min(len(b), 2*w.d.opt.BufferSize)])
		default:
			seen = w.d.buffers.Append(before, b)
			before = seen[:len(before)]
			w.sides[side] = before
		}
	}
	w.match(side, seen, b, isOrig)
	if scratch {
		w.d.scratch = w.d.scratch[:0]
	}
	if last || w.open == [2]uint64{} {
		w.exhausted()
		if w.late {
			w.keep(side, b)
		}
		return
	}
	w.sides[side] = w.d.buffers.Append(before, b)
	w.chunks = append(w.chunks, chunk{end: uint32(len(w.sides[side])), turn: w.Turn(), isOrig: isOrig})
}

// stop ends the watch, or only the matching if it has analyzers to feed.
func (w *watch) stop() {
	if w.isInner {
		w.over = true
	} else {
		w.Detach()
	}
}

// exhausted ends the watch, unless what is still open is matched without its bytes being
// kept for an analyzer.
func (w *watch) exhausted() {
	if w.d.late == nil || !w.d.late.On() || w.isInner || w.open == [2]uint64{} {
		w.stop()
		return
	}
	w.late, w.chunks, w.gaps = true, w.chunks[:0], w.gaps[:0]
	w.hold(len(w.sides[0]) + len(w.sides[1]))
}

// hold accounts for n more bytes.
func (w *watch) hold(n int) {
	w.held += n
	w.HoldState(n)
}

// keep adds bytes of a side for late matches.
func (w *watch) keep(side int, b []byte) {
	b = b[:min(len(b), max(0, maxLate-len(w.sides[side])))]
	if w.tp == value.ProtoTCP && len(b) > 0 {
		w.sides[side] = w.d.buffers.Append(w.sides[side], b)
		w.hold(len(b))
	}
}

// lateData matches bytes that come too late. A side of a TCP connection is matched each time
// that it has doubled, so that the cost is in proportion to its bytes and does not depend on
// how they are cut into segments.
func (w *watch) lateData(isOrig bool, b []byte) {
	side := conn.Side(isOrig)
	if w.tp == value.ProtoUDP {
		w.match(side, b, b, isOrig)
	} else {
		before := len(w.sides[side])
		w.keep(side, b)
		for n := 1; n <= len(w.sides[side]); n *= 2 {
			if n > before {
				w.match(side, w.sides[side][:n], nil, isOrig)
			}
		}
	}
	if w.over || w.open == [2]uint64{} || len(w.sides[0]) == maxLate && len(w.sides[1]) == maxLate {
		w.stop()
	}
}

// raiseLate reports a match that attaches nothing.
func (w *watch) raiseLate(p *Protocol) {
	if w.over {
		return
	}
	w.over = w.d.opt.LateMatchStop
	if e := w.d.late.Begin(); e != nil {
		*e = event.ProtocolLateMatch{Conn: w.Conn(), AType: p.EventTag()}
		w.d.late.Raise(e)
	}
}

// match tries the signatures of one direction on seen, all that it has sent so far.
// last is the new part of it.
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

// unsigned reports whether only signatures with Always are matched against a side.
func (w *watch) unsigned(side int) bool {
	return w.tp == value.ProtoTCP && !w.isInner && !w.Conn().Signed(side == 0)
}

// attach adds an analyzer and feeds it everything so far, and then last. If a violation
// takes it off meanwhile, or has taken one off before, the next one gets what follows the
// turn of the violation. What it finds then does not depend on how the turns are cut into
// segments. In Zeek, every analyzer gets everything, and a violation takes it off after the
// packet.
func (w *watch) attach(p *Protocol, last []byte, isOrig bool) {
	if w.late {
		w.raiseLate(p)
		return
	}
	w.shared = w.shared || p.Shared
	asZeek := w.Compat(compat.DetectionReplay)
	for {
		var h conn.Handover
		first := 0
		if !w.isInner {
			if !asZeek {
				first = w.after(w.Violated(&p.Protocol))
			}
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
		if w.replay(h, first, asZeek) {
			h.Data(isOrig, last)
			return
		}
	}
}

// after returns the index of the first chunk after a turn.
func (w *watch) after(t conn.Turn) int {
	n := len(w.chunks)
	for n > 0 && w.chunks[n-1].turn != t {
		n--
	}
	return n
}

// replay feeds an analyzer the chunks from first on. It reports whether that is left, which
// asZeek cannot be known before the end of the packet.
func (w *watch) replay(h conn.Handover, first int, asZeek bool) bool {
	var from [2]uint32
	gaps := w.gaps
	for i, c := range w.chunks {
		side := conn.Side(c.isOrig)
		var gap uint64
		if c.isGap {
			gap, gaps = gaps[0], gaps[1:]
		}
		switch {
		case i < first:
		case c.isGap:
			h.Gap(c.isOrig, gap)
		case asZeek:
			h.Data(c.isOrig, w.sides[side][from[side]:c.end])
		case !h.Replay(c.turn, c.isOrig, w.sides[side][from[side]:c.end]):
			return false
		}
		from[side] = c.end
	}
	return true
}

// Gap records missing bytes; matching continues with the bytes after them. A gap before
// the first bytes of a connection is not replayed to the analyzers, as in Zeek.
func (w *watch) Gap(isOrig bool, n uint64) {
	for i := range w.found {
		w.found[i].h.Gap(isOrig, n)
	}
	if w.over || w.late || len(w.chunks) == 0 {
		return
	}
	w.gaps = append(w.gaps, n)
	w.chunks = append(w.chunks, chunk{end: uint32(len(w.sides[conn.Side(isOrig)])), isGap: true, turn: w.Turn(), isOrig: isOrig})
	if len(w.chunks) > w.d.opt.MaxPackets {
		w.stop()
	}
}

// End passes the end on to the analyzers inside. Once both sides have ended nothing
// more can match.
func (w *watch) End(isOrig bool) {
	for i := range w.found {
		w.found[i].h.End(isOrig)
	}
	if side := conn.Side(isOrig); w.late && !w.over && len(w.sides[side]) > 0 {
		w.match(side, w.sides[side], nil, isOrig)
	}
	bit := uint8(1)
	if !isOrig {
		bit = 2
	}
	if w.ended |= bit; w.ended == 3 && !w.isInner {
		w.stop()
	}
}

// Done returns the watch to the pool.
func (w *watch) Done() {
	for i := range w.found {
		w.found[i].h.Done()
	}
	w.HoldState(-w.held)
	for _, b := range w.sides {
		w.d.buffers.Put(b)
	}
	if cap(w.chunks) > max(16, 4*len(w.chunks)) {
		w.chunks = nil // or all would have room for the most
	}
	d, chunks, gaps, found := w.d, w.chunks, w.gaps, w.found
	*w = watch{}
	w.d, w.chunks, w.gaps, w.found = d, chunks[:0], gaps[:0], found[:0]
	d.free.Put(w)
}

// Flip follows the connection's change of roles.
func (w *watch) Flip() {
	w.sides[0], w.sides[1] = w.sides[1], w.sides[0]
	w.open = w.d.first[transportIndex(w.tp)]
	for i := range w.chunks {
		w.chunks[i].isOrig = !w.chunks[i].isOrig
	}
}
