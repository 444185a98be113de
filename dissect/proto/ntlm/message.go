package ntlm

import (
	"encoding/binary"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// Payload offsets. Fields of later protocol versions, such as the version and the MIC, precede
// the first string there.
const (
	negotiatePayload    = 32
	challengePayload    = 48
	authenticatePayload = 64

	fieldsSize  = 8 // of a string's length and offset
	versionSize = 8
)

// Flags of fields present in a message (MS-NLMP section 2.2.2.5). The others are decoded in
// flags.
const (
	flagRequestTarget   = 1 << 2
	flagOEMDomain       = 1 << 12
	flagOEMWorkstation  = 1 << 13
	flagTargetInfo      = 1 << 23
	flagVersion         = 1 << 25
	pairFlagConstrained = 1 // in pairFlags
)

// fields is the length and offset of a string (MS-NLMP section 2.2.1.1: Len, MaxLen,
// BufferOffset).
type fields struct {
	length int
	offset uint32
}

func readFields(b []byte) fields {
	return fields{int(binary.LittleEndian.Uint16(b)), binary.LittleEndian.Uint32(b[4:])}
}

// in returns the string in message b. It must lie in the payload, which starts at that offset.
func (s fields) in(b []byte, payload int) (text []byte, ok bool) {
	if uint64(s.offset) < uint64(payload) || uint64(s.offset)+uint64(s.length) > uint64(len(b)) {
		return nil, false
	}
	at := int(s.offset)
	return b[at : at+s.length], true
}

// flags decodes the flags requested or granted.
func flags(x uint32) event.NTLMNegotiateFlags {
	return event.NTLMNegotiateFlags{
		Negotiate56:                      x&(1<<31) != 0,
		NegotiateKeyExch:                 x&(1<<30) != 0,
		Negotiate128:                     x&(1<<29) != 0,
		NegotiateVersion:                 x&flagVersion != 0,
		NegotiateTargetInfo:              x&flagTargetInfo != 0,
		RequestNonNTSessionKey:           x&(1<<22) != 0,
		NegotiateIdentify:                x&(1<<20) != 0,
		NegotiateExtendedSessionsecurity: x&(1<<19) != 0,
		TargetTypeServer:                 x&(1<<17) != 0,
		TargetTypeDomain:                 x&(1<<16) != 0,
		NegotiateAlwaysSign:              x&(1<<15) != 0,
		NegotiateOEMWorkstationSupplied:  x&flagOEMWorkstation != 0,
		NegotiateOEMDomainSupplied:       x&flagOEMDomain != 0,
		NegotiateAnonymousConnection:     x&(1<<11) != 0,
		NegotiateNTLM:                    x&(1<<9) != 0,
		NegotiateLMKey:                   x&(1<<7) != 0,
		NegotiateDatagram:                x&(1<<6) != 0,
		NegotiateSeal:                    x&(1<<5) != 0,
		NegotiateSign:                    x&(1<<4) != 0,
		RequestTarget:                    x&flagRequestTarget != 0,
		NegotiateOEM:                     x&(1<<1) != 0,
		NegotiateUnicode:                 x&(1<<0) != 0,
	}
}

// version returns the version at the start of the payload, if it is flagged and no string
// begins there.
func version(b []byte, payload int, x, first uint32) (v value.Opt[event.NTLMVersion], ok bool) {
	if x&flagVersion == 0 || uint32(payload) >= first {
		return v, true
	}
	if len(b) < payload+versionSize {
		return v, false
	}
	b = b[payload:]
	return value.Some(event.NTLMVersion{
		Major: uint64(b[0]), Minor: uint64(b[1]),
		Build:   uint64(binary.LittleEndian.Uint16(b[2:])),
		NTLMSSP: uint64(b[7]),
	}), true
}

// negotiate parses a NEGOTIATE message (MS-NLMP section 2.2.1.1).
func (a *analyzer) negotiate(b []byte) bool {
	const at = 12
	if len(b) < negotiatePayload {
		return false
	}
	x := binary.LittleEndian.Uint32(b[at:])
	domain := readFields(b[at+4:])
	workstation := readFields(b[at+4+fieldsSize:])

	var m event.NTLMNegotiateMessage
	m.Flags = flags(x)
	var ok bool
	if m.Version, ok = version(b, negotiatePayload, x, min(domain.offset, workstation.offset)); !ok {
		return false
	}
	var texts [2][]byte
	has := [2]bool{x&flagOEMDomain != 0, x&flagOEMWorkstation != 0}
	for i, s := range [2]fields{domain, workstation} {
		if has[i] {
			if texts[i], ok = s.in(b, negotiatePayload); !ok {
				return false
			}
		}
	}
	h := &a.f.hooks.Negotiate
	if !h.On() {
		return true
	}
	for i, dst := range [2]*value.Opt[[]byte]{&m.DomainName, &m.Workstation} {
		if has[i] {
			*dst = a.name(texts[i])
		}
	}
	e := h.Begin()
	*e = event.NTLMNegotiate{Conn: a.Conn(), Negotiate: m}
	h.Raise(e)
	return true
}

// challenge parses a CHALLENGE message (MS-NLMP section 2.2.1.2).
func (a *analyzer) challenge(b []byte) bool {
	const at = 12
	if len(b) < challengePayload {
		return false
	}
	target := readFields(b[at:])
	x := binary.LittleEndian.Uint32(b[at+fieldsSize:])
	info := readFields(b[challengePayload-fieldsSize:])

	var m event.NTLMChallengeMessage
	m.Flags = flags(x)
	m.Challenge = binary.LittleEndian.Uint64(b[at+fieldsSize+4:])
	var ok bool
	if m.Version, ok = version(b, challengePayload, x, min(target.offset, info.offset)); !ok {
		return false
	}
	var text []byte
	if x&flagRequestTarget != 0 {
		if text, ok = target.in(b, challengePayload); !ok {
			return false
		}
	}
	h := &a.f.hooks.Challenge
	wanted := h.On()
	ended := true
	if x&flagTargetInfo != 0 {
		// As in Zeek, the offset is truncated to 16 bits, and the pairs may extend to the end
		// of the message.
		from := challengePayload + int(uint16(info.offset-challengePayload))
		if from > len(b) {
			return false
		}
		m.TargetInfo.OK = true
		if ended, ok = a.pairs(b[from:], &m.TargetInfo.V, wanted); !ok {
			return false
		}
	}
	if !wanted {
		return true
	}
	if x&flagRequestTarget != 0 {
		m.TargetName = a.name(text)
	}
	if !ended && info.length != 0 {
		// The list must have a terminator (MS-NLMP section 2.2.1.2).
		a.Violate(conn.Violation{Reason: "NTLM AV Pair loop underflow"})
	}
	e := h.Begin()
	*e = event.NTLMChallenge{Conn: a.Conn(), Challenge: m}
	h.Raise(e)
	return true
}

// authenticate parses an AUTHENTICATE message (MS-NLMP section 2.2.1.3).
func (a *analyzer) authenticate(b []byte) bool {
	const (
		at         = 12
		lmResponse = iota - 1
		ntResponse
		domain
		user
		workstation
		sessionKey
		count
	)
	if len(b) < authenticatePayload {
		return false
	}
	var all [count]fields
	for i := range all {
		all[i] = readFields(b[at+i*fieldsSize:])
	}
	x := binary.LittleEndian.Uint32(b[at+count*fieldsSize:])

	var m event.NTLMAuthenticateMessage
	m.Flags = flags(x)
	var ok bool
	first := min(all[domain].offset, all[user].offset, all[workstation].offset, all[sessionKey].offset)
	if m.Version, ok = version(b, authenticatePayload, x, first); !ok {
		return false
	}
	var texts [count][]byte
	for i := ntResponse; i < count; i++ {
		if all[i].length > 0 {
			if texts[i], ok = all[i].in(b, authenticatePayload); !ok {
				return false
			}
		}
	}
	h := &a.f.hooks.Authenticate
	if !h.On() {
		return true
	}
	m.Response = value.Opt[[]byte]{V: texts[ntResponse], OK: texts[ntResponse] != nil}
	m.SessionKey = value.Opt[[]byte]{V: texts[sessionKey], OK: texts[sessionKey] != nil}
	for i, dst := range [...]*value.Opt[[]byte]{&m.DomainName, &m.UserName, &m.Workstation} {
		if text := texts[domain+i]; text != nil {
			*dst = a.name(text)
		}
	}
	e := h.Begin()
	*e = event.NTLMAuthenticate{Conn: a.Conn(), Request: m}
	h.Raise(e)
	return true
}
