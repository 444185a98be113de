package watch

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

// NewSteppingStone returns the watcher for connections that pass on what others bring. It
// takes notes of what the sides of a connection do; a Correlator raises the events from
// the notes of all shards.
func NewSteppingStone(o Options) *detect.Protocol {
	f := &stones{opt: o}
	return watcher("STEPPINGSTONE", f.new, freelist.Size[stone]())
}

// stones makes a shard's analyzers and reuses finished ones.
type stones struct {
	opt  Options
	free freelist.List[stone]
	note []byte // scratch
}

// stone follows one connection.
type stone struct {
	f *stones
	conn.Use
	sides [2]stSide
}

type stSide struct {
	number uint8      // 0 for the side that was the originator at first
	last   value.Time // of the last chunk, 0 before the first
}

// Kinds of notes. Each is followed by the time.
const (
	noteCreate = iota // uid, addresses and ports of a connection that begins
	noteResume        // uid and number of a side that begins to send
	noteChunk         // any other chunk: time passes for the sides that have resumed
	noteEnd           // uid of a connection that has ended
)

func (f *stones) new(u conn.Use) conn.Analyzer {
	c := u.Conn()
	if f.opt.Notes == nil {
		return nil
	}
	switch c.RespPort() {
	case 22, 23, 513: // SSH, Telnet, rlogin
	default:
		return nil
	}
	if src := c.OrigAddr(); slices.ContainsFunc(f.opt.SkipSrc, func(p netip.Prefix) bool { return p.Contains(src) }) {
		return nil
	}
	a := f.free.Get()
	*a = stone{f: f, Use: u}
	a.sides[1].number = 1
	id := c.ID()
	n := a.begin(noteCreate, true)
	for _, h := range []netip.Addr{id.OrigH, id.RespH} {
		b := h.As16()
		n = append(n, b[:]...)
	}
	f.opt.Notes(append(n, byte(id.OrigP>>8), byte(id.OrigP), byte(id.RespP>>8), byte(id.RespP)))
	return a
}

// begin begins a note.
func (a *stone) begin(kind byte, uid bool) []byte {
	n := binary.BigEndian.AppendUint64(append(a.f.note[:0], kind), uint64(a.Now()))
	if uid {
		id := a.Conn().UID()
		at := len(n)
		n = append(n, 0)
		n = id.Append(n)
		n[at] = byte(len(n) - at - 1)
	}
	a.f.note = n
	return n
}

// Data notes a chunk.
func (a *stone) Data(isOrig bool, b []byte) {
	if len(b) == 0 {
		return
	}
	s := &a.sides[conn.Side(isOrig)]
	now, before := a.Now(), s.last
	s.last = now
	if before != 0 && now <= before+value.Time(a.f.opt.Idle) {
		a.f.opt.Notes(a.begin(noteChunk, false))
	} else {
		a.f.opt.Notes(append(a.begin(noteResume, true), s.number))
	}
}

// Gap does nothing: positions leave gaps out.
func (a *stone) Gap(bool, uint64) {}

// End does nothing.
func (a *stone) End(bool) {}

// Done notes the end.
func (a *stone) Done() {
	a.f.opt.Notes(a.begin(noteEnd, true))
	f := a.f
	*a = stone{}
	f.free.Put(a)
}

// Flip follows the connection's change of roles.
func (a *stone) Flip() { a.sides[0], a.sides[1] = a.sides[1], a.sides[0] }
