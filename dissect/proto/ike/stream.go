package ike

import (
	"encoding/binary"

	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/conn"
)

const (
	prefix = "IKETCP" // what the client's stream begins with (RFC 9329 section 4)
	lenLen = 2        // of the length before a message, which counts itself (RFC 9329 section 3)
)

func frameLen(head []byte) int { return int(binary.BigEndian.Uint16(head)) }

func (s *shard) attachTCP(u conn.Use) conn.Analyzer {
	a := s.streams.Get()
	*a = stream{analyzer: analyzer{Use: u, s: s, name: nameTCP, marked: true}}
	return a
}

// stream reads the messages of a TCP connection.
type stream struct {
	analyzer
	frames [2]wire.Frames
	begun  int // bytes of the prefix so far
	off    bool
}

// Data takes the next bytes of a side.
func (a *stream) Data(isOrig bool, b []byte) {
	if isOrig && a.begun < len(prefix) {
		n := min(len(prefix)-a.begun, len(b)) // the signature has seen it
		a.begun += n
		b = b[n:]
	}
	f := &a.frames[conn.Side(isOrig)]
	for len(b) > 0 && !a.off {
		kept := f.Kept()
		m, rest, state := f.Next(a.s.framer, b)
		a.Hold(f.Kept() - kept)
		b = rest
		switch state {
		case wire.FrameWhole:
			a.frame(isOrig, m[lenLen:])
		case wire.FrameShort:
			if a.Full(nameTCP) {
				a.giveUp()
			}
		case wire.FrameInvalid:
			a.wrong()
			a.giveUp()
		}
	}
}

// frame takes a message. The first is one of IKE.
func (a *stream) frame(isOrig bool, b []byte) {
	if !a.sure && (len(b) < markerLen || binary.BigEndian.Uint32(b) != 0) {
		a.wrong()
		return
	}
	a.analyzer.Data(isOrig, b)
}

// giveUp ends the analysis.
func (a *stream) giveUp() {
	if !a.off {
		a.Detach()
	}
}

// Gap passes over missing bytes inside a message. Any others end the analysis, since the next
// message cannot be found.
func (a *stream) Gap(isOrig bool, n uint64) {
	if f := &a.frames[conn.Side(isOrig)]; !f.Gap(a.s.framer, n) {
		a.giveUp()
	}
}

// Flip swaps the sides.
func (a *stream) Flip() {
	a.analyzer.Flip()
	a.frames[0], a.frames[1] = a.frames[1], a.frames[0]
}

// Done returns the analyzer to the free list.
func (a *stream) Done() {
	if a.off {
		return
	}
	a.off = true
	a.Hold(-a.frames[0].Reset(a.s.framer) - a.frames[1].Reset(a.s.framer))
	a.s.streams.Put(a)
}
