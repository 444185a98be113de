package rdp

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
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/dissect/file/x509"
	"github.com/wirelog/wirelog/internal/testconn"
)

// inside is a stand-in for TLS that records its input.
type inside struct{ lines *[]string }

func (s inside) Data(isOrig bool, b []byte) {
	for _, x := range b {
		*s.lines = append(*s.lines, fmt.Sprintf("tls %t %q", isOrig, x))
	}
}
func (s inside) Gap(bool, uint64) {}
func (s inside) End(bool)         {}
func (s inside) Done()            {}

func newBench(t testing.TB) (*testconn.Bench, *[]string) {
	b := testconn.New(t, testconn.Config())
	lines := new([]string)
	add := func(format string, a ...any) { *lines = append(*lines, fmt.Sprintf(format, a...)) }
	h := &b.Hooks.RDP
	h.ConnectRequest.Listen(func(e *event.RDPConnectRequest) { add("request %q %d", e.Cookie, e.Flags) })
	h.NegotiationResponse.Listen(func(e *event.RDPNegotiationResponse) { add("response %d %d", e.SecurityProtocol, e.Flags) })
	h.NegotiationFailure.Listen(func(e *event.RDPNegotiationFailure) { add("failure %d %d", e.FailureCode, e.Flags) })
	h.ClientCoreData.Listen(func(e *event.RDPClientCoreData) {
		d := &e.Data
		add("core %dx%d %d %d %q %q %q %t", d.DesktopWidth, d.DesktopHeight, d.KeyboardLayout, d.ClientBuild,
			d.ClientName, d.IMEFileName, d.DigProductID, d.ECFlags.Want32bppSession)
	})
	h.ClientNetworkData.Listen(func(e *event.RDPClientNetworkData) {
		for i := range e.Channels {
			add("channel %q %t", e.Channels[i].Name, e.Channels[i].Initialized)
		}
	})
	h.GCCServerCreateResponse.Listen(func(e *event.RDPGCCServerCreateResponse) { add("created %d", e.Result) })
	h.ServerSecurity.Listen(func(e *event.RDPServerSecurity) { add("security %d %d", e.EncryptionMethod, e.EncryptionLevel) })
	h.ServerCertificate.Listen(func(e *event.RDPServerCertificate) { add("certificate %d %t", e.CertType, e.PermanentlyIssued) })
	h.BeginEncryption.Listen(func(e *event.RDPBeginEncryption) { add("encryption %d", e.SecurityProtocol) })
	b.Hooks.File.New.Listen(func(e *event.FileNew) { add("file %s", e.File.Source()) })
	b.Hooks.Weird.Conn.Listen(func(e *event.ConnWeird) { add("weird %s %s", e.Name, e.Addl) })
	b.Hooks.Analyzer.ConfirmationInfo.Listen(func(e *event.AnalyzerConfirmationInfo) { add("confirmed %s", e.AType[19:]) })
	b.Hooks.Analyzer.ViolationInfo.Listen(func(e *event.AnalyzerViolationInfo) {
		add("violation %s", strings.TrimPrefix(string(e.Info.Reason), "Binpac exception: binpac exception: "))
	})
	ssl := &conn.Protocol{Name: "SSL", Service: "ssl", New: func(conn.Use) conn.Analyzer { return inside{lines} }}
	certs := x509.NewSender(files.New(files.DefaultOptions(), b.Hooks, b.Table, nil))
	tcp, udp := New(b.Hooks, certs, ssl)
	d, err := detect.New([]*detect.Protocol{tcp, udp})
	o := detect.DefaultOptions()
	o.BufferSize, o.MaxPackets = 1<<20, 1<<20 // the limits depend, like Zeek's, on how a stream is cut
	b.SetAttacher(d, err)
	d.Configure(o, b.Hooks)
	b.Server = netip.AddrPortFrom(b.Server.Addr(), port)
	return b, lines
}

func le16(n int) string { return string(binary.LittleEndian.AppendUint16(nil, uint16(n))) }
func le32(n int) string { return string(binary.LittleEndian.AppendUint32(nil, uint32(n))) }
func big16(n int) string {
	return string(binary.BigEndian.AppendUint16(nil, uint16(n)))
}
func zeros(n int) string { return strings.Repeat("\x00", n) }

