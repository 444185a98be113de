package body

import (
	"net/netip"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/value"
)

// A body that inflates to more than cheapRatio times its size, by more than freeExcess
// bytes, is paid from the budget of its two hosts: 16 KB of traffic can cost the work of
// 16 MB, again and again.
const (
	cheapRatio = 32
	freeExcess = 64 << 10
	// budgetTime is the packet time after which a budget is full again.
	budgetTime = 10 * 60 * value.Second
	// maxBudgets bounds the pairs of hosts with a budget. Those beyond it share one.
	maxBudgets = 4096
)

// budgets are the budgets of pairs of hosts for inflating.
type budgets struct {
	pairs  map[hostPair]*budget
	others budget
	swept  value.Time
}

type hostPair struct {
	orig, resp netip.Addr
	domain     uint32
}

type budget struct {
	since value.Time
	spent uint64
}

// of returns the budget of the hosts of c.
func (s *budgets) of(c *conn.Conn, now value.Time) *budget {
	id := c.ID()
	p := hostPair{id.OrigH, id.RespH, c.Domain()}
	b := s.pairs[p]
	if b == nil {
		if len(s.pairs) >= maxBudgets && now-s.swept > budgetTime {
			s.swept = now
			for p, b := range s.pairs {
				if now-b.since > budgetTime {
					delete(s.pairs, p)
				}
			}
		}
		if b = &s.others; len(s.pairs) < maxBudgets {
			if s.pairs == nil {
				s.pairs = make(map[hostPair]*budget)
			}
			b = new(budget)
			s.pairs[p] = b
		}
	}
	if now-b.since > budgetTime {
		*b = budget{since: now}
	}
	return b
}
