package gssapi

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/codec/asn1"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
)

// taker is a mechanism's analyzer that records its input.
type taker struct {
	name string
	r    *carrier
}

func (a *taker) Data(isOrig bool, b []byte) { a.r.add("%s %t %q", a.name, isOrig, b) }
func (a *taker) Gap(bool, uint64)           {}
func (a *taker) End(bool)                   {}
func (a *taker) Done()                      {}

// carrier is an open connection that carries tokens, and records their events.
type carrier struct {
	b     *testconn.Bench
	c     *conn.Conn
	h     conn.Handover
	lines []string
}

func (r *carrier) add(format string, a ...any) { r.lines = append(r.lines, fmt.Sprintf(format, a...)) }

func newCarrier(t testing.TB) *carrier {
	r := &carrier{b: testconn.New(t, testconn.Config())}
	r.b.Hooks.GSSAPI.NegResult.Listen(func(e *event.GSSAPINegResult) { r.add("result %d", e.State) })
	r.b.Hooks.Weird.Net.Listen(func(e *event.NetWeird) { r.add("weird %s %s", e.Name, e.Addl) })
	r.b.Hooks.Analyzer.ConfirmationInfo.Listen(func(e *event.AnalyzerConfirmationInfo) { r.add("confirmed %s", e.AType[19:]) })
	r.b.Hooks.Analyzer.ViolationInfo.Listen(func(e *event.AnalyzerViolationInfo) { r.add("%s", e.Info.Reason) })
	mechanism := func(name string) *conn.Protocol {
		return &conn.Protocol{Name: name, New: func(conn.Use) conn.Analyzer { return &taker{name, r} }}
	}
	p := New(r.b.Hooks, mechanism("ntlm"), mechanism("krb"))
	r.b.Open()
	r.b.Table.All(func(x *conn.Conn) { r.c = x })
	r.h = r.b.Table.Nested(r.c, p).Guest(p)
	return r
}

func (r *carrier) send(s string) { r.h.Data(true, []byte(s)) }

// der builds an element with contents of at most 64 kB.
func der(tag byte, content ...string) string {
	s := strings.Join(content, "")
	switch n := len(s); {
	case n < 0x80:
		return string([]byte{tag, byte(n)}) + s
	case n < 0x100:
		return string([]byte{tag, 0x81, byte(n)}) + s
	default:
		return string([]byte{tag, 0x82, byte(n >> 8), byte(n)}) + s
	}
}

const (
	spnego   = "\x06\x06\x2b\x06\x01\x05\x05\x02"
	kerberos = "\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"
)

func initial(args ...string) string { return der(tagInitial, spnego, der(0xa0, der(0x30, args...))) }
func response(args ...string) string {
	return der(0xa1, der(0x30, args...))
}

func mech(n byte, token string) string { return der(asn1.TagContext+n, der(0x04, token)) }

var (
	mechTypes = der(0xa0, der(0x30, kerberos))
	reqFlags  = der(0xa1, der(0x03, "\x05\x40"))
	mic       = der(0xa3, der(0x04, "mic"))
	state     = der(0xa0, "\x0a\x01\x01")
)