// tpkt returns an X.224 message of type typ in a TPKT.
func tpkt(typ byte, rest string) string {
	return "\x03\x00" + big16(headerLen+2+len(rest)) + string([]byte{byte(1 + len(rest)), typ}) + rest
}

func request(cookie, negotiation string) string {
	return tpkt(connectionRequest, zeros(5)+cookie+negotiation)
}

func confirm(typ, flags byte, value int) string {
	return tpkt(connectionConfirm, zeros(5)+string([]byte{typ, flags})+le16(8)+le32(value))
}

func block(typ int, data string) string { return le16(typ) + le16(4+len(data)) + data }

func wide(s string, n int) string {
	var b strings.Builder
	for _, x := range s {
		b.WriteString(le16(int(x)))
	}
	return b.String() + zeros(n-b.Len())
}

func core() string {
	return block(clientCore, le16(4)+le16(8)+le16(1920)+le16(1080)+le16(0xca01)+le16(0xaa03)+le32(1033)+le32(9600)+
		wide("PC", 32)+le32(4)+le32(0)+le32(12)+zeros(64)+le16(0xca01)+le16(1)+le32(0)+le16(24)+le16(15)+le16(2)+wide("id", 64))
}

func network(n int) string {
	return block(clientNetwork, le32(n)+strings.Repeat("rdpsnd\x00\x00"+le32(1<<31), n))
}

// initial returns an MCS Connect Initial.
func initial(blocks string) string {
	return tpkt(dataTPDU, "\x80\x7f\x65\x82\x01\x00"+"\x04\x01\x01\x04\x01\x01\x01\x01\xff"+"\x30\x02\x00\x00\x30\x81\x01\x00\x30\x00"+
		"\x04\x82\x01\x00"+"\x00\x05\x00\x14\x7c\x00\x01"+"\x81\x00"+zeros(8)+"Duca"+"\x81\x00"+blocks)
}

// response returns an MCS Connect Response.
func response(blocks string) string {
	return tpkt(dataTPDU, "\x80\x7f\x66\x82\x01\x00"+"\x0a\x01\x00"+"\x02\x01\x00"+"\x30\x01\x00"+"\x04\x82\x01\x00"+
		"\x00\x05\x00\x14\x7c\x00\x01"+"\x2a"+zeros(9)+"McDn"+"\x81\x00"+blocks)
}

func security(method, level int, cert string) string {
	return block(serverSecurity, le32(method)+le32(level)+le32(32)+le32(len(cert))+zeros(32)+cert)
}

var (
	blob     = "RSA1" + le32(3) + le32(24) + le32(3) + "mod"
	ownCert  = le32(1) + le32(1) + le32(1) + le16(6) + le16(len(blob)) + blob + le16(8) + le16(2) + "ab"
	x509Cert = le32(2|certTemporary) + le32(2) + le32(3) + "one" + le32(3) + "two"
)

