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
