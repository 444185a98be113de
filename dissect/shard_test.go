package dissect

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

// TestTimersInOrder checks that a file times out before its connection if the clock jumps
// over both deadlines.
func TestTimersInOrder(t *testing.T) {
	var hooks event.Hooks
	var got []string
	hooks.File.Timeout.Listen(func(*event.FileTimeout) { got = append(got, "file_timeout") })
	hooks.File.StateRemove.Listen(func(*event.FileStateRemove) { got = append(got, "file_state_remove") })
	hooks.Conn.ConnectionStateRemove.Listen(func(*event.ConnectionStateRemove) {
		got = append(got, "connection_state_remove")
	})
	cfg := DefaultOptions()
	cfg.Packet.IgnoreChecksums = true
	s, err := New(cfg, &hooks, func(value.Time, uint64, uint64) {})
	if err != nil {
		t.Fatal(err)
	}

	client, server := netip.MustParseAddrPort("192.0.2.1:1024"), netip.MustParseAddrPort("192.0.2.2:80")
	response := "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it"
	clock := everyPacket{now: 1000e9}
	for i, p := range [][]byte{
		(&testconn.Segment{Src: client, Dst: server, Flags: "S", Seq: 1}).Bytes(),
		(&testconn.Segment{Src: server, Dst: client, Flags: "SA", Seq: 1, Ack: 2}).Bytes(),
		(&testconn.Segment{Src: client, Dst: server, Flags: "A", Seq: 2, Ack: 2, Data: []byte("GET / HTTP/1.1\r\n\r\n")}).Bytes(),
		(&testconn.Segment{Src: server, Dst: client, Flags: "A", Seq: 2, Ack: 20, Data: []byte(response)}).Bytes(),
		testconn.UDP(server, client, nil),
	} {
		clock.num++
		if i == 4 {
			clock.now += 1000e9
		}
		s.Advance(clock.now, &clock)
		s.Frame(&packet.Frame{Link: packet.LinkRaw, Data: p, OrigLen: uint32(len(p)), Now: clock.now, Time: clock.now, Num: clock.num})
	}
	s.Settle()
	want := []string{"file_timeout", "file_state_remove", "connection_state_remove"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, not %q", got, want)
	}
}

// TestZeroSeed checks that a zero seed is replaced by a random one, so that two shards
// name connections and files differently.
func TestZeroSeed(t *testing.T) {
	seeds := map[conn.Seed]bool{{}: true}
	for range 3 {
		s, err := New(DefaultOptions(), new(event.Hooks), nil)
		if err != nil {
			t.Fatal(err)
		}
		if seed := s.opt.Conn.Seed; seeds[seed] || s.opt.Files.Seed != [2]uint64{seed[4], seed[5]} {
			t.Errorf("seed %x of connections, %x of files", seed, s.opt.Files.Seed)
		} else {
			seeds[seed] = true
		}
	}
}

// TestUnsummed checks that the outermost checksum is not verified if nobody has computed it,
// and that those in tunnels are.
func TestUnsummed(t *testing.T) {
	syn := (&testconn.Segment{Src: netip.MustParseAddrPort("192.0.2.1:1024"), Dst: netip.MustParseAddrPort("192.0.2.2:80"), Flags: "S", Seq: 1}).Bytes()
	syn[10], syn[11] = 0, 0
	binary.BigEndian.PutUint16(syn[10:], packet.Checksum(syn[:20]))
	binary.BigEndian.PutUint16(syn[36:], 0x1234)
	outer := slices.Concat([]byte{0x45, 0, 0, byte(20 + len(syn)), 0, 0, 0, 0, 64, packet.ProtoIPv4, 0, 0, 198, 51, 100, 1, 198, 51, 100, 2}, syn)
	binary.BigEndian.PutUint16(outer[10:], packet.Checksum(outer[:20]))
	for _, c := range []struct {
		name     string
		data     []byte
		unsummed bool
		leftOut  uint64
	}{{"computed", syn, false, 1}, {"not computed", syn, true, 0}, {"in a tunnel", outer, true, 1}} {
		s, err := New(DefaultOptions(), new(event.Hooks), func(value.Time, uint64, uint64) {})
		if err != nil {
			t.Fatal(err)
		}
		s.Frame(&packet.Frame{Link: packet.LinkRaw, Data: c.data, OrigLen: uint32(len(c.data)), Now: 1e18, Time: 1e18, Num: 1, Unsummed: c.unsummed})
		if got := s.Checksums().LeftOut(); got != c.leftOut {
			t.Errorf("%s: %d packets left out because of checksums, want %d", c.name, got, c.leftOut)
		}
	}
}
