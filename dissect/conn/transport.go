package conn

import (
	"encoding/binary"
	"strconv"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/link/icmp"
	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/value"
)

// Packet is a whole IP datagram on its way to a connection.
type Packet struct {
	IP    *packet.IP
	Link  *packet.Packet
	Encap *Encap // tunnels around it, nil outside
	// Domain is the domain of the outermost tunnel, 0 outside tunnels.
	Domain Domain
	// Volatile reports that IP's payload does not stay valid until Settle.
	Volatile bool
	Time     value.Time
	Num      uint64

	key    Key
	srcIsA bool // the source is the key's first side
	isOrig bool
}

// Encap is a stack of tunnels. It must not change once packets were processed with it.
type Encap struct {
	Layers []event.Encapsulation // outermost first
}

// same reports whether both stacks are of the same tunnels.
func (e *Encap) same(f *Encap) bool {
	if e == f {
		return true
	}
	if e == nil || f == nil || len(e.Layers) != len(f.Layers) {
		return false
	}
	for i := range e.Layers {
		if e.Layers[i].Type != f.Layers[i].Type || e.Layers[i].UID != f.Layers[i].UID {
			return false
		}
	}
	return true
}

// Result is where a datagram belongs.
type Result struct {
	// Conn is the connection, nil if the packet has none.
	Conn   *Conn
	IsOrig bool
	// Payload is the transport payload of UDP, in which tunnels are looked for. It is
	// nil if the packet was rejected.
	Payload []byte
	// Drop is why no analyzer gets the packet, or DropNone. Partial reports that its
	// checksum is partial and was accepted because of packet.ChecksumsAuto.
	Drop    packet.Drop
	Partial bool
}

// Transport header lengths.
const (
	tcpHeader = 20
	udpHeader = 8
)

// Process gives a datagram to its connection and fills in r. The caller has called
// SetNow.
func (t *Table) Process(p *Packet, r *Result) {
	t.streams.volatile = p.Volatile
	r.Conn, r.Payload, r.Drop, r.Partial = nil, nil, packet.DropNone, false
	switch p.IP.Proto {
	case packet.ProtoTCP:
		t.processTCP(p, r)
	case packet.ProtoUDP:
		t.processUDP(p, r)
	case packet.ProtoICMP, packet.ProtoICMPv6:
		t.processICMP(p, r)
	default:
		t.processOther(p, r)
	}
	if len(t.late) > 0 {
		t.settle()
	}
}

// headerFits reports whether the fixed part of a transport header was sent and
// captured, and raises a weird if not.
func (t *Table) headerFits(p *Packet, n int, source string, r *Result) bool {
	switch {
	case p.IP.PayloadLen != 0 && p.IP.PayloadLen < n:
		t.packetWeird(p, "truncated_header", source)
	case len(p.IP.Payload) < n:
		t.packetWeird(p, "internally_truncated_header", source)
	default:
		return true
	}
	r.Drop = packet.DropTruncatedHeader
	return false
}

// packetWeird raises a weird for a packet's hosts. Inside tunnels its name says so.
func (t *Table) packetWeird(p *Packet, name, source string) {
	if p.Encap != nil && len(p.Encap.Layers) > 0 {
		name += "_in_tunnel"
	}
	t.FlowWeird(&p.IP.Src, &p.IP.Dst, p.Domain, name, "", source)
}

// find sets p.key and returns the connection with that key, or nil.
func (t *Table) find(p *Packet, sport, dport uint16, oneWay bool) *Conn {
	p.srcIsA = p.key.set(packet.AddrFrom16(&p.IP.Src), packet.AddrFrom16(&p.IP.Dst), sport, dport, p.IP.Proto, p.Domain, oneWay)
	return t.lookup(&p.key)
}

// join makes p part of c, or of a new connection if c is nil, whose originator is the
// sender unless flip is set.
func (t *Table) join(p *Packet, c *Conn, tp value.Proto, silence value.Time, flip bool, r *Result) *Conn {
	if c == nil {
		c = t.newConn(p, tp, silence, flip)
		t.begin(c)
	} else {
		t.checkTunnel(c, p.Encap)
	}
	p.isOrig = p.srcIsA == (c.origin == 0)
	t.seen(c, p)
	r.Conn, r.IsOrig = c, p.isOrig
	return c
}

