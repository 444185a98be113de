package capture

import (
	"errors"
	"fmt"
	"math/bits"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// socket is a packet socket with a ring. It takes nothing until it is bound to an interface.
type socket struct {
	fd   int
	name string // of the interface
	opt  *ListenOptions
	ring *ring
	// bound is set while there is an interface; mtu and filtered are about it.
	bound bool
	mtu   uint32
	// filtered is set if the kernel runs the filter, in code.
	filtered bool
	// ethernet is set if the interface is one of Ethernet.
	ethernet bool
	code     []bpfInstruction
	// shared is set once the socket shares packets with others: it cannot be bound again.
	shared bool
}

// frameSize is what the kernel takes for the size of a frame. It has no effect on rings of
// this version but that it must divide the ring.
const frameSize = 2048

// minBlocks is the least number of blocks of a ring: one is filled while another is read.
const minBlocks = 2

// packetSocket makes a socket without a ring.
func packetSocket() (fd int, err error) {
	fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		if errors.Is(err, unix.EPERM) {
			return -1, errors.New("capturing is not permitted: it takes the capability cap_net_raw, or root")
		}
		return -1, os.NewSyscallError("socket", err)
	}
	return fd, nil
}

// openSocket makes the ring of a socket, one of n that an interface has.
func openSocket(fd int, name string, o *ListenOptions, n int) (*socket, error) {
	s := &socket{fd: fd, name: name, opt: o}
	if err := s.setUp(o.Ring / n); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *socket) setUp(size int) error {
	set := func(option, value int) error { return unix.SetsockoptInt(s.fd, unix.SOL_PACKET, option, value) }
	if err := set(unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return os.NewSyscallError("PACKET_VERSION", err)
	}
	if err := set(unix.PACKET_RESERVE, tagLen); err != nil {
		return os.NewSyscallError("PACKET_RESERVE", err)
	}
	if s.opt.HardwareTime {
		if err := set(unix.PACKET_TIMESTAMP, unix.SOF_TIMESTAMPING_RAW_HARDWARE); err != nil {
			return os.NewSyscallError("PACKET_TIMESTAMP", err)
		}
	}
	page := os.Getpagesize()
	block := (s.opt.Block + page - 1) / page * page
	n := max(minBlocks, size/block)
	req := unix.TpacketReq3{
		Block_size: uint32(block), Block_nr: uint32(n), Frame_size: frameSize, Frame_nr: uint32(block / frameSize * n),
		Retire_blk_tov: uint32(max(1, s.opt.BlockTimeout/time.Millisecond)),
	}
	if err := unix.SetsockoptTpacketReq3(s.fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &req); err != nil {
		return fmt.Errorf("a ring of %d blocks of %d bytes: %w", n, block, err)
	}
	mem, err := unix.Mmap(s.fd, 0, block*n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return os.NewSyscallError("mmap", err)
	}
	s.ring = newRing(mem, block, func() { _ = unix.Munmap(mem) }) // it is ours, and whole
	return nil
}

// ifreq asks about the interface.
func (s *socket) ifreq(request uint) (*unix.Ifreq, error) {
	r, err := unix.NewIfreq(s.name)
	if err != nil {
		return nil, err
	}
	return r, unix.IoctlIfreq(s.fd, request, r)
}

// up reports whether the interface is up.
func (s *socket) up() bool {
	r, err := s.ifreq(unix.SIOCGIFFLAGS)
	return err == nil && r.Uint16()&unix.IFF_UP != 0
}

// bind takes packets of the interface from now on or, if deaf is set, from listen on. filter may
// be nil.
func (s *socket) bind(filter *filterSet, deaf bool) error {
	index, ethernet := 0, false
	if s.name != anyInterface {
		r, err := s.ifreq(unix.SIOCGIFINDEX)
		if err != nil {
			return err
		}
		index = int(r.Uint32())
		if r, err = s.ifreq(unix.SIOCGIFHWADDR); err != nil {
			return err
		}
		link, _ := ringLink(r.Uint16())
		ethernet = link == linkEthernet
		if r, err = s.ifreq(unix.SIOCGIFMTU); err != nil {
			return err
		}
		s.mtu = r.Uint32()
	}
	s.ethernet = ethernet
	if err := s.setFilter(filter, ethernet); err != nil {
		return err
	}
	start := s.listen
	if deaf {
		start = s.deafen
	}
	if err := start(); err != nil {
		return err
	}
	if err := unix.Bind(s.fd, &unix.SockaddrLinklayer{Protocol: bits.ReverseBytes16(unix.ETH_P_ALL), Ifindex: index}); err != nil {
		return os.NewSyscallError("bind", err)
	}
	s.bound = true
	if index == 0 || s.opt.NotPromiscuous {
		return nil
	}
	m := unix.PacketMreq{Ifindex: int32(index), Type: unix.PACKET_MR_PROMISC}
	return os.NewSyscallError("PACKET_ADD_MEMBERSHIP", unix.SetsockoptPacketMreq(s.fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &m))
}

