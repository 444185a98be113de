package conn

// A Closer is an Analyzer that wants to know how its TCP connection ends. End tells
// that the bytes of a side are complete; this tells that there will be no more, whether
// they are or not. Analyzers of inner streams are not told.
type Closer interface {
	// Finished tells that both sides have closed the connection, or one whose peer
	// was never seen if half is set.
	Finished(half bool)
	// Reset tells of a segment with RST. It may be called more than once.
	Reset()
}

func (t *Table) analyzersFinished(c *Conn, half bool) {
	t.closers(c, func(a Closer) { a.Finished(half) })
}

func (t *Table) analyzersReset(c *Conn) { t.closers(c, Closer.Reset) }

func (t *Table) closers(c *Conn, tell func(Closer)) {
	if c.ext == nil {
		return
	}
	for i := range c.ext.analyzers {
		at := &c.ext.analyzers[i]
		if a, ok := at.a.(Closer); ok && !at.off && !at.inner {
			func() {
				defer t.contain(c, i)
				tell(a)
			}()
		}
	}
}

// Partial reports whether the beginning of a TCP connection was not seen.
func (c *Conn) Partial() bool { return c.flags&flagPartial != 0 }

// EachAnalyzer calls f for every analyzer that is on the connection, until it returns
// false.
func (c *Conn) EachAnalyzer(f func(Analyzer) bool) {
	if c.ext == nil {
		return
	}
	for i := range c.ext.analyzers {
		if at := &c.ext.analyzers[i]; !at.off && !f(at.a) {
			return
		}
	}
}
