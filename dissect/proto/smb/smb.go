// Package smb analyzes the Server Message Block protocol: version 1 (MS-CIFS, MS-SMB) and
// versions 2 and 3 (MS-SMB2), over the NetBIOS session service (RFC 1002 section 4.3) or
// directly over TCP. File contents go to file analysis; named pipes and authentication tokens
// go to the analyzers of the protocols inside them. The package follows Zeek's SMB analyzer
// and the state kept by its scripts.
package smb

import (
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/dissect/proto/netbios"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

const source = "SMB"

// netbiosPort is the port of the NetBIOS session service (RFC 1002 section 5.3).
const netbiosPort = 139

// Types of session packets (RFC 1002 section 4.3.1).
const (
	sessionMessage   = 0x00
	sessionRequest   = 0x81
	sessionKeepAlive = 0x85
)

// Options configures the analyzer and bounds the state of one connection. When a limit is reached, everything of that kind
// is forgotten, since replies must have been missed.
type Options struct {
	Pending int `key:"limits.smb_max_pending_messages" unit:"count" min:"1" doc:"SMB requests of one connection that wait for replies; beyond it all are forgotten (SMB::max_pending_messages)"`
	Files   int `key:"limits.smb_open_files" unit:"count" min:"1" doc:"open files of one SMB connection; beyond it all are forgotten"`
	Trees   int `key:"limits.smb_trees" unit:"count" min:"1" doc:"connected trees of one SMB connection; beyond it all are forgotten"`
	Pipes   int `key:"limits.smb_max_dce_rpc_analyzers" unit:"count" min:"1" doc:"open named pipes of one SMB connection; beyond it all are forgotten (SMB::max_dce_rpc_analyzers)"`
	// Compound is the maximum number of messages in one compound (MS-SMB2 section 3.2.4.1.4);
	// AndX is the maximum number of commands in one AndX chain (SMB::max_andx_depth).
	Compound, AndX int

	PipeNames []string `key:"smb.pipe_filenames" doc:"names of files that are named pipes where the connection to the tree was not seen (SMB::pipe_filenames)"`
}

// DefaultOptions returns the defaults, which are Zeek's where Zeek has one.
func DefaultOptions() Options {
	return Options{
		Pending: 1000, Files: 65_536, Trees: 4096, Pipes: 1000, Compound: 1024, AndX: 10,
		PipeNames: []string{"spoolss", "winreg", "samr", "srvsvc", "netdfs", "lsarpc", "wkssvc", "MsFteWds"},
	}
}

// PipeOpener makes analyzers for named pipes.
type PipeOpener interface {
	// OpenPipe returns an analyzer for the pipe with identifier fid on u's connection, or nil.
	OpenPipe(u conn.Use, fid uint64) conn.Analyzer
}

// Inner holds the analyzers of protocols carried by SMB. Each may be nil.
type Inner struct {
	Pipes PipeOpener
	// GSSAPI and NTLM receive the security blobs, each blob going to one of them.
	GSSAPI, NTLM *conn.Protocol
	// NetBIOS raises the events of the session service where it is on the connection.
	NetBIOS *conn.Protocol
}

// New describes the protocol to the detector. Its analyzers raise their events on h and pass
// file contents to fm.
func New(h *event.Hooks, fm *files.Manager, in Inner, o Options) *detect.Protocol {
	f := &factory{hooks: &h.SMB, netbios: netbios.NewSession(h, source), files: fm, inner: in, opt: o,
		frames: freelist.Buffers{Largest: maxKeptFrame, Most: maxKeptFrames}, pipeNames: make(map[string]bool)}
	for _, name := range o.PipeNames {
		f.pipeNames[name] = true
	}
	p := &detect.Protocol{
		Transport:  value.ProtoTCP,
		Ports:      []uint16{netbiosPort, 445},
		Signatures: signatures,
	}
	p.Protocol = conn.Protocol{Name: "SMB", Service: "SMB", New: f.new, Size: freelist.Size[analyzer]() + 2048}
	return p
}

const (
	// maxKeptFrame is the size of the largest buffer kept for reuse; maxKeptFrames is the
	// maximum number of kept buffers.
	maxKeptFrame  = 256 << 10
	maxKeptFrames = 16
)

// factory makes a shard's analyzers and holds what they share.
type factory struct {
	hooks   *event.SMBEvents
	netbios *netbios.Session
	files   *files.Manager
	inner   Inner
	opt     Options
	free    freelist.List[analyzer]
	frames  freelist.Buffers // hold incomplete frames

	pipeNames map[string]bool // Options.PipeNames

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
