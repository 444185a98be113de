package smb

// smb2Failed reports whether the body of an SMB2 reply is that of an error (MS-SMB2 section
// 3.3.4.4): a status that is not zero is one, but for a few commands.
func (a *analyzer) smb2Failed(isOrig bool) bool {
	if isOrig {
		return false
	}
	m := &a.smb2
	switch m.status {
	case 0:
		return false
	case statusBufferOverflow:
		return m.command != cmdIoctl && m.command != cmdQueryInfo && m.command != cmdRead
	case statusInvalid:
		return m.command != cmdIoctl
	case statusMoreProcessing:
		return m.command != cmdSessionSetup
	case statusNotifyEnumDir:
		return m.command != cmdChangeNotify
	}
	return true
}

// smb2Body takes what follows the header of an SMB2 message.
func (a *analyzer) smb2Body(isOrig bool, c *cursor) {
	switch {
	case a.smb2Failed(isOrig):
		// MS-SMB2 section 2.2.2
		c.skip(2 + 2)
		c.skip(int(c.uint32()))
	case isOrig:
		a.smb2Request(c)
	default:
		a.smb2Response(c)
	}
}

// smb2Request takes the body of a request. Of those that nothing is told about, only their
// length counts.
func (a *analyzer) smb2Request(c *cursor) {
	switch a.smb2.command {
	case cmdNegotiate:
		a.negotiateRequest(c)
	case cmdSessionSetup:
		a.sessionSetupRequest(c)
	case cmdTreeConnect:
		a.treeConnectRequest(c)
	case cmdTreeDisconnect:
		a.treeDisconnectRequest(c)
	case cmdCreate:
		a.createRequest(c)
	case cmdClose:
		a.closeRequest(c)
	case cmdRead:
		a.readRequest(c)
	case cmdWrite:
		a.writeRequest(c)
	case cmdIoctl:
		a.ioctlRequest(c)
	case cmdSetInfo:
		a.setInfoRequest(c)
	case cmdCancel, cmdEcho:
		c.skip(4)
	case cmdFlush, cmdOplockBreak:
		c.skip(24)
	case cmdLock:
		// MS-SMB2 section 2.2.26: the reserved bytes of a lock are not counted, as in Zeek.
		c.skip(2)
		locks := int(c.uint16())
		c.skip(4 + 16 + 20*locks)
	case cmdQueryDirectory:
		c.skip(2 + 1 + 1 + 4 + 16)
		offset, n := c.uint16(), c.uint16()
		c.skip(4)
		c.seek(int(offset))
		c.skip(int(n))
	case cmdChangeNotify:
		c.skip(32)
	case cmdQueryInfo:
		c.skip(2 + 1 + 1 + 4)
		offset := c.uint16()
		c.skip(2)
		n := c.uint32()
		c.skip(4 + 4 + 16)
		c.seek(int(offset))
		c.skip(int(n))
	}
}

// smb2Response takes the body of a reply.
func (a *analyzer) smb2Response(c *cursor) {
	switch a.smb2.command {
	case cmdNegotiate:
		a.negotiateResponse(c)
	case cmdSessionSetup:
		a.sessionSetupResponse(c)
	case cmdTreeConnect:
		a.treeConnectResponse(c)
	case cmdTreeDisconnect:
		a.treeDisconnectResponse(c)
	case cmdCreate:
		a.createResponse(c)
	case cmdClose:
		a.closeResponse(c)
	case cmdRead:
		a.readResponse(c)
	case cmdWrite:
		c.skip(16)
	case cmdIoctl:
		a.ioctlResponse(c)
	case cmdSetInfo:
		c.skip(2)
	case cmdFlush, cmdLock, cmdEcho:
		c.skip(4)
	case cmdOplockBreak:
		c.skip(24)
	case cmdQueryDirectory, cmdQueryInfo, cmdChangeNotify:
		c.skip(2)
		offset, n := c.uint16(), c.uint32()
		c.seek(int(offset))
		c.skip(int(n))
	}
}
