package watch

import (
	"time"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

// NewInterConn returns the watcher for interactive connections.
func NewInterConn(h *event.Hooks, o Options) *detect.Protocol {
	f := &interConns{hooks: &h.InterConn, opt: o}
	return watcher("INTERCONN", f.new, freelist.Size[interConn]())
}

// interConns makes a shard's analyzers and reuses finished ones.
type interConns struct {
	hooks *event.InterConnEvents
	opt   Options
	free  freelist.List[interConn]
}

// interConn follows one connection.
type interConn struct {
	f *interConns
	conn.Use
	sides [2]icSide
	stats schedule
}

type icSide struct {
	progress
	stats     event.InterconnEndpStats
	keystroke value.Time // of the last chunk, if it was one; 0 if not
}

func (f *interConns) new(u conn.Use) conn.Analyzer {
	a := f.free.Get()
	*a = interConn{f: f, Use: u}
	a.stats.begin(u, &f.opt, f.hooks.InterconnStats.On())
	return a
}

// Data counts a chunk.
func (a *interConn) Data(isOrig bool, b []byte) {
	s := &a.sides[conn.Side(isOrig)]
	_, ok := s.chunk(a.Conn(), isOrig, b)
	s.stats.IsPartial = s.partial
	if !ok {
		return
	}
	s.stats.NumPkts++
	s.text(b)
	if len(b) > a.f.opt.Keystroke {
		s.keystroke = 0
		return
	}
	if s.keystroke != 0 {
		s.stats.NumKeystrokesTwoInRow++
		if d := time.Duration(a.Now() - s.keystroke); d >= a.f.opt.MinInterarrival && d <= a.f.opt.MaxInterarrival {
			s.stats.NumNormalInterarrivals++
		}
	}
	switch n := len(b); {
	case n%8 == 0 && n >= 16:
		s.stats.Num8k0Pkts++
	case n%8 == 4:
		s.stats.Num8k4Pkts++
	}
	s.keystroke = a.Now()
}

// text counts lines and bytes of text.
func (s *icSide) text(b []byte) {
	s.stats.NumBytes += uint64(len(b))
	start, last := 0, byte(0)
	for i, c := range b {
		switch {
		case c == '\n' && last == '\r':
		case c == '\n' || c == '\r':
			s.stats.NumLines++
			if i-start <= normalLine {
				s.stats.NumNormalLines++
			}
			start = i
		case c != 0 && c < 128:
			s.stats.Num7bitASCII++
		}
		last = c
	}
}

// Alarm raises the statistics of a connection that goes on.
func (a *interConn) Alarm() {
	a.raiseStats()
	a.stats.next(a.Use, &a.f.opt)
}

func (a *interConn) raiseStats() {
	if e := a.f.hooks.InterconnStats.Begin(); e != nil {
		*e = event.InterconnStats{Conn: a.Conn(), OS: a.sides[0].stats, RS: a.sides[1].stats}
		a.f.hooks.InterconnStats.Raise(e)
	}
}

// Gap does nothing: positions leave gaps out.
func (a *interConn) Gap(bool, uint64) {}

// End does nothing.
func (a *interConn) End(bool) {}

// Done raises what is left.
func (a *interConn) Done() {
	a.raiseStats()
	if e := a.f.hooks.InterconnRemoveConn.Begin(); e != nil {
		*e = event.InterconnRemoveConn{Conn: a.Conn()}
		a.f.hooks.InterconnRemoveConn.Raise(e)
	}
	f := a.f
	*a = interConn{}
	f.free.Put(a)
}

// Flip follows the connection's change of roles.
func (a *interConn) Flip() { a.sides[0], a.sides[1] = a.sides[1], a.sides[0] }
