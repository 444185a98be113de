package logs

import (
	"encoding/hex"
	"strconv"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// quic builds quic.log after Zeek's base/protocols/quic: a row a connection of QUIC. A Retry, a
// CONNECTION_CLOSE and a version that is not analyzed end a row, and another packet on the same
// flow begins the next.
type quic struct {
	states[quicState]
	out        schemas.Emitter
	now        func() value.Time
	maxHistory int
	asZeek     bool
	rec        schemas.QUIC
	uidBuf     []byte
}

// A quicState is the state of a connection. Its buffers are reused.
type quicState struct {
	ts               value.Time
	version          string
	dcid, scid, peer optText // in hexadecimal
	name, protocol   optText
	history          []byte
	held             int // bytes on the connection's account
}

// quicVersions has the names of versions (QUIC::version_strings).
var quicVersions = map[uint64]string{
	0x00000001: "1", 0x6b3343cf: "quicv2",
	0xff000016: "draft-22", 0xff000017: "draft-23", 0xff000018: "draft-24", 0xff000019: "draft-25", 0xff00001a: "draft-26",
	0xff00001b: "draft-27", 0xff00001c: "draft-28", 0xff00001d: "draft-29", 0xff00001e: "draft-30", 0xff00001f: "draft-30",
	0xff000020: "draft-32", 0xff000021: "draft-33", 0xff000022: "draft-34",
	0xfaceb001: "mvfst (faceb001)", 0xfaceb002: "mvfst (faceb002)", 0xfaceb00e: "mvfst (faceb00e)",
	0xfaceb011: "mvfst (faceb011)", 0xfaceb012: "mvfst (faceb012)", 0xfaceb013: "mvfst (faceb013)",
}

func installQUIC(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &quic{out: out, now: o.Now, maxHistory: o.Limits.QUICHistory, asZeek: o.Compat.Has(compat.QUIC)}
	b.init(h, func(c event.Conn, s *quicState) {
		b.write(c, s)
		b.keep(c, &s.held, 0)
	})
	h.QUIC.InitialPacket.Listen(func(e *event.QUICInitialPacket) {
		b.packet(e.Conn, e.IsOrig, e.Version, e.DCID, e.SCID, 'i')
	})
	h.QUIC.HandshakePacket.Listen(func(e *event.QUICHandshakePacket) {
		b.packet(e.Conn, e.IsOrig, e.Version, e.DCID, e.SCID, 'h')
	})
	h.QUIC.ZeroRTTPacket.Listen(func(e *event.QUICZeroRTTPacket) {
		b.packet(e.Conn, e.IsOrig, e.Version, e.DCID, e.SCID, 'z')
	})
	h.QUIC.RetryPacket.Listen(func(e *event.QUICRetryPacket) {
		b.last(e.Conn, e.IsOrig, e.Version, e.DCID, e.SCID, 'r')
	})
	h.QUIC.UnhandledVersion.Listen(func(e *event.QUICUnhandledVersion) {
		b.last(e.Conn, e.IsOrig, e.Version, e.DCID, e.SCID, 'u')
	})
	h.QUIC.ConnectionCloseFrame.Listen(func(e *event.QUICConnectionCloseFrame) {
		if s := b.known(e.Conn); s != nil {
			b.letter(e.Conn, s, e.IsOrig, 'c')
			b.finish(e.Conn, s)
		}
	})
	h.QUIC.ShortHeaderPacketThresholdCrossed.Listen(func(e *event.QUICShortHeaderPacketThresholdCrossed) {
		if s := b.known(e.Conn); s != nil {
			b.letter(e.Conn, s, e.IsOrig, 'o')
		} else {
			e.Conn.Weird("QUIC_spurious_short_header_packet_threshold_crossed", strconv.FormatUint(e.Threshold, 10), "")
		}
	})
	h.QUIC.DiscardedPacket.Listen(func(e *event.QUICDiscardedPacket) {
		if s := b.known(e.Conn); s != nil {
			b.letter(e.Conn, s, e.IsOrig, 'x')
		} else {
			e.Conn.Weird("QUIC_spurious_discarded_packet", "", "")
		}
	})
	h.SSL.ExtensionServerName.Listen(func(e *event.SSLExtensionServerName) {
		if s := b.known(e.Conn); s != nil && e.IsClient && len(e.Names) > 0 {
			s.name.set(e.Names[0])
			b.account(e.Conn, s)
		}
	})
	h.SSL.ExtensionApplicationLayerProtocolNegotiation.Listen(b.alpn)
	h.SSL.ClientHello.Listen(func(e *event.SSLClientHello) {
		if s := b.known(e.Conn); s != nil {
			b.letter(e.Conn, s, true, 's')
		}
	})
	h.SSL.ServerHello.Listen(func(e *event.SSLServerHello) {
		if s := b.known(e.Conn); s != nil {
			b.letter(e.Conn, s, false, 's')
		}
	})
}

// state returns the state of a connection, and begins one with a packet of the given version.
func (b *quic) state(c event.Conn, version uint64) *quicState {
	s := b.known(c)
	if s != nil {
		return s
	}
	s = b.add(c)
	for _, t := range []*optText{&s.dcid, &s.scid, &s.peer, &s.name, &s.protocol} {
		t.trim()
		t.ok = false
	}
	s.ts, s.history, s.held = b.now(), s.history[:0], 0
	var known bool
	if s.version, known = quicVersions[version]; known {
		return s
	}
	s.version = "unknown-" + strconv.FormatUint(version, 16)
	if name, ok := event.GoogleQUICVersion(version); ok && !b.asZeek {
		s.version = name
	}
	return s
}

// ids sets the connection ids of a packet.
func (b *quic) ids(c event.Conn, s *quicState, isOrig bool, dcid, scid []byte) {
	if isOrig {
		if len(dcid) > 0 && !s.dcid.ok {
			s.dcid.setHex(dcid)
		}
		s.scid.setHex(scid)
	} else {
		s.peer.setHex(scid)
	}
	b.account(c, s)
}

func (t *optText) setHex(b []byte) { t.b, t.ok = hex.AppendEncode(t.b[:0], b), true }

// account counts what the peers determine the length of.
func (b *quic) account(c event.Conn, s *quicState) {
	n := cap(s.dcid.b) + cap(s.scid.b) + cap(s.peer.b) + cap(s.name.b) + cap(s.protocol.b) + cap(s.history)
	b.keep(c, &s.held, max(0, n-smallState))
}

// packet handles a packet that does not end its row.
func (b *quic) packet(c event.Conn, isOrig bool, version uint64, dcid, scid []byte, letter byte) {
	s := b.state(c, version)
	b.ids(c, s, isOrig, dcid, scid)
	b.letter(c, s, isOrig, letter)
}

// last handles a packet that ends a row. Its connection ids count only if it is the first.
func (b *quic) last(c event.Conn, isOrig bool, version uint64, dcid, scid []byte, letter byte) {
	first := b.known(c) == nil
	s := b.state(c, version)
	if first {
		b.ids(c, s, isOrig, dcid, scid)
	}
	b.letter(c, s, isOrig, letter)
	b.finish(c, s)
}

// letter adds a letter to the history.
func (b *quic) letter(c event.Conn, s *quicState, isOrig bool, letter byte) {
	if len(s.history) >= b.maxHistory {
		return
	}
	if isOrig {
		letter -= 'a' - 'A'
	}
	s.history = append(s.history, letter)
	if len(s.history) == b.maxHistory {
		c.Weird("QUIC_max_history_length_reached", "", "")
	}
}

func (b *quic) alpn(e *event.SSLExtensionApplicationLayerProtocolNegotiation) {
	s := b.known(e.Conn)
	if s == nil || !e.IsClient || len(e.Protocols) == 0 {
		return
	}
	s.protocol.set(e.Protocols[0])
	b.account(e.Conn, s)
	if len(e.Protocols) > 1 {
		e.Conn.Weird("QUIC_many_protocols", listed(e.Protocols), "")
	}
}

// listed returns a list of texts in Zeek's notation.
func listed(list [][]byte) string {
	b := []byte{'['}
	for i, x := range list {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(b, x...)
	}
	return string(append(b, ']'))
}

func (b *quic) finish(c event.Conn, s *quicState) {
	b.write(c, s)
	b.keep(c, &s.held, 0)
	b.drop(c, s)
}

func (b *quic) write(c event.Conn, s *quicState) {
	id, uid := c.ID(), c.UID()
	b.uidBuf = uid.Append(b.uidBuf[:0])
	b.rec = schemas.QUIC{
		TS: s.ts, UID: text(b.uidBuf), ID: Endpoints(&id), Version: s.version,
		ClientInitialDCID: s.dcid.column(), ClientSCID: s.scid.column(), ServerSCID: s.peer.column(),
		ServerName: s.name.column(), ClientProtocol: s.protocol.column(), History: text(s.history),
	}
	b.out.Emit(&b.rec)
}
