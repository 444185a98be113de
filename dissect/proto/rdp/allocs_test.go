//go:build !poison

package rdp

import (
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
)

// session returns a function that plays the beginning of a connection on a new analyzer,
// and its size in bytes. If cut is set, messages come in two segments.
func session(t testing.TB, cut bool) (play func(), size int) {
	b := testconn.New(t, testconn.Config())
	b.Hooks.RDP.ConnectRequest.Listen(func(*event.RDPConnectRequest) {})
	b.Hooks.RDP.ClientCoreData.Listen(func(*event.RDPClientCoreData) {})
	b.Hooks.RDP.ClientNetworkData.Listen(func(*event.RDPClientNetworkData) {})
	p, _ := New(b.Hooks, nil, nil)
	b.SetAttacher(detect.New([]*detect.Protocol{p}))
	b.Open()
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	talk := []string{">" + request("Cookie: mstshash=me\r\n", ""), "<" + confirm(2, 0, 0), ">" + initial(core()+network(4)),
		"<" + response(security(2, 3, ownCert)), ">secret"}
	segments := make([][]byte, len(talk))
	for i, s := range talk {
		segments[i] = []byte(s[1:])
		size += len(segments[i])
	}
	return func() {
		a := p.New(b.Table.Nested(c, &p.Protocol))
		for i, s := range segments {
			n := 0
			if cut {
				n = len(s) / 2
			}
			a.Data(talk[i][0] == '>', s[:n])
			a.Data(talk[i][0] == '>', s[n:])
		}
		a.Done()
	}, size
}

func TestAllocations(t *testing.T) {
	for _, cut := range []bool{false, true} {
		play, _ := session(t, cut)
		play()
		if n := testing.AllocsPerRun(100, play); n > 0 {
			t.Errorf("%v allocations, cut %t", n, cut)
		}
	}
}

func BenchmarkSession(b *testing.B) {
	play, size := session(b, false)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		play()
	}
}
