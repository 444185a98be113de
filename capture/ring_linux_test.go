package capture

import (
	"bytes"
	"encoding/binary"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// ringSpec describes a packet in a block, as the kernel lays it out.
type ringSpec struct {
	data     []byte
	at       time.Time
	wire     int // beyond the data
	status   uint32
	tci      uint32
	tpid     uint16
	hatype   uint16
	kind     uint8
	protocol uint16
	header   int // bytes of the link header
}

func arrives(at int64, data string) ringSpec {
	return ringSpec{data: []byte(data), at: time.Unix(1700000000, at), hatype: unix.ARPHRD_ETHER, header: 14}
}

const testBlock = 4096

// fill writes packets into a block and hands it over.
func fill(block []byte, specs ...ringSpec) {
	clear(block)
	put32 := func(b []byte, off int, v uint32) { binary.NativeEndian.PutUint32(b[off:], v) }
	put16 := func(b []byte, off int, v uint16) { binary.NativeEndian.PutUint16(b[off:], v) }
	put32(block, blockPackets, uint32(len(specs)))
	put32(block, blockFirst, blockHeader)
	at := blockHeader
	for i, s := range specs {
		h := block[at:]
		mac := (addrEnd+16+15)&^15 + tagLen - s.header
		n := (mac + len(s.data) + 15) &^ 15
		if i < len(specs)-1 {
			put32(h, headNext, uint32(n))
		}
		put32(h, headSec, uint32(s.at.Unix()))
		put32(h, headNsec, uint32(s.at.Nanosecond()))
		put32(h, headSnap, uint32(len(s.data)))
		put32(h, headWire, uint32(len(s.data)+s.wire))
		put32(h, headStatus, s.status|unix.TP_STATUS_USER)
		put16(h, headMAC, uint16(mac))
		put16(h, headNet, uint16(mac+s.header))
		put32(h, headTCI, s.tci)
		put16(h, headTPID, s.tpid)
		binary.BigEndian.PutUint16(h[addrProtocol:], s.protocol)
		put16(h, addrType, s.hatype)
		h[addrPacket] = s.kind
		copy(h[mac:], s.data)
		at += n
	}
	atomic.StoreUint32((&slot{mem: block}).status(), unix.TP_STATUS_USER)
}

// testRing returns a ring of n blocks, and its memory; freed counts how often it was freed.
func testRing(n int, freed *int) (*ring, [][]byte) {
	mem := make([]byte, n*testBlock)
	var blocks [][]byte
	for i := range n {
		blocks = append(blocks, mem[i*testBlock:(i+1)*testBlock])
	}
	return newRing(mem, testBlock, func() { *freed++ }), blocks
}

func TestRingPackets(t *testing.T) {
	macs := "\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x01"
	for _, c := range []struct {
		name string
		spec ringSpec
		want ringPacket
	}{
		{"ethernet", arrives(5, macs+"\x08\x00datagram"), ringPacket{Packet: Packet{Data: []byte(macs + "\x08\x00datagram"), OrigLen: 22, Link: linkEthernet}, known: true}},
		{"tag", func() ringSpec {
			s := arrives(5, macs+"\x08\x00datagram")
			s.status, s.tci, s.tpid = unix.TP_STATUS_VLAN_VALID|unix.TP_STATUS_VLAN_TPID_VALID, 0xa064, 0x88a8
			return s
		}(), ringPacket{Packet: Packet{Data: []byte(macs + "\x88\xa8\xa0\x64\x08\x00datagram"), OrigLen: 26, Link: linkEthernet}, known: true}},
		{"tag without its type, cut", func() ringSpec {
			s := arrives(5, macs+"\x08\x00data")
			s.status, s.tci, s.wire = unix.TP_STATUS_VLAN_VALID, 7, 100
			return s
		}(), ringPacket{Packet: Packet{Data: []byte(macs + "\x81\x00\x00\x07\x08\x00data"), OrigLen: 122, Link: linkEthernet}, known: true}},
		{"tag of a packet that is cut before it", func() ringSpec {
			s := arrives(5, macs[:10])
			s.status, s.tci, s.wire = unix.TP_STATUS_VLAN_VALID, 7, 100
			return s
		}(), ringPacket{Packet: Packet{Data: []byte(macs[:10]), OrigLen: 110, Link: linkEthernet}, known: true}},
		{"no checksum", func() ringSpec {
			s := arrives(5, macs+"\x08\x00datagram")
			s.status = unix.TP_STATUS_CSUMNOTREADY
			return s
		}(), ringPacket{Packet: Packet{Data: []byte(macs + "\x08\x00datagram"), OrigLen: 22, Link: linkEthernet, Unsummed: true}, known: true}},
		{"loopback, out", ringSpec{data: []byte(macs + "\x08\x00datagram"), hatype: unix.ARPHRD_LOOPBACK, kind: unix.PACKET_OUTGOING, header: 14},
			ringPacket{Packet: Packet{Data: []byte(macs + "\x08\x00datagram"), OrigLen: 22, Link: linkEthernet}, known: true, echo: true}},
		{"without a link header", ringSpec{data: []byte("Edatagram"), hatype: unix.ARPHRD_NONE, protocol: etherIP, wire: 3},
			ringPacket{Packet: Packet{Data: []byte("Edatagram"), OrigLen: 12, Link: linkRaw}, known: true}},
		{"with one of another kind", ringSpec{data: []byte("1234Edatagram"), hatype: unix.ARPHRD_PPP, protocol: etherIP6, header: 4, wire: 3},
			ringPacket{Packet: Packet{Data: []byte("Edatagram"), OrigLen: 12, Link: linkRaw}, known: true}},
		{"not IP", ringSpec{data: []byte("1234something"), hatype: unix.ARPHRD_PPP, protocol: 0xc021, header: 4},
			ringPacket{Packet: Packet{Data: []byte("something"), OrigLen: 9, Link: linkRaw}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			freed := 0
			r, blocks := testRing(2, &freed)
			// The second packet shows that the first one does not reach into it.
			fill(blocks[0], c.spec, arrives(6, "the next one is whole"))
			for i, want := range []ringPacket{c.want, {Packet: Packet{Data: []byte("the next one is whole"), OrigLen: 21, Link: linkEthernet}, known: true}} {
				if !r.peek() {
					t.Fatal("no packet")
				}
				got := r.head
				if !bytes.Equal(got.Data, want.Data) || got.OrigLen != want.OrigLen || got.Link != want.Link || got.Unsummed != want.Unsummed || got.echo != want.echo || got.known != want.known {
					t.Errorf("packet %d: %+v, want %+v", i, got, want)
				}
				r.take()
			}
			if r.peek() {
				t.Error("a packet too many")
			}
		})
	}
}

// testListener has taps on rings instead of interfaces.
func testListener(t *testing.T, now *time.Time, rings ...*ring) *listener {
	t.Helper()
	l := &listener{opt: DefaultListenOptions(), now: func() time.Time { return *now }, lag: 100 * time.Millisecond, all: new(together), looked: *now}
	if err := l.batcher.init(BatcherOptions{}); err != nil {
		t.Fatal(err)
	}
	for i, r := range rings {
		l.taps = append(l.taps, &tap{socket: &socket{ring: r, name: string(rune('a' + i))}, bound: true})
	}
	return l
}

// A block is the kernel's again when the last batch that refers to it has been released,
// in any order; until then it is not read twice.
func TestRingBlocks(t *testing.T) {
	freed := 0
	r, blocks := testRing(2, &freed)
	now := time.Unix(1700000000, 0)
	l := testListener(t, &now, r)
	next := func() *Batch {
		b, err := l.Next()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	status := func(i int) uint32 { return atomic.LoadUint32(r.slots[i].status()) }
	fill(blocks[0], arrives(1, "first"), arrives(2, "second"))
	fill(blocks[1], arrives(3, "third"))
	a := next()
	if len(a.Packets) != 3 || string(a.Packets[0].Data) != "first" || string(a.Packets[2].Data) != "third" || !a.Idle {
		t.Fatalf("%d packets", len(a.Packets))
	}
	if &a.Packets[0].Data[0] != &r.slots[0].mem[blockHeader+int(u16(blocks[0][blockHeader:], headMAC))] {
		t.Error("the packet is not a view into the ring")
	}
	if r.peek() {
		t.Error("a block that is in use was read again")
	}
	if status(0) != unix.TP_STATUS_USER || status(1) != unix.TP_STATUS_USER {
		t.Error("a block was handed back while a batch refers to it")
	}
	a.Retain(1)
	a.Release()
	if status(0) != unix.TP_STATUS_USER {
		t.Error("a block was handed back while it is in use")
	}
	a.Release()
	if status(0) != unix.TP_STATUS_KERNEL || status(1) != unix.TP_STATUS_KERNEL {
		t.Error("a block was not handed back")
	}
	fill(blocks[0], arrives(4, "fourth"))
	b := next()
	if len(b.Packets) != 1 || string(b.Packets[0].Data) != "fourth" || b.Packets[0].Num != 4 {
		t.Errorf("%+v", b.Packets)
	}
	r.close()
	if freed != 0 || string(b.Packets[0].Data) != "fourth" {
		t.Error("the ring was freed while a batch refers to it")
	}
	b.Release()
	if freed != 1 {
		t.Errorf("freed %d times", freed)
	}
}

// Packets of several interfaces come by time; one waits while an older one may still come.
func TestRingsMerged(t *testing.T) {
	freed := 0
	a, as := testRing(2, &freed)
	b, bs := testRing(2, &freed)
	at := func(ms int) int64 { return int64(ms) * 1e6 }
	now := time.Unix(1700000000, at(50))
	l := testListener(t, &now, a, b)
	read := func() (got string) {
		batch, err := l.Next()
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range batch.Packets {
			got += string(p.Data)
		}
		if batch.Now > now.Add(-l.lag).UnixNano() && len(batch.Packets) == 0 {
			t.Errorf("the clock is at %d, which a packet may precede", batch.Now)
		}
		batch.Release()
		return got
	}
	fill(as[0], arrives(at(1), "1"), arrives(at(3), "3"), arrives(at(4), "4"))
	fill(bs[0], arrives(at(2), "2"))
	if got := read(); got != "12" {
		t.Errorf("%q: only what is older than the last packets of all was to come", got)
	}
	fill(bs[1], arrives(at(3)+5e5, "+"))
	if got := read(); got != "3+" {
		t.Errorf("%q after the other interface has gone on", got)
	}
	now = now.Add(100 * time.Millisecond)
	if got := read(); got != "4" {
		t.Errorf("%q after the hold", got)
	}
	// An interface that is down is not waited for.
	l.taps[1].down = true
	fill(as[1], arrives(at(200), "5"))
	if got := read(); got != "5" {
		t.Errorf("%q while the other interface is down", got)
	}
}

// What is not taken is counted.
func TestListenCounts(t *testing.T) {
	freed := 0
	r, blocks := testRing(2, &freed)
	now := time.Unix(1700000001, 0)
	l := testListener(t, &now, r)
	l.taps[0].mtu = 100
	l.batcher.from = new(Origin)
	echo, strange, many, cut := arrives(1, "echo"), arrives(2, "strange"), arrives(3, "many"), arrives(4, "cut")
	echo.hatype, echo.kind = unix.ARPHRD_LOOPBACK, unix.PACKET_OUTGOING
	strange.hatype, strange.protocol = unix.ARPHRD_PPP, 0x80fd
	many.status, cut.wire = unix.TP_STATUS_GSO_TCP, 500
	fill(blocks[0], echo, strange, many, cut)
	b, err := l.Next()
	if err != nil || len(b.Packets) != 2 || b.Origins[1] != (Origin{File: "a", Num: 4, Interface: -1}) {
		t.Fatal(b.Packets, b.Origins, err)
	}
	s := l.Stats()
	i := s.Interfaces[0]
	if i.Read != 4 || i.Echoes != 1 || i.Strange != 1 || i.Coalesced != 2 || s.Cut != 1 || s.Packets != 2 {
		t.Errorf("%+v", s)
	}
	// After Stop and the last packet there is an end.
	l.stopped = now
	if _, err := l.Next(); err != io.EOF {
		t.Errorf("%v at the end", err)
	}
}

// An idle link lets time pass, behind the clock as far as packets may be.
func TestIdleClock(t *testing.T) {
	freed := 0
	r, blocks := testRing(2, &freed)
	now := time.Unix(1700000000, 0)
	l := testListener(t, &now, r)
	fill(blocks[0], arrives(0, "packet"))
	if b, err := l.Next(); err != nil || b.Now != now.UnixNano() {
		t.Fatal(b.Now, err)
	}
	now = now.Add(10 * time.Second)
	if b := l.pause(true); b.Now != now.Add(-l.lag).UnixNano() || !b.Idle {
		t.Errorf("the clock is %v behind", now.Sub(time.Unix(0, b.Now)))
	}
	before := now
	now = now.Add(10 * time.Second)
	if b := l.pause(false); b.Now != before.Add(-l.lag).UnixNano() || b.Idle {
		t.Error("time passes although there are packets to be read")
	}
	l.opt.HardwareTime = true
	l.all.live.Store(true)
	if b := l.pause(true); b.Now != now.Add(-maxLag).UnixNano() {
		t.Errorf("with stamps of the card the clock is %v behind", now.Sub(time.Unix(0, b.Now)))
	}
}

// A batch says how much of the fullest ring was taken, by packets that wait and by batches that
// are in use; the counts have the most since they were asked for.
func TestPressure(t *testing.T) {
	freed := 0
	a, as := testRing(8, &freed)
	b, bs := testRing(4, &freed)
	now := time.Unix(1700000001, 0)
	l := testListener(t, &now, a, b)
	next := func(want float32) *Batch {
		t.Helper()
		now = now.Add(feelEvery)
		batch, err := l.Next()
		if err != nil || batch.Pressure != want {
			t.Fatalf("pressure %v, %v; want %v", batch.Pressure, err, want)
		}
		return batch
	}
	for i := range 6 {
		fill(as[i], arrives(int64(i), "packet"))
	}
	fill(bs[0], arrives(0, "packet"))
	held := next(0.75)
	if n := len(held.Packets); n != 7 {
		t.Fatalf("%d packets", n)
	}
	next(0.75).Release() // all are read, and none is the kernel's
	held.Release()
	next(0).Release()
	now = now.Add(feelEvery / 2)
	fill(bs[1], arrives(7, "packet"))
	if batch, err := l.Next(); err != nil || batch.Pressure != 0 || len(batch.Packets) != 1 {
		t.Errorf("%v, %v: it is not measured all the time", batch, err)
	}
	s := l.Stats()
	for i, want := range []float32{0.75, 0.25} {
		if got := s.Interfaces[i].Fill; got != want {
			t.Errorf("ring %d was %v full, want %v", i, got, want)
		}
	}
	if s := l.Stats(); s.Interfaces[0].Fill != 0 {
		t.Errorf("%v is told twice", s.Interfaces[0].Fill)
	}
}
