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
	"context"
	"slices"
	"time"

	"github.com/wirelog/wirelog/value"

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

// RowEncoder encodes the records of one log. It belongs to one goroutine.
type RowEncoder interface {
	// Append appends rec as one row.
	Append(dst []byte, rec schemas.Record) []byte
}

// Encoder encodes records as lines of a file: its rows end with a newline.
type Encoder interface {
	RowEncoder
	// AppendHeader appends what stands at the top of a file opened at t.
	AppendHeader(dst []byte, t time.Time) []byte
	// AppendFooter appends what stands at the end of a file closed at t.
	AppendFooter(dst []byte, t time.Time) []byte
}

// Clocked is an encoder whose rows tell when they were emitted.
type Clocked interface {
	// SetClock gives the encoder the place where it finds the run's clock.
	SetClock(now *value.Time)
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

// Output is where records go, and in which form: into files of a folder, or to
// a Place.
type Output struct {
	// Name names the output in Stats; the format or place stands for an empty one.
	Name string
	// Dir is created when the first record comes. A log becomes the file with
	// its name and the format's extension in it; one that exists is overwritten.
	Dir string
	// Path is the file of the only log that the output takes, instead of Dir;
	// "-" is standard output.
	Path   string
	Format Format
	// Rotation says when files of Dir are finished.
	Rotation Rotation
	// Place takes the records instead, if set.
	Place Place
	// Logs are those that the output takes, of Config.Logs; nil stands for all.
	Logs []*schemas.Schema
	// Fields says which columns are written.
	Fields Fields
	// Where has, by the name of a log, the expression that its records must
	// fulfil; see package filter.
	Where map[string]string
}

// takes reports whether the output takes the log.
func (o *Output) takes(s *schemas.Schema) bool { return o.Logs == nil || slices.Contains(o.Logs, s) }

// name is the output's name.
func (o *Output) name() string {
	switch {
	case o.Name != "":
		return o.Name
	case o.Place != nil:
		return o.Place.Type()
	default:
		return o.Format.Name()
	}
}

// Lines declares a stream of lines that are encoded elsewhere, such as events.
type Lines struct {
	// Name names the stream in Stats.
	Name string
	// Path is the file; "-" is standard output. The file is made by New even if
	// no line comes. There is none when Path is empty.
	Path string
	// Outputs are the indices in Config.Outputs of the outputs that take the lines
	// too: places, and folders, where they go to a file with the stream's name.
	Outputs []int
}

// Config says what a Merger writes and where.
type Config struct {
	Outputs []Output
	// Logs are the logs that are wanted; nil stands for all of this build. Others may
	// be given too, each with an ID of its own.
	Logs []*schemas.Schema
	// Groups are the optional columns that are wanted.
	Groups schemas.Groups
	// Lines are the streams of lines; Collector.OpenLine takes their index.
	Lines []Lines
	// Sampling sets GateSample; its zero value stands for value.DefaultSampling.
	Sampling value.Sampling
	// Now is the wall clock for headers and footers; nil stands for time.Now.
	Now func() time.Time
	// Report is called with errors of files, named in the error. A file that
	// fails again and again is reported once, and again after it has recovered.
	// It is called by one goroutine at a time, and must not call the Merger.
	// nil ignores the errors, whose rows Stats counts all the same.
	Report func(error)
	// Notice is called, as Report is, with what is no error; nil ignores it.
	Notice func(string)
	// Context is done when the run is interrupted; nil never is.
	Context context.Context
	// Sensor and Version are passed to places in Env.
	Sensor, Version string
}

// Stats is what a Merger has done. Built = Written + the sum of Dropped, after Close.
type Stats struct {
	// Streams has one entry a log and format, then one a stream of lines.
	Streams []StreamStats
	// OutOfOrder counts records that came after a record with a higher key in
	// a batch that had been written. It is 0 unless the pipeline is wrong.
	OutOfOrder uint64
}

// StreamStats are the counts of one log, or stream of lines, at one output.
type StreamStats struct {
	Log    string // name of the log or stream of lines
	Output string // name of the output; empty for a file of lines
	Format string // name of the format or type of the place; empty for a file of lines
	Path   string // of the file
	// Built rows were emitted; Written rows are in the file.
	Built, Written uint64
	// Bytes were written, headers and footers included.
	Bytes uint64
	// Dropped rows, by reason.
	Dropped [MaxReasons]uint64
	// Marks are the place's own counts, those that are not 0.
	Marks []MarkCount
}

// Lost is the sum of the rows that were dropped and not by policy.
func (s *StreamStats) Lost() uint64 {
	var n uint64
	for r, d := range s.Dropped {
		if d != 0 && Reason(r).Lost() {
			n += d
		}
	}
	return n
}

// Reason is why a row was dropped. NewReason adds to those here.
type Reason uint8

// The reasons.
const (
	DropSampled  Reason = iota // held back by GateSample
	DropRepeat                 // held back by GateRepeat or GateDaily
	DropFiltered               // not what the output's filter asks for
	DropOpen                   // the file could not be made
	DropWrite                  // the file could not be written
	DropRemoved                // the file was removed after the row was written to it
)

// String returns the reason as it is printed in summaries.
func (r Reason) String() string { return reasons[r].name }

// Lost reports whether the reason is a loss rather than a policy.
func (r Reason) Lost() bool { return reasons[r].lost }
