// Package irc analyzes Internet Relay Chat (RFC 1459, RFC 2812, RFC 2813): commands and
// replies, the change to TLS after STARTTLS, and the files that users send to each other
// (DCC). It follows Zeek's src/analyzer/protocol/irc and base/protocols/irc.
//
// As in Zeek, compressed connections between servers are not analyzed.
package irc

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/wirelog/wirelog/dissect/codec/ascii"
	"github.com/wirelog/wirelog/dissect/codec/contentline"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/dissect/proto/datachannel"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

const (
	source = "IRC"

	// maxLine is the longest valid line (RFC 2812 section 2.3). Lines are cut at cutLine,
	// as in Zeek.
	maxLine = 512
	cutLine = 1000
	// minLine is the length of the shortest command.
	minLine = 3
	// maxCommand bounds the length of a command; maxInvalid is the number of longer
	// ones tolerated.
	maxCommand = 20
	maxInvalid = 20
)

// commands are the client commands that confirm the protocol.
var commands = func() map[string]bool {
	m := make(map[string]bool)
	for _, c := range []string{
		"ADMIN", "AWAY", "CNOTICE", "CPRIVMSG", "CONNECT", "DIE", "ENCAP", "ERROR", "INFO", "INVITE", "ISON", "JOIN",
		"KICK", "KILL", "KNOCK", "LINKS", "LIST", "LUSERS", "MODE", "MOTD", "NAMES", "NICK", "NOTICE", "OPER", "PART",
		"PASS", "PING", "PONG", "PRIVMSG", "QUIT", "REHASH", "RULES", "SERVER", "SERVICE", "SERVLIST", "SETNAME",
		"SILENCE", "SQUERY", "SQUIT", "STATS", "SUMMON", "TIME", "TOPIC", "TRACE", "USER", "USERHOST", "USERS",
		"VERSION", "WALLOPS", "WHO", "WHOIS", "WHOWAS", "STARTTLS",
	} {
		m[c] = true
	}
	return m
}()

// Options are limits.
type Options struct {
	Transfers int `key:"limits.irc_max_dcc_expected_transfers" unit:"count" per:"run" min:"1" doc:"announced IRC file transfers waited for, in all (IRC::max_dcc_expected_transfers)"`
}

// DefaultOptions returns Zeek's limits.
func DefaultOptions() Options { return Options{Transfers: 5000} }

// New returns the protocol for the detector. Its analyzers raise events on h and pass
// files to fm; ssl analyzes what follows STARTTLS.
func New(h *event.Hooks, fm *files.Manager, ssl *conn.Protocol, o Options) *detect.Protocol {
	f := &factory{hooks: &h.IRC, ssl: ssl}
	f.data = datachannel.New(h, fm, datachannel.Kind{
		Name: "IRC_DATA", Service: "irc-dcc-data", Limit: o.Transfers,
		Acknowledged: true, BadAck: "irc_invalid_dcc_send_ack", Always: true,
	})
	p := &detect.Protocol{
		Transport:  value.ProtoTCP,
		Ports:      []uint16{6666, 6667, 6668, 6669},
		Signatures: signatures,
	}
	p.Protocol = conn.Protocol{Name: source, Service: "irc", New: f.new, Size: freelist.Size[analyzer]() + 512}
	return p
}

// factory makes a shard's analyzers and reuses finished ones.
type factory struct {
	hooks *event.IRCEvents
	ssl   *conn.Protocol
	data  *datachannel.Channels
	free  freelist.List[analyzer]

	upper []byte
	words [][]byte
	list  [][]byte
	joins []event.IRCJoinInfo
	text  []byte
}

func (f *factory) new(u conn.Use) conn.Analyzer {
	a := f.free.Get()
	*a = analyzer{f: f, Use: u, lines: a.lines}
	a.lines.Reset(a, nil, cutLine)
	return a
}

// analyzer follows one connection. Sides are 0 for the originator, 1 for the responder.
type analyzer struct {
	f *factory
	conn.Use

	lines   contentline.Pair
	control *datachannel.Control // once a file was offered

	confirmed bool
	tls       conn.Handover
	invalid   int
}

// Plain does nothing: all bytes are in lines.
func (a *analyzer) Plain(bool, []byte) {}

// LineWeird takes a weird about lines.
func (a *analyzer) LineWeird(name string) {
	if name == contentline.WeirdTooLong {
		a.Limited(source, "line_size")
	}
	a.Weird(name, "", contentline.Source)
}

// Data takes the next bytes of a side.
func (a *analyzer) Data(isOrig bool, b []byte) {
	if a.tls.On() {
		a.tls.Data(isOrig, b)
		return
	}
	a.lines.Side(isOrig).Deliver(b)
	a.tls.Flush()
}

// Gap matters only to TLS. As in Zeek, a line simply continues after missing bytes.
func (a *analyzer) Gap(isOrig bool, n uint64) { a.tls.Gap(isOrig, n) }

