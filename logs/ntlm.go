package logs

import (
	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// ntlm builds ntlm.log after Zeek's base/protocols/ntlm: a row a connection, when SPNEGO
// reports the outcome of the authentication, or else when the connection ends. Later
// authentications have no row, but for one after a login that SMB refuses.
type ntlm struct {
	states[ntlmState]
	out schemas.Emitter
	now func() value.Time

	rec    schemas.NTLM
	uidBuf []byte
}

// An ntlmState is the state of a connection. Its buffers are reused.
type ntlmState struct {
	ts                      value.Time
	user, host, domain      optText
	computer, dnsName, tree optText
	success                 value.Opt[bool]
	logged                  bool
	refused                 bool // the row is of a login that SMB refused
	held                    int
}

func (s *ntlmState) texts() [6]*optText {
	return [...]*optText{&s.user, &s.host, &s.domain, &s.computer, &s.dnsName, &s.tree}
}

func installNTLM(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &ntlm{out: out, now: o.Now}
	b.init(h, b.ended)
	h.NTLM.Negotiate.Listen(b.negotiate)
	h.NTLM.Challenge.Listen(b.challenge)
	h.NTLM.Authenticate.Listen(b.authenticate)
	h.GSSAPI.NegResult.Listen(b.result)
	if !o.Compat.Has(compat.NTLMFailedLogin) {
		h.SMB.SMB1Message.Listen(func(e *event.SMB1Message) {
			const sessionSetup = 0x73 // SMB_COM_SESSION_SETUP_ANDX
			if !e.IsOrig && e.Hdr.Command == sessionSetup {
				b.refused(e.Conn, e.Hdr.Status)
			}
		})
		h.SMB.SMB2Message.Listen(func(e *event.SMB2Message) {
			const sessionSetup = 1
			if !e.IsOrig && e.Hdr.Command == sessionSetup {
				b.refused(e.Conn, e.Hdr.Status)
			}
		})
	}
}

// refused handles the NTSTATUS (MS-ERREF section 2.3) of a reply to a session setup. A
// server that refuses a login need not report it in SPNEGO too.
func (b *ntlm) refused(c event.Conn, status uint64) {
	const severity, isError = 30, 3
	const moreProcessing = 0xc0000016 // the next message of the exchange is awaited
	s := b.known(c)
	if s == nil || s.logged || !s.user.ok || status>>severity != isError || status == moreProcessing {
		return
	}
	s.success, s.refused = value.Some(false), true
	b.write(c, s)
}

func (b *ntlm) state(c event.Conn) *ntlmState {
	s := b.known(c)
	if s != nil {
		return s
	}
	s = b.add(c)
	b.begin(s)
	return s
}

// begin makes s that of a login that begins now.
func (b *ntlm) begin(s *ntlmState) {
	s.ts, s.success, s.logged, s.refused = b.now(), value.Opt[bool]{}, false, false
	for _, t := range s.texts() {
		t.ok = false
	}
}

// negotiate handles the first message of a login. One that follows a refused one has a row
// of its own.
func (b *ntlm) negotiate(e *event.NTLMNegotiate) {
	if s := b.state(e.Conn); s.refused {
		b.begin(s)
	}
}

// setIf sets a name unless it is empty.
// account counts what the texts take.
func (b *ntlm) account(c event.Conn, s *ntlmState) {
	n := 0
	for _, t := range s.texts() {
		n += cap(t.b)
	}
	b.keep(c, &s.held, max(0, n-smallState))
}

func setIf(t *optText, name *value.Opt[[]byte]) {
	if name.OK {
		t.set(name.V)
	}
}

func (b *ntlm) challenge(e *event.NTLMChallenge) {
	s := b.state(e.Conn)
	if info := &e.Challenge.TargetInfo; info.OK {
		setIf(&s.computer, &info.V.NBComputerName)
		setIf(&s.dnsName, &info.V.DNSComputerName)
		setIf(&s.tree, &info.V.DNSTreeName)
	}
	b.account(e.Conn, s)
}

func (b *ntlm) authenticate(e *event.NTLMAuthenticate) {
	s := b.state(e.Conn)
	setIf(&s.domain, &e.Request.DomainName)
	setIf(&s.host, &e.Request.Workstation)
	setIf(&s.user, &e.Request.UserName)
	b.account(e.Conn, s)
}

// result handles the outcome of a negotiation, whether of NTLM or not.
func (b *ntlm) result(e *event.GSSAPINegResult) {
	const accepted, incomplete = 0, 1
	s := b.known(e.Conn)
	if s == nil {
		return
	}
	if e.State != incomplete {
		s.success = value.Some(e.State == accepted)
	}
	if s.success.OK && !s.logged {
		b.write(e.Conn, s)
	}
}

func (b *ntlm) ended(c event.Conn, s *ntlmState) {
	if !s.logged {
		b.write(c, s)
	}
	for _, t := range s.texts() {
		t.trim()
	}
	b.keep(c, &s.held, 0)
}

func (b *ntlm) write(c event.Conn, s *ntlmState) {
	s.logged = true
	id, uid := c.ID(), c.UID()
	b.uidBuf = uid.Append(b.uidBuf[:0])
	b.rec = schemas.NTLM{
		TS: s.ts, UID: text(b.uidBuf), ID: Endpoints(&id),
		Username: s.user.column(), Hostname: s.host.column(), Domainname: s.domain.column(),
		ServerNBComputerName: s.computer.column(), ServerDNSComputerName: s.dnsName.column(),
		ServerTreeName: s.tree.column(), Success: s.success,
	}
	b.out.Emit(&b.rec)
}
