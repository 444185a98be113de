// Package dissect turns packets into events. A Shard does all of it on one
// goroutine: link layers, IP reassembly, nested tunnels, connections and their
// analyzers. The packages below this one are its parts.
package dissect

import (
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/codec/contentline"
	"github.com/wirelog/wirelog/dissect/codec/mime"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/dissect/file/pe"
	"github.com/wirelog/wirelog/dissect/file/x509"
	"github.com/wirelog/wirelog/dissect/link/arp"
	"github.com/wirelog/wirelog/dissect/link/igmp"
	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/dissect/link/tunnel"
	"github.com/wirelog/wirelog/dissect/proto/bittorrent"
	"github.com/wirelog/wirelog/dissect/proto/dcerpc"
	"github.com/wirelog/wirelog/dissect/proto/dnp3"
	"github.com/wirelog/wirelog/dissect/proto/dns"
	"github.com/wirelog/wirelog/dissect/proto/ftp"
	"github.com/wirelog/wirelog/dissect/proto/gnutella"
	"github.com/wirelog/wirelog/dissect/proto/http"
	"github.com/wirelog/wirelog/dissect/proto/http2"
	"github.com/wirelog/wirelog/dissect/proto/ike"
	"github.com/wirelog/wirelog/dissect/proto/irc"
	"github.com/wirelog/wirelog/dissect/proto/krb"
	"github.com/wirelog/wirelog/dissect/proto/login"
	"github.com/wirelog/wirelog/dissect/proto/mail"
	"github.com/wirelog/wirelog/dissect/proto/mqtt"
	"github.com/wirelog/wirelog/dissect/proto/ncp"
	"github.com/wirelog/wirelog/dissect/proto/netbios"
	"github.com/wirelog/wirelog/dissect/proto/ntp"
	"github.com/wirelog/wirelog/dissect/proto/oncrpc"
	"github.com/wirelog/wirelog/dissect/proto/pop3"
	"github.com/wirelog/wirelog/dissect/proto/quic"
	"github.com/wirelog/wirelog/dissect/proto/redis"
	"github.com/wirelog/wirelog/dissect/proto/sip"
	"github.com/wirelog/wirelog/dissect/proto/smb"
	"github.com/wirelog/wirelog/dissect/proto/smtp"
	"github.com/wirelog/wirelog/dissect/proto/ssh"
	"github.com/wirelog/wirelog/dissect/proto/stun"
	"github.com/wirelog/wirelog/dissect/proto/syslog"
	"github.com/wirelog/wirelog/dissect/proto/tftp"
	"github.com/wirelog/wirelog/dissect/proto/tls"
	"github.com/wirelog/wirelog/dissect/proto/watch"
	"github.com/wirelog/wirelog/value"
)

// Options configure a Shard. They consist of the options of its parts, whose tags
// name the keys in configuration files. Start from DefaultOptions: a zero limit is
// not replaced by its default.
//
// All shards of a run have the same Conn.Seed. The caller divides amounts that
// they share.
type Options struct {
	// Analyzers names the analyzers of application protocols to use, from
	// AnalyzerNames, as PickAnalyzers has it. An empty list means those that are not attached on request only.
	Analyzers []string `key:"analyzers" flag:"analyzers" doc:"application protocols to analyze: names such as dns,http alone, or what differs from the default, such as -dns or +NAME; also default, all, none and patterns"`

	// Attach names analyzers to use besides those of Analyzers; see Watchers.
	Attach []string

	// Protocols, if set, returns additional protocols. It is called once, with the
	// shard's manager of transferred files.
	Protocols func(*files.Manager) []*detect.Protocol

	Conn   conn.Options
	Detect detect.Options
	Packet packet.Options
	Files  files.Options
	DCERPC dcerpc.Options
	FTP    ftp.Options
	IRC    irc.Options
	Login  login.Options
	POP3   pop3.Options
	QUIC   quic.Options
	SMB    smb.Options
	SMTP   smtp.Options
	// Lines bounds the incomplete lines that HTTP, FTP, SMTP, POP3, SIP and Telnet hold.
	Lines contentline.Options
	// MIME has the limits of mail messages and HTTP bodies, in the place of Mail.MIME and
	// HTTP.MIME.
	MIME   mime.Options
	Mail   mail.Options
	HTTP   http.Options
	HTTP2  http2.Options
	SSH    ssh.Options
	TLS    tls.Options
	X509   x509.Options
	Tunnel tunnel.Options
	DNS    dns.Options
	DNP3   dnp3.Options
	SIP    sip.Options
	RPC    oncrpc.Options
	NCP    ncp.Options
	KRB    krb.Options
	NTP    ntp.Options
	Syslog syslog.Options
	STUN   stun.Options
	IKE    ike.Options
	Watch  watch.Options
	Redis  redis.Options
	MQTT   mqtt.Options
	TFTP   tftp.Options

	BitTorrent bittorrent.Options
	Gnutella   gnutella.Options
	NetBIOS    netbios.Options

	// UnknownBytes is how much of what an unknown protocol carries UnknownProtocol has.
	UnknownBytes int `key:"unknown_protocol.first_bytes_count" unit:"bytes" min:"0" doc:"bytes of an unknown protocol in unknown_protocol (UnknownProtocol::first_bytes_count)"`
}

