package x509

import (
	"net/netip"
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// certificate is a parsed certificate. It is immutable and refers to the bytes
// that it was parsed from.
type certificate struct {
	der        []byte // without trailing bytes
	hasSAN     bool
	record     event.X509CertificateRecord
	extensions []extension
	weirds     []weird
}

// weird is something odd in a file.
type weird struct{ name, addl string }

// extension is one extension of a certificate or OCSP response.
type extension struct {
	oid      []byte
	critical bool
	value    []byte // in its octet string

	kind   extensionKind
	record event.X509ExtensionRecord // filled if a listener needs it
	basic  event.X509BasicConstraintsRecord
	san    event.X509SubjectAlternativeNameRecord
	weirds []weird
}

type extensionKind uint8

// Kinds of extensions that have events of their own.
const (
	extOther            extensionKind = iota
	extBasicConstraints               // can be read
	extSAN                            // can be read
	extSCTs
)

// parser parses certificates. It keeps scratch space between them.
type parser struct {
	name []attribute
	text []byte
	// records is set if a listener needs extension.record.
	records bool
	// maxExtensions is Options.Extensions; many is set if there were more.
	maxExtensions int
	many          bool
}

func (p *parser) string(b []byte) string {
	p.text = b[:0]
	return string(b)
}

// certificate parses a Certificate (RFC 5280 section 4.1), which other bytes may
// follow. It returns nil if b does not have the structure of one.
func (p *parser) certificate(b []byte) *certificate {
	r := reader{b: b}
	whole := r.expect(tagSequence)
	cert := reader{b: whole.body, bad: r.bad}
	tbs := cert.sequence()
	sigAlg, _ := cert.algorithm()
	cert.bits(tagBitString)
	if cert.more() || cert.bad {
		return nil
	}

	c := &certificate{der: whole.full}
	rec := &c.record
	rec.Version = 1
	if tbs.more() && tbs.b[0] == explicit {
		v := tbs.inside(explicit)
		rec.Version = uint64(integerValue(v.integer(tagInteger)) + 1)
		tbs.end(&v)
	}
	rec.Serial = p.string(appendSerial(p.text[:0], tbs.integer(tagInteger)))
	tbsSigAlg, _ := tbs.algorithm()
	p.name = tbs.name(p.name[:0])
	rec.Issuer = p.string(appendName(p.text[:0], p.name, rfc2253))
	validity := tbs.sequence()
	rec.NotValidBefore = c.time(&validity)
	rec.NotValidAfter = c.time(&validity)
	tbs.end(&validity)
	p.name = tbs.name(p.name[:0])
	rec.Subject = p.string(appendName(p.text[:0], p.name, rfc2253))
	rec.CN = p.commonName()
	spki := tbs.sequence()
	keyAlg, params := spki.algorithm()
	key := spki.bits(tagBitString)
	tbs.end(&spki)
	for _, tag := range []byte{context | 1, context | 2} { // unique identifiers
		if tbs.more() && tbs.b[0] == tag {
			tbs.bits(tag)
		}
	}
	if tbs.more() {
		c.extensions = p.extensions(&tbs, explicit|3)
	}
	if tbs.more() || tbs.bad {
		return nil
	}

	rec.KeyAlg = longName(keyAlg)
	rec.TBSSigAlg = longName(tbsSigAlg)
	rec.SigAlg = objects()[string(sigAlg)].long // Zeek prints nothing for others
	k := parseKey(keyAlg, params, key)
	k.fill(rec)
	for i := range c.extensions {
		e := &c.extensions[i]
		c.hasSAN = c.hasSAN || string(e.oid) == oidSAN
		e.parse()
	}
	return c
}

func (c *certificate) time(r *reader) value.Time {
	e, _ := r.next()
	if e.tag != tagUTCTime && e.tag != tagGenTime {
		r.bad = true
	}
	if r.bad {
		return 0
	}
	t, w := parseTime(&e)
	if w != "" {
		c.weirds = append(c.weirds, weird{name: w})
	}
	return t
}

// commonName returns the last common name of p.name.
func (p *parser) commonName() value.Opt[string] {
	for i := len(p.name) - 1; i >= 0; i-- {
		if a := &p.name[i]; string(a.oid) == oidCommonName {
			return value.Some(p.string(appendPlain(p.text[:0], a.value.body)))
		}
	}
	return value.Opt[string]{}
}

// Object identifiers, encoded as in an element's body.
var (
	oidCommonName       = string(encodeOID("2.5.4.3"))
	oidSAN              = string(encodeOID("2.5.29.17"))
	oidBasicConstraints = string(encodeOID("2.5.29.19"))
	oidPrecertSCTs      = string(encodeOID("1.3.6.1.4.1.11129.2.4.2")) // RFC 6962 section 3.3
	oidOCSPSCTs         = string(encodeOID("1.3.6.1.4.1.11129.2.4.5")) // RFC 6962 section 3.3
)

// extensions reads Extensions (RFC 5280 section 4.1.2.9) within an explicit tag.
func (p *parser) extensions(r *reader, tag byte) []extension {
	outer := r.inside(tag)
	list := outer.sequence()
	var all []extension
	for list.more() {
		s := list.sequence()
		e := extension{oid: s.oid(), critical: s.boolean(), value: s.expect(tagOctetString).body}
		list.end(&s)
		if len(all) >= p.maxExtensions {
			list.bad, p.many = true, true
		}
		if !list.bad {
			if p.records {
				e.describe()
			}
			all = append(all, e)
		}
	}
	outer.end(&list)
	r.end(&outer)
	return all
}

// parse reads the kinds of extensions of certificates that have events.
func (e *extension) parse() {
	switch string(e.oid) {
	case oidBasicConstraints:
		e.parseBasicConstraints()
	case oidSAN:
		e.parseSAN()
	case oidPrecertSCTs:
		e.kind = extSCTs
	}
}

func (e *extension) weird(name, addl string) { e.weirds = append(e.weirds, weird{name, addl}) }

// parseBasicConstraints reads a BasicConstraints (RFC 5280 section 4.2.1.9).
func (e *extension) parseBasicConstraints() {
	r := reader{b: e.value}
	s := r.sequence()
	e.basic.CA = s.boolean()
	if s.more() {
		// Zeek takes the lower 32 bits with their sign.
		n := int32(integerValue(s.integer(tagInteger)))
		e.basic.PathLen = value.Some(uint64(int64(n)))
	}
	if r.end(&s); r.bad {
		e.weird("x509_invalid_basic_constraint", "")
		return
	}
	e.kind = extBasicConstraints
}

// Kinds of a GeneralName (RFC 5280 section 4.2.1.6).
const (
	nameOther      = explicit // [0]
	nameEmail      = context | 1
	nameDNS        = context | 2
	nameX400       = explicit | 3
	nameDirectory  = explicit | 4
	nameEDI        = explicit | 5
	nameURI        = context | 6
	nameIP         = context | 7
	nameRegistered = context | 8
)

// parseSAN reads a SubjectAltName (RFC 5280 section 4.2.1.6).
func (e *extension) parseSAN() {
	r := reader{b: e.value}
	s := r.sequence()
	san := &e.san
	for s.more() {
		n, _ := s.next()
		switch n.tag {
		case nameDNS:
			san.DNS = append(san.DNS, string(n.body))
		case nameURI:
			san.URI = append(san.URI, string(n.body))
		case nameEmail:
			san.Email = append(san.Email, string(n.body))
		case nameIP:
			if san.IP == nil {
				san.IP = []netip.Addr{}
			}
			if addr, ok := netip.AddrFromSlice(n.body); ok {
				san.IP = append(san.IP, addr)
			} else {
				e.weird("x509_san_ip_length", strconv.Itoa(len(n.body)))
			}
		case nameOther, nameX400, nameDirectory, nameEDI, nameRegistered:
			san.OtherFields = true
		default:
			s.bad = true
		}
	}
	if s.bad {
		e.weirds = append(e.weirds[:0], weird{name: "x509_san_parse_error"})
		return
	}
	e.kind = extSAN
}
