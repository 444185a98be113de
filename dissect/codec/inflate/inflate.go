// Package inflate decompresses DEFLATE (RFC 1951) with a gzip (RFC 1952), zlib (RFC 1950)
// or no wrapper, for streams that arrive in pieces. Unlike compress/flate it is pushed its
// input, keeps its state between calls, and outputs everything that the input so far
// determines.
package inflate

import (
	"encoding/binary"
	"errors"
	"hash/adler32"
	"hash/crc32"
)

// errData is returned for invalid input.
var errData = errors.New("inflate: invalid data")

// chunk is the largest number of bytes output at a time.
const chunk = 4096

const (
	window  = 32 << 10
	bufSize = window + 16<<10
)

type state uint8

const (
	stWrapper state = iota // the first two bytes
	stGzip                 // rest of the fixed gzip header
	stExtraLen
	stExtra
	stName
	stComment
	stHeaderCRC
	stBlock
	stStored
	stCopy
	stTable
	stCodeLens
	stLens
	stSymbol
	stLength
	stDistance
	stDistExtra
	stMatch
	stTrailer
	stDone
	stFailed
)

type wrapper uint8

const (
	wrapRaw wrapper = iota
	wrapGzip
	wrapZlib
)

// A Decoder decompresses one stream. Reset initializes it.
type Decoder struct {
	// Eager has Write output what comes before an error in the same input, so that the output
	// does not depend on how the input is cut. Zeek loses it. Reset leaves it alone.
	Eager bool

	in      []byte
	hold    uint64
	nbits   uint
	st      state
	wrap    wrapper
	flags   byte // of the gzip header
	final   bool // last block
	n       int  // bytes left of an extra field, stored block or match
	dist    int
	extra   uint
	nlen    int // numbers of codes in a dynamic block
	ndist   int
	ncode   int
	have    int // code lengths read
	lens    [286 + 30]uint8
	lit     huffman
	distTab huffman
	fixed   bool // lit and distTab are the fixed codes

	buf        [bufSize]byte
	w, flushed int // ends of the decoded and of the output bytes
	full       bool
	sum        uint32 // CRC-32 or Adler-32
	read       uint64
	written    uint64
	out        func([]byte)
}

// Reset prepares d for a stream with a gzip or zlib header, or without any.
func (d *Decoder) Reset() {
	d.st, d.wrap = stWrapper, wrapRaw
	d.hold, d.nbits = 0, 0
	d.final, d.fixed, d.full = false, false, false
	d.w, d.flushed = 0, 0
	d.read, d.written = 0, 0
	d.in, d.out = nil, nil
}

// Done reports whether the stream has ended. Later input is ignored.
func (d *Decoder) Done() bool { return d.st == stDone }

// Read returns the number of bytes taken.
func (d *Decoder) Read() uint64 { return d.read }

// Written returns the number of bytes output.
func (d *Decoder) Written() uint64 { return d.written }

// Write takes the next bytes of the stream and calls out with decompressed bytes, up to
// 4096 at a time; the slice is valid only during the call. After an error further input
// is ignored.
func (d *Decoder) Write(b []byte, out func([]byte)) error {
	if d.st >= stDone {
		return nil
	}
	d.in, d.out = b, out
	d.read += uint64(len(b))
	err := d.run()
	if err != nil {
		d.st = stFailed
	}
	if err == nil || d.Eager {
		d.flush()
	}
	d.in, d.out = nil, nil
	return err
}

// need makes n bits available.
func (d *Decoder) need(n uint) bool {
	for d.nbits < n {
		if len(d.in) == 0 {
			return false
		}
		d.pull()
	}
	return true
}

func (d *Decoder) pull() {
	d.hold |= uint64(d.in[0]) << d.nbits
	d.in = d.in[1:]
	d.nbits += 8
}

