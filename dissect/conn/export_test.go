package conn

import "fmt"

// Check verifies the invariants of a table between two packets.
func (t *Table) Check() error {
	n, prev := 0, none
	halfSeen := t.oldestHalf == none
	for i := t.head; i != none; i = t.at(i).liveNext {
		c := t.at(i)
		n++
		if c.livePrev != prev || c.idx != i || c.flags&flagLive == 0 {
			return fmt.Errorf("connection %d of the list is linked wrongly", n)
		}
		prev = i
		if i == t.oldestHalf {
			halfSeen = true
		}
		if !halfSeen && c.half() {
			return fmt.Errorf("connection %d is half-open and older than the oldest", n)
		}
		if t.lookup(&c.key) != c {
			return fmt.Errorf("connection %d is not found by its key", n)
		}
		d, _ := c.nextDeadline()
		switch {
		case d != 0 && c.armed == 0:
			return fmt.Errorf("connection %d has a deadline and no timer", n)
		case d > t.now && c.armed > d:
			return fmt.Errorf("connection %d has a timer later than its deadline", n)
		}
		if x := c.ext; x != nil {
			for i := range x.streams {
				if err := t.checkStream(&x.streams[i]); err != nil {
					return fmt.Errorf("connection %d: %w", n, err)
				}
			}
		}
	}
	if prev != t.tail || n != t.live || uint64(n) != t.stats.Created-t.stats.Removed || n > t.cfg.Connections {
		return fmt.Errorf("%d connections in the list, %d live, %+v", n, t.live, t.stats)
	}
	if len(t.free)+n > len(t.chunks)*chunkSize {
		return fmt.Errorf("%d records are free, %d in use, of %d", len(t.free), n, len(t.chunks)*chunkSize)
	}
	used := 0
	for _, s := range t.slots {
		if s.ref != 0 {
			used++
		}
	}
	if used != n && !t.hooks.Terminating() { // nothing is looked up any more
		return fmt.Errorf("%d slots for %d connections", used, n)
	}
	return t.checkMemory()
}

func (t *Table) checkStream(st *stream) error {
	if st.next == 0 {
		return nil
	}
	if st.held == &t.streams.none != (len(st.blocks) == 0) {
		return fmt.Errorf("%d blocks, in the shared empty buffer: %v", len(st.blocks), st.held == &t.streams.none)
	}
	var sum uint64
	for i := range st.blocks {
		b := &st.blocks[i]
		sum += b.end - b.seq
		if b.end <= b.seq || uint64(len(b.data)) != b.end-b.seq {
			return fmt.Errorf("block %d is from %d to %d with %d bytes", i, b.seq, b.end, len(b.data))
		}
		if i > 0 && st.blocks[i-1].end > b.seq {
			return fmt.Errorf("block %d overlaps", i)
		}
		if b.seq < st.next && b.end > st.next {
			return fmt.Errorf("block %d is delivered in part", i)
		}
	}
	if sum != st.bytes {
		return fmt.Errorf("a stream has %d bytes, not %d", sum, st.bytes)
	}
	if len(st.blocks) > t.cfg.ReassemblyBlocks+1 {
		return fmt.Errorf("a stream has %d blocks", len(st.blocks))
	}
	return nil
}

// checkMemory compares the memory of all blocks with the count.
func (t *Table) checkMemory() error {
	var used uint64
	for i := t.head; i != none; i = t.at(i).liveNext {
		x := t.at(i).ext
		if x == nil {
			continue
		}
		for i := range x.streams {
			st := &x.streams[i]
			if st.next == 0 {
				continue
			}
			if st.held != &t.streams.none {
				used += heldBytes
			}
			for j := range st.blocks {
				if b := &st.blocks[j]; !b.borrowed {
					used += uint64(cap(b.data)) + blockBytes
				}
			}
		}
	}
	if used != t.streams.used && !t.hooks.Terminating() {
		return fmt.Errorf("blocks hold %d bytes, %d are counted", used, t.streams.used)
	}
	return nil
}

// Alarms returns the number of alarms that are held.
func (t *Table) Alarms() int { return len(t.alarms.due) }

// Aging returns the number of entries that wait for an age.
func (t *Table) Aging() (n int) {
	for i := range t.ages {
		n += len(t.ages[i].due)
	}
	return n
}
