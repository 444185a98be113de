// Package bittorrent analyzes BitTorrent (BEP 3): the messages between peers, and the HTTP
// dialogue of a peer with a tracker, whose answers are bencoded dictionaries. It follows
// Zeek's src/analyzer/protocol/bittorrent.
package bittorrent

import (
	"encoding/binary"
	"fmt"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

// Options configure the analyzers. DefaultOptions returns the defaults.
type Options struct {
	Message int  `key:"limits.bittorrent_message_size" unit:"bytes" min:"20" max:"16777216" doc:"bytes of a message between BitTorrent peers; a longer one ends the analysis of its side"`
	Tracker int  `key:"limits.bittorrent_tracker_size" unit:"bytes" min:"100" max:"16777216" doc:"bytes of a request to a BitTorrent tracker or of an answer, with its headers; a longer one is a violation"`
	Depth   int  `key:"limits.bittorrent_bencode_depth" unit:"count" min:"2" max:"65536" doc:"levels of lists and dictionaries in the answer of a BitTorrent tracker; more are a violation"`
	Entries int  `key:"limits.bittorrent_tracker_entries" unit:"count" min:"1" max:"10000" doc:"headers, or keys of the dictionary, of a message with a BitTorrent tracker; further ones are left out"`
	Headers bool `key:"bittorrent.tracker_headers" doc:"give bt_tracker_request, bt_tracker_response and bt_tracker_response_not_ok the HTTP headers"`
}

// DefaultOptions returns the defaults. The limit of messages between peers is Zeek's.
func DefaultOptions() Options {
	return Options{Message: 0x40000, Tracker: 65536, Depth: 512, Entries: 256}
}

const (
	peerSource  = "BITTORRENT"
	peerService = "bittorrent"

	// greeting begins a handshake: the length of the protocol's name and the name.
	greeting = "\x13BitTorrent protocol"
	// Offsets in a handshake, and its length.
	infoHashAt   = len(greeting) + 8
	peerIDAt     = infoHashAt + 20
	handshakeLen = peerIDAt + 20

	// prefixLen is the length of the length before each message.
	prefixLen = 4
)

// Types of messages between peers (BEP 3; BEP 5 for port).
const (
	choke = iota
	unchoke
	interested
	notInterested
	have
	bitfield
	request
	piece
	cancel
	port
)

// fields has the number of bytes with fields after each type, and the name with which Zeek
// reports that they are missing.
var fields = [...]struct {
	n    int
	name string
}{
	have:    {4, "BitTorrent_Have"},
	request: {12, "BitTorrent_Request"},
	piece:   {8, "BitTorrent_Piece:header"},
	cancel:  {12, "BitTorrent_Cancel"},
	port:    {2, "BitTorrent_Port"},
}

// New returns the protocols of peers and trackers for the detector. Their analyzers raise
// events on h.
func New(h *event.Hooks, o Options) []*detect.Protocol {
	greets := func(b []byte) detect.Verdict { return detect.StartsWith(b, greeting) }
	f := &peerFactory{hooks: &h.BitTorrent, opt: o, bufs: freelist.Buffers{Largest: 0x40000, Most: 16}}
	p := &detect.Protocol{Transport: value.ProtoTCP, Signatures: []detect.Signature{{Orig: greets, Resp: greets}}}
	p.Protocol = conn.Protocol{Name: peerSource, Service: peerService, New: f.new, Size: freelist.Size[peer]()}
	return []*detect.Protocol{p, newTracker(h, o)}
}

// peerFactory makes a shard's analyzers of peers and holds what they share.
type peerFactory struct {
	hooks *event.BitTorrentEvents
	opt   Options
	free  freelist.List[peer]
	bufs  freelist.Buffers
}

func (f *peerFactory) new(u conn.Use) conn.Analyzer {
	a := f.free.Get()
	*a = peer{f: f, Use: u}
	return a
}

// peer follows one connection between peers.
type peer struct {
	f *peerFactory
	conn.Use
	side [2]peerSide // 0 is the originator's
	off  bool        // the analysis has ended
}

// peerSide is one direction. A message that comes in parts is gathered: its fields in head,
// and its body in body if it is wanted.
type peerSide struct {
	shaken  bool // the handshake is complete
	stopped bool
	head    [handshakeLen]byte // of the handshake, or length, type and fields of a message
	n       int                // bytes in head
	left    int                // bytes of the message that are still to come, once head has its length
	keep    bool               // the body goes to body
	lost    bool               // bytes of the message that matter are missing
	body    []byte
}

// Data takes the next bytes of a stream.
func (a *peer) Data(isOrig bool, b []byte) {
	s := &a.side[conn.Side(isOrig)]
	if a.Conn().Partial() {
		return
	}
	for len(b) > 0 && !s.stopped && !a.off {
		switch {
		case !s.shaken:
			b = a.handshake(s, isOrig, b)
		case s.n == 0 && len(b) >= prefixLen:
			n := binary.BigEndian.Uint32(b)
			if uint64(n) <= uint64(a.f.opt.Message) && int(n) <= len(b)-prefixLen {
				m := b[prefixLen:][:n]
				if b = b[prefixLen+n:]; n == 0 {
					a.keepAlive(isOrig)
				} else {
					a.message(s, isOrig, m, m[1:], int(n))
				}
				continue
			}
			fallthrough
		default:
			b = a.gather(s, isOrig, b)
		}
	}
}

// fill moves bytes of b into head until it has n, and returns the rest.
func (s *peerSide) fill(n int, b []byte) []byte {
	k := copy(s.head[s.n:n], b)
	s.n += k
	return b[k:]
}

func (a *peer) handshake(s *peerSide, isOrig bool, b []byte) []byte {
	h := s.head[:]
	if s.n == 0 && len(b) >= handshakeLen {
		h, b = b[:handshakeLen], b[handshakeLen:]
	} else if b = s.fill(handshakeLen, b); s.n < handshakeLen {
		return b
	}
	if string(h[:len(greeting)]) != greeting {
		a.Detach()
		return nil
	}
	s.shaken, s.n = true, 0
	if e := a.f.hooks.PeerHandshake.Begin(); e != nil {
		*e = event.BitTorrentPeerHandshake{
			Conn: a.Conn(), IsOrig: isOrig, Reserved: h[len(greeting):infoHashAt], InfoHash: h[infoHashAt:peerIDAt], PeerID: h[peerIDAt:],
		}
		a.f.hooks.PeerHandshake.Raise(e)
	}
	a.Confirm()
	return b
}

// gather takes bytes of a message that is not complete in one delivery.
func (a *peer) gather(s *peerSide, isOrig bool, b []byte) []byte {
	if s.n < prefixLen {
		if b = s.fill(prefixLen, b); s.n < prefixLen {
			return b
		}
		n := binary.BigEndian.Uint32(s.head[:])
		if uint64(n) > uint64(a.f.opt.Message) {
			a.Limited(peerSource, "message_size")
			a.stop(s, isOrig, fmt.Sprintf("protocol violation (binpac exception: message length prefix exceeds limit: %d > %d)", n, a.f.opt.Message))
			return nil
		}
		if s.left = int(n); n == 0 {
			s.n = 0
			a.keepAlive(isOrig)
			return b
		}
	}
	if s.n == prefixLen && len(b) > 0 {
		s.head[prefixLen], b = b[0], b[1:]
		s.n++
		s.left--
		s.keep = a.keeps(s.head[prefixLen])
	}
	if s.n > prefixLen {
		before := s.n
		b = s.fill(s.n+min(s.fieldsLeft(), s.left), b)
		s.left -= s.n - before
	}
	k := min(len(b), s.left)
	if s.left -= k; s.keep && !s.lost && k > 0 {
		if s.body == nil {
			s.body = a.f.bufs.Get()
		}
		s.body = append(s.body, b[:k]...)
		a.Hold(k)
		if a.Full(peerSource) {
			s.lost = true
			a.release(s)
		}
	}
	if b = b[k:]; s.n <= prefixLen || s.left > 0 {
		return b
	}
	if !s.lost {
		a.message(s, isOrig, s.head[prefixLen:s.n], s.body, int(binary.BigEndian.Uint32(s.head[:])))
	}
	s.n, s.keep, s.lost = 0, false, false
	a.release(s)
	return b
}

// fieldsLeft returns the number of bytes with fields that head does not have yet.
func (s *peerSide) fieldsLeft() int {
	if id := int(s.head[prefixLen]); id < len(fields) {
		return prefixLen + 1 + fields[id].n - s.n
	}
	return 0
}

// keeps reports whether the bodies of messages of a type are needed.
func (a *peer) keeps(id byte) bool {
	switch {
	case id == bitfield:
		return a.f.hooks.PeerBitfield.On()
	case id > port:
		return a.f.hooks.PeerUnknown.On()
	}
	return false
}

func (a *peer) release(s *peerSide) {
	if s.body != nil {
		a.Hold(-len(s.body))
		a.f.bufs.Put(s.body)
		s.body = nil
	}
}

// stop ends the analysis of a side.
func (a *peer) stop(s *peerSide, isOrig bool, why string) {
	s.stopped = true
	a.release(s)
	if e := a.f.hooks.PeerWeird.Begin(); e != nil {
		*e = event.BitTorrentPeerWeird{Conn: a.Conn(), IsOrig: isOrig, Msg: []byte("Stopping BitTorrent analysis: " + why)}
		a.f.hooks.PeerWeird.Raise(e)
	}
	if a.side[0].stopped && a.side[1].stopped {
		a.Violate(conn.Violation{Reason: "BitTorrent: content gap and/or protocol violation", Late: true})
	}
}

func (a *peer) keepAlive(isOrig bool) {
	if e := a.f.hooks.PeerKeepAlive.Begin(); e != nil {
		*e = event.BitTorrentPeerKeepAlive{Conn: a.Conn(), IsOrig: isOrig}
		a.f.hooks.PeerKeepAlive.Raise(e)
	}
}

// message raises the event of a complete message of n bytes. m has its type and its fields,
// and body all after the type of a message without fields.
func (a *peer) message(s *peerSide, isOrig bool, m, body []byte, n int) {
	id, h := m[0], a.f.hooks
	m = m[1:]
	if int(id) < len(fields) && len(m) < fields[id].n {
		a.stop(s, isOrig, fmt.Sprintf("protocol violation (binpac exception: out_of_bound: %s: %d > %d)", fields[id].name, fields[id].n, len(m)))
		return
	}
	number := func(i int) uint64 { return uint64(binary.BigEndian.Uint32(m[4*i:])) }
	switch id {
	case choke:
		if e := h.PeerChoke.Begin(); e != nil {
			*e = event.BitTorrentPeerChoke{Conn: a.Conn(), IsOrig: isOrig}
			h.PeerChoke.Raise(e)
		}
	case unchoke:
		if e := h.PeerUnchoke.Begin(); e != nil {
			*e = event.BitTorrentPeerUnchoke{Conn: a.Conn(), IsOrig: isOrig}
			h.PeerUnchoke.Raise(e)
		}
	case interested:
		if e := h.PeerInterested.Begin(); e != nil {
			*e = event.BitTorrentPeerInterested{Conn: a.Conn(), IsOrig: isOrig}
			h.PeerInterested.Raise(e)
		}
	case notInterested:
		if e := h.PeerNotInterested.Begin(); e != nil {
			*e = event.BitTorrentPeerNotInterested{Conn: a.Conn(), IsOrig: isOrig}
			h.PeerNotInterested.Raise(e)
		}
	case have:
		if e := h.PeerHave.Begin(); e != nil {
			*e = event.BitTorrentPeerHave{Conn: a.Conn(), IsOrig: isOrig, PieceIndex: number(0)}
			h.PeerHave.Raise(e)
		}
	case bitfield:
		if e := h.PeerBitfield.Begin(); e != nil {
			*e = event.BitTorrentPeerBitfield{Conn: a.Conn(), IsOrig: isOrig, Bitfield: body}
			h.PeerBitfield.Raise(e)
		}
	case request:
		if e := h.PeerRequest.Begin(); e != nil {
			*e = event.BitTorrentPeerRequest{Conn: a.Conn(), IsOrig: isOrig, Index: number(0), Begin: number(1), Length: number(2)}
			h.PeerRequest.Raise(e)
		}
	case piece:
		if e := h.PeerPiece.Begin(); e != nil {
			*e = event.BitTorrentPeerPiece{Conn: a.Conn(), IsOrig: isOrig, Index: number(0), Begin: number(1), PieceLength: uint64(n - 9)}
			h.PeerPiece.Raise(e)
		}
	case cancel:
		if e := h.PeerCancel.Begin(); e != nil {
			*e = event.BitTorrentPeerCancel{Conn: a.Conn(), IsOrig: isOrig, Index: number(0), Begin: number(1), Length: number(2)}
			h.PeerCancel.Raise(e)
		}
	case port:
		if e := h.PeerPort.Begin(); e != nil {
			*e = event.BitTorrentPeerPort{Conn: a.Conn(), IsOrig: isOrig, ListenPort: value.Port{Num: binary.BigEndian.Uint16(m), Proto: value.ProtoTCP}}
			h.PeerPort.Raise(e)
		}
	default:
		if e := h.PeerUnknown.Begin(); e != nil {
			*e = event.BitTorrentPeerUnknown{Conn: a.Conn(), IsOrig: isOrig, MessageID: uint64(id), Data: body}
			h.PeerUnknown.Raise(e)
		}
	}
}

// Gap skips missing bytes inside a message, such as a piece. If they may hold the beginning
// of one, the side can no longer be followed. Zeek goes on as if nothing were missing.
func (a *peer) Gap(isOrig bool, n uint64) {
	s := &a.side[conn.Side(isOrig)]
	if s.stopped || a.Conn().Partial() || a.Compat(compat.PeerGaps) {
		return
	}
	if !s.shaken || s.n < prefixLen || n > uint64(s.left) {
		a.stop(s, isOrig, "cannot recover from content gap")
		return
	}
	if s.left -= int(n); s.n == prefixLen || s.fieldsLeft() > 0 || s.keep {
		// The rest is skipped, whatever it is.
		s.lost = true
		a.release(s)
		s.n, s.head[prefixLen] = prefixLen+1, choke
	}
	if s.left == 0 {
		a.gather(s, isOrig, nil)
	}
}

// End does nothing: an incomplete message is dropped silently.
func (a *peer) End(bool) {}

// Flip swaps the sides with the connection's roles.
func (a *peer) Flip() { a.side[0], a.side[1] = a.side[1], a.side[0] }

// Done returns the analyzer to the free list.
func (a *peer) Done() {
	a.off = true
	for i := range a.side {
		a.release(&a.side[i])
	}
	a.f.free.Put(a)
}
