package capture

import (
	"math"
	"time"
)

// clock is the run's clock. It follows the packets' times and never goes back,
// like Zeek's network_time. A packet that would set it forward by more than limit
// is held until the time of another packet lies within limit of the new time:
// otherwise a single damaged timestamp would expire every connection.
//
// The packet after a jump usually decides, and then the jumping packet itself
// gets the new time. A jump that the next packet does not confirm is refused; it
// remains the candidate that a later packet may still confirm.
type clock struct {
	now     int64
	limit   int64
	started bool
	pending *Packet // the last packet, if its jump is undecided
	cand    int64   // time of the last refused jump, or noTime
}

const noTime = math.MinInt64

// earliest is the earliest time that the clock starts at: one second after the
// epoch, as in Zeek.
const earliest = 1e9

func newClock(limit int64) clock {
	if limit < 0 {
		limit = math.MaxInt64
	}
	return clock{limit: limit, cand: noTime}
}

// set advances the clock to p and stamps p with it.
func (c *clock) set(p *Packet, st *Stats) {
	t := p.Time
	if c.started && c.pending == nil && t >= c.now && t-c.now <= c.limit {
		c.now = t
		p.Now = t
		return
	}
	c.setSlow(p, st)
}

func (c *clock) setSlow(p *Packet, st *Stats) {
	t := p.Time
	if !c.started {
		c.started = true
		c.now = max(t, earliest)
		p.Now = c.now
		return
	}
	if q := c.pending; q != nil {
		c.pending = nil
		if c.confirms(t, q.Time) {
			c.now, q.Now = q.Time, q.Time
			c.cand = noTime
			st.Jumps++
		} else {
			c.cand = q.Time
			st.JumpsHeld++
		}
	}
	switch {
	case t < c.now:
		st.Backwards++
		st.Late = max(st.Late, time.Duration(c.now-t))
	case t-c.now <= c.limit:
		c.now = t
	case c.cand != noTime && c.confirms(t, c.cand):
		c.now = t
		c.cand = noTime
		st.Jumps++
	default:
		c.pending = p
	}
	p.Now = c.now
}

// confirms reports whether a packet at t confirms a jump to jump: it lies within
// the limit of it, and nearer to it than to the present.
func (c *clock) confirms(t, jump int64) bool {
	if t >= jump {
		return t-jump <= c.limit
	}
	return jump-t <= c.limit && jump-t < t-c.now
}

// settle refuses a jump that no packet will confirm.
func (c *clock) settle(st *Stats) {
	if c.pending != nil {
		c.pending = nil
		st.JumpsHeld++
	}
}

// advance sets the clock to now if that is later.
func (c *clock) advance(now int64) {
	if now > c.now {
		c.now, c.started = now, true
	}
}
