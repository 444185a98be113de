package packet

import (
	"strconv"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
)

func TestNoAllocations(t *testing.T) {
	var d Decoder
	var p Packet
	var ip IP
	var s HeaderScratch
	var hdr event.PktHdr
	r := NewReassembler(DefaultOptions())
	o := &Options{}
	for _, c := range linkCases {
		f := frame(c.link, c.data)
		run := func() {
			d.Hosts(f)
			d.Decode(f, &p)
			if p.Kind == KindIP && ip.Parse(&p, o) == DropNone {
				ip.Upper(o, false, &p.Weirds)
				ip.ChecksumOK()
			}
		}
		if c.name == "nflog long tlv" {
			continue // prints two numbers
		}
		run()
		if n := testing.AllocsPerRun(10, run); n != 0 {
			t.Errorf("%s: %v allocations", c.name, n)
		}
	}
	for i, b := range extensionCases() {
		f := frame(LinkEthernet, eth(0x86dd, b))
		run := func() {
			d.Hosts(f)
			d.Decode(f, &p)
			ip.Parse(&p, o)
			ip.Upper(o, false, &p.Weirds)
			ip.FillPktHdr(&hdr, &s, &p.Weirds)
		}
		run()
		if n := testing.AllocsPerRun(10, run); n != 0 {
			t.Errorf("extension case %d: %v allocations", i, n)
		}
	}
	data := counting(2000)
	frames := []*Frame{
		frame(LinkRaw, piece(1, 0, true, data[:1000])),
		frame(LinkRaw, piece(1, 1000, false, data[1000:])),
	}
	run := func() {
		for _, f := range frames {
			d.Decode(f, &p)
			ip.Parse(&p, o)
			r.Feed(&ip, 0, &p.Weirds)
		}
	}
	run()
	if n := testing.AllocsPerRun(100, run); n != 0 {
		t.Errorf("reassembly: %v allocations", n)
	}
}

func benchFrame(b *testing.B, f *Frame) {
	var d Decoder
	var p Packet
	var ip IP
	o := &Options{}
	b.ReportAllocs()
	for b.Loop() {
		d.Decode(f, &p)
		if p.Kind != KindIP || ip.Parse(&p, o) != DropNone {
			b.Fatal(p.Drop)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, c := range []struct {
		name string
		f    *Frame
	}{
		{"ethernet-ipv4-tcp", frame(LinkEthernet, eth(0x0800, datagram4))},
		{"ethernet-ipv6-tcp", frame(LinkEthernet, eth(0x86dd, datagram6))},
		{"vlan-ipv4-tcp", frame(LinkEthernet, eth(0x8100, cat(unhex("0064 0800"), datagram4)))},
		{"raw-ipv4-tcp", frame(LinkRaw, datagram4)},
		{"ipv6-routing-tcp", frame(LinkEthernet, eth(0x86dd, extensionCases()[2]))},
		{"radiotap", frame(link80211Radiotap, cat(unhex("0000 0900 00000000 00"), dot11(0x08, 0, 24), snap, datagram4))},
	} {
		b.Run(c.name, func(b *testing.B) { benchFrame(b, c.f) })
	}
}

func BenchmarkHosts(b *testing.B) {
	for _, c := range []struct {
		name string
		f    *Frame
	}{
		{"ethernet-ipv4", frame(LinkEthernet, eth(0x0800, datagram4))},
		{"ethernet-ipv6", frame(LinkEthernet, eth(0x86dd, datagram6))},
		{"vlan", frame(LinkEthernet, eth(0x8100, cat(unhex("0064 0800"), datagram4)))},
		{"mpls", frame(LinkEthernet, eth(0x8847, cat(unhex("00010140"), datagram4)))},
	} {
		b.Run(c.name, func(b *testing.B) {
			var d Decoder
			for b.Loop() {
				if _, _, ok := d.Hosts(c.f); !ok {
					b.Fatal("no hosts")
				}
			}
		})
	}
}

var sinkBool bool

func BenchmarkChecksum(b *testing.B) {
	for _, n := range []int{20, 60, 576, 1460, 9000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			ip := IP{Version: 4, Proto: ProtoTCP, Payload: counting(n)}
			b.SetBytes(int64(n))
			for b.Loop() {
				sinkBool = ip.ChecksumOK()
			}
		})
	}
}

func BenchmarkReassemble(b *testing.B) {
	data := counting(4000)
	var frames []*Frame
	for off := 0; off < 4000; off += 1000 {
		frames = append(frames, frame(LinkRaw, piece(1, off, off+1000 < 4000, data[off:off+1000])))
	}
	var d Decoder
	var p Packet
	var ip IP
	r := NewReassembler(DefaultOptions())
	b.ReportAllocs()
	b.SetBytes(4000)
	for b.Loop() {
		for _, f := range frames {
			d.Decode(f, &p)
			ip.Parse(&p, &Options{})
			r.Feed(&ip, 0, &p.Weirds)
		}
	}
}
