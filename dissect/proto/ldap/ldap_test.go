package ldap

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
)

// inside is a stand-in for an inner protocol that records its input.
type inside struct {
	name  string
	lines *[]string
	bytes bool // whether the pieces of the input mean nothing
}

func (s inside) Data(isOrig bool, b []byte) {
	if !s.bytes {
		*s.lines = append(*s.lines, fmt.Sprintf("%s %t %q", s.name, isOrig, b))
		return
	}
	for _, c := range b {
		*s.lines = append(*s.lines, fmt.Sprintf("%s %t %q", s.name, isOrig, c))
	}
}
func (s inside) Gap(isOrig bool, n uint64) {
	*s.lines = append(*s.lines, fmt.Sprintf("%s %t gap %d", s.name, isOrig, n))
}
func (s inside) End(bool) {}
func (s inside) Done()    {}

// newBench returns a bench and what it records: events, outcomes and the input of inner
// protocols. Signatures are left out unless they are asked for.
func newBench(t testing.TB, follow compat.Set, signatures ...bool) (*testconn.Bench, *[]string) {
	b := testconn.New(t, testconn.Config())
	lines := new([]string)
	add := func(format string, a ...any) { *lines = append(*lines, fmt.Sprintf(format, a...)) }
	h := &b.Hooks.LDAP
	h.Message.Listen(func(e *event.LDAPMessage) {
		add("message %d %s %d %q %q %q %q", e.MessageID, strings.TrimPrefix(string(e.Opcode), "LDAP::ProtocolOpcode_"), e.ResultNumber, e.MatchedDN, e.DiagnosticMessage, e.Object, e.Argument)
	})
	h.BindRequest.Listen(func(e *event.LDAPBindRequest) {
		add("bind %d v%d %q %s %q", e.MessageID, e.Version, e.Name, strings.TrimPrefix(string(e.AuthType), "LDAP::BindAuthType_"), e.AuthInfo)
	})
	h.SearchRequest.Listen(func(e *event.LDAPSearchRequest) {
		add("search %d %q %s %s %d %d %t %s %q", e.MessageID, e.BaseObject, strings.TrimPrefix(string(e.Scope), "LDAP::SearchScope_"), strings.TrimPrefix(string(e.Deref), "LDAP::SearchDerefAlias_"), e.SizeLimit, e.TimeLimit, e.TypesOnly, e.Filter, e.Attributes)
	})
	h.SearchResultEntry.Listen(func(e *event.LDAPSearchResultEntry) { add("entry %d %q", e.MessageID, e.ObjectName) })
	h.ExtendedRequest.Listen(func(e *event.LDAPExtendedRequest) { add("extended %q %q", e.RequestName, e.RequestValue) })
	h.ExtendedResponse.Listen(func(e *event.LDAPExtendedResponse) { add("extended response %q %q", e.ResponseName, e.ResponseValue) })
	h.StartTLS.Listen(func(*event.LDAPStartTLS) { add("starttls") })
	b.Hooks.Analyzer.ConfirmationInfo.Listen(func(e *event.AnalyzerConfirmationInfo) { add("confirmed") })
	b.Hooks.Analyzer.ViolationInfo.Listen(func(e *event.AnalyzerViolationInfo) { add("violation %s", e.Info.Reason) })
	in := func(name string, pieces bool) *conn.Protocol {
		return &conn.Protocol{Name: strings.ToUpper(name), New: func(conn.Use) conn.Analyzer { return inside{name, lines, pieces} }}
	}
	tcp, udp := New(b.Hooks, Inner{TLS: in("tls", true), GSSAPI: in("gssapi", false), NTLM: in("ntlm", false)}, Options{Compat: follow})
	if len(signatures) == 0 {
		tcp.Signatures = nil // what they find after a violation depends on the number of segments
	}
	b.SetAttacher(detect.New([]*detect.Protocol{tcp, udp}))
	b.Server = netip.AddrPortFrom(b.Server.Addr(), 389)
	return b, lines
}

// el returns an element with the shortest length, long one with 4 bytes of length.
func el(tag byte, parts ...string) string {
	s := strings.Join(parts, "")
	switch n := len(s); {
	case n < 0x80:
		return string([]byte{tag, byte(n)}) + s
	case n < 0x100:
		return string([]byte{tag, 0x81, byte(n)}) + s
	default:
		return long(tag, s)
	}
}

