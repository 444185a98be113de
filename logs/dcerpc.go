package logs

import (
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

const (
	// maxDCEAssociations bounds the pipes of a connection, as SMB's analyzer does. Beyond it
	// the oldest is dropped.
	maxDCEAssociations = 1000
	// maxDCEContexts bounds the presentation contexts of an association.
	maxDCEContexts = 256
)

// dceRPC builds dce_rpc.log after Zeek's base/protocols/dce-rpc: a row for each call that is
// answered.
type dceRPC struct {
	states[dceState]
	out        schemas.Emitter
	now        func() value.Time
	interfaces map[dceUUID]*dceInterface

	rec                         schemas.DCERPC
	uidBuf, endpoint, operation []byte
	freeAssociations            freelist.List[dceAssociation]
}

// A dceState is the state of a connection.
type dceState struct {
	associations []*dceAssociation
	// waiting is set if anything followed the last response. Zeek then writes the last
	// answered call of each association again when the connection ends.
	waiting bool
}

// A dceAssociation is the state of a pipe, or of a connection without pipes. Its buffers are
// reused.
type dceAssociation struct {
	fid  uint64
	ts   value.Time
	rtt  value.Opt[value.Interval]
	pipe optText
	// bound is the interface that was bound last, or that the pipe's name implies.
	bound   dceUUID
	isBound bool
	// endpoint is the interface of the row.
	endpoint    dceUUID
	hasEndpoint bool
	called      dceUUID
	opnum       uint64
	hasCalled   bool
	contexts    []dceContext
	held        int // bytes on the connection's account
}

// A dceContext is a presentation context.
type dceContext struct {
	id    uint64
	iface dceUUID
}

func installDCERPC(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &dceRPC{out: out, now: o.Now, interfaces: dceInterfaces()}
	b.init(h, b.ended)
	h.DCERPC.Bind.Listen(func(e *event.DCERPCBind) { b.bind(e.Conn, e.FID, e.CtxID, dceUUID(e.UUID)) })
	h.DCERPC.AlterContext.Listen(func(e *event.DCERPCAlterContext) { b.bind(e.Conn, e.FID, e.CtxID, dceUUID(e.UUID)) })
	h.DCERPC.BindAck.Listen(func(e *event.DCERPCBindAck) {
		if a := b.association(e.Conn, e.FID); len(e.SecAddr) > 0 {
			a.pipe.set(e.SecAddr)
			b.account(e.Conn, a)
		}
	})
	h.DCERPC.AlterContextResp.Listen(func(e *event.DCERPCAlterContextResp) { b.association(e.Conn, e.FID) })
	h.DCERPC.Request.Listen(func(e *event.DCERPCRequest) { b.association(e.Conn, e.FID).ts = b.now() })
	h.DCERPC.Response.Listen(b.response)
	h.SMB.SMB2CloseRequest.Listen(func(e *event.SMB2CloseRequest) { b.closed(e.Conn, e.FileID.Persistent+e.FileID.Volatile) })
	h.SMB.DiscardedDCERPCAnalyzers.Listen(func(e *event.SMBDiscardedDCERPCAnalyzers) { b.discard(e.Conn) })
}

// association returns the state of a pipe that an event is about.
func (b *dceRPC) association(c event.Conn, fid uint64) *dceAssociation {
	s := b.known(c)
	if s == nil {
		s = b.add(c)
	}
	s.waiting = true
	for i := len(s.associations) - 1; i >= 0; i-- {
		if a := s.associations[i]; a.fid == fid {
			a.resume()
			return a
		}
	}
	if len(s.associations) == maxDCEAssociations {
		b.forget(c, s, 0)
	}
	a := b.freeAssociations.Get()
	*a = dceAssociation{fid: fid, ts: b.now(), pipe: optText{b: a.pipe.b}, contexts: a.contexts[:0]}
	s.associations = append(s.associations, a)
	b.account(c, a)
	return a
}

// account counts what an association takes.
func (b *dceRPC) account(c event.Conn, a *dceAssociation) {
	b.keep(c, &a.held, associationSize+contextSize*cap(a.contexts)+cap(a.pipe.b))
}

var (
	associationSize = freelist.Size[dceAssociation]()
	contextSize     = freelist.Size[dceContext]()
)

// resume sets the row's interface to the one bound last.
func (a *dceAssociation) resume() {
	if a.isBound {
		a.endpoint, a.hasEndpoint = a.bound, true
	}
}

// closed drops the association of a pipe.
func (b *dceRPC) closed(c event.Conn, fid uint64) {
	s := b.known(c)
	if s == nil {
		return
	}
	for i, a := range s.associations {
		if a.fid == fid {
			b.forget(c, s, i)
			return
		}
	}
}

// discard drops all associations of a connection with too many pipes.
func (b *dceRPC) discard(c event.Conn) {
	if s := b.known(c); s != nil {
		for i, a := range s.associations {
			b.recycle(c, a)
			s.associations[i] = nil
		}
		s.associations = s.associations[:0]
	}
}

// forget drops an association.
func (b *dceRPC) forget(c event.Conn, s *dceState, i int) {
	b.recycle(c, s.associations[i])
	n := copy(s.associations[i:], s.associations[i+1:])
	s.associations[i+n] = nil
	s.associations = s.associations[:i+n]
}

func (b *dceRPC) recycle(c event.Conn, a *dceAssociation) {
	b.keep(c, &a.held, 0)
	a.pipe.trim()
	b.freeAssociations.Put(a)
}

func (b *dceRPC) bind(c event.Conn, fid, id uint64, u dceUUID) {
	a := b.association(c, fid)
	a.bound, a.isBound = u, true
	a.resume()
	for i := range a.contexts {
		if a.contexts[i].id == id {
			a.contexts[i].iface = u
			return
		}
	}
	if len(a.contexts) == maxDCEContexts {
		a.contexts = a.contexts[:copy(a.contexts, a.contexts[1:])]
	}
	a.contexts = append(a.contexts, dceContext{id, u})
	b.account(c, a)
}

// guess takes the interface from the name of a pipe whose binding was not seen. The row has
// it from the next event on.
func (a *dceAssociation) guess() {
	if a.hasEndpoint || !a.pipe.ok {
		return
	}
	if u, ok := dcePipe(string(a.pipe.b)); ok {
		a.bound, a.isBound = u, true
	}
}

func (b *dceRPC) response(e *event.DCERPCResponse) {
	a := b.association(e.Conn, e.FID)
	a.guess()
	if a.hasEndpoint {
		a.call(a.bound, e.Opnum)
		if now := b.now(); a.ts != now {
			a.rtt = value.Some(value.Interval(now.Seconds() - a.ts.Seconds()))
		}
	}
	for i := range a.contexts {
		if a.contexts[i].id == e.CtxID {
			a.endpoint, a.hasEndpoint = a.contexts[i].iface, true
			a.call(a.endpoint, e.Opnum)
			break
		}
	}
	b.write(e.Conn, a)
	b.known(e.Conn).waiting = false
}

func (a *dceAssociation) call(u dceUUID, opnum uint64) {
	a.called, a.opnum, a.hasCalled = u, opnum, true
}

func (b *dceRPC) ended(c event.Conn, s *dceState) {
	for _, a := range s.associations {
		if s.waiting {
			a.resume()
			b.write(c, a)
		}
	}
	b.discard(c)
	s.waiting = false
}

// write emits the row of a call, unless its interface is unknown or ignored.
func (b *dceRPC) write(c event.Conn, a *dceAssociation) {
	if !a.hasEndpoint || !a.hasCalled {
		return
	}
	endpoint, operation := b.endpointName(&a.endpoint), b.operationName(&a.called, a.opnum)
	if dceIgnored(endpoint, operation) {
		return
	}
	id, uid := c.ID(), c.UID()
	b.uidBuf = uid.Append(b.uidBuf[:0])
	b.rec = schemas.DCERPC{
		TS: a.ts, UID: text(b.uidBuf), ID: Endpoints(&id),
		RTT: a.rtt, NamedPipe: a.pipe.column(),
		Endpoint: value.Some(endpoint), Operation: value.Some(operation),
	}
	b.out.Emit(&b.rec)
}

// endpointName returns a string that is valid until the next call.
func (b *dceRPC) endpointName(u *dceUUID) string {
	if i := b.interfaces[*u]; i != nil {
		return i.name
	}
	b.endpoint = u.append(append(b.endpoint[:0], "unknown-"...))
	return text(b.endpoint)
}

// operationName returns a string that is valid until the next call.
func (b *dceRPC) operationName(u *dceUUID, opnum uint64) string {
	if i := b.interfaces[*u]; i != nil && opnum < uint64(len(i.operations)) && i.operations[opnum] != "" {
		return i.operations[opnum]
	}
	b.operation = strconv.AppendUint(append(b.operation[:0], "unknown-"...), opnum, 10)
	return text(b.operation)
}
