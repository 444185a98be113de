package contentline

// A PairReceiver takes a Pair's output. It may call the methods of the Splitters, as a
// Receiver may.
type PairReceiver interface {
	// Line takes a line without its terminator, of the originator if isOrig is set. The
	// slice is valid only during the call.
	Line(isOrig bool, line []byte)
	// Plain takes bytes requested by SetPlain.
	Plain(isOrig bool, b []byte)
	// LineWeird takes the name of a weird, whose analyzer is Source.
	LineWeird(name string)
}

// A Pair splits both directions of a connection into lines. Reset initializes it.
type Pair struct {
	lines [2]Splitter
	ends  [2]pairEnd
	seen  Seen
}

// pairEnd is the Receiver of one direction.
type pairEnd struct {
	r      PairReceiver
	isOrig bool
}

func (e *pairEnd) Line(b []byte)         { e.r.Line(e.isOrig, b) }
func (e *pairEnd) Plain(b []byte)        { e.r.Plain(e.isOrig, b) }
func (e *pairEnd) LineWeird(name string) { e.r.LineWeird(name) }

// Reset prepares p for a new connection with lines of up to max bytes. budget may be nil.
func (p *Pair) Reset(r PairReceiver, budget *Budget, max int) {
	p.seen = 0
	for i := range p.lines {
		p.ends[i] = pairEnd{r: r, isOrig: i == 0}
		p.lines[i].Reset(&p.ends[i], &p.seen, budget, max)
	}
}

// Side returns the Splitter of the originator, if isOrig is set, or of the responder. It is
// the other one's after Flip.
func (p *Pair) Side(isOrig bool) *Splitter {
	if isOrig {
		return &p.lines[0]
	}
	return &p.lines[1]
}

// Flip swaps the directions with the connection's roles.
func (p *Pair) Flip() {
	p.lines[0], p.lines[1] = p.lines[1], p.lines[0]
	for i := range p.lines {
		p.lines[i].SetReceiver(&p.ends[i])
	}
}

// Release frees the bytes that p holds, before p is kept for reuse.
func (p *Pair) Release() {
	p.lines[0].Release()
	p.lines[1].Release()
}