func (d *Decoder) bits(n uint) int {
	v := d.hold & (1<<n - 1)
	d.hold >>= n
	d.nbits -= n
	return int(v)
}

// run decodes until the input is used up, which is not an error.
func (d *Decoder) run() error {
	for {
		switch d.st {
		case stWrapper, stGzip, stExtraLen, stExtra, stName, stComment, stHeaderCRC:
			if more, err := d.header(); !more {
				return err
			}
		case stBlock:
			if !d.need(3) {
				return nil
			}
			d.final = d.bits(1) != 0
			switch d.bits(2) {
			case 0:
				d.bits(d.nbits & 7)
				d.st = stStored
			case 1:
				d.setFixed()
				d.st = stSymbol
			case 2:
				d.st = stTable
			default:
				return errData
			}
		case stStored:
			if !d.need(32) {
				return nil
			}
			n, m := d.bits(16), d.bits(16)
			if n != m^0xffff {
				return errData
			}
			d.n, d.st = n, stCopy
		case stCopy:
			if !d.stored() {
				return nil
			}
			d.endBlock()
		case stTable, stCodeLens, stLens:
			if more, err := d.dynamic(); !more {
				return err
			}
		case stSymbol, stLength, stDistance, stDistExtra, stMatch:
			if more, err := d.codes(); !more {
				return err
			}
		case stTrailer:
			if more, err := d.trailer(); !more {
				return err
			}
		default:
			return nil
		}
	}
}

// Bits of a gzip header's flags (RFC 1952 section 2.3.1).
const (
	gzipHeaderCRC = 1 << 1
	gzipExtra     = 1 << 2
	gzipName      = 1 << 3
	gzipComment   = 1 << 4
	gzipReserved  = 0xe0
)

// header reads the wrapper's header. more is false if it needs more input.
func (d *Decoder) header() (more bool, err error) {
	switch d.st {
	case stWrapper:
		if !d.need(16) {
			return false, nil
		}
		switch h := d.hold & 0xffff; {
		case h == 0x8b1f:
			d.sum = 0
			d.headerBits(16)
			d.wrap, d.st = wrapGzip, stGzip
		case h&0xf == 8 && h>>4&0xf <= 7 && (h&0xff<<8|h>>8)%31 == 0:
			if h>>8&0x20 != 0 {
				return false, errData // a preset dictionary
			}
			d.bits(16)
			d.wrap, d.sum, d.st = wrapZlib, 1, stBlock
		default:
			// Some servers leave the header out.
			d.wrap, d.st = wrapRaw, stBlock
		}
	case stGzip:
		if !d.need(16) {
			return false, nil
		}
		method, flags := d.headerBits(8), d.headerBits(8)
		if method != 8 || flags&gzipReserved != 0 {
			return false, errData
		}
		d.flags = byte(flags)
		d.n, d.st = 6, stExtra // time, extra flags and system
	case stExtraLen:
		if !d.need(16) {
			return false, nil
		}
		d.flags &^= gzipExtra
		d.n, d.st = d.headerBits(16), stExtra
	case stExtra:
		for ; d.n > 0; d.n-- {
			if !d.need(8) {
				return false, nil
			}
			d.headerBits(8)
		}
		if d.flags&gzipExtra != 0 {
			d.st = stExtraLen
		} else {
			d.st = stName
		}
	case stName, stComment:
		if d.st == stName && d.flags&gzipName != 0 || d.st == stComment && d.flags&gzipComment != 0 {
			for {
				if !d.need(8) {
					return false, nil
				}
				if d.headerBits(8) == 0 {
					break
				}
			}
		}
		d.st++
	default:
		if d.flags&gzipHeaderCRC != 0 {
			if !d.need(16) {
				return false, nil
			}
			if uint16(d.bits(16)) != uint16(d.sum) {
				return false, errData
			}
		}
		d.sum, d.st = 0, stBlock
	}
	return true, nil
}

