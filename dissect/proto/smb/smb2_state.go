package smb

import (
	"fmt"

	"github.com/wirelog/wirelog/dissect/event"
)

// smb2Begin finds the request and tree of an SMB2 message (Zeek's smb2_message event handler).
func (a *analyzer) smb2Begin(isOrig bool) {
	s, h := &a.session, a.smb2.hdr
	tid := uint32(h.TreeID)
	if isOrig && len(s.requests) >= a.f.opt.Pending {
		a.discardRequests()
	}
	req, known := s.requests[h.MessageID]
	if isOrig || !known {
		req.treeID = 0
		if isOrig {
			req.treeID = tid
		}
	}
	a.smb2.pipe = s.pipes[req.treeID]
	switch {
	case tid == 0:
		req.tree, req.ownTree = nil, true
	case req.tree != nil || req.ownTree:
		if req.tree == nil {
			req.tree = new(tree)
		}
		a.setTree(tid, req.tree)
	default:
		t, ok := s.trees[tid]
		if !ok {
			t = new(tree)
			a.setTree(tid, t)
		}
		req.tree = t
	}
	s.cur = req
}

// smb2End keeps the message's request until it is answered.
func (a *analyzer) smb2End(isOrig bool) {
	s, id := &a.session, a.smb2.hdr.MessageID
	if !isOrig && a.smb2.status != statusPending {
		delete(s.requests, id)
		return
	}
	if s.requests == nil {
		s.requests = make(map[uint64]request)
	}
	s.requests[id] = s.cur
}

// discardRequests forgets requests and files when too many requests are unanswered.
func (a *analyzer) discardRequests() {
	s := &a.session
	a.Limited(source, "pending_requests")
	addl := fmt.Sprintf("state=tree fid_map=%d tid_map=%d pending_cmds=%d pipe_map=0", len(s.files), len(s.trees), len(s.requests))
	clear(s.requests)
	clear(s.files)
	if e := a.f.hooks.SMB2DiscardedMessagesState.Begin(); e != nil {
		*e = event.SMB2DiscardedMessagesState{Conn: a.Conn(), State: "tree"}
		a.f.hooks.SMB2DiscardedMessagesState.Raise(e)
	}
	a.Weird("SMB_discarded_messages_state", addl, "SMB2")
}
