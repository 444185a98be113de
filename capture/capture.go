// Package capture reads packets and hands them out in batches. A [Source] is
// where they come from: [Open] reads capture files (pcap and pcapng, plain or
// compressed, from paths, directories and standard input), [FromPackets] takes
// packets of the caller's own, and [FromGopacket] those of any source that
// implements gopacket's interfaces. The package looks into packets only to filter
// them; it knows no protocol beyond that.
//
//	r, err := capture.Open(paths, capture.Options{Stdin: os.Stdin})
//	if err != nil { ... }            // nothing was read
//	defer r.Close()
//	for {
//		b, err := r.Next()
//		if err == io.EOF { break }
//		if err != nil { ... }        // the run cannot go on
//		...                          // on any goroutine
//		b.Release()
//	}
//	for _, d := range r.Damage() { ... } // every damaged file
//
// Damage to one file does not stop the run: the packets before it are delivered,
// the damage is kept for Damage, and the next file is read.
//
// A source of another kind is a type with the four methods of Source. It passes
// its packets to a [Batcher], which numbers and filters them, keeps the run's
// clock and recycles memory.
package capture

import (
	"io"
	"time"
)

// BatchPackets is the largest number of packets in a batch.
const BatchPackets = 512

// MaxPacket is the largest captured length accepted, in bytes, whatever a file
// header says: libpcap's MAXIMUM_SNAPLEN. In a file a longer one is damage; a
// Batcher cuts longer packets to it.
const MaxPacket = 262144

// DefaultJumpLimit is how far a single packet may set the run's clock forward.
const DefaultJumpLimit = 7 * 24 * time.Hour

// Packet is one captured packet.
type Packet struct {
	// Data is what was captured, from the link-layer header on. It is valid
	// until the batch is released and must not be modified. It may be empty.
	Data []byte
	// Time is the packet's timestamp in nanoseconds since the Unix epoch,
	// truncated to whole microseconds as libpcap does for Zeek. It is never
	// negative.
	Time int64
	// Now is the run's clock at this packet, in nanoseconds since the epoch: the
	// latest Time so far (Zeek's network_time), except for jumps forward that no
	// other packet confirms. It never goes back.
	Now int64
	// Num is the packet's number in the run, from 1. Packets that the filter
	// rejects have no number.
	Num uint64
	// OrigLen is the length on the wire in bytes, at least len(Data).
	OrigLen uint32
	// Link is the LINKTYPE_ value of tcpdump.org/linktypes.html.
	Link uint16
	// Unsummed says that the sending host has not computed the checksum of the outermost
	// transport header yet, and left it to its network card.
	Unsummed bool
}

// Origin is where a packet is.
type Origin struct {
	// File is the path of the capture, or "standard input".
	File string
	// Num is the number of the packet in the capture, from 1; those that the filter
	// rejects count.
	Num uint64
	// Interface is the number of its interface in its section of a pcapng capture, from
	// 0, or -1.
	Interface int64
}

// Tunnel is what a mirror has put around a packet.
type Tunnel struct {
	Name  string // empty if there was none
	ID    uint32
	HasID bool // whether the tunnel has an ID
}

// Mirror is what has been taken off a packet: the outermost tunnel, and of several also the
// innermost.
type Mirror struct{ Outer, Inner Tunnel }

// Unwrapper takes off what a mirror has put around packets, before anything else looks at
// them. It is used by one goroutine at a time.
type Unwrapper interface {
	// Unwrap may change Data, OrigLen and Link of p, and sets m. Now of p is the run's clock
	// before it.
	Unwrap(p *Packet, m *Mirror) Unwrapped
}

// Unwrapped says what Unwrap has done.
type Unwrapped uint8

// Results of Unwrap.
const (
	// UnwrapPlain: the packet is as it was.
	UnwrapPlain Unwrapped = iota
	// UnwrapDone: the packet is another one, whose data is part of what it was.
	UnwrapDone
	// UnwrapCopy: the packet is another one, whose data is valid only until the next call.
	UnwrapCopy
	// UnwrapHeld: the packet is a part of one that has not come in full, and not delivered.
	UnwrapHeld
	// UnwrapLost: the same, but it cannot be used.
	UnwrapLost
)

// Options configure the reading of files. The zero value reads every packet.
type Options struct {
	// Filter and JumpLimit are those of BatcherOptions.
	Filter    string
	JumpLimit time.Duration
	// Stdin is read for the path "-". If it is not a file, it is read on a goroutine of
	// its own, which Close leaves waiting in Stdin.Read if it waits there.
	Stdin io.Reader
	// Merge reads the files at the same time and delivers their packets in the order of
	// their times. Within a file the packets keep their order, but the sections and
	// interfaces of a pcapng file are merged if their packets are not in order of time.
	// How many files are open at a time is bounded, and so is the memory for them.
	Merge bool
	// Origins fills Batch.Origins.
	Origins bool
	// Unwrap and Mirrors are those of BatcherOptions.
	Unwrap  Unwrapper
	Mirrors bool
	// OnProgress, if set, is called from Next after about every megabyte of
	// input, with the bytes consumed so far, before decompression, and the size
	// of all files of the run. The size is 0 if it is not known, as for a pipe.
	OnProgress func(consumed, total int64)
	// OnFiles, if set, is called by Open with a few words for what is read and in which
	// order, such as "12 captures by first packet".
	OnFiles func(what string)
	// OnNotice, if set, is called with one line about something that is worth
	// knowing but no damage, such as a file in a directory that is no capture.
	OnNotice func(msg string)
}

// FileStats counts the packets of one file.
type FileStats struct {
	Path     string
	Packets  uint64 // delivered
	Bytes    uint64 // captured bytes of the delivered packets
	Filtered uint64 // rejected by the filter
	// Links counts the delivered packets by link type, in the order of their first ones.
	Links []LinkCount
}

// count counts n packets of a link type.
func (f *FileStats) count(link uint16, n uint64) {
	if n == 0 {
		return
	}
	for i := range f.Links {
		if f.Links[i].Link == link {
			f.Links[i].Packets += n
			return
		}
	}
	f.Links = append(f.Links, LinkCount{link, n})
}

// LinkCount counts packets of a link type, a LINKTYPE_ value.
type LinkCount struct {
	Link    uint16
	Packets uint64
}

// Stats counts the packets of a run so far.
type Stats struct {
	Packets  uint64 // accepted for delivery in batches
	Bytes    uint64 // captured bytes of the accepted packets
	Filtered uint64 // rejected by the filter

	Backwards    uint64        // packets earlier than the run's clock
	Late         time.Duration // by how much at most
	JumpsHeld    uint64        // packets whose jump forward was not believed
	Jumps        uint64        // jumps beyond the limit that were confirmed
	TimesClamped uint64        // timestamps out of range: microseconds over a second, before 1970, after 2262
	Empty        uint64        // packets without data; they do not move the run's clock
	Cut          uint64        // packets of which less was captured than was on the wire
	OverOriginal uint64        // records with more captured than the original length says
	CutToSnaplen uint64        // packets longer than the file's snapshot length or MaxPacket, cut to it as libpcap does

	Unwrapped uint64 // packets that Unwrapper has taken out of what a mirror put around them
	Held      uint64 // fragments of such packets: they are not delivered as they are
	HeldLost  uint64 // fragments that could not be used

	MoreFiles int // files before those of Files, which Follow has forgotten

	Files []FileStats // in reading order, finished or begun; empty if the source is not files
	// Interfaces are those of live capture, in the order in which they were named.
	Interfaces []InterfaceStats
}