// newConn starts a connection with the sender of p as originator, unless flip.
func (t *Table) newConn(p *Packet, transport value.Proto, silence value.Time, flip bool) *Conn {
	c := t.insert(&p.key)
	c.transport = transport
	c.start, c.last, c.first = p.Time, p.Time, p.Num
	c.setSilence(silence)
	if !p.srcIsA {
		c.origin = 1
	}
	o := c.orig()
	o.flowLabel = p.IP.FlowLabel()
	o.flags |= sideSeen
	if l := p.Link; l != nil && l.HasL2 {
		r := c.resp()
		if l.SrcMAC != [6]byte{} {
			o.l2 = l.SrcMAC
			o.flags |= sideL2
		}
		if l.DstMAC != [6]byte{} {
			r.l2 = l.DstMAC
			r.flags |= sideL2
		}
	}
	if l := p.Link; l != nil {
		if l.VLAN.OK {
			c.vlan = l.VLAN.ID
			c.flags |= flagVLAN
		}
		if l.InnerVLAN.OK {
			c.innerVLAN = l.InnerVLAN.ID
			c.flags |= flagInnerVLAN
		}
	}
	if p.Encap != nil {
		c.extra().tunnel = p.Encap
	}
	if flip {
		resp := p.key.b
		if c.origin == 1 {
			resp = p.key.a
		}
		if !resp.IsBroadcast() { // Zeek keeps it the responder
			c.flip()
		}
	}
	return c
}

// begin raises the events of a new connection and arms its timers.
func (t *Table) begin(c *Conn) {
	t.stats.Begun[c.transport]++
	if c.transport == value.ProtoTCP {
		if e := t.hooks.TCP.NewConnectionContents.Begin(); e != nil {
			e.Conn = c
			t.hooks.TCP.NewConnectionContents.Raise(e)
		}
	}
	if e := t.hooks.Conn.NewConnection.Begin(); e != nil {
		e.Conn = c
		t.hooks.Conn.NewConnection.Raise(e)
	}
	t.watch(c)
	if len(t.expected.m) > 0 && (c.transport == value.ProtoTCP || c.transport == value.ProtoUDP) {
		t.attachExpected(c)
	}
	if t.attacher != nil && (c.transport == value.ProtoTCP || c.transport == value.ProtoUDP) {
		c.flags |= flagUndetected
		if c.transport == value.ProtoUDP {
			t.detected(c) // an analyzer may end the flow whose datagrams are all damaged
		}
	}
	t.rearm(c)
}

// watch begins what goes on from the first packet of a connection to its end, whatever it
// carries.
func (t *Table) watch(c *Conn) {
	t.watchStatus(c)
	t.watchAges(c)
	if c.transport == value.ProtoTCP {
		t.watchStats(c)
		for _, p := range t.watchers {
			t.Attach(c, p)
		}
	}
}

// seen does the work that every packet of a connection needs.
func (t *Table) seen(c *Conn, p *Packet) {
	s, _ := c.sideOf(p.isOrig)
	if label := p.IP.FlowLabel(); label != s.flowLabel {
		if h := &t.hooks.Conn.ConnectionFlowLabelChanged; s.flags&sideSeen != 0 && h.On() {
			e := h.Begin()
			*e = event.ConnectionFlowLabelChanged{Conn: c, IsOrig: p.isOrig,
				OldLabel: uint64(s.flowLabel), NewLabel: uint64(label)}
			h.Raise(e)
		}
		s.flowLabel = label
	}
	s.flags |= sideSeen
	if h := &t.hooks.Conn.IPv6ExtHeaders; p.IP.NumHeaders > 1 && h.On() {
		e := h.Begin()
		*e = event.IPv6ExtHeaders{Conn: c}
		p.IP.FillPktHdr(&e.P, &t.scratch.headers, &p.Link.Weirds)
		h.Raise(e)
	}
	if e := t.hooks.Conn.NewPacket.Begin(); e != nil {
		*e = event.NewPacket{Conn: c}
		p.IP.FillPktHdr(&e.P, &t.scratch.headers, &p.Link.Weirds)
		t.hooks.Conn.NewPacket.Raise(e)
	}
}

