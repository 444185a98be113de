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
	context     = 0x80 // plus the tag number: [0] is 0x80 primitive, 0xa0 constructed
	explicit    = context | constructed
)

// maxNesting is how deep elements of indefinite length may be nested; OpenSSL has the
// same limit. Other elements are followed only as deep as the structures of RFC 5280
// and RFC 6960 go.
const maxNesting = 30

// reader reads BER elements from the front of b. A malformed or unexpected element
// sets bad, after which it returns no others.
type reader struct {
	b   []byte
	bad bool
}

// element is a BER element. Its tag is the identifier octet; a tag number above 30
// leaves 0x1f in the lower bits, which matches no tag that is looked for.
type element struct {
	tag  byte
	body []byte
	full []byte // with identifier and length
}

// header reads identifier and length octets. A body of indefinite length has length
// -1.
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
				return 0, 0, 0, false // already longer than b
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

// indefinite returns the length of the contents of b up to the end-of-contents octets of
// the outermost level.
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

// expect reads the next element, which must have the given tag.
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

// optional reads the next element if it has the given tag.
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

// integer reads an INTEGER, which must be in its shortest form.
func (r *reader) integer(tag byte) []byte {
	b := r.expect(tag).body
	if len(b) == 0 || len(b) > 1 && (b[0] == 0 && b[1] < 0x80 || b[0] == 0xff && b[1] >= 0x80) {
		r.bad = true
		return nil
	}
	return b
}

// oid reads an OBJECT IDENTIFIER.
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

// bits reads a BIT STRING and returns its octets.
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

// algorithm reads an AlgorithmIdentifier. params is empty if there are none.
func (r *reader) algorithm() (oid []byte, params element) {
	s := r.sequence()
	oid = s.oid()
	if s.more() {
		params, _ = s.next()
	}
	r.end(&s)
	return oid, params
}

// end sets r.bad unless inner, a part of r, is well-formed and read to its end.
func (r *reader) end(inner *reader) {
	if inner.bad || len(inner.b) != 0 {
		r.bad = true
	}
}

// integerValue returns the value of an INTEGER like OpenSSL's ASN1_INTEGER_get: -1 if
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
