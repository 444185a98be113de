package dcerpc

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
)

// recorder records events.
type recorder struct{ lines []string }

func (r *recorder) add(format string, a ...any) { r.lines = append(r.lines, fmt.Sprintf(format, a...)) }

// taker is a mechanism's analyzer that records its input.
type taker struct {
	name string
	r    *recorder
}

func (a *taker) Data(isOrig bool, b []byte) { a.r.add("%s %t %q", a.name, isOrig, b) }
func (a *taker) Gap(bool, uint64)           {}
func (a *taker) End(bool)                   {}
func (a *taker) Done()                      {}

func newBench(t testing.TB) (*testconn.Bench, *recorder, *detect.Protocol, *Pipes) {
	b := testconn.New(t, testconn.Config())
	r := new(recorder)
	h := &b.Hooks.DCERPC
	h.Message.Listen(func(e *event.DCERPCMessage) { r.add("%t %d %s", e.IsOrig, e.PTypeID, e.PType[9:]) })
	h.Bind.Listen(func(e *event.DCERPCBind) {
		r.add("bind %d %d %q %d.%d", e.FID, e.CtxID, e.UUID, e.VerMajor, e.VerMinor)
	})
	h.BindAck.Listen(func(e *event.DCERPCBindAck) { r.add("ack %d %q", e.FID, e.SecAddr) })
	h.AlterContext.Listen(func(e *event.DCERPCAlterContext) {
		r.add("alter %d %d %q %d.%d", e.FID, e.CtxID, e.UUID, e.VerMajor, e.VerMinor)
	})
	h.AlterContextResp.Listen(func(e *event.DCERPCAlterContextResp) { r.add("altered %d", e.FID) })
	h.Request.Listen(func(e *event.DCERPCRequest) { r.add("request %d %d %d %d", e.FID, e.CtxID, e.Opnum, e.StubLen) })
	h.Response.Listen(func(e *event.DCERPCResponse) { r.add("response %d %d %d %d", e.FID, e.CtxID, e.Opnum, e.StubLen) })
	b.Hooks.Weird.Conn.Listen(func(e *event.ConnWeird) { r.add("weird %s %q %s", e.Name, e.Addl, e.Source) })
	b.Hooks.Analyzer.ConfirmationInfo.Listen(func(e *event.AnalyzerConfirmationInfo) { r.add("confirmed %s", e.AType[19:]) })
	b.Hooks.Analyzer.ViolationInfo.Listen(func(e *event.AnalyzerViolationInfo) { r.add("violation, tolerated %t", e.Tolerated) })
	mechanism := func(name string) *conn.Protocol {
		return &conn.Protocol{Name: name, New: func(conn.Use) conn.Analyzer { return &taker{name, r} }}
	}
	s := Security{GSSAPI: mechanism("gssapi"), NTLM: mechanism("ntlm")}
	p, pipes := New(b.Hooks, s, DefaultOptions())
	b.SetAttacher(detect.New([]*detect.Protocol{p}))
	b.Server = netip.AddrPortFrom(b.Server.Addr(), 135)
	return b, r, p, pipes
}

// pdu builds a PDU. The trailer begins with the authentication type.
func pdu(ptype, flags byte, id uint32, body, trailer string) string {
	b := []byte{version, 0, ptype, flags, 0x10, 0, 0, 0}
	b = binary.LittleEndian.AppendUint16(b, uint16(headerSize+len(body)+len(trailer)))
	b = binary.LittleEndian.AppendUint16(b, uint16(max(len(trailer)-trailerSize, 0)))
	b = binary.LittleEndian.AppendUint32(b, id)
	return string(b) + body + trailer
}

const (
	whole = flagFirst | flagLast
	uuidA = "AAAAAAAAAAAAAAAA"
	uuidB = "BBBBBBBBBBBBBBBB"
)

func trailer(kind byte, blob string) string {
	return string([]byte{kind}) + "\x02\x00\x00\x07\x00\x00\x00" + blob
}

// contexts builds the body of a bind with one interface per UUID, each with one transfer
// syntax.
func contexts(uuids ...string) string {
	s := "\xd0\x16\xd0\x16\x00\x00\x00\x00" + string([]byte{byte(len(uuids))}) + "\x00\x00\x00"
	for i, u := range uuids {
		s += string([]byte{byte(i), 0, 1, 0}) + u + "\x01\x00\x02\x00" + uuidB + "\x02\x00\x00\x00"
	}
	return s
}

