package krb

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/codec/asn1"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/dissect/file/x509"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

// el builds a DER element from a tag and its contents.
func el(tag byte, parts ...string) string {
	s := strings.Join(parts, "")
	switch n := len(s); {
	case n < 0x80:
		return string([]byte{tag, byte(n)}) + s
	case n < 0x100:
		return string([]byte{tag, 0x81, byte(n)}) + s
	default:
		return string([]byte{tag, 0x82, byte(n >> 8), byte(n)}) + s
	}
}

// in builds an element with an explicit tag [n].
func in(n byte, parts ...string) string { return el(asn1.TagContext+n, parts...) }

func seq(parts ...string) string { return el(asn1.TagSequence, parts...) }

func num(n ...byte) string { return el(0x02, string(n)) }

func str(s string) string { return el(0x1b, s) }

func octets(s string) string { return el(0x04, s) }

func name(parts ...string) string {
	s := ""
	for _, p := range parts {
		s += str(p)
	}
	return seq(in(0, num(1)), in(1, seq(s)))
}

func stamp(s string) string { return el(0x18, s) }

func encrypted(s string) string { return seq(in(0, num(18)), in(1, num(3)), in(2, octets(s))) }

func ticket(service ...string) string {
	return el(0x61, seq(in(0, num(5)), in(1, str("R.TEST")), in(2, name(service...)), in(3, seq(in(0, num(23)), in(2, octets("tkt"))))))
}

// message builds a message with the given application tag, version and type, whose fields are
// numbered from first.
func message(tag, first byte, fields ...string) string {
	return el(0x60+tag, seq(in(first, num(5)), in(first+1, num(tag)), strings.Join(fields, "")))
}

// padata builds a PA-DATA with val in its octet string.
func padata(typ byte, val string) string { return seq(in(1, num(typ)), in(2, octets(val))) }

var (
	flags   = el(0x03, "\x00\x40\x80\x00\x10")
	body    = in(4, seq(in(0, flags), in(1, name("u")), in(2, str("R.TEST")), in(3, name("krbtgt", "R.TEST")), in(5, stamp("19700101000010Z")), in(7, num(1, 0)), in(8, seq(num(18), num(23))), in(9, seq(seq(in(0, num(20)), in(1, octets("HOST"))), seq(in(0, num(2)), in(1, octets("\x01\x02\x03\x04"))), seq(in(0, num(24)), in(1, octets("short"))))), in(11, seq(ticket("a"), ticket("b", "c")))))
	apReq   = message(msgAPReq, 0, in(2, el(0x03, "\x00\x60\x00\x00\x00")), in(3, ticket("host", "h.test")), in(4, encrypted("auth")))
	asReq   = message(msgASReq, 1, in(3, seq(padata(2, encrypted("stamp")), padata(149, ""), padata(3, "salt"))), body)
	tgsReq  = message(msgTGSReq, 1, in(3, seq(padata(1, apReq))), body)
	asRep   = message(msgASRep, 0, in(2, seq(padata(19, seq(seq(in(0, num(18)), in(1, str("R.TESTu"))))))), in(3, str("R.TEST")), in(4, name("u")), in(5, ticket("krbtgt", "R.TEST")), in(6, encrypted("part")))
	krbErr  = message(msgError, 0, in(4, stamp("19700101000010Z")), in(5, num(5)), in(6, num(25)), in(9, str("R.TEST")), in(10, name("x")), in(11, str("text")), in(12, octets(seq(padata(2, ""), padata(19, "info")))))
	krbErr2 = message(msgError, 0, in(4, stamp("19700101000010Z")), in(5, num(5)), in(6, num(25)), in(9, str("R.TEST")), in(10, name("x")), in(12, seq(padata(2, ""), padata(19, "info"))))
	safe    = message(msgSafe, 0, in(2, seq(in(0, octets("data")), in(1, stamp("19700101000010Z")), in(2, num(1)), in(3, num(9)), in(4, seq(in(0, num(2)), in(1, octets("\x01\x02\x03\x04")))), in(5, seq(in(0, num(7)), in(1, octets("?")))))), in(3, seq(in(0, num(7)), in(1, octets("sum")))))
	cred    = message(msgCred, 0, in(2, seq(ticket("a", "b"))), in(3, encrypted("x")))
	priv    = message(msgPriv, 0, in(3, encrypted("x")))
	apRep   = message(msgAPRep, 0, in(2, encrypted("x")))
)

