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

// A SideCloser is an Analyzer that wants to know of every FIN or RST that ends a side of its
// TCP connection, whether the bytes before it are there or not. Analyzers of inner streams
// are not told.
type SideCloser interface{ SideClosed() }

func (t *Table) analyzersSideClosed(c *Conn) { tellAnalyzers(t, c, SideCloser.SideClosed) }

func (t *Table) analyzersFinished(c *Conn, half bool) {
	tellAnalyzers(t, c, func(a Closer) { a.Finished(half) })
}

func (t *Table) analyzersReset(c *Conn) { tellAnalyzers(t, c, Closer.Reset) }

// tellAnalyzers calls tell for the analyzers of c that are an A.
func tellAnalyzers[A any](t *Table, c *Conn, tell func(A)) {
	if c.ext == nil {
		return
	}
	for i := range c.ext.analyzers {
		at := &c.ext.analyzers[i]
		if a, ok := at.a.(A); ok && !at.off && !at.inner {
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
