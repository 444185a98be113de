package conn_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
)

// recorder records the events of a table, one word each.
type recorder struct {
	conns  []string // one for each connection that ended
	weirds []string
	events []string
	data   [2][]byte // what was delivered, gaps as <n>
}

var stateNames = [...]string{"inactive", "syn", "synack", "partial", "est", "closed", "reset"}

func describe(c event.Conn) string {
	o, r := c.Orig(), c.Resp()
	return fmt.Sprintf("%s %s/%s %d/%d %d/%d", c.History(), stateNames[o.State], stateNames[r.State],
		o.Size, r.Size, o.Packets, r.Packets)
}

// record listens to all events about connections on h.
func record(h *event.Hooks) *recorder {
	r := recordTraffic(h)
	h.Weird.Conn.Listen(func(e *event.ConnWeird) { r.weirds = append(r.weirds, e.Name) })
	h.Weird.Flow.Listen(func(e *event.FlowWeird) { r.weirds = append(r.weirds, e.Name) })
	h.Conn.RexmitInconsistency.Listen(func(e *event.RexmitInconsistency) {
		r.events = append(r.events, fmt.Sprintf("rexmit(%s,%s)", e.T1, e.T2))
	})
	return r
}

// recordTraffic is record without listeners to odd traffic, so that streams do not keep
// delivered bytes.
func recordTraffic(h *event.Hooks) *recorder {
	r := new(recorder)
	ev := func(name string) { r.events = append(r.events, name) }
	h.Conn.ConnectionStateRemove.Listen(func(e *event.ConnectionStateRemove) { r.conns = append(r.conns, describe(e.Conn)) })
	h.Conn.NewConnection.Listen(func(*event.NewConnection) { ev("new") })
	h.Conn.ConnectionTimeout.Listen(func(*event.ConnectionTimeout) { ev("timeout") })
	h.Conn.ConnectionFlipped.Listen(func(*event.ConnectionFlipped) { ev("flipped") })
	h.Conn.ConnectionReused.Listen(func(*event.ConnectionReused) { ev("reused") })
	h.Conn.ContentGap.Listen(func(e *event.ContentGap) { ev(fmt.Sprintf("gap(%v,%d,%d)", e.IsOrig, e.Seq, e.Length)) })
	t := &h.TCP
	t.ConnectionAttempt.Listen(func(*event.ConnectionAttempt) { ev("attempt") })
	t.ConnectionEstablished.Listen(func(*event.ConnectionEstablished) { ev("established") })
	t.PartialConnection.Listen(func(*event.PartialConnection) { ev("partial") })
	t.ConnectionRejected.Listen(func(*event.ConnectionRejected) { ev("rejected") })
	t.ConnectionReset.Listen(func(*event.ConnectionReset) { ev("reset") })
	t.ConnectionFinished.Listen(func(*event.ConnectionFinished) { ev("finished") })
	t.ConnectionHalfFinished.Listen(func(*event.ConnectionHalfFinished) { ev("half_finished") })
	t.ConnectionPartialClose.Listen(func(*event.ConnectionPartialClose) { ev("partial_close") })
	t.ConnectionPending.Listen(func(*event.ConnectionPending) { ev("pending") })
	t.ConnectionFirstACK.Listen(func(*event.ConnectionFirstACK) { ev("first_ack") })
	t.ConnectionEOF.Listen(func(e *event.ConnectionEOF) { ev(fmt.Sprintf("eof(%v)", e.IsOrig)) })
	t.Contents.Listen(func(e *event.TCPContents) { r.deliver(e.IsOrig, e.Contents) })
	h.Conn.ContentGap.Listen(func(e *event.ContentGap) { r.deliver(e.IsOrig, fmt.Appendf(nil, "<%d>", e.Length)) })
	return r
}

func (r *recorder) deliver(isOrig bool, b []byte) {
	i := 0
	if !isOrig {
		i = 1
	}
	r.data[i] = append(r.data[i], b...)
}

func newBench(t testing.TB, change func(*conn.Options)) (*testconn.Bench, *recorder) {
	cfg := testconn.Config()
	cfg.Contents = conn.ContentsBoth
	if change != nil {
		change(&cfg)
	}
	b := testconn.New(t, cfg)
	return b, record(b.Hooks)
}

// newBenches returns a newBench and a bench without listeners to odd traffic.
func newBenches(t testing.TB, change func(*conn.Options)) (all [2]*testconn.Bench, recorders [2]*recorder) {
	all[0], recorders[0] = newBench(t, change)
	cfg := testconn.Config()
	cfg.Contents = conn.ContentsBoth
	if change != nil {
		change(&cfg)
	}
	all[1] = testconn.New(t, cfg)
	recorders[1] = recordTraffic(all[1].Hooks)
	return all, recorders
}

