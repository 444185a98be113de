package logs

import (
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
)

func (b *smb) listenSMB1(h *event.Hooks) {
	h.SMB.SMB1Message.Listen(b.message1)
	h.SMB.SMB1TreeConnectAndXRequest.Listen(b.treeConnectRequest1)
	h.SMB.SMB1TreeConnectAndXResponse.Listen(b.treeConnectResponse1)
	h.SMB.SMB1NTCreateAndXRequest.Listen(b.createRequest1)
	h.SMB.SMB1NTCreateAndXResponse.Listen(b.createResponse1)
	h.SMB.SMB1ReadAndXRequest.Listen(func(e *event.SMB1ReadAndXRequest) {
		if s := b.act1(e.Conn, e.FileID, "SMB::FILE_READ"); s != nil {
			b.writeFile(s)
		}
	})
	h.SMB.SMB1WriteAndXRequest.Listen(func(e *event.SMB1WriteAndXRequest) {
		b.act1(e.Conn, e.FileID, "SMB::FILE_WRITE")
	})
	h.SMB.SMB1CloseRequest.Listen(b.close1)
}

func (b *smb) message1(e *event.SMB1Message) {
	s, h := b.state(e.Conn), &e.Hdr
	t, ok := s.tids[h.TID]
	if !ok {
		t = b.newTree()
		s.setTree(h.TID, t)
	}
	s.tree = t
	if b.begin(s, h.MID) {
		s.cmd.tree = t
	}
	if !e.IsOrig {
		s.answered(h.MID)
	}
}

func (b *smb) treeConnectRequest1(e *event.SMB1TreeConnectAndXRequest) {
	s := b.at(e.Conn)
	if s == nil {
		return
	}
	t := b.newTree()
	t.path, t.service = schemas.Some(string(e.Path)), schemas.Some(string(e.Service))
	s.cmd.tree = t
}

func (b *smb) treeConnectResponse1(e *event.SMB1TreeConnectAndXResponse) {
	s := b.at(e.Conn)
	if s == nil {
		return
	}
	if t := s.cmd.tree; t != nil {
		t.service = schemas.Some(string(e.Service))
		if t.service.V == "IPC" {
			t.shareType = "PIPE"
		}
		if len(e.NativeFileSystem) > 0 {
			t.fileSystem = schemas.Some(string(e.NativeFileSystem))
		}
		s.tree = t
		s.setTree(e.Hdr.TID, t)
	}
	b.writeTree(s)
}

func (b *smb) createRequest1(e *event.SMB1NTCreateAndXRequest) {
	s := b.at(e.Conn)
	if s == nil {
		return
	}
	f := &smbFile{ts: b.now(), action: "SMB::FILE_OPEN", name: schemas.Some(string(e.FileName))}
	s.cmd.file, s.file = f, f
}

func (b *smb) createResponse1(e *event.SMB1NTCreateAndXResponse) {
	s := b.at(e.Conn)
	if s == nil {
		return
	}
	f := b.cmdFile(s)
	f.action, f.size = "SMB::FILE_OPEN", e.FileSize
	f.setTimes(&e.Times)
	if len(s.fids) >= maxSMBFiles {
		clear(s.fids)
	}
	s.fids[e.FileID], s.file = f, f
	b.writeFile(s)
}

// act1 notes what is done to an open file.
func (b *smb) act1(c event.Conn, fid uint64, action schemas.Enum) *smbState {
	s := b.at(c)
	if s == nil {
		return nil
	}
	f := b.use(s, fid)
	f.action = action
	if s.tree != nil && s.tree.path.OK && !f.path.OK {
		f.path = s.tree.path
	}
	return s
}

func (b *smb) close1(e *event.SMB1CloseRequest) {
	s := b.at(e.Conn)
	if s == nil {
		return
	}
	f := b.use(s, e.FileID)
	f.action = "SMB::FILE_CLOSE"
	b.closed(s, e.FileID)
}
