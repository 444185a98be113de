package capture

// unwrapping is the state of a Batcher whose packets come out of a mirror's tunnels.
type unwrapping struct {
	by     Unwrapper
	keep   bool // whether batches have the mirrors
	pkt    Packet
	mirror Mirror // of the packet that is added next
	only   bool   // packets without a tunnel are left out, and counted
	plain  uint64

	whole *block // for packets that are valid only for a moment
	used  int    // bytes of it
}

// unwrapped gives a packet to the Unwrapper. It reports false if nothing is left to be
// delivered.
func (t *Batcher) unwrapped(blk *block, data []byte, at int64, orig uint32, link uint16) (*block, []byte, uint32, uint16, bool) {
	u := t.unwrap
	p := &u.pkt
	*p = Packet{Data: data, Time: at, Now: t.clock.now, OrigLen: max(orig, uint32(len(data))), Link: link}
	u.mirror = Mirror{}
	switch u.by.Unwrap(p, &u.mirror) {
	case UnwrapHeld:
		t.stats.Held++
		return nil, nil, 0, 0, false
	case UnwrapLost:
		t.stats.HeldLost++
		return nil, nil, 0, 0, false
	case UnwrapDone:
		t.stats.Unwrapped++
		t.unsummed = false
	case UnwrapCopy:
		t.stats.Unwrapped++
		t.unsummed = false
		p.Data = p.Data[:min(len(p.Data), MaxPacket)]
		blk = u.store(t.pool, p)
	case UnwrapPlain:
		if u.only {
			u.plain++
			return nil, nil, 0, 0, false
		}
	}
	return blk, p.Data, p.OrigLen, p.Link, true
}

// store copies the data of p into a block, which it returns.
func (u *unwrapping) store(pool *pool, p *Packet) *block {
	n := len(p.Data)
	if u.whole == nil || n > blockSize-u.used {
		u.free(pool)
		u.whole = pool.block()
	}
	end := u.used + n
	to := u.whole.buf[u.used:end:end]
	copy(to, p.Data)
	p.Data, u.used = to, end
	return u.whole
}

// free gives the block back, which packets that have been handed out go on to use.
func (u *unwrapping) free(pool *pool) {
	if u.whole != nil {
		pool.putBlock(u.whole)
	}
	u.whole, u.used = nil, 0
}
