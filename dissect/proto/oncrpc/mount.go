package oncrpc

import (
	"strconv"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// Procedures of MOUNT version 3 (RFC 1813 section 5.2).
const (
	mountNull    = 0
	mountMnt     = 1
	mountUmnt    = 3
	mountUmntAll = 4
)

// mountProcs has Zeek's names of the procedures.
var mountProcs = [...]value.Enum{
	"MOUNT3::PROC_NULL", "MOUNT3::PROC_MNT", "MOUNT3::PROC_DUMP", "MOUNT3::PROC_UMNT", "MOUNT3::PROC_UMNT_ALL", "MOUNT3::PROC_EXPORT",
}

// mountStatus returns Zeek's name of a mountstat3 (RFC 1813 section 5.1.5).
func mountStatus(n uint32) value.Enum {
	switch n {
	case 0:
		return mountOK
	case 1:
		return "MOUNT3::MNT3ERR_PERM"
	case 2:
		return "MOUNT3::MNT3ERR_NOENT"
	case 5:
		return "MOUNT3::MNT3ERR_IO"
	case 13:
		return "MOUNT3::MNT3ERR_ACCES"
	case 20:
		return "MOUNT3::MNT3ERR_NOTDIR"
	case 22:
		return "MOUNT3::MNT3ERR_INVAL"
	case 63:
		return "MOUNT3::MNT3ERR_NAMETOOLONG"
	case 10004:
		return "MOUNT3::MNT3ERR_NOTSUPP"
	case 10006:
		return "MOUNT3::MNT3ERR_SERVERFAULT"
	case 1<<32 - 1:
		return mountUnknown
	}
	return undefined
}

const (
	mountOK      value.Enum = "MOUNT3::MNT3_OK"
	mountUnknown value.Enum = "MOUNT3::MOUNT3ERR_UNKNOWN"
)

// authFlavours has Zeek's names of the flavours of authentication.
var authFlavours = [...]value.Enum{"MOUNT3::AUTH_NULL", "MOUNT3::AUTH_UNIX", "MOUNT3::AUTH_SHORT", "MOUNT3::AUTH_DES"}

// maxFlavours is how many flavours of a reply are read.
const maxFlavours = 32

// mountArguments parses the arguments of a call to mountd.
func (a *analyzer) mountArguments(c *call, x *xdr) bool {
	a.otherProgram(c)
	switch {
	case c.proc == mountNull:
	case c.proc == mountUmntAll && len(x.b) == 0 && !a.Compat(compat.MountUmntAll):
		// RFC 1813 section 5.2.4: it has no arguments.
	case c.proc == mountMnt, c.proc == mountUmnt, c.proc == mountUmntAll:
		x.opaque(maxOpaque)
	case c.proc < uint32(len(mountProcs)):
		x.b = nil // not parsed
	default:
		a.weird("unknown_MOUNT_request", strconv.Itoa(int(c.proc)))
	}
	return !x.bad
}

// mountReply parses the results of a call to mountd, and raises its events.
func (a *analyzer) mountReply(c *call, x *xdr, r *info) bool {
	f, h := a.f, a.f.hooks
	status, success := mountOK, r.status == statusSuccess
	if success {
		status = mountUnknown
		if len(x.b) >= 4 {
			status = mountStatus(x.uint32())
		}
	} else {
		*x = xdr{bad: true}
	}
	if h.MountReplyStatus.On() {
		raise(&h.MountReplyStatus, event.MountReplyStatus{Conn: a.Conn(), Info: f.mountInfo(c, r, status)})
	}
	var rep event.MountReply
	switch {
	case c.proc == mountMnt:
		rep = a.mntReply(x, status)
	case c.proc == mountUmnt, c.proc == mountUmntAll:
		status = mountOK
		x.b = nil
	case c.proc == mountNull:
	case c.proc < uint32(len(mountProcs)):
		x.b = nil // not parsed
	default:
		return false
	}
	if success && x.bad {
		return false
	}
	args := c.args()
	switch c.proc {
	case mountNull:
		if h.MountProcNull.On() {
			raise(&h.MountProcNull, event.MountProcNull{Conn: a.Conn(), Info: f.mountInfo(c, r, status)})
		}
	case mountMnt:
		if h.MountProcMnt.On() {
			raise(&h.MountProcMnt, event.MountProcMnt{
				Conn: a.Conn(), Info: f.mountInfo(c, r, status), Req: event.MountDirArgs{DirName: args.opaque(maxOpaque)}, Rep: rep,
			})
		}
	case mountUmnt, mountUmntAll:
		req := event.MountDirArgs{DirName: args.opaque(maxOpaque)}
		switch {
		case c.proc == mountUmntAll && !a.Compat(compat.MountUmntAll):
			if h.MountProcUmntAll.On() {
				raise(&h.MountProcUmntAll, event.MountProcUmntAll{Conn: a.Conn(), Info: f.mountInfo(c, r, status), Req: req})
			}
		case h.MountProcUmnt.On():
			raise(&h.MountProcUmnt, event.MountProcUmnt{Conn: a.Conn(), Info: f.mountInfo(c, r, status), Req: req})
		}
	default:
		if h.MountProcNotImplemented.On() {
			raise(&h.MountProcNotImplemented, event.MountProcNotImplemented{
				Conn: a.Conn(), Info: f.mountInfo(c, r, status), Proc: mountProcs[c.proc],
			})
		}
	}
	return true
}

// mntReply parses the result of MNT (RFC 1813 section 5.2.1).
func (a *analyzer) mntReply(x *xdr, status value.Enum) (rep event.MountReply) {
	if status != mountOK {
		return rep
	}
	rep.DirFH = handle(x)
	n := x.uint32()
	list := a.f.flavours[:0]
	for range min(n, maxFlavours) {
		flavour := undefined
		if v := x.uint32(); v < uint32(len(authFlavours)) {
			flavour = authFlavours[v]
		}
		list = append(list, flavour)
	}
	if n > maxFlavours {
		a.weird("excessive_MNT_auth_flavors", "")
		x.b = nil
	}
	a.f.flavours = list
	rep.AuthFlavors = value.Some(list)
	return rep
}

// maxHandle is the length of the longest file handle (NFS3_FHSIZE, RFC 1813 section 2.4).
const maxHandle = 64

// handle parses a file handle. It is unset if it is not there.
func handle(x *xdr) value.Opt[[]byte] {
	b := x.opaque(maxHandle)
	return value.Opt[[]byte]{V: b, OK: !x.bad}
}