const open = "> S 100; < SA 500 101; > A 101 501;"

// Scripts of TCP connections and what becomes of them in Zeek: history, states of the two
// ends, payload bytes and packets.
var tcpTests = []struct {
	name, script string
	conns        string // joined by ", "
	weirds       string // joined by " "
	events       string // joined by " "
}{
	{"unanswered", "> S 100; +6",
		"S syn/inactive 0/0 1/0", "",
		"new attempt"},
	{"refused", "> S 100; < RA 0 101; +60",
		"Sr syn/reset 0/0 1/1", "",
		"new rejected eof(false) timeout"},
	{"answered, no more", "> S 100; < SA 500 101; +301",
		"Sh est/est 0/0 1/1", "",
		"new established timeout"},
	{"normal close", open + "> PA 101 501 ping; < PA 501 105 pong; > FA 105 505; < FA 505 106; > A 106 506; +60",
		"ShADdFf closed/closed 4/4 5/3", "",
		"new established first_ack eof(true) eof(false) finished timeout"},
	{"closed by the responder first", open + "< FA 501 101; > A 101 502; > FA 101 502; < A 502 102; +60",
		"ShAfFa closed/closed 0/0 4/3", "",
		"new established first_ack eof(false) eof(true) finished timeout"},
	{"closed without acknowledging the last data", open + "> PA 101 501 x; < PA 501 102 reply; > FA 102 501; +400",
		"ShADdF closed/est 1/5 4/2", "",
		"new established first_ack timeout"},
	{"simultaneous close", open + "> FA 101 501; < FA 501 101; > A 102 502; < A 502 102; +60",
		"ShAFfa closed/closed 0/0 4/3", "",
		"new established first_ack eof(true) eof(false) finished timeout"},
	{"reset by the originator", open + "> PA 101 501 x; > R 102; +60",
		"ShADR reset/est 1/0 4/1", "",
		"new established first_ack reset eof(true) timeout"},
	{"reset by the responder", open + "< RA 501 101; +60",
		"ShAr est/reset 0/0 2/2", "",
		"new established first_ack reset eof(false) timeout"},
	{"SYN, then RST", "> S 100; > R 101; +60",
		"SR reset/inactive 0/0 2/0", "",
		"new reset eof(true) timeout"},
	{"SYN, then FIN", "> S 100; > F 101; +60",
		"SF closed/inactive 0/0 2/0", "inappropriate_FIN",
		"new eof(true) half_finished timeout"},
	{"half closed, never more", open + "> FA 101 501; < A 501 102; +400",
		"ShAFa closed/est 0/0 3/2", "",
		"new established first_ack eof(true) timeout"},
	{"still open at the end", open,
		"ShA est/est 0/0 2/1", "",
		"new established first_ack pending"},
	{"silent", open + "+301",
		"ShA est/est 0/0 2/1", "",
		"new established first_ack timeout"},
	{"wrong checksum", open + "> PA 101 501 x bad; < A 501 101 bad; +400",
		"ShACc est/est 0/0 2/1", "bad_TCP_checksum bad_TCP_checksum",
		"new established first_ack timeout"},
	{"retransmission", open + "> PA 101 501 ab; > PA 101 501 ab; < PA 501 103 cd; < PA 501 103 cd; +400",
		"ShADTdt est/est 2/2 4/3", "",
		"new established first_ack timeout"},
	{"zero window", open + "> A 101 501 win=0; < A 501 101 win=0; +400",
		"ShAWaw est/est 0/0 3/2", "window_recision",
		"new established first_ack timeout"},
	{"gap", open + "> PA 101 501 ab; > PA 113 501 cd; < A 501 115; < PA 521 115 ef; > A 115 523; +400",
		"ShADaGdg est/est 14/22 5/3", "",
		"new established first_ack gap(true,3,10) gap(false,1,20) timeout"},
	{"all flags", open + "> SFA 101 501; < SRA 501 101; +400",
		"ShAQq closed/reset 0/0 3/2", "SYN_seq_jump SYN_seq_jump TCP_christmas",
		"new established first_ack eof(true) reset eof(false) timeout"},
	{"FIN and RST", open + "> FRA 101 501; < FRA 501 101; +60",
		"ShAIi reset/reset 0/0 3/2", "",
		"new established first_ack reset eof(true) eof(false) timeout"},
	{"SYN-ACK first", "< SA 500 101; > A 101 501; > PA 101 501 x; < A 501 102; +400",
		"^hADa partial/synack 1/0 2/2", "connection_originator_SYN_ack",
		"new flipped timeout"},
	{"SYN-ACK of a scan", "> SA 500 101; +60",
		"H synack/inactive 0/0 1/0", "connection_originator_SYN_ack",
		"new attempt"},
	{"SYN-ACK of a scan, reset", "> SA 500 101; < R 101; +60",
		"Hr synack/reset 0/0 1/1", "connection_originator_SYN_ack",
		"new rejected eof(false) timeout"},
	{"SYN-ACK before its SYN", "> SA 500 101; < S 100; < A 101 501; < PA 101 501 x; > A 501 102; +400",
		"Hs^ADa est/est 1/0 3/2", "connection_originator_SYN_ack",
		"new flipped established first_ack timeout"},
	{"no flags", "> - 100 x; < - 500 y; +400",
		"Dd partial/partial 1/1 1/1", "",
		"new partial timeout"},
	{"mid-stream", "> PA 100 500 abc; < PA 500 103 de; > FA 103 502; < FA 502 104; > A 104 503; +60",
		"DdFfA closed/closed 3/2 3/2", "",
		"new partial eof(true) eof(false) finished timeout"},
	{"one direction only", "> S 100; > A 101 501; > PA 101 501 abc; > FA 104 505; > A 105 506; +400",
		"SADF closed/inactive 3/0 5/0", "possible_split_routing data_before_established inappropriate_FIN",
		"new first_ack eof(true) half_finished timeout"},
	{"other direction only", "< SA 500 101; < A 501 104; < PA 501 104 abcd; < FA 505 105; +400",
		"^hadf inactive/closed 0/4 0/4", "connection_originator_SYN_ack data_before_established inappropriate_FIN",
		"new flipped eof(false) half_finished timeout"},
	{"simultaneous open", "> S 100; < S 500; > SA 100 501; < SA 500 101; +400",
		"S syn/inactive 0/0 1/0, Sh est/est 0/0 2/1", "SYN_seq_jump",
		"new reused new established first_ack timeout"},
	{"split handshake", "> S 100; < A 500 101; < S 500 101; > SA 101 501; +400",
		"Sa syn/inactive 0/0 1/1, Sh est/est 0/0 1/1", "SYN_seq_jump",
		"new reused new established timeout"},
	{"SYN again with another number", "> S 100; > S 200; +60",
		"S syn/inactive 0/0 1/0, S syn/inactive 0/0 1/0", "SYN_seq_jump",
		"new reused new attempt"},
	{"SYN again", "> S 100; > S 100; > S 100; +60",
		"S syn/inactive 0/0 3/0", "",
		"new attempt"},
	{"reused while active", open + "> S 9000; < SA 7000 9001; > A 9001 7001; +400",
		"ShA est/est 0/0 2/1, ShA est/est 0/0 2/1", "active_connection_reuse",
		"new established first_ack reused new established first_ack timeout"},
	{"reused too early", open + "> FA 101 501; < FA 501 102; > A 102 502; +1; > S 9000; +60",
		"ShAFf closed/closed 0/0 4/2, S syn/inactive 0/0 1/0", "premature_connection_reuse",
		"new established first_ack eof(true) eof(false) finished reused new attempt"},
	{"reused later", open + "> FA 101 501; < FA 501 102; > A 102 502; +5.5; > S 9000; +60",
		"ShAFf closed/closed 0/0 4/2, S syn/inactive 0/0 1/0", "",
		"new established first_ack eof(true) eof(false) finished timeout new attempt"},
	{"data in SYN", "> S 100 abc; < SA 500 104; > A 104 501; > PA 104 501 de; +400",
		"SThAD est/est 5/0 3/1", "SYN_with_data",
		"new established first_ack timeout"},
	{"data before the handshake is over", "> S 100; > PA 101 0 x; +60",
		"SD syn/inactive 1/0 2/0", "possible_split_routing data_before_established",
		"new first_ack attempt"},
	{"data in RST", open + "> PA 101 501 ab; > R 103 0 because; +60",
		"ShADRT reset/est 2/0 4/1", "",
		"new established first_ack reset eof(true) timeout"},
	{"data after FIN", open + "> FA 101 501; > PA 102 501 abc; +400",
		"ShAFD closed/est 3/0 4/1", "",
		"new established first_ack eof(true) timeout"},
	{"after RST", open + "> R 101; > S 101; > F 102; > PA 102 501 abc; +60",
		"ShAR reset/est 0/0 3/1, SFD closed/inactive 2/0 3/0", "inappropriate_FIN",
		"new established first_ack reset eof(true) reused new eof(true) half_finished timeout"},
	{"FIN without connection", "> F 100; +60",
		"F closed/inactive 0/0 1/0", "spontaneous_FIN",
		"new eof(true) timeout"},
	{"RST without connection", "> R 100; +60",
		"R reset/inactive 0/0 1/0", "spontaneous_RST",
		"new eof(true) timeout"},
	{"urgent SYN", "> SU 100; +60",
		"S syn/inactive 0/0 1/0", "baroque_SYN",
		"new attempt"},
	{"SYN with RST", "> SR 100; +60",
		"Q reset/inactive 0/0 1/0", "TCP_christmas spontaneous_RST",
		"new eof(true) half_finished timeout"},
	{"everything at once", "> SFRPAU 100 0; +60",
		"I reset/inactive 0/0 1/0", "TCP_christmas baroque_SYN connection_originator_SYN_ack spontaneous_RST",
		"new eof(true) half_finished timeout"},
	{"wrong SYN-ACK", "> S 100; < SA 500 7777; +60",
		"ShG est/est 7676/0 1/1", "bad_SYN_ack",
		"new established gap(true,1,7676) pending"},
	{"SYN-ACK unasked", "> S 100; < SA 500 101; < SA 600 101; +400",
		"Sh est/est 0/0 1/2", "SYN_seq_jump",
		"new established timeout"},
	{"numbers wrap", "> S 4294967290; < SA 4294967293 4294967291; > A 4294967291 4294967294; > PA 4294967291 4294967294 len=20; < A 4294967294 15; < PA 4294967294 15 len=10; > FA 15 8; < FA 8 16; > A 16 9; +60",
		"ShADadFf closed/closed 20/10 5/4", "",
		"new established first_ack eof(true) eof(false) finished timeout"},
	{"numbers wrap, out of order", "> S 4294967290; < SA 500 4294967291; > A 4294967291 501; > PA 5 501 len=4; > PA 4294967291 501 len=10; < A 501 9; +400",
		"ShADTa est/est 14/0 4/2", "",
		"new established first_ack timeout"},
	{"window scale", "> S 100 opt=03030e01; < SA 500 101 opt=0303ff01; > A 101 501; +400",
		"ShA est/est 0/0 2/1", "TCP_scale_range",
		"new established first_ack timeout"},
	{"window taken back", open + "> A 101 501 win=8000; > A 101 501 win=10; +400",
		"ShA est/est 0/0 4/1", "window_recision window_recision",
		"new established first_ack timeout"},
	{"keep-alive", open + "> PA 101 501 x; < A 501 102; > A 101 501 x; < A 501 102; +400",
		"ShADaT est/est 1/0 4/3", "",
		"new established first_ack timeout"},
	{"acknowledges what was never sent", open + "> A 101 9000; > A 101 400; +400",
		"ShAg est/est 0/8499 4/1", "TCP_ack_underflow_or_misorder",
		"new established first_ack gap(false,1,8499) timeout"},
	{"before the beginning", open + "> PA 50 501 abc; +400",
		"ShADT est/est 0/0 3/1", "TCP_seq_underflow_or_misorder",
		"new established first_ack timeout"},
	{"FIN again, further on", open + "> FA 101 501; > FA 105 501; +400",
		"ShAFF closed/est 4/0 4/1", "FIN_advanced_last_seq",
		"new established first_ack eof(true) timeout"},
}

