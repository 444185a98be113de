package event

import (
	"encoding/json"
	"math"
	"net/netip"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/wirelog/wirelog/value"
)

func TestAppendString(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", `""`},
		{"abc", `"abc"`},
		{"a\"b\\c/", `"a\"b\\c/"`},
		{"\b\f\n\r\t", `"\b\f\n\r\t"`},
		{"\x00\x01\x7f", `"\\x00\\x01\\x7f"`},
		{"é€𝄞", `"é€𝄞"`},
		{"\xffé", `"\\xff\\xc3\\xa9"`},
		{"é\xff", `"\\xc3\\xa9\\xff"`},
		{"é\x00\n", `"\\xc3\\xa9\\x00\n"`},
		{"é", `"é"`},
		{"\u0085", `"\\xc2\\x85"`},                     // C1 control
		{"\ue000", `"\\xee\\x80\\x80"`},                // private use
		{"\ufffd", `"\\xef\\xbf\\xbd"`},                // special
		{"\xed\xa0\x80", `"\\xed\\xa0\\x80"`},          // surrogate
		{"\xc0\x80", `"\\xc0\\x80"`},                   // overlong
		{"\xe2\x82", `"\\xe2\\x82"`},                   // cut short
		{"\xf4\x90\x80\x80", `"\\xf4\\x90\\x80\\x80"`}, // above U+10FFFF
		{"\\x00", `"\\x00"`},
		{"\u2028", "\"\u2028\""},
	} {
		if got := string(appendString(nil, c.in)); got != c.want {
			t.Errorf("%q: %s, want %s", c.in, got, c.want)
		}
		if got := string(appendString([]byte("x"), []byte(c.in))); got != "x"+c.want {
			t.Errorf("bytes %q: %s, want x%s", c.in, got, c.want)
		}
	}
}

func TestAppendDouble(t *testing.T) {
	for _, c := range []struct {
		in   float64
		want string
	}{
		{0, "0.0"}, {math.Copysign(0, -1), "-0.0"}, {1, "1.0"}, {-2.5, "-2.5"},
		{1340113262, "1340113262.0"}, {1449265638.420145, "1449265638.420145"},
		{0.001, "0.001"}, {0.000001, "0.000001"}, {1e-7, "1e-7"}, {1.5e-7, "1.5e-7"},
		{1e20, "100000000000000000000.0"}, {1e21, "1e21"}, {1.25e300, "1.25e300"}, {5e-324, "5e-324"},
		{math.Inf(1), "null"}, {math.Inf(-1), "null"}, {math.NaN(), "null"},
	} {
		if got := string(appendDouble(nil, c.in)); got != c.want {
			t.Errorf("%g: %s, want %s", c.in, got, c.want)
		}
	}
}

func TestAppendInterval(t *testing.T) {
	for _, c := range []struct {
		in   value.Interval
		want string
	}{
		{0, "0 secs"},
		{2, "2.0 secs"},
		{1, "1.0 sec"},
		{1800, "30.0 mins"},
		{0xffffffff, "49710.0 days 6.0 hrs 28.0 mins 15.0 secs"},
		{1.5, "1.0 sec 500.0 msecs"},
		{0.0005, "500.0 usecs"},
		{0.0000005, "0.5 usecs"},
		{-90, "-1.0 min -30.0 secs"},
		{1e-13, "0 secs"},
		{86400 * 3e9, "3e+09 days"},
	} {
		if got := string(appendInterval(nil, c.in)); got != `"`+c.want+`"` {
			t.Errorf("%v: %s, want %q", float64(c.in), got, c.want)
		}
	}
}

func TestAppendNetwork(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"10.0.0.1", "10.0.0.1"},
		{"::ffff:10.0.0.1", "10.0.0.1"},
		{"::", "::"},
		{"::1", "::1"},
		{"::1.2.3.4", "::1.2.3.4"},
		{"::0.0.3.4", "::304"},
		{"2001:db8::1:0:0:1", "2001:db8::1:0:0:1"},
		{"2001:0:5ef5:79fb:0:1:0:1", "2001:0:5ef5:79fb:0:1:0:1"},
		{"fe80::1%eth0", "fe80::1"},
	} {
		if got := string(appendAddr(nil, netip.MustParseAddr(c.in))); got != `"`+c.want+`"` {
			t.Errorf("%s: %s, want %q", c.in, got, c.want)
		}
	}
	if got := string(appendAddr(nil, netip.Addr{})); got != `"::"` {
		t.Errorf("zero address: %s", got)
	}
	if got := string(appendSubnet(nil, netip.MustParsePrefix("10.0.0.0/8"))); got != `"10.0.0.0/8"` {
		t.Errorf("subnet: %s", got)
	}
	for _, c := range []struct {
		in   value.Port
		want string
	}{
		{value.Port{Num: 443, Proto: value.ProtoTCP}, `{"port":443,"proto":"tcp"}`},
		{value.Port{Num: 53, Proto: value.ProtoUDP}, `{"port":53,"proto":"udp"}`},
		{value.Port{Num: 8, Proto: value.ProtoICMP}, `{"port":8,"proto":"icmp"}`},
		{value.Port{}, `{"port":0,"proto":"unknown"}`},
	} {
		if got := string(appendPort(nil, c.in)); got != c.want {
			t.Errorf("%v: %s, want %s", c.in, got, c.want)
		}
	}
}

