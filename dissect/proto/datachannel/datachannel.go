// Package datachannel analyzes connections that carry one file and nothing else, and
// that another connection has announced: those for data of FTP, and those for files that
// IRC users send to each other (DCC). It follows Zeek's file analyzer
// (src/analyzer/protocol/file).
//
// Only connections between the hosts of the announcing one are recognized. What other
// hosts send may be in the hands of another shard, and the result must not depend on the
// number of shards.
package datachannel

import (
	"encoding/binary"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

const (
	// prefixSize is how much of the contents file_transferred is raised with.
	prefixSize = 1024
	// lifetime is how long an announced connection is waited for.
	lifetime = 300 * value.Second
	unknown  = "<unknown>"
)

// Kind is a protocol's kind of data connections.
type Kind struct {
	Name    string // Zeek's name of the analyzer, such as "FTP_DATA"
	Service string // name in conn.log's service column
	Limit   int    // of connections that are waited for
	// Acknowledged tells that the originator sends nothing but acknowledgements of four
	// bytes; BadAck is the weird if it does not.
	Acknowledged bool
	BadAck       string
	// Always tells that the file is looked at even if its connection is not expected
	// any more.
	Always bool
	// Reused tells that a connection whose ports are used for another one, before it was
	// forgotten, leaves it what was announced: clients may have one port for all data.
	Reused bool
}

// Channels are the data connections of one kind on one shard.
type Channels struct {
	kind     Kind
	hooks    *event.FileEvents
	files    *files.Manager
	protocol conn.Protocol
	free     freelist.List[analyzer]
	handle   []byte
}

// New makes the Channels of a shard, whose events are raised on h and whose files are
// given to fm.
func New(h *event.Hooks, fm *files.Manager, k Kind) *Channels {
	ch := &Channels{kind: k, hooks: &h.File, files: fm}
	ch.protocol = conn.Protocol{Name: k.Name, New: ch.new}
	if k.Reused {
		h.Conn.ConnectionReused.Listen(ch.connectionReused)
	}
	return ch
}

// connectionReused is told of connections that end because their ports are used again.
func (ch *Channels) connectionReused(e *event.ConnectionReused) {
	if c, ok := e.Conn.(*conn.Conn); ok {
		c.EachAnalyzer(func(x conn.Analyzer) bool {
			if a, ok := x.(*analyzer); ok && a.ch == ch {
				a.reused = true
			}
			return true
		})
	}
}

// Control is the end of a control connection that announces others. Its Conn is to be
// set to nil when the connection is over.
type Control struct{ Conn *conn.Conn }

// Expect announces a connection to port of the originator of c's connection, if toOrig
// is set, and of the responder otherwise, from the other one. It reports whether there
// is room for it.
func (ch *Channels) Expect(u conn.Use, c *Control, toOrig bool, port uint16) bool {
	return u.Expect(toOrig, port, conn.Expectation{
		Protocol: &ch.protocol, Owner: c, Lifetime: lifetime, Limit: ch.kind.Limit,
	})
}

// analyzer follows one data connection. Sides are 0 for the originator, 1 for the
// responder.
type analyzer struct {
	ch *Channels
	conn.Use
	prefix []byte
	told   bool // of prefix
	reused bool // the connection's ports are used again
	side   [2]side
	acked  uint64 // bytes of acknowledgements
}

type side struct {
	carrier files.Carrier
	file    files.ID
	pos     uint64
}

func (ch *Channels) new(u conn.Use) conn.Analyzer {
	a := ch.free.Get()
	if a.prefix == nil {
		a.prefix = make([]byte, 0, prefixSize)
	}
	*a = analyzer{ch: ch, Use: u, prefix: a.prefix[:0]}
	for i := range a.side {
		a.side[i].carrier = files.Carrier{Source: ch.kind.Name, Conn: u.Conn(), IsOrig: i == 0}
	}
	control, ok := u.Expected().(*Control)
	if !ok {
		return a
	}
	u.AddService(ch.kind.Service)
	if e := ch.hooks.DataConnection.Begin(); e != nil {
		*e = event.DataConnection{Conn: u.Conn(), Source: ch.kind.Name}
		if control.Conn != nil {
			e.Control = control.Conn
		}
		ch.hooks.DataConnection.Raise(e)
	}
	return a
}

func (a *analyzer) of(isOrig bool) *side {
	if isOrig {
		return &a.side[0]
	}
	return &a.side[1]
}

// Data takes the next bytes of the file.
func (a *analyzer) Data(isOrig bool, b []byte) {
	if isOrig && a.ch.kind.Acknowledged {
		a.acked += uint64(len(b))
		return
	}
	if n := min(len(b), prefixSize-len(a.prefix)); n > 0 {
		a.prefix = append(a.prefix, b[:n]...)
		if len(a.prefix) == prefixSize {
			a.transferred()
		}
	}
	s := a.of(isOrig)
	s.file = a.ch.files.Data(a.id(s), &s.carrier, b)
	s.pos += uint64(len(b))
}

// Gap tells of missing bytes. Zeek counts from the SYN.
func (a *analyzer) Gap(isOrig bool, n uint64) {
	if isOrig && a.ch.kind.Acknowledged {
		a.acked += n
		return
	}
	s := a.of(isOrig)
	s.file = a.ch.files.Gap(a.id(s), &s.carrier, s.pos+1, n)
	s.pos += n
}

// id is the identity of what a side sends, zero if nobody expects it.
func (a *analyzer) id(s *side) files.ID {
	if !s.file.IsZero() {
		return s.file
	}
	if !a.ch.kind.Always && a.Expected() == nil {
		return files.ID{}
	}
	uid := a.Conn().UID()
	h := uid.Append(append(a.ch.handle[:0], a.ch.kind.Name...))
	h = binary.BigEndian.AppendUint64(h, uint64(a.Conn().Start()))
	if s.carrier.IsOrig {
		h = append(h, 1)
	}
	a.ch.handle = h
	return a.ch.files.ID(a.Conn(), h)
}

// transferred raises file_transferred, once.
func (a *analyzer) transferred() {
	a.told = true
	e := a.ch.hooks.Transferred.Begin()
	if e == nil {
		return
	}
	*e = event.FileTransferred{Conn: a.Conn(), Prefix: a.prefix, Descr: unknown, MIMEType: unknown}
	if m := a.ch.files.MIMEType(a.prefix); m != "" {
		e.MIMEType = m
	}
	a.ch.hooks.Transferred.Raise(e)
}

// End waits for the end of the connection.
func (a *analyzer) End(bool) {}

// Done ends the files.
func (a *analyzer) Done() {
	if a.acked%4 != 0 {
		a.Weird(a.ch.kind.BadAck, "", a.ch.kind.Name)
	}
	if len(a.prefix) > 0 && !a.told {
		a.transferred()
	}
	for i := range a.side {
		if s := &a.side[i]; !s.file.IsZero() {
			a.ch.files.End(s.file)
		}
	}
	if !a.reused {
		a.Unexpect()
	}
	a.ch.free.Put(a)
}

// Flip follows the connection's change of roles.
func (a *analyzer) Flip() {
	a.side[0], a.side[1] = a.side[1], a.side[0]
}
