package capture

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// The magic numbers of pcap files. Read in little-endian order, those of a
// big-endian file have their bytes reversed.
// https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-03.html
const (
	magicMicro    = 0xa1b2c3d4
	magicNano     = 0xa1b23c4d
	magicModified = 0xa1b2cd34 // Alexey Kuznetsov's: records with interface and protocol
)

const (
	pcapHeader         = 24
	pcapRecord         = 16
	pcapRecordModified = 24
)

// pcapFile holds the fields of a pcap file's header.
type pcapFile struct {
	swapped bool // big-endian
	nano    bool
	record  int // length of a record header
	snaplen uint32
	link    uint16
	lengths lengthOrder
}

// ordinary reports whether record headers are as nearly all files have them.
func (f *pcapFile) ordinary() bool {
	return !f.swapped && !f.nano && f.lengths == lengthsCaptured
}

// lengthOrder says which length comes first in a record.
type lengthOrder uint8

const (
	lengthsCaptured lengthOrder = iota // captured, original
	lengthsOriginal                    // original, captured: before version 2.3
	lengthsEither                      // version 2.3: the smaller is the captured length
)

// isCapture reports whether m begins a file that this package reads.
func isCapture(m [4]byte) bool {
	if m == ngMagic {
		return true
	}
	_, _, ok := pcapMagic(m)
	return ok
}

func pcapMagic(m [4]byte) (magic uint32, swapped, ok bool) {
	magic = binary.LittleEndian.Uint32(m[:])
	switch magic {
	case magicMicro, magicNano, magicModified:
		return magic, false, true
	}
	magic = bits.ReverseBytes32(magic)
	switch magic {
	case magicMicro, magicNano, magicModified:
		return magic, true, true
	}
	return 0, false, false
}

// openPcap reads the file header.
func (r *file) openPcap() {
	if !r.need(pcapHeader) {
		r.cut(pcapHeader)
		return
	}
	h := r.buf[r.pos : r.pos+pcapHeader]
	magic, swapped, _ := pcapMagic([4]byte(h))
	f := pcapFile{swapped: swapped, nano: magic == magicNano, record: pcapRecord}
	var bo binary.ByteOrder = binary.LittleEndian
	if swapped {
		bo = binary.BigEndian
	}
	major, minor := bo.Uint16(h[4:]), bo.Uint16(h[6:])
	switch {
	case major == 2 && minor < 3, major == 543 && minor == 0:
		f.lengths = lengthsOriginal
	case major == 2 && minor == 3:
		f.lengths = lengthsEither
	case major == 2 && minor == 4:
	default:
		r.damaged(4, fmt.Sprintf("unknown pcap version %d.%d", major, minor), nil)
		return
	}
	link := bo.Uint32(h[20:])
	if link&0x03ff0000 != 0 {
		r.damaged(20, fmt.Sprintf("bad link type %#x", link), nil)
		return
	}
	f.link = linkType(uint16(link))
	f.snaplen = bo.Uint32(h[16:])
	if f.snaplen == 0 || f.snaplen > MaxPacket {
		f.snaplen = MaxPacket
	}
	if magic == magicModified {
		f.record = pcapRecordModified
		if f.link == linkEthernet && f.snaplen < MaxPacket {
			// In cooked mode the link header came on top of the snapshot length.
			f.snaplen += 14
		}
	}
	r.pcap = f
	r.pos += pcapHeader
	r.stage = stageRecords
}

// plainPcap returns the next packet if it lies whole in the buffer and has nothing that
// needs a second look, and if so goes on to the one after it. Else it is nextPcap's.
func (r *file) plainPcap() (data []byte, at int64, orig uint32, ok bool) {
	f := &r.pcap
	if r.end-r.pos < f.record {
		return nil, 0, 0, false
	}
	h := r.buf[r.pos : r.pos+pcapRecord]
	frac := binary.LittleEndian.Uint32(h[4:])
	caplen := binary.LittleEndian.Uint32(h[8:])
	orig = binary.LittleEndian.Uint32(h[12:])
	start := r.pos + f.record
	end := start + int(caplen)
	if caplen > orig || caplen > f.snaplen || frac >= 1e6 || end > r.end {
		return nil, 0, 0, false
	}
	at = int64(binary.LittleEndian.Uint32(h))*1e9 + int64(frac)*1e3
	r.seen++
	r.pos = end
	return r.buf[start:end:end], at, orig, true
}

// nextPcap reads a packet.
func (r *file) nextPcap() verdict {
	f := &r.pcap
	if r.end-r.pos < f.record && !r.fill(f.record) {
		return r.over(f.record)
	}
	h := r.buf[r.pos : r.pos+pcapRecord]
	sec := binary.LittleEndian.Uint32(h)
	frac := binary.LittleEndian.Uint32(h[4:])
	caplen := binary.LittleEndian.Uint32(h[8:])
	orig := binary.LittleEndian.Uint32(h[12:])
	if f.swapped {
		sec, frac = bits.ReverseBytes32(sec), bits.ReverseBytes32(frac)
		caplen, orig = bits.ReverseBytes32(caplen), bits.ReverseBytes32(orig)
	}
	if f.lengths == lengthsOriginal || f.lengths == lengthsEither && caplen > orig {
		caplen, orig = orig, caplen
	}
	if caplen > MaxPacket {
		r.damaged(r.offset(), fmt.Sprintf("captured length of %d bytes, more than %d", caplen, MaxPacket), nil)
		return ended
	}
	size := f.record + int(caplen)
	if r.end-r.pos < size && !r.fill(size) {
		return r.over(size)
	}
	if caplen > orig {
		r.overOriginal()
	}
	if f.nano {
		frac /= 1000
	}
	if frac >= 1e6 {
		frac = 1e6 - 1
		r.clamped()
	}
	if caplen > f.snaplen {
		caplen = f.snaplen
		r.shortened()
	}
	start := r.pos + f.record
	rec := &r.rec
	r.seen++
	rec.off, rec.num = r.offset(), r.seen
	r.pos += size
	rec.data = r.buf[start : start+int(caplen) : start+int(caplen)]
	rec.at, rec.orig, rec.link = int64(sec)*1e9+int64(frac)*1e3, orig, f.link
	return gotPacket
}

// Link types that the readers need.
const (
	linkNull     = 0
	linkEthernet = 1
	linkRaw      = 101
)

// linkType normalizes a file's link type: some systems write their own DLT_RAW
// for LINKTYPE_RAW.
func linkType(l uint16) uint16 {
	if l == 12 || l == 14 {
		return linkRaw
	}
	return l
}
