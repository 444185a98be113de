package kafka_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/wirelog/wirelog/writers"
	"github.com/wirelog/wirelog/writers/kafka"
)

// restart starts a cluster at the address of a closed one.
func restart(t *testing.T, addr string) *kfake.Cluster {
	var port int
	fmt.Sscanf(addr[strings.LastIndex(addr, ":")+1:], "%d", &port)
	return brokers(t, kfake.NumBrokers(1), kfake.Ports(port))
}

func spooling(t *testing.T, addr string) kafka.Config {
	c := quick([]string{addr})
	c.Spool, c.RequestTimeout, c.Deadline = filepath.Join(t.TempDir(), "spool"), time.Second, 20*time.Second
	return c
}

func segments(t *testing.T, c kafka.Config) []string {
	list, err := filepath.Glob(filepath.Join(c.Spool, "*.spool"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// inOrder verifies that the records of a partition are in order.
func inOrder(t *testing.T, list []*kgo.Record) {
	t.Helper()
	last := map[int32]int{}
	for _, m := range list {
		var i int
		fmt.Sscanf(string(m.Key), "C%d", &i)
		if i < last[m.Partition] {
			t.Fatalf("C%d comes after C%d", i, last[m.Partition])
		}
		last[m.Partition] = i
	}
}

// Records go to the broker, to the spool while the broker is away, and to the broker
// again. Nothing blocks, and the order is kept.
func TestSpool(t *testing.T) {
	c := brokers(t, kfake.NumBrokers(1))
	addr := c.ListenAddrs()[0]
	cfg := spooling(t, addr)
	cfg.BufferBytes = 50_000
	r := start(t, cfg)
	r.conns(10)
	time.Sleep(500 * time.Millisecond)
	c.Close()
	begun := time.Now()
	for range 20 {
		r.conns(100)
	}
	if d := time.Since(begun); d > 2*time.Second {
		t.Errorf("writing took %s", d)
	}
	if len(segments(t, cfg)) == 0 {
		t.Fatal("nothing is in the spool")
	}
	restart(t, addr)
	for range 10 {
		r.conns(100)
		time.Sleep(10 * time.Millisecond)
	}
	if s := r.finish(); s.Written != 3010 || s.Lost() != 0 {
		t.Errorf("%+v %q %q", s, r.reports, r.notices)
	}
	if left := segments(t, cfg); len(left) != 0 {
		t.Errorf("the spool still has %q", left)
	}
	inOrder(t, consume(t, []string{addr}, 3000, "zeek-conn"))
}

// Records left in the spool are counted, and sent by the next run, whether the run ended
// properly or in the middle of a write.
func TestSpoolIsSentByTheNextRun(t *testing.T) {
	c := brokers(t, kfake.NumBrokers(1))
	addr := c.ListenAddrs()[0]
	c.Close()
	cfg := spooling(t, addr)
	cfg.Deadline = 2 * time.Second
	r := start(t, cfg)
	r.conns(500)
	if s := r.finish(); s.Written != 0 || s.Dropped[kafka.DropSpooled] != 500 {
		t.Errorf("%+v", s)
	}
	left := segments(t, cfg)
	if len(left) != 1 {
		t.Fatalf("segments %q", left)
	}
	data, err := os.ReadFile(left[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(left[0], append(data, data[:50]...), 0o644); err != nil {
		t.Fatal(err)
	}
	restart(t, addr)
	cfg.Deadline = 20 * time.Second
	r2 := start(t, cfg)
	r2.num = 500
	r2.conns(100)
	if s := r2.finish(); s.Written != 100 || len(r2.notices) == 0 || !strings.Contains(r2.notices[0], "of an earlier run") || len(r2.reports) != 0 {
		t.Errorf("%+v %q %q", s, r2.reports, r2.notices)
	}
	if left := segments(t, cfg); len(left) != 0 {
		t.Errorf("the spool still has %q", left)
	}
	list := consume(t, []string{addr}, 600, "zeek-conn")
	atLeastOnce(t, list, 600)
	inOrder(t, list)
}

func TestSpoolCap(t *testing.T) {
	c := brokers(t, kfake.NumBrokers(1))
	addr := c.ListenAddrs()[0]
	c.Close()
	cfg := spooling(t, addr)
	cfg.SpoolBytes = 10_000
	r := start(t, cfg)
	r.conns(100)
	restart(t, addr)
	s := r.finish()
	if s.Dropped[kafka.DropSpoolFull] == 0 || s.Written == 0 || s.Written+s.Dropped[kafka.DropSpoolFull] != 100 {
		t.Errorf("%+v", s)
	}
	atLeastOnce(t, consume(t, []string{addr}, int(s.Written), "zeek-conn"), int(s.Written))
}

func TestSpoolOfTwo(t *testing.T) {
	cfg := spooling(t, "127.0.0.1:1")
	start(t, cfg)
	p, err := kafka.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := writers.New(writers.Config{Outputs: []writers.Output{{Place: p}}}); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("a second place with the same spool: %v", err)
	}
}
