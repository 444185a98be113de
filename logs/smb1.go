package logs

import (
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

func (b *smb) listenSMB1(h *event.Hooks) {
	h.SMB.SMB1Message.Listen(b.message1)
	h.SMB.SMB1TreeConnectAndXRequest.Listen(b.treeConnectRequest1)
	h.SMB.SMB1TreeConnectAndXResponse.Listen(b.treeConnectResponse1)
	h.SMB.SMB1NTCreateAndXRequest.Listen(b.createRequest1)
	h.SMB.SMB1NTCreateAndXResponse.Listen(b.createResponse1)
	h.SMB.SMB1ReadAndXRequest.Listen(func(e *event.SMB1ReadAndXRequest) {
		if s := b.act1(e.Conn, e.FileID, "SMB::FILE_READ"); s != nil {
			s.cmd.setArgument(s.file.name)
			b.writeFile(s)
		}
	})
	h.SMB.SMB1WriteAndXRequest.Listen(func(e *event.SMB1WriteAndXRequest) {
		if s := b.act1(e.Conn, e.FileID, "SMB::FILE_WRITE"); s != nil && !s.cmd.argument.OK {
			s.cmd.setArgument(s.file.name)
		}
	})
	h.SMB.SMB1CloseRequest.Listen(b.close1)
	if !b.cmds {
		return
	}
	h.SMB.SMB1NegotiateRequest.Listen(func(e *event.SMB1NegotiateRequest) {
		if s := b.at(e.Conn); s != nil {
			s.cmd.offered = s.cmd.offered[:0]
			for _, d := range e.Dialects {
				s.cmd.offered = append(s.cmd.offered, string(d))
				b.named(s, len(d)+16)
			}
		}
	})
	h.SMB.SMB1NegotiateResponse.Listen(func(e *event.SMB1NegotiateResponse) {
		s, r := b.at(e.Conn), &e.Response.NTLM
		if s != nil && r.OK && r.V.DialectIndex < uint64(len(s.cmd.offered)) {
			s.cmd.argument = value.Some(s.cmd.offered[r.V.DialectIndex])
		}
	})
	h.SMB.SMB1Transaction2Request.Listen(func(e *event.SMB1Transaction2Request) {
		if s := b.at(e.Conn); s != nil {
			s.cmd.sub = smb1Name(smb1Trans2, e.SubCmd, "unknown-trans2-sub-cmd-")
		}
	})
	h.SMB.SMB1TransactionRequest.Listen(func(e *event.SMB1TransactionRequest) {
		if s := b.at(e.Conn); s != nil {
			s.cmd.sub = smb1Name(smb1Trans, e.SubCmd, "unknown-trans-sub-cmd-")
		}
	})
	h.SMB.SMB1Trans2GetDFSReferralRequest.Listen(func(e *event.SMB1Trans2GetDFSReferralRequest) { b.argument1(e.Conn, e.FileName) })
	h.SMB.SMB1Trans2QueryPathInfoRequest.Listen(func(e *event.SMB1Trans2QueryPathInfoRequest) { b.argument1(e.Conn, e.FileName) })
	h.SMB.SMB1Trans2FindFirst2Request.Listen(func(e *event.SMB1Trans2FindFirst2Request) { b.argument1(e.Conn, e.Args.FileName) })
	h.SMB.SMB1Error.Listen(func(e *event.SMB1Error) {
		if s := b.at(e.Conn); s != nil && !e.IsOrig && smb1Deferred(s.cmd.command) {
			b.writeCmd(s)
		}
	})
}

func (b *smb) message1(e *event.SMB1Message) {
	s, h := b.state(e.Conn), &e.Hdr
	t, ok := s.tids[h.TID]
	if !ok {
		t = b.newTree()
		b.setTree(s, h.TID, t)
	}
	s.tree = t
	if s.cmd != nil {
		// As in Zeek, the previous command is the one that gets this share.
		s.cmd.treePath, s.cmd.treeService = orElse(t.path, s.cmd.treePath), orElse(t.service, s.cmd.treeService)
	}
	if b.begin(s, h.MID) {
		s.cmd.version, s.cmd.command = "SMB1", smb1Name(smb1Commands, h.Command, "unknown-")
		s.cmd.tree = t
	}
	if e.IsOrig {
		return
	}
	s.cmd.answer, s.cmd.status = b.now(), uint32(h.Status)
	b.answered(s, h.MID)
	if !smb1Deferred(s.cmd.command) {
		b.writeCmd(s)
	}
}

func orElse(o value.Opt[string], s string) string {
	if o.OK {
		return o.V
	}
	return s
}

// smb1Deferred reports whether a command has a row only if it fails (Zeek's
// SMB::deferred_logging_cmds).
func smb1Deferred(command string) bool {
	switch command {
	case "NEGOTIATE", "READ_ANDX", "SESSION_SETUP_ANDX", "TREE_CONNECT_ANDX":
		return true
	}
	return false
}

func (c *smbCmd) setArgument(name value.Opt[string]) {
	if name.OK {
		c.argument = name
	}
}

func (b *smb) argument1(c event.Conn, name []byte) {
	if s := b.at(c); s != nil {
		s.cmd.argument = value.Some(string(name))
		b.named(s, len(name))
	}
}

func (b *smb) treeConnectRequest1(e *event.SMB1TreeConnectAndXRequest) {
	s := b.at(e.Conn)
	if s == nil {
		return
	}
	t := b.newTree()
	t.path, t.service = value.Some(string(e.Path)), value.Some(string(e.Service))
	s.cmd.tree, s.cmd.argument = t, t.path
	b.named(s, len(t.path.V))
}

func (b *smb) treeConnectResponse1(e *event.SMB1TreeConnectAndXResponse) {
	s := b.at(e.Conn)
	if s == nil {
		return
	}
	if t := s.cmd.tree; t != nil {
		t.service = value.Some(string(e.Service))
		if t.service.V == "IPC" {
			t.shareType = "PIPE"
		}
		s.cmd.treeService = t.service.V
		if len(e.NativeFileSystem) > 0 {
			t.fileSystem = value.Some(string(e.NativeFileSystem))
		}
		s.tree = t
		b.setTree(s, e.Hdr.TID, t)
	}
	b.writeTree(s)
}

func (b *smb) createRequest1(e *event.SMB1NTCreateAndXRequest) {
	s := b.at(e.Conn)
	if s == nil {
		return
	}
	f := &smbFile{ts: b.now(), action: "SMB::FILE_OPEN", name: value.Some(string(e.FileName))}
	s.cmd.file, s.file, s.cmd.argument = f, f, f.name
	b.named(s, len(f.name.V))
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
		b.clearFiles(s)
	}
	s.fids[e.FileID], s.file = f, f
	b.weigh(s, f)
	b.writeFile(s)
}

