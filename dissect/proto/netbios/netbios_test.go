package netbios

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

// packet returns a session packet.
func packet(typ byte, body string) string {
	n := binary.BigEndian.AppendUint32(nil, uint32(typ)<<24|uint32(len(body)))
	return string(n) + body
}

// datagram returns a datagram whose header has a length.
func datagram(typ byte, n int, body string) string {
	return string([]byte{typ}) + "\x02\x12\x34" + "\x0a\x00\x00\x01" + "\x00\x8a" + string([]byte{byte(n >> 8), byte(n)}) + "\x00\x00" + body
}

// encoded returns a name of the session service with its length.
func encoded(name string) string {
	b := []byte{byte(2 * len(name))}
	for _, c := range []byte(name) {
		b = append(b, 'A'+c>>4, 'A'+c&0xf)
	}
	return string(b) + "\x00"
}

const asZeek compat.Set = 1 << compat.NetBIOSSession

func newBench(t testing.TB, port uint16, follow compat.Set) (*testconn.Bench, *[]string) {
	cfg := testconn.Config()
	cfg.Compat = follow
	b := testconn.New(t, cfg)
	lines := b.Events("netbios_", "conn_weird", "analyzer_violation", "udp_session_done")
	o := DefaultOptions()
	o.Compat = follow
	tcp, udp := New(b.Hooks, o)
	b.SetAttacher(detect.New([]*detect.Protocol{tcp, udp}))
	b.Server = netip.AddrPortFrom(b.Server.Addr(), port)
	return b, lines
}

func message(isOrig bool, typ byte, n int) string {
	return fmt.Sprintf("netbios_session_message {\"is_orig\":%t,\"msg_type\":%d,\"data_len\":%d}", isOrig, typ, n)
}

func weird(name, addl string) string {
	return fmt.Sprintf("conn_weird {\"name\":%q,\"addl\":%q,\"source\":%q}", name, addl, source)
}

var talks = []struct {
	name string
	talk []string
	want []string
}{
	{"session", []string{">" + packet(typeRequest, encoded("SERVER\x20")+encoded("CLIENT\x00")), "<" + packet(typePositive, ""), ">" + packet(typeMessage, "\xffSMBx"), ">" + packet(typeKeepAlive, "")}, []string{
		message(true, 0x81, 32), `netbios_session_request {"msg":"SERVER "}`,
		message(false, 0x82, 0), `netbios_session_accepted {"msg":""}`,
		message(true, 0, 5),
		message(true, 0x85, 0), `netbios_session_keepalive {"msg":""}`}},
	{"refusals", []string{"<" + packet(typeNegative, "\x82") + packet(typeRetarget, "abcdef")}, []string{
		message(false, 0x83, 1), `netbios_session_rejected {"msg":"\\x82"}`,
		message(false, 0x84, 6), `netbios_session_ret_arg_resp {"msg":"abcdef"}`}},
	{"the wrong sides", []string{"<" + packet(typeRequest, "\x02AB"), ">" + packet(typePositive, "")}, []string{
		message(false, 0x81, 3), weird("netbios_server_session_request", ""), `netbios_session_request {"msg":"\\x01"}`,
		message(true, 0x82, 0), weird("netbios_client_session_reply", ""), `netbios_session_accepted {"msg":""}`}},
	{"no name", []string{">" + packet(typeRequest, "") + packet(typeRequest, "\x04AB") + packet(typeRequest, "\x02AQ") + packet(typeRequest, "\x02@A") +
		packet(typeRequest, "\x01AA") + packet(typeRequest, "\x3e"+strings.Repeat("A", 62))}, []string{
		message(true, 0x81, 0), message(true, 0x81, 3), message(true, 0x81, 3), message(true, 0x81, 3), message(true, 0x81, 3), message(true, 0x81, 63)}},
	{"raw", []string{"<" + packet(typeMessage, "raw") + packet(typeMessage, "\xfeSMB") + packet(typeMessage, "\xfbSMB")}, []string{
		message(false, 0, 3), weird("netbios_raw_session_msg", ""), `netbios_session_raw_message {"is_orig":false,"msg":"raw"}`,
		message(false, 0, 4),
		message(false, 0, 4), weird("netbios_raw_session_msg", ""), `netbios_session_raw_message {"is_orig":false,"msg":"\\xfbSMB"}`}},
	{"types", []string{">" + packet(0x0f, "a") + packet(0x10, "a") + packet(0x16, "a") + packet(0x17, "")}, []string{
		message(true, 0x0f, 1), weird("unknown_netbios_type", "0xf"), message(true, 0x10, 1), message(true, 0x16, 1),
		message(true, 0x17, 0), weird("unknown_netbios_type", "0x17")}},
	{"incomplete", []string{">" + packet(typeKeepAlive, "12345")[:7], "<" + packet(typeMessage, "1")[:4]}, []string{
		weird("truncated_netbios_message", "(3 < 5)"), message(true, 0x85, 3), `netbios_session_keepalive {"msg":"123"}`}},
	{"long", []string{">" + packet(typeMessage, "\xffSMB"+strings.Repeat("x", 1<<16))}, []string{message(true, 0, 1<<16+4)}},
}

