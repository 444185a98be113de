package krb

import (
	"net/netip"

	"github.com/wirelog/wirelog/dissect/codec/asn1"
	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/x509"
	"github.com/wirelog/wirelog/value"
)

// Message types, which equal the numbers of their application tags (RFC 4120 section 7.5.7).
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

// decoder decodes messages one at a time and raises their events, which point into its
// scratch.
type decoder struct {
	hooks  *event.KRBEvents
	sender *x509.Sender
	keys   *Keytab // nil for none

	// The current message's connection, analyzer and direction.
	conn.Use
	source  string
	isOrig  bool
	tooLong func(n int) // reports an integer with too many bytes

	text     []byte // names with several components
	plain    []byte // a decrypted ticket
	padata   []event.KRBTypeValue
	etypes   []uint64
	addrs    []event.KRBHostAddress
	badAddrs int // addresses of the wrong length for their type
	tickets  []event.KRBTicketRecord
	certs    []certificates
	request  event.KRBKDCRequest
	response event.KRBKDCResponse
}

// decode decodes a message and returns what is wrong with it, or nil.
func (d *decoder) decode(b []byte) *wire.Malformed {
	d.text, d.padata, d.certs, d.badAddrs = d.text[:0], d.padata[:0], d.certs[:0], 0
	r := asn1.NewReader(b, d.tooLong)
	h := r.Header()
	if !r.OK() {
		return r.Err()
	}
	switch typ := int(h.Tag & 0x1f); typ {
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
		return wire.InvalidCase("KRB_PDU", typ)
	}
	return r.Err()
}

// confirm confirms the protocol after a whole message was decoded.
func (d *decoder) confirm() {
	d.Confirm()
	for range d.badAddrs {
		d.Weird("invalid_kerberos_addr_len", "", d.source)
	}
	d.badAddrs = 0
}

// apRequest parses an AP-REQ (section 5.5.1).
func (d *decoder) apRequest(r *asn1.Reader) {
	r.Skip(1)
	r.Tagged() // pvno
	r.Tagged() // msg-type
	flags := bitString(r, "KRB_AP_Options:flags", 2)
	ticket := d.ticket(r, true)
	d.encryptedPart(r)
	if !r.OK() {
		return
	}
	if d.source == "KRB_TCP" {
		// Zeek decrypts tickets if it has a key; over TCP it reports a result even without
		// one.
		ticket.AuthenticationInfo = value.Some([]byte{})
	}
	d.confirm()
	if e := d.hooks.APRequest.Begin(); e != nil {
		if d.keys != nil {
			d.decrypt(&ticket)
		}
		*e = event.KRBAPRequest{Conn: d.Conn(), Ticket: ticket, Opts: event.KRBAPOptions{
			UseSessionKey: flags&0x40000000 != 0, MutualRequired: flags&0x20000000 != 0,
		}}
		d.hooks.APRequest.Raise(e)
	}
}

// decrypt sets AuthenticationInfo to the client of a ticket, if a key fits the ticket.
func (d *decoder) decrypt(t *event.KRBTicketRecord) {
	part, plain := d.keys.open(d.plain, t.Cipher, t.Ciphertext.V)
	if d.plain = plain; cap(plain) > keptTicket {
		d.plain = nil
	}
	if part == nil {
		d.Limited("KRB", "no_key")
		return
	}
	at := len(d.text)
	name, ok := clientOf(d.text, part, d.tooLong)
	if d.text = name; ok {
		t.AuthenticationInfo = value.Some(name[at:])
	}
}

// keptTicket is the largest capacity of a buffer for tickets that is reused.
const keptTicket = 64 << 10

// apResponse parses an AP-REP (section 5.5.2).
func (d *decoder) apResponse(r *asn1.Reader) {
	d.encryptedMessage(r)
	if r.OK() {
		d.confirm()
		if e := d.hooks.APResponse.Begin(); e != nil {
			*e = event.KRBAPResponse{Conn: d.Conn()}
			d.hooks.APResponse.Raise(e)
		}
	}
}

// priv parses a KRB-PRIV (section 5.7.1).
func (d *decoder) priv(r *asn1.Reader) {
	d.encryptedMessage(r)
	if r.OK() {
		d.confirm()
		if e := d.hooks.Priv.Begin(); e != nil {
			*e = event.KRBPriv{Conn: d.Conn(), IsOrig: d.isOrig}
			d.hooks.Priv.Raise(e)
		}
	}
}

// encryptedMessage parses a message with nothing but an encrypted part.
func (d *decoder) encryptedMessage(r *asn1.Reader) {
	r.Skip(1)
	r.Tagged() // pvno
	r.Tagged() // msg-type
	d.encryptedPart(r)
}

// cred parses a KRB-CRED (section 5.8.1).
func (d *decoder) cred(r *asn1.Reader) {
	r.Skip(1)
	r.Tagged() // pvno
	r.Tagged() // msg-type
	r.Skip(1)
	d.ticketSequence(r)
	d.encryptedPart(r)
	if r.OK() {
		d.confirm()
		if e := d.hooks.Cred.Begin(); e != nil {
			*e = event.KRBCred{Conn: d.Conn(), IsOrig: d.isOrig, Tickets: d.tickets}
			d.hooks.Cred.Raise(e)
		}
	}
}

