package logs

import (
	"slices"
	"sort"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// redis builds redis.log after Zeek's base/protocols/redis: a row for each command, when a
// reply to it or to a later one comes, or when the connection ends.
type redis struct {
	states[redisState]
	out    schemas.Emitter
	now    func() value.Time
	most   int // commands without a reply
	asZeek bool
	free   freelist.List[redisPending]
	rec    schemas.Redis
	uidBuf []byte
}

// A redisState pairs the commands of a connection with the replies, by their numbers, which
// begin at 1.
type redisState struct {
	// pending has the rows to come in the order of their numbers, after the first spare
	// places.
	pending           []*redisPending
	spare             int
	commands, replies uint64 // the latest number of each
	// silent has the commands whose replies a CLIENT REPLY command turns off.
	silent     []redisSilence
	resp3      bool
	subscribed bool // messages of the server are pushes
	answered   bool // the server has sent something
	violated   bool
	held       int
}

// redisSilence is the numbers of commands from begin up to end, or without an end.
type redisSilence struct{ begin, end uint64 }

// redisPending is a command, its reply, or both.
type redisPending struct {
	n     uint64
	ts    value.Time
	skip  bool // there is no reply
	asked bool // the command is there
	name  []byte
	key   optText
	value optText
	reply optText
	good  bool // the reply is no error
	held  int  // bytes on the connection's account
}

// redisNoReply has the commands that are answered by pushes (Redis::no_response_commands).
var redisNoReply = map[value.Enum]bool{
	"Redis::RedisCommand_PSUBSCRIBE": true, "Redis::RedisCommand_PUNSUBSCRIBE": true, "Redis::RedisCommand_SSUBSCRIBE": true,
	"Redis::RedisCommand_SUBSCRIBE": true, "Redis::RedisCommand_SUNSUBSCRIBE": true, "Redis::RedisCommand_UNSUBSCRIBE": true,
}

// redisSubscribes has the commands that begin the subscribed mode of RESP2
// (Redis::enter_subscribed_mode). Any other known command ends it.
var redisSubscribes = map[value.Enum]bool{
	"Redis::RedisCommand_PSUBSCRIBE": true, "Redis::RedisCommand_SSUBSCRIBE": true, "Redis::RedisCommand_SUBSCRIBE": true,
}

func installRedis(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &redis{out: out, now: o.Now, most: o.Limits.RedisPending, asZeek: o.Compat.Has(compat.Redis)}
	b.init(h, b.ended)
	h.Redis.HelloCommand.Listen(func(e *event.RedisHelloCommand) {
		s := b.state(e.Conn)
		s.resp3 = s.resp3 || string(e.Command.RequestedRESPVersion.V) == "3"
	})
	h.Redis.Command.Listen(b.command)
	h.Redis.Reply.Listen(func(e *event.RedisReply) {
		s := b.state(e.Conn)
		if e.Data.MinProtocolVersion == 3 {
			s.resp3, s.subscribed = true, false
		}
		s.answered = true
		if !s.subscribed {
			b.reply(e.Conn, s, &e.Data, true)
		}
	})
	h.Redis.ServerPush.Listen(func(e *event.RedisServerPush) { b.state(e.Conn).answered = true })
	h.Redis.Error.Listen(func(e *event.RedisError) { b.reply(e.Conn, b.state(e.Conn), &e.Data, false) })
	h.Analyzer.ViolationInfo.Listen(func(e *event.AnalyzerViolationInfo) {
		if e.AType == "Analyzer::ANALYZER_REDIS" {
			if s := b.known(e.Conn); s != nil {
				s.violated = true
			}
		}
	})
}

func (b *redis) state(c event.Conn) *redisState {
	s := b.known(c)
	if s == nil {
		s = b.add(c)
		*s = redisState{pending: s.pending[:0], silent: s.silent[:0]}
	}
	return s
}

// rows returns the rows to come.
func (s *redisState) rows() []*redisPending { return s.pending[s.spare:] }

// from returns the index in rows of the first row of a number from n on.
func (s *redisState) from(n uint64) int {
	r := s.rows()
	if len(r) == 0 || r[0].n >= n {
		return 0
	}
	if r[len(r)-1].n < n {
		return len(r)
	}
	return sort.Search(len(r), func(i int) bool { return r[i].n >= n })
}

// at returns the row of a number, which it makes if there is none.
func (b *redis) at(s *redisState, n uint64) *redisPending {
	i := s.from(n)
	if r := s.rows(); i < len(r) && r[i].n == n {
		return r[i]
	}
	p := b.free.Get()
	p.n, p.ts, p.held, p.skip, p.asked, p.good = n, b.now(), 0, false, false, false
	p.name = p.name[:0]
	p.key.clear()
	p.value.clear()
	p.reply.clear()
	if s.spare > 0 && s.spare == len(s.pending) {
		s.pending, s.spare, i = s.pending[:0], 0, 0
	}
	if len(s.pending) == cap(s.pending) && s.spare > len(s.pending)/2 {
		s.pending, s.spare = s.pending[:copy(s.pending, s.rows())], 0
	}
	s.pending = slices.Insert(s.pending, s.spare+i, p)
	return p
}

// command takes a command.
func (b *redis) command(e *event.RedisCommand) {
	s := b.state(e.Conn)
	if b.most > 0 && len(s.rows()) > b.most {
		e.Conn.Weird("Redis_excessive_pipelining", "", "")
		b.clear(e.Conn, s)
		b.drop(e.Conn, s)
		return
	}
	s.commands++
	cmd := &e.Cmd
	skip := s.subscribed && !b.asZeek
	if cmd.Known.OK {
		if !s.resp3 {
			s.subscribed = redisSubscribes[cmd.Known.V]
		}
		skip = s.subscribed || redisNoReply[cmd.Known.V]
		if cmd.Known.V == "Redis::RedisCommand_CLIENT" && len(cmd.Raw) == 3 {
			s.switchReplies(cmd.Raw[2])
		}
	}
	p := b.at(s, s.commands)
	p.asked, p.skip = true, skip
	p.name = append(p.name[:0], cmd.Name...)
	if cmd.Key.OK {
		p.key.set(cmd.Key.V)
	}
	if cmd.Value.OK {
		p.value.set(cmd.Value.V)
	}
	b.weigh(e.Conn, s, p)
}

// switchReplies follows CLIENT REPLY ON, OFF and SKIP.
func (s *redisState) switchReplies(word []byte) {
	n := len(s.silent)
	open := n > 0 && s.silent[n-1].end == 0
	switch {
	case equalFold(word, "on"):
		if open {
			s.silent[n-1].end = s.commands
		}
	case open:
	case equalFold(word, "off"):
		s.silent = append(s.silent, redisSilence{begin: s.commands})
	case equalFold(word, "skip"): // this one and the next one
		s.silent = append(s.silent, redisSilence{s.commands, s.commands + 2})
	}
}

// next returns the number of the next reply.
func (s *redisState) next() uint64 {
	n := s.replies + 1
	for len(s.silent) > 0 && s.silent[0].end != 0 && s.silent[0].end <= n {
		s.silent = append(s.silent[:0], s.silent[1:]...)
	}
	next := n
	for _, r := range s.silent {
		if r.begin > n {
			break
		}
		if r.end != 0 {
			next = r.end
		}
	}
	for _, p := range s.rows()[s.from(next):] {
		if p.n != next || !p.skip {
			break
		}
		p.skip = false
		next++
	}
	return next
}

// reply takes a reply. The commands before its own have none.
func (b *redis) reply(c event.Conn, s *redisState, d *event.RedisReplyData, good bool) {
	before := max(s.replies, 1)
	s.replies = s.next()
	if b.most > 0 && len(s.rows()) > b.most && s.from(s.replies) == len(s.rows()) {
		// Nothing asked for it. A row at once takes no memory.
		b.emit(c, &redisPending{ts: b.now(), reply: optText{b: d.Value, ok: true}, good: good})
		return
	}
	own := b.at(s, s.replies)
	own.good = good
	own.reply.set(d.Value)
	if !own.asked {
		b.weigh(c, s, own)
	}
	r := s.rows()
	first := s.from(before)
	end, kept := first, first
	for ; end < len(r) && r[end].n <= s.replies; end++ {
		p := r[end]
		if !p.asked {
			r[kept] = p
			kept++
			continue
		}
		b.emit(c, p)
		b.keep(c, &s.held, s.held-p.held)
		b.recycle(p)
	}
	if n := end - kept; kept < len(r)-end {
		copy(r[n:], r[:kept])
		s.spare += n
	} else {
		s.pending = s.pending[:s.spare+kept+copy(r[kept:], r[end:])]
	}
}

// ended writes what is left if the server is one of Redis. Zeek wants a reply, which the
// commands of a subscriber do not have.
func (b *redis) ended(c event.Conn, s *redisState) {
	if !s.violated && (s.replies != 0 || s.answered && !b.asZeek) {
		for _, p := range s.rows() {
			b.emit(c, p)
		}
	}
	b.clear(c, s)
}

// clear forgets the rows to come.
func (b *redis) clear(c event.Conn, s *redisState) {
	for _, p := range s.rows() {
		b.recycle(p)
	}
	s.pending, s.spare = s.pending[:0], 0
	if cap(s.pending) > 64 {
		s.pending = nil
	}
	b.keep(c, &s.held, 0)
}

// weigh counts what a row to come takes.
func (b *redis) weigh(c event.Conn, s *redisState, p *redisPending) {
	n := freelist.Size[redisPending]() + len(p.name) + len(p.key.b) + len(p.value.b) + len(p.reply.b)
	b.keep(c, &s.held, s.held-p.held+n)
	p.held = n
}

func (b *redis) recycle(p *redisPending) {
	if cap(p.name)+cap(p.key.b)+cap(p.value.b)+cap(p.reply.b) > 4<<10 {
		*p = redisPending{}
	}
	b.free.Put(p)
}

func (b *redis) emit(c event.Conn, p *redisPending) {
	id, uid := c.ID(), c.UID()
	b.uidBuf = uid.Append(b.uidBuf[:0])
	b.rec = schemas.Redis{
		TS: p.ts, UID: text(b.uidBuf), ID: Endpoints(&id),
		Name: value.Opt[string]{V: text(p.name), OK: p.asked}, Key: p.key.column(), Value: p.value.column(),
		Success: value.Opt[bool]{V: p.good, OK: p.reply.ok}, Reply: p.reply.column(),
	}
	b.out.Emit(&b.rec)
}
