package packet

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/wirelog/wirelog/value"
)

const second = value.Time(time.Second)

// piece is an IPv4 fragment of a datagram with the given payload bytes.
func piece(id, offset int, more bool, data []byte) []byte {
	return v4(ProtoUDP, data, ipID(id), fragBits(offset, more, false))
}

// feed parses packets and feeds them one after the other. It returns a copy of
// the payload of the last datagram returned, and all weirds.
func feed(t testing.TB, r *Reassembler, now value.Time, packets ...[]byte) (payload []byte, done bool, weirds string) {
	t.Helper()
	var w Weirds
	for i, b := range packets {
		ip, p, drop := parse(t, b, Options{})
		if drop != DropNone {
			t.Fatalf("packet %d: %v %s", i, drop, names(&p.Weirds))
		}
		out, _ := r.Feed(ip, now, &w)
		if done = out != nil; done {
			payload = bytes.Clone(out.Payload)
		}
	}
	return payload, done, names(&w)
}

func TestReassemble(t *testing.T) {
	data := counting(400)
	other := bytes.Repeat([]byte{0xee}, 400)
	for _, c := range []struct {
		name    string
		packets [][]byte
		want    []byte // nil if incomplete
		weirds  string
	}{
		{"in order", [][]byte{piece(1, 0, true, data[:160]), piece(1, 160, true, data[160:320]), piece(1, 320, false, data[320:])}, data, ""},
		{"reversed", [][]byte{piece(1, 320, false, data[320:]), piece(1, 160, true, data[160:320]), piece(1, 0, true, data[:160])}, data, ""},
		{"incomplete", [][]byte{piece(1, 0, true, data[:160]), piece(1, 320, false, data[320:])}, nil, ""},
		{"no end", [][]byte{piece(1, 0, true, data[:160]), piece(1, 160, true, data[160:320])}, nil, ""},
		{"other id", [][]byte{piece(1, 0, true, data[:160]), piece(2, 160, false, data[160:])}, nil, ""},
		{"duplicate", [][]byte{piece(1, 0, true, data[:160]), piece(1, 0, true, data[:160]), piece(1, 160, false, data[160:])}, data, "fragment_overlap"},
		{"overlap, same bytes", [][]byte{piece(1, 0, true, data[:160]), piece(1, 80, false, data[80:])}, data, "fragment_overlap"},
		{"overlap, the first wins", [][]byte{piece(1, 0, true, data[:160]), piece(1, 80, false, other[:320])}, cat(data[:160], other[:240]), "fragment_inconsistency"},
		{"overlap of two, the first win", [][]byte{piece(1, 0, true, data[:80]), piece(1, 160, false, data[160:]), piece(1, 40, true, other[:160])},
			cat(data[:80], other[:80], data[160:]), "fragment_inconsistency fragment_inconsistency"},
		// The later fragment lies inside the earlier one.
		{"teardrop", [][]byte{piece(1, 0, true, data[:160]), piece(1, 24, false, data[24:28])}, data[:160],
			"fragment_overlap fragment_size_inconsistency"},
		{"two ends", [][]byte{piece(1, 80, false, data[80:160]), piece(1, 160, false, data[160:]), piece(1, 0, true, data[:80])}, data, "fragment_size_inconsistency"},
		{"an end before another", [][]byte{piece(1, 160, false, data[160:]), piece(1, 80, false, data[80:160]), piece(1, 0, true, data[:80])}, data, "fragment_size_inconsistency"},
		{"more behind the end", [][]byte{piece(1, 80, false, data[80:160]), piece(1, 160, true, data[160:240]), piece(1, 0, true, data[:80])}, data[:240], "fragment_size_inconsistency"},
		{"small", [][]byte{piece(1, 0, true, data[:8]), piece(1, 8, false, data[8:])}, data, "excessively_small_fragment"},
		{"df", [][]byte{v4(ProtoUDP, data[:80], fragBits(0, true, true)), v4(ProtoUDP, data[80:], fragBits(80, false, false))}, data, "fragment_with_DF"},
		{"protocol", [][]byte{piece(1, 0, true, data[:160]), v4(ProtoTCP, data[160:], ipID(1), fragBits(160, false, false))}, data, "fragment_protocol_inconsistency"},
		{"empty end", [][]byte{piece(1, 0, true, data), piece(1, 400, false, nil)}, nil, ""},
		{"large", [][]byte{piece(1, 63992, true, data)}, nil, "excessively_large_fragment"},
		{"v6", [][]byte{
			v6(protoFragment, cat(fragHdr(ProtoUDP, 160, false, 7), data[160:])),
			v6(protoFragment, cat(fragHdr(ProtoUDP, 0, true, 7), data[:160])),
		}, data, ""},
		{"v6 atomic", [][]byte{v6(protoFragment, cat(fragHdr(ProtoUDP, 0, false, 7), data))}, data, ""},
		{"v6 protocol of the first", [][]byte{
			v6(protoFragment, cat(fragHdr(ProtoTCP, 160, false, 7), data[160:])),
			v6(protoFragment, cat(fragHdr(ProtoUDP, 0, true, 7), data[:160])),
		}, data, "fragment_protocol_inconsistency"},
		{"v6 extension behind", [][]byte{
			v6(protoHopByHop, cat(ext(protoFragment, unhex("0502 0000 0100")), fragHdr(protoDstOpts, 0, true, 7), ext(ProtoUDP, homeAddr("2001:db8::9")), data[:160])),
			v6(protoHopByHop, cat(ext(protoFragment, unhex("0502 0000 0100")), fragHdr(protoDstOpts, 184, false, 7), data[160:])),
		}, data, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := NewReassembler(DefaultOptions())
			got, done, weirds := feed(t, r, 0, c.packets...)
			if done != (c.want != nil) || !bytes.Equal(got, c.want) {
				t.Errorf("done %v, %d bytes %x; want %d", done, len(got), got, len(c.want))
			}
			if weirds != c.weirds {
				t.Errorf("weirds %q, want %q", weirds, c.weirds)
			}
			if s := r.Stats(); done && s.Held != 0 || done && s.Bytes != 0 {
				t.Errorf("left behind: %+v", s)
			}
		})
	}
}

