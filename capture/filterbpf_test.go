package capture

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
)

// kernelPacket is a packet as the kernel's programs see it.
type kernelPacket struct {
	data      []byte
	tag, tpid uint32
	tagged    bool
	// known has what the kernel knows beside, by the offset of the load.
	known map[uint32]uint32
}

// taken returns a packet whose outermost VLAN tag the kernel took off.
func taken(p []byte) kernelPacket {
	return kernelPacket{slices.Concat(p[:12], p[16:]), uint32(binary.BigEndian.Uint16(p[14:])), uint32(binary.BigEndian.Uint16(p[12:])), true, nil}
}

func (p *kernelPacket) load(off uint32, size int) (uint32, bool) {
	if v, ok := p.known[off]; ok {
		return v, true
	}
	switch off {
	case bpfTag:
		return p.tag, true
	case bpfTagTPID:
		return p.tpid, true
	case bpfHasTag:
		if p.tagged {
			return 1, true
		}
		return 0, true
	}
	if int32(off) < 0 || int(off)+size > len(p.data) {
		return 0, false
	}
	v := uint32(0)
	for _, b := range p.data[off:][:size] {
		v = v<<8 | uint32(b)
	}
	return v, true
}

var bpfSizes = map[uint16]int{0: 4, 8: 2, 16: 1}

// execute runs a program as the kernel does (Documentation/networking/filter.rst).
func execute(t *testing.T, code []bpfInstruction, p *kernelPacket) uint32 {
	t.Helper()
	var a, x uint32
	var mem [bpfMemory]uint32
	for pc := 0; ; pc++ {
		in := code[pc]
		k := in.k
		if class := in.code & 7; (class == 4 || class == 5) && in.code&bpfByX != 0 {
			k = x
		}
		ok, jump := true, false
		switch in.code &^ bpfByX {
		case bpfAdd:
			a += k
			continue
		case bpfSub:
			a -= k
			continue
		case bpfMul:
			a *= k
			continue
		case bpfAnd:
			a &= k
			continue
		case bpfOr:
			a |= k
			continue
		case bpfXor:
			a ^= k
			continue
		case bpfShl:
			a <<= k
			continue
		case bpfShr:
			a >>= k
			continue
		case bpfDiv:
			if k == 0 {
				return 0
			}
			a /= k
			continue
		case bpfMod:
			if k == 0 {
				return 0
			}
			a %= k
			continue
		case bpfJEq, bpfJGt, bpfJGe:
			switch in.code &^ bpfByX {
			case bpfJEq:
				jump = a == k
			case bpfJGt:
				jump = a > k
			default:
				jump = a >= k
			}
			if jump {
				pc += int(in.jt)
			} else {
				pc += int(in.jf)
			}
			continue
		}
		switch in.code {
		case bpfRet:
			return k
		case bpfJump:
			pc += int(k)
		case bpfLoadImm:
			a = k
		case bpfLoadLen:
			a = uint32(len(p.data))
		case bpfLoadMem:
			a = mem[k]
		case bpfStoreMem:
			mem[k] = a
		case bpfToX:
			x = a
		case bpfFromX:
			a = x
		case bpfRet | bpfAccumulator:
			return a
		case bpfLoadMSH:
			x, ok = p.load(k, 1)
			x = 4 * (x & 15)
		case bpfLoadWord, bpfLoadHalf, bpfLoadByte:
			a, ok = p.load(k, bpfSizes[in.code&0x18])
		case bpfLoadWord ^ bpfIndirect, bpfLoadHalf ^ bpfIndirect, bpfLoadByte ^ bpfIndirect:
			a, ok = p.load(x+k, bpfSizes[in.code&0x18])
		default:
			t.Fatalf("instruction %#x", in.code)
		}
		if !ok {
			return 0
		}
	}
}

// checkProgram runs the filter's program on a packet, and again as if its VLAN tag had been
// taken off.
func checkProgram(t *testing.T, expr string, f *filter, packet []byte, want bool) {
	t.Helper()
	const snap = 4321
	code, err := f.program(snap)
	if err != nil {
		t.Errorf("%q: %v", expr, err)
		return
	}
	views := []kernelPacket{{data: packet}}
	if typ := binary.BigEndian.Uint16(packet[12:]); typ == 0x8100 || typ == 0x88a8 {
		views = append(views, taken(packet))
	}
	for _, v := range views {
		if got := execute(t, code, &v); got != 0 != want || want && got != snap {
			t.Errorf("%q: the program returns %d for %x, tag taken off %v", expr, got, v.data, v.tagged)
		}
	}
}

// Jumps over more than 255 instructions need another one.
func TestLongProgram(t *testing.T) {
	var hosts []string
	for i := range 120 {
		hosts = append(hosts, "10.1.1."+string(rune('0'+i/100))+string(rune('0'+i/10%10))+string(rune('0'+i%10)))
	}
	expr := "not (host " + strings.Join(hosts, " or ") + ")"
	f, err := compileFilter(expr, linkEthernet)
	if err != nil {
		t.Fatal(err)
	}
	for src, want := range map[string]bool{"10.1.1.0": false, "10.1.1.57": false, "10.1.1.119": false, "10.1.1.120": true, "10.1.2.5": true} {
		checkProgram(t, "not (host ...)", f, ethernet(etherIP).ip4(6, 0, src, "192.0.2.1").tcp(1, 2, 0), want)
		checkProgram(t, "not (host ...)", f, ethernet(0x8100).u16(9, etherIP).ip4(6, 0, src, "192.0.2.1").tcp(1, 2, 0), true)
	}
}

// What cannot be said in a program is left to the filter of the source.
func TestNotForKernel(t *testing.T) {
	long := "host 10.0.0.1" + strings.Repeat(" or host 10.0.0.1", 300)
	for _, expr := range []string{"ether[12:4] = 5", "ether[ether[0]] = 1", "1 << ip[0] = 2", long} {
		f, err := compileFilter(expr, linkEthernet)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.program(100); !errors.Is(err, errNotForKernel) {
			t.Errorf("%.40q: %v", expr, err)
		}
	}
}