func TestSession(t *testing.T) {
	for _, c := range talks {
		for _, size := range []int{1400, 5, 1} {
			if size == 1 && c.name == "long" {
				continue
			}
			b, lines := newBench(t, sessionPort, 0)
			if b.Converse(c.talk, size); !slices.Equal(*lines, c.want) {
				t.Errorf("%s, %d bytes:\n got %s\nwant %s", c.name, size, strings.Join(*lines, "\n     "), strings.Join(c.want, "\n     "))
			}
		}
	}
}

// TestAsZeek has lengths of 16 bits, and SMB of version 1 alone.
func TestAsZeek(t *testing.T) {
	b, lines := newBench(t, sessionPort, asZeek)
	b.Converse([]string{">" + packet(typeMessage, "\xfeSMB") + packet(typeMessage, "\xffSMB") + "\x85\x01\x00\x00" + packet(typeKeepAlive, "")}, 1400)
	want := []string{
		message(true, 0, 4), weird("netbios_raw_session_msg", ""), `netbios_session_raw_message {"is_orig":true,"msg":"\\xfeSMB"}`,
		message(true, 0, 4), weird("no_smb_session_using_parsesambamsg", ""),
		message(true, 0x85, 0), `netbios_session_keepalive {"msg":""}`, message(true, 0x85, 0), `netbios_session_keepalive {"msg":""}`,
	}
	if !slices.Equal(*lines, want) {
		t.Errorf("%q", *lines)
	}
}

func TestDatagrams(t *testing.T) {
	for _, c := range []struct {
		name, in string
		follow   compat.Set
		want     []string
	}{
		{"whole", datagram(0x11, 5, "names"), 0, []string{message(true, 0x11, 5)}},
		{"too long", datagram(0x11, 6, "names"), 0, []string{weird("excess_netbios_hdr_len", "(6 > 5)"), message(true, 0x11, 5)}},
		{"with the header, as Zeek", datagram(0x11, 19, "names"), asZeek, []string{message(true, 0x11, 5)}},
		{"too long, as Zeek", datagram(0x11, 20, "names"), asZeek, []string{weird("excess_netbios_hdr_len", "(20 > 5)"), message(true, 0x11, 5)}},
		{"whole, as Zeek", datagram(0x11, 5, "names"), asZeek, []string{weird("excess_netbios_hdr_len", "(5 > 5)"), message(true, 0x11, 5)}},
		{"too short", datagram(0x11, 15, strings.Repeat("x", 20)), 0, []string{weird("deficit_netbios_hdr_len", "(15 < 20)"), message(true, 0x11, 15)}},
		{"unknown", datagram(0x18, 0x2034, ""), 0, []string{weird("excess_netbios_hdr_len", "(8244 > 0)"), message(true, 0x18, 0), weird("unknown_netbios_type", "0x18")}},
		{"cut", datagram(0x11, 0, "")[:13], 0, []string{
			`analyzer_violation_info {"atype":"Analyzer::ANALYZER_NETBIOSSSN","info":{"reason":"NetBIOS datagram too short for header","data":"\\x11\\x02\\x124\n\\x00\\x00\\x01\\x00\\x8a\\x00\\x00\\x00"}}`}},
	} {
		for _, port := range []uint16{namePort, datagramPort} {
			b, lines := newBench(t, port, c.follow)
			b.Datagram(true, []byte(c.in))
			b.Drain()
			if want := append(c.want, "udp_session_done {}"); !slices.Equal(*lines, want) {
				t.Errorf("%s:\n got %s\nwant %s", c.name, strings.Join(*lines, "\n     "), strings.Join(want, "\n     "))
			}
		}
	}
}

// TestGap loses bytes inside a packet, which are skipped, and such that may hold a header.
func TestGap(t *testing.T) {
	first, alive := packet(typeMessage, strings.Repeat("x", 20)), packet(typeKeepAlive, "")
	for _, c := range []struct {
		name      string
		at, n     int
		follow    compat.Set
		want      int // messages
		truncated bool
	}{
		{"nothing", 24, 0, 0, 2, false},
		{"inside", 10, 5, 0, 1, false},
		{"to its end", 10, 14, 0, 1, false},
		{"in the header", 2, 3, 0, 0, false},
		{"beyond its end", 10, 15, 0, 0, false},
		{"as Zeek", 10, 5, 1 << compat.PeerGaps, 1, true},
	} {
		b, lines := newBench(t, sessionPort, c.follow)
		b.Open()
		b.Talk(true, []byte(first[:c.at]))
		b.Skip(true, uint32(c.n))
		b.Talk(true, []byte((first + alive)[c.at+c.n:]))
		b.Talk(false, nil)
		b.Close()
		b.Drain()
		n := 0
		for _, l := range *lines {
			if strings.HasPrefix(l, "netbios_session_message") {
				n++
			}
		}
		if n != c.want || c.truncated != strings.Contains(strings.Join(*lines, ""), "truncated") {
			t.Errorf("%s: %q", c.name, *lines)
		}
	}
}

