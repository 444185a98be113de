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

// Limited counts that a limit of a protocol's analyzer has cut something off. Both
// names are constants.
func (t *Table) Limited(protocol, name string) {
	s, l := &t.limited, Limit{protocol, name}
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

// Hold notes that an analyzer keeps n more bytes of messages that are not complete, or
// fewer if n is negative. Whoever has called it for more goes on to ask Full.
func (t *Table) Hold(n int) { t.held += n }

// Held returns how many bytes of incomplete messages analyzers keep.
func (t *Table) Held() int { return t.held }

// Full reports whether the analyzers keep more of incomplete messages than
// Options.MessageBytes. It then has counted, and told of it with a weird of c whose source
// is protocol; the caller has to let go of what it keeps of c.
func (t *Table) Full(c *Conn, protocol string) bool {
	return t.held > t.cfg.MessageBytes && t.full(c, protocol)
}

func (t *Table) full(c *Conn, protocol string) bool {
	t.Limited(protocol, "incomplete_messages")
	t.Weird(c, "too_many_incomplete_messages", "", protocol)
	return true
}
