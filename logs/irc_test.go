package logs

import (
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

func TestIRC(t *testing.T) {
	b := newBench(t, "irc")
	h := &b.hooks.IRC
	c := &fakeConn{id: connID(t, value.ProtoTCP, "10.0.0.1:1024 10.0.0.2:6667"), uid: uid(1)}
	const begin = "irc ts=1 uid=C1 id.orig_h=10.0.0.1 id.orig_p=1024 id.resp_h=10.0.0.2 id.resp_p=6667"

	nick := []byte("me")
	h.NickMessage.Raise(&event.IRCNickMessage{Conn: c, IsOrig: true, NewNick: nick})
	copy(nick, "xx")
	b.out.expect(t, begin+" command=NICK value=me")
	h.NickMessage.Raise(&event.IRCNickMessage{Conn: c, NewNick: []byte("you")})
	b.out.expect(t)
	h.UserMessage.Raise(&event.IRCUserMessage{Conn: c, IsOrig: true, User: []byte("u"), Host: []byte("h"), Server: []byte("s"), RealName: []byte("n")})
	b.out.expect(t, begin+" nick=me command=USER value=u addl=h s n")
	h.JoinMessage.Raise(&event.IRCJoinMessage{Conn: c, IsOrig: true, InfoList: value.Set[event.IRCJoinInfo]{{Channel: []byte("#a"), Password: []byte("key")}}})
	b.out.expect(t, begin+" nick=me user=u command=JOIN value=#a addl= with channel key: 'key'")
	h.DCCMessage.Raise(&event.IRCDCCMessage{Conn: c, DCCType: []byte("CHAT"), Argument: []byte("x"), Size: 1})
	h.DCCMessage.Raise(&event.IRCDCCMessage{Conn: c, DCCType: []byte("SEND"), Argument: []byte("file"), Size: 9})
	b.out.expect(t)
}
