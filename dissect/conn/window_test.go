package conn_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/conn"
)

// likeZeek makes a table follow Zeek 8.2.
func likeZeek(o *conn.Options) {
	var err error
	if o.Compat, err = compat.Parse(compat.Zeek82); err != nil {
		panic(err)
	}
}

const (
	request = "> PA 101 501 ping; < A 501 105;"
	reply   = "< PA 501 105 pong; > A 105 505; > FA 105 505; < FA 505 106; > A 106 506; +60"
	whole   = "ShADadFf closed/closed 4/4 "
)

// Segments that a receiver would not accept, in the middle of a connection, and those
// that only seem so because the sensor has lost others.
var windowTests = []struct {
	name, script string
	conns        string // joined by ", "
	weirds       string // joined by " "
	data         string // of the originator, "|", of the responder
}{
	{"stray SYN-ACK", open + request + "< SA 1700000000 105;" + reply, whole + "6/5", "TCP_segment_outside_window", "ping|pong"},
	{"stray SYN-ACK with a wrong acknowledgement", open + request + "< SA 1700000000 77777;" + reply, whole + "6/5", "TCP_segment_outside_window", "ping|pong"},
	{"stray SYN", open + request + "> S 555555555;" + reply, whole + "7/4", "TCP_segment_outside_window", "ping|pong"},
	{"stray FIN ahead", open + request + "< FA 1700000000 105;" + reply, whole + "6/5", "TCP_segment_outside_window", "ping|pong"},
	{"stray FIN behind", open + "> PA 101 501 ping; > PA 105 501 ping; < A 501 109; > FA 101 501; < PA 501 109 pong; > A 109 505; > FA 109 505; < FA 505 110; > A 110 506; +60",
		"ShADadFf closed/closed 8/4 8/4", "TCP_segment_outside_window", "pingping|pong"},
	{"stray RST ahead", open + request + "> R 200000;" + reply, whole + "7/4", "TCP_segment_outside_window", "ping|pong"},
	{"stray RST behind", open + request + "> R 101;" + reply, whole + "7/4", "TCP_segment_outside_window", "ping|pong"},
	{"RST with any acknowledgement", open + request + "> RA 105 99999999; +60", "ShADaR reset/est 4/0 4/2", "", "ping|"},
	{"data ahead", open + "> PA 200101 501 evil; " + request + reply, whole + "7/4", "TCP_segment_outside_window", "ping|pong"},
	{"data before the SYN", open + request + "> PA 4294900000 501 evil;" + reply, whole + "7/4", "TCP_segment_outside_window", "ping|pong"},
	{"acknowledgement ahead", open + request + "> A 105 900000;" + reply, whole + "7/4", "TCP_segment_outside_window", "ping|pong"},
	{"data that acknowledges what was not sent", open + "> PA 101 900000 evil;" + request + reply, whole + "7/4", "TCP_segment_outside_window", "ping|pong"},
	{"after the end", open + request + reply[:len(reply)-3] + "< PA 1700000000 106 evil; +60", whole + "6/5", "TCP_segment_outside_window", "ping|pong"},
	{"two strays from one side", open + request + "< PA 1700000000 105 evil; < PA 1700000004 105 evil;" + reply, whole + "6/6", "TCP_segment_outside_window TCP_segment_outside_window", "ping|pong"},
	{"wrong SYN-ACK, then the right one", "> S 100; < SA 7000 9999; < SA 500 101; > A 101 501;" + request + reply, whole + "6/5", "TCP_segment_outside_window", "ping|pong"},
	{"SYN-ACK again with another number", "> S 100; < SA 7000 101; < SA 500 101; > A 101 501;" + request + reply,
		"ShADadFf closed/closed 4/4 6/5", "TCP_segment_outside_window SYN_seq_jump", "ping|pong"},
	{"refused", "> S 100; < RA 0 101; +60", "Sr syn/reset 0/0 1/1", "", "|"},
	{"refused by somebody else", "> S 100; < RA 0 7; < SA 500 101; > A 101 501;" + request + reply, whole + "6/5", "TCP_segment_outside_window", "ping|pong"},

	{"FIN captured after its acknowledgement", open + request + "< A 501 106; > FA 105 501; < FA 501 106; > A 106 502; +60",
		"ShADaGFf closed/closed 4/0 5/4", "", "ping<1>|"},
	{"loss that the other side acknowledges", open + request + "> PA 300105 501 more; < A 501 300109; > FA 300109 501; < FA 501 300110; > A 300110 502; +60",
		"ShADaGFf closed/closed 300008/0 6/4", "TCP_segment_outside_window", "ping<300000>more|"},
	{"loss that both sides go on from", open + request + "< A 501 300105; > PA 300105 501 more; < PA 501 300109 pong; > A 300109 505; +400",
		"ShADaGd est/est 300008/4 5/4", "TCP_segment_outside_window", "ping<300000>more|pong"},
	{"loss of both sides", open + request + "> PA 300105 200501 more; < PA 200501 300109 pong; > A 300109 200505; +400",
		"ShADagdG est/est 300008/200004 5/3", "TCP_segment_outside_window", "ping<300000>more|<200000>pong"},
	{"loss up to the FIN", open + request + "> FA 300105 501; < FA 501 300106; > A 300106 502; +60",
		"ShADaFfG closed/closed 300004/0 5/3", "TCP_segment_outside_window", "ping<300000>|"},
	{"the other side is not captured", open + "> PA 101 501 ping; > PA 300105 501 a; > PA 300106 501 b; > PA 300107 501 c; > PA 300108 501 d; > PA 300109 501 e; > PA 300110 501 f; > PA 300111 501 g; > PA 300112 501 h; > PA 300113 501 i; +400",
		"ShAD est/est 300013/0 12/1", strings.Repeat("TCP_segment_outside_window ", 8) + "above_hole_data_without_any_acks", "ping|"},
	{"begun in the middle", "> PA 101 501 ping; < PA 501 105 pong; > PA 900105 505 more; < A 505 900109; +400",
		"Dda partial/partial 900008/4 2/2", "", "pingmore|pong"},
	{"one direction only", "> S 100; > A 101 501; > PA 101 501 ping; > PA 900105 501 more; +400",
		"SAD syn/inactive 900008/0 4/0", "possible_split_routing data_before_established data_before_established above_hole_data_without_any_acks", "ping|"},

	{"another connection", open + request + "> S 9000; < SA 7000 9001; > A 9001 7001; +400",
		"ShADa est/est 4/0 3/2, ShA est/est 0/0 2/1", "TCP_segment_outside_window active_connection_reuse", "ping|"},
	{"another connection, refused", open + "> S 9000; < RA 0 9001; +60", "ShA est/est 0/0 2/1, Sr syn/reset 0/0 1/1", "TCP_segment_outside_window active_connection_reuse", "|"},
	{"another connection, unanswered", open + "> S 9000; +1; > S 9000; +400", "ShA est/est 0/0 2/1, S syn/inactive 0/0 2/0", "TCP_segment_outside_window active_connection_reuse", "|"},
	{"the same connection again, half closed", open + request + "> FA 105 501; > S 100; < SA 500 101; > A 101 501; +400",
		"ShADaF closed/est 4/0 4/2, ShA est/est 0/0 2/1", "active_connection_reuse", "ping|"},
	{"simultaneous open", "> S 100; < S 500; > SA 100 501; < SA 500 101; > A 101 501;" + request + reply,
		"SsADadFf closed/closed 4/4 7/5", "simultaneous_open", "ping|pong"},
	{"split handshake", "> S 100; < A 77 101; < S 500; > SA 100 501; < A 501 101; > A 101 501;" + request + reply,
		"SasADdFf closed/closed 4/4 7/6", "simultaneous_open", "ping|pong"},
}

func TestWindow(t *testing.T) {
	for _, c := range windowTests {
		b, r := newBench(t, nil)
		b.Script(c.script)
		if err := b.Table.Check(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		b.Drain()
		r.weirds = slices.DeleteFunc(r.weirds, func(w string) bool { return w == "window_recision" })
		for _, x := range []struct{ what, got, want string }{
			{"connections", strings.Join(r.conns, ", "), c.conns},
			{"weirds", strings.Join(r.weirds, " "), c.weirds},
			{"data", string(r.data[0]) + "|" + string(r.data[1]), c.data},
		} {
			if x.got != x.want {
				t.Errorf("%s: %s\ngot  %s\nwant %s", c.name, x.what, x.got, x.want)
			}
		}
	}
}
