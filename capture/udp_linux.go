package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mirrored is the source of ListenUDP.
type mirrored struct {
	opt     ListenOptions
	batcher Batcher
	ports   []*udpPort
	polls   []unix.PollFd
	now     func() time.Time
	looked  time.Time
	stopped bool
	done    error
}

// udpPort is a socket on which a mirror's datagrams come.
type udpPort struct {
	fd    int
	stats InterfaceStats
	drops uint32         // the kernel's counter when it was read last
	local netip.AddrPort // what datagrams are sent to that do not tell

	recv  *receiver
	n     int // datagrams in recv, of which next is the next one
	next  int
	rest  []udpDatagram // what has come by the time of Stop, after those in recv
	cur   udpDatagram   // the next one, if ready
	ready bool
}

// udpDatagram is a datagram behind headers made of its addresses.
type udpDatagram struct {
	data []byte
	wire uint32
	at   int64
}

const (
	// udpBatch is how many datagrams are received at once, at most.
	udpBatch = 64
	// maxDatagram is more than the longest datagram.
	maxDatagram = 1 << 16
	// headroom is what the longest headers take.
	headroom  = 40 + udpHeader
	udpHeader = 8
	// udpSlack is by how much a datagram may be received later than its time.
	udpSlack = 5 * time.Millisecond
)

// receiver is memory for what the kernel hands over at once.
type receiver struct {
	msgs  [udpBatch]mmsghdr
	iovs  [udpBatch]unix.Iovec
	names [udpBatch]unix.RawSockaddrInet6
	ctrl  [udpBatch][128]byte
	bufs  [udpBatch][headroom + maxDatagram]byte
}

// mmsghdr is the kernel's struct of that name.
type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32
}

// ListenUDP returns a source of the packets that mirrors send in the tunnels of datagrams, in
// the order in which the kernel has received them. The list is what ParseUDPMirror reads.
// o.Unwrap takes the tunnels off; datagrams without one are left out. Of o, Ring is the size of
// the receive buffers. It takes no privileges. The source is a Stopper.
func ListenUDP(list []string, o ListenOptions) (Source, error) {
	if o.Unwrap == nil {
		return nil, errNoUnwrapper
	}
	m := &mirrored{opt: o, now: time.Now}
	if err := m.batcher.init(BatcherOptions{Filter: o.Filter, JumpLimit: o.JumpLimit, Unwrap: o.Unwrap, Mirrors: o.Mirrors}); err != nil {
		return nil, err
	}
	m.batcher.unwrap.only = true
	if o.Origins {
		m.batcher.from = new(Origin)
	}
	for _, text := range list {
		at, err := ParseUDPMirror(text)
		if err != nil {
			m.shut()
			return nil, err
		}
		p, err := m.open(at)
		if err != nil {
			m.shut()
			return nil, fmt.Errorf("%s: %w", at, err)
		}
		m.ports = append(m.ports, p)
		m.polls = append(m.polls, unix.PollFd{Fd: int32(p.fd), Events: unix.POLLIN})
	}
	m.notice("listening to %s", strings.Join(list, ", "))
	return m, nil
}

func (m *mirrored) notice(format string, args ...any) {
	if m.opt.OnNotice != nil {
		m.opt.OnNotice(fmt.Sprintf(format, args...))
	}
}

