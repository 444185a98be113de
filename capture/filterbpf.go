package capture

import (
	"encoding/binary"
	"errors"
	"math"
)

// bpfInstruction is an instruction of the kernel's classic BPF machine (struct sock_filter).
type bpfInstruction struct {
	code   uint16
	jt, jf uint8
	k      uint32
}

// Codes of instructions, as in the kernel's bpf_common.h and filter.h.
const (
	bpfLoadWord = 0x20 // A = 4 bytes at k
	bpfLoadHalf = 0x28
	bpfLoadByte = 0x30
	bpfLoadLen  = 0x80
	bpfLoadImm  = 0x00
	bpfLoadMem  = 0x60 // A = M[k]
	bpfStoreMem = 0x02
	bpfLoadMSH  = 0xb1 // X = 4 * (byte at k & 15)
	bpfToX      = 0x07 // X = A
	bpfRet      = 0x06

	bpfIndirect = 0x60 // turns a load at k into one at X + k
	bpfByX      = 0x08 // with an operation or a jump: by X instead of k

	bpfAdd = 0x04
	bpfSub = 0x14
	bpfMul = 0x24
	bpfDiv = 0x34
	bpfOr  = 0x44
	bpfAnd = 0x54
	bpfShl = 0x64
	bpfShr = 0x74
	bpfMod = 0x94
	bpfXor = 0xa4

	bpfJump = 0x05
	bpfJEq  = 0x15
	bpfJGt  = 0x25
	bpfJGe  = 0x35

	// What the kernel knows of a packet beside its bytes is at negative offsets.
	bpfAncillary = math.MaxUint32 - 0x1000 + 1
	bpfTag       = bpfAncillary + 44 // the tag that the network card or the kernel took off
	bpfHasTag    = bpfAncillary + 48
	bpfTagTPID   = bpfAncillary + 60

	bpfMaxInstructions = 4096
	bpfMemory          = 16
	bpfReach           = math.MaxUint8 - 2 // of a conditional jump
)

// errNotForKernel means that an expression cannot be a program in the kernel.
var errNotForKernel = errors.New("the kernel cannot run this filter")

// program returns the filter as a program for packets of Ethernet, which takes snap bytes
// of those that match. The kernel keeps the outermost VLAN tag apart, where no load finds
// it, so there are two programs: for packets with such a tag, the loads behind it move.
func (f *filter) program(snap uint32) (code []bpfInstruction, err error) {
	defer func() {
		if r := recover(); r != nil {
			if r != errNotForKernel { //nolint:errorlint // thrown by bpfWriter.fail alone
				panic(r)
			}
			err = errNotForKernel
		}
	}()
	w := new(bpfWriter)
	no := w.put(bpfInstruction{code: bpfRet})
	yes := w.put(bpfInstruction{code: bpfRet, k: snap})
	plain := w.node(f.root, yes, no)
	w.tagged = true
	tagged := w.node(f.root, yes, no)
	w.jump(bpfJEq, 0, plain, tagged)
	w.put(bpfInstruction{code: bpfLoadWord, k: bpfHasTag})
	if len(w.code) > bpfMaxInstructions {
		return nil, errNotForKernel
	}
	for i := range w.code {
		code = append(code, w.code[len(w.code)-1-i])
	}
	return code, nil
}

// takeAll is the program that takes snap bytes of every packet.
func takeAll(snap uint32) []bpfInstruction { return []bpfInstruction{{code: bpfRet, k: snap}} }

// bpfWriter writes a program from its end to its beginning, so that where a jump leads is
// known when it is written. A place is the index of an instruction in code; what is put
// next comes before all that is there.
type bpfWriter struct {
	code   []bpfInstruction
	tagged bool // the packet's outermost VLAN tag is not among its bytes
	slots  uint32
}

func (w *bpfWriter) fail() { panic(errNotForKernel) }

func (w *bpfWriter) put(in bpfInstruction) (place int) {
	w.code = append(w.code, in)
	return len(w.code) - 1
}

// distance is how many instructions the next one skips to get to a place.
func (w *bpfWriter) distance(place int) int { return len(w.code) - place - 1 }

// near returns a place that leads to place and that a conditional jump reaches.
func (w *bpfWriter) near(place int) int {
	if w.distance(place) <= bpfReach {
		return place
	}
	return w.put(bpfInstruction{code: bpfJump, k: uint32(w.distance(place))})
}

// jump compares A with k and goes on at yes or no.
func (w *bpfWriter) jump(code uint16, k uint32, yes, no int) int {
	yes = w.near(yes)
	no = w.near(no)
	return w.put(bpfInstruction{code: code, k: k, jt: uint8(w.distance(yes)), jf: uint8(w.distance(no))})
}

