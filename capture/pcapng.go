package capture

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
)

// Block types of pcapng.
// https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-02.html
const (
	ngSection   = 0x0a0d0d0a
	ngInterface = 1
	ngPacket    = 2 // obsolete
	ngSimple    = 3
	ngEnhanced  = 6
)

// ngMagic begins a pcapng file in either byte order.
var ngMagic = [4]byte{0x0a, 0x0d, 0x0d, 0x0a}

const (
	ngByteOrder = 0x1a2b3c4d
	// maxInterfaces bounds the memory for the interfaces of a section.
	maxInterfaces = 1 << 16
	// maxDescription is the longest interface description accepted.
	maxDescription = blockSize / 2
)

// ngFile is the state of a pcapng file.
type ngFile struct {
	big    bool
	ifaces []ngIface // of the present section
	last   int64     // time of the last packet, for blocks without a time

	sections int   // so far
	section  int64 // offset of the present one
}

// ngIface holds the fields of an interface description.
type ngIface struct {
	link    uint16
	snaplen uint32
	// A second has 10^exp units of a timestamp, or 2^exp if binary is set.
	exp    uint8
	binary bool
	offset int64 // seconds to add
}

func (f *ngFile) u16(b []byte) uint16 {
	v := binary.LittleEndian.Uint16(b)
	if f.big {
		v = bits.ReverseBytes16(v)
	}
	return v
}

func (f *ngFile) u32(b []byte) uint32 {
	v := binary.LittleEndian.Uint32(b)
	if f.big {
		v = bits.ReverseBytes32(v)
	}
	return v
}

func (f *ngFile) u64(b []byte) uint64 {
	v := binary.LittleEndian.Uint64(b)
	if f.big {
		v = bits.ReverseBytes64(v)
	}
	return v
}

// nextNG reads blocks up to the next packet.
func (r *file) nextNG() verdict {
	r.rec.data = nil
	for r.skip.total == 0 || r.ngSkip() {
		if r.part.end > 0 && r.offset() >= r.part.end {
			r.close()
			return ended
		}
		if !r.ngBlock() {
			break
		}
		if r.rec.data != nil {
			return gotPacket
		}
	}
	if r.waiting {
		return waits
	}
	return ended
}

// ngSkip goes to the end of a block that is larger than memory, and reports whether it has
// come to it. If not, the file waits or is closed.
func (r *file) ngSkip() bool {
	s := &r.skip
	s.left = r.pass(s.left)
	if s.left > 0 || !r.need(4) {
		if !r.waiting {
			r.damaged(s.start, fmt.Sprintf("cut in a block of %d bytes", s.total), r.readErr)
		}
		return false
	}
	if n := r.ng.u32(r.buf[r.pos:]); n != s.total {
		r.damaged(s.start, fmt.Sprintf("block lengths differ: %d before, %d after", s.total, n), nil)
		return false
	}
	r.pos += 4
	s.total = 0
	return true
}

// ngBlock reads one block. The trailing length of one that fits in memory is
// checked before its content is used. It reports false if the file waits or is closed.
func (r *file) ngBlock() bool {
	if !r.need(12) {
		r.over(12)
		return false
	}
	h := r.buf[r.pos : r.pos+12]
	typ := r.ng.u32(h)
	if typ == ngSection && !r.ngByteOrder(h) {
		return false
	}
	total := r.ng.u32(h[4:])
	if total < 12 || total%4 != 0 {
		r.damaged(r.offset(), fmt.Sprintf("bad block length %d", total), nil)
		return false
	}
	start := r.offset()
	if total <= blockSize {
		if !r.need(int(total)) {
			r.over(int(total))
			return false
		}
		if n := r.ng.u32(r.buf[r.pos+int(total)-4:]); n != total {
			r.damaged(start, fmt.Sprintf("block lengths differ: %d before, %d after", total, n), nil)
			return false
		}
		body := r.buf[r.pos+8 : r.pos+int(total)-4]
		if !r.ngBody(typ, body, len(body)) {
			return false
		}
		r.pos += int(total)
		return true
	}

	// Larger than memory: a packet with very long options, or a block to be
	// skipped. The packet is at the front.
	if !r.need(8 + ngFront) {
		r.over(int(total))
		return false
	}
	if !r.ngBody(typ, r.buf[r.pos+8:r.pos+8+ngFront], int(total)-12) {
		return false
	}
	r.skip.left, r.skip.total, r.skip.start = int64(total)-4, total, start
	return true
}

// ngFront is the length of the part of a large block that holds its packet.
const ngFront = 20 + MaxPacket

// ngByteOrder sets the byte order of a section from its header.
func (r *file) ngByteOrder(h []byte) bool {
	switch binary.LittleEndian.Uint32(h[8:]) {
	case ngByteOrder:
		r.ng.big = false
	case bits.ReverseBytes32(ngByteOrder):
		r.ng.big = true
	default:
		r.damaged(r.offset(), fmt.Sprintf("bad byte-order magic % x in a section header", h[8:12]), nil)
		return false
	}
	return true
}

