package testconn

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// Events records the events whose names begin with one of the prefixes, each as its
// name and its parameters in JSON. It must be called before the first packet.
func (b *Bench) Events(prefixes ...string) *[]string {
	lines := new([]string)
	_, err := event.NewStream(b.Hooks, func() value.Time { return b.Now }, func(line []byte) {
		var e struct {
			Event string
			Args  json.RawMessage
		}
		if err := json.Unmarshal(line, &e); err != nil {
			b.T.Fatalf("%s: %v", line, err)
		}
		if slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(e.Event, p) }) {
			*lines = append(*lines, e.Event+" "+string(e.Args))
		}
	})
	if err != nil {
		b.T.Fatal(err)
	}
	return lines
}

// Attach attaches an analyzer of p to c and returns it, or nil if there is none.
func (b *Bench) Attach(c *conn.Conn, p *conn.Protocol) (a conn.Analyzer) {
	before := len(analyzers(c))
	if b.Table.Attach(c, p).Taken() {
		a = analyzers(c)[before]
	}
	return a
}

func analyzers(c *conn.Conn) (list []conn.Analyzer) {
	c.EachAnalyzer(func(a conn.Analyzer) bool {
		list = append(list, a)
		return true
	})
	return list
}

// Play opens a connection, feeds an analyzer of p the parts in pieces of n bytes, and
// ends the connection. A part is what one side sends next; its first byte is > for the
// client and < for the server. ">~" is the end of a side and ">~5" a gap of 5 bytes.
func (b *Bench) Play(p *conn.Protocol, n int, parts []string) {
	b.Open()
	var c *conn.Conn
	b.Table.All(func(x *conn.Conn) { c = x })
	a := b.Attach(c, p)
	for _, s := range parts {
		isOrig, rest := s[0] == '>', s[1:]
		var gap uint64
		switch {
		case rest == "~":
			a.End(isOrig)
		case strings.HasPrefix(rest, "~"):
			if _, err := fmt.Sscanf(rest, "~%d", &gap); err != nil {
				b.T.Fatal(err)
			}
			a.Gap(isOrig, gap)
		default:
			for d := []byte(rest); len(d) > 0; {
				k := min(n, len(d))
				a.Data(isOrig, bytes.Clone(d[:k]))
				d = d[k:]
			}
		}
	}
	b.Table.Remove(c)
}

// Parts splits the input of a fuzz target into parts of Play without ends and gaps.
// They are separated by the byte 0xff.
func Parts(in string) (parts []string) {
	for _, p := range strings.Split(in, "\xff") {
		if len(p) > 1 && (p[0] == '<' || p[0] == '>') && p[1] != '~' {
			parts = append(parts, p)
		}
	}
	return parts
}