// safe parses a KRB-SAFE (section 5.6.1).
func (d *decoder) safe(r *asn1.Reader) {
	var m event.KRBSAFEMsg
	r.Skip(1)
	m.PVNO = r.Number(r.Tagged())
	m.MsgType = r.Number(r.Tagged())
	start := r.Pos()
	h := r.Header()
	body := r.Inside("KRB_SAFE_MSG:safe_body", start, h.Length)
	body.Skip(1)
	usec := uint64(0)
	for body.More() {
		start := body.Pos()
		h := body.Header()
		arg := body.Inside("KRB_SAFE_Arg:args", start, h.Length)
		switch h.Index() {
		case 0:
			m.Data = arg.Value()
		case 1:
			m.Timestamp = kerberosTime(arg.Value())
		case 2:
			usec = arg.Number(arg.Value())
		case 3:
			m.Seq = value.Some(arg.Number(arg.Value()))
		case 4:
			m.Sender = value.Some(d.hostAddress(&arg))
		case 5:
			m.Recipient = value.Some(d.hostAddress(&arg))
		}
		body.Join(&arg)
	}
	r.Join(&body)
	r.Tagged() // cksum
	if !r.OK() {
		return
	}
	if m.Timestamp.OK {
		m.Timestamp.V += value.Time(usec % 1e6 * 1e3)
	}
	d.confirm()
	if e := d.hooks.Safe.Begin(); e != nil {
		*e = event.KRBSafe{Conn: d.Conn(), IsOrig: d.isOrig, Msg: m}
		d.hooks.Safe.Raise(e)
	}
}

// ticket parses a Ticket (section 5.3), inside an explicit tag if tagged is set.
func (d *decoder) ticket(r *asn1.Reader, tagged bool) (t event.KRBTicketRecord) {
	start := r.Pos()
	if tagged {
		r.Skip(1)
	}
	r.Skip(2)
	t.PVNO = r.Number(r.Tagged())
	t.Realm = r.Tagged()
	h := r.Header()
	t.ServiceName = d.principalOf(r, "KRB_Ticket:sname", start, h.Length)
	enc := d.encryptedPart(r)
	t.Cipher, t.Ciphertext = enc.Cipher, value.Some(enc.Ciphertext)
	return t
}

// ticketSequence parses a SEQUENCE OF Ticket into d.tickets.
func (d *decoder) ticketSequence(r *asn1.Reader) {
	start := r.Pos()
	h := r.Header()
	list := r.Inside("KRB_Ticket_Sequence:tickets", start, h.Length)
	d.tickets = d.tickets[:0]
	for list.More() {
		d.tickets = append(d.tickets, d.ticket(&list, false))
	}
	r.Join(&list)
}

// encryptedPart parses an EncryptedData and its tag (section 5.2.9).
func (d *decoder) encryptedPart(r *asn1.Reader) event.KRBEncryptedData {
	start := r.Pos()
	h := r.Header()
	part := r.Inside("KRB_Encrypted_Data_in_Seq:data", start, h.Length)
	e := encryptedData(&part, 1)
	r.Join(&part)
	return e
}

// encryptedData parses an EncryptedData that begins with n headers.
func encryptedData(r *asn1.Reader, n int) (e event.KRBEncryptedData) {
	start := r.Pos()
	r.Skip(n)
	e.Cipher = r.Number(r.Tagged())
	h := r.Header()
	if h.Index() == 1 {
		e.KVNO = value.Some(r.Number(r.Value()))
		h = r.Header()
	}
	cipher := r.Inside("KRB_Encrypted_Data:ciphertext", start, h.Length)
	e.Ciphertext = cipher.Value()
	r.Join(&cipher)
	return e
}

// principalOf parses a PrincipalName of n bytes. field and start are as for asn1.Reader.Take.
func (d *decoder) principalOf(r *asn1.Reader, field string, start, n int) []byte {
	in := r.Inside(field, start, n)
	name := d.principal(&in)
	r.Join(&in)
	return name
}

// principal parses a PrincipalName (section 5.2.2), which extends to the end of r. It returns
// the components joined by slashes or, as in Zeek, "unknown" if there are none or more than
// three. With several components, each ends at a NUL.
func (d *decoder) principal(r *asn1.Reader) []byte {
	const maxParts = 3
	r.Skip(2)
	r.Value() // name-type
	r.Skip(2)
	var parts [maxParts][]byte
	count := 0
	for r.More() {
		p := r.Value()
		if count < maxParts {
			parts[count] = p
		}
		count++
	}
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

// Address types (section 7.5.3).
const (
	addrIPv4    = 2
	addrNetBIOS = 20
	addrIPv6    = 24
)

// hostAddress parses a HostAddress (section 5.2.5).
func (d *decoder) hostAddress(r *asn1.Reader) (a event.KRBHostAddress) {
	r.Skip(1)
	typ := r.Number(r.Tagged())
	b := r.Tagged()
	switch {
	case !r.OK():
		return a
	case typ == addrIPv4 && len(b) == 4, typ == addrIPv6 && len(b) == 16:
		ip, _ := netip.AddrFromSlice(b)
		a.IP = value.Some(ip)
		return a
	case typ == addrIPv4 || typ == addrIPv6:
		d.badAddrs++
	case typ == addrNetBIOS:
		a.NetBIOS = value.Some(b)
		return a
	}
	a.Unknown = value.Some(event.KRBTypeValue{DataType: typ, Val: b})
	return a
}