// accepted builds the body of a bind_ack for one interface.
func accepted(addr string) string {
	s := "\xd0\x16\xd0\x16\x01\x00\x00\x00" + string([]byte{byte(len(addr)), 0}) + addr
	for len(s)%4 != 0 {
		s += "\x00"
	}
	return s + "\x01\x00\x00\x00" + "\x00\x00\x00\x00" + uuidB + "\x02\x00\x00\x00"
}

func request(id, opnum byte, stub string) string {
	return "\x00\x00\x00\x00" + string([]byte{id, 0, opnum, 0}) + stub
}

func response(id byte, stub string) string {
	return "\x00\x00\x00\x00" + string([]byte{id, 0, 0, 0}) + stub
}

type talkCase struct {
	name string
	talk []string // ">" or "<" and the bytes sent
	want string
}

const confirmed = "confirmed DCE_RPC"

func tooMany() []string {
	var talk []string
	for i := range uint32(22) {
		talk = append(talk, ">"+pdu(ptypeRequest, flagFirst, i, request(0, 1, ""), ""))
	}
	return talk
}

var talks = []talkCase{
	{"bind", []string{">" + pdu(ptypeBind, whole, 1, contexts(uuidA, uuidB), ""), "<" + pdu(ptypeBindAck, whole, 1, accepted("135\x00"), "")},
		`true 11 BIND|bind 0 0 "` + uuidA + `" 1.2|bind 0 1 "` + uuidB + `" 1.2|` + confirmed + `|false 12 BIND_ACK|ack 0 "135"`},
	{"no address", []string{"<" + pdu(ptypeBindAck, whole, 1, accepted(""), "")}, `false 12 BIND_ACK|ack 0 ""|` + confirmed},
	{"no NUL", []string{"<" + pdu(ptypeBindAck, whole, 1, accepted("1024"), "")}, `false 12 BIND_ACK|ack 0 "1024"|` + confirmed},
	{"alter", []string{">" + pdu(ptypeAlterContext, whole, 1, contexts(uuidA), ""), "<" + pdu(ptypeAlterContextResp, whole, 1, accepted(""), "")},
		`true 14 ALTER_CONTEXT|alter 0 0 "` + uuidA + `" 1.2|` + confirmed + `|false 15 ALTER_CONTEXT_RESP|altered 0`},
	{"call", []string{
		">" + pdu(ptypeRequest, whole, 1, request(3, 7, "arguments"), ""), "<" + pdu(ptypeResponse, whole, 1, response(3, "results"), ""),
		"<" + pdu(ptypeResponse, whole, 2, response(4, ""), ""),
	}, "true 0 REQUEST|request 0 3 7 9|" + confirmed + "|false 2 RESPONSE|response 0 3 7 7|false 2 RESPONSE|response 0 4 0 0"},
	{"object", []string{">" + pdu(ptypeRequest, whole|flagObject, 1, request(3, 7, uuidA+"arguments"), "")},
		"true 0 REQUEST|request 0 3 7 9|" + confirmed},
	{"fragments", []string{
		">" + pdu(ptypeRequest, flagFirst, 1, request(0, 5, "first"), ""), ">" + pdu(ptypeRequest, whole, 2, request(0, 6, ""), ""),
		">" + pdu(ptypeRequest, 0, 1, request(0, 5, "second"), ""), ">" + pdu(ptypeRequest, flagLast, 1, request(0, 5, "last"), ""),
		">" + pdu(ptypeRequest, flagLast, 1, request(0, 5, "none came before"), ""),
	}, "true 0 REQUEST|" + confirmed + "|true 0 REQUEST|request 0 0 6 0|true 0 REQUEST|true 0 REQUEST|request 0 0 5 4|true 0 REQUEST"},
	{"two first fragments", []string{
		">" + pdu(ptypeRequest, flagFirst, 1, request(0, 5, ""), ""), ">" + pdu(ptypeRequest, flagFirst, 1, request(0, 5, ""), ""),
		">" + pdu(ptypeRequest, whole, 2, request(0, 5, ""), ""),
	}, `true 0 REQUEST|` + confirmed + `|true 0 REQUEST|weird multiple_first_fragments_in_dce_rpc_reassembly "" DCE_RPC`},
	{"long fragment", []string{">" + pdu(ptypeRequest, flagFirst, 1, strings.Repeat("x", 30001), ""), "<" + pdu(ptypeResponse, whole, 1, response(0, ""), "")},
		`true 0 REQUEST|weird too_much_dce_rpc_fragment_data "" DCE_RPC|` + confirmed},
	{"long call in one", []string{">" + pdu(ptypeRequest, whole, 1, request(0, 1, strings.Repeat("x", 60000)), "")},
		`true 0 REQUEST|request 0 0 1 60000|` + confirmed},
	{"calls that never end", tooMany(), strings.Replace(strings.Repeat("true 0 REQUEST|", 21), "REQUEST|", "REQUEST|"+confirmed+"|", 1) +
		`weird too_many_dce_rpc_msgs_in_reassembly "" DCE_RPC`},
	{"authentication", []string{
		">" + pdu(16, whole, 1, "", trailer(authSPNEGO, "s")), "<" + pdu(16, whole, 1, "", trailer(authNTLM, "n")),
		">" + pdu(16, whole, 1, "", trailer(authKerberos, "k")), ">" + pdu(16, whole, 1, "", trailer(authTLS, "t")),
		">" + pdu(16, whole, 1, "", trailer(authNetlogon, "l")), ">" + pdu(16, whole, 1, "", trailer(1, "?")),
	}, `true 16 AUTH3|gssapi true "s"|` + confirmed + `|false 16 AUTH3|ntlm true "n"|true 16 AUTH3|` +
		`true 16 AUTH3|weird tls_dce_rpc_auth_type "14" DCE_RPC|true 16 AUTH3|weird netlogon_dce_rpc_auth_type "68" DCE_RPC|` +
		`true 16 AUTH3|weird unknown_dce_rpc_auth_type "1" DCE_RPC`},
	{"big endian", []string{">\x05\x00\x00\x03\x00\x00\x00\x00\x00\x18\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x03\x00\x07"},
		"true 0 REQUEST|request 0 3 7 0|" + confirmed},
	{"other types", []string{">" + pdu(20, whole, 1, "x", ""), ">" + pdu(3, whole, 1, "x", ""), ">" + pdu(200, whole, 1, "x", "")},
		"true 20 RTS|" + confirmed + "|true 3 FAULT|true 200 d>"},
}

