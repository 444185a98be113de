package logs

import (
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

func udpConn(t *testing.T, endpoints string) *fakeConn {
	return &fakeConn{id: connID(t, value.ProtoUDP, endpoints), uid: uid(1)}
}

func TestSyslog(t *testing.T) {
	b := newBench(t, "syslog")
	c := udpConn(t, "10.0.0.1:1024 10.0.0.2:514")
	for _, m := range []struct {
		facility, severity uint64
		want               string
	}{
		{0, 0, "KERN severity=EMERG"},
		{23, 7, "LOCAL7 severity=DEBUG"},
		{24, 5, "?-24 severity=NOTICE"},
		{127, 3, "?-127 severity=ERR"},
		{999, 999, "UNSPECIFIED severity=UNSPECIFIED"},
	} {
		b.hooks.Syslog.Message.Raise(&event.SyslogMessage{Conn: c, Facility: m.facility, Severity: m.severity, Msg: []byte("text")})
		b.out.expect(t, "syslog ts=1 uid=C1 id.orig_h=10.0.0.1 id.orig_p=1024 id.resp_h=10.0.0.2 id.resp_p=514 proto=udp facility="+m.want+" message=text")
	}
}
