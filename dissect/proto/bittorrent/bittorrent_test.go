package bittorrent

import (
	"encoding/binary"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/internal/testconn"
)

func newBench(t testing.TB, cfg conn.Options, o Options) (b *testconn.Bench, peers, tracker *detect.Protocol) {
	b = testconn.New(t, cfg)
	b.SetAttacher(detect.New(nil))
	list := New(b.Hooks, o)
	return b, list[0], list[1]
}

var prefixes = []string{"bittorrent_", "bt_", "conn_weird", "analyzer_violation_info"}

// play returns the events of a conversation in pieces of n bytes, and the counters of limits.
func play(t testing.TB, cfg conn.Options, o Options, isTracker bool, n int, parts []string) (events []string, limits string) {
	b, p, tracker := newBench(t, cfg, o)
	if isTracker {
		p = tracker
	}
	lines := b.Events(prefixes...)
	b.Play(&p.Protocol, n, parts)
	b.Settle()
	if n := b.Table.Held(); n != 0 {
		t.Errorf("%q: %d bytes are held after the end", parts, n)
	}
	return *lines, fmt.Sprint(b.Table.LimitCounts())
}

// message returns a message between peers.
func message(id byte, rest string) string {
	return string(binary.BigEndian.AppendUint32(nil, uint32(1+len(rest)))) + string(id) + rest
}

// shake is a handshake, shook its event.
const (
	shake = greeting + "\x00\x00\x00\x00\x00\x10\x00\x05" + "aaaaaaaaaaaaaaaaaaaa" + "-XX0001-bbbbbbbbbbbb"
	shook = `bittorrent_peer_handshake {"is_orig":true,"reserved":"\\x00\\x00\\x00\\x00\\x00\\x10\\x00\\x05","info_hash":"aaaaaaaaaaaaaaaaaaaa","peer_id":"-XX0001-bbbbbbbbbbbb"}`
)

func stopped(why string) string {
	return `bittorrent_peer_weird {"is_orig":true,"msg":"Stopping BitTorrent analysis: ` + why + `"}`
}

// raw is message for a type that is no rune.
func raw(id byte, rest string) string {
	m := []byte(message(0, rest))
	m[prefixLen] = id
	return string(m)
}

