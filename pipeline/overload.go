package pipeline

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wirelog/wirelog/capture"
	"github.com/wirelog/wirelog/dissect"
)

// Overload says what work is left out when packets come faster than they can be analyzed, in
// the order of what it is worth. Connections and their rows in conn are never. It is for live
// capture alone: files wait.
type Overload struct {
	Files       bool          `key:"overload.files" doc:"leave out hashes of files and extraction while half a ring of live capture is taken"`
	StreamBytes uint64        `key:"overload.stream_bytes" unit:"bytes" min:"0" doc:"bytes of each direction of a TCP connection that are analyzed while three quarters of a ring are taken; a longer stream is not analyzed further; 0 leaves out none"`
	Recovery    time.Duration `key:"overload.recovery" doc:"time for which less than a quarter of the rings must be taken before all is analyzed again"`
}

// DefaultOverload returns the defaults.
func DefaultOverload() Overload {
	return Overload{Files: true, StreamBytes: 1 << 20, Recovery: 2 * time.Second}
}

// Shares of a ring from which on work is left out, by level from 1, and below which it is
// taken up again.
const (
	pressedFiles   = 0.5
	pressedStreams = 0.75
	relieved       = 0.25
)

// Levels of overload.
const (
	overloadNone = iota
	overloadFiles
	overloadStreams
)

// overload decides what is left out. Whoever reads a source tells it of each batch, and shards
// ask it; all may do so at the same time.
type overload struct {
	opt    Overload
	notice func(string)
	level  atomic.Int32
	times  atomic.Uint64 // how often it went up

	mu    sync.Mutex
	until [overloadStreams + 1]int64 // by level: clock up to which it lasts
	told  [overloadStreams + 1]bool
}

// see takes the pressure of a batch.
func (o *overload) see(b *capture.Batch) {
	if o.level.Load() == overloadNone && b.Pressure < pressedFiles {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	level := int(o.level.Load())
	if b.Pressure >= relieved {
		reached := level
		switch {
		case b.Pressure >= pressedStreams:
			reached = overloadStreams
		case b.Pressure >= pressedFiles:
			reached = max(level, overloadFiles)
		}
		for l := overloadFiles; l <= reached; l++ {
			o.until[l] = b.Now + int64(o.opt.Recovery)
		}
	}
	now := overloadNone
	for l := overloadFiles; l <= overloadStreams; l++ {
		if b.Now < o.until[l] {
			now = l
		}
	}
	if now > level {
		o.times.Add(1)
		for l := overloadFiles; l <= now; l++ {
			o.tell(l)
		}
	}
	o.level.Store(int32(now))
}

// tell says what is left out, once for each level.
func (o *overload) tell(level int) {
	if o.notice == nil || o.told[level] {
		return
	}
	o.told[level] = true
	switch {
	case level == overloadFiles && o.opt.Files:
		o.notice("packets come faster than they can be analyzed: half a ring is taken, so files are not hashed and not extracted until it recovers; metrics and summary count them. More --shards, a --filter or fewer --analyzers help")
	case level == overloadStreams && o.opt.StreamBytes > 0:
		o.notice(fmt.Sprintf("packets come faster than they can be analyzed: three quarters of a ring are taken, so streams are analyzed up to %d bytes only until it recovers (overload.stream_bytes); metrics and summary count them", o.opt.StreamBytes))
	}
}

// shedding returns what a shard leaves out.
func (o *overload) shedding() (s dissect.Shedding) {
	level := o.level.Load()
	s.Files = level >= overloadFiles && o.opt.Files
	if level >= overloadStreams {
		s.StreamBytes = o.opt.StreamBytes
	}
	return s
}
