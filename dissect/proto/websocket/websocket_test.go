package websocket

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

// inside is the analyzer of a protocol that begins with SSH-. It records its data.
type inside struct {
	out  *[]string
	data [2][]byte
}

func (p *inside) Data(isOrig bool, b []byte) {
	i := 0
	if !isOrig {
		i = 1
	}
	p.data[i] = append(p.data[i], b...)
}
func (p *inside) Gap(bool, uint64) {}
func (p *inside) End(bool)         {}
func (p *inside) Done()            { *p.out = append(*p.out, fmt.Sprintf("inside %q %q", p.data[0], p.data[1])) }

// play feeds flow to an analyzer in pieces of n bytes and returns what was raised.
func play(t testing.TB, n int, flow []byte) []string {
	b := testconn.New(t, testconn.Config())
	var out []string
	add := func(format string, a ...any) { out = append(out, fmt.Sprintf(format, a...)) }
	h := &b.Hooks.WebSocket
	h.Established.Listen(func(*event.WebSocketEstablished) { add("established") })
	h.Frame.Listen(func(e *event.WebSocketFrame) { add("frame %v %d %d %d", e.Fin, e.RSV, e.Opcode, e.PayloadLen) })
	h.FrameData.Listen(func(e *event.WebSocketFrameData) {
		if len(e.Data) > 32 {
			add("data %d", len(e.Data))
		} else {
			add("data %q", e.Data)
		}
	})
	h.Message.Listen(func(e *event.WebSocketMessage) { add("message %d", e.Opcode) })
	h.Close.Listen(func(e *event.WebSocketClose) { add("close %d %q", e.Status, e.Reason) })
	b.Hooks.Weird.Conn.Listen(func(e *event.ConnWeird) { add("weird %s %s", e.Name, e.Addl) })
	b.Hooks.Analyzer.ViolationInfo.Listen(func(*event.AnalyzerViolationInfo) { add("violation") })
	in := &detect.Protocol{Transport: value.ProtoTCP, Signatures: []detect.Signature{
		{Orig: func(b []byte) detect.Verdict { return detect.StartsWith(b, "SSH-") }}}}
	in.Protocol = conn.Protocol{Name: "IN", New: func(conn.Use) conn.Analyzer { return &inside{out: &out} }}
	b.SetAttacher(detect.New([]*detect.Protocol{in}))
	b.Open()
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	a := b.Attach(c, New(b.Hooks))
	for len(flow) > 0 {
		k := min(n, len(flow))
		a.Data(true, bytes.Clone(flow[:k]))
		flow = flow[k:]
	}
	services := c.Services(nil)
	b.Table.Remove(c)
	return append(out, services...)
}

// frame returns a frame. A mask of 0 means that it is not masked.
func frame(first byte, mask uint32, payload string) []byte {
	f := []byte{first, 0}
	switch n := len(payload); {
	case n < 126:
		f[1] = byte(n)
	case n < 1<<16:
		f[1] = 126
		f = binary.BigEndian.AppendUint16(f, uint16(n))
	default:
		f[1] = 127
		f = binary.BigEndian.AppendUint64(f, uint64(n))
	}
	p := []byte(payload)
	if mask != 0 {
		f[1] |= 0x80
		f = binary.BigEndian.AppendUint32(f, mask)
		for i := range p {
			p[i] ^= byte(mask >> (24 - 8*(i%4)))
		}
	}
	return append(f, p...)
}

func join(b ...[]byte) []byte { return bytes.Join(b, nil) }

