package snmp

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
)

func newBench(t testing.TB) (*testconn.Bench, func() []string) {
	b := testconn.New(t, testconn.Config())
	raised := b.Record("snmp_")
	b.SetAttacher(detect.New([]*detect.Protocol{New(b.Hooks)}))
	b.Server = netip.AddrPortFrom(b.Server.Addr(), port)
	return b, raised
}

// el builds an element from a tag and its contents.
func el(tag byte, parts ...string) string {
	s := strings.Join(parts, "")
	if len(s) < 0x80 {
		return string([]byte{tag, byte(len(s))}) + s
	}
	return string([]byte{tag, 0x82, byte(len(s) >> 8), byte(len(s))}) + s
}

func seq(parts ...string) string { return el(0x30, parts...) }

func num(n ...byte) string { return el(tagInteger, string(n)) }

func str(s string) string { return el(tagOctetString, s) }

func oid(b ...byte) string { return el(tagOID, string(b)) }

// bind builds a binding of 1.3.6.1.
func bind(v string) string { return seq(oid(0x2b, 6, 1), v) }

// pdu builds a PDU of the common form.
func pdu(tag byte, bindings ...string) string {
	return el(tag, num(1, 0), num(0), num(0), seq(bindings...))
}

func v1(pdu string) string { return seq(num(version1), str("public"), pdu) }

func v2(pdu string) string { return seq(num(version2c), str("c"), pdu) }

// v3 builds a message of version 3 with parameters of the user-based security model.
func v3(flags string, data string) string {
	user := seq(str("engine"), num(2), num(0x10, 0), str("user"), str("auth"), str("priv"))
	return seq(num(version3), seq(num(5), num(0x7f, 0xff), str(flags), num(userSecurityModel)), str(user), data)
}

func scoped(pdu string) string { return seq(str("context"), str("name"), pdu) }

const (
	header1 = `"header":{"version":0,"v1":{"community":"public"}}`
	header2 = `"header":{"version":1,"v2":{"community":"c"}}`
	header3 = `"header":{"version":3,"v3":{"id":5,"max_size":32767,"flags":FLAGS,"security_model":3,` +
		`"security_params":"0!\\x04\\x06engine\\x02\\x01\\x02\\x02\\x02\\x10\\x00\\x04\\x04user\\x04\\x04auth\\x04\\x04priv"`
	user3 = `"user_security_parameters":{"AuthoritativeEngineID":"engine","AuthoritativeEngineBoots":2,"AuthoritativeEngineTime":4096,` +
		`"UserName":"user","AuthenticationParameters":"auth","PrivacyParameters":"priv"}`
)

