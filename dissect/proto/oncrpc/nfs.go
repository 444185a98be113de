package oncrpc

import (
	"math"
	"strconv"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// Procedures of NFS version 3 (RFC 1813 section 3.3).
const (
	nfsNull        = 0
	nfsGetAttr     = 1
	nfsSetAttr     = 2
	nfsLookup      = 3
	nfsReadLink    = 5
	nfsRead        = 6
	nfsWrite       = 7
	nfsCreate      = 8
	nfsMkDir       = 9
	nfsSymlink     = 10
	nfsRemove      = 12
	nfsRmDir       = 13
	nfsRename      = 14
	nfsLink        = 15
	nfsReadDir     = 16
	nfsReadDirPlus = 17
	nfsProcs       = 22
)

// nfsOther has Zeek's names of the procedures that are not parsed.
var nfsOther = [nfsProcs]value.Enum{
	4: "NFS3::PROC_ACCESS", 11: "NFS3::PROC_MKNOD", 18: "NFS3::PROC_FSSTAT", 19: "NFS3::PROC_FSINFO",
	20: "NFS3::PROC_PATHCONF", 21: "NFS3::PROC_COMMIT",
}

const (
	nfsOK      value.Enum = "NFS3::NFS3ERR_OK"
	nfsUnknown value.Enum = "NFS3::NFS3ERR_UNKNOWN"
)

// nfsErrors has Zeek's names of nfsstat3 (RFC 1813 section 2.6) from 1 on.
var nfsErrors = [...]value.Enum{
	1: "NFS3::NFS3ERR_PERM", 2: "NFS3::NFS3ERR_NOENT", 5: "NFS3::NFS3ERR_IO", 6: "NFS3::NFS3ERR_NXIO",
	13: "NFS3::NFS3ERR_ACCES", 17: "NFS3::NFS3ERR_EXIST", 18: "NFS3::NFS3ERR_XDEV", 19: "NFS3::NFS3ERR_NODEV",
	20: "NFS3::NFS3ERR_NOTDIR", 21: "NFS3::NFS3ERR_ISDIR", 22: "NFS3::NFS3ERR_INVAL", 27: "NFS3::NFS3ERR_FBIG",
	28: "NFS3::NFS3ERR_NOSPC", 30: "NFS3::NFS3ERR_ROFS", 31: "NFS3::NFS3ERR_MLINK", 63: "NFS3::NFS3ERR_NAMETOOLONG",
	66: "NFS3::NFS3ERR_NOTEMPTY", 69: "NFS3::NFS3ERR_DQUOT", 70: "NFS3::NFS3ERR_STALE", 71: "NFS3::NFS3ERR_REMOTE",
}

// nfsFirstLate is the first of the errors of nfsLateErrors.
const nfsFirstLate = 10001

// nfsLateErrors has Zeek's names of nfsstat3 from nfsFirstLate on.
var nfsLateErrors = [...]value.Enum{
	"NFS3::NFS3ERR_BADHANDLE", "NFS3::NFS3ERR_NOT_SYNC", "NFS3::NFS3ERR_BAD_COOKIE", "NFS3::NFS3ERR_NOTSUPP",
	"NFS3::NFS3ERR_TOOSMALL", "NFS3::NFS3ERR_SERVERFAULT", "NFS3::NFS3ERR_BADTYPE", "NFS3::NFS3ERR_JUKEBOX",
}

// nfsStatus returns Zeek's name of an nfsstat3.
func nfsStatus(n uint32) value.Enum {
	switch {
	case n == 0:
		return nfsOK
	case n < uint32(len(nfsErrors)):
		return named(nfsErrors[n])
	case n >= nfsFirstLate && n-nfsFirstLate < uint32(len(nfsLateErrors)):
		return nfsLateErrors[n-nfsFirstLate]
	case n == 1<<32-1:
		return nfsUnknown
	}
	return undefined
}

// named returns name, or undefined if there is none.
func named(name value.Enum) value.Enum {
	if name == "" {
		return undefined
	}
	return name
}

// enum parses a number that stands for one of names.
func enum(x *xdr, names []value.Enum) value.Enum {
	if n := x.uint32(); n < uint32(len(names)) {
		return named(names[n])
	}
	return undefined
}

var (
	fileTypes  = []value.Enum{1: "NFS3::FTYPE_REG", 2: "NFS3::FTYPE_DIR", 3: "NFS3::FTYPE_BLK", 4: "NFS3::FTYPE_CHR", 5: "NFS3::FTYPE_LNK", 6: "NFS3::FTYPE_SOCK", 7: "NFS3::FTYPE_FIFO"}
	timeHows   = []value.Enum{"NFS3::DONT_CHANGE", "NFS3::SET_TO_SERVER_TIME", timeOfClient}
	stableHows = []value.Enum{"NFS3::UNSTABLE", "NFS3::DATA_SYNC", "NFS3::FILE_SYNC"}
)

// timeOfClient is the time_how that a time follows (RFC 1813 section 2.5.3).
const timeOfClient value.Enum = "NFS3::SET_TO_CLIENT_TIME"

// nfsArguments parses the arguments of a call to an NFS server.
func (a *analyzer) nfsArguments(c *call, x *xdr) bool {
	a.otherProgram(c)
	switch c.proc {
	case nfsNull:
	case nfsGetAttr, nfsReadLink:
		x.opaque(maxHandle)
	case nfsSetAttr:
		a.setAttrArgs(x)
	case nfsLookup, nfsRemove, nfsRmDir:
		dirOpArgs(x)
	case nfsRead:
		readArgs(x)
	case nfsWrite:
		a.writeArgs(x)
	case nfsCreate, nfsMkDir:
		dirOpArgs(x)
		x.b = nil // attributes are not parsed
	case nfsSymlink:
		a.symlinkArgs(x)
	case nfsRename:
		renameArgs(x)
	case nfsLink:
		linkArgs(x)
	case nfsReadDir, nfsReadDirPlus:
		readDirArgs(x, c.proc == nfsReadDirPlus)
	default:
		if c.proc < nfsProcs {
			x.b = nil // not parsed
		} else {
			a.weird("unknown_NFS_request", strconv.Itoa(int(c.proc)))
		}
	}
	return !x.bad
}

func dirOpArgs(x *xdr) event.NFSDirOpArgs {
	fh := x.opaque(maxHandle)
	return event.NFSDirOpArgs{DirFH: fh, FName: x.opaque(maxOpaque)}
}

func readArgs(x *xdr) event.NFSReadArgs {
	fh := x.opaque(maxHandle)
	offset := x.uint64()
	return event.NFSReadArgs{FH: fh, Offset: offset, Size: x.count()}
}

// writeArgs parses the arguments of WRITE, and notes where the data begins.
func (a *analyzer) writeArgs(x *xdr) (w event.NFSWriteArgs) {
	w.FH = x.opaque(maxHandle)
	w.Offset, w.Size = x.uint64(), x.count()
	w.Stable = enum(x, stableHows)
	a.f.data = len(x.b)
	w.Data = a.f.contents(x, w.Offset, w.Size)
	return w
}

// contents parses data of a file, and returns what of it events may have.
func (f *factory) contents(x *xdr, offset, size uint64) (v value.Opt[[]byte]) {
	b := x.rest()
	if !f.opt.ReturnData || f.opt.FirstOnly && offset != 0 {
		return v
	}
	b = b[:min(uint64(len(b)), size, uint64(f.opt.DataMax))]
	return value.Opt[[]byte]{V: b, OK: len(b) > 0}
}

// setAttr parses attributes to set (sattr3, RFC 1813 section 2.5.3).
func (a *analyzer) setAttr(x *xdr) (s event.NFSSetAttr) {
	optional := func(to *value.Opt[uint64]) {
		if x.bool() {
			*to = value.Some(x.count())
		}
	}
	optional(&s.Mode)
	optional(&s.UID)
	optional(&s.GID)
	zeek := a.Compat(compat.NFSAttributes)
	if x.bool() {
		size := x.uint64()
		if zeek { // it takes the size for a time, and the bits of that for a number
			size = math.Float64bits(seconds(size))
		}
		s.Size = value.Some(size)
	}
	for _, to := range [...]*value.Opt[value.Enum]{&s.ATime, &s.MTime} {
		how := enum(x, timeHows)
		*to = value.Some(how)
		if how == timeOfClient && !zeek {
			x.time()
		}
	}
	return s
}

func (a *analyzer) setAttrArgs(x *xdr) event.NFSSetAttrArgs {
	fh := x.opaque(maxHandle)
	return event.NFSSetAttrArgs{FH: fh, NewAttributes: a.setAttr(x)}
}

func (a *analyzer) symlinkArgs(x *xdr) (s event.NFSSymlinkArgs) {
	s.Link = dirOpArgs(x)
	s.SymlinkData.SymlinkAttributes = a.setAttr(x)
	s.SymlinkData.NFSPath = x.opaque(maxOpaque)
	return s
}

func renameArgs(x *xdr) (r event.NFSRenameArgs) {
	from := dirOpArgs(x)
	to := dirOpArgs(x)
	return event.NFSRenameArgs{SrcDirFH: from.DirFH, SrcFName: from.FName, DstDirFH: to.DirFH, DstFName: to.FName}
}

func linkArgs(x *xdr) event.NFSLinkArgs {
	fh := x.opaque(maxHandle)
	return event.NFSLinkArgs{FH: fh, Link: dirOpArgs(x)}
}

func readDirArgs(x *xdr, plus bool) (r event.NFSReadDirArgs) {
	r.IsPlus, r.DirFH = plus, x.opaque(maxHandle)
	r.Cookie, r.CookieVerf, r.DirCount = x.uint64(), x.uint64(), x.count()
	if plus {
		r.MaxCount = value.Some(x.count())
	}
	return r
}

// attr parses attributes (fattr3, RFC 1813 section 2.5.5).
func attr(x *xdr) (t event.NFSAttr) {
	t.FType = enum(x, fileTypes)
	t.Mode, t.NLink, t.UID, t.GID = x.count(), x.count(), x.count(), x.count()
	t.Size, t.Used = x.uint64(), x.uint64()
	t.RDev1, t.RDev2 = x.count(), x.count()
	t.FSID, t.FileID = x.uint64(), x.uint64()
	t.ATime, t.MTime, t.CTime = x.time(), x.time(), x.time()
	return t
}

// postAttr parses attributes that may be missing (post_op_attr, RFC 1813 section 2.6).
func postAttr(x *xdr) (t value.Opt[event.NFSAttr]) {
	if x.bool() {
		t = value.Some(attr(x))
	}
	return t
}

// preAttr parses earlier attributes that may be missing (pre_op_attr, RFC 1813 section 2.6).
func preAttr(x *xdr) (t value.Opt[event.NFSWccAttr]) {
	if x.bool() {
		size := x.uint64()
		mtime := x.time()
		t = value.Some(event.NFSWccAttr{Size: size, ATime: mtime, MTime: x.time()})
	}
	return t
}

// postHandle parses a handle that may be missing (post_op_fh3, RFC 1813 section 2.6).
func postHandle(x *xdr) (v value.Opt[[]byte]) {
	if x.bool() {
		v = handle(x)
	}
	return v
}

// nfsReply parses the results of a call to an NFS server, and raises its events. What a
// refused call has no results for is zero or unset, as in Zeek.
func (a *analyzer) nfsReply(c *call, x *xdr, r *info) bool {
	f, h := a.f, a.f.hooks
	status, success := nfsOK, r.status == statusSuccess
	if success {
		status = nfsUnknown
		if len(x.b) >= 4 {
			status = nfsStatus(x.uint32())
		}
	} else {
		*x = xdr{bad: true}
	}
	conn, i := a.Conn(), f.nfsInfo(c, r, status)
	raise(&h.NFSReplyStatus, event.NFSReplyStatus{Conn: conn, Info: i})
	ok, args := status == nfsOK, c.args()
	zeek := a.Compat(compat.NFSAttributes) // failed calls have no attributes
	// complete reports whether the results were there.
	complete := func() bool { return !success || !x.bad }
	switch c.proc {
	case nfsNull:
		if !complete() {
			return false
		}
		raise(&h.NFSProcNull, event.NFSProcNull{Conn: conn, Info: i})
	case nfsGetAttr:
		t := attr(x)
		if !complete() {
			return false
		}
		raise(&h.NFSProcGetAttr, event.NFSProcGetAttr{Conn: conn, Info: i, FH: args.opaque(maxHandle), Attrs: t})
	case nfsSetAttr:
		var rep event.NFSSetAttrReply
		if ok || !zeek {
			rep.DirPreAttr = preAttr(x)
			rep.DirPostAttr = postAttr(x)
		}
		if !complete() {
			return false
		}
		raise(&h.NFSProcSAttr, event.NFSProcSAttr{Conn: conn, Info: i, Req: a.setAttrArgs(&args), Rep: rep})
	case nfsLookup:
		var rep event.NFSLookupReply
		if ok {
			rep.FH = handle(x)
			rep.ObjAttr = postAttr(x)
		}
		rep.DirAttr = postAttr(x)
		if !complete() {
			return false
		}
		raise(&h.NFSProcLookup, event.NFSProcLookup{Conn: conn, Info: i, Req: dirOpArgs(&args), Rep: rep})
	case nfsRead:
		req := readArgs(&args)
		rep := event.NFSReadReply{Attr: postAttr(x)}
		if ok {
			rep.Size = value.Some(x.count())
			rep.EOF = value.Some(x.bool())
			rep.Data = f.contents(x, req.Offset, rep.Size.V)
		}
		if !complete() {
			return false
		}
		raise(&h.NFSProcRead, event.NFSProcRead{Conn: conn, Info: i, Req: req, Rep: rep})
	case nfsReadLink:
		rep := event.NFSReadLinkReply{Attr: postAttr(x)}
		if ok {
			b := x.opaque(maxOpaque)
			rep.NFSPath = value.Opt[[]byte]{V: b, OK: !x.bad}
		}
		if !complete() {
			return false
		}
		raise(&h.NFSProcReadLink, event.NFSProcReadLink{Conn: conn, Info: i, FH: args.opaque(maxHandle), Rep: rep})
	case nfsWrite:
		rep := writeReply(x, ok)
		if !complete() {
			return false
		}
		raise(&h.NFSProcWrite, event.NFSProcWrite{Conn: conn, Info: i, Req: a.writeArgs(&args), Rep: rep})
	case nfsCreate, nfsMkDir, nfsSymlink:
		var rep event.NFSNewObjReply
		if ok {
			rep.FH = postHandle(x)
			rep.ObjAttr = postAttr(x)
		}
		rep.DirPreAttr = preAttr(x)
		rep.DirPostAttr = postAttr(x)
		if !complete() {
			return false
		}
		switch c.proc {
		case nfsCreate:
			raise(&h.NFSProcCreate, event.NFSProcCreate{Conn: conn, Info: i, Req: dirOpArgs(&args), Rep: rep})
		case nfsMkDir:
			raise(&h.NFSProcMkDir, event.NFSProcMkDir{Conn: conn, Info: i, Req: dirOpArgs(&args), Rep: rep})
		default:
			raise(&h.NFSProcSymlink, event.NFSProcSymlink{Conn: conn, Info: i, Req: a.symlinkArgs(&args), Rep: rep})
		}
	case nfsRemove, nfsRmDir:
		pre := preAttr(x)
		rep := event.NFSDelObjReply{DirPreAttr: pre, DirPostAttr: postAttr(x)}
		if !complete() {
			return false
		}
		if c.proc == nfsRemove {
			raise(&h.NFSProcRemove, event.NFSProcRemove{Conn: conn, Info: i, Req: dirOpArgs(&args), Rep: rep})
		} else {
			raise(&h.NFSProcRmDir, event.NFSProcRmDir{Conn: conn, Info: i, Req: dirOpArgs(&args), Rep: rep})
		}
	case nfsRename:
		var rep event.NFSRenameReply
		rep.SrcDirPreAttr = preAttr(x)
		rep.SrcDirPostAttr = postAttr(x)
		rep.DstDirPreAttr = preAttr(x)
		rep.DstDirPostAttr = postAttr(x)
		if !complete() {
			return false
		}
		raise(&h.NFSProcRename, event.NFSProcRename{Conn: conn, Info: i, Req: renameArgs(&args), Rep: rep})
	case nfsLink:
		var rep event.NFSLinkReply
		if ok || !zeek {
			rep.PostAttr = postAttr(x)
			rep.PreAttr = preAttr(x)
			rep.PostDir = postAttr(x)
		}
		if !complete() {
			return false
		}
		raise(&h.NFSProcLink, event.NFSProcLink{Conn: conn, Info: i, Req: linkArgs(&args), Rep: rep})
	case nfsReadDir, nfsReadDirPlus:
		plus := c.proc == nfsReadDirPlus
		rep := f.readDirReply(x, plus, ok, a.Compat(compat.NFSEntries))
		if !complete() {
			return false
		}
		raise(&h.NFSProcReadDir, event.NFSProcReadDir{Conn: conn, Info: i, Req: readDirArgs(&args, plus), Rep: rep})
	default:
		if c.proc >= nfsProcs {
			return false
		}
		x.b = nil // not parsed
		if !complete() {
			return false
		}
		raise(&h.NFSProcNotImplemented, event.NFSProcNotImplemented{Conn: conn, Info: i, Proc: nfsOther[c.proc]})
	}
	return true
}

// writeReply parses the result of WRITE (RFC 1813 section 3.3.7).
func writeReply(x *xdr, ok bool) (rep event.NFSWriteReply) {
	rep.PreAttr = preAttr(x)
	rep.PostAttr = postAttr(x)
	if !ok {
		return rep
	}
	rep.Size = value.Some(x.count())
	rep.Committed = value.Some(enum(x, stableHows))
	rep.Verf = value.Some(x.uint64())
	return rep
}

// readDirReply parses the result of READDIR or READDIRPLUS (RFC 1813 sections 3.3.16 and
// 3.3.17). In Zeek, which follow asks for, the first entry has number 1.
func (f *factory) readDirReply(x *xdr, plus, ok, follow bool) event.NFSReadDirReply {
	rep := event.NFSReadDirReply{IsPlus: plus, DirAttr: postAttr(x)}
	if !ok {
		return rep
	}
	rep.CookieVerf = value.Some(x.uint64())
	list := f.entries[:0]
	for x.bool() {
		var e event.NFSDirEntry
		e.FileID, e.FName, e.Cookie = x.uint64(), x.opaque(maxOpaque), x.uint64()
		if plus {
			e.Attr = postAttr(x)
			e.FH = postHandle(x)
		}
		if len(list) == 0 && follow {
			list = append(list, value.Opt[event.NFSDirEntry]{})
		}
		list = append(list, value.Some(e))
	}
	f.entries = list
	rep.Entries = value.Some(list)
	rep.EOF = value.Some(x.bool())
	return rep
}
