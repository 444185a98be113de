package stun

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
)

// newBench returns a bench with the protocols over UDP and TCP, and a stand-in for what a
// server relays.
func newBench(t testing.TB, o Options) (*testconn.Bench, func() []string) {
	b := testconn.New(t, testconn.Config())
	raised := b.Record("STUN::")
	udp, tcp := New(b.Hooks, o)
	b.SetAttacher(detect.New([]*detect.Protocol{udp, tcp}))
	return b, raised
}

const id = "transaction1"

// packet builds a message of a type.
func packet(typ uint16, attrs ...string) string {
	s := strings.Join(attrs, "")
	b := binary.BigEndian.AppendUint16(nil, typ)
	b = binary.BigEndian.AppendUint16(b, uint16(len(s)))
	return string(binary.BigEndian.AppendUint32(b, cookie)) + id + s
}

// attr builds an attribute.
func attr(typ uint16, v string) string {
	b := binary.BigEndian.AppendUint16(nil, typ)
	b = append(binary.BigEndian.AppendUint16(b, uint16(len(v))), v...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return string(b)
}

func fromHex(s string) string {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return string(b)
}

const (
	about  = `"method":1,"class":2,"trans_id":"transaction1"`
	answer = `STUN::STUNPacket {"is_orig":true,` + about + `}`
	mapped = `STUN::mapped_address_attribute {"is_orig":true,` + about
	str    = `STUN::string_attribute {"is_orig":true,` + about
	failed = "violation error while parsing STUN record"
)

// The first message is a request of a method and class; the others are answers to BINDING with
// one attribute.
func TestMessages(t *testing.T) {
	confirmed := "confirmed SPICY_STUN"
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"request", packet(0x0001), []string{confirmed, `STUN::STUNPacket {"is_orig":true,"method":1,"class":0,"trans_id":"transaction1"}`}},
		{"indication", packet(0x0016), []string{confirmed, `STUN::STUNPacket {"is_orig":true,"method":6,"class":1,"trans_id":"transaction1"}`}},
		{"all bits", packet(0x3fff), []string{confirmed, `STUN::STUNPacket {"is_orig":true,"method":4095,"class":3,"trans_id":"transaction1"}`}},
		{"Google's", packet(0x0300), []string{confirmed, `STUN::STUNPacket {"is_orig":true,"method":128,"class":2,"trans_id":"transaction1"}`}},
		{"mapped", packet(0x0101, attr(mappedAddress, fromHex("0001 1234 0a000001"))), []string{confirmed, mapped + `,"attr_type":1,"x_port":4660,"x_addr":"10.0.0.1"}`, answer}},
		{"combined, version 6", packet(0x0101, attr(xorMappedAddress, fromHex("0002 0001 20010db8000000000000000000000001"))),
			[]string{confirmed, mapped + `,"attr_type":32,"x_port":1,"x_addr":"2001:db8::1"}`, answer}},
		{"another family", packet(0x0101, attr(mappedAddress, fromHex("0003 1234"))), []string{confirmed, str + `,"attr_type":1,"attr_val":"\\x00\\x03\\x124"}`, answer}},
		{"text and padding", packet(0x0101, attr(0x8022, "abcde")), []string{confirmed, str + `,"attr_type":32802,"attr_val":"abcde"}`, answer}},
		{"unknown ones", packet(0x0101, attr(unknownAttributes, "\x00\x01"), attr(0x7777, "")), []string{confirmed,
			str + `,"attr_type":10,"attr_val":""}`, str + `,"attr_type":30583,"attr_val":""}`, answer}},
		{"error", packet(0x0101, attr(errorCode, "\x00\x00\x04\x01Unauthorized")), []string{confirmed,
			`STUN::error_code_attribute {"is_orig":true,` + about + `,"attr_type":9,"err_class":4,"number":1,"reason":"Unauthorized"}`, answer}},
		{"error out of range", packet(0x0101, attr(errorCode, "\x00\x00\x07\x64")), []string{confirmed,
			"weird stun_invalid_err_class Error class 7 outside of required range [3, 6]",
			"weird stun_invalid_err_number Error number 100 outside of required range [0, 99]",
			`STUN::error_code_attribute {"is_orig":true,` + about + `,"attr_type":9,"err_class":7,"number":100,"reason":""}`, answer}},
		{"error cut", packet(0x0101, attr(0x8022, "abcd"), attr(errorCode, "\x00\x00\x04")), []string{failed}},
		{"address cut", packet(0x0101, attr(mappedAddress, "\x00\x01\x12\x34\x0a")), []string{failed}},
		{"address of version 6 cut", packet(0x0101, attr(xorPeerAddress, "\x00\x02\x12\x34\x0a\x00\x00\x01")), []string{failed}},
		{"attribute cut", packet(0x0101, "\x80\x22\xff\xff"), []string{failed}},
		{"no cookie", strings.Replace(packet(0x0001), "\x21\x12", "\x21\x13", 1), nil},
		{"longer than the message", packet(0x0001) + "x", nil},
		{"shorter", packet(0x0001, "abcd")[:22], nil},
		{"no multiple of four", packet(0x0001, "ab"), nil},
		{"first bits", packet(0x4001), nil},
	} {
		b, raised := newBench(t, DefaultOptions())
		b.Datagram(true, []byte(c.in))
		b.Drain()
		got := slices.DeleteFunc(raised(), func(s string) bool { return s == "done" })
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\n%q, want\n%q", c.name, got, c.want)
		}
	}
}

