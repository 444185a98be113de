package event

import "github.com/wirelog/wirelog/value"

// NFSInfo describes an NFSv3 call and its reply. If one of them is unsuccessful, the
// reply's record in the same event has no values.
//
//wirelog:record NFS3::info_t
type NFSInfo struct {
	RPCStat        value.Enum     `zeek:"rpc_stat"`  // of the RPC reply
	NFSStat        value.Enum     `zeek:"nfs_stat"`  // of the program's (RFC 1813 section 2.6)
	ReqStart       value.Time     `zeek:"req_start"` // begin of the call
	ReqDur         value.Interval `zeek:"req_dur"`   // from its begin to its end
	ReqLen         uint64         `zeek:"req_len"`   // bytes of the call after its type
	RepStart       value.Time     `zeek:"rep_start"` // begin of the reply
	RepDur         value.Interval `zeek:"rep_dur"`   // from its begin to its end
	RepLen         uint64         `zeek:"rep_len"`   // bytes of the reply after its type
	RPCUID         uint64         `zeek:"rpc_uid"`   // of AUTH_UNIX (RFC 5531 appendix A), 0 without
	RPCGID         uint64         `zeek:"rpc_gid"`
	RPCStamp       uint64         `zeek:"rpc_stamp"`
	RPCMachineName []byte         `zeek:"rpc_machine_name"` // valid inside the call
	RPCAuxGIDs     []uint64       `zeek:"rpc_auxgids"`      // valid inside the call
}

// NFSSetAttr are attributes to set (sattr3, RFC 1813 section 2.5.3). Fields that are to
// stay as they are are unset.
//
//wirelog:record NFS3::sattr_t
type NFSSetAttr struct {
	Mode  value.Opt[uint64]     `zeek:"mode"`
	UID   value.Opt[uint64]     `zeek:"uid"`
	GID   value.Opt[uint64]     `zeek:"gid"`
	Size  value.Opt[uint64]     `zeek:"size"` // bytes
	ATime value.Opt[value.Enum] `zeek:"atime"`
	MTime value.Opt[value.Enum] `zeek:"mtime"`
}

// NFSAttr are the attributes of a file (fattr3, RFC 1813 section 2.5.5). Times are in seconds
// since the Unix epoch, with nanoseconds as far as a double has them.
//
//wirelog:record NFS3::fattr_t
type NFSAttr struct {
	FType  value.Enum `zeek:"ftype"`
	Mode   uint64     `zeek:"mode"`
	NLink  uint64     `zeek:"nlink"` // links to the file
	UID    uint64     `zeek:"uid"`
	GID    uint64     `zeek:"gid"`
	Size   uint64     `zeek:"size"`  // bytes
	Used   uint64     `zeek:"used"`  // bytes of storage
	RDev1  uint64     `zeek:"rdev1"` // major number of a device
	RDev2  uint64     `zeek:"rdev2"` // and minor number
	FSID   uint64     `zeek:"fsid"`  // the file system
	FileID uint64     `zeek:"fileid"`
	ATime  float64    `zeek:"atime"` // last access
	MTime  float64    `zeek:"mtime"` // last change of the contents
	CTime  float64    `zeek:"ctime"` // last change of the attributes
}

// NFSWccAttr are the attributes before an operation (wcc_attr, RFC 1813 section 2.6). As in
// Zeek, ATime is the time of the last change of the contents, MTime that of the attributes, in
// the form of NFSAttr.
//
//wirelog:record NFS3::wcc_attr_t
type NFSWccAttr struct {
	Size  uint64  `zeek:"size"` // bytes
	ATime float64 `zeek:"atime"`
	MTime float64 `zeek:"mtime"`
}

// NFSDirOpArgs names an entry of a directory (diropargs3, RFC 1813 section 2.6).
//
//wirelog:record NFS3::diropargs_t
type NFSDirOpArgs struct {
	DirFH []byte `zeek:"dirfh"` // handle of the directory; valid inside the call
	FName []byte `zeek:"fname"` // valid inside the call
}

