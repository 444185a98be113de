package capture

import (
	"encoding/binary"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Offsets in a block of a ring of version TPACKET_V3, as the kernel's if_packet.h has them:
// of struct tpacket_block_desc, of struct tpacket3_hdr, and of struct sockaddr_ll behind it.
const (
	blockStatus  = 8
	blockPackets = 12
	blockFirst   = 16
	blockHeader  = 48

	headNext   = 0
	headSec    = 4
	headNsec   = 8
	headSnap   = 12
	headWire   = 16
	headStatus = 20
	headMAC    = 24
	headNet    = 26
	headTCI    = 32
	headTPID   = 36

	addrProtocol = unix.SizeofTpacket3Hdr + 2
	addrType     = unix.SizeofTpacket3Hdr + 8
	addrPacket   = unix.SizeofTpacket3Hdr + 10
	addrEnd      = unix.SizeofTpacket3Hdr + unix.SizeofSockaddrLinklayer
)

// Link types that only live capture needs.
const (
	link80211    = 105
	linkRadiotap = 127
)

// ring is memory that the kernel fills with packets, a block at a time, and that is read
// in the same order. A block belongs to the kernel again once no batch refers to it.
type ring struct {
	slots []*slot
	next  int   // of slots, to be read after cur
	cur   *slot // being read, or nil
	off   int   // of the next packet in cur
	left  uint32

	head  ringPacket // the next packet, if ready
	ready bool

	users atomic.Int32 // the owner, and slots that are not the kernel's
	free  func()       // after the last use
}

// slot is a block of a ring.
type slot struct {
	block
	mem []byte
	// taken is set from when the block is read until it is the kernel's again.
	taken atomic.Bool
}

// ringPacket is a packet in a ring.
type ringPacket struct {
	Packet
	status uint32
	echo   bool // a packet of the loopback interface on its way out, which comes in again
	known  bool // the link type is known
}

func newRing(mem []byte, block int, free func()) *ring {
	r := &ring{free: free}
	r.users.Store(1)
	for at := 0; at+block <= len(mem); at += block {
		s := &slot{mem: mem[at : at+block : at+block]}
		s.back = func() {
			atomic.StoreUint32(s.status(), unix.TP_STATUS_KERNEL)
			s.taken.Store(false)
			r.release()
		}
		r.slots = append(r.slots, s)
	}
	return r
}

// status is the word by which a block changes hands.
func (s *slot) status() *uint32 { return (*uint32)(unsafe.Pointer(&s.mem[blockStatus])) }

// filled reports whether the kernel has handed the block over and nobody has read it.
func (s *slot) filled() bool {
	return !s.taken.Load() && atomic.LoadUint32(s.status())&unix.TP_STATUS_USER != 0
}

func (r *ring) release() {
	if r.users.Add(-1) == 0 {
		r.free()
	}
}

// peek reports whether there is a packet, which is head then.
func (r *ring) peek() bool {
	for !r.ready {
		if r.left == 0 && !r.open() {
			return false
		}
		if r.left > 0 {
			r.parse()
		}
	}
	return true
}

// open begins the next block, if the kernel has handed it over.
func (r *ring) open() bool {
	s := r.slots[r.next]
	if !s.filled() {
		return false
	}
	s.taken.Store(true)
	s.refs.Store(1)
	r.users.Add(1)
	r.next = (r.next + 1) % len(r.slots)
	r.cur = s
	r.left, r.off = u32(s.mem, blockPackets), int(u32(s.mem, blockFirst))
	if r.left == 0 {
		r.leave()
	}
	return true
}

// leave gives up the block that was read.
func (r *ring) leave() {
	s := r.cur
	r.cur = nil
	if s != nil && s.refs.Add(-1) == 0 {
		s.back()
	}
}

// take goes on to the next packet. Head stays valid as long as a batch refers to its block.
func (r *ring) take() {
	r.ready = false
	if r.left == 0 {
		r.leave()
	}
}

// pressed reports whether half the ring waits to be read.
func (r *ring) pressed() bool { return r.slots[(r.next+len(r.slots)/2)%len(r.slots)].filled() }

// size is the ring's in bytes.
func (r *ring) size() int { return len(r.slots) * len(r.slots[0].mem) }

// fill returns the share of the ring that the kernel cannot fill: it waits to be read, or
// batches refer to it.
func (r *ring) fill() float32 {
	n := 0
	for _, s := range r.slots {
		if s.taken.Load() || s.filled() {
			n++
		}
	}
	return float32(n) / float32(len(r.slots))
}

// close gives up the ring. Blocks that batches refer to stay valid.
func (r *ring) close() {
	r.leave()
	r.ready, r.left = false, 0
	r.release()
}

func u32(b []byte, off int) uint32 { return binary.NativeEndian.Uint32(b[off:]) }
func u16(b []byte, off int) uint16 { return binary.NativeEndian.Uint16(b[off:]) }

// parse makes the next packet of the block the head.
func (r *ring) parse() {
	h := r.cur.mem[r.off:]
	r.off += int(u32(h, headNext))
	r.left--
	r.ready = true
	p := &r.head
	p.status = u32(h, headStatus)
	p.Time = int64(u32(h, headSec))*1e9 + int64(u32(h, headNsec))
	mac, network, n := int(u16(h, headMAC)), int(u16(h, headNet)), int(u32(h, headSnap))
	p.OrigLen = u32(h, headWire)
	p.Data = h[mac : mac+n : mac+n]
	p.Unsummed = p.status&unix.TP_STATUS_CSUMNOTREADY != 0
	hatype := u16(h, addrType)
	p.echo = hatype == unix.ARPHRD_LOOPBACK && h[addrPacket] == unix.PACKET_OUTGOING
	if p.Link, p.known = ringLink(hatype); p.known {
		if p.Link == linkEthernet && p.status&unix.TP_STATUS_VLAN_VALID != 0 {
			p.Data = putTag(h, mac, n)
			p.OrigLen += uint32(len(p.Data) - n)
		}
		return
	}
	// The header of another link layer is skipped, if IP follows.
	protocol := binary.BigEndian.Uint16(h[addrProtocol:])
	p.Link, p.known = linkRaw, protocol == etherIP || protocol == etherIP6
	skip := min(max(network-mac, 0), n)
	p.Data = p.Data[skip:]
	p.OrigLen -= min(p.OrigLen, uint32(skip))
}

// ringLink returns the link type of an ARPHRD_ value, if it is one that is known.
func ringLink(hatype uint16) (link uint16, known bool) {
	switch hatype {
	case unix.ARPHRD_ETHER, unix.ARPHRD_LOOPBACK:
		return linkEthernet, true
	case unix.ARPHRD_IEEE80211:
		return link80211, true
	case unix.ARPHRD_IEEE80211_RADIOTAP:
		return linkRadiotap, true
	}
	return 0, false
}

// putTag puts the VLAN tag of a packet of n bytes at mac back, and returns the packet. The
// addresses move to what socket.open has reserved before it.
func putTag(h []byte, mac, n int) []byte {
	if n < tagOffset || mac < addrEnd+tagLen {
		return h[mac : mac+n : mac+n]
	}
	p := h[mac-tagLen : mac+n : mac+n]
	copy(p, p[tagLen:tagLen+tagOffset])
	tpid := uint16(unix.ETH_P_8021Q)
	if u32(h, headStatus)&unix.TP_STATUS_VLAN_TPID_VALID != 0 {
		tpid = u16(h, headTPID)
	}
	binary.BigEndian.PutUint16(p[tagOffset:], tpid)
	binary.BigEndian.PutUint16(p[tagOffset+2:], uint16(u32(h, headTCI)))
	return p
}