// headerBits reads n bits, a multiple of 8, of a gzip header and adds them to its checksum,
// the lower half of a CRC-32 (RFC 1952 section 2.3.1).
func (d *Decoder) headerBits(n uint) int {
	v := d.bits(n)
	for i := uint(0); i < n; i += 8 {
		sum := ^d.sum
		d.sum = ^(crc32.IEEETable[byte(sum)^byte(v>>i)] ^ sum>>8)
	}
	return v
}

func (d *Decoder) endBlock() {
	d.st = stBlock
	if d.final {
		d.bits(d.nbits & 7)
		d.st = stTrailer
	}
}

// stored copies the bytes of a stored block.
func (d *Decoder) stored() bool {
	for d.n > 0 && d.nbits > 0 {
		d.put(byte(d.bits(8)))
		d.n--
	}
	for d.n > 0 {
		if len(d.in) == 0 {
			return false
		}
		d.room()
		n := min(d.n, len(d.in), chunk-(d.w-d.flushed))
		copy(d.buf[d.w:], d.in[:n])
		d.w += n
		d.in = d.in[n:]
		d.n -= n
		if d.w-d.flushed == chunk {
			d.flush()
		}
	}
	return true
}

// room makes space for a chunk in buf.
func (d *Decoder) room() {
	if d.w+chunk > bufSize {
		// Less than a chunk is still to be output, so it lies within the window.
		copy(d.buf[:], d.buf[d.w-window:d.w])
		d.flushed -= d.w - window
		d.w = window
		d.full = true
	}
}

func (d *Decoder) put(c byte) {
	d.room()
	d.buf[d.w] = c
	d.w++
	if d.w-d.flushed == chunk {
		d.flush()
	}
}

func (d *Decoder) flush() {
	b := d.buf[d.flushed:d.w]
	if len(b) == 0 {
		return
	}
	switch d.wrap {
	case wrapGzip:
		d.sum = crc32.Update(d.sum, crc32.IEEETable, b)
	case wrapZlib:
		d.sum = updateAdler(d.sum, b)
	case wrapRaw:
	}
	d.flushed = d.w
	d.written += uint64(len(b))
	d.out(b)
}

// updateAdler continues an Adler-32 checksum (RFC 1950 section 8).
func updateAdler(sum uint32, b []byte) uint32 {
	if sum == 1 {
		return adler32.Checksum(b)
	}
	const mod, nmax = 65521, 5552
	s1, s2 := sum&0xffff, sum>>16
	for len(b) > 0 {
		n := min(len(b), nmax)
		for _, c := range b[:n] {
			s1 += uint32(c)
			s2 += s1
		}
		s1 %= mod
		s2 %= mod
		b = b[n:]
	}
	return s2<<16 | s1
}

// codeOrder is the order in which the lengths of the code length codes come (RFC
// 1951 section 3.2.7).
var codeOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// dynamic reads the codes of a block (RFC 1951 section 3.2.7).
func (d *Decoder) dynamic() (more bool, err error) {
	switch d.st {
	case stTable:
		if !d.need(14) {
			return false, nil
		}
		d.fixed = false
		d.nlen, d.ndist, d.ncode = 257+d.bits(5), 1+d.bits(5), 4+d.bits(4)
		if d.nlen > 286 || d.ndist > 30 {
			return false, errData
		}
		d.lens = [len(d.lens)]uint8{}
		d.have, d.st = 0, stCodeLens
	case stCodeLens:
		for ; d.have < d.ncode; d.have++ {
			if !d.need(3) {
				return false, nil
			}
			d.lens[codeOrder[d.have]] = uint8(d.bits(3))
		}
		if !d.lit.build(d.lens[:19], true) {
			return false, errData
		}
		d.have, d.st = 0, stLens
	default:
		for d.have < d.nlen+d.ndist {
			sym, n, ok := d.peek(&d.lit)
			if !ok {
				if sym < 0 {
					return false, errData
				}
				return false, nil
			}
			if sym < 16 {
				d.bits(n)
				d.lens[d.have] = uint8(sym)
				d.have++
				continue
			}
			var prev uint8
			extra, base := uint(2), 3
			switch sym {
			case 16:
				if d.have == 0 {
					return false, errData
				}
				prev = d.lens[d.have-1]
			case 17:
				extra = 3
			default:
				extra, base = 7, 11
			}
			if !d.need(n + extra) {
				return false, nil
			}
			d.bits(n)
			rep := base + d.bits(extra)
			if d.have+rep > d.nlen+d.ndist {
				return false, errData
			}
			for range rep {
				d.lens[d.have] = prev
				d.have++
			}
		}
		if d.lens[256] == 0 || !d.lit.build(d.lens[:d.nlen], false) ||
			!d.distTab.build(d.lens[d.nlen:d.nlen+d.ndist], false) {
			return false, errData
		}
		d.st = stSymbol
	}
	return true, nil
}

