package main

import (
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/wirelog/wirelog/pipeline"
)

// A notifier tells systemd how a service of Type=notify does (sd_notify(3)): that it is ready
// when the run has begun, that it lives each time the run tells its state, and that it stops.
type notifier struct {
	conn  net.Conn
	ready sync.Once
}

// notifySystemd tells systemd of the runs with these options, if it wants to know, until stop
// is called.
func notifySystemd(opts *pipeline.Options) (stop func()) {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return func() {}
	}
	if path[0] == '@' {
		path = "\x00" + path[1:] // an abstract socket
	}
	conn, err := net.Dial("unixgram", path)
	if err != nil {
		if opts.Notice != nil {
			opts.Notice("systemd is not told how the run does: " + err.Error())
		}
		return func() {}
	}
	n := &notifier{conn: conn}
	next := opts.Status
	opts.Status = func(s pipeline.Status) {
		n.alive(&s)
		if next != nil {
			next(s)
		}
	}
	return func() {
		n.send("STOPPING=1")
		_ = conn.Close() // a datagram is sent at once
	}
}

// send sends a message. If systemd does not take it, its watchdog tells.
func (n *notifier) send(message string) { _, _ = n.conn.Write([]byte(message)) }

func (n *notifier) alive(s *pipeline.Status) {
	n.ready.Do(func() { n.send("READY=1") })
	if len(s.Stuck) > 0 {
		n.send(fmt.Sprintf("STATUS=stuck: shards %v make no progress", s.Stuck)) // the watchdog acts
		return
	}
	n.send(fmt.Sprintf("WATCHDOG=1\nSTATUS=%d packets, %d dropped by the kernel, up %s",
		s.Source.Packets, s.KernelDropped, s.Time.Sub(s.Start).Round(time.Second)))
}