func TestMessages(t *testing.T) {
	common := func(name, header, bindings string) string {
		return name + ` {"is_orig":true,` + header + `,"pdu":{"request_id":256,"error_status":0,"error_index":0,"bindings":[` + bindings + `]}}`
	}
	bound := func(v string) string { return `{"oid":"1.3.6.1","value":{` + v + `}}` }
	plain3 := strings.Replace(header3, "FLAGS", `4,"auth_flag":false,"priv_flag":false,"reportable_flag":true`, 1) +
		`,"pdu_context":{"engine_id":"context","name":"name"},` + user3 + `}}`
	private3 := strings.Replace(header3, "FLAGS", `3,"auth_flag":true,"priv_flag":true,"reportable_flag":false`, 1) + `}}`
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"get", v1(pdu(tagGetRequest, bind(el(tagNull)))), []string{common("snmp_get_request", header1, bound(`"tag":5`))}},
		{"get next", v2(pdu(tagGetNextRequest)), []string{common("snmp_get_next_request", header2, "")}},
		{"values", v2(pdu(tagResponse,
			bind(num(0xff)), bind(oid(0x2b, 0x81, 0x00)), bind(el(tagCounter32, "\x00\xff\xff\xff\xff")), bind(el(tagTimeTicks, "\x10")),
			bind(el(tagCounter64, "\xff\xff\xff\xff\xff\xff\xff\xff")), bind(el(tagIPAddress, "\x0a\x00\x00\x01")), bind(el(tagIPAddress, "\x0a")),
			bind(str("text")), bind(el(0x44, "\x00")), bind(el(tagNoSuchObject)), bind(el(tagEndOfMibView)),
		)), []string{common("snmp_response", header2, strings.Join([]string{
			bound(`"tag":2,"signed":255`), bound(`"tag":6,"oid":"1.3.128"`), bound(`"tag":65,"unsigned":4294967295`), bound(`"tag":67,"unsigned":16`),
			bound(`"tag":70,"unsigned":18446744073709551615`), bound(`"tag":64,"address":"10.0.0.1"`), bound(`"tag":64,"address":"::"`),
			bound(`"tag":4,"octets":"text"`), bound(`"tag":68,"octets":"\\x00"`), bound(`"tag":128`), bound(`"tag":130`),
		}, ","))}},
		{"set", v2(pdu(tagSetRequest, bind(num(1)))), []string{common("snmp_set_request", header2, bound(`"tag":2,"signed":1`))}},
		{"inform", v2(pdu(tagInformRequest)), []string{common("snmp_inform_request", header2, "")}},
		{"trap of version 2", v2(pdu(tagTrapV2)), []string{common("snmp_trapV2", header2, "")}},
		{"bulk", v2(pdu(tagGetBulkRequest)), []string{`snmp_get_bulk_request {"is_orig":true,` + header2 + `,"pdu":{"request_id":256,"non_repeaters":0,"max_repetitions":0,"bindings":[]}}`}},
		{"trap", v1(el(tagTrap, oid(0x2b, 6), el(tagIPAddress, "\x0a\x00\x00\x01"), num(6), num(7), el(tagTimeTicks, "\x64"), seq(bind(num(1))))),
			[]string{`snmp_trap {"is_orig":true,` + header1 + `,"pdu":{"enterprise":"1.3.6","agent":"10.0.0.1","generic_trap":6,"specific_trap":7,"time_stamp":100,"bindings":[` + bound(`"tag":2,"signed":1`) + `]}}`}},
		{"report of version 3", v3("\x04", scoped(pdu(tagReport))), []string{common("snmp_report", plain3, "")}},
		{"encrypted", v3("\x03", str("secret")), []string{`snmp_encrypted_pdu {"is_orig":true,` + private3 + `}`}},
		{"unknown scoped PDU", v3("\x03", num(1)), []string{`snmp_unknown_scoped_pdu {"is_orig":true,` + private3 + `,"tag":2}`}},
		{"unknown PDU", v1(el(0xaf, "rest")), []string{`snmp_unknown_pdu {"is_orig":true,` + header1 + `,"tag":175}`}},
		{"unknown version", seq(num(9), "rest"), []string{`snmp_unknown_header_version {"is_orig":true,"version":9}`}},

		{"malformed name", v1(pdu(tagGetRequest, seq(oid(0x2b, 0x81), el(tagNull)))), []string{common("snmp_get_request", header1, `{"oid":"","value":{"tag":5}}`)}},
		{"a part that is too long", v1(pdu(tagGetRequest, seq(oid(0x2b, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 1), el(tagNull)))),
			[]string{"net_weird asn_oid_subidentifier_too_long 11", common("snmp_get_request", header1, `{"oid":"","value":{"tag":5}}`)}},
		{"9 bytes", v1(pdu(tagGetRequest, bind(num(0, 1, 1, 1, 1, 1, 1, 1, 1)))),
			[]string{"net_weird asn_binary_to_int64_shift_too_large 9", common("snmp_get_request", header1, bound(`"tag":2,"signed":0`))}},

		{"no sequence", num(1), []string{"violation Binpac exception: binpac exception: Got ASN.1 tag 2, expect 48", "done"}},
		{"wrong version", seq(str("1")), []string{"violation Binpac exception: binpac exception: Got ASN.1 tag 4, expect 2", "done"}},
		{"wide", seq(num(0, 0, 0, 0, 0, 0, 0, 0, 0, 1)), []string{"violation Binpac exception: binpac exception: ASN.1 integer width overflow: 10", "done"}},
		{"cut", v1(pdu(tagGetRequest, bind(el(tagNull))))[:20], []string{"violation Binpac exception: binpac exception: out_of_bound: ASN1EncodingMeta:len: 2 > 1", "done"}},
		{"wrong flags", v3("\x04\x04", scoped(pdu(tagReport))), []string{
			"violation Invalid v3 HeaderData msgFlags", common("snmp_report", plain3, ""), "done"}},
		{"wrong parameters", seq(num(version3), seq(num(5), num(1), str("\x04"), num(3)), str(num(1)), scoped(pdu(tagReport))), []string{
			"violation Binpac exception: binpac exception: Got ASN.1 tag 2, expect 48", "done"}},
	} {
		b, raised := newBench(t)
		b.Datagram(true, []byte(c.in))
		if got := raised(); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n%q, want\n%q", c.name, got, c.want)
		}
	}
}

// Only an answer confirms the protocol.
func TestConfirmation(t *testing.T) {
	b, raised := newBench(t)
	b.Datagram(true, []byte(seq(num(9))))
	b.Datagram(false, []byte(seq(num(9))))
	b.Drain()
	want := []string{
		`snmp_unknown_header_version {"is_orig":true,"version":9}`, `snmp_unknown_header_version {"is_orig":false,"version":9}`, "confirmed SNMP", "done",
	}
	if got := raised(); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func FuzzMessage(f *testing.F) {
	for _, s := range []string{
		v1(pdu(tagGetRequest, bind(el(tagNull)))), v2(pdu(tagResponse, bind(num(1)), bind(str("x")))), v3("\x04", scoped(pdu(tagReport))), v3("\x03", str("secret")),
		v1(el(tagTrap, oid(0x2b, 6), el(tagIPAddress, "\x0a\x00\x00\x01"), num(6), num(7), el(tagTimeTicks, "\x64"), seq())), v2(pdu(tagGetBulkRequest)),
	} {
		f.Add([]byte(s), []byte(v2(pdu(tagResponse, bind(oid(0x2b, 6, 1))))))
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		if len(first)+len(second) > 4096 {
			return
		}
		b, raised := newBench(t)
		b.Datagram(true, first)
		b.Datagram(false, second)
		b.Drain()
		if b.Table.Stats().Panics != 0 {
			t.Fatal("panic")
		}
		if got := raised(); !slices.Contains(got, "done") {
			t.Errorf("%q", got)
		}
	})
}

// listening returns an analyzer whose events have listeners.
func listening(t testing.TB) conn.Analyzer {
	b := testconn.New(t, testconn.Config())
	b.Hooks.SNMP.GetRequest.Listen(func(*event.SNMPGetRequest) {})
	b.Hooks.SNMP.Response.Listen(func(*event.SNMPResponse) {})
	p := New(b.Hooks)
	b.Datagram(true, []byte("x"))
	return b.New(&p.Protocol)
}

var usual = []byte(v2(pdu(tagResponse, bind(str("Linux host 6.1")), bind(el(tagTimeTicks, "\x10\x20")), bind(oid(0x2b, 6, 1, 4, 1, 0xbf, 8, 3)))))

func BenchmarkMessage(b *testing.B) {
	a := listening(b)
	b.ReportAllocs()
	for b.Loop() {
		a.Data(false, usual)
	}
}
