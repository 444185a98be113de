// Package mirror takes off the tunnels in which switches, hypervisors and clouds send the
// copies of packets: VXLAN, Geneve, ERSPAN and GRE. What is left is the packet as it was
// where it was copied; nothing that follows sees the tunnel.
//
// A packet that is in none of the tunnels, or whose tunnel is damaged, stays as it is.
package mirror

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/dissect/link/tunnel"
)

// Kind is a kind of tunnel, a bit of a set.
type Kind uint8

// The kinds of tunnels.
const (
	kindVXLAN  Kind = 1 << iota // RFC 7348
	kindGeneve                  // RFC 8926
	kindERSPAN                  // types I, II and III (draft-foschiano-erspan-03)
	kindGRE                     // RFC 2784 and 2890, with IP or Ethernet in it
)

var names = map[Kind]string{kindVXLAN: "vxlan", kindGeneve: "geneve", kindERSPAN: "erspan", kindGRE: "gre"}

// String returns the name in options and columns.
func (k Kind) String() string { return names[k] }

// kindNames returns the names of the kinds.
func kindNames() []string { return []string{"vxlan", "geneve", "erspan", "gre"} }

// vxlanPorts are IANA's and the one that Linux and others use without being told.
var vxlanPorts = [...]uint16{4789, 8472}

const genevePort = 6081

// maxDepth is how many tunnels around each other are taken off. More are left to be
// dissected as tunnels.
const maxDepth = 4

// Tunnel is a tunnel that has been taken off.
type Tunnel struct {
	Kind Kind
	// ID is the network identifier of VXLAN and Geneve, the session of ERSPAN or the key of
	// GRE. HasID is false if there is none.
	ID    uint32
	HasID bool
}

// Verdict says what Strip has done.
type Verdict uint8

// Verdicts of Strip.
const (
	// Plain: the frame is as it was.
	Plain Verdict = iota
	// Stripped: the frame is what was in the tunnels.
	Stripped
	// Held: the frame is a fragment of a packet that has not come in full.
	Held
	// Lost: the frame is a fragment that was not captured in full, or cannot be used.
	Lost
)

// A Decoder takes off tunnels. It belongs to one goroutine.
type Decoder struct {
	kinds Kind
	ports [1 << 16]Kind // of UDP

	// Outer and Inner are the outermost and the innermost of the tunnels that the last call
	// of Strip took off. The Kind of Inner is 0 if there was one only.
	Outer, Inner Tunnel
	// Volatile reports whether the frame is in memory that the next call of Strip uses.
	Volatile bool

	link    packet.Decoder
	pkt     packet.Packet
	ip      packet.IP
	frags   *packet.Reassembler
	tunnels *tunnel.Decoder
	state   tunnel.State
	result  tunnel.Result
	// longest are the lengths of the longest packets of some tunnels, by a hash of them.
	longest [1 << 10]uint32
}

// New returns a Decoder for the tunnels in list: names, those over UDP with a port if it is
// not the usual one, as in vxlan:4790. Fragments of the outer packets are put together
// within the limits of o.
func New(list []string, o packet.Options) (*Decoder, error) {
	d := &Decoder{
		frags: packet.NewReassembler(o),
		// Only its decoders are used: neither events nor limits of depth apply.
		tunnels: tunnel.New(new(event.Hooks), tunnel.Options{MaxDepth: 1}),
	}
	for _, text := range list {
		k, port, err := parse(text)
		if err != nil {
			return nil, err
		}
		d.kinds |= k
		switch {
		case port != 0:
			d.ports[port] = k
		case k == kindVXLAN:
			for _, p := range vxlanPorts {
				d.ports[p] = k
			}
		case k == kindGeneve:
			d.ports[genevePort] = k
		}
	}
	return d, nil
}

