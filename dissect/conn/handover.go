package conn

import "bytes"

// A Handover feeds bytes of a connection from one analyzer to that of another protocol:
// the rest of the connection after STARTTLS, a stream that a proxy carries, or the
// tokens of an authentication. The zero Handover has no analyzer yet and discards its
// input.
//
// Its owner passes on bytes with Data, Gap and End, and calls Done in its own Done.
type Handover struct {
	c  *Conn
	n  int32 // of the analyzer on the connection
	on bool
	// fed reports whether an analyzer takes the bytes.
	fed bool
	// eol is set while the end of a line may still come from the side that orig names.
	eol, orig bool
	rest      []byte
}

// On reports whether the handover has happened, even if no analyzer takes the bytes
// because the connection has too many inner streams.
func (h Handover) On() bool { return h.on }

// Taken reports whether an analyzer takes the bytes.
func (h Handover) Taken() bool { return h.fed }

// HandOver attaches an analyzer of p that the caller feeds through the result.
func (u Use) HandOver(p *Protocol) Handover {
	c, t := u.c, u.c.t
	n := 0
	for i := range c.extra().analyzers {
		if c.ext.analyzers[i].fedBy != byTable {
			n++
		}
	}
	h := Handover{on: true}
	if t.panics[p] >= maxPanics {
		return h
	}
	if n >= maxInner {
		t.weird(c, "too_many_inner_streams", "", "")
		return h
	}
	if x := t.attach(c, p, byAnalyzer); x.fed {
		h = x
	}
	return h
}

// HandOverAfterLine is HandOver after a line of the originator, if isOrig is set, or of
// the responder, such as the one that agrees to STARTTLS (RFC 3207, RFC 2595). The end
// of that line is not passed on. rest is what arrived with the line. Flush passes it
// on, and it must stay valid until then.
func (u Use) HandOverAfterLine(p *Protocol, isOrig bool, rest []byte) Handover {
	h := u.HandOver(p)
	h.eol, h.orig, h.rest = true, isOrig, rest
	return h
}

// Inner attaches detection to a stream inside the connection, such as a proxy's: the
// result feeds it to the analyzers whose signatures match. The stream is ignored if
// the connection has too many inner streams or detection is off.
func (u Use) Inner() Handover {
	if u.c.t.attacher == nil {
		return Handover{on: true}
	}
	return u.HandOver(u.c.t.attacher.Inner())
}

// Guest is HandOver for messages that are complete in themselves, such as the tokens of
// an authentication. One analyzer of p serves all analyzers of the connection that have
// such messages. It confirms its protocol for each of them and stays until the
// connection ends; a violation removes only the service.
func (u Use) Guest(p *Protocol) Handover {
	x := u.c.extra()
	for i := range x.analyzers {
		if at := &x.analyzers[i]; at.fedBy == byAnalyzers && at.p == p && !at.off {
			at.confirmed = false
			return Handover{c: u.c, n: int32(i), on: true, fed: true}
		}
	}
	h := u.HandOver(p)
	if h.fed {
		u.c.ext.analyzers[h.n].fedBy = byAnalyzers
	}
	return h
}

// Flush passes on what arrived with the last line. The owner calls it when it is done
// with the bytes that had that line.
func (h *Handover) Flush() {
	if rest := h.rest; rest != nil {
		h.rest = nil
		h.Data(h.orig, rest)
	}
}

// Data passes on the next bytes of a side.
func (h *Handover) Data(isOrig bool, b []byte) {
	if h.eol && isOrig == h.orig {
		b = bytes.TrimLeft(b, "\r\n")
		h.eol = len(b) == 0
		if h.eol {
			return
		}
	}
	if h.fed && !h.c.ext.analyzers[h.n].off {
		h.c.t.callData(h.c, int(h.n), isOrig, b)
	}
}

// Replay passes on bytes of an earlier packet, and settles what they violate as if they
// came now: at once, and at the expense of their own turn. It reports whether an analyzer
// is left.
func (h *Handover) Replay(at Turn, isOrig bool, b []byte) bool {
	t, x := h.c.t, h.c.ext
	now := x.turn
	x.turn = at
	h.Data(isOrig, b)
	for i := 0; i < len(t.late); i++ {
		if u := t.late[i].use; u.c == h.c && u.n == h.n {
			t.settleOne(i)
		}
	}
	x.turn = now
	return !x.analyzers[h.n].off
}

// Gap passes on that n bytes of a side are missing.
func (h *Handover) Gap(isOrig bool, n uint64) {
	if h.fed && !h.c.ext.analyzers[h.n].off {
		h.c.t.callGap(h.c, int(h.n), isOrig, n)
	}
}

// End passes on that a side is complete.
func (h *Handover) End(isOrig bool) {
	if h.fed && !h.c.ext.analyzers[h.n].off {
		h.c.t.callEnd(h.c, int(h.n), isOrig)
	}
}

// Done takes the analyzer off and makes h the zero Handover.
func (h *Handover) Done() {
	if h.fed && !h.c.ext.analyzers[h.n].off {
		h.c.t.turnOff(h.c, int(h.n))
	}
	*h = Handover{}
}
