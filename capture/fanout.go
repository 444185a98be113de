package capture

import "crypto/rand"

// FanOutNone is the value of ListenOptions.FanOut for one ring, whose reader shares packets out.
const FanOutNone = "none"

// The other values.
const (
	fanOutPair = "pair" // by the two outermost addresses
	fanOutHash = "hash" // by the kernel's hash of addresses and ports
)

// A Fan is a source whose packets come in parts that are read at the same time, each by a
// goroutine of its own. What belongs together is in one part. Each part numbers its packets,
// and has a clock of its own. Stats may be called by any goroutine, and has of a part what
// there was when its Stats was called last, or some time later; Next must not be called. The
// parts are not closed.
type Fan interface {
	Source
	Parts() []Source
}

// spreadKey is the key of the hash that chooses a ring.
type spreadKey [6]uint32

func newSpreadKey() (k spreadKey) {
	var b [4 * len(k)]byte
	_, _ = rand.Read(b[:]) // never fails
	for i := range k {
		for _, x := range b[4*i:][:4] {
			k[i] = k[i]<<8 | uint32(x)
		}
	}
	return k
}

// Ancillary loads and codes that only the program of a fan-out needs.
const (
	bpfProtocol   = bpfAncillary // the type of what is behind the link header and a tag that was taken off
	bpfPacketType = bpfAncillary + 4
	bpfHardware   = bpfAncillary + 28 // ARPHRD_ value
	bpfFromX      = 0x87              // A = X
)

// Types behind a link header that lead to IP, beside IP's own.
const (
	etherVLAN    = 0x8100
	etherQinQ    = 0x88a8
	etherOldQ    = 0x9100
	etherMPLS2   = 0x8848 // multicast
	pppIP        = 0x0021
	pppIP6       = 0x0057
	maxTags      = 3 // VLAN tags beside the one that the kernel takes off
	maxLabels    = 4 // of MPLS
	typeOutgoing = 4 // PACKET_OUTGOING of if_packet.h
	hardwareEth  = 1 // ARPHRD_ETHER
	hardwareLo   = 772
)

// program returns a program for the kernel whose result, modulo the number of rings, is the
// ring of a packet. It depends on the two addresses of the outermost IP header alone, in
// whatever order they are, and is 0 for what has none.
//
// A fan-out has packets that come in begin behind the link header, and those on their way out
// with it. Loads with offsets that are about the headers would do, but do not reach into
// fragments of memory before Linux 6.16.
func (k spreadKey) program() []bpfInstruction {
	p := new(bpfAssembler)
	p.load(bpfHardware)
	p.equal(hardwareEth, "ethernet", "")
	p.equal(hardwareLo, "ethernet", "behind")
	p.label("ethernet")
	p.load(bpfPacketType)
	p.equal(typeOutgoing, "whole", "behind")
	p.label("whole")
	p.put(bpfLoadHalf, tagOffset)
	p.put(bpfStoreMem, 0)
	p.put(bpfLoadImm, tagOffset+2)
	p.jump("type")
	p.label("behind")
	p.load(bpfProtocol)
	p.put(bpfStoreMem, 0)
	p.put(bpfLoadImm, 0)

	// X is where the type in M[0] begins.
	p.label("type")
	p.put(bpfToX, 0)
	for range maxTags {
		p.put(bpfLoadMem, 0)
		p.equal(etherVLAN, "tag", "")
		p.equal(etherQinQ, "tag", "")
		p.equal(etherOldQ, "tag", "untagged")
		p.label("tag")
		p.put(bpfLoadHalf^bpfIndirect, 2)
		p.put(bpfStoreMem, 0)
		p.skip(tagLen)
	}
	p.label("untagged")
	p.put(bpfLoadMem, 0)
	p.equal(etherIP, "ip", "")
	p.equal(etherIP6, "ip", "")
	p.equal(etherPPPs, "pppoe", "")
	p.equal(etherMPLS, "mpls", "")
	p.equal(etherMPLS2, "mpls", "none")
	p.label("pppoe")
	p.put(bpfLoadHalf^bpfIndirect, 6)
	p.equal(pppIP, "session", "")
	p.equal(pppIP6, "session", "none")
	p.label("session")
	p.skip(8)
	p.jump("ip")
	p.label("mpls")
	for range maxLabels {
		p.put(bpfLoadByte^bpfIndirect, 2)
		p.put(bpfAnd, 1) // the last label
		p.put(bpfStoreMem, 0)
		p.skip(4)
		p.put(bpfLoadMem, 0)
		p.equal(1, "ip", "")
	}
	p.label("none")
	p.put(bpfRet, 0)

	p.label("ip")
	p.put(bpfLoadByte^bpfIndirect, 0)
	p.put(bpfShr, 4)
	p.equal(4, "ip4", "")
	p.equal(6, "ip6", "other")
	p.label("other")
	p.put(bpfRet, 0)
	p.label("ip4")
	p.loads(12, 2)
	k.address(p, 0, 1)
	p.put(bpfStoreMem, 0)
	k.address(p, 1, 1)
	p.jump("both")
	p.label("ip6")
	p.loads(8, 8)
	k.address(p, 0, 4)
	p.put(bpfStoreMem, 0)
	k.address(p, 4, 4)
	p.label("both") // of one address in A, of the other in M[0]
	p.put(bpfToX, 0)
	p.put(bpfLoadMem, 0)
	p.put(bpfAdd^bpfByX, 0)
	p.put(bpfXor, k[5])
	p.mix()
	p.put(bpfRet|bpfAccumulator, 0)
	return p.finish()
}

