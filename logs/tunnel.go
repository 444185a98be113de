package logs

import (
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/linked"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// tunnels builds tunnel.log after Zeek's base/frameworks/tunnels. A tunnel is known from the
// first connection found in it until the connection that carries it ends, or until it has
// had no new connection for tunnelIdle.
type tunnels struct {
	out    schemas.Emitter
	now    func() value.Time
	clock  func() value.Time // for what expires
	cause  func(deadline value.Time, num uint64)
	active map[tunnelKey]*activeTunnel
	byUse  linked.List[activeTunnel]
	// timer is set to the time at which the oldest expires.
	timer *Timer

	rec    schemas.Tunnel
	uidBuf []byte
}

// tunnelKey identifies a tunnel. The hosts of a tunnel within a tunnel belong to the outer
// one's domain.
type tunnelKey struct {
	event.ConnID
	domain uint32
}

type activeTunnel struct {
	event.Encapsulation
	domain uint32
	used   value.Time
	// packet is the number of the first packet of the connection that revealed the tunnel.
	packet uint64
	last   linked.Node[activeTunnel]
}

const (
	// tunnelIdle is Zeek's Tunnel::expiration_interval.
	tunnelIdle = value.Time(3600e9)
	// maxTunnels bounds the active tunnels; beyond it the least recently used one expires.
	maxTunnels = 1 << 17
)

// Kinds of tunnels through proxies.
const (
	tunnelSOCKS value.Enum = "Tunnel::SOCKS"
	tunnelHTTP  value.Enum = "Tunnel::HTTP"
)

// Values of the action column.
const (
	tunnelDiscover value.Enum = "Tunnel::DISCOVER"
	tunnelClose    value.Enum = "Tunnel::CLOSE"
	tunnelExpire   value.Enum = "Tunnel::EXPIRE"
)

func installTunnel(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &tunnels{out: out, now: o.Now, clock: o.Clock, cause: o.Cause, active: make(map[tunnelKey]*activeTunnel)}
	b.timer = o.NewTimer(b.expire)
	o.installed.tunnels = b
	h.Conn.NewConnection.Listen(func(e *event.NewConnection) {
		if stack := e.Conn.Tunnel(); len(stack) > 0 {
			b.register(e.Conn, stack)
		}
	})
	h.Tunnel.Changed.Listen(func(e *event.TunnelChanged) { b.register(e.Conn, e.E) })
	h.SOCKS.Request.Listen(func(e *event.SOCKSRequest) { b.proxy(e.Conn, tunnelSOCKS) })
	h.Conn.ConnectionStateRemove.Listen(b.removed)
}

// proxy registers a connection to a proxy. All connections between a client and a proxy are
// one tunnel.
func (b *tunnels) proxy(c event.Conn, kind value.Enum) {
	id := c.ID()
	id.OrigP = 0
	b.use(c, &event.Encapsulation{ID: id, Type: kind}, c.Domain())
}

// register registers the tunnels of stack, in which c was found.
func (b *tunnels) register(c event.Conn, stack []event.Encapsulation) {
	for i := range stack {
		domain := c.Domain()
		if i == 0 {
			domain = 0 // the outermost
		}
		b.use(c, &stack[i], domain)
	}
}

// use marks the tunnel e as used by c, and logs a new one.
func (b *tunnels) use(c event.Conn, e *event.Encapsulation, domain uint32) {
	now := b.now()
	t := b.active[tunnelKey{e.ID, domain}]
	if t != nil {
		b.unlink(t)
	} else {
		if len(b.active) >= maxTunnels {
			b.end(b.byUse.Oldest(), tunnelExpire, now)
		}
		t = &activeTunnel{Encapsulation: *e, domain: domain, packet: c.FirstPacket()}
		b.active[t.key()] = t
		b.write(t, tunnelDiscover, now)
	}
	t.used = b.clock()
	b.link(t)
}

func (t *activeTunnel) key() tunnelKey { return tunnelKey{t.ID, t.domain} }

// removed closes the tunnel that the connection carried, if any.
func (b *tunnels) removed(e *event.ConnectionStateRemove) {
	if len(b.active) == 0 {
		return
	}
	if t := b.active[tunnelKey{e.Conn.ID(), e.Conn.Domain()}]; t != nil && t.UID == e.Conn.UID() {
		b.end(t, tunnelClose, b.now())
	}
}

// due reports whether the oldest tunnel has expired.
func (b *tunnels) due(now value.Time) bool {
	t := b.byUse.Oldest()
	return t != nil && t.used+tunnelIdle <= now
}

func (b *tunnels) expire(now value.Time, clock Clock) {
	for b.due(now) {
		t := b.byUse.Oldest()
		deadline := t.used + tunnelIdle
		b.cause(deadline, t.packet)
		at, _ := clock.At(deadline)
		b.end(t, tunnelExpire, at)
	}
}

func (b *tunnels) end(t *activeTunnel, action value.Enum, at value.Time) {
	b.unlink(t)
	delete(b.active, t.key())
	b.write(t, action, at)
}

func (b *tunnels) write(t *activeTunnel, action value.Enum, at value.Time) {
	b.rec = schemas.Tunnel{
		TS:         at,
		ID:         Endpoints(&t.ID),
		TunnelType: t.Type,
		Action:     action,
	}
	if !t.UID.IsZero() {
		b.uidBuf = t.UID.Append(b.uidBuf[:0])
		b.rec.UID = value.Some(text(b.uidBuf))
	}
	b.out.Emit(&b.rec)
}

// link appends t as the most recently used tunnel.
func (b *tunnels) link(t *activeTunnel) {
	b.byUse.Add(&t.last, t)
	b.schedule()
}

func (b *tunnels) unlink(t *activeTunnel) {
	b.byUse.Remove(&t.last)
	b.schedule()
}

// schedule sets the timer to the deadline of the oldest tunnel.
func (b *tunnels) schedule() {
	if t := b.byUse.Oldest(); t != nil {
		b.timer.Set(t.used + tunnelIdle)
	} else {
		b.timer.Stop()
	}
}
