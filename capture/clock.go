package capture

import "math"

// clock is the run's clock. It follows the packets' times and never goes back,
// as Zeek's network_time, but a packet that would set it forward by more than
// limit is held until another packet's time lies within limit of the new time:
// one damaged timestamp would otherwise expire every connection.
//
// The packet after a jump usually decides, and then the jumping packet itself
// gets the new time. A jump that the next packet does not confirm is refused;
// it remains the candidate that a later packet may still confirm.
type clock struct {
	now     int64
	limit   int64
	started bool
	pending *Packet // the last packet, when its jump is not decided
	cand    int64   // time of the last refused jump, or noTime
}

const noTime = math.MinInt64

func newClock(limit int64) clock {
	if limit < 0 {
		limit = math.MaxInt64
	}
	return clock{limit: limit, cand: noTime}
}

// set stamps p with the clock.
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
		c.now, p.Now = t, t
		return
	}
	if q := c.pending; q != nil {
		c.pending = nil
		if c.near(t, q.Time) {
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
	case t-c.now <= c.limit:
		c.now = t
	case c.cand != noTime && c.near(t, c.cand):
		c.now = t
		c.cand = noTime
		st.Jumps++
	default:
		c.pending = p
	}
	p.Now = c.now
}

// near tells whether two times are within the limit. Both are at least 0.
func (c *clock) near(a, b int64) bool {
	if a < b {
		a, b = b, a
	}
	return a-b <= c.limit
}

// settle refuses a jump that no packet is left to confirm.
func (c *clock) settle(st *Stats) {
	if c.pending != nil {
		c.pending = nil
		st.JumpsHeld++
	}
}
