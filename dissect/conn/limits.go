package conn

import "maps"

// A Limit names a limit of an analyzer: what is bounded by it, such as
// "pending_requests", and Zeek's name of the protocol.
type Limit struct{ Protocol, Name string }

// Limited counts that a limit of a protocol's analyzer has cut something off. Both
// names are constants.
func (t *Table) Limited(protocol, name string) {
	if t.limited == nil {
		t.limited = make(map[Limit]uint64)
	}
	t.limited[Limit{protocol, name}]++
}

// LimitCounts returns how often each limit of an analyzer has cut something off; those
// that never did are not in it.
func (t *Table) LimitCounts() map[Limit]uint64 { return maps.Clone(t.limited) }

// Hold notes that an analyzer keeps n more bytes of messages that are not complete, or
// fewer if n is negative. Whoever has called it for more goes on to ask Full.
func (t *Table) Hold(n int) { t.held += n }

// Held returns how many bytes of incomplete messages analyzers keep.
func (t *Table) Held() int { return t.held }

// Full reports whether the analyzers keep more of incomplete messages than
// Limits.MessageBytes. It then has counted, and told of it with a weird of c whose source
// is protocol; the caller has to let go of what it keeps of c.
func (t *Table) Full(c *Conn, protocol string) bool {
	return t.held > t.cfg.Limits.MessageBytes && t.full(c, protocol)
}

func (t *Table) full(c *Conn, protocol string) bool {
	t.Limited(protocol, "incomplete_messages")
	t.Weird(c, "too_many_incomplete_messages", "", protocol)
	return true
}
