package capture

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// listener is the source of Listen, or a part of it.
type listener struct {
	opt     ListenOptions
	batcher Batcher
	filter  *filterSet // nil matches all
	taps    []*tap
	polls   []unix.PollFd
	lag     time.Duration // by which a packet may come later than its time
	now     func() time.Time

	looked time.Time // when the interfaces were last looked at
	felt   time.Time // when pressure was last measured
	// pressure is that of the batches.
	pressure float32
	stopped  time.Time // when Stop was called
	done     error
	close    func() error          // nil for a part
	all      *together             // what is known of other parts' packets too
	told     atomic.Pointer[Stats] // what Stats has returned
}

// tap is what a shard has of an interface.
type tap struct {
	*socket
	iface *iface
	shard int
	stats InterfaceStats
	// What follows is as of the last look: the shards share the interface.
	bound    bool // packets may come
	down     bool // but do not
	mtu      uint32
	filtered bool // the kernel runs the filter
	// leaving is since when the socket is to be replaced, or zero.
	leaving time.Time
	// refiltered is when the filter was replaced: packets up to then are filtered here too.
	refiltered int64
}

// Listen returns a source of the packets of interfaces, in the order of their times, and
// takes them from now on. The name any alone stands for all. An interface that goes away is
// waited for. Times are those of the wall clock, which the run's clock follows when no
// packets come. The source is a Stopper, or a Fan whose parts are Stoppers.
func Listen(interfaces []string, o ListenOptions) (Source, error) {
	n, all := max(o.Shards, 1), new(together)
	var s *spread
	switch {
	case n == 1:
	case o.FanOut == FanOutNone:
		n = 1
	default:
		s = newSpread(o.FanOut)
	}
	f := new(fan)
	for range n {
		l, err := newListener(o, all)
		if err != nil {
			return nil, err
		}
		f.parts = append(f.parts, l)
	}
	for i, name := range interfaces {
		if slices.Contains(interfaces[:i], name) || name == anyInterface && len(interfaces) > 1 {
			f.Close()
			return nil, fmt.Errorf("%s: packets would be there twice", name)
		}
		if err := f.add(name, s); err != nil {
			f.Close()
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	f.parts[0].notice("listening to %s", strings.Join(interfaces, ", "))
	if n == 1 {
		f.parts[0].close = f.Close
		return f.parts[0], nil
	}
	return f, nil
}

func newListener(o ListenOptions, all *together) (*listener, error) {
	l := &listener{opt: o, now: time.Now, lag: max(o.Hold, 3*o.BlockTimeout), all: all}
	if err := l.batcher.init(BatcherOptions{JumpLimit: o.JumpLimit, Unwrap: o.Unwrap, Mirrors: o.Mirrors}); err != nil {
		return nil, err
	}
	if o.Filter != "" {
		fs, err := newFilterSet(o.Filter)
		if err != nil {
			return nil, err
		}
		l.filter = fs
	}
	if o.Origins {
		l.batcher.from = new(Origin)
	}
	return l, nil
}

// add begins with an interface.
func (f *fan) add(name string, s *spread) error {
	first := f.parts[0]
	x, err := openInterface(name, &first.opt, first.filter, len(f.parts), s)
	if err != nil {
		return err
	}
	f.ifaces = append(f.ifaces, x)
	for i, l := range f.parts {
		t := &tap{socket: x.sockets[i], iface: x, shard: i, stats: InterfaceStats{Name: name, Ring: uint64(x.sockets[i].ring.size())}}
		l.taps = append(l.taps, t)
		l.polls = append(l.polls, unix.PollFd{Fd: int32(t.fd), Events: unix.POLLIN})
		x.update(t, time.Time{})
	}
	return nil
}

func (l *listener) notice(format string, args ...any) {
	if l.opt.OnNotice != nil {
		l.opt.OnNotice(fmt.Sprintf(format, args...))
	}
}

const (
	// lookEvery is how often interfaces are looked at and the kernel's counters are read.
	lookEvery = 250 * time.Millisecond
	// feelEvery is how often it is measured how full the rings are.
	feelEvery = 5 * time.Millisecond
	// maxTaken bounds the packets that Next takes for a batch, however many the filter rejects.
	maxTaken = 16 * BatchPackets
	// maxDrain is how long packets are waited for that the kernel has counted, after Stop.
	maxDrain = 2 * time.Second
	// briefly is the pause where a socket cannot tell when to go on.
	briefly = time.Millisecond
	// maxSleeps is how many pauses a batch may wait while packets wait for older ones.
	maxSleeps = 10
)

// Next returns the packets that there are, at most a batch, or waits for some for a tenth
// of a second.
func (l *listener) Next() (*Batch, error) {
	now := l.now()
	if now.Sub(l.looked) >= lookEvery {
		l.look(now)
	}
	if now.Sub(l.felt) >= feelEvery {
		l.feel(now)
	}
	b, err := l.next()
	if b != nil {
		b.Pressure = l.pressure
	}
	return b, err
}

// feel measures how full the rings are.
func (l *listener) feel(now time.Time) {
	l.felt, l.pressure = now, 0
	for _, t := range l.taps {
		n := t.ring.fill()
		t.stats.Fill = max(t.stats.Fill, n)
		l.pressure = max(l.pressure, n)
	}
}

func (l *listener) next() (*Batch, error) {
	waited, slept := false, 0
	for n := 0; l.done == nil; {
		switch t := l.earliest(); {
		case t != nil && n < maxTaken:
			n++
			if l.done = l.take(t); l.done == nil && l.batcher.Full() {
				if b := l.batcher.Take(); b != nil {
					l.all.passed(b)
					return b, nil
				}
			}
		case t == nil && slept < maxSleeps && l.held():
			slept++
			time.Sleep(briefly)
		case waited, t != nil, l.batcher.pendingPackets() > 0:
			return l.pause(t == nil), nil
		case !l.stopped.IsZero() && l.drained():
			l.done = io.EOF
		default:
			waited = true
			l.wait()
		}
	}
	if b := l.batcher.End(); b != nil {
		return b, nil
	}
	return nil, l.done
}

// earliest returns the tap with the earliest packet, or nil if there is none or an earlier
// one of another interface may still come.
func (l *listener) earliest() *tap {
	var first *tap
	missing := false
	for _, t := range l.taps {
		switch {
		case !t.ring.peek():
			missing = missing || t.bound && !t.down
		case first == nil || t.ring.head.Time < first.ring.head.Time:
			first = t
		}
	}
	if first == nil || !missing || first.ring.head.Time <= l.now().Add(-l.lag).UnixNano() || first.ring.pressed() {
		return first
	}
	return nil
}

// take adds the next packet of a tap to the batch.
func (l *listener) take(t *tap) error {
	p, st := &t.ring.head, &t.stats
	defer t.ring.take()
	st.Read++
	switch {
	case p.echo:
		st.Echoes++
		return nil
	case !p.known:
		st.Strange++
		return nil
	}
	if p.status&unix.TP_STATUS_GSO_TCP != 0 || t.mtu != 0 && p.OrigLen > t.mtu+maxLinkHeader {
		st.Coalesced++
	}
	if l.opt.HardwareTime {
		if p.status&unix.TP_STATUS_TS_RAW_HARDWARE == 0 {
			st.NoHardwareTime++
		}
		d := l.now().Sub(time.Unix(0, p.Time))
		l.all.live.Store(-maxLag <= d && d <= maxLag)
	}
	l.batcher.filter = l.filter
	if t.filtered && (t.refiltered == 0 || p.Time > t.refiltered && !l.opt.HardwareTime) {
		l.batcher.filter = nil
	}
	if l.batcher.from != nil {
		*l.batcher.from = Origin{File: t.name, Num: st.Read, Interface: -1}
	}
	if err := l.batcher.offer(&t.ring.cur.block, p.Data, &p.Packet); err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	return nil
}

// maxLinkHeader is more than what comes before IP in a frame: an Ethernet header and two tags.
const maxLinkHeader = 14 + 2*tagLen

// pause returns what there is of a batch. idle says that nothing more is there; then the
// run's clock goes on.
func (l *listener) pause(idle bool) *Batch {
	at := int64(0)
	if idle {
		at = l.idleTime()
	}
	b := l.batcher.idleUntil(at)
	l.all.passed(b)
	b.Idle = idle
	return b
}

// idleTime returns the time before which no more packets come, 0 if it is not known.
func (l *listener) idleTime() int64 {
	now := l.now()
	if !l.opt.HardwareTime {
		return now.Add(-l.lag).UnixNano()
	}
	at := max(0, l.all.latest.Load()-int64(l.lag))
	if l.all.live.Load() {
		at = max(at, now.Add(-maxLag).UnixNano())
	}
	return at
}

// held reports whether packets wait for older ones of other interfaces.
func (l *listener) held() bool {
	return slices.ContainsFunc(l.taps, func(t *tap) bool { return t.ring.peek() })
}

// wait returns when there may be packets, or after maxWait.
func (l *listener) wait() {
	n, err := unix.Poll(l.polls, int(maxWait/time.Millisecond))
	if n <= 0 || err != nil {
		return
	}
	for i := range l.polls {
		if l.polls[i].Revents&(unix.POLLERR|unix.POLLHUP) != 0 {
			l.taps[i].iface.failed(l.taps[i].socket)
		}
	}
	if !l.held() { // a block that was read and is still in use makes the socket readable
		time.Sleep(briefly)
	}
}

// look reads the kernel's counters, and looks whether interfaces have gone or come.
func (l *listener) look(now time.Time) {
	l.looked = now
	for i, t := range l.taps {
		t.count(&t.stats)
		if l.stopped.IsZero() {
			t.iface.look(now)
			t.iface.update(t, now)
			l.polls[i].Fd = int32(t.fd)
		}
	}
	if l.close == nil {
		l.Stats() // for those of the fan
	}
}

// Stop makes the kernel take no more packets. Those that it has taken still come.
func (l *listener) Stop() {
	if l.stopped.IsZero() {
		l.stopped = l.now()
		for _, t := range l.taps {
			t.iface.stop()
			_ = t.deafen() // what it takes nevertheless is read too
		}
	}
}

// drained reports whether all packets have been read that the kernel has taken.
func (l *listener) drained() bool {
	all := true
	for _, t := range l.taps {
		all = t.drained() && all
	}
	return all || l.now().Sub(l.stopped) > maxDrain
}

// drained reports whether all packets have been read that the kernel has taken.
func (t *tap) drained() bool {
	t.count(&t.stats)
	return t.stats.Read+t.stats.Dropped >= t.stats.Kernel
}

// Stats returns the counts so far.
func (l *listener) Stats() Stats {
	s := l.batcher.Stats()
	for _, t := range l.taps {
		if l.polls != nil {
			t.count(&t.stats)
		}
		i := t.stats
		t.stats.Fill = 0
		i.Left = i.Kernel - min(i.Kernel, i.Read+i.Dropped)
		s.Interfaces = append(s.Interfaces, i)
	}
	l.told.Store(&s)
	return s
}

// Damage returns nil.
func (l *listener) Damage() []*DamageError { return nil }

// Close ends the capture. Batches that have not been released stay valid. A part stays as it
// is.
func (l *listener) Close() error {
	if l.close == nil || l.polls == nil {
		return nil
	}
	l.Stats()
	return l.close()
}
