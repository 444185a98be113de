package conn_test

import (
	"testing"

	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

// Acknowledgements count once for new data of established connections, and as gaps if the
// data was not captured.
func TestGapStats(t *testing.T) {
	const open = "> S 100; < SA 500 101; > A 101 501\n"
	for _, c := range []struct {
		name, script string
		acks, gaps   uint64
	}{
		{"handshake", open, 0, 0},
		{"data", open + "> PA 101 501 hello; < A 501 106; < A 501 106", 1, 0},
		{"both sides", open + "> PA 101 501 hello; < PA 501 106 there; > A 106 506", 2, 0},
		{"not captured", open + "< A 501 106", 1, 1},
		{"a hole", open + "> PA 101 501 hello; > PA 111 501 world; < A 501 116", 1, 1},
		{"a hole that is filled", open + "> PA 106 501 world; > PA 101 501 hello; < A 501 111", 1, 0},
		{"data above the acknowledgement", open + "> PA 101 501 hello; > PA 111 501 world; < A 501 106", 1, 0},
		{"a FIN", open + "> FA 101 501; < A 501 102", 0, 0},
		{"after a FIN", open + "> FA 101 501; < FA 501 102; > A 102 502", 0, 0},
		{"without a handshake", "> PA 101 501 hello; < PA 501 106 there; > A 106 506", 0, 0},
	} {
		b := testconn.New(t, testconn.Config())
		b.Script(c.script)
		if st := b.Table.Stats(); st.Acks != c.acks || st.Gaps != c.gaps {
			t.Errorf("%s: %d acknowledgements, %d gaps; want %d, %d", c.name, st.Acks, st.Gaps, c.acks, c.gaps)
		}
	}
}

// Connections are counted by transport, from begin to end.
func TestBegunAndEnded(t *testing.T) {
	b := testconn.New(t, testconn.Config())
	b.Open()
	b.Datagram(true, []byte("x"))
	b.Packet(testconn.ICMP(b.Client.Addr(), b.Server.Addr(), 8, 0, make([]byte, 8)))
	b.Packet(testconn.IP(47, b.Client.Addr(), b.Server.Addr(), make([]byte, 8)))
	b.Advance(100 * value.Second)
	st := b.Table.Stats()
	for p, want := range map[value.Proto][2]uint64{
		value.ProtoTCP: {1, 0}, value.ProtoUDP: {1, 1}, value.ProtoICMP: {1, 1}, value.ProtoUnknown: {1, 1},
	} {
		if got := [2]uint64{st.Begun[p], st.Ended[p]}; got != want {
			t.Errorf("%s: begun and ended %v, want %v", p, got, want)
		}
	}
}
