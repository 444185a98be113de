package quic

import (
	"fmt"
	"slices"
	"sort"

	"github.com/wirelog/wirelog/dissect/conn"
)

const (
	// helloHeader is the length in bytes of the header of a message of TLS (RFC 8446 section
	// 4), and maxHello that of the longest message that is passed on.
	helloHeader = 4
	maxHello    = 1<<14 + 256
	// keptPieces bounds the capacity of a list that the next connection reuses.
	keptPieces = 32
)

// crypto is the stream of a side's CRYPTO frames. Its first message, a hello, goes to the
// analyzer of TLS; what follows is not looked at, as in Zeek.
type crypto struct {
	next   uint64 // offset of the byte that is expected
	head   [helloHeader]byte
	length uint64 // of the message with its header; 0 until that is there
	// deaf is set if the message is too long to be passed on, finished when it is complete, and
	// full once bytes were left out.
	deaf, finished, full bool
	// pieces are the bytes that came before their turn, in order and without overlaps. They
	// lie in data.
	pieces []piece
	data   []byte
}

// piece is n bytes at offset in the stream, which begin at pos in the data.
type piece struct {
	offset uint64
	pos, n int
}

func (p *piece) end() uint64 { return p.offset + uint64(p.n) }

// release gives up what waits for bytes before it.
func (a *analyzer) release(s *side) {
	a.Hold(-len(s.data))
	a.f.buffers.Put(s.data)
	s.data, s.pieces = nil, s.pieces[:0]
	if cap(s.pieces) > keptPieces {
		s.pieces = nil
	}
}

// crypto takes the data of a CRYPTO frame (RFC 9000 section 19.6). Of bytes that are sent
// twice the first count.
func (a *analyzer) crypto(isOrig bool, offset uint64, b []byte) {
	s := &a.side[conn.Side(isOrig)]
	end := offset + uint64(len(b))
	if offset < s.next {
		if end <= s.next {
			return
		}
		b = b[s.next-offset:]
		offset = s.next
	}
	switch {
	case len(b) == 0:
	case len(s.pieces) == 0 && offset == s.next:
		a.deliver(isOrig, s, b)
	default:
		a.insert(s, offset, b)
		for len(s.pieces) > 0 && s.pieces[0].offset == s.next && !a.off {
			p := s.pieces[0]
			s.pieces = slices.Delete(s.pieces, 0, 1)
			a.deliver(isOrig, s, s.data[p.pos:p.pos+p.n])
		}
		if len(s.pieces) == 0 && !a.off {
			a.release(s)
		}
	}
	if !a.off && s.length > 0 && s.next > s.length {
		a.violate(fmt.Sprintf("too much crypto data received %d > %d", s.next, s.length))
	}
}

// insert keeps the bytes that no piece has.
func (a *analyzer) insert(s *side, offset uint64, b []byte) {
	i := sort.Search(len(s.pieces), func(i int) bool { return s.pieces[i].end() > offset })
	for len(b) > 0 {
		n := len(b)
		if i < len(s.pieces) {
			if at := s.pieces[i].offset; at <= offset {
				skip := min(uint64(len(b)), s.pieces[i].end()-offset)
				b, offset = b[skip:], offset+skip
				i++
				continue
			} else if at-offset < uint64(n) {
				n = int(at - offset)
			}
		}
		if len(s.pieces) >= a.f.opt.Pieces || len(s.data)+n > a.f.opt.Bytes {
			a.leftOut(s)
			return
		}
		if s.data == nil {
			s.data = a.f.buffers.Get()
		}
		s.pieces = slices.Insert(s.pieces, i, piece{offset, len(s.data), n})
		s.data = append(s.data, b[:n]...)
		b, offset = b[n:], offset+uint64(n)
		i++
		if a.Hold(n); a.Full(source) {
			a.release(s)
			return
		}
	}
}

// leftOut reports that bytes of a stream exceed a limit.
func (a *analyzer) leftOut(s *side) {
	a.Limited(source, "crypto")
	if !s.full {
		s.full = true
		a.Weird("QUIC_crypto_data_left_out", "", source)
	}
}

// deliver passes on the next bytes of a stream. Zeek makes a record of TLS of the message.
func (a *analyzer) deliver(isOrig bool, s *side, b []byte) {
	before := s.next
	s.next += uint64(len(b))
	switch {
	case s.deaf:
		return
	case s.finished:
		a.violate("crypto data after the message")
		return
	}
	if before < helloHeader {
		n := copy(s.head[before:], b)
		b = b[n:]
		if s.next < helloHeader {
			return
		}
		s.length = helloHeader + uint64(s.head[1])<<16 + uint64(s.head[2])<<8 + uint64(s.head[3])
		if s.length > maxHello {
			s.deaf = true
			return
		}
		if !a.tls.On() {
			a.tls = a.HandOver(a.f.tls)
		}
		record := [...]byte{22, 3, 3, byte(s.length >> 8), byte(s.length), s.head[0], s.head[1], s.head[2], s.head[3]}
		a.tls.Data(isOrig, append(a.f.head[:0], record[:]...))
		before = helloHeader
	}
	if left := s.length - before; uint64(len(b)) > left {
		b = b[:left]
	}
	s.finished = before+uint64(len(b)) == s.length
	if len(b) > 0 {
		a.tls.Data(isOrig, b)
	}
}
