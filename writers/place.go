package writers

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wirelog/wirelog/schemas"
)

// A Place takes records that do not become lines of a file: Parquet and Arrow files,
// which need typed values, and Kafka, which needs a key and an identity for each.
//
// The rows of a Place are made in the shards, in parallel, by the RowEncoder that
// it chooses, and reach it in the merge stage in the order of their keys: the same
// rows in the same order, whatever the number of shards. A Place that needs values
// chooses row.Encoder and replays the rows into a schemas.Sink; one that sends bytes
// chooses an encoder of its own, such as one that puts a key before the JSON.
//
// The merge stage calls a Place and its Streams from one goroutine at a time;
// what a Place starts beside that is its own affair and ends with Close.
type Place interface {
	// Type is what the place is called in the configuration: "parquet".
	Type() string
	// Start is called once, before all else: it checks what can be checked now
	// and finishes what a run that was killed has left behind, so that what was
	// promised then is there and nothing half-written can be seen. An error says
	// that the place cannot be used, and ends the run before it reads a packet;
	// what may pass by itself, such as a broker that is away, is no error.
	Start(env Env) error
	// Encoder returns a shard's encoder of the rows of a log. It belongs to one
	// goroutine; a row may be of any form but empty.
	Encoder(info StreamInfo) RowEncoder
	// Open begins a stream. It is called once for every log that the output takes,
	// before the first packet; nothing is to be seen of a stream without rows.
	Open(info StreamInfo) (Stream, error)
	// Close is called once, after all streams were closed. It waits for what
	// is under way, within the place's deadlines, and counts what it gives up.
	Close() error
}

// A Stream is one log, or the stream of events, at one Place.
type Stream interface {
	// Write takes rows in order. They and their bytes are valid only inside the
	// call. Write may block for as long as the place cannot take more: that
	// stops the reading of captures, which is what is wanted of it. It tells
	// errors by Env.Report. Every row is counted exactly once, by StreamInfo.Counts, as
	// written or as dropped, inside the call or later, at the latest when Close
	// of the stream and of the place have returned.
	Write(rows []Row)
	// Tick is called about once a second of wall clock, with rows or without,
	// for what ends by age.
	Tick(now time.Time)
	// Flush brings out what is buffered, if that does no harm, for readers that follow.
	Flush()
	// Close ends the stream. It is called once.
	Close() error
}

// A Row is a row as its encoder made it. An encoder of lines ends it with a newline.
type Row struct {
	// Key says where the row stands in the output. Within a log, and for one seed
	// and the same captures, it names the row: a run that is repeated, with
	// any number of shards, gives the same row the same key.
	Key  Key
	Data []byte
}

// Env is what all streams of a run share.
type Env struct {
	// Context is done when the run has been interrupted. A Write that blocks must
	// then end within the place's own deadline.
	Context context.Context
	// Now is the wall clock; a test or an option may hold it still.
	Now func() time.Time
	// Report takes errors, for the user to read, named in themselves. A place that
	// fails again and again reports once, and again after it has recovered. It
	// may be called from any goroutine.
	Report func(error)
	// Notice takes what the user should know and is no error, such as that an
	// earlier run's file was finished. It may be called from any goroutine.
	Notice func(string)
	// Sensor is the name of this sensor in records, headers and file names.
	Sensor string
	// Version is the program's.
	Version string
}

// StreamInfo says what a stream is.
type StreamInfo struct {
	// Output is the name of the output in summaries and messages.
	Output string
	// Log is the name of the log, or of a stream of lines such as "events".
	Log string
	// Schema has the columns as the output writes them: those that it keeps, by
	// the names that it gives them, its constants, and the optional columns that
	// are wanted. It is nil for a stream of lines, whose rows are JSON, each with
	// its newline, and for which Place.Encoder is not called.
	Schema *schemas.Schema
	// Groups is what an encoder's sink returns from its method of that name.
	Groups schemas.Groups
	// Counts counts the stream's rows.
	Counts *Counts
	Env
}

// Counts counts what has become of the rows of one stream at one output. Its
// methods may be called from any goroutine.
type Counts struct {
	written, bytes atomic.Uint64
	dropped        [MaxReasons]atomic.Uint64
	mu             sync.Mutex
	marks          []*Mark
}

// Wrote counts rows that are where they should be, for good: in a file, or
// acknowledged.
func (c *Counts) Wrote(rows uint64) { c.written.Add(rows) }

// Bytes counts bytes that were written or sent, of whatever kind.
func (c *Counts) Bytes(n uint64) { c.bytes.Add(n) }

// Dropped counts rows that were not written.
func (c *Counts) Dropped(why Reason, rows uint64) { c.dropped[why].Add(rows) }

// Unwrote takes rows back that Wrote counted and that turned out to be lost.
func (c *Counts) Unwrote(why Reason, rows uint64) {
	c.written.Add(-rows)
	c.dropped[why].Add(rows)
}

// A Mark counts something else that a summary should tell: "retries", "records
// cut", "command failures".
type Mark struct {
	Name string
	// Bad says that the run's exit status should tell it too.
	Bad   bool
	count atomic.Uint64
}

// Add counts n more.
func (m *Mark) Add(n uint64) { m.count.Add(n) }

// Mark returns the mark of that name, which it makes if there is none.
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

// Stats returns what was counted so far.
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

// MarkCount is what a Mark has counted.
type MarkCount struct {
	Name  string
	Count uint64
	Bad   bool
}

// MaxReasons is how many reasons there can be.
const MaxReasons = 32

var reasons = []struct {
	name string
	lost bool
}{
	DropSampled:  {"sampled", false},
	DropRepeat:   {"repeated", false},
	DropFiltered: {"filtered", false},
	DropOpen:     {"open_failed", true},
	DropWrite:    {"write_failed", true},
	DropRemoved:  {"file_removed", true},
}

// NewReason adds a reason why rows are dropped, by the name that summaries and
// metrics give it; lost says that it is a loss rather than a policy. A place calls
// it for a package variable: var DropTooLarge = writers.NewReason("too_large", true).
func NewReason(name string, lost bool) Reason {
	if len(reasons) == MaxReasons {
		panic("writers: too many reasons")
	}
	if slices.ContainsFunc(reasons, func(r struct {
		name string
		lost bool
	}) bool {
		return r.name == name
	}) {
		panic(fmt.Sprintf("writers: reason %s is declared twice", name))
	}
	reasons = append(reasons, struct {
		name string
		lost bool
	}{name, lost})
	return Reason(len(reasons) - 1)
}
