package x509

import (
	"math/big"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/wirelog/wirelog/value"
)

// describe fills the record of an extension.
func (e *extension) describe() {
	r := &e.record
	o, known := objects()[string(e.oid)]
	r.OID, r.Name, r.Critical = limitedOID(e.oid, maxOID-1), longName(e.oid), e.critical
	r.ShortName = value.Some("UNDEF")
	if known {
		r.ShortName = value.Some(o.short)
	}
	if f := printers[o.short]; known && f != nil {
		d := reader{b: e.value}
		if text := f(nil, &d); !d.bad {
			r.Value = string(text)
			return
		}
	}
	r.Value = rawValue(e.value)
}

// rawValue returns the octet string that holds value, in DER.
func rawValue(value []byte) string {
	n := len(value)
	b := append(make([]byte, 0, n+6), tagOctetString)
	switch {
	case n < 0x80:
		b = append(b, byte(n))
	case n < 1<<8:
		b = append(b, 0x81, byte(n))
	case n < 1<<16:
		b = append(b, 0x82, byte(n>>8), byte(n))
	default:
		b = append(b, 0x83, byte(n>>16), byte(n>>8), byte(n))
	}
	return string(append(b, value...))
}

// printers write the values of extensions in OpenSSL's form; the keys are OpenSSL's
// short names. A printer sets bad if the value is malformed.
var printers = map[string]func(dst []byte, r *reader) []byte{
	"basicConstraints":       printBasicConstraints,
	"keyUsage":               bitNames("Digital Signature", "Non Repudiation", "Key Encipherment", "Data Encipherment", "Key Agreement", "Certificate Sign", "CRL Sign", "Encipher Only", "Decipher Only"),
	"nsCertType":             bitNames("SSL Client", "SSL Server", "S/MIME", "Object Signing", "Unused", "SSL CA", "S/MIME CA", "Object Signing CA"),
	"extendedKeyUsage":       printKeyPurposes,
	"subjectKeyIdentifier":   printKeyIdentifier,
	"authorityKeyIdentifier": printAuthorityKey,
	"subjectAltName":         printNames,
	"issuerAltName":          printNames,
	"crlDistributionPoints":  printDistributionPoints,
	"freshestCRL":            printDistributionPoints,
	"authorityInfoAccess":    printAccess,
	"subjectInfoAccess":      printAccess,
	"certificatePolicies":    printPolicies,
	"tlsfeature":             printFeatures,
	"nsComment":              printIA5,
	"nsBaseUrl":              printIA5,
	"nsRevocationUrl":        printIA5,
	"nsCaRevocationUrl":      printIA5,
	"nsRenewalUrl":           printIA5,
	"nsCaPolicyUrl":          printIA5,
	"nsSslServerName":        printIA5,
	"proxyCertInfo":          printProxy,
	"ct_precert_scts":        printSCTs,
	"ct_cert_scts":           printSCTs,
	"Nonce":                  func(dst []byte, r *reader) []byte { return appendOctets(dst, r.b) },
	"noCheck":                func(dst []byte, r *reader) []byte { r.expect(tagNull); return dst },
}

// separated appends sep if anything was appended to dst since it had length
// start.
func separated(dst []byte, start int, sep string) []byte {
	if len(dst) > start {
		dst = append(dst, sep...)
	}
	return dst
}

func printBasicConstraints(dst []byte, r *reader) []byte {
	s := r.sequence()
	dst = append(dst, "CA:"...)
	if s.boolean() {
		dst = append(dst, "TRUE"...)
	} else {
		dst = append(dst, "FALSE"...)
	}
	if s.more() {
		b := s.integer(tagInteger)
		if len(b) > 16 {
			s.bad = true
		}
		dst = appendDecimal(append(dst, ", pathlen:"...), b)
	}
	r.end(&s)
	return dst
}

// appendDecimal appends an INTEGER in decimal.
func appendDecimal(dst, b []byte) []byte {
	v := new(big.Int).SetBytes(b)
	if len(b) > 0 && b[0] >= 0x80 {
		v.Sub(v, new(big.Int).Lsh(big.NewInt(1), uint(len(b))*8))
	}
	return v.Append(dst, 10)
}

