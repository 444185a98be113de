package smb

import "github.com/wirelog/wirelog/dissect/event"

// smb1Pipe is the identifier that Zeek gives to all named pipes of an SMB1 connection.
const smb1Pipe = 0

// unknownPath is the path of a tree known only by a named pipe opened in it.
var unknownPath = []byte("<unknown>")

// createRequest parses SMB_COM_NT_CREATE_ANDX (MS-CIFS section 2.2.4.64.1).
func (s *smb1State) createRequest(c *smb1Command) bool {
	b := c.b
	if !s.need("SMB1_nt_create_andx_request:byte_count", 51, b) {
		return false
	}
	raw, pos, ok := s.str(b, 51, 51, s.unicode)
	if !ok || !s.chain("SMB1_nt_create_andx_request:extra_byte_parameters", c, c.offset, pos, true) {
		return false
	}
	name := s.decodeIn(raw)
	if !s.pipe && s.a.f.pipeNames[string(name)] {
		s.a.setPipe(uint32(s.hdr.TID))
		if e := s.a.f.hooks.PipeConnectHeuristic.Begin(); e != nil {
			*e = event.SMBPipeConnectHeuristic{Conn: s.a.Conn()}
			s.a.f.hooks.PipeConnectHeuristic.Raise(e)
		}
		s.tree.path, s.tree.hasPath = unknownPath, true
	}
	if e := s.a.f.hooks.SMB1NTCreateAndXRequest.Begin(); e != nil {
		*e = event.SMB1NTCreateAndXRequest{Conn: s.a.Conn(), Hdr: s.hdr, FileName: name}
		s.a.f.hooks.SMB1NTCreateAndXRequest.Raise(e)
	}
	s.file = new(openFile)
	s.file.setName(name)
	s.a.session.names += len(name)
	s.a.session.cur.file = s.file
	return true
}

// createResponse parses SMB_COM_NT_CREATE_ANDX (MS-CIFS section 2.2.4.64.2).
func (s *smb1State) createResponse(c *smb1Command) bool {
	b := c.b
	if !s.need("SMB1_nt_create_andx_response:byte_count", 71, b) ||
		!s.chain("SMB1_nt_create_andx_response:extra_byte_parameters", c, c.offset, 71, false) {
		return false
	}
	fid, size := le16(b, 6), le64(b, 56)
	times := event.MakeSMBMACTimes(le64(b, 28), le64(b, 20), le64(b, 12), le64(b, 36))
	if e := s.a.f.hooks.SMB1NTCreateAndXResponse.Begin(); e != nil {
		*e = event.SMB1NTCreateAndXResponse{Conn: s.a.Conn(), Hdr: s.hdr, FileID: uint64(fid), FileSize: size, Times: times}
		s.a.f.hooks.SMB1NTCreateAndXResponse.Raise(e)
	}
	f := s.a.session.current()
	f.size = size
	if times.Modified > 0 {
		f.setModified(times.ModifiedRaw)
	}
	s.a.session.close(uint64(fid))
	s.a.use(uint64(fid))
	s.file = f
	return true
}

// readRequest parses SMB_COM_READ_ANDX (MS-CIFS section 2.2.4.42.1, MS-SMB section
// 2.2.4.2.1).
func (s *smb1State) readRequest(c *smb1Command) bool {
	const where = "SMB1_read_andx_request"
	b := c.b
	if !s.need(where+":remaining", 21, b) {
		return false
	}
	offset, end := u32(b, 7), 21
	if b[0] == 12 {
		if !s.need(where+":offset_high_tmp", 25, b) {
			return false
		}
		if high := u32(b, 21); high != 0xffff_ffff {
			offset |= high << 32
		}
		end = 25
	}
	if !s.need(where+":byte_count", end+2, b) || !s.chain(where+":extra_byte_parameters", c, c.offset, end+2, true) {
		return false
	}
	length := u16(b, 11)
	if high := u32(b, 15); high != 0xffff_ffff {
		length += high << 16
	}
	fid := le16(b, 5)
	if e := s.a.f.hooks.SMB1ReadAndXRequest.Begin(); e != nil {
		*e = event.SMB1ReadAndXRequest{Conn: s.a.Conn(), Hdr: s.hdr, FileID: uint64(fid), Offset: offset, Length: length}
		s.a.f.hooks.SMB1ReadAndXRequest.Raise(e)
	}
	call := s.call()
	call.offset = offset
	s.setCall(call)
	s.useFile(fid)
	return true
}