var talks = []struct {
	name string
	talk []string // ">" or "<" and what that side sends
	want string
}{
	{"TLS", []string{">" + request("Cookie: mstshash=me\r\n", "\x01\x00"+le16(8)+le32(3)), "<" + confirm(2, 31, 8), ">a", "<b"},
		`request "me" 0|encryption 8|response 8 31|tls true 'a'|tls false 'b'`},
	{"no cookie", []string{">" + request("", "\x01\x05"+le16(8)+le32(3))}, `request "" 5`},
	{"nothing to choose from", []string{">" + request("Cookie: mstshash=me\r\n", ""), "<" + tpkt(connectionConfirm, zeros(5))}, `request "me" 0`},
	{"refused", []string{">" + request("", ""), "<" + confirm(3, 0, 2)}, `request "" 0|failure 2 0`},
	{"routing token", []string{">" + request("Cookie: msts=1.2.3.4\r\n", "")}, "violation &enforce violation : RDP_Negotiation_Request:length"},
	{"cookie without end", []string{">" + request("Cookie: mstshash=me", "")}, "violation string mismatch at RDP_Connect_Request_cookie:cookie_terminator"},
	{"unknown answer", []string{"<" + confirm(7, 0, 0)}, "violation invalid index for case: Connect_Confirm_Record: 7"},
	{"RDP's own encryption", []string{"<" + confirm(2, 0, 0), ">" + initial(core()+network(2)), "<" + response(block(serverCore, zeros(4))+security(2, 3, ownCert)), ">secret"},
		`response 0 0|confirmed RDP|core 1920x1080 1033 9600 "PC" "" "id" true|channel "rdpsnd\x00\x00" true|channel "rdpsnd\x00\x00" true|` +
			`created 0|certificate 1 true|encryption 0|security 2 3`},
	{"X.509", []string{"<" + response(security(2, 3, x509Cert))}, "confirmed RDP|created 0|file RDP|file RDP|certificate 2 false|encryption 0|security 2 3"},
	{"no encryption", []string{"<" + response(security(0, 0, ownCert)), ">" + request("", "")}, `confirmed RDP|created 0|certificate 1 true|security 0 0|request "" 0`},
	{"unknown certificate", []string{"<" + response(security(0, 0, le32(9)))}, "confirmed RDP|created 0|violation invalid index for case: Server_Certificate: 9"},
	{"random of a wrong length", []string{"<" + response(block(serverSecurity, le32(1)+le32(1)+le32(9)+le32(0)))},
		"confirmed RDP|created 0|violation &enforce violation : Server_Security_Data:server_random_length"},
	{"many channels", []string{">" + initial(network(32))}, strings.Repeat(`channel "rdpsnd\x00\x00" true|`, 32) + "weird RDP_channels_requested_exceeds_max 32"},
	{"too many channels", []string{">" + initial(block(clientNetwork, le32(1001)))}, "violation &enforce violation : Client_Network_Data:channel_count"},
	{"short core data", []string{">" + initial(block(clientCore, zeros(20)))}, "violation out_of_bound: Client_Core_Data:client_name: 52 > 20"},
	{"short security data", []string{">" + initial(block(clientSecurity, zeros(4)))}, "violation out_of_bound: Client_Security_Data: 8 > 4"},
	{"short cluster data", []string{">" + initial(block(clientCluster, zeros(4)))}, "violation out_of_bound: Client_Cluster_Data: 8 > 4"},
	{"fewer certificates", []string{"<" + response(security(2, 3, le32(2)+le32(9)+"x"))}, "confirmed RDP|created 0|violation out_of_bound: X509:certs: 9 > 1"},
	{"block shorter than its header", []string{">" + initial(le16(0xc009)+le16(3))}, "violation out_of_bound: Data_Block:block: 3 > 4"},
	{"again after a violation", []string{">" + response("") + "\x03\x00\x00\x02Duca rdpsnd", "<" + response(""), ">" + response("") + "\x03\x00\x00\x02"},
		"confirmed RDP|created 0|violation out_of_bound: COTP:pdu: 2 > 0|confirmed RDP|created 0|created 0|violation out_of_bound: COTP:pdu: 2 > 0"},
	{"length below that of the header", []string{">\x03\x00\x00\x03"}, "violation out_of_bound: COTP:pdu: 2 > 0"},
}

// play sends talk in segments whose lengths are cuts, cyclically.
func play(t testing.TB, talk []string, cuts []byte) []string {
	b, lines := newBench(t)
	b.Open()
	b.TalkCut(talk, cuts)
	got := *lines
	b.Drain()
	return got
}

func TestTalks(t *testing.T) {
	for _, c := range talks {
		for _, cuts := range [][]byte{nil, {0}, {3}, {0, 6, 40}} {
			if got := strings.Join(play(t, c.talk, cuts), "|"); got != c.want {
				t.Errorf("%s, cut %v:\n%s\nwant\n%s", c.name, cuts, got, c.want)
			}
		}
	}
}

