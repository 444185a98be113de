package redis

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
	h := &b.Hooks.Redis
	h.SetCommand.Listen(func(e *event.RedisSetCommand) {
		c := e.Command
		add("set %s=%s %t%t%t%t %d%d%d%d", c.Key, c.Value, c.NX, c.XX, c.Get, c.KeepTTL, c.EX.V, c.PX.V, c.EXAT.V, c.PXAT.V)
	})
	h.GetCommand.Listen(func(e *event.RedisGetCommand) { add("get %s", e.Key) })
	h.AuthCommand.Listen(func(e *event.RedisAuthCommand) { add("auth %s %s", opt(e.Command.Username), e.Command.Password) })
	h.HelloCommand.Listen(func(e *event.RedisHelloCommand) { add("hello %s", opt(e.Command.RequestedRESPVersion)) })
	h.Command.Listen(func(e *event.RedisCommand) {
		c := e.Cmd
		add("%q %s %s %s", c.Raw, strings.TrimPrefix(string(c.Known.V), prefix), opt(c.Key), opt(c.Value))
	})
	data := func(kind string, d *event.RedisReplyData) {
		if d.Attributes.OK {
			kind += " " + string(d.Attributes.V)
		}
		add("%s %d %q", kind, d.MinProtocolVersion, d.Value)
	}
	h.Reply.Listen(func(e *event.RedisReply) { data("reply", &e.Data) })
	h.Error.Listen(func(e *event.RedisError) { data("error", &e.Data) })
	h.ServerPush.Listen(func(e *event.RedisServerPush) { data("push", &e.Data) })
	b.Hooks.Analyzer.ViolationInfo.Listen(func(e *event.AnalyzerViolationInfo) {
		reason, _, _ := strings.Cut(string(e.Info.Reason), resp)
		add("violation %s", reason)
	})
	p := New(b.Hooks, o)
	p.Signatures = nil // they see no more than the beginning, which depends on the segments
	b.SetAttacher(detect.New([]*detect.Protocol{p}))
	b.Server = netip.AddrPortFrom(b.Server.Addr(), port)
	return b, lines
}

// request returns a command as an array.
func request(words ...string) string {
	s := fmt.Sprintf("*%d\r\n", len(words))
	for _, w := range words {
		s += fmt.Sprintf("$%d\r\n%s\r\n", len(w), w)
	}
	return s
}

type talkCase struct {
	name string
	talk []string // ">" or "<" and what that side sends
	want string
}

const ping = `["PING"]  - -|`

// answered returns a case with a message of a server.
func answered(name, in, want string) talkCase {
	return talkCase{name, []string{">PING\r\n", "<" + in}, ping + want}
}

