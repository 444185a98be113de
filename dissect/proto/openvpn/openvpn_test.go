package openvpn

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

// newBench returns a bench with the protocols. What they hand over to TLS is in *tls: the
// client's bytes after >, the server's after <.
func newBench(t testing.TB, tls *string) (*testconn.Bench, func() []string) {
	b := testconn.New(t, testconn.Config())
	raised := b.Record("OpenVPN::")
	ssl := &conn.Protocol{Name: "SSL", Service: "ssl", New: func(conn.Use) conn.Analyzer { return &sink{got: tls} }}
	b.SetAttacher(detect.New(New(b.Hooks, ssl)))
	return b, raised
}

// sink records a stream, however it is cut.
type sink struct {
	got  *string
	side byte
}

func (s *sink) Data(isOrig bool, b []byte) {
	side := byte('<')
	if isOrig {
		side = '>'
	}
	if side != s.side {
		*s.got += string(side)
	}
	s.side = side
	*s.got += string(b)
}
func (s *sink) Gap(bool, uint64) {}
func (s *sink) End(bool)         {}
func (s *sink) Done()            {}

const (
	client = "clientid"
	server = "serverid"
)

// protect returns what an HMAC of a size adds after the session.
func protect(size int) string {
	if size == 0 {
		return ""
	}
	return strings.Repeat("h", size) + "\x00\x00\x00\x01time"
}

func u32(n uint32) string { return string(binary.BigEndian.AppendUint32(nil, n)) }

// message builds a message of the control channel. acked are the messages of remote that it
// acknowledges.
func message(opcode byte, session string, hmac int, remote string, acked []uint32, rest string) string {
	s := string(opcode<<3) + session + protect(hmac) + string(rune(len(acked)))
	for _, n := range acked {
		s += u32(n)
	}
	if len(acked) > 0 {
		s += remote
	}
	return s + rest
}

func resetBy(session string, hmac int) string {
	return message(resetClientV2, session, hmac, "", nil, u32(0))
}

func answer(hmac int) string {
	return message(resetServerV2, server, hmac, client, []uint32{0}, u32(0))
}

// session has a handshake and data. The third message is repeated.
func session(hmac int) []string {
	hello := message(control, client, hmac, "", nil, u32(1)+"hello")
	return []string{
		">" + resetBy(client, hmac), "<" + answer(hmac),
		">" + message(ack, client, hmac, server, []uint32{0}, ""), ">" + hello, ">" + hello,
		"<" + message(control, server, hmac, client, []uint32{1}, u32(1)+"hel"),
		"<" + message(control, server, hmac, "", nil, u32(2)+"lo"),
		">" + message(control, client, hmac, server, []uint32{1, 2}, u32(2)+"finished"),
		">" + "\x30packet", "<" + "\x48\x00\x00\x07packet",
	}
}

func TestVariants(t *testing.T) {
	for i, h := range hmacs {
		tls := ""
		b, raised := newBench(t, &tls)
		for _, m := range session(h.size) {
			b.Datagram(m[0] == '>', []byte(m[1:]))
		}
		services := services(b)
		b.Drain()
		got := slices.DeleteFunc(raised(), func(s string) bool { return s == "done" || strings.Contains(s, "with_data") })
		// The client's reset cannot be told from other protocols until the server answers.
		want := []string{"confirmed SPICY_OPENVPN_UDP" + h.suffix,
			`OpenVPN::control_message {"is_orig":false,"msg":{"opcode":8,"key_id":0,"session_id":"serverid","packet_id_ack_array":[0],"remote_session_id":"clientid","packet_id":0,"data_len":0}}`,
			`OpenVPN::ack_message {"is_orig":true,"msg":{"opcode":5,"key_id":0,"session_id":"clientid","packet_id_ack_array":[0],"remote_session_id":"serverid"}}`,
			`OpenVPN::control_message {"is_orig":true,"msg":{"opcode":4,"key_id":0,"session_id":"clientid","packet_id":1,"data_len":5}}`,
			`OpenVPN::control_message {"is_orig":true,"msg":{"opcode":4,"key_id":0,"session_id":"clientid","packet_id":1,"data_len":5}}`,
			`OpenVPN::control_message {"is_orig":false,"msg":{"opcode":4,"key_id":0,"session_id":"serverid","packet_id_ack_array":[1],"remote_session_id":"clientid","packet_id":1,"data_len":3}}`,
			`OpenVPN::control_message {"is_orig":false,"msg":{"opcode":4,"key_id":0,"session_id":"serverid","packet_id":2,"data_len":2}}`,
			`OpenVPN::control_message {"is_orig":true,"msg":{"opcode":4,"key_id":0,"session_id":"clientid","packet_id_ack_array":[1,2],"remote_session_id":"serverid","packet_id":2,"data_len":8}}`,
			`OpenVPN::data_message {"is_orig":true,"msg":{"opcode":6,"key_id":0,"data_len":6}}`,
			`OpenVPN::data_message {"is_orig":false,"msg":{"opcode":9,"key_id":0,"data_len":6,"peer_id":"\\x00\\x00\\x07"}}`,
		}
		if len(got) > 0 && strings.HasPrefix(got[0], "OpenVPN::control_message") {
			got = got[1:] // the client's reset
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s:\n%q, want\n%q", h.suffix, got, want)
		}
		if !slices.Contains(services, Names()[i]) || tls != ">hello<hello>finished" {
			t.Errorf("%s: services %q, TLS %q", h.suffix, services, tls)
		}
	}
}