func TestReassembledHeader(t *testing.T) {
	data := counting(400)
	r := NewReassembler(DefaultOptions())
	var w Weirds
	var out *IP
	for _, b := range [][]byte{
		v6(protoHopByHop, cat(ext(protoFragment, unhex("0502 0000 0100")), fragHdr(protoDstOpts, 0, true, 7), ext(ProtoUDP, homeAddr("2001:db8::9")), data[:160])),
		v6(protoHopByHop, cat(ext(protoFragment, unhex("0502 0000 0100")), fragHdr(protoDstOpts, 184, false, 7), data[160:])),
	} {
		ip, _, _ := parse(t, b, Options{})
		out, _ = r.Feed(ip, 0, &w)
	}
	if out == nil || !out.Reassembled || out.Fragment || out.Proto != ProtoUDP || out.HdrLen != 40+8+24 ||
		out.TotalLen != 72+400 || out.Src != addr16("2001:db8::9") || out.LastHeader != protoDstOpts {
		t.Fatalf("%+v", out)
	}

	ip, _, _ := parse(t, piece(9, 160, false, data[160:]), Options{})
	r.Feed(ip, 0, &w)
	ip, _, _ = parse(t, piece(9, 0, true, data[:160]), Options{})
	out, _ = r.Feed(ip, 0, &w)
	if out == nil || out.TotalLen != 420 || out.PayloadLen != 400 || out.Proto != ProtoUDP || out.ID != 9 || len(out.Raw()) != 420 {
		t.Fatalf("%+v", out)
	}
}

// The ping of death and worse: the length wraps in 16 bits, as in Zeek.
func TestOver64K(t *testing.T) {
	r := NewReassembler(DefaultOptions())
	var packets [][]byte
	for off := 0; off < 65528; off += 1424 {
		packets = append(packets, piece(1, off, off+1424 < 65528, counting(1424)))
	}
	got, done, _ := feed(t, r, 0, packets...)
	if total := 47*1424 + 20; !done || len(got) != total-65536-20 {
		t.Errorf("done %v with %d bytes", done, len(got))
	}
	got, done, _ = feed(t, r, 0, piece(2, 0, true, counting(65512)), piece(2, 65512, true, counting(16)), piece(2, 65528, false, counting(65512)))
	if !done || len(got) != 131040+20-65536-20 {
		t.Errorf("done %v with %d bytes", done, len(got))
	}
	if s := r.Stats(); s.Held != 0 || s.Bytes != 0 {
		t.Errorf("left behind: %+v", s)
	}
}

func TestCutFragment(t *testing.T) {
	r := NewReassembler(DefaultOptions())
	for _, c := range []struct {
		offset int
		drop   Drop
	}{{0, DropNone}, {160, dropFragmentCut}} {
		var d Decoder
		var p Packet
		var ip IP
		b := piece(1, c.offset, true, counting(160))
		f := frame(LinkRaw, b[:100])
		f.OrigLen = uint32(len(b))
		d.Decode(f, &p)
		if drop := ip.Parse(&p, &Options{}); drop != DropNone {
			t.Fatal(drop)
		}
		out, drop := r.Feed(&ip, 0, &p.Weirds)
		if drop != c.drop || (out == &ip) != (c.drop == DropNone) || names(&p.Weirds) != "incompletely_captured_fragment@IP" {
			t.Errorf("offset %d: %v %v %s", c.offset, out, drop, names(&p.Weirds))
		}
	}
}

