//go:build !poison

package mqtt

import (
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
)

// session returns a function that plays control packets, in one segment each or, if cut is
// set, in two, and their number.
func session(t testing.TB, cut bool) (play func(), packets int) {
	b := testconn.New(t, testconn.Config())
	b.Hooks.MQTT.Publish.Listen(func(*event.MQTTPublish) {})
	b.Hooks.MQTT.PubAck.Listen(func(*event.MQTTPubAck) {})
	b.Hooks.MQTT.Subscribe.Listen(func(*event.MQTTSubscribe) {})
	p := New(b.Hooks, DefaultOptions())
	a := b.New(&p.Protocol)
	talk := []string{
		">" + connect5, "<" + packet(0x20, "\x00\x00\x00"),
		">" + packet(0x32, str("room/1/heat"), "\x00\x01", "\x00", "21.5 degrees"), "<" + packet(0x40, "\x00\x01"),
		">" + packet(0x82, "\x00\x02", "\x00", str("a/+"), "\x01", str("b/#"), "\x00"), "<" + packet(0x90, "\x00\x02", "\x00", "\x01\x00"),
		"<" + packet(0x30, str("room/1/heat"), "\x00", "21.5 degrees"), ">" + packet(0xc0),
	}
	segments := make([][]byte, len(talk))
	for i, s := range talk {
		segments[i] = []byte(s[1:])
	}
	return func() {
		for i, s := range segments {
			n := 0
			if cut {
				n = len(s) / 2
				a.Data(talk[i][0] == '>', s[:n])
			}
			a.Data(talk[i][0] == '>', s[n:])
		}
	}, len(talk)
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

func BenchmarkPacket(b *testing.B) {
	play, packets := session(b, false)
	b.ReportAllocs()
	for i := 0; i < b.N; i += packets {
		play()
	}
}
