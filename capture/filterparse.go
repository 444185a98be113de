package capture

import (
	"fmt"
	"net"
	"strings"
)

// Qualifiers of a primitive in the terms of pcap-filter(7), as in "tcp src port".
type (
	qualType  uint8
	qualDir   uint8
	qualifier struct {
		typ   qualType
		dir   qualDir
		proto string // name of the protocol, or ""
		set   bool   // an identifier without qualifiers may inherit this one
	}
)

const (
	typeNone qualType = iota // as in "src 10.0.0.1", which means a host
	typeHost
	typeNet
	typePort
	typePortRange
	typeProto
)

const (
	dirEither qualDir = iota
	dirSrc
	dirDst
	dirBoth
)

// filterParser parses an expression and builds the filter in one pass, since vlan,
// mpls and pppoes change the meaning of the rest of the expression.
type filterParser struct {
	expr  string
	toks  []token
	pos   int
	link  int // or linkAny
	layer layers
}

// filterFailure carries an error out of the recursion by panic.
type filterFailure struct{ err *FilterError }

func compileTokens(expr string, toks []token, link int) (f *filter, err error) {
	defer func() {
		if r := recover(); r != nil {
			fail, ok := r.(filterFailure)
			if !ok {
				panic(r)
			}
			err = fail.err
		}
	}()
	p := &filterParser{expr: expr, toks: toks, link: link, layer: newLayers(link)}
	if p.peek().kind == tokEnd {
		return &filter{constant(true)}, nil
	}
	n, _ := p.expression(qualifier{})
	if t := p.peek(); t.kind != tokEnd {
		p.failAt(t, "unexpected %s", t.describe())
	}
	return &filter{n}, nil
}

func (t token) describe() string {
	if t.kind == tokEnd {
		return "end"
	}
	return fmt.Sprintf("%q", t.text)
}

func (p *filterParser) failAt(t token, format string, args ...any) {
	panic(filterFailure{&FilterError{p.expr, t.pos, fmt.Sprintf(format, args...)}})
}

func (p *filterParser) fail(format string, args ...any) { p.failAt(p.peek(), format, args...) }

func (p *filterParser) peek() token { return p.toks[p.pos] }

func (p *filterParser) peekAt(n int) token { return p.toks[min(p.pos+n, len(p.toks)-1)] }

func (p *filterParser) next() token {
	t := p.toks[p.pos]
	if t.kind != tokEnd {
		p.pos++
	}
	return t
}

// is reports whether t is this keyword or operator.
func (t token) is(text string) bool {
	return (t.kind == tokOp || t.kind == tokWord && !t.escaped) && t.text == text
}

func (p *filterParser) accept(texts ...string) bool {
	for _, s := range texts {
		if p.peek().is(s) {
			p.pos++
			return true
		}
	}
	return false
}

func (p *filterParser) expect(text string) {
	if !p.accept(text) {
		p.fail("%q expected, not %s", text, p.peek().describe())
	}
}

// expression parses terms joined by "and" and "or", which have the same precedence
// and associate to the left. It returns the qualifier that a following identifier
// inherits.
func (p *filterParser) expression(inherit qualifier) (node, qualifier) {
	n, q := p.term(inherit)
	for {
		switch {
		case p.accept("and", "&&"):
			var m node
			m, q = p.term(q)
			n = allOf(n, m)
		case p.accept("or", "||"):
			var m node
			m, q = p.term(q)
			n = anyOf(n, m)
		default:
			return n, q
		}
	}
}

func (p *filterParser) term(inherit qualifier) (node, qualifier) {
	if p.accept("not", "!") {
		n, q := p.term(inherit)
		if c, ok := n.(constant); ok {
			return !c, q
		}
		return not{n}, q
	}
	if n := p.relation(); n != nil {
		return n, qualifier{}
	}
	if p.accept("(") {
		n, q := p.expression(inherit)
		p.expect(")")
		return n, q
	}
	if p.identifierNext() {
		if !inherit.set {
			p.fail("%s needs a word before it that says what it is, such as host, net or port", p.peek().describe())
		}
		return p.identifier(inherit), inherit
	}
	return p.primitive()
}

