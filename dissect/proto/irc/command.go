package irc

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/proto/datachannel"
)

// command takes a command (RFC 2812 section 3). As in Zeek, one whose event has no
// listener raises irc_request or irc_message.
func (a *analyzer) command(m *message) {
	h := a.f.hooks
	done := true
	switch string(m.command) {
	case "PRIVMSG":
		a.privmsg(m)
	case "NOTICE":
		if done = h.NoticeMessage.On(); done {
			if target, text, ok := a.addressed(m, "irc_invalid_notice_message_format"); ok {
				e := h.NoticeMessage.Begin()
				*e = event.IRCNoticeMessage{Conn: a.Conn(), IsOrig: m.isOrig, Source: m.prefix, Target: target, Message: text}
				h.NoticeMessage.Raise(e)
			}
		}
	case "SQUERY":
		if done = h.SqueryMessage.On(); done {
			if target, text, ok := a.addressed(m, "irc_invalid_squery_message_format"); ok {
				e := h.SqueryMessage.Begin()
				*e = event.IRCSqueryMessage{Conn: a.Conn(), IsOrig: m.isOrig, Source: m.prefix, Target: target, Message: text}
				h.SqueryMessage.Raise(e)
			}
		}
	case "USER":
		a.user(m)
	case "OPER":
		if done = h.OperMessage.On(); done {
			a.oper(m)
		}
	case "KICK":
		if done = h.KickMessage.On(); done {
			a.kick(m)
		}
	case "JOIN":
		a.joinChannels(m)
	case "NJOIN":
		a.njoin(m)
	case "PART":
		if done = h.PartMessage.On(); done {
			a.part(m)
		}
	case "QUIT":
		if done = h.QuitMessage.On(); done {
			e := h.QuitMessage.Begin()
			*e = event.IRCQuitMessage{Conn: a.Conn(), IsOrig: m.isOrig, Nick: nickOf(m.prefix), Message: trimColon(m.params)}
			h.QuitMessage.Raise(e)
		}
	case "NICK":
		if h.NickMessage.On() {
			e := h.NickMessage.Begin()
			*e = event.IRCNickMessage{Conn: a.Conn(), IsOrig: m.isOrig, Who: m.prefix, NewNick: trimColon(m.params)}
			h.NickMessage.Raise(e)
		}
	case "WHO":
		if done = h.WhoMessage.On(); done {
			a.who(m)
		}
	case "WHOIS":
		if done = h.WhoisMessage.On(); done {
			a.whois(m)
		}
	case "ERROR":
		if done = h.ErrorMessage.On(); done {
			e := h.ErrorMessage.Begin()
			*e = event.IRCErrorMessage{Conn: a.Conn(), IsOrig: m.isOrig, Prefix: m.prefix, Message: trimColon(m.params)}
			h.ErrorMessage.Raise(e)
		}
	case "INVITE":
		if done = h.InviteMessage.On(); done {
			a.invite(m)
		}
	case "MODE":
		if done = h.ModeMessage.On(); done {
			a.mode(m)
		}
	case "PASS":
		if done = h.PasswordMessage.On(); done {
			e := h.PasswordMessage.Begin()
			*e = event.IRCPasswordMessage{Conn: a.Conn(), IsOrig: m.isOrig, Password: m.params}
			h.PasswordMessage.Raise(e)
		}
	case "SQUIT":
		if done = h.SquitMessage.On(); done {
			a.squit(m)
		}
	default:
		done = false
	}
	if !done {
		a.other(m)
	}
}

// other raises the event of a message that has no other. As in Zeek, its texts end with
// their first NUL, which RFC 1459 section 2.3.1 does not allow.
func (a *analyzer) other(m *message) {
	if h := &a.f.hooks.Request; m.isOrig && h.On() {
		e := h.Begin()
		*e = event.IRCRequest{Conn: a.Conn(), IsOrig: true, Prefix: toNUL(m.prefix), Command: toNUL(m.command), Arguments: toNUL(m.params)}
		h.Raise(e)
	}
	if h := &a.f.hooks.Message; !m.isOrig && h.On() {
		e := h.Begin()
		*e = event.IRCMessage{Conn: a.Conn(), Prefix: toNUL(m.prefix), Command: toNUL(m.command), Message: toNUL(m.params)}
		h.Raise(e)
	}
}

func toNUL(b []byte) []byte {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		return b[:i]
	}
	return b
}

// addressed splits the parameters into target and text.
func (a *analyzer) addressed(m *message, weird string) (target, text []byte, ok bool) {
	target, text, ok = bytes.Cut(m.params, []byte(" "))
	if !ok {
		a.weird(weird)
		return nil, nil, false
	}
	return target, trimColon(skipSpaces(text)), true
}