// Other protocols share the flow, before a message and after it.
func TestShared(t *testing.T) {
	b, raised := newBench(t, DefaultOptions())
	media := []byte("\x80\x00some media of RTP")
	b.Datagram(true, media)
	b.Datagram(true, []byte(packet(0x0001)))
	b.Datagram(false, media)
	b.Datagram(false, []byte("\x40\x00\x00\x04data")) // no channel is bound
	b.Datagram(false, []byte(packet(0x0109)))
	b.Datagram(false, []byte("\x40\x00\x00\x04data"))
	b.Datagram(true, []byte("\x7f\xff\x00\x01data")) // with padding
	b.Datagram(true, []byte("\x40\x00\x00\x05data"))
	b.Datagram(true, []byte("\x40\x00\x00\x00data"))
	want := []string{
		"confirmed SPICY_STUN", `STUN::STUNPacket {"is_orig":true,"method":1,"class":0,"trans_id":"transaction1"}`,
		`STUN::STUNPacket {"is_orig":false,"method":9,"class":2,"trans_id":"transaction1"}`,
		`STUN::channel_data {"is_orig":false,"channel":16384,"data_len":4}`,
		`STUN::channel_data {"is_orig":true,"channel":32767,"data_len":1}`,
	}
	if got := raised(); !slices.Equal(got, want) {
		t.Errorf("%q, want\n%q", got, want)
	}
}

// Another protocol of the flow is found after STUN has its service.
func TestBeside(t *testing.T) {
	b := testconn.New(t, testconn.Config())
	udp, tcp := New(b.Hooks, DefaultOptions())
	media := ""
	echo := &detect.Protocol{Transport: udp.Transport, Signatures: []detect.Signature{{Orig: func(b []byte) detect.Verdict { return detect.StartsWith(b, "ECHO") }}}}
	echo.Protocol = conn.Protocol{Name: "ECHO", New: func(conn.Use) conn.Analyzer { return &sink{&media} }}
	b.SetAttacher(detect.New([]*detect.Protocol{udp, tcp, echo}))
	b.Datagram(true, []byte(packet(0x0001)))
	b.Datagram(true, []byte("ECHO this"))
	if !strings.HasSuffix(media, "ECHO this") {
		t.Errorf("%q", media)
	}
}

// A limit ends what is told of a message, not the analysis.
func TestLimit(t *testing.T) {
	b, raised := newBench(t, Options{Attributes: 2})
	b.Datagram(true, []byte(packet(0x0101, attr(1000, "a"), attr(1000, "b"), attr(1000, "c"))))
	if got := raised(); len(got) != 4 || got[3] != answer {
		t.Errorf("%q", got)
	}
	if n := b.Table.LimitCounts(); len(n) != 1 {
		t.Errorf("limits: %v", n)
	}
}

// talk is a TURN connection over TCP: requests, channel data with padding, and answers.
var talk = []string{
	">" + packet(0x0003, attr(0x0019, "\x06\x00\x00\x00")),
	"<" + packet(0x0113, attr(errorCode, "\x00\x00\x04\x01Unauthorized"), attr(0x0014, "realm")),
	">" + packet(0x0009, attr(0x000c, "\x40\x01\x00\x00")),
	"<" + packet(0x0109),
	">\x40\x01\x00\x05hello\x00\x00\x00",
	"<\x40\x01\x00\x00",
	"<" + packet(0x0017, attr(0x0013, "data"), attr(xorPeerAddress, fromHex("0001 1234 0a000001"))),
	">" + packet(0x0004),
}

