package contentline

import "bytes"

// Telnet commands (RFC 854 and RFC 855).
const (
	telnetSE   = 240 // end of a subnegotiation
	telnetSB   = 250 // begin of one
	telnetWILL = 251
	telnetDONT = 254
	telnetIAC  = 255
)

// maxSub is the largest capacity of the buffer of subnegotiations that is reused.
const maxSub = 4096

// SourceNVT is the name of Zeek's analyzer of network virtual terminals, for weirds.
const SourceNVT = "NVT"

// An NVTReceiver takes an NVT's output.
type NVTReceiver interface {
	// Line takes a line without its terminator and reports whether it wants more. The
	// slice is valid only during the call.
	Line(line []byte) bool
	// NVTWeird takes the name of a weird, whose analyzer is SourceNVT, and the exceeded
	// size in bytes, or -1.
	NVTWeird(name string, size int)
}

// An OptionReceiver takes the Telnet commands that an NVT removes from its lines (RFC 854,
// RFC 855).
type OptionReceiver interface {
	// Negotiated takes WILL, WONT, DO or DONT and the option that it is about.
	Negotiated(command, option byte)
	// Subnegotiated takes what stands between SB and SE: the option and its data, in which
	// an escaped IAC is one byte. The slice is valid only during the call.
	Subnegotiated(b []byte)
	// BadTermination is called before Subnegotiated if another command than SE ends the
	// subnegotiation.
	BadTermination()
}

type nvtState uint8

const (
	nvtText   nvtState = iota
	nvtIAC             // after IAC
	nvtOption          // after WILL, WONT, DO or DONT
	nvtSub             // in a subnegotiation
	nvtSubIAC          // after IAC in one
)

// An NVT splits one direction of a network virtual terminal (RFC 854), as used by Telnet
// and FTP, into lines that end with LF or CR LF, and removes Telnet commands. It follows
// Zeek's NVT analyzer. Reset initializes it.
type NVT struct {
	r      NVTReceiver
	seen   *Seen
	budget *Budget
	part   []byte // the unfinished line
	sub    int    // bytes of the subnegotiation so far
	state  nvtState
	last   byte
	// negotiation is the command of nvtOption.
	negotiation byte
	noNUL       bool // NUL is kept, because the weird about it has been raised or by Terminal
	opts        OptionReceiver
	// subData is the subnegotiation so far, if there is a receiver.
	subData  []byte
	terminal bool // lines end with CR, LF or CR LF
	binary   bool // the eighth bit of characters is dropped
	stopped  bool
}

// Reset prepares n for a new stream. The NVTs of a connection share seen, those of a
// shard share budget.
func (n *NVT) Reset(r NVTReceiver, seen *Seen, budget *Budget) {
	n.Release()
	*n = NVT{r: r, seen: seen, budget: budget, part: n.part, subData: n.subData}
}

// SetTerminal makes n a terminal of Telnet after Reset: a single CR ends a line as well, and
// NUL is part of it.
func (n *NVT) SetTerminal() { n.terminal = true }

// SetOptionReceiver sets the receiver of commands.
func (n *NVT) SetOptionReceiver(o OptionReceiver) { n.opts = o }

// SetBinary says whether the binary option of the terminal is active. As in Zeek, the
// eighth bit of characters is dropped meanwhile.
func (n *NVT) SetBinary(on bool) { n.binary = on }

// Stop ends all deliveries.
func (n *NVT) Stop() { n.stopped = true }

// Release frees the bytes that n holds.
func (n *NVT) Release() {
	n.dropSub()
	n.part = n.budget.drop(n.part)
}

// SetReceiver changes the receiver, when the connection's sides are swapped.
func (n *NVT) SetReceiver(r NVTReceiver) { n.r = r }

// Partial reports whether there is an unfinished line.
func (n *NVT) Partial() bool { return len(n.part) > 0 || n.state != nvtText }

// dropSub forgets the subnegotiation.
func (n *NVT) dropSub() {
	n.give(len(n.subData))
	if n.subData = n.subData[:0]; cap(n.subData) > maxSub {
		n.subData = nil
	}
}

func (n *NVT) give(size int) {
	if n.budget != nil {
		n.budget.used -= uint64(size)
	}
}

// full reports whether the line may not grow by more bytes.
func (n *NVT) full(more int) bool {
	return len(n.part)+more >= DefaultMax || !n.budget.has(1)
}

