package logs

import (
	"bytes"
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// sip builds sip.log after Zeek's base/protocols/sip: a row a response, with the last
// request before it. A request that has no final response by the end of the connection has
// a row too. Zeek numbers transactions but never leaves number 0.
type sip struct {
	states[sipState]
	out     schemas.Emitter
	now     func() value.Time
	rec     schemas.SIP
	uidBuf  []byte
	strings [2][]string
}

// The texts of a transaction.
const (
	sipMethod = iota
	sipURI
	sipDate
	sipRequestFrom
	sipRequestTo
	sipResponseFrom
	sipResponseTo
	sipReplyTo
	sipCallID
	sipSeq
	sipSubject
	sipUserAgent
	sipStatusMsg
	sipWarning
	sipContentType
	sipTexts
)

const (
	// maxSIPPath is Zeek's SIP::max_request_path_length and SIP::max_response_path_length.
	maxSIPPath = 100
	// keptSIP is how many bytes the texts of a transaction may take before they count.
	keptSIP = 2048
)

// sipState is the transaction of a connection.
type sipState struct {
	ts                   value.Time
	texts                [sipTexts][]byte
	has                  uint32      // a bit for each text
	paths                [2]textList // values of Via, of the request and of the response
	code                 value.Opt[uint64]
	requestLen, replyLen value.Opt[uint64]
	held                 int
}

// textList is a list of texts.
type textList struct {
	bytes []byte
	ends  []int
}

func (l *textList) add(b []byte) {
	l.bytes = append(l.bytes, b...)
	l.ends = append(l.ends, len(l.bytes))
}

func (l *textList) reset() { l.bytes, l.ends = l.bytes[:0], l.ends[:0] }

// appendTo appends the texts, which are valid until the list changes.
func (l *textList) appendTo(list []string) []string {
	from := 0
	for _, end := range l.ends {
		list = append(list, text(l.bytes[from:end]))
		from = end
	}
	return list
}

// sipMethods are SIP::sip_methods.
var sipMethods = map[string]bool{
	"REGISTER": true, "INVITE": true, "ACK": true, "CANCEL": true,
	"BYE": true, "OPTIONS": true, "NOTIFY": true, "SUBSCRIBE": true,
}

func installSIP(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &sip{out: out, now: o.Now}
	b.init(h, b.ended)
	h.SIP.Request.Listen(func(e *event.SIPRequest) {
		s := b.state(e.Conn)
		s.set(sipMethod, e.Method)
		s.set(sipURI, e.OriginalURI)
		if !sipMethods[string(e.Method)] {
			e.Conn.Weird("unknown_SIP_method", string(e.Method), "")
		}
	})
	h.SIP.Reply.Listen(func(e *event.SIPReply) {
		s := b.state(e.Conn)
		s.code = value.Some(e.Code)
		s.set(sipStatusMsg, e.Reason)
	})
	h.SIP.Header.Listen(func(e *event.SIPHeader) {
		s := b.state(e.Conn)
		if e.IsOrig {
			s.requestHeader(e)
		} else {
			s.replyHeader(e)
		}
		b.account(e.Conn, s)
	})
	h.SIP.EndEntity.Listen(func(e *event.SIPEndEntity) {
		if s := b.state(e.Conn); !e.IsOrig {
			b.replied(e.Conn, s)
		}
	})
}

// state returns the transaction of a connection, which it begins if there is none.
func (b *sip) state(c event.Conn) *sipState {
	s := b.known(c)
	if s == nil {
		s = b.add(c)
		s.reset(b.now())
	}
	return s
}

func (s *sipState) reset(ts value.Time) {
	s.ts, s.has = ts, 0
	s.paths[0].reset()
	s.paths[1].reset()
	s.code, s.requestLen, s.replyLen = value.Opt[uint64]{}, value.Opt[uint64]{}, value.Opt[uint64]{}
}

func (s *sipState) set(i int, b []byte) {
	s.texts[i] = append(s.texts[i][:0], b...)
	s.has |= 1 << i
}

func (s *sipState) text(i int) value.Opt[string] {
	if s.has&(1<<i) == 0 {
		return value.Opt[string]{}
	}
	return value.Some(text(s.texts[i]))
}

func (s *sipState) requestHeader(e *event.SIPHeader) {
	switch string(e.Name) {
	case "CALL-ID":
		s.set(sipCallID, e.Value)
	case "CONTENT-LENGTH", "L":
		s.requestLen = value.Some(sipCount(e.Value))
	case "CSEQ":
		s.set(sipSeq, e.Value)
	case "DATE":
		s.set(sipDate, e.Value)
	case "FROM", "F":
		s.set(sipRequestFrom, beforeParameter(e.Value, "tag="))
	case "REPLY-TO":
		s.set(sipReplyTo, e.Value)
	case "SUBJECT", "S":
		s.set(sipSubject, e.Value)
	case "TO", "T":
		s.set(sipRequestTo, e.Value)
	case "USER-AGENT":
		s.set(sipUserAgent, e.Value)
	case "VIA", "V":
		s.via(e, 0, "sip_max_request_path_length_exceeded")
	}
}

func (s *sipState) replyHeader(e *event.SIPHeader) {
	switch string(e.Name) {
	case "CONTENT-LENGTH", "L":
		s.replyLen = value.Some(sipCount(e.Value))
	case "CONTENT-TYPE", "C":
		s.set(sipContentType, e.Value)
	case "WARNING":
		s.set(sipWarning, e.Value)
	case "FROM", "F":
		s.set(sipResponseFrom, beforeParameter(e.Value, "tag="))
	case "TO", "T":
		s.set(sipResponseTo, e.Value)
	case "VIA", "V":
		s.via(e, 1, "sip_max_response_path_length_exceeded")
	}
}

// via adds a host to the path of a message.
func (s *sipState) via(e *event.SIPHeader, side int, weird string) {
	if p := &s.paths[side]; len(p.ends) < maxSIPPath {
		p.add(beforeParameter(e.Value, "branch"))
	} else {
		e.Conn.Weird(weird, "", "")
	}
}

// beforeParameter returns what precedes the first parameter that begins with name.
func beforeParameter(b []byte, name string) []byte {
	for i := 0; ; i++ {
		n := bytes.IndexByte(b[i:], ';')
		if n < 0 {
			return b
		}
		i += n
		rest := b[i+1:]
		if len(rest) > 0 && rest[0] == ' ' {
			rest = rest[1:]
		}
		if bytes.HasPrefix(rest, []byte(name)) || bytes.HasPrefix(b[i+1:], []byte(name)) {
			return b[:i]
		}
	}
}

// sipCount converts a number as Zeek's to_count does: anything else counts 0.
func sipCount(b []byte) uint64 {
	n, err := strconv.ParseUint(string(bytes.TrimLeft(b, " \t")), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// account counts what the texts take, if that is much.
func (b *sip) account(c event.Conn, s *sipState) {
	n := 0
	for i := range s.texts {
		n += cap(s.texts[i])
	}
	for i := range s.paths {
		n += cap(s.paths[i].bytes) + 8*cap(s.paths[i].ends)
	}
	if n > keptSIP && n != s.held {
		b.hold(c, n-s.held)
		s.held = n
	}
}

// replied writes the row of a response. A final one ends the transaction.
func (b *sip) replied(c event.Conn, s *sipState) {
	b.write(c, s)
	if s.code.V < 100 || s.code.V >= 200 || s.has&(1<<sipMethod) == 0 {
		b.forget(c, s)
		b.drop(c, s)
	}
}

// ended writes the row of a request without a final response.
func (b *sip) ended(c event.Conn, s *sipState) {
	b.write(c, s)
	b.forget(c, s)
}

// forget frees the texts of a transaction that are large.
func (b *sip) forget(c event.Conn, s *sipState) {
	if s.held == 0 {
		return
	}
	b.hold(c, -s.held)
	*s = sipState{}
}

func (b *sip) write(c event.Conn, s *sipState) {
	id, uid := c.ID(), c.UID()
	b.uidBuf = uid.Append(b.uidBuf[:0])
	for i := range b.strings {
		b.strings[i] = s.paths[i].appendTo(b.strings[i][:0])
		if b.strings[i] == nil {
			b.strings[i] = []string{}
		}
	}
	b.rec = schemas.SIP{
		TS: s.ts, UID: text(b.uidBuf), ID: Endpoints(&id),
		Method: s.text(sipMethod), URI: s.text(sipURI), Date: s.text(sipDate),
		RequestFrom: s.text(sipRequestFrom), RequestTo: s.text(sipRequestTo),
		ResponseFrom: s.text(sipResponseFrom), ResponseTo: s.text(sipResponseTo),
		ReplyTo: s.text(sipReplyTo), CallID: s.text(sipCallID), Seq: s.text(sipSeq), Subject: s.text(sipSubject),
		RequestPath: b.strings[0], ResponsePath: b.strings[1],
		UserAgent: s.text(sipUserAgent), StatusCode: s.code, StatusMsg: s.text(sipStatusMsg), Warning: s.text(sipWarning),
		RequestBodyLen: s.requestLen, ResponseBodyLen: s.replyLen, ContentType: s.text(sipContentType),
	}
	b.out.Emit(&b.rec)
}
