package capture

import "time"

// ListenOptions configure live capture. The fields with keys are options of the program;
// start from DefaultListenOptions.
type ListenOptions struct {
	BatcherOptions
	Ring           int           `key:"listen.ring" flag:"ring" unit:"bytes" min:"131072" doc:"memory for packets that wait to be read, for each interface, whose rings share it, or port of listen.udp"`
	Block          int           `key:"listen.block" unit:"bytes" min:"65536" doc:"part of a ring that the kernel hands over at a time; longer packets are cut"`
	BlockTimeout   time.Duration `key:"listen.block_timeout" doc:"time after which the kernel hands over a block that is not full; whole milliseconds"`
	Snaplen        int           `key:"listen.snaplen" flag:"snaplen" unit:"bytes" min:"64" max:"262144" doc:"bytes to take of each packet"`
	Hold           time.Duration `key:"listen.hold" doc:"how long packets wait for older ones of other interfaces, and how far the clock of an idle link is behind"`
	HardwareTime   bool          `key:"listen.hardware_time" flag:"hardware-time" doc:"take the time stamps of the network card, where it has them"`
	NotPromiscuous bool          `key:"listen.not_promiscuous" flag:"not-promiscuous" doc:"take only what is sent to this host, not all that the interface sees"`
	FanOut         string        `key:"listen.fanout" flag:"fanout" oneof:"pair,hash,none" doc:"how the kernel shares packets out to shards: pair (by the two outermost addresses, as for captures), hash (by its own hash, which splits what spans connections) or none (one ring, and whoever reads it chooses)"`
	Wait           bool          `key:"listen.wait" flag:"wait" doc:"wait for interfaces that are not there yet"`

	// Shards is the number of parts, if FanOut is not FanOutNone; 0 is 1, which makes no Fan.
	Shards int
	// Origins fills Batch.Origins, with the interface as the file.
	Origins bool
	// OnNotice, if set, is called with a line about something that is worth knowing: an
	// interface that is gone or back, or offloads that change what packets look like.
	OnNotice func(msg string)
}

// DefaultListenOptions returns the defaults.
func DefaultListenOptions() ListenOptions {
	return ListenOptions{Ring: 64 << 20, Block: 1 << 20, BlockTimeout: 20 * time.Millisecond, Snaplen: MaxPacket, Hold: 100 * time.Millisecond, FanOut: fanOutPair}
}

// anyInterface is the name that stands for all interfaces in Listen.
const anyInterface = "any"

// InterfaceStats counts what live capture took from an interface.
type InterfaceStats struct {
	Name string `json:"name"`
	// Kernel is how many packets the kernel had for the ring, after a filter that it runs:
	// Read, Dropped and Left together.
	Kernel uint64 `json:"kernel"`
	// Read is how many were read from the ring, with those of the fields below.
	Read uint64 `json:"read"`
	// Dropped is how many the kernel dropped because the ring was full, which it was Full
	// times.
	Dropped uint64 `json:"dropped"`
	Full    uint64 `json:"full"`
	// Left is how many were in the ring at the end and not read.
	Left uint64 `json:"left"`
	// Coalesced packets were made of several, by the sender's segmentation offload or the
	// receiver's GRO or LRO. They are taken as they are.
	Coalesced uint64 `json:"coalesced"`
	// Echoes are packets of the loopback interface that were there before, on their way
	// out. They are left out.
	Echoes uint64 `json:"echoes"`
	// Strange packets have a link layer that is not known and carry no IP or, where datagrams
	// of mirrors are received, no tunnel. They are left out.
	Strange uint64 `json:"strange"`
	// NoHardwareTime packets have the kernel's time stamp although the card's was asked for.
	NoHardwareTime uint64 `json:"no_hardware_time"`
	// Gone counts how often the interface went down or away.
	Gone uint64 `json:"gone"`
	// Ring is the size of the ring in bytes. Fill is the largest share of it that was taken,
	// from 0 to 1, since the call of Stats before.
	Ring uint64  `json:"ring"`
	Fill float32 `json:"-"`
	// Filter is where packets are filtered: FilterKernel, FilterProgram, or "" without a filter.
	Filter string `json:"filter"`
}

// Places where live capture filters packets.
const (
	FilterKernel  = "kernel"  // what does not match is never seen
	FilterProgram = "program" // here, as for files, because the kernel cannot run the filter
)

// A Stopper is a source that can stop to take packets. Stop is called by the goroutine
// that calls Next, which then returns what has been taken and io.EOF.
type Stopper interface{ Stop() }
