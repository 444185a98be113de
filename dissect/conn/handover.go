package conn

import "bytes"

// A Handover gives a connection, the rest of one, or a stream inside one to the analyzer of
// another protocol, which gets its bytes from the analyzer that has handed them over: that
// of TLS after STARTTLS, whatever a proxy carries, the tokens of an authentication. The zero
// Handover has not happened.
//
// Its owner passes on what comes with Data, Gap and End, and calls Done in its own Done.
type Handover struct {
	c  *Conn
	n  int32 // of the analyzer on the connection
	on bool
	// fed is not set if nobody takes what comes.
	fed bool
	// eol is set while a line's end may come from the side that orig names.
	eol, orig bool
	rest      []byte
}

// On reports whether the handover has happened, even if the connection has too many inner
// streams for anybody to take it.
func (h Handover) On() bool { return h.on }

// Taken reports whether an analyzer takes what comes.
func (h Handover) Taken() bool { return h.fed }

// HandOver attaches an analyzer of p that the caller feeds.
func (u Use) HandOver(p *Protocol) Handover {
	c, t := u.c, u.c.t
	n := 0
	for i := range c.extra().analyzers {
		if c.ext.analyzers[i].inner {
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
	if x := t.attach(c, attached{p: p, inner: true}); x.fed {
		h = x
	}
	return h
}

// HandOverAfterLine is HandOver after a line of the originator, if isOrig is set, or of the
// responder, such as the one that agrees to STARTTLS (RFC 3207, RFC 2595). The end of that
// line is not passed on. rest is what came with the line; it is passed on by Flush, before
// which it must stay valid.
func (u Use) HandOverAfterLine(p *Protocol, isOrig bool, rest []byte) Handover {
	h := u.HandOver(p)
	h.eol, h.orig, h.rest = true, isOrig, rest
	return h
}

// Inner attaches what looks for protocols in a stream inside the connection, such as a
// proxy's, as is done for every connection. Nobody takes the stream if streams within
// streams have become too many, or no protocol is looked for.
func (u Use) Inner() Handover {
	if u.c.t.attacher == nil {
		return Handover{on: true}
	}
	return u.HandOver(u.c.t.attacher.Inner())
}

// Guest is HandOver for messages that are complete in themselves, as are the tokens of an
// authentication. One analyzer of p serves all that have such messages on the connection; it
// confirms its protocol for each of them, and stays until the connection ends: a violation
// only takes the service away.
func (u Use) Guest(p *Protocol) Handover {
	x := u.c.extra()
	for i := range x.analyzers {
		if at := &x.analyzers[i]; at.guest && at.p == p && !at.off {
			at.confirmed = false
			return Handover{c: u.c, n: int32(i), on: true, fed: true}
		}
	}
	h := u.HandOver(p)
	if h.fed {
		u.c.ext.analyzers[h.n].guest = true
	}
	return h
}

// Flush passes on what came with the last line. The owner calls it when it is done with the
// piece that had that line.
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

// Gap tells the analyzer that n bytes of a side are missing.
func (h *Handover) Gap(isOrig bool, n uint64) {
	if h.fed && !h.c.ext.analyzers[h.n].off {
		h.c.t.callGap(h.c, int(h.n), isOrig, n)
	}
}

// End tells the analyzer that a side is complete.
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