func long(tag byte, parts ...string) string {
	s := strings.Join(parts, "")
	n := len(s)
	return string([]byte{tag, 0x84, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}) + s
}

func num(n byte) string      { return el(2, string([]byte{n})) }
func enumd(n byte) string    { return el(10, string([]byte{n})) }
func str(s string) string    { return el(4, s) }
func seq(s ...string) string { return el(0x30, s...) }

// msg returns a message with an operation, whose tag is op.
func msg(id, op byte, parts ...string) string { return seq(num(id), el(op, parts...)) }

func result(id, op, code byte, more ...string) string {
	return msg(id, op, append([]string{enumd(code), str(""), str("")}, more...)...)
}

func search(id byte, filter string, attrs ...string) string {
	return msg(id, 0x63, str("dc=x"), enumd(2), enumd(0), num(0), num(0), el(1, "\x00"), filter, seq(attrs...))
}

func eq(name, val string) string { return el(0xa3, str(name), str(val)) }

func sasl(id byte, mechanism string, creds ...string) string {
	return msg(id, 0x60, num(3), str(""), el(0xa3, str(mechanism), strings.Join(creds, "")))
}

const (
	bindMsg = `bind 1 v3 "cn=a" BIND_AUTH_SIMPLE "pw"|confirmed|message 1 BIND_REQUEST -1 "" "" "cn=a" "pw"|`
	unbound = `message 9 UNBIND_REQUEST -1 "" "" "" ""|`
)

var (
	bind   = msg(1, 0x60, num(3), str("cn=a"), el(0x80, "pw"))
	unbind = msg(9, 0x42)
)

// searched is what is recorded of search, without the confirmation.
func searched(id int, filter string, attrs ...string) string {
	return fmt.Sprintf(`search %d "dc=x" SEARCH_TREE DEREF_NEVER 0 0 false %s %q|message %d SEARCH_REQUEST -1 "" "" "dc=x" "SearchScope::SEARCH_TREE"|`, id, filter, attrs, id)
}

type talkCase struct {
	name string
	talk []string // ">" or "<" and what that side sends
	want string
	zeek string // with the mistakes of Zeek, if that differs
}

// filterCase is a search with a filter after a bind.
func filterCase(name, filter, want, zeek string) talkCase {
	c := talkCase{name: "filter " + name, talk: []string{">" + bind, ">" + search(2, filter)}, want: bindMsg + searched(2, want)}
	switch zeek {
	case "":
	case "violation":
		c.zeek = bindMsg + "violation " + reasonMalformed + "|"
	default:
		c.zeek = bindMsg + searched(2, zeek)
	}
	return c
}

func nested(depth int) string {
	f := el(0x87, "a")
	for range depth {
		f = el(0xa2, f)
	}
	return f
}

func wrap(flags byte, ec, rrc int, payload string) string {
	token := "\x05\x04" + string([]byte{flags, 0xff, byte(ec >> 8), byte(ec), byte(rrc >> 8), byte(rrc)}) + "\x00\x00\x00\x00\x00\x00\x00\x01" + payload
	return "\x00\x00" + string([]byte{byte(len(token) >> 8), byte(len(token))}) + token
}

const (
	oidSPNEGO = "\x06\x06\x2b\x06\x01\x05\x05\x02"
	accepted  = "\x0a\x01\x00"
)

var (
	spnegoInit = el(0x60, oidSPNEGO, "rest")
	spnegoOK   = el(0xa1, seq(el(0xa0, accepted), el(0xa1, el(6, oidKerberos)), el(0xa2, str("token"))))
	saslBegun  = `bind 1 v3 "" BIND_AUTH_SASL "GSS-SPNEGO"|confirmed|message 1 BIND_REQUEST -1 "" "" "" "GSS-SPNEGO"|`
	saslDone   = `message 1 BIND_RESPONSE 0 "" "" "" ""|`
	gssapiIn   = `gssapi true ` + fmt.Sprintf("%q", spnegoInit) + "|"
	gssapiOut  = `gssapi false ` + fmt.Sprintf("%q", spnegoOK) + "|"
	kerberized = []string{">" + sasl(1, "GSS-SPNEGO", str(spnegoInit)), "<" + result(1, 0x61, 0, el(0x87, spnegoOK))}
)

