package kafka

import "github.com/wirelog/wirelog/writers"

// GaugeSpool is the name of the gauge of the bytes in the spool.
const GaugeSpool = "spool_bytes"

// Gauges implements writers.Gauged: the bytes that wait for their acknowledgement, and those in
// the spool.
func (p *Place) Gauges() map[string]uint64 {
	p.mu.Lock()
	g := map[string]uint64{"waiting_bytes": uint64(max(p.held+p.parked, 0)), GaugeSpool: 0}
	p.mu.Unlock()
	if s := p.spool; s != nil {
		s.mu.Lock()
		g[GaugeSpool] = uint64(max(s.bytes, 0))
		s.mu.Unlock()
	}
	return g
}

var _ writers.Gauged = (*Place)(nil)