// TestFull ends the analysis when incomplete packets hold too much.
func TestFull(t *testing.T) {
	cfg := testconn.Config()
	cfg.MessageBytes = 100
	b := testconn.New(t, cfg)
	lines := b.Events("netbios_", "conn_weird")
	tcp, _ := New(b.Hooks, DefaultOptions())
	b.SetAttacher(detect.New([]*detect.Protocol{tcp}))
	b.Server = netip.AddrPortFrom(b.Server.Addr(), sessionPort)
	b.Converse([]string{">" + packet(typeKeepAlive, strings.Repeat("x", 200)) + packet(typeKeepAlive, "")}, 150)
	if len(*lines) != 1 || !strings.Contains((*lines)[0], "too_many_incomplete_messages") {
		t.Errorf("%q", *lines)
	}
}

// TestSessionTimeout looks when the flow of a datagram ends.
func TestSessionTimeout(t *testing.T) {
	for _, timeout := range []time.Duration{DefaultOptions().Timeout, 30 * time.Second, 0} {
		b := testconn.New(t, testconn.Config())
		ended := false
		b.Hooks.Conn.ConnectionTimeout.Listen(func(*event.ConnectionTimeout) { ended = true })
		_, udp := New(b.Hooks, Options{Timeout: timeout})
		b.SetAttacher(detect.New([]*detect.Protocol{udp}))
		b.Server = netip.AddrPortFrom(b.Server.Addr(), datagramPort)
		b.Datagram(true, []byte(datagram(0x11, 0, "")))
		want := timeout
		if want == 0 {
			want = conn.DefaultOptions().UDPInactivity
		}
		if b.Advance(value.Time(want - time.Second)); ended {
			t.Errorf("%v: ended early", timeout)
		}
		if b.Advance(value.Time(2 * time.Second)); !ended {
			t.Errorf("%v: not ended", timeout)
		}
	}
}

// FuzzSegments checks that segmentation does not change the result.
func FuzzSegments(f *testing.F) {
	for _, c := range talks {
		orig, resp := testconn.Sides(c.talk)
		f.Add(orig, resp, byte(3), false)
	}
	f.Fuzz(func(t *testing.T, orig, resp []byte, size byte, zeek bool) {
		if len(orig)+len(resp) > 8000 {
			return
		}
		run := func(n int) []string {
			var follow compat.Set
			if zeek {
				follow = asZeek
			}
			b, lines := newBench(t, sessionPort, follow)
			b.Converse([]string{">" + string(bytes.Clone(orig)), "<" + string(resp)}, n)
			return *lines
		}
		whole, parts := run(1400), run(1+int(size))
		if !slices.Equal(whole, parts) {
			t.Errorf("whole: %q\nin parts: %q", whole, parts)
		}
		if len(whole) > len(orig)+len(resp)+1 {
			t.Errorf("%d events of %d bytes", len(whole), len(orig)+len(resp))
		}
	})
}

// FuzzDatagrams looks for panics.
func FuzzDatagrams(f *testing.F) {
	f.Add([]byte(datagram(0x11, 5, "names")), true)
	f.Fuzz(func(t *testing.T, in []byte, isOrig bool) {
		b, lines := newBench(t, datagramPort, 0)
		b.Datagram(isOrig, in)
		b.Drain()
		if n := b.Table.Stats().Panics; n > 0 || len(*lines) > 6 {
			t.Errorf("%d panics, %q", n, *lines)
		}
	})
}

// listening returns analyzers whose events have listeners, a session request and a datagram.
func listening(t testing.TB) (tcp, udp conn.Analyzer, request, names []byte) {
	b := testconn.New(t, testconn.Config())
	b.Hooks.NetBIOS.SessionMessage.Listen(func(*event.NetBIOSSessionMessage) {})
	b.Hooks.NetBIOS.SessionRequest.Listen(func(*event.NetBIOSSessionRequest) {})
	b.SetAttacher(detect.New(nil))
	session, datagrams := New(b.Hooks, Options{})
	return b.New(&session.Protocol), b.New(&datagrams.Protocol),
		[]byte(packet(typeRequest, encoded("SERVER          ")+encoded("CLIENT          "))), []byte(datagram(0x11, 187, strings.Repeat("x", 187)))
}

func BenchmarkPacket(b *testing.B) {
	tcp, udp, request, names := listening(b)
	b.SetBytes(int64(len(request) + len(names)))
	b.ReportAllocs()
	for b.Loop() {
		tcp.Data(true, request)
		udp.Data(true, names)
	}
}
