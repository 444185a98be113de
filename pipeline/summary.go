package pipeline

import (
	"errors"
	"fmt"
	"time"

	"github.com/wirelog/wirelog/capture"
)

// Summary says what a run has done. Packets and records are conserved: see
// Check.
type Summary struct {
	// Capture is the capture that was read, where each has a run of its own. The caller
	// of Run sets it.
	Capture string `json:"capture,omitempty"`
	// Files is the number of capture files opened.
	Files int `json:"files"`
	// Packets and Bytes count what was read, with bytes as captured.
	Packets uint64 `json:"packets"`
	Bytes   uint64 `json:"bytes"`
	// Processed counts the packets that went through dissection; the others are in Dropped.
	Processed uint64 `json:"packets_processed"`
	// Mirrored counts the packets that were taken out of the tunnels of Options.Mirror.
	Mirrored uint64 `json:"mirrored,omitempty"`
	// Interfaces has what live capture took from each interface; what the kernel dropped
	// is in no other count.
	Interfaces []InterfaceStats `json:"interfaces,omitempty"`
	// Filter is the expression that packets had to match, if there was one.
	Filter string `json:"filter,omitempty"`
	// Connections counts the connections tracked, Events the events raised.
	Connections uint64 `json:"connections"`
	Events      uint64 `json:"events"`
	// Outputs says where rows went, in the order of the outputs.
	Outputs []Place `json:"outputs,omitempty"`
	// Hosts is the number of different addresses of the connections that have ended, at
	// most maxHosts a shard; MoreHosts is set if there were more. Services counts the
	// protocols that their analyzers have confirmed. All three are there only with
	// Options.Tally.
	Hosts     int         `json:"hosts,omitempty"`
	MoreHosts bool        `json:"more_hosts,omitempty"`
	Services  []NameCount `json:"services,omitempty"`
	// Logs has one entry for each log that has records, and for each output if
	// there are several, in order of name.
	Logs []LogCount `json:"logs"`
	// Dropped says what was left out, by place and reason, in that order.
	Dropped []Drop `json:"dropped"`
	// Marks are what outputs count besides records, such as retries.
	Marks []Mark `json:"marks"`
	// Panics counts panics that were contained at a connection, by analyzer.
	Panics []Panic `json:"panics"`
	// Damage has a line for each damage found in an input, with file and offset.
	Damage []string `json:"damage"`
	// Records counts packets whose records are odd. They are processed, if not Empty.
	Records RecordCounts `json:"records"`
	// Checksums counts the packets with wrong checksums, those in tunnels too.
	Checksums Checksums `json:"checksums"`
	// Clock counts the packets with odd times.
	Clock ClockCounts `json:"clock"`
	// Shards is the number of shards that ran.
	Shards int `json:"shards"`
	// FirstPacket and LastPacket are packet times, zero if there was none.
	FirstPacket time.Time `json:"first_packet,omitzero"`
	LastPacket  time.Time `json:"last_packet,omitzero"`
	// Elapsed is the wall-clock time of the run.
	Elapsed time.Duration `json:"-"`
}

// InterfaceStats counts what live capture took from an interface.
type InterfaceStats = capture.InterfaceStats

// Places where live capture filters packets, values of InterfaceStats.Filter.
const (
	FilterKernel  = capture.FilterKernel
	FilterProgram = capture.FilterProgram
)

// Place is where the rows of an output are.
type Place struct {
	Name string `json:"name"` // of the output
	// Where is a folder, a file, - for standard output, or a list of brokers.
	Where string `json:"where"`
}

// NameCount counts what has a name.
type NameCount struct {
	Name  string `json:"name"`
	Count uint64 `json:"count"`
}

// ClockCounts counts odd packet times. The run's clock, which drives timers,
// never goes back, and jumps far ahead only when other packets agree.
type ClockCounts struct {
	Backwards uint64 `json:"backwards"`  // packets earlier than the clock
	JumpsHeld uint64 `json:"jumps_held"` // packets far ahead that no other confirmed
	Jumps     uint64 `json:"jumps"`      // jumps ahead that others confirmed
	Clamped   uint64 `json:"clamped"`    // times out of range
}

