package testconn

import (
	"fmt"
	"strings"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// Datagram sends a UDP datagram from Client, if isOrig is set, or from Server.
func (b *Bench) Datagram(isOrig bool, data []byte) {
	src, dst := b.Client, b.Server
	if !isOrig {
		src, dst = dst, src
	}
	b.Now += 1e6
	b.Packet(UDP(src, dst, data))
}

// Record listens to the events whose names begin with prefix, and to weirds, violations,
// confirmations and the ends of UDP sessions. The result returns what was raised since its
// last call: names with arguments.
func (b *Bench) Record(prefix string) (raised func() []string) {
	var lines []string
	add := func(format string, a ...any) { lines = append(lines, fmt.Sprintf(format, a...)) }
	if _, err := event.NewStream(b.Hooks, func() value.Time { return 0 }, func(line []byte) {
		_, rest, _ := strings.Cut(string(line), `"event":"`)
		name, rest, _ := strings.Cut(rest, `"`)
		if _, args, ok := strings.Cut(rest, `"args":`); ok && strings.HasPrefix(name, prefix) {
			add("%s %s", name, strings.TrimSuffix(args, "}\n"))
		}
	}, prefix+"*"); err != nil {
		b.T.Fatal(err)
	}
	b.Hooks.Weird.Conn.Listen(func(e *event.ConnWeird) { add("weird %s %s", e.Name, e.Addl) })
	b.Hooks.Weird.Net.Listen(func(e *event.NetWeird) { add("net_weird %s %s", e.Name, e.Addl) })
	b.Hooks.Analyzer.ViolationInfo.Listen(func(e *event.AnalyzerViolationInfo) { add("violation %s", e.Info.Reason) })
	b.Hooks.Analyzer.ConfirmationInfo.Listen(func(e *event.AnalyzerConfirmationInfo) {
		add("confirmed %s", strings.TrimPrefix(string(e.AType), "Analyzer::ANALYZER_"))
	})
	b.Hooks.Conn.UDPSessionDone.Listen(func(*event.UDPSessionDone) { add("done") })
	return func() []string {
		r := lines
		lines = nil
		return r
	}
}