// privmsg takes PRIVMSG and the CTCP messages in it, which are enclosed in bytes of
// value 1.
func (a *analyzer) privmsg(m *message) {
	target, text, ok := a.addressed(m, "irc_invalid_privmsg_message_format")
	if !ok {
		return
	}
	text = bytes.TrimPrefix(text, []byte{1})
	if len(text) > 3 && bytes.HasPrefix(text, []byte("DCC")) {
		a.dcc(m, target, bytes.TrimSuffix(text, []byte{1}))
		return
	}
	if e := a.f.hooks.PrivmsgMessage.Begin(); e != nil {
		*e = event.IRCPrivmsgMessage{Conn: a.Conn(), IsOrig: m.isOrig, Source: m.prefix, Target: target, Message: text}
		a.f.hooks.PrivmsgMessage.Raise(e)
	}
}

// leadingUint parses the 32-bit number at the start of b.
func leadingUint(b []byte) (uint32, bool) {
	n := 0
	for n < len(b) && isDigit(b[n]) {
		n++
	}
	v, err := strconv.ParseUint(string(b[:n]), 10, 32)
	return uint32(v), err == nil
}

// dcc takes the offer of a direct connection: DCC, type, argument, address, port and an
// optional size.
func (a *analyzer) dcc(m *message, target, text []byte) {
	w := a.words(text)
	if n := len(w); n < 5 || n > 7 || n == 7 && string(w[6]) != "T" {
		a.weird("irc_invalid_dcc_message_format")
		return
	}
	host, ok := leadingUint(w[3])
	if !ok {
		a.weird("irc_invalid_dcc_host")
		return
	}
	port, ok := leadingUint(w[4])
	if !ok || port > 65535 {
		a.WeirdNumber("irc_invalid_dcc_port", int(int32(port)), source)
		return
	}
	var addr [4]byte
	binary.BigEndian.PutUint32(addr[:], host)
	offer := event.IRCDCCMessage{
		Conn: a.Conn(), IsOrig: m.isOrig, Prefix: m.prefix, Target: target, DCCType: w[1], Argument: w[2],
		Address: netip.AddrFrom4(addr), DestPort: uint64(port),
	}
	if len(w) > 5 {
		offer.Size = number(w[5])
	}
	if string(offer.DCCType) == "SEND" && !a.expect(offer.Address, uint16(port)) {
		a.weird("irc_max_dcc_expected_transfers_exceeded")
	}
	if e := a.f.hooks.DCCMessage.Begin(); e != nil {
		*e = offer
		a.f.hooks.DCCMessage.Raise(e)
	}
}

// expect announces a file transfer if it is between the hosts of the connection.
func (a *analyzer) expect(addr netip.Addr, port uint16) bool {
	id := a.Conn().ID()
	if addr != id.OrigH && addr != id.RespH {
		return true
	}
	if a.control == nil {
		a.control = &datachannel.Control{Conn: a.Conn()}
	}
	return a.f.data.Expect(a.Use, a.control, addr == id.OrigH, port)
}

func word(w [][]byte, i int) []byte {
	if i < len(w) {
		return w[i]
	}
	return nil
}

func (a *analyzer) user(m *message) {
	if !a.f.hooks.UserMessage.On() {
		return
	}
	w := a.words(m.params)
	name := a.f.text[:0]
	// Zeek appends a space to each word from the second on.
	for i := 3; i < len(w); i++ {
		if name = append(name, w[i]...); i > 3 {
			name = append(name, ' ')
		}
	}
	a.f.text = name
	e := a.f.hooks.UserMessage.Begin()
	*e = event.IRCUserMessage{
		Conn: a.Conn(), IsOrig: m.isOrig, User: word(w, 0), Host: word(w, 1), Server: word(w, 2), RealName: trimColon(name),
	}
	a.f.hooks.UserMessage.Raise(e)
}

func (a *analyzer) oper(m *message) {
	w := a.words(m.params)
	if len(w) != 2 {
		a.weird("irc_invalid_oper_message_format")
		return
	}
	e := a.f.hooks.OperMessage.Begin()
	*e = event.IRCOperMessage{Conn: a.Conn(), IsOrig: m.isOrig, User: w[0], Password: w[1]}
	a.f.hooks.OperMessage.Raise(e)
}

func (a *analyzer) kick(m *message) {
	w := a.words(m.params)
	if len(w) <= 1 {
		a.weird("irc_invalid_kick_message_format")
		return
	}
	e := a.f.hooks.KickMessage.Begin()
	*e = event.IRCKickMessage{
		Conn: a.Conn(), IsOrig: m.isOrig, Prefix: m.prefix, Chans: w[0], Users: w[1], Comment: trimColon(a.join(w[2:])),
	}
	a.f.hooks.KickMessage.Raise(e)
}

// nickOf returns the nickname of a prefix that also has a user or host, or nil.
func nickOf(prefix []byte) []byte {
	if i := bytes.IndexByte(prefix, '!'); i >= 0 {
		return prefix[:i]
	}
	return nil
}

