package mqtt

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

func newBench(t testing.TB, o Options, follow compat.Set) (*testconn.Bench, *[]string) {
	cfg := testconn.Config()
	cfg.Compat = follow
	b := testconn.New(t, cfg)
	lines := new([]string)
	add := func(format string, a ...any) { *lines = append(*lines, fmt.Sprintf(format, a...)) }
	opt := func(v value.Opt[[]byte]) string {
		if !v.OK {
			return "-"
		}
		return string(v.V)
	}
	h := &b.Hooks.MQTT
	h.Connect.Listen(func(e *event.MQTTConnect) {
		m := e.Msg
		add("connect %s %d %q %v %t%t%d will %s %s user %s %s", m.ProtocolName, m.ProtocolVersion, m.ClientID, float64(m.KeepAlive),
			m.CleanSession, m.WillRetain, m.WillQoS, opt(m.WillTopic), opt(m.WillMsg), opt(m.Username), opt(m.Password))
	})
	h.ConnAck.Listen(func(e *event.MQTTConnAck) { add("connack %d %t", e.Msg.ReturnCode, e.Msg.SessionPresent) })
	h.Publish.Listen(func(e *event.MQTTPublish) {
		m := e.Msg
		add("publish %t %d %t%d%t %s %q %d", e.IsOrig, e.MsgID, m.Dup, m.QoS, m.Retain, m.Topic, m.Payload, m.PayloadLen)
	})
	h.PubAck.Listen(func(e *event.MQTTPubAck) { add("puback %t %d", e.IsOrig, e.MsgID) })
	h.PubRec.Listen(func(e *event.MQTTPubRec) { add("pubrec %t %d", e.IsOrig, e.MsgID) })
	h.PubRel.Listen(func(e *event.MQTTPubRel) { add("pubrel %t %d", e.IsOrig, e.MsgID) })
	h.PubComp.Listen(func(e *event.MQTTPubComp) { add("pubcomp %t %d", e.IsOrig, e.MsgID) })
	h.Subscribe.Listen(func(e *event.MQTTSubscribe) { add("subscribe %d %s %d", e.MsgID, e.Topics, e.RequestedQoS) })
	h.SubAck.Listen(func(e *event.MQTTSubAck) { add("suback %d %d", e.MsgID, e.GrantedQoS) })
	h.Unsubscribe.Listen(func(e *event.MQTTUnsubscribe) { add("unsubscribe %d %s", e.MsgID, e.Topics) })
	h.UnsubAck.Listen(func(e *event.MQTTUnsubAck) { add("unsuback %d", e.MsgID) })
	h.PingReq.Listen(func(*event.MQTTPingReq) { add("pingreq") })
	h.PingResp.Listen(func(*event.MQTTPingResp) { add("pingresp") })
	h.Disconnect.Listen(func(*event.MQTTDisconnect) { add("disconnect") })
	h.Auth.Listen(func(e *event.MQTTAuth) { add("auth %t %d", e.IsOrig, e.ReasonCode) })
	b.Hooks.Analyzer.ViolationInfo.Listen(func(e *event.AnalyzerViolationInfo) {
		add("violation %s", strings.TrimPrefix(string(e.Info.Reason), "Binpac exception: binpac exception: "))
	})
	p := New(b.Hooks, o)
	p.Signatures = nil // they see no more than the beginning, which depends on the segments
	b.SetAttacher(detect.New([]*detect.Protocol{p}))
	b.Server = netip.AddrPortFrom(b.Server.Addr(), port)
	return b, lines
}

// packet returns a control packet.
func packet(first byte, body ...string) string {
	s := strings.Join(body, "")
	b := []byte{first}
	for n := len(s); ; {
		x := byte(n & 0x7f)
		if n >>= 7; n > 0 {
			x |= 0x80
		}
		if b = append(b, x); n == 0 {
			return string(b) + s
		}
	}
}

func str(s string) string { return string([]byte{byte(len(s) >> 8), byte(len(s))}) + s }

var (
	connect4 = packet(0x10, str("MQTT"), "\x04\x02\x00\x3c", str("me"))
	connect5 = packet(0x10, str("MQTT"), "\x05\x02\x00\x3c", "\x05\x11\x00\x00\x00\x05", str("me"))
)

const (
	connected4 = `connect MQTT 4 "me" 60 truefalse0 will - - user - -|`
	connected5 = `connect MQTT 5 "me" 60 truefalse0 will - - user - -|`
)

type talkCase struct {
	name string
	talk []string // ">" or "<" and what that side sends
	want string
}

