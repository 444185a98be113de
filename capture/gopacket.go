package capture

import (
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/google/gopacket"
)

// GopacketOptions describe a source of gopacket's.
type GopacketOptions struct {
	BatcherOptions
	// Link is the link type of all packets, a LINKTYPE_ value. It is wider than
	// layers.LinkType, which has no room for LINKTYPE_LINUX_SLL2 and others.
	Link uint16
	// Name stands for the source in messages about damage, such as the name of
	// an interface. Empty is "gopacket".
	Name string
	// Retry reports whether an error of the source, such as pcap's
	// NextErrorTimeoutExpired, only means that there was no packet for a while.
	// The packets read so far are then handed out, and reading goes on. Other
	// errors end the reading. A nil Retry returns false for all.
	Retry func(error) bool
	// Live says that the packets' times are the current time. The run's clock
	// then follows the wall clock after an error that Retry accepts, and a batch
	// spans about a quarter of a second at most.
	Live bool
}

// FromGopacket returns a source of the packets of src: a handle of gopacket's
// pcap, afpacket, pfring or pcapgo, or anything else with its method.
//
// The data that src returns is not copied: it must not be reused, as
// gopacket.PacketDataSource promises. The timestamp is truncated to microseconds.
// If a length on the wire is less than the number of bytes captured, it is taken
// to be that number. CaptureInfo's other fields are ignored.
//
// io.EOF ends the source. Another error ends it too, as damage that has the error
// as its cause, unless GopacketOptions.Retry accepts it. Closing the source does
// not close src, which remains the caller's. A call of src that blocks cannot be
// interrupted by a run's context: give src a timeout that Retry accepts.
func FromGopacket(src gopacket.PacketDataSource, o GopacketOptions) (Source, error) {
	return newGopacket(src.ReadPacketData, (*Batcher).Add, o)
}

// FromGopacketZeroCopy is FromGopacket for a source whose data is valid only
// until the next call. It is copied, into memory that batches recycle.
func FromGopacketZeroCopy(src gopacket.ZeroCopyPacketDataSource, o GopacketOptions) (Source, error) {
	return newGopacket(src.ZeroCopyReadPacketData, (*Batcher).Copy, o)
}

// maxSpan bounds the times of a live source's batch.
const maxSpan = int64(250 * time.Millisecond)

// gopackets is the source of FromGopacket and FromGopacketZeroCopy.
type gopackets struct {
	opt     GopacketOptions
	read    func() ([]byte, gopacket.CaptureInfo, error)
	add     func(*Batcher, *Packet) error
	batcher Batcher
	since   int64 // time of the first packet of the batch
	damage  []*DamageError
	done    error
}

func newGopacket(read func() ([]byte, gopacket.CaptureInfo, error), add func(*Batcher, *Packet) error, o GopacketOptions) (Source, error) {
	s := &gopackets{opt: o, read: read, add: add}
	if s.opt.Name == "" {
		s.opt.Name = "gopacket"
	}
	if err := s.batcher.init(o.BatcherOptions); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *gopackets) Next() (*Batch, error) {
	first := true
	for s.done == nil {
		data, info, err := s.read()
		switch {
		case err == nil:
			p := Packet{Data: data, Time: nanoseconds(info.Timestamp), OrigLen: wireLength(info.Length), Link: s.opt.Link}
			if s.done = s.add(&s.batcher, &p); s.done != nil {
				s.done = fmt.Errorf("%s: %w", s.opt.Name, s.done)
			}
			if first {
				first, s.since = false, p.Time
			}
			late := s.opt.Live && p.Time-s.since >= maxSpan
			if !late && !s.batcher.Full() {
				continue
			}
			if b := s.batcher.Take(); b != nil {
				return b, nil
			}
			if late && s.batcher.clock.pending == nil { // the filter rejected all
				return s.batcher.Pass(0), nil
			}
		case errors.Is(err, io.EOF):
			s.done = io.EOF
		case s.opt.Retry != nil && s.opt.Retry(err):
			var now int64
			if s.opt.Live {
				now = time.Now().UnixNano()
			}
			return s.batcher.Pass(now), nil
		default:
			n := s.batcher.stats.Packets + s.batcher.stats.Filtered
			s.damage = append(s.damage, &DamageError{File: s.opt.Name, Offset: -1,
				Reason: fmt.Sprintf("reading failed after %d packets", n), Count: 1, Err: err})
			s.done = io.EOF
		}
	}
	if b := s.batcher.End(); b != nil {
		return b, nil
	}
	return nil, s.done
}

// nanoseconds converts a timestamp. Those out of range stay out of range.
func nanoseconds(t time.Time) int64 {
	switch sec := t.Unix(); {
	case sec < 0:
		return -1000
	case sec > maxSec:
		return math.MaxInt64
	}
	return t.UnixNano()
}

func wireLength(n int) uint32 { return uint32(min(max(n, 0), math.MaxUint32)) }

func (s *gopackets) Stats() Stats           { return s.batcher.Stats() }
func (s *gopackets) Damage() []*DamageError { return s.damage }

func (s *gopackets) Close() error {
	s.batcher.drop()
	s.done = io.EOF
	return nil
}