// checkTunnel records that a connection has moved to other tunnels.
func (t *Table) checkTunnel(c *Conn, e *Encap) {
	if e != nil || c.ext != nil && c.ext.tunnel != nil {
		t.changeTunnel(c, e)
	}
}

func (t *Table) changeTunnel(c *Conn, e *Encap) {
	var old *Encap
	if c.ext != nil {
		old = c.ext.tunnel
	}
	if old.same(e) {
		return
	}
	if limit := t.cfg.TunnelChanges; limit != 0 && int(c.tunnelChanges) >= limit {
		t.weirdNumber(c, "tunnel_max_changes_per_connection_exceeded", limit, "")
		if c.seen&histUnknown == 0 {
			c.seen |= histUnknown
			c.addHistory('X')
		}
	} else {
		c.tunnelChanges = uint8(min(int(c.tunnelChanges)+1, 255))
		if ev := t.hooks.Tunnel.Changed.Begin(); ev != nil {
			*ev = event.TunnelChanged{Conn: c}
			if e != nil {
				ev.E = e.Layers
			}
			t.hooks.Tunnel.Changed.Raise(ev)
		}
	}
	c.extra().tunnel = e
}

// Opaque adds an X to the history of a connection, once, for a packet that could not be
// decoded.
func (t *Table) Opaque(c *Conn) {
	if c.seen&histUnknown == 0 {
		c.seen |= histUnknown
		c.addHistory('X')
	}
}

// count adds a packet to the side that sent it.
func (c *Conn) count(p *Packet) {
	s, _ := c.sideOf(p.isOrig)
	s.packets++
	s.ipBytes += uint64(p.IP.TotalLen)
	if r := c.ifRare(); r != nil {
		c.checkThresholds(p.isOrig)
		if o := r.observed; o != nil && o.counts {
			c.countStats(p, &o.stats)
		}
	}
}

// contentsPort returns the port of a datagram to which the port lists of contents apply.
func (t *Table) contentsPort(c *Conn, dport uint16) uint16 {
	if t.cfg.Compat.Has(compat.UDPContentsPort) {
		return dport
	}
	return c.RespPort()
}

// contents raises PacketContents.
func (t *Table) contents(c *Conn, b []byte) {
	if h := &t.hooks.Conn.PacketContents; len(b) > 0 && h.On() {
		e := h.Begin()
		*e = event.PacketContents{Conn: c, Contents: b}
		h.Raise(e)
	}
}

// wireLen is the length of the transport datagram. A header without one, as
// segmentation offload leaves it, counts the captured bytes.
func wireLen(ip *packet.IP) int {
	if ip.PayloadLen == 0 {
		return len(ip.Payload)
	}
	return ip.PayloadLen
}

// verify reports whether the transport checksum is right, cannot be checked or need not
// be. If not, r.Drop says why: wrong, or that the checksum is partial.
func (t *Table) verify(p *Packet, wrong packet.Drop, r *Result) bool {
	return t.cfg.Packet.IgnoreChecksums || p.IP.Unsummed || len(p.IP.Payload) < wireLen(p.IP) ||
		t.cfg.Packet.Skip(p.IP) || p.IP.ChecksumOK() || t.acceptPartial(p, wrong, r)
}

// acceptPartial reports whether a packet with a wrong checksum is accepted all the same.
func (t *Table) acceptPartial(p *Packet, wrong packet.Drop, r *Result) bool {
	if !p.IP.PartialChecksum() {
		r.Drop = wrong
		return false
	}
	if t.cfg.Packet.Checksums == packet.ChecksumsAuto {
		r.Partial = true
		return true
	}
	r.Drop = packet.DropPartialChecksum
	return false
}

