package writers

import (
	"cmp"
	"context"
	"io/fs"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/writers/internal/claims"
)

// A Place takes records that do not become lines of a file: Parquet and Arrow files need
// typed values, and Kafka needs a key and an identity for each record.
//
// The shards make the rows of a Place in parallel, with the RowEncoder that the Place
// chooses. The rows reach it in the merge stage in the order of their keys: the same
// rows in the same order, whatever the number of shards. A Place that needs values uses
// row.Encoder and replays the rows into a schemas.Sink; one that sends bytes uses its
// own encoder, for example one that puts a key before the JSON.
//
// The merge stage calls a Place and its Streams from one goroutine at a time. Any
// goroutine that a Place starts must end with Close.
type Place interface {
	// Type is the name of the place in the configuration, such as "parquet".
	Type() string
	// Start is called once, before any other method. It checks what can be checked, and
	// finishes what a killed run left behind, so that its promises hold and nothing
	// half-written is visible. An error means that the place cannot be used, and ends
	// the run before it reads a packet. What may pass by itself, such as an unreachable
	// broker, is not an error.
	Start(env Env) error
	// Encoder returns a shard's encoder for the rows of a log. It belongs to one
	// goroutine. A row may have any form but must not be empty.
	Encoder(info StreamInfo) RowEncoder
	// Open begins a stream. It is called once for every log that the output takes,
	// before the first packet. A stream without rows must leave nothing visible.
	Open(info StreamInfo) (Stream, error)
	// Close is called once, after all streams are closed. It waits for work in progress,
	// within the place's deadlines, and counts the rows that it gives up.
	Close() error
}

// Prepared is a Place that has something to check when it knows all its streams.
type Prepared interface {
	// Ready is called once, after the last Open and before the first packet. An error ends
	// the run as one of Start does.
	Ready() error
}

// A Gauged place tells how much it holds.
type Gauged interface {
	// Gauges returns amounts by name, such as "spool_bytes". It may be called from any
	// goroutine.
	Gauges() map[string]uint64
}

// A Reacher is a Place that connects to hosts during the run.
type Reacher interface {
	// Ports returns the TCP ports that it will connect to, as far as it knows them when it is
	// ready. all is false if it may have to connect to others.
	Ports() (ports []uint16, all bool)
}

// A Checker is a Place that can find out more than Start does, without writing a record:
// whether it will be able to write. Check is called after Start and Open for every log, in
// place of rows, and is followed by Close. Its error says what to do.
type Checker interface {
	Check(ctx context.Context) error
}

// A Stream is one log, or the stream of events, at one Place.
type Stream interface {
	// Write takes rows in order. They and their bytes are valid only during the call.
	// Write may block while the place cannot take more, which is meant to stop the
	// reading of captures. It reports errors with Env.Report. Every row is counted
	// exactly once with StreamInfo.Counts, as written or as dropped, at the latest when
	// Close of both the stream and the place have returned.
	Write(rows []Row)
	// Tick is called about once a second of wall-clock time, with or without rows, so
	// that files can end by age.
	Tick(now time.Time)
	// Flush writes what is buffered, if that does no harm, for readers that follow.
	Flush()
	// Close ends the stream. It is called once.
	Close() error
}

// A Row is a row as its encoder made it. A row of lines ends with a newline.
type Row struct {
	// Key is the row's position in the output. Within a log it identifies the row: with
	// the same seed and captures, every run gives the row the same key, with any number
	// of shards.
	Key  Key
	Data []byte
}

// Env is what all streams of a run have in common.
type Env struct {
	// Context is done when the run is interrupted. A blocked Write must then return
	// within the place's own deadline.
	Context context.Context
	// Hurry is done when the run has waited for Config.StopDeadline at its end: a place then
	// gives up what is not safe yet, says so and counts it.
	Hurry context.Context
	// Now is the wall clock. Tests and options may fix it.
	Now func() time.Time
	// Report takes errors for the user; each must name what it is about. A place that
	// keeps failing reports once, and again after it has recovered. Report may be called
	// from any goroutine.
	Report func(error)
	// Notice takes messages for the user that are not errors, such as that an earlier
	// run's file was finished. It may be called from any goroutine.
	Notice func(string)
	// Sensor is the name of this sensor in records, headers and file names.
	Sensor string
	// Version is the version of the program.
	Version string
	// RunID is that of the Output, and Claims the run's claims of folders. Both may be
	// empty.
	RunID  string
	Claims *claims.Set
	// FileMode is the permissions of new files, 0 meaning DefaultFileMode.
	FileMode fs.FileMode
	// Alarm tells of faults that last or return; it is that of the output.
	Alarm *Alarm
}

