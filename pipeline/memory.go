package pipeline

import (
	"fmt"
	"math"
	"runtime/debug"

	"github.com/wirelog/wirelog/capture"
	"github.com/wirelog/wirelog/dissect"
	"github.com/wirelog/wirelog/internal/memlimit"
)

// MemoryLimit returns the bytes of memory that a run with o should take at most: o.Memory
// or, if that is 0, the runtime's limit (GOMEMLIMIT) or, if there is none, 75 % of the
// least of the machine's memory and the limits of the process's control groups. It is 0
// if nothing is known.
func MemoryLimit(o *Options) int64 {
	switch {
	case o.Memory != 0:
		return int64(o.Memory)
	case o.Available != 0:
		return o.Available
	}
	if n := debug.SetMemoryLimit(-1); n != math.MaxInt64 {
		return n
	}
	return int64(memlimit.Available() / 4 * 3)
}

// Parts of the memory limit that are taken off before the rest is shared out.
const (
	// programBytes is what of the program itself is in memory, beside Go's.
	programBytes = 24 << 20
	// standing is what Go's memory has at the least: code's tables, buffers of files, pools.
	standing = 24 << 20
	// ringShare is the part of the limit that rings may take at most.
	ringShare = 4
)

// Shares of what is left, in sixteenths; three quarters of it, for the collector of garbage needs
// a fourth. They are all there is: together they are the whole.
const (
	sixteenths     = 16
	shareConns     = 6 // connections
	shareState     = 4 // analyzers, pending requests, unfinished rows, files
	shareStreams   = 2 // streams out of order
	shareFiles     = 1 // files out of order; it is half of that of streams
	shareFragments = 1 // IP fragments
	shareMessages  = 1 // incomplete messages two thirds, incomplete lines one
	shareQueues    = 1 // packets and rows between shards, half each
)

// HeapLimit returns the part of MemoryLimit that is for Go's runtime (GOMEMLIMIT), 0 if nothing
// is known: rings and the program's code are beside it.
func HeapLimit(o *Options) int64 {
	all := MemoryLimit(o)
	if all == 0 {
		return 0
	}
	return max(all-o.ringBytes()-programBytes, all/2)
}

// ringBytes is what the rings of live capture take in all.
func (o *Options) ringBytes() int64 {
	return int64(o.Listen.Ring) * int64(len(o.Interfaces))
}

// fitRings lowers the size of rings that is at its default to what memory has for them. A size
// that was set stays, if it leaves half of the memory.
func (o *Options) fitRings(memory int64) error {
	n := int64(len(o.Interfaces))
	if memory == 0 || n == 0 {
		return nil
	}
	lower(&o.Listen.Ring, capture.DefaultListenOptions().Ring, int(max(memory/ringShare/n, leastRing)))
	if all := o.ringBytes(); all > memory/2 {
		return &OptionError{"Listen.Ring", fmt.Errorf("rings of %d MiB in all are more than half of the memory that the program may take, %d MiB (limits.memory)", all>>20, memory>>20)}
	}
	return nil
}

// leastRing is the least that fitRings lowers to.
const leastRing = 4 << 20

// fit lowers the limits in bytes of o that are at their defaults to their shares of memory, if
// that is not 0, and returns the share of queues.
func (o *Options) fit(memory int64) (queues int64) {
	if memory == 0 {
		return math.MaxInt64
	}
	left := max(memory-o.ringBytes()-programBytes-standing-o.outputBytes(), memory/4) / 4 * 3
	share := func(n int64) int64 { return left / sixteenths * n }
	d, x := dissect.DefaultOptions(), &o.Dissect
	lower(&x.Conn.ConnectionBytes, d.Conn.ConnectionBytes, share(shareConns))
	lower(&x.Conn.StateBytes, d.Conn.StateBytes, share(shareState))
	lower(&x.Conn.ReassemblyBytes, d.Conn.ReassemblyBytes, share(shareStreams)) // of files in pieces: half as much
	lower(&x.Conn.MessageBytes, d.Conn.MessageBytes, share(shareMessages)/3*2)
	lower(&x.Lines.Bytes, d.Lines.Bytes, share(shareMessages)/3)
	lower(&x.Packet.FragmentBytes, d.Packet.FragmentBytes, share(shareFragments)/5*4) // a fifth is what describes them
	return share(shareQueues)
}

// outputBytes is about what outputs may hold, as they are configured.
func (o *Options) outputBytes() (n int64) {
	list, err := o.outputs()
	if err != nil {
		return 0 // told where outputs are opened
	}
	for i := range list {
		switch s := list[i].Settings.(type) {
		case *KafkaSettings:
			n += int64(s.BufferBytes)
		case *ParquetSettings:
			n += int64(s.Memory)
		}
	}
	return n
}

func lower[T int | uint64, S int | int64](limit *T, standard T, share S) {
	if *limit == standard {
		*limit = min(*limit, T(share))
	}
}
