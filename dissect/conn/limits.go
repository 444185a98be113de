package conn

import (
	"slices"
	"unsafe"
)

// A Limit names a limit of an analyzer: Protocol is Zeek's name of its protocol, Name
// what is limited, such as "pending_requests".
type Limit struct{ Protocol, Name string }

// limits counts by limit. latest is the entry counted last, usually the one
// counted next: a long message hits its limit line by line.
type limits struct {
	counts []limitCount
	latest int
}

type limitCount struct {
	Limit
	n uint64
}

// count records that a limit was hit.
func (s *limits) count(protocol, name string) {
	if s.latest < len(s.counts) {
		if c := &s.counts[s.latest]; identical(c.Name, name) && identical(c.Protocol, protocol) {
			c.n++
			return
		}
	}
	s.find(Limit{protocol, name}).n++
}

// find returns the count of a limit.
func (s *limits) find(l Limit) *limitCount {
	s.latest = slices.IndexFunc(s.counts, func(c limitCount) bool { return c.Limit == l })
	if s.latest < 0 {
		s.latest = len(s.counts)
		s.counts = append(s.counts, limitCount{Limit: l})
	}
	return &s.counts[s.latest]
}

// identical reports whether two strings are the same bytes in memory, as one constant is. It
// is quick; it may report false for equal strings.
func identical(a, b string) bool {
	return len(a) == len(b) && unsafe.StringData(a) == unsafe.StringData(b)
}

// LimitCounts returns how often each limit of an analyzer was hit. It omits those that
// never were, and is nil if none was.
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

// Held returns how many bytes of incomplete messages the analyzers hold.
func (t *Table) Held() int { return t.held }

// full records that the analyzers hold too many bytes of incomplete messages.
func (t *Table) full(c *Conn, protocol string) bool {
	t.limited.count(protocol, "incomplete_messages")
	t.weird(c, "too_many_incomplete_messages", "", protocol)
	return true
}
