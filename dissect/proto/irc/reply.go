package irc

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/event"
)

// Numeric replies with events of their own (RFC 2812 section 5).
const (
	rplLUserClient     = 251
	rplLUserChannels   = 254
	rplLUserMe         = 255
	rplGlobalUsers     = 266 // of many servers, in no RFC
	rplWhoisUser       = 311
	rplWhoisOperator   = 313
	rplWhoisChannels   = 319
	rplTopic           = 332
	rplWhoReply        = 352
	rplNamReply        = 353
	rplYoureOper       = 381
	errNoNicknameGiven = 431
	errErroneousNick   = 432
	errNicknameInUse   = 433
	errNickCollision   = 436
	errNoOperHost      = 491
	rplStartTLS        = 670 // of the extension STARTTLS
)

// reply takes a numeric reply. Replies without a listener are not parsed.
func (a *analyzer) reply(m *message) {
	h := a.f.hooks
	switch m.code {
	case rplLUserClient:
		if h.NetworkInfo.On() {
			u, sv, sr := counts(a.words(m.params), "users", "users")
			e := h.NetworkInfo.Begin()
			*e = event.IRCNetworkInfo{Conn: a.Conn(), IsOrig: m.isOrig, Users: u, Services: sv, Servers: sr}
			h.NetworkInfo.Raise(e)
		}
	case rplLUserMe:
		if h.ServerInfo.On() {
			u, sv, sr := counts(a.words(m.params), "users,", "clients")
			e := h.ServerInfo.Begin()
			*e = event.IRCServerInfo{Conn: a.Conn(), IsOrig: m.isOrig, Users: u, Services: sv, Servers: sr}
			h.ServerInfo.Raise(e)
		}
	case rplLUserChannels:
		if h.ChannelInfo.On() {
			e := h.ChannelInfo.Begin()
			*e = event.IRCChannelInfo{Conn: a.Conn(), IsOrig: m.isOrig}
			w := a.words(m.params)
			for i := 1; i < len(w); i++ {
				if string(w[i]) == ":channels" {
					e.Chans = number(w[i-1])
				}
			}
			h.ChannelInfo.Raise(e)
		}
	case rplGlobalUsers:
		if h.GlobalUsers.On() {
			a.globalUsers(m)
		}
	case rplWhoisUser:
		if h.WhoisUserLine.On() {
			a.whoisUser(m)
		}
	case rplWhoisOperator:
		if h.WhoisOperatorLine.On() {
			a.whoisOperator(m)
		}
	case rplWhoisChannels:
		if h.WhoisChannelLine.On() {
			a.whoisChannels(m)
		}
	case rplTopic:
		if h.ChannelTopic.On() {
			a.topic(m)
		}
	case rplWhoReply:
		if h.WhoLine.On() {
			a.whoLine(m)
		}
	case rplNamReply:
		if h.NamesInfo.On() {
			a.names(m)
		}
	case errNoNicknameGiven, errErroneousNick, errNicknameInUse, errNickCollision:
		if h.InvalidNick.On() {
			e := h.InvalidNick.Begin()
			*e = event.IRCInvalidNick{Conn: a.Conn(), IsOrig: m.isOrig}
			h.InvalidNick.Raise(e)
		}
	case rplYoureOper, errNoOperHost:
		if h.OperResponse.On() {
			e := h.OperResponse.Begin()
			*e = event.IRCOperResponse{Conn: a.Conn(), IsOrig: m.isOrig, GotOper: m.code == rplYoureOper}
			h.OperResponse.Raise(e)
		}
	case rplStartTLS:
		a.startTLS(m.isOrig)
	default:
		if h.Reply.On() {
			e := h.Reply.Begin()
			*e = event.IRCReply{Conn: a.Conn(), IsOrig: m.isOrig, Prefix: m.prefix, Code: m.code, Params: m.params}
			h.Reply.Raise(e)
		}
	}
}

// counts returns the numbers before the words for users, which has two forms, services
// and servers.
func counts(w [][]byte, users, clients string) (u, services, servers uint64) {
	for i := 1; i < len(w); i++ {
		switch string(w[i]) {
		case users, clients:
			u = number(w[i-1])
		case "services":
			services = number(w[i-1])
		case "servers":
			servers = number(w[i-1])
		}
	}
	return u, services, servers
}