var talks = []talkCase{
	{name: "bind and unbind", talk: []string{">" + bind, "<" + result(1, 0x61, 0), ">" + unbind}, want: bindMsg + `message 1 BIND_RESPONSE 0 "" "" "" ""|` + unbound},
	{name: "long lengths", talk: []string{">" + long(0x30, num(1), long(0x60, num(3), long(4, "cn=a"), long(0x80, "pw")))}, want: bindMsg},
	{name: "anonymous", talk: []string{">" + msg(1, 0x60, num(3), str(""), el(0x80))}, want: `bind 1 v3 "" BIND_AUTH_SIMPLE ""|confirmed|message 1 BIND_REQUEST -1 "" "" "" ""|`},
	{name: "negative identifier", talk: []string{">" + seq(el(2, "\xff\x00"), el(0x42))}, want: `confirmed|message -256 UNBIND_REQUEST -1 "" "" "" ""|`},
	{name: "controls", talk: []string{">" + seq(num(9), el(0x42), el(0xa0, seq(str("1.2.3"))))}, want: "confirmed|" + unbound},
	{name: "search and its result", talk: []string{">" + bind, ">" + search(2, el(0x87, "objectClass"), str("cn"), str("sn")),
		"<" + msg(2, 0x64, str("cn=b"), seq(seq(str("cn"), el(0x31, str("b"), str("c"))))), "<" + msg(2, 0x73, str("ldap://elsewhere")), "<" + result(2, 0x65, 4)},
		want: bindMsg + searched(2, "(objectClass=*)", "cn", "sn") + `entry 2 "cn=b"|message 2 SEARCH_RESULT_ENTRY -1 "" "" "cn=b" ""|message 2 SEARCH_RESULT_REFERENCE -1 "" "" "" ""|message 2 SEARCH_RESULT_DONE 4 "" "" "" ""|`},
	{name: "text that is not ASCII", talk: []string{">" + bind, "<" + msg(1, 0x61, enumd(49), str("dc=\xc3\xbc"), str("no\x00"))},
		want: bindMsg + `message 1 BIND_RESPONSE 49 "dc=ü" "no\x00" "" ""|`, zeek: bindMsg + `message 1 BIND_RESPONSE 49 "dc=??" "no?" "" ""|`},
	{name: "other operations", talk: []string{">" + bind, "<" + result(1, 0x61, 0),
		">" + msg(2, 0x66, str("cn=b"), seq(seq(enumd(0), seq(str("mail"), el(0x31, str("a"), str("b")))), seq(enumd(1), seq(str("sn"), el(0x31))), seq(enumd(2), seq(str("cn"))))), "<" + result(2, 0x67, 16),
		">" + msg(3, 0x68, str("cn=c"), seq()), "<" + result(3, 0x69, 68), ">" + msg(4, 0x6e, str("cn=d"), seq(str("sn"), str("v"))), "<" + result(4, 0x6f, 6),
		">" + msg(5, 0x6c, str("cn=e"), str("cn=f"), el(1, "\xff")), "<" + result(5, 0x6d, 0)},
		want: bindMsg + `message 1 BIND_RESPONSE 0 "" "" "" ""|message 2 MODIFY_REQUEST -1 "" "" "cn=b" "add(mail=a,b),delete(sn),replace(cn)"|message 2 MODIFY_RESPONSE 16 "" "" "" ""|` +
			`message 3 ADD_REQUEST -1 "" "" "cn=c" ""|message 3 ADD_RESPONSE 68 "" "" "" ""|message 4 COMPARE_REQUEST -1 "" "" "cn=d" "sn=v"|message 4 COMPARE_RESPONSE 6 "" "" "" ""|` +
			`message 5 MOD_DN_REQUEST -1 "" "" "cn=e" "cn=f"|message 5 MOD_DN_RESPONSE 0 "" "" "" ""|`,
		zeek: bindMsg + `message 1 BIND_RESPONSE 0 "" "" "" ""|message 2 MODIFY_REQUEST -1 "" "" "cn=b" "add(mail=ab),delete(sn),replace(cn)"|message 2 MODIFY_RESPONSE 16 "" "" "" ""|` +
			`message 3 ADD_REQUEST -1 "" "" "" ""|message 3 ADD_RESPONSE 68 "" "" "" ""|message 4 COMPARE_REQUEST -1 "" "" "" ""|message 4 COMPARE_RESPONSE 6 "" "" "" ""|` +
			`message 5 MOD_DN_REQUEST -1 "" "" "" ""|message 5 MOD_DN_RESPONSE 0 "" "" "" ""|`},
	{name: "increment", talk: []string{">" + bind, ">" + msg(2, 0x66, str("cn=b"), seq(seq(enumd(3), seq(str("n"), el(0x31, str("1"))))))},
		want: bindMsg + `message 2 MODIFY_REQUEST -1 "" "" "cn=b" "increment(n=1)"|`, zeek: bindMsg + "violation " + reasonMalformed + "|"},
	{name: "delete", talk: []string{">" + bind, ">" + msg(2, 0x4a, "cn=b")},
		want: bindMsg + `message 2 DEL_REQUEST -1 "" "" "cn=b" ""|`, zeek: bindMsg + "violation " + reasonMalformed + "|"},
	{name: "abandon", talk: []string{">" + bind, ">" + msg(2, 0x50, "\x01\x00")}, want: bindMsg + `message 2 ABANDON_REQUEST -1 "" "" "256" ""|`, zeek: bindMsg + "violation " + reasonMalformed + "|"},
	{name: "extended", talk: []string{">" + bind, ">" + msg(2, 0x77, el(0x80, "1.2.3"), el(0x81, "value")), "<" + result(2, 0x78, 0, el(0x8a, "1.2.4"), el(0x8b, "answer"))},
		want: bindMsg + `extended "1.2.3" "value"|message 2 EXTENDED_REQUEST -1 "" "" "1.2.3" ""|extended response "1.2.4" "answer"|message 2 EXTENDED_RESPONSE 0 "" "" "" ""|`},
	{name: "StartTLS", talk: []string{">" + msg(1, 0x77, el(0x80, oidStartTLS)), "<" + result(1, 0x78, 0) + "ab", ">c"},
		want: `extended "1.3.6.1.4.1.1466.20037" ""|confirmed|message 1 EXTENDED_REQUEST -1 "" "" "1.3.6.1.4.1.1466.20037" ""|extended response "" ""|message 1 EXTENDED_RESPONSE 0 "" "" "" ""|starttls|tls false 'a'|tls false 'b'|tls true 'c'|`},
	{name: "StartTLS refused", talk: []string{">" + msg(1, 0x77, el(0x80, oidStartTLS)), "<" + result(1, 0x78, 2), ">" + unbind},
		want: `extended "1.3.6.1.4.1.1466.20037" ""|confirmed|message 1 EXTENDED_REQUEST -1 "" "" "1.3.6.1.4.1.1466.20037" ""|extended response "" ""|message 1 EXTENDED_RESPONSE 2 "" "" "" ""|` + unbound},

	filterCase("equality", eq("cn", "a*(\\)\x00"), `(cn=a\2a\28\5c\29\00)`, `(cn=a\2a\28\\29\00)`),
	filterCase("comparisons", el(0xa1, el(0xa5, str("a"), str("1")), el(0xa6, str("b"), str("2")), el(0xa8, str("c"), str("3"))), `(|(|(a>=1)(b<=2))(c~=3))`, ""),
	filterCase("and of one, none and four", el(0xa0, el(0xa0, eq("a", "1")), el(0xa1), el(0xa0, eq("b", "2"), eq("c", "3"), eq("d", "4"), eq("e", "5"))),
		`(&(&(&(a=1)))(&(&(&(b=2)(c=3))(d=4))(e=5)))`, ""),
	filterCase("not", el(0xa2, el(0x87, "a")), "(!(a=*))", ""),
	filterCase("substrings", el(0xa4, str("cn"), seq(el(0x80, "a"), el(0x81, "b"), el(0x81, "c"), el(0x82, "d*"))), `(cn=a*b*c*d\2a)`, ""),
	filterCase("one substring", el(0xa4, str("cn"), seq(el(0x81, "b"))), "(cn=*b*)", ""),
	filterCase("extensible", el(0xa9, el(0x81, "1.2"), el(0x82, "cn"), el(0x83, "v")), "(cn:1.2:=v)", ""),
	filterCase("extensible with dn", el(0xa9, el(0x82, "cn"), el(0x83, "v"), el(0x84, "\xff")), "(cn:dn:=v)", `(v:cn:=\xff)`),
	filterCase("long value", eq("cn", strings.Repeat("x", 200)), "(cn="+strings.Repeat("x", 200)+")", "violation"),
	filterCase("GUID", eq("DomainGuid", "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"), "(DomainGuid=04030201-0605-0807-090a-0b0c0d0e0f10)", ""),
	filterCase("SID", eq("DomainSid", "\x01\x04\x00\x00\x00\x00\x00\x05\x15\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03\x00\x00\x00"), "(DomainSid=S-1-5-21-1-2-3)", ""),
	filterCase("binary values", el(0xa0, eq("NtVer", "\x16\x00\x00\x20"), eq("AAC", "\x80\x00"), eq("NtVer", "1"), eq("DomainSid", "1"), eq("DomainGuid", "1")),
		"(&(&(&(&(NtVer=0x20000016)(AAC=80:00))(NtVer=HEX_FORMAT_FAILED))(DomainSid=SID_FORMAT_FAILED))(DomainGuid=GUID_FORMAT_FAILED))", ""),
	filterCase("of the greatest depth", nested(maxFilterDepth), strings.Repeat("(!", maxFilterDepth)+"(a=*)"+strings.Repeat(")", maxFilterDepth), ""),
	{name: "filter that is too deep", talk: []string{">" + bind, ">" + search(2, nested(maxFilterDepth+1)), ">" + unbind}, want: bindMsg + "violation " + reasonFilter + "|"},
	{name: "unknown filter", talk: []string{">" + bind, ">" + search(2, el(0xaa, "x"))}, want: bindMsg + "violation " + reasonMalformed + "|"},
	{name: "truncated filter", talk: []string{">" + bind, ">" + search(2, el(0xa3, str("cn"), "\x04\x05ab"))}, want: bindMsg + "violation " + reasonMalformed + "|"},
	{name: "other substring", talk: []string{">" + bind, ">" + search(2, el(0xa4, str("cn"), seq(el(0x83, "b"))))}, want: bindMsg + "violation " + reasonMalformed + "|"},

	{name: "another protocol", talk: []string{">GET / HTTP/1.0\r\n"}, want: "violation " + reasonSequence + "|"},
	{name: "indefinite length", talk: []string{">\x30\x80\x02\x01\x01\x42"}, want: "violation " + reasonMalformed + "|"},
	{name: "unknown operation", talk: []string{">" + bind, ">" + msg(2, 0x7e, "xxxx")}, want: bindMsg + "violation " + reasonMalformed + "|"},
	{name: "operation longer than its message", talk: []string{">" + bind, ">" + seq(num(2), "\x63\x20abc")}, want: bindMsg + "violation " + reasonMalformed + "|"},
	{name: "length of 2 GB", talk: []string{">" + bind, ">\x30\x84\x7f\xff\xff\xff" + "\x02\x01\x01"}, want: bindMsg + "violation LDAP message is too long|"},
	{name: "result that is no number", talk: []string{">" + bind, "<" + msg(1, 0x61, str("0"), str(""), str(""))}, want: bindMsg + "violation " + reasonMalformed + "|"},

	{name: "signed messages", talk: append(slices.Clone(kerberized), ">"+wrap(0, 3, 3, "sum"+search(2, el(0x87, "a"))+unbind), "<"+wrap(1, 3, 0, result(2, 0x65, 0)+"sum")),
		want: saslBegun + gssapiIn + saslDone + gssapiOut + searched(2, "(a=*)") + unbound + `message 2 SEARCH_RESULT_DONE 0 "" "" "" ""|`,
		zeek: saslBegun + saslDone + searched(2, "(a=*)") + unbound + `message 2 SEARCH_RESULT_DONE 0 "" "" "" ""|`},
	{name: "sealed messages", talk: append(slices.Clone(kerberized), ">"+wrap(2, 0, 28, "0123456789"), ">"+wrap(0, 0, 0, unbind), "<\x00\x00\x00\x06\x60\x04abcd"),
		want: saslBegun + gssapiIn + saslDone + gssapiOut + unbound, zeek: saslBegun + saslDone + unbound},
	{name: "rotated token", talk: append(slices.Clone(kerberized), ">"+wrap(0, 3, 2, "abc")), want: saslBegun + gssapiIn + saslDone + gssapiOut + "violation token of Kerberos is rotated|", zeek: saslBegun + saslDone + "violation token of Kerberos is rotated|"},
	{name: "signature longer than the token", talk: append(slices.Clone(kerberized), ">"+wrap(0, 30, 0, "abc")), want: saslBegun + gssapiIn + saslDone + gssapiOut + "violation token of Kerberos is malformed|", zeek: saslBegun + saslDone + "violation token of Kerberos is malformed|"},
	{name: "truncated message in a token", talk: append(slices.Clone(kerberized), ">"+wrap(0, 0, 0, unbind[:5])), want: saslBegun + gssapiIn + saslDone + gssapiOut + "violation " + reasonMalformed + "|", zeek: saslBegun + saslDone + "violation " + reasonMalformed + "|"},
	{name: "mechanism without a security layer", talk: []string{">" + sasl(1, "SCRAM-SHA-256", str("n,,")), "<" + result(1, 0x61, 0), ">" + unbind},
		want: `bind 1 v3 "" BIND_AUTH_SASL "SCRAM-SHA-256"|confirmed|message 1 BIND_REQUEST -1 "" "" "" "SCRAM-SHA-256"|` + saslDone + unbound},
	{name: "mechanism with a security layer", talk: []string{">" + sasl(1, "SRP"), "<" + result(1, 0x61, 0), ">\x00\x00\x00\x03abc\x00\x00\x00\x01d", "<\x00\x00\x00\x02ef"},
		want: `bind 1 v3 "" BIND_AUTH_SASL "SRP"|confirmed|message 1 BIND_REQUEST -1 "" "" "" "SRP"|` + saslDone},
	{name: "GSSAPI, sealed by something else", talk: []string{">" + sasl(1, "GSSAPI"), "<" + result(1, 0x61, 0), ">\x00\x00\x00\x07\x60\x05abcde" + "\x00\x00\x00\x03abc"},
		want: `bind 1 v3 "" BIND_AUTH_SASL "GSSAPI"|confirmed|message 1 BIND_REQUEST -1 "" "" "" "GSSAPI"|` + saslDone},
	{name: "GSSAPI, signed", talk: []string{">" + sasl(1, "GSSAPI"), "<" + result(1, 0x61, 0), ">" + wrap(0, 0, 0, unbind)},
		want: `bind 1 v3 "" BIND_AUTH_SASL "GSSAPI"|confirmed|message 1 BIND_REQUEST -1 "" "" "" "GSSAPI"|` + saslDone + unbound},
	{name: "NTLM in SPNEGO and by itself", talk: []string{">" + sasl(1, "GSS-SPNEGO", str("NTLMSSP\x00a")), "<" + result(1, 0x61, 14, el(0x87, "NTLMSSP\x00b")), ">" + sasl(1, "NTLM", str("NTLMSSP\x00c"))},
		want: saslBegun + `ntlm true "NTLMSSP\x00a"|message 1 BIND_RESPONSE 14 "" "" "" ""|ntlm false "NTLMSSP\x00b"|bind 1 v3 "" BIND_AUTH_SASL "NTLM"|message 1 BIND_REQUEST -1 "" "" "" "NTLM"|ntlm true "NTLMSSP\x00c"|`,
		zeek: saslBegun + `message 1 BIND_RESPONSE 14 "" "" "" ""|bind 1 v3 "" BIND_AUTH_SASL "NTLM"|message 1 BIND_REQUEST -1 "" "" "" "NTLM"|`},
	{name: "Sicily", talk: []string{">" + msg(1, 0x60, num(3), str("u"), el(0x8a, "NTLMSSP\x00a")), "<" + msg(1, 0x61, enumd(0), str("NTLMSSP\x00b"), str(""))},
		want: `bind 1 v3 "u" SICILY_NEGOTIATE "NTLMSSP"|confirmed|message 1 BIND_REQUEST -1 "" "" "u" "NTLMSSP"|ntlm true "NTLMSSP\x00a"|message 1 BIND_RESPONSE 0 "NTLMSSP\x00b" "" "" ""|ntlm false "NTLMSSP\x00b"|`,
		zeek: `bind 1 v3 "u" SICILY_NEGOTIATE "NTLMSSP"|confirmed|message 1 BIND_REQUEST -1 "" "" "u" "NTLMSSP"|message 1 BIND_RESPONSE 0 "NTLMSSP?b" "" "" ""|`},
	{name: "Sicily without NTLM", talk: []string{">" + msg(1, 0x60, num(3), str("u"), el(0x8a, "x"))}, want: "violation " + reasonMalformed + "|"},
	{name: "buffer without a token", talk: append(slices.Clone(kerberized), ">\x00\x00\x00\x01a\x00\x00"), want: saslBegun + gssapiIn + saslDone + gssapiOut + "violation " + reasonMalformed + "|", zeek: saslBegun + saslDone + "violation " + reasonMalformed + "|"},
}