// NFSSymlinkData describes a symbolic link to make (RFC 1813 section 3.3.10).
//
//wirelog:record NFS3::symlinkdata_t
type NFSSymlinkData struct {
	SymlinkAttributes NFSSetAttr `zeek:"symlink_attributes"`
	NFSPath           []byte     `zeek:"nfspath"` // its target; valid inside the call
}

// NFSSymlinkArgs are the arguments of SYMLINK (RFC 1813 section 3.3.10).
//
//wirelog:record NFS3::symlinkargs_t
type NFSSymlinkArgs struct {
	Link        NFSDirOpArgs   `zeek:"link"`
	SymlinkData NFSSymlinkData `zeek:"symlinkdata"`
}

// NFSRenameArgs are the arguments of RENAME (RFC 1813 section 3.3.14).
//
//wirelog:record NFS3::renameopargs_t
type NFSRenameArgs struct {
	SrcDirFH []byte `zeek:"src_dirfh"` // valid inside the call
	SrcFName []byte `zeek:"src_fname"` // valid inside the call
	DstDirFH []byte `zeek:"dst_dirfh"` // valid inside the call
	DstFName []byte `zeek:"dst_fname"` // valid inside the call
}

// NFSLinkArgs are the arguments of LINK (RFC 1813 section 3.3.15).
//
//wirelog:record NFS3::linkargs_t
type NFSLinkArgs struct {
	FH   []byte       `zeek:"fh"` // handle of the file; valid inside the call
	Link NFSDirOpArgs `zeek:"link"`
}

// NFSSetAttrArgs are the arguments of SETATTR (RFC 1813 section 3.3.2).
//
//wirelog:record NFS3::sattrargs_t
type NFSSetAttrArgs struct {
	FH            []byte     `zeek:"fh"` // valid inside the call
	NewAttributes NFSSetAttr `zeek:"new_attributes"`
}

// NFSReadArgs are the arguments of READ (RFC 1813 section 3.3.6).
//
//wirelog:record NFS3::readargs_t
type NFSReadArgs struct {
	FH     []byte `zeek:"fh"` // valid inside the call
	Offset uint64 `zeek:"offset"`
	Size   uint64 `zeek:"size"` // bytes asked for
}

// NFSWriteArgs are the arguments of WRITE (RFC 1813 section 3.3.7).
//
//wirelog:record NFS3::writeargs_t
type NFSWriteArgs struct {
	FH     []byte            `zeek:"fh"` // valid inside the call
	Offset uint64            `zeek:"offset"`
	Size   uint64            `zeek:"size"` // bytes to write
	Stable value.Enum        `zeek:"stable"`
	Data   value.Opt[[]byte] `zeek:"data"` // their beginning, if NFS3::return_data asks for it; valid inside the call
}

// NFSReadDirArgs are the arguments of READDIR and READDIRPLUS (RFC 1813 sections 3.3.16 and
// 3.3.17).
//
//wirelog:record NFS3::readdirargs_t
type NFSReadDirArgs struct {
	IsPlus     bool              `zeek:"isplus"`
	DirFH      []byte            `zeek:"dirfh"`  // valid inside the call
	Cookie     uint64            `zeek:"cookie"` // of the entry to go on from
	CookieVerf uint64            `zeek:"cookieverf"`
	DirCount   uint64            `zeek:"dircount"` // bytes of names, or of the reply for READDIR
	MaxCount   value.Opt[uint64] `zeek:"maxcount"` // bytes of the reply for READDIRPLUS
}

// NFSLookupReply is the result of LOOKUP (RFC 1813 section 3.3.3).
//
//wirelog:record NFS3::lookup_reply_t
type NFSLookupReply struct {
	FH      value.Opt[[]byte]  `zeek:"fh"` // valid inside the call
	ObjAttr value.Opt[NFSAttr] `zeek:"obj_attr"`
	DirAttr value.Opt[NFSAttr] `zeek:"dir_attr"`
}

// NFSReadReply is the result of READ (RFC 1813 section 3.3.6).
//
//wirelog:record NFS3::read_reply_t
type NFSReadReply struct {
	Attr value.Opt[NFSAttr] `zeek:"attr"`
	Size value.Opt[uint64]  `zeek:"size"` // bytes read
	EOF  value.Opt[bool]    `zeek:"eof"`
	Data value.Opt[[]byte]  `zeek:"data"` // their beginning, if NFS3::return_data asks for it; valid inside the call
}