func (a *analyzer) globalUsers(m *message) {
	i := bytes.IndexByte(m.params, ' ')
	var msg []byte
	ok := false
	if i >= 0 {
		_, msg, ok = bytes.Cut(m.params[i+1:], []byte(":"))
	}
	if !ok {
		a.weird("invalid_irc_global_users_reply")
		return
	}
	e := a.f.hooks.GlobalUsers.Begin()
	*e = event.IRCGlobalUsers{Conn: a.Conn(), IsOrig: m.isOrig, Prefix: m.params[:i+1], Msg: msg}
	a.f.hooks.GlobalUsers.Raise(e)
}

// join concatenates words with spaces.
func (a *analyzer) join(w [][]byte) []byte {
	a.f.text = a.f.text[:0]
	for i, s := range w {
		if i > 0 {
			a.f.text = append(a.f.text, ' ')
		}
		a.f.text = append(a.f.text, s...)
	}
	return a.f.text
}

func (a *analyzer) whoisUser(m *message) {
	w := a.words(m.params)
	if len(w) > 1 {
		w = w[1:] // the user who asked
	}
	if len(w) < 5 {
		a.weird("irc_invalid_whois_user_line")
		return
	}
	e := a.f.hooks.WhoisUserLine.Begin()
	*e = event.IRCWhoisUserLine{
		Conn: a.Conn(), IsOrig: m.isOrig, Nick: w[0], User: w[1], Host: w[2], RealName: trimColon(a.join(w[4:])),
	}
	a.f.hooks.WhoisUserLine.Raise(e)
}

func (a *analyzer) whoisOperator(m *message) {
	w := a.words(m.params)
	if len(w) > 1 {
		w = w[1:]
	}
	if len(w) < 2 {
		a.weird("irc_invalid_whois_operator_line")
		return
	}
	e := a.f.hooks.WhoisOperatorLine.Begin()
	*e = event.IRCWhoisOperatorLine{Conn: a.Conn(), IsOrig: m.isOrig, Nick: w[0]}
	a.f.hooks.WhoisOperatorLine.Raise(e)
}

func (a *analyzer) whoisChannels(m *message) {
	w := a.words(m.params)
	if len(w) < 2 {
		a.weird("irc_invalid_whois_channel_line")
		return
	}
	nick := w[0]
	w = w[1:]
	w[0] = trimColon(w[0])
	e := a.f.hooks.WhoisChannelLine.Begin()
	*e = event.IRCWhoisChannelLine{Conn: a.Conn(), IsOrig: m.isOrig, Nick: nick, Chans: unique(w)}
	a.f.hooks.WhoisChannelLine.Raise(e)
}

func (a *analyzer) topic(m *message) {
	w := a.words(m.params)
	_, topic, ok := bytes.Cut(m.params, []byte(":"))
	if len(w) < 4 || !ok {
		a.weird("irc_invalid_topic_reply")
		return
	}
	e := a.f.hooks.ChannelTopic.Begin()
	*e = event.IRCChannelTopic{Conn: a.Conn(), IsOrig: m.isOrig, Channel: w[1], Topic: trimColon(topic)}
	a.f.hooks.ChannelTopic.Raise(e)
}

func (a *analyzer) whoLine(m *message) {
	w := a.words(m.params)
	if len(w) < 9 {
		a.weird("irc_invalid_who_line")
		return
	}
	e := a.f.hooks.WhoLine.Begin()
	*e = event.IRCWhoLine{
		Conn: a.Conn(), IsOrig: m.isOrig, TargetNick: w[0], Channel: w[1], User: bytes.TrimPrefix(w[2], []byte("~")),
		Host: w[3], Server: w[4], Nick: w[5], Params: w[6], Hops: number(trimColon(w[7])), RealName: w[8],
	}
	a.f.hooks.WhoLine.Raise(e)
}

func (a *analyzer) names(m *message) {
	w := a.words(m.params)
	if len(w) < 3 {
		a.weird("irc_invalid_names_line")
		return
	}
	e := a.f.hooks.NamesInfo.Begin()
	*e = event.IRCNamesInfo{Conn: a.Conn(), IsOrig: m.isOrig, CType: w[1], Channel: w[2]}
	w = w[3:]
	for i := range w {
		if i == 0 {
			w[i] = trimColon(w[i])
		}
		w[i] = bytes.TrimPrefix(w[i], []byte("@"))
	}
	e.Users = unique(w)
	a.f.hooks.NamesInfo.Raise(e)
}
