package logs

import (
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// flowGroups are the groups of the columns of schemas.Flow.
const flowGroups = schemas.GroupCommunityID | schemas.GroupMACLogging | schemas.GroupVLANLogging | originGroups

// originGroups are those of schemas.Source.
const originGroups = schemas.GroupSource | schemas.GroupMirror

// flows sets the columns of schemas.Flow before records reach the next emitter, by the
// records' uids. It is there only if one of the columns is wanted, and builders need not
// know of it.
type flows struct {
	schemas.Emitter
	groups schemas.Groups
	origin func() schemas.Source
	of     func(uid string) *schemas.Flow // the method get
	slot   event.Slot
	// byUID has the connections that are tracked, and those that have ended while a file
	// of theirs has not.
	byUID map[string]*flowState
	// gone are those to be removed when something else happens: other listeners may
	// still write rows of what has just ended.
	gone []*flowState
	free freelist.List[flowState]

	rec              schemas.Flow
	origMAC, respMAC []byte
}

// flowState is what is known of a connection.
type flowState struct {
	uid       string
	conn      event.Conn // nil after its end
	source    schemas.Source
	community string       // "" until it is asked for
	files     int          // that it carries
	last      schemas.Flow // after its end
}

// newFlows returns out, or an emitter in front of it if columns of schemas.Flow are wanted.
func newFlows(out schemas.Emitter, h *event.Hooks, o *Options) schemas.Emitter {
	if !o.has(flowGroups) {
		return out
	}
	t := &flows{Emitter: out, groups: o.Groups, origin: o.Origin, slot: h.NewSlot(), byUID: make(map[string]*flowState)}
	t.of = t.get
	if t.origin == nil {
		t.origin = func() schemas.Source { return schemas.Source{} }
	}
	h.Conn.NewConnection.Listen(func(e *event.NewConnection) { t.begin(e.Conn) })
	h.OnEnd(t.slot, t.end)
	h.File.OverNewConnection.Listen(t.fileBegins)
	h.File.StateRemove.Listen(t.fileEnds)
	return t
}

// Emit passes rec on.
func (t *flows) Emit(rec schemas.Record) {
	t.set(rec)
	t.Emitter.Emit(rec)
}

// EmitGated passes rec on.
func (t *flows) EmitGated(rec schemas.Record, g schemas.Gate) {
	t.set(rec)
	t.Emitter.EmitGated(rec, g)
}

func (t *flows) set(rec schemas.Record) {
	if r, ok := rec.(schemas.Flowing); ok {
		r.SetFlow(t.of)
	}
}

func (t *flows) begin(c event.Conn) {
	t.remove()
	uid := c.UID()
	s := t.free.Get()
	*s = flowState{uid: uid.String(), conn: c}
	if t.groups&originGroups != 0 {
		s.source = t.origin()
	}
	c.SetSlot(t.slot, s)
	t.byUID[s.uid] = s
}

func (t *flows) end(c event.Conn) {
	t.remove()
	s, ok := c.Slot(t.slot).(*flowState)
	if !ok {
		return
	}
	c.SetSlot(t.slot, nil)
	if s.files > 0 {
		// The row of the file comes later, when the connection's memory has been reused.
		s.last = *t.fill(s)
		s.last.OrigL2Addr.V = string(t.origMAC)
		s.last.RespL2Addr.V = string(t.respMAC)
		s.conn = nil
		return
	}
	t.gone = append(t.gone, s)
}

// remove removes what has ended before.
func (t *flows) remove() {
	for i, s := range t.gone {
		t.gone[i] = nil
		delete(t.byUID, s.uid)
		*s = flowState{}
		t.free.Put(s)
	}
	t.gone = t.gone[:0]
}

func (t *flows) fileBegins(e *event.FileOverNewConnection) {
	if e.Conn == nil {
		return
	}
	if s, ok := e.Conn.Slot(t.slot).(*flowState); ok {
		s.files++
	}
}

func (t *flows) fileEnds(e *event.FileStateRemove) {
	t.remove()
	conns := e.File.Conns()
	for i := range conns {
		s := t.byUID[conns[i].UID.String()]
		if s == nil || s.files == 0 {
			continue
		}
		if s.files--; s.files == 0 && s.conn == nil {
			t.gone = append(t.gone, s)
		}
	}
}

// get returns the columns for a uid. They are valid until the next call.
func (t *flows) get(uid string) *schemas.Flow {
	if s := t.byUID[uid]; s != nil {
		return t.fill(s)
	}
	if t.groups&originGroups == 0 {
		return nil
	}
	t.rec = schemas.Flow{Source: t.origin()}
	return &t.rec
}

func (t *flows) fill(s *flowState) *schemas.Flow {
	if s.conn == nil {
		return &s.last
	}
	c, r := s.conn, &t.rec
	*r = schemas.Flow{Source: s.source}
	t.origMAC, t.respMAC = t.origMAC[:0], t.respMAC[:0]
	if t.groups&schemas.GroupCommunityID != 0 {
		if s.community == "" {
			id := c.ID()
			s.community = string(appendCommunityID(nil, &id))
		}
		r.CommunityID = value.Some(s.community)
	}
	if t.groups&schemas.GroupMACLogging != 0 {
		if e := c.Orig(); e.HasL2 {
			t.origMAC = appendMAC(t.origMAC, &e.L2)
			r.OrigL2Addr = value.Some(text(t.origMAC))
		}
		if e := c.Resp(); e.HasL2 {
			t.respMAC = appendMAC(t.respMAC, &e.L2)
			r.RespL2Addr = value.Some(text(t.respMAC))
		}
	}
	if t.groups&schemas.GroupVLANLogging != 0 {
		if v, ok := c.VLAN(); ok {
			r.VLAN = value.Some(int64(v))
		}
		if v, ok := c.InnerVLAN(); ok {
			r.InnerVLAN = value.Some(int64(v))
		}
	}
	return r
}
