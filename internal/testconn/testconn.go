// Package testconn feeds hand-made packets to a connection table in tests.
package testconn

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/value"
)

// Start is the initial time of a Bench.
const Start = 1_700_000_000 * value.Second

// FlagLetters are the letters of TCP's flags, from the lowest bit on.
const FlagLetters = "FSRPAU"

// Config returns the default options with a fixed seed.
func Config() conn.Options {
	o := conn.DefaultOptions()
	o.Seed = conn.Seed{1, 2, 3, 4, 5, 6}
	return o
}

// Segment is a TCP segment to build. Flags are letters of FlagLetters.
type Segment struct {
	Src, Dst netip.AddrPort
	Seq, Ack uint32
	Flags    string
	Window   uint16
	Options  []byte // a multiple of 4 bytes
	Data     []byte
	BadSum   bool
}

// Bytes returns the segment as an IP packet.
func (s *Segment) Bytes() []byte {
	h := make([]byte, 20, 20+len(s.Options)+len(s.Data))
	binary.BigEndian.PutUint16(h, s.Src.Port())
	binary.BigEndian.PutUint16(h[2:], s.Dst.Port())
	binary.BigEndian.PutUint32(h[4:], s.Seq)
	binary.BigEndian.PutUint32(h[8:], s.Ack)
	h[12] = byte(20+len(s.Options)) / 4 << 4
	for _, f := range s.Flags {
		h[13] |= 1 << strings.IndexRune(FlagLetters, f)
	}
	binary.BigEndian.PutUint16(h[14:], s.Window)
	h = append(append(h, s.Options...), s.Data...)
	p := IP(packet.ProtoTCP, s.Src.Addr(), s.Dst.Addr(), h)
	setSum(p, 16)
	if s.BadSum {
		p[len(p)-len(h)+16] ^= 0x55
	}
	return p
}

// UDP returns a datagram as an IP packet.
func UDP(src, dst netip.AddrPort, data []byte) []byte {
	h := make([]byte, 8, 8+len(data))
	binary.BigEndian.PutUint16(h, src.Port())
	binary.BigEndian.PutUint16(h[2:], dst.Port())
	binary.BigEndian.PutUint16(h[4:], uint16(8+len(data)))
	p := IP(packet.ProtoUDP, src.Addr(), dst.Addr(), append(h, data...))
	setSum(p, 6)
	return p
}

// ICMP returns a message as an IP packet.
func ICMP(src, dst netip.Addr, typ, code byte, rest []byte) []byte {
	b := append([]byte{typ, code, 0, 0}, rest...)
	proto := byte(packet.ProtoICMP)
	if src.Is6() {
		proto = packet.ProtoICMPv6
	}
	p := IP(proto, src, dst, b)
	setSum(p, 2)
	return p
}

// IP prepends an IP header, of the version of src, to a payload.
func IP(proto uint8, src, dst netip.Addr, payload []byte) []byte {
	if src.Is4() {
		h := make([]byte, 20, 20+len(payload))
		h[0], h[8], h[9] = 0x45, 64, proto
		binary.BigEndian.PutUint16(h[2:], uint16(20+len(payload)))
		a, b := src.As4(), dst.As4()
		copy(h[12:], a[:])
		copy(h[16:], b[:])
		binary.BigEndian.PutUint16(h[10:], packet.Checksum(h))
		return append(h, payload...)
	}
	h := make([]byte, 40, 40+len(payload))
	h[0], h[6], h[7] = 0x60, proto, 64
	binary.BigEndian.PutUint16(h[4:], uint16(len(payload)))
	a, b := src.As16(), dst.As16()
	copy(h[8:], a[:])
	copy(h[24:], b[:])
	return append(h, payload...)
}

// setSum sets the transport checksum, which is at offset at of the transport header.
func setSum(p []byte, at int) {
	hdr, addrs, proto := 20, p[12:20], p[9]
	if p[0]>>4 == 6 {
		hdr, addrs, proto = 40, p[8:40], p[6]
	}
	t := p[hdr:]
	pseudo := append([]byte{}, addrs...)
	if proto != packet.ProtoICMP {
		pseudo = binary.BigEndian.AppendUint32(pseudo, uint32(len(t)))
		pseudo = append(pseudo, 0, 0, 0, proto)
	} else {
		pseudo = nil
	}
	binary.BigEndian.PutUint16(t[at:], packet.Checksum(append(pseudo, t...)))
}

// Bench is a table with the decoders before it.
type Bench struct {
	T     testing.TB
	Hooks *event.Hooks
	Table *conn.Table
	Now   value.Time
	Num   uint64
	// Batch is the number of packets after which their memory is overwritten; 0 stands
	// for 1.
	Batch int
	// Client and Server are the ends of the connection of Script.
	Client, Server netip.AddrPort

	dec  packet.Decoder
	link packet.Packet
	ip   packet.IP
	opt  packet.Options
	held [][]byte
	// next holds the sequence numbers of Talk.
	next [2]uint32
	conn *conn.Conn // of New
}