// Perm returns the permissions of new files.
func (e *Env) Perm() fs.FileMode { return cmp.Or(e.FileMode, DefaultFileMode) }

// DirPerm returns the permissions of new folders.
func (e *Env) DirPerm() fs.FileMode { return dirMode(e.Perm()) }

// StreamInfo describes a stream.
type StreamInfo struct {
	// Output is the name of the output in summaries and messages.
	Output string
	// Log is the name of the log, or of a stream of lines such as "events".
	Log string
	// Schema has the columns as the output writes them: the kept columns under their new
	// names, its constants, and the wanted optional columns. It is nil for a stream of
	// lines; the rows are then JSON, each with its newline, and Place.Encoder is not
	// called.
	Schema *schemas.Schema
	// Groups is what the Groups method of an encoder's sink must return.
	Groups schemas.Groups
	// Counts counts the stream's rows.
	Counts *Counts
	Env
}

// Counts counts what became of the rows of one stream at one output. Its methods may be
// called from any goroutine.
type Counts struct {
	written, bytes atomic.Uint64
	dropped        [MaxReasons]atomic.Uint64
	mu             sync.Mutex
	marks          []*Mark
}

// Wrote counts rows that are safe: in a file, or acknowledged.
func (c *Counts) Wrote(rows uint64) { c.written.Add(rows) }

// Bytes counts written or sent bytes.
func (c *Counts) Bytes(n uint64) { c.bytes.Add(n) }

// Dropped counts rows that were not written.
func (c *Counts) Dropped(why Reason, rows uint64) { c.dropped[why].Add(rows) }

// Unwrote takes back rows that Wrote counted and that are lost after all.
func (c *Counts) Unwrote(why Reason, rows uint64) {
	c.written.Add(-rows)
	c.dropped[why].Add(rows)
}

// A Mark counts something else for the summary, such as "retries" or "records cut".
type Mark struct {
	Name string
	// Bad marks make the exit status nonzero.
	Bad   bool
	count atomic.Uint64
}

// Add counts n more.
func (m *Mark) Add(n uint64) { m.count.Add(n) }

// Mark returns the mark with that name, creating it if necessary.
func (c *Counts) Mark(name string, bad bool) *Mark {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.marks {
		if m.Name == name {
			return m
		}
	}
	m := &Mark{Name: name, Bad: bad}
	c.marks = append(c.marks, m)
	return m
}

// Stats returns the counts so far.
func (c *Counts) Stats() StreamStats {
	var s StreamStats
	c.fill(&s)
	return s
}

// fill copies the counts into s.
func (c *Counts) fill(s *StreamStats) {
	s.Written, s.Bytes = c.written.Load(), c.bytes.Load()
	for i := range c.dropped {
		s.Dropped[i] = c.dropped[i].Load()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.marks {
		if n := m.count.Load(); n != 0 {
			s.Marks = append(s.Marks, MarkCount{m.Name, n, m.Bad})
		}
	}
}

// MarkCount is the count of a Mark.
type MarkCount struct {
	Name  string
	Count uint64
	Bad   bool
}

// MaxReasons is the largest number of reasons. NewReason lets those beyond it share one.
const MaxReasons = 32

type reason struct {
	name string
	lost bool
}

// reasons holds the registered reasons at their numbers.
var reasons = []reason{
	dropSampled:  {"sampled", false},
	dropRepeat:   {"repeated", false},
	dropFiltered: {"filtered", false},
	DropOpen:     {"open_failed", true},
	DropWrite:    {"write_failed", true},
	DropRemoved:  {"file_removed", true},
	dropOther:    {"other", false},
	dropLost:     {"other_loss", true},
}

// NewReason registers a reason for dropping rows under the name that summaries and
// metrics show. lost reports a loss rather than a policy. A place calls NewReason in a
// package variable: var tooLarge = writers.NewReason("too_large", true). Places that
// register the same reason share it. Reasons beyond MaxReasons, and those whose name
// is taken by one with the other lost, are shown as "other", or as "other_loss" if
// lost is set.
func NewReason(name string, lost bool) Reason {
	i := slices.IndexFunc(reasons, func(r reason) bool { return r.name == name })
	switch {
	case i >= 0 && reasons[i].lost == lost:
		return Reason(i)
	case i < 0 && len(reasons) < MaxReasons:
		reasons = append(reasons, reason{name, lost})
		return Reason(len(reasons) - 1)
	case lost:
		return dropLost
	default:
		return dropOther
	}
}