// services returns the services of the bench's connection.
func services(b *testconn.Bench) (names []string) {
	b.Hooks.Conn.ConnectionStateRemove.Listen(func(e *event.ConnectionStateRemove) { names = e.Conn.Services(nil) })
	b.Drain()
	return names
}

// TestOpening has flows whose first messages do not agree.
func TestOpening(t *testing.T) {
	const failed = "violation error while parsing OpenVPN record"
	first := ">" + resetBy(client, 0)
	for name, talk := range map[string][]string{
		"another session":       {first, "<" + message(resetServerV2, server, 0, "somebody", []uint32{0}, u32(0))},
		"no acknowledgement":    {first, "<" + message(resetServerV2, server, 0, "", nil, u32(0))},
		"another opcode":        {first, "<" + message(control, server, 0, client, []uint32{0}, u32(0))},
		"longer":                {first, "<" + answer(0) + "x"},
		"another HMAC":          {first, "<" + answer(20)},
		"client goes on":        {first, ">" + message(control, client, 0, "", nil, u32(1)+"hello")},
		"data in a server's":    {first, "<" + answer(0), "<" + message(resetServerV2, server, 0, client, []uint32{0}, u32(0)+"x")},
		"unknown opcode":        {first, "<" + answer(0), ">\xf8packet"},
		"acknowledgements cut":  {first, "<" + answer(0), ">" + message(ack, client, 0, server, []uint32{0}, "")[:15]},
		"control message cut":   {first, "<" + answer(0), ">" + message(control, client, 0, server, []uint32{0}, "")[:20]},
		"peer of data cut":      {first, "<" + answer(0), ">\x48\x00\x00"},
		"repeated, then refuse": {first, first, "<" + answer(64)},
	} {
		tls := ""
		b, raised := newBench(t, &tls)
		for _, m := range talk {
			b.Datagram(m[0] == '>', []byte(m[1:]))
		}
		got := raised()
		if len(got) == 0 || got[len(got)-1] != failed || len(talk) == 2 && slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "confirmed") }) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// Messages of TLS that come out of order end what is handed over.
func TestOrder(t *testing.T) {
	tls := ""
	b, _ := newBench(t, &tls)
	all := session(0)
	for _, i := range []int{0, 1, 3, 6, 5, 7, 8} {
		b.Datagram(all[i][0] == '>', []byte(all[i][1:]))
	}
	if tls != ">hello" || len(b.Table.LimitCounts()) != 1 {
		t.Errorf("%q, limits %v", tls, b.Table.LimitCounts())
	}
}

// framed returns a session as messages of a TCP connection.
func framed(hmac int) (talk []string) {
	for _, m := range session(hmac) {
		talk = append(talk, m[:1]+string(binary.BigEndian.AppendUint16(nil, uint16(len(m)-1)))+m[1:])
	}
	return talk
}