// DefaultOptions returns the defaults, Zeek's where Zeek has them, without a seed.
func DefaultOptions() Options {
	return Options{
		Conn:   conn.DefaultOptions(),
		Packet: packet.DefaultOptions(),
		Files:  files.DefaultOptions(),
		DCERPC: dcerpc.DefaultOptions(),
		FTP:    ftp.DefaultOptions(),
		IRC:    irc.DefaultOptions(),
		Login:  login.DefaultOptions(),
		POP3:   pop3.DefaultOptions(),
		QUIC:   quic.DefaultOptions(),
		SMB:    smb.DefaultOptions(),
		SMTP:   smtp.DefaultOptions(),
		Lines:  contentline.DefaultOptions(),
		MIME:   mime.DefaultOptions(),
		Mail:   mail.DefaultOptions(),
		HTTP:   http.DefaultOptions(),
		HTTP2:  http2.DefaultOptions(),
		SSH:    ssh.DefaultOptions(),
		TLS:    tls.DefaultOptions(),
		X509:   x509.DefaultOptions(),
		Tunnel: tunnel.DefaultOptions(),
		DNS:    dns.DefaultOptions(),
		DNP3:   dnp3.DefaultOptions(),
		SIP:    sip.DefaultOptions(),
		RPC:    oncrpc.DefaultOptions(),
		NCP:    ncp.DefaultOptions(),
		KRB:    krb.DefaultOptions(),
		NTP:    ntp.DefaultOptions(),
		Syslog: syslog.DefaultOptions(),
		STUN:   stun.DefaultOptions(),
		IKE:    ike.DefaultOptions(),
		Detect: detect.DefaultOptions(),
		Watch:  watch.DefaultOptions(),
		Redis:  redis.DefaultOptions(),
		MQTT:   mqtt.DefaultOptions(),
		TFTP:   tftp.DefaultOptions(),

		BitTorrent: bittorrent.DefaultOptions(),
		Gnutella:   gnutella.DefaultOptions(),
		NetBIOS:    netbios.DefaultOptions(),

		UnknownBytes: 10,
	}
}

// Stats counts what a shard did with its packets. Packets = Processed + the sum of Dropped.
type Stats struct {
	Packets   uint64
	Processed uint64 // reached a connection or an analyzer, or are held as fragments
	Dropped   [packet.NumDrops]uint64
	Panics    uint64 // packets whose processing panicked
	Conn      conn.Stats
	Fragments packet.FragStats
	// Checksums counts the packets with wrong checksums, those in tunnels too.
	Checksums packet.ChecksumStats
	Files     files.Stats
	// Limits counts how often each limit of an analyzer was reached.
	Limits map[conn.Limit]uint64
}

