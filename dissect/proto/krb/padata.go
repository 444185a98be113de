package krb

import (
	"github.com/wirelog/wirelog/dissect/codec/asn1"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// Pre-authentication data types (RFC 4120 section 7.5.2, RFC 4556 section 3.1.3).
const (
	paTGSReq       = 1
	paEncTimestamp = 2
	paPWSalt       = 3
	paETypeInfo    = 11
	paPKASReq      = 16
	paPKASRep      = 17
	paETypeInfo2   = 19
)

// certificates holds a PKINIT sender's concatenated certificates.
type certificates struct {
	der    []byte
	client bool
}

// optionalPreauthentication parses n bytes with a SEQUENCE OF PA-DATA (RFC 4120 section
// 5.2.7).
func (d *decoder) optionalPreauthentication(r *asn1.Reader, n int) value.Opt[[]event.KRBTypeValue] {
	list := r.Inside("KRB_PA_Data_Optional_Contents:padata", r.Pos(), n)
	data := d.preauthentication(&list, false)
	r.Join(&list)
	return data
}

// preauthentication parses a SEQUENCE OF PA-DATA, or METHOD-DATA if methods is set, which
// lists the acceptable methods. Any other element in its place is skipped.
func (d *decoder) preauthentication(r *asn1.Reader, methods bool) value.Opt[[]event.KRBTypeValue] {
	if h := r.Header(); h.Tag != asn1.TagSequence {
		r.Take("KRB_PA_Data_Container:unknown", r.Pos(), h.Length)
	} else {
		for r.More() {
			d.paData(r, methods)
		}
	}
	return value.Some(d.padata)
}

// paData parses a PA-DATA.
func (d *decoder) paData(r *asn1.Reader, methods bool) {
	start := r.Pos()
	r.Skip(1)
	typ := r.Number(r.Tagged())
	n := r.Header().Length
	if methods {
		d.add(typ, r.Take("KRB_PA_Data:pa_data_placeholder", start, n))
		return
	}
	switch typ {
	case paTGSReq:
		r.Skip(2)
		d.apRequest(r)
	case paPWSalt:
		d.add(typ, r.Value())
	default:
		v := r.Inside(paField(typ), r.Pos(), n)
		d.paElement(typ, &v)
		r.Join(&v)
	}
}

// paField names the value of a PA-DATA of the given type.
func paField(typ uint64) string {
	switch typ {
	case paEncTimestamp:
		return "KRB_PA_Data_Element:pa_enc_ts"
	case paETypeInfo:
		return "KRB_PA_Data_Element:pf_enctype_info"
	case paETypeInfo2:
		return "KRB_PA_Data_Element:pf_enctype_info2"
	case paPKASReq:
		return "KRB_PA_Data_Element:pa_pk_as_req"
	case paPKASRep:
		return "KRB_PA_Data_Element:pa_pk_as_rep"
	}
	return "KRB_PA_Data_Element:unknown"
}

// paElement parses the value of a PA-DATA, which extends to the end of r.
func (d *decoder) paElement(typ uint64, r *asn1.Reader) {
	switch typ {
	case paEncTimestamp:
		d.add(typ, encryptedData(r, 2).Ciphertext)
	case paETypeInfo, paETypeInfo2:
		d.add(typ, salt(r))
	case paPKASReq:
		d.signedData(r, 4, "KRB_PA_PK_AS_Req:cert", true)
	case paPKASRep:
		d.signedData(r, 5, "KRB_PA_PK_AS_Rep:cert", false)
	default:
		if b := r.Value(); len(b) > 0 {
			d.add(typ, b)
		}
	}
}

func (d *decoder) add(typ uint64, val []byte) {
	d.padata = append(d.padata, event.KRBTypeValue{DataType: typ, Val: val})
}

// salt returns the first entry's salt of an ETYPE-INFO or ETYPE-INFO2 (sections 5.2.7.4 and
// 5.2.7.5). A short entry has none.
func salt(r *asn1.Reader) []byte {
	const withoutSalt = 7
	start := r.Pos()
	r.Skip(1)
	h := r.Header()
	r.Skip(1)
	r.Value() // etype
	if h.Length <= withoutSalt {
		return nil
	}
	r.Skip(1)
	h = r.Header()
	return r.Take("KRB_PA_ENCTYPE_INFO:salt", start, h.Length)
}

// signedData extracts the certificates of a ContentInfo with a SignedData, whose content type
// follows n headers (RFC 5652 sections 3 and 5.1). As in Zeek, whatever stands in their place
// counts as certificates; for anonymous clients that is an empty set of signatures.
func (d *decoder) signedData(r *asn1.Reader, n int, field string, client bool) {
	start := r.Pos()
	r.Skip(n)
	r.Value() // contentType
	r.Skip(2)
	r.Value() // version
	r.Value() // digestAlgorithms
	r.Value() // encapContentInfo
	h := r.Header()
	d.certs = append(d.certs, certificates{r.Take(field, start, h.Length), client})
}

// sendCertificates passes the certificates to file analysis.
func (d *decoder) sendCertificates() {
	for _, c := range d.certs {
		d.sender.PKINIT(d.Conn(), d.source, c.client, c.der)
	}
}
