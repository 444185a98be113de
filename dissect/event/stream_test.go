package event

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/wirelog/wirelog/value"
)

// testConn is a Conn with an identity and nothing else.
type testConn struct {
	Conn
	id  ConnID
	uid value.UID
}

func (c *testConn) ID() ConnID     { return c.id }
func (c *testConn) UID() value.UID { return c.uid }

type testFile struct {
	File
	fuid value.UID
}

func (f testFile) FUID() value.UID { return f.fuid }

func newTestConn() *testConn {
	return &testConn{
		id: ConnID{
			OrigH: netip.MustParseAddr("10.0.0.1"), OrigP: 52122,
			RespH: netip.MustParseAddr("2001:db8::2"), RespP: 443,
			Proto: value.ProtoTCP, IPProto: 6,
		},
		uid: value.MakeUID('C', 0, 12345),
	}
}

func testNow() value.Time { return 1449265638420145000 }

func newTestStream(t testing.TB, h *Hooks, emit func([]byte), patterns ...string) {
	t.Helper()
	if _, err := NewStream(h, testNow, emit, patterns...); err != nil {
		t.Fatal(err)
	}
}

func TestStreamLines(t *testing.T) {
	var h Hooks
	var out bytes.Buffer
	newTestStream(t, &h, func(line []byte) { out.Write(line) })
	c := newTestConn()
	h.TCP.Option.Raise(&TCPOption{Conn: c, IsOrig: true, Opt: 2, OptLen: 4})
	h.ARP.Bad.Raise(&BadARP{SPA: netip.MustParseAddr("10.0.0.1"), SHA: []byte("00:01"), Explanation: []byte("x")})
	h.Conn.NewConnection.Raise(&NewConnection{Conn: c})
	h.Weird.File.Raise(&FileWeird{Name: "w", File: testFile{fuid: value.MakeUID('F', 0, 1)}})
	h.Analyzer.ViolationInfo.Raise(&AnalyzerViolationInfo{AType: "Analyzer::ANALYZER_X", Info: ViolationInfo{Reason: []byte("r")}})
	keys := `"uid":"` + c.uid.String() + `","id.orig_h":"10.0.0.1","id.orig_p":52122,"id.resp_h":"2001:db8::2","id.resp_p":443`
	want := `{"ts":1449265638.420145,"event":"tcp_option",` + keys + `,"args":{"is_orig":true,"opt":2,"optlen":4}}
{"ts":1449265638.420145,"event":"bad_arp","args":{"SPA":"10.0.0.1","SHA":"00:01","TPA":"::","THA":"","explanation":"x"}}
{"ts":1449265638.420145,"event":"new_connection",` + keys + `,"args":{}}
{"ts":1449265638.420145,"event":"file_weird","fuid":"F1","args":{"name":"w","addl":"","source":""}}
{"ts":1449265638.420145,"event":"analyzer_violation_info","args":{"atype":"Analyzer::ANALYZER_X","info":{"reason":"r"}}}
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

func TestStreamPatterns(t *testing.T) {
	for _, c := range []struct {
		patterns []string
		on       map[string]bool
		err      string
	}{
		{[]string{"tcp_packet"}, map[string]bool{"tcp_packet": true}, ""},
		{[]string{"teredo_*", "net_weird"}, map[string]bool{"teredo_packet": true, "teredo_bubble": true, "net_weird": true}, ""},
		{[]string{"no_such_event"}, nil, "no event is called"},
		{[]string{"[a"}, nil, "syntax error"},
	} {
		var h Hooks
		_, err := NewStream(&h, testNow, func([]byte) {}, c.patterns...)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%v: error %v, want %q", c.patterns, err, c.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%v: %v", c.patterns, err)
		}
		for name, on := range map[string]bool{
			"tcp_packet":    h.TCP.Packet.On(),
			"teredo_packet": h.Teredo.Packet.On(),
			"teredo_bubble": h.Teredo.Bubble.On(),
			"net_weird":     h.Weird.Net.On(),
			"conn_weird":    h.Weird.Conn.On(),
		} {
			if on != c.on[name] {
				t.Errorf("%v: %s is listened to: %v", c.patterns, name, on)
			}
		}
	}
}

// hooksOf calls fn with the address of every hook in h.
func hooksOf(h *Hooks, fn func(section, name string, hook reflect.Value)) {
	v := reflect.ValueOf(h).Elem()
	for i := range v.NumField() {
		section := v.Type().Field(i)
		if !section.IsExported() {
			continue
		}
		for j := range section.Type.NumField() {
			fn(section.Name, section.Type.Field(j).Name, v.Field(i).Field(j).Addr())
		}
	}
}

// TestStreamEveryEvent raises every event with its zero value and with every
// field filled: every hook has its encoder, and every line is valid.
func TestStreamEveryEvent(t *testing.T) {
	var h Hooks
	var lines []string
	newTestStream(t, &h, func(line []byte) { lines = append(lines, string(line)) })
	hooks := 0
	hooksOf(&h, func(section, name string, hook reflect.Value) {
		hooks++
		raise := hook.MethodByName("Raise")
		e := reflect.New(raise.Type().In(0).Elem())
		raise.Call([]reflect.Value{e})
		fill(e.Elem(), []byte("a\"\x00\xff"))
		raise.Call([]reflect.Value{e})
	})
	if hooks != len(built) {
		t.Errorf("%d hooks and %d events in the table", hooks, len(built))
	}
	if len(lines) != 2*hooks {
		t.Fatalf("%d lines of %d hooks", len(lines), hooks)
	}
	params := map[string][]Param{}
	for i := range built {
		params[built[i].info.Name] = built[i].info.Params
	}
	for i, line := range lines {
		var l struct {
			Event string
			UID   string
			Args  map[string]json.RawMessage
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil || !utf8.ValidString(line) {
			t.Errorf("%v: %s", err, line)
			continue
		}
		n := 0
		for _, p := range params[l.Event] {
			if p.Type == "connection" || p.Type == "fa_file" {
				continue
			}
			n++
			if _, ok := l.Args[p.Name]; !ok {
				t.Errorf("%s: args lack %s", l.Event, p.Name)
			}
		}
		if n != len(l.Args) {
			t.Errorf("%s: %d args, %d parameters", l.Event, len(l.Args), n)
		}
		if i%2 == 0 && strings.Contains(line, `"uid":"C`) {
			t.Errorf("an event without a connection has a uid: %s", line)
		}
	}
}