// never reports whether a condition is false for each packet with a tag apart: the kernel
// takes off those of 802.1Q and 802.1ad only, so the first type is none but these.
func (w *bpfWriter) never(n node) bool {
	switch n := n.(type) {
	case constant:
		return !bool(n)
	case and:
		return w.never(n.a) || w.never(n.b)
	case or:
		return w.never(n.a) && w.never(n.b)
	case *relation:
		return w.never(n.present)
	case *field:
		return w.tagged && !n.behind && n.off == tagOffset && n.size == 2 && n.mask&0xffff == 0xffff &&
			(n.hi < 0x8100 || n.lo > 0x8100) && (n.hi < 0x88a8 || n.lo > 0x88a8)
	}
	return false
}

// node puts a condition that goes on at yes or no, and returns where it begins.
func (w *bpfWriter) node(n node, yes, no int) int {
	if w.never(n) {
		return no
	}
	switch n := n.(type) {
	case constant:
		if n {
			return yes
		}
		return no
	case not:
		return w.node(n.x, no, yes)
	case and:
		return w.node(n.a, w.node(n.b, yes, no), no)
	case or:
		return w.node(n.a, yes, w.node(n.b, yes, no))
	case *field:
		return w.field(n, yes, no)
	case *bytesEqual:
		return w.bytes(n, yes, no)
	case wireLen:
		return w.between(n.lo, n.hi, yes, no, w.wireLen)
	case *relation:
		return w.relation(n, yes, no)
	}
	w.fail()
	return 0
}

// between tests whether the number that load puts into A is from lo to hi.
func (w *bpfWriter) between(lo, hi uint32, yes, no int, load func()) int {
	switch lo {
	case hi:
		w.jump(bpfJEq, lo, yes, no)
	case 0:
		w.jump(bpfJGt, hi, no, yes)
	default:
		w.jump(bpfJGe, lo, w.jump(bpfJGt, hi, no, yes), no)
	}
	load()
	return len(w.code) - 1
}

func (w *bpfWriter) field(n *field, yes, no int) int {
	return w.between(n.lo, n.hi, yes, no, func() {
		if all := uint32(1)<<(8*n.size-1)<<1 - 1; n.mask&all != all {
			w.put(bpfInstruction{code: bpfAnd, k: n.mask})
		}
		if n.behind {
			w.loadIndirect(n.off, n.size)
			w.headerLen(n.ip)
			return
		}
		w.load(n.off, n.size)
	})
}

// bytes compares from the end: a load beyond what was captured rejects the packet.
func (w *bpfWriter) bytes(n *bytesEqual, yes, no int) int {
	for at := 0; at < len(n.val); {
		size := 4
		if len(n.val)-at < 4 {
			size = 2
		}
		val, mask := bigEndian(n.val[at:at+size]), bigEndian(n.mask[at:at+size])
		if mask != 0 || at+size == len(n.val) {
			yes = w.field(&field{off: n.off + uint32(at), size: uint8(size), mask: mask, lo: val, hi: val}, yes, no)
		}
		at += size
	}
	return yes
}

func bigEndian(b []byte) uint32 {
	if len(b) == 2 {
		return uint32(binary.BigEndian.Uint16(b))
	}
	return binary.BigEndian.Uint32(b)
}

func (w *bpfWriter) wireLen() {
	if w.tagged {
		w.put(bpfInstruction{code: bpfAdd, k: tagLen})
	}
	w.put(bpfInstruction{code: bpfLoadLen})
}

const (
	tagOffset = 12 // of a VLAN tag in an Ethernet frame
	tagLen    = 4
)

func loadCode(size uint8) uint16 {
	switch size {
	case 1:
		return bpfLoadByte
	case 2:
		return bpfLoadHalf
	}
	return bpfLoadWord
}

// load puts a load of size bytes at off.
func (w *bpfWriter) load(off uint32, size uint8) {
	switch {
	case off >= math.MaxInt32:
		w.fail()
	case !w.tagged || off+uint32(size) <= tagOffset:
		w.put(bpfInstruction{code: loadCode(size), k: off})
	case off >= tagOffset+tagLen:
		w.put(bpfInstruction{code: loadCode(size), k: off - tagLen})
	default:
		w.loadTag(off-tagOffset, size)
	}
}

// loadTag puts a load of size bytes of the tag that the kernel keeps.
func (w *bpfWriter) loadTag(off uint32, size uint8) {
	half := uint32(bpfTagTPID)
	if off >= 2 {
		half = bpfTag
	}
	switch {
	case size == 2 && off%2 == 0:
	case size == 1 && off%2 == 0:
		w.put(bpfInstruction{code: bpfShr, k: 8})
	case size == 1:
		w.put(bpfInstruction{code: bpfAnd, k: 0xff})
	default:
		w.fail()
	}
	w.put(bpfInstruction{code: bpfLoadWord, k: half})
}

