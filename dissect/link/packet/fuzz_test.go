package packet

import (
	"encoding/binary"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// whole runs a frame through the whole package, like the engine.
func whole(t *testing.T, d *Decoder, r *Reassembler, p *Packet, ip *IP, s *HeaderScratch, f *Frame, o *Options) {
	var pkt event.PktHdr
	var raw event.RawPktHdr
	d.Decode(f, p)
	for more := true; more; {
		if (p.Kind == kindNone) == (p.Drop == DropNone) || p.Drop >= numDrops {
			t.Fatalf("kind %v and drop %v", p.Kind, p.Drop)
		}
		if p.Depth() > maxDepth || p.Offset+len(p.Net) > len(f.Data) {
			t.Fatalf("depth %d, payload %d+%d of %d", p.Depth(), p.Offset, len(p.Net), len(f.Data))
		}
		ok := p.Kind == KindARP
		if p.Kind == KindIP && ip.Parse(p, o) == DropNone {
			ok = true
			if len(ip.Payload) > max(ip.PayloadLen, 0) && ip.PayloadLen != 0 {
				t.Fatalf("payload of %d, length %d", len(ip.Payload), ip.PayloadLen)
			}
			p.FillRawPktHdr(&raw, f, ip, s, &p.Weirds)
			out := ip
			if ip.Fragment {
				out, _ = r.Feed(ip, f.Now, &p.Weirds)
			}
			if out != nil {
				out.Upper(o, false, &p.Weirds)
				out.ChecksumOK()
				out.FillPktHdr(&pkt, s, &p.Weirds)
				out.Header()
			}
		}
		p.FillRawPktHdr(&raw, f, nil, s, &p.Weirds)
		if len(p.Weirds.All()) > maxWeirds {
			t.Fatalf("%d weirds", len(p.Weirds.All()))
		}
		more = d.Next(f, p, ok)
	}
}

func FuzzDecode(f *testing.F) {
	for _, c := range linkCases {
		f.Add(uint16(c.link), uint16(0), c.data)
	}
	for _, b := range extensionCases() {
		f.Add(uint16(LinkEthernet), uint16(100), eth(0x86dd, b))
	}
	f.Fuzz(func(t *testing.T, link, extra uint16, data []byte) {
		var d Decoder
		var p Packet
		var ip IP
		var s HeaderScratch
		r := NewReassembler(DefaultOptions())
		fr := &Frame{Data: data, OrigLen: uint32(len(data)) + uint32(extra), Link: LinkType(link), Num: 1}
		src, dst, ok := d.Hosts(fr)
		for _, o := range []Options{{}, {IgnoreChecksums: true}} {
			whole(t, &d, r, &p, &ip, &s, fr, &o)
		}
		switch fr.Link {
		case Link80211, link80211Radiotap, linkPrism, linkAVS, linkPPI:
			return
		}
		d.Decode(fr, &p)
		if p.Kind == KindIP && ip.Parse(&p, &Options{IgnoreChecksums: true}) == DropNone && (!ok || src != AddrFrom16(&ip.Src) || dst != AddrFrom16(&ip.Dst)) {
			t.Fatalf("hosts %v %v %v of %v %v", src, dst, ok, ip.Src, ip.Dst)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add(datagram4)
	f.Add(datagram6)
	for _, b := range extensionCases() {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var d Decoder
		var p Packet
		var ip IP
		var s HeaderScratch
		whole(t, &d, NewReassembler(DefaultOptions()), &p, &ip, &s, frame(LinkRaw, data), &Options{IgnoreChecksums: true})
	})
}

var content = counting(65535)

// FuzzReassembler reads data as a list of fragments: offset, length, flags and
// datagram, and calls checkAccounts after each.
func FuzzReassembler(f *testing.F) {
	f.Add([]byte{0, 0, 20, 1, 0, 20, 20, 0})
	f.Add([]byte{0, 0, 20, 1, 0, 10, 20, 1, 0, 30, 20, 0})
	f.Add([]byte{0x1f, 0xff, 255, 0, 0, 0, 255, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		o := DefaultOptions()
		o.FragmentBytes, o.FragmentDatagrams = 1, 4
		r := NewReassembler(o)
		var d Decoder
		var p Packet
		var ip IP
		var now value.Time
		for len(data) >= 4 {
			off := int(binary.BigEndian.Uint16(data)&0x1fff) * 8
			n := int(data[2])
			flags := data[3]
			if flags&2 != 0 {
				n *= 255
			}
			data = data[4:]
			var b []byte
			if flags&4 == 0 {
				b = v4(ProtoUDP, content[n&7:n], ipID(int(flags>>4)), fragBits(off, flags&1 != 0, flags&8 != 0))
			} else {
				b = v6(protoFragment, cat(fragHdr(flags, off, flags&1 != 0, uint32(flags>>4)), content[n&7:n]))
			}
			fr := frame(LinkRaw, b)
			d.Decode(fr, &p)
			if ip.Parse(&p, &Options{}) != DropNone || !ip.Fragment {
				continue
			}
			now += value.Time(flags) << 32
			if out, _ := r.Feed(&ip, now, &p.Weirds); out != nil && len(out.Payload) > 65535 {
				t.Fatalf("%d bytes", len(out.Payload))
			}
			s := r.Stats()
			if s.Held > 4 || s.Bytes > maxPages*pageSize || s.Bytes < 0 {
				t.Fatalf("%+v", s)
			}
			checkAccounts(t, r)
		}
		r.Expire(1 << 62)
		if s := r.Stats(); s.Held != 0 || s.Bytes != 0 || len(r.freePages) != len(r.pages) || len(r.free) != len(r.slots) {
			t.Fatalf("after expiry: %+v", s)
		}
	})
}

// checkAccounts walks the list of datagrams and compares it with the index and the pages.
func checkAccounts(t *testing.T, r *Reassembler) {
	held, pages := 0, 0
	prev := int32(-1)
	for n := r.head; n >= 0; n = r.slots[n].next {
		d := &r.slots[n]
		if d.prev != prev || r.index[d.key] != n {
			t.Fatalf("datagram %d is not linked", n)
		}
		for i, s := range d.spans {
			if s.from >= s.to || i > 0 && s.from < d.spans[i-1].to {
				t.Fatalf("blocks %v", d.spans)
			}
		}
		prev = n
		held++
		pages += d.npages
	}
	if r.tail != prev || held != len(r.index) || pages != r.usedPages || r.usedPages+len(r.freePages) != len(r.pages) {
		t.Fatalf("%d datagrams of %d, %d pages of %d", held, len(r.index), pages, r.usedPages)
	}
}
