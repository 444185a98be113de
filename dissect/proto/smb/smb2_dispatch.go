package smb

// smb2Failed reports whether an SMB2 reply has the body of an error (MS-SMB2 section 3.3.4.4):
// a nonzero status means an error, except for a few commands.
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

// smb2Body parses the body of an SMB2 message.
func (a *analyzer) smb2Body(isOrig bool, c *cursor) {
	switch {
	case a.smb2Failed(isOrig):
		// MS-SMB2 section 2.2.2
		const where = "SMB2_error_response"
		if c.fixed(where+":byte_count", 8) {
			c.skip(2 + 2)
			c.bytes(where+":stuff", c.uint32())
		}
	case isOrig:
		a.smb2Request(c)
	default:
		a.smb2Response(c)
	}
}

// smb2Request parses a request's body. Requests without an event are only checked for length.
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
	case cmdCancel:
		c.bare("SMB2_cancel_request", 4)
	case cmdEcho:
		c.bare("SMB2_echo_request", 4)
	case cmdFlush:
		c.bare("SMB2_flush_request", 24)
	case cmdOplockBreak:
		c.bare("SMB2_oplock_break", 24)
	case cmdLock:
		c.lock()
	case cmdQueryDirectory:
		c.queryDirectory()
	case cmdChangeNotify:
		c.bare("SMB2_change_notify_request", 32)
	case cmdQueryInfo:
		c.queryInfo()
	}
}

// smb2Response parses a reply's body.
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
		c.bare("SMB2_write_response", 16)
	case cmdIoctl:
		a.ioctlResponse(c)
	case cmdSetInfo:
		c.bare("SMB2_set_info_response", 2)
	case cmdFlush:
		c.bare("SMB2_flush_response", 4)
	case cmdLock:
		c.bare("SMB2_lock_response", 4)
	case cmdEcho:
		c.bare("SMB2_echo_response", 4)
	case cmdOplockBreak:
		c.bare("SMB2_oplock_break", 24)
	case cmdQueryDirectory:
		c.output("SMB2_query_directory_response:buffer_len", "SMB2_query_directory_response:pad", "SMB2_query_directory_response:buffer")
	case cmdQueryInfo:
		c.output("SMB2_query_info_response:buffer_len", "SMB2_query_info_response:pad", "SMB2_query_info_response:buffer")
	case cmdChangeNotify:
		c.notifications()
	}
}

// bare skips a body of n bytes that has no event.
func (c *cursor) bare(where string, n int) {
	if c.fixed(where, n) {
		c.skip(n)
	}
}

// lock parses MS-SMB2 section 2.2.26. As in Zeek, a lock element is 20 bytes, without its
// reserved bytes.
func (c *cursor) lock() {
	const where = "SMB2_lock_request"
	if !c.fixed(where+":file_id", 24) {
		return
	}
	c.skip(2)
	locks := int(c.uint16())
	c.skip(4 + 16)
	c.array(where+":locks", locks, 20)
}

// queryDirectory parses MS-SMB2 section 2.2.33.
func (c *cursor) queryDirectory() {
	const where = "SMB2_query_directory_request"
	if !c.fixed(where+":output_buffer_len", 32) {
		return
	}
	c.skip(2 + 1 + 1 + 4 + 16)
	offset, n := c.uint16(), c.uint16()
	c.skip(4)
	c.seek(where+":pad", offset)
	c.bytes(where+":file_name", uint32(n))
}

// queryInfo parses MS-SMB2 section 2.2.37.
func (c *cursor) queryInfo() {
	const where = "SMB2_query_info_request"
	if !c.fixed(where+":file_id", 40) {
		return
	}
	c.skip(2 + 1 + 1 + 4)
	offset := c.uint16()
	c.skip(2)
	n := c.uint32()
	c.skip(4 + 4 + 16)
	c.seek(where+":pad", offset)
	c.bytes(where+":buffer", n)
}

// output parses a reply with a single buffer at a given offset (MS-SMB2 sections 2.2.34,
// 2.2.36 and 2.2.38) and returns the buffer. The arguments name the length field, the padding
// before the buffer, and the buffer.
func (c *cursor) output(length, pad, buffer string) []byte {
	if !c.fixed(length, 8) {
		return nil
	}
	c.skip(2)
	offset, n := c.uint16(), c.uint32()
	c.seek(pad, offset)
	return c.bytes(buffer, n)
}

// notifications parses MS-SMB2 section 2.2.36. The entries (MS-FSCC section 2.7.1) are read
// back to back, as in Zeek, which knows of no padding between them: a reply with padding is
// malformed.
func (c *cursor) notifications() {
	const where = "SMB2_change_notify_response"
	entries := cursor{b: c.output(where+":output_buffer_len", where+":pad", where+":buffer")}
	for entries.at < len(entries.b) && !entries.bad() {
		entries.begin()
		if entries.fixed("SMB2_File_Notify_Information:filename_len", 12) {
			entries.skip(4 + 4)
			entries.text(entries.uint32())
		}
	}
	if entries.bad() {
		c.err = entries.err
	}
}