func bitNames(names ...string) func(dst []byte, r *reader) []byte {
	return func(dst []byte, r *reader) []byte {
		bits := r.bits(tagBitString)
		for i, name := range names {
			if i/8 < len(bits) && bits[i/8]&(0x80>>(i%8)) != 0 {
				dst = append(separated(dst, 0, ", "), name...)
			}
		}
		r.bad = r.bad || len(dst) == 0
		return dst
	}
}

func printKeyPurposes(dst []byte, r *reader) []byte {
	for s := r.sequence(); s.more(); r.bad = r.bad || s.bad {
		dst = append(separated(dst, 0, ", "), longName(s.oid())...)
	}
	return dst
}

// appendColons appends bytes in hexadecimal with colons between them.
func appendColons(dst, b []byte) []byte {
	for i := range b {
		if i > 0 {
			dst = append(dst, ':')
		}
		dst = appendHex(dst, b[i:i+1])
	}
	return dst
}

func printKeyIdentifier(dst []byte, r *reader) []byte {
	return appendColons(dst, r.expect(tagOctetString).body)
}

// printAuthorityKey writes an AuthorityKeyIdentifier (RFC 5280 section
// 4.2.1.1).
func printAuthorityKey(dst []byte, r *reader) []byte {
	s := r.sequence()
	key, hasKey := s.optional(context)
	issuer, hasIssuer := s.optional(explicit | 1)
	serial, hasSerial := s.optional(context | 2)
	r.end(&s)
	if hasKey {
		if hasIssuer || hasSerial {
			dst = append(dst, "keyid:"...)
		}
		dst = appendColons(dst, key.body)
	}
	if hasIssuer {
		in := reader{b: issuer.body}
		for in.more() {
			n, _ := in.next()
			dst = appendGeneralName(separated(dst, 0, "\n"), &n, &in, false)
		}
		r.bad = r.bad || in.bad
	}
	if hasSerial {
		b := serial.body
		for len(b) > 1 && b[0] == 0 {
			b = b[1:]
		}
		dst = appendColons(append(separated(dst, 0, "\n"), "serial:"...), b)
	}
	return dst
}

func printNames(dst []byte, r *reader) []byte {
	for s := r.sequence(); s.more(); r.bad = r.bad || s.bad {
		n, _ := s.next()
		dst = appendGeneralName(separated(dst, 0, ", "), &n, &s, false)
	}
	if len(dst) == 0 {
		dst = append(dst, "<EMPTY>\n"...)
	}
	return dst
}

// appendGeneralName appends one name; nested selects the form that names have
// inside other structures. It sets r.bad if n is not a name.
func appendGeneralName(dst []byte, n *element, r *reader, nested bool) []byte {
	switch n.tag {
	case nameEmail:
		return append(append(dst, "email:"...), n.body...)
	case nameDNS:
		return append(append(dst, "DNS:"...), n.body...)
	case nameURI:
		return append(append(dst, "URI:"...), n.body...)
	case nameIP:
		dst = append(dst, "IP Address:"...)
		addr, ok := netip.AddrFromSlice(n.body)
		switch {
		case !ok:
			return append(dst, "<invalid>"...)
		case addr.Is4():
			return addr.AppendTo(dst)
		}
		for i := 0; i < 16; i += 2 {
			if i > 0 {
				dst = append(dst, ':')
			}
			v := uint64(n.body[i])<<8 | uint64(n.body[i+1])
			dst = append(dst, strings.ToUpper(strconv.FormatUint(v, 16))...)
		}
		return dst
	case nameRegistered:
		return append(append(dst, "Registered ID:"...), longName(n.body)...)
	case nameDirectory:
		dst = append(dst, "DirName:"...)
		in := reader{b: n.body}
		name := in.name(nil)
		r.end(&in)
		if nested {
			return appendName(dst, name, oneline)
		}
		return appendSlashes(dst, name)
	case nameX400:
		return append(dst, "X400Name:<unsupported>"...)
	case nameEDI:
		return append(dst, "EdiPartyName:<unsupported>"...)
	case nameOther:
		in := reader{b: n.body}
		oid := in.oid()
		outer := in.inside(explicit)
		v, _ := outer.next()
		in.end(&outer)
		r.end(&in)
		if nested {
			return append(dst, "othername:<unsupported>"...)
		}
		dst = append(append(append(dst, "othername: "...), longName(oid)...), "::"...)
		if v.tag != tagUTF8 && v.tag != tagIA5String {
			return append(dst, "<unsupported>"...)
		}
		return append(dst, v.body...)
	}
	r.bad = true
	return dst
}