func TestUDP(t *testing.T) {
	syn := "\xff\xff\xff\xff\x00\x40\x10\x01" + zeros(8) + "\x00\x01\x01\x01" + zeros(32)
	ack := "\x00\x00\x00\x01\x00\x40\x10\x05" + zeros(8) + "\x00\x01\x00\x01"
	ack3 := "\x00\x00\x00\x01\x00\x40\x10\x05" + zeros(8) + "\x00\x01\x01\x01" + zeros(32)
	data := "\x00\x00\x00\x01\x00\x40\x01\x0c" + "\x00\x03abc" + zeros(3) + zeros(4) + zeros(8) + "data"
	for _, c := range []struct {
		name string
		talk []string
		want string
	}{
		{"handshake", []string{">" + syn, "<" + ack, ">" + data}, "confirmed RDPEUDP"},
		{"no answer", []string{">" + syn, ">" + syn}, ""},
		{"the server begins", []string{"<" + ack, ">" + syn}, ""},
		{"truncated", []string{">" + syn[:30]}, "violation out_of_bound: RDPUDP_SYNEX_PAYLOAD:has_cookie_hash: 32 > 10"},
		{"no version", []string{">\xff\xff\xff\xff\x00\x40\x00\x01" + zeros(8)}, "violation invalid case: has_synex_payload: 0 (true)"},
		{"answer without a version", []string{">" + syn, "<\x00\x00\x00\x01\x00\x40\x00\x05" + zeros(8)}, "violation invalid case: has_synex_payload: 0 (true)"},
		{"answer once more", []string{">" + syn, "<" + ack, "<" + strings.Replace(ack, "\x05\x00\x00", "\x05\x12\x34", 1)},
			"confirmed RDPEUDP|violation out_of_bound: RDPUDP_ACK_VECTOR_HEADER:AckVectorElement: 4660 > 10"},
		{"acknowledgement without its padding", []string{">" + syn, "<" + ack, ">" + data[:10] + "abc"}, "confirmed RDPEUDP|violation out_of_bound: RDPUDP_ACK_VECTOR_HEADER: 8 > 5"},
		{"data without their header", []string{">" + syn, "<" + ack, ">" + data[:len(data)-6]}, "confirmed RDPEUDP|violation out_of_bound: RDPUDP_SOURCE_PAYLOAD_HEADER: 8 > 6"},
		{"version 3", []string{">" + syn, "<" + ack3, "<" + ack, ">abc", ">ab"}, "confirmed RDPEUDP|violation out_of_bound: RDPEUDP2_ACK:header: 3 > 2"},
	} {
		b, lines := newBench(t)
		for _, s := range c.talk {
			src, dst := b.Client, b.Server
			if s[0] == '<' {
				src, dst = dst, src
			}
			b.Packet(testconn.UDP(src, dst, []byte(s[1:])))
		}
		if got := strings.Join(*lines, "|"); got != c.want {
			t.Errorf("%s: %s", c.name, got)
		}
	}
}

func TestSignatures(t *testing.T) {
	for _, c := range []struct {
		name string
		f    func([]byte) bool
		in   string
		want bool
	}{
		{"cookie", client, request("Cookie: mstshash=me\r\n", ""), true},
		{"channels", client, "\x03\x00xDuca..rdpsnd", true},
		{"settings without channels", client, "\x03\x00xDuca..", false},
		{"later line", client, "\nCookie: mstshash=me", true},
		{"channels in a later line", client, "\x03\nxDuca\n.rdpsnd", true},
		{"server's settings in a later line", server, "\x03\n..McDn", true},
		{"datagram with a newline", synDatagram, "\xff\xff\xff\xff\n\n\n\x01" + zeros(1124), true},
		{"confirm", server, confirm(2, 0, 0), true},
		{"server's settings", server, "\x03\x00..McDn", true},
		{"other message", server, request("", ""), false},
		{"datagram", synDatagram, "\xff\xff\xff\xff\x00\x40\x02\x01" + zeros(1124), true},
		{"short datagram", synDatagram, "\xff\xff\xff\xff\x00\x40\x02\x01", false},
	} {
		if got := c.f([]byte(c.in)); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

func FuzzTalk(f *testing.F) {
	for _, c := range talks {
		var client, server []byte
		for _, s := range c.talk {
			if s[0] == '>' {
				client = append(client, s[1:]...)
			} else {
				server = append(server, s[1:]...)
			}
		}
		f.Add(client, server, []byte{3, 40})
	}
	f.Fuzz(func(t *testing.T, client, server, cuts []byte) {
		if len(server)+len(client) > 8000 {
			return
		}
		talk := []string{">" + string(client), "<" + string(server), ">" + string(client)}
		whole, parts := play(t, talk, nil), play(t, talk, cuts)
		if !slices.Equal(whole, parts) {
			t.Errorf("whole: %q\nin parts: %q", whole, parts)
		}
		if len(whole) > 20+len(server)+2*len(client) {
			t.Errorf("%d events of %d bytes", len(whole), len(server)+2*len(client))
		}
	})
}
