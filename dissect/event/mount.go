package event

import "github.com/wirelog/wirelog/value"

// MountInfo describes a MOUNT3 call and its reply. If one of them is unsuccessful, the
// reply's record in the same event has no values.
//
//wirelog:record MOUNT3::info_t
type MountInfo struct {
	RPCStat        value.Enum     `zeek:"rpc_stat"`  // of the RPC reply
	MntStat        value.Enum     `zeek:"mnt_stat"`  // of the program's (RFC 1813 section 5.1.5)
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

// MountDirArgs are the arguments of MNT and UMNT (RFC 1813 section 5.2.1).
//
//wirelog:record MOUNT3::dirmntargs_t
type MountDirArgs struct {
	DirName []byte `zeek:"dirname"` // valid inside the call
}

// MountReply is the result of MNT (RFC 1813 section 5.2.1). Its fields are set on success.
//
//wirelog:record MOUNT3::mnt_reply_t
type MountReply struct {
	DirFH       value.Opt[[]byte]       `zeek:"dirfh"`        // handle of the directory; valid inside the call
	AuthFlavors value.Opt[[]value.Enum] `zeek:"auth_flavors"` // valid inside the call
}

// MountProcMnt is raised for an answered MOUNT3 call MNT, which mounts a directory (RFC
// 1813 section 5.2.1).
//
//wirelog:event mount_proc_mnt section=RPC
type MountProcMnt struct {
	Conn Conn         `zeek:"c"`
	Info MountInfo    `zeek:"info"`
	Req  MountDirArgs `zeek:"req"`
	Rep  MountReply   `zeek:"rep"`
}

// MountProcNotImplemented is raised for an answered MOUNT3 call whose procedure the
// analyzer does not parse.
//
//wirelog:event mount_proc_not_implemented section=RPC
type MountProcNotImplemented struct {
	Conn Conn       `zeek:"c"`
	Info MountInfo  `zeek:"info"`
	Proc value.Enum `zeek:"proc" type:"MOUNT3::proc_t"`
}

// MountProcNull is raised for an answered MOUNT3 call NULL, which does nothing.
//
//wirelog:event mount_proc_null section=RPC
type MountProcNull struct {
	Conn Conn      `zeek:"c"`
	Info MountInfo `zeek:"info"`
}

// MountProcUmnt is raised for an answered MOUNT3 call UMNT, which unmounts a directory (RFC
// 1813 section 5.2.3).
//
//wirelog:event mount_proc_umnt section=RPC
type MountProcUmnt struct {
	Conn Conn         `zeek:"c"`
	Info MountInfo    `zeek:"info"`
	Req  MountDirArgs `zeek:"req"`
}

// MountProcUmntAll is raised for an answered MOUNT3 call UMNTALL, which drops all mounts of
// a client (RFC 1813 section 5.2.4).
//
//wirelog:event mount_proc_umnt_all section=RPC
type MountProcUmntAll struct {
	Conn Conn         `zeek:"c"`
	Info MountInfo    `zeek:"info"`
	Req  MountDirArgs `zeek:"req"`
}

// MountReplyStatus is raised for every MOUNT3 reply, with status, times and sizes of the
// call.
//
//wirelog:event mount_reply_status section=RPC
type MountReplyStatus struct {
	Conn Conn      `zeek:"n"`
	Info MountInfo `zeek:"info"`
}