var talks = []talkCase{
	{"3.1", []string{">" + packet(0x10, str("MQIsdp"), "\x03\xee\x00\x0a", str("id"), str("gone"), str("bye"), str("eve"), str("pw")), "<" + packet(0x20, "\x01\x05")},
		`connect MQIsdp 3 "id" 10 truetrue1 will gone bye user eve pw|connack 5 true`},
	{"messages", []string{">" + connect4 + packet(0x30, str("t"), "payload") + packet(0x3b, str("t"), "\x00\x07"), "<" + packet(0x40, "\x00\x07")},
		connected4 + `publish true 0 false0false t "payload" 7|publish true 7 true1true t "" 0|puback false 7`},
	{"exactly once", []string{">" + connect4, "<" + packet(0x34, str("t"), "\x01\x00x"), ">" + packet(0x50, "\x01\x00"), "<" + packet(0x62, "\x01\x00"), ">" + packet(0x70, "\x01\x00")},
		connected4 + `publish false 256 false2false t "x" 1|pubrec true 256|pubrel false 256|pubcomp true 256`},
	{"subscriptions", []string{">" + connect4 + packet(0x82, "\x00\x01", str("a/+"), "\x02", str("b/#"), "\x00"), "<" + packet(0x90, "\x00\x01\x02\x80"),
		">" + packet(0xa2, "\x00\x02", str("a/+"), str("b/#")), "<" + packet(0xb0, "\x00\x02")},
		connected4 + `subscribe 1 [a/+ b/#] [2 0]|suback 1 2|unsubscribe 2 [a/+ b/#]|unsuback 2`},
	{"pings and the end", []string{">" + connect4 + packet(0xc0), "<" + packet(0xd0), ">" + packet(0xe0)}, connected4 + `pingreq|pingresp|disconnect`},
	{"long payload", []string{">" + connect4 + packet(0x30, str("t"), strings.Repeat("x", 3000)) + packet(0xc0)},
		connected4 + `publish true 0 false0false t "xxxxxxxxxx" 3000|pingreq`},
	{"5", []string{">" + connect5, "<" + packet(0x20, "\x00\x00", "\x03\x21\x00\x14"), ">" + packet(0x82, "\x00\x01", "\x02\x0b\x05", str("t"), "\x2e"),
		"<" + packet(0x90, "\x00\x01", "\x00", "\x02"), ">" + packet(0xa2, "\x00\x02", "\x00", str("t")), "<" + packet(0xb0, "\x00\x02", "\x00", "\x11"),
		"<" + packet(0xe0, "\x8e"), ">" + packet(0xf0, "\x18\x00") + packet(0xf0)},
		connected5 + `connack 0 false|subscribe 1 [t] [2]|suback 1 2|unsubscribe 2 [t]|unsuback 2|disconnect|auth true 24|auth true 0`},
	{"5: a will with properties", []string{">" + packet(0x10, str("MQTT"), "\x05\x06\x00\x00", "\x00", str("me"), "\x05\x18\x00\x00\x00\x09", str("gone"), str("bye"))},
		`connect MQTT 5 "me" 0 truefalse0 will gone bye user - -`},
	{"5: topic aliases", []string{">" + connect5 +
		packet(0x30, str("one"), "\x0e\x01\x01\x26", str("k"), str("v"), "\x0b\x07", "\x23\x00\x01", "a") +
		packet(0x30, str(""), "\x03\x23\x00\x01", "b") + packet(0x30, str("two"), "\x03\x23\x00\x01", "c") +
		packet(0x30, str(""), "\x03\x23\x00\x01", "d") + packet(0x30, str(""), "\x03\x23\x00\x02", "e"),
		"<" + packet(0x30, str(""), "\x03\x23\x00\x01", "f")},
		connected5 + `publish true 0 false0false one "a" 1|publish true 0 false0false one "b" 1|publish true 0 false0false two "c" 1|` +
			`publish true 0 false0false two "d" 1|publish true 0 false0false  "e" 1|publish false 0 false0false  "f" 1`},
	{"too long", []string{">" + connect4 + "\x30\xff\xff\xff\xff\x01xxx"}, connected4 + `violation malformed MQTT 'remaining length': too many bytes`},
	{"no type", []string{">" + connect4 + "\x00\x00" + packet(0xc0)}, connected4 + `violation unknown MQTT control packet type`},
	{"AUTH before 5", []string{">" + connect4 + packet(0xf0)}, connected4 + `violation unknown MQTT control packet type`},
	{"empty CONNECT", []string{">" + packet(0x10)}, `violation out_of_bound: MQTT_string:len: 2 > 0`},
	{"CONNECT without its end", []string{">" + packet(0x10, str("MQTT"), "\x04\x02\x00")}, `violation out_of_bound: MQTT_connect:keep_alive: 10 > 9`},
	{"topic without its end", []string{">" + connect4 + packet(0x30, "\x00\x09t")}, connected4 + `violation out_of_bound: MQTT_string:str: 11 > 3`},
	{"message without an identifier", []string{">" + connect4 + packet(0x32, str("t"))}, connected4 + `violation out_of_bound: MQTT_publish:msg_id: 5 > 3`},
	{"short acknowledgment", []string{">" + connect4, "<" + packet(0x40, "\x00")}, connected4 + `violation out_of_bound: MQTT_puback: 2 > 1`},
	{"subscription without quality", []string{">" + connect4 + packet(0x82, "\x00\x01", str("t"))},
		connected4 + `violation out_of_bound: MQTT_subscribe_topic:requested_QoS: 4 > 3`},
	{"5: properties without their end", []string{">" + connect5 + packet(0x30, str("t"), "\x09\x01")}, connected5 + `violation out_of_bound: properties: 13 > 5`},
	{"5: properties that are too long", []string{">" + connect5 + packet(0x30, str("t"), "\xff\xff\xff\xff\x01")}, connected5 + `violation properties is too long`},
}