// act1 records an action on an open file.
func (b *smb) act1(c event.Conn, fid uint64, action value.Enum) *smbState {
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
	s.cmd.setArgument(f.name)
	b.closed(s, e.FileID)
}

func smb1Name(names map[uint64]string, n uint64, unknown string) string {
	if s, ok := names[n]; ok {
		return s
	}
	return unknown + strconv.FormatUint(n, 10)
}

// smb1Commands are the commands of SMB1 (MS-CIFS section 2.2.2.1).
var smb1Commands = map[uint64]string{
	0x00: "CREATE_DIRECTORY", 0x01: "DELETE_DIRECTORY", 0x02: "OPEN", 0x03: "CREATE", 0x04: "CLOSE", 0x05: "FLUSH",
	0x06: "DELETE", 0x07: "RENAME", 0x08: "QUERY_INFORMATION", 0x09: "SET_INFORMATION", 0x0a: "READ", 0x0b: "WRITE",
	0x0c: "LOCK_BYTE_RANGE", 0x0d: "UNLOCK_BYTE_RANGE", 0x0e: "CREATE_TEMPORARY", 0x0f: "CREATE_NEW",
	0x10: "CHECK_DIRECTORY", 0x11: "PROCESS_EXIT", 0x12: "SEEK", 0x13: "LOCK_AND_READ", 0x14: "WRITE_AND_UNLOCK",
	0x1a: "READ_RAW", 0x1b: "READ_MPX", 0x1c: "READ_MPX_SECONDARY", 0x1d: "WRITE_RAW", 0x1e: "WRITE_MPX",
	0x1f: "WRITE_MPX_SECONDARY", 0x20: "WRITE_COMPLETE", 0x21: "QUERY_SERVER", 0x22: "SET_INFORMATION2",
	0x23: "QUERY_INFORMATION2", 0x24: "LOCKING_ANDX", 0x25: "TRANSACTION", 0x26: "TRANSACTION_SECONDARY",
	0x27: "IOCTL", 0x28: "IOCTL_SECONDARY", 0x29: "COPY", 0x2a: "MOVE", 0x2b: "ECHO", 0x2c: "WRITE_AND_CLOSE",
	0x2d: "OPEN_ANDX", 0x2e: "READ_ANDX", 0x2f: "WRITE_ANDX", 0x30: "NEW_FILE_SIZE", 0x31: "CLOSE_AND_TREE_DISC",
	0x32: "TRANSACTION2", 0x33: "TRANSACTION2_SECONDARY", 0x34: "FIND_CLOSE2", 0x35: "FIND_NOTIFY_CLOSE",
	0x70: "TREE_CONNECT", 0x71: "TREE_DISCONNECT", 0x72: "NEGOTIATE", 0x73: "SESSION_SETUP_ANDX",
	0x74: "LOGOFF_ANDX", 0x75: "TREE_CONNECT_ANDX", 0x80: "QUERY_INFORMATION_DISK", 0x81: "SEARCH", 0x82: "FIND",
	0x83: "FIND_UNIQUE", 0x84: "FIND_CLOSE", 0xa0: "NT_TRANSACT", 0xa1: "NT_TRANSACT_SECONDARY",
	0xa2: "NT_CREATE_ANDX", 0xa4: "NT_CANCEL", 0xa5: "NT_RENAME", 0xc0: "OPEN_PRINT_FILE",
	0xc1: "WRITE_PRINT_FILE", 0xc2: "CLOSE_PRINT_FILE", 0xc3: "GET_PRINT_QUEUE", 0xd8: "READ_BULK",
	0xd9: "WRITE_BULK", 0xda: "WRITE_BULK_DATA",
}