func (t *Table) processTCP(p *Packet, r *Result) {
	if !t.headerFits(p, tcpHeader, "TCP", r) {
		return
	}
	b := p.IP.Payload
	sport, dport := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	c := t.find(p, sport, dport, false)
	if c != nil && b[13]&(flagSYN|flagRST) != 0 {
		c = t.reuse(c, p, header(b))
	}
	flip := c == nil && t.tcpFlips(b[13], sport, dport)
	c = t.join(p, c, value.ProtoTCP, value.Time(t.cfg.UDPInactivity), flip, r)

	n := p.IP.PayloadLen
	if p.IP.TotalLen == 0 {
		n = len(b)
	}
	size := int(b[12]>>4) * 4
	if size < tcpHeader {
		t.weird(c, "bad_TCP_header_len", "", "TCP")
		r.Drop = packet.DropTruncatedHeader
		t.lookAtUnused(c)
		return
	}
	if size > n || size > len(b) {
		// A payload length of 0 in IPv6 is that of a packet over 64 KB (BIG TCP). Zeek
		// takes its length for what it says.
		t.weird(c, "truncated_header", "", "TCP")
		r.Drop = packet.DropTruncatedHeader
		t.lookAtUnused(c)
		return
	}
	t.contents(c, b[size:min(n, len(b))])
	if !t.verify(p, packet.DropTCPChecksum, r) {
		t.weird(c, "bad_TCP_checksum", "", "TCP")
		s, _ := c.sideOf(p.isOrig)
		if m := c.scaled(s, &s.badSums, countBadSum, 'C'); m > 1 {
			if e := t.hooks.TCP.MultipleChecksumErrors.Begin(); e != nil {
				*e = event.TCPMultipleChecksumErrors{Conn: c, IsOrig: p.isOrig, Threshold: m}
				t.hooks.TCP.MultipleChecksumErrors.Raise(e)
			}
		}
		t.lookAtUnused(c)
		return
	}
	if !t.predicted(c, p, header(b[:size]), b[size:], n-size) {
		t.tcp(c, p, header(b[:size]), b[size:], n-size)
	}
	c.count(p)
	r.IsOrig = p.isOrig
}

// lookAtUnused ends a connection soon that has had no good packet (tcp_SYN_timeout).
func (t *Table) lookAtUnused(c *Conn) {
	if c.expire == 0 && c.side[0].state == event.StateInactive && c.side[1].state == event.StateInactive {
		c.expire = t.now + value.Time(t.cfg.TCPSYN)
		t.rearm(c)
	}
}

// tcpFlips guesses whether the sender of a connection's first packet, which is not a
// plain SYN, is the responder.
func (t *Table) tcpFlips(flags uint8, sport, dport uint16) bool {
	if flags&(flagSYN|flagACK) == flagSYN || !t.likelyServer(value.ProtoTCP, sport) {
		return false
	}
	if t.likelyServer(value.ProtoTCP, dport) {
		return flags&flagSYN == 0 && sport < dport
	}
	return true
}

func (t *Table) processUDP(p *Packet, r *Result) {
	if !t.headerFits(p, udpHeader, "UDP", r) {
		return
	}
	b := p.IP.Payload
	sport, dport := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	c := t.find(p, sport, dport, false)
	flip := c == nil && t.likelyServer(value.ProtoUDP, sport) && !t.likelyServer(value.ProtoUDP, dport)
	c = t.join(p, c, value.ProtoUDP, value.Time(t.cfg.UDPInactivity), flip, r)

	s, _ := c.sideOf(p.isOrig)
	n := wireLen(p.IP)
	data := b[udpHeader:min(n, len(b))]
	t.contents(c, data)
	sum := binary.BigEndian.Uint16(b[6:])
	if !(sum == 0 && p.IP.Version == 4) && !p.IP.Snapped && t.needsChecksum(dport, sum, n, data) && !t.verify(p, packet.DropUDPChecksum, r) {
		t.weird(c, "bad_UDP_checksum", "", "UDP")
		if m := c.scaled(s, &s.badSums, countBadSum, 'C'); m > 1 {
			if e := t.hooks.UDP.MultipleChecksumErrors.Begin(); e != nil {
				*e = event.UDPMultipleChecksumErrors{Conn: c, IsOrig: p.isOrig, Threshold: m}
				t.hooks.UDP.MultipleChecksumErrors.Raise(e)
			}
		}
		return
	}
	length := int(binary.BigEndian.Uint16(b[4:]))
	if length != n {
		t.weird(c, "UDP_datagram_length_mismatch", strconv.Itoa(length)+" != "+strconv.Itoa(n), "UDP")
	}
	c.last = p.Time
	if h := &t.hooks.UDP.Contents; h.On() && t.udpContents[Side(p.isOrig)].has(t.contentsPort(c, dport)) {
		e := h.Begin()
		*e = event.UDPContents{Conn: c, IsOrig: p.isOrig, Contents: data}
		h.Raise(e)
	}
	c.once(s, histData, 'D')
	s.active(length - udpHeader)
	if p.isOrig {
		if t.hooks.UDP.Request.On() {
			if t.willTurn(c, data) {
				t.turning = c
			} else {
				t.udpRequest(c)
			}
		}
	} else if e := t.hooks.UDP.Reply.Begin(); e != nil {
		e.Conn = c
		t.hooks.UDP.Reply.Raise(e)
	}
	r.Payload = data
	t.analyzersData(c, p.isOrig, data)
	if t.turning != nil {
		t.turning = nil
		t.udpRequest(c)
	}
	c.count(p)
}

