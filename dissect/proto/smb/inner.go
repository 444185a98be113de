package smb

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
)

// inner holds the analyzers of protocols carried by a connection.
type inner struct {
	// pipes maps an open's identifier to its named pipe's analyzer.
	pipes        map[uint64]conn.Analyzer
	gssapi, ntlm conn.Handover
}

func (in *inner) reset() {
	clear(in.pipes)
	in.gssapi, in.ntlm = conn.Handover{}, conn.Handover{}
}

// pipeData passes data of the named pipe fid to the pipe's analyzer, opening one if needed.
func (a *analyzer) pipeData(fid uint64, isOrig bool, b []byte) {
	if a.f.inner.Pipes == nil {
		return
	}
	in := &a.inner
	p, ok := in.pipes[fid]
	if !ok {
		if len(in.pipes) >= a.f.opt.Pipes {
			a.discardPipes()
		}
		p = a.f.inner.Pipes.OpenPipe(a.Use, fid)
		if in.pipes == nil {
			in.pipes = make(map[uint64]conn.Analyzer)
		}
		in.pipes[fid] = p
	}
	if p != nil {
		p.Data(isOrig, b)
	}
}

// closePipe ends the analysis of the named pipe fid, if there is any.
func (a *analyzer) closePipe(fid uint64) {
	p, ok := a.inner.pipes[fid]
	if !ok {
		return
	}
	delete(a.inner.pipes, fid)
	if p != nil {
		p.Done()
	}
}

// discardPipes ends the analysis of all named pipes when there are too many.
func (a *analyzer) discardPipes() {
	a.Limited(source, "pipes")
	a.closePipes()
	if e := a.f.hooks.DiscardedDCERPCAnalyzers.Begin(); e != nil {
		*e = event.SMBDiscardedDCERPCAnalyzers{Conn: a.Conn()}
		a.f.hooks.DiscardedDCERPCAnalyzers.Raise(e)
	}
	a.Weird("SMB_discarded_dce_rpc_analyzers", "", source)
}

func (a *analyzer) closePipes() {
	pipes := a.inner.pipes
	a.inner.pipes = nil
	for _, p := range pipes {
		if p != nil {
			p.Done()
		}
	}
}

// closeInner ends the analyzers fed by this one only.
func (a *analyzer) closeInner() {
	a.closePipes()
	a.inner.gssapi, a.inner.ntlm = conn.Handover{}, conn.Handover{}
}

var ntlmssp = []byte("NTLMSSP")

// security passes a security blob to the GSS-API analyzer, or to the NTLM analyzer: SMB allows
// NTLM without GSS-API.
func (a *analyzer) security(isOrig bool, blob []byte) {
	if len(blob) < 8 {
		return
	}
	p, to := a.f.inner.GSSAPI, &a.inner.gssapi
	if bytes.HasPrefix(blob, ntlmssp) {
		p, to = a.f.inner.NTLM, &a.inner.ntlm
	}
	if p == nil {
		return
	}
	if !to.On() {
		*to = a.Guest(p)
	}
	to.Data(isOrig, blob)
}
