package conn

import "slices"

// A Limit names a limit of an analyzer: what is bounded by it, such as
// "pending_requests", and Zeek's name of the protocol.
type Limit struct{ Protocol, Name string }

// limits counts by limit. The one that has cut off last is mostly the next one, too: it has
// a message cut line by line.
type limits struct {
	counts []limitCount
	latest int
}

type limitCount struct {
	Limit
	n uint64
}

// count counts that a limit has cut something off.
func (s *limits) count(protocol, name string) {
	l := Limit{protocol, name}
	if s.latest >= len(s.counts) || s.counts[s.latest].Limit != l {
		s.latest = slices.IndexFunc(s.counts, func(c limitCount) bool { return c.Limit == l })
		if s.latest < 0 {
			s.latest = len(s.counts)
			s.counts = append(s.counts, limitCount{Limit: l})
		}
	}
	s.counts[s.latest].n++
}

// LimitCounts returns how often each limit of an analyzer has cut something off; those
// that never did are not in it, and it is nil if none did.
func (t *Table) LimitCounts() map[Limit]uint64 {
	if len(t.limited.counts) == 0 {
		return nil
	}
	m := make(map[Limit]uint64, len(t.limited.counts))
	for _, c := range t.limited.counts {
		m[c.Limit] = c.n
	}
	return m
}

// Held returns how many bytes of incomplete messages analyzers keep.
func (t *Table) Held() int { return t.held }

// full counts that analyzers keep too many bytes of incomplete messages.
func (t *Table) full(c *Conn, protocol string) bool {
	t.limited.count(protocol, "incomplete_messages")
	t.weird(c, "too_many_incomplete_messages", "", protocol)
	return true
}