func TestTCP(t *testing.T) {
	for _, c := range tcpTests {
		benches, recorders := newBenches(t, likeZeek)
		for _, b := range benches {
			b.Script(c.script)
			b.Drain()
		}
		r, deaf := recorders[0], recorders[1]
		kept := slices.DeleteFunc(slices.Clone(r.events), func(ev string) bool { return strings.HasPrefix(ev, "rexmit") })
		if !slices.Equal(deaf.conns, r.conns) || !slices.Equal(deaf.events, kept) {
			t.Errorf("%s: without weirds %v %v, not %v %v", c.name, deaf.conns, deaf.events, r.conns, kept)
		}
		for _, x := range []struct{ what, got, want string }{
			{"connections", strings.Join(r.conns, ", "), c.conns},
			{"weirds", strings.Join(r.weirds, " "), c.weirds},
			{"events", strings.Join(r.events, " "), c.events},
		} {
			if x.got != x.want {
				t.Errorf("%s: %s\ngot  %s\nwant %s", c.name, x.what, x.got, x.want)
			}
		}
	}
}

// TestEveryLetter checks that the scripts produce every letter of the history, apart
// from X, which belongs to tunnels.
func TestEveryLetter(t *testing.T) {
	var all strings.Builder
	for _, c := range tcpTests {
		all.WriteString(c.conns + ", ")
	}
	letters := map[rune]bool{}
	for conn := range strings.SplitSeq(all.String(), ", ") {
		history, _, _ := strings.Cut(conn, " ")
		for _, l := range history {
			letters[l] = true
		}
	}
	for _, l := range "ShHAaDdFfRrCcTtWwGgIiQq^" {
		if !letters[l] {
			t.Errorf("no script produces %c", l)
		}
	}
}
