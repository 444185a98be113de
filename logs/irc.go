package logs

import (
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// irc builds irc.log after Zeek's base/protocols/irc: a row for each NICK, USER and JOIN of
// a client, and for each file that was sent directly, when its beginning has been seen.
type irc struct {
	out      schemas.Emitter
	now      func() value.Time
	slot     event.Slot     // session of a connection
	dataSlot event.Slot     // session that offered the file of a data connection
	fileSlot event.FileSlot // and of a file

	rec    schemas.IRC
	uidBuf []byte
}

// ircSession is the row of a connection; most columns persist between commands. It is not
// pooled, because files may refer to it later.
type ircSession struct {
	rec  schemas.IRC
	id   event.ConnID
	uid  value.UID
	held int // bytes of names on the connection's account
}

func installIRC(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &irc{out: out, now: o.Now, slot: h.NewSlot(), dataSlot: h.NewSlot(), fileSlot: h.NewFileSlot()}
	h.OnEnd(b.slot, func(c event.Conn) {
		if s, ok := c.Slot(b.slot).(*ircSession); ok {
			c.Hold(b.slot, -s.held)
			c.SetSlot(b.slot, nil)
		}
	})
	h.IRC.NickMessage.Listen(func(e *event.IRCNickMessage) {
		if s := b.session(e.Conn); e.IsOrig {
			nick := string(e.NewNick)
			s.rec.Command, s.rec.Value = value.Some("NICK"), value.Some(nick)
			b.write(s)
			s.rec.Nick = value.Some(nick)
			b.account(e.Conn, s)
		}
	})
	h.IRC.UserMessage.Listen(func(e *event.IRCUserMessage) {
		if s := b.session(e.Conn); e.IsOrig {
			user := string(e.User)
			s.rec.Command, s.rec.Value = value.Some("USER"), value.Some(user)
			s.rec.Addl = value.Some(string(e.Host) + " " + string(e.Server) + " " + string(e.RealName))
			b.write(s)
			s.rec.User = value.Some(user)
			b.account(e.Conn, s)
		}
	})
	h.IRC.JoinMessage.Listen(func(e *event.IRCJoinMessage) {
		s := b.session(e.Conn)
		if !e.IsOrig {
			return
		}
		s.rec.Command = value.Some("JOIN")
		for i := range e.InfoList {
			l := &e.InfoList[i]
			s.rec.Value, s.rec.Addl = value.Some(string(l.Channel)), value.Some("")
			if len(l.Password) > 0 {
				s.rec.Addl.V = " with channel key: '" + string(l.Password) + "'"
			}
			b.write(s)
		}
		b.account(e.Conn, s)
	})
	h.IRC.DCCMessage.Listen(func(e *event.IRCDCCMessage) {
		if s := b.session(e.Conn); string(e.DCCType) == "SEND" {
			s.rec.DCCFileName, s.rec.DCCFileSize = value.Some(string(e.Argument)), value.Some(e.Size)
			b.account(e.Conn, s)
		}
	})
	h.File.DataConnection.Listen(func(e *event.DataConnection) {
		if e.Source != "IRC_DATA" || e.Control == nil {
			return
		}
		if s, ok := e.Control.Slot(b.slot).(*ircSession); ok {
			e.Conn.SetSlot(b.dataSlot, s)
		}
	})
	h.File.OverNewConnection.Listen(b.file)
	h.File.Sniff.Listen(b.sniff)
}

func (b *irc) session(c event.Conn) *ircSession {
	s, _ := c.Slot(b.slot).(*ircSession)
	if s == nil {
		s = &ircSession{id: c.ID(), uid: c.UID()}
		c.SetSlot(b.slot, s)
	}
	s.rec.TS = b.now()
	return s
}

// account counts the names that the client determines the length of.
func (b *irc) account(c event.Conn, s *ircSession) {
	r := &s.rec
	n := max(0, len(r.Nick.V)+len(r.User.V)+len(r.Value.V)+len(r.Addl.V)+len(r.DCCFileName.V)-smallState)
	if n != s.held {
		c.Hold(b.slot, n-s.held)
		s.held = n
	}
}

func (b *irc) write(s *ircSession) {
	b.uidBuf = s.uid.Append(b.uidBuf[:0])
	b.rec = s.rec
	b.rec.UID, b.rec.ID = text(b.uidBuf), Endpoints(&s.id)
	b.out.Emit(&b.rec)
}

func (b *irc) file(e *event.FileOverNewConnection) {
	s, ok := e.Conn.Slot(b.dataSlot).(*ircSession)
	if !ok {
		return
	}
	fuid := e.File.FUID()
	s.rec.FUID = value.Some(fuid.String())
	if s.rec.DCCFileName.OK {
		e.File.SetFilename([]byte(s.rec.DCCFileName.V))
	}
	e.File.SetSlot(b.fileSlot, s)
}

// sniff writes the row of a file.
func (b *irc) sniff(e *event.FileSniff) {
	s, ok := e.File.Slot(b.fileSlot).(*ircSession)
	if !ok {
		return
	}
	if e.Meta.MIMEType.OK {
		s.rec.DCCMIMEType = value.Some(e.Meta.MIMEType.V)
	}
	command := s.rec.Command
	s.rec.Command = value.Some("DCC")
	b.write(s)
	if command.OK && command.V != "" {
		s.rec.Command = command
	}
	// Another file may follow.
	s.rec.DCCFileName, s.rec.DCCMIMEType = value.Opt[string]{}, value.Opt[string]{}
	s.rec.DCCFileSize = value.Opt[uint64]{}
}