// identifierNext reports whether the next token can only be an address, a number
// or a name.
func (p *filterParser) identifierNext() bool {
	t := p.peek()
	switch t.kind {
	case tokNum, tokDots, tokAddr6, tokMAC:
		return true
	case tokWord:
		return t.escaped || !keywords[t.text]
	}
	return false
}

// primitive parses a primitive that begins with a keyword.
func (p *filterParser) primitive() (node, qualifier) {
	t := p.next()
	if t.kind != tokWord {
		p.failAt(t, "unexpected %s", t.describe())
	}
	none := qualifier{}
	switch t.text {
	case "less":
		return wireLen{0, p.number()}, none
	case "greater":
		return wireLen{p.number(), ^uint32(0)}, none
	case "vlan":
		return p.vlan(t), none
	case "mpls":
		return p.mpls(t), none
	case "pppoes":
		return p.pppoes(t), none
	case "pppoed":
		return p.layer.ethertype(p, t, 0x8863), none
	case "broadcast":
		return p.broadcast(t), none
	case "multicast":
		return p.multicast(t), none
	case "inbound", "outbound":
		return p.direction(t), none
	case "llc":
		return p.llc(t), none
	}

	q := qualifier{}
	if protoNames[t.text] {
		q.proto = t.text
		switch next := p.peek(); {
		case next.is("broadcast"), next.is("multicast"):
			p.next()
			return p.groupAddress(t, next.text), none
		}
	} else {
		p.pos--
	}
	if p.qualifiers(&q) {
		q.set = true
		return p.identifiers(q), q
	}
	switch {
	case q.proto == "ether", q.proto == "link":
		p.failAt(t, "%s alone says nothing", t.text)
	case q.proto != "":
		return p.proto(t, q.proto), none
	case unsupported[t.text]:
		p.failAt(t, "%s is not supported", t.text)
	}
	p.failAt(t, "unexpected %s", t.describe())
	return nil, none
}

// qualifiers parses a direction, a type, or both. It reports false if there is
// neither.
func (p *filterParser) qualifiers(q *qualifier) bool {
	dir := true
	switch first := p.peek(); {
	case first.is("src"):
		q.dir = dirSrc
	case first.is("dst"):
		q.dir = dirDst
	default:
		dir = false
	}
	if dir {
		first := p.next()
		joint, second := p.peek(), p.peekAt(1)
		if (second.is("src") || second.is("dst")) && second.text != first.text {
			switch {
			case joint.is("or"), joint.is("||"):
				q.dir = dirEither
				p.pos += 2
			case joint.is("and"), joint.is("&&"):
				q.dir = dirBoth
				p.pos += 2
			}
		}
	}
	switch {
	case p.accept("host"):
		q.typ = typeHost
	case p.accept("net"):
		q.typ = typeNet
	case p.accept("port"):
		q.typ = typePort
	case p.accept("portrange"):
		q.typ = typePortRange
	case !dir && p.accept("proto"):
		q.typ = typeProto
	default:
		return dir
	}
	return true
}

// identifiers parses the operand of a qualifier: one identifier, or an expression
// of several in parentheses.
func (p *filterParser) identifiers(q qualifier) node {
	if p.accept("(") {
		n, _ := p.expression(q)
		p.expect(")")
		return n
	}
	if !p.identifierNext() {
		p.fail("an address, a number or a name expected, not %s", p.peek().describe())
	}
	return p.identifier(q)
}

