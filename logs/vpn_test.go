package logs

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

const stunRow = " ts=1 uid=C1 id.orig_h=10.0.0.1 id.orig_p=1024 id.resp_h=10.0.0.2 id.resp_p=3478 proto=udp is_orig="

func TestSTUN(t *testing.T) {
	b := newBench(t, "stun")
	h := &b.hooks.STUN
	c := &fakeConn{id: connID(t, value.ProtoUDP, "10.0.0.1:1024 10.0.0.2:3478"), uid: uid(1)}
	id := []byte("transaction1")
	text := func(typ uint64, v string) {
		val := []byte(v)
		h.StringAttribute.Raise(&event.STUNStringAttribute{Conn: c, AttrType: typ, AttrVal: val, TransID: id})
		clear(val) // it is valid inside the call only
	}
	text(0x8022, "a server")
	text(0x24, "\x00\x00\x01\x00")
	text(0x8028, "\xff\xff\xff\xff")
	text(0x24, "odd")
	text(0x25, "")
	text(0x7777, "x")
	h.ErrorCodeAttribute.Raise(&event.STUNErrorCodeAttribute{Conn: c, AttrType: 9, ErrClass: 4, Number: 1, Reason: []byte("Unauthorized"), TransID: id})
	h.STUNPacket.Raise(&event.STUNSTUNPacket{Conn: c, Method: 3, Class: 3, TransID: id})
	b.out.expect(t, "stun"+stunRow+"false trans_id=transaction1 method=ALLOCATE class=RESPONSE_ERROR "+
		"attr_types=SOFTWARE,PRIORITY,FINGERPRINT,PRIORITY,USE_CANDIDATE,unknown-attrtype-30583,ERROR_CODE, "+
		"attr_vals=a server,256,4294967295,odd,,x,401 Unauthorized,")

	// Nothing of one message is in the next.
	h.STUNPacket.Raise(&event.STUNSTUNPacket{Conn: c, IsOrig: true, Method: 2, TransID: id})
	b.out.expect(t, "stun"+stunRow+"true trans_id=transaction1 method=unknown-methodtype-2 class=REQUEST attr_types= attr_vals=")
}

// TestSTUNAddresses has addresses as they are sent, combined with the cookie and transaction
// or not, and the row about a translator that they give.
func TestSTUNAddresses(t *testing.T) {
	id := []byte("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c")
	for _, c := range []struct {
		name          string
		typ           uint64
		addr          string
		port          uint64
		method, class uint64
		want          string // the value
		nat           string // columns of stun_nat
	}{
		{"mapped", 0x01, "192.0.2.1", 5000, 1, 2, "192.0.2.1:5000", "wan_addrs=192.0.2.1, wan_ports=5000, lan_addrs=10.0.0.1,"},
		{"combined", 0x20, "225.18.166.67", 0x2112 ^ 5000, 1, 2, "192.0.2.1:5000", "wan_addrs=192.0.2.1, wan_ports=5000, lan_addrs=10.0.0.1,"},
		{"combined, version 6", 0x20, "113:a9fa:102:304:506:708:90a:b0d", 0x2112 ^ 5000, 1, 2, "2001:db8::1:5000", "wan_addrs=2001:db8::1, wan_ports=5000, lan_addrs=10.0.0.1,"},
		{"the client's own", 0x20, "43.18.164.67", 0x2112 ^ 5000, 1, 2, "10.0.0.1:5000", ""},
		{"relayed", 0x16, "225.18.166.67", 0x2112 ^ 5000, 3, 2, "192.0.2.1:5000", ""},
		{"mapped, of an allocation", 0x20, "225.18.166.67", 0x2112 ^ 5000, 3, 2, "192.0.2.1:5000", ""},
		{"other", 0x802c, "192.0.2.1", 3479, 1, 2, "192.0.2.1:3479", ""},
	} {
		b := newBench(t, "stun") // stun_nat included
		fake := &fakeConn{id: connID(t, value.ProtoUDP, "10.0.0.1:1024 10.0.0.2:3478"), uid: uid(1)}
		b.hooks.STUN.MappedAddressAttribute.Raise(&event.STUNMappedAddressAttribute{
			Conn: fake, Method: c.method, Class: c.class, TransID: id, AttrType: c.typ, XPort: c.port, XAddr: netip.MustParseAddr(c.addr)})
		b.hooks.STUN.STUNPacket.Raise(&event.STUNSTUNPacket{Conn: fake, Method: c.method, Class: c.class, TransID: id})
		rows := b.out.take()
		if len(rows) == 0 || !strings.HasSuffix(rows[0], " attr_vals="+c.want+",") {
			t.Errorf("%s: %q", c.name, rows)
			continue
		}
		if nat := strings.Join(rows[1:], "\n"); c.nat == "" && nat != "" || c.nat != "" && nat != "stun_nat"+stunRow+"false "+c.nat {
			t.Errorf("%s: %q", c.name, nat)
		}
	}
}

