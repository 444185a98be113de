package krb

import (
	"net/netip"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/x509"
)

// Message types, which are also the numbers of their application tags (RFC 4120 section
// 7.5.7).
const (
	msgASReq  = 10
	msgASRep  = 11
	msgTGSReq = 12
	msgTGSRep = 13
	msgAPReq  = 14
	msgAPRep  = 15
	msgSafe   = 20
	msgPriv   = 21
	msgCred   = 22
	msgError  = 30
)

// errPreauthRequired is KDC_ERR_PREAUTH_REQUIRED (RFC 4120 section 7.5.9).
const errPreauthRequired = 25

// decoder reads one message after the other and raises their events. What they point to is
// its scratch.
type decoder struct {
	hooks  *event.KRBEvents
	sender *x509.Sender

	// The message's connection, analyzer and direction.
	t      *conn.Table
	c      *conn.Conn
	a      conn.Analyzer
	source string
	isOrig bool

	text     []byte // of names with several parts
	padata   []event.KRBTypeValue
	etypes   []uint64
	addrs    []event.KRBHostAddress
	tickets  []event.KRBTicketRecord
	certs    []certificates
	request  event.KRBKDCRequest
	response event.KRBKDCResponse
	ev       scratch
}

// scratch has the events of a decoder.
type scratch struct {
	asReq  event.KRBASRequest
	asRep  event.KRBASResponse
	tgsReq event.KRBTGSRequest
	tgsRep event.KRBTGSResponse
	apReq  event.KRBAPRequest
	apRep  event.KRBAPResponse
	err    event.KRBError
	safe   event.KRBSafe
	priv   event.KRBPriv
	cred   event.KRBCred
}

// decode reads a message. If it is none, it reports false, with the type that is not known,
// or -1.
func (d *decoder) decode(b []byte) (typ int, ok bool) {
	d.text, d.padata, d.certs = d.text[:0], d.padata[:0], d.certs[:0]
	r := reader{b: b}
	tag, _ := r.header()
	if r.bad {
		return -1, false
	}
	switch typ := int(tag & 0x1f); typ {
	case msgASReq, msgTGSReq:
		d.kdcRequest(&r)
	case msgASRep, msgTGSRep:
		d.kdcResponse(&r)
	case msgAPReq:
		d.apRequest(&r)
	case msgAPRep:
		d.apResponse(&r)
	case msgSafe:
		d.safe(&r)
	case msgPriv:
		d.priv(&r)
	case msgCred:
		d.cred(&r)
	case msgError:
		d.error(&r)
	default:
		return typ, false
	}
	return -1, !r.bad
}

// confirm notes that the message was read in full.
func (d *decoder) confirm() { d.t.Confirm(d.c, d.a) }

// apRequest is an AP-REQ (section 5.5.1).
func (d *decoder) apRequest(r *reader) {
	e := &d.ev.apReq
	*e = event.KRBAPRequest{Conn: d.c}
	r.skip(1)
	r.tagged() // pvno
	r.tagged() // msg-type
	r.skip(2)
	r.take(1) // unused bits
	flags := number(r.take(4))
	e.Opts.UseSessionKey = flags&0x40000000 != 0
	e.Opts.MutualRequired = flags&0x20000000 != 0
	r.skip(1)
	e.Ticket = d.ticket(r)
	d.encryptedPart(r)
	if r.bad {
		return
	}
	if d.source == "KRB_TCP" {
		// Zeek, which decrypts tickets for which it has a key, says so over TCP without one too.
		e.Ticket.AuthenticationInfo = event.Some([]byte{})
	}
	d.confirm()
	d.hooks.APRequest.Raise(e)
}

// apResponse is an AP-REP (section 5.5.2).
func (d *decoder) apResponse(r *reader) {
	d.encryptedMessage(r)
	if !r.bad {
		d.confirm()
		d.ev.apRep.Conn = d.c
		d.hooks.APResponse.Raise(&d.ev.apRep)
	}
}

// priv is a KRB-PRIV (section 5.7.1).
func (d *decoder) priv(r *reader) {
	d.encryptedMessage(r)
	if !r.bad {
		d.confirm()
		d.ev.priv = event.KRBPriv{Conn: d.c, IsOrig: d.isOrig}
		d.hooks.Priv.Raise(&d.ev.priv)
	}
}

// encryptedMessage reads what has nothing but an encrypted part.
func (d *decoder) encryptedMessage(r *reader) {
	r.skip(1)
	r.tagged() // pvno
	r.tagged() // msg-type
	d.encryptedPart(r)
}

// cred is a KRB-CRED (section 5.8.1).
func (d *decoder) cred(r *reader) {
	r.skip(1)
	r.tagged() // pvno
	r.tagged() // msg-type
	r.skip(1)
	d.ticketSequence(r)
	d.encryptedPart(r)
	if !r.bad {
		d.confirm()
		d.ev.cred = event.KRBCred{Conn: d.c, IsOrig: d.isOrig, Tickets: d.tickets}
		d.hooks.Cred.Raise(&d.ev.cred)
	}
}