// New returns a Bench on a new table. Listeners may be added to Hooks until the
// first packet.
func New(t testing.TB, cfg conn.Options) *Bench {
	b := &Bench{
		T: t, Hooks: new(event.Hooks), Now: Start, opt: cfg.Packet,
		Client: netip.MustParseAddrPort("192.0.2.1:40000"), Server: netip.MustParseAddrPort("198.51.100.2:9999"),
	}
	b.Table = conn.NewTable(cfg, b.Hooks, nil)
	return b
}

// SetAttacher sets the table's attacher; an error fails the test. It takes the results
// of detect.New: b.SetAttacher(detect.New(protocols)).
func (b *Bench) SetAttacher(a conn.Attacher, err error) {
	b.T.Helper()
	if err != nil {
		b.T.Fatal(err)
	}
	b.Table.SetAttacher(a)
}

// At makes b the clock of its own timers: they fire at their deadlines, not at the next
// packet.
func (b *Bench) At(d value.Time) (value.Time, uint64) { return d, b.Num + 1 }

// Advance lets time pass.
func (b *Bench) Advance(d value.Time) {
	b.Now += d
	b.Table.Advance(b.Now, b)
}

// Packet processes a copy of an IP packet. It reports false if the packet does not
// reach the table.
func (b *Bench) Packet(p []byte) (r conn.Result, ok bool) {
	p = bytes.Clone(p)
	b.held = append(b.held, p)
	r, ok = b.Process(p)
	if len(b.held) >= b.Batch {
		b.Settle()
	}
	return r, ok
}

// Settle settles the table and overwrites the packets of the batch.
func (b *Bench) Settle() {
	b.Table.Settle()
	for _, p := range b.held {
		for i := range p {
			p[i] = 0xdb
		}
	}
	b.held = b.held[:0]
}

// Process is Packet without a copy: p must stay unchanged until the table is settled.
func (b *Bench) Process(p []byte) (r conn.Result, ok bool) {
	b.Num++
	b.Table.Advance(b.Now, b)
	b.Table.SetNow(b.Now, b.Num)
	f := packet.Frame{Data: p, Time: b.Now, Now: b.Now, Num: b.Num, OrigLen: uint32(len(p)), Link: packet.LinkRaw}
	b.link.Weirds.Reset()
	b.dec.Decode(&f, &b.link)
	if b.link.Kind != packet.KindIP || b.ip.Parse(&b.link, &b.opt) != packet.DropNone || b.ip.Fragment {
		return r, false
	}
	b.Table.Process(&conn.Packet{IP: &b.ip, Link: &b.link, Time: b.Now, Num: b.Num}, &r)
	return r, true
}

// New returns an analyzer of p for the only connection, which it opens unless there is one.
// The caller feeds it.
func (b *Bench) New(p *conn.Protocol) conn.Analyzer {
	if b.conn == nil {
		first := func(c *conn.Conn) { b.conn = c }
		if b.Table.All(first); b.conn == nil {
			b.Open()
			b.Table.All(first)
		}
	}
	return p.New(b.Table.Nested(b.conn, p))
}

// Script feeds segments of the connection between Client and Server, separated by
// line ends or semicolons:
//
//	> S 100              from the client, flags, sequence number
//	< SA 500 101         from the server, with acknowledgement
//	> PA 101 501 hello   with data
//	> PA 101 501 len=9   with 9 bytes of data
//	+5                   5 seconds pass (before what follows)
//
// Further words are: win=N for the window, bad for a wrong checksum, opt=HEX for
// options. Flags are letters of FlagLetters, or - for none.
func (b *Bench) Script(script string) {
	b.T.Helper()
	for line := range strings.FieldsFuncSeq(script, func(r rune) bool { return r == '\n' || r == ';' }) {
		w := strings.Fields(line)
		if len(w) == 0 {
			continue
		}
		if d, ok := strings.CutPrefix(w[0], "+"); ok {
			sec, err := strconv.ParseFloat(d, 64)
			if err != nil {
				b.T.Fatal(err)
			}
			b.Advance(value.Time(sec * 1e9))
			continue
		}
		b.Now += 1e6
		s, err := b.segment(w)
		if err != nil {
			b.T.Fatalf("%s: %v", line, err)
		}
		if _, ok := b.Packet(s.Bytes()); !ok {
			b.T.Fatalf("%s: did not reach the table", line)
		}
	}
}