// open opens the socket of a mirror.
func (m *mirrored) open(at UDPMirror) (*udpPort, error) {
	family, addr := unix.AF_INET6, at.At.Addr()
	if addr.Is4() || addr.Is4In6() {
		family, addr = unix.AF_INET, addr.Unmap()
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if errors.Is(err, unix.EAFNOSUPPORT) && !addr.IsValid() {
		family = unix.AF_INET
		fd, err = unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	}
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	p := &udpPort{fd: fd, stats: InterfaceStats{Name: at.String()}, recv: new(receiver)}
	if m.opt.Filter != "" {
		p.stats.Filter = FilterProgram
	}
	if err := m.setUp(p, family, addr, at.At.Port()); err != nil {
		_ = unix.Close(fd) // the first error says why
		return nil, err
	}
	return p, nil
}

func (m *mirrored) setUp(p *udpPort, family int, addr netip.Addr, port uint16) error {
	var to unix.Sockaddr
	info, level := unix.IP_PKTINFO, unix.IPPROTO_IP
	if family == unix.AF_INET {
		if !addr.IsValid() {
			addr = netip.IPv4Unspecified()
		}
		to = &unix.SockaddrInet4{Port: int(port), Addr: addr.As4()}
	} else {
		if !addr.IsValid() {
			addr = netip.IPv6Unspecified()
			if err := unix.SetsockoptInt(p.fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 0); err != nil {
				return os.NewSyscallError("IPV6_V6ONLY", err)
			}
		}
		to = &unix.SockaddrInet6{Port: int(port), Addr: addr.As16()}
		info, level = unix.IPV6_RECVPKTINFO, unix.IPPROTO_IPV6
	}
	p.local = netip.AddrPortFrom(addr, port)
	if err := unix.SetsockoptInt(p.fd, level, info, 1); err != nil {
		return os.NewSyscallError("PKTINFO", err)
	}
	if err := unix.SetsockoptInt(p.fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1); err != nil {
		return os.NewSyscallError("SO_TIMESTAMPNS", err)
	}
	if unix.SetsockoptInt(p.fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, m.opt.Ring/2) != nil { // the kernel doubles it
		if err := unix.SetsockoptInt(p.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, m.opt.Ring/2); err != nil {
			return os.NewSyscallError("SO_RCVBUF", err)
		}
	}
	if n, err := unix.GetsockoptInt(p.fd, unix.SOL_SOCKET, unix.SO_RCVBUF); err == nil && n < m.opt.Ring {
		m.notice("%s: the receive buffer has %d bytes of the %d that --ring asks for: sysctl -w net.core.rmem_max=%d", p.stats.Name, n, m.opt.Ring, m.opt.Ring/2)
	}
	p.recv.init(min(m.opt.Snaplen, maxDatagram))
	return os.NewSyscallError("bind", unix.Bind(p.fd, to))
}

// init has the messages point to their buffers, of which size bytes are used.
func (r *receiver) init(size int) {
	for i := range r.msgs {
		r.iovs[i].Base = &r.bufs[i][headroom]
		r.iovs[i].SetLen(size)
		h := &r.msgs[i].hdr
		h.Name = (*byte)(unsafe.Pointer(&r.names[i]))
		h.Iov = &r.iovs[i]
		h.SetIovlen(1)
		h.Control = &r.ctrl[i][0]
	}
}

// receive takes what the kernel has, if what was received before has been used.
func (p *udpPort) receive() {
	r := p.recv
	for i := range r.msgs {
		h := &r.msgs[i].hdr
		h.Namelen, h.Flags = unix.SizeofSockaddrInet6, 0
		h.SetControllen(len(r.ctrl[i]))
	}
	p.n, p.next = 0, 0
	for {
		n, _, e := unix.Syscall6(unix.SYS_RECVMMSG, uintptr(p.fd), uintptr(unsafe.Pointer(&r.msgs)), udpBatch, unix.MSG_TRUNC|unix.MSG_DONTWAIT, 0, 0)
		if e == unix.EINTR {
			continue
		}
		if e == 0 {
			p.n = int(n)
			p.stats.Kernel += uint64(n)
		}
		return
	}
}

// peek reports whether there is a datagram, which is cur then.
func (p *udpPort) peek() bool {
	switch {
	case p.ready:
	case p.next < p.n:
		p.cur = p.datagram(p.next)
		p.next++
		p.ready = true
	case len(p.rest) > 0:
		p.cur, p.rest = p.rest[0], p.rest[1:]
		p.ready = true
	}
	return p.ready
}

// left is how many datagrams have been received and not read.
func (p *udpPort) left() uint64 {
	n := p.n - p.next + len(p.rest)
	if p.ready {
		n++
	}
	return uint64(n)
}

// datagram makes the headers of a message.
func (p *udpPort) datagram(i int) udpDatagram {
	r := p.recv
	h := &r.msgs[i].hdr
	at, dst := controls(r.ctrl[i][:min(len(r.ctrl[i]), int(h.Controllen))])
	if at == 0 { // the kernel has just begun to stamp
		at = time.Now().UnixNano()
	}
	src := source(&r.names[i])
	if !dst.IsValid() {
		dst = p.local.Addr()
	}
	dst = dst.Unmap()
	if src.Addr().Is4() && !dst.Is4() { // it was sent to one that is not known
		dst = netip.IPv4Unspecified()
	}
	n := int(r.msgs[i].n)
	got := min(n, maxDatagram, int(r.iovs[i].Len))
	b := r.bufs[i][:headroom+got]
	u := b[headroom-udpHeader:]
	binary.BigEndian.PutUint16(u, src.Port())
	binary.BigEndian.PutUint16(u[2:], p.local.Port())
	binary.BigEndian.PutUint16(u[4:], uint16(udpHeader+n))
	u[6], u[7] = 0, 0
	head := 40
	if src.Addr().Is4() {
		head = 20
		b = b[headroom-udpHeader-head:]
		clear(b[:head])
		b[0], b[6], b[8], b[9] = 0x45, 0x40, 64, unix.IPPROTO_UDP
		binary.BigEndian.PutUint16(b[2:], uint16(head+udpHeader+n))
		a, z := src.Addr().As4(), dst.As4()
		copy(b[12:], a[:])
		copy(b[16:], z[:])
	} else {
		clear(b[:head])
		b[0], b[6], b[7] = 0x60, unix.IPPROTO_UDP, 64
		binary.BigEndian.PutUint16(b[4:], uint16(udpHeader+n))
		a, z := src.Addr().As16(), dst.As16()
		copy(b[8:], a[:])
		copy(b[24:], z[:])
	}
	return udpDatagram{b, uint32(head + udpHeader + n), at}
}

// source returns the address of a sender.
func source(a *unix.RawSockaddrInet6) netip.AddrPort {
	b := (*[unix.SizeofSockaddrInet6]byte)(unsafe.Pointer(a))
	port := binary.BigEndian.Uint16(b[2:])
	if a.Family == unix.AF_INET {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[4:])), port)
	}
	return netip.AddrPortFrom(netip.AddrFrom16(a.Addr).Unmap(), port)
}