// Lengths and distances of matches (RFC 1951 section 3.2.5).
var (
	lengthBase = [29]uint16{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}
	lengthBits = [29]uint8{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
	distBase   = [30]uint16{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577}
	distBits   = [30]uint8{0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13}
)

// codes decodes the symbols of a block until it ends or needs more input.
func (d *Decoder) codes() (more bool, err error) {
	for {
		switch d.st {
		case stSymbol:
			sym, n, ok := d.peek(&d.lit)
			if !ok {
				if sym < 0 {
					return false, errData
				}
				return false, nil
			}
			d.bits(n)
			switch {
			case sym < 256:
				d.put(byte(sym))
			case sym == 256:
				d.endBlock()
				return true, nil
			case sym > 285:
				return false, errData
			default:
				d.n, d.extra = int(lengthBase[sym-257]), uint(lengthBits[sym-257])
				d.st = stLength
			}
		case stLength:
			if !d.need(d.extra) {
				return false, nil
			}
			d.n += d.bits(d.extra)
			d.st = stDistance
		case stDistance:
			sym, n, ok := d.peek(&d.distTab)
			if !ok {
				if sym < 0 {
					return false, errData
				}
				return false, nil
			}
			d.bits(n)
			if sym > 29 {
				return false, errData
			}
			d.dist, d.extra = int(distBase[sym]), uint(distBits[sym])
			d.st = stDistExtra
		case stDistExtra:
			if !d.need(d.extra) {
				return false, nil
			}
			d.dist += d.bits(d.extra)
			if d.dist > d.w && !d.full || d.dist > window {
				return false, errData
			}
			d.st = stMatch
		default:
			d.match()
			d.st = stSymbol
		}
	}
}

// match copies n bytes from dist before the end.
func (d *Decoder) match() {
	for d.n > 0 {
		d.room()
		n := min(d.n, chunk-(d.w-d.flushed), d.dist)
		copy(d.buf[d.w:d.w+n], d.buf[d.w-d.dist:])
		d.w += n
		d.n -= n
		if d.w-d.flushed == chunk {
			d.flush()
		}
	}
}

func (d *Decoder) trailer() (more bool, err error) {
	n := [...]uint{wrapRaw: 0, wrapGzip: 64, wrapZlib: 32}[d.wrap]
	if !d.need(n) {
		return false, nil
	}
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], d.hold)
	d.st = stDone
	// The pending bytes are output only if the checksum is right.
	pending := d.buf[d.flushed:d.w]
	switch d.wrap {
	case wrapGzip:
		if binary.LittleEndian.Uint32(b[:]) != crc32.Update(d.sum, crc32.IEEETable, pending) ||
			binary.LittleEndian.Uint32(b[4:]) != uint32(d.written)+uint32(len(pending)) {
			return false, errData
		}
	case wrapZlib:
		if binary.BigEndian.Uint32(b[:]) != updateAdler(d.sum, pending) {
			return false, errData
		}
	case wrapRaw:
	}
	return false, nil
}