// bpfAccumulator makes bpfRet return A.
const bpfAccumulator = 0x10

// address hashes n words of M, from first on.
func (k spreadKey) address(p *bpfAssembler, first, n int) {
	p.put(bpfLoadMem, uint32(first))
	p.put(bpfXor, k[0])
	p.mix()
	for i := 1; i < n; i++ {
		p.put(bpfToX, 0)
		p.put(bpfLoadMem, uint32(first+i))
		p.put(bpfXor, k[i])
		p.put(bpfAdd^bpfByX, 0)
		p.mix()
	}
	if n == 1 {
		p.put(bpfXor, k[4])
		p.mix()
	}
}

// bpfAssembler writes a program from its beginning to its end. A jump leads to the next place
// with its label.
type bpfAssembler struct {
	code []bpfInstruction
	open []bpfJumpTo
}

// bpfJumpTo is a jump to a label that comes later.
type bpfJumpTo struct {
	at    int
	label string
	field byte // k, t or f
}

func (p *bpfAssembler) put(code uint16, k uint32) {
	p.code = append(p.code, bpfInstruction{code: code, k: k})
}

// load loads what the kernel knows of a packet.
func (p *bpfAssembler) load(ancillary uint32) { p.put(bpfLoadWord, ancillary) }

// loads loads n words at X + off into M.
func (p *bpfAssembler) loads(off uint32, n int) {
	for i := range uint32(n) {
		p.put(bpfLoadWord^bpfIndirect, off+4*i)
		p.put(bpfStoreMem, i)
	}
}

// skip adds n to X.
func (p *bpfAssembler) skip(n uint32) {
	p.put(bpfFromX, 0)
	p.put(bpfAdd, n)
	p.put(bpfToX, 0)
}

// mix spreads what A differs in over all its bits, by a permutation.
func (p *bpfAssembler) mix() {
	fold := func(n uint32) {
		p.put(bpfToX, 0)
		p.put(bpfShr, n)
		p.put(bpfXor^bpfByX, 0)
	}
	fold(16)
	p.put(bpfMul, 0x7feb352d)
	fold(15)
	p.put(bpfMul, 0x846ca68b)
	fold(16)
}

// equal goes on at yes if A is k, else at no; an empty label is what follows.
func (p *bpfAssembler) equal(k uint32, yes, no string) {
	p.leads(yes, 't')
	p.leads(no, 'f')
	p.put(bpfJEq, k)
}

func (p *bpfAssembler) jump(label string) {
	p.leads(label, 'k')
	p.put(bpfJump, 0)
}

func (p *bpfAssembler) leads(label string, field byte) {
	if label != "" {
		p.open = append(p.open, bpfJumpTo{len(p.code), label, field})
	}
}

// label makes what follows the place where the jumps to it lead.
func (p *bpfAssembler) label(name string) {
	kept := p.open[:0]
	for _, j := range p.open {
		if j.label != name {
			kept = append(kept, j)
			continue
		}
		in, n := &p.code[j.at], len(p.code)-j.at-1
		switch {
		case j.field == 'k':
			in.k = uint32(n)
		case n > bpfReach:
			panic("capture: a jump is too long: " + name)
		case j.field == 't':
			in.jt = uint8(n)
		default:
			in.jf = uint8(n)
		}
	}
	p.open = kept
}

func (p *bpfAssembler) finish() []bpfInstruction {
	for _, j := range p.open {
		panic("capture: no label " + j.label)
	}
	return p.code
}