func (a *analyzer) joinChannels(m *message) {
	w := a.words(trimColon(m.params))
	if len(w) == 0 {
		a.weird("irc_invalid_join_line")
		return
	}
	if !a.f.hooks.JoinMessage.On() {
		return
	}
	nick, keys := nickOf(m.prefix), word(w, 1)
	a.f.list = split(a.f.list, w[0], ',')
	channels := a.f.list
	a.f.joins = a.f.joins[:0]
	passwords := split(a.f.words, keys, ',')
	a.f.words = passwords
	for i, c := range channels {
		a.f.joins = append(a.f.joins, event.IRCJoinInfo{Nick: nick, Channel: c, Password: word(passwords, i)})
	}
	a.raiseJoin(m)
}

func (a *analyzer) raiseJoin(m *message) {
	e := a.f.hooks.JoinMessage.Begin()
	*e = event.IRCJoinMessage{Conn: a.Conn(), IsOrig: m.isOrig, InfoList: a.f.joins}
	a.f.hooks.JoinMessage.Raise(e)
}

// njoin takes NJOIN, in which servers exchange a channel's members.
func (a *analyzer) njoin(m *message) {
	w := a.words(m.params)
	if len(w) != 2 {
		a.weird("irc_invalid_njoin_line")
		return
	}
	if !a.f.hooks.JoinMessage.On() {
		return
	}
	a.f.list = split(a.f.list, trimColon(w[1]), ',')
	a.f.joins = a.f.joins[:0]
	for _, nick := range a.f.list {
		mode := "none"
		switch {
		case bytes.HasPrefix(nick, []byte("@@")):
			nick, mode = nick[2:], "creator"
		case nick[0] == '@':
			nick, mode = nick[1:], "operator"
		case nick[0] == '+':
			nick, mode = nick[1:], "voice"
		}
		a.f.joins = append(a.f.joins, event.IRCJoinInfo{Nick: nick, Channel: w[0], UserMode: mode})
	}
	a.raiseJoin(m)
}

func (a *analyzer) part(m *message) {
	channels, text, _ := bytes.Cut(m.params, []byte(" "))
	nick, _, _ := bytes.Cut(m.prefix, []byte("!"))
	a.f.list = split(a.f.list, channels, ',')
	e := a.f.hooks.PartMessage.Begin()
	*e = event.IRCPartMessage{
		Conn: a.Conn(), IsOrig: m.isOrig, Nick: nick, Chans: unique(a.f.list), Message: trimColon(skipSpaces(text)),
	}
	a.f.hooks.PartMessage.Raise(e)
}

func (a *analyzer) who(m *message) {
	w := a.words(m.params)
	if len(w) > 2 {
		a.weird("irc_invalid_who_message_format")
		return
	}
	e := a.f.hooks.WhoMessage.Begin()
	*e = event.IRCWhoMessage{
		Conn: a.Conn(), IsOrig: m.isOrig, Mask: trimColon(word(w, 0)), Oper: string(word(w, 1)) == "o",
	}
	a.f.hooks.WhoMessage.Raise(e)
}

func (a *analyzer) whois(m *message) {
	w := a.words(m.params)
	if len(w) == 0 || len(w) > 2 {
		a.weird("irc_invalid_whois_message_format")
		return
	}
	e := a.f.hooks.WhoisMessage.Begin()
	*e = event.IRCWhoisMessage{Conn: a.Conn(), IsOrig: m.isOrig, Users: w[len(w)-1]}
	if len(w) == 2 {
		e.Server = w[0]
	}
	a.f.hooks.WhoisMessage.Raise(e)
}

func (a *analyzer) invite(m *message) {
	w := a.words(m.params)
	if len(w) != 2 {
		a.weird("irc_invalid_invite_message_format")
		return
	}
	e := a.f.hooks.InviteMessage.Begin()
	*e = event.IRCInviteMessage{
		Conn: a.Conn(), IsOrig: m.isOrig, Prefix: m.prefix, Nickname: w[0], Channel: trimColon(w[1]),
	}
	a.f.hooks.InviteMessage.Raise(e)
}

func (a *analyzer) mode(m *message) {
	if len(m.params) == 0 {
		a.weird("irc_invalid_mode_message_format")
		return
	}
	e := a.f.hooks.ModeMessage.Begin()
	*e = event.IRCModeMessage{Conn: a.Conn(), IsOrig: m.isOrig, Prefix: m.prefix, Params: m.params}
	a.f.hooks.ModeMessage.Raise(e)
}

func (a *analyzer) squit(m *message) {
	e := a.f.hooks.SquitMessage.Begin()
	*e = event.IRCSquitMessage{Conn: a.Conn(), IsOrig: m.isOrig, Prefix: m.prefix}
	if server, text, ok := bytes.Cut(m.params, []byte(" ")); ok {
		e.Server, e.Message = server, trimColon(skipSpaces(text))
	}
	a.f.hooks.SquitMessage.Raise(e)
}
