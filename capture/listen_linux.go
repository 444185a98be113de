package capture

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// listener is the source of Listen.
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
	live     bool      // the last packet's time was near the wall clock
	stopped  time.Time // when Stop was called
	done     error
}

// tap is an interface, with a socket that stays when the interface goes.
type tap struct {
	*socket
	stats InterfaceStats
	down  bool // packets cannot come
	// trouble is why the interface could not be bound to again, if it could not.
	trouble string
}

// Listen returns a source of the packets of interfaces, in the order of their times, and
// takes them from now on. The name any alone stands for all. An interface that goes away is
// waited for. Times are those of the wall clock, which the run's clock follows when no
// packets come. The source is a Stopper.
func Listen(interfaces []string, o ListenOptions) (Source, error) {
	l := &listener{opt: o, now: time.Now, lag: max(o.Hold, 3*o.BlockTimeout), live: !o.HardwareTime}
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
	for i, name := range interfaces {
		if slices.Contains(interfaces[:i], name) || name == anyInterface && len(interfaces) > 1 {
			l.shut()
			return nil, fmt.Errorf("%s: packets would be there twice", name)
		}
		if err := l.add(name); err != nil {
			l.shut()
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	l.notice("listening to %s", strings.Join(interfaces, ", "))
	return l, nil
}

// add begins with an interface.
func (l *listener) add(name string) error {
	s, err := openSocket(name, &l.opt)
	if err != nil {
		return err
	}
	t := &tap{socket: s, stats: InterfaceStats{Name: name, Ring: uint64(s.ring.size())}}
	l.taps = append(l.taps, t)
	l.polls = append(l.polls, unix.PollFd{Fd: int32(s.fd), Events: unix.POLLIN})
	switch err := l.bind(t); {
	case err == nil:
		return nil
	case !errors.Is(err, unix.ENODEV):
		return err
	case !l.opt.Wait:
		return errors.New("there is no such interface: --wait waits for it")
	}
	l.notice("%s: there is no such interface yet: waiting for it", name)
	return nil
}

// bind takes packets of a tap, and tells what is odd about the interface.
func (l *listener) bind(t *tap) error {
	if err := t.bind(l.filter); err != nil {
		return err
	}
	switch {
	case l.filter == nil:
	case t.filtered:
		t.stats.Filter = FilterKernel
	default:
		t.stats.Filter = FilterProgram
	}
	if t.name == anyInterface {
		return nil
	}
	if t.down = !t.up(); t.down {
		l.notice("%s is down", t.name)
	}
	if what := t.offloads(); what != "" {
		l.notice("%s: %s is on: packets are put together before they are captured, so that counts and sizes differ from those on the wire; ethtool -K %s gro off lro off", t.name, what, t.name)
	}
	if l.opt.HardwareTime {
		if err := t.stampInHardware(); err != nil {
			l.notice("%s: the network card does not stamp packets (%v): the kernel does", t.name, err)
		}
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
		l.live = -maxLag <= d && d <= maxLag
	}
	l.batcher.filter = l.filter
	if t.filtered {
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
	if !idle || !l.live {
		b := l.batcher.idle()
		b.Idle = idle
		return b
	}
	lag := l.lag
	if l.opt.HardwareTime {
		lag = maxLag
	}
	b := l.batcher.Pass(l.now().Add(-lag).UnixNano())
	b.Idle = true
	return b
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
			l.failed(l.taps[i])
		}
	}
	if !l.held() { // a block that was read and is still in use makes the socket readable
		time.Sleep(briefly)
	}
}

// failed notes that no packets come from an interface, which poll has told.
func (l *listener) failed(t *tap) {
	if err := t.failure(); errors.Is(err, unix.ENETDOWN) && !t.down {
		t.down = true
		t.stats.Gone++
		l.notice("%s is down", t.name)
	}
}

// look reads the kernel's counters, and looks whether interfaces have gone or come.
func (l *listener) look(now time.Time) {
	l.looked = now
	for _, t := range l.taps {
		t.count(&t.stats)
		switch {
		case !l.stopped.IsZero():
		case t.gone():
			if t.bound = false; !t.down {
				t.stats.Gone++
			}
			t.down = false
			l.notice("%s is gone: waiting for it", t.name)
		case !t.bound:
			l.returned(t)
		case t.down:
			if t.up() {
				t.down = false
				l.notice("%s is up", t.name)
			}
		}
	}
}

// returned binds a tap to its interface if that is there.
func (l *listener) returned(t *tap) {
	switch err := l.bind(t); {
	case err == nil:
		t.trouble = ""
		l.notice("%s is there: capturing", t.name)
	case errors.Is(err, unix.ENODEV), err.Error() == t.trouble:
	default:
		t.trouble = err.Error()
		l.notice("%s: %v", t.name, err)
	}
}

// Stop makes the kernel take no more packets. Those that it has taken still come.
func (l *listener) Stop() {
	if l.stopped.IsZero() {
		l.stopped = l.now()
		for _, t := range l.taps {
			t.deafen()
		}
	}
}

// drained reports whether all packets have been read that the kernel has taken.
func (l *listener) drained() bool {
	all := true
	for _, t := range l.taps {
		t.count(&t.stats)
		all = all && t.stats.Read+t.stats.Dropped >= t.stats.Kernel
	}
	return all || l.now().Sub(l.stopped) > maxDrain
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
	return s
}

// Damage returns nil.
func (l *listener) Damage() []*DamageError { return nil }

// Close ends the capture. Batches that have not been released stay valid.
func (l *listener) Close() error {
	l.Stats()
	l.batcher.drop()
	l.done = io.EOF
	l.shut()
	return nil
}

// shut closes the sockets, once.
func (l *listener) shut() {
	if l.polls != nil {
		for _, t := range l.taps {
			t.close()
		}
	}
	l.polls = nil
}