// Deliver takes the next bytes of the stream. It returns those left over when the
// receiver wants no more lines.
func (n *NVT) Deliver(b []byte) (rest []byte) {
	for len(b) > 0 && !n.stopped {
		if n.state == nvtText && len(n.part) == 0 && !n.binary {
			// A complete line without special bytes is not copied.
			if line, size := plainLine(b); size > 0 {
				n.last = '\n'
				b = b[size:]
				if !n.r.Line(line) {
					return b
				}
				continue
			}
		}
		c := b[0]
		if n.state != nvtText {
			if n.command(c) {
				b = b[1:]
			}
			continue
		}
		b = b[1:]
		if n.full(1) {
			if c != '\n' && !n.budget.has(1) {
				// Cut as a whole: lines of a byte each would cost much time.
				if i := bytes.IndexByte(b, '\n'); i >= 0 {
					b = b[i+1:]
				} else {
					b = nil
				}
			}
			n.tooLong("nvt_line_size_exceeded")
			more := n.r.Line(n.part)
			n.restart()
			if !more {
				return b
			}
			continue // c is lost, as in Zeek
		}
		if !n.char(c) {
			return b
		}
	}
	return nil
}

// plainLine returns the line at the start of b and its size with the terminator, or zero
// if the line is incomplete or contains special bytes.
func plainLine(b []byte) (line []byte, size int) {
	i := bytes.IndexByte(b, '\n')
	if i <= 0 {
		return nil, 0
	}
	line = b[:i]
	if line[i-1] == '\r' {
		line = line[:i-1]
	}
	for _, c := range line {
		if c == 0 || c == '\r' || c == telnetIAC {
			return nil, 0
		}
	}
	return line, i + 1
}

func (n *NVT) keep(c byte) {
	n.part = n.budget.add(n.part, []byte{c})
}

// restart discards the line.
func (n *NVT) restart() {
	n.Release()
	n.last = 0
}

func (n *NVT) tooLong(name string) { n.r.NVTWeird(name, DefaultMax) }

func (n *NVT) weird(once Seen, name string) {
	if *n.seen&once == 0 {
		*n.seen |= once
		n.r.NVTWeird(name, -1)
	}
}

// char takes a byte of text and reports whether the receiver wants more.
func (n *NVT) char(c byte) bool {
	if n.terminal {
		return n.terminalChar(c)
	}
	if n.binary && c != telnetIAC {
		c &= 0x7f
	}
	more := true
	switch c {
	case '\n':
		if n.last == '\r' {
			if len(n.part) > 0 {
				n.part = n.part[:len(n.part)-1]
				n.give(1)
				more = n.line()
			}
		} else {
			more = n.line()
		}
	case 0:
		switch {
		case n.last == '\r': // harmless, some servers send it
		case n.noNUL:
			n.keep(c)
		default:
			n.noNUL = true
			n.weird(seenNUL, "NUL_in_line")
		}
	case telnetIAC:
		n.state = nvtIAC
		return true
	default:
		n.keep(c)
	}
	if n.last == '\r' && c != '\n' && c != 0 {
		n.weird(seenCR, "line_terminated_with_single_CR")
	}
	n.last = c
	return more
}

// terminalChar is char for a terminal.
func (n *NVT) terminalChar(c byte) bool {
	if c == telnetIAC {
		n.state = nvtIAC
		return true
	}
	if n.binary {
		c &= 0x7f
	}
	more := true
	switch {
	case c == '\r', c == '\n' && n.last != '\r':
		more = n.line()
	case n.last == '\r' && (c == '\n' || c == 0):
	default:
		n.keep(c)
	}
	n.last = c
	return more
}

func (n *NVT) line() bool {
	more := n.r.Line(n.part)
	n.Release()
	return more
}

// command takes a byte after IAC and reports whether it was consumed.
func (n *NVT) command(c byte) bool {
	switch n.state {
	case nvtIAC:
		n.state = nvtText
		switch {
		case c == telnetIAC:
			n.keep(c) // an escaped IAC
			n.last = c
		case c == telnetSB:
			n.state, n.sub, n.subData = nvtSub, 0, n.subData[:0]
		case c >= telnetWILL && c <= telnetDONT:
			n.state = nvtOption
			n.negotiation = c
		}
	case nvtOption:
		n.state = nvtText
		if n.opts != nil {
			n.opts.Negotiated(n.negotiation, c)
		}
	case nvtSub:
		if n.sub++; n.full(n.sub) {
			n.tooLong("nvt_option_size_exceeded")
			n.restart()
			n.state = nvtText
			return false
		}
		if c == telnetIAC {
			n.state = nvtSubIAC
		} else {
			n.keepSub(c)
		}
	case nvtSubIAC:
		switch c {
		case telnetIAC:
			n.state = nvtSub
			n.keepSub(c)
		case telnetSE:
			n.state = nvtText
			n.subOver()
		default:
			n.state = nvtIAC // the next command has begun
			if n.opts != nil {
				n.opts.BadTermination()
			}
			n.subOver()
			return false
		}
	case nvtText:
	}
	return true
}

func (n *NVT) keepSub(c byte) {
	if n.opts == nil {
		return
	}
	n.subData = append(n.subData, c)
	if n.budget != nil {
		n.budget.used++
	}
}

// subOver passes the subnegotiation on.
func (n *NVT) subOver() {
	if n.opts != nil && len(n.subData) > 0 {
		n.opts.Subnegotiated(n.subData)
	}
	n.dropSub()
}
