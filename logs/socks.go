package logs

import (
	"slices"
	"strconv"
	"strings"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// socks builds socks.log after Zeek's base/protocols/socks: a row for each connection to a
// proxy, when it ends.
type socks struct {
	states[socksState]
	out schemas.Emitter
	now func() value.Time

	rec      schemas.SOCKS
	services []string
	uidBuf   []byte
}

// A socksState is the state of a SOCKS connection.
type socksState struct {
	ts                     value.Time
	version                uint64
	user                   value.Opt[string]
	status                 value.Opt[string]
	request, bound         schemas.SOCKSAddress
	requestPort, boundPort value.Opt[schemas.Port]
}

// socks5Status are the statuses of replies (RFC 1928 section 6).
var socks5Status = []string{
	"succeeded", "general SOCKS server failure", "connection not allowed by ruleset", "Network unreachable",
	"Host unreachable", "Connection refused", "TTL expired", "Command not supported", "Address type not supported",
}

// socks4Status are those of SOCKS4, from socks4First on.
var socks4Status = []string{
	"succeeded", "general SOCKS server failure", "request failed because client is not running identd",
	"request failed because client's identd could not confirm the user ID string in the request",
}

const socks4First = 0x5a

func socksStatus(version, code uint64) value.Opt[string] {
	list, i := socks5Status, code
	if version == 4 {
		list, i = socks4Status, code-socks4First
	}
	if i < uint64(len(list)) {
		return value.Some(list[i])
	}
	return value.Some("unknown-" + strconv.FormatUint(code, 10))
}

func installSOCKS(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &socks{out: out, now: o.Now}
	b.init(h, b.ended)
	h.SOCKS.Request.Listen(func(e *event.SOCKSRequest) {
		s := b.state(e.Conn, e.Version)
		s.request, s.requestPort = socksAddress(&e.SA), value.Some(schemas.Port(e.P.Num))
	})
	h.SOCKS.Reply.Listen(func(e *event.SOCKSReply) {
		s := b.state(e.Conn, e.Version)
		s.status = socksStatus(e.Version, e.Reply)
		s.bound, s.boundPort = socksAddress(&e.SA), value.Some(schemas.Port(e.P.Num))
	})
	h.SOCKS.LoginUserpassRequest.Listen(func(e *event.SOCKSLoginUserpassRequest) {
		b.state(e.Conn, 5).user = value.Some(string(e.User))
	})
	h.SOCKS.LoginUserpassReply.Listen(func(e *event.SOCKSLoginUserpassReply) {
		b.state(e.Conn, 5).status = socksStatus(5, e.Code)
	})
}

func socksAddress(a *event.SOCKSAddress) (r schemas.SOCKSAddress) {
	if a.Host.OK {
		r.Host = value.Some(a.Host.V)
	}
	if a.Name.OK {
		r.Name = value.Some(string(a.Name.V))
	}
	return r
}

func (b *socks) state(c event.Conn, version uint64) *socksState {
	s := b.known(c)
	if s == nil {
		s = b.add(c)
		*s = socksState{ts: b.now(), version: version}
	}
	return s
}

// ended writes the row, unless the analyzer was removed.
func (b *socks) ended(c event.Conn, s *socksState) {
	b.services = c.Services(b.services[:0])
	if !slices.ContainsFunc(b.services, func(name string) bool { return strings.EqualFold(name, "socks") }) {
		return
	}
	id, uid := c.ID(), c.UID()
	b.uidBuf = uid.Append(b.uidBuf[:0])
	b.rec = schemas.SOCKS{
		TS: s.ts, UID: text(b.uidBuf), ID: Endpoints(&id), Version: s.version,
		User: s.user, Status: s.status,
		Request: s.request, RequestP: s.requestPort, Bound: s.bound, BoundP: s.boundPort,
	}
	b.out.Emit(&b.rec)
}
