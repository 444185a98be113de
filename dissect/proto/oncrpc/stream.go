package oncrpc

import (
	"encoding/binary"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

const (
	// maxMessage is how much of a message is parsed; what follows is skipped.
	maxMessage = 65536
	// markLen is the length of a record mark (RFC 5531 section 11): a bit for the last
	// fragment, and the fragment's length.
	markLen      = 4
	lastFragment = 1 << 31
	// minMessage is the smallest length that begins a message while the stream is searched
	// for one.
	minMessage = 16
)

// sync is how far a side is from knowing where its messages begin.
type sync uint8

const (
	syncUnknown   sync = iota // no data so far
	synced                    // messages follow each other
	syncLost                  // any segment may begin a message
	syncFragments             // inside a message
	syncMessage               // after a message, before one that must follow
	syncTwo                   // after two messages
)

// side is one direction of a stream.
type side struct {
	sync sync
	skip int // bytes to the next fragment, while sync is not synced

	inside bool // a message has begun
	last   bool // the current fragment is its last
	nmark  int  // bytes of mark; markLen inside a fragment
	mark   [markLen]byte
	// size and done are the bytes of the fragments so far, and those that have arrived.
	// buf has their beginning, at most maxMessage.
	size, done int64
	buf        []byte
	start      value.Time
}

// stream takes the next bytes of a stream.
func (a *analyzer) stream(isOrig bool, b []byte) {
	s := &a.side[conn.Side(isOrig)]
	if s.sync != synced {
		if b = a.search(s, isOrig, b); len(b) == 0 {
			return
		}
	}
	for len(b) > 0 && !a.off {
		if !s.inside {
			a.release(s)
			s.inside, s.last, s.nmark, s.size, s.done = true, false, 0, 0, 0
			s.start = a.Now()
		}
		if s.nmark < markLen {
			n := copy(s.mark[s.nmark:], b)
			b = b[n:]
			if s.nmark += n; s.nmark < markLen {
				return
			}
			m := binary.BigEndian.Uint32(s.mark[:])
			s.last = m&lastFragment != 0
			if s.size += int64(m &^ lastFragment); s.size > maxMessage {
				a.WeirdNumber("RPC_message_too_long", int(s.size), "")
			}
			continue
		}
		part := b[:min(int64(len(b)), s.size-s.done)]
		b = b[len(part):]
		s.done += int64(len(part))
		msg := part[:min(len(part), maxMessage-len(s.buf))]
		if whole := s.done == s.size && s.last; !whole || len(s.buf) > 0 {
			if !a.keep(s, msg) {
				return
			}
			msg = s.buf
		}
		switch {
		case s.done < s.size:
		case s.last:
			s.inside = false
			if !a.message(isOrig, msg, s.start, a.Now()) {
				a.Weird("partial_RPC", "", "")
			}
			a.release(s)
		default:
			s.nmark = 0
		}
	}
}

// keep adds bytes to a message that is not complete. It returns false if all analyzers hold
// too much.
func (a *analyzer) keep(s *side, b []byte) bool {
	if len(b) == 0 {
		return true
	}
	if s.buf == nil {
		s.buf = a.f.freeBufs.Get()
	}
	s.buf = append(s.buf, b...)
	a.Hold(len(b))
	if a.Full(kindOf[a.kind].name) {
		a.Detach()
		return false
	}
	return true
}

// release drops what is kept of a message.
func (a *analyzer) release(s *side) {
	if s.buf != nil {
		a.Hold(-len(s.buf))
		a.f.freeBufs.Put(s.buf)
		s.buf = nil
	}
}

// Gap looks for the next message of the side.
func (a *analyzer) Gap(isOrig bool, _ uint64) {
	if a.tcp {
		a.lose(&a.side[conn.Side(isOrig)])
	}
}

func (a *analyzer) lose(s *side) {
	s.sync, s.skip, s.inside = syncLost, 0, false
	a.release(s)
}

// search looks for messages in a stream of which bytes are missing, as Zeek does: it takes
// the beginning of a segment for that of a message if it looks like one, and believes it
// once two messages end where another begins. It returns the bytes from there on, or none.
func (a *analyzer) search(s *side, isOrig bool, b []byte) []byte {
	if s.sync == syncUnknown {
		s.sync = synced
		end := a.Conn().Orig()
		if !isOrig {
			end = a.Conn().Resp()
		}
		if end.State == event.StateEstablished {
			return b
		}
		s.sync = syncLost
	}
	for len(b) > 0 {
		if s.skip >= len(b) {
			s.skip -= len(b)
			return nil
		}
		b = b[s.skip:]
		s.skip = 0
		if len(b) < markLen+8 {
			break
		}
		mark := binary.BigEndian.Uint32(b)
		n := int(mark &^ lastFragment)
		typ := uint32(msgReply)
		if isOrig {
			typ = msgCall
		}
		if binary.BigEndian.Uint32(b[8:]) != typ || n < minMessage || n > maxMessage {
			break
		}
		if s.sync == syncTwo {
			s.sync = synced
			return b
		}
		s.skip = markLen + n
		switch last := mark&lastFragment != 0; {
		case s.sync == syncMessage && last:
			s.sync = syncTwo
		case s.sync == syncMessage:
		case last:
			s.sync = syncMessage
		default:
			s.sync = syncFragments
		}
	}
	a.lose(s)
	return nil
}
