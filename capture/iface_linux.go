package capture

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// iface is an interface with the sockets on it, one for each shard. It is waited for if it
// goes away. The shards share it.
type iface struct {
	name   string
	opt    *ListenOptions
	filter *filterSet // nil matches all; only compiled
	spread *spread    // nil if there is one socket
	fds    spares

	mu      sync.Mutex
	sockets []*socket
	// next are the descriptors of those that take the place of sockets, and moved is how many
	// have: a socket that shares packets with others cannot be bound again.
	next    []int
	moved   int
	looked  time.Time
	bound   bool   // there is an interface
	down    bool   // packets cannot come
	joined  bool   // the sockets share packets
	mtu     uint32 // as long as it is bound
	gone    uint64
	stopped bool
	// trouble is why the interface could not be bound to again, if it could not.
	trouble string
}

// spares are descriptors of packet sockets that wait for interfaces to come back: by then
// the process may not be permitted to make them.
type spares [][]int

// maxSpare is how often an interface can come back to sockets that were made at the start.
const maxSpare = 8

// take returns n descriptors in the order in which they were made, which is the one in which
// the kernel numbers the sockets of an interface that was down.
func (s *spares) take(n int) ([]int, error) {
	if last := len(*s) - 1; last >= 0 {
		fds := (*s)[last]
		*s = (*s)[:last]
		return fds, nil
	}
	var fds []int
	for range n {
		fd, err := packetSocket()
		if err != nil {
			closeAll(fds)
			return nil, err
		}
		fds = append(fds, fd)
	}
	return fds, nil
}

func closeAll(fds []int) {
	for _, fd := range fds {
		_ = unix.Close(fd) // nothing was written
	}
}