// parse reads NAME or NAME:PORT. The port is 0 if there is none.
func parse(text string) (Kind, uint16, error) {
	name, digits, hasPort := strings.Cut(text, ":")
	for k, n := range names {
		if n != name {
			continue
		}
		if !hasPort {
			return k, 0, nil
		}
		port, err := strconv.ParseUint(digits, 10, 16)
		if err != nil || port == 0 || k&(kindVXLAN|kindGeneve) == 0 {
			return 0, 0, fmt.Errorf("%q: only vxlan and geneve have a port, from 1 to 65535", text)
		}
		return k, uint16(port), nil
	}
	return 0, 0, fmt.Errorf("there is no mirror tunnel %q: known are %s", name, strings.Join(kindNames(), ", "))
}

// Fragments returns the counters of the fragments of outer packets.
func (d *Decoder) Fragments() packet.FragStats { return d.frags.Stats() }

// Strip takes the tunnels off f: its data, link type and original length become those of
// the packet inside. The addresses and checksums of the tunnel do not matter.
//
// If a mirror has cut the packet, its original length is the one of its IP header, as if it
// had been captured with a snapshot length. Only ERSPAN says so. In other tunnels a packet
// that is shorter than its header says is taken for cut if the tunnel has had no longer one:
// mirrors cut at some length. Otherwise the header lies, as it may without a mirror.
func (d *Decoder) Strip(f *packet.Frame) Verdict {
	d.Outer, d.Inner, d.Volatile = Tunnel{}, Tunnel{}, false
	if !d.network(f) {
		return Plain
	}
	cut := false
	if d.ip.Fragment {
		if v := d.gather(f); v != Stripped {
			return v
		}
		cut = !d.Volatile
	}
	outer := d.ip.Src[15] ^ d.ip.Src[14]<<1 ^ d.ip.Dst[15]<<2
	depth := 0
	for depth < maxDepth {
		t := d.step(f)
		if t.Kind == 0 {
			break
		}
		cut = cut || d.result.Cut
		if depth++; depth == 1 {
			d.Outer = t
		} else {
			d.Inner = t
		}
		if !d.network(f) || d.ip.Fragment {
			break
		}
	}
	if depth == 0 {
		if d.Volatile {
			d.whole(f)
			return Stripped
		}
		return Plain
	}
	longest := &d.longest[(uint32(outer)*0x9e37+d.Outer.ID)%uint32(len(d.longest))]
	if f.OrigLen >= *longest {
		*longest, cut = f.OrigLen, true
	}
	if cut {
		d.restore(f)
	}
	return Stripped
}

// network decodes f up to the header of an IP packet that may carry a tunnel, and reports
// whether it is one.
func (d *Decoder) network(f *packet.Frame) bool {
	d.link.Decode(f, &d.pkt)
	if d.pkt.Kind != packet.KindIP {
		return false
	}
	b := d.pkt.Net
	if len(b) > 9 && b[0]>>4 == 4 && !d.carries(b[9]) { // most packets
		return false
	}
	// View does not check the length of an IPv4 header, with which fragments are put together.
	return d.ip.View(b, &d.pkt.Weirds) && d.ip.HdrLen >= ipv4HdrLen && d.carries(d.ip.Proto)
}

const ipv4HdrLen = 20 // without options (RFC 791, section 3.1)

// carries reports whether an IP protocol may carry a tunnel.
func (d *Decoder) carries(proto uint8) bool {
	switch proto {
	case packet.ProtoUDP:
		return d.kinds&(kindVXLAN|kindGeneve) != 0
	case packet.ProtoGRE:
		return d.kinds&(kindERSPAN|kindGRE) != 0
	}
	return false
}

// gather adds a fragment to its packet. It returns Stripped if d.ip is what may have a
// tunnel in it.
func (d *Decoder) gather(f *packet.Frame) Verdict {
	whole, drop := d.frags.Feed(&d.ip, f.Now, &d.pkt.Weirds)
	switch {
	case drop != packet.DropNone:
		return Lost
	case whole == nil:
		return Held
	case whole != &d.ip:
		d.ip = *whole
		d.Volatile = true
	}
	return Stripped
}

