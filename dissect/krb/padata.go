package krb

import "github.com/wirelog/wirelog/dissect/event"

// Types of pre-authentication data (RFC 4120 section 7.5.2, RFC 4556 section 3.1.3).
const (
	paTGSReq       = 1
	paEncTimestamp = 2
	paPWSalt       = 3
	paETypeInfo    = 11
	paPKASReq      = 16
	paPKASRep      = 17
	paETypeInfo2   = 19
)

// certificates are those that a PKINIT message has of its sender, one after the other.
type certificates struct {
	der    []byte
	client bool
}

// preauthentication reads n bytes with a SEQUENCE OF PA-DATA (RFC 4120 section 5.2.7), or
// METHOD-DATA, which tells what there is to choose from. Another element in its place is
// passed over.
func (d *decoder) preauthentication(r *reader, n int, methods bool) event.Opt[[]event.KRBTypeValue] {
	list := r.inside(n)
	tag, n := list.header()
	if tag != tagSequence {
		list.take(n)
	} else {
		for list.more() {
			d.paData(&list, methods)
		}
	}
	r.join(&list)
	return event.Some(d.padata)
}

// paData reads a PA-DATA.
func (d *decoder) paData(r *reader, methods bool) {
	r.skip(1)
	typ := number(r.tagged())
	_, n := r.header()
	if methods {
		d.add(typ, r.take(n))
		return
	}
	v := r.inside(n)
	switch typ {
	case paTGSReq:
		v.skip(2)
		d.apRequest(&v)
	case paEncTimestamp:
		v.skip(1)
		d.add(typ, encryptedData(&v).Ciphertext)
	case paPWSalt:
		d.add(typ, v.value())
	case paETypeInfo, paETypeInfo2:
		d.add(typ, salt(&v))
	case paPKASReq:
		v.skip(2)
		d.signedData(&v, true)
	case paPKASRep:
		v.skip(3)
		d.signedData(&v, false)
	default:
		if b := v.value(); len(b) > 0 {
			d.add(typ, b)
		}
	}
	r.join(&v)
}

func (d *decoder) add(typ uint64, val []byte) {
	d.padata = append(d.padata, event.KRBTypeValue{DataType: typ, Val: val})
}

// salt takes the first entry's salt off an ETYPE-INFO or ETYPE-INFO2 (sections 5.2.7.4 and
// 5.2.7.5). One that is short has none.
func salt(r *reader) []byte {
	const withoutSalt = 7
	r.skip(1)
	_, n := r.header()
	r.skip(1)
	r.value() // etype
	if n <= withoutSalt {
		return nil
	}
	r.skip(1)
	return r.value()
}

// signedData takes the certificates off a ContentInfo with a SignedData, of which the
// header of the octet string around it is still there (RFC 5652 sections 3 and 5.1). As in
// Zeek what comes in their place is taken for them, which for anonymous clients is an empty
// set of signatures.
func (d *decoder) signedData(r *reader, client bool) {
	r.skip(2)
	r.value() // contentType
	r.skip(2)
	r.value() // version
	r.value() // digestAlgorithms
	r.value() // encapContentInfo
	d.certs = append(d.certs, certificates{r.value(), client})
}

// sendCertificates hands certificates to file analysis.
func (d *decoder) sendCertificates() {
	for _, c := range d.certs {
		d.sender.PKINIT(d.c, d.source, c.client, c.der)
	}
}