// ngBody processes the content of a block of the given length. body holds all of
// it, or its first bytes if the block is larger than memory. It reports whether to
// go on.
func (r *file) ngBody(typ uint32, body []byte, length int) bool {
	bad := func(format string, args ...any) bool {
		r.damaged(r.offset(), fmt.Sprintf(format, args...), nil)
		return false
	}
	f := &r.ng
	switch typ {
	case ngSection:
		if length < 16 {
			return bad("section header of %d bytes", length+12)
		}
		major, minor := f.u16(body[4:]), f.u16(body[6:])
		if major != 1 || minor != 0 && minor != 2 {
			return bad("unknown pcapng version %d.%d", major, minor)
		}
		f.ifaces = f.ifaces[:0]
		f.sections++
		f.section = r.offset()

	case ngInterface:
		if length < 8 || length > maxDescription {
			return bad("interface description of %d bytes", length+12)
		}
		if len(f.ifaces) == maxInterfaces {
			return bad("more than %d interfaces", maxInterfaces)
		}
		i := ngIface{link: linkType(f.u16(body)), snaplen: f.u32(body[4:]), exp: 6}
		if why := f.options(&i, body[8:]); why != "" {
			return bad("%s", why)
		}
		f.ifaces = append(f.ifaces, i)

	case ngEnhanced, ngPacket:
		if length < 20 {
			return bad("packet block of %d bytes", length+12)
		}
		n := f.u32(body)
		if typ == ngPacket {
			n = uint32(f.u16(body))
		}
		if int64(n) >= int64(len(f.ifaces)) {
			return bad("a packet of interface %d, which has no description", n)
		}
		ts := uint64(f.u32(body[4:]))<<32 | uint64(f.u32(body[8:]))
		caplen, orig := f.u32(body[12:]), f.u32(body[16:])
		if caplen > MaxPacket {
			return bad("captured length of %d bytes, more than %d", caplen, MaxPacket)
		}
		if int(caplen) > length-20 {
			return bad("captured length of %d bytes in a block of %d", caplen, length+12)
		}
		i := &f.ifaces[n]
		t, ok := i.time(ts)
		if !ok {
			r.clamped()
		}
		f.last = t
		r.ngDeliver(body[20:20+caplen:20+caplen], orig, i.link, n)

	case ngSimple:
		if length < 4 {
			return bad("packet block of %d bytes", length+12)
		}
		if len(f.ifaces) == 0 {
			return bad("a packet of interface 0, which has no description")
		}
		orig := f.u32(body)
		i := &f.ifaces[0]
		caplen := orig
		if i.snaplen != 0 {
			caplen = min(caplen, i.snaplen)
		}
		if caplen > MaxPacket {
			return bad("captured length of %d bytes, more than %d", caplen, MaxPacket)
		}
		if int(caplen) > length-4 {
			return bad("captured length of %d bytes in a block of %d", caplen, length+12)
		}
		r.ngDeliver(body[4:4+caplen:4+caplen], orig, i.link, 0)
	}
	return true
}

func (r *file) ngDeliver(data []byte, orig uint32, link uint16, iface uint32) {
	r.seen++
	if r.part.iface > 0 && int64(iface) != r.part.iface-1 {
		return
	}
	if uint32(len(data)) > orig {
		r.overOriginal()
	}
	rec := &r.rec
	rec.data, rec.at, rec.off, rec.orig, rec.link, rec.iface = data, r.ng.last, r.offset(), orig, link, iface
	rec.num = r.seen
}

// options reads the options about times of an interface description. It returns
// what is wrong with them, or "".
func (f *ngFile) options(i *ngIface, opts []byte) string {
	const (
		end      = 0
		tsresol  = 9
		tsoffset = 14
	)
	for len(opts) >= 4 {
		code, n := f.u16(opts), int(f.u16(opts[2:]))
		opts = opts[4:]
		if code == end {
			return ""
		}
		if n > len(opts) {
			return fmt.Sprintf("interface option %d of %d bytes is cut", code, n)
		}
		switch code {
		case tsresol:
			if n != 1 {
				return fmt.Sprintf("interface option if_tsresol of %d bytes", n)
			}
			i.exp, i.binary = opts[0]&0x7f, opts[0]&0x80 != 0
			if i.binary && i.exp > 63 || !i.binary && i.exp > 19 {
				return fmt.Sprintf("absurd time resolution %#02x", opts[0])
			}
		case tsoffset:
			if n != 8 {
				return fmt.Sprintf("interface option if_tsoffset of %d bytes", n)
			}
			i.offset = int64(f.u64(opts))
		}
		opts = opts[min((n+3)&^3, len(opts)):]
	}
	return ""
}

// maxSec is the last whole second that fits in nanoseconds since 1970.
const maxSec = math.MaxInt64/1_000_000_000 - 1

// time converts a timestamp to nanoseconds since 1970, truncated to whole
// microseconds. It reports false if the time was out of range and was clamped.
func (i *ngIface) time(ts uint64) (int64, bool) {
	var sec, us uint64
	if i.binary {
		sec = ts >> i.exp
		hi, lo := bits.Mul64(ts&(1<<i.exp-1), 1e6)
		us = lo >> i.exp
		if i.exp > 0 {
			us |= hi << (64 - i.exp)
		}
	} else {
		unit := pow10[i.exp]
		sec = ts / unit
		us = ts % unit
		if i.exp <= 6 {
			us *= pow10[6-i.exp]
		} else {
			us /= pow10[i.exp-6]
		}
	}
	if sec > maxSec || i.offset > maxSec || i.offset < -2*maxSec {
		if i.offset < -maxSec {
			return 0, false
		}
		return maxSec * 1e9, false
	}
	s := int64(sec) + i.offset
	switch {
	case s < 0:
		return 0, false
	case s > maxSec:
		return maxSec * 1e9, false
	}
	return s*1e9 + int64(us)*1e3, true
}

// pow10 holds the powers of ten that fit.
var pow10 = func() (p [20]uint64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = 10 * p[i-1]
	}
	return p
}()
