package redis

import (
	"github.com/wirelog/wirelog/dissect/codec/ascii"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// client is the state of the client's stream.
type client struct {
	line
	state clientState
	null  bool  // a word has no contents
	left  int64 // words to come
	bytes int64 // bytes of the word to come
	arena []byte
	words []word
	lost  bool // not all is kept
}

// word is a word of a command, in the arena.
type word struct{ from, to int32 }

// wordCost is what a word takes beside its bytes.
const wordCost = 8

type clientState uint8

const (
	clientStart   clientState = iota
	clientInline              // in a command that is a line
	clientCount               // in the number of words
	clientType                // before a word
	clientLen                 // in a word's length
	clientWord                // in a word
	clientWordEnd             // in the line after it
)

func (c *client) kept() int { return len(c.buf) + len(c.arena) + wordCost*len(c.words) }

// release gives up the current message.
func (c *client) release(f *factory) {
	c.line.release(&f.spare)
	f.spare.Put(c.arena)
	words := c.words[:0]
	if cap(words) > 64 {
		words = nil
	}
	*c = client{words: words}
}

// begin begins a command.
func (c *client) begin() {
	c.arena, c.words, c.null, c.lost = c.arena[:0], c.words[:0], false, false
}

// add begins a word.
func (c *client) add(a *analyzer) bool {
	if len(c.arena)+wordCost*len(c.words) >= a.f.opt.MessageBytes {
		c.lost = true
		return false
	}
	c.words = append(c.words, word{int32(len(c.arena)), int32(len(c.arena))})
	return true
}

// put adds bytes to the last word.
func (c *client) put(a *analyzer, b []byte) {
	if room := a.f.opt.MessageBytes - len(c.arena) - wordCost*len(c.words); c.lost || len(b) > room {
		if c.lost {
			return
		}
		c.lost, b = true, b[:max(0, room)]
	}
	if c.arena == nil {
		c.arena = a.f.spare.Get()
	}
	c.arena = append(c.arena, b...)
	c.words[len(c.words)-1].to = int32(len(c.arena))
}

// requests takes bytes of the client.
func (a *analyzer) requests(b []byte) {
	c, spare, seg := &a.client, &a.f.spare, b
	for len(b) > 0 {
		switch c.state {
		case clientStart:
			c.begin()
			c.state = clientInline
			if b[0] == '*' {
				b = b[1:]
				c.state = clientCount
			}
		case clientInline:
			text, rest, state := c.next(spare, b, maxInline, maxInline)
			if state == lineLong {
				a.fail("parsing not done within &max-size bytes"+resp+"86:28-86:41)", seg)
				return
			}
			if b = rest; state == lineWhole {
				c.split(a, text)
				a.command(seg)
			}
		case clientCount, clientLen:
			text, rest, state := c.next(spare, b, maxDigits, maxLine)
			if b = rest; state == lineShort {
				break
			}
			n, err := number(text)
			if state == lineLong {
				err = faultLine
			}
			if c.state == clientCount {
				err = a.count(n, err)
			} else {
				err = a.length(n, err)
			}
			if err != faultNone {
				a.fail(fault{kind: err, n: n, m: int64(a.f.opt.Elements)}.String(), seg)
				return
			}
			if c.state == clientCount {
				if c.left, c.state = max(n, 0), clientType; c.left == 0 {
					a.command(seg)
				}
			}
		case clientType:
			if b[0] != '$' {
				a.fail("&requires failed: ($$ == '$')"+resp+"106:13-106:31)", seg)
				return
			}
			b = b[1:]
			c.state = clientLen
			if text, rest, ok := whole(b); ok {
				if c.add(a) {
					c.put(a, text)
				}
				b = rest
				c.wordDone(a, seg)
			}
		case clientWord:
			n := min(c.bytes, int64(len(b)))
			c.put(a, b[:n])
			b = b[n:]
			if c.bytes -= n; c.bytes == 0 {
				c.state = clientWordEnd
			}
		case clientWordEnd:
			_, rest, state := c.next(spare, b, 0, maxLine)
			if state == lineLong {
				a.fail(fault{kind: faultLine}.String(), seg)
				return
			}
			if b = rest; state == lineWhole {
				c.wordDone(a, seg)
			}
		}
		if a.dead {
			return
		}
	}
}

// wordDone ends a word.
func (c *client) wordDone(a *analyzer, seg []byte) {
	c.state = clientType
	if c.left--; c.left == 0 {
		a.command(seg)
	}
}

// count checks the number of words of a command.
func (a *analyzer) count(n int64, err faultKind) faultKind {
	switch limit := int64(a.f.opt.Elements); {
	case err != faultNone:
		return err
	case n < -1:
		return faultCount
	case limit != 0 && n > limit:
		a.Limited(source, "elements")
		return faultElements
	}
	return faultNone
}

// length begins a word.
func (a *analyzer) length(n int64, err faultKind) faultKind {
	c := &a.client
	switch {
	case err != faultNone:
		return err
	case n > maxLine:
		return faultLength
	}
	c.add(a)
	c.bytes, c.state = n, clientWord
	if n <= 0 {
		c.null = c.null || n < 0
		c.state = clientWordEnd
	}
	return faultNone
}

// blank reports whether c separates words: white space and NUL.
func blank(c byte) bool { return c == 0 || c == '\t' || c == '\n' || c == '\r' || c == ' ' }

// plain are the bytes that are neither blank nor quotes.
var plain = func() (t [256]bool) {
	for x := range 256 {
		t[x] = !blank(byte(x)) && x != '"' && x != '\''
	}
	return t
}()

// quoted returns where what is in quotes from b[n] on ends. A quote after a backslash does not end it.
func quoted(b []byte, n int) int {
	quote := b[n]
	for n++; n < len(b); n++ {
		switch {
		case b[n] == '\\' && n+1 < len(b) && b[n+1] == quote:
			n++
		case b[n] == quote:
			return n + 1
		}
	}
	return n
}

// split splits a command that is a line into words. Quotes stay, as in Zeek.
func (c *client) split(a *analyzer, b []byte) {
	for {
		for len(b) > 0 && blank(b[0]) {
			b = b[1:]
		}
		if len(b) == 0 {
			return
		}
		n := 0
		for n < len(b) {
			if plain[b[n]] {
				n++
			} else if blank(b[n]) {
				break
			} else {
				n = quoted(b, n)
			}
		}
		if c.add(a) {
			c.put(a, b[:n])
		}
		b = b[n:]
	}
}

// command raises the events of a complete command.
func (a *analyzer) command(seg []byte) {
	c := &a.client
	c.state = clientStart
	if c.lost {
		a.Limited(source, "message_bytes")
	}
	switch {
	case c.null:
		a.fail("unset field 'content'", seg)
		return
	case len(c.words) == 0: // servers pass over it
		if a.Compat(asZeek) {
			a.fail("failed expression '|raw| >= 1' (zeek/src/analyzer/protocol/redis/redis.spicy:153:5-153:22)", seg)
		}
		return
	}
	raw := a.f.raw[:0]
	for _, w := range c.words {
		raw = append(raw, c.arena[w.from:w.to:w.to])
	}
	a.f.raw = raw
	if cap(raw) > 1024 {
		a.f.raw = nil
	}
	cmd := event.RedisCommandData{Raw: raw, Name: raw[0]}
	k := lookup(raw[0])
	if k != nil {
		cmd.Known = value.Some(k.name)
		if k.key > 0 && len(raw) > int(k.key) {
			cmd.Key = value.Some(raw[k.key])
		}
		if k.value > 0 && len(raw) > int(k.value) {
			cmd.Value = value.Some(raw[k.value])
		}
		if !a.special(k, raw, seg) {
			return
		}
		if !a.resp3 {
			a.pushes = k.subscribes
		}
	}
	if e := a.f.hooks.Command.Begin(); e != nil {
		*e = event.RedisCommand{Conn: a.Conn(), Cmd: cmd}
		a.f.hooks.Command.Raise(e)
	}
	a.f.spare.Put(c.arena)
	c.arena, c.words = nil, c.words[:0]
}

// special raises the event of a command that has one of its own. It reports whether the
// command is right.
func (a *analyzer) special(k *known, raw [][]byte, seg []byte) bool {
	switch k.name {
	case nameSet:
		if len(raw) < 3 {
			return true
		}
		set, ok := parseSet(raw)
		if !ok && a.Compat(asZeek) {
			a.fail(fault{kind: faultUnsigned}.String(), seg)
			return false
		}
		if e := a.f.hooks.SetCommand.Begin(); e != nil {
			*e = event.RedisSetCommand{Conn: a.Conn(), Command: set}
			a.f.hooks.SetCommand.Raise(e)
		}
	case nameGet:
		if len(raw) < 2 {
			return true
		}
		if e := a.f.hooks.GetCommand.Begin(); e != nil {
			*e = event.RedisGetCommand{Conn: a.Conn(), Key: raw[1]}
			a.f.hooks.GetCommand.Raise(e)
		}
	case nameAuth:
		if len(raw) < 2 {
			return true
		}
		if e := a.f.hooks.AuthCommand.Begin(); e != nil {
			*e = event.RedisAuthCommand{Conn: a.Conn(), Command: event.RedisAuthData{Password: raw[1]}}
			if len(raw) > 2 {
				e.Command = event.RedisAuthData{Username: value.Some(raw[1]), Password: raw[2]}
			}
			a.f.hooks.AuthCommand.Raise(e)
		}
	case nameHello:
		a.resp3 = a.resp3 || len(raw) > 1 && string(raw[1]) == "3"
		if e := a.f.hooks.HelloCommand.Begin(); e != nil {
			*e = event.RedisHelloCommand{Conn: a.Conn()}
			if len(raw) > 1 {
				e.Command.RequestedRESPVersion = value.Some(raw[1])
			}
			a.f.hooks.HelloCommand.Raise(e)
		}
	}
	return true
}

// parseSet reads the options of a SET command. It reports whether their numbers are
// numbers; one that is none is unset.
func parseSet(raw [][]byte) (s event.RedisSetData, ok bool) {
	s, ok = event.RedisSetData{Key: raw[1], Value: raw[2]}, true
	for i := 3; i < len(raw); i++ {
		var num *value.Opt[uint64]
		switch {
		case ascii.Equal(raw[i], "nx"):
			s.NX = true
		case ascii.Equal(raw[i], "xx"):
			s.XX = true
		case ascii.Equal(raw[i], "get"):
			s.Get = true
		case ascii.Equal(raw[i], "keepttl"):
			s.KeepTTL = true
		case ascii.Equal(raw[i], "ex"):
			num = &s.EX
		case ascii.Equal(raw[i], "px"):
			num = &s.PX
		case ascii.Equal(raw[i], "exat"):
			num = &s.EXAT
		case ascii.Equal(raw[i], "pxat"):
			num = &s.PXAT
		}
		if i++; num == nil {
			i--
		} else if i < len(raw) {
			n, err := number(raw[i])
			if err != faultNone || n < 0 {
				ok = false
			} else {
				*num = value.Some(uint64(n))
			}
		}
	}
	return s, ok
}
