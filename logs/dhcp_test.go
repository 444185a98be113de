package logs

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// dhcpBench feeds the notes of a builder to a joiner.
type dhcpBench struct {
	*bench
	joiner *dhcpJoiner
	rows   recorder
}

func newDHCPBench(t *testing.T, change func(*Limits)) *dhcpBench {
	l := DefaultLimits()
	if change != nil {
		change(&l)
	}
	return &dhcpBench{bench: newBench(t, "dhcp"), joiner: newDHCPJoiner(l), rows: recorder{logs: []string{"dhcp"}}}
}

// EmitGated takes a note.
func (b *dhcpBench) EmitGated(_ schemas.Record, g schemas.Gate) {
	b.joiner.Join([]byte(g.Key), func(r schemas.Record) { b.rows.Emit(r) })
}

func (b *dhcpBench) On(s *schemas.Schema) bool { return s == &schemas.DHCPSchema }
func (b *dhcpBench) Emit(schemas.Record)       {}

// install connects a builder to the joiner.
func (b *dhcpBench) install() *Builders {
	return Install(&b.hooks, b, Options{Now: func() value.Time { return b.now }})
}

// everyDeadline is a clock on which every deadline is the time of a packet.
type everyDeadline struct{}

func (everyDeadline) At(d value.Time) (value.Time, uint64) { return max(d, 100*value.Second), 1 }

func TestDHCP(t *testing.T) {
	b := newDHCPBench(t, nil)
	builders := b.install()
	at := func(seconds float64) {
		b.now = value.Time(seconds * 1e9)
		if builders.Due(b.now) {
			builders.Advance(b.now, everyDeadline{})
		}
	}
	broadcast := udpConn(t, "0.0.0.0:68 255.255.255.255:67")
	unicast := &fakeConn{id: connID(t, value.ProtoUDP, "10.0.0.7:68 10.0.0.1:67"), uid: uid(2)}
	toAll := &fakeConn{id: connID(t, value.ProtoUDP, "10.0.0.1:67 255.255.255.255:68"), uid: uid(3)}
	none := netip.IPv4Unspecified()
	given := netip.MustParseAddr("10.0.0.7")
	client := func(c *fakeConn, typ, xid uint64, o event.DHCPOptions) {
		b.hooks.DHCP.Message.Raise(&event.DHCPMessage{Conn: c, IsOrig: true, Msg: event.DHCPMsg{MType: typ, XID: xid, YIAddr: none, CHAddr: []byte("mac")}, Options: o})
	}
	server := func(c *fakeConn, isOrig bool, typ, xid uint64, yours netip.Addr, o event.DHCPOptions) {
		b.hooks.DHCP.Message.Raise(&event.DHCPMessage{Conn: c, IsOrig: isOrig, Msg: event.DHCPMsg{Op: 2, MType: typ, XID: xid, YIAddr: yours, CHAddr: []byte("mac")}, Options: o})
	}
	text := func(s string) value.Opt[[]byte] { return value.Some([]byte(s)) }

	at(100)
	client(broadcast, 1, 1, event.DHCPOptions{
		HostName: text("host"), AddrRequest: value.Some(netip.MustParseAddr("10.0.0.5")),
		ClientFQDN: value.Some(event.DHCPClientFQDN{DomainName: []byte("host.test")}),
		ClientID:   value.Some(event.DHCPClientID{HWType: 1, HWAddr: []byte("id")}),
	})
	at(100.5)
	server(unicast, false, 2, 1, given, event.DHCPOptions{DomainName: text("test"), Lease: value.Some(value.Interval(60))})
	client(broadcast, 3, 1, event.DHCPOptions{Message: text("please")})
	at(101)
	server(toAll, true, 6, 1, none, event.DHCPOptions{Message: text("no")})
	client(unicast, 8, 2, event.DHCPOptions{}) // another transaction
	at(109)
	client(unicast, 7, 3, event.DHCPOptions{})
	at(110)
	b.rows.expect(t) // the first two have not been watched for 10 seconds
	at(120)
	b.rows.expect(t,
		"dhcp ts=100 uids=C1,C2,C3, client_addr=10.0.0.7 server_addr=10.0.0.1 mac=id host_name=host client_fqdn=host.test domain=test requested_addr=10.0.0.5"+
			" assigned_addr=10.0.0.7 lease_time=60 client_message=please server_message=no msg_types=DISCOVER,OFFER,REQUEST,NAK, duration=1",
		"dhcp ts=101 uids=C2, client_addr=10.0.0.7 mac=mac msg_types=INFORM, duration=0",
		"dhcp ts=109 uids=C2, client_addr=10.0.0.7 mac=mac msg_types=RELEASE, duration=0")

	// A transaction with messages is watched for 30 seconds.
	for s := 121.0; s <= 165; s += 4 {
		at(s)
		client(broadcast, 200, 9, event.DHCPOptions{})
	}
	b.rows.expect(t, "dhcp ts=121 uids=C1, mac=mac msg_types="+strings.Repeat("unknown-message-type-200,", 10)+" duration=36")
	b.joiner.End(func(r schemas.Record) { b.rows.Emit(r) })
	b.rows.expect(t, "dhcp ts=161 uids=C1, mac=mac msg_types=unknown-message-type-200,unknown-message-type-200, duration=4")
}