// moved returns an offset behind the tag as the packet in the kernel has it.
func (w *bpfWriter) moved(off uint32) uint32 {
	switch {
	case off >= math.MaxInt32 || w.tagged && off < tagOffset+tagLen:
		w.fail()
	case w.tagged:
		return off - tagLen
	}
	return off
}

// headerLen puts the length of the IPv4 header at an offset into X.
func (w *bpfWriter) headerLen(ip uint32) { w.put(bpfInstruction{code: bpfLoadMSH, k: w.moved(ip)}) }

// loadIndirect puts a load of size bytes at X + off.
func (w *bpfWriter) loadIndirect(off uint32, size uint8) {
	w.put(bpfInstruction{code: loadCode(size) ^ bpfIndirect, k: w.moved(off)})
}

var bpfComparisons = map[string]struct {
	code  uint16
	swaps bool // yes and no
}{
	"=": {bpfJEq, false}, "!=": {bpfJEq, true}, ">": {bpfJGt, false}, "<=": {bpfJGt, true}, ">=": {bpfJGe, false}, "<": {bpfJGe, true},
}

func (w *bpfWriter) relation(n *relation, yes, no int) int {
	c := bpfComparisons[n.op]
	t, f := yes, no
	if c.swaps {
		t, f = no, yes
	}
	if k, ok := n.b.(literal); ok {
		w.jump(c.code, uint32(k), t, f)
	} else {
		w.jump(c.code|bpfByX, 0, t, f)
		w.operands(n.a, n.b)
		return w.node(n.present, len(w.code)-1, no)
	}
	w.number(n.a)
	return w.node(n.present, len(w.code)-1, no)
}

// operands puts a into A and b into X.
func (w *bpfWriter) operands(a, b number) {
	slot := w.slot()
	w.put(bpfInstruction{code: bpfLoadMem, k: slot})
	w.put(bpfInstruction{code: bpfToX})
	w.number(b)
	w.put(bpfInstruction{code: bpfStoreMem, k: slot})
	w.number(a)
	w.slots--
}

// slot reserves a word of memory.
func (w *bpfWriter) slot() uint32 {
	if w.slots == bpfMemory {
		w.fail()
	}
	w.slots++
	return w.slots - 1
}

// number puts a number into A.
func (w *bpfWriter) number(n number) {
	switch n := n.(type) {
	case literal:
		w.put(bpfInstruction{code: bpfLoadImm, k: uint32(n)})
	case wireLenOf:
		w.wireLen()
	case *loaded:
		w.loaded(n)
	case *operation:
		w.operation(n)
	default:
		w.fail()
	}
}

func (w *bpfWriter) loaded(n *loaded) {
	index, fixed := n.index.(literal)
	switch {
	case fixed && n.behind:
		w.loadIndirect(uint32(index)+n.base, n.size)
		w.headerLen(n.ip)
	case fixed:
		w.load(uint32(index)+n.base, n.size)
	case !n.behind:
		w.loadIndirect(n.base, n.size)
		w.put(bpfInstruction{code: bpfToX})
		w.number(n.index)
	default:
		slot := w.slot()
		w.loadIndirect(n.base, n.size)
		w.put(bpfInstruction{code: bpfToX})
		w.put(bpfInstruction{code: bpfAdd | bpfByX})
		w.put(bpfInstruction{code: bpfLoadMem, k: slot})
		w.headerLen(n.ip)
		w.put(bpfInstruction{code: bpfStoreMem, k: slot})
		w.number(n.index)
		w.slots--
	}
}

var bpfOperations = map[byte]uint16{
	'+': bpfAdd, '-': bpfSub, '*': bpfMul, '/': bpfDiv, '%': bpfMod, '&': bpfAnd, '|': bpfOr, '^': bpfXor, '<': bpfShl, '>': bpfShr,
}

func (w *bpfWriter) operation(n *operation) {
	code := bpfOperations[n.op]
	k, fixed := n.b.(literal)
	shift, divides := n.op == '<' || n.op == '>', n.op == '/' || n.op == '%'
	switch {
	case shift && (!fixed || k > 31), divides && fixed && k == 0:
		w.fail() // the kernel does not define, or refuses it
	case fixed:
		w.put(bpfInstruction{code: code, k: uint32(k)})
		w.number(n.a)
	default:
		w.put(bpfInstruction{code: code | bpfByX})
		w.operands(n.a, n.b)
	}
}