// malformed lists PDUs after which the events depend on segmentation.
var malformed = []talkCase{
	{"other version", []string{">GET / HTTP/1.0\r\n\r\n", ">" + pdu(3, whole, 1, "", "")}, "violation, tolerated true|true 3 FAULT|" + confirmed},
	{"length less than the header's", []string{">\x05\x00\x00\x03\x10\x00\x00\x00\x0a\x00\x00\x00\x00\x00\x00\x01"}, "true 0 REQUEST|violation, tolerated true"},
	{"authentication longer than the PDU", []string{">\x05\x00\x00\x03\x10\x00\x00\x00\x10\x00\xff\xff\x00\x00\x00\x01"}, "true 0 REQUEST|violation, tolerated true"},
	{"request that is cut", []string{">" + pdu(0, whole, 1, "1234567", "")}, "true 0 REQUEST|violation, tolerated true"},
	{"object that is cut", []string{">" + pdu(0, whole|flagObject, 1, request(0, 0, "1234567"), "")}, "true 0 REQUEST|violation, tolerated true"},
	{"response that is cut", []string{"<" + pdu(2, whole, 1, "1234567", "")}, "false 2 RESPONSE|violation, tolerated true"},
	{"more contexts than there are", []string{">" + pdu(11, whole, 1, strings.Replace(contexts(uuidA), "\x01\x00\x00\x00\x00", "\xff\x00\x00\x00\x00", 1), "")},
		`true 11 BIND|bind 0 0 "` + uuidA + `" 1.2|violation, tolerated true`},
	{"more syntaxes than there are", []string{">" + pdu(11, whole, 1, strings.Replace(contexts(uuidA), "\x01\x00A", "\xff\x00A", 1), "")}, "true 11 BIND|violation, tolerated true"},
	{"bind that is cut", []string{">" + pdu(11, whole, 1, "123", "")}, "true 11 BIND|violation, tolerated true"},
	{"address that is cut", []string{"<" + pdu(12, whole, 1, "12345678\xff\xff", "")}, "false 12 BIND_ACK|violation, tolerated true"},
	{"results that are cut", []string{"<" + pdu(12, whole, 1, accepted("135\x00")[:30], "")}, "false 12 BIND_ACK|violation, tolerated true"},
}

func play(b *testconn.Bench, talk []string, size int) {
	b.Open()
	for _, s := range talk {
		for part := range slices.Chunk([]byte(s[1:]), size) {
			b.Talk(s[0] == '>', part)
		}
	}
	b.Close()
	b.Drain()
}