func (t *Table) udpRequest(c *Conn) {
	e := t.hooks.UDP.Request.Begin()
	e.Conn = c
	t.hooks.UDP.Request.Raise(e)
}

// willTurn reports whether an analyzer of c will swap the roles because of a datagram of
// the originator. Zeek raises udp_request afterwards.
func (t *Table) willTurn(c *Conn, b []byte) bool {
	t.detected(c)
	if c.ext == nil {
		return false
	}
	for i := range c.ext.analyzers {
		at := &c.ext.analyzers[i]
		if x, ok := at.a.(turner); ok && !at.off && at.fedBy == byTable && x.Turns(b) {
			return true
		}
	}
	return false
}

// active counts n payload bytes. A length in the header that is less than the header's
// own is negative and reduces the sum, as in Zeek.
func (s *side) active(n int) {
	if s.flags&sideActive == 0 {
		if n < 0 {
			return
		}
		s.flags |= sideActive
	}
	s.size += uint64(n)
}

// needsChecksum reports whether a checksum that is present must be right; see
// tunnel.Decoder.NeedsChecksum.
func (t *Table) needsChecksum(dport, sum uint16, n int, data []byte) bool {
	return t.cfg.NeedsChecksum == nil || t.cfg.NeedsChecksum(dport, sum, n, data)
}

func (t *Table) processICMP(p *Packet, r *Result) {
	if !t.headerFits(p, icmp.HeaderLen, "ICMP", r) {
		return
	}
	b := p.IP.Payload
	counter, oneWay := icmp.Counterpart(p.IP.Proto == packet.ProtoICMPv6, b[0], b[1])
	c := t.find(p, uint16(b[0]), counter, oneWay)
	c = t.join(p, c, value.ProtoICMP, value.Time(t.cfg.ICMPInactivity), false, r)

	n := wireLen(p.IP)
	t.contents(c, b[icmp.HeaderLen:min(n, len(b))])
	if !t.verify(p, packet.DropICMPChecksum, r) {
		t.weird(c, "bad_ICMP_checksum", "", icmp.Source)
		return
	}
	c.last = p.Time
	s, _ := c.sideOf(p.isOrig)
	size, w := t.icmp.Deliver(c, p.IP, &p.Link.Weirds)
	s.active(size)
	switch {
	case w.Name == "":
	case w.Net:
		t.NetWeird(w.Name, w.Addl, icmp.Source)
	default:
		t.weird(c, w.Name, w.Addl, icmp.Source)
	}
	if len(b) >= n {
		c.count(p)
	}
}

func (t *Table) processOther(p *Packet, r *Result) {
	c := t.find(p, 0, 0, false)
	c = t.join(p, c, value.ProtoUnknown, value.Time(t.cfg.UnknownIP), false, r)
	t.contents(c, p.IP.Payload[:min(wireLen(p.IP), len(p.IP.Payload))])
	c.last = p.Time
	c.count(p)
}