// identifier parses one address, number or name with its qualifier.
func (p *filterParser) identifier(q qualifier) node {
	t := p.next()
	switch q.typ {
	case typePort, typePortRange:
		return p.port(t, q)
	case typeProto:
		return p.protoNumber(t, q)
	}

	switch t.kind {
	case tokMAC:
		if q.proto != "ether" || q.typ == typeNet {
			p.failAt(t, "an Ethernet address needs ether, as in ether host %s", t.text)
		}
		return p.etherHost(t, q)
	case tokAddr6:
		bits := 128
		if p.accept("/") {
			bits = int(p.upTo(128))
			if q.typ != typeNet && bits != 128 {
				p.failAt(t, "a mask is for net only")
			}
		}
		return p.net6(t, q, bits)
	case tokDots, tokNum:
		addr, bits := t.num, t.bits
		if t.kind == tokNum {
			bits = 32
			// A number gives the first bytes of a network.
			for q.typ == typeNet && addr != 0 && addr>>24 == 0 {
				addr <<= 8
				bits -= 8
			}
		} else {
			addr <<= 32 - bits
		}
		mask := prefixMask(bits)
		if t.kind == tokDots {
			masked := true
			switch {
			case p.accept("/"):
				mask = prefixMask(int(p.upTo(32)))
			case p.accept("mask"):
				m := p.next()
				if m.kind != tokDots {
					p.failAt(m, "a mask expected, not %s", m.describe())
				}
				mask = m.num << (32 - m.bits)
			default:
				masked = false
			}
			if masked {
				if addr&^mask != 0 {
					p.failAt(t, "%s has bits set that the mask takes away", t.text)
				}
				if q.typ != typeNet {
					p.failAt(t, "a mask is for net only")
				}
			}
		}
		return p.net4(t, q, addr, mask)
	}
	p.failAt(t, "names are not resolved: give an address instead of %s", t.describe())
	return nil
}

func prefixMask(bits int) uint32 { return uint32(uint64(0xffffffff) << (32 - bits)) }

// number parses a plain number.
func (p *filterParser) number() uint32 {
	t := p.next()
	if t.kind != tokNum {
		p.failAt(t, "a number expected, not %s", t.describe())
	}
	return t.num
}

func (p *filterParser) upTo(limit uint32) uint32 {
	t := p.peek()
	v := p.number()
	if v > limit {
		p.failAt(t, "%d is over %d", v, limit)
	}
	return v
}

// portNumber resolves a service name. proto is "" if the number is the same for
// TCP and UDP.
func (p *filterParser) portNumber(t token, s string) (port uint32, proto string) {
	tcp, terr := net.LookupPort("tcp", s)
	udp, uerr := net.LookupPort("udp", s)
	switch {
	case s == "" || s[0] >= '0' && s[0] <= '9' || terr != nil && uerr != nil:
		p.failAt(t, "no port is named %q", s)
	case uerr != nil:
		return uint32(tcp), "tcp"
	case terr != nil:
		return uint32(udp), "udp"
	case tcp != udp:
		p.failAt(t, "%q is port %d of TCP and %d of UDP: give the number", s, tcp, udp)
	}
	return uint32(tcp), ""
}

// port parses a port or a range of ports. A service name that exists for only
// one transport protocol also selects that protocol.
func (p *filterParser) port(t token, q qualifier) node {
	single := func(s string) (uint32, string) {
		if v, why := lexWord(s); why == "" && v.kind == tokNum {
			if v.num > 65535 {
				p.failAt(t, "port %s is over 65535", s)
			}
			return v.num, ""
		}
		return p.portNumber(t, s)
	}
	if t.kind != tokNum && t.kind != tokWord {
		p.failAt(t, "a port expected, not %s", t.describe())
	}
	var lo, hi uint32
	var only string
	if first, last, dash := strings.Cut(t.text, "-"); dash && q.typ == typePortRange {
		var other string
		lo, only = single(first)
		hi, other = single(last)
		if other != only {
			only = ""
		}
		if lo > hi {
			lo, hi = hi, lo
		}
	} else {
		lo, only = single(t.text)
		hi = lo
	}
	proto := q.proto
	switch {
	case only == "" || only == proto:
	case proto == "":
		proto = only
	default:
		p.failAt(t, "%q is no port of %s", t.text, proto)
	}
	return p.ports(t, proto, q.dir, lo, hi)
}

