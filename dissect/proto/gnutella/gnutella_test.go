package gnutella

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

func newBench(t testing.TB, cfg conn.Options, o Options) (*testconn.Bench, *detect.Protocol) {
	b := testconn.New(t, cfg)
	b.SetAttacher(detect.New(nil))
	return b, New(b.Hooks, &detect.Protocol{Unused: true}, o)
}

// play returns the events of a conversation in pieces of n bytes, and the counters of limits.
func play(t testing.TB, cfg conn.Options, o Options, n int, parts []string) (events []string, limits string) {
	b, p := newBench(t, cfg, o)
	lines := b.Events("gnutella_", "conn_weird")
	b.Play(&p.Protocol, n, parts)
	if held := b.Table.Held(); held != 0 {
		t.Errorf("%q: %d bytes are held after the end", parts, held)
	}
	return *lines, fmt.Sprint(b.Table.LimitCounts())
}

func zeekConfig() conn.Options {
	cfg := testconn.Config()
	cfg.Compat, _ = compat.Parse(compat.Zeek82)
	return cfg
}

// message returns a message with a payload, of which the header announces n bytes.
func message(typ byte, n int, payload string) string {
	b := append([]byte("0123456789abcdef"), typ, 7, 1)
	return string(binary.LittleEndian.AppendUint32(b, uint32(n))) + payload
}

func binaryMsg(isOrig bool, typ, n int, payload string, trunc, complete bool) string {
	return fmt.Sprintf(`gnutella_binary_msg {"orig":%v,"msg_type":%d,"ttl":7,"hops":1,"msg_len":%d,"payload":"%s","payload_len":%d,"trunc":%v,"complete":%v}`,
		isOrig, typ, n, payload, len(payload), trunc, complete)
}

const (
	connect = ">GNUTELLA CONNECT/0.6\r\nUser-Agent: x\r\n\r\n"
	accept  = "<GNUTELLA/0.6 200 OK\r\n\r\n"
	confirm = ">GNUTELLA/0.6 200 OK\r\n\r\n"
	refuse  = "<GNUTELLA/0.6 503 Busy\r\n\r\n"

	notEstablish = `gnutella_not_establish {}`
)

func textMsg(isOrig bool, headers string) string {
	return fmt.Sprintf(`gnutella_text_msg {"orig":%v,"headers":"%s"}`, isOrig, headers)
}

// shaken is what the handshake of connect, accept and confirm raises.
var shaken = []string{
	textMsg(true, `\r\nGNUTELLA CONNECT/0.6\r\nUser-Agent: x`), textMsg(false, `\r\nGNUTELLA/0.6 200 OK`),
	textMsg(true, `\r\nGNUTELLA/0.6 200 OK`), `gnutella_establish {}`,
}

var cases = []struct {
	name  string
	parts []string
	want  []string
	zeek  []string // with compat, if it differs; empty if it depends on the segments
}{
	{"messages", []string{connect, accept, confirm + message(0, 0, ""), "<" + message(1, 3, "abc") + message(0x80, 5, "query")}, append(slices.Clone(shaken),
		binaryMsg(true, 0, 0, "", false, true), binaryMsg(false, 1, 3, "abc", false, true), binaryMsg(false, 0x80, 5, "query", false, true),
	), []string{}},
	{"long payload", []string{connect, accept, confirm, "<" + message(1, 25, strings.Repeat("x", 25)) + message(2, 0, "")}, append(slices.Clone(shaken),
		binaryMsg(false, 1, 25, strings.Repeat("x", 20), false, true), binaryMsg(false, 2, 0, "", false, true),
	), []string{}},
	{"incomplete header", []string{connect, accept, confirm, ">0123456789"}, append(slices.Clone(shaken),
		`gnutella_partial_binary_msg {"orig":true,"msg":"0123456789","len":10}`,
	), nil},
	{"incomplete payload", []string{connect, accept, confirm, ">" + message(1, 9, "abc"), "<" + message(1, 1<<31, "")}, append(slices.Clone(shaken),
		binaryMsg(true, 1, 9, "abc", true, false), binaryMsg(false, 1, 1<<31, "", true, false),
	), nil},
	{"refused", []string{connect, refuse}, []string{shaken[0], textMsg(false, `\r\nGNUTELLA/0.6 503 Busy`), notEstablish}, nil},
	{"never answered", []string{connect}, []string{shaken[0], notEstablish}, nil},
	{"a line without an end", []string{">GNUTELLA CONNECT/0.6"}, []string{notEstablish}, nil},
	// A CR counts for the next LF, and is no part of a line. An LF alone is.
	{"odd line ends", []string{">a\rb\nc\nd\r\r\n\r\n\r\n"}, []string{textMsg(true, `\r\nab\r\nc\nd`), textMsg(true, ""), notEstablish}, nil},
	{"NUL", []string{">a\x00b\r\n\r\n"}, []string{textMsg(true, `\r\na\\x00b`), notEstablish}, []string{textMsg(true, `\r\na`), notEstablish}},
	{"HTTP", []string{">GET /get/1/x HTTP/1.0\r\nA: b\r\n\r\n", "<HTTP/1.0 503 Busy\r\n\r\n"}, []string{`gnutella_http_notify {}`, notEstablish}, nil},
	{"HTTP is the first line only", []string{">a\r\nGET / HTTP/1.0\r\n\r\n"}, []string{textMsg(true, `\r\na\r\nGET / HTTP/1.0`), notEstablish}, nil},
	{"gap in a payload", []string{connect, accept, confirm, "<" + message(1, 9, "abc"), "<~2", "<fghi" + message(2, 0, "")}, append(slices.Clone(shaken),
		binaryMsg(false, 1, 9, "abc", true, true), binaryMsg(false, 2, 0, "", false, true),
	), []string{}},
	{"gap up to the end of a payload", []string{connect, accept, confirm, "<" + message(1, 9, "abc"), "<~6", "<" + message(2, 0, "")}, append(slices.Clone(shaken),
		binaryMsg(false, 1, 9, "abc", true, true), binaryMsg(false, 2, 0, "", false, true),
	), []string{}},
	{"gap beyond a payload", []string{connect, accept, confirm, "<" + message(1, 9, "abc"), "<~7", "<" + message(2, 0, "")}, shaken, []string{}},
	{"gap between messages", []string{connect, accept, confirm, "<~7", "<" + message(2, 0, "")}, shaken, append(slices.Clone(shaken), binaryMsg(false, 2, 0, "", false, true))},
	{"gap in the handshake", []string{connect, "<GNU", "<~2", "<LLA/0.6 200 OK\r\n\r\n"}, []string{shaken[0], textMsg(false, `\r\nGNULLA/0.6 200 OK`), notEstablish}, nil},
}