var talks = []talkCase{
	{"array", []string{">" + request("GET", "k"), "<$1\r\nv\r\n"}, `get k|["GET" "k"] GET k -|reply 2 "v"`},
	{"line", []string{">set  k\t'a \\' b' \"c d\"x\r\n", "<+OK\r\n"},
		`set k='a \' b' falsefalsefalsefalse 0000|["set" "k" "'a \\' b'" "\"c d\"x"] SET k 'a \' b'|reply 2 "OK"`},
	{"quote without an end", []string{">GET 'a b\r\n"}, `get 'a b|["GET" "'a b"] GET 'a b -`},
	{"pipeline", []string{">" + request("INCR", "n") + "PING\r\n" + request("MOVE", "k", "2"), "<:1\r\n+PONG\r\n:0\r\n"},
		`["INCR" "n"] INCR n -|` + ping + `["MOVE" "k" "2"] MOVE k 2|reply 2 "1"|reply 2 "PONG"|reply 2 "0"`},
	{"keys in other places", []string{">BITOP AND dst a\r\nBLMPOP 0 1 k LEFT\r\nBITOP AND\r\nKEYS *\r\n"},
		`["BITOP" "AND" "dst" "a"] BITOP dst -|["BLMPOP" "0" "1" "k" "LEFT"] BLMPOP k -|["BITOP" "AND"] BITOP - -|["KEYS" "*"] KEYS * -`},
	{"options of SET", []string{">SET k v NX get KeepTTL EX 5 PX 6 EXAT 7 PXAT 8\r\nSET k v XX EX\r\nSET k v EX x\r\nSET k\r\n"},
		`set k=v truefalsetruetrue 5678|["SET" "k" "v" "NX" "get" "KeepTTL" "EX" "5" "PX" "6" "EXAT" "7" "PXAT" "8"] SET k v|` +
			`set k=v falsetruefalsefalse 0000|["SET" "k" "v" "XX" "EX"] SET k v|` +
			`set k=v falsefalsefalsefalse 0000|["SET" "k" "v" "EX" "x"] SET k v|["SET" "k"] SET k -`},
	{"AUTH", []string{">AUTH pw\r\n" + request("auth", "user", "pw") + "AUTH\r\n"},
		`auth - pw|["AUTH" "pw"] AUTH - -|auth user pw|["auth" "user" "pw"] AUTH - -|["AUTH"] AUTH - -`},
	{"version 3", []string{">HELLO 3\r\nSUBSCRIBE c\r\n", "<%1\r\n+proto\r\n:3\r\n>3\r\n+subscribe\r\n+c\r\n:1\r\n"},
		`hello 3|["HELLO" "3"] HELLO - -|["SUBSCRIBE" "c"] SUBSCRIBE - -|reply 3 "{proto: 3}"|push 3 "[subscribe, c, 1]"`},
	{"subscribed in version 2", []string{">SUBSCRIBE c\r\n", "<*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n", ">RESET\r\n", "<+RESET\r\n"},
		`["SUBSCRIBE" "c"] SUBSCRIBE - -|reply 2 "[subscribe, c, 1]"|push 2 "[subscribe, c, 1]"|["RESET"] RESET - -|reply 2 "RESET"`},
	answered("all types", "+a\r\n-b\r\n:-1\r\n$-1\r\n$0\r\n\r\n*-1\r\n*0\r\n_\r\n#t\r\n#f\r\n,1.5\r\n(123\r\n!3\r\nbad\r\n=5\r\ntxt:x\r\n%0\r\n~2\r\n:1\r\n:2\r\n",
		`reply 2 "a"|error 2 "b"|reply 2 "-1"|reply 2 ""|reply 2 ""|reply 2 "[]"|reply 2 "[]"|reply 3 "null"|reply 3 "T"|reply 3 "F"|`+
			`reply 3 "1.5"|reply 3 "123"|error 3 "bad"|reply 3 "txt:x"|reply 3 "{}"|reply 3 "(1, 2)"`),
	answered("nested", "*3\r\n*1\r\n:1\r\n%2\r\n+a\r\n*0\r\n+b\r\n_\r\n~0\r\n", `reply 2 "[[1], {a: [], b: null}, ()]"`),
	answered("attributes", "|1\r\n+ttl\r\n%1\r\n+a\r\n:1\r\n*2\r\n|1\r\n+x\r\n|0\r\n:5\r\n:1\r\n:2\r\n|0\r\n+OK\r\n",
		`reply {ttl: {a: 1}} 3 "[1, 2]"|reply {} 3 "OK"`),
	answered("line ends in a line and in a string", "+a\rb\nc\r\r\n$3\r\n\r\n\r\r\nx\r\n\r\n+OK\r\n", `reply 2 "a\rb\nc\r"|reply 2 "\r\n\r"|`+
		`violation successful synchronization never confirmed: no matching case in switch statement for value 'DataType::<unknown-13>'`),
	answered("attributes of attributes", "|0\r\n|0\r\n+found\r\n", `reply 2 "found"|violation successful synchronization never confirmed: `+
		`no matching case in switch statement for value 'DataType::ATTRIBUTE'`),
	answered("no type", "what\r\nis it\r\n+OK\r\nx", `reply 2 "OK"|violation failed to synchronize: no matching case in switch statement for value 'DataType::<unknown-120>'`),
	answered("no number", "*x\r\n+OK\r\n", `violation cannot parse bytes as signed integer`),
	answered("no number without a sign", "%x\r\n+OK\r\n", `violation cannot parse bytes as unsigned integer`),
	answered("no digits", "$\r\n+OK\r\n", `violation cannot decode from empty range`),
	answered("long string", "$1048577\r\nlost\r\n+OK\r\n", `reply 2 "OK"|violation successful synchronization never confirmed: &requires failed: (self.length <= int64(MAX_SIZE))`),
	answered("negative array", "*-2\r\nlost\r\n+OK\r\n", `reply 2 "OK"|violation successful synchronization never confirmed: &requires failed: number of elements`),
	answered("too many elements", "*2\r\n*15\r\n"+strings.Repeat(":1\r\n", 15)+"*4\r\n:1\r\n", `violation successful synchronization never confirmed: too many elements 21 > 20`),
	answered("too deep", strings.Repeat("*1\r\n", 20)+":1\r\n+OK\r\n", `reply 2 "OK"|violation successful synchronization never confirmed: exceeded max recursion depth`),
	answered("deep", strings.Repeat("*1\r\n", 19)+":1\r\n", `reply 2 "`+strings.Repeat("[", 19)+"1"+strings.Repeat("]", 19)+`"`),
	answered("end inside a message", "*2\r\n:1\r\n", `violation failed to synchronize: end-of-data reached before &until expression found`),
	{"the server begins", []string{"<+OK\r\n", ">PING\r\n"}, `violation Server responses must come after a client request is seen`},
	{"end inside a command", []string{">*2\r\n$4\r\nPING\r\n"}, `violation end-of-data reached before &until expression found`},
	{"no word", []string{">*1\r\n:1\r\n"}, `violation &requires failed: ($$ == '$')`},
	{"word without contents", []string{">*1\r\n$-1\r\n\r\n"}, `violation unset field 'content'`},
	{"negative command", []string{">*-2\r\n"}, `violation &requires failed: number of elements`},
	{"long command", []string{">*21\r\n"}, `violation too many elements 21 > 20`},
	{"long word", []string{">*1\r\n$1048577\r\n"}, `violation &requires failed: (self.length <= int64(MAX_SIZE))`},
	{"no number of words", []string{">*x\r\n"}, `violation cannot parse bytes as signed integer`},
	{"long line", []string{">" + strings.Repeat("x", 1023) + "\r\n"}, `violation parsing not done within &max-size bytes`},
	{"longest line", []string{">" + strings.Repeat("x", 1022) + "\r\n"}, `["` + strings.Repeat("x", 1022) + `"]  - -`},
	{"nothing is asked", []string{">\r\n \r\n*0\r\n*-1\r\nPING\r\n"}, strings.TrimSuffix(ping, "|")},
}