// A Shard dissects the packets of the host pairs assigned to it. It is not safe for
// concurrent use.
type Shard struct {
	opt       Options
	hooks     *event.Hooks
	dec       packet.Decoder
	frags     *packet.Reassembler
	table     *conn.Table
	tunnels   *tunnel.Decoder
	ipTunnels *tunnel.Table
	arp       *arp.Analyzer
	igmp      *igmp.Analyzer
	files     *files.Manager
	// tunnelProtocols are the protocols of connections that carry tunnels, by
	// kind.
	tunnelProtocols [tunnel.GTPv1 + 1]conn.Protocol
	stats           Stats

	levels []level // scratch, one for each level of nested packets
	drop   packet.Drop
	domain conn.Domain // of the current packet
	// volatile is set while the current packet is in the reassembler's memory.
	volatile bool
	ipHdr    packet.HeaderScratch
	encaps   encapCache
	history  []string // scratch of unknown
}

// level is the scratch of one packet; a packet inside it uses the next level.
type level struct {
	frame   packet.Frame
	link    packet.Packet
	ip      packet.IP
	conn    conn.Packet
	belongs conn.Result
	result  tunnel.Result
	// tunnel is the tunnel that the packet carries, and in which the next level's is.
	tunnel tunnel.Kind
}

// New returns a shard that raises its events on hooks. cause is called for every timer
// that is about to raise events, with its deadline, the first packet of its connection
// and the packet before which it fires. A random seed replaces the zero Conn.Seed. It is
// an error if the protocols cannot be used together (see detect.New), or KRB.Keytab cannot
// be read.
func New(o Options, hooks *event.Hooks, cause func(deadline value.Time, first, num uint64)) (*Shard, error) {
	if o.Conn.Seed == (conn.Seed{}) {
		o.Conn.Seed = conn.RandomSeed()
	}
	o.Files.Seed = [2]uint64{o.Conn.Seed[4], o.Conn.Seed[5]}
	o.Files.TotalReassembly = int(o.Conn.ReassemblyBytes / 2)
	o.Conn.Packet = o.Packet
	zeekLinks := o.Conn.Compat.Has(compat.LinkTypes)
	if o.Packet.Checksums == packet.ChecksumsIgnore {
		o.Packet.IgnoreChecksums, o.Conn.Packet.IgnoreChecksums = true, true
	}
	s := &Shard{
		opt:       o,
		hooks:     hooks,
		dec:       packet.Decoder{ZeekLinks: zeekLinks},
		frags:     packet.NewReassembler(o.Packet),
		tunnels:   tunnel.New(hooks, o.Tunnel),
		ipTunnels: tunnel.NewTable(o.Tunnel),
		arp:       arp.New(hooks),
		igmp:      igmp.New(hooks, igmp.Options{AsZeek: o.Conn.Compat.Has(compat.IGMP)}),
		levels:    make([]level, o.Tunnel.MaxDepth+2),
	}
	o.Conn.NeedsChecksum = s.tunnels.NeedsChecksum
	s.table = conn.NewTable(o.Conn, hooks, cause)
	s.files = files.New(o.Files, hooks, s.table, cause)
	pe.Register(s.files, hooks)
	x509.Register(s.files, hooks, o.X509)
	for i := range s.tunnelProtocols {
		k := tunnel.Kind(i)
		s.tunnelProtocols[i] = conn.Protocol{Name: k.Analyzer(), Service: k.Service(), Tag: value.Enum("PacketAnalyzer::ANALYZER_" + k.Analyzer())}
	}
	for i := range s.levels {
		lv := &s.levels[i]
		lv.conn.IP, lv.conn.Link = &lv.ip, &lv.link
	}
	if o.KRB.Keytab != "" && o.KRB.Keys == nil {
		var err error
		if o.KRB.Keys, err = krb.ReadKeytab(o.KRB.Keytab); err != nil {
			return nil, err
		}
	}
	list, err := chosen(protocols(hooks, s.files, &o), o.Analyzers, o.Attach, o.Conn.Compat)
	if err != nil {
		return nil, err
	}
	for _, p := range list {
		if slices.Contains(onRequest, strings.ToLower(p.Name)) {
			for _, port := range p.Ports {
				s.table.AddServerPort(p.Transport, port)
			}
		}
	}
	if o.Protocols != nil {
		list = append(list, o.Protocols(s.files)...)
	}
	list = slices.DeleteFunc(list, func(p *detect.Protocol) bool {
		if p.Watcher {
			s.table.AddWatcher(&p.Protocol)
		}
		return p.Watcher
	})
	if len(list) > 0 {
		d, err := detect.New(list)
		if err != nil {
			return nil, err
		}
		d.Configure(o.Detect, hooks)
		s.table.SetAttacher(d)
	}
	return s, nil
}