// maxSlashes is the length beyond which OpenSSL drops the remaining attributes
// in the form of appendSlashes.
const maxSlashes = 255

// appendSlashes appends a name with a slash before each attribute (OpenSSL's
// X509_NAME_oneline).
func appendSlashes(dst []byte, name []attribute) []byte {
	start := len(dst)
	for i := range name {
		a := &name[i]
		before := len(dst)
		if i > 0 && name[i-1].set == a.set {
			dst = append(dst, '+')
		} else {
			dst = append(dst, '/')
		}
		if o, ok := objects()[string(a.oid)]; ok {
			dst = append(dst, o.short...)
		} else {
			dst = append(dst, limitedOID(a.oid, 79)...)
		}
		dst = append(dst, '=')
		for _, c := range a.value.body {
			switch {
			case c < ' ' || c > '~':
				dst = append(dst, '\\', 'x', upperHex[c>>4], upperHex[c&15])
			case c == '/' || c == '+':
				dst = append(dst, '\\', c)
			default:
				dst = append(dst, c)
			}
		}
		if len(dst)-start > maxSlashes {
			return dst[:before]
		}
	}
	return dst
}

// printDistributionPoints writes CRLDistributionPoints (RFC 5280 section 4.2.1.13) in
// the form that is in use: points with full names.
func printDistributionPoints(dst []byte, r *reader) []byte {
	for s := r.sequence(); s.more(); r.bad = r.bad || s.bad {
		point := s.sequence()
		name := point.inside(explicit)
		full := name.inside(explicit)
		point.end(&name)
		s.end(&point)
		dst = append(separated(dst, 0, "\n"), "Full Name:"...)
		for full.more() {
			n, _ := full.next()
			dst = appendGeneralName(append(dst, "\n  "...), &n, &full, true)
		}
		r.bad = r.bad || full.bad
	}
	return dst
}

// printAccess writes an AuthorityInfoAccess (RFC 5280 section 4.2.2.1).
func printAccess(dst []byte, r *reader) []byte {
	for s := r.sequence(); s.more(); r.bad = r.bad || s.bad {
		one := s.sequence()
		dst = append(separated(dst, 0, "\n"), longName(one.oid())...)
		n, _ := one.next()
		dst = appendGeneralName(append(dst, " - "...), &n, &one, false)
		s.end(&one)
	}
	return dst
}

// Policy qualifiers (RFC 5280 section 4.2.1.4).
var (
	oidCPS    = string(encodeOID("1.3.6.1.5.5.7.2.1"))
	oidNotice = string(encodeOID("1.3.6.1.5.5.7.2.2"))
)

// printPolicies writes CertificatePolicies (RFC 5280 section 4.2.1.4).
func printPolicies(dst []byte, r *reader) []byte {
	for s := r.sequence(); s.more(); r.bad = r.bad || s.bad {
		policy := s.sequence()
		dst = append(append(separated(dst, 0, "\n"), "Policy: "...), longName(policy.oid())...)
		if policy.more() {
			list := policy.sequence()
			for list.more() {
				q := list.sequence()
				oid := q.oid()
				v, _ := q.next()
				list.end(&q)
				switch {
				case string(oid) == oidCPS && v.tag == tagIA5String:
					dst = append(append(dst, "\n  CPS: "...), v.body...)
				case string(oid) == oidNotice && v.tag == tagSequence:
					in := reader{b: v.body}
					dst = appendNotice(append(dst, "\n  User Notice:\n"...), &in)
					list.end(&in)
				default:
					dst = append(append(dst, "\n  Unknown Qualifier: "...), longName(oid)...)
				}
			}
			policy.end(&list)
		}
		s.end(&policy)
	}
	return dst
}