var peerCases = []struct {
	name  string
	parts []string
	want  []string
}{
	{"flags", []string{">" + shake + message(choke, "") + message(unchoke, "") + message(interested, "") + message(notInterested, "") + "\x00\x00\x00\x00"}, []string{
		shook, `bittorrent_peer_choke {"is_orig":true}`, `bittorrent_peer_unchoke {"is_orig":true}`,
		`bittorrent_peer_interested {"is_orig":true}`, `bittorrent_peer_not_interested {"is_orig":true}`,
		`bittorrent_peer_keep_alive {"is_orig":true}`,
	}},
	{"fields", []string{">" + shake + message(have, "\x00\x00\x00\x07") + message(request, "\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03") +
		message(cancel, "\x00\x00\x00\x04\x00\x00\x00\x05\x00\x00\x00\x06") + message(port, "\x1a\xe1")}, []string{
		shook, `bittorrent_peer_have {"is_orig":true,"piece_index":7}`,
		`bittorrent_peer_request {"is_orig":true,"index":1,"begin":2,"length":3}`,
		`bittorrent_peer_cancel {"is_orig":true,"index":4,"begin":5,"length":6}`,
		`bittorrent_peer_port {"is_orig":true,"listen_port":{"port":6881,"proto":"tcp"}}`,
	}},
	{"bodies", []string{">" + shake + message(bitfield, "\xff\x80") + message(piece, "\x00\x00\x00\x01\x00\x00\x40\x00abcdef") + message(20, "\x00de") + raw(200, "")}, []string{
		shook, `bittorrent_peer_bitfield {"is_orig":true,"bitfield":"\\xff\\x80"}`,
		`bittorrent_peer_piece {"is_orig":true,"index":1,"begin":16384,"piece_length":6}`,
		`bittorrent_peer_unknown {"is_orig":true,"message_id":20,"data":"\\x00de"}`,
		`bittorrent_peer_unknown {"is_orig":true,"message_id":200,"data":""}`,
	}},
	// What follows the fields of a message is ignored.
	{"longer", []string{">" + shake + message(have, "\x00\x00\x00\x07abc") + message(choke, "abc")}, []string{
		shook, `bittorrent_peer_have {"is_orig":true,"piece_index":7}`, `bittorrent_peer_choke {"is_orig":true}`,
	}},
	{"incomplete", []string{">" + shake + message(have, "\x00\x00\x00\x07")[:8], ">~"}, []string{shook}},
	{"too long", []string{">" + shake + "\x00\x04\x00\x01x" + message(choke, "")}, []string{
		shook, stopped("protocol violation (binpac exception: message length prefix exceeds limit: 262145 > 262144)"),
	}},
	{"short have", []string{">" + shake + message(have, "\x00\x00\x00") + message(choke, "")}, []string{
		shook, stopped("protocol violation (binpac exception: out_of_bound: BitTorrent_Have: 4 > 3)"),
	}},
	{"short request", []string{">" + shake + message(request, "abc")}, []string{
		shook, stopped("protocol violation (binpac exception: out_of_bound: BitTorrent_Request: 12 > 3)"),
	}},
	{"short cancel", []string{">" + shake + message(cancel, "")}, []string{
		shook, stopped("protocol violation (binpac exception: out_of_bound: BitTorrent_Cancel: 12 > 0)"),
	}},
	{"short port", []string{">" + shake + message(port, "x")}, []string{
		shook, stopped("protocol violation (binpac exception: out_of_bound: BitTorrent_Port: 2 > 1)"),
	}},
	{"short piece", []string{">" + shake + message(piece, "abcdefg")}, []string{
		shook, stopped("protocol violation (binpac exception: out_of_bound: BitTorrent_Piece:header: 8 > 7)"),
	}},
	{"both sides", []string{">" + shake + message(have, ""), "<" + shake + message(have, "")}, []string{
		shook, stopped("protocol violation (binpac exception: out_of_bound: BitTorrent_Have: 4 > 0)"),
		strings.Replace(shook, "true", "false", 1),
		strings.Replace(stopped("protocol violation (binpac exception: out_of_bound: BitTorrent_Have: 4 > 0)"), "true", "false", 1),
		`analyzer_violation_info {"atype":"Analyzer::ANALYZER_BITTORRENT","info":{"reason":"BitTorrent: content gap and/or protocol violation"}}`,
	}},
	{"another protocol", []string{">GET / HTTP/1.1\r\n" + strings.Repeat("x", 100) + message(choke, "")}, nil},
	// A gap inside a piece does not matter, one elsewhere in a message costs the message.
	{"gap in piece", []string{">" + shake + message(piece, "\x00\x00\x00\x01\x00\x00\x00\x02abcdef")[:15], ">~3", ">f" + message(choke, "")}, []string{
		shook, `bittorrent_peer_piece {"is_orig":true,"index":1,"begin":2,"piece_length":6}`, `bittorrent_peer_choke {"is_orig":true}`,
	}},
	{"gap up to the end", []string{">" + shake + message(piece, "\x00\x00\x00\x01\x00\x00\x00\x02abcdef")[:15], ">~4", ">" + message(choke, "")}, []string{
		shook, `bittorrent_peer_piece {"is_orig":true,"index":1,"begin":2,"piece_length":6}`, `bittorrent_peer_choke {"is_orig":true}`,
	}},
	{"gap in bitfield", []string{">" + shake + message(bitfield, "abcdef")[:7], ">~2", ">ef" + message(choke, "")}, []string{
		shook, `bittorrent_peer_choke {"is_orig":true}`,
	}},
	{"gap with the type", []string{">" + shake + message(have, "\x00\x00\x00\x01")[:4], ">~5", ">" + message(choke, "")}, []string{
		shook, `bittorrent_peer_choke {"is_orig":true}`,
	}},
	{"gap in fields", []string{">" + shake + message(have, "\x00\x00\x00\x01")[:6], ">~2", ">\x01" + message(choke, "")}, []string{
		shook, `bittorrent_peer_choke {"is_orig":true}`,
	}},
	{"gap beyond the message", []string{">" + shake + message(piece, "\x00\x00\x00\x01\x00\x00\x00\x02abcdef")[:15], ">~5", ">" + message(choke, "")}, []string{
		shook, stopped("cannot recover from content gap"),
	}},
	{"gap between messages", []string{">" + shake, ">~5", ">" + message(choke, "")}, []string{shook, stopped("cannot recover from content gap")}},
}

