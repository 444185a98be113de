// Package oncrpc analyzes ONC RPC (RFC 5531) over UDP and TCP, and three of its programs:
// the portmapper (RFC 1833), MOUNT version 3 and NFS version 3 (RFC 1813). It pairs calls and
// replies by their transaction identifiers. As in Zeek, the port decides which program's
// arguments are parsed, and a call of another program or version is a weird at most.
package oncrpc

import (
	"hash/maphash"
	"strconv"
	"time"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

// Options configure the analyzers. DefaultOptions returns Zeek's defaults.
type Options struct {
	Pending  int           `key:"limits.rpc_max_pending_calls" unit:"count" min:"1" doc:"RPC calls of one connection that wait for replies; beyond it all are forgotten (rpc_max_pending_calls)"`
	Programs int           `key:"limits.rpc_expected_programs" unit:"count" per:"run" min:"1" doc:"ports of NFS and mount servers that portmappers have named and at which connections are waited for, in all"`
	Timeout  time.Duration `key:"timeouts.rpc_timeout" doc:"time after which an RPC flow over UDP ends, with its unanswered calls; 0s is none (rpc_timeout)"`

	ReturnData bool `key:"nfs.return_data" doc:"give nfs_proc_read and nfs_proc_write the data of the file (NFS3::return_data)"`
	DataMax    int  `key:"nfs.return_data_max" unit:"bytes" min:"0" max:"65536" doc:"bytes of a read or write that return_data gives at most (NFS3::return_data_max)"`
	FirstOnly  bool `key:"nfs.return_data_first_only" doc:"give the data at offset 0 only (NFS3::return_data_first_only)"`
}

// DefaultOptions returns Zeek's defaults.
func DefaultOptions() Options {
	return Options{Pending: 1000, Programs: 10_000, Timeout: 24 * time.Second, DataMax: 512, FirstOnly: true}
}

// Programs (RFC 1833 section 3, RFC 1813 sections 3 and 5).
const (
	programPortmap = 100000
	programNFS     = 100003
	programMount   = 100005
)

// announced is how long connections to a port that a portmapper names are waited for.
const announced = 600 * value.Second

// kind is a program.
type kind uint8

const (
	portmap kind = iota
	mount
	nfs
	kinds
)

// kindOf describes the kinds. The ports beside 111 and 2049 are those of mountd on BSD and
// Linux.
var kindOf = [kinds]struct {
	name, service string
	program       uint32
	ports         []uint16
}{
	{"PORTMAPPER", "portmapper", programPortmap, []uint16{111}},
	{"MOUNT", "mount", programMount, []uint16{635, 20048}},
	{"NFS", "nfs", programNFS, []uint16{2049}},
}

// Pair is a protocol over TCP and over UDP.
type Pair [2]*detect.Protocol

// New describes the protocols to the detector. Their analyzers raise their events on h.
func New(h *event.Hooks, o Options) (portmapper, mounts, files Pair) {
	f := &factory{hooks: &h.RPC, opt: o, seed: maphash.MakeSeed(), freeBufs: freelist.Buffers{Largest: 2 * maxMessage, Most: 16}}
	for k := range kindOf {
		for i, transport := range transports {
			d := &kindOf[k]
			p := &detect.Protocol{Transport: transport, Ports: d.ports}
			p.Protocol = conn.Protocol{
				Name: d.name, Service: d.service, Size: freelist.Size[analyzer](),
				New: func(u conn.Use) conn.Analyzer { return f.new(u, kind(k)) },
			}
			f.protocols[k][i] = p
		}
	}
	return f.protocols[portmap], f.protocols[mount], f.protocols[nfs]
}

// transports are those of a Pair.
var transports = [2]value.Proto{value.ProtoTCP, value.ProtoUDP}

// factory makes a shard's analyzers and holds what they share.
type factory struct {
	hooks     *event.RPCEvents
	opt       Options
	protocols [kinds]Pair
	seed      maphash.Seed
	free      freelist.List[analyzer]
	freeCalls freelist.List[call]
	freeBufs  freelist.Buffers

	// Scratch of events.
	groups   []uint64
	flavours []value.Enum
	mappings event.Table[event.PMMapping]
	entries  []value.Opt[event.NFSDirEntry]
	// data is what was left of a call before the data to write, set by its parser.
	data int
}

func (f *factory) new(u conn.Use, k kind) conn.Analyzer {
	a := f.free.Get()
	*a = analyzer{f: f, Use: u, kind: k, calls: a.calls[:0]}
	if u.Conn().Transport() == value.ProtoUDP {
		if f.opt.Timeout > 0 {
			u.Conn().EndAfter(value.Time(f.opt.Timeout))
		}
	} else {
		a.tcp = true
	}
	return a
}

// analyzer follows one connection.
type analyzer struct {
	f *factory
	conn.Use
	kind   kind
	tcp    bool
	served bool // the connection has its service
	off    bool // the analysis has ended
	calls  calls
	side   [2]side // over TCP; 0 is the originator's
}

func (a *analyzer) weird(name, addl string) { a.Weird(name, addl, kindOf[a.kind].name) }

// Data takes a datagram or the next bytes of a stream.
func (a *analyzer) Data(isOrig bool, b []byte) {
	switch {
	case a.off:
	case a.tcp:
		a.stream(isOrig, b)
	case !a.message(isOrig, b, a.Now(), a.Now()):
		a.weird("bad_RPC", "")
	}
}

// End does nothing: an incomplete message is dropped silently.
func (a *analyzer) End(bool) {}

// Flip swaps the two sides.
func (a *analyzer) Flip() { a.side[0], a.side[1] = a.side[1], a.side[0] }

// Done gives up the pending calls.
func (a *analyzer) Done() {
	if !a.off {
		a.off = true
		for _, c := range a.calls {
			a.timeout(c)
		}
	}
	a.forget()
	for i := range a.side {
		a.release(&a.side[i])
	}
	a.f.free.Put(a)
}

// timeout raises the events of a call without a reply.
func (a *analyzer) timeout(c *call) {
	a.dialogue(c, statusTimeout, 0)
	if c.valid {
		x := xdr{bad: true}
		if !a.reply(c, &x, &info{status: statusTimeout, start: a.Now(), last: a.Now()}) {
			a.weird("bad_RPC", "")
		}
	}
}

// forget drops the pending calls.
func (a *analyzer) forget() {
	for i, c := range a.calls {
		a.drop(c)
		a.calls[i] = nil
	}
	a.calls = a.calls[:0]
}

func (a *analyzer) drop(c *call) {
	a.HoldState(-c.weight())
	buf := c.buf[:0]
	if cap(buf) > keepBuffer {
		buf = nil
	}
	*c = call{buf: buf}
	a.f.freeCalls.Put(c)
}

// Message types, and the status of replies (RFC 5531 section 9).
const (
	msgCall  = 0
	msgReply = 1

	replyAccepted = 0
	replyDenied   = 1

	acceptSuccess      = 0
	acceptProgMismatch = 2

	rejectMismatch  = 0
	rejectAuthError = 1
)

// acceptStatus has Zeek's names of accept_stat.
var acceptStatus = [...]value.Enum{statusSuccess, "RPC_PROG_UNAVAIL", "RPC_PROG_MISMATCH", "RPC_PROC_UNAVAIL", "RPC_GARBAGE_ARGS", "RPC_SYSTEM_ERR"}

const (
	statusSuccess   value.Enum = "RPC_SUCCESS"
	statusTimeout   value.Enum = "RPC_TIMEOUT"
	statusVersion   value.Enum = "RPC_VERS_MISMATCH"
	statusAuthError value.Enum = "RPC_AUTH_ERROR"
	statusUnknown   value.Enum = "RPC_UNKNOWN_ERROR"

	// undefined is how Zeek prints a number without a name.
	undefined value.Enum = "<undefined>"
)

// message takes a message. It reports whether the message was complete.
func (a *analyzer) message(isOrig bool, b []byte, start, last value.Time) bool {
	x := xdr{b: b}
	xid, typ := x.uint32(), x.uint32()
	if x.bad {
		return false
	}
	i, found := a.calls.find(xid)
	switch typ {
	case msgCall:
		if !isOrig {
			a.weird("responder_RPC_call", "")
		}
		if !a.called(i, found, xid, &x, start, last) {
			return false
		}
	case msgReply:
		if isOrig {
			a.weird("originator_RPC_reply", "")
		}
		size := len(x.b)
		status := a.replyStatus(&x)
		if x.bad {
			return false
		}
		if e := a.f.hooks.Reply.Begin(); e != nil {
			*e = event.RPCReply{Conn: a.Conn(), XID: uint64(xid), Status: status, ReplyLen: uint64(len(x.b))}
			a.f.hooks.Reply.Raise(e)
		}
		if !found {
			a.weird("unpaired_RPC_response", "")
			return true
		}
		a.replied(i, &x, &info{status, start, last, size})
	default:
		a.weird("bad_RPC", "")
	}
	if len(x.b) > 0 && !x.bad && !x.zeros() {
		a.weird("excess_RPC", "")
	}
	return !x.lack
}

// called takes a call, whose place among the pending ones is i.
func (a *analyzer) called(i int, found bool, xid uint32, x *xdr, start, last value.Time) bool {
	f, body := a.f, x.b
	var c *call
	if found {
		c = a.calls[i]
		if len(body) != c.size || f.sumOf(body) != c.sum {
			a.weird("RPC_rexmit_inconsistency", "")
		}
		c.start, c.last = start, last
		if c.header > len(body) {
			a.weird("RPC_underflow", "")
			return false
		}
		x.b = body[c.header:]
	} else {
		c = f.freeCalls.Get()
		*c = call{xid: xid, start: start, last: last, buf: c.buf[:0]}
		if !c.parse(x) {
			f.freeCalls.Put(c)
			a.weird("bad_RPC", "")
			return false
		}
		c.sum = f.sumOf(body)
		c.buf = append(c.buf, body[:min(c.header, len(body))]...)
		if len(a.calls) >= f.opt.Pending {
			a.weird("RPC_pending_calls_discarded", "")
			a.Limited(kindOf[a.kind].name, "pending_calls")
			a.forget()
			i = 0
		}
		a.calls = append(a.calls, nil)
		copy(a.calls[i+1:], a.calls[i:])
		a.calls[i] = c
		a.HoldState(c.weight())
	}
	if e := f.hooks.Call.Begin(); e != nil {
		*e = event.RPCCall{
			Conn: a.Conn(), XID: uint64(xid), Prog: uint64(c.prog), Ver: uint64(c.vers), Proc: uint64(c.proc), CallLen: uint64(c.size),
		}
		f.hooks.Call.Raise(e)
	}
	args := x.b
	f.data = 0
	if !a.arguments(c, x) {
		a.weird("bad_RPC", "")
		return false
	}
	if f.data > 0 {
		args = args[:min(len(args), len(args)-f.data+4+f.wanted())]
	}
	a.HoldState(-c.weight())
	c.buf = append(c.buf[:min(c.header, len(c.buf))], args...)
	a.HoldState(c.weight())
	c.valid = true
	return true
}

// wanted is how much data of a file events may have.
func (f *factory) wanted() int {
	if !f.opt.ReturnData {
		return 0
	}
	return f.opt.DataMax
}

// replyStatus parses a reply up to its results. If it is cut short, x is bad.
func (a *analyzer) replyStatus(x *xdr) value.Enum {
	status := statusUnknown
	switch x.uint32() {
	case replyAccepted:
		x.auth()
		accept := x.uint32()
		if accept < uint32(len(acceptStatus)) {
			status = acceptStatus[accept]
		}
		if accept == acceptProgMismatch {
			x.uint64() // lowest and highest version
		}
	case replyDenied:
		reject := x.uint32()
		switch {
		case x.bad:
		case reject == rejectMismatch:
			status = statusVersion
			x.uint64()
		case reject == rejectAuthError:
			status = statusAuthError
			x.uint32()
		default:
			a.weird("bad_RPC", "")
		}
	default:
		if !x.bad {
			a.weird("bad_RPC", "")
		}
	}
	return status
}

// replied takes the results of the i-th pending call.
func (a *analyzer) replied(i int, x *xdr, r *info) {
	c := a.calls[i]
	switch {
	case c.valid:
		if !a.reply(c, x, r) {
			a.weird("bad_RPC", "")
		} else if r.status == statusSuccess && c.prog == kindOf[a.kind].program && !a.served {
			a.served = true
			a.AddService(kindOf[a.kind].service)
		}
	case r.status == statusSuccess:
		a.weird("successful_RPC_reply_to_invalid_request", "")
	}
	a.dialogue(c, r.status, len(x.b))
	// A listener cannot have changed the calls.
	copy(a.calls[i:], a.calls[i+1:])
	a.calls[len(a.calls)-1] = nil
	a.calls = a.calls[:len(a.calls)-1]
	a.drop(c)
}

func (a *analyzer) dialogue(c *call, status value.Enum, n int) {
	if e := a.f.hooks.Dialogue.Begin(); e != nil {
		*e = event.RPCDialogue{
			Conn: a.Conn(), Prog: uint64(c.prog), Ver: uint64(c.vers), Proc: uint64(c.proc),
			Status: status, StartTime: c.start, CallLen: uint64(c.size), ReplyLen: uint64(n),
		}
		a.f.hooks.Dialogue.Raise(e)
	}
}

// arguments parses the arguments of a call, without events. It returns false if they are
// not complete, or if the procedure is none of the portmapper.
func (a *analyzer) arguments(c *call, x *xdr) bool {
	switch a.kind {
	case portmap:
		return a.portmapArguments(c, x)
	case mount:
		return a.mountArguments(c, x)
	default:
		return a.nfsArguments(c, x)
	}
}

// reply parses the results of a call and raises the events of its procedure.
func (a *analyzer) reply(c *call, x *xdr, r *info) bool {
	switch a.kind {
	case portmap:
		return a.portmapReply(c, x, r)
	case mount:
		return a.mountReply(c, x, r)
	default:
		return a.nfsReply(c, x, r)
	}
}

// otherProgram raises a weird for a call of another program. The portmapper's has no number.
func (a *analyzer) otherProgram(c *call) {
	switch {
	case c.prog == kindOf[a.kind].program:
	case a.kind == portmap:
		a.weird("bad_RPC_program", "")
	default:
		a.weird("bad_RPC_program", strconv.Itoa(int(int32(c.prog))))
	}
}

// raise raises the event v, which costs nothing to fill.
func raise[E any](h event.AnyHook[E], v E) {
	if e := h.Begin(); e != nil {
		*e = v
		h.Raise(e)
	}
}