// Now returns the network time of the current packet or timer, which rows and events
// carry. It is later than Clock while the clock does not follow a packet's jump.
func (s *Shard) Now() value.Time { return s.table.Now() }

// Checksums returns the counters of checksums. They are the shard's: they change with
// the next packet.
func (s *Shard) Checksums() *packet.ChecksumStats { return &s.stats.Checksums }

// Table returns the shard's connections.
func (s *Shard) Table() *conn.Table { return s.table }

// Files returns the shard's open files.
func (s *Shard) Files() *files.Manager { return s.files }

// FragmentsHeld returns how many bytes the reassembly of fragments holds.
func (s *Shard) FragmentsHeld() int { return s.frags.Stats().Bytes }

// Counts returns the counters of packets alone, which cost less than Stats.
func (s *Shard) Counts() Stats { return s.stats }

// Packets returns the number of frames so far.
func (s *Shard) Packets() uint64 { return s.stats.Packets }

// Clock returns the run's clock at the packet or timer at work. It never goes back.
func (s *Shard) Clock() value.Time { return s.table.Clock() }

// Stats returns the counters.
func (s *Shard) Stats() Stats {
	st := s.stats
	st.Conn = s.table.Stats()
	st.Fragments = s.frags.Stats()
	st.Files = s.files.Stats()
	st.Limits = s.table.LimitCounts()
	for l, n := range s.files.LimitCounts() {
		if st.Limits == nil {
			st.Limits = make(map[conn.Limit]uint64)
		}
		st.Limits[conn.Limit{Protocol: l.Analyzer, Name: l.Name}] += n
	}
	return st
}

// Advance fires the timers that are due at now, in the order of their deadlines, because
// a file may time out before its connection.
func (s *Shard) Advance(now value.Time, clock conn.Clock) {
	for s.files.Due(now) {
		d := s.files.Deadline()
		s.table.Advance(d, clock)
		num := s.table.PacketNum()
		s.files.Advance(d, clock)
		s.table.SetNow(d, num)
	}
	s.table.Advance(now, clock)
}

// StateHeld returns about how many bytes builders, analyzers and open files hold.
func (s *Shard) StateHeld() int { return s.table.StateHeld() + s.files.StateHeld() }

// reclaim ends the state of connections and files that take more memory than they may.
// Of the two kinds, the one that takes more loses its oldest.
func (s *Shard) reclaim() {
	s.table.Reclaim()
	for s.StateHeld() > s.opt.Conn.StateBytes {
		if s.files.StateHeld() >= s.table.StateHeld() {
			s.files.EndOldest()
		} else {
			s.table.EndOldest()
		}
	}
}

// Shedding is work that a shard leaves out because there is too much.
type Shedding struct {
	// Files leaves out hashes and extraction of files.
	Files bool
	// StreamBytes is how much of each direction of a TCP connection is analyzed, 0 for all.
	StreamBytes uint64
}

// Shed sets what is left out from now on. A hash, an extraction or a stream that was given up
// does not go on.
func (s *Shard) Shed(x Shedding) {
	s.files.Shed(x.Files)
	s.table.Shed(x.StreamBytes)
}

