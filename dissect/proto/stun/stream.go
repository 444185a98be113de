package stun

import (
	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/conn"
)

func (s *shard) attachTCP(u conn.Use) conn.Analyzer {
	a := s.streams.Get()
	*a = stream{reader: reader{Use: u, s: s, name: nameTCP}}
	return a
}

// stream reads the messages of a TCP connection.
type stream struct {
	reader
	frames [2]wire.Frames
	off    bool
	// inner gets what a server relays on a connection of its own for each peer (RFC 6062).
	// asked is set once the client has asked for that.
	inner conn.Handover
	asked bool
}

// Data takes the next bytes of a side.
func (a *stream) Data(isOrig bool, b []byte) {
	f := &a.frames[conn.Side(isOrig)]
	for len(b) > 0 && !a.off && !a.inner.Taken() {
		kept := f.Kept()
		m, rest, state := f.Next(a.s.framer, b)
		a.Hold(f.Kept() - kept)
		b = rest
		switch state {
		case wire.FrameWhole:
			a.frame(isOrig, m)
		case wire.FrameShort:
			if a.Full(nameTCP) {
				a.giveUp()
			}
		case wire.FrameInvalid:
			a.malformed()
		}
	}
	if a.inner.Taken() && len(b) > 0 {
		a.inner.Data(isOrig, b)
	}
}

// frame takes a message or ChannelData.
func (a *stream) frame(isOrig bool, b []byte) {
	if b[0] >= lowestChannel>>8 {
		a.channelData(isOrig, b)
		return
	}
	m, ok := a.message(isOrig, b)
	switch {
	case !ok:
		a.malformed()
	case m.method != connBind:
	case m.class == request && isOrig:
		a.asked = true
	case m.class == success && !isOrig && a.asked:
		a.Hold(-a.reset())
		a.inner = a.Inner()
	}
}

// malformed reports bytes that are no message. What follows them cannot be found.
func (a *stream) malformed() {
	a.Violate(conn.Violation{Reason: malformed})
	a.giveUp()
}

// giveUp ends the analysis.
func (a *stream) giveUp() {
	if !a.off {
		a.Detach()
	}
}

// reset gives the buffers back and returns the number of bytes that were kept.
func (a *stream) reset() int { return a.frames[0].Reset(a.s.framer) + a.frames[1].Reset(a.s.framer) }

// Gap passes over missing bytes inside a message. Any others end the analysis, since the next
// message cannot be found.
func (a *stream) Gap(isOrig bool, n uint64) {
	if a.inner.Taken() {
		a.inner.Gap(isOrig, n)
		return
	}
	if f := &a.frames[conn.Side(isOrig)]; !f.Gap(a.s.framer, n) {
		a.giveUp()
	}
}

// End passes the end of a side on.
func (a *stream) End(isOrig bool) {
	if a.inner.Taken() {
		a.inner.End(isOrig)
	}
}

// Flip swaps the sides.
func (a *stream) Flip() { a.frames[0], a.frames[1] = a.frames[1], a.frames[0] }

// Done returns the analyzer to the free list.
func (a *stream) Done() {
	if a.off {
		return
	}
	a.off = true
	if a.inner.Taken() {
		a.inner.Done()
	}
	a.Hold(-a.reset())
	a.s.streams.Put(a)
}
