package smb

import "github.com/wirelog/wirelog/dissect/event"

// shareRoot names a file opened without a name.
const shareRoot = "<share_root>"

// fid returns the number by which Zeek distinguishes open files.
func fid(g event.SMB2GUID) uint64 { return g.Persistent + g.Volatile }

// createRequest parses MS-SMB2 section 2.2.13. Create contexts are skipped.
func (a *analyzer) createRequest(c *cursor) {
	const where = "SMB2_create_request"
	if !c.fixed(where+":impersonation_level", 8) || !c.fixed(where+":flags", 16) ||
		!c.fixed(where+":reserved", 24) || !c.fixed(where+":context_len", 56) {
		return
	}
	c.skip(2 + 1 + 1 + 4 + 8 + 8 + 4 + 4 + 4)
	disposition, options := c.uint32(), c.uint32()
	nameAt, nameLen := c.uint16(), c.uint16()
	contexts, contextsLen := c.uint32(), c.uint32()
	c.seek(where+":filename_pad", nameAt)
	body := c.start
	name := c.text(uint32(nameLen))
	c.start = body
	c.contexts(where+":context_pad", where+":contexts", contexts, contextsLen)
	if c.bad() {
		return
	}
	name = a.utf16(name)
	s := &a.session
	if !a.smb2.pipe && a.f.pipeNames[string(name)] {
		a.setPipe(uint32(a.smb2.hdr.TreeID))
		if e := a.f.hooks.PipeConnectHeuristic.Begin(); e != nil {
			*e = event.SMBPipeConnectHeuristic{Conn: a.Conn()}
			a.f.hooks.PipeConnectHeuristic.Raise(e)
		}
		if s.cur.tree == nil {
			s.cur.tree = new(tree)
		}
		s.cur.tree.setPath([]byte("<unknown>"))
	}
	if len(name) > 0 {
		s.current().setName(name)
		s.names += len(name)
	} else {
		s.current().setName([]byte(shareRoot))
	}
	s.cur.options = options
	if e := a.f.hooks.SMB2CreateRequest.Begin(); e != nil {
		*e = event.SMB2CreateRequest{Conn: a.Conn(), Hdr: *a.smb2.hdr, Request: event.SMB2CreateArgs{
			Filename: name, Disposition: uint64(disposition), CreateOptions: uint64(options),
		}}
		a.f.hooks.SMB2CreateRequest.Raise(e)
	}
}

// contexts skips create contexts (MS-SMB2 section 2.2.13.2), which start at offset unless it
// is zero.
func (c *cursor) contexts(pad, where string, offset, n uint32) {
	if offset != 0 {
		c.seek32(pad, offset)
	}
	c.bytes(where, n)
}

// optionDeleteOnClose is a create option (MS-SMB2 section 2.2.13).
const optionDeleteOnClose = 0x00001000

// createResponse parses MS-SMB2 section 2.2.14.
func (a *analyzer) createResponse(c *cursor) {
	const where = "SMB2_create_response"
	if !c.fixed(where+":context_len", 88) {
		return
	}
	var r event.SMB2CreateResult
	c.skip(2 + 1 + 1)
	r.CreateAction = uint64(c.uint32())
	r.Times = times(c)
	c.skip(8)
	r.Size = c.uint64()
	r.Attrs = attrs(c.uint32())
	c.skip(4)
	r.FileID = guid(c)
	contexts, contextsLen := c.uint32(), c.uint32()
	c.contexts(where+":context_pad", where+":contexts", contexts, contextsLen)
	if c.bad() {
		return
	}
	s := &a.session
	a.use(fid(r.FileID))
	f := s.cur.file
	f.size = r.Size
	f.setShare(s.cur.tree)
	if r.Times.Modified > 0 {
		f.setModified(r.Times.ModifiedRaw)
	}
	if e := a.f.hooks.SMB2CreateResponse.Begin(); e != nil {
		*e = event.SMB2CreateResponse{Conn: a.Conn(), Hdr: *a.smb2.hdr, Response: r}
		a.f.hooks.SMB2CreateResponse.Raise(e)
	}
	if a.smb2.status == 0 && s.cur.options&optionDeleteOnClose != 0 {
		a.fileDelete(r.FileID, true)
	}
}

