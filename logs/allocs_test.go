//go:build !poison

package logs

import (
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

func TestConnAllocs(t *testing.T) {
	b := newBench(t, "conn", "community-id", "mac-logging", "vlan-logging")
	b.out.quiet = true
	c := exampleConn(t)
	c.tunnel = []event.Encapsulation{{UID: uid(7)}}
	c.SetSlot(0, nil)
	e := &event.ConnectionStateRemove{Conn: quietConn{c}}
	if n := testing.AllocsPerRun(1000, func() { b.hooks.Conn.ConnectionStateRemove.Raise(e) }); n != 0 {
		t.Errorf("%v allocations a row", n)
	}
}

func TestWeirdRepeatsCostNothing(t *testing.T) {
	b := newBench(t, "weird")
	b.out.quiet = true
	e := &event.ConnWeird{Name: "window_recision", Conn: &fakeConn{id: connID(t, value.ProtoTCP, "10.0.0.1:1 10.0.0.2:2"), uid: uid(1)}}
	if n := testing.AllocsPerRun(1000, func() { b.hooks.Weird.Conn.Raise(e) }); n != 0 {
		t.Errorf("%v allocations a repeated weird", n)
	}
	e.Name = "SYN_with_data"
	if n := testing.AllocsPerRun(1000, func() { b.hooks.Weird.Conn.Raise(e) }); n != 0 {
		t.Errorf("%v allocations a gated weird", n)
	}
}

// TestInfrastructureAllocs checks the rows of DNP3 and SIP.
func TestInfrastructureAllocs(t *testing.T) {
	b := newBench(t, "dnp3")
	b.out.quiet = true
	c := &fakeConn{id: connID(t, value.ProtoTCP, "10.0.0.1:1 10.0.0.2:20000"), uid: uid(1)}
	read := &event.DNP3ApplicationRequestHeader{Conn: c, FC: 1}
	answer := &event.DNP3ApplicationResponseHeader{Conn: c, FC: 0x81}
	if n := testing.AllocsPerRun(1000, func() {
		b.hooks.DNP3.ApplicationRequestHeader.Raise(read)
		b.hooks.DNP3.ApplicationResponseHeader.Raise(answer)
	}); n > 0 {
		t.Errorf("dnp3: %v allocations a row", n)
	}
	s := newSIPBench(t)
	s.out.quiet = true
	method, via := []byte("INVITE"), []byte("SIP/2.0/UDP a;branch=b")
	request := &event.SIPRequest{Conn: s.c, Method: method, OriginalURI: method}
	reply := &event.SIPReply{Conn: s.c, Code: 200, Reason: method}
	ours := &event.SIPHeader{Conn: s.c, IsOrig: true, Name: []byte("VIA"), Value: via}
	theirs := &event.SIPHeader{Conn: s.c, Name: []byte("VIA"), Value: via}
	end := &event.SIPEndEntity{Conn: s.c}
	if n := testing.AllocsPerRun(1000, func() {
		s.hooks.SIP.Request.Raise(request)
		s.hooks.SIP.Header.Raise(ours)
		s.hooks.SIP.Reply.Raise(reply)
		s.hooks.SIP.Header.Raise(theirs)
		s.hooks.SIP.EndEntity.Raise(end)
	}); n > 0 {
		t.Errorf("sip: %v allocations a row", n)
	}
}