// RecordCounts counts odd records.
type RecordCounts struct {
	Empty        uint64 `json:"empty"`          // without data
	Cut          uint64 `json:"cut"`            // with less than was on the wire
	OverOriginal uint64 `json:"over_original"`  // with more than their original length says
	CutToSnaplen uint64 `json:"cut_to_snaplen"` // longer than the file's snapshot length, and cut to it
}

// Checksums counts packets whose checksums are not right.
type Checksums struct {
	// LeftOut packets of Hosts hosts did not get to the analyzers. The checksums of
	// Partial of them are what a host leaves that has its network card compute them.
	LeftOut uint64 `json:"left_out"`
	Hosts   int    `json:"hosts"`
	Partial uint64 `json:"partial"`
	// Taken packets were processed although their checksum is partial, because of
	// packet.ChecksumsAuto.
	Taken uint64 `json:"taken"`
	// Offloading are the addresses of the hosts that sent the packets of Partial and
	// Taken, at most 100, those with most of these packets first.
	Offloading []string `json:"offloading"`
	// More reports that there were more hosts than are counted.
	More bool `json:"more,omitempty"`

	offloading int // hosts, those not in Offloading too
}

// Mark counts something that happened at an output.
type Mark struct {
	Where string `json:"where"`
	Name  string `json:"name"`
	Count uint64 `json:"count"`
	// Bad is set if it should not happen.
	Bad bool `json:"bad"`
}

// LogCount counts the records of one log, at one output.
type LogCount struct {
	Log string `json:"log"`
	// Output is empty when there is only one.
	Output  string `json:"output,omitempty"`
	Built   uint64 `json:"built"`
	Written uint64 `json:"rows"`
}

// Unit is what a Drop counts.
type Unit string

// What can be dropped.
const (
	UnitPacket Unit = "packet"
	UnitRecord Unit = "record"
	UnitByte   Unit = "byte"  // of a stream or of fragments
	UnitState  Unit = "state" // connections and other state ended early
)

// Drop counts what was left out at one place for one reason.
type Drop struct {
	Unit   Unit   `json:"unit"`
	Where  string `json:"where"`
	Reason string `json:"reason"`
	Count  uint64 `json:"count"`
	// Lost is false for what was left out on request or because there was
	// nothing to log, such as packets that the filter excludes.
	Lost bool `json:"lost"`
}

// Panic counts the contained panics of one analyzer.
type Panic struct {
	Analyzer string `json:"analyzer"`
	Count    uint64 `json:"count"`
}

// Check verifies both conservation sums: packets read are packets processed and
// dropped, records built are records written and dropped.
func (s *Summary) Check() error {
	dropped := map[Unit]uint64{}
	for _, d := range s.Dropped {
		dropped[d.Unit] += d.Count
	}
	var built, written uint64
	for _, l := range s.Logs {
		built += l.Built
		written += l.Written
	}
	var errs []error
	if got := s.Processed + dropped[UnitPacket]; got != s.Packets {
		errs = append(errs, fmt.Errorf("packets do not add up: %d read, %d processed and %d dropped", s.Packets, s.Processed, dropped[UnitPacket]))
	}
	if got := written + dropped[UnitRecord]; got != built {
		errs = append(errs, fmt.Errorf("records do not add up: %d built, %d written and %d dropped", built, written, dropped[UnitRecord]))
	}
	return errors.Join(errs...)
}

// Lost reports whether anything was lost or damaged.
func (s *Summary) Lost() bool {
	if len(s.Damage) != 0 || len(s.Panics) != 0 {
		return true
	}
	for _, i := range s.Interfaces {
		if i.Dropped+i.Left != 0 {
			return true
		}
	}
	for _, m := range s.Marks {
		if m.Bad {
			return true
		}
	}
	for _, d := range s.Dropped {
		if d.Lost && d.Count != 0 {
			return true
		}
	}
	return false
}

// An OptionError says that the value of an option cannot be used. When Run
// returns one, nothing has been read or written.
type OptionError struct {
	Option string // the field of Options
	Err    error
}

func (e *OptionError) Error() string { return e.Option + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *OptionError) Unwrap() error { return e.Err }
