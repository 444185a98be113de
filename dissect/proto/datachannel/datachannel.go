// Package datachannel analyzes connections that another connection has announced and that
// carry a single file: FTP data connections and file transfers between IRC users (DCC).
// It follows Zeek's file analyzer
// (src/analyzer/protocol/file).
//
// Only connections between the hosts of the announcing one are recognized. Those of other
// hosts may belong to another shard, and the result must not depend on the number of
// shards.
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
	// prefixSize is the number of leading bytes in FileTransferred.
	prefixSize = 1024
	// lifetime is how long an announcement is valid.
	lifetime = 300 * value.Second
	unknown  = "<unknown>"
)

// Kind is a protocol's kind of data connections.
type Kind struct {
	Name    string // Zeek's name of the analyzer, such as "FTP_DATA"
	Service string // name in conn.log's service column
	Limit   int    // of outstanding announcements
	// Acknowledged is set if the originator sends only four-byte acknowledgements;
	// BadAck is the weird for anything else.
	Acknowledged bool
	BadAck       string
	// Always has the file analyzed even after the announcement has expired.
	Always bool
	// Reused keeps the announcement for a connection that reuses the ports of one still in
	// the table: clients may use one port for all data.
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

// New returns a shard's Channels of kind k, which raise events on h and pass files to fm.
func New(h *event.Hooks, fm *files.Manager, k Kind) *Channels {
	ch := &Channels{kind: k, hooks: &h.File, files: fm}
	ch.protocol = conn.Protocol{Name: k.Name, New: ch.new, Size: freelist.Size[analyzer]() + prefixSize}
	if k.Reused {
		h.Conn.ConnectionReused.Listen(ch.connectionReused)
	}
	return ch
}

// connectionReused marks a data connection whose ports are reused.
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

// Control is the handle of a control connection. Its owner sets Conn to nil when the
// connection ends.
type Control struct{ Conn *conn.Conn }

// Expect announces a connection to port of the originator of c's connection if toOrig is
// set, of its responder otherwise, from the other host. It reports whether the limit
// allows it.
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
	told   bool // FileTransferred has been raised
	reused bool // another connection reuses the ports
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

// Gap takes missing bytes. As in Zeek, offsets count from the SYN.
func (a *analyzer) Gap(isOrig bool, n uint64) {
	if isOrig && a.ch.kind.Acknowledged {
		a.acked += n
		return
	}
	s := a.of(isOrig)
	s.file = a.ch.files.Gap(a.id(s), &s.carrier, s.pos+1, n)
	s.pos += n
}

// id returns the file that a side sends, or the zero ID if it is not expected.
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

// transferred raises FileTransferred.
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

// End does nothing: files end with the connection.
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

// Flip swaps the sides with the connection's roles.
func (a *analyzer) Flip() {
	a.side[0], a.side[1] = a.side[1], a.side[0]
}
