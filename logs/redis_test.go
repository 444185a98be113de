package logs

import (
	"fmt"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// redisBench plays commands and replies.
type redisBench struct {
	*bench
	t testing.TB
	c *fakeConn
}

func newRedisBench(t testing.TB, l Limits) *redisBench {
	c := &fakeConn{uid: uid(1)}
	if tt, ok := t.(*testing.T); ok {
		c.id = connID(tt, value.ProtoTCP, "10.0.0.1:1024 10.0.0.2:6379")
	}
	return &redisBench{newLimitedBench(t, l, "redis"), t, c}
}

// send raises a command of words; known is Zeek's name of a known one, or "".
func (b *redisBench) send(known string, words ...string) {
	cmd := event.RedisCommandData{}
	for _, w := range words {
		cmd.Raw = append(cmd.Raw, []byte(w))
	}
	cmd.Name = cmd.Raw[0]
	if known != "" {
		cmd.Known = value.Some(value.Enum("Redis::RedisCommand_" + known))
	}
	if known == "SET" {
		cmd.Key, cmd.Value = value.Some(cmd.Raw[1]), value.Some(cmd.Raw[2])
	}
	b.now += 1e9
	b.hooks.Redis.Command.Raise(&event.RedisCommand{Conn: b.c, Cmd: cmd})
}

func (b *redisBench) reply(text string) {
	b.now += 1e9
	b.hooks.Redis.Reply.Raise(&event.RedisReply{Conn: b.c, Data: event.RedisReplyData{Value: []byte(text), MinProtocolVersion: 2}})
}

// rows returns what the rows have beside the connection's columns.
func (b *redisBench) rows() string {
	var list []string
	for _, r := range b.out.take() {
		ts, rest, _ := strings.Cut(r, " uid=C1 id.orig_h=10.0.0.1 id.orig_p=1024 id.resp_h=10.0.0.2 id.resp_p=6379")
		list = append(list, strings.TrimPrefix(ts, "redis ts=")+rest)
	}
	return strings.Join(list, "|")
}

func (b *redisBench) expect(name, want string) {
	b.t.Helper()
	if got := b.rows(); got != want {
		b.t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
	}
}

func TestRedis(t *testing.T) {
	b := newRedisBench(t, Limits{})
	b.send("SET", "SET", "k", "v")
	b.expect("no reply yet", "")
	b.reply("OK")
	b.expect("reply", "2 cmd.name=SET cmd.key=k cmd.value=v success=true reply.value=OK")
	b.send("", "NOSUCH")
	b.send("", "PING")
	b.hooks.Redis.Error.Raise(&event.RedisError{Conn: b.c, Data: event.RedisReplyData{Value: []byte("ERR"), MinProtocolVersion: 2}})
	b.reply("PONG")
	b.expect("pipeline", "4 cmd.name=NOSUCH success=false reply.value=ERR|5 cmd.name=PING success=true reply.value=PONG")
	b.send("", "PING")
	endConn(&b.hooks, b.c)
	b.expect("no reply", "7 cmd.name=PING")
	if b.c.held != 0 {
		t.Errorf("%d bytes are held", b.c.held)
	}
}

func TestRedisWithoutReplies(t *testing.T) {
	b := newRedisBench(t, Limits{})
	b.send("", "PING")
	endConn(&b.hooks, b.c)
	b.expect("no reply at all", "")
	b.send("", "PING")
	b.reply("PONG")
	b.rows()
	b.send("", "PING")
	b.hooks.Analyzer.ViolationInfo.Raise(&event.AnalyzerViolationInfo{AType: "Analyzer::ANALYZER_REDIS", Conn: b.c})
	endConn(&b.hooks, b.c)
	b.expect("violation", "")
	b.reply("OK")
	b.expect("reply without a command", "")
	endConn(&b.hooks, b.c)
	b.expect("reply without a command, at the end", "6 success=true reply.value=OK")
}

func TestRedisSilence(t *testing.T) {
	b := newRedisBench(t, Limits{})
	client := func(word string) { b.send("CLIENT", "CLIENT", "REPLY", word) }
	ping := func() { b.send("", "PING") }
	ping()
	client("OFF")
	ping()
	client("SKIP") // means nothing now
	client("on")
	ping()
	client("skip")
	ping()
	ping()
	for _, r := range []string{"1", "OK", "2", "3"} {
		b.reply(r)
	}
	b.expect("off, on, skip", "2 cmd.name=PING success=true reply.value=1|3 cmd.name=CLIENT|4 cmd.name=PING|5 cmd.name=CLIENT|"+
		"6 cmd.name=CLIENT success=true reply.value=OK|7 cmd.name=PING success=true reply.value=2|8 cmd.name=CLIENT|9 cmd.name=PING|"+
		"10 cmd.name=PING success=true reply.value=3")
}

func TestRedisSubscriptions(t *testing.T) {
	b := newRedisBench(t, Limits{})
	b.send("SUBSCRIBE", "SUBSCRIBE", "c")
	b.reply("[subscribe, c, 1]")
	b.reply("[message, c, x]")
	b.send("", "PING")
	b.reply("[pong, ]")
	b.expect("pushes are no replies", "")
	b.send("RESET", "RESET")
	b.reply("RESET")
	b.expect("after them", "2 cmd.name=SUBSCRIBE|5 cmd.name=PING|7 cmd.name=RESET success=true reply.value=RESET")

	b.send("SUBSCRIBE", "SUBSCRIBE", "c")
	endConn(&b.hooks, b.c)
	b.expect("without a reply", "9 cmd.name=SUBSCRIBE")
	b.send("SUBSCRIBE", "SUBSCRIBE", "c")
	endConn(&b.hooks, b.c)
	b.expect("nothing of the server", "")
	b.send("SUBSCRIBE", "SUBSCRIBE", "c")
	b.reply("[subscribe, c, 1]")
	endConn(&b.hooks, b.c)
	b.expect("a push", "11 cmd.name=SUBSCRIBE")

	b.hooks.Redis.HelloCommand.Raise(&event.RedisHelloCommand{Conn: b.c, Command: event.RedisHelloData{RequestedRESPVersion: value.Some([]byte("3"))}})
	b.send("SUBSCRIBE", "SUBSCRIBE", "c")
	b.send("", "PING")
	b.reply("PONG")
	b.expect("version 3", "13 cmd.name=SUBSCRIBE|14 cmd.name=PING success=true reply.value=PONG")
}

func TestRedisLimits(t *testing.T) {
	b := newRedisBench(t, Limits{RedisPending: 3})
	for i := range 5 {
		b.send("", fmt.Sprint("C", i))
	}
	if len(b.c.weirds) != 1 || b.c.weirds[0] != "Redis_excessive_pipelining" || b.c.held != 0 {
		t.Errorf("%q, %d bytes are held", b.c.weirds, b.c.held)
	}
	b.send("", "PING")
	b.reply("PONG")
	b.expect("it begins again", "7 cmd.name=PING success=true reply.value=PONG")
	for i := range 6 {
		b.reply(fmt.Sprint(i))
	}
	b.expect("replies without commands", "13 success=true reply.value=4|14 success=true reply.value=5")
	endConn(&b.hooks, b.c)
	b.expect("at the end", "9 success=true reply.value=0|10 success=true reply.value=1|11 success=true reply.value=2|12 success=true reply.value=3")
}

// TestRedisOrder compares the pairing with a simple model, for commands and replies in any
// order.
func TestRedisOrder(t *testing.T) {
	for seed := range uint64(200) {
		b := newRedisBench(t, Limits{})
		type row struct{ cmd, reply string }
		model := map[int]*row{}
		at := func(n int) *row {
			if model[n] == nil {
				model[n] = &row{}
			}
			return model[n]
		}
		commands, replies := 0, 0
		var want []string
		state := seed*2 + 1
		for range 60 {
			state = state*6364136223846793005 + 1442695040888963407
			if state>>40%3 != 0 {
				commands++
				at(commands).cmd = fmt.Sprint("C", commands)
				b.send("", fmt.Sprint("C", commands))
				continue
			}
			before := max(replies, 1)
			replies++
			at(replies).reply = fmt.Sprint("R", replies)
			for n := before; n <= replies; n++ {
				if r := model[n]; r != nil && r.cmd != "" {
					want = append(want, r.cmd+" "+r.reply)
					delete(model, n)
				}
			}
			b.reply(fmt.Sprint("R", replies))
		}
		if replies > 0 {
			for n := 1; n <= max(commands, replies); n++ {
				if r := model[n]; r != nil {
					want = append(want, r.cmd+" "+r.reply)
				}
			}
		}
		endConn(&b.hooks, b.c)
		var got []string
		for r := range strings.SplitSeq(b.rows(), "|") {
			if r == "" {
				continue
			}
			var x row
			for w := range strings.FieldsSeq(r) {
				if v, ok := strings.CutPrefix(w, "cmd.name="); ok {
					x.cmd = v
				} else if v, ok := strings.CutPrefix(w, "reply.value="); ok {
					x.reply = v
				}
			}
			got = append(got, x.cmd+" "+x.reply)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("seed %d:\n%q\nwant\n%q", seed, got, want)
		}
	}
}

func BenchmarkRedis(b *testing.B) {
	x := newRedisBench(b, DefaultLimits())
	x.out.quiet = true
	cmd := &event.RedisCommand{Conn: x.c, Cmd: event.RedisCommandData{Raw: [][]byte{[]byte("GET"), []byte("key")}, Name: []byte("GET"),
		Key: value.Some([]byte("key")), Known: value.Some(value.Enum("Redis::RedisCommand_GET"))}}
	reply := &event.RedisReply{Conn: x.c, Data: event.RedisReplyData{Value: []byte("a value"), MinProtocolVersion: 2}}
	b.ReportAllocs()
	for b.Loop() {
		x.hooks.Redis.Command.Raise(cmd)
		x.hooks.Redis.Reply.Raise(reply)
	}
}
