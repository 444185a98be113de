// Package smb analyzes the Server Message Block protocol: version 1 (MS-CIFS, MS-SMB),
// versions 2 and 3 (MS-SMB2), over the NetBIOS session service (RFC 1002 section 4.3) or
// directly over TCP. What is transferred goes to file analysis, what goes through named
// pipes and what proves who somebody is to the analyzers of those protocols. It follows
// Zeek's SMB analyzer and the state that its scripts keep.
package smb

import (
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

const source = "SMB"

// Options are limits on what is kept of one connection. Beyond one of them everything of
// its kind is forgotten, because answers have been missed.
type Options struct {
	Pending int `key:"limits.smb_max_pending_messages" unit:"count" min:"1" doc:"SMB requests of one connection that wait for replies; beyond it all are forgotten (SMB::max_pending_messages)"`
	Files   int `key:"limits.smb_open_files" unit:"count" min:"1" doc:"open files of one SMB connection; beyond it all are forgotten"`
	Trees   int `key:"limits.smb_trees" unit:"count" min:"1" doc:"connected trees of one SMB connection; beyond it all are forgotten"`
	Pipes   int `key:"limits.smb_max_dce_rpc_analyzers" unit:"count" min:"1" doc:"open named pipes of one SMB connection; beyond it all are forgotten (SMB::max_dce_rpc_analyzers)"`
	// Compound is the number of messages in one compound (MS-SMB2 section 3.2.4.1.4), and
	// AndX that of commands in one AndX chain (SMB::max_andx_depth).
	Compound, AndX int
}

// DefaultOptions returns the defaults, which are Zeek's where it has a limit.
func DefaultOptions() Options {
	return Options{Pending: 1000, Files: 65_536, Trees: 4096, Pipes: 1000, Compound: 1024, AndX: 10}
}

// PipeOpener makes the analyzer of what goes through one named pipe.
type PipeOpener interface {
	// OpenPipe returns the analyzer of the pipe with the identifier fid on the connection
	// of u, or nil.
	OpenPipe(u conn.Use, fid uint64) conn.Analyzer
}

// Inner are the analyzers of what SMB carries. Each may be nil.
type Inner struct {
	Pipes PipeOpener
	// GSSAPI and NTLM get the security blobs, which are one or the other.
	GSSAPI, NTLM *conn.Protocol
}

// New describes the protocol to the detector. Its analyzers raise their events on h, and
// give the files to fm.
func New(h *event.Hooks, fm *files.Manager, in Inner, o Options) *detect.Protocol {
	f := &factory{hooks: &h.SMB, netbios: &h.NetBIOS, files: fm, inner: in, opt: o,
		frames: freelist.Buffers{Largest: maxKeptFrame, Most: maxKeptFrames}}
	p := &detect.Protocol{
		Transport:  value.ProtoTCP,
		Ports:      []uint16{netbiosPort, 445},
		Signatures: signatures,
	}
	p.Protocol = conn.Protocol{Name: "SMB", Service: "SMB", New: f.new}
	return p
}

const (
	// maxKeptFrame is the size of the largest buffer that is kept for other frames,
	// maxKeptFrames their number.
	maxKeptFrame  = 256 << 10
	maxKeptFrames = 16
)

// factory makes the analyzers of a shard and has what they share.
type factory struct {
	hooks   *event.SMBEvents
	netbios *event.NetBIOSEvents
	files   *files.Manager
	inner   Inner
	opt     Options
	free    freelist.List[analyzer]
	frames  freelist.Buffers // for frames that come in pieces

	smb2     smb2Scratch
	dialects [][]byte // of an SMB1 negotiation
	text     []byte   // the last string decoded
	handle   []byte   // the last file handle
}

func (f *factory) new(u conn.Use) conn.Analyzer {
	a := f.free.Get()
	a.reset(f, u)
	return a
}
