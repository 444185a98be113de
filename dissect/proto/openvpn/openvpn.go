// Package openvpn recognizes OpenVPN over UDP and TCP, with and without an HMAC on its control
// channel (tls-auth), and hands the TLS inside over. What is raised follows Corelight's package
// zeek-spicy-openvpn, whose names services and events have. The protocol has no RFC; OpenVPN's
// documentation describes it in "Protocol", and its comments in ssl_pkt.h and reliable.h.
//
// A control channel that is encrypted (tls-crypt) and static keys leave nothing to recognize.
package openvpn

import (
	"encoding/binary"
	"strings"

	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

// Opcodes: the upper 5 bits of a message. The lower ones are the number of the key.
const (
	resetClientV1 = 1
	resetServerV1 = 2
	softReset     = 3
	control       = 4
	ack           = 5
	dataV1        = 6
	resetClientV2 = 7
	resetServerV2 = 8
	dataV2        = 9
)

const (
	sessionLen = 8
	// replayLen is the length of what an HMAC covers and follows it: a number and a time.
	replayLen = 8
	idLen     = 4 // of a message's number
	peerLen   = 3 // of a peer's number in dataV2
	// resetLen is the length of a client's reset without an HMAC: opcode, session, the number of
	// acknowledgements, which is 0, and the message's, which is 0 too.
	resetLen = 1 + sessionLen + 1 + idLen
	lenLen   = 2 // of the length before a message over TCP
	// maxReplay bounds the number after the HMAC of a client's resets, which begins with 1.
	maxReplay = 1 << 16
)

// hmacs are the lengths of HMACs, by the end of the protocol's name.
var hmacs = []struct {
	suffix string
	size   int
}{{"", 0}, {"_HMAC_MD5", 16}, {"_HMAC_SHA1", 20}, {"_HMAC_SHA256", 32}, {"_HMAC_SHA512", 64}}

// Names returns the names of the protocols, in lower case.
func Names() (names []string) {
	for _, transport := range []string{"udp", "tcp"} {
		for _, h := range hmacs {
			names = append(names, "spicy_openvpn_"+transport+strings.ToLower(h.suffix))
		}
	}
	return names
}

// New returns the protocols for one shard: one for each transport and HMAC. Their analyzers
// raise their events on h; ssl takes the TLS inside.
func New(h *event.Hooks, ssl *conn.Protocol) (list []*detect.Protocol) {
	s := &shard{hooks: &h.OpenVPN, ssl: ssl, framer: wire.NewFramer(lenLen, lenLen+1<<16-1, frameLen)}
	for i, name := range Names() {
		v := &variant{shard: s, name: strings.ToUpper(name), hmac: hmacs[i%len(hmacs)].size}
		if v.hmac > 0 {
			v.hmac += replayLen
		}
		p := &detect.Protocol{Transport: value.ProtoUDP, Signatures: []detect.Signature{{Orig: v.isDatagram}}}
		p.Protocol = conn.Protocol{Name: v.name, Service: name, New: v.attach}
		if i >= len(hmacs) {
			p.Transport, p.Signatures[0].Orig = value.ProtoTCP, detect.Leading("\x00", v.isStream)
			p.New = v.attachTCP
		}
		list = append(list, p)
	}
	return list
}

func frameLen(head []byte) int { return lenLen + int(binary.BigEndian.Uint16(head)) }

// shard holds what the analyzers of one shard share.
type shard struct {
	hooks   *event.OpenVPNEvents
	ssl     *conn.Protocol
	framer  *wire.Framer
	free    freelist.List[analyzer]
	streams freelist.List[stream]
	acks    []uint64
}

// variant makes the analyzers of a transport and an HMAC.
type variant struct {
	*shard
	name string
	hmac int // bytes of the HMAC and what follows it
}

// isReset reports whether a message is a client's first.
func (v *variant) isReset(b []byte) bool {
	if len(b) != resetLen+v.hmac || b[0] != resetClientV2<<3 || binary.BigEndian.Uint64(b[1:]) == 0 {
		return false
	}
	if v.hmac > 0 {
		if n := binary.BigEndian.Uint32(b[1+sessionLen+v.hmac-replayLen:]); n == 0 || n >= maxReplay {
			return false
		}
	}
	end := b[len(b)-idLen-1:]
	return end[0] == 0 && binary.BigEndian.Uint32(end[1:]) == 0
}

func (v *variant) isDatagram(b []byte) detect.Verdict {
	if v.isReset(b) {
		return detect.Match
	}
	return detect.NoMatch
}

func (v *variant) isStream(b []byte) detect.Verdict {
	n := lenLen + resetLen + v.hmac
	switch {
	case len(b) >= lenLen && frameLen(b) != n, len(b) > lenLen && b[lenLen] != resetClientV2<<3:
		return detect.NoMatch
	case len(b) < n:
		return detect.NeedMore
	}
	return v.isDatagram(b[lenLen:n])
}

func (v *variant) attach(u conn.Use) conn.Analyzer {
	a := v.free.Get()
	*a = analyzer{reader{Use: u, v: v, next: [2]uint32{1, 1}}}
	return a
}

// reader reads messages for the analyzers of datagrams and streams.
type reader struct {
	conn.Use
	v *variant
	// client is the session of the client's last reset. sure is set once a server's reset has
	// named it.
	client [sessionLen]byte
	sure   bool
	// inner gets the TLS of the first key. Its messages are numbered; next has those that
	// continue the streams, by side. disordered is set once one is missing.
	inner      conn.Handover
	next       [2]uint32
	disordered bool
}

// message reads a message. It reports whether it is well-formed.
func (r *reader) message(isOrig bool, b []byte) bool {
	if !r.sure && !r.opens(isOrig, b) || len(b) == 0 {
		return false
	}
	c := wire.NewCursor(b[1:])
	opcode, key := b[0]>>3, b[0]&7
	switch opcode {
	case resetClientV1, resetServerV1, softReset, control, resetClientV2, resetServerV2:
		return r.control(&c, isOrig, opcode, key)
	case ack:
		return r.ack(&c, isOrig, key)
	case dataV1:
		r.data(isOrig, event.OpenVPNData{Opcode: dataV1, KeyID: uint64(key), DataLen: uint64(c.Len())})
		return true
	case dataV2:
		peer := c.Take(peerLen, "peer_id")
		r.data(isOrig, event.OpenVPNData{Opcode: dataV2, KeyID: uint64(key), DataLen: uint64(c.Len()), PeerID: value.Some(peer)})
		return c.OK()
	}
	return false
}

// opens reports whether a message belongs to the first two: resets of the client, and one of
// the server that acknowledges it. The second makes the protocol certain.
func (r *reader) opens(isOrig bool, b []byte) bool {
	if isOrig {
		if r.v.isReset(b) {
			copy(r.client[:], b[1:])
			return true
		}
		return false
	}
	if len(b) < resetLen+r.v.hmac || b[0] != resetServerV2<<3 || binary.BigEndian.Uint64(b[1:]) == 0 {
		return false
	}
	c := wire.NewCursor(b[1+sessionLen+r.v.hmac:])
	n := c.U8("packet_id_array_len")
	c.Array(int(n), idLen, "packet_id_array")
	if remote := c.Take(sessionLen, "remote_session_id"); n == 0 || string(remote) != string(r.client[:]) || c.Len() != idLen {
		return false
	}
	r.sure = true
	r.Confirm()
	return true
}

// acks reads the HMAC and acknowledgements.
func (r *reader) acks(c *wire.Cursor) (ids []uint64) {
	c.Take(r.v.hmac, "net_time")
	n := c.U8("packet_id_array_len")
	ids = r.v.acks[:0]
	for list := c.Array(int(n), idLen, "packet_id_array"); len(list) > 0; list = list[idLen:] {
		ids = append(ids, uint64(binary.BigEndian.Uint32(list)))
	}
	r.v.acks = ids
	return ids
}

// control reads a message of the control channel after its opcode. Resets carry no TLS.
func (r *reader) control(c *wire.Cursor, isOrig bool, opcode, key byte) bool {
	m := event.OpenVPNControl{Opcode: uint64(opcode), KeyID: uint64(key), SessionID: c.Take(sessionLen, "session_id")}
	if ids := r.acks(c); len(ids) > 0 {
		m.PacketIDAckArray = value.Some(ids)
		m.RemoteSessionID = value.Some(c.Take(sessionLen, "remote_session_id"))
	}
	id := c.U32("packet_id")
	m.PacketID, m.DataLen = uint64(id), uint64(c.Len())
	if !c.OK() || opcode != control && c.More() {
		return false
	}
	if e := r.v.hooks.ControlMessage.Begin(); e != nil {
		*e = event.OpenVPNControlMessage{Conn: r.Conn(), IsOrig: isOrig, Msg: m}
		r.v.hooks.ControlMessage.Raise(e)
	}
	if e := r.v.hooks.ControlMessageWithData.Begin(); e != nil {
		*e = event.OpenVPNControlMessageWithData{Conn: r.Conn(), IsOrig: isOrig, Msg: m, SSLData: c.Peek()}
		r.v.hooks.ControlMessageWithData.Raise(e)
	}
	if key == 0 && c.More() {
		r.secure(isOrig, id, c.Rest())
	}
	return true
}

// secure hands TLS over, in the order of its messages' numbers. Repeated ones are passed over;
// after a message that comes too early nothing is handed over any more.
func (r *reader) secure(isOrig bool, id uint32, b []byte) {
	side := conn.Side(isOrig)
	if r.disordered || id < r.next[side] {
		return
	}
	if id > r.next[side] {
		r.disordered = true
		r.Limited(r.v.name, "order")
		return
	}
	r.next[side]++
	if !r.inner.Taken() {
		r.inner = r.HandOver(r.v.ssl)
	}
	r.inner.Data(isOrig, b)
}

// ack reads acknowledgements after their opcode.
func (r *reader) ack(c *wire.Cursor, isOrig bool, key byte) bool {
	m := event.OpenVPNAck{Opcode: ack, KeyID: uint64(key), SessionID: c.Take(sessionLen, "session_id"), PacketIDAckArray: r.acks(c)}
	m.RemoteSessionID = c.Take(sessionLen, "remote_session_id")
	if !c.OK() {
		return false
	}
	if e := r.v.hooks.AckMessage.Begin(); e != nil {
		*e = event.OpenVPNAckMessage{Conn: r.Conn(), IsOrig: isOrig, Msg: m}
		r.v.hooks.AckMessage.Raise(e)
	}
	return true
}

// data raises the event of a message of the data channel.
func (r *reader) data(isOrig bool, m event.OpenVPNData) {
	if e := r.v.hooks.DataMessage.Begin(); e != nil {
		*e = event.OpenVPNDataMessage{Conn: r.Conn(), IsOrig: isOrig, Msg: m}
		r.v.hooks.DataMessage.Raise(e)
	}
}

// flip swaps the sides.
func (r *reader) flip() { r.next[0], r.next[1] = r.next[1], r.next[0] }

const malformed = "error while parsing OpenVPN record"

// analyzer reads the messages of a UDP flow.
type analyzer struct{ reader }

// Data takes a datagram.
func (a *analyzer) Data(isOrig bool, b []byte) {
	if !a.message(isOrig, b) {
		a.Violate(conn.Violation{Reason: malformed})
	}
}

// Gap does nothing: messages are whole.
func (a *analyzer) Gap(bool, uint64) {}

// End passes the end of a side on.
func (a *analyzer) End(isOrig bool) { a.inner.End(isOrig) }

// Flip swaps the sides.
func (a *analyzer) Flip() { a.flip() }

// Done returns the analyzer to the free list.
func (a *analyzer) Done() {
	a.inner.Done()
	a.v.free.Put(a)
}

func (v *variant) attachTCP(u conn.Use) conn.Analyzer {
	a := v.streams.Get()
	*a = stream{reader: reader{Use: u, v: v, next: [2]uint32{1, 1}}}
	return a
}

// stream reads the messages of a TCP connection.
type stream struct {
	reader
	frames [2]wire.Frames
	off    bool
}

// Data takes the next bytes of a side.
func (a *stream) Data(isOrig bool, b []byte) {
	f := &a.frames[conn.Side(isOrig)]
	for len(b) > 0 && !a.off {
		kept := f.Kept()
		m, rest, state := f.Next(a.v.framer, b)
		a.Hold(f.Kept() - kept)
		b = rest
		switch {
		case state == wire.FrameShort:
			if a.Full(a.v.name) {
				a.giveUp()
			}
		case state == wire.FrameInvalid || !a.message(isOrig, m[lenLen:]):
			a.Violate(conn.Violation{Reason: malformed})
			a.giveUp()
		}
	}
}

// giveUp ends the analysis.
func (a *stream) giveUp() {
	if !a.off {
		a.Detach()
	}
}

// Gap passes over missing bytes inside a message, and the TLS in it ends. Any others end the
// analysis, since the next message cannot be found.
func (a *stream) Gap(isOrig bool, n uint64) {
	if f := &a.frames[conn.Side(isOrig)]; !f.Gap(a.v.framer, n) {
		a.giveUp()
	}
}

// End passes the end of a side on.
func (a *stream) End(isOrig bool) { a.inner.End(isOrig) }

// Flip swaps the sides.
func (a *stream) Flip() {
	a.flip()
	a.frames[0], a.frames[1] = a.frames[1], a.frames[0]
}

// Done returns the analyzer to the free list.
func (a *stream) Done() {
	if a.off {
		return
	}
	a.off = true
	a.inner.Done()
	a.Hold(-a.frames[0].Reset(a.v.framer) - a.frames[1].Reset(a.v.framer))
	a.v.streams.Put(a)
}