// openInterface opens n sockets for an interface and begins to capture, if it is there. Nothing
// is captured before start.
func openInterface(name string, o *ListenOptions, filter *filterSet, n int, s *spread) (*iface, error) {
	f := &iface{name: name, opt: o, filter: filter, spread: s}
	fds, err := f.fds.take(n)
	if err != nil {
		return nil, err
	}
	if s != nil && name != anyInterface {
		for range maxSpare {
			var none spares
			more, err := none.take(n)
			if err != nil {
				break // those that there are must do
			}
			f.fds = append(f.fds, more)
		}
	}
	for i, fd := range fds {
		s, err := openSocket(fd, name, o, n)
		if err != nil {
			closeAll(fds[i:])
			f.close()
			return nil, err
		}
		f.sockets = append(f.sockets, s)
	}
	err = f.bind()
	if errors.Is(err, unix.ENODEV) {
		if err = errors.New("there is no such interface: --wait waits for it"); o.Wait {
			f.notice("%s: there is no such interface yet: waiting for it", name)
			err = nil
		}
	}
	if err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

func (f *iface) notice(format string, args ...any) {
	if f.opt.OnNotice != nil {
		f.opt.OnNotice(fmt.Sprintf(format, args...))
	}
}

// bind takes packets of the interface, and tells what is odd about it.
func (f *iface) bind() error {
	for _, s := range f.sockets {
		// Until the sockets share packets each would have all.
		if err := s.bind(f.filter, f.spread != nil); err != nil {
			return err
		}
	}
	first := f.sockets[0]
	f.bound, f.mtu = true, first.mtu
	if f.name != anyInterface {
		if f.down = !first.up(); f.down {
			f.notice("%s is down", f.name)
		}
	}
	if err := f.join(); err != nil {
		return err
	}
	if f.name == anyInterface {
		return nil
	}
	if what := first.offloads(); what != "" {
		f.notice("%s: %s is on: packets are put together before they are captured, so that counts and sizes differ from those on the wire; ethtool -K %s gro off lro off", f.name, what, f.name)
	}
	if f.opt.HardwareTime {
		if err := first.stampInHardware(); err != nil {
			f.notice("%s: the network card does not stamp packets (%v): the kernel does", f.name, err)
		}
	}
	return nil
}

// join has the sockets share packets, and take them.
func (f *iface) join() error {
	if f.spread == nil || f.joined {
		f.joined = true
		return nil
	}
	err := f.spread.join(f.sockets)
	if errors.Is(err, unix.EINVAL) && f.down { // kernels before 6.13 cannot while it is down
		return nil
	}
	if err != nil {
		return fmt.Errorf("sharing packets out to %d rings: %w (--fanout none does without)", len(f.sockets), err)
	}
	for _, s := range f.sockets {
		if err := s.listen(); err != nil {
			return err
		}
	}
	f.joined = true
	return nil
}

// look looks whether the interface has gone or come.
func (f *iface) look(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopped || now.Sub(f.looked) < lookEvery {
		return
	}
	f.looked = now
	switch {
	case f.next != nil: // not all shards have read what there is
	case f.bound && f.sockets[0].gone():
		if !f.down {
			f.gone++
		}
		f.bound, f.joined, f.down = false, false, false
		f.notice("%s is gone: waiting for it", f.name)
		f.renew()
	case !f.bound:
		f.renew()
		f.returned()
	case f.down && f.sockets[0].up():
		f.down = false
		if err := f.join(); err != nil {
			f.fails(err)
		}
		f.notice("%s is up", f.name)
	}
}

// renew gets new sockets in the place of those that cannot be bound again.
func (f *iface) renew() {
	if !f.sockets[0].shared {
		return
	}
	fds, err := f.fds.take(len(f.sockets))
	if err != nil {
		f.fails(fmt.Errorf("cannot be listened to again before wirelog is restarted: %w", err))
		return
	}
	f.next, f.moved = fds, 0
}

// fails tells of an error once.
func (f *iface) fails(err error) {
	if text := err.Error(); text != f.trouble {
		f.trouble = text
		f.notice("%s: %s", f.name, text)
	}
}

// returned begins to capture again if the interface is there.
func (f *iface) returned() {
	if f.next != nil || f.sockets[0].shared {
		return
	}
	switch err := f.bind(); {
	case err == nil:
		f.trouble = ""
		f.notice("%s is there: capturing", f.name)
	case errors.Is(err, unix.ENODEV):
	default:
		f.fails(err)
	}
}

// update copies what a tap needs to know for its packets, and moves it to a new socket once
// it has read what is in the old one.
func (f *iface) update(t *tap, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.next != nil && t.socket == f.sockets[t.shard] && f.next[t.shard] >= 0 {
		if t.leaving.IsZero() {
			t.leaving = now
		}
		if t.drained() || now.Sub(t.leaving) > maxDrain {
			f.move(t)
		}
	}
	t.bound, t.down, t.mtu, t.filtered = f.bound && f.joined, f.down, f.mtu, t.socket.filtered
	t.stats.Gone = f.gone
	t.stats.Filter = ""
	switch {
	case f.filter == nil || !f.bound && t.stats.Read == 0:
	case t.filtered:
		t.stats.Filter = FilterKernel
	default:
		t.stats.Filter = FilterProgram
	}
}

// move gives a tap its new socket. The last one makes all new ones those of the interface.
func (f *iface) move(t *tap) {
	s, err := openSocket(f.next[t.shard], f.name, f.opt, len(f.sockets))
	if err != nil {
		f.fails(err)
		return
	}
	t.close()
	t.socket, f.sockets[t.shard], f.next[t.shard], t.leaving = s, s, -1, time.Time{}
	if f.moved++; f.moved == len(f.next) {
		f.next = nil
	}
}

// refilter exchanges the filter of a socket, and of those that are bound later.
func (f *iface) refilter(s *socket, filter *filterSet) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.filter = filter
	if !f.bound || !f.joined {
		return nil // bind does the rest
	}
	if err := s.setFilter(filter, s.ethernet); err != nil || f.stopped {
		return err
	}
	return s.listen()
}

// failed notes that no packets come, which poll has told.
func (f *iface) failed(s *socket) {
	err := s.failure()
	f.mu.Lock()
	defer f.mu.Unlock()
	if errors.Is(err, unix.ENETDOWN) && !f.down && f.bound {
		f.down = true
		f.gone++
		f.notice("%s is down", f.name)
	}
}

// stop ends the looking for changes.
func (f *iface) stop() {
	f.mu.Lock()
	f.stopped = true
	f.mu.Unlock()
}

// close closes the sockets. It is called once no shard uses them.
func (f *iface) close() {
	for _, s := range f.sockets {
		s.close()
	}
	for _, fds := range f.fds {
		closeAll(fds)
	}
	for _, fd := range f.next {
		if fd >= 0 {
			_ = unix.Close(fd) // nothing was written
		}
	}
	f.sockets, f.fds, f.next = nil, nil, nil
}
