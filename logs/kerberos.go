package logs

import (
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// kerberos builds kerberos.log after Zeek's base/protocols/krb: a row a connection, when a
// ticket is granted or refused, or else when the connection ends. A request for
// pre-authentication is not a refusal.
type kerberos struct {
	states[kerberosState]
	out    schemas.Emitter
	now    func() value.Time
	rec    schemas.Kerberos
	uidBuf []byte
	// certificate is the certificate under analysis, with the state of its connection.
	certificate *kerberosCert
	fuid        value.UID
}

// A kerberosState is the state of a connection. Its buffers are reused.
type kerberosState struct {
	ts     value.Time
	logged bool

	requestType            string // "" for none
	client, service        kerberosText
	errorMsg, cipher       kerberosText
	success                value.Opt[bool]
	from, till             value.Opt[value.Time]
	forwardable, renewable value.Opt[bool]
	certs                  [2]kerberosCert // the client's, the KDC's
	held                   int
}

// texts lists what a peer determines the length of.
func (s *kerberosState) texts() [5]*kerberosText {
	return [...]*kerberosText{&s.client, &s.service, &s.errorMsg, &s.certs[0].subject, &s.certs[1].subject}
}

// account counts what the texts take.
func (b *kerberos) account(c event.Conn, s *kerberosState) {
	n := 0
	for _, t := range s.texts() {
		n += cap(t.b)
	}
	b.keep(c, &s.held, max(0, n-smallState))
}

// kerberosCert is a certificate by its file. filled is set when its subject is in the row.
type kerberosCert struct {
	fuid, subject kerberosText
	filled        bool
}

// kerberosText is text that may be unset and keeps its buffer.
type kerberosText struct {
	b  []byte
	ok bool
}

func (t *kerberosText) set(b []byte) { t.b, t.ok = append(t.b[:0], b...), true }

func (t *kerberosText) setString(s string) { t.b, t.ok = append(t.b[:0], s...), true }

func (t *kerberosText) column() value.Opt[string] {
	return value.Opt[string]{V: text(t.b), OK: t.ok}
}

func installKerberos(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &kerberos{out: out, now: o.Now}
	b.init(h, b.ended)
	h.KRB.ASRequest.Listen(func(e *event.KRBASRequest) {
		if s := b.state(e.Conn); !s.logged {
			s.requestType = "AS"
			s.setClient(e.Msg.ClientName.V, e.Msg.ServiceRealm.V)
			s.request(&e.Msg)
			b.account(e.Conn, s)
		}
	})
	h.KRB.TGSRequest.Listen(func(e *event.KRBTGSRequest) {
		if s := b.state(e.Conn); !s.logged {
			s.requestType = "TGS"
			s.request(&e.Msg)
			b.account(e.Conn, s)
		}
	})
	h.KRB.ASResponse.Listen(func(e *event.KRBASResponse) { b.response(e.Conn, &e.Msg) })
	h.KRB.TGSResponse.Listen(func(e *event.KRBTGSResponse) { b.response(e.Conn, &e.Msg) })
	h.KRB.Error.Listen(b.failed)
	h.KRB.APRequest.Listen(func(e *event.KRBAPRequest) { b.state(e.Conn) })
	h.File.OverNewConnection.Listen(b.overNewConnection)
	h.X509.Certificate.Listen(func(e *event.X509Certificate) {
		if b.certificate != nil && e.File.FUID() == b.fuid {
			b.certificate.subject.setString(e.Cert.Subject)
		}
	})
}

// state returns the state of a connection, which it creates if needed.
func (b *kerberos) state(c event.Conn) *kerberosState {
	s := b.known(c)
	if s == nil {
		s = b.add(c)
		s.reset(b.now())
	}
	return s
}

func (s *kerberosState) reset(now value.Time) {
	old := *s
	*s = kerberosState{ts: now}
	s.client.b, s.service.b, s.errorMsg.b, s.cipher.b = old.client.b, old.service.b, old.errorMsg.b, old.cipher.b
	for i := range s.certs {
		s.certs[i].fuid.b, s.certs[i].subject.b = old.certs[i].fuid.b, old.certs[i].subject.b
	}
}

// forget removes s as the owner of certificates that have not arrived.
func (b *kerberos) forget(s *kerberosState) {
	if b.certificate == &s.certs[0] || b.certificate == &s.certs[1] {
		b.certificate = nil
	}
}

func (s *kerberosState) setClient(name, realm []byte) {
	s.client.set(name)
	s.client.b = append(append(s.client.b, '/'), realm...)
}

func (s *kerberosState) request(m *event.KRBKDCRequest) {
	if m.ServiceName.OK {
		s.service.set(m.ServiceName.V)
	}
	if m.From.OK {
		s.from = value.Some(m.From.V)
	}
	if m.Till.OK {
		s.till = value.Some(m.Till.V)
	}
	if m.KDCOptions.OK {
		s.forwardable = value.Some(m.KDCOptions.V.Forwardable)
		s.renewable = value.Some(m.KDCOptions.V.Renewable)
	}
}

// response handles a granted ticket, which completes the row.
func (b *kerberos) response(c event.Conn, m *event.KRBKDCResponse) {
	s := b.state(c)
	if !s.logged {
		if !s.client.ok {
			s.setClient(m.ClientName, m.ClientRealm.V)
		}
		s.service.set(m.Ticket.ServiceName)
		s.cipher.setString(kerberosName(kerberosCiphers, m.Ticket.Cipher))
		s.success = value.Some(true)
		b.account(c, s)
	}
	s.fillIn()
	b.write(c, s)
}

// failed handles a refusal.
func (b *kerberos) failed(e *event.KRBError) {
	s, m := b.state(e.Conn), &e.Msg
	if !s.logged {
		switch string(m.ErrorText.V) {
		case "NEEDED_PREAUTH", "Need to use PA-ENC-TIMESTAMP/PA-PK-AS-REQ":
			b.forget(s)
			b.keep(e.Conn, &s.held, 0)
			b.drop(e.Conn, s)
			return
		}
		s.refused(m)
		b.account(e.Conn, s)
	}
	s.fillIn()
	b.write(e.Conn, s)
}

func (s *kerberosState) refused(m *event.KRBErrorMsg) {
	if !s.client.ok && (m.ClientName.OK || m.ClientRealm.OK) {
		s.client.set(m.ClientName.V)
		if m.ClientName.OK {
			s.client.b = append(s.client.b, '/')
		}
		s.client.b = append(s.client.b, m.ClientRealm.V...)
	}
	if m.ServiceName.OK {
		s.service.set(m.ServiceName.V)
	}
	s.success = value.Some(false)
	if m.ErrorText.OK {
		s.errorMsg.set(m.ErrorText.V)
	} else if name := kerberosErrors[m.ErrorCode]; name != "" {
		s.errorMsg.setString(name)
	}
}

func kerberosName(names map[uint64]string, n uint64) string {
	if name := names[n]; name != "" {
		return name
	}
	return "unknown-" + strconv.FormatUint(n, 10)
}

// overNewConnection handles the file of a certificate, which is analyzed at once.
func (b *kerberos) overNewConnection(e *event.FileOverNewConnection) {
	if source := e.File.Source(); source != "KRB" && source != "KRB_TCP" {
		return
	}
	s := b.state(e.Conn)
	c := &s.certs[0]
	if !e.IsOrig {
		c = &s.certs[1]
	}
	b.certificate, b.fuid = c, e.File.FUID()
	c.fuid.set(nil)
	c.fuid.b = b.fuid.Append(c.fuid.b)
	c.subject.ok = false
}

// fillIn sets the subjects of certificates.
func (s *kerberosState) fillIn() {
	for i := range s.certs {
		s.certs[i].filled = s.certs[i].subject.ok
	}
}

func (b *kerberos) ended(c event.Conn, s *kerberosState) {
	s.fillIn()
	b.write(c, s)
	b.forget(s)
	for _, t := range s.texts() {
		if cap(t.b) > 4096 {
			t.b = nil
		}
	}
	b.keep(c, &s.held, 0)
}

func (b *kerberos) write(c event.Conn, s *kerberosState) {
	if s.logged {
		return
	}
	s.logged = true
	id, uid := c.ID(), c.UID()
	b.uidBuf = uid.Append(b.uidBuf[:0])
	b.rec = schemas.Kerberos{
		TS: s.ts, UID: text(b.uidBuf), ID: Endpoints(&id),
		RequestType: value.Opt[string]{V: s.requestType, OK: s.requestType != ""},
		Client:      s.client.column(), Service: s.service.column(),
		Success: s.success, ErrorMsg: s.errorMsg.column(),
		From: s.from, Till: s.till, Cipher: s.cipher.column(),
		Forwardable: s.forwardable, Renewable: s.renewable,
		ClientCertSubject: s.certs[0].subjectColumn(), ClientCertFUID: s.certs[0].fuid.column(),
		ServerCertSubject: s.certs[1].subjectColumn(), ServerCertFUID: s.certs[1].fuid.column(),
	}
	b.out.Emit(&b.rec)
}

func (c *kerberosCert) subjectColumn() (subject value.Opt[string]) {
	if c.filled {
		subject = c.subject.column()
	}
	return subject
}