func (b *Bench) segment(w []string) (*Segment, error) {
	s := &Segment{Src: b.Client, Dst: b.Server, Window: 8192}
	switch w[0] {
	case ">":
	case "<":
		s.Src, s.Dst = s.Dst, s.Src
	default:
		return nil, fmt.Errorf("%q is no direction", w[0])
	}
	s.Flags = strings.Trim(w[1], "-")
	numbers := []*uint32{&s.Seq, &s.Ack}
	for _, x := range w[2:] {
		key, value, _ := strings.Cut(x, "=")
		n, err := strconv.ParseUint(value, 10, 16)
		switch {
		case key == "win" && err == nil:
			s.Window = uint16(n)
		case key == "len" && err == nil:
			s.Data = Bytes(int(s.Seq), int(n))
		case key == "opt":
			if _, err := fmt.Sscanf(value, "%x", &s.Options); err != nil {
				return nil, err
			}
		case x == "bad":
			s.BadSum = true
		default:
			if n, err := strconv.ParseUint(x, 10, 32); err == nil && len(numbers) > 0 {
				*numbers[0] = uint32(n)
				numbers = numbers[1:]
				continue
			}
			s.Data = []byte(x)
		}
	}
	return s, nil
}

// Bytes returns n bytes of a stream, starting at from, whose values depend on their
// positions.
func Bytes(from, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		p := from + i
		b[i] = byte(p) ^ byte(p>>8)*31 ^ byte(p>>16)*17
	}
	return b
}

// Open performs the handshake between Client and Server.
func (b *Bench) Open() {
	b.Now += 1e6
	b.next = [2]uint32{1001, 5001}
	for _, s := range []Segment{
		{Src: b.Client, Dst: b.Server, Flags: "S", Seq: 1000},
		{Src: b.Server, Dst: b.Client, Flags: "SA", Seq: 5000, Ack: 1001},
		{Src: b.Client, Dst: b.Server, Flags: "A", Seq: 1001, Ack: 5001},
	} {
		s.Window = 65535
		b.Packet(s.Bytes())
	}
}

// Talk sends data after Open, as one segment, which the other side acknowledges.
func (b *Bench) Talk(isOrig bool, data []byte) {
	b.Now += 1e6
	i, src, dst := 0, b.Client, b.Server
	if !isOrig {
		i, src, dst = 1, dst, src
	}
	s := Segment{Src: src, Dst: dst, Flags: "PA", Seq: b.next[i], Ack: b.next[i^1], Window: 65535, Data: data}
	b.Packet(s.Bytes())
	b.next[i] += uint32(len(data))
	s = Segment{Src: dst, Dst: src, Flags: "A", Seq: b.next[i^1], Ack: b.next[i], Window: 65535}
	b.Packet(s.Bytes())
}

// Skip loses n bytes of a stream.
func (b *Bench) Skip(isOrig bool, n uint32) {
	if isOrig {
		b.next[0] += n
	} else {
		b.next[1] += n
	}
}

// Close ends the connection of Open with FINs from both sides.
func (b *Bench) Close() {
	b.Now += 1e6
	o, r := b.next[0], b.next[1]
	for _, s := range []Segment{
		{Src: b.Client, Dst: b.Server, Flags: "FA", Seq: o, Ack: r},
		{Src: b.Server, Dst: b.Client, Flags: "FA", Seq: r, Ack: o + 1},
		{Src: b.Client, Dst: b.Server, Flags: "A", Seq: o + 1, Ack: r + 1},
	} {
		s.Window = 65535
		b.Packet(s.Bytes())
	}
}

// Converse opens a connection, sends the parts of talk in segments of at most size
// bytes, and ends it. The first byte of a part is > for the client and < for the
// server.
func (b *Bench) Converse(talk []string, size int) {
	b.Open()
	for _, s := range talk {
		for part := range slices.Chunk([]byte(s[1:]), size) {
			b.Talk(s[0] == '>', part)
		}
	}
	b.Close()
	b.Drain()
}

// maxSegment is the number of bytes of a segment of TalkCut at most.
const maxSegment = 1400

// TalkCut sends the parts of talk, which are as in Converse, after Open: in segments of one byte
// more than each of cuts says in turn, or as long as they can be if there are none.
func (b *Bench) TalkCut(talk []string, cuts []byte) {
	n := 0
	for _, s := range talk {
		for data := []byte(s[1:]); len(data) > 0; {
			m := min(len(data), maxSegment)
			if len(cuts) > 0 {
				m = min(m, 1+int(cuts[n%len(cuts)]))
				n++
			}
			b.Talk(s[0] == '>', data[:m])
			data = data[m:]
		}
	}
}

// Sides returns all that each side sends in a talk.
func Sides(talk []string) (client, server []byte) {
	for _, s := range talk {
		if s[0] == '>' {
			client = append(client, s[1:]...)
		} else {
			server = append(server, s[1:]...)
		}
	}
	return client, server
}

// Drain ends every connection.
func (b *Bench) Drain() {
	b.Table.SetNow(b.Now, b.Num+1)
	b.Table.Drain(b.Num+1, func(uint64) {})
}

// Resum sets the checksum of an IPv4 header anew and returns the packet.
func Resum(p []byte) []byte {
	p[10], p[11] = 0, 0
	binary.BigEndian.PutUint16(p[10:], packet.Checksum(p[:20]))
	return p
}

// WithPort returns the address with another port.
func WithPort(a netip.AddrPort, port uint16) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr(), port)
}