func TestTalks(t *testing.T) {
	for _, tc := range talks {
		for _, size := range []int{1 << 14, 1000, 7, 1} {
			if size < 1000 && len(tc.talk[0]) > 2000 {
				continue
			}
			b, r, _, _ := newBench(t)
			play(b, tc.talk, size)
			if got := strings.Join(r.lines, "|"); got != tc.want {
				t.Errorf("%s in segments of %d:\ngot  %s\nwant %s", tc.name, size, got, tc.want)
			}
		}
	}
	for _, tc := range malformed {
		b, r, _, _ := newBench(t)
		play(b, tc.talk, 1<<14)
		if got := strings.Join(r.lines, "|"); got != tc.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tc.name, got, tc.want)
		}
	}
}

// TestPipes tests two pipes of one connection, each with its own calls and file ID.
func TestPipes(t *testing.T) {
	b, r, _, pipes := newBench(t)
	b.Open()
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	first, second := pipes.OpenPipe(b.Table.Nested(c, new(conn.Protocol)), 5), pipes.OpenPipe(b.Table.Nested(c, new(conn.Protocol)), 6)
	call := pdu(ptypeRequest, whole, 1, request(0, 7, ""), trailer(authNTLM, "n"))
	first.Data(true, []byte(call[:20]))
	second.Data(false, []byte(pdu(ptypeResponse, whole, 1, response(0, ""), "")))
	first.Data(true, []byte(call[20:]))
	first.Data(false, []byte(pdu(ptypeResponse, whole, 1, response(0, ""), "")))
	second.Data(false, []byte(strings.Repeat("not a PDU", 3)))
	second.Gap(true, 1)
	second.Data(false, []byte(pdu(ptypeResponse, whole, 1, response(0, ""), "")))
	first.Done()
	second.Done()
	want := `true 0 REQUEST|false 2 RESPONSE|response 6 0 0 0|` + confirmed + `|ntlm true "n"|request 5 0 7 0|` + confirmed +
		`|false 2 RESPONSE|response 5 0 7 0|violation, tolerated true`
	if got := strings.Join(r.lines, "|"); got != want {
		t.Errorf("\ngot  %s\nwant %s", got, want)
	}
	if s := c.Services(nil); !slices.Equal(s, []string{"DCE_RPC"}) {
		t.Errorf("got services %v", s)
	}
	if n := b.Table.Held(); n != 0 {
		t.Errorf("%d bytes still held", n)
	}
}

// TestContexts tests more contexts than are remembered.
func TestContexts(t *testing.T) {
	b := testconn.New(t, testconn.Config())
	b.Open()
	a := new(analyzer)
	b.Table.All(func(c *conn.Conn) { a.Use = b.Table.Nested(c, new(conn.Protocol)) })
	for i := range uint16(maxContexts + 1) {
		a.called(i, i+1)
	}
	a.called(7, 1000)
	if len(a.contexts) != maxContexts || a.answered(0) != 0 || a.answered(7) != 1000 || a.answered(maxContexts) != maxContexts+1 {
		t.Errorf("%d contexts: %v", len(a.contexts), a.contexts[:8])
	}
}

func TestSignature(t *testing.T) {
	for s, want := range map[string]bool{
		"\x05\x00\x00": true, "\x05\x01\x13": true, "\x05\x00": false, "\x05\x02\x00": false, "\x05\x00\x14": false, "\x04\x00\x00": false,
	} {
		if got := signature([]byte(s)); got != want {
			t.Errorf("%q: got %t", s, got)
		}
	}
}

// FuzzSegments compares the events of the same bytes in segments of two sizes, up to the first
// violation: what follows depends on segmentation.
func FuzzSegments(f *testing.F) {
	for _, tc := range slices.Concat(talks, malformed) {
		var orig, resp []byte
		for _, s := range tc.talk {
			if s[0] == '>' {
				orig = append(orig, s[1:]...)
			} else {
				resp = append(resp, s[1:]...)
			}
		}
		if len(orig)+len(resp) < 4096 {
			f.Add(orig, resp, uint8(3))
		}
	}
	f.Fuzz(func(t *testing.T, orig, resp []byte, size uint8) {
		if len(orig)+len(resp) > 4096 {
			return
		}
		run := func(size int) []string {
			b, r, _, _ := newBench(t)
			play(b, []string{">" + string(orig), "<" + string(resp)}, size)
			if b.Table.Stats().Panics != 0 {
				t.Fatal("panic")
			}
			if b.Table.Held() != 0 {
				t.Fatalf("%d bytes still held", b.Table.Held())
			}
			if i := slices.IndexFunc(r.lines, func(l string) bool { return strings.HasPrefix(l, "violation") }); i >= 0 {
				return r.lines[:i]
			}
			return r.lines
		}
		if whole, cut := run(1<<14), run(int(size)+1); !slices.Equal(whole, cut) {
			t.Errorf("segments of %d:\n%q\n%q", int(size)+1, whole, cut)
		}
	})
}
