package logs

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

type fakeFile struct {
	event.File
	fuid  value.UID
	conns []event.FileConn
}

func (f fakeFile) FUID() value.UID         { return f.fuid }
func (f fakeFile) Source() string          { return "HTTP" }
func (f fakeFile) Conns() []event.FileConn { return f.conns }

const minute = value.Time(60e9)

func TestWeirdConn(t *testing.T) {
	b := newBench(t, "weird")
	c := &fakeConn{id: connID(t, value.ProtoTCP, "10.0.0.1:1025 10.0.0.2:80"), uid: uid(1)}
	raise := func(name, addl string) {
		b.hooks.Weird.Conn.Raise(&event.ConnWeird{Name: name, Conn: c, Addl: []byte(addl), Source: "TCP"})
	}
	row := func(ts int, port int, more string) string {
		return fmt.Sprintf("weird ts=%d uid=C1 id.orig_h=10.0.0.1 id.orig_p=%d id.resp_h=10.0.0.2 id.resp_p=80 %s", ts, port, more)
	}

	raise("window_recision", "")
	raise("window_recision", "again")
	raise("data_after_reset", "x")
	b.out.expect(t,
		row(1, 1025, "name=window_recision notice=false peer=zeek source=TCP"),
		row(1, 1025, "name=data_after_reset addl=x notice=false peer=zeek source=TCP"))

	// Another connection with the same endpoints repeats; other ports do not.
	c.id.OrigP++
	raise("window_recision", "")
	b.out.expect(t, row(1, 1026, "name=window_recision notice=false peer=zeek source=TCP"))
	c.id.OrigP--

	b.now += 10*minute - 1
	raise("window_recision", "")
	b.out.expect(t)
	b.now++
	raise("window_recision", "")
	raise("window_recision", "")
	b.out.expect(t, row(601, 1025, "name=window_recision notice=false peer=zeek source=TCP"))

	raise("spontaneous_RST", "")
	b.out.expect(t)

	raise("simultaneous_open", "")
	b.now += 11 * minute
	raise("simultaneous_open", "")
	b.out.expect(t, row(601, 1025, "name=simultaneous_open notice=false peer=zeek source=TCP"))
	b.now += 24 * 60 * minute
	raise("simultaneous_open", "")
	b.out.expect(t, row(87661, 1025, "name=simultaneous_open notice=false peer=zeek source=TCP"))

	// The merge stage decides once an originator.
	key := "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x0a\x00\x00\x01"
	for range 2 {
		raise("SYN_with_data", "")
	}
	want := row(87661, 1025, fmt.Sprintf("name=SYN_with_data notice=false peer=zeek source=TCP [4 %q]", "SYN_with_data"+key))
	b.out.expect(t, want, want)
	raise("FIN_storm", "")
	b.out.expect(t, row(87661, 1025, fmt.Sprintf("name=FIN_storm notice=true peer=zeek source=TCP [4 %q]", "FIN_storm"+key)))
}

func TestWeirdOthers(t *testing.T) {
	b := newBench(t, "weird")
	b.hooks.Weird.ExpiredConn.Raise(&event.ExpiredConnWeird{
		Name: "x", UID: uid(1), ID: connID(t, value.ProtoTCP, "10.0.0.1:1 10.0.0.2:2")})
	b.out.expect(t, "weird ts=1 uid=C1 id.orig_h=10.0.0.1 id.orig_p=1 id.resp_h=10.0.0.2 id.resp_p=2 name=x notice=false peer=zeek")

	// A pair of hosts has ports of 0 but is not a connection with such ports.
	flow := &event.FlowWeird{Name: "x", Src: netip.MustParseAddr("10.0.0.1"), Dst: netip.MustParseAddr("10.0.0.2"), Source: "IP"}
	b.hooks.Weird.Conn.Raise(&event.ConnWeird{Name: "x", Conn: &fakeConn{uid: uid(2), id: connID(t, value.ProtoICMP, "10.0.0.1:0 10.0.0.2:0")}})
	b.hooks.Weird.Flow.Raise(flow)
	b.hooks.Weird.Flow.Raise(flow)
	const hosts = "id.orig_h=10.0.0.1 id.orig_p=0 id.resp_h=10.0.0.2 id.resp_p=0 name=x notice=false peer=zeek"
	b.out.expect(t, "weird ts=1 uid=C2 "+hosts, "weird ts=1 "+hosts+" source=IP")

	net := &event.NetWeird{Name: "truncated_IP", Source: "IP"}
	b.hooks.Weird.Net.Raise(net)
	b.hooks.Weird.Net.Raise(net)
	const want = "weird ts=1 name=truncated_IP notice=false peer=zeek source=IP [3 \"truncated_IP\"]"
	b.out.expect(t, want, want)
	b.hooks.Weird.Net.Raise(&event.NetWeird{Name: "bad_IP_checksum"})
	b.out.expect(t, "weird ts=1 name=bad_IP_checksum notice=false peer=zeek [5 \"bad_IP_checksum\"]")

	f := fakeFile{fuid: value.MakeUID('F', 0, 5)}
	b.hooks.Weird.File.Raise(&event.FileWeird{Name: "y", File: f})
	b.hooks.Weird.File.Raise(&event.FileWeird{Name: "y", File: f, Addl: []byte("z"), Source: "PE"})
	b.out.expect(t,
		"weird ts=1 name=y addl=F5 notice=false peer=zeek [2 \"y\"]",
		"weird ts=1 name=y addl=F5: z notice=false peer=zeek source=PE [2 \"y\"]")
}

func TestRecent(t *testing.T) {
	r := newRecent[int](10, 100)
	for i := range 5000 {
		if !r.first(i, 1) {
			t.Fatal(i, "is remembered")
		}
	}
	if len(r.seen) != 100 || len(r.queue)-r.head != 100 || len(r.queue) > 2048 {
		t.Errorf("%d keys, %d of %d in the queue", len(r.seen), len(r.queue)-r.head, len(r.queue))
	}
	if r.first(4900, 10) || !r.first(4899, 10) {
		t.Error("not the oldest was forgotten")
	}
	if !r.first(4950, 11) || len(r.seen) != 2 {
		t.Errorf("%d keys after the interval", len(r.seen))
	}
}
