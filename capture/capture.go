// Package capture reads packets from capture files: pcap and pcapng, plain or
// compressed, from paths, directories and standard input. It knows files and
// nothing of protocols.
//
// A Reader hands out Batches of exactly BatchPackets packets (the last one of a
// run may be shorter), cut at the same packet numbers whatever the files are
// split into. Packets are slices into blocks of about a megabyte that batches
// share and recycle; a batch and everything in it is valid until its Release.
//
//	r, err := capture.Open(paths, capture.Options{Stdin: os.Stdin})
//	if err != nil { ... }            // nothing was read
//	defer r.Close()
//	for {
//		b, err := r.Next()
//		if err == io.EOF { break }
//		if err != nil { ... }        // the run cannot go on
//		...                          // any goroutine
//		b.Release()
//	}
//	err = r.Err()                    // every damaged file, joined; exit status 1
//
// Damage to one file never stops the run: what stood before the damage is
// delivered, the damage is kept for Err, and the next file is read.
package capture

import (
	"io"
	"time"
)

// BatchPackets is the number of packets in every batch but the last of a run.
// Packet n (from 1) is in batch (n-1)/BatchPackets, which output order relies on.
const BatchPackets = 512

// MaxPacket is the longest captured packet believed, in bytes, whatever a file
// header says: libpcap's MAXIMUM_SNAPLEN. A longer one is damage.
const MaxPacket = 262144

// DefaultJumpLimit is how far the run's clock may jump forward on the word of
// a single packet.
const DefaultJumpLimit = 7 * 24 * time.Hour

// Packet is one captured packet.
type Packet struct {
	// Data is what was captured, from the link-layer header on. It is valid
	// until the batch is released, and must not be written to. It may be empty.
	Data []byte
	// Time is the packet's timestamp in nanoseconds since the Unix epoch,
	// truncated to whole microseconds as libpcap does for Zeek. Never negative.
	Time int64
	// Now is the run's clock at this packet, in nanoseconds since the epoch:
	// the latest Time so far (Zeek's network_time), except for jumps forward
	// that no other packet confirms. It never goes back.
	Now int64
	// Num is the packet's number in the run, from 1. Packets that the filter
	// rejects have no number.
	Num uint64
	// OrigLen is the length on the wire in bytes, at least len(Data).
	OrigLen uint32
	// Link is the LINKTYPE_ value of tcpdump.org/linktypes.html.
	Link uint16
}

// Options are the choices of a run. The zero value reads everything.
type Options struct {
	// Filter is a pcap-filter(7) expression; only packets that match are
	// delivered and numbered. Empty means all.
	Filter string
	// Stdin is what the path "-" stands for.
	Stdin io.Reader
	// JumpLimit is how far the clock may jump forward without a second packet
	// that confirms it. Zero means DefaultJumpLimit, negative no limit.
	JumpLimit time.Duration
	// OnProgress, when set, is called from Next after about every megabyte of
	// input, with the bytes of the files consumed (compressed ones, if they are)
	// and the size of all files of the run; the size is 0 while it is not known,
	// as for a pipe.
	OnProgress func(consumed, total int64)
	// OnNotice, when set, is called with one line about something a user should
	// know that is no damage: a file in a directory that is no capture.
	OnNotice func(msg string)
}

// FileStats is what was read from one file.
type FileStats struct {
	Path     string
	Packets  uint64 // delivered
	Bytes    uint64 // captured bytes of them
	Filtered uint64 // rejected by the filter
}

// Stats are the sums of a run so far.
type Stats struct {
	Packets  uint64 // delivered in batches
	Bytes    uint64 // captured bytes of them
	Filtered uint64 // read, but rejected by the filter

	Backwards    uint64 // packets earlier than the run's clock
	JumpsHeld    uint64 // packets whose jump forward was not believed
	Jumps        uint64 // jumps beyond the limit that were confirmed
	TimesClamped uint64 // timestamps out of range: microseconds over a second, before 1970, after 2262
	CutToSnaplen uint64 // packets longer than the file's snapshot length, cut to it as libpcap does

	Files []FileStats // in reading order, those finished or begun
}