// readResponse parses SMB_COM_READ_ANDX (MS-CIFS section 2.2.4.42.2). The data goes to the
// file or pipe named last.
func (s *smb1State) readResponse(c *smb1Command) bool {
	const where = "SMB1_read_andx_response"
	b := c.b
	if !s.need(where+":byte_count", 27, b) {
		return false
	}
	pos, ok := s.skipTo(where+":pad", le16(b, 13), 27, b)
	if !ok {
		return false
	}
	data, pos, ok := s.take(where+":data", b, pos, int(le16(b, 15))<<16+int(le16(b, 11)))
	if !ok || !s.chain(where+":extra_byte_parameters", c, c.offset, pos, false) {
		return false
	}
	if s.pipe {
		s.a.pipeData(smb1Pipe, false, data)
	}
	if e := s.a.f.hooks.SMB1ReadAndXResponse.Begin(); e != nil {
		*e = event.SMB1ReadAndXResponse{Conn: s.a.Conn(), Hdr: s.hdr, DataLen: uint64(len(data))}
		s.a.f.hooks.SMB1ReadAndXResponse.Raise(e)
	}
	if !s.pipe && len(data) > 0 {
		call := s.call()
		offset := call.offset
		call.offset = 0
		s.setCall(call)
		s.fileData(offset, data)
	}
	return true
}

// writeRequest parses SMB_COM_WRITE_ANDX (MS-CIFS section 2.2.4.43.1, MS-SMB section
// 2.2.4.3.1).
func (s *smb1State) writeRequest(c *smb1Command) bool {
	const where = "SMB1_write_andx_request"
	b := c.b
	if !s.need(where+":data_offset", 25, b) {
		return false
	}
	offset, pos := u32(b, 7), 25
	if b[0] == 14 {
		if !s.need(where+":offset_high_tmp", 29, b) {
			return false
		}
		offset |= u32(b, 25) << 32
		pos = 29
	}
	if !s.need(where+":byte_count", pos+2, b) {
		return false
	}
	pos, ok := s.skipTo(where+":pad", le16(b, 23), pos+2, b)
	if !ok {
		return false
	}
	data, pos, ok := s.take(where+":data", b, pos, int(le16(b, 19))<<16+int(le16(b, 21)))
	if !ok || !s.chain(where+":extra_byte_parameters", c, c.offset, pos, true) {
		return false
	}
	if s.pipe {
		s.a.pipeData(smb1Pipe, true, data)
	}
	fid := le16(b, 5)
	if e := s.a.f.hooks.SMB1WriteAndXRequest.Begin(); e != nil {
		*e = event.SMB1WriteAndXRequest{Conn: s.a.Conn(), Hdr: s.hdr, FileID: uint64(fid), Offset: offset, DataLen: uint64(len(data))}
		s.a.f.hooks.SMB1WriteAndXRequest.Raise(e)
	}
	s.useFile(fid)
	if !s.pipe && len(data) > 0 {
		s.fileData(offset, data)
	}
	return true
}

// writeResponse parses SMB_COM_WRITE_ANDX (MS-CIFS section 2.2.4.43.2).
func (s *smb1State) writeResponse(c *smb1Command) bool {
	b := c.b
	if !s.need("SMB1_write_andx_response:byte_count", 15, b) ||
		!s.chain("SMB1_write_andx_response:extra_byte_parameters", c, c.offset, 15, false) {
		return false
	}
	if e := s.a.f.hooks.SMB1WriteAndXResponse.Begin(); e != nil {
		*e = event.SMB1WriteAndXResponse{Conn: s.a.Conn(), Hdr: s.hdr, WrittenBytes: u16(b, 9)<<16 + u16(b, 5)}
		s.a.f.hooks.SMB1WriteAndXResponse.Raise(e)
	}
	return true
}

// closeRequest parses SMB_COM_CLOSE (MS-CIFS section 2.2.4.5.1).
func (s *smb1State) closeRequest(c *smb1Command) bool {
	if !s.need("SMB1_close_request", 9, c.b) {
		return false
	}
	fid := le16(c.b, 1)
	if e := s.a.f.hooks.SMB1CloseRequest.Begin(); e != nil {
		*e = event.SMB1CloseRequest{Conn: s.a.Conn(), Hdr: s.hdr, FileID: uint64(fid)}
		s.a.f.hooks.SMB1CloseRequest.Raise(e)
	}
	s.a.use(uint64(fid))
	s.file = s.a.session.cur.file
	s.file.setShare(s.tree)
	s.a.session.close(uint64(fid))
	s.a.fileEnd()
	return true
}

