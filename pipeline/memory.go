package pipeline

import (
	"math"
	"runtime/debug"

	"github.com/wirelog/wirelog/dissect"
	"github.com/wirelog/wirelog/internal/memlimit"
)

// MemoryLimit returns the bytes of memory that a run with o should take at most: o.Memory
// or, if that is 0, the runtime's limit (GOMEMLIMIT) or, if there is none, 75 % of the
// least of the machine's memory and the limits of the process's control groups. It is 0
// if nothing is known.
func MemoryLimit(o *Options) int64 {
	if o.Memory != 0 {
		return int64(o.Memory)
	}
	if n := debug.SetMemoryLimit(-1); n != math.MaxInt64 {
		return n
	}
	return int64(memlimit.Available() / 4 * 3)
}

// stateShare is the divisor that gives the share of the memory limit for each kind of
// state whose limit is at its default. Two kinds are seldom full at the same time, and
// the collector needs the rest.
const stateShare = 4

// connBytes is about what a connection takes without its analyzers.
const connBytes = 512

// fit lowers the limits in bytes of o that are at their defaults to shares of memory, and
// that of connections to what fits into half of it, if memory is not 0.
func fit(o *dissect.Options, memory int64) {
	if memory == 0 {
		return
	}
	d := dissect.DefaultOptions()
	share := int(min(memory/stateShare, math.MaxInt32))
	lower(&o.Conn.StateBytes, d.Conn.StateBytes, share)
	lower(&o.Conn.MessageBytes, d.Conn.MessageBytes, share)
	lower(&o.Conn.ReassemblyBytes, d.Conn.ReassemblyBytes, share)
	lower(&o.Packet.FragmentBytes, d.Packet.FragmentBytes, share)
	lower(&o.Lines.Bytes, d.Lines.Bytes, share)
	lower(&o.Conn.Connections, d.Conn.Connections, int(min(memory/2/connBytes, math.MaxInt32)))
}

func lower[T int | uint64](limit *T, standard T, share int) {
	if *limit == standard {
		*limit = min(*limit, T(share))
	}
}
