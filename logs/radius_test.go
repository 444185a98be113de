package logs

import (
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

func TestRADIUS(t *testing.T) {
	b := newBench(t, "radius")
	c := udpConn(t, "10.0.0.1:1024 10.0.0.2:1812")
	const flow = " uid=C1 id.orig_h=10.0.0.1 id.orig_p=1024 id.resp_h=10.0.0.2 id.resp_p=1812"
	attrs := func(list ...any) (m event.Map[[][]byte]) {
		for i := 0; i < len(list); i += 2 {
			m = append(m, event.MapEntry[[][]byte]{Key: uint64(list[i].(int)), Value: [][]byte{[]byte(list[i+1].(string)), []byte("second")}})
		}
		return m
	}
	raise := func(at value.Time, code uint64, list ...any) {
		b.now = at
		b.hooks.RADIUS.Message.Raise(&event.RADIUSMessage{Conn: c, Result: event.RADIUSMessageData{Code: code, Attributes: value.Some(attrs(list...))}})
	}
	raise(1e9, radiusAccessRequest, 1, "user", 31, "00-11-22-AA-bb-CC", 66, "tunnel", 77, "connect")
	raise(2e9, radiusAccessChallenge, 8, "\x0a\x00\x00\x07", 18, "code?")
	raise(3e9, radiusAccessRequest, 1, "other")
	raise(3e9, 4, 1, "accounting")
	b.out.expect(t)
	raise(4e9, radiusAccessAccept)
	b.out.expect(t, "radius ts=1"+flow+" username=user mac=00:11:22:aa:bb:cc framed_addr=10.0.0.7 tunnel_client=tunnel connect_info=connect reply_msg=code? result=success ttl=3")

	raise(5e9, radiusAccessRequest, 1, "user", 31, "not a MAC")
	raise(5e9, radiusAccessReject)
	b.out.expect(t, "radius ts=5"+flow+" username=user mac= result=failed")

	raise(6e9, radiusAccessChallenge, 8, "\x0a")
	b.hooks.End(c, nil)
	b.out.expect(t, "radius ts=6"+flow+" framed_addr=0.0.0.0 result=unknown")

	for in, want := range map[string]string{
		"0011.2233.4455": "00:11:22:33:44:55", "00112233445566FF": "00:11:22:33:44:55:66:ff", "0011223344": "", "00:11:22:33:44:55:6": "",
	} {
		if got := string(appendNormalMAC(nil, []byte(in))); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}
