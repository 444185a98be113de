package krb

import (
	"github.com/wirelog/wirelog/dissect/codec/asn1"
	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// kdcRequest parses an AS-REQ or TGS-REQ (RFC 4120 section 5.4.1). As in Zeek, msg-type
// decides which.
func (d *decoder) kdcRequest(r *asn1.Reader) {
	m := &d.request
	*m = event.KRBKDCRequest{}
	r.Skip(1)
	m.PVNO = r.Number(r.Tagged())
	m.MsgType = r.Number(r.Tagged())
	if h := r.Header(); h.Index() == 3 {
		m.PAData = d.optionalPreauthentication(r, h.Length)
		r.Skip(1)
	}
	r.Skip(1)
	for r.More() {
		start := r.Pos()
		h := r.Header()
		arg := r.Inside("KRB_REQ_Arg:data", start, h.Length)
		d.requestBody(m, h.Index(), &arg)
		r.Join(&arg)
	}
	if !r.OK() {
		return
	}
	d.confirm()
	switch m.MsgType {
	case msgASReq:
		d.sendCertificates()
		if e := d.hooks.ASRequest.Begin(); e != nil {
			*e = event.KRBASRequest{Conn: d.Conn(), Msg: *m}
			d.hooks.ASRequest.Raise(e)
		}
	case msgTGSReq:
		d.sendCertificates()
		if e := d.hooks.TGSRequest.Begin(); e != nil {
			*e = event.KRBTGSRequest{Conn: d.Conn(), Msg: *m}
			d.hooks.TGSRequest.Raise(e)
		}
	}
}

// requestBody parses field i of a KDC-REQ-BODY.
func (d *decoder) requestBody(m *event.KRBKDCRequest, i int, r *asn1.Reader) {
	switch i {
	case 0:
		m.KDCOptions = value.Some(kdcOptions(bitString(r, "KRB_KDC_Options:flags", 1)))
	case 1:
		m.ClientName = value.Some(d.principal(r))
	case 2:
		m.ServiceRealm = value.Some(r.Value())
	case 3:
		m.ServiceName = value.Some(d.principal(r))
	case 4:
		m.From = d.time(r)
	case 5:
		m.Till = d.time(r)
	case 6:
		m.RTime = d.time(r)
	case 7:
		m.Nonce = value.Some(r.Number(r.Value()))
	case 8:
		r.Skip(1)
		d.etypes = d.etypes[:0]
		for r.More() {
			d.etypes = append(d.etypes, r.Number(r.Value()))
		}
		m.EncryptionTypes = value.Opt[[]uint64]{V: d.etypes, OK: len(d.etypes) > 0}
	case 9:
		r.Skip(1)
		d.addrs = d.addrs[:0]
		for r.More() {
			d.addrs = append(d.addrs, d.hostAddress(r))
		}
		m.HostAddrs = value.Opt[[]event.KRBHostAddress]{V: d.addrs, OK: len(d.addrs) > 0}
	case 11:
		d.ticketSequence(r)
		m.AdditionalTickets = value.Opt[[]event.KRBTicketRecord]{V: d.tickets, OK: len(d.tickets) > 0}
	}
}

// time parses a KerberosTime that extends to the end of r.
func (d *decoder) time(r *asn1.Reader) value.Opt[value.Time] {
	r.Skip(1)
	return kerberosTime(r.Rest())
}

// bitString parses a BIT STRING of 32 flags after n headers. The first header begins the part
// of the message that contains the field.
func bitString(r *asn1.Reader, field string, n int) uint64 {
	const unused, flags = 1, 4
	start := r.Pos()
	r.Skip(n)
	if b := r.Take(field, start, unused+flags); b != nil {
		return r.Number(b[unused:])
	}
	return 0
}

func kdcOptions(flags uint64) event.KRBKDCOptions {
	has := func(bit uint64) bool { return flags&bit != 0 }
	return event.KRBKDCOptions{
		Forwardable:           has(0x40000000),
		Forwarded:             has(0x20000000),
		Proxiable:             has(0x10000000),
		Proxy:                 has(0x8000000),
		AllowPostdate:         has(0x4000000),
		Postdated:             has(0x2000000),
		Renewable:             has(0x800000),
		OptHardwareAuth:       has(0x100000),
		DisableTransitedCheck: has(0x10),
		RenewableOK:           has(0x8),
		EncTktInSkey:          has(0x4),
		Renew:                 has(0x2),
		Validate:              has(0x1),
	}
}

// kdcResponse parses an AS-REP or TGS-REP (section 5.4.2).
func (d *decoder) kdcResponse(r *asn1.Reader) {
	start := r.Pos()
	m := &d.response
	*m = event.KRBKDCResponse{}
	r.Skip(1)
	m.PVNO = r.Number(r.Tagged())
	m.MsgType = r.Number(r.Tagged())
	h := r.Header()
	if h.Index() == 2 {
		m.PAData = d.optionalPreauthentication(r, h.Length)
		h = r.Header()
	}
	realm := r.Inside("KRB_KDC_REP:client_realm", start, h.Length)
	m.ClientRealm = value.Some(realm.Value())
	r.Join(&realm)
	h = r.Header()
	m.ClientName = d.principalOf(r, "KRB_KDC_REP:client_name", start, h.Length)
	m.Ticket = d.ticket(r, true)
	m.EncPart = d.encryptedPart(r)
	if !r.OK() {
		return
	}
	d.confirm()
	switch m.MsgType {
	case msgASRep:
		d.sendCertificates()
		if e := d.hooks.ASResponse.Begin(); e != nil {
			*e = event.KRBASResponse{Conn: d.Conn(), Msg: *m}
			d.hooks.ASResponse.Raise(e)
		}
	case msgTGSRep:
		d.sendCertificates()
		if e := d.hooks.TGSResponse.Begin(); e != nil {
			*e = event.KRBTGSResponse{Conn: d.Conn(), Msg: *m}
			d.hooks.TGSResponse.Raise(e)
		}
	}
}

// error parses a KRB-ERROR (section 5.9.1).
func (d *decoder) error(r *asn1.Reader) {
	var m event.KRBErrorMsg
	r.Skip(1)
	var clientTime, serverTime value.Opt[value.Time]
	var clientUsec, serverUsec uint64
	coded := false
	for field := 0; r.More(); field++ {
		start := r.Pos()
		h := r.Header()
		i := h.Index()
		if i == 6 && !coded {
			// As in Zeek, fields before the error code are counted apart from those after it.
			m.ErrorCode = r.Number(r.Value())
			coded, field = true, -1
			continue
		}
		arg := r.Inside("KRB_ERROR_Arg:args", start, h.Length)
		switch i {
		case 0:
			m.PVNO = value.Some(arg.Number(arg.Value()))
		case 1:
			m.MsgType = value.Some(arg.Number(arg.Value()))
		case 2:
			if t := d.time(&arg); field > 0 {
				clientTime = t
			}
		case 3:
			clientUsec = arg.Number(arg.Value())
		case 4:
			if t := d.time(&arg); field > 0 {
				serverTime = t
			}
		case 5:
			serverUsec = arg.Number(arg.Value())
		case 7:
			m.ClientRealm = value.Some(arg.Value())
		case 8:
			m.ClientName = value.Some(d.principal(&arg))
		case 9:
			m.ServiceRealm = value.Some(arg.Value())
		case 10:
			m.ServiceName = value.Some(d.principal(&arg))
		case 11:
			m.ErrorText = value.Some(arg.Value())
		case 12:
			if m.ErrorCode == errPreauthRequired {
				m.PAData = d.preauthentication(&arg, true)
			}
		case 6:
		default:
			arg.Fail(wire.InvalidCase("KRB_ERROR_Arg_Data", i))
		}
		r.Join(&arg)
	}
	if !coded {
		r.Value()
	}
	if !r.OK() {
		return
	}
	m.ClientTime, m.ServerTime = withMicroseconds(clientTime, clientUsec), withMicroseconds(serverTime, serverUsec)
	d.confirm()
	if e := d.hooks.Error.Begin(); e != nil {
		*e = event.KRBError{Conn: d.Conn(), Msg: m}
		d.hooks.Error.Raise(e)
	}
}

// withMicroseconds adds usec to t, multiplied by ten as in Zeek.
func withMicroseconds(t value.Opt[value.Time], usec uint64) value.Opt[value.Time] {
	if t.OK {
		t.V += value.Time(min(usec, 1e9) * 10e3)
	}
	return t
}
