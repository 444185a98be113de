package krb

import "github.com/wirelog/wirelog/dissect/event"

// kdcRequest is an AS-REQ or TGS-REQ (RFC 4120 section 5.4.1). Its type is what its
// msg-type says, as in Zeek.
func (d *decoder) kdcRequest(r *reader) {
	m := &d.request
	*m = event.KRBKDCRequest{}
	r.skip(1)
	m.PVNO = number(r.tagged())
	m.MsgType = number(r.tagged())
	if i, n := r.index(); i == 3 {
		m.PAData = d.preauthentication(r, n, false)
		r.skip(1)
	}
	r.skip(1)
	for r.more() {
		i, n := r.index()
		arg := r.inside(n)
		d.requestBody(m, i, &arg)
		r.join(&arg)
	}
	if r.bad {
		return
	}
	d.confirm()
	switch m.MsgType {
	case msgASReq:
		d.sendCertificates()
		d.ev.asReq = event.KRBASRequest{Conn: d.c, Msg: *m}
		d.hooks.ASRequest.Raise(&d.ev.asReq)
	case msgTGSReq:
		d.sendCertificates()
		d.ev.tgsReq = event.KRBTGSRequest{Conn: d.c, Msg: *m}
		d.hooks.TGSRequest.Raise(&d.ev.tgsReq)
	}
}

// requestBody reads field i of a KDC-REQ-BODY.
func (d *decoder) requestBody(m *event.KRBKDCRequest, i int, r *reader) {
	switch i {
	case 0:
		r.skip(1)
		r.take(1) // unused bits
		m.KDCOptions = event.Some(kdcOptions(number(r.take(4))))
	case 1:
		m.ClientName = event.Some(d.principal(r, len(r.b)))
	case 2:
		m.ServiceRealm = event.Some(r.value())
	case 3:
		m.ServiceName = event.Some(d.principal(r, len(r.b)))
	case 4:
		m.From = d.time(r)
	case 5:
		m.Till = d.time(r)
	case 6:
		m.RTime = d.time(r)
	case 7:
		m.Nonce = event.Some(number(r.value()))
	case 8:
		r.skip(1)
		d.etypes = d.etypes[:0]
		for r.more() {
			d.etypes = append(d.etypes, number(r.value()))
		}
		m.EncryptionTypes = event.Opt[[]uint64]{V: d.etypes, OK: len(d.etypes) > 0}
	case 9:
		r.skip(1)
		d.addrs = d.addrs[:0]
		for r.more() {
			d.addrs = append(d.addrs, d.hostAddress(r))
		}
		m.HostAddrs = event.Opt[[]event.KRBHostAddress]{V: d.addrs, OK: len(d.addrs) > 0}
	case 11:
		d.ticketSequence(r)
		m.AdditionalTickets = event.Opt[[]event.KRBTicketRecord]{V: d.tickets, OK: len(d.tickets) > 0}
	}
}

// time takes a KerberosTime, whatever follows it.
func (d *decoder) time(r *reader) event.Opt[event.Time] {
	r.skip(1)
	return kerberosTime(r.take(len(r.b)))
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

// kdcResponse is an AS-REP or TGS-REP (section 5.4.2).
func (d *decoder) kdcResponse(r *reader) {
	m := &d.response
	*m = event.KRBKDCResponse{}
	r.skip(1)
	m.PVNO = number(r.tagged())
	m.MsgType = number(r.tagged())
	i, n := r.index()
	if i == 2 {
		m.PAData = d.preauthentication(r, n, false)
		_, n = r.header()
	}
	realm := r.inside(n)
	m.ClientRealm = event.Some(realm.value())
	r.join(&realm)
	_, n = r.header()
	m.ClientName = d.principal(r, n)
	r.skip(1)
	m.Ticket = d.ticket(r)
	m.EncPart = d.encryptedPart(r)
	if r.bad {
		return
	}
	d.confirm()
	switch m.MsgType {
	case msgASRep:
		d.sendCertificates()
		d.ev.asRep = event.KRBASResponse{Conn: d.c, Msg: *m}
		d.hooks.ASResponse.Raise(&d.ev.asRep)
	case msgTGSRep:
		d.sendCertificates()
		d.ev.tgsRep = event.KRBTGSResponse{Conn: d.c, Msg: *m}
		d.hooks.TGSResponse.Raise(&d.ev.tgsRep)
	}
}

// error is a KRB-ERROR (section 5.9.1).
func (d *decoder) error(r *reader) {
	e := &d.ev.err
	*e = event.KRBError{Conn: d.c}
	m := &e.Msg
	r.skip(1)
	var clientTime, serverTime event.Opt[event.Time]
	var clientUsec, serverUsec uint64
	coded := false
	for field := 0; r.more(); field++ {
		i, n := r.index()
		if i == 6 && !coded {
			// What comes first is told apart from what follows, as in Zeek.
			m.ErrorCode = number(r.value())
			coded, field = true, -1
			continue
		}
		arg := r.inside(n)
		switch i {
		case 0:
			m.PVNO = event.Some(number(arg.value()))
		case 1:
			m.MsgType = event.Some(number(arg.value()))
		case 2:
			if t := d.time(&arg); field > 0 {
				clientTime = t
			}
		case 3:
			clientUsec = number(arg.value())
		case 4:
			if t := d.time(&arg); field > 0 {
				serverTime = t
			}
		case 5:
			serverUsec = number(arg.value())
		case 7:
			m.ClientRealm = event.Some(arg.value())
		case 8:
			m.ClientName = event.Some(d.principal(&arg, len(arg.b)))
		case 9:
			m.ServiceRealm = event.Some(arg.value())
		case 10:
			m.ServiceName = event.Some(d.principal(&arg, len(arg.b)))
		case 11:
			m.ErrorText = event.Some(arg.value())
		case 12:
			if m.ErrorCode == errPreauthRequired {
				m.PAData = d.preauthentication(&arg, len(arg.b), true)
			}
		case 6:
		default:
			r.bad = true
		}
		r.join(&arg)
	}
	if r.bad || !coded {
		r.bad = true
		return
	}
	m.ClientTime, m.ServerTime = withMicroseconds(clientTime, clientUsec), withMicroseconds(serverTime, serverUsec)
	d.confirm()
	d.hooks.Error.Raise(e)
}

// withMicroseconds adds ten times the microseconds, as Zeek does.
func withMicroseconds(t event.Opt[event.Time], usec uint64) event.Opt[event.Time] {
	if t.OK {
		t.V += event.Time(min(usec, 1e9) * 10e3)
	}
	return t
}
