package tunnel

import (
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/value"
)

// Table remembers the tunnels that are not connections, IP in IP and GRE, so
// that all packets between two hosts are in the same tunnel. As in Zeek, only
// the pair of addresses matters: direction, type and protocol are those of the
// first packet. It belongs to one shard.
type Table struct {
	timeout value.Time // idle time after which a tunnel is forgotten
	limit   int
	index   map[pair]int32
	// tunnels form a ring in order of use with tunnels[0] as its sentinel,
	// whose next is the most recently used one. Unused ones are in a list
	// linked by next.
	tunnels []ipTunnel
	free    int32
}

// pair is a pair of hosts, the smaller address first, with the domain of the tunnel
// around them.
type pair struct {
	hosts  [32]byte
	domain uint32
}

type ipTunnel struct {
	key        pair
	prev, next int32
	last       value.Time
	// check is when Zeek's timer next checks whether the tunnel has been idle.
	check value.Time
	encap event.Encapsulation
}

// NewTable returns a Table of at most o.IPTunnels tunnels; beyond that the one
// that was idle longest is dropped. A tunnel idle for o.IPTunnelTimeout is
// forgotten, so that its next packet begins a new one.
func NewTable(o Options) *Table {
	return &Table{
		timeout: max(value.Time(o.IPTunnelTimeout), 0),
		limit:   max(o.IPTunnels, 1),
		index:   make(map[pair]int32),
		tunnels: make([]ipTunnel, 1, 16),
	}
}

// Get returns the tunnel that the packet ip with a payload of kind k belongs to.
// isNew is set if the tunnel was just created and still lacks its UID, which the
// caller sets. Tunnels inside other tunnels are distinguished by domain, which is 0
// outside. The result is valid until the next call of Get.
func (t *Table) Get(ip *packet.IP, domain uint32, k Kind, now value.Time) (e *event.Encapsulation, isNew bool) {
	key := makePair(&ip.Src, &ip.Dst)
	key.domain = domain
	i, ok := t.index[key]
	if ok && t.expired(&t.tunnels[i], now) {
		t.drop(i)
		ok = false
	}
	if !ok {
		i = t.open(key)
		x := &t.tunnels[i]
		x.check = now + t.timeout
		x.encap = event.Encapsulation{
			ID: event.ConnID{
				OrigH:   packet.AddrFrom16(&ip.Src).Netip(),
				RespH:   packet.AddrFrom16(&ip.Dst).Netip(),
				IPProto: ip.Proto,
			},
			Type: k.Type(),
		}
	}
	x := &t.tunnels[i]
	x.last = now
	t.unlink(i)
	t.link(i)
	return &x.encap, !ok
}

// Len returns the number of tunnels.
func (t *Table) Len() int { return len(t.index) }

func makePair(a, b *[16]byte) (p pair) {
	if string(a[:]) > string(b[:]) {
		a, b = b, a
	}
	copy(p.hosts[:16], a[:])
	copy(p.hosts[16:], b[:])
	return p
}

// expired runs the timer that was due at x.check and, if x was used before
// that, possibly a second time one timeout later.
func (t *Table) expired(x *ipTunnel, now value.Time) bool {
	for now >= x.check {
		if x.check-x.last >= t.timeout {
			return true
		}
		x.check += t.timeout
	}
	return false
}

// open creates a tunnel, replacing the one that was idle longest if there is no
// room.
func (t *Table) open(key pair) int32 {
	if len(t.index) == t.limit {
		t.drop(t.tunnels[0].prev)
	}
	i := t.free
	if i != 0 {
		t.free = t.tunnels[i].next
	} else {
		i = int32(len(t.tunnels))
		t.tunnels = append(t.tunnels, ipTunnel{})
	}
	t.tunnels[i] = ipTunnel{key: key}
	t.index[key] = i
	t.link(i)
	return i
}

// drop forgets a tunnel.
func (t *Table) drop(i int32) {
	t.unlink(i)
	delete(t.index, t.tunnels[i].key)
	t.tunnels[i].next = t.free
	t.free = i
}

// link makes tunnel i the most recently used one.
func (t *Table) link(i int32) {
	first := t.tunnels[0].next
	t.tunnels[i].prev, t.tunnels[i].next = 0, first
	t.tunnels[first].prev = i
	t.tunnels[0].next = i
}

func (t *Table) unlink(i int32) {
	x := &t.tunnels[i]
	t.tunnels[x.prev].next = x.next
	t.tunnels[x.next].prev = x.prev
}
