package conn_test

import (
	"net/netip"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

type silent struct{}

func (silent) Data(bool, []byte) {}
func (silent) Gap(bool, uint64)  {}
func (silent) End(bool)          {}
func (silent) Done()             {}

func TestExpect(t *testing.T) {
	b := testconn.New(t, testconn.Config())
	var made []*conn.Conn
	p := &conn.Protocol{Name: "DATA", New: func(u conn.Use) conn.Analyzer {
		made = append(made, u.Conn())
		return silent{}
	}}
	b.Open()
	var control *conn.Conn
	b.Table.All(func(c *conn.Conn) { control = c })
	use := func(c *conn.Conn) conn.Use { return b.Table.Nested(c, p) }
	expect := func(toOrig bool, port uint16, limit int) bool {
		return use(control).Expect(toOrig, port, conn.Expectation{Protocol: p, Owner: port, Lifetime: 10 * value.Second, Limit: limit})
	}
	client, server := b.Client.Addr(), b.Server.Addr()
	other := netip.MustParseAddr("203.0.113.5")
	open := func(from, to netip.Addr, port uint16) *conn.Conn {
		made = nil
		b.Client, b.Server = netip.AddrPortFrom(from, 1024+port), netip.AddrPortFrom(to, port)
		b.Open()
		if len(made) == 0 {
			return nil
		}
		return made[0]
	}

	if !expect(false, 80, 2) || !expect(true, 81, 2) || expect(true, 82, 2) || !expect(true, 81, 2) {
		t.Error("the limit does not hold")
	}
	if n := b.Table.Stats().Unexpected; n != 1 {
		t.Errorf("%d losses were counted", n)
	}
	if open(client, other, 80) != nil || open(server, client, 80) != nil || open(client, server, 81) != nil || open(client, server, 82) != nil {
		t.Error("an unexpected connection got the protocol")
	}
	c := open(client, server, 80)
	if c == nil || use(c).Expected() != uint16(80) || !c.Analyzed() {
		t.Fatal("to the responder: not found")
	}
	use(c).Unexpect()
	if use(c).Expected() != nil {
		t.Error("still expected after Unexpect")
	}
	b.Advance(9 * value.Second)
	if c = open(server, client, 81); c == nil || use(c).Expected() != uint16(81) {
		t.Fatal("to the originator: not found")
	}
	b.Advance(9 * value.Second)
	if use(c).Expected() == nil {
		t.Error("expired although Expected was called")
	}
	b.Advance(11 * value.Second)
	if use(c).Expected() != nil {
		t.Error("not expired")
	}
	for port := range uint16(3000) {
		if !expect(false, port, 5000) {
			t.Fatal("expired expectations still count")
		}
		if port%100 == 0 {
			b.Advance(value.Second)
		}
	}
}