// smb1Trans2 are the subcommands of TRANSACTION2 (MS-CIFS section 2.2.2.2).
var smb1Trans2 = map[uint64]string{
	0x00: "OPEN2", 0x01: "FIND_FIRST2", 0x02: "FIND_NEXT2", 0x03: "QUERY_FS_INFORMATION", 0x04: "SET_FS_INFORMATION",
	0x05: "QUERY_PATH_INFORMATION", 0x06: "SET_PATH_INFORMATION", 0x07: "QUERY_FILE_INFORMATION",
	0x08: "SET_FILE_INFORMATION", 0x09: "FSCTL", 0x0a: "IOCTL", 0x0b: "FIND_NOTIFY_FIRST", 0x0c: "FIND_NOTIFY_NEXT",
	0x0d: "CREATE_DIRECTORY", 0x0e: "SESSION_SETUP", 0x10: "GET_DFS_REFERRAL", 0x11: "REPORT_DFS_INCONSISTENCY",
}

// smb1Trans are the subcommands of TRANSACTION on a named pipe (MS-CIFS section 2.2.2.2).
var smb1Trans = map[uint64]string{
	0x01: "SET_NMPIPE_STATE", 0x11: "RAW_READ_NMPIPE", 0x21: "QUERY_NMPIPE_STATE", 0x22: "QUERY_NMPIPE_INFO",
	0x23: "PEEK_NMPIPE", 0x26: "TRANSACT_NMPIPE", 0x31: "RAW_WRITE_NMPIPE", 0x36: "READ_NMPIPE", 0x37: "WRITE_NMPIPE",
	0x53: "WAIT_NMPIPE", 0x54: "CALL_NMPIPE",
}
