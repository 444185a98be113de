// Package wireguard analyzes WireGuard ("WireGuard: Next Generation Kernel Network Tunnel",
// section 5.4) and what Tailscale sends beside it. What is raised follows Corelight's package
// zeek-spicy-wireguard, whose names services and events have.
package wireguard

import (
	"encoding/binary"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

// Types of messages: the first four bytes, as a little-endian number.
const (
	initiation  = 1
	response    = 2
	cookieReply = 3
	data        = 4
)

// Lengths of messages. Those of data are at least dataLen.
const (
	initiationLen  = 148
	responseLen    = 92
	cookieReplyLen = 64
	dataLen        = 32 // a header of 16 bytes, and a tag
)

// disco is what messages of Tailscale begin with. A sender's key and a nonce follow, and an
// encrypted message with its tag (package disco of Tailscale).
const (
	disco       = "TS\xf0\x9f\x92\xac"
	discoKeyLen = 32
	discoLen    = len(disco) + discoKeyLen + 24 + 16
)

// New returns the protocols WireGuard and Tailscale for one shard. Their analyzers raise their
// events on h.
func New(h *event.Hooks) (wireGuard, tailscale *detect.Protocol) {
	s := &shard{hooks: &h.WireGuard}
	wireGuard = &detect.Protocol{Transport: value.ProtoUDP, Shared: true, Signatures: []detect.Signature{{Orig: isHandshake}, {Resp: isHandshake}}}
	wireGuard.Protocol = conn.Protocol{Name: "SPICY_WIREGUARD", Service: "spicy_wireguard", New: s.attach}
	tailscale = &detect.Protocol{Transport: value.ProtoUDP, Signatures: []detect.Signature{{Orig: isDisco}, {Resp: isDisco}}}
	tailscale.Protocol = conn.Protocol{Name: "SPICY_TAILSCALE", Service: "spicy_tailscale", New: s.attachTailscale}
	s.wireGuard = &wireGuard.Protocol
	return wireGuard, tailscale
}

// isHandshake reports whether a datagram is an initiation, or a response.
func isHandshake(b []byte) detect.Verdict {
	if (len(b) == initiationLen || len(b) == responseLen) && isMessage(b) {
		return detect.Match
	}
	return detect.NoMatch
}

func isDisco(b []byte) detect.Verdict {
	if len(b) >= discoLen && string(b[:len(disco)]) == disco {
		return detect.Match
	}
	return detect.NoMatch
}

// isMessage reports whether a datagram has the type and length of a message, and whether what
// is encrypted in a handshake looks like it. Records of other protocols may begin with a small
// number too, but have zeros in them.
func isMessage(b []byte) bool {
	if len(b) < dataLen {
		return false
	}
	switch binary.LittleEndian.Uint32(b) {
	case initiation:
		return len(b) == initiationLen && isKey(b[8:40]) && isRandom(b[40:]) && isRandom(b[88:]) && isRandom(b[116:])
	case response:
		return len(b) == responseLen && isKey(b[12:44]) && isRandom(b[44:]) && isRandom(b[60:])
	case cookieReply:
		return len(b) == cookieReplyLen && isRandom(b[8:]) && isRandom(b[32:])
	case data:
		return true
	}
	return false
}

// isKey reports whether b may be a public key, whose last bit is clear (RFC 7748 section 5).
func isKey(b []byte) bool { return isRandom(b) && b[31] < 0x80 }

// isRandom reports whether the first 8 bytes look like encrypted ones.
func isRandom(b []byte) bool {
	return binary.LittleEndian.Uint32(b) != 0 && binary.LittleEndian.Uint32(b[4:]) != 0
}

// shard holds what the analyzers of one shard share.
type shard struct {
	hooks     *event.WireGuardEvents
	wireGuard *conn.Protocol
	free      freelist.List[analyzer]
}

func (s *shard) attach(u conn.Use) conn.Analyzer {
	a := s.free.Get()
	*a = analyzer{Use: u, s: s}
	return a
}

func (s *shard) attachTailscale(u conn.Use) conn.Analyzer {
	a := s.free.Get()
	*a = analyzer{Use: u, s: s, tailscale: true}
	return a
}

// analyzer follows one flow.
type analyzer struct {
	conn.Use
	s         *shard
	tailscale bool
	begun     bool // there was a message
	// sender is the index of the last initiation, by side, if initiated is set.
	sender    [2]uint32
	initiated [2]bool
}

// Data takes a datagram. What comes before the first message is passed over. After it, whatever
// is no message ends the analysis of WireGuard, which has its ports for itself; Tailscale shares
// its own with STUN.
func (a *analyzer) Data(isOrig bool, b []byte) {
	switch {
	case isDisco(b) == detect.Match:
		if !a.tailscale {
			a.Detach() // its analyzer takes over
			return
		}
		a.Confirm()
		if e := a.s.hooks.TailscaleDiscoveryMessage.Begin(); e != nil {
			*e = event.WireGuardTailscaleDiscoveryMessage{Conn: a.Conn(), IsOrig: isOrig, SenderDiscoPub: b[len(disco) : len(disco)+discoKeyLen]}
			a.s.hooks.TailscaleDiscoveryMessage.Raise(e)
		}
	case a.tailscale && a.Has(a.s.wireGuard):
		// The messages so far, which that analyzer has had.
	case isMessage(b):
		a.begun = true
		a.message(isOrig, b)
	case a.begun && !a.tailscale:
		a.Violate(conn.Violation{Reason: "error while parsing Wireguard packet"})
	}
}

// message takes a message of WireGuard.
func (a *analyzer) message(isOrig bool, b []byte) {
	side := conn.Side(isOrig)
	index := binary.LittleEndian.Uint32(b[4:])
	switch b[0] {
	case initiation:
		a.sender[side], a.initiated[side] = index, true
		// Whoever has no cookie sends zeros in its place, which nothing random has.
		if allZero(b[132:initiationLen]) {
			a.Confirm()
		}
		if e := a.s.hooks.HandshakeInitiation.Begin(); e != nil {
			*e = event.WireGuardHandshakeInitiation{
				Conn: a.Conn(), IsOrig: isOrig, SenderIndex: uint64(index), UnencryptedEphemeral: b[8:40],
				EncryptedStatic: b[40:88], EncryptedTimestamp: b[88:116], MAC1: b[116:132], MAC2: b[132:initiationLen],
			}
			a.s.hooks.HandshakeInitiation.Raise(e)
		}
	case response:
		receiver := binary.LittleEndian.Uint32(b[8:])
		if a.answers(side, receiver) || allZero(b[76:responseLen]) {
			a.Confirm()
		}
		if e := a.s.hooks.HandshakeResponse.Begin(); e != nil {
			*e = event.WireGuardHandshakeResponse{
				Conn: a.Conn(), IsOrig: isOrig, SenderIndex: uint64(index), ReceiverIndex: uint64(receiver),
				UnencryptedEphemeral: b[12:44], EncryptedNothing: b[44:60], MAC1: b[60:76], MAC2: b[76:responseLen],
			}
			a.s.hooks.HandshakeResponse.Raise(e)
		}
	case cookieReply:
		if a.answers(side, index) {
			a.Confirm()
		}
		if e := a.s.hooks.PacketCookieReply.Begin(); e != nil {
			*e = event.WireGuardPacketCookieReply{
				Conn: a.Conn(), IsOrig: isOrig, ReceiverIndex: uint64(index), Nonce: b[8:32], EncryptedCookie: b[32:cookieReplyLen],
			}
			a.s.hooks.PacketCookieReply.Raise(e)
		}
	case data:
		if e := a.s.hooks.PacketData.Begin(); e != nil {
			*e = event.WireGuardPacketData{
				Conn: a.Conn(), IsOrig: isOrig, ReceiverIndex: uint64(index),
				KeyCounter: binary.LittleEndian.Uint64(b[8:]), EncapsulatedPacketLength: uint64(len(b) - 16),
			}
			a.s.hooks.PacketData.Raise(e)
		}
	}
}

// answers reports whether a message of a side with the receiver's index answers the last
// initiation of the other side.
func (a *analyzer) answers(side int, receiver uint32) bool {
	return a.initiated[1-side] && a.sender[1-side] == receiver
}

func allZero(b []byte) bool {
	return binary.LittleEndian.Uint64(b)|binary.LittleEndian.Uint64(b[8:]) == 0
}

// Gap does nothing: messages are whole.
func (a *analyzer) Gap(bool, uint64) {}

// End does nothing.
func (a *analyzer) End(bool) {}

// Flip swaps the sides.
func (a *analyzer) Flip() {
	a.sender[0], a.sender[1] = a.sender[1], a.sender[0]
	a.initiated[0], a.initiated[1] = a.initiated[1], a.initiated[0]
}

// Done returns the analyzer to the free list.
func (a *analyzer) Done() { a.s.free.Put(a) }