// zeek82 has all effects of Zeek 8.2.
var zeek82, _ = compat.Parse(compat.Zeek82)

// play sends talk in segments whose lengths are cuts, cyclically.
func play(t testing.TB, follow compat.Set, talk []string, cuts []byte) []string {
	b, lines := newBench(t, follow)
	b.Open()
	b.TalkCut(talk, cuts)
	got := *lines
	b.Drain()
	if b.Table.Stats().Panics != 0 {
		t.Error("panic")
	}
	return got
}

func TestTalks(t *testing.T) {
	for _, c := range talks {
		if c.zeek == "" {
			c.zeek = c.want
		}
		for _, cuts := range [][]byte{nil, {0}, {2}, {0, 6, 40}} {
			if got := strings.Join(play(t, 0, c.talk, cuts), "|"); got != strings.TrimSuffix(c.want, "|") {
				t.Errorf("%s, cut %v:\n%s\nwant\n%s", c.name, cuts, got, c.want)
			}
			if got := strings.Join(play(t, zeek82, c.talk, cuts), "|"); got != strings.TrimSuffix(c.zeek, "|") {
				t.Errorf("%s as Zeek, cut %v:\n%s\nwant\n%s", c.name, cuts, got, c.zeek)
			}
		}
	}
}

// TestNesting checks elements of the greatest depth, and of one more, where it counts.
func TestNesting(t *testing.T) {
	attrs := seq() // at depth 0
	for range maxDepth {
		attrs = seq(attrs)
	}
	for _, c := range []struct {
		attrs, want string
		limited     uint64
	}{{attrs, searched(2, "(a=*)"), 0}, {seq(attrs), "violation " + reasonDepth, 1}} {
		b, lines := newBench(t, 0)
		b.Open()
		b.Talk(true, []byte(bind))
		*lines = nil
		b.Talk(true, []byte(msg(2, 0x63, str("dc=x"), enumd(2), enumd(0), num(0), num(0), el(1, "\x00"), el(0x87, "a"), c.attrs)))
		if got := strings.Join(*lines, "|"); got != strings.TrimSuffix(c.want, "|") {
			t.Errorf("%s, want %s", got, c.want)
		}
		if n := b.Table.LimitCounts()[conn.Limit{Protocol: source, Name: "nesting"}]; n != c.limited {
			t.Errorf("limited %d times, want %d", n, c.limited)
		}
		b.Drain()
	}
}