// times parses the four timestamps of a file in their usual order (MS-FSCC section 2.1.1),
// which must be present.
func times(c *cursor) event.SMBMACTimes {
	created, accessed, modified, changed := c.uint64(), c.uint64(), c.uint64(), c.uint64()
	return event.MakeSMBMACTimes(modified, accessed, created, changed)
}

// attrs decodes file attributes (MS-FSCC section 2.6).
func attrs(v uint32) event.SMB2FileAttrs {
	return event.SMB2FileAttrs{
		ReadOnly:          v&0x00000001 != 0,
		Hidden:            v&0x00000002 != 0,
		System:            v&0x00000004 != 0,
		Directory:         v&0x00000010 != 0,
		Archive:           v&0x00000020 != 0,
		Normal:            v&0x00000080 != 0,
		Temporary:         v&0x00000100 != 0,
		SparseFile:        v&0x00000200 != 0,
		ReparsePoint:      v&0x00000400 != 0,
		Compressed:        v&0x00000800 != 0,
		Offline:           v&0x00001000 != 0,
		NotContentIndexed: v&0x00002000 != 0,
		Encrypted:         v&0x00004000 != 0,
		IntegrityStream:   v&0x00008000 != 0,
		NoScrubData:       v&0x00020000 != 0,
	}
}

// closeRequest parses MS-SMB2 section 2.2.15.
func (a *analyzer) closeRequest(c *cursor) {
	if !c.fixed("SMB2_close_request", 24) {
		return
	}
	c.skip(2 + 2 + 4)
	id := guid(c)
	a.use(fid(id))
	if e := a.f.hooks.SMB2CloseRequest.Begin(); e != nil {
		*e = event.SMB2CloseRequest{Conn: a.Conn(), Hdr: *a.smb2.hdr, FileID: id}
		a.f.hooks.SMB2CloseRequest.Raise(e)
	}
	s := &a.session
	s.cur.file.setShare(s.cur.tree)
	s.close(fid(id))
	a.fileEnd()
	a.closePipe(fid(id))
}

// closeResponse parses MS-SMB2 section 2.2.16.
func (a *analyzer) closeResponse(c *cursor) {
	if !c.fixed("SMB2_close_response", 60) {
		return
	}
	var r event.SMB2CloseResult
	c.skip(2 + 2 + 4)
	r.Times = times(c)
	r.AllocSize, r.EOF = c.uint64(), c.uint64()
	r.Attrs = attrs(c.uint32())
	if e := a.f.hooks.SMB2CloseResponse.Begin(); e != nil {
		*e = event.SMB2CloseResponse{Conn: a.Conn(), Hdr: *a.smb2.hdr, Response: r}
		a.f.hooks.SMB2CloseResponse.Raise(e)
	}
}

// readRequest parses MS-SMB2 section 2.2.19.
func (a *analyzer) readRequest(c *cursor) {
	const where = "SMB2_read_request"
	if !c.fixed(where+":channel_info_len", 48) {
		return
	}
	c.skip(2 + 1 + 1)
	n, offset, id := c.uint32(), c.uint64(), guid(c)
	c.skip(4 + 4 + 4)
	c.blob(where+":pad", where+":buffer")
	if c.bad() {
		return
	}
	a.use(fid(id))
	a.session.cur.offset, a.session.cur.fid = offset, fid(id)
	if e := a.f.hooks.SMB2ReadRequest.Begin(); e != nil {
		*e = event.SMB2ReadRequest{Conn: a.Conn(), Hdr: *a.smb2.hdr, FileID: id, Offset: offset, Length: uint64(n)}
		a.f.hooks.SMB2ReadRequest.Raise(e)
	}
}

// readResponse parses MS-SMB2 section 2.2.20.
func (a *analyzer) readResponse(c *cursor) {
	const where = "SMB2_read_response"
	if !c.fixed(where+":reserved2", 16) {
		return
	}
	c.skip(2)
	offset := c.uint8()
	c.skip(1)
	n := c.uint32()
	c.skip(4 + 4)
	c.seek(where+":pad", uint16(offset))
	data := c.bytes(where+":data", n)
	if c.bad() {
		return
	}
	if a.smb2.pipe {
		a.pipeData(a.session.cur.fid, false, data)
		return
	}
	a.fileData(false, a.session.cur.offset, data)
}

