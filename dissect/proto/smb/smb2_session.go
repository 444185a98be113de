package smb

import "github.com/wirelog/wirelog/dissect/event"

// sessionSetupRequest parses MS-SMB2 section 2.2.5.
func (a *analyzer) sessionSetupRequest(c *cursor) {
	const where = "SMB2_session_setup_request"
	if !c.fixed(where+":security_length", 16) {
		return
	}
	c.skip(2 + 1)
	mode := c.uint8()
	c.skip(4 + 4)
	blob := c.blob(where+":pad1", where+":security_blob")
	if c.bad() {
		return
	}
	if e := a.f.hooks.SMB2SessionSetupRequest.Begin(); e != nil {
		*e = event.SMB2SessionSetupRequest{Conn: a.Conn(), Hdr: *a.smb2.hdr,
			Request: event.SMB2SessionSetupArgs{SecurityMode: uint64(mode)}}
		a.f.hooks.SMB2SessionSetupRequest.Raise(e)
	}
	a.security(true, blob)
}

// Session flags (MS-SMB2 section 2.2.6).
const (
	sessionGuest   = 0x0001
	sessionNull    = 0x0002
	sessionEncrypt = 0x0004
)

// sessionSetupResponse parses MS-SMB2 section 2.2.6.
func (a *analyzer) sessionSetupResponse(c *cursor) {
	const where = "SMB2_session_setup_response"
	if !c.fixed(where+":security_length", 8) {
		return
	}
	c.skip(2)
	flags := c.uint16()
	blob := c.blob(where+":pad1", where+":security_blob")
	if c.bad() {
		return
	}
	if e := a.f.hooks.SMB2SessionSetupResponse.Begin(); e != nil {
		*e = event.SMB2SessionSetupResponse{Conn: a.Conn(), Hdr: *a.smb2.hdr,
			Response: event.SMB2SessionSetupResult{Flags: event.SMB2SessionSetupFlags{
				Guest: flags&sessionGuest != 0, Anonymous: flags&sessionNull != 0, Encrypt: flags&sessionEncrypt != 0,
			}}}
		a.f.hooks.SMB2SessionSetupResponse.Raise(e)
	}
	a.security(false, blob)
}

// blob parses a 16-bit offset and a 16-bit length, which must be present, and returns the
// buffer they describe. pad names the padding before the buffer, where the buffer itself.
func (c *cursor) blob(pad, where string) []byte {
	offset, n := c.uint16(), c.uint16()
	c.seek(pad, offset)
	return c.bytes(where, uint32(n))
}

// treeConnectRequest parses MS-SMB2 section 2.2.9.
func (a *analyzer) treeConnectRequest(c *cursor) {
	const where = "SMB2_tree_connect_request"
	if !c.fixed(where+":path_length", 8) {
		return
	}
	c.skip(2 + 2)
	offset, n := c.uint16(), c.uint16()
	c.seek(where+":pad", offset)
	path := c.text(uint32(n))
	if c.bad() {
		return
	}
	path = a.utf16(path)
	s := &a.session
	if s.cur.tree == nil {
		s.cur.tree = new(tree)
	}
	s.cur.tree.setPath(path)
	s.names += len(path)
	if e := a.f.hooks.SMB2TreeConnectRequest.Begin(); e != nil {
		*e = event.SMB2TreeConnectRequest{Conn: a.Conn(), Hdr: *a.smb2.hdr, Path: path}
		a.f.hooks.SMB2TreeConnectRequest.Raise(e)
	}
}

// shareTypePipe is the type of a share of named pipes (MS-SMB2 section 2.2.10).
const shareTypePipe = 2

// treeConnectResponse parses MS-SMB2 section 2.2.10.
func (a *analyzer) treeConnectResponse(c *cursor) {
	if !c.fixed("SMB2_tree_connect_response", 16) {
		return
	}
	c.skip(2)
	typ := c.uint8()
	c.skip(1 + 4 + 4 + 4)
	if typ == shareTypePipe {
		a.setPipe(uint32(a.smb2.hdr.TreeID))
	}
	if e := a.f.hooks.SMB2TreeConnectResponse.Begin(); e != nil {
		*e = event.SMB2TreeConnectResponse{Conn: a.Conn(), Hdr: *a.smb2.hdr,
			Response: event.SMB2TreeConnectResult{ShareType: uint64(typ)}}
		a.f.hooks.SMB2TreeConnectResponse.Raise(e)
	}
}

// treeDisconnectRequest parses MS-SMB2 section 2.2.11.
func (a *analyzer) treeDisconnectRequest(c *cursor) {
	if c.bare("SMB2_tree_disconnect_request", 4); c.bad() {
		return
	}
	tid := uint32(a.smb2.hdr.TreeID)
	delete(a.session.pipes, tid)
	if _, ok := a.session.trees[tid]; ok {
		delete(a.session.trees, tid)
		a.session.cur.tree, a.session.cur.ownTree = nil, false
	}
	if e := a.f.hooks.SMB2TreeDisconnectRequest.Begin(); e != nil {
		*e = event.SMB2TreeDisconnectRequest{Conn: a.Conn(), Hdr: *a.smb2.hdr}
		a.f.hooks.SMB2TreeDisconnectRequest.Raise(e)
	}
}

// treeDisconnectResponse parses MS-SMB2 section 2.2.12.
func (a *analyzer) treeDisconnectResponse(c *cursor) {
	if c.bare("SMB2_tree_disconnect_response", 4); c.bad() {
		return
	}
	if e := a.f.hooks.SMB2TreeDisconnectResponse.Begin(); e != nil {
		*e = event.SMB2TreeDisconnectResponse{Conn: a.Conn(), Hdr: *a.smb2.hdr}
		a.f.hooks.SMB2TreeDisconnectResponse.Raise(e)
	}
}
