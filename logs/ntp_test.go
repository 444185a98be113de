package logs

import (
	"net/netip"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

func TestNTP(t *testing.T) {
	b := newBench(t, "ntp")
	c := udpConn(t, "10.0.0.1:123 10.0.0.2:123")
	const flow = "ntp ts=1 uid=C1 id.orig_h=10.0.0.1 id.orig_p=123 id.resp_h=10.0.0.2 id.resp_p=123 version=4"
	std := func(m event.NTPStandardMessage) event.NTPMessageData {
		m.Stratum, m.Poll, m.Precision, m.RootDelay, m.RootDisp = 2, 64, 0.5, -0.25, 0.125
		m.RefTime, m.XmtTime, m.NumExts = 2e9, 3e9, 1
		return event.NTPMessageData{Version: 4, Mode: 3, StdMsg: value.Some(m)}
	}
	const columns = " mode=3 stratum=2 poll=64 precision=0.5 root_delay=-0.25 root_disp=0.125"
	const times = " ref_time=2 org_time=0 rec_time=0 xmt_time=3 num_exts=1"
	for _, m := range []struct {
		msg  event.NTPMessageData
		want []string
	}{
		{std(event.NTPStandardMessage{KissCode: value.Some([]byte("INIT"))}), []string{flow + columns + " ref_id=INIT" + times}},
		{std(event.NTPStandardMessage{RefID: value.Some([]byte("GPS\x00"))}), []string{flow + columns + " ref_id=GPS\x00" + times}},
		{std(event.NTPStandardMessage{RefAddr: value.Some(netip.MustParseAddr("10.0.0.9"))}), []string{flow + columns + " ref_id=10.0.0.9" + times}},
		{event.NTPMessageData{Version: 4}, []string{flow + " mode=0 num_exts=0"}},
		{event.NTPMessageData{Version: 4, Mode: 6}, nil},
		{event.NTPMessageData{Version: 4, Mode: 7}, nil},
	} {
		b.hooks.NTP.Message.Raise(&event.NTPMessage{Conn: c, IsOrig: true, Msg: m.msg})
		b.out.expect(t, m.want...)
	}
}
