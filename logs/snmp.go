package logs

import (
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// snmp builds snmp.log after Zeek's base/protocols/snmp: a row a flow, when it ends.
type snmp struct {
	states[snmpState]
	out    schemas.Emitter
	now    func() value.Time
	rec    schemas.SNMP
	uidBuf []byte
}

// An snmpState is the state of a flow. Its buffers are reused.
type snmpState struct {
	ts, last value.Time
	version  string
	upSince  value.Opt[value.Time]

	gets, bulks, responses, sets uint64

	community, display optText
	held               int // bytes of them that are accounted for
}

func installSNMP(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &snmp{out: out, now: o.Now}
	b.init(h, b.ended)
	s := &h.SNMP
	s.GetRequest.Listen(func(e *event.SNMPGetRequest) {
		b.state(e.Conn, &e.Header).gets += uint64(len(e.PDU.Bindings))
	})
	s.GetNextRequest.Listen(func(e *event.SNMPGetNextRequest) {
		b.state(e.Conn, &e.Header).gets += uint64(len(e.PDU.Bindings))
	})
	s.GetBulkRequest.Listen(func(e *event.SNMPGetBulkRequest) {
		b.state(e.Conn, &e.Header).bulks += uint64(len(e.PDU.Bindings))
	})
	s.SetRequest.Listen(func(e *event.SNMPSetRequest) {
		b.state(e.Conn, &e.Header).sets += uint64(len(e.PDU.Bindings))
	})
	s.Response.Listen(b.response)
	s.Trap.Listen(func(e *event.SNMPTrap) { b.state(e.Conn, &e.Header) })
	s.InformRequest.Listen(func(e *event.SNMPInformRequest) { b.state(e.Conn, &e.Header) })
	s.TrapV2.Listen(func(e *event.SNMPTrapV2) { b.state(e.Conn, &e.Header) })
	s.Report.Listen(func(e *event.SNMPReport) { b.state(e.Conn, &e.Header) })
	s.UnknownPDU.Listen(func(e *event.SNMPUnknownPDU) { b.state(e.Conn, &e.Header) })
	s.UnknownScopedPDU.Listen(func(e *event.SNMPUnknownScopedPDU) { b.state(e.Conn, &e.Header) })
	s.EncryptedPDU.Listen(func(e *event.SNMPEncryptedPDU) { b.state(e.Conn, &e.Header) })
}

// state returns the state of a flow after another message, and creates it if needed.
func (b *snmp) state(c event.Conn, h *event.SNMPHeader) *snmpState {
	now := b.now()
	s := b.known(c)
	if s == nil {
		s = b.add(c)
		*s = snmpState{ts: now, community: optText{b: s.community.b}, display: optText{b: s.display.b}}
		switch {
		case h.V1.OK:
			s.version = "1"
		case h.V2.OK:
			s.version = "2c"
		default:
			s.version = "3"
		}
	}
	if !s.community.ok {
		switch {
		case h.V1.OK:
			s.community.set(h.V1.V.Community)
		case h.V2.OK:
			s.community.set(h.V2.V.Community)
		case h.V3.V.UserSecurityParameters.OK:
			if name := h.V3.V.UserSecurityParameters.V.UserName; len(name) > 0 {
				s.community.set(name)
			}
		}
	}
	b.account(c, s)
	s.last = now
	return s
}

// account accounts for the texts of s, which may have grown.
func (b *snmp) account(c event.Conn, s *snmpState) {
	n := cap(s.community.b) + cap(s.display.b)
	b.hold(c, n-s.held)
	s.held = n
}

// OIDs of sysDescr and sysUpTime (RFC 3418 section 2).
const (
	oidSysDescr  = "1.3.6.1.2.1.1.1.0"
	oidSysUpTime = "1.3.6.1.2.1.1.3.0"
)

func (b *snmp) response(e *event.SNMPResponse) {
	s := b.state(e.Conn, &e.Header)
	s.responses += uint64(len(e.PDU.Bindings))
	for i := range e.PDU.Bindings {
		x := &e.PDU.Bindings[i]
		switch {
		case x.Value.Octets.OK && string(x.OID) == oidSysDescr:
			s.display.set(x.Value.Octets.V)
			b.account(e.Conn, s)
		case x.Value.Unsigned.OK && string(x.OID) == oidSysUpTime:
			// In hundredths of a second. What is before Unix time cannot be meant.
			up := min(x.Value.Unsigned.V, uint64(s.last/(value.Second/100)))
			s.upSince = value.Some(s.last - value.Time(up)*(value.Second/100))
		}
	}
}

func (b *snmp) ended(c event.Conn, s *snmpState) {
	id, uid := c.ID(), c.UID()
	b.uidBuf = uid.Append(b.uidBuf[:0])
	b.rec = schemas.SNMP{
		TS: s.ts, UID: text(b.uidBuf), ID: Endpoints(&id),
		Duration: value.Interval((s.last - s.ts).Seconds()), Version: s.version, Community: s.community.column(),
		GetRequests: s.gets, GetBulkRequests: s.bulks, GetResponses: s.responses, SetRequests: s.sets,
		DisplayString: s.display.column(), UpSince: s.upSince,
	}
	b.out.Emit(&b.rec)
	b.hold(c, -s.held)
	s.held = 0
}
