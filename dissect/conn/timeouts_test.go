package conn_test

import (
	"slices"
	"testing"
	"time"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/value"
)

// TestDelays looks how long after the last packet an event of an unfinished connection is
// raised.
func TestDelays(t *testing.T) {
	def := conn.DefaultOptions()
	for _, c := range []struct {
		script, event string
		change        func(*conn.Options, time.Duration)
		delays        []time.Duration // the first is the default
	}{
		{"> S 100", "attempt", func(o *conn.Options, d time.Duration) { o.TCPAttempt = d },
			[]time.Duration{def.TCPAttempt, 20 * time.Second}},
		{"> PA 101 501 x; < FA 501 102", "partial_close", func(o *conn.Options, d time.Duration) { o.TCPPartialClose = d },
			[]time.Duration{def.TCPPartialClose, 10 * time.Second}},
	} {
		for _, delay := range c.delays {
			b, r := newBench(t, func(o *conn.Options) { c.change(o, delay) })
			b.Script(c.script)
			has := func() bool { return slices.Contains(r.events, c.event) }
			if b.Advance(value.Time(delay - time.Second)); has() {
				t.Errorf("%s: %s before %s: %q", c.script, c.event, delay, r.events)
			}
			if b.Advance(value.Time(2 * time.Second)); !has() {
				t.Errorf("%s: no %s after %s: %q", c.script, c.event, delay, r.events)
			}
		}
	}
}