func TestWireGuard(t *testing.T) {
	b := newBench(t, "wireguard")
	h := &b.hooks.WireGuard
	c := &fakeConn{id: connID(t, value.ProtoUDP, "10.0.0.1:1024 10.0.0.2:51820"), uid: uid(1)}
	const row = "wireguard ts=1 uid=C1 id.orig_h=10.0.0.1 id.orig_p=1024 id.resp_h=10.0.0.2 id.resp_p=51820"
	first := func(sender uint64) {
		h.HandshakeInitiation.Raise(&event.WireGuardHandshakeInitiation{Conn: c, IsOrig: true, SenderIndex: sender})
		b.now = 2e9
	}
	second := func(receiver uint64) {
		h.HandshakeResponse.Raise(&event.WireGuardHandshakeResponse{Conn: c, ReceiverIndex: receiver})
	}
	for _, x := range []struct {
		talk func()
		want string
	}{
		{func() { first(7); second(7); first(8) }, " established=true initiations=2 responses=1"},
		{func() { first(7); second(6) }, " established=false initiations=1 responses=1"},
		{func() { second(0) }, " established=false initiations=0 responses=1"},
	} {
		b.now = 1e9
		x.talk()
		endConn(&b.hooks, c)
		b.out.expect(t, row+x.want)
	}
	h.PacketData.Raise(&event.WireGuardPacketData{Conn: c})
	endConn(&b.hooks, c)
	b.out.expect(t)
}