// NFSReadLinkReply is the result of READLINK (RFC 1813 section 3.3.5).
//
//wirelog:record NFS3::readlink_reply_t
type NFSReadLinkReply struct {
	Attr    value.Opt[NFSAttr] `zeek:"attr"`
	NFSPath value.Opt[[]byte]  `zeek:"nfspath"` // valid inside the call
}

// NFSLinkReply is the result of LINK (RFC 1813 section 3.3.15).
//
//wirelog:record NFS3::link_reply_t
type NFSLinkReply struct {
	PostAttr value.Opt[NFSAttr]    `zeek:"post_attr"` // of the file
	PreAttr  value.Opt[NFSWccAttr] `zeek:"preattr"`   // of the directory
	PostDir  value.Opt[NFSAttr]    `zeek:"postattr"`  // of the directory
}

// NFSSetAttrReply is the result of SETATTR (RFC 1813 section 3.3.2).
//
//wirelog:record NFS3::sattr_reply_t
type NFSSetAttrReply struct {
	DirPreAttr  value.Opt[NFSWccAttr] `zeek:"dir_pre_attr"`
	DirPostAttr value.Opt[NFSAttr]    `zeek:"dir_post_attr"`
}

// NFSWriteReply is the result of WRITE (RFC 1813 section 3.3.7). The spelling of commited is
// Zeek's.
//
//wirelog:record NFS3::write_reply_t
type NFSWriteReply struct {
	PreAttr   value.Opt[NFSWccAttr] `zeek:"preattr"`
	PostAttr  value.Opt[NFSAttr]    `zeek:"postattr"`
	Size      value.Opt[uint64]     `zeek:"size"` // bytes written
	Committed value.Opt[value.Enum] `zeek:"commited"`
	Verf      value.Opt[uint64]     `zeek:"verf"` // changes when the server restarts
}

// NFSNewObjReply is the result of CREATE, MKDIR and SYMLINK (RFC 1813 section 3.3.8).
//
//wirelog:record NFS3::newobj_reply_t
type NFSNewObjReply struct {
	FH          value.Opt[[]byte]     `zeek:"fh"` // valid inside the call
	ObjAttr     value.Opt[NFSAttr]    `zeek:"obj_attr"`
	DirPreAttr  value.Opt[NFSWccAttr] `zeek:"dir_pre_attr"`
	DirPostAttr value.Opt[NFSAttr]    `zeek:"dir_post_attr"`
}

// NFSDelObjReply is the result of REMOVE and RMDIR (RFC 1813 section 3.3.12).
//
//wirelog:record NFS3::delobj_reply_t
type NFSDelObjReply struct {
	DirPreAttr  value.Opt[NFSWccAttr] `zeek:"dir_pre_attr"`
	DirPostAttr value.Opt[NFSAttr]    `zeek:"dir_post_attr"`
}

// NFSRenameReply is the result of RENAME (RFC 1813 section 3.3.14).
//
//wirelog:record NFS3::renameobj_reply_t
type NFSRenameReply struct {
	SrcDirPreAttr  value.Opt[NFSWccAttr] `zeek:"src_dir_pre_attr"`
	SrcDirPostAttr value.Opt[NFSAttr]    `zeek:"src_dir_post_attr"`
	DstDirPreAttr  value.Opt[NFSWccAttr] `zeek:"dst_dir_pre_attr"`
	DstDirPostAttr value.Opt[NFSAttr]    `zeek:"dst_dir_post_attr"`
}

// NFSDirEntry is an entry of a directory (RFC 1813 sections 3.3.16 and 3.3.17).
//
//wirelog:record NFS3::direntry_t
type NFSDirEntry struct {
	FileID uint64             `zeek:"fileid"`
	FName  []byte             `zeek:"fname"`  // valid inside the call
	Cookie uint64             `zeek:"cookie"` // to go on after the entry
	Attr   value.Opt[NFSAttr] `zeek:"attr"`   // of READDIRPLUS
	FH     value.Opt[[]byte]  `zeek:"fh"`     // of READDIRPLUS; valid inside the call
}