// safe is a KRB-SAFE (section 5.6.1).
func (d *decoder) safe(r *reader) {
	e := &d.ev.safe
	*e = event.KRBSafe{Conn: d.c, IsOrig: d.isOrig}
	r.skip(1)
	e.Msg.PVNO = number(r.tagged())
	e.Msg.MsgType = number(r.tagged())
	_, n := r.header()
	body := r.inside(n)
	body.skip(1)
	usec := uint64(0)
	for body.more() {
		i, n := body.index()
		arg := body.inside(n)
		switch i {
		case 0:
			e.Msg.Data = arg.value()
		case 1:
			e.Msg.Timestamp = kerberosTime(arg.value())
		case 2:
			usec = number(arg.value())
		case 3:
			e.Msg.Seq = event.Some(number(arg.value()))
		case 4:
			e.Msg.Sender = event.Some(d.hostAddress(&arg))
		case 5:
			e.Msg.Recipient = event.Some(d.hostAddress(&arg))
		}
		body.join(&arg)
	}
	r.join(&body)
	r.tagged() // cksum
	if r.bad {
		return
	}
	if e.Msg.Timestamp.OK {
		e.Msg.Timestamp.V += event.Time(usec % 1e6 * 1e3)
	}
	d.confirm()
	d.hooks.Safe.Raise(e)
}

// ticket is a Ticket (section 5.3).
func (d *decoder) ticket(r *reader) (t event.KRBTicketRecord) {
	r.skip(2)
	t.PVNO = number(r.tagged())
	t.Realm = r.tagged()
	_, n := r.header()
	t.ServiceName = d.principal(r, n)
	enc := d.encryptedPart(r)
	t.Cipher, t.Ciphertext = enc.Cipher, event.Some(enc.Ciphertext)
	return t
}

// ticketSequence reads a SEQUENCE OF Ticket into d.tickets.
func (d *decoder) ticketSequence(r *reader) {
	_, n := r.header()
	list := r.inside(n)
	d.tickets = d.tickets[:0]
	for list.more() {
		d.tickets = append(d.tickets, d.ticket(&list))
	}
	r.join(&list)
}

// encryptedPart is an EncryptedData with its tag (section 5.2.9).
func (d *decoder) encryptedPart(r *reader) event.KRBEncryptedData {
	_, n := r.header()
	part := r.inside(n)
	e := encryptedData(&part)
	r.join(&part)
	return e
}

func encryptedData(r *reader) (e event.KRBEncryptedData) {
	r.skip(1)
	e.Cipher = number(r.tagged())
	i, n := r.index()
	if i == 1 {
		e.KVNO = event.Some(number(r.value()))
		_, n = r.header()
	}
	cipher := r.inside(n)
	e.Ciphertext = cipher.value()
	r.join(&cipher)
	return e
}

// principal is a PrincipalName of n bytes (section 5.2.2): its parts joined by slashes, or
// "unknown" if it has none or more than three, as in Zeek. Each ends at a NUL if there are
// several.
func (d *decoder) principal(r *reader, n int) []byte {
	const maxParts = 3
	name := r.inside(n)
	name.skip(2)
	name.value() // name-type
	name.skip(2)
	var parts [maxParts][]byte
	count := 0
	for name.more() {
		p := name.value()
		if count < maxParts {
			parts[count] = p
		}
		count++
	}
	r.join(&name)
	switch {
	case count == 1:
		return parts[0]
	case count == 0 || count > maxParts:
		return unknownName
	}
	start := len(d.text)
	for i, p := range parts[:count] {
		if i > 0 {
			d.text = append(d.text, '/')
		}
		d.text = append(d.text, untilNUL(p)...)
	}
	return d.text[start:]
}

var unknownName = []byte("unknown")

func untilNUL(b []byte) []byte {
	for i, c := range b {
		if c == 0 {
			return b[:i]
		}
	}
	return b
}

// Types of addresses (section 7.5.3).
const (
	addrIPv4    = 2
	addrNetBIOS = 20
	addrIPv6    = 24
)

// hostAddress is a HostAddress (section 5.2.5).
func (d *decoder) hostAddress(r *reader) (a event.KRBHostAddress) {
	typ := uint64(0)
	r.skip(1)
	typ = number(r.tagged())
	b := r.tagged()
	switch {
	case r.bad:
		return a
	case typ == addrIPv4 && len(b) == 4, typ == addrIPv6 && len(b) == 16:
		ip, _ := netip.AddrFromSlice(b)
		a.IP = event.Some(ip)
		return a
	case typ == addrIPv4 || typ == addrIPv6:
		d.t.Weird(d.c, "invalid_kerberos_addr_len", "", d.source)
	case typ == addrNetBIOS:
		a.NetBIOS = event.Some(b)
		return a
	}
	a.Unknown = event.Some(event.KRBTypeValue{DataType: typ, Val: b})
	return a
}