// newBench returns a bench that records Kerberos events in lines.
func newBench(t testing.TB, lines *[]string) *testconn.Bench {
	return newBenchWith(t, lines, DefaultOptions())
}

func newBenchWith(t testing.TB, lines *[]string, o Options) *testconn.Bench {
	b := testconn.New(t, testconn.Config())
	add := func(format string, a ...any) { *lines = append(*lines, fmt.Sprintf(format, a...)) }
	if _, err := event.NewStream(b.Hooks, func() value.Time { return 0 }, func(line []byte) {
		s := string(line)
		if i := strings.Index(s, `"args":`); i > 0 && strings.HasPrefix(s, `{"ts":0.0,"event":"krb_`) {
			add("%s %s", s[19:strings.IndexByte(s[19:], '"')+19], strings.TrimSuffix(s[i+7:], "}\n"))
		}
	}); err != nil {
		t.Fatal(err)
	}
	b.Hooks.Weird.Conn.Listen(func(e *event.ConnWeird) { add("weird %s", e.Name) })
	b.Hooks.Analyzer.ViolationInfo.Listen(func(e *event.AnalyzerViolationInfo) { add("violation %s", e.Info.Reason) })
	fm := files.New(files.DefaultOptions(), b.Hooks, b.Table, func(value.Time, uint64, uint64) {})
	udp, tcp := New(b.Hooks, x509.NewSender(fm), o)
	b.SetAttacher(detect.New([]*detect.Protocol{udp, tcp}))
	b.Server = netip.AddrPortFrom(b.Server.Addr(), port)
	return b
}

// framed returns a message with its length, as over TCP.
func framed(m string) string {
	return string(binary.BigEndian.AppendUint32(nil, uint32(len(m)))) + m
}

func play(b *testconn.Bench, size int, orig, resp string) {
	b.Open()
	for i, data := range []string{orig, resp} {
		for part := range slices.Chunk([]byte(data), size) {
			b.Talk(i == 0, part)
		}
	}
	b.Close()
	b.Drain()
}

const (
	options = `"kdc_options":{"forwardable":true,"forwarded":false,"proxiable":false,"proxy":false,"allow_postdate":false,"postdated":false,"renewable":true,"opt_hardware_auth":false,"disable_transited_check":true,"renewable_ok":false,"enc_tkt_in_skey":false,"renew":false,"validate":false}`
	rest    = options + `,"client_name":"u","service_realm":"R.TEST","service_name":"krbtgt/R.TEST","till":10.0,"nonce":256,"encryption_types":[18,23],` +
		`"host_addrs":[{"netbios":"HOST"},{"ip":"1.2.3.4"},{"unknown":{"data_type":24,"val":"short"}}],"additional_tickets":[` +
		`{"pvno":5,"realm":"R.TEST","service_name":"a","cipher":23,"ciphertext":"tkt"},{"pvno":5,"realm":"R.TEST","service_name":"b/c","cipher":23,"ciphertext":"tkt"}]}`
	tkt = `{"pvno":5,"realm":"R.TEST","service_name":`
)

const outOfBound = "Binpac exception: binpac exception: out_of_bound: "

// malformed returns the violation of a message that is truncated inside.
func malformed(what string) []string { return []string{"violation " + outOfBound + what} }

