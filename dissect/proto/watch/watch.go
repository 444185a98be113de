// Package watch has the analyzers BackDoor, InterConn and SteppingStone, which early
// versions of Zeek had: they look at all TCP connections, on every port, for signs of
// interactive use and for connections that pass on what others bring. What each event
// means is that of their last releases (2.6.4, 2.6.4 and 4.0.9), as the code was meant:
// docs/differences.md says where it did something else.
package watch

import (
	"net/netip"
	"time"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// Options configure the watchers.
type Options struct {
	// StatPeriod and StatBackoff are the time of the first statistics of BackDoor and
	// InterConn after the beginning of a connection, and the factor from each time to the
	// next.
	StatPeriod  time.Duration `key:"backdoor.stat_period" doc:"time after which backdoor_stats and interconn_stats of a connection come first; 0s is only its end (backdoor_stat_period)"`
	StatBackoff int           `key:"backdoor.stat_backoff" unit:"times" min:"1" max:"100" doc:"factor by which that time grows from each to the next (backdoor_stat_backoff)"`

	// MinInterarrival and MaxInterarrival bound the times between keystrokes of a person.
	MinInterarrival time.Duration `key:"interconn.min_interarrival" doc:"least time between two keystrokes that interconn_stats counts as normal (interconn_min_interarrival)"`
	MaxInterarrival time.Duration `key:"interconn.max_interarrival" doc:"most time between them (interconn_max_interarrival)"`
	// Keystroke is the largest packet that may be a keystroke.
	Keystroke int `key:"interconn.max_keystroke_pkt_size" unit:"bytes" min:"1" doc:"largest packet that interconn_stats takes for a keystroke (interconn_max_keystroke_pkt_size)"`

	// Delta is how long after each other two sides may begin to send to be a pair. Idle is
	// the silence after which a side begins anew.
	Delta time.Duration `key:"steppingstone.delta" doc:"time within which two sides begin to send for stp_correlate_pair (stp_delta)"`
	Idle  time.Duration `key:"steppingstone.idle_min" doc:"silence after which a side begins anew for SteppingStone (stp_idle_min)"`
	// SkipSrc has the originators whose connections SteppingStone does not watch.
	SkipSrc []netip.Prefix `key:"steppingstone.skip_src" doc:"networks of originators that SteppingStone does not watch (stp_skip_src)"`
	// Sides, Recent and Pairs bound what a Correlator keeps, for the whole run.
	Sides  int `key:"limits.steppingstone_endpoints" unit:"count" min:"2" doc:"sides of connections that SteppingStone watches at once; more connections are not watched"`
	Recent int `key:"limits.steppingstone_recent" unit:"count" min:"1" doc:"sides that have begun to send within steppingstone.delta; more let the oldest go early"`
	Pairs  int `key:"limits.steppingstone_pairs" unit:"count" min:"0" doc:"pairs of stp_correlate_pair that are kept for stp_remove_pair; more are not"`

	// Notes takes the notes of SteppingStone for the Correlator, in their order; nil if
	// nobody wants its events. A note is valid inside the call.
	Notes func(note []byte)
}

// DefaultOptions returns the values of the last policy scripts.
func DefaultOptions() Options {
	return Options{
		StatPeriod: time.Minute, StatBackoff: 2,
		MinInterarrival: 10 * time.Millisecond, MaxInterarrival: 2 * time.Second, Keystroke: 20,
		Delta: 80 * time.Millisecond, Idle: 500 * time.Millisecond,
		Sides: 1_000_000, Recent: 256, Pairs: 1_000_000,
	}
}

// normalLine is the length of a normal line, as far as its end.
const normalLine = 80

// progress is how far the chunks of a side have come. A chunk is what reassembly delivers at
// once; it is always new.
type progress struct {
	bytes   uint64 // before the current chunk; gaps do not count
	begun   bool   // there was a chunk before the current one
	partial bool   // the side's beginning is missing
}

// chunk takes a chunk of a side and returns the position of its first byte: 1 for the side's
// first. It reports false if the chunk is empty.
func (s *progress) chunk(c *conn.Conn, isOrig bool, b []byte) (seq uint64, ok bool) {
	if len(b) == 0 {
		return 0, false
	}
	if !s.partial {
		side := c.Resp()
		if isOrig {
			side = c.Orig()
		}
		s.partial = side.State == event.StatePartial
	}
	seq = s.bytes + 1
	s.begun = s.bytes > 0
	s.bytes += uint64(len(b))
	return seq, true
}

// longestPeriod bounds the time between statistics, so that its multiples are times.
const longestPeriod = time.Duration(1 << 55)

// schedule is the time until the next statistics of a connection.
type schedule time.Duration

// begin sets the alarm of the first statistics, if somebody wants any.
func (s *schedule) begin(u conn.Use, o *Options, wanted bool) {
	*s = schedule(min(o.StatPeriod, longestPeriod))
	if *s > 0 && wanted {
		u.SetAlarm(u.Now() + value.Time(*s))
	}
}

// next sets the alarm of the next statistics.
func (s *schedule) next(u conn.Use, o *Options) {
	*s = schedule(min(time.Duration(*s)*time.Duration(o.StatBackoff), longestPeriod))
	u.SetAlarm(u.Now() + value.Time(*s))
}

// watcher returns a protocol whose analyzers look at all TCP connections.
func watcher(name string, analyzer func(conn.Use) conn.Analyzer, size int) *detect.Protocol {
	p := &detect.Protocol{Transport: value.ProtoTCP, Watcher: true}
	p.Protocol = conn.Protocol{Name: name, New: analyzer, Size: size}
	return p
}