func testOptions() Options { return Options{Elements: 20, MessageBytes: 4096} }

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

// TestAsZeek has what servers pass over and Zeek does not.
func TestAsZeek(t *testing.T) {
	zeek, err := compat.Parse(compat.Zeek82)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ in, want string }{
		{"PING\r\n\r\nPING\r\n", ping + "violation failed expression '|raw| >= 1' (zeek/src/analyzer/protocol/redis/redis.spicy:153:5-153:22)"},
		{"*0\r\n", "violation failed expression '|raw| >= 1' (zeek/src/analyzer/protocol/redis/redis.spicy:153:5-153:22)"},
		{"SET k v EX -1\r\nPING\r\n", "violation cannot parse bytes as unsigned integer"},
	} {
		if got := strings.Join(play(t, testOptions(), zeek, []string{">" + c.in}, nil), "|"); got != c.want {
			t.Errorf("%q: %s, want %s", c.in, got, c.want)
		}
	}
}

func TestGaps(t *testing.T) {
	b, lines := newBench(t, testOptions(), 0)
	b.Open()
	b.Talk(true, []byte("PING\r\nPING\r\n"))
	b.Talk(false, []byte("+PO"))
	b.Skip(false, 10)
	b.Talk(false, []byte("ost\r\n+PONG\r\n"))
	b.Talk(true, []byte("PI"))
	b.Skip(true, 10)
	b.Talk(true, []byte("NG\r\nPING\r\n"))
	b.Talk(false, []byte("+PONG\r\n"))
	b.Close()
	b.Drain()
	if got := strings.Join(*lines, "|"); got != ping+ping+`reply 2 "PONG"` {
		t.Error(got)
	}
}

