package logs

import (
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

func TestDNP3(t *testing.T) {
	b := newBench(t, "dnp3")
	h := &b.hooks.DNP3
	c := &fakeConn{id: connID(t, value.ProtoTCP, "10.0.0.1:1024 10.0.0.2:20000"), uid: uid(1)}
	request := func(fc uint64) {
		h.ApplicationRequestHeader.Raise(&event.DNP3ApplicationRequestHeader{Conn: c, IsOrig: true, FC: fc})
	}
	response := func(fc, iin uint64) {
		h.ApplicationResponseHeader.Raise(&event.DNP3ApplicationResponseHeader{Conn: c, FC: fc, IIN: iin})
	}
	const at = " uid=C1 id.orig_h=10.0.0.1 id.orig_p=1024 id.resp_h=10.0.0.2 id.resp_p=20000"

	request(1)
	b.now = 2e9
	response(0x81, 0x9000)
	b.out.expect(t, "dnp3 ts=2"+at+" fc_request=READ fc_reply=RESPONSE iin=36864")
	response(0x82, 0)
	b.out.expect(t, "dnp3 ts=2"+at+" fc_reply=UNSOLICITED_RESPONSE iin=0")
	request(0)
	request(0x70)
	b.now = 3e9
	b.out.expect(t)
	endConn(&b.hooks, c)
	b.out.expect(t, "dnp3 ts=2"+at+" fc_request=unknown-112")
	endConn(&b.hooks, c)
	b.out.expect(t)
}