// fastBits is the longest code found by a single table lookup.
const fastBits = 9

// huffman is a canonical code (RFC 1951 section 3.2.2).
type huffman struct {
	// fast has, by the next bits, symbol<<4 and length of a code of up to fastBits,
	// 0 for longer ones.
	fast   [1 << fastBits]uint16
	count  [16]uint16 // codes by length
	symbol [288]uint16
	max    uint
}

// build makes the code for the lengths and reports whether they are valid. A code must be
// complete, except that without whole a single code of length 1 is allowed.
func (h *huffman) build(lens []uint8, whole bool) bool {
	h.count = [16]uint16{}
	for _, n := range lens {
		h.count[n]++
	}
	h.max = 15
	for h.max > 0 && h.count[h.max] == 0 {
		h.max--
	}
	h.count[0] = 0
	left := 1
	var offs, next [17]uint16
	for n := 1; n <= 15; n++ {
		left = left<<1 - int(h.count[n])
		if left < 0 {
			return false
		}
		offs[n+1] = offs[n] + h.count[n]
		next[n+1] = (next[n] + h.count[n]) << 1
	}
	if left > 0 && h.max != 0 && (whole || h.max != 1) || whole && h.max == 0 {
		return false
	}
	clear(h.fast[:])
	for sym, n := range lens {
		if n == 0 {
			continue
		}
		h.symbol[offs[n]] = uint16(sym)
		offs[n]++
		code := next[n]
		next[n]++
		if n > fastBits {
			continue
		}
		rev := 0
		for i := range n {
			rev |= int(code>>i&1) << (n - 1 - i)
		}
		for i := rev; i < 1<<fastBits; i += 1 << n {
			h.fast[i] = uint16(sym)<<4 | uint16(n)
		}
	}
	return true
}

// peek finds the next symbol and the length of its code. If ok is false, either sym is
// negative and the code is invalid, or more input is needed.
func (d *Decoder) peek(h *huffman) (sym int, n uint, ok bool) {
	for {
		if e := h.fast[d.hold&(1<<fastBits-1)]; e != 0 {
			if n := uint(e & 15); n <= d.nbits {
				return int(e >> 4), n, true
			}
		} else if sym, n, ok := h.slow(d.hold, d.nbits); ok || sym < 0 {
			return sym, n, ok
		}
		if len(d.in) == 0 {
			return 0, 0, false
		}
		d.pull()
	}
}

// slow decodes bit by bit.
func (h *huffman) slow(hold uint64, nbits uint) (sym int, n uint, ok bool) {
	code, first, index := 0, 0, 0
	for n := uint(1); n <= min(nbits, 15); n++ {
		code |= int(hold & 1)
		hold >>= 1
		count := int(h.count[n])
		if code-count < first {
			return int(h.symbol[index+code-first]), n, true
		}
		index += count
		first = (first + count) << 1
		code <<= 1
		if n >= h.max {
			return -1, 0, false
		}
	}
	if h.max == 0 && nbits > 0 {
		return -1, 0, false
	}
	return 0, 0, false
}

var fixedLens = func() (lens [288]uint8) {
	for i := range lens {
		switch {
		case i < 144:
			lens[i] = 8
		case i < 256:
			lens[i] = 9
		case i < 280:
			lens[i] = 7
		default:
			lens[i] = 8
		}
	}
	return lens
}()

var fixedDist = [30]uint8{5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5}

// setFixed makes the codes of RFC 1951 section 3.2.6.
func (d *Decoder) setFixed() {
	if d.fixed {
		return
	}
	var dist [32]uint8
	copy(dist[:], fixedDist[:])
	dist[30], dist[31] = 5, 5
	d.lit.build(fixedLens[:], false)
	d.distTab.build(dist[:], false)
	d.fixed = true
}