type argsAppender interface{ AppendArgs(dst []byte) []byte }

func TestAppendArgs(t *testing.T) {
	id := ConnID{
		OrigH: netip.MustParseAddr("10.0.0.1"), OrigP: 1000,
		RespH: netip.MustParseAddr("10.0.0.2"), RespP: 53,
		Proto: value.ProtoUDP, IPProto: 17,
	}
	for _, c := range []struct {
		name string
		e    argsAppender
		want string
	}{
		{"no parameters", &ConnectionAttempt{}, `{}`},
		{"optional left out", &ConnectionSYNPacket{Pkt: SYNPacket{IsOrig: true, WinScale: -1}},
			`{"pkt":{"is_orig":true,"DF":false,"ttl":0,"size":0,"win_size":0,"win_scale":-1,"MSS":0,"SACK_OK":false}}`},
		{"optional set", &ConnectionSYNPacket{Pkt: SYNPacket{TSval: value.Some[uint64](7), TSecr: value.Some[uint64](0)}},
			`{"pkt":{"is_orig":false,"DF":false,"ttl":0,"size":0,"win_size":0,"win_scale":0,"MSS":0,"SACK_OK":false,"TSval":7,"TSecr":0}}`},
		{"vector of records", &TCPOptions{Options: []TCPOptionValue{
			{Kind: 1, Length: 1},
			{Kind: 5, Length: 10, SACK: value.Some([]uint64{1, 2})},
			{Kind: 99, Length: 2, Data: value.Some([]byte{})},
		}}, `{"is_orig":false,"options":[{"kind":1,"length":1},{"kind":5,"length":10,"sack":[1,2]},{"kind":99,"length":2,"data":""}]}`},
		{"empty vector", &ICMPRedirect{Dest: netip.MustParseAddr("::1")},
			`{"info":{"v6":false,"itype":0,"icode":0,"len":0,"ttl":0},"tgt":"::","dest":"::1","options":[]}`},
		{"all fields unset", &GTPv1GPDUPacket{InnerGTP: GTPv1Hdr{Version: 1}},
			`{"inner_gtp":{"version":1,"pt_flag":false,"rsv":false,"e_flag":false,"s_flag":false,"pn_flag":false,"msg_type":0,"length":0,"teid":0},"inner_ip":{}}`},
		{"conn_id", &ExpiredConnWeird{Name: "w", ID: id, UID: value.MakeUID('C', 0, 61)},
			`{"name":"w","id":{"orig_h":"10.0.0.1","orig_p":{"port":1000,"proto":"udp"},"resp_h":"10.0.0.2","resp_p":{"port":53,"proto":"udp"},"proto":17,"ctx":{}},"uid":"Cz","addl":"","source":""}`},
		{"uid left out", &TunnelChanged{E: []Encapsulation{{ID: id, Type: "Tunnel::IP"}}},
			`{"e":[{"cid":{"orig_h":"10.0.0.1","orig_p":{"port":1000,"proto":"udp"},"resp_h":"10.0.0.2","resp_p":{"port":53,"proto":"udp"},"proto":17,"ctx":{}},"tunnel_type":"Tunnel::IP"}]}`},
		{"file aside", &FileWeird{Name: "w", Addl: []byte("a")}, `{"name":"w","addl":"a","source":""}`},
		{"interval", &ICMPRouterAdvertisement{RouterLifetime: 1800},
			`{"info":{"v6":false,"itype":0,"icode":0,"len":0,"ttl":0},"cur_hop_limit":0,"managed":false,"other":false,"home_agent":false,"pref":0,"proxy":false,"rsv":0,"router_lifetime":"30.0 mins","reachable_time":"0 secs","retrans_timer":"0 secs","options":[]}`},
	} {
		if got := string(c.e.AppendArgs(nil)); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "abc", "\x00", "\xff", "é\"\\", "\u2028\u0085", strings.Repeat("\xf0\x9d", 9)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		out := appendString(nil, b)
		if !json.Valid(out) || !utf8.Valid(out) {
			t.Fatalf("%q becomes %q", b, out)
		}
		if len(out) > 5*len(b)+2 {
			t.Fatalf("%d bytes become %d", len(b), len(out))
		}
		for _, c := range out {
			if c < ' ' {
				t.Fatalf("control character in %q", out)
			}
		}
	})
}

func FuzzAppendDouble(f *testing.F) {
	for _, v := range []float64{0, 1, -1.5, 1e21, 1e-7, math.MaxFloat64, math.SmallestNonzeroFloat64} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v float64) {
		out := appendDouble(nil, v)
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return
		}
		var got float64
		if err := json.Unmarshal(out, &got); err != nil || got != v {
			t.Fatalf("%g becomes %s (%v)", v, out, err)
		}
		if out := appendInterval(nil, value.Interval(v)); !json.Valid(out) {
			t.Fatalf("interval %g becomes %s", v, out)
		}
	})
}
