package conn

// Bits of Conn.seen: letters that the history shows once for each side. The responder's
// bits are 8 higher.
const (
	histSYN uint16 = 1 << iota
	histFIN
	histRST
	histFINRST
	histData
	histACK
	histMulti
	histUnknown // of the connection, not of a side
	// histTurned reports that the sides have changed roles since letters were written.
	histTurned = histUnknown << 8
)

// maxHistory bounds a history string. Only hostile traffic, such as resets with ever
// new sequence numbers, exceeds it.
const maxHistory = 4096

// History returns the history of the connection, one letter for each kind of event, as
// in Zeek's conn.log. The slice is valid until the connection's next packet.
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

// letter returns upper for the originator and its lower case for the responder.
func (c *Conn) letter(s *side, upper byte) byte {
	if c.isOrig(s) {
		return upper
	}
	return upper | 0x20
}

// once adds a letter the first time it is called for it, and reports whether the letter
// was there before.
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

// tcpOnce is once for TCP. A connection that began with a SYN-ACK is flipped at its
// next sign of life. The SYN-ACK of a stealth scan is answered by a RST at most, so
// this one answers a SYN that was not captured.
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

// scaled counts an occurrence and adds a letter at the 1st, 10th, 100th and so on. It
// returns the threshold that was reached, or 0.
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
