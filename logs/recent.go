package logs

import (
	"hash/maphash"

	"github.com/wirelog/wirelog/value"
)

// recent holds keys for an interval after they were first seen, by a sum of 128 bits: a day
// of them is kept, and a key may be long.
type recent[K comparable] struct {
	interval value.Time
	max      int // bound of keys; beyond it the oldest is dropped
	seeds    [2]maphash.Seed
	seen     map[keySum]struct{}
	// queue has the keys of seen in the order of their times, from head on.
	queue []recentKey
	head  int
}

type keySum [2]uint64

type recentKey struct {
	key  keySum
	time value.Time
}

func newRecent[K comparable](interval value.Time, limit int) recent[K] {
	return recent[K]{
		interval: interval, max: limit,
		seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		seen:  make(map[keySum]struct{}),
	}
}

// first adds key and reports whether it was absent at now.
func (r *recent[K]) first(key K, now value.Time) bool {
	for r.head < len(r.queue) && now-r.queue[r.head].time >= r.interval {
		r.forget()
	}
	sum := keySum{maphash.Comparable(r.seeds[0], key), maphash.Comparable(r.seeds[1], key)}
	if _, ok := r.seen[sum]; ok {
		return false
	}
	if len(r.seen) >= r.max {
		r.forget()
	}
	r.seen[sum] = struct{}{}
	r.queue = append(r.queue, recentKey{sum, now})
	return true
}

// forget removes the oldest key.
func (r *recent[K]) forget() {
	delete(r.seen, r.queue[r.head].key)
	r.queue[r.head] = recentKey{}
	r.head++
	if r.head == len(r.queue) {
		r.queue, r.head = r.queue[:0], 0
	} else if r.head >= 1024 && r.head >= len(r.queue)/2 {
		n := copy(r.queue, r.queue[r.head:])
		clear(r.queue[n:])
		r.queue, r.head = r.queue[:n], 0
	}
}