// closeResponse parses SMB_COM_CLOSE (MS-CIFS section 2.2.4.5.2).
func (s *smb1State) closeResponse(c *smb1Command) bool {
	if !s.need("SMB_empty_response", 3, c.b) {
		return false
	}
	s.emptyResponse()
	return true
}

// useFile makes the open file fid the one named last.
func (s *smb1State) useFile(fid uint16) {
	s.a.use(uint64(fid))
	s.file = s.a.session.cur.file
	if !s.file.hasPath {
		s.file.setShare(s.tree)
	}
}

// fileData passes data to the file named last.
func (s *smb1State) fileData(offset uint64, data []byte) {
	cur := &s.a.session.cur
	own := cur.file
	cur.file = s.file
	s.a.fileData(s.isOrig, offset, data)
	cur.file = own
}

// lockingRequest parses SMB_COM_LOCKING_ANDX (MS-CIFS section 2.2.4.32.1). Zeek never sets the
// variable that selects the form of the locks, and fails here.
func (s *smb1State) lockingRequest(c *smb1Command) bool {
	return s.need("SMB1_locking_andx_request:bytecount", 19, c.b) && s.noCase("SMB1_locking_andx_request", 0)
}

// path parses the path in some old requests, which have an empty block of words, a byte count,
// a format byte and a string.
func (s *smb1State) path(where string, c *smb1Command) (text []byte, ok bool) {
	if !s.need(where, 4, c.b) {
		return nil, false
	}
	raw, _, ok := s.str(c.b, 4, 4, s.unicode)
	if !ok {
		return nil, false
	}
	return s.decodeIn(raw), true
}

// createDirectoryRequest parses SMB_COM_CREATE_DIRECTORY (MS-CIFS section 2.2.4.1.1). Zeek has
// the event but does not parse the command, so it is never malformed.
func (s *smb1State) createDirectoryRequest(c *smb1Command) bool {
	name, ok := s.path("SMB1_create_directory_request:buffer_format", c)
	if h := &s.a.f.hooks.SMB1CreateDirectoryRequest; ok && h.On() {
		e := h.Begin()
		*e = event.SMB1CreateDirectoryRequest{Conn: s.a.Conn(), Hdr: s.hdr, DirectoryName: name}
		h.Raise(e)
	}
	return true
}

// createDirectoryResponse parses SMB_COM_CREATE_DIRECTORY (MS-CIFS section 2.2.4.1.2).
func (s *smb1State) createDirectoryResponse(c *smb1Command) bool {
	if len(c.b) < 3 {
		return true
	}
	if e := s.a.f.hooks.SMB1CreateDirectoryResponse.Begin(); e != nil {
		*e = event.SMB1CreateDirectoryResponse{Conn: s.a.Conn(), Hdr: s.hdr}
		s.a.f.hooks.SMB1CreateDirectoryResponse.Raise(e)
	}
	return true
}

// checkDirectoryRequest parses SMB_COM_CHECK_DIRECTORY (MS-CIFS section 2.2.4.17.1).
func (s *smb1State) checkDirectoryRequest(c *smb1Command) bool {
	name, ok := s.path("SMB1_check_directory_request:buffer_format", c)
	if h := &s.a.f.hooks.SMB1CheckDirectoryRequest; ok && h.On() {
		e := h.Begin()
		*e = event.SMB1CheckDirectoryRequest{Conn: s.a.Conn(), Hdr: s.hdr, DirectoryName: name}
		h.Raise(e)
	}
	return ok
}

// checkDirectoryResponse parses SMB_COM_CHECK_DIRECTORY (MS-CIFS section 2.2.4.17.2).
func (s *smb1State) checkDirectoryResponse(c *smb1Command) bool {
	if !s.need("SMB1_check_directory_response", 3, c.b) {
		return false
	}
	if e := s.a.f.hooks.SMB1CheckDirectoryResponse.Begin(); e != nil {
		*e = event.SMB1CheckDirectoryResponse{Conn: s.a.Conn(), Hdr: s.hdr}
		s.a.f.hooks.SMB1CheckDirectoryResponse.Raise(e)
	}
	return true
}

// queryInformationRequest parses SMB_COM_QUERY_INFORMATION (MS-CIFS section 2.2.4.9.1).
func (s *smb1State) queryInformationRequest(c *smb1Command) bool {
	name, ok := s.path("SMB1_query_information_request:buffer_format", c)
	if h := &s.a.f.hooks.SMB1QueryInformationRequest; ok && h.On() {
		e := h.Begin()
		*e = event.SMB1QueryInformationRequest{Conn: s.a.Conn(), Hdr: s.hdr, Filename: name}
		h.Raise(e)
	}
	return ok
}
