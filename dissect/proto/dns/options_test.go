package dns

import (
	"net/netip"
	"testing"
	"time"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// TestSkippedSections sends a message with a record in every section and checks which of
// them raise events.
func TestSkippedSections(t *testing.T) {
	const (
		question1 = `request {"query":"q","qtype":1,"qclass":1,"original_query":"q"}`
		reply     = `query_reply {"query":"q","qtype":1,"qclass":1,"original_query":"q"}`
		answer    = `NS_reply {(1 a 2 1 1.0 min),"name":"x"}`
		auth      = `NS_reply {(2 b 2 1 1.0 min),"name":"x"}`
		addl      = `NS_reply {(3 c 2 1 1.0 min),"name":"x"}`
	)
	ns := func(owner string) string {
		return name(owner) + u16(typeNS) + u16(1) + x("0000003c") + u16(len(name("x"))) + name("x")
	}
	whole := message(response, [4]uint16{1, 1, 1, 1}, question("q", 1), ns("a"), ns("b"), ns("c"))
	noAnswer := message(response, [4]uint16{1, 0, 1, 1}, question("q", 1), ns("b"), ns("c"))
	server := netip.MustParseAddr("198.51.100.2")
	other := netip.MustParseAddr("198.51.100.3")
	for _, c := range []struct {
		what string
		o    Options // of the sections
		m    []byte
		want []string
	}{
		{"default", DefaultOptions(), whole, []string{reply, answer}},
		{"all authority records skipped", Options{SkipAllAuth: true}, whole, []string{reply, answer, addl}},
		{"all additional records skipped", Options{SkipAllAddl: true}, whole, []string{reply, answer, auth}},
		{"none skipped", Options{}, whole, []string{reply, answer, auth, addl}},
		{"authority records of a server", Options{SkipAuth: []netip.Addr{other, server}}, whole, []string{reply, answer, addl}},
		{"additional records of a server", Options{SkipAddl: []netip.Addr{server}}, whole, []string{reply, answer, auth}},
		{"both of a server", Options{SkipAuth: []netip.Addr{server}, SkipAddl: []netip.Addr{server}}, whole, []string{reply, answer}},
		{"of another server", Options{SkipAuth: []netip.Addr{other}, SkipAddl: []netip.Addr{other}}, whole, []string{reply, answer, auth, addl}},
		{"of a server, without answers", Options{SkipAuth: []netip.Addr{server}, SkipAddl: []netip.Addr{server}}, noAnswer, []string{reply, auth, addl}},
	} {
		o := DefaultOptions()
		o.SkipAllAuth, o.SkipAllAddl, o.SkipAuth, o.SkipAddl = c.o.SkipAllAuth, c.o.SkipAllAddl, c.o.SkipAuth, c.o.SkipAddl
		b := newBench(t, o)
		b.Server = netip.AddrPortFrom(server, 53)
		b.datagram(true, message(query, [4]uint16{1}, question("q", 1)))
		b.datagram(false, c.m)
		t.Log(c.what)
		b.expect(append([]string{question1}, c.want...)...)
	}
}

func TestMaxQueries(t *testing.T) {
	three := message(query, [4]uint16{3}, question("a", 1), question("b", 1), question("c", 1))
	for most, want := range map[int]int{0: 3, 2: 2, 3: 3, DefaultOptions().MaxQueries: 3} {
		o := DefaultOptions()
		o.MaxQueries = most
		b := newBench(t, o)
		b.datagram(true, three)
		got := b.take()
		if most == 2 {
			if len(got) != 3 || got[1] != "violation DNS_Conn_count_too_large" {
				t.Errorf("at most %d questions: %q", most, got)
			}
		} else if len(got) != want {
			t.Errorf("at most %d questions: %q, want %d events", most, got, want)
		}
	}
}

// TestSessionTimeoutOption sends one query and looks when its flow ends.
func TestSessionTimeoutOption(t *testing.T) {
	for _, timeout := range []time.Duration{DefaultOptions().SessionTimeout, 30 * time.Second, 0} {
		o := DefaultOptions()
		o.SessionTimeout = timeout
		b := newBench(t, o)
		b.Hooks.Conn.ConnectionTimeout.Listen(func(*event.ConnectionTimeout) { b.lines = append(b.lines, "timeout") })
		b.datagram(true, message(query, [4]uint16{1}, question("a", 1)))
		b.take()
		if timeout == 0 {
			timeout = time.Minute // udp_inactivity_timeout
		}
		b.Advance(value.Time(timeout - time.Second))
		b.expect()
		b.Advance(value.Time(2 * time.Second))
		b.expect("timeout", "done")
	}
}