// Frame processes one packet. Advance must have been called with its time.
func (s *Shard) Frame(f *packet.Frame) {
	s.stats.Packets++
	s.table.SetNow(f.Now, f.Num)
	s.drop = packet.DropNone
	s.volatile = false
	if len(f.Data) == 0 { // its time does not count
		s.table.NetWeird("empty_pcap_header", "", "")
		s.drop = packet.DropEmpty
	} else {
		if f.Time > f.Now {
			s.table.SetStamp(f.Time)
		}
		s.contained(f)
	}
	if s.table.Greedy() || s.StateHeld() > s.opt.Conn.StateBytes {
		s.reclaim()
	}
	if s.drop == packet.DropNone {
		s.stats.Processed++
	} else {
		s.stats.Dropped[s.drop]++
	}
}

// Settle must be called before the memory of the frames since the last call is
// reused.
func (s *Shard) Settle() { s.table.Settle() }

// Drain ends the connections whose first packet has a number below limit, in the
// order of those packets. cause is called before each with that number. now is the
// run's clock at its end. A limit of All also ends the remaining files.
func (s *Shard) Drain(limit uint64, now value.Time, cause func(first uint64)) {
	s.table.SetNow(now, limit)
	s.table.Drain(limit, cause)
	if limit == All {
		s.files.Drain(cause)
	}
}

// All is the limit for Drain that covers every packet.
const All = ^uint64(0)

// contained processes a packet and limits a panic to it. Analyzers are contained
// separately, so this covers the code around them.
func (s *Shard) contained(f *packet.Frame) {
	returned := false
	defer func() {
		if returned {
			return // recover is not free
		}
		if r := recover(); r != nil {
			s.stats.Panics++
			if s.stats.Panics == 1 {
				slog.Error("processing a packet panicked", "packet", f.Num, "panic", r, "stack", string(debug.Stack()))
			}
		}
	}()
	s.frame(0, f, 0, nil)
	returned = true
}

// frame processes a frame with the given number of layers around it, inside the
// tunnels of encap, and reports whether it could be processed.
func (s *Shard) frame(n int, f *packet.Frame, depth int, encap *conn.Encap) bool {
	lv := &s.levels[n]
	lv.link.Weirds.Reset()
	s.dec.DecodeAt(f, depth, &lv.link)
	ok := s.network(n, lv, f, encap)
	if n == 0 && s.hooks.Packet.Raw.On() {
		s.raiseRaw(lv, f, ok)
	}
	for s.dec.Next(f, &lv.link, ok) {
		ok = s.network(n, lv, f, encap)
	}
	return ok
}

func (s *Shard) raiseRaw(lv *level, f *packet.Frame, ok bool) {
	ip := &lv.ip
	if !ok || lv.link.Kind != packet.KindIP {
		ip = nil
	}
	e := s.hooks.Packet.Raw.Begin()
	lv.link.FillRawPktHdr(&e.P, f, ip, &s.ipHdr, &lv.link.Weirds)
	s.hooks.Packet.Raw.Raise(e)
}

// network processes the payload of the link layers of level n, which is lv.
func (s *Shard) network(n int, lv *level, f *packet.Frame, encap *conn.Encap) bool {
	switch lv.link.Kind {
	case packet.KindIP:
		return s.ip(n, lv, f, encap)
	case packet.KindARP:
		s.weirds(lv, encap)
		return s.arpPacket(lv)
	default:
		s.weirds(lv, encap)
		if lv.link.Unknown() {
			s.unknown(n, lv.link.UnknownAnalyzer, lv.link.UnknownProtocol, lv.link.Net)
		}
		s.dropped(n, lv.link.Drop)
		return false
	}
}

// unknown raises UnknownProtocol for b in the packet at level n. last is the layer that
// has no analyzer for it, by Zeek's name.
func (s *Shard) unknown(n int, last string, protocol uint64, b []byte) {
	e := s.hooks.Packet.UnknownProtocol.Begin()
	if e == nil {
		return
	}
	h := s.history[:0]
	for i := range s.levels[:n] {
		lv := &s.levels[i]
		h = lv.link.AppendHistory(h)
		if lv.ip.Proto == packet.ProtoUDP {
			h = append(h, "UDP")
		}
		h = append(h, lv.tunnel.Analyzer())
	}
	h = s.levels[n].link.AppendHistory(h)
	if last == unknownTransport {
		h = append(h, last)
	}
	s.history = h
	*e = event.UnknownProtocol{AnalyzerName: last, Protocol: protocol, FirstBytes: b[:min(len(b), s.opt.UnknownBytes)], AnalyzerHistory: h}
	s.hooks.Packet.UnknownProtocol.Raise(e)
}

