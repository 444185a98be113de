package logs

import (
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// What Zeek 8.2.2 prints of a table[conn_id], with the seeds of its tests in ZEEK_SEED_FILE:
// connections from 10.0.0.1, ports 1025, 1026 and so on, are inserted, then walked.
func TestTableOrder(t *testing.T) {
	var table tableOrder
	for _, want := range []string{
		"1",
		"1,2",
		"1,2,3",
		"4,3,2,1",
		"6,2,5,3,4,1,7",
		"10,6,2,4,8,9,11,3,5,12,1,7",
		"13,2,8,16,20,3,12,14,10,18,6,4,9,11,15,5,1,19,17,7",
		"35,28,13,25,26,16,3,12,21,10,6,32,36,4,31,11,22,23,19,33,2,39,40,8,20,24,34,14,29,18,27,9,30,15,37,5,1,38,7,17",
		"28,56,64,16,84,90,43,51,21,10,83,6,32,79,36,53,80,89,55,92,46,85,99,22,67,33,39,76,2,93," +
			"62,65,24,34,45,61,82,29,14,18,69,66,30,86,54,15,37,44,1,38,7,35,96,58,13,25,26,78,12,3," +
			"73,100,41,97,52,59,4,49,87,91,57,31,11,74,23,60,19,88,72,40,63,8,68,20,70,95,98,42,75,27," +
			"48,9,47,94,77,50,5,71,81,17",
	} {
		conns := make([]event.FileConn, strings.Count(want, ",")+1)
		for i := range conns {
			conns[i].ID = event.ConnID{OrigH: netip.MustParseAddr("10.0.0.1"), OrigP: uint16(1025 + i),
				RespH: netip.MustParseAddr("2001:db8::1"), RespP: 80, Proto: value.ProtoTCP, IPProto: 6}
		}
		var got []string
		table.order(conns, func(i int) { got = append(got, strconv.Itoa(i+1)) })
		if got := strings.Join(got, ","); got != want {
			t.Errorf("%d connections: order\n%s, want\n%s", len(conns), got, want)
		}
	}
}

func TestTableOrderMany(t *testing.T) {
	conns := make([]event.FileConn, 5000)
	for i := range conns {
		conns[i].ID = event.ConnID{OrigH: netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), OrigP: 53,
			RespH: netip.MustParseAddr("192.0.2.1"), RespP: 53, Proto: value.ProtoUDP, IPProto: 17}
	}
	seen := make([]bool, len(conns))
	visited := 0
	new(tableOrder).order(conns, func(i int) {
		if seen[i] {
			t.Fatalf("connection %d twice", i)
		}
		seen[i] = true
		visited++
	})
	if visited != len(conns) {
		t.Fatalf("%d of %d connections", visited, len(conns))
	}
}
