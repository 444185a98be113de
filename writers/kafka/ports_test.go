package kafka_test

import (
	"net"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"github.com/wirelog/wirelog/writers"
	"github.com/wirelog/wirelog/writers/kafka"
)

// TestPorts: a place knows the ports of brokers that are named, and of those that the cluster
// names if it answers.
func TestPorts(t *testing.T) {
	c := brokers(t)
	var want []uint16
	for _, addr := range c.ListenAddrs() {
		_, port, err := net.SplitHostPort(addr)
		if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.Atoi(port)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, uint16(n))
	}
	away, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := away.Addr().(*net.TCPAddr)
	away.Close()
	for _, test := range []struct {
		brokers []string
		want    []uint16
		all     bool
	}{
		{c.ListenAddrs()[:1], want, true},
		{[]string{closed.String()}, []uint16{uint16(closed.Port)}, false},
	} {
		var place writers.Reacher
		r := start(t, quick(test.brokers), func(cfg *writers.Config) { place = cfg.Outputs[0].Place.(writers.Reacher) })
		got, all := place.Ports()
		slices.Sort(got)
		slices.Sort(test.want)
		if got = slices.Compact(got); !slices.Equal(got, test.want) || all != test.all {
			t.Errorf("%q: ports %d, all: %v; want %d", test.brokers, got, all, test.want)
		}
		_ = r.Close() // a cluster that is away is told
	}
}

// TestNotPermitted: a port that the sandbox does not allow is told with what to do.
func TestNotPermitted(t *testing.T) {
	err := &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9093}, Err: syscall.EACCES}
	if got := kafka.Explain(err); got != "127.0.0.1:9093: connecting is not permitted: if the program is confined, sandbox.ports adds the port" {
		t.Errorf("%q", got)
	}
}
