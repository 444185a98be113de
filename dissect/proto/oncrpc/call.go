package oncrpc

import (
	"encoding/binary"
	"hash/maphash"
	"sort"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

// Authentication flavours (RFC 5531 section 8.2).
const authUnix = 1

// Limits of AUTH_UNIX (RFC 5531 appendix A), the number of groups as Zeek takes it.
const (
	maxMachineName = 255
	maxGroups      = 64
)

// call is a call that waits for its reply.
type call struct {
	xid, prog, vers, proc uint32
	uid, gid, stamp       uint32
	start, last           value.Time
	valid                 bool // its arguments could be parsed
	size                  int  // bytes after the message type
	header                int  // of them before the arguments
	sum                   uint64
	// buf holds the call after the message type, without the end of data to write.
	buf []byte
	// machine and groups are parts of buf: a name, and numbers of 4 bytes that may end
	// before all ngroups.
	machine, groups [2]int
	ngroups         int
}

// keepBuffer is the largest capacity of a buffer that an unused call keeps.
const keepBuffer = 4096

// calls are the pending calls of a connection, by xid.
type calls []*call

// find returns the index of the call with an xid, or where it belongs.
func (l calls) find(xid uint32) (i int, ok bool) {
	n := len(l)
	if n == 0 || l[n-1].xid < xid {
		return n, false
	}
	i = sort.Search(n, func(i int) bool { return l[i].xid >= xid })
	return i, l[i].xid == xid
}

// parse parses the header of a call (RFC 5531 section 9) from x, which is at the RPC version.
func (c *call) parse(x *xdr) bool {
	body := x.b
	c.size = len(body)
	x.uint32() // version of RPC
	c.prog, c.vers, c.proc = x.uint32(), x.uint32(), x.uint32()
	flavour := x.uint32()
	at := len(body) - len(x.b) + 4
	cred := x.opaque(maxOpaque)
	x.auth()
	if x.bad {
		return false
	}
	if flavour == authUnix {
		y := xdr{b: cred}
		c.stamp = y.uint32()
		name := y.opaque(maxMachineName)
		if y.bad {
			return false
		}
		end := at + 8 + len(name)
		c.machine = [2]int{at + 8, end}
		c.uid, c.gid = y.uint32(), y.uint32()
		n := y.uint32()
		if n > maxGroups {
			return false
		}
		from := at + len(cred) - len(y.b)
		c.groups, c.ngroups = [2]int{from, from + min(4*int(n), len(y.b)&^3)}, int(n)
	}
	c.header = len(body) - len(x.b)
	if x.lack {
		c.header++ // the arguments begin after the end
	}
	return true
}

// auxGIDs appends the groups of the caller to dst.
func (c *call) auxGIDs(dst []uint64) []uint64 {
	b := c.buf[c.groups[0]:c.groups[1]]
	for range c.ngroups {
		var v uint32
		if len(b) >= 4 {
			v = binary.BigEndian.Uint32(b)
			b = b[4:]
		}
		dst = append(dst, uint64(v))
	}
	return dst
}

// args returns a reader of the arguments.
func (c *call) args() xdr { return xdr{b: c.buf[min(c.header, len(c.buf)):]} }

// info describes a call and its reply in the terms of both programs.
type info struct {
	status      value.Enum // of the RPC reply
	start, last value.Time // of the reply
	size        int        // of the reply after the message type
}

func interval(from, to value.Time) value.Interval {
	return value.Interval(to.Seconds() - from.Seconds())
}

func (f *factory) nfsInfo(c *call, r *info, status value.Enum) event.NFSInfo {
	f.groups = c.auxGIDs(f.groups[:0])
	return event.NFSInfo{
		RPCStat: r.status, NFSStat: status,
		ReqStart: c.start, ReqDur: interval(c.start, c.last), ReqLen: uint64(c.size),
		RepStart: r.start, RepDur: interval(r.start, r.last), RepLen: uint64(r.size),
		RPCUID: uint64(c.uid), RPCGID: uint64(c.gid), RPCStamp: uint64(c.stamp),
		RPCMachineName: c.buf[c.machine[0]:c.machine[1]], RPCAuxGIDs: f.groups,
	}
}

func (f *factory) mountInfo(c *call, r *info, status value.Enum) event.MountInfo {
	i := f.nfsInfo(c, r, status)
	return event.MountInfo{
		RPCStat: i.RPCStat, MntStat: i.NFSStat,
		ReqStart: i.ReqStart, ReqDur: i.ReqDur, ReqLen: i.ReqLen,
		RepStart: i.RepStart, RepDur: i.RepDur, RepLen: i.RepLen,
		RPCUID: i.RPCUID, RPCGID: i.RPCGID, RPCStamp: i.RPCStamp,
		RPCMachineName: i.RPCMachineName, RPCAuxGIDs: i.RPCAuxGIDs,
	}
}

// weight is about the memory of a pending call.
func (c *call) weight() int { return freelist.Size[call]() + cap(c.buf) }

// sumOf identifies the contents of a call, to tell a repetition from another call.
func (f *factory) sumOf(body []byte) uint64 { return maphash.Bytes(f.seed, body) }
