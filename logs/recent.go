package logs

import "github.com/wirelog/wirelog/value"

// recent holds keys for an interval after they were first seen.
type recent[K comparable] struct {
	interval value.Time
	max      int // bound of keys; beyond it the oldest is dropped
	seen     map[K]struct{}
	// queue has the keys of seen in the order of their times, from head on.
	queue []recentKey[K]
	head  int
}

type recentKey[K comparable] struct {
	key  K
	time value.Time
}

func newRecent[K comparable](interval value.Time, limit int) recent[K] {
	return recent[K]{interval: interval, max: limit, seen: make(map[K]struct{})}
}

// first adds key and reports whether it was absent at now.
func (r *recent[K]) first(key K, now value.Time) bool {
	for r.head < len(r.queue) && now-r.queue[r.head].time >= r.interval {
		r.forget()
	}
	if _, ok := r.seen[key]; ok {
		return false
	}
	if len(r.seen) >= r.max {
		r.forget()
	}
	r.seen[key] = struct{}{}
	r.queue = append(r.queue, recentKey[K]{key, now})
	return true
}

// forget removes the oldest key.
func (r *recent[K]) forget() {
	delete(r.seen, r.queue[r.head].key)
	r.queue[r.head] = recentKey[K]{}
	r.head++
	if r.head == len(r.queue) {
		r.queue, r.head = r.queue[:0], 0
	} else if r.head >= 1024 && r.head >= len(r.queue)/2 {
		n := copy(r.queue, r.queue[r.head:])
		clear(r.queue[n:])
		r.queue, r.head = r.queue[:n], 0
	}
}