// setFilter makes the program that runs the filter, if the kernel can, and cuts packets to the
// snap length.
func (s *socket) setFilter(filter *filterSet, ethernet bool) error {
	snap := uint32(s.opt.Snaplen)
	code := takeAll(snap)
	s.filtered = false
	// A filter is about what is in a mirror's tunnel, which the kernel does not take off.
	if filter != nil && ethernet && s.opt.Unwrap == nil {
		f, err := compileTokens(filter.expr, filter.toks, linkEthernet)
		if err != nil {
			return err
		}
		if p, err := f.program(snap); err == nil {
			code, s.filtered = p, true
		}
	}
	s.code = code
	return nil
}

// listen makes the kernel take packets.
func (s *socket) listen() error { return s.run(s.code) }

// run has the kernel run a program on each packet.
func (s *socket) run(code []bpfInstruction) error {
	return os.NewSyscallError("SO_ATTACH_FILTER", setProgram(s.fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, code))
}

// setProgram gives a program to an option of a socket.
func setProgram(fd, level, option int, code []bpfInstruction) error {
	list := make([]unix.SockFilter, len(code))
	for i, in := range code {
		list[i] = unix.SockFilter{Code: in.code, Jt: in.jt, Jf: in.jf, K: in.k}
	}
	return unix.SetsockoptSockFprog(fd, level, option, &unix.SockFprog{Len: uint16(len(list)), Filter: &list[0]})
}

// deafen makes the kernel take no more packets. The ring keeps those that it has.
func (s *socket) deafen() error { return s.run([]bpfInstruction{{code: bpfRet}}) }

// count adds what the kernel has counted since the last call.
func (s *socket) count(st *InterfaceStats) {
	if k, err := unix.GetsockoptTpacketStatsV3(s.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS); err == nil {
		st.Kernel += uint64(k.Packets)
		st.Dropped += uint64(k.Drops)
		st.Full += uint64(k.Freeze_q_cnt)
	}
}

// failure returns the error that poll has told of, once.
func (s *socket) failure() error {
	n, err := unix.GetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && n != 0 {
		return unix.Errno(n)
	}
	return err
}

// gone reports whether the interface that the socket is bound to is no more.
func (s *socket) gone() bool {
	if !s.bound || s.name == anyInterface {
		return false
	}
	addr, err := unix.Getsockname(s.fd)
	at, ok := addr.(*unix.SockaddrLinklayer)
	return err == nil && ok && at.Ifindex <= 0
}

// ethtool asks the driver of the interface for a number.
func (s *socket) ethtool(command uint32) uint32 {
	value := struct{ command, data uint32 }{command: command}
	r := struct {
		name [unix.IFNAMSIZ]byte
		data unsafe.Pointer
		_    [16]byte
	}{data: unsafe.Pointer(&value)}
	copy(r.name[:unix.IFNAMSIZ-1], s.name)
	if _, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(s.fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&r))); e != 0 {
		return 0
	}
	return value.data
}

// flagLRO is ETH_FLAG_LRO of the kernel's ethtool.h.
const flagLRO = 1 << 15

// offloads names what makes one packet of several that were received.
func (s *socket) offloads() string {
	gro, lro := s.ethtool(unix.ETHTOOL_GGRO) != 0, s.ethtool(unix.ETHTOOL_GFLAGS)&flagLRO != 0
	switch {
	case gro && lro:
		return "GRO and LRO"
	case gro:
		return "GRO"
	case lro:
		return "LRO"
	}
	return ""
}

// stampInHardware has the network card stamp all packets.
func (s *socket) stampInHardware() error {
	return unix.IoctlSetHwTstamp(s.fd, s.name, &unix.HwTstampConfig{Rx_filter: unix.HWTSTAMP_FILTER_ALL})
}

func (s *socket) close() {
	_ = unix.Close(s.fd) // nothing was written
	s.ring.close()
}