// End terminates an unfinished line.
func (a *analyzer) End(isOrig bool) {
	switch l := a.lines.Side(isOrig); {
	case a.tls.On():
		a.tls.End(isOrig)
	case l.Partial():
		l.Deliver([]byte("\n"))
	}
}

// Done returns the analyzer to the free list.
func (a *analyzer) Done() {
	a.tls.Done()
	if a.control != nil {
		a.control.Conn = nil
		a.control = nil
	}
	a.lines.Release()
	a.f.free.Put(a)
}

// Flip swaps the sides with the connection's roles.
func (a *analyzer) Flip() { a.lines.Flip() }

func (a *analyzer) weird(name string) { a.Weird(name, "", source) }

// doubt is weird if the protocol is confirmed.
func (a *analyzer) doubt(name string) {
	if a.confirmed {
		a.weird(name)
	}
}

func (a *analyzer) violate(reason string) {
	a.Violate(conn.Violation{Reason: reason, Late: true})
}

func skipSpaces(b []byte) []byte { return bytes.TrimLeft(b, " ") }

func trimColon(b []byte) []byte { return bytes.TrimPrefix(b, []byte(":")) }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// message is a parsed line (RFC 2812 section 2.3.1).
type message struct {
	isOrig  bool
	prefix  []byte
	command []byte // in upper case, nil for a reply
	code    uint64 // of a reply
	params  []byte
}

// Line takes a line of a side.
func (a *analyzer) Line(isOrig bool, b []byte) {
	if len(b) > maxLine {
		a.doubt("irc_line_size_exceeded")
		return
	}
	if b = skipSpaces(b); len(b) < minLine {
		a.doubt("irc_line_too_short")
		return
	}
	m := message{isOrig: isOrig}
	ok := false
	if b[0] == '@' { // tags of IRCv3
		if _, b, ok = bytes.Cut(b, []byte(" ")); !ok {
			return
		}
	}
	if len(b) > 0 && b[0] == ':' {
		if m.prefix, b, ok = bytes.Cut(b[1:], []byte(" ")); !ok {
			a.doubt("irc_invalid_line")
			return
		}
		b = skipSpaces(b)
	}
	if len(b) < minLine {
		a.doubt("irc_invalid_line")
		a.violate("line too short")
		return
	}
	if isDigit(b[0]) {
		if len(b) < 4 || !isDigit(b[1]) || !isDigit(b[2]) || b[3] != ' ' {
			a.doubt("irc_invalid_reply_number")
			a.violate("invalid reply number")
			return
		}
		m.code = uint64(b[0]-'0')*100 + uint64(b[1]-'0')*10 + uint64(b[2]-'0')
		m.params = b[4:]
	} else {
		cmd, params, _ := bytes.Cut(b, []byte(" "))
		a.f.upper = ascii.AppendUpper(a.f.upper[:0], cmd)
		m.command, m.params = a.f.upper, skipSpaces(params)
	}
	if !a.confirmed && isOrig && commands[string(m.command)] {
		a.confirmed = true
		a.Confirm()
	}
	switch {
	case string(m.command) == "STARTTLS":
	case m.code > 0:
		a.reply(&m)
	case len(m.command) > maxCommand:
		a.weird("irc_invalid_command")
		if a.invalid++; a.invalid > maxInvalid {
			a.Limited(source, "invalid_commands")
			a.weird("irc_too_many_invalid")
			a.violate("too many long lines")
		}
	default:
		a.command(&m)
	}
}

// startTLS hands the connection over to TLS after the server has accepted STARTTLS.
func (a *analyzer) startTLS(isOrig bool) {
	rest, _ := a.lines.Side(isOrig).Take()
	a.lines.Side(!isOrig).Stop()
	a.tls = a.HandOverAfterLine(a.f.ssl, isOrig, rest)
	if e := a.f.hooks.StartTLS.Begin(); e != nil {
		*e = event.IRCStartTLS{Conn: a.Conn()}
		a.f.hooks.StartTLS.Raise(e)
	}
}

// split returns the non-empty parts of b between separators, in dst's memory.
func split(dst [][]byte, b []byte, sep byte) [][]byte {
	dst = dst[:0]
	for len(b) > 0 {
		i := bytes.IndexByte(b, sep)
		if i < 0 {
			i = len(b)
		}
		if i > 0 {
			dst = append(dst, b[:i])
		}
		b = b[min(i+1, len(b)):]
	}
	return dst
}

func (a *analyzer) words(b []byte) [][]byte {
	a.f.words = split(a.f.words, b, ' ')
	return a.f.words
}

// unique sorts list and removes duplicates, for a set.
func unique(list [][]byte) [][]byte {
	slices.SortFunc(list, bytes.Compare)
	return slices.CompactFunc(list, bytes.Equal)
}

// number parses leading digits as C's atoi does, and returns 0 on overflow.
func number(b []byte) uint64 {
	n := 0
	for n < len(b) && isDigit(b[n]) {
		n++
	}
	v, err := strconv.ParseInt(string(b[:n]), 10, 32)
	if err != nil {
		return 0
	}
	return uint64(v)
}
