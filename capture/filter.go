package capture

import "encoding/binary"

// filter is a compiled pcap-filter(7) expression for one link type.
//
// The language is libpcap's: primitives of host, net, port, portrange and proto
// with their directions and protocols, vlan, mpls and pppoes, which shift what
// follows, broadcast and multicast, less and greater, and relations between
// arithmetic on packet bytes. Its peculiarities are kept: "and" and "or" have the
// same precedence and associate to the left; a load beyond the captured bytes
// rejects the packet, even under "not"; ports are not found behind IPv6 extension
// headers; port does not match later fragments; in arithmetic only the leftmost
// protocol is checked. Host names are not resolved.
//
// The rest of the language (802.11, ISO, ATM and other link layers, gateway,
// protochain, interface metadata) is an error when the filter is compiled.
type filter struct{ root node }

// compileFilter compiles an expression for packets of a link type, a LINKTYPE_
// value. The empty expression matches every packet. The error is a *filterError.
func compileFilter(expr string, link uint16) (*filter, error) {
	toks, err := lexFilter(expr)
	if err != nil {
		return nil, err
	}
	return compileTokens(expr, toks, int(link))
}

// match reports whether the filter accepts a packet: data is what was captured,
// origLen the length on the wire. p is scratch.
func (f *filter) match(p *view, data []byte, origLen uint32) bool {
	*p = view{data: data, wire: origLen}
	ok := f.root.eval(p) && !p.beyond
	p.data = nil
	return ok
}

// filterSet holds an expression compiled for each link type of a run.
type filterSet struct {
	expr   string
	toks   []token
	byLink map[uint16]*filter
	link   uint16 // that last is for
	last   *filter
	view   view
}

func newFilterSet(expr string) (*filterSet, error) {
	toks, err := lexFilter(expr)
	if err != nil {
		return nil, err
	}
	// Syntax does not depend on the link type, but another one may have what
	// Ethernet lacks.
	if _, err := compileTokens(expr, toks, linkAny); err != nil {
		return nil, err
	}
	return &filterSet{expr: expr, toks: toks, byLink: map[uint16]*filter{}}, nil
}

func (s *filterSet) match(data []byte, orig uint32, link uint16) (bool, error) {
	if s.last == nil || s.link != link {
		f := s.byLink[link]
		if f == nil {
			var err error
			if f, err = compileTokens(s.expr, s.toks, int(link)); err != nil {
				return false, err
			}
			s.byLink[link] = f
		}
		s.link, s.last = link, f
	}
	return s.last.match(&s.view, data, orig), nil
}

// view is the packet that a filter is evaluated on.
type view struct {
	data   []byte
	wire   uint32
	beyond bool // there was a load beyond data: the packet is rejected
}

// load returns the big-endian number of size bytes, 1, 2 or 4, at an offset.
func (p *view) load(off uint32, size uint8) uint32 {
	if uint64(off)+uint64(size) > uint64(len(p.data)) {
		p.beyond = true
		return 0
	}
	b := p.data[off:]
	switch size {
	case 1:
		return uint32(b[0])
	case 2:
		return uint32(binary.BigEndian.Uint16(b))
	default:
		return binary.BigEndian.Uint32(b)
	}
}

// node is a condition.
type node interface{ eval(*view) bool }

type (
	constant bool
	not      struct{ x node }
	and      struct{ a, b node }
	or       struct{ a, b node }
)

func (n constant) eval(*view) bool { return bool(n) }
func (n not) eval(p *view) bool    { return !n.x.eval(p) }
func (n and) eval(p *view) bool    { return n.a.eval(p) && n.b.eval(p) }
func (n or) eval(p *view) bool     { return n.a.eval(p) || n.b.eval(p) }

func allOf(a node, rest ...node) node {
	for _, b := range rest {
		switch {
		case a == constant(false) || b == constant(true):
		case a == constant(true):
			a = b
		default:
			a = and{a, b}
		}
	}
	return a
}

func anyOf(a node, rest ...node) node {
	for _, b := range rest {
		switch {
		case a == constant(true) || b == constant(false):
		case a == constant(false):
			a = b
		default:
			a = or{a, b}
		}
	}
	return a
}

// field tests bytes at a fixed offset, or at one from the end of an IPv4 header.
type field struct {
	off    uint32
	size   uint8
	behind bool   // off counts from the end of the IPv4 header at ip
	ip     uint32 // offset of that header
	mask   uint32
	lo, hi uint32 // lo <= bytes & mask <= hi
}

func (n *field) eval(p *view) bool {
	off := n.off
	if n.behind {
		off += ipHeaderLen(p, n.ip)
	}
	v := p.load(off, n.size) & n.mask
	return n.lo <= v && v <= n.hi
}

func ipHeaderLen(p *view, ip uint32) uint32 { return 4 * (p.load(ip, 1) & 0xf) }

// bytesEqual compares masked bytes, which are an address, with val.
type bytesEqual struct {
	off       uint32
	val, mask []byte
}

func (n *bytesEqual) eval(p *view) bool {
	if uint64(n.off)+uint64(len(n.val)) > uint64(len(p.data)) {
		p.beyond = true
		return false
	}
	b := p.data[n.off:]
	for i, m := range n.mask {
		if b[i]&m != n.val[i] {
			return false
		}
	}
	return true
}

// wireLen tests the length on the wire.
type wireLen struct{ lo, hi uint32 }

func (n wireLen) eval(p *view) bool { return n.lo <= p.wire && p.wire <= n.hi }

// number is an expression of unsigned 32-bit arithmetic.
type number interface{ value(*view) uint32 }

type (
	literal   uint32
	wireLenOf struct{}
	loaded    struct {
		base   uint32
		behind bool // base counts from the end of the IPv4 header at ip
		ip     uint32
		index  number
		size   uint8
	}
	operation struct {
		op   byte // + - * / % & | ^ < (left shift) > (right shift)
		a, b number
	}
)

func (n literal) value(*view) uint32   { return uint32(n) }
func (wireLenOf) value(p *view) uint32 { return p.wire }
func (n *loaded) value(p *view) uint32 {
	off := n.index.value(p) + n.base
	if n.behind {
		off += ipHeaderLen(p, n.ip)
	}
	return p.load(off, n.size)
}

func (n *operation) value(p *view) uint32 {
	a, b := n.a.value(p), n.b.value(p)
	switch n.op {
	case '+':
		return a + b
	case '-':
		return a - b
	case '*':
		return a * b
	case '&':
		return a & b
	case '|':
		return a | b
	case '^':
		return a ^ b
	case '<':
		return a << b
	case '>':
		return a >> b
	}
	if b == 0 {
		p.beyond = true // as in a BPF machine
		return 0
	}
	if n.op == '/' {
		return a / b
	}
	return a % b
}

// relation compares two numbers if the protocols that they are loaded from are
// present.
type relation struct {
	present node
	op      string
	a, b    number
}

func (n *relation) eval(p *view) bool {
	if !n.present.eval(p) {
		return false
	}
	a, b := n.a.value(p), n.b.value(p)
	switch n.op {
	case "=":
		return a == b
	case "!=":
		return a != b
	case "<":
		return a < b
	case "<=":
		return a <= b
	case ">":
		return a > b
	default:
		return a >= b
	}
}
