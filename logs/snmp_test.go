package logs

import (
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

func TestSNMP(t *testing.T) {
	b := newBench(t, "snmp")
	const flow = "snmp ts=1 uid=C1 id.orig_h=10.0.0.1 id.orig_p=1024 id.resp_h=10.0.0.2 id.resp_p=161"
	v2 := event.SNMPHeader{Version: 1, V2: value.Some(event.SNMPHeaderV2{Community: []byte("public")})}
	v3 := event.SNMPHeader{Version: 3, V3: value.Some(event.SNMPHeaderV3{})}
	named := event.SNMPHeader{Version: 3, V3: value.Some(event.SNMPHeaderV3{
		UserSecurityParameters: value.Some(event.SNMPUserSecurityParameters{UserName: []byte("user")}),
	})}
	bindings := make([]event.SNMPBinding, 3)
	answer := []event.SNMPBinding{
		{OID: []byte("1.3.6.1.2.1.1.1.0"), Value: event.SNMPObjectValue{Octets: value.Some([]byte("system"))}},
		{OID: []byte("1.3.6.1.2.1.1.3.0"), Value: event.SNMPObjectValue{Unsigned: value.Some(uint64(50))}},
		{OID: []byte("1.3.6.1.2.1.1.1.0"), Value: event.SNMPObjectValue{Signed: value.Some(int64(1))}},
	}
	for _, c := range []struct {
		name  string
		raise func(h *event.SNMPEvents, c *fakeConn)
		want  string
	}{
		{"version 2", func(h *event.SNMPEvents, c *fakeConn) {
			h.GetRequest.Raise(&event.SNMPGetRequest{Conn: c, Header: v2, PDU: event.SNMPPDU{Bindings: bindings}})
			h.GetNextRequest.Raise(&event.SNMPGetNextRequest{Conn: c, Header: v2, PDU: event.SNMPPDU{Bindings: bindings}})
			h.GetBulkRequest.Raise(&event.SNMPGetBulkRequest{Conn: c, Header: v2, PDU: event.SNMPBulkPDU{Bindings: bindings}})
			h.SetRequest.Raise(&event.SNMPSetRequest{Conn: c, Header: v2, PDU: event.SNMPPDU{Bindings: bindings}})
			b.now = 2e9
			h.Response.Raise(&event.SNMPResponse{Conn: c, Header: v2, PDU: event.SNMPPDU{Bindings: answer}})
		}, flow + " duration=1 version=2c community=public get_requests=6 get_bulk_requests=3 get_responses=3 set_requests=3 display_string=system up_since=1.5"},
		{"version 3", func(h *event.SNMPEvents, c *fakeConn) {
			h.EncryptedPDU.Raise(&event.SNMPEncryptedPDU{Conn: c, Header: v3})
			h.Report.Raise(&event.SNMPReport{Conn: c, Header: named})
			h.TrapV2.Raise(&event.SNMPTrapV2{Conn: c, Header: v3})
		}, flow + " duration=0 version=3 community=user get_requests=0 get_bulk_requests=0 get_responses=0 set_requests=0"},
		{"a time before the beginning of time", func(h *event.SNMPEvents, c *fakeConn) {
			answer[1].Value.Unsigned = value.Some(uint64(1) << 63)
			h.Response.Raise(&event.SNMPResponse{Conn: c, Header: v2, PDU: event.SNMPPDU{Bindings: answer[1:2]}})
		}, flow + " duration=0 version=2c community=public get_requests=0 get_bulk_requests=0 get_responses=1 set_requests=0 up_since=0"},
		{"unknown", func(h *event.SNMPEvents, c *fakeConn) {
			h.UnknownPDU.Raise(&event.SNMPUnknownPDU{Conn: c, Header: v2})
		}, flow + " duration=0 version=2c community=public get_requests=0 get_bulk_requests=0 get_responses=0 set_requests=0"},
	} {
		conn := udpConn(t, "10.0.0.1:1024 10.0.0.2:161")
		b.now = 1e9
		c.raise(&b.hooks.SNMP, conn)
		b.out.expect(t)
		b.hooks.End(conn, nil)
		b.out.expect(t, c.want)
		if conn.held != 0 {
			t.Errorf("%s: %d bytes held", c.name, conn.held)
		}
	}
}
