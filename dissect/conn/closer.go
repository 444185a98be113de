package conn

// A Closer is an Analyzer that needs to know how its TCP connection ends. End reports
// that the bytes of a side are complete; Finished and Reset report that there will be
// no more, complete or not. They are not called for analyzers of inner streams.
type Closer interface {
	// Finished reports that both sides have closed the connection or, if half is set,
	// one whose peer was never seen.
	Finished(half bool)
	// Reset reports a segment with RST. It may be called more than once.
	Reset()
}

// A SideCloser is an Analyzer that needs to know of every FIN or RST that ends a side
// of its TCP connection, even if bytes before it are missing. SideClosed is not called
// for analyzers of inner streams.
type SideCloser interface{ SideClosed() }

func (t *Table) analyzersSideClosed(c *Conn) { tellAnalyzers(t, c, SideCloser.SideClosed) }

func (t *Table) analyzersFinished(c *Conn, half bool) {
	tellAnalyzers(t, c, func(a Closer) { a.Finished(half) })
}

func (t *Table) analyzersReset(c *Conn) { tellAnalyzers(t, c, Closer.Reset) }

// tellAnalyzers calls tell for each analyzer of c that implements A.
func tellAnalyzers[A any](t *Table, c *Conn, tell func(A)) {
	if c.ext == nil {
		return
	}
	for i := range c.ext.analyzers {
		at := &c.ext.analyzers[i]
		if a, ok := at.a.(A); ok && !at.off && at.fedBy == byTable {
			func() {
				defer t.contain(c, i)
				tell(a)
			}()
		}
	}
}

// Partial reports whether the beginning of a TCP connection is missing from the
// capture.
func (c *Conn) Partial() bool { return c.flags&flagPartial != 0 }

// EachAnalyzer calls f for every analyzer of the connection that was not taken off,
// until f returns false.
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