// fill sets every field of v, with two elements in every slice.
func fill(v reflect.Value, b []byte) {
	switch x := v.Addr().Interface().(type) {
	case *Conn:
		*x = newTestConn()
		return
	case *File:
		*x = testFile{fuid: value.MakeUID('F', 0, 9)}
		return
	case *value.UID:
		*x = value.MakeUID('C', 0, 7)
		return
	case *netip.Addr:
		*x = netip.MustParseAddr("192.0.2.1")
		return
	case *[]byte:
		*x = b
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(3)
	case reflect.Int64:
		v.SetInt(-3)
	case reflect.Float64:
		v.SetFloat(1.25)
	case reflect.String:
		v.SetString(string(b))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), b)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), b)
		}
	}
}

func TestStreamAllocatesNothing(t *testing.T) {
	if poison {
		t.Skip("the poison build copies events")
	}
	var h Hooks
	n := 0
	newTestStream(t, &h, func(line []byte) { n += len(line) })
	c := newTestConn()
	packet := TCPPacket{Conn: c, Flags: "AP", Len: 100, Payload: bytes.Repeat([]byte{0xff, 'a'}, 50)}
	options := TCPOptions{Conn: c, Options: []TCPOptionValue{{Kind: 8, Length: 10, SendTimestamp: value.Some[uint64](1)}}}
	unreachable := ICMPUnreachable{Conn: c, Context: ICMPContext{ID: c.id}}
	advertisement := ICMPRouterAdvertisement{Conn: c, RouterLifetime: 1800.5}
	changed := TunnelChanged{Conn: c, E: []Encapsulation{{ID: c.id, Type: "Tunnel::IP", UID: c.uid}}}
	if a := testing.AllocsPerRun(100, func() {
		h.TCP.Packet.Raise(&packet)
		h.TCP.Options.Raise(&options)
		h.ICMP.Unreachable.Raise(&unreachable)
		h.ICMP.RouterAdvertisement.Raise(&advertisement)
		h.Tunnel.Changed.Raise(&changed)
	}); a != 0 {
		t.Errorf("%v allocations for five lines", a)
	}
}

// TestStreamReleasesLongLine sees that one enormous event does not keep its
// buffer for good.
func TestStreamReleasesLongLine(t *testing.T) {
	var h Hooks
	longest := 0
	s, err := NewStream(&h, testNow, func(line []byte) { longest = max(longest, len(line)) })
	if err != nil {
		t.Fatal(err)
	}
	h.Conn.PacketContents.Raise(&PacketContents{Contents: make([]byte, 1<<20)})
	if longest < 5<<20 || cap(s.buf) > maxKeptLine {
		t.Errorf("line of %d bytes, buffer of %d kept", longest, cap(s.buf))
	}
}

func FuzzStream(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.1\r\n"), "SA", uint64(1), 0.5)
	f.Add([]byte("\xff\x00\"\\\xe2\x82\xac"), "\x1f", uint64(1)<<63, -1e300)
	f.Fuzz(func(t *testing.T, b []byte, s string, n uint64, v float64) {
		var h Hooks
		lines := 0
		newTestStream(t, &h, func(line []byte) {
			lines++
			if !json.Valid(line) || !utf8.Valid(line) {
				t.Errorf("not valid JSON: %q", line)
			}
			if bytes.IndexByte(line, '\n') != len(line)-1 {
				t.Errorf("line feed inside the line: %q", line)
			}
		})
		c := newTestConn()
		h.TCP.Packet.Raise(&TCPPacket{Conn: c, Flags: s, Seq: n, Payload: b})
		h.TCP.Options.Raise(&TCPOptions{Conn: c, Options: []TCPOptionValue{{Kind: n, Data: value.Some(b)}, {}}})
		h.Weird.Conn.Raise(&ConnWeird{Conn: c, Name: s, Addl: b, Source: s})
		h.Teredo.Packet.Raise(&TeredoPacket{Conn: c, Inner: TeredoHdr{Auth: value.Some(TeredoAuth{ID: b, Value: b, Nonce: n})}})
		h.ICMP.RouterAdvertisement.Raise(&ICMPRouterAdvertisement{Conn: c, RouterLifetime: value.Interval(v),
			Options: []ICMP6NDOption{{Payload: value.Some(b)}, {LinkAddress: value.Some(b)}}})
		if lines != 5 {
			t.Errorf("%d lines, want 5", lines)
		}
	})
}

func BenchmarkStream(b *testing.B) {
	var h Hooks
	n := 0
	newTestStream(b, &h, func(line []byte) { n += len(line) })
	e := TCPPacket{Conn: newTestConn(), Flags: "AP", Payload: bytes.Repeat([]byte{0xff, 'a'}, 500)}
	for b.Loop() {
		h.TCP.Packet.Raise(&e)
	}
	b.SetBytes(int64(n / b.N))
}
