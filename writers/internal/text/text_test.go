package text

import (
	"math"
	"math/big"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"testing"

	"github.com/wirelog/wirelog/value"
)

func TestAppendUint(t *testing.T) {
	test := func(v uint64) {
		if got, want := string(AppendUint([]byte("x"), v)), "x"+strconv.FormatUint(v, 10); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
	for v := range uint64(100_000) {
		test(v)
	}
	for v := uint64(1); v != 0; v <<= 1 {
		test(v)
		test(v - 1)
		test(^v)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		test(rng.Uint64() >> rng.IntN(64))
	}
}

// The numbers of a row of conn.log.
func BenchmarkAppendUint(b *testing.B) {
	row := []uint64{49152, 80, 4, 512, 0, 3, 731, 4, 1312, 6, 1700000000}
	var dst []byte
	for b.Loop() {
		for _, v := range row {
			dst = AppendUint(dst[:0], v)
		}
	}
}

func TestAppendTime(t *testing.T) {
	for _, tt := range []struct {
		ns   value.Time
		want string
	}{
		{0, "0.000000"},
		{999, "0.000000"},
		{1000, "0.000001"},
		{1753735774163444000, "1753735774.163444"},
		{1753735774163444999, "1753735774.163444"},
		{4294967295999999000, "4294967295.999999"},
		{4294967296000001000, "4294967296.000001"},
		{-1000, "-0.000001"},
		{-1500000000, "-1.500000"},
	} {
		if got := string(AppendTime(nil, tt.ns)); got != tt.want {
			t.Errorf("%d: got %s, want %s", tt.ns, got, tt.want)
		}
	}
}

// The fast path must print what Zeek's double would print.
func TestAppendTimeIsTheDouble(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		ns := value.Time(r.Int64N(1<<32)*1e9 + r.Int64N(1e6)*1e3)
		if got, want := string(AppendTime(nil, ns)), strconv.FormatFloat(ns.Seconds(), 'f', 6, 64); got != want {
			t.Fatalf("%d: got %s, want %s", ns, got, want)
		}
	}
}

func TestAppendFixed(t *testing.T) {
	for _, tt := range []struct {
		v    float64
		want string
	}{
		{0, "0.000000"},
		{math.Copysign(0, -1), "-0.000000"},
		{1, "1.000000"},
		{0.0000005, "0.000000"}, // the double is just below the half
		{0.0000015, "0.000002"}, // just above
		{-1e-9, "-0.000000"},
		{15.161267042160034, "15.161267"},
		{1e22, "10000000000000000000000.000000"},
		{math.Inf(1), "inf"},
		{math.Inf(-1), "-inf"},
		{math.NaN(), "nan"},
	} {
		if got := string(AppendFixed(nil, tt.v)); got != tt.want {
			t.Errorf("%g: got %s, want %s", tt.v, got, tt.want)
		}
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 500_000 {
		v := (r.Float64() - 0.3) * math.Pow(10, float64(r.IntN(18)-7))
		if r.IntN(4) == 0 {
			v = (math.Floor(v*1e6) + 0.5) / 1e6
		}
		if got, want := string(AppendFixed(nil, v)), strconv.FormatFloat(v, 'f', 6, 64); got != want {
			t.Fatalf("%g: got %s, want %s", v, got, want)
		}
	}
}

func TestAppendTSVDouble(t *testing.T) {
	for _, tt := range []struct {
		v    float64
		want string
	}{
		{0, "0.0"},
		{math.Copysign(0, -1), "0.0"},
		{1, "1.0"},
		{-12, "-12.0"},
		{1.5, "1.5"},
		{0.123456789, "0.123457"},
		{1.0000001, "1"}, // as Zeek does: too far from a whole number for ".0"
		{1e20, "100000000000000000000.0"},
		{100, "100.0"},
		{math.NaN(), "nan"},
		{math.Inf(1), "inf"},
		{math.Inf(-1), "-inf"},
	} {
		if got := string(AppendTSVDouble(nil, tt.v)); got != tt.want {
			t.Errorf("%g: got %s, want %s", tt.v, got, tt.want)
		}
	}
}

func TestAppendJSONDouble(t *testing.T) {
	for _, tt := range []struct {
		v    float64
		want string
	}{
		{0, "0.0"},
		{math.Copysign(0, -1), "-0.0"},
		{1, "1.0"},
		{-2.5, "-2.5"},
		{1320329757.771755, "1320329757.771755"},
		{1e20, "100000000000000000000.0"},
		{1e21, "1e21"},
		{1.5e300, "1.5e300"},
		{1e-6, "0.000001"},
		{1e-7, "1e-7"},
		{1.25e-10, "1.25e-10"},
		{5e-324, "5e-324"},
		{math.MaxFloat64, "1.7976931348623157e308"},
		{0.0000019073486328125, "0.0000019073486328125"},
		// strconv rounds this tie to the even digit.
		{0.00017595291137695313, "0.00017595291137695313"},
		{math.NaN(), "null"},
		{math.Inf(-1), "null"},
	} {
		if got := string(AppendJSONDouble(nil, tt.v)); got != tt.want {
			t.Errorf("%g: got %s, want %s", tt.v, got, tt.want)
		}
	}
}

// The digits must read back as the same double, and be at most 17.
func TestAppendJSONDoubleReadsBack(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 500_000 {
		v := math.Float64frombits(r.Uint64())
		if math.IsNaN(v) || math.IsInf(v, 0) {
			continue
		}
		s := string(AppendJSONDouble(nil, v))
		if got, err := strconv.ParseFloat(s, 64); err != nil || got != v {
			t.Fatalf("%s for %x reads back as %g, %v", s, math.Float64bits(v), got, err)
		}
	}
	var buf [20]byte
	for e := range uint64(2047) {
		for _, m := range []uint64{0, 1, hiddenBit - 1} {
			if v := math.Float64frombits(e<<52 | m); v != 0 {
				if digits, _ := grisu2(&buf, v); len(digits) > 17 {
					t.Errorf("%g has %d digits", v, len(digits))
				}
			}
		}
	}
}

func TestPowers(t *testing.T) {
	for i, want := range powers {
		p := int64(firstPower + i*powerStep)
		v := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(max(p, -p)), nil))
		if p < 0 {
			v.Inv(v)
		}
		mant := new(big.Float)
		exp := new(big.Float).SetPrec(64).SetRat(v).MantExp(mant)
		got, _ := mant.SetMantExp(mant, 64).Uint64()
		if got != want {
			t.Errorf("10^%d is %#x, not %#x", p, got, want)
		}
		if exp -= 64; exp != (int(p)*217706)>>16-63 {
			t.Errorf("10^%d has the exponent %d", p, exp)
		}
	}
}

