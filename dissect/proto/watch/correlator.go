package watch

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

// A Correlator raises the events of SteppingStone from the notes of all shards. It gets
// them in their order, which does not depend on the number of shards.
//
// The cost of a note does not grow with the connections: the sides that one is compared
// with are those that have begun to send a moment before, at most Options.Recent.
type Correlator struct {
	hooks *event.SteppingStoneEvents
	opt   Options
	now   value.Time

	conns  map[string]*watched
	sides  map[int64]*endp
	next   int64   // number of the next side
	recent []*endp // sides by the time at which they began to send, from head on
	head   int     // of recent
	pairs  map[pair]struct{}
	free   freelist.List[watched]
	conn   snapshot // of STPCreateEndp

	unwatched, early, unpaired uint64
}

// watched is a connection.
type watched struct{ ends [2]endp }

// endp is a side of one.
type endp struct {
	of       *watched
	id       int64
	resumed  value.Time
	queued   int     // how often it is in recent
	ended    bool    // its connection has
	gone     bool    // forgotten
	partners []int64 // sides that it was paired with, some of them forgotten
	live     int     // pairs that it is in
}

type pair struct{ first, second int64 }

// NewCorrelator returns a Correlator that raises its events on h.
func NewCorrelator(h *event.Hooks, o Options) *Correlator {
	return &Correlator{hooks: &h.SteppingStone, opt: o, conns: make(map[string]*watched), sides: make(map[int64]*endp), pairs: make(map[pair]struct{})}
}

// Now returns the time of the last note.
func (k *Correlator) Now() value.Time { return k.now }

// Limited returns how often each limit was hit, by its name.
func (k *Correlator) Limited() map[string]uint64 {
	return map[string]uint64{"endpoints": k.unwatched, "recent": k.early, "pairs": k.unpaired}
}

// Note takes a note.
func (k *Correlator) Note(note []byte) {
	kind := note[0]
	k.now = value.Time(binary.BigEndian.Uint64(note[1:]))
	if kind == noteChunk {
		k.expire()
		return
	}
	n := int(note[9])
	uid, rest := note[10:10+n], note[10+n:]
	switch w := k.conns[string(uid)]; {
	case kind == noteCreate:
		k.create(uid, rest)
	case kind == noteResume:
		k.expire()
		if w != nil {
			k.resume(&w.ends[rest[0]])
		}
	case w != nil:
		k.end(uid, w)
	}
}

func (k *Correlator) create(uid, id []byte) {
	if len(k.sides)+2 > k.opt.Sides {
		k.unwatched++
		return
	}
	w := k.free.Get()
	c := &k.conn
	c.uid, _ = value.ParseUID(uid)
	*c = snapshot{uid: c.uid, start: k.now, id: event.ConnID{Proto: value.ProtoTCP, IPProto: 6}}
	c.id.OrigH, c.id.RespH = netip.AddrFrom16([16]byte(id)).Unmap(), netip.AddrFrom16([16]byte(id[16:])).Unmap()
	c.id.OrigP, c.id.RespP = binary.BigEndian.Uint16(id[32:]), binary.BigEndian.Uint16(id[34:])
	k.conns[string(uid)] = w
	for i := range w.ends {
		e := &w.ends[i]
		*e = endp{of: w, id: k.next, partners: e.partners[:0]}
		k.next++
		k.sides[e.id] = e
		if ev := k.hooks.STPCreateEndp.Begin(); ev != nil {
			*ev = event.STPCreateEndp{Conn: c, E: e.id, IsOrig: i == 0}
			k.hooks.STPCreateEndp.Raise(ev)
		}
	}
}

// expire lets the sides go that have begun to send too long ago.
func (k *Correlator) expire() {
	for k.head < len(k.recent) && k.recent[k.head].resumed < k.now-value.Time(k.opt.Delta) {
		k.dropFirst()
	}
}

// dropFirst lets the first of recent go.
func (k *Correlator) dropFirst() {
	e := k.recent[k.head]
	k.recent[k.head] = nil
	if k.head++; k.head == len(k.recent) {
		k.recent, k.head = k.recent[:0], 0
	} else if k.head >= k.opt.Recent {
		n := copy(k.recent, k.recent[k.head:])
		clear(k.recent[n:])
		k.recent, k.head = k.recent[:n], 0
	}
	if e.queued--; e.queued == 0 && e.ended {
		k.forget(e)
	}
}

func (k *Correlator) resume(e *endp) {
	e.resumed = k.now
	if ev := k.hooks.STPResumeEndp.Begin(); ev != nil {
		*ev = event.STPResumeEndp{E: e.id}
		k.hooks.STPResumeEndp.Raise(ev)
	}
	for _, o := range k.recent[k.head:] {
		if o.of == e.of {
			continue
		}
		if ev := k.hooks.STPCorrelatePair.Begin(); ev != nil {
			*ev = event.STPCorrelatePair{E1: o.id, E2: e.id}
			k.hooks.STPCorrelatePair.Raise(ev)
		}
		k.remember(o, e)
	}
	if len(k.recent)-k.head >= k.opt.Recent {
		k.early++
		k.dropFirst()
	}
	k.recent = append(k.recent, e)
	e.queued++
}

func (k *Correlator) remember(first, second *endp) {
	p := pair{first.id, second.id}
	if _, ok := k.pairs[p]; ok {
		return
	}
	if len(k.pairs) >= k.opt.Pairs {
		k.unpaired++
		return
	}
	k.pairs[p] = struct{}{}
	k.partner(first, second.id)
	k.partner(second, first.id)
}

// partner adds a pair to e. Its list loses those that are forgotten when they are most of it.
func (k *Correlator) partner(e *endp, id int64) {
	if len(e.partners) >= 64 && e.live < len(e.partners)/2 {
		e.partners = slices.DeleteFunc(e.partners, func(id int64) bool { return k.sides[id] == nil })
	}
	e.partners = append(e.partners, id)
	e.live++
}

func (k *Correlator) end(uid []byte, w *watched) {
	delete(k.conns, string(uid))
	for i := range w.ends {
		e := &w.ends[i]
		if e.ended = true; e.queued == 0 {
			k.forget(e)
		}
	}
}

// forget raises the last events of a side: for its pairs, those in which it was the later
// first, in the order of the others' numbers, and then for itself.
func (k *Correlator) forget(e *endp) {
	slices.Sort(e.partners)
	e.partners = slices.Compact(e.partners)
	for _, id := range e.partners {
		k.forgetPair(pair{id, e.id}, id)
	}
	for _, id := range e.partners {
		k.forgetPair(pair{e.id, id}, id)
	}
	if ev := k.hooks.STPRemoveEndp.Begin(); ev != nil {
		*ev = event.STPRemoveEndp{E: e.id}
		k.hooks.STPRemoveEndp.Raise(ev)
	}
	delete(k.sides, e.id)
	e.gone = true
	if w := e.of; w.ends[0].gone && w.ends[1].gone {
		k.free.Put(w)
	}
}

// forgetPair forgets a pair, if it is remembered. other is the side of it that stays.
func (k *Correlator) forgetPair(p pair, other int64) {
	if _, ok := k.pairs[p]; !ok {
		return
	}
	delete(k.pairs, p)
	if o := k.sides[other]; o != nil {
		o.live--
	}
	if ev := k.hooks.STPRemovePair.Begin(); ev != nil {
		*ev = event.STPRemovePair{E1: p.first, E2: p.second}
		k.hooks.STPRemovePair.Raise(ev)
	}
}
