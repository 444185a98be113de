package conn

// Bits of Conn.seen: letters that history shows once a side. The responder's
// are 8 bits higher.
const (
	histSYN uint16 = 1 << iota
	histFIN
	histRST
	histFINRST
	histData
	histACK
	histMulti
	histUnknown // of the connection, whichever side
)

// maxHistory bounds a history string: only hostile traffic, such as resets with
// ever new sequence numbers, makes it long.
const maxHistory = 4096

// History returns what happened, a letter an event; see Zeek's conn.log history.
// The slice is valid until the connection's next packet.
func (c *Conn) History() []byte {
	if r := c.ifRare(); r != nil && len(r.hist) != 0 {
		return r.hist
	}
	return c.hist[:c.nhist]
}

func (c *Conn) addHistory(letter byte) {
	if r := c.ifRare(); r != nil && len(r.hist) != 0 {
		if len(r.hist) < maxHistory {
			r.hist = append(r.hist, letter)
		} else {
			c.t.stats.HistoryCut++
		}
		return
	}
	if int(c.nhist) < len(c.hist) {
		c.hist[c.nhist] = letter
		c.nhist++
		return
	}
	x := c.rarely()
	x.hist = append(append(x.hist[:0], c.hist[:]...), letter)
}

func (c *Conn) setHistory(s string) {
	if r := c.ifRare(); r != nil {
		r.hist = r.hist[:0]
	}
	c.nhist = uint8(copy(c.hist[:], s))
}

// letter gives upper case for the originator.
func (c *Conn) letter(s *side, upper byte) byte {
	if c.isOrig(s) {
		return upper
	}
	return upper | 0x20
}

// once writes a letter the first time, and reports whether it was there before.
func (c *Conn) once(s *side, mask uint16, upper byte) bool {
	if !c.isOrig(s) {
		mask <<= 8
	}
	if c.seen&mask != 0 {
		return true
	}
	c.seen |= mask
	c.addHistory(c.letter(s, upper))
	return false
}

// tcpOnce is once for TCP sides. A connection that began with a SYN-ACK is
// turned around at the first sign of life: a stealth scan's SYN-ACK gets a RST
// at most, so this one answers a SYN that was not captured.
func (c *Conn) tcpOnce(s *side, mask uint16, upper byte) bool {
	if (upper == 'A' || upper == 'D') && c.nhist == 1 && c.hist[0] == 'H' {
		c.flip()
		c.setHistory("^h")
		c.flags |= flagFirstOrig
	}
	return c.once(s, mask, upper)
}

// Places in side.thresholds, in bits.
const (
	countBadSum     = 0
	countRexmit     = 4
	countZeroWindow = 8
	countGap        = 12
)

// scaled counts an occurrence and writes the letter at the 1st, 10th, 100th and
// so on. It returns the threshold that was reached, or 0.
func (c *Conn) scaled(s *side, n *uint32, which int, upper byte) uint64 {
	*n++
	threshold := uint64(1)
	for range s.thresholds >> which & 15 {
		threshold *= 10
	}
	if uint64(*n) != threshold {
		return 0
	}
	c.addHistory(c.letter(s, upper))
	if threshold*10 > 1<<32-1 {
		*n = 0
	} else {
		s.thresholds += 1 << which
	}
	return threshold
}