func TestAppendAddr(t *testing.T) {
	for in, want := range map[string]string{
		"10.0.0.7":                "10.0.0.7",
		"::":                      "::",
		"::1":                     "::1",
		"::ffff":                  "::ffff",
		"::10.10.255.255":         "::10.10.255.255",
		"::ffff:1.2.3.4":          "1.2.3.4",
		"2001:db8:0:0:1:0:0:1":    "2001:db8::1:0:0:1",
		"2001:db8:0:1:1:1:1:1":    "2001:db8:0:1:1:1:1:1",
		"FE80::AB%eth0":           "fe80::ab",
		"::40:0:ffff:0:fffd:f7ff": "::40:0:ffff:0:fffd:f7ff",
	} {
		if got := string(AppendAddr(nil, netip.MustParseAddr(in))); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
	if got := string(AppendAddr(nil, netip.Addr{})); got != "::" {
		t.Errorf("got %s for no address", got)
	}
}

func TestAppendSubnet(t *testing.T) {
	for in, want := range map[string]string{
		"10.0.0.0/8":          "10.0.0.0/8",
		"2001:db8::/32":       "2001:db8::/32",
		"::ffff:10.0.0.0/104": "10.0.0.0/8",
	} {
		if got := string(AppendSubnet(nil, netip.MustParsePrefix(in))); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
	if got := string(AppendSubnet(nil, netip.Prefix{})); got != "::/0" {
		t.Errorf("got %s for no prefix", got)
	}
}

func TestClean(t *testing.T) {
	no := func(byte) bool { return false }
	tab := func(c byte) bool { return c == '\t' }
	for _, tt := range []struct {
		s       string
		control func(byte) bool
		want    bool
	}{
		{"", no, true},
		{"plain ~", no, true},
		{"\x7f", no, false},
		{"a\tb", no, false},
		{"a\tb", tab, true},
		{"gr\u00fcn \u20a1 \U0001033c", no, true},
		{"\u0085", no, false}, // C1 control
		{"\u00a0", no, true},
		{"\ue000", no, false}, // private use
		{"\uf900", no, true},
		{"\ufff0", no, false}, // specials
		{"\ufffd", no, false},
		{"\xc3", no, false},
		{"\xc0\x81", no, false},         // overlong
		{"\xed\xa0\xa1", no, false},     // surrogate
		{"\xf4\x90\x8c\xbc", no, false}, // above U+10FFFF
		{"\xf8\x88\x80\x80\x80", no, false},
	} {
		if got := Clean(tt.s, tt.control); got != tt.want {
			t.Errorf("%q: got %v", tt.s, got)
		}
	}
}

func BenchmarkJSONDouble(b *testing.B) {
	var buf []byte
	for b.Loop() {
		buf = AppendJSONDouble(buf[:0], 1320329757.771755)
	}
}

func BenchmarkFixed(b *testing.B) {
	var buf []byte
	for b.Loop() {
		buf = AppendFixed(buf[:0], 15.161267042160034)
	}
}