// TestGaps checks what goes on after missing bytes.
func TestGaps(t *testing.T) {
	b, lines := newBench(t, 0)
	b.Open()
	b.Talk(true, []byte(bind))
	*lines = nil
	m := search(2, el(0x87, "abcdefgh"))
	b.Talk(true, []byte(m[:20]))
	b.Skip(true, 10) // inside of a message
	b.Talk(true, []byte(m[30:]+unbind))
	b.Skip(true, 10)
	b.Talk(true, []byte(unbind))
	b.Close()
	b.Drain()
	if got := strings.Join(*lines, "|") + "|"; got != unbound {
		t.Error(got)
	}
}

func TestDatagrams(t *testing.T) {
	for _, c := range []struct{ name, data, want string }{
		{"two messages", msg(2, 0x64, str(""), seq()) + result(2, 0x65, 0), `entry 2 ""|confirmed|message 2 SEARCH_RESULT_ENTRY -1 "" "" "" ""|message 2 SEARCH_RESULT_DONE 0 "" "" "" ""|`},
		{"bind", bind, bindMsg},
		{"SASL", sasl(1, "GSS-SPNEGO", str(spnegoInit)), saslBegun},
		{"StartTLS", msg(1, 0x77, el(0x80, oidStartTLS)), `extended "1.3.6.1.4.1.1466.20037" ""|confirmed|message 1 EXTENDED_REQUEST -1 "" "" "1.3.6.1.4.1.1466.20037" ""|`},
		{"truncated", bind[:12], "violation " + reasonMalformed},
		{"short", bind[:3], "violation " + reasonMalformed},
		{"another protocol", "hello there", "violation " + reasonSequence},
		{"too deep", search(2, nested(maxFilterDepth+1)), "violation " + reasonFilter},
	} {
		b, lines := newBench(t, 0)
		b.Datagram(true, []byte(c.data))
		if got := strings.Join(*lines, "|"); got != strings.TrimSuffix(c.want, "|") {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		b.Drain()
	}
}

// TestDetection checks a bind at another port.
func TestDetection(t *testing.T) {
	for _, c := range []struct{ client, server, want string }{
		{bind, result(1, 0x61, 0), bindMsg + saslDone},
		{search(1, el(0x87, "a")), result(1, 0x65, 0), ""},
		{bind, "HTTP/1.1 400", ""},
		{seq(num(10), el(0x60, num(3), str("cn=a"), el(0x80, "pw"))), result(10, 0x61, 0), ""}, // as in Zeek, whose dot is no line feed
	} {
		b, lines := newBench(t, 0, true)
		b.Server = netip.AddrPortFrom(b.Server.Addr(), 32681)
		b.Open()
		b.Talk(true, []byte(c.client))
		b.Talk(false, []byte(c.server))
		if got := strings.Join(*lines, "|"); got != strings.TrimSuffix(c.want, "|") {
			t.Errorf("%q: %s, want %s", c.client, got, c.want)
		}
		b.Drain()
	}
}

func FuzzTalk(f *testing.F) {
	for _, c := range talks {
		client, server := testconn.Sides(c.talk)
		f.Add(server, client, uint16(1000), []byte{3, 40}, false)
		f.Add(server, client, uint16(1000), []byte{0}, true)
	}
	f.Fuzz(func(t *testing.T, server, client []byte, first uint16, cuts []byte, asZeek bool) {
		if len(server)+len(client) > 8000 {
			return
		}
		follow := compat.Set(0)
		if asZeek {
			follow = zeek82
		}
		n := min(int(first), len(client))
		talk := []string{">" + string(client[:n]), "<" + string(server), ">" + string(client[n:])}
		whole, parts := play(t, follow, talk, nil), play(t, follow, talk, cuts)
		if !slices.Equal(whole, parts) {
			t.Errorf("whole: %q\nin parts: %q", whole, parts)
		}
		if len(whole) > 20+2*(len(server)+len(client)) {
			t.Errorf("%d events of %d bytes", len(whole), len(server)+len(client))
		}
	})
}

func FuzzDatagram(f *testing.F) {
	for _, c := range talks {
		client, server := testconn.Sides(c.talk)
		f.Add(client, server)
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		if len(first)+len(second) > 4096 {
			return
		}
		b, lines := newBench(t, 0)
		b.Datagram(true, first)
		b.Datagram(false, second)
		b.Datagram(true, bytes.Clone(second))
		b.Drain()
		if b.Table.Stats().Panics != 0 {
			t.Fatal("panic")
		}
		if len(*lines) > 20+4*(len(first)+2*len(second)) {
			t.Errorf("%d events", len(*lines))
		}
	})
}
