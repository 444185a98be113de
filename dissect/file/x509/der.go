package x509

// Identifier octets of the types that are read (X.690 section 8.1.2).
const (
	tagBoolean     = 0x01
	tagInteger     = 0x02
	tagBitString   = 0x03
	tagOctetString = 0x04
	tagNull        = 0x05
	tagOID         = 0x06
	tagEnumerated  = 0x0a
	tagUTF8        = 0x0c
	tagUTCTime     = 0x17
	tagGenTime     = 0x18
	tagSequence    = 0x30
	tagSet         = 0x31

	constructed = 0x20
	context     = 0x80 // with the number added: [0] is primitive 0x80, constructed 0xa0
	explicit    = context | constructed
)

// maxNesting is how deep elements of indefinite length may be nested. Nothing else is
// followed deeper than the structures of RFC 5280 and RFC 6960 are. OpenSSL has the
// same limit.
const maxNesting = 30

// reader takes elements of BER from the front of b. An element that is not as it has
// to be sets bad, after which there are no others.
type reader struct {
	b   []byte
	bad bool
}

// element is an element of BER. Its tag is the identifier octet; one with a number
// above 30 has 0x1f in the lower bits and equals none that is looked for.
type element struct {
	tag  byte
	body []byte
	full []byte // with identifier and length
}

// header reads identifier and length octets. A body that is indefinite has length -1.
func header(b []byte) (tag byte, head, length int, ok bool) {
	if len(b) < 2 {
		return 0, 0, 0, false
	}
	tag, head = b[0], 1
	if tag&0x1f == 0x1f {
		for {
			if head >= len(b) || head > 5 {
				return 0, 0, 0, false
			}
			head++
			if b[head-1] < 0x80 {
				break
			}
		}
		if head >= len(b) {
			return 0, 0, 0, false
		}
	}
	first := b[head]
	head++
	switch {
	case first < 0x80:
		length = int(first)
	case first == 0x80:
		if tag&constructed == 0 {
			return 0, 0, 0, false
		}
		return tag, head, -1, true
	default:
		n := int(first & 0x7f)
		if n > len(b)-head {
			return 0, 0, 0, false
		}
		for _, c := range b[head : head+n] {
			if length > len(b) {
				return 0, 0, 0, false // more than there is, whatever follows
			}
			length = length<<8 | int(c)
		}
		head += n
	}
	if length > len(b)-head {
		return 0, 0, 0, false
	}
	return tag, head, length, true
}

// indefinite is the length of the contents before the end-of-contents octets at the front
// level of b.
func indefinite(b []byte) (n int, ok bool) {
	for depth := 1; ; {
		if len(b)-n < 2 {
			return 0, false
		}
		if b[n] == 0 && b[n+1] == 0 {
			if depth--; depth == 0 {
				return n, true
			}
			n += 2
			continue
		}
		_, head, length, ok := header(b[n:])
		if !ok {
			return 0, false
		}
		n += head
		if length >= 0 {
			n += length
		} else if depth++; depth > maxNesting {
			return 0, false
		}
	}
}

// next reads the next element.
func (r *reader) next() (e element, ok bool) {
	if r.bad || len(r.b) == 0 {
		r.bad = true
		return element{}, false
	}
	tag, head, length, ok := header(r.b)
	end := 0
	if ok && length < 0 {
		length, ok = indefinite(r.b[head:])
		end = 2
	}
	if !ok {
		r.bad = true
		return element{}, false
	}
	n := head + length
	e = element{tag, r.b[head:n], r.b[:n+end]}
	r.b = r.b[n+end:]
	return e, true
}

// more reports whether there is another element.
func (r *reader) more() bool { return !r.bad && len(r.b) > 0 }

// expect reads the next element, which must have the tag.
func (r *reader) expect(tag byte) element {
	e, ok := r.next()
	if ok && e.tag != tag {
		r.bad = true
	}
	if r.bad {
		return element{}
	}
	return e
}

// optional reads the next element if it has the tag.
func (r *reader) optional(tag byte) (element, bool) {
	if r.more() && r.b[0] == tag {
		return r.next()
	}
	return element{}, false
}

// sequence reads the next element, a SEQUENCE, and returns a reader of its contents.
func (r *reader) sequence() reader { return r.inside(tagSequence) }

func (r *reader) inside(tag byte) reader {
	e := r.expect(tag)
	return reader{b: e.body, bad: r.bad}
}

// integer takes an INTEGER in its shortest form.
func (r *reader) integer(tag byte) []byte {
	b := r.expect(tag).body
	if len(b) == 0 || len(b) > 1 && (b[0] == 0 && b[1] < 0x80 || b[0] == 0xff && b[1] >= 0x80) {
		r.bad = true
		return nil
	}
	return b
}

// oid takes an OBJECT IDENTIFIER.
func (r *reader) oid() []byte {
	b := r.expect(tagOID).body
	if len(b) == 0 || b[len(b)-1] >= 0x80 {
		r.bad = true
		return nil
	}
	start := true
	for _, c := range b {
		if start && c == 0x80 { // not the shortest form
			r.bad = true
			return nil
		}
		start = c < 0x80
	}
	return b
}

// bits takes a BIT STRING and returns its octets.
func (r *reader) bits(tag byte) []byte {
	b := r.expect(tag).body
	if len(b) == 0 || b[0] > 7 {
		r.bad = true
		return nil
	}
	return b[1:]
}

// boolean reads a BOOLEAN if there is one.
func (r *reader) boolean() bool {
	e, ok := r.optional(tagBoolean)
	if ok && len(e.body) != 1 {
		r.bad = true
	}
	return ok && !r.bad && e.body[0] != 0
}

// algorithm takes an AlgorithmIdentifier. Its parameters are empty if there are none.
func (r *reader) algorithm() (oid []byte, params element) {
	s := r.sequence()
	oid = s.oid()
	if s.more() {
		params, _ = s.next()
	}
	r.end(&s)
	return oid, params
}

// end notes that inner, a part of r, must be at its end and well-formed.
func (r *reader) end(inner *reader) {
	if inner.bad || len(inner.b) != 0 {
		r.bad = true
	}
}

// integerValue is the value of an INTEGER as OpenSSL's ASN1_INTEGER_get has it: -1 if
// it does not fit.
func integerValue(b []byte) int64 {
	if len(b) > 8 {
		return -1
	}
	var v int64
	for i, c := range b {
		if i == 0 {
			v = int64(int8(c))
		} else {
			v = v<<8 | int64(c)
		}
	}
	return v
}
