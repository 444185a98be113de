package kafka

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// health is the state of the cluster as a whole, or of one topic.
type health struct {
	// of is "" for the cluster, or the beginning of messages about a topic.
	of string
	// lost means that records were given up and none was acknowledged since.
	lost atomic.Bool

	mu    sync.Mutex
	since time.Time // when trouble began, or zero
	told  bool      // the user was told of the trouble
}

// away reports whether there is trouble.
func (h *health) away() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.since.IsZero()
}

// trouble notes a failure that will be retried. The user is told if it has lasted for
// after.
func (h *health) trouble(p *Place, err error, after time.Duration) {
	h.mu.Lock()
	now := time.Now()
	if h.since.IsZero() {
		h.since = now
	}
	tell := !h.told && now.Sub(h.since) >= after
	h.told = h.told || tell
	h.mu.Unlock()
	if tell {
		until := "for up to " + p.config.Deadline.String()
		if p.spool != nil {
			until = "while records go to " + p.config.Spool
		}
		p.env.Notice(fmt.Sprintf("kafka: %s%v; trying again %s", h.of, say(err), until))
	}
}

// well notes that records were acknowledged or, for the cluster, that it has answered.
func (h *health) well(p *Place) {
	h.lost.Store(false)
	h.mu.Lock()
	since, told := h.since, h.told
	h.since, h.told = time.Time{}, false
	h.mu.Unlock()
	if told {
		what := "the cluster answers again"
		if h.of != "" {
			what = h.of + "records are taken again"
		}
		p.env.Notice(fmt.Sprintf("kafka: %s, after %s", what, elapsed(since)))
	}
}

// giveUp reports, once until well, that records were given up because of err. The
// attempts began at begun.
func (h *health) giveUp(p *Place, err error, begun time.Time) {
	if h.lost.Swap(true) {
		return
	}
	after := elapsed(begun)
	if i := p.interrupted.Load(); i != 0 {
		if grace := time.Since(time.Unix(0, i)); grace < time.Since(begun) {
			after += ", " + short(grace) + " of it after the interrupt"
		}
	}
	what := "records are lost until the broker takes them"
	if p.spool != nil {
		what = "records are left in " + p.config.Spool
	}
	p.env.Report(fmt.Errorf("kafka: %s%w; given up after %s: %s", h.of, say(err), after, what))
}

// elapsed is the time since t as text.
func elapsed(t time.Time) string { return short(time.Since(t)) }

// short is d as text, without digits that mean nothing.
func short(d time.Duration) string {
	if d < time.Second {
		return d.Round(time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