// unknownTransport is Zeek's analyzer of the transport protocols that have none.
const unknownTransport = "UNKNOWN_IP_TRANSPORT"

func (s *Shard) arpPacket(lv *level) bool {
	if w := s.arp.Packet(&lv.link.SrcMAC, &lv.link.DstMAC, lv.link.Net); w != "" {
		s.table.NetWeird(w, "", arp.Source)
		return false
	}
	return true
}

// dropped records why the packet goes no further. Packets inside a tunnel do
// not count: the packet around them was processed.
func (s *Shard) dropped(n int, why packet.Drop) {
	if n == 0 {
		s.drop = why
	}
}

// weirds raises the weirds of the packet found so far and clears the list.
func (s *Shard) weirds(lv *level, encap *conn.Encap) {
	list := lv.link.Weirds.All()
	if len(list) == 0 {
		return
	}
	for i := range list {
		w := &list[i]
		name := w.Name
		if w.Source != "" && encap != nil {
			name += "_in_tunnel"
		}
		if w.HasAddrs {
			s.table.FlowWeird(&w.Src, &w.Dst, s.domain, name, w.Addl, w.Source)
		} else {
			s.table.NetWeird(name, w.Addl, w.Source)
		}
	}
	lv.link.Weirds.Reset()
}

func (s *Shard) ip(n int, lv *level, f *packet.Frame, encap *conn.Encap) bool {
	opt := &s.opt.Packet
	ip := &lv.ip
	drop := ip.Parse(&lv.link, opt)
	if drop == packet.DropNone && ip.Fragment {
		var whole *packet.IP
		s.frags.Domain = uint32(s.domain)
		whole, drop = s.frags.Feed(ip, f.Now, &lv.link.Weirds)
		if whole == nil && drop == packet.DropNone {
			s.weirds(lv, encap)
			return true // the fragment waits for the others
		}
		if drop == packet.DropNone && whole != ip {
			*ip = *whole
			// The reassembler reuses its memory earlier than the packet's is
			// reused.
			s.volatile = true
		}
	}
	if drop != packet.DropNone {
		s.weirds(lv, encap)
		s.stats.Checksums.Count(&ip.Src, drop)
		s.dropped(n, drop)
		return false
	}
	inTeredo := encap != nil && encap.Layers[len(encap.Layers)-1].Type == tunnel.Teredo.Type()
	upper := ip.Upper(opt, inTeredo, &lv.link.Weirds)
	s.weirds(lv, encap)
	switch upper {
	case packet.UpperESP:
		if e := s.hooks.Packet.ESP.Begin(); e != nil {
			ip.FillPktHdr(&e.P, &s.ipHdr, &lv.link.Weirds)
			s.hooks.Packet.ESP.Raise(e)
		}
		return true
	case packet.UpperMobility:
		if e := s.hooks.Packet.MobileIPv6Message.Begin(); e != nil {
			ip.FillPktHdr(&e.P, &s.ipHdr, &lv.link.Weirds)
			s.hooks.Packet.MobileIPv6Message.Raise(e)
		}
		return true
	case packet.UpperNone:
		return inTeredo
	case packet.UpperBad:
		s.stats.Checksums.Count(&ip.Src, packet.DropChecksum)
		s.dropped(n, packet.DropChecksum)
		return false
	case packet.UpperTransport:
	}

	switch ip.Proto {
	case packet.ProtoIPv4, packet.ProtoIPv6:
		return s.ipTunnel(n, f, tunnel.IP, ip.Payload, encap)
	case packet.ProtoGRE:
		return s.ipTunnel(n, f, tunnel.GRE, ip.Payload, encap)
	}
	if ip.Proto == igmp.Proto && !s.opt.Conn.Compat.Has(compat.NoSpicy) {
		return s.multicast(lv, f, encap)
	}
	p := &lv.conn
	p.Encap, p.Domain, p.Volatile, p.Time, p.Num = encap, s.domain, s.volatile, f.Time, f.Num
	r := &lv.belongs
	s.table.Process(p, r)
	s.weirds(lv, encap)
	if r.Drop != packet.DropNone {
		s.stats.Checksums.Count(&ip.Src, r.Drop)
		s.dropped(n, r.Drop)
	} else if r.Partial || ip.Partial {
		s.stats.Checksums.CountTaken(&ip.Src)
	}
	switch ip.Proto {
	case packet.ProtoTCP, packet.ProtoUDP, packet.ProtoICMP, packet.ProtoICMPv6:
	default:
		s.unknown(n, unknownTransport, uint64(ip.Proto), ip.Payload)
	}
	if r.Payload != nil {
		if k := s.tunnels.UDP(r.Conn.RespPort(), r.Payload); k != tunnel.None {
			s.udpTunnel(n, f, k, r, encap)
		}
	}
	return r.Conn != nil
}