func TestPeers(t *testing.T) {
	for _, c := range peerCases {
		for _, n := range []int{1, 3, 1 << 16} {
			if got, _ := play(t, testconn.Config(), DefaultOptions(), false, n, c.parts); !slices.Equal(got, c.want) {
				t.Errorf("%s in pieces of %d:\n%s\nwant:\n%s", c.name, n, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		}
	}
}

func zeekConfig() conn.Options {
	cfg := testconn.Config()
	cfg.Compat, _ = compat.Parse(compat.Zeek82)
	return cfg
}

// TestPeerGaps reads on after missing bytes, as Zeek does.
func TestPeerGaps(t *testing.T) {
	parts := []string{">" + shake, ">~5", ">" + message(choke, "")}
	if got, _ := play(t, zeekConfig(), DefaultOptions(), false, 9, parts); !slices.Equal(got, []string{shook, `bittorrent_peer_choke {"is_orig":true}`}) {
		t.Errorf("%q", got)
	}
}

const (
	get     = "GET /announce?info_hash=%01&port=1 HTTP/1.1\r\nHost: t.test\r\n\r\n"
	ok      = "HTTP/1.1 200 OK\r\n\r\n"
	asked   = `bt_tracker_request {"uri":"/announce?info_hash=%01&port=1","headers":{}}`
	closing = "GET /announce?info_hash=%01&port=1 HTTP/1.0\r\n\r\n"
)

func answered(peers, benc string) string {
	return `bt_tracker_response {"status":200,"headers":{},"peers":[` + peers + `],"benc":{` + benc + `}}`
}

func violation(reason string) string {
	return `analyzer_violation_info {"atype":"Analyzer::ANALYZER_BITTORRENTTRACKER","info":{"reason":"BitTorrentTracker: ` + reason + `"}}`
}

func jsonPeer(h string, p int) string {
	return fmt.Sprintf(`{"h":"%s","p":{"port":%d,"proto":"tcp"}}`, h, p)
}

var trackerCases = []struct {
	name  string
	parts []string
	want  []string
	zeek  []string // with compat, if it differs
}{
	{"compact", []string{">" + get, "<" + ok + "d8:intervali1800e5:peers12:\x0a\x00\x00\x02\x1a\xe2\x0a\x00\x00\x01\x1a\xe1e"},
		[]string{asked, answered(jsonPeer("10.0.0.1", 6881)+","+jsonPeer("10.0.0.2", 6882), `"interval":{"i":1800}`)},
		[]string{asked, answered(jsonPeer("1.0.0.10", 0xe11a)+","+jsonPeer("2.0.0.10", 0xe21a), `"interval":{"i":1800}`)}},
	{"peer twice", []string{"<" + ok + "d5:peers12:\x0a\x00\x00\x02\x00\x01\x0a\x00\x00\x02\x00\x01e"},
		[]string{answered(jsonPeer("10.0.0.2", 1), "")}, []string{answered(jsonPeer("2.0.0.10", 256), "")}},
	{"part of a peer", []string{"<" + ok + "d5:peers7:\x01\x01\x01\x01\x01\x01xe"}, []string{answered(jsonPeer("1.1.1.1", 257), "")}, nil},
	{"list of peers", []string{"<" + ok + "d5:peers" + "ld2:ip8:10.0.0.94:porti6881e7:peer id3:abcee" + "e"},
		[]string{answered(jsonPeer("10.0.0.9", 6881), "")}, []string{""}},
	{"odd peers", []string{"<" + ok + "d5:peersl" + "d2:ip5:fd00:4:porti0ee" + "d2:ip6:fd00::4:porti2ee" + "d2:ip4:host4:porti2ee" + "d4:porti2ee" + "d2:ip7:1.1.1.1e" +
		"d2:ip7:1.1.1.14:porti70000ee" + "d2:ipl7:1.1.1.1e4:porti1ee" + "d4:port1:12:ip7:1.1.1.1e" + "i5e" + "ld2:ip7:1.1.1.14:porti1eee" + "3:abc" +
		"d1:xd2:ip7:9.9.9.9e2:ip7:1.1.1.24:porti1ee" + "d2:ip10:1.1.1.1.1.4:porti1ee" + "d2:ip9:1.1.1.2564:porti1ee" + "e" + "e"},
		[]string{answered(jsonPeer("1.1.1.2", 1)+","+jsonPeer("fd00::", 2), "")}, []string{""}},
	{"peers of another kind", []string{"<" + ok + "d5:peersi1ee"}, []string{answered("", `"peers":{"i":1}`)}, nil},
	{"a dictionary for peers", []string{"<" + ok + "d5:peersd1:a1:bee"}, []string{answered("", `"peers":{"d":"d1:a1:be"}`)}, []string{""}},
	{"values", []string{"<" + ok + "d1:ai-5e1:bd1:xi1ee1:clleli1eee1:d0:0:1:x1:ei-0ee"},
		[]string{answered("", `"a":{"i":-5},"b":{"d":"d1:xi1ee"},"c":{"l":"lleli1eee"},"d":{"s":""},"":{"s":"x"},"e":{"i":0}`)}, nil},
	{"key twice", []string{"<" + ok + "d1:a1:x1:ai1ee"}, []string{answered("", `"a":{"i":1}`)}, nil},
	{"large integers", []string{"<" + ok + "d1:ai4294967297e1:bi99999999999999999999e1:ci-99999999999999999999ee"},
		[]string{answered("", fmt.Sprintf(`"a":{"i":4294967297},"b":{"i":%d},"c":{"i":%d}`, math.MaxInt64, math.MinInt64))},
		[]string{answered("", `"a":{"i":1},"b":{"i":-1},"c":{"i":0}`)}},
	{"empty", []string{"<" + ok + "de"}, []string{answered("", "")}, nil},
	{"two requests", []string{">" + get + get, "<" + ok + "de\r\n" + ok + "d1:ai1ee"}, []string{asked, asked, answered("", ""), answered("", `"a":{"i":1}`)}, nil},
	{"one request", []string{">" + closing + "more\r\n\r\nstill\n", "<" + ok + "detrailing" + ok + "de"}, []string{
		asked,
		`conn_weird {"name":"bittorrent_tracker_data_post_request","addl":"Got post request data: more\n","source":"BITTORRENTTRACKER"}`,
		`bt_tracker_weird {"is_orig":true,"msg":"Got post request data: more\n"}`,
		`conn_weird {"name":"bittorrent_tracker_data_post_request","addl":"Got post request data: still\n","source":"BITTORRENTTRACKER"}`,
		`bt_tracker_weird {"is_orig":true,"msg":"Got post request data: still\n"}`,
		answered("", ""),
	}, nil},
	{"close", []string{">GET /a HTTP/1.1\r\nconnection:  Close\r\n\r\nx\r\n"}, []string{
		`bt_tracker_request {"uri":"/a","headers":{}}`,
		`conn_weird {"name":"bittorrent_tracker_data_post_request","addl":"Got post request data: x\n","source":"BITTORRENTTRACKER"}`,
		`bt_tracker_weird {"is_orig":true,"msg":"Got post request data: x\n"}`,
	}, nil},
	{"keep-alive", []string{">get /a\t HTTP/1.0\nConnection: keep-alive\n\nGET /b x\r\n\r\n"}, []string{
		`bt_tracker_request {"uri":"/a","headers":{}}`, `bt_tracker_request {"uri":"/b x","headers":{}}`,
	}, nil},
	{"not ok", []string{"<HTTP/1.0 404 Not Found\r\nA: b\r\n\r\nbody" + ok + "de"}, []string{`bt_tracker_response_not_ok {"status":404,"headers":{}}`}, nil},
	{"no status", []string{"<HTTP/ abc\r\n\r\n"}, []string{`bt_tracker_response_not_ok {"status":0,"headers":{}}`}, nil},
	{"incomplete", []string{">" + get[:50], ">~", "<" + ok + "d1:ai1e", "<~"}, nil, nil},
	{"NUL", []string{">GET /a\x00 HTTP/1.1\r\n\r\n", "<HTTP/1.1 200\x00\r\n\r\nde"}, nil, nil},
	{"no request", []string{">POST /a HTTP/1.1\r\n\r\n"}, []string{violation("invalid HTTP GET")}, nil},
	{"no URI", []string{">GET  \r\n\r\n"}, []string{violation("invalid HTTP GET")}, nil},
	{"bad header", []string{">GET /a HTTP/1.1\r\nBad header\r\n\r\n"}, []string{violation("invalid HTTP request header")}, nil},
	{"bad status", []string{"<HTTP/1.1\t200\r\n"}, []string{violation("invalid HTTP status")}, nil},
	{"bad header of an answer", []string{"<HTTP/1.1 200\r\n: x\r\n"}, []string{violation("invalid HTTP response header")}, nil},
	{"gap", []string{">GET /a ", ">~1", ">HTTP/1.1\r\n\r\n"}, []string{violation("cannot recover from content gap")}, nil},
	{"no dictionary", []string{"<" + ok + "le"}, []string{violation("not a bencoded directory (first char: l)")}, nil},
	{"an integer", []string{"<" + ok + "i1e"}, []string{violation("not a bencoded directory (first char: i)")}, nil},
	{"an end", []string{"<" + ok + "e"}, []string{violation("not a bencoded directory (first char: e)")}, nil},
	{"a string", []string{"<" + ok + "1:a"}, []string{violation("not a bencoded directory (first char: [0-9])")}, nil},
	{"something", []string{"<" + ok + "<html>"}, []string{violation("no valid bencoding")}, nil},
	{"something inside", []string{"<" + ok + "d1:ax"}, []string{violation("no valid bencoding")}, nil},
	{"dictionary for a key", []string{"<" + ok + "dde"}, []string{violation("directory key is not a string but a directory")}, nil},
	{"list for a key", []string{"<" + ok + "d1:ad1:x1:xle"}, []string{violation("directory key is not a string but a list")}, nil},
	{"integer for a key", []string{"<" + ok + "di1e"}, []string{violation("directory key is not a string but an int")}, nil},
	{"key without a value", []string{"<" + ok + "d1:ae"}, []string{violation("directory has an odd count of members")}, nil},
	{"no digits", []string{"<" + ok + "d1:aie"}, []string{violation("no valid bencoding")}, nil},
	{"a sign only", []string{"<" + ok + "d1:ai-e"}, []string{violation("no valid bencoding")}, nil},
	{"a sign inside", []string{"<" + ok + "d1:ai1-1e"}, []string{violation("no valid bencoding")}, nil},
	{"no colon", []string{"<" + ok + "d1a"}, []string{violation("no valid bencoding")}, nil},
	{"a length of gigabytes", []string{"<" + ok + "d99999999999999999999:xe"}, nil, nil},
}

func TestTracker(t *testing.T) {
	for _, c := range trackerCases {
		for _, n := range []int{1, 3, 1 << 16} {
			if got, _ := play(t, testconn.Config(), DefaultOptions(), true, n, c.parts); !slices.Equal(got, c.want) {
				t.Errorf("%s in pieces of %d:\n%s\nwant:\n%s", c.name, n, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
			if c.zeek == nil {
				c.zeek = c.want
			}
			got, _ := play(t, zeekConfig(), DefaultOptions(), true, n, c.parts)
			if len(c.zeek) == 1 && c.zeek[0] == "" { // arbitrary peers
				c.zeek = got
			}
			if !slices.Equal(got, c.zeek) {
				t.Errorf("%s in pieces of %d as Zeek:\n%s\nwant:\n%s", c.name, n, strings.Join(got, "\n"), strings.Join(c.zeek, "\n"))
			}
		}
	}
}

func TestTrackerHeaders(t *testing.T) {
	o := DefaultOptions()
	o.Headers, o.Entries = true, 2
	got, limits := play(t, testconn.Config(), o, true, 7, []string{
		">GET /a HTTP/1.1\r\nHost: t.test\r\nA:b\r\nHost: u.test\r\nC: d\r\n\r\n", "<HTTP/1.1 500 x\r\nA: \r\n\r\n",
	})
	want := []string{`bt_tracker_request {"uri":"/a","headers":{"Host":"u.test","A":"b"}}`, `bt_tracker_response_not_ok {"status":500,"headers":{"A":""}}`}
	if !slices.Equal(got, want) || !strings.Contains(limits, "entries") {
		t.Errorf("%q, limits %s", got, limits)
	}
}

// TestLimits has messages that are too long, too deep and too many.
func TestLimits(t *testing.T) {
	for _, c := range []struct {
		name, parts, limit string
		tracker            bool
		want               string // part of the last event
	}{
		{"message", ">" + shake + "\xff\xff\xff\xff", "message_size", false, "exceeds limit"},
		{"request", ">GET /" + strings.Repeat("x", 70000), "message_size", true, "request message too long"},
		{"request headers", ">GET /a HTTP/1.1\r\n" + strings.Repeat("a: b\r\n", 20000), "message_size", true, "request message too long"},
		{"answer", "<" + ok + "d1:a70000:" + strings.Repeat("x", 70000), "message_size", true, "response message too long"},
		{"digits", "<" + ok + "d" + strings.Repeat("0", 70000), "message_size", true, "response message too long"},
		{"depth", "<" + ok + "d1:a" + strings.Repeat("l", 60000), "bencode_depth", true, "nested too deeply"},
		{"entries", "<" + ok + "d" + strings.Repeat("1:ai1e", 300) + "e", "entries", true, `"benc":{"a":{"i":1}}`},
	} {
		for _, n := range []int{1000, 1 << 20} {
			got, limits := play(t, testconn.Config(), DefaultOptions(), c.tracker, n, []string{c.parts})
			if len(got) == 0 || !strings.Contains(got[len(got)-1], c.want) || !strings.Contains(limits, c.limit) {
				t.Errorf("%s in pieces of %d: %q, limits %s", c.name, n, got, limits)
			}
		}
	}
	// Zeek's buffer has 2,047 bytes.
	got, _ := play(t, zeekConfig(), DefaultOptions(), true, 1000, []string{">GET /" + strings.Repeat("x", 2043)})
	if len(got) != 1 || !strings.Contains(got[0], "request message too long") {
		t.Errorf("%q", got)
	}
}

// TestHeld fills the memory for incomplete messages of all connections.
func TestHeld(t *testing.T) {
	cfg := testconn.Config()
	cfg.MessageBytes = 100
	body := message(bitfield, strings.Repeat("x", 1000))
	got, _ := play(t, cfg, DefaultOptions(), false, 50, []string{">" + shake + body + message(choke, "")})
	if len(got) < 3 || got[len(got)-1] != `bittorrent_peer_choke {"is_orig":true}` || !strings.Contains(got[1], "conn_weird") {
		t.Errorf("peer: %q", got)
	}
	got, _ = play(t, cfg, DefaultOptions(), true, 50, []string{">GET /" + strings.Repeat("x", 1000) + " HTTP/1.1\r\n\r\n"})
	if len(got) != 1 || !strings.Contains(got[0], "conn_weird") {
		t.Errorf("tracker: %q", got)
	}
}

// TestDetection finds both protocols by what the two sides begin with.
func TestDetection(t *testing.T) {
	for _, c := range []struct {
		talk []string
		want string
	}{
		{[]string{">" + shake, "<" + shake}, "bittorrent"},
		{[]string{">" + shake, "<\x13BitTorrent protocoX" + shake}, ""},
		{[]string{">" + get, "<" + ok + "de"}, "bittorrenttracker"},
		{[]string{">GET / HTTP/1.0\r\n\r\n", "<" + ok + "de"}, ""},
		{[]string{">" + get, "<ICY 200 OK\r\n\r\nde"}, ""},
	} {
		for _, n := range []int{1, 1000} {
			b := testconn.New(t, testconn.Config())
			b.SetAttacher(detect.New(New(b.Hooks, DefaultOptions())))
			events := b.Events("bt_", "bittorrent_", "analyzer_confirmation_info")
			b.Server = netip.AddrPortFrom(b.Server.Addr(), 6969)
			b.Open()
			for _, m := range c.talk {
				for part := range slices.Chunk([]byte(m[1:]), n) {
					b.Talk(m[0] == '>', part)
				}
			}
			var services []string
			b.Table.All(func(x *conn.Conn) { services = x.Services(nil) })
			b.Close()
			b.Drain()
			if got := strings.Join(services, ","); got != c.want || (c.want == "") != (len(*events) == 0) {
				t.Errorf("%q in pieces of %d: %q, events %q", c.talk, n, got, *events)
			}
		}
	}
}

func fuzz(f *testing.F, isTracker bool, seeds [][]string) {
	for _, parts := range seeds {
		f.Add(strings.Join(parts, "\xff"), uint8(2))
	}
	f.Fuzz(func(t *testing.T, in string, n uint8) {
		parts := testconn.Parts(in)
		if len(parts) > 20 || len(in) > 1<<14 {
			return
		}
		o := DefaultOptions()
		o.Tracker, o.Message, o.Depth, o.Entries, o.Headers = 300, 5000, 8, 5, true
		whole, _ := play(t, testconn.Config(), o, isTracker, 1<<20, parts)
		pieces, _ := play(t, testconn.Config(), o, isTracker, int(n)+1, parts)
		if !slices.Equal(whole, pieces) {
			t.Fatalf("%q\nwhole:\n%s\nin pieces:\n%s", parts, strings.Join(whole, "\n"), strings.Join(pieces, "\n"))
		}
	})
}

func FuzzPeers(f *testing.F) {
	var seeds [][]string
	for _, c := range peerCases {
		seeds = append(seeds, c.parts)
	}
	fuzz(f, false, seeds)
}

func FuzzTracker(f *testing.F) {
	var seeds [][]string
	for _, c := range trackerCases {
		seeds = append(seeds, c.parts)
	}
	fuzz(f, true, seeds)
}