var tokens = []struct{ name, token, want string }{
	{"NTLM", initial(mechTypes, reqFlags, mech(2, "NTLMSSP\x00..."), mic), `ntlm true "NTLMSSP\x00..."|confirmed GSSAPI`},
	{"long", initial(mechTypes, mech(2, "NTLMSSP"+strings.Repeat("x", 300))), fmt.Sprintf(`ntlm true "NTLMSSP%s"|confirmed GSSAPI`, strings.Repeat("x", 300))},
	{"not NTLM", initial(mech(2, "NEGOEXTS")), "confirmed GSSAPI"},
	{"Kerberos", initial(mechTypes, mech(2, der(tagInitial, kerberos, "\x01\x00", "\x6eAP"))), `krb true "nAP"|confirmed GSSAPI`},
	{"AP-REQ", initial(mech(2, "\x6e\x00")), `krb true "n\x00"|confirmed GSSAPI`},
	{"hint", initial(mechTypes, mic), "confirmed GSSAPI"},
	{"no token", initial(mech(2, "")), "confirmed GSSAPI"},
	{"response", response(state, der(0xa1, kerberos), mech(2, "NTLMSSP\x00b"), mic), `result 1|ntlm false "NTLMSSP\x00b"|confirmed GSSAPI`},
	{"state alone", response(der(0xa0, "\x0a\x01\x00")), "result 0|confirmed GSSAPI"},
	{"long state", response(der(0xa0, der(0x0a, "123456789"))), "weird asn_binary_to_int64_shift_too_large 9|result 0|confirmed GSSAPI"},
	{"MIC", "\x04\x04\x04\xff\xff\xff\xff\xff", "confirmed GSSAPI"},
	{"Wrap", "\x05\x04anything", "confirmed GSSAPI"},
	{"nothing", "\x60", violation("ASN1EncodingMeta:len", 2, 1)},
	{"length of a length", "\x60\x84\x00", violation("ASN1EncodingMeta:more_len", 6, 3)},
	{"cut", initial(mechTypes, mic)[:24], violation("GSSAPI_NEG_TOKEN_INIT_Arg:args", 15, 10)},
	{"length of gigabytes", response("\xa2\x84\x7f\xff\xff\xf0"), violation("GSSAPI_NEG_TOKEN_RESP_Arg:args", 0x7ffffff6, 6)},
	{"negative length", response("\xa2\x84\xff\xff\xff\xf0"), violation("GSSAPI_NEG_TOKEN_RESP_Arg:args", -10, 6)},
	{"token longer than its element", response(der(0xa2, "\x04\x10abc")), violation("GSSAPI_NEG_TOKEN_MECH_TOKEN:token", 18, 5)},
	{"other element", initial(der(0xa7, "x")), "Binpac exception: binpac exception: invalid index for case: GSSAPI_NEG_TOKEN_INIT_Arg_Data: 7"},
	{"Kerberos without SPNEGO", der(tagInitial, kerberos, "\x01\x00", der(0x6e, der(0x30, der(0xa0, "\x02\x01\x05")))),
		"Binpac exception: binpac exception: invalid index for case: GSSAPI_NEG_TOKEN_INIT_Arg_Data: 144"},
	{"object identifier alone", initial(mech(2, der(tagInitial, kerberos, "\x01"))), violation("KRB_OID_BLOB:token_id", 15, 14)},
}

func violation(where string, need, have int) string {
	return fmt.Sprintf("Binpac exception: binpac exception: out_of_bound: %s: %d > %d", where, need, have)
}

func TestTokens(t *testing.T) {
	for _, tc := range tokens {
		r := newCarrier(t)
		r.send(tc.token)
		if got := strings.Join(r.lines, "|"); got != tc.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tc.name, got, tc.want)
		}
	}
}

// TestViolation tests that a violation removes the service, but not the analyzer.
func TestViolation(t *testing.T) {
	r := newCarrier(t)
	r.send(response(state))
	if s := r.c.Services(nil); !slices.Equal(s, []string{"GSSAPI"}) {
		t.Errorf("services %v", s)
	}
	r.send("\x60")
	if s := r.c.Services(nil); len(s) != 0 {
		t.Errorf("services %v", s)
	}
	r.lines = nil
	r.send(response(state))
	if got := strings.Join(r.lines, "|"); got != "result 1" {
		t.Errorf("got %s", got)
	}
}

// TestDepth tests deeply nested elements, which are not followed.
func TestDepth(t *testing.T) {
	r := newCarrier(t)
	r.send(initial(mech(2, strings.Repeat("\x60\x80", 100_000))))
	r.send(strings.Repeat("\xa1\x80", 100_000))
	r.send(strings.Repeat("\x60\x80", 100_000))
	if n := r.b.Table.Stats().Panics; n != 0 {
		t.Error("panic")
	}
}

func FuzzToken(f *testing.F) {
	for _, tc := range tokens {
		f.Add([]byte(tc.token))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := newCarrier(t)
		r.send(string(b))
		if r.b.Table.Stats().Panics != 0 {
			t.Fatal("panic")
		}
		if len(r.lines) > 2+len(b) {
			t.Errorf("%d events from %d bytes", len(r.lines), len(b))
		}
	})
}

func quiet(t testing.TB) (r *carrier, all [][]byte) {
	r = &carrier{b: testconn.New(t, testconn.Config())}
	r.b.Hooks.GSSAPI.NegResult.Listen(func(*event.GSSAPINegResult) {})
	p := New(r.b.Hooks, nil, nil)
	r.b.Open()
	r.b.Table.All(func(x *conn.Conn) { r.c = x })
	r.h = r.b.Table.Nested(r.c, p).Guest(p)
	ntlm := mech(2, "NTLMSSP\x00"+strings.Repeat("x", 200))
	return r, [][]byte{[]byte(initial(mechTypes, ntlm)), []byte(response(state, ntlm)), []byte(response(state))}
}

func BenchmarkNegotiation(b *testing.B) {
	r, all := quiet(b)
	size := 0
	for _, m := range all {
		size += len(m)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for _, m := range all {
			r.h.Data(true, m)
		}
	}
}