// multicast takes a message of IGMP, which has no connection.
func (s *Shard) multicast(lv *level, f *packet.Frame, encap *conn.Encap) bool {
	ip := &lv.ip
	// Zeek verifies checksums even if they are to be ignored.
	verify := s.opt.Conn.Compat.Has(compat.IGMP) || !s.opt.Packet.Skip(ip) && !ip.Unsummed && !ip.Snapped
	w, ok := s.igmp.Deliver(&lv.link, f, ip, verify)
	s.weirds(lv, encap)
	if w.Name != "" {
		if encap != nil {
			w.Name += "_in_tunnel"
		}
		s.table.FlowWeird(&ip.Src, &ip.Dst, s.domain, w.Name, w.Addl, igmp.Source)
	}
	return ok
}

// ipTunnel decodes a tunnel that has no connection.
func (s *Shard) ipTunnel(n int, f *packet.Frame, k tunnel.Kind, payload []byte, encap *conn.Encap) bool {
	lv := &s.levels[n]
	c := carrier(&lv.ip, encap)
	s.tunnels.Decode(k, &c, payload, &lv.result)
	s.tunnelWeirds(lv, nil, encap)
	if lv.result.Inner == tunnel.InnerNone {
		return false
	}
	lv.tunnel = k
	return s.inner(n, f, 0, s.ipTunnelEncap(lv, k, f, encap))
}

func carrier(ip *packet.IP, encap *conn.Encap) tunnel.Carrier {
	c := tunnel.Carrier{Proto: ip.Proto}
	if encap != nil {
		c.Depth = len(encap.Layers)
		c.Last = encap.Layers[c.Depth-1].Type
	}
	return c
}

// ipTunnelEncap returns encap with the tunnel between the packet's hosts pushed on it.
func (s *Shard) ipTunnelEncap(lv *level, k tunnel.Kind, f *packet.Frame, encap *conn.Encap) *conn.Encap {
	layer, isNew := s.ipTunnels.Get(&lv.ip, uint32(s.domain), k, f.Now)
	if isNew {
		key, _ := conn.MakeKey(packet.AddrFrom16(&lv.ip.Src), packet.AddrFrom16(&lv.ip.Dst), 0, 0, lv.ip.Proto, s.domain, false)
		layer.UID = key.UID(&s.opt.Conn.Seed, f.Time, f.Num)
	}
	return s.encaps.push(encap, layer)
}

