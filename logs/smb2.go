package logs

import (
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

func (b *smb) listenSMB2(h *event.Hooks) {
	h.SMB.SMB2Message.Listen(b.message2)
	h.SMB.SMB2TreeConnectRequest.Listen(b.treeConnectRequest2)
	h.SMB.SMB2TreeConnectResponse.Listen(b.treeConnectResponse2)
	h.SMB.SMB2TreeDisconnectRequest.Listen(b.treeDisconnect2)
	h.SMB.SMB2CreateRequest.Listen(b.createRequest2)
	h.SMB.SMB2CreateResponse.Listen(b.createResponse2)
	h.SMB.SMB2ReadRequest.Listen(func(e *event.SMB2ReadRequest) { b.act2(e.Conn, e.FileID, smbRead) })
	h.SMB.SMB2WriteRequest.Listen(func(e *event.SMB2WriteRequest) { b.act2(e.Conn, e.FileID, smbWrite) })
	h.SMB.SMB2FileSattr.Listen(b.sattr2)
	h.SMB.SMB2FileRename.Listen(b.rename2)
	h.SMB.SMB2FileDelete.Listen(b.delete2)
	h.SMB.SMB2CloseRequest.Listen(b.close2)
	h.SMB.SMB2DiscardedMessagesState.Listen(func(e *event.SMB2DiscardedMessagesState) {
		if s := b.known(e.Conn); s != nil {
			for _, c := range s.pending {
				c.pending = false // a handler may still use it
			}
			b.clearPending(s)
			b.clearFiles(s)
		}
	})
}

// smbActions are the names of an action on a disk, on a pipe and on a printer.
type smbActions struct{ disk, pipe, print value.Enum }

var (
	smbOpen  = &smbActions{"SMB::FILE_OPEN", "SMB::PIPE_OPEN", "SMB::PRINT_OPEN"}
	smbRead  = &smbActions{"SMB::FILE_READ", "SMB::PIPE_READ", "SMB::PRINT_READ"}
	smbWrite = &smbActions{"SMB::FILE_WRITE", "SMB::PIPE_WRITE", "SMB::PRINT_WRITE"}
	smbClose = &smbActions{"SMB::FILE_CLOSE", "SMB::PIPE_CLOSE", "SMB::PRINT_CLOSE"}
)

func (a *smbActions) on(t *smbTree) value.Enum {
	if t != nil {
		switch t.shareType {
		case "PIPE":
			return a.pipe
		case "PRINT":
			return a.print
		}
	}
	return a.disk
}

// fid2 returns the identifier by which Zeek distinguishes open files.
func fid2(g event.SMB2GUID) uint64 { return g.Persistent + g.Volatile }

const statusPending = 0x00000103

func (b *smb) newTree() *smbTree { return &smbTree{ts: b.now(), shareType: "DISK"} }

func (b *smb) message2(e *event.SMB2Message) {
	s, tid := b.state(e.Conn), e.Hdr.TreeID
	if b.begin(s, e.Hdr.MessageID) {
		s.cmd.version, s.cmd.command = "SMB2", smb2Command(e.Hdr.Command)
	}
	switch {
	case tid == 0:
		// An unknown share gets an entry of its own.
		s.cmd.tree, s.cmd.ownTree, s.cmd.treeTS = nil, true, b.now()
	case s.cmd.tree != nil || s.cmd.ownTree:
		b.setTree(s, tid, b.cmdTree(s))
	default:
		t, ok := s.tids[tid]
		if !ok {
			t = b.newTree()
			b.setTree(s, tid, t)
		}
		s.cmd.tree = t
	}
	s.file, s.tree = s.cmd.file, s.cmd.tree
	if e.IsOrig {
		return
	}
	s.cmd.answer, s.cmd.status = b.now(), uint32(e.Hdr.Status)
	if s.cmd.status != statusPending {
		b.answered(s, e.Hdr.MessageID)
		if !smb1Deferred(s.cmd.command) { // SMB1's request to negotiate may be answered in SMB2
			b.writeCmd(s)
		}
	}
}

// cmdTree returns the share of the current command.
func (b *smb) cmdTree(s *smbState) *smbTree {
	if s.cmd.tree == nil {
		s.cmd.tree = &smbTree{ts: s.cmd.treeTS, shareType: "DISK"}
	}
	s.tree = s.cmd.tree
	return s.cmd.tree
}

// at returns the state of a connection with a current message, or nil.
func (b *smb) at(c event.Conn) *smbState {
	if s := b.known(c); s != nil && s.cmd != nil {
		return s
	}
	return nil
}

func (b *smb) treeConnectRequest2(e *event.SMB2TreeConnectRequest) {
	if s := b.at(e.Conn); s != nil {
		b.cmdTree(s).path = value.Some(string(e.Path))
		b.named(s, len(e.Path))
	}
}

func (b *smb) treeConnectResponse2(e *event.SMB2TreeConnectResponse) {
	if s := b.at(e.Conn); s != nil {
		b.cmdTree(s).shareType = smb2ShareType(e.Response.ShareType)
		b.writeTree(s)
	}
}

func (b *smb) treeDisconnect2(e *event.SMB2TreeDisconnectRequest) {
	s := b.at(e.Conn)
	if s == nil {
		return
	}
	if t, ok := s.tids[e.Hdr.TreeID]; ok {
		delete(s.tids, e.Hdr.TreeID)
		b.grow(s, -t.held)
		t.held = 0
		s.tree, s.cmd.tree, s.cmd.ownTree = nil, nil, false
	}
}

func (b *smb) createRequest2(e *event.SMB2CreateRequest) {
	s := b.at(e.Conn)
	if s == nil {
		return
	}
	name := "<share_root>"
	if len(e.Request.Filename) > 0 {
		name = string(e.Request.Filename)
	}
	s.file = b.cmdFile(s)
	s.file.name = value.Some(name)
	s.file.action = smbOpen.on(s.tree)
	b.named(s, len(name))
}

func (b *smb) createResponse2(e *event.SMB2CreateResponse) {
	s := b.at(e.Conn)
	if s == nil {
		return
	}
	r := &e.Response
	f := b.use(s, fid2(r.FileID))
	f.size = r.Size
	if s.tree != nil && s.tree.path.OK {
		f.path = s.tree.path
	}
	f.setTimes(&r.Times)
	b.writeFile(s)
}

// act2 records an action on an open file.
func (b *smb) act2(c event.Conn, id event.SMB2GUID, actions *smbActions) {
	if s := b.at(c); s != nil {
		b.use(s, fid2(id)).action = actions.on(s.tree)
		b.writeFile(s)
	}
}

func (b *smb) sattr2(e *event.SMB2FileSattr) {
	if s := b.at(e.Conn); s != nil {
		b.use(s, fid2(e.FileID)).action = "SMB::FILE_SET_ATTRIBUTE"
	}
}

func (b *smb) rename2(e *event.SMB2FileRename) {
	s := b.at(e.Conn)
	if s == nil {
		return
	}
	f := b.use(s, fid2(e.FileID))
	if f.name.OK {
		f.prevName = f.name
	}
	f.name = value.Some(string(e.DstFilename))
	f.action = "SMB::FILE_RENAME"
	b.weigh(s, f)
	b.writeFile(s)
}

func (b *smb) delete2(e *event.SMB2FileDelete) {
	s := b.at(e.Conn)
	if s == nil {
		return
	}
	f := b.use(s, fid2(e.FileID))
	if e.DeletePending {
		f.action = "SMB::FILE_DELETE"
	}
	b.writeFile(s)
}

func (b *smb) close2(e *event.SMB2CloseRequest) {
	if s := b.at(e.Conn); s != nil {
		b.use(s, fid2(e.FileID)).action = smbClose.on(s.tree)
		b.closed(s, fid2(e.FileID))
	}
}

// smb2Commands are the commands of SMB2 (MS-SMB2 section 2.2.1.2).
var smb2Commands = [...]string{
	"NEGOTIATE_PROTOCOL", "SESSION_SETUP", "LOGOFF", "TREE_CONNECT", "TREE_DISCONNECT", "CREATE", "CLOSE",
	"FLUSH", "READ", "WRITE", "LOCK", "IOCTL", "CANCEL", "ECHO", "QUERY_DIRECTORY", "CHANGE_NOTIFY",
	"QUERY_INFO", "SET_INFO", "OPLOCK_BREAK",
}

func smb2Command(n uint64) string {
	if n < uint64(len(smb2Commands)) {
		return smb2Commands[n]
	}
	return "unknown-" + strconv.FormatUint(n, 10)
}

func smb2ShareType(n uint64) string {
	switch n {
	case 1:
		return "DISK"
	case 2:
		return "PIPE"
	case 3:
		return "PRINT"
	}
	return "unknown-" + strconv.FormatUint(n, 10)
}