// controls returns the time of a message, in nanoseconds, and the address that it was sent to.
func controls(b []byte) (at int64, to netip.Addr) {
	for len(b) >= unix.SizeofCmsghdr {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&b[0]))
		n := int(h.Len)
		if n < unix.CmsgLen(0) || n > len(b) {
			break
		}
		data := b[unix.CmsgLen(0):n]
		switch {
		case h.Level == unix.SOL_SOCKET && h.Type == unix.SO_TIMESTAMPNS && len(data) >= int(unsafe.Sizeof(unix.Timespec{})):
			at = (*unix.Timespec)(unsafe.Pointer(&data[0])).Nano()
		case h.Level == unix.IPPROTO_IP && h.Type == unix.IP_PKTINFO && len(data) >= unix.SizeofInet4Pktinfo:
			to = netip.AddrFrom4([4]byte(data[8:]))
		case h.Level == unix.IPPROTO_IPV6 && h.Type == unix.IPV6_PKTINFO && len(data) >= unix.SizeofInet6Pktinfo:
			to = netip.AddrFrom16([16]byte(data))
		}
		b = b[min(len(b), unix.CmsgSpace(len(data))):]
	}
	return at, to
}

// count adds what the kernel has dropped since the last call.
func (p *udpPort) count() {
	var info [9]uint32 // SK_MEMINFO_VARS; the last is the counter of SO_RXQ_OVFL
	n := uint32(unsafe.Sizeof(info))
	if _, _, e := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(p.fd), unix.SOL_SOCKET, unix.SO_MEMINFO, uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&n)), 0); e != 0 {
		return
	}
	d := info[8] - p.drops
	if d != 0 {
		p.stats.Full++
	}
	p.drops = info[8]
	p.stats.Dropped += uint64(d)
	p.stats.Kernel += uint64(d)
}