// TestLimits checks that what is beyond a limit is counted.
func TestLimits(t *testing.T) {
	for _, c := range []struct{ name, in, out, want, limit string }{
		{"word", request("SET", "k", strings.Repeat("v", 100)), "+OK\r\n", "set k=" + strings.Repeat("v", 36), "message_bytes"},
		{"words", request(slices.Repeat([]string{"w"}, 15)...), "+OK\r\n", `["w" "w" "w" "w" "w" "w" "w" ""]  - -`, "message_bytes"},
		{"reply", "PING\r\n", "*2\r\n$3\r\nabc\r\n$100\r\n" + strings.Repeat("x", 100) + "\r\n", `reply 2 "[abc, ` + strings.Repeat("x", 58), "message_bytes"},
		{"elements", "PING\r\n", "*21\r\n", "", "elements"},
		{"depth", "PING\r\n", strings.Repeat("*1\r\n", 21), "", "depth"},
	} {
		o := testOptions()
		o.MessageBytes = 64
		b, lines := newBench(t, o, 0)
		b.Open()
		b.Talk(true, []byte(c.in))
		b.Talk(false, []byte(c.out))
		if n := b.Table.LimitCounts()[conn.Limit{Protocol: source, Name: c.limit}]; n != 1 {
			t.Errorf("%s: %v", c.name, b.Table.LimitCounts())
		}
		if got := strings.Join(*lines, "|"); !strings.Contains(got, c.want) {
			t.Errorf("%s: %s, want %s in it", c.name, got, c.want)
		}
	}
	// Without a limit, elements are counted in a type that does not overflow.
	got := strings.Join(play(t, Options{MessageBytes: 64}, 0, []string{">PING\r\n", "<%9223372036854775807\r\n+lost\r\n%1\r\n+a\r\n+b\r\n"}, nil), "|")
	if !strings.Contains(got, "violation") {
		t.Error(got)
	}
}

// TestFull checks that messages that never end take no more than the limit of all.
func TestFull(t *testing.T) {
	cfg := testconn.Config()
	cfg.MessageBytes = 1000
	b := testconn.New(t, cfg)
	b.SetAttacher(detect.New([]*detect.Protocol{New(b.Hooks, DefaultOptions())}))
	b.Server = netip.AddrPortFrom(b.Server.Addr(), port)
	b.Open()
	b.Talk(true, []byte("*1\r\n$100000\r\n"))
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
		"+OK\r\n": detect.Match, "+OK": detect.NeedMore, "-ERR\nx\r\n": detect.Match, ":12\r\n": detect.Match, ":": detect.NeedMore,
		"$-1\r\n": detect.Match, "*1.\r\n": detect.Match, "*1.5\r": detect.NeedMore, "*x": detect.NoMatch, "* OK": detect.NoMatch,
		":1x": detect.NoMatch, "HTTP": detect.NoMatch, "|1\r\n": detect.NoMatch, ":-": detect.NeedMore, "_\r\n": detect.Match,
	} {
		if got := replies([]byte(in)); got != want {
			t.Errorf("%q: %d, want %d", in, got, want)
		}
	}
}

// TestDetected checks that the protocol is found at another port, by what the server sends.
func TestDetected(t *testing.T) {
	b := testconn.New(t, testconn.Config())
	raised := b.Record("Redis::reply")
	b.SetAttacher(detect.New([]*detect.Protocol{New(b.Hooks, DefaultOptions())}))
	b.Open()
	b.Talk(true, []byte("PING\r\n"))
	b.Talk(false, []byte("+PONG\r\n"))
	want := []string{"confirmed REDIS", `Redis::reply {"data":{"value":"PONG","min_protocol_version":2}}`}
	if got := raised(); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func FuzzTalk(f *testing.F) {
	for _, c := range talks {
		client, server := testconn.Sides(c.talk)
		f.Add(client, server, []byte{3, 40})
	}
	f.Fuzz(func(t *testing.T, client, server, cuts []byte) {
		if len(server)+len(client) > 8000 {
			return
		}
		half := len(server) / 2
		talk := []string{">" + string(client), "<" + string(server[:half]), ">" + string(client), "<" + string(server[half:])}
		o := testOptions()
		o.MessageBytes = 256
		whole, parts := play(t, o, 0, talk, nil), play(t, o, 0, talk, cuts)
		if !slices.Equal(whole, parts) {
			t.Errorf("whole: %q\nin parts: %q", whole, parts)
		}
		if len(whole) > 20+len(server)+4*len(client) {
			t.Errorf("%d events of %d bytes", len(whole), len(server)+2*len(client))
		}
	})
}