// writeRequest parses MS-SMB2 section 2.2.21.
func (a *analyzer) writeRequest(c *cursor) {
	const where = "SMB2_write_request"
	if !c.fixed(where+":flags", 48) {
		return
	}
	c.skip(2)
	at, n := c.uint16(), c.uint32()
	offset, id := c.uint64(), guid(c)
	c.skip(4 + 4 + 2 + 2 + 4)
	c.seek(where+":pad", at)
	data := c.bytes(where+":data", n)
	if c.bad() {
		return
	}
	a.use(fid(id))
	if a.smb2.pipe {
		a.pipeData(fid(id), true, data)
	}
	if e := a.f.hooks.SMB2WriteRequest.Begin(); e != nil {
		*e = event.SMB2WriteRequest{Conn: a.Conn(), Hdr: *a.smb2.hdr, FileID: id, Offset: offset, Length: uint64(n)}
		a.f.hooks.SMB2WriteRequest.Raise(e)
	}
	if !a.smb2.pipe {
		a.fileData(true, offset, data)
	}
}

// fsctlPipeTransceive writes to a named pipe and reads from it (MS-FSCC section 2.3.49).
const fsctlPipeTransceive = 0x0011c017

// ioctlRequest parses MS-SMB2 section 2.2.31.
func (a *analyzer) ioctlRequest(c *cursor) {
	if !c.fixed("SMB2_ioctl_request:reserved2", 56) {
		return
	}
	c.skip(2 + 2)
	code, id := c.uint32(), guid(c)
	b := &ioctlBuffers{inputAt: c.uint32(), inputLen: c.uint32()}
	c.skip(4)
	b.outputAt, b.outputLen = c.uint32(), c.uint32()
	c.skip(4 + 4 + 4)
	input, _ := b.take(c, &ioctlRequestFields)
	if c.bad() {
		return
	}
	if code == fsctlPipeTransceive {
		a.pipeData(fid(id), true, input)
	}
	a.session.cur.fid = fid(id)
}

// ioctlResponse parses MS-SMB2 section 2.2.32.
func (a *analyzer) ioctlResponse(c *cursor) {
	if !c.fixed("SMB2_ioctl_response:reserved2", 48) {
		return
	}
	c.skip(2 + 2)
	code := c.uint32()
	c.skip(16)
	b := &ioctlBuffers{inputAt: c.uint32(), inputLen: c.uint32(), outputAt: c.uint32(), outputLen: c.uint32()}
	c.skip(4 + 4)
	_, output := b.take(c, &ioctlResponseFields)
	if c.bad() {
		return
	}
	if code == fsctlPipeTransceive {
		a.pipeData(a.session.cur.fid, false, output)
	}
}

// ioctlBuffers locates the two buffers of an ioctl.
type ioctlBuffers struct{ inputAt, inputLen, outputAt, outputLen uint32 }

// ioctlFields names the two buffers and the padding before each.
type ioctlFields struct{ pad1, input, pad2, output string }

var (
	ioctlRequestFields = ioctlFields{"SMB2_ioctl_request:pad1", "SMB2_ioctl_request:input_buffer",
		"SMB2_ioctl_request:pad2", "SMB2_ioctl_request:output_buffer"}
	ioctlResponseFields = ioctlFields{"SMB2_ioctl_response:pad1", "SMB2_ioctl_response:input_buffer",
		"SMB2_ioctl_response:pad2", "SMB2_ioctl_response:output_buffer"}
)

// take consumes the buffers. As in Zeek, an offset may not lie beyond what has been read, and
// the padding is the distance by which the offset points back.
func (b *ioctlBuffers) take(c *cursor, f *ioctlFields) (input, output []byte) {
	if b.inputAt != 0 {
		c.bytes(f.pad1, uint32(c.at)-b.inputAt)
	}
	input = c.bytes(f.input, b.inputLen)
	if b.outputAt != 0 && b.outputAt != b.inputAt {
		c.bytes(f.pad2, uint32(c.at)-b.outputAt)
	}
	return input, c.bytes(f.output, b.outputLen)
}