func TestSegments(t *testing.T) {
	for i, h := range hmacs {
		for _, size := range []int{1 << 16, 1, 2, 3, 15, 16, 17} {
			tls := ""
			b, raised := newBench(t, &tls)
			b.Open()
			b.Converse(framed(h.size), size)
			b.Close()
			b.Drain()
			got := raised()
			if !slices.Contains(got, strings.ToUpper("confirmed "+Names()[len(hmacs)+i])) && !slices.Contains(got, "confirmed "+strings.ToUpper(Names()[len(hmacs)+i])) {
				t.Errorf("%q in segments of %d: %q", h.suffix, size, got)
			}
			if n := len(got); n != 18 || !strings.HasPrefix(got[n-1], "OpenVPN::data_message") || tls != ">hello<hello>finished" {
				t.Errorf("%q in segments of %d: %d events, TLS %q", h.suffix, size, n, tls)
			}
			if b.Table.Held() != 0 {
				t.Errorf("%d bytes are held", b.Table.Held())
			}
		}
	}
}

// Nothing random is taken for a client's reset, whatever opcode it has.
func TestRandom(t *testing.T) {
	list := New(new(event.Hooks), new(conn.Protocol))
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, 96)
	for range 1_000_000 {
		for i := 0; i < len(b); i += 8 {
			binary.LittleEndian.PutUint64(b[i:], r.Uint64())
		}
		p := list[r.IntN(len(list))]
		n := resetLen + hmacs[r.IntN(len(hmacs))].size
		if n > resetLen {
			n += replayLen
		}
		b[0] = resetClientV2 << 3
		if p.Transport == value.ProtoTCP {
			b[0], b[1], b[2] = 0, byte(n), resetClientV2<<3
		}
		if p.Signatures[0].Orig(b[:n]) == detect.Match {
			t.Fatalf("%x is taken for a reset", b[:n])
		}
	}
}

func FuzzDatagrams(f *testing.F) {
	f.Add([]byte(message(control, client, 0, server, []uint32{0}, u32(1)+"hello")), []byte("\x48\x00\x00\x07packet"), 0)
	f.Add([]byte(message(ack, client, 20, server, []uint32{0, 1}, "")), []byte(message(control, server, 20, "", nil, u32(1)+"hello")), 2)
	f.Fuzz(func(t *testing.T, first, second []byte, variant int) {
		if len(first)+len(second) > 4096 || variant < 0 {
			return
		}
		hmac := hmacs[variant%len(hmacs)].size
		tls := ""
		b, _ := newBench(t, &tls)
		for i, d := range [][]byte{[]byte(resetBy(client, hmac)), []byte(answer(hmac)), first, second, first} {
			b.Datagram(i%2 == 0, d)
		}
		b.Drain()
		if n := b.Table.Stats().Panics; n != 0 {
			t.Fatalf("%d panics", n)
		}
	})
}

func FuzzStream(f *testing.F) {
	c, s := testconn.Sides(framed(0))
	f.Add(c, s, 3)
	c, s = testconn.Sides(framed(16))
	f.Add(c[:60], s, 1)
	testconn.FuzzSegments(f, func(t testing.TB) (*testconn.Bench, func() []string) {
		tls := ""
		b, raised := newBench(t, &tls)
		return b, func() []string { return append(raised(), "TLS "+tls) }
	})
}

// listening returns an analyzer of datagrams that is sure, and whose events have listeners.
func listening(t testing.TB) conn.Analyzer {
	b := testconn.New(t, testconn.Config())
	b.Hooks.OpenVPN.ControlMessage.Listen(func(*event.OpenVPNControlMessage) {})
	b.Hooks.OpenVPN.DataMessage.Listen(func(*event.OpenVPNDataMessage) {})
	list := New(b.Hooks, new(conn.Protocol))
	b.Datagram(true, []byte("x"))
	a := b.New(&list[0].Protocol)
	a.Data(true, []byte(resetBy(client, 0)))
	a.Data(false, []byte(answer(0)))
	return a
}

var (
	usualControl = []byte(message(control, client, 0, server, []uint32{1, 2}, u32(0)))
	usualData    = []byte("\x48\x00\x00\x07" + strings.Repeat("x", 1400))
)

func BenchmarkControl(b *testing.B) {
	a := listening(b)
	b.ReportAllocs()
	for b.Loop() {
		a.Data(true, usualControl)
	}
}

func BenchmarkData(b *testing.B) {
	a := listening(b)
	b.ReportAllocs()
	for b.Loop() {
		a.Data(true, usualData)
	}
}
