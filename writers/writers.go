// Package writers is the last stage. It takes finished records from the shards, puts
// them into an order that does not depend on the number of shards, and writes them to
// files in any number of formats.
//
// Every shard has a Collector, which encodes records as they are emitted. At the end of
// a batch the collectors are flushed, and Merger.Merge merges their rows by key, decides
// the gates (schemas.Gate), and writes. Formats are in subpackages such as tsv and json;
// they know nothing of files.
package writers

import (
	"cmp"
	"context"
	"io/fs"
	"slices"
	"time"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// Format creates encoders.
type Format interface {
	// Name is the name of the format on the command line, such as "tsv".
	Name() string
	// Ext is the extension of its files, such as ".log".
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
	// AppendHeader appends the beginning of a file opened at t.
	AppendHeader(dst []byte, t time.Time) []byte
	// AppendFooter appends the end of a file closed at t.
	AppendFooter(dst []byte, t time.Time) []byte
}

// Clocked is an encoder whose rows contain the time at which they were emitted.
type Clocked interface {
	// SetClock gives the encoder a pointer to the run's clock.
	SetClock(now *value.Time)
}

// Class orders what happens at the same time.
type Class uint8

// Timers run before packets, and both before the end of the run.
const (
	ClassTimer Class = iota
	ClassPacket
	ClassEnd
)

// Key is the position of a record in the output.
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

// Output says where records go, and in which form: into the files of a folder, or to a
// Place.
type Output struct {
	// Name is the name in Stats; if empty, it is that of the format or place.
	Name string
	// Dir is created when the first record comes, or by New if Config.Run is set. Each log
	// is a file in it, with its name and the format's extension. An existing file is
	// overwritten; Config.Run says when.
	Dir string
	// Path is the file of the output's only log, instead of Dir; "-" is standard output.
	Path   string
	Format Format
	// Rotation says when files of Dir are finished.
	Rotation Rotation
	// RunID identifies the run at outputs that add files to those of other runs. A run
	// with the same captures and settings has the same one. It is a plain name.
	RunID string
	// Place, if not nil, takes the records instead.
	Place Place
	// Logs are the logs of Config.Logs that the output takes; nil means all.
	Logs []*schemas.Schema
	// Fields says which columns are written.
	Fields Fields
	// AllColumns writes the columns of all groups, unset unless Config.Groups has theirs.
	AllColumns bool
	// Where maps the name of a log to the filter of its records; see package filter.
	Where map[string]string
	// Continues is, for Merger.Prepare, the number of the output in force, from 1, whose
	// name, format or place, and settings this one has, with the exception of Logs, Fields
	// and Where; 0 if there is none.
	Continues int
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

// label names the output in messages: by its folder or file, if that is one.
func (o *Output) label() string {
	switch {
	case o.Place != nil:
		return "output " + o.name()
	case o.Path != "":
		return o.Path
	default:
		return o.Dir
	}
}

// Lines declares a stream of lines that are encoded elsewhere, such as events.
type Lines struct {
	// Name names the stream in Stats.
	Name string
	// Path is the file; "-" is standard output. New creates the file even if no line
	// comes. An empty Path means no file.
	Path string
	// Outputs lists outputs, by index in Config.Outputs, that take the lines too:
	// places, and folders, where they go to a file with the stream's name.
	Outputs []int
	// Joiner makes lines of notes (schemas.GateJoin); it may be nil.
	Joiner LineJoiner
	// Sampling configures GateSample for the stream; its zero value means Config.Sampling.
	Sampling value.Sampling
}

// A LineJoiner is a schemas.Joiner for a stream of lines.
type LineJoiner interface {
	// Join takes a note, which is valid inside the call, and passes lines, without a newline,
	// to emit, which copies them.
	Join(note []byte, emit func(line []byte))
	// Limited returns how often each limit of what the joiner keeps was hit, by its name.
	Limited() map[string]uint64
}

// Config says what a Merger writes and where.
type Config struct {
	Outputs []Output
	// Logs are the wanted logs; nil means all of this build. Logs from elsewhere need an
	// ID of their own.
	Logs []*schemas.Schema
	// Groups are the optional columns that are wanted.
	Groups schemas.Groups
	// Lines are the streams of lines. Collector.OpenLine takes their index.
	Lines []Lines
	// Joiners make the rows of logs out of notes (schemas.GateJoin), by log.
	Joiners map[string]func() schemas.Joiner
	// Sampling configures GateSample; its zero value means value.DefaultSampling.
	Sampling value.Sampling
	// Now is the wall clock for headers and footers; nil means time.Now.
	Now func() time.Time
	// Report is called with errors, which name the file or place. A file that keeps
	// failing is reported once, and again after it has recovered. Report is called by
	// one goroutine at a time, and must not call the Merger. If it is nil, errors are
	// ignored; Stats counts lost rows all the same.
	Report func(error)
	// Notice is called, in the same way as Report, with messages that are not errors;
	// nil ignores them.
	Notice func(string)
	// Context is done when the run is interrupted; nil means never.
	Context context.Context
	// Sensor and Version are passed to places in Env.
	Sensor, Version string
	// Run, if not nil, lets the outputs keep this run's files apart from those of other
	// runs. Without it, files of other runs are overwritten.
	Run *Run
	// Command runs the programs of finished files, until the context is done at the latest; nil
	// means Command.Run.
	Command func(hurry context.Context, c *Command) error
	// Confirm, if not nil, is called by New when the outputs are ready, before anything is
	// replaced. An error ends New, which returns it.
	Confirm func() error
	// Try only finds out whether the outputs can be written, without a row. Nothing is
	// replaced; folders that are made are removed again. See Merger.Check.
	Try bool
	// StopDeadline is how long Close waits for acknowledgements and finishing commands,
	// beside what outputs have for limits of their own; 0 is no limit.
	StopDeadline time.Duration
	// FileMode is the permissions of new files, 0 meaning DefaultFileMode. New folders
	// can be searched by those who can read the files.
	FileMode fs.FileMode
}

// DefaultFileMode is the permissions of new files: others have none.
const DefaultFileMode fs.FileMode = 0o640

// dirMode returns the permissions of folders for files with those permissions.
func dirMode(file fs.FileMode) fs.FileMode { return file | file&0o444>>2 }

// Run is what a run says about itself to other runs that write to the same folders. Plain
// names such as conn.log belong to one run at a time; names with times or an identity are
// added to those of other runs.
type Run struct {
	// Overwrite replaces the files of a finished run, as a set: all plain names, or the
	// files of the run with the same Output.RunID. Otherwise New refuses to begin.
	Overwrite bool
	// Reading says in a word or two what the run reads, for messages.
	Reading string
}

// A ConfigError is an error of New that belongs to one part of the Config.
type ConfigError struct {
	// Output is an index in Config.Outputs, or -1.
	Output int
	// Lines is an index in Config.Lines, or -1.
	Lines int
	// Name is the name of the output or of the stream of lines.
	Name string
	Err  error
}

// Error returns the message of Err.
func (e *ConfigError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *ConfigError) Unwrap() error { return e.Err }

// Stats counts the work of a Merger. After Close, Built is Written plus the sum of
// Dropped.
type Stats struct {
	// Streams has one entry per log and output, then one per stream of lines.
	Streams []StreamStats
	// Limits has the limits of joiners that were hit.
	Limits []JoinerLimit
	// OutOfOrder counts records that came after a record with a higher key had been
	// written. It is 0 unless the pipeline is wrong.
	OutOfOrder uint64
}

// JoinerLimit counts how often a limit of a schemas.Joiner was hit.
type JoinerLimit struct {
	Log, Name string
	Count     uint64
}

// StreamStats are the counts of one log, or stream of lines, at one output.
type StreamStats struct {
	Log    string // name of the log or stream of lines
	Output string // name of the output; empty for a file of lines
	Format string // name of the format or type of the place; empty for a file of lines
	Path   string // of the file
	// Built rows were emitted; Written rows are at the output.
	Built, Written uint64
	// Bytes counts written bytes, including headers and footers.
	Bytes uint64
	// Dropped counts rows by reason.
	Dropped [MaxReasons]uint64
	// Marks are the place's own counts that are not 0.
	Marks []MarkCount
}

// Lost returns the number of rows that were dropped, but not by policy.
func (s *StreamStats) Lost() uint64 {
	var n uint64
	for r, d := range s.Dropped {
		if d != 0 && Reason(r).Lost() {
			n += d
		}
	}
	return n
}

// Reason is why a row was dropped. NewReason adds more.
type Reason uint8

// Reasons that files and gates have.
const (
	dropSampled  Reason = iota // held back by GateSample
	dropRepeat                 // held back by GateRepeat or GateDaily
	dropFiltered               // rejected by the output's filter
	DropOpen                   // the file could not be created
	DropWrite                  // the file could not be written
	DropRemoved                // the file was removed after the row was written to it
	dropOther                  // what NewReason has no room for, and no loss
	dropLost                   // the same, and a loss
)

// String returns the name of the reason in summaries.
func (r Reason) String() string { return reasons[r].name }

// Lost reports whether the reason is a loss rather than a policy.
func (r Reason) Lost() bool { return reasons[r].lost }
