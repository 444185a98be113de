package logs

import (
	"regexp"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// TestTCPStateName compares every pair of states with the conditions as
// Zeek's script lists them.
func TestTCPStateName(t *testing.T) {
	reset := regexp.MustCompile(`^(\^?S[^HAFGIQ]*R.*)$`)
	const (
		inactive    = event.StateInactive
		synSent     = event.StateSynSent
		synAckSent  = event.StateSynAckSent
		partial     = event.StatePartial
		established = event.StateEstablished
		closed      = event.StateClosed
		rst         = event.StateReset
	)
	list := func(o, r event.EndpointState, osize, rsize uint64, history string) string {
		for _, rule := range []struct {
			when bool
			name string
		}{
			{r == rst && (o == synSent || o == synAckSent), "REJ"},
			{r == rst && o == rst && osize == 0 && rsize == 0, "REJ"},
			{r == rst && (o == inactive || o == partial), "RSTRH"},
			{r == rst, "RSTR"},
			{o == rst && (r == inactive || r == partial) && reset.MatchString(history), "RSTOS0"},
			{o == rst && (r == inactive || r == partial), "OTH"},
			{o == rst, "RSTO"},
			{o == closed && r == closed, "SF"},
			{o == closed && (r == inactive || r == partial), "SH"},
			{o == closed, "S2"},
			{r == closed && (o == inactive || o == partial), "SHR"},
			{r == closed, "S3"},
			{o == synSent && r == inactive, "S0"},
			{o == established && r == established, "S1"},
		} {
			if rule.when {
				return rule.name
			}
		}
		return "OTH"
	}
	histories := []string{
		"", "^", "S", "R", "SR", "^SR", "SrR", "^^SR", "SAR", "SaR", "ShR", "SHR", "SFR", "SGR", "SIR", "SQR",
		"SDR", "SWTCR", "sR", "^sSR", "SRA", "SRR", "hSR", "Sd^R", "SR^", "S^", "Sr",
	}
	for o := inactive; o <= rst; o++ {
		for r := inactive; r <= rst; r++ {
			for _, sizes := range [][2]uint64{{0, 0}, {1, 0}, {0, 1}} {
				for _, h := range histories {
					orig := event.Endpoint{State: o, Size: sizes[0]}
					resp := event.Endpoint{State: r, Size: sizes[1]}
					want := list(o, r, sizes[0], sizes[1], h)
					if got := connStateName(value.ProtoTCP, &orig, &resp, []byte(h)); got != want {
						t.Errorf("states %d %d, sizes %v, history %q: %s, want %s", o, r, sizes, h, got, want)
					}
				}
			}
		}
	}
}

func TestStateNameWithoutTCP(t *testing.T) {
	for _, c := range []struct {
		proto      value.Proto
		orig, resp event.EndpointState
		want       string
	}{
		{value.ProtoUDP, event.StateEstablished, event.StateEstablished, "SF"},
		{value.ProtoUDP, event.StateEstablished, event.StateInactive, "S0"},
		{value.ProtoUDP, event.StateInactive, event.StateEstablished, "SHR"},
		{value.ProtoUDP, event.StateInactive, event.StateInactive, "OTH"},
		{value.ProtoICMP, event.StateEstablished, event.StateEstablished, "OTH"},
		{value.ProtoUnknown, event.StateEstablished, event.StateEstablished, "OTH"},
	} {
		got := connStateName(c.proto, &event.Endpoint{State: c.orig}, &event.Endpoint{State: c.resp}, nil)
		if got != c.want {
			t.Errorf("%s %d %d: %s, want %s", c.proto, c.orig, c.resp, got, c.want)
		}
	}
}

func exampleConn(t testing.TB) *fakeConn {
	return &fakeConn{
		id: connID(t, value.ProtoTCP, "10.0.0.1:1025 192.0.2.7:80"), uid: uid(61),
		start: 1e9, last: 2_500_000_000,
		orig: event.Endpoint{Size: 10, Packets: 3, IPBytes: 170, State: event.StateClosed,
			HasL2: true, L2: [6]byte{2, 0, 0, 0, 0xab, 1}},
		resp:     event.Endpoint{Size: 20, Packets: 2, IPBytes: 120, State: event.StateClosed},
		history:  "ShADadFf",
		services: []string{"HTTP", "WebSocket"},
	}
}

func TestConn(t *testing.T) {
	const id = " uid=Cz id.orig_h=10.0.0.1 id.orig_p=1025 id.resp_h=192.0.2.7 id.resp_p=80 proto=tcp"
	b := newBench(t, "conn")
	remove := func(c *fakeConn) {
		endConn(&b.hooks, c)
	}

	remove(exampleConn(t))
	b.out.expect(t, "conn ts=1"+id+" service=http,websocket duration=1.5 orig_bytes=10 resp_bytes=20 conn_state=SF"+
		" local_orig=true local_resp=false missed_bytes=0 history=ShADadFf orig_pkts=3 orig_ip_bytes=170"+
		" resp_pkts=2 resp_ip_bytes=120 ip_proto=6")

	// Without a duration there are no byte counts.
	c := exampleConn(t)
	c.last, c.services, c.history = c.start, nil, ""
	remove(c)
	b.out.expect(t, "conn ts=1"+id+" conn_state=SF local_orig=true local_resp=false missed_bytes=0"+
		" orig_pkts=3 orig_ip_bytes=170 resp_pkts=2 resp_ip_bytes=120 ip_proto=6")
}

func TestConnState(t *testing.T) {
	b := newBench(t, "conn")
	c := &fakeConn{id: connID(t, value.ProtoUDP, "10.0.0.1:53 10.0.0.2:53"), uid: uid(1)}
	stack := func(uids ...uint64) (s []event.Encapsulation) {
		for _, u := range uids {
			s = append(s, event.Encapsulation{UID: uid(u)})
		}
		return s
	}
	change := func(uids ...uint64) {
		s := stack(uids...)
		b.hooks.Tunnel.Changed.Raise(&event.TunnelChanged{Conn: c, E: s})
		c.tunnel = s
	}
	end := func(want string) {
		t.Helper()
		endConn(&b.hooks, c)
		b.out.expect(t, "conn ts=0 uid=C1 id.orig_h=10.0.0.1 id.orig_p=53 id.resp_h=10.0.0.2 id.resp_p=53 proto=udp"+
			" conn_state=OTH local_orig=true local_resp=true missed_bytes="+want)
	}
	const tail = " orig_pkts=0 orig_ip_bytes=0 resp_pkts=0 resp_ip_bytes=0"

	b.hooks.Conn.ContentGap.Raise(&event.ContentGap{Conn: c, Length: 5})
	b.hooks.Conn.ContentGap.Raise(&event.ContentGap{Conn: c, Length: 7})
	end("12" + tail + " ip_proto=17")
	// The next connection gets an empty state.
	c.tunnel = stack(7, 8)
	end("0" + tail + " tunnel_parents=C8, ip_proto=17")
	change(7, 9)
	change(8)
	change()
	end("0" + tail + " tunnel_parents=C8,C9, ip_proto=17")
	change(5)
	end("0" + tail + " tunnel_parents=C5, ip_proto=17")
	// After too many changes the engine moves a connection without an event.
	change()
	c.tunnel = stack(6)
	end("0" + tail + " tunnel_parents=C5, ip_proto=17")
}

func TestConnOptional(t *testing.T) {
	b := newBench(t, "conn", "community-id", "mac-logging", "vlan-logging")
	c := exampleConn(t)
	c.vlan, c.inner = 7, 4094
	endConn(&b.hooks, c)
	b.out.expect(t, "conn ts=1 uid=Cz id.orig_h=10.0.0.1 id.orig_p=1025 id.resp_h=192.0.2.7 id.resp_p=80 proto=tcp"+
		" service=http,websocket duration=1.5 orig_bytes=10 resp_bytes=20 conn_state=SF"+
		" local_orig=true local_resp=false missed_bytes=0 history=ShADadFf orig_pkts=3 orig_ip_bytes=170"+
		" resp_pkts=2 resp_ip_bytes=120 ip_proto=6 community_id="+string(appendCommunityID(nil, &c.id))+
		" orig_l2_addr=02:00:00:00:ab:01 vlan=7 inner_vlan=4094")
}

// quietConn is a fakeConn whose History does not allocate.
type quietConn struct{ *fakeConn }

var quietHistory = []byte("ShADadFf")

func (quietConn) History() []byte { return quietHistory }

func BenchmarkConn(b *testing.B) {
	bench := newBench(b, "conn")
	bench.out.quiet = true
	e := &event.ConnectionStateRemove{Conn: quietConn{exampleConn(b)}}
	b.ReportAllocs()
	for b.Loop() {
		bench.hooks.Conn.ConnectionStateRemove.Raise(e)
	}
}

func TestCommunityID(t *testing.T) {
	for _, c := range []struct {
		proto value.Proto
		ip    uint8
		id    string
		want  string
	}{
		// The baseline of the specification, seed 0.
		{value.ProtoTCP, 6, "128.232.110.120:34855 66.35.250.204:80", "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
		{value.ProtoTCP, 6, "66.35.250.204:80 128.232.110.120:34855", "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
		{value.ProtoUDP, 17, "192.168.1.52:54585 8.8.8.8:53", "1:d/FP5EW3wiY1vCndhwleRRKHowQ="},
		{value.ProtoICMP, 1, "192.168.0.89:8 192.168.0.1:0", "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="},
		// Zeek's own choice among the ports of one address.
		{value.ProtoTCP, 6, "127.0.0.1:58634 127.0.0.1:21", "1:P6xrEf/zIJXadUi2doWcPLfBgGc="},
		{value.ProtoUDP, 17, "[::1]:52806 [::1]:1234", "1:ozuCr/SIzT5WMe8r+xwrUa+uH44="},
	} {
		id := connID(t, c.proto, c.id)
		id.IPProto = c.ip
		if got := string(appendCommunityID(nil, &id)); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.proto, c.id, got, c.want)
		}
	}
	// A message without a reply keeps its direction.
	there := connID(t, value.ProtoICMP, "10.0.0.2:3 10.0.0.1:1")
	back := connID(t, value.ProtoICMP, "10.0.0.1:1 10.0.0.2:3")
	if string(appendCommunityID(nil, &there)) == string(appendCommunityID(nil, &back)) {
		t.Error("an unreachable message has the identifier of its reverse")
	}
	// Protocols other than SCTP have no ports.
	gre := connID(t, value.ProtoUnknown, "10.0.0.1:1 10.0.0.2:2")
	gre.IPProto = 47
	plain := connID(t, value.ProtoUnknown, "10.0.0.1:0 10.0.0.2:0")
	plain.IPProto = 47
	if string(appendCommunityID(nil, &gre)) != string(appendCommunityID(nil, &plain)) {
		t.Error("the ports of a protocol without ports count")
	}
}