// appendNotice appends a UserNotice.
func appendNotice(dst []byte, r *reader) []byte {
	if ref, ok := r.optional(tagSequence); ok {
		in := reader{b: ref.body}
		org, _ := in.next()
		dst = append(append(append(dst, "    Organization: "...), org.body...), "\n    Number"...)
		numbers := in.sequence()
		var text []byte
		n := 0
		for ; numbers.more(); n++ {
			text = appendDecimal(separated(text, 0, ", "), numbers.integer(tagInteger))
		}
		if n > 1 {
			dst = append(dst, 's')
		}
		dst = append(append(dst, ": "...), text...)
		in.end(&numbers)
		r.end(&in)
		if r.more() {
			dst = append(dst, '\n')
		}
	}
	if r.more() {
		text, _ := r.next()
		dst = append(append(dst, "    Explicit Text: "...), text.body...)
	}
	return dst
}

// printFeatures writes TLS features (RFC 7633 section 4.1).
func printFeatures(dst []byte, r *reader) []byte {
	for s := r.sequence(); s.more(); r.bad = r.bad || s.bad {
		b := s.integer(tagInteger)
		dst = separated(dst, 0, ", ")
		switch integerValue(b) {
		case 5:
			dst = append(dst, "status_request"...)
		case 17:
			dst = append(dst, "status_request_v2"...)
		default:
			if len(b) > 16 {
				s.bad = true
				break
			}
			dst = appendDecimal(dst, b)
		}
	}
	return dst
}

// printProxy writes a ProxyCertInfo (RFC 3820 section 3.8).
func printProxy(dst []byte, r *reader) []byte {
	s := r.sequence()
	dst = append(dst, "Path Length Constraint: "...)
	if s.more() && s.b[0] == tagInteger {
		dst = appendOctets(dst, s.integer(tagInteger))
	} else {
		dst = append(dst, "infinite"...)
	}
	policy := s.sequence()
	dst = append(append(dst, "\nPolicy Language: "...), longName(policy.oid())...)
	if policy.more() {
		dst = append(append(dst, "\nPolicy Text: "...), policy.expect(tagOctetString).body...)
	}
	s.end(&policy)
	r.end(&s)
	return dst
}

func printIA5(dst []byte, r *reader) []byte { return append(dst, r.expect(tagIA5String).body...) }

// printSCTs writes a SignedCertificateTimestampList (RFC 6962 section 3.3).
func printSCTs(dst []byte, r *reader) []byte {
	const indent = "\n                "
	lines := func(b []byte) {
		for i := 0; i < len(b); i += 16 {
			if i > 0 {
				dst = append(append(dst, ':'), indent...)
			}
			dst = appendColons(dst, b[i:min(i+16, len(b))])
		}
	}
	ok := eachSCT(r.b, func(s *sct) {
		if s.version != 0 {
			r.bad = true
		}
		dst = append(separated(dst, 0, "\n"), "Signed Certificate Timestamp:\n    Version   : v1 (0x0)\n    Log ID    : "...)
		lines(s.logID)
		at := time.UnixMilli(int64(s.timestamp)).UTC()
		dst = at.AppendFormat(append(dst, "\n    Timestamp : "...), "Jan _2 15:04:05.000 2006 GMT")
		dst = append(dst, "\n    Extensions: "...)
		if len(s.extensions) == 0 {
			dst = append(dst, "none"...)
		} else {
			lines(s.extensions)
		}
		dst = append(dst, "\n    Signature : "...)
		switch [2]byte{s.hash, s.sig} { // the two that RFC 6962 section 2.1.4 allows
		case [2]byte{4, 3}:
			dst = append(dst, "ecdsa-with-SHA256"...)
		case [2]byte{4, 1}:
			dst = append(dst, "sha256WithRSAEncryption"...)
		default:
			r.bad = true
		}
		dst = append(dst, indent...)
		lines(s.signature)
	})
	r.bad = r.bad || !ok
	return dst
}
