package capture

import (
	"errors"
	"io"
	"os"
	"slices"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// spread says how the packets of an interface are shared out to rings. It is the same for all
// interfaces, so that what belongs together meets in one shard.
type spread struct {
	kind    int // PACKET_FANOUT_ value
	program []bpfInstruction
}

func newSpread(fanOut string) *spread {
	if fanOut == fanOutHash {
		return &spread{kind: unix.PACKET_FANOUT_HASH}
	}
	return &spread{kind: unix.PACKET_FANOUT_CBPF, program: newSpreadKey().program()}
}

// join makes a group of sockets that are bound to an interface, in this order.
func (s *spread) join(sockets []*socket) error {
	group := s.kind<<16 | unix.PACKET_FANOUT_FLAG_UNIQUEID<<16
	for i, x := range sockets {
		if err := unix.SetsockoptInt(x.fd, unix.SOL_PACKET, unix.PACKET_FANOUT, group); err != nil {
			return os.NewSyscallError("PACKET_FANOUT", err)
		}
		x.shared = true
		if i > 0 {
			continue
		}
		var err error
		if group, err = unix.GetsockoptInt(x.fd, unix.SOL_PACKET, unix.PACKET_FANOUT); err != nil {
			return os.NewSyscallError("PACKET_FANOUT", err)
		}
		if s.program == nil {
			continue
		}
		if err := setProgram(x.fd, unix.SOL_PACKET, unix.PACKET_FANOUT_DATA, s.program); err != nil {
			return os.NewSyscallError("PACKET_FANOUT_DATA", err)
		}
	}
	return nil
}

// fan is the source of Listen for several shards.
type fan struct {
	ifaces []*iface
	parts  []*listener
}

var _ Fan = (*fan)(nil)

// Parts returns a part for each shard.
func (f *fan) Parts() (list []Source) {
	for _, p := range f.parts {
		list = append(list, p)
	}
	return list
}

// Next returns an error: the parts are read.
func (f *fan) Next() (*Batch, error) { return nil, errors.New("the packets of a fan are in its parts") }

// Damage returns nil.
func (f *fan) Damage() []*DamageError { return nil }

// Stats returns the sum of what the parts have counted.
func (f *fan) Stats() (sum Stats) {
	for _, p := range f.parts {
		if st := p.told.Load(); st != nil {
			sum.add(st)
		}
	}
	return sum
}

// Close ends the capture.
func (f *fan) Close() error {
	for _, p := range f.parts {
		p.batcher.drop()
		p.done, p.polls = io.EOF, nil
	}
	for _, x := range f.ifaces {
		x.close()
	}
	f.ifaces = nil
	return nil
}

// add adds the counts of another part.
func (s *Stats) add(o *Stats) {
	s.Packets += o.Packets
	s.Bytes += o.Bytes
	s.Filtered += o.Filtered
	s.Backwards += o.Backwards
	s.Late = max(s.Late, o.Late)
	s.JumpsHeld += o.JumpsHeld
	s.Jumps += o.Jumps
	s.TimesClamped += o.TimesClamped
	s.Empty += o.Empty
	s.Cut += o.Cut
	s.OverOriginal += o.OverOriginal
	s.CutToSnaplen += o.CutToSnaplen
	s.Unwrapped += o.Unwrapped
	s.Held += o.Held
	s.HeldLost += o.HeldLost
	if s.Interfaces == nil {
		s.Interfaces = slices.Clone(o.Interfaces)
		return
	}
	for i := range s.Interfaces {
		s.Interfaces[i].add(&o.Interfaces[i])
	}
}

func (i *InterfaceStats) add(o *InterfaceStats) {
	i.Kernel += o.Kernel
	i.Read += o.Read
	i.Dropped += o.Dropped
	i.Full += o.Full
	i.Left += o.Left
	i.Coalesced += o.Coalesced
	i.Echoes += o.Echoes
	i.Strange += o.Strange
	i.NoHardwareTime += o.NoHardwareTime
	i.Gone = max(i.Gone, o.Gone)
	i.Ring += o.Ring
	i.Fill = max(i.Fill, o.Fill)
	if i.Filter == "" {
		i.Filter = o.Filter
	}
}

// together is what the parts of a fan know of each other's packets. It serves times that are
// not those of the kernel.
type together struct {
	latest atomic.Int64 // the latest clock of a part
	live   atomic.Bool  // the last packet's time was near the wall clock
}

// passed notes the clock of a batch.
func (t *together) passed(b *Batch) {
	for {
		at := t.latest.Load()
		if b.Now <= at || t.latest.CompareAndSwap(at, b.Now) {
			return
		}
	}
}