func TestIPsec(t *testing.T) {
	b := newBench(t, "ipsec")
	h := &b.hooks.IPSEC
	c := &fakeConn{id: connID(t, value.ProtoUDP, "10.0.0.1:500 10.0.0.2:500"), uid: uid(1)}
	const row = "ipsec ts=1 uid=C1 id.orig_h=10.0.0.1 id.orig_p=500 id.resp_h=10.0.0.2 id.resp_p=500 is_orig=true initiator_spi=696e697469617465 responder_spi=616e737765726564"
	const flags = " flag_e=false flag_c=false flag_a=false flag_i=false flag_v=false flag_r=true message_id=5"
	header := &event.IPSECIKEMessage{Conn: c, IsOrig: true, Msg: event.IKEMsg{
		InitiatorSPI: []byte("initiate"), ResponderSPI: []byte("answered"), MajVer: 2, ExchangeType: 34, FlagR: true, MessageID: 5, Length: 308}}
	for _, n := range []uint64{16388, 16389, 16404} {
		h.IKEv2NotifyPayload.Raise(&event.IPSECIKEv2NotifyPayload{Conn: c, Msg: event.IKENotify{NotifyMsgType: n}})
	}
	h.IKEv2KEPayload.Raise(&event.IPSECIKEv2KEPayload{Conn: c, Msg: event.IKEKeyExchange{DHGroup: 2}})
	h.IKEv2SAProposal.Raise(&event.IPSECIKEv2SAProposal{Conn: c, Msg: event.IKESAProposal{ProposalNum: 1}})
	h.IKEMessage.Raise(header)
	// The sum is that of the package for such a message.
	b.out.expect(t, row+" maj_ver=2 min_ver=0 exchange_type=34"+flags+" vendor_ids= notify_messages=NAT_DETECTION_SOURCE_IP,NAT_DETECTION_DESTINATION_IP,MULTIPLE_AUTH_SUPPORTED, "+
		"transforms= ke_dh_groups=2, proposals=1, certificates= transform_attributes= length=308 hash=f1885551a5b169444dd961e94d683d61")

	h.IKEMessage.Raise(header)
	b.out.expect(t, row+" maj_ver=2 min_ver=0 exchange_type=34"+flags+" vendor_ids= notify_messages= transforms= ke_dh_groups= proposals= certificates= transform_attributes= length=308")

	h.IKEv1PPayload.Raise(&event.IPSECIKEv1PPayload{Conn: c, Msg: event.IKEv1Proposal{ProposalNum: 1, ProtocolID: 1}})
	h.IKEDataAttribute.Raise(&event.IPSECIKEDataAttribute{Conn: c, Msg: event.IKEAttribute{ProposalNum: 1, TransformID: 7, AF: true, AttributeType: 14, AttributeVal: []byte("\x01\x00")}})
	h.IKEDataAttribute.Raise(&event.IPSECIKEDataAttribute{Conn: c, Msg: event.IKEAttribute{ProposalNum: 1, TransformID: 7, AttributeType: 99, AttributeVal: []byte("abcd")}})
	h.IKEv1TPayload.Raise(&event.IPSECIKEv1TPayload{Conn: c, Msg: event.IKEv1Transform{TransformID: 7}})
	h.IKEv1SAPayload.Raise(&event.IPSECIKEv1SAPayload{Conn: c, Msg: event.IKEv1SA{DOI: 1, Situation: []byte("\x00\x00\x00\x01")}})
	h.IKEv1CertPayload.Raise(&event.IPSECIKEv1CertPayload{Conn: c, Msg: event.IKECert{CertData: []byte("certificate")}})
	h.IKEv1NotifyPayload.Raise(&event.IPSECIKEv1NotifyPayload{Conn: c, Msg: event.IKENotify{NotifyMsgType: 24578}})
	h.IKEv1NotifyPayload.Raise(&event.IPSECIKEv1NotifyPayload{Conn: c, Msg: event.IKENotify{NotifyMsgType: 9999}})
	h.IKEMessage.Raise(header)
	got := strings.Join(b.out.take(), "")
	for _, want := range []string{
		"notify_messages=INITIAL_CONTACT,unknown-notify-message-type: 9999, transforms=7, ke_dh_groups= proposals=1, protocol_id=1 certificates=e0d30cef5c6139275b58b525001b413c,",
		"transform_attributes=1:7:Key Length=256,1:7:unknown-transform-type: 99=abcd,", "doi=1 situation=\x00\x00\x00\x01",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q has no %q", got, want)
		}
	}
}

func TestVendorNames(t *testing.T) {
	for id, want := range map[string]string{
		"\x4a\x13\x1c\x81\x07\x03\x58\x45\x5c\x57\x28\xf2\x0e\x95\x45\x2f":                 "RFC 3947 NAT-T",
		"\xaf\xca\xd7\x13\x68\xa1\xf1\xc9\x6b\x86\x96\xfc\x77\x57\x01\x00":                 "Dead Peer Detection",
		"\x09\x00\x26\x89\xdf\xd6\xb7\x12":                                                 "XAUTH",
		"\x1e\x2b\x51\x69\x05\x99\x1c\x7d\x7c\x96\xfc\xbf\xb5\x87\xe4\x61\x00\x00\x00\x09": "Windows-8",
		"\x1e\x2b\x51\x69\x05\x99\x1c\x7d\x7c\x96\xfc\xbf\xb5\x87\xe4\x61\x00\x00\x00\x99": "Windows",
		"\x1e\x2b\x51\x69\x05\x99\x1c\x7d\x7c\x96\xfc\xbf\xb5\x87\xe4\x61":                 "MS NT5 ISAKMPOAKLEY",
		"\x51\x2f\x90\xf2\xf8\xe5\xb0\x4e\x4b\xa2\x93\xc9\xa7\x99\xd9\xa5":                 "strongSwan 4.3.6",
		"\x90\xcb\x80\x91\x3e\xbb\x69\x6e\x08\x63\x81\xb5\xec\x42\x7b\x1f":                 "draft-ietf-ipsec-nat-t-ike-02",
		"something of nobody": "",
		"\x09":                "",
	} {
		if got := vendorName([]byte(id)); got != want {
			t.Errorf("%x: %q, want %q", id, got, want)
		}
	}
}