func TestFragmentTimeout(t *testing.T) {
	r := NewReassembler(DefaultOptions())
	data := counting(400)
	feed(t, r, 0, piece(1, 0, true, data[:160]))
	feed(t, r, 100*second, piece(1, 160, true, data[160:320]), piece(2, 0, true, data[:160]))
	r.Expire(300*second - 1)
	if s := r.Stats(); s.Held != 2 {
		t.Fatalf("%+v", s)
	}
	// The timeout starts with the first fragment and is not restarted.
	if _, done, _ := feed(t, r, 300*second, piece(1, 320, false, data[320:])); done {
		t.Error("a datagram outlived its time")
	}
	if s := r.Stats(); s.Expired != 1 || s.Held != 2 {
		t.Errorf("%+v", s)
	}
	r.Expire(1000 * second)
	if s := r.Stats(); s.Expired != 3 || s.Held != 0 || s.Bytes != 0 {
		t.Errorf("%+v", s)
	}
	o := DefaultOptions()
	o.FragmentTimeout = 0
	never := NewReassembler(o)
	feed(t, never, 0, piece(1, 0, true, data[:160]))
	if _, done, _ := feed(t, never, 1<<60, piece(1, 160, false, data[160:])); !done {
		t.Error("expired without a timeout")
	}
}

func TestIDReuse(t *testing.T) {
	r := NewReassembler(DefaultOptions())
	a, b := counting(400), bytes.Repeat([]byte{1}, 400)
	for i := range 3 {
		got, done, weirds := feed(t, r, 0, piece(1, 0, true, a[:160]), piece(1, 160, false, a[160:]))
		if !done || !bytes.Equal(got, a) || weirds != "" {
			t.Fatalf("use %d: %v %s", i, done, weirds)
		}
		a, b = b, a
	}
}

func TestFragmentLimits(t *testing.T) {
	o := DefaultOptions()
	o.FragmentDatagrams, o.FragmentBytes = 100, 1<<20
	r := NewReassembler(o)
	var w Weirds
	for i := range 70000 {
		ip, _, _ := parse(t, piece(i&0xffff, 1400*(i>>16), true, counting(1400)), Options{})
		if out, _ := r.Feed(ip, 0, &w); out != nil {
			t.Fatal("complete")
		}
		if s := r.Stats(); s.Held > 100 || s.Bytes > 1<<20 {
			t.Fatalf("%+v", s)
		}
	}
	if s := r.Stats(); s.Evicted != 70000-100 {
		t.Errorf("%+v", s)
	}
	if w.All()[0].Name != "fragment_limit_exceeded" {
		t.Errorf("weird %+v", w.All()[0])
	}

	// At the limit of bytes the oldest datagram is dropped, even if it is the
	// one that needs room.
	o = DefaultOptions()
	o.FragmentBytes = 1 // room for one datagram
	r = NewReassembler(o)
	data := counting(65000)
	feed(t, r, 0, piece(1, 0, true, data))
	feed(t, r, 0, piece(2, 0, true, data))
	feed(t, r, 0, piece(3, 0, true, data))
	if s := r.Stats(); s.Held != 2 || s.Evicted != 1 {
		t.Errorf("%+v", s)
	}
	if _, done, _ := feed(t, r, 0, piece(3, 65000, false, nil), piece(3, 0, true, data[:8])); !done {
		t.Error("the newest should be whole")
	}
	feed(t, r, 0, piece(4, 0, true, data))
	feed(t, r, 0, piece(2, 65000, true, data[:64000]))
	if s := r.Stats(); s.Bytes > maxPages*pageSize {
		t.Errorf("%+v", s)
	}
}

// TestReassembleModel compares random fragments with the simplest model of "the
// first wins".
func TestReassembleModel(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for round := range 60 {
		r := NewReassembler(DefaultOptions())
		size := 8 * (1 + rnd.IntN(1200))
		model, have := make([]byte, size), make([]bool, size)
		missing := size
		done := false
		var got []byte
		step := func(from, to int) {
			data := make([]byte, to-from)
			for i := range data {
				data[i] = byte(rnd.Uint32())
				if !have[from+i] {
					have[from+i] = true
					model[from+i] = data[i]
					missing--
				}
			}
			got, done, _ = feed(t, r, 0, piece(1, from, to != size, data))
		}
		for !done {
			from := 8 * rnd.IntN(size/8)
			to := min(size, from+8*(1+rnd.IntN(1+size/32)))
			step(from, to)
			if done != (missing == 0 && have[size-1]) {
				t.Fatalf("round %d: done %v with %d of %d bytes missing", round, done, missing, size)
			}
		}
		if !bytes.Equal(got, model) {
			t.Fatalf("round %d: wrong bytes", round)
		}
		if s := r.Stats(); s.Held != 0 || s.Bytes != 0 {
			t.Fatalf("round %d: %+v", round, s)
		}
	}
}

func TestManySmallFragments(t *testing.T) {
	r := NewReassembler(DefaultOptions())
	data := counting(65000)
	order := rand.New(rand.NewPCG(3, 4)).Perm(65000 / 8)
	for i, k := range order {
		got, done, _ := feed(t, r, 0, piece(1, k*8, k != len(order)-1, data[k*8:k*8+8]))
		if done != (i == len(order)-1) {
			t.Fatalf("done %v after %d", done, i)
		}
		if done && !bytes.Equal(got, data) {
			t.Fatal("wrong bytes")
		}
	}
}