// udpTunnel decodes a tunnel that a UDP connection carries.
func (s *Shard) udpTunnel(n int, f *packet.Frame, k tunnel.Kind, r *conn.Result, encap *conn.Encap) {
	lv := &s.levels[n]
	c := carrier(&lv.ip, encap)
	c.Conn, c.State, c.IsOrig = r.Conn, r.Conn.Tunnels(), r.IsOrig
	res := &lv.result
	s.tunnels.Decode(k, &c, r.Payload, res)
	s.tunnelWeirds(lv, r.Conn, encap)
	switch res.Verdict {
	case tunnel.Confirmed:
		s.table.Nested(r.Conn, &s.tunnelProtocols[k]).Confirm()
	case tunnel.Violated:
		s.table.Nested(r.Conn, &s.tunnelProtocols[k]).Violate(conn.Violation{Reason: res.Reason, Data: res.Data})
	case tunnel.Undecided:
	}
	if res.TooDeep {
		s.table.Opaque(r.Conn)
	}
	if res.Inner == tunnel.InnerNone {
		return
	}
	lv.tunnel = k
	var cut uint32
	if k == tunnel.GRE {
		encap = s.ipTunnelEncap(lv, k, f, encap)
	} else {
		if !lv.ip.Reassembled {
			cut = f.OrigLen - min(f.OrigLen, uint32(len(f.Data)))
		}
		encap = s.encaps.push(encap, &event.Encapsulation{ID: r.Conn.ID(), Type: res.Type, UID: r.Conn.UID()})
	}
	s.inner(n, f, cut, encap)
}

func (s *Shard) tunnelWeirds(lv *level, c *conn.Conn, encap *conn.Encap) {
	for i := range lv.result.Weirds {
		w := &lv.result.Weirds[i]
		switch w.Scope {
		case tunnel.ScopePacket:
			name := w.Name
			if encap != nil {
				name += "_in_tunnel"
			}
			s.table.FlowWeird(&lv.ip.Src, &lv.ip.Dst, s.domain, name, w.Addl, w.Source)
		case tunnel.ScopeConn:
			c.Weird(w.Name, w.Addl, w.Source)
		case tunnel.ScopeNet:
			s.table.NetWeird(w.Name, w.Addl, w.Source)
		}
	}
}

// inner processes the packet inside the tunnel packet at level n. The snap
// length has cut off its last cut bytes.
func (s *Shard) inner(n int, f *packet.Frame, cut uint32, encap *conn.Encap) bool {
	lv := &s.levels[n]
	if n+1 == len(s.levels) {
		return false // not reached: Options.MaxDepth of the tunnel decoder is lower
	}
	if n == 0 {
		s.domain = conn.MakeDomain(&lv.ip.Src, &lv.ip.Dst, &s.opt.Conn.Seed)
		defer func() { s.domain = 0 }()
	}
	in := &s.levels[n+1]
	in.frame = packet.Frame{Data: lv.result.Payload, Time: f.Time, Now: f.Now, Num: f.Num}
	in.frame.OrigLen = uint32(len(lv.result.Payload)) + cut
	switch lv.result.Inner {
	case tunnel.InnerIP:
		in.frame.Link = packet.LinkRaw
	case tunnel.InnerEthernet:
		in.frame.Link = packet.LinkEthernet
	case tunnel.InnerWLAN:
		in.frame.Link = packet.Link80211
	case tunnel.InnerARP:
		in.link = packet.Packet{Net: lv.result.Payload}
		return s.arpPacket(in)
	case tunnel.InnerNone:
		return false
	}
	return s.frame(n+1, &in.frame, 0, encap)
}

// encapCache makes stacks of tunnels. Packets in the same tunnels that follow each
// other closely share a stack, so that tunnels do not cost an allocation per
// packet.
type encapCache struct {
	entries [64]struct {
		below *conn.Encap
		stack *conn.Encap
	}
}

func (e *encapCache) push(below *conn.Encap, layer *event.Encapsulation) *conn.Encap {
	h := layer.UID.Hash() % uint32(len(e.entries))
	slot := &e.entries[h]
	if st := slot.stack; st != nil && slot.below == below {
		if top := &st.Layers[len(st.Layers)-1]; top.UID == layer.UID && top.Type == layer.Type && top.ID == layer.ID {
			return st
		}
	}
	st := new(conn.Encap)
	if below != nil {
		st.Layers = append(st.Layers, below.Layers...)
	}
	st.Layers = append(st.Layers, *layer)
	slot.below, slot.stack = below, st
	return st
}
