package oncrpc

import (
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// Procedures of the portmapper (RFC 1833 section 3).
const (
	pmNull    = 0
	pmSet     = 1
	pmUnset   = 2
	pmGetPort = 3
	pmDump    = 4
	pmCallit  = 5
)

const ipTCP = 6 // IPPROTO_TCP

// portmapArguments parses the arguments of a call to the portmapper.
func (a *analyzer) portmapArguments(c *call, x *xdr) bool {
	a.otherProgram(c)
	switch c.proc {
	case pmNull, pmDump:
	case pmSet, pmUnset:
		a.mapping(x, true)
	case pmGetPort:
		portRequest(x)
	case pmCallit:
		callitRequest(x)
	default:
		return false
	}
	return !x.bad
}

// mapping parses a mapping (RFC 1833 section 3).
func (a *analyzer) mapping(x *xdr, fresh bool) (m event.PMMapping) {
	m.Program, m.Version = x.count(), x.count()
	proto := value.ProtoUDP
	if x.uint32() == ipTCP {
		proto = value.ProtoTCP
	}
	m.P = a.port(x.uint32(), proto, fresh)
	return m
}

// port returns a port, or 0 if it is too large, which is an event if it is fresh.
func (a *analyzer) port(n uint32, proto value.Proto, fresh bool) value.Port {
	if n > 65535 {
		if fresh {
			raise(&a.f.hooks.PMBadPort, event.PMBadPort{Conn: a.Conn(), BadPort: uint64(n)})
		}
		n = 0
	}
	return value.Port{Num: uint16(n), Proto: proto}
}

func portRequest(x *xdr) (r event.PMPortRequest) {
	r.Program, r.Version = x.count(), x.count()
	r.IsTCP = x.uint32() == ipTCP
	x.uint32() // no port
	return r
}

func callitRequest(x *xdr) (r event.PMCallitRequest) {
	r.Program, r.Version, r.Proc = x.count(), x.count(), x.count()
	r.ArgSize = uint64(len(x.opaque(maxOpaque)))
	return r
}

// portmapReply parses the results of a call to the portmapper, and raises its event.
func (a *analyzer) portmapReply(c *call, x *xdr, r *info) bool {
	h, args := a.f.hooks, c.args()
	if r.status != statusSuccess {
		switch c.proc {
		case pmNull:
			raise(&h.PMAttemptNull, event.PMAttemptNull{Conn: a.Conn(), Status: r.status})
		case pmSet:
			raise(&h.PMAttemptSet, event.PMAttemptSet{Conn: a.Conn(), Status: r.status, M: a.mapping(&args, false)})
		case pmUnset:
			raise(&h.PMAttemptUnset, event.PMAttemptUnset{Conn: a.Conn(), Status: r.status, M: a.mapping(&args, false)})
		case pmGetPort:
			raise(&h.PMAttemptGetPort, event.PMAttemptGetPort{Conn: a.Conn(), Status: r.status, PR: portRequest(&args)})
		case pmDump:
			raise(&h.PMAttemptDump, event.PMAttemptDump{Conn: a.Conn(), Status: r.status})
		case pmCallit:
			raise(&h.PMAttemptCallit, event.PMAttemptCallit{Conn: a.Conn(), Status: r.status, Call: callitRequest(&args)})
		}
		return true
	}
	switch c.proc {
	case pmNull:
		raise(&h.PMRequestNull, event.PMRequestNull{Conn: a.Conn()})
	case pmSet, pmUnset:
		ok := x.bool()
		if x.bad {
			return false
		}
		m := a.mapping(&args, false)
		if c.proc == pmSet {
			raise(&h.PMRequestSet, event.PMRequestSet{Conn: a.Conn(), M: m, Success: ok})
		} else {
			raise(&h.PMRequestUnset, event.PMRequestUnset{Conn: a.Conn(), M: m, Success: ok})
		}
	case pmGetPort:
		n := x.uint32()
		if x.bad {
			return false
		}
		pr := portRequest(&args)
		proto := value.ProtoUDP
		if pr.IsTCP {
			proto = value.ProtoTCP
		}
		p := a.port(n, proto, true)
		raise(&h.PMRequestGetPort, event.PMRequestGetPort{Conn: a.Conn(), PR: pr, P: p})
		a.announce(pr.Program, p)
	case pmDump:
		list := a.f.mappings[:0]
		for x.bool() {
			if m := a.mapping(x, true); !x.bad {
				list = append(list, m)
			}
		}
		a.f.mappings = list
		if x.bad {
			return false
		}
		raise(&h.PMRequestDump, event.PMRequestDump{Conn: a.Conn(), M: list})
	case pmCallit:
		n := x.uint32()
		if x.opaque(maxOpaque); x.bad {
			return false
		}
		p := a.port(n, value.ProtoUDP, true)
		raise(&h.PMRequestCallit, event.PMRequestCallit{Conn: a.Conn(), Call: callitRequest(&args), P: p})
	}
	return true
}

// announce waits for connections between the two hosts to the port of a mount or NFS
// server.
func (a *analyzer) announce(program uint64, p value.Port) {
	for k := range kindOf {
		if uint64(kindOf[k].program) != program || kind(k) == portmap || p.Num == 0 {
			continue
		}
		for _, d := range a.f.protocols[k] {
			if d.Transport != p.Proto || d.Unused {
				continue
			}
			if !a.Expect(false, p.Num, conn.Expectation{
				Protocol: &d.Protocol, Lifetime: announced, Limit: a.f.opt.Programs, UDP: p.Proto == value.ProtoUDP,
			}) {
				a.Limited(kindOf[a.kind].name, "expected_programs")
			}
		}
	}
}