// NFSReadDirReply is the result of READDIR and READDIRPLUS (RFC 1813 sections 3.3.16 and
// 3.3.17).
//
//wirelog:record NFS3::readdir_reply_t
type NFSReadDirReply struct {
	IsPlus     bool               `zeek:"isplus"`
	DirAttr    value.Opt[NFSAttr] `zeek:"dir_attr"`
	CookieVerf value.Opt[uint64]  `zeek:"cookieverf"`
	// Entries are valid inside the call. All are set but, if the run follows Zeek, the
	// first, which is no entry.
	Entries value.Opt[[]value.Opt[NFSDirEntry]] `zeek:"entries"`
	EOF     value.Opt[bool]                     `zeek:"eof"` // the directory has no more
}

// NFSProcCreate is raised for an answered NFSv3 call CREATE, which makes a file (RFC 1813
// section 3.3.8).
//
//wirelog:event nfs_proc_create section=RPC
type NFSProcCreate struct {
	Conn Conn           `zeek:"c"`
	Info NFSInfo        `zeek:"info"`
	Req  NFSDirOpArgs   `zeek:"req"`
	Rep  NFSNewObjReply `zeek:"rep"`
}

// NFSProcGetAttr is raised for an answered NFSv3 call GETATTR, the attributes of a file
// (RFC 1813 section 3.3.1).
//
//wirelog:event nfs_proc_getattr section=RPC
type NFSProcGetAttr struct {
	Conn  Conn    `zeek:"c"`
	Info  NFSInfo `zeek:"info"`
	FH    []byte  `zeek:"fh"` // handle of the file; valid inside the call
	Attrs NFSAttr `zeek:"attrs"`
}

// NFSProcLink is raised for an answered NFSv3 call LINK, which gives a file another name
// (RFC 1813 section 3.3.15).
//
//wirelog:event nfs_proc_link section=RPC
type NFSProcLink struct {
	Conn Conn         `zeek:"c"`
	Info NFSInfo      `zeek:"info"`
	Req  NFSLinkArgs  `zeek:"req"`
	Rep  NFSLinkReply `zeek:"rep"`
}

// NFSProcLookup is raised for an answered NFSv3 call LOOKUP, the handle of a name (RFC 1813
// section 3.3.3).
//
//wirelog:event nfs_proc_lookup section=RPC
type NFSProcLookup struct {
	Conn Conn           `zeek:"c"`
	Info NFSInfo        `zeek:"info"`
	Req  NFSDirOpArgs   `zeek:"req"`
	Rep  NFSLookupReply `zeek:"rep"`
}

// NFSProcMkDir is raised for an answered NFSv3 call MKDIR, which makes a directory (RFC
// 1813 section 3.3.9).
//
//wirelog:event nfs_proc_mkdir section=RPC
type NFSProcMkDir struct {
	Conn Conn           `zeek:"c"`
	Info NFSInfo        `zeek:"info"`
	Req  NFSDirOpArgs   `zeek:"req"`
	Rep  NFSNewObjReply `zeek:"rep"`
}

// NFSProcNotImplemented is raised for an answered NFSv3 call whose procedure the analyzer
// does not parse.
//
//wirelog:event nfs_proc_not_implemented section=RPC
type NFSProcNotImplemented struct {
	Conn Conn       `zeek:"c"`
	Info NFSInfo    `zeek:"info"`
	Proc value.Enum `zeek:"proc" type:"NFS3::proc_t"`
}

// NFSProcNull is raised for an answered NFSv3 call NULL, which does nothing.
//
//wirelog:event nfs_proc_null section=RPC
type NFSProcNull struct {
	Conn Conn    `zeek:"c"`
	Info NFSInfo `zeek:"info"`
}

// NFSProcRead is raised for an answered NFSv3 call READ, bytes of a file (RFC 1813 section
// 3.3.6).
//
//wirelog:event nfs_proc_read section=RPC
type NFSProcRead struct {
	Conn Conn         `zeek:"c"`
	Info NFSInfo      `zeek:"info"`
	Req  NFSReadArgs  `zeek:"req"`
	Rep  NFSReadReply `zeek:"rep"`
}

