package writers

import (
	"time"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// gates holds the state of schemas.Gate for one stream.
type gates struct {
	sampling value.Sampling
	samples  memory[*sample]
	repeats  memory[struct{}]
	days     memory[struct{}]
}

// A sample counts the records of a key. Records with a Sub are counted in subs.
type sample struct {
	count uint64
	subs  map[string]uint64
}

const (
	repeatInterval = int64(10 * time.Minute)
	dailyInterval  = int64(24 * time.Hour)
	// maxGateKeys is how many keys a policy remembers; it forgets the oldest first.
	maxGateKeys = 1 << 18
	// maxGateSubs is how many subs of a key have their own count; all others share one.
	maxGateSubs = 1 << 10
)

// pass decides whether a record at time now passes, and returns the reason if it does
// not.
func (g *gates) pass(kind schemas.GateKind, key, sub []byte, now int64) (Reason, bool) {
	if kind&schemas.GateSample != 0 && !g.sample(key, sub, now) {
		return dropSampled, false
	}
	if kind&schemas.GateRepeat != 0 && !g.repeats.first(key, now, repeatInterval) {
		return dropRepeat, false
	}
	if kind&schemas.GateDaily != 0 && !g.days.first(key, now, dailyInterval) {
		return dropRepeat, false
	}
	return 0, true
}

func (g *gates) sample(key, sub []byte, now int64) bool {
	g.samples.expire(now, int64(g.sampling.Duration))
	s, ok := g.samples.keys[string(key)]
	if !ok {
		s = new(sample)
		g.samples.add(key, s, now)
	}
	var n uint64
	if len(sub) == 0 {
		s.count++
		n = s.count
	} else {
		if _, ok := s.subs[string(sub)]; !ok && len(s.subs) >= maxGateSubs {
			sub = nil
		}
		if s.subs == nil {
			s.subs = make(map[string]uint64)
		}
		n = s.subs[string(sub)] + 1
		s.subs[string(sub)] = n
	}
	if n <= g.sampling.Threshold {
		return true
	}
	return g.sampling.Rate != 0 && (n-g.sampling.Threshold)%g.sampling.Rate == 0
}

// A memory remembers keys for a fixed time.
type memory[V any] struct {
	keys map[string]V
	// queue holds the keys in order of time, starting at head.
	queue []remembered
	head  int
}

type remembered struct {
	key  string
	time int64
}

// first reports whether key is new, and remembers it.
func (m *memory[V]) first(key []byte, now, interval int64) bool {
	m.expire(now, interval)
	if _, ok := m.keys[string(key)]; ok {
		return false
	}
	var zero V
	m.add(key, zero, now)
	return true
}

func (m *memory[V]) add(key []byte, v V, now int64) {
	if m.keys == nil {
		m.keys = make(map[string]V)
	}
	if len(m.keys) >= maxGateKeys {
		m.forget()
	}
	k := string(key)
	m.keys[k] = v
	m.queue = append(m.queue, remembered{k, now})
}

// expire forgets the keys that were added at least interval before now.
func (m *memory[V]) expire(now, interval int64) {
	for m.head < len(m.queue) && now-m.queue[m.head].time >= interval {
		m.forget()
	}
}

// forget removes the oldest key.
func (m *memory[V]) forget() {
	delete(m.keys, m.queue[m.head].key)
	m.queue[m.head] = remembered{}
	m.head++
	if m.head == len(m.queue) {
		m.queue, m.head = m.queue[:0], 0
	} else if m.head >= 1024 && m.head >= len(m.queue)/2 {
		n := copy(m.queue, m.queue[m.head:])
		clear(m.queue[n:])
		m.queue, m.head = m.queue[:n], 0
	}
}
