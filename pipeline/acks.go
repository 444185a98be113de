package pipeline

import (
	"sync/atomic"

	"github.com/wirelog/wirelog/capture"
)

// acks tells a source up to which packet all rows are written, if it wants to know.
type acks struct {
	merged atomic.Uint64 // the last packet whose rows the merger has
	// check is the mark that is waited for, set by tick when the merger had the rows up to of.
	check func() (safe, whole bool)
	of    uint64
	// settled is how far everything is written or lost; whole says that nothing was lost
	// since told.
	settled atomic.Uint64
	lost    atomic.Uint64 // up to here something was lost
	told    uint64
}

// tick is called every second or so.
func (a *acks) tick(r *run) {
	if _, ok := r.source.(capture.Acknowledged); !ok {
		return
	}
	if a.check != nil {
		safe, whole := a.check()
		if !safe {
			return
		}
		a.check = nil
		if !whole {
			a.lost.Store(a.of)
		}
		a.settled.Store(a.of)
	}
	if n := a.merged.Load(); n > a.of {
		if a.check = r.merger.Mark(); a.check != nil {
			a.of = n
		}
	}
}

// tell is called by whoever reads the source, before each batch.
func (a *acks) tell(r *run) {
	if n := a.settled.Load(); n != a.told {
		a.told = n
		r.source.(capture.Acknowledged).Written(n, a.lost.Load() != n)
	}
}

// end is called when the outputs are closed. What was not known to be written is, if the run
// came to its end and lost nothing.
func (a *acks) end(r *run, whole bool) {
	s, ok := r.source.(capture.Acknowledged)
	if !ok {
		return
	}
	a.tell(r)
	if whole {
		s.Written(^uint64(0), true)
	}
}