func TestMessages(t *testing.T) {
	apEvent := `krb_ap_request {"ticket":` + tkt + `"host/h.test","cipher":23,"ciphertext":"tkt","authenticationinfo":""},"opts":{"use_session_key":true,"mutual_required":true}}`
	for _, c := range []struct {
		message string
		want    []string
	}{
		{asReq, []string{"weird invalid_kerberos_addr_len", `krb_as_request {"msg":{"pvno":5,"msg_type":10,"pa_data":[{"data_type":2,"val":"stamp"},{"data_type":3,"val":"salt"}],` + rest + `}`}},
		{tgsReq, []string{apEvent, "weird invalid_kerberos_addr_len", `krb_tgs_request {"msg":{"pvno":5,"msg_type":12,"pa_data":[],` + rest + `}`}},
		{asRep, []string{`krb_as_response {"msg":{"pvno":5,"msg_type":11,"pa_data":[{"data_type":19,"val":"R.TESTu"}],"client_realm":"R.TEST","client_name":"u",` +
			`"ticket":` + tkt + `"krbtgt/R.TEST","cipher":23,"ciphertext":"tkt"},"enc_part":{"kvno":3,"cipher":18,"ciphertext":"part"}}}`}},
		{apReq, []string{apEvent}},
		{apRep, []string{`krb_ap_response {}`}},
		{priv, []string{`krb_priv {"is_orig":true}`}},
		{safe, []string{`krb_safe {"is_orig":true,"msg":{"pvno":5,"msg_type":20,"data":"data","timestamp":10.000001,"seq":9,"sender":{"ip":"1.2.3.4"},"recipient":{"unknown":{"data_type":7,"val":"?"}}}}`}},
		{cred, []string{`krb_cred {"is_orig":true,"tickets":[` + tkt + `"a/b","cipher":23,"ciphertext":"tkt"}]}`}},
		{krbErr, []string{`krb_error {"msg":{"pvno":5,"msg_type":30,"server_time":10.00005,"error_code":25,"service_realm":"R.TEST","service_name":"x","error_text":"text","pa_data":[]}}`}},
		{krbErr2, []string{`krb_error {"msg":{"pvno":5,"msg_type":30,"server_time":10.00005,"error_code":25,"service_realm":"R.TEST","service_name":"x","pa_data":[{"data_type":2,"val":"\\x04\\x00"},{"data_type":19,"val":"\\x04\\x04info"}]}}`}},
		{el(0x65, "x"), []string{"violation Binpac exception: binpac exception: invalid index for case: KRB_PDU: 5"}},
		{message(msgError, 0, in(6, num(1)), in(13, num(1))), []string{"violation Binpac exception: binpac exception: invalid index for case: KRB_ERROR_Arg_Data: 13"}},
		{asReq[:len(asReq)-1], malformed("KRB_REQ_Arg:data: 109 > 108")},
		{asRep[:len(asRep)-1], malformed("KRB_Encrypted_Data_in_Seq:data: 22 > 21")},
		{strings.Replace(asRep, in(3, str("R.TEST")), "\xa3\x7f", 1), malformed("KRB_KDC_REP:client_realm: 177 > 154")},
		{message(msgASReq, 1, "\xa3\x82\x7f\xff", body), malformed("KRB_PA_Data_Optional_Contents:padata: 32767 > 266")},
		{apReq[:21], malformed("KRB_AP_Options:flags: 9 > 7")},
		{message(msgError, 0, in(4, stamp("19700101000010Z"))), malformed("ASN1EncodingMeta:len: 2 > 0")},
		{"", malformed("ASN1EncodingMeta:len: 2 > 0")},
	} {
		for _, size := range []int{1 << 14, 1, 7} {
			var got []string
			play(newBench(t, &got), size, framed(c.message), "")
			if !slices.Equal(got, c.want) {
				t.Errorf("by %d:\ngot  %s\nwant %s", size, strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
			}
		}
	}
}

// TestDatagrams tests a request and its reply over UDP, on a port without meaning.
func TestDatagrams(t *testing.T) {
	var got []string
	b := newBench(t, &got)
	b.Server = netip.AddrPortFrom(b.Server.Addr(), 8888)
	b.Packet(testconn.UDP(b.Client, b.Server, []byte(asReq)))
	b.Packet(testconn.UDP(b.Server, b.Client, []byte(asRep)))
	b.Drain()
	if len(got) != 3 || !strings.HasPrefix(got[1], "krb_as_request") || !strings.HasPrefix(got[2], "krb_as_response") {
		t.Errorf("%q", got)
	}
}

// TestNesting tests elements nested ten thousand deep.
func TestNesting(t *testing.T) {
	deep := strings.Repeat("\x30\x82\x10\x00", 10_000)
	var got []string
	play(newBench(t, &got), 1<<14, framed("\x6a\x80"+deep), "")
	if len(got) != 1 || !strings.HasPrefix(got[0], "violation") {
		t.Errorf("%q", got)
	}
}

// TestTooLong tests an impossible length, after which nothing is read.
func TestTooLong(t *testing.T) {
	var got []string
	b := newBench(t, &got)
	play(b, 1, "\x7f\xff\xff\xff"+framed(priv), framed(apRep))
	if len(got) != 0 || b.Table.LimitCounts()[conn.Limit{Protocol: "KRB_TCP", Name: "message_size"}] != 1 {
		t.Errorf("%q, %v", got, b.Table.LimitCounts())
	}
}

// TestLoss tests missing bytes, after which nothing is read.
func TestLoss(t *testing.T) {
	var got []string
	b := newBench(t, &got)
	b.Open()
	b.Talk(true, []byte(framed(priv)))
	b.Skip(true, 10)
	b.Talk(true, []byte(framed(priv)))
	b.Talk(false, []byte(framed(apRep)))
	b.Close()
	b.Drain()
	if !slices.Equal(got, []string{`krb_priv {"is_orig":true}`}) {
		t.Errorf("%q", got)
	}
}

// listening returns a stream's analyzer with listeners.
func listening(t testing.TB) conn.Analyzer {
	b := testconn.New(t, testconn.Config())
	h := &b.Hooks.KRB
	h.TGSRequest.Listen(func(*event.KRBTGSRequest) {})
	h.ASResponse.Listen(func(*event.KRBASResponse) {})
	h.APRequest.Listen(func(*event.KRBAPRequest) {})
	_, tcp := New(b.Hooks, nil, DefaultOptions())
	b.SetAttacher(detect.New([]*detect.Protocol{tcp}))
	b.Open()
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	return tcp.New(b.Table.Nested(c, &tcp.Protocol))
}

var exchange = [2][]byte{[]byte(framed(tgsReq)), []byte(framed(asRep))}

func BenchmarkExchange(b *testing.B) {
	a := listening(b)
	b.SetBytes(int64(len(exchange[0]) + len(exchange[1])))
	b.ReportAllocs()
	for b.Loop() {
		a.Data(true, exchange[0])
		a.Data(false, exchange[1])
	}
}

// FuzzMessage decodes a message over UDP, and over TCP in segments of any size.
func FuzzMessage(f *testing.F) {
	for _, m := range []string{asReq, tgsReq, asRep, apReq, apRep, priv, safe, cred, krbErr, krbErr2} {
		f.Add([]byte(m), uint8(3))
	}
	f.Fuzz(func(t *testing.T, m []byte, size uint8) {
		if len(m) > 4096 {
			return // in longer input a violation does not remove the analyzer
		}
		run := func(size int) (lines []string) {
			b := newBench(t, &lines)
			play(b, size, framed(string(m))+framed(priv), framed(apRep))
			if b.Table.Stats().Panics != 0 {
				t.Fatal("panic")
			}
			return lines
		}
		if whole, cut := run(1<<14), run(int(size)+1); !slices.Equal(whole, cut) {
			t.Errorf("whole %q\ncut   %q", whole, cut)
		}
	})
}