// The polls end when the last transaction is finished.
func TestDHCPPolls(t *testing.T) {
	b := newDHCPBench(t, nil)
	builders := b.install()
	polls := 0
	b.joiner.polled = -1
	for s := value.Time(100); s < 400; s++ {
		b.now = s * value.Second
		builders.Advance(b.now, everyDeadline{})
		if s == 200 {
			b.hooks.DHCP.Message.Raise(&event.DHCPMessage{Conn: udpConn(t, "0.0.0.0:68 255.255.255.255:67"), IsOrig: true, Msg: event.DHCPMsg{MType: 1, YIAddr: netip.IPv4Unspecified()}})
		}
		if b.joiner.polled > 0 {
			polls++
			b.joiner.polled = -1
		}
	}
	if polls != dhcpPolls {
		t.Errorf("%d polls", polls)
	}
	if n := len(b.rows.take()); n != 1 || len(b.joiner.transactions) != 0 {
		t.Errorf("%d rows, %d transactions left", n, len(b.joiner.transactions))
	}
}

func TestDHCPLimits(t *testing.T) {
	b := newDHCPBench(t, func(l *Limits) { l.DHCPTransactions, l.DHCPUIDs, l.DHCPTypes, l.FieldElements = 2, 2, 3, 2 })
	b.install()
	raise := func(xid, flow uint64) {
		c := udpConn(t, "10.0.0.1:68 10.0.0.2:67")
		c.uid = uid(flow)
		b.hooks.DHCP.Message.Raise(&event.DHCPMessage{Conn: c, IsOrig: true, Msg: event.DHCPMsg{MType: 1, XID: xid, YIAddr: netip.IPv4Unspecified(), CHAddr: []byte(fmt.Sprint(xid))}})
	}
	row := func(xid int, uids string, types int) string {
		mac := fmt.Sprintf(" mac=%d", xid)
		if types < 0 { // the limits of a row end it without Zeek's last look for an address
			mac, types = "", -types
		}
		return "dhcp ts=1 uids=" + uids + ", client_addr=10.0.0.1" + mac + " msg_types=" + strings.Repeat("DISCOVER,", types) + " duration=0"
	}
	raise(1, 1)
	raise(2, 1)
	raise(3, 1)
	b.rows.expect(t, row(1, "C1", 1))
	raise(2, 2)
	b.rows.expect(t, row(2, "C1,C2", -2))
	raise(3, 1)
	raise(3, 1)
	b.rows.expect(t, row(3, "C1", -2)) // of 3
	if _, n := b.joiner.Limited(); n != 1 || len(b.joiner.transactions) != 0 || b.joiner.byAge.Oldest() != nil {
		t.Errorf("%d early, %d left", b.joiner.early, len(b.joiner.transactions))
	}
}