// small limits the payload to 20 bytes.
func small() Options {
	o := DefaultOptions()
	o.Payload = 20
	return o
}

func TestEvents(t *testing.T) {
	for _, c := range cases {
		for _, n := range []int{1, 3, 1 << 16} {
			if got, _ := play(t, testconn.Config(), small(), n, c.parts); !slices.Equal(got, c.want) {
				t.Errorf("%s in pieces of %d:\n%s\nwant:\n%s", c.name, n, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
			if c.zeek == nil {
				c.zeek = c.want
			}
			if got, _ := play(t, zeekConfig(), small(), n, c.parts); len(c.zeek) != 0 && !slices.Equal(got, c.zeek) {
				t.Errorf("%s in pieces of %d as Zeek:\n%s\nwant:\n%s", c.name, n, strings.Join(got, "\n"), strings.Join(c.zeek, "\n"))
			}
		}
	}
}

// TestZeekPayload has payloads of which Zeek forgets nothing and takes whole segments.
func TestZeekPayload(t *testing.T) {
	parts := []string{connect, accept, confirm, ">" + message(1, 3, "abc") + message(1, 4, "d\x00ef"), ">" + message(1, 1, "g")}
	got, _ := play(t, zeekConfig(), DefaultOptions(), 1<<16, parts)
	want := append(slices.Clone(shaken),
		`gnutella_binary_msg {"orig":true,"msg_type":1,"ttl":7,"hops":1,"msg_len":3,"payload":"abc0123456789abcdef\\x01\\x07\\x01\\x04","payload_len":30,"trunc":false,"complete":true}`,
		`gnutella_binary_msg {"orig":true,"msg_type":1,"ttl":7,"hops":1,"msg_len":4,"payload":"abc0123456789abcdef\\x01\\x07\\x01\\x04","payload_len":34,"trunc":false,"complete":true}`,
		`gnutella_binary_msg {"orig":true,"msg_type":1,"ttl":7,"hops":1,"msg_len":1,"payload":"abc0123456789abcdef\\x01\\x07\\x01\\x04","payload_len":35,"trunc":false,"complete":true}`,
	)
	if !slices.Equal(got, want) {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
}

// web is a stand-in for HTTP that counts its input.
type web struct{ n *int }

func (w web) Data(_ bool, b []byte) { *w.n += len(b) }
func (w web) Gap(bool, uint64)      {}
func (w web) End(bool)              {}
func (w web) Done()                 {}

// TestHTTP counts what HTTP gets of a connection that turns out to be HTTP: everything by its
// signature, and in Zeek what comes after the line.
func TestHTTP(t *testing.T) {
	for _, c := range []struct {
		cfg    conn.Options
		unused bool
		want   int
	}{
		{testconn.Config(), false, len("GET / HTTP/1.0\r\n\r\nHTTP/1.0 503\r\n")},
		{zeekConfig(), false, len("HTTP/1.0 503\r\n")},
		{zeekConfig(), true, 0},
	} {
		n := 0
		h := &detect.Protocol{Transport: value.ProtoTCP, Unused: c.unused, Signatures: []detect.Signature{{
			Orig: func(b []byte) detect.Verdict { return detect.StartsWith(b, "GET") },
		}}}
		h.Protocol = conn.Protocol{Name: "HTTP", New: func(conn.Use) conn.Analyzer { return web{&n} }}
		b := testconn.New(t, c.cfg)
		list := []*detect.Protocol{New(b.Hooks, h, DefaultOptions())}
		if !c.unused {
			list = append(list, h)
		}
		b.SetAttacher(detect.New(list))
		b.Server = netip.AddrPortFrom(b.Server.Addr(), 6346)
		if b.Converse([]string{">GET / HTTP/1.0\r\n\r\n", "<HTTP/1.0 503\r\n"}, 1400); n != c.want {
			t.Errorf("%+v: HTTP got %d bytes, want %d", c.cfg.Compat, n, c.want)
		}
	}
}

func TestLimits(t *testing.T) {
	o := Options{Line: 100, Headers: 200, Payload: 10}
	for _, c := range []struct {
		name  string
		parts []string
		limit string
		want  string
	}{
		{"line", []string{">" + strings.Repeat("x", 99) + "\r\n" + strings.Repeat("y", 1000)}, "line_size", `conn_weird {"name":"exceeded_gnutella_max_line_length","addl":"100","source":"GNUTELLA"}`},
		{"headers", []string{">" + strings.Repeat("abcdefgh\r\n", 100)}, "headers_size", `conn_weird {"name":"exceeded_gnutella_max_headers_length","addl":"200","source":"GNUTELLA"}`},
		{"payload", []string{connect, accept, confirm, ">" + message(1, 20, strings.Repeat("x", 20))}, "payload_size", binaryMsg(true, 1, 20, strings.Repeat("x", 10), false, true)},
	} {
		for _, n := range []int{1, 7, 1 << 16} {
			got, limits := play(t, testconn.Config(), o, n, c.parts)
			if !slices.Contains(got, c.want) || !strings.Contains(limits, "{GNUTELLA "+c.limit+"}:1") {
				t.Errorf("%s in pieces of %d: %q, limits %s", c.name, n, got, limits)
			}
		}
	}
}

// TestHeld fills the memory for incomplete messages of all connections.
func TestHeld(t *testing.T) {
	cfg := testconn.Config()
	cfg.MessageBytes = 50
	got, _ := play(t, cfg, DefaultOptions(), 10, []string{">" + strings.Repeat("x", 100) + "\r\n\r\n"})
	if len(got) != 2 || !strings.Contains(got[0], "too_many_incomplete_messages") {
		t.Errorf("line: %q", got)
	}
	got, _ = play(t, cfg, DefaultOptions(), 10, []string{connect, accept, confirm, ">" + message(1, 100, strings.Repeat("x", 100)) + message(2, 0, "")})
	if len(got) != 7 || !strings.Contains(got[4], "too_many_incomplete_messages") ||
		got[5] != binaryMsg(true, 1, 100, "", true, true) || got[6] != binaryMsg(true, 2, 0, "", false, true) {
		t.Errorf("payload: %q", got)
	}
}

// TestPort has connections to Gnutella's port: one without data, one with a handshake.
func TestPort(t *testing.T) {
	for _, c := range []struct {
		talk    []string
		service string
		want    string
	}{
		{nil, "", notEstablish},
		{[]string{connect, accept, confirm}, "gnutella", strings.Join(shaken, "\n")},
	} {
		b := testconn.New(t, testconn.Config())
		b.SetAttacher(detect.New([]*detect.Protocol{New(b.Hooks, &detect.Protocol{Unused: true}, DefaultOptions())}))
		events := b.Events("gnutella_")
		b.Server = netip.AddrPortFrom(b.Server.Addr(), 6346)
		b.Open()
		for _, m := range c.talk {
			b.Talk(m[0] == '>', []byte(m[1:]))
		}
		var services []string
		b.Table.All(func(x *conn.Conn) { services = x.Services(nil) })
		b.Close()
		b.Drain()
		if got := strings.Join(*events, "\n"); got != c.want || strings.Join(services, ",") != c.service {
			t.Errorf("%q: %s, services %q", c.talk, got, services)
		}
	}
}

func FuzzGnutella(f *testing.F) {
	for _, c := range cases {
		f.Add(strings.Join(c.parts, "\xff"), uint8(2))
	}
	f.Fuzz(func(t *testing.T, in string, n uint8) {
		parts := testconn.Parts(in)
		if len(parts) > 20 || len(in) > 1<<14 {
			return
		}
		o := Options{Line: 200, Headers: 300, Payload: 10}
		whole, _ := play(t, testconn.Config(), o, 1<<20, parts)
		pieces, _ := play(t, testconn.Config(), o, int(n)+1, parts)
		if !slices.Equal(whole, pieces) {
			t.Fatalf("%q\nwhole:\n%s\nin pieces:\n%s", parts, strings.Join(whole, "\n"), strings.Join(pieces, "\n"))
		}
	})
}
