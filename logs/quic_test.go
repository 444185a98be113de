package logs

import (
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// TestQUIC follows Zeek's base/protocols/quic.
func TestQUIC(t *testing.T) {
	b := newLimitedBench(t, Limits{QUICHistory: 100}, "quic")
	c := udpConn(t, "10.0.0.1:1024 10.0.0.2:443")
	const flow = " uid=C1 id.orig_h=10.0.0.1 id.orig_p=1024 id.resp_h=10.0.0.2 id.resp_p=443"
	h := b.hooks
	initial := func(at value.Time, isOrig bool, version uint64, dcid, scid string) {
		b.now = at * 1e9
		h.QUIC.InitialPacket.Raise(&event.QUICInitialPacket{Conn: c, IsOrig: isOrig, Version: version, DCID: []byte(dcid), SCID: []byte(scid)})
	}
	short := func(isOrig bool, n uint64) {
		h.QUIC.ShortHeaderPacketThresholdCrossed.Raise(&event.QUICShortHeaderPacketThresholdCrossed{Conn: c, IsOrig: isOrig, Threshold: n})
	}
	names := func(isClient bool, list ...string) (n [][]byte) {
		for _, s := range list {
			n = append(n, []byte(s))
		}
		h.SSL.ExtensionServerName.Raise(&event.SSLExtensionServerName{Conn: c, IsClient: isClient, Names: n})
		h.SSL.ExtensionApplicationLayerProtocolNegotiation.Raise(&event.SSLExtensionApplicationLayerProtocolNegotiation{Conn: c, IsClient: isClient, Protocols: n})
		return n
	}

	// What comes before the first packet with a long header is odd.
	short(true, 1)
	h.QUIC.DiscardedPacket.Raise(&event.QUICDiscardedPacket{Conn: c})
	h.QUIC.ConnectionCloseFrame.Raise(&event.QUICConnectionCloseFrame{Conn: c})
	h.SSL.ClientHello.Raise(&event.SSLClientHello{Conn: c})
	h.SSL.ServerHello.Raise(&event.SSLServerHello{Conn: c})
	names(true, "before")
	if want := []string{"QUIC_spurious_short_header_packet_threshold_crossed", "QUIC_spurious_discarded_packet"}; !slices.Equal(c.weirds, want) {
		t.Errorf("weirds %q", c.weirds)
	}
	c.weirds = nil

	initial(1, true, 1, "\x01\xab", "\x02")
	names(true, "name", "other")
	names(false, "not the client's")
	h.SSL.ClientHello.Raise(&event.SSLClientHello{Conn: c})
	initial(2, false, 1, "\x02", "\x03")
	h.SSL.ServerHello.Raise(&event.SSLServerHello{Conn: c})
	h.QUIC.HandshakePacket.Raise(&event.QUICHandshakePacket{Conn: c, Version: 1, SCID: []byte("\x04")})
	h.QUIC.ZeroRTTPacket.Raise(&event.QUICZeroRTTPacket{Conn: c, IsOrig: true, Version: 1, DCID: []byte("x")})
	h.QUIC.DiscardedPacket.Raise(&event.QUICDiscardedPacket{Conn: c, IsOrig: true, TotalDecrypted: 2})
	short(true, 1)
	short(false, 1)
	b.out.expect(t)
	if !slices.Equal(c.weirds, []string{"QUIC_many_protocols"}) {
		t.Errorf("weirds %q", c.weirds)
	}

	// A CONNECTION_CLOSE, a Retry and an unknown version end a row.
	h.QUIC.ConnectionCloseFrame.Raise(&event.QUICConnectionCloseFrame{Conn: c})
	b.out.expect(t, "quic ts=1"+flow+" version=1 client_initial_dcid=01ab client_scid= server_scid=04 server_name=name client_protocol=name history=ISishZXOoc")
	h.QUIC.ConnectionCloseFrame.Raise(&event.QUICConnectionCloseFrame{Conn: c})
	initial(3, true, 0x6b3343cf, "", "\x02")
	h.QUIC.RetryPacket.Raise(&event.QUICRetryPacket{Conn: c, Version: 0x6b3343cf, SCID: []byte("\x05")})
	b.out.expect(t, "quic ts=3"+flow+" version=quicv2 client_scid=02 history=Ir")
	h.QUIC.RetryPacket.Raise(&event.QUICRetryPacket{Conn: c, Version: 0xff00001f, SCID: []byte("\x05")})
	b.out.expect(t, "quic ts=3"+flow+" version=draft-30 server_scid=05 history=r")
	h.QUIC.UnhandledVersion.Raise(&event.QUICUnhandledVersion{Conn: c, IsOrig: true, Version: 0x51303530, DCID: []byte("\x06")})
	b.out.expect(t, "quic ts=3"+flow+" version=Q050 client_initial_dcid=06 client_scid= history=U")
	initial(4, true, 0xfaceb00e, "\x07", "")
	h.QUIC.UnhandledVersion.Raise(&event.QUICUnhandledVersion{Conn: c, Version: 0, SCID: []byte("\x07")})
	b.out.expect(t, "quic ts=4"+flow+" version=mvfst (faceb00e) client_initial_dcid=07 client_scid= history=Iu")

	// The end of the connection does the same, and the state is not that of the row before.
	initial(5, false, 1, "", "")
	h.End(c, nil)
	b.out.expect(t, "quic ts=5"+flow+" version=1 server_scid= history=i")
}

// TestQUICHistory bounds the history and reports it once.
func TestQUICHistory(t *testing.T) {
	for most, want := range map[int]string{0: "", 3: "III", 100: "IIIII"} {
		b := newLimitedBench(t, Limits{QUICHistory: most}, "quic")
		c := udpConn(t, "10.0.0.1:1024 10.0.0.2:443")
		for range 5 {
			b.hooks.QUIC.InitialPacket.Raise(&event.QUICInitialPacket{Conn: c, IsOrig: true, Version: 1})
		}
		b.hooks.End(c, nil)
		b.out.expect(t, "quic ts=1 uid=C1 id.orig_h=10.0.0.1 id.orig_p=1024 id.resp_h=10.0.0.2 id.resp_p=443 version=1 client_scid= history="+want)
		if reported := slices.Equal(c.weirds, []string{"QUIC_max_history_length_reached"}); reported != (most == 3) {
			t.Errorf("at most %d: weirds %q", most, c.weirds)
		}
	}
}

// TestQUICState counts what is long on the account of its connection.
func TestQUICState(t *testing.T) {
	b := newLimitedBench(t, Limits{QUICHistory: 100}, "quic")
	c := udpConn(t, "10.0.0.1:1024 10.0.0.2:443")
	b.hooks.QUIC.InitialPacket.Raise(&event.QUICInitialPacket{Conn: c, IsOrig: true, Version: 1})
	b.hooks.SSL.ExtensionServerName.Raise(&event.SSLExtensionServerName{Conn: c, IsClient: true, Names: [][]byte{[]byte(strings.Repeat("n", 5000))}})
	if c.held < 4000 {
		t.Errorf("%d bytes are held", c.held)
	}
	b.hooks.End(c, nil)
	if c.held != 0 {
		t.Errorf("%d bytes are held after the end", c.held)
	}
}

// TestJA4OverUDP has the letters of QUIC and DTLS.
func TestJA4OverUDP(t *testing.T) {
	for version, want := range map[uint64]string{0x0303: "q13i0000h3_", 0xfefd: "d13i0000h3_"} {
		b := newBench(t, "ssl", "ja4")
		c := udpConn(t, "10.0.0.1:1024 10.0.0.2:443")
		h := b.hooks
		versions := []uint64{0x0a0a, 0x0304, 0x0303}
		if version == 0xfefd {
			versions = []uint64{0xfefd, 0xfefc}
			want = strings.Replace(want, "13", "d3", 1)
		}
		h.SSL.ExtensionSupportedVersions.Raise(&event.SSLExtensionSupportedVersions{Conn: c, IsClient: true, Versions: versions})
		h.SSL.ExtensionApplicationLayerProtocolNegotiation.Raise(&event.SSLExtensionApplicationLayerProtocolNegotiation{Conn: c, IsClient: true, Protocols: [][]byte{[]byte("h3")}})
		h.SSL.ClientHello.Raise(&event.SSLClientHello{Conn: c, Version: version, RecordVersion: version})
		h.End(c, nil)
		if rows := b.out.take(); len(rows) != 1 || !strings.Contains(rows[0], " ja4="+want) {
			t.Errorf("%x: %q", version, rows)
		}
	}
}