func TestSegments(t *testing.T) {
	var want []string
	for _, size := range []int{1 << 16, 1, 2, 3, 7, 19, 20, 21, 100} {
		b, raised := newBench(t, DefaultOptions())
		b.Open()
		b.Converse(talk, size)
		b.Close()
		b.Drain()
		got := raised()
		if want == nil {
			want = got
			if len(got) != 15 || got[0] != "confirmed SPICY_STUN_TCP" || !strings.HasPrefix(got[9], "STUN::channel_data") {
				t.Errorf("%d: %q", len(got), got)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("in segments of %d: %q, want\n%q", size, got, want)
		}
		if b.Table.Held() != 0 {
			t.Errorf("%d bytes are held", b.Table.Held())
		}
	}
}

// What a server relays on a connection of its own is another protocol's.
func TestRelayed(t *testing.T) {
	b := testconn.New(t, testconn.Config())
	udp, tcp := New(b.Hooks, DefaultOptions())
	inner := ""
	echo := &detect.Protocol{Transport: tcp.Transport, Signatures: []detect.Signature{{Orig: func(b []byte) detect.Verdict { return detect.StartsWith(b, "ECHO") }}}}
	echo.Protocol = conn.Protocol{Name: "ECHO", New: func(conn.Use) conn.Analyzer { return &sink{&inner} }}
	b.SetAttacher(detect.New([]*detect.Protocol{udp, tcp, echo}))
	b.Open()
	b.Talk(true, []byte(packet(0x000b)))
	b.Talk(false, []byte(packet(0x010b)))
	b.Talk(true, []byte("ECHO this"))
	b.Talk(false, []byte("this"))
	b.Close()
	b.Drain()
	if inner != "ECHO thisthis" {
		t.Errorf("%q", inner)
	}
}

type sink struct{ got *string }

func (s *sink) Data(_ bool, b []byte) { *s.got += string(b) }
func (s *sink) Gap(bool, uint64)      {}
func (s *sink) End(bool)              {}
func (s *sink) Done()                 {}

// A gap inside a message is passed over; elsewhere it ends the analysis.
func TestGaps(t *testing.T) {
	for _, c := range []struct {
		before int // bytes of a message before the gap, whose other bytes are missing
		skip   uint32
		want   int
	}{{10, 18, 3}, {10, 19, 2}, {0, 28, 2}} {
		b, raised := newBench(t, DefaultOptions())
		b.Open()
		b.Talk(true, []byte(packet(0x0001)))
		b.Talk(true, []byte(packet(0x0001, attr(0x8022, "abcd")))[:c.before])
		b.Skip(true, c.skip)
		b.Talk(true, []byte(packet(0x0004)))
		b.Drain()
		if got := raised(); len(got) != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

// Nothing random is taken for a message.
func TestRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, 64)
	for range 1_000_000 {
		for i := 0; i < len(b); i += 8 {
			binary.LittleEndian.PutUint64(b[i:], r.Uint64())
		}
		n := 1 + r.IntN(len(b))
		if isDatagram(b[:n]) == detect.Match || isStream(b[:n]) == detect.Match {
			t.Fatalf("%x is a message", b[:n])
		}
	}
}

func FuzzDatagram(f *testing.F) {
	f.Add([]byte(packet(0x0101, attr(xorMappedAddress, fromHex("0001 1234 0a000001")))), []byte(packet(0x0109)), []byte("\x40\x00\x00\x04data"))
	f.Add([]byte(packet(0x0113, attr(errorCode, "\x00\x00\x04\x01no"))), []byte("\x80\x00media"), []byte(packet(0x0001, "\x80\x22\xff\xff")))
	f.Fuzz(func(t *testing.T, first, second, third []byte) {
		if len(first)+len(second)+len(third) > 4096 {
			return
		}
		b, _ := newBench(t, DefaultOptions())
		b.Datagram(true, first)
		b.Datagram(false, second)
		b.Datagram(true, third)
		b.Datagram(false, first)
		b.Drain()
		if b.Table.Stats().Panics != 0 {
			t.Fatal("panic")
		}
	})
}

func FuzzStream(f *testing.F) {
	client, server := testconn.Sides(talk)
	f.Add(client, server, 3)
	f.Add([]byte(packet(0x0001)+"\x41\x00\xff\xff"), []byte(packet(0x010b)), 1)
	testconn.FuzzSegments(f, func(t testing.TB) (*testconn.Bench, func() []string) { return newBench(t, DefaultOptions()) })
}

// listening returns an analyzer of datagrams whose events have listeners.
func listening(t testing.TB) conn.Analyzer {
	b := testconn.New(t, testconn.Config())
	b.Hooks.STUN.STUNPacket.Listen(func(*event.STUNSTUNPacket) {})
	b.Hooks.STUN.StringAttribute.Listen(func(*event.STUNStringAttribute) {})
	b.Hooks.STUN.MappedAddressAttribute.Listen(func(*event.STUNMappedAddressAttribute) {})
	b.Hooks.STUN.ErrorCodeAttribute.Listen(func(*event.STUNErrorCodeAttribute) {})
	udp, _ := New(b.Hooks, DefaultOptions())
	b.Datagram(true, []byte("x"))
	return b.New(&udp.Protocol)
}

var usual = []byte(packet(0x0101, attr(xorMappedAddress, fromHex("0001 1234 0a000001")), attr(0x8022, "a server"),
	attr(0x0006, "user:name"), attr(0x0008, strings.Repeat("h", 20)), attr(0x8028, "\x00\x00\x00\x01")))

func BenchmarkMessage(b *testing.B) {
	a := listening(b)
	b.ReportAllocs()
	for b.Loop() {
		a.Data(true, usual)
	}
}

// BenchmarkOther is what a datagram of another protocol costs.
func BenchmarkOther(b *testing.B) {
	d := []byte("\x80\x00some media of RTP")
	for b.Loop() {
		if isDatagram(d) == detect.Match {
			b.Fatal("it is a message")
		}
	}
}
