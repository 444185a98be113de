// Package writers is the last stage: it takes finished records from the shards,
// puts them in one order that does not depend on the number of shards, and
// writes them to files in any number of formats.
//
// Every shard has a Collector, which encodes records as they are emitted. At the
// end of a batch the shards' collectors are flushed, and Merger.Merge merges
// what they hold by order key, decides the gates (schemas.Gate), and writes.
// Formats are subpackages (tsv, json); they know no files.
package writers

import (
	"cmp"
	"time"

	"github.com/wirelog/wirelog/schemas"
)

// Format makes encoders.
type Format interface {
	// Name is what the format is called on the command line: "tsv".
	Name() string
	// Ext is the end of its files' names: ".log".
	Ext() string
	// Encoder returns an encoder for records of s with the optional columns of g.
	Encoder(s *schemas.Schema, g schemas.Groups) Encoder
}

// Encoder encodes the records of one log, one line a record. It belongs to one
// goroutine.
type Encoder interface {
	// Append appends rec as one line, its newline included.
	Append(dst []byte, rec schemas.Record) []byte
	// AppendHeader appends what stands at the top of a file opened at t.
	AppendHeader(dst []byte, t time.Time) []byte
	// AppendFooter appends what stands at the end of a file closed at t.
	AppendFooter(dst []byte, t time.Time) []byte
}

// Class orders what happens at the same time.
type Class uint8

// Timers run before packets; what ends a run comes after both.
const (
	ClassTimer Class = iota
	ClassPacket
	ClassEnd
)

// Key is the place of a record in the output.
type Key struct {
	// Time is the run's clock in nanoseconds since the Unix epoch.
	Time int64
	// Num is the number of the packet that caused the record; for a timer, of the
	// first packet of its connection.
	Num uint64
	// Seq counts the records of one cause.
	Seq   uint32
	Class Class
}

// Compare orders keys by time, class, number and sequence.
func (k *Key) Compare(o *Key) int {
	if k.Time != o.Time {
		return cmp.Compare(k.Time, o.Time)
	}
	if k.Class != o.Class {
		return cmp.Compare(k.Class, o.Class)
	}
	if k.Num != o.Num {
		return cmp.Compare(k.Num, o.Num)
	}
	return cmp.Compare(k.Seq, o.Seq)
}

// Output is a place and the format of what is written there.
type Output struct {
	// Dir is created when the first record comes. A log becomes the file with
	// its name and the format's extension in it; one that exists is overwritten.
	Dir    string
	Format Format
}

// Lines declares a stream of lines that are encoded elsewhere, such as events.
type Lines struct {
	// Name names the stream in Stats.
	Name string
	// Path is the file; "-" is standard output. The file is made by New even if
	// no line comes.
	Path string
}

// Config says what a Merger writes and where.
type Config struct {
	Outputs []Output
	// Logs are the logs that are wanted; nil stands for all.
	Logs []*schemas.Schema
	// Groups are the optional columns that are wanted.
	Groups schemas.Groups
	// Lines are the streams of lines; Collector.OpenLine takes their index.
	Lines []Lines
	// Sampling sets GateSample; its zero value stands for DefaultSampling.
	Sampling Sampling
	// Now is the wall clock for headers and footers; nil stands for time.Now.
	Now func() time.Time
	// Report is called with errors of files, named in the error. A file that
	// fails again and again is reported once, and again after it has recovered.
	// It is called by whoever calls Merge, Flush or Close, and must not call
	// the Merger. nil ignores the errors, whose rows Stats counts all the same.
	Report func(error)
}

// Sampling is how GateSample thins out a key's records.
type Sampling struct {
	// Threshold records pass, then one of every Rate, none when Rate is 0,
	// until Duration after the first of them.
	Threshold, Rate uint64
	Duration        time.Duration
}

// DefaultSampling returns Zeek's defaults for weirds.
func DefaultSampling() Sampling {
	return Sampling{Threshold: 25, Rate: 1000, Duration: 10 * time.Minute}
}

// Stats is what a Merger has done. Built = Written + the sum of Dropped, after Close.
type Stats struct {
	// Streams has one entry a log and format, then one a stream of lines.
	Streams []StreamStats
	// OutOfOrder counts records that came after a record with a higher key in
	// a batch that had been written. It is 0 unless the pipeline is wrong.
	OutOfOrder uint64
}

// StreamStats are the counts of one file.
type StreamStats struct {
	Log    string // name of the log or stream of lines
	Format string // name of the format; empty for a stream of lines
	Path   string // of the file
	// Built rows were emitted; Written rows are in the file.
	Built, Written uint64
	// Bytes were written, headers and footers included.
	Bytes uint64
	// Dropped rows, by reason.
	Dropped [NumReasons]uint64
}

// Reason is why a row was dropped.
type Reason uint8

// The reasons.
const (
	DropSampled Reason = iota // held back by GateSample
	DropRepeat                // held back by GateRepeat or GateDaily
	DropOpen                  // the file could not be made
	DropWrite                 // the file could not be written
	DropRemoved               // the file was removed after the row was written to it
	NumReasons
)

var reasonNames = [NumReasons]string{"sampled", "repeated", "open_failed", "write_failed", "file_removed"}

// String returns the reason as it is printed in summaries.
func (r Reason) String() string { return reasonNames[r] }

// Lost reports whether the reason is a loss rather than a policy.
func (r Reason) Lost() bool { return r >= DropOpen }
