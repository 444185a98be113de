package logs

import (
	"slices"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// conns builds conn.log after Zeek's base/protocols/conn, and the logs with the same columns
// of connections that are still open.
type conns struct {
	out   schemas.Emitter
	slot  event.Slot
	local *networks
	// Groups of optional columns that are wanted.
	communityID, l2, vlan bool

	rec      schemas.Conn
	services []string
	parents  []string
	// free holds the states of connections that have ended.
	free freelist.List[connState]

	uidBuf       []byte
	serviceBuf   []byte
	communityBuf []byte
	origL2Buf    []byte
	respL2Buf    []byte
}

// A connState holds the gaps and tunnel changes of a connection. Most connections have none
// and no state.
type connState struct {
	missed uint64
	// changed is set when parents replaces the tunnel at the end.
	changed bool
	parents []value.UID
}

// maxParents is the number of tunnels listed for a connection. The engine bounds the number
// of changes too.
const maxParents = 256

func installConn(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &conns{
		out: out, slot: h.NewSlot(), local: o.networks(),
		communityID: o.has(schemas.GroupCommunityID), l2: o.has(schemas.GroupMACLogging), vlan: o.has(schemas.GroupVLANLogging),
	}
	h.Conn.ContentGap.Listen(b.gap)
	h.Tunnel.Changed.Listen(b.tunnelChanged)
	h.Conn.ConnectionStateRemove.Listen(b.remove)
	r := &o.Reports
	if out.On(&schemas.ConnLongSchema) {
		h.OnAges(ages(r.ConnLongAfter, r.ConnLongEvery, func(c event.Conn) { out.Emit((*schemas.ConnLong)(b.row(c))) }))
	}
	if out.On(&schemas.OpenConnSchema) {
		h.OnAges(ages(r.OpenConnAfter, r.OpenConnEvery, func(c event.Conn) { out.Emit((*schemas.OpenConn)(b.row(c))) }))
	}
}

func (b *conns) state(c event.Conn) *connState {
	if s, ok := c.Slot(b.slot).(*connState); ok {
		return s
	}
	s := b.free.Get()
	c.SetSlot(b.slot, s)
	return s
}

func (b *conns) release(c event.Conn, s *connState) {
	c.SetSlot(b.slot, nil)
	*s = connState{parents: s.parents[:0]}
	b.free.Put(s)
}

func (b *conns) gap(e *event.ContentGap) { b.state(e.Conn).missed += e.Length }

func (b *conns) tunnelChanged(e *event.TunnelChanged) {
	s := b.state(e.Conn)
	if !s.changed {
		s.changed = true
		s.add(e.Conn.Tunnel())
	}
	s.add(e.E)
}

// add appends the innermost tunnel of a stack.
func (s *connState) add(stack []event.Encapsulation) {
	if len(stack) == 0 {
		return
	}
	if uid := stack[len(stack)-1].UID; len(s.parents) < maxParents && !slices.Contains(s.parents, uid) {
		s.parents = append(s.parents, uid)
	}
}

func (b *conns) remove(e *event.ConnectionStateRemove) {
	c := e.Conn
	b.out.Emit(b.row(c))
	if s, _ := c.Slot(b.slot).(*connState); s != nil {
		b.release(c, s)
	}
}

// row returns the row of a connection as of now, which is valid until the next call.
func (b *conns) row(c event.Conn) *schemas.Conn {
	id, uid := c.ID(), c.UID()
	orig, resp := c.Orig(), c.Resp()
	history := c.History()
	b.uidBuf = uid.Append(b.uidBuf[:0])

	r := &b.rec
	// A literal with values would be built elsewhere and copied, here as in dns and http.
	*r = schemas.Conn{}
	r.TS, r.UID, r.ID = c.Start(), text(b.uidBuf), Endpoints(&id)
	r.Proto, r.IPProto = value.Enum(id.Proto.String()), value.Some(uint64(id.IPProto))
	r.ConnState = value.Some(connStateName(id.Proto, &orig, &resp, history))
	r.OrigPkts, r.OrigIPBytes = value.Some(orig.Packets), value.Some(orig.IPBytes)
	r.RespPkts, r.RespIPBytes = value.Some(resp.Packets), value.Some(resp.IPBytes)
	if d := c.Last().Seconds() - c.Start().Seconds(); d > 0 {
		r.Duration = value.Some(value.Interval(d))
		r.OrigBytes = value.Some(orig.Size)
		r.RespBytes = value.Some(resp.Size)
	}
	if len(history) > 0 {
		r.History = value.Some(text(history))
	}
	if b.services = c.Services(b.services[:0]); len(b.services) > 0 {
		b.serviceBuf = joinLower(b.serviceBuf[:0], b.services)
		r.Service = value.Some(text(b.serviceBuf))
	}
	if !b.local.empty() {
		r.LocalOrig = value.Some(b.local.contains(id.OrigH))
		r.LocalResp = value.Some(b.local.contains(id.RespH))
	}
	s, _ := c.Slot(b.slot).(*connState)
	if s != nil {
		r.MissedBytes = s.missed
	}
	r.TunnelParents = b.tunnelParents(c, s)
	b.optional(c, &id, &orig, &resp)
	return r
}

// tunnelParents returns the innermost tunnels of the connection, oldest first.
func (b *conns) tunnelParents(c event.Conn, s *connState) value.Set[string] {
	var last [1]value.UID
	uids := last[:0]
	if s != nil && s.changed {
		uids = s.parents
	} else if stack := c.Tunnel(); len(stack) > 0 {
		uids = append(uids, stack[len(stack)-1].UID)
	}
	if len(uids) == 0 {
		return nil
	}
	b.parents = b.parents[:0]
	for i := range uids {
		start := len(b.uidBuf)
		b.uidBuf = uids[i].Append(b.uidBuf)
		// If the buffer grows, earlier strings keep the old one alive.
		b.parents = append(b.parents, text(b.uidBuf[start:]))
	}
	return b.parents
}

func (b *conns) optional(c event.Conn, id *event.ConnID, orig, resp *event.Endpoint) {
	r := &b.rec
	if b.communityID {
		b.communityBuf = appendCommunityID(b.communityBuf[:0], id)
		r.CommunityID = value.Some(text(b.communityBuf))
	}
	if b.l2 {
		if orig.HasL2 {
			b.origL2Buf = appendMAC(b.origL2Buf[:0], &orig.L2)
			r.OrigL2Addr = value.Some(text(b.origL2Buf))
		}
		if resp.HasL2 {
			b.respL2Buf = appendMAC(b.respL2Buf[:0], &resp.L2)
			r.RespL2Addr = value.Some(text(b.respL2Buf))
		}
	}
	if b.vlan {
		if v, ok := c.VLAN(); ok {
			r.VLAN = value.Some(int64(v))
		}
		if v, ok := c.InnerVLAN(); ok {
			r.InnerVLAN = value.Some(int64(v))
		}
	}
}

// connStateName returns the conn_state column.
func connStateName(p value.Proto, orig, resp *event.Endpoint, history []byte) string {
	switch p {
	case value.ProtoTCP:
		return tcpStateName(orig, resp, history)
	case value.ProtoUDP:
		o, r := orig.State == event.StateEstablished, resp.State == event.StateEstablished
		switch {
		case o && r:
			return "SF"
		case o:
			return "S0"
		case r:
			return "SHR"
		}
	case value.ProtoUnknown, value.ProtoICMP:
	}
	return "OTH"
}

func tcpStateName(orig, resp *event.Endpoint, history []byte) string {
	o, r := orig.State, resp.State
	switch {
	case r == event.StateReset:
		switch o {
		case event.StateSynSent, event.StateSynAckSent:
			return "REJ"
		case event.StateReset:
			if orig.Size == 0 && resp.Size == 0 {
				return "REJ"
			}
			return "RSTR"
		case event.StateInactive, event.StatePartial:
			return "RSTRH"
		default:
			return "RSTR"
		}
	case o == event.StateReset:
		if !silent(r) {
			return "RSTO"
		}
		if synThenReset(history) {
			return "RSTOS0"
		}
		return "OTH"
	case o == event.StateClosed && r == event.StateClosed:
		return "SF"
	case o == event.StateClosed:
		if silent(r) {
			return "SH"
		}
		return "S2"
	case r == event.StateClosed:
		if silent(o) {
			return "SHR"
		}
		return "S3"
	case o == event.StateSynSent && r == event.StateInactive:
		return "S0"
	case o == event.StateEstablished && r == event.StateEstablished:
		return "S1"
	}
	return "OTH"
}

// silent reports whether no handshake of a side was seen.
func silent(s event.EndpointState) bool {
	return s == event.StateInactive || s == event.StatePartial
}

// synThenReset reports whether the originator began with a SYN and sent a RST before any
// sign of an established connection: Zeek's \^?S[^HAFGIQ]*R.*
func synThenReset(history []byte) bool {
	if len(history) > 0 && history[0] == '^' {
		history = history[1:]
	}
	if len(history) == 0 || history[0] != 'S' {
		return false
	}
	for _, c := range history[1:] {
		switch c {
		case 'R':
			return true
		case 'H', 'A', 'F', 'G', 'I', 'Q':
			return false
		}
	}
	return false
}

// joinLower appends names in lower case, separated by commas.
func joinLower(dst []byte, names []string) []byte {
	for i, name := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		for j := range len(name) {
			c := name[j]
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			dst = append(dst, c)
		}
	}
	return dst
}

func appendMAC(dst []byte, mac *[6]byte) []byte {
	const digits = "0123456789abcdef"
	for i, b := range mac {
		if i > 0 {
			dst = append(dst, ':')
		}
		dst = append(dst, digits[b>>4], digits[b&15])
	}
	return dst
}