// whole makes f the packet that was put together from fragments and is in no tunnel. Its
// header is that of the first fragment, which is made to be one of a whole packet.
func (d *Decoder) whole(f *packet.Frame) {
	b := d.ip.Raw()
	if d.ip.Version == 4 {
		h := d.ip.Header()
		binary.BigEndian.PutUint16(h[6:], binary.BigEndian.Uint16(h[6:])&0x4000)
		binary.BigEndian.PutUint16(h[10:], 0)
		binary.BigEndian.PutUint16(h[10:], packet.Checksum(h))
	}
	f.Data, f.Link, f.OrigLen = b, packet.LinkRaw, uint32(len(b))
}

// step takes one tunnel off, whose packet is d.ip. The Kind of the result is 0 if there is
// none.
func (d *Decoder) step(f *packet.Frame) Tunnel {
	b, kind := d.ip.Payload, Kind(0)
	decode := tunnel.GRE
	if d.ip.Proto == packet.ProtoGRE {
		kind = d.greKind(b)
	} else {
		kind, b = d.udpKind(b)
		decode = tunnel.VXLAN
		if kind == kindGeneve {
			decode = tunnel.Geneve
		}
	}
	if kind == 0 {
		return Tunnel{}
	}
	d.state = tunnel.State{}
	c := tunnel.Carrier{State: &d.state, Proto: d.ip.Proto}
	r := &d.result
	d.tunnels.Decode(decode, &c, b, r)
	switch r.Inner {
	case tunnel.InnerIP:
		f.Link = packet.LinkRaw
	case tunnel.InnerEthernet:
		f.Link = packet.LinkEthernet
	default:
		return Tunnel{}
	}
	cut := d.cut(f)
	f.Data = r.Payload
	f.OrigLen = uint32(len(r.Payload) + cut)
	return Tunnel{kind, r.VNI, r.HasVNI}
}

// cut returns how many bytes of the payload of d.ip are not in f.
func (d *Decoder) cut(f *packet.Frame) int {
	if d.ip.PayloadLen != 0 {
		return max(d.ip.PayloadLen-len(d.ip.Payload), 0)
	}
	return int(f.OrigLen) - len(f.Data)
}

// greKind returns the kind of what GRE packet b carries, or 0.
func (d *Decoder) greKind(b []byte) Kind {
	const (
		typeIPv4     = 0x0800
		typeIPv6     = 0x86dd
		typeEthernet = 0x6558
		typeERSPAN2  = 0x88be // and I
		typeERSPAN3  = 0x22eb
	)
	if len(b) < 4 || b[1]&7 != 0 { // version 1 is PPTP's
		return 0
	}
	switch binary.BigEndian.Uint16(b[2:]) {
	case typeIPv4, typeIPv6, typeEthernet:
		return d.kinds & kindGRE
	case typeERSPAN2, typeERSPAN3:
		return d.kinds & kindERSPAN
	}
	return 0
}

// udpKind returns the kind that the destination port of UDP packet b tells, or 0, and what
// follows the UDP header.
func (d *Decoder) udpKind(b []byte) (Kind, []byte) {
	const (
		udpHeader = 8
		control   = 0x80 // of Geneve: a message to the endpoint, no traffic
	)
	if len(b) < udpHeader+2 {
		return 0, nil
	}
	k := d.ports[binary.BigEndian.Uint16(b[2:])]
	if n := int(binary.BigEndian.Uint16(b[4:])); n >= udpHeader && n < len(b) {
		b = b[:n]
	}
	b = b[udpHeader:]
	if k == kindGeneve && (len(b) < 2 || b[1]&control != 0) {
		return 0, nil
	}
	return k, b
}

// restore sets the original length of f to that of its IP header, if that is more. d.pkt has
// the headers of f.
func (d *Decoder) restore(f *packet.Frame) {
	if d.pkt.Kind != packet.KindIP {
		return
	}
	n := 0
	switch b := d.pkt.Net; {
	case len(b) >= 20 && b[0]>>4 == 4:
		n = int(binary.BigEndian.Uint16(b[2:]))
	case len(b) >= 40 && b[0]>>4 == 6:
		n = 40 + int(binary.BigEndian.Uint16(b[4:]))
	}
	f.OrigLen = max(f.OrigLen, uint32(d.pkt.Offset+n))
}
