package logs

import (
	"bytes"
	"net/netip"
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// smtp builds smtp.log after Zeek's base/protocols/smtp: a row a message, when the server
// answers its end, when the next one begins, or when the connection ends.
type smtp struct {
	states[smtpState]
	out    schemas.Emitter
	now    func() value.Time
	limits rowLimits
	rec    schemas.SMTP
	uidBuf []byte
	buf    []byte
	addrs  []byte
	fuids  []string
}

// Limits of a message (SMTP::max_rcptto_addresses and the like).
const (
	maxMailAddrs = 1000
	maxMailPath  = 1000
	maxMailFiles = 1000
)

// Text columns of a message.
const (
	smtpMailFrom = iota
	smtpDate
	smtpFrom
	smtpReplyTo
	smtpMsgID
	smtpInReplyTo
	smtpSubject
	smtpFirstReceived
	smtpSecondReceived
	smtpLastReply
	smtpUserAgent
	smtpFilename // of the current part
	numSMTPTexts
)

// smtpState is the state of a connection and its current message.
type smtpState struct {
	helo     []byte
	hasHelo  bool
	messages uint64 // answered so far
	depth    uint64 // parts of messages so far
	last     bool   // the last chunk of the message has been announced

	texts [numSMTPTexts][]byte
	rcpt  textSet
	to    textSet
	cc    textSet
	path  []netip.Addr
	fuids []value.UID
	held  int // bytes of the texts and sets on the connection's account
	smtpMessage
}

// account counts what the texts and sets have grown by, if that is much.
func (b *smtp) account(c event.Conn, s *smtpState) {
	n := cap(s.helo)
	for i := range s.texts {
		n += cap(s.texts[i])
	}
	n += cap(s.rcpt.bytes) + cap(s.to.bytes) + cap(s.cc.bytes) + 9*(cap(s.rcpt.ends)+cap(s.to.ends)+cap(s.cc.ends)) + cap(s.path)*24
	if n > s.held+2*smallState || n < s.held {
		b.hold(c, n-s.held)
		s.held = n
	}
}

// smtpMessage is the part of the state that is reset for each message.
type smtpMessage struct {
	ts          value.Time
	has         uint16 // one bit a text
	originating value.Opt[netip.Addr]
	tls         bool
	active      bool // the client has sent something that is not logged
	entity      bool // inside a part
	entities    int
}

func installSMTP(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &smtp{out: out, now: o.Now, limits: rowLimits{hooks: h, log: "SMTP::LOG"}}
	b.init(h, b.ended)
	h.Analyzer.ConfirmationInfo.Listen(func(e *event.AnalyzerConfirmationInfo) {
		if e.AType == "Analyzer::ANALYZER_SMTP" {
			b.state(e.Conn)
		}
	})
	h.SMTP.Request.Listen(b.request)
	h.SMTP.Reply.Listen(b.reply)
	h.SMTP.StartTLS.Listen(b.startTLS)
	h.MIME.BeginEntity.Listen(b.beginEntity)
	h.MIME.EndEntity.Listen(b.endEntity)
	h.MIME.OneHeader.Listen(b.header)
	h.File.OverNewConnection.Listen(b.file)
}

func (b *smtp) state(c event.Conn) *smtpState {
	s := b.known(c)
	if s != nil {
		return s
	}
	s = b.add(c)
	s.helo, s.hasHelo, s.messages, s.depth, s.last = s.helo[:0], false, 0, 0, false
	b.begin(c, s)
	return s
}

// begin begins a message.
func (b *smtp) begin(c event.Conn, s *smtpState) {
	s.smtpMessage = smtpMessage{ts: b.now()}
	s.rcpt.reset()
	s.to.reset()
	s.cc.reset()
	id := c.ID()
	s.path = append(s.path[:0], id.RespH, id.OrigH)
	s.fuids = s.fuids[:0]
	b.account(c, s)
}

func (s *smtpState) set(which int, v []byte) {
	s.texts[which] = append(s.texts[which][:0], v[:min(len(v), maxFieldBytes+1)]...)
	s.has |= 1 << which
}

func (s *smtpState) isSet(which int) bool { return s.has&(1<<which) != 0 }

func (b *smtp) request(e *event.SMTPRequest) {
	s := b.state(e.Conn)
	switch string(e.Command) {
	case "HELO", "EHLO":
		s.helo = append(s.helo[:0], e.Arg[:min(len(e.Arg), maxFieldBytes+1)]...)
		s.hasHelo = true
	case "RCPT":
		if !hasPrefixFold(e.Arg, "to:") {
			return
		}
		s.rcpt.is, s.active = true, true
		full := false
		b.addrs = emailAddrs(b.addrs, e.Arg, func(addr []byte) bool {
			b.buf = appendWithout(b.buf[:0], addr, "ORCPT=rfc822")
			full = !s.rcpt.add(b.buf, maxMailAddrs)
			return !full
		})
		b.account(e.Conn, s)
		if full {
			e.Conn.Weird("smtp_too_many_rcptto_addresses", "", "")
		}
	case "MAIL":
		if !hasPrefixFold(e.Arg, "from:") {
			return
		}
		b.flush(e.Conn, s) // the server's answer to the previous message was missed
		b.addrs = emailAddrs(b.addrs, e.Arg, func(addr []byte) bool {
			if len(addr) > 0 {
				s.set(smtpMailFrom, addr)
			}
			return false
		})
		s.active = true
	case "BDAT":
		if bytes.HasSuffix(e.Arg, []byte(" LAST")) {
			s.last = true
		}
	}
}

func hasPrefixFold(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && bytes.EqualFold(b[:len(prefix)], []byte(prefix))
}

// appendWithout appends b, with what and a semicolon after it removed.
func appendWithout(dst, b []byte, what string) []byte {
	for {
		i := bytes.Index(b, []byte(what))
		if i < 0 {
			return append(dst, b...)
		}
		dst = append(dst, b[:i]...)
		if b = b[i+len(what):]; len(b) > 0 && b[0] == ';' {
			b = b[1:]
		}
	}
}

func (b *smtp) reply(e *event.SMTPReply) {
	s := b.state(e.Conn)
	b.buf = strconv.AppendUint(b.buf[:0], e.Code, 10)
	b.buf = append(append(b.buf, ' '), e.Msg[:min(len(e.Msg), maxFieldBytes+1)]...)
	s.set(smtpLastReply, b.buf)
	if e.Cmd == "." || e.Cmd == "BDAT" && !e.ContResp && s.last {
		s.last = false
		b.write(e.Conn, s)
		s.messages++
		b.begin(e.Conn, s)
	}
}

func (b *smtp) startTLS(e *event.SMTPStartTLS) {
	if s := b.known(e.Conn); s != nil {
		s.tls, s.active = true, true
	}
}

func (b *smtp) beginEntity(e *event.MIMEBeginEntity) {
	if s := b.known(e.Conn); s != nil {
		s.entity = true
		s.has &^= 1 << smtpFilename
		s.depth++
		s.entities++
	}
}

func (b *smtp) endEntity(e *event.MIMEEndEntity) {
	if s := b.known(e.Conn); s != nil {
		s.entity = false
		s.has &^= 1 << smtpFilename
	}
}

// file adds a file to its message.
func (b *smtp) file(e *event.FileOverNewConnection) {
	s := b.known(e.Conn)
	if s == nil {
		return
	}
	if e.File.Source() == "SMTP" {
		if s.isSet(smtpFilename) {
			e.File.SetFilename(s.texts[smtpFilename])
		}
		e.File.SetDepth(s.depth)
	}
	if !s.tls && len(s.fuids) < maxMailFiles {
		s.fuids = append(s.fuids, e.File.FUID())
	}
}

func (b *smtp) header(e *event.MIMEOneHeader) {
	s := b.known(e.Conn)
	if s == nil {
		return
	}
	name := string(e.H.Name)
	if s.entities <= 1 {
		b.mailHeader(e.Conn, s, name, e.H.Value)
		b.account(e.Conn, s)
	}
	switch {
	case !s.entity:
		e.Conn.Weird("missing_SMTP_entity", "", "SMTP")
	case name == "CONTENT-DISPOSITION":
		if lastParameter(e.H.Value, "filename", true) >= 0 {
			b.setFilename(s, e.H.Value)
		}
	case name == "CONTENT-TYPE":
		if lastParameter(e.H.Value, "name", false) >= 0 {
			b.setFilename(s, e.H.Value)
		}
	}
}

func (b *smtp) setFilename(s *smtpState, value []byte) {
	b.buf = appendFilename(b.buf[:0], value)
	s.set(smtpFilename, b.buf)
}

// mailHeader handles a header of the message itself.
func (b *smtp) mailHeader(c event.Conn, s *smtpState, name string, text []byte) {
	switch name {
	case "MESSAGE-ID":
		s.set(smtpMsgID, text)
	case "RECEIVED":
		if s.isSet(smtpFirstReceived) {
			s.set(smtpSecondReceived, s.texts[smtpFirstReceived])
		}
		s.set(smtpFirstReceived, text)
		s.received(c, text)
	case "IN-REPLY-TO":
		s.set(smtpInReplyTo, text)
	case "SUBJECT":
		s.set(smtpSubject, text)
	case "FROM":
		s.set(smtpFrom, text)
	case "REPLY-TO":
		s.set(smtpReplyTo, text)
	case "DATE":
		s.set(smtpDate, text)
	case "TO":
		if !s.to.addAddrs(text) {
			c.Weird("smtp_too_many_to_addresses", "", "")
		}
	case "CC":
		if !s.cc.addAddrs(text) {
			c.Weird("smtp_too_many_cc_addresses", "", "")
		}
	case "X-ORIGINATING-IP":
		ipAddrs(text, false, func(a netip.Addr) bool {
			s.originating = value.Some(a)
			return false
		})
	case "X-MAILER", "USER-AGENT", "X-USER-AGENT":
		s.set(smtpUserAgent, text)
	}
}

// addAddrs adds the addresses of a header. It reports false if there are too many.
func (t *textSet) addAddrs(value []byte) bool {
	t.is = true
	ok := true
	mimeAddrs(value, func(addr []byte) bool {
		ok = t.add(addr, maxMailAddrs)
		return ok
	})
	return ok
}

// received adds the host of a Received header to the path: the second of its addresses,
// or the only one.
func (s *smtpState) received(c event.Conn, value []byte) {
	var ip netip.Addr
	n := 0
	ipAddrs(value, true, func(a netip.Addr) bool {
		ip = a
		n++
		return n < 2
	})
	switch {
	case n == 0 || s.path[len(s.path)-1] == ip:
	case len(s.path) >= maxMailPath:
		c.Weird("smtp_max_path_length_exceeded", "", "")
	default:
		s.path = append(s.path, ip)
	}
}

// flush writes the current message, if any, and begins the next.
func (b *smtp) flush(c event.Conn, s *smtpState) {
	if s.active {
		b.write(c, s)
		b.begin(c, s)
	}
}

func (b *smtp) ended(c event.Conn, s *smtpState) {
	b.write(c, s)
	b.hold(c, -s.held)
	s.held = 0
	for i := range s.texts {
		if cap(s.texts[i]) > keptHTTPField {
			s.texts[i] = nil
		}
	}
}

// write writes the current message, if the client has begun one.
func (b *smtp) write(c event.Conn, s *smtpState) {
	if !s.active {
		return
	}
	id, uid := c.ID(), c.UID()
	b.uidBuf = uid.Append(b.uidBuf[:0])
	l := &b.limits
	l.begin(b.uidBuf)
	column := func(which int) value.Opt[string] {
		if !s.isSet(which) {
			return value.Opt[string]{}
		}
		return value.Some(l.text(s.texts[which]))
	}
	r := &b.rec
	*r = schemas.SMTP{TS: s.ts, UID: text(b.uidBuf), ID: Endpoints(&id), TransDepth: s.messages + 1}
	if s.hasHelo {
		r.Helo = value.Some(l.text(s.helo))
	}
	r.MailFrom = column(smtpMailFrom)
	r.RcptTo = s.rcpt.column(l)
	r.Date, r.From = column(smtpDate), column(smtpFrom)
	r.To, r.CC = s.to.column(l), s.cc.column(l)
	r.ReplyTo, r.MsgID = column(smtpReplyTo), column(smtpMsgID)
	r.InReplyTo, r.Subject = column(smtpInReplyTo), column(smtpSubject)
	r.XOriginatingIP = s.originating
	r.FirstReceived, r.SecondReceived = column(smtpFirstReceived), column(smtpSecondReceived)
	r.LastReply = column(smtpLastReply)
	r.Path = s.path[:l.container(len(s.path))]
	r.UserAgent, r.TLS = column(smtpUserAgent), s.tls
	b.files(s)
	r.FUIDs = b.fuids
	b.out.Emit(r)
}

func (b *smtp) files(s *smtpState) {
	b.fuids = b.fuids[:0]
	if b.fuids == nil {
		b.fuids = []string{}
	}
	for i := range s.fuids[:b.limits.container(len(s.fuids))] {
		start := len(b.uidBuf)
		b.uidBuf = s.fuids[i].Append(b.uidBuf)
		b.fuids = append(b.fuids, b.limits.text(b.uidBuf[start:]))
	}
}