func testOptions() Options { return Options{MessageBytes: 256, PayloadBytes: 10, Aliases: 2} }

// play sends talk in segments whose lengths are cuts, cyclically.
func play(t testing.TB, o Options, follow compat.Set, talk []string, cuts []byte) []string {
	b, lines := newBench(t, o, follow)
	b.Open()
	b.TalkCut(talk, cuts)
	b.Close()
	b.Drain()
	if n := b.Table.Held(); n != 0 {
		t.Errorf("%d bytes are held at the end", n)
	}
	if b.Table.Stats().Panics != 0 {
		t.Error("panic")
	}
	return *lines
}

func TestTalks(t *testing.T) {
	for _, c := range talks {
		for _, cuts := range [][]byte{nil, {0}, {2}, {0, 6, 40}} {
			if got := strings.Join(play(t, testOptions(), 0, c.talk, cuts), "|"); got != c.want {
				t.Errorf("%s, cut %v:\n%s\nwant\n%s", c.name, cuts, got, c.want)
			}
		}
	}
}

// TestAsZeek has what Zeek reads: one control packet of each segment, as in version 3.1.1.
func TestAsZeek(t *testing.T) {
	zeek, err := compat.Parse(compat.Zeek82)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []talkCase{
		{"two in a segment", []string{">" + connect4 + packet(0xc0), ">" + packet(0xe0)}, connected4 + "disconnect"},
		{"5", []string{">" + connect5}, `violation out_of_bound: MQTT_string:str: 1299 > 10`},
		{"5 without properties", []string{">" + packet(0x10, str("MQTT"), "\x05\x02\x00\x3c", "\x00", str("me"))}, `connect MQTT 5 "" 60 truefalse0 will - - user - -`},
		{"5: quality", []string{">" + connect4, ">" + packet(0x82, "\x00\x01", str("t"), "\x2e")}, connected4 + "subscribe 1 [t] [46]"},
		{"longer than a segment", []string{">" + connect4, ">\x30\x80\x01" + str("t")}, connected4 + "violation out_of_bound: MQTT_PDU:command: 131 > 6"},
		{"AUTH", []string{">" + connect4, ">" + packet(0xf0, "\x18")}, strings.TrimSuffix(connected4, "|")},
		{"two megabytes", []string{">" + connect4, ">\xc0\x80\x80\x80\x01"}, connected4 + "pingreq|violation malformed MQTT 'remaining length': too large"},
		{"too long", []string{">" + connect4, ">\xc0\x80\x80\x80\x80\x01"}, connected4 + "pingreq|violation malformed MQTT 'remaining length': too many bytes"},
		{"a segment of one byte", []string{">" + connect4, ">\xc0"}, connected4 + "pingreq"},
	} {
		if got := strings.Join(play(t, testOptions(), zeek, c.talk, nil), "|"); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

func TestGaps(t *testing.T) {
	b, lines := newBench(t, testOptions(), 0)
	b.Open()
	b.Talk(true, []byte(connect4))
	m := packet(0x30, str("t"), strings.Repeat("x", 200))
	b.Talk(true, []byte(m[:100]))
	b.Skip(true, 50)
	b.Talk(true, []byte(m[150:]+packet(0xc0)+packet(0x30, str("lost"), strings.Repeat("x", 200))[:4]))
	b.Skip(true, 50)
	b.Talk(false, []byte(packet(0xd0)))
	b.Talk(true, []byte(strings.Repeat("x", 155)+packet(0xc0)+"\xc0"))
	b.Skip(true, 50) // where the next packet begins is not known
	b.Talk(true, []byte(packet(0xe0)))
	b.Talk(false, []byte(packet(0xd0)))
	b.Close()
	b.Drain()
	if got := strings.Join(*lines, "|"); got != connected4+`publish true 0 false0false t "xxxxxxxxxx" 200|pingreq|pingresp|pingreq` {
		t.Error(got)
	}
}

// TestLimits checks that what is beyond a limit is counted, and no more is kept.
func TestLimits(t *testing.T) {
	long := packet(0x82, "\x00\x01", strings.Repeat(str("topic")+"\x01", 100))
	b, lines := newBench(t, testOptions(), 0)
	b.Open()
	b.Talk(true, []byte(connect5+long[:100]))
	if n := b.Table.Held(); n != 100 {
		t.Errorf("%d bytes are held", n)
	}
	b.Talk(true, []byte(long[100:]+packet(0xc0)))
	for i := range 3 {
		b.Talk(true, []byte(packet(0x30, str("t"), "\x03\x23\x00"+string(rune(i+1)))))
	}
	if n := len(*lines); n != 6 || !strings.HasPrefix((*lines)[1], "subscribe 1 [") || (*lines)[2] != "pingreq" {
		t.Errorf("%q", *lines)
	}
	counts := b.Table.LimitCounts()
	if counts[conn.Limit{Protocol: source, Name: "message_bytes"}] != 1 || counts[conn.Limit{Protocol: source, Name: "topic_aliases"}] != 1 {
		t.Errorf("%v", counts)
	}
}

// TestFull checks that control packets that never end take no more than the limit of all.
func TestFull(t *testing.T) {
	cfg := testconn.Config()
	cfg.MessageBytes = 1000
	b := testconn.New(t, cfg)
	b.SetAttacher(detect.New([]*detect.Protocol{New(b.Hooks, DefaultOptions())}))
	b.Server = netip.AddrPortFrom(b.Server.Addr(), port)
	b.Open()
	b.Talk(true, []byte(connect4+"\x82\xff\xff\x7f"))
	for range 10 {
		b.Talk(true, bytes.Repeat([]byte("x"), 400))
	}
	if n := b.Table.Held(); n != 0 {
		t.Errorf("%d bytes are held", n)
	}
	if b.Table.LimitCounts()[conn.Limit{Protocol: source, Name: "incomplete_messages"}] != 1 {
		t.Errorf("%v", b.Table.LimitCounts())
	}
}

func TestSignature(t *testing.T) {
	for in, want := range map[string]detect.Verdict{
		"\x10\x0c\x00\x04MQTT": detect.Match, "\x10\x80\x80\x00\x00\x06MQ": detect.Match, "\x10\x0c\x00\x04M": detect.NeedMore,
		"GET / MQ": detect.Match, "GET / HTTP": detect.NoMatch, "MQTT": detect.NeedMore, "xxxxxxxxMQ": detect.NoMatch, "xxxxxxxMQ": detect.Match,
	} {
		if got := connect([]byte(in)); got != want {
			t.Errorf("%q: %d, want %d", in, got, want)
		}
	}
}

func FuzzTalk(f *testing.F) {
	for _, c := range talks {
		client, server := testconn.Sides(c.talk)
		f.Add(client, server, []byte{3, 40})
	}
	f.Fuzz(func(t *testing.T, client, server, cuts []byte) {
		if len(server)+len(client) > 4000 { // fewer than are read of properties
			return
		}
		half := len(client) / 2
		talk := []string{">" + string(client[:half]), "<" + string(server), ">" + string(client[half:])}
		o := testOptions()
		o.MessageBytes = 8 << 10 // what is beyond depends on the segments
		whole, parts := play(t, o, 0, talk, nil), play(t, o, 0, talk, cuts)
		if !slices.Equal(whole, parts) {
			t.Errorf("whole: %q\nin parts: %q", whole, parts)
		}
		if len(whole) > 20+len(server)+len(client) {
			t.Errorf("%d events of %d bytes", len(whole), len(server)+len(client))
		}
		zeek, err := compat.Parse(compat.Zeek82)
		if err != nil {
			t.Fatal(err)
		}
		play(t, o, zeek, talk, cuts)
	})
}