// Next returns the packets that there are, at most a batch, or waits for some for a tenth of a
// second.
func (m *mirrored) Next() (*Batch, error) {
	if now := m.now(); !m.stopped && now.Sub(m.looked) >= lookEvery {
		m.looked = now
		for _, p := range m.ports {
			p.count()
		}
	}
	for waited := false; m.done == nil; {
		upTo := m.now().Add(-udpSlack).UnixNano()
		if m.stopped || len(m.ports) == 1 {
			upTo = maxSec * 1e9
		}
		for range maxTaken {
			p := m.earliest(upTo)
			if p == nil {
				break
			}
			if m.done = m.take(p); m.done != nil {
				break
			}
			if m.batcher.Full() {
				if b := m.batcher.Take(); b != nil {
					return b, nil
				}
			}
		}
		switch {
		case m.done != nil:
		case waited, m.batcher.pendingPackets() > 0:
			b := m.batcher.Pass(m.now().Add(-m.opt.Hold).UnixNano())
			b.Idle = true
			return b, nil
		case m.stopped:
			m.done = io.EOF
		case m.some():
			time.Sleep(briefly)
		default:
			waited = true
			_, _ = unix.Poll(m.polls, int(maxWait/time.Millisecond)) // the sockets tell what is wrong
		}
	}
	if b := m.batcher.End(); b != nil {
		return b, nil
	}
	return nil, m.done
}

// some reports whether datagrams wait for older ones of another port.
func (m *mirrored) some() bool {
	for _, p := range m.ports {
		if p.peek() {
			return true
		}
	}
	return false
}

// earliest returns the port with the earliest datagram, or nil if there is none up to a time.
func (m *mirrored) earliest(upTo int64) *udpPort {
	var first *udpPort
	for _, p := range m.ports {
		if !p.peek() && !m.stopped {
			p.receive()
		}
		if p.peek() && (first == nil || p.cur.at < first.cur.at) {
			first = p
		}
	}
	if first == nil || first.cur.at > upTo {
		return nil
	}
	return first
}

// take adds the next datagram of a port to the batch.
func (m *mirrored) take(p *udpPort) error {
	p.ready = false
	p.stats.Read++
	if m.batcher.from != nil {
		*m.batcher.from = Origin{File: p.stats.Name, Num: p.stats.Read, Interface: -1}
	}
	plain := m.batcher.unwrap.plain
	err := m.batcher.Copy(&Packet{Data: p.cur.data, Time: p.cur.at, OrigLen: p.cur.wire, Link: linkRaw})
	p.stats.Strange += m.batcher.unwrap.plain - plain
	if err != nil {
		return fmt.Errorf("%s: %w", p.stats.Name, err)
	}
	return nil
}

// SetFilter implements Refilterer.
func (m *mirrored) SetFilter(expr string) error { return m.batcher.SetFilter(expr) }

// Stop receives what the kernel has, and no more.
func (m *mirrored) Stop() {
	if m.stopped || m.done != nil {
		return
	}
	m.stopped = true
	for _, p := range m.ports {
		p.count()
		_ = setProgram(p.fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, []bpfInstruction{{code: bpfRet}}) // what comes nevertheless is read
		var rest []udpDatagram
		keep := func() {
			for p.peek() {
				d := p.cur
				d.data = append([]byte(nil), d.data...)
				rest, p.ready = append(rest, d), false
			}
		}
		for keep(); ; keep() {
			if p.receive(); p.n == 0 {
				break
			}
		}
		p.rest = rest
	}
}

// Stats returns the counts so far.
func (m *mirrored) Stats() Stats {
	s := m.batcher.Stats()
	for _, p := range m.ports {
		if m.polls != nil && !m.stopped {
			p.count()
		}
		i := p.stats
		i.Left = p.left()
		s.Interfaces = append(s.Interfaces, i)
	}
	return s
}

// Damage returns nil.
func (m *mirrored) Damage() []*DamageError { return nil }

// Close ends the capture. Batches that have not been released stay valid.
func (m *mirrored) Close() error {
	m.Stats()
	m.batcher.drop()
	m.done = io.EOF
	m.shut()
	return nil
}

// shut closes the sockets, once.
func (m *mirrored) shut() {
	if m.polls != nil {
		for _, p := range m.ports {
			_ = unix.Close(p.fd) // nothing was written
		}
	}
	m.polls = nil
}