// relation parses a comparison of two arithmetic expressions. It returns nil if
// something else follows.
func (p *filterParser) relation() node {
	start := p.pos
	t := p.peek()
	switch {
	case t.kind == tokNum, t.is("("), t.is("-"), t.is("len"):
	case t.kind == tokWord && !t.escaped && (p.peekAt(1).is("[") || isNamedNumber(t.text)):
	default:
		return nil
	}
	present := node(constant(true))
	a, ok := p.arith(0, &present)
	if !ok {
		p.pos = start
		return nil
	}
	op := p.peek()
	switch {
	case op.kind == tokOp && strings.Contains(" = != < <= > >= ", " "+op.text+" "):
		p.next()
	default:
		p.pos = start
		return nil
	}
	b, ok := p.arith(0, &present)
	if !ok {
		p.fail("a number expected, not %s", p.peek().describe())
	}
	return &relation{present: present, op: op.text, a: a, b: b}
}

// precedence has the binary operators; a higher number binds tighter.
var precedence = map[string]int{"|": 1, "^": 1, "&": 2, "<<": 3, ">>": 3, "+": 4, "-": 4, "*": 5, "/": 5, "%": 5}

// loose has the operators whose precedence libpcap leaves to its parser generator:
// beside another operator they need parentheses.
var loose = map[string]bool{"%": true, "^": true}

const maxPrecedence = 5

// arith parses operators that bind tighter than min. It reports false, at any
// position, if this is no arithmetic.
func (p *filterParser) arith(min int, present *node) (number, bool) {
	a, ok := p.operand(present)
	if !ok {
		return nil, false
	}
	isLoose := false
	for first := true; ; first = false {
		t := p.peek()
		prec := precedence[t.text]
		if t.kind != tokOp || prec <= min {
			return a, true
		}
		p.next()
		if isLoose || loose[t.text] && (min > 0 || !first) {
			p.failAt(t, "%s beside another operator needs parentheses", t.text)
		}
		if isLoose = loose[t.text]; isLoose {
			prec = maxPrecedence
		}
		// As in libpcap, only the protocol of the left operand is checked.
		unchecked := node(constant(true))
		b, ok := p.arith(prec, &unchecked)
		if !ok {
			return nil, false
		}
		if v, isLit := b.(literal); isLit {
			if v == 0 && (t.text == "/" || t.text == "%") {
				p.failAt(t, "division by zero")
			}
			if v > 31 && (t.text == "<<" || t.text == ">>") {
				p.failAt(t, "shift by more than 31 bits")
			}
		}
		op := &operation{op: t.text[0], a: a, b: b}
		_, la := a.(literal)
		_, lb := b.(literal)
		if a = op; la && lb {
			a = literal(op.value(&view{}))
		}
	}
}

func (p *filterParser) operand(present *node) (number, bool) {
	t := p.next()
	switch {
	case t.kind == tokNum:
		return literal(t.num), true
	case t.is("("):
		a, ok := p.arith(0, present)
		return a, ok && p.accept(")")
	case t.is("-"):
		a, ok := p.operand(present)
		if !ok {
			return nil, false
		}
		if v, isLit := a.(literal); isLit {
			return -v, true
		}
		return &operation{op: '-', a: literal(0), b: a}, true
	case t.is("len"):
		return wireLenOf{}, true
	case t.kind == tokWord && !t.escaped && p.peek().is("["):
		return p.accessor(t, present), true
	case t.kind == tokWord && !t.escaped:
		v, ok := namedNumber[t.text]
		return literal(v), ok
	}
	return nil, false
}

// accessor parses the rest of proto[offset:size].
func (p *filterParser) accessor(t token, present *node) number {
	p.expect("[")
	index, ok := p.arith(0, present)
	if !ok {
		p.fail("an offset expected")
	}
	size := uint32(1)
	if p.accept(":") {
		st := p.peek()
		size = p.number()
		if size != 1 && size != 2 && size != 4 {
			p.failAt(st, "a size is 1, 2 or 4")
		}
	}
	p.expect("]")
	return p.loadFrom(t, index, uint8(size), present)
}