// NFSProcReadDir is raised for an answered NFSv3 call READDIR or READDIRPLUS, entries of a
// directory (RFC 1813 sections 3.3.16 and 3.3.17).
//
//wirelog:event nfs_proc_readdir section=RPC
type NFSProcReadDir struct {
	Conn Conn            `zeek:"c"`
	Info NFSInfo         `zeek:"info"`
	Req  NFSReadDirArgs  `zeek:"req"`
	Rep  NFSReadDirReply `zeek:"rep"`
}

// NFSProcReadLink is raised for an answered NFSv3 call READLINK, the target of a symbolic
// link (RFC 1813 section 3.3.5).
//
//wirelog:event nfs_proc_readlink section=RPC
type NFSProcReadLink struct {
	Conn Conn             `zeek:"c"`
	Info NFSInfo          `zeek:"info"`
	FH   []byte           `zeek:"fh"` // handle of the file; valid inside the call
	Rep  NFSReadLinkReply `zeek:"rep"`
}

// NFSProcRemove is raised for an answered NFSv3 call REMOVE, which deletes a file (RFC 1813
// section 3.3.12).
//
//wirelog:event nfs_proc_remove section=RPC
type NFSProcRemove struct {
	Conn Conn           `zeek:"c"`
	Info NFSInfo        `zeek:"info"`
	Req  NFSDirOpArgs   `zeek:"req"`
	Rep  NFSDelObjReply `zeek:"rep"`
}

// NFSProcRename is raised for an answered NFSv3 call RENAME (RFC 1813 section 3.3.14).
//
//wirelog:event nfs_proc_rename section=RPC
type NFSProcRename struct {
	Conn Conn           `zeek:"c"`
	Info NFSInfo        `zeek:"info"`
	Req  NFSRenameArgs  `zeek:"req"`
	Rep  NFSRenameReply `zeek:"rep"`
}

// NFSProcRmDir is raised for an answered NFSv3 call RMDIR, which deletes a directory (RFC
// 1813 section 3.3.13).
//
//wirelog:event nfs_proc_rmdir section=RPC
type NFSProcRmDir struct {
	Conn Conn           `zeek:"c"`
	Info NFSInfo        `zeek:"info"`
	Req  NFSDirOpArgs   `zeek:"req"`
	Rep  NFSDelObjReply `zeek:"rep"`
}

// NFSProcSAttr is raised for an answered NFSv3 call SETATTR, which changes attributes (RFC
// 1813 section 3.3.2).
//
//wirelog:event nfs_proc_sattr section=RPC
type NFSProcSAttr struct {
	Conn Conn            `zeek:"c"`
	Info NFSInfo         `zeek:"info"`
	Req  NFSSetAttrArgs  `zeek:"req"`
	Rep  NFSSetAttrReply `zeek:"rep"`
}

// NFSProcSymlink is raised for an answered NFSv3 call SYMLINK, which makes a symbolic link
// (RFC 1813 section 3.3.10).
//
//wirelog:event nfs_proc_symlink section=RPC
type NFSProcSymlink struct {
	Conn Conn           `zeek:"c"`
	Info NFSInfo        `zeek:"info"`
	Req  NFSSymlinkArgs `zeek:"req"`
	Rep  NFSNewObjReply `zeek:"rep"`
}

// NFSProcWrite is raised for an answered NFSv3 call WRITE, bytes into a file (RFC 1813
// section 3.3.7).
//
//wirelog:event nfs_proc_write section=RPC
type NFSProcWrite struct {
	Conn Conn          `zeek:"c"`
	Info NFSInfo       `zeek:"info"`
	Req  NFSWriteArgs  `zeek:"req"`
	Rep  NFSWriteReply `zeek:"rep"`
}

// NFSReplyStatus is raised for every NFSv3 reply, with status, times and sizes of the call.
//
//wirelog:event nfs_reply_status section=RPC
type NFSReplyStatus struct {
	Conn Conn    `zeek:"n"`
	Info NFSInfo `zeek:"info"`
}