var flows = []struct {
	name string
	flow []byte
	want string
}{
	{"text", frame(0x81, 0, "hello"), `frame true 0 1 5|data "hello"|message 1|WEBSOCKET`},
	{"masked", frame(0xc2, 0x01020304, "SSH-2.0"), `frame true 4 2 7|data "SSH-2.0"|message 2|inside "SSH-2.0" ""|WEBSOCKET`},
	{"empty", frame(0x81, 0, ""), "frame true 0 1 0|message 1|WEBSOCKET"},
	{"fragments", join(frame(0x89, 0, "p"), frame(0x01, 0, "SSH"), frame(0x00, 7, "-"), frame(0x80, 0, "1")),
		`frame true 0 9 1|data "p"|message 9|frame false 0 1 3|data "SSH"|frame false 0 0 1|data "-"|frame true 0 0 1|data "1"|message 1|inside "SSH-1" ""|WEBSOCKET`},
	{"control frame in a message", join(frame(0x01, 0, "a"), frame(0x89, 0, "p"), frame(0x80, 0, "b")), `frame false 0 1 1|data "a"|violation`},
	{"control frame in fragments", join(frame(0x09, 0, "p"), frame(0x80, 0, "q")), `frame false 0 9 1|data "p"|frame true 0 0 1|data "q"|message 9|WEBSOCKET`},
	{"large unknown control frame", frame(0x8b, 0, strings.Repeat("x", 200)), "frame true 0 11 200|data 200|message 11|WEBSOCKET"},
	{"chunks", frame(0x82, 0, strings.Repeat("x", 70000)),
		"frame true 0 2 70000" + strings.Repeat("|data 8192", 8) + "|data 4464|message 2|WEBSOCKET"},
	{"close", frame(0x88, 9, "\x03\xe8bye"), `frame true 0 8 5|data "\x03\xe8bye"|close 1000 "bye"|message 8|WEBSOCKET`},
	{"empty close", frame(0x88, 0, ""), `frame true 0 8 0|close 0 ""|message 8|WEBSOCKET`},
	{"short close", frame(0x88, 0, "\x03"), `frame true 0 8 1|data "\x03"|violation`},
	{"large close", frame(0x88, 0, "\x03\xe8"+strings.Repeat("x", 200)),
		`weird websocket_control_frame_size_exceeded 202 > 125|frame true 0 8 202|data 125|close 1000 "` + strings.Repeat("x", 123) + `"|message 8|WEBSOCKET`},
	{"continuation first", frame(0x80, 0, "x"), "violation"},
	{"text in a message", join(frame(0x01, 0, "a"), frame(0x81, 0, "b")), `frame false 0 1 1|data "a"|violation`},
	{"length of 2^63", []byte("\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xffabc"), "frame true 0 2 18446744073709551615"},
}

func TestFrames(t *testing.T) {
	for _, c := range flows {
		for _, n := range []int{1 << 20, 1, 5} {
			want := "established|" + c.want
			if got := strings.Join(play(t, n, c.flow), "|"); got != want {
				t.Errorf("%s, in pieces of %d bytes:\n%s\nwant\n%s", c.name, n, got, want)
				break
			}
		}
	}
}

func TestHandshake(t *testing.T) {
	var h Handshake
	check := func(want ...string) {
		t.Helper()
		var got []string
		h.Check(func(name, addl string) { got = append(got, strings.TrimSpace(name+" "+addl)) })
		if !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
	header := func(isOrig bool, name, value string) string { return h.Header(isOrig, []byte(name), []byte(value)) }
	header(true, "HOST", "x")
	check("websocket_established_unexpected", "websocket_missing_key_header", "websocket_missing_accept_header")
	header(true, "SEC-WEBSOCKET-KEY", "dGhlIHNhbXBsZSBub25jZQ==")
	check("websocket_missing_accept_header")
	header(false, "SEC-WEBSOCKET-ACCEPT", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
	check()
	if w := header(false, "SEC-WEBSOCKET-ACCEPT", "x"); w != "websocket_multiple_accept_headers" {
		t.Errorf("a repeated header gives the weird %q", w)
	}
	check("websocket_wrong_accept_header expected=s3pPLMBiTxaQ9kYGzzhZRbK+xOo=, found=x")
	if w := header(true, "SEC-WEBSOCKET-KEY", "x"); w != "websocket_multiple_key_headers" {
		t.Errorf("a repeated header gives the weird %q", w)
	}
	header(false, "SEC-WEBSOCKET-PROTOCOL", "a")
	if w := header(false, "SEC-WEBSOCKET-PROTOCOL", "b"); w != "websocket_multiple_protocol_headers" {
		t.Errorf("a repeated header gives the weird %q", w)
	}
	h.Reset()
	check("websocket_established_unexpected", "websocket_missing_key_header", "websocket_missing_accept_header")
}

// FuzzFrames checks that segmentation does not change the result.
func FuzzFrames(f *testing.F) {
	for _, c := range flows {
		f.Add(c.flow, uint8(2))
	}
	f.Fuzz(func(t *testing.T, flow []byte, n uint8) {
		whole := play(t, len(flow)+1, flow)
		if parts := play(t, int(n)+1, flow); !slices.Equal(whole, parts) {
			t.Fatalf("whole:     %q\nin pieces: %q", whole, parts)
		}
	})
}
